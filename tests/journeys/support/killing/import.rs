//! Photos come in while the house dies again and again: everybody is there once, judged once, with their pictures and nobody else's.

use std::{
    collections::BTreeMap,
    fs,
    process::{Child, Stdio},
};

use zhaoshen::{
    cli::demo::cohort::Cohort,
    domain::{lifecycle::attempt::Status, resident_id::ResidentId},
};

use super::{Pair, Point, Stage, Victim};
use crate::support::{
    PROGRAM,
    house::{Ended, Person, SEASON, students},
};

/// The tables in the order in which a photo on its way writes into them.
pub const TABLES: [&str; 10] =
    ["students", "enrolments", "attempts", "blobs", "unit_counters", "unit_days", "jobs", "events", "renditions", "audit"];

/// Students whom nobody has seen: the same two specimens, of two units, with numbers of their own.
fn newcomers(number: usize) -> Cohort {
    let mut cohort = students(&[0, 16]);
    for (place, student) in cohort.students.iter_mut().enumerate() {
        let index = 2 * number + place;
        student.number = format!("238{}{index:07}", student.unit.code);
        // Odd for men, as the roster says.
        let sequence = 2 * (1 + index / 8400) + usize::from(student.id_number.reveal().as_bytes()[16] % 2);
        let stem = format!("990000{:04}{:02}{:02}{sequence:03}", 1975 + index / 336 % 25, 1 + index / 28 % 12, 1 + index % 28);
        student.id_number =
            "0123456789X".chars().find_map(|check| ResidentId::parse(&format!("{stem}{check}")).ok()).expect("one check character fits");
        if place == 0 {
            student.id_portrait = None;
        }
    }
    cohort
}

fn import(registrar: &Person, folder: &str, more: &[&str]) -> Child {
    let mut command = registrar.home.command(PROGRAM);
    let path = |name: &str| format!("{folder}/{name}");
    command.args(["import", "--season", SEASON, "--roster", &path("roster.csv"), "--photos", &path("photos")]);
    command.args(["--id-cards", &path("id-cards"), "--json"]).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// One death for each of these, each while two more students are imported; after each the same command runs again.
pub fn survive(pair: Pair, plan: &[(Victim, Point)]) {
    let Some((mut stage, [registrar])) = Stage::open(pair, [("registrar", None)]) else { return };
    stage.house.put_season(&registrar, 86_400);
    let mut came = vec![];
    for (cycle, (victim, point)) in plan.iter().copied().enumerate() {
        if stage.tally.is_through(point) {
            continue;
        }
        let folder = format!("season-{cycle}");
        came.push(cycle);
        newcomers(cycle).write_to(&registrar.home.path(&folder)).expect("files in an own folder");
        let armed = stage.arm(point);
        let mut first = import(&registrar, &folder, &[]);
        let reached = stage.strike(armed, victim, |_| first.try_wait().expect("an own child").is_some());
        stage.tally.count(victim, point, reached);
        // The import dies with it, or lives on and waits for it.
        if cycle % 2 == 0 {
            let _ = first.kill();
        }
        stage.revive();
        let lived = cycle % 2 == 1 && victim != Victim::Database;
        let ended = Ended::from(first.wait_with_output().expect("an own child"));
        assert!(!lived || ended.code == Some(0), "{point:?}: {ended:?}");
        let again = Ended::from(import(&registrar, &folder, &["--no-wait"]).wait_with_output().expect("an own child"));
        assert_eq!(again.code, Some(0), "{point:?}: {again:?}");
        let summary = again.objects().pop().expect("a summary");
        assert_eq!(summary["uploaded"].as_i64().zip(summary["exists"].as_i64()).map(|(new, old)| new + old), Some(2), "{summary}");
        // The machine keeps up: a photo is not to be killed as often as one that kills.
        let backlog = if pair == Pair::Folder { 0 } else { 8 };
        stage.house.wait_progress(&registrar, "the machine to keep up", |whole| whole.captured <= backlog);
        fs::remove_dir_all(registrar.home.path(&folder)).expect("an own folder");
    }
    let everybody = 2 * came.len() as i64;
    stage.house.wait_progress(&registrar, "everybody", |whole| whole.captured == 0 && whole.pending == everybody);

    let submissions = stage.house.submissions(&registrar);
    let mut wanted: Vec<String> =
        came.iter().flat_map(|number| newcomers(*number).students.into_iter().map(|student| student.number)).collect();
    let mut there: Vec<String> = submissions.iter().map(|submission| submission.student.student_number.clone()).collect();
    wanted.sort();
    there.sort();
    assert_eq!(there, wanted, "one photo each");
    assert!(submissions.iter().all(|submission| (submission.number, submission.status) == (1, Status::Pending)));
    let mut lines: BTreeMap<_, [usize; 2]> = BTreeMap::new();
    for line in stage.house.whole_audit(&registrar) {
        let Some(submission) = line.submission else { continue };
        let kind = ["submission.captured", "machine.standardized"].iter().position(|action| *action == line.action);
        lines.entry(submission).or_default()[kind.unwrap_or_else(|| panic!("{line:?}"))] += 1;
    }
    assert_eq!(lines.len() as i64, everybody);
    assert!(lines.values().all(|lines| *lines == [1, 1]), "taken once and judged once each: {lines:?}");
    // As many pictures as when nobody dies: six with a card, four without.
    assert_eq!(stage.count("blobs", "1 = 1"), 5 * everybody);
    assert_eq!(stage.count("renditions", "1 = 1"), everybody);
    let Stage { tally, .. } = &stage;
    println!("import, {pair:?}: {} deaths, {} at their points, {everybody} students\n{tally}", tally.all(), tally.reached());
    stage.assert_sound(&registrar);
}
