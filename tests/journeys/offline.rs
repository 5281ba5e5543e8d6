//! Photos taken along: reviewed without a network by a desk that dies in the middle, brought back, each decision once, conflicts shown.

use std::fs;

use uuid::Uuid;
use zhaoshen::{
    api::submission::NewReview,
    client::http::Intention,
    domain::{reason::Reason, review::ReviewVerdict},
};

use crate::support::{
    PROGRAM,
    desk::{Desk, Terminal},
    house::{House, Person, SEASON, students},
    queries::Answers,
    reviewing::{approve, leave, reject, shown},
};

const PHRASE: &str = "eleven dark horses";

/// The reason that the desk numbers 06.
fn sixth() -> Reason {
    Reason::ALL[5]
}

/// A house with three photos that wait in one unit.
fn house<const N: usize>(people: [(&str, Option<&str>); N]) -> (House, [Person; N], String) {
    let (house, people) = House::open(people);
    house.put_season(&people[0], 600);
    people[0].import(&students(&[0, 2, 14]));
    let unit = house.ask(people[0].http.progress(SEASON)).units.into_iter().find(|unit| unit.pending > 0).expect("a unit with photos");
    assert_eq!(unit.pending, 3);
    (house, people, unit.unit.expect("a code"))
}

fn take(person: &Person, unit: &str) {
    let ended = person.type_into(&["bundle", "take", "--unit", unit, "--n", "9", "-o", "away.bundle"], &format!("{PHRASE}\n"));
    assert_eq!((ended.code, ended.out.contains("已带走 3 张")), (Some(0), true), "{ended:?}");
}

/// The desk on the bundle, its passphrase typed, at the photo that is next.
fn open(person: &Person) -> Desk {
    let desk = Desk::spawn(PROGRAM, &["review", "--bundle", "away.bundle"], &person.home, Terminal::new(120, 36, Answers::plain()));
    desk.wait_for("口令");
    desk.send(&format!("{PHRASE}\r"));
    desk.wait_screen("the queue of the bundle", |screen| screen.contains("▸ 待审") && screen.contains("237"));
    assert!(desk.screen().contains("离线 · "), "{}", desk.screen());
    desk.send("\r");
    desk
}

fn decide(house: &House, person: &Person, id: Uuid, verdict: ReviewVerdict) {
    let seen = house.ask(person.http.submission(id));
    let intention = Intention { version: seen.summary.version, key: Uuid::now_v7(), lease: None };
    house.ask(person.http.review(id, &NewReview { verdict, rendition: seen.rendition }, intention));
}

#[test]
fn what_is_decided_without_a_network_arrives_once_and_conflicts_are_shown() {
    let (mut house, [registrar, one, two], unit) = house([("registrar", None), ("reviewer", None), ("reviewer", None)]);
    take(&one, &unit);
    let photos = house.submissions(&two);
    assert!(photos.iter().all(|photo| photo.claimed_until.is_some()), "nobody else is offered them");
    // Whoever has the version may decide all the same: one alike, one not.
    let rejection = |reason: Reason| ReviewVerdict::Reject { reasons: vec![reason].try_into().unwrap() };
    decide(&house, &two, photos[1].id, rejection(sixth()));
    decide(&house, &two, photos[2].id, rejection(Reason::Blur));
    house.kill_9();

    let mut desk = open(&one);
    assert_eq!(shown(&desk), photos[0].student.student_number);
    approve(&desk);
    desk.wait_for("未送达 1");
    desk.kill_9();
    let mut desk = open(&one);
    desk.wait_for("未送达 1");
    desk.send("n");
    desk.wait_screen("the second photo", |screen| screen.contains(&photos[1].student.student_number));
    reject(&desk, "06");
    desk.wait_for("未送达 2");
    desk.kill_9();
    let mut desk = open(&one);
    desk.send("nn");
    desk.wait_screen("the third photo", |screen| screen.contains(&photos[2].student.student_number));
    approve(&desk);
    desk.wait_for("未送达 3");
    // Taken back before it left, and made again.
    desk.send("u");
    desk.wait_for("未送达 2");
    desk.send("\r");
    desk.wait_screen("the third photo", |screen| screen.contains(&photos[2].student.student_number));
    approve(&desk);
    desk.wait_for("未送达 3");
    desk.send("\x03");
    desk.wait_for("还有 3 项未送达");
    desk.send("y");
    assert_eq!(desk.wait_exit().exit_code(), 0);

    // The bundle says so without a passphrase, and does not go while something is unsent.
    let shown = one.run(&["bundle", "show", "away.bundle", "--json"]).objects().pop().unwrap();
    assert_eq!((shown["photos"].as_u64(), shown["unsent"].as_u64(), shown["expired"].as_bool()), (Some(3), Some(3), Some(false)));
    let ended = one.run(&["bundle", "drop", "away.bundle"]);
    assert_eq!((ended.code, ended.errors.contains("还有 3 项")), (Some(1), true), "{ended:?}");
    let ended = one.run(&["bundle", "sync", "away.bundle"]);
    assert_eq!(ended.code, Some(3), "nobody is there: {ended:?}");

    house.start();
    let ended = one.run(&["bundle", "sync", "away.bundle", "--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let results: Vec<_> = ended.objects().iter().map(|line| line["result"].as_str().unwrap().to_owned()).collect();
    assert_eq!(results, ["accepted", "same", "conflict"], "in the order in which they were decided");
    let again = one.run(&["bundle", "sync", "away.bundle", "--json"]);
    assert_eq!((again.code, again.out.as_str()), (Some(1), ""), "nothing is sent twice, and the conflict waits: {again:?}");

    let audit = house.audit(&registrar);
    for photo in &photos {
        let held = audit.iter().filter(|line| line.action == "decision.held" && line.submission == Some(photo.id)).count();
        assert_eq!(held, 1, "{audit:?}");
    }
    let own = audit.iter().find(|line| line.action == "decision.held" && line.submission == Some(photos[0].id)).unwrap();
    assert_eq!((own.details["decision"].as_str(), own.details.contains_key("bundle")), ("approve", true));
    house.assert_counted(&registrar);

    // The desk shows both sides, and its reviewer takes what stands.
    let desk = open(&one);
    desk.wait_for("冲突 1");
    desk.send("c");
    let screen = desk.wait_screen("both sides", |screen| screen.contains("服务器上现在") && !screen.contains("载入中"));
    assert!(screen.contains("我在这里的决定") && screen.contains(&photos[2].student.student_number), "{screen}");
    desk.send("t");
    desk.wait_gone("冲突 1");
    leave(desk);

    let copy = one.home.path("copy.bundle");
    fs::copy(one.home.path("away.bundle"), &copy).unwrap();
    let ended = one.run(&["bundle", "drop", "away.bundle"]);
    assert_eq!((ended.code, ended.out.contains("已归还")), (Some(0), true), "{ended:?}");
    assert!(!one.home.path("away.bundle").exists());
    // No copy opens any more, whoever knows the passphrase.
    let ended = one.type_into(&["bundle", "show", "copy.bundle"], &format!("{PHRASE}\n"));
    assert_eq!((ended.code, ended.errors.contains("另一台设备")), (Some(2), true), "{ended:?}");
    let actions: Vec<_> =
        house.audit(&registrar).into_iter().map(|line| line.action).filter(|action| action.starts_with("bundle.")).collect();
    assert_eq!(actions, ["bundle.dropped", "bundle.taken"]);
}

#[test]
fn a_desk_on_a_bundle_sends_by_itself_and_a_revoked_bundle_decides_nothing_more() {
    let (mut house, [registrar, one], unit) = house([("registrar", None), ("reviewer", None)]);
    take(&one, &unit);
    house.kill_9();
    let desk = open(&one);
    approve(&desk);
    desk.wait_for("未送达 1");
    house.start();
    house.wait_progress(&registrar, "the decision", |whole| whole.held == 1);
    desk.wait_gone("未送达 1");
    assert!(desk.screen().contains("离线 · "), "photos still come from the bundle");

    // Who keeps the roster sees what is out, and takes it back.
    let out = registrar.run(&["bundle", "out", "--season", SEASON, "--json"]).objects();
    assert_eq!((out.len(), out[0]["photos"].as_u64(), out[0]["reserved"].as_u64()), (1, Some(3), Some(2)));
    let ended = registrar.run(&["bundle", "revoke", out[0]["id"].as_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    approve(&desk);
    desk.wait_for("冲突 1");
    desk.send("c");
    desk.wait_for("已放弃或被收回");
    // It waits still: the decision may be made on it, on line, as it stands.
    desk.wait_screen("what stands", |screen| screen.contains("服务器上现在") && !screen.contains("载入中"));
    desk.send("m");
    house.wait_progress(&registrar, "the decision after all", |whole| whole.held == 2);
    desk.wait_gone("冲突 1");
    leave(desk);
    let audit = house.audit(&registrar);
    assert_eq!(audit.iter().filter(|line| line.action == "decision.held").count(), 2, "{audit:?}");
    house.assert_counted(&registrar);
}
