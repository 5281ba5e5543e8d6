//! The first way through: specimen, import, engine, store, API, a key at the desk, the audit; and the same after a power cut.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{
    desk::Terminal,
    house::{House, SEASON, notices, students},
    queries::Answers,
    reviewing::{approve, leave, open_first, reject, shown},
    wait_until,
};

#[test]
fn a_photo_goes_from_the_folder_to_the_audit_and_nothing_is_lost_on_the_way() {
    let (mut house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    // Three good ones and one with a tilted head, all of one unit.
    let cohort = students(&[0, 1, 2, 14]);
    let summary = registrar.import(&cohort);
    assert_eq!(
        (summary["uploaded"].as_i64(), summary["machine_refused"].as_i64(), summary["pending"].as_i64()),
        (Some(4), Some(1), Some(3))
    );

    // A decision may be taken back while it is held.
    let desk = reviewer.desk(Terminal::new(120, 36, Answers::plain()));
    let first = open_first(&desk);
    assert_eq!(approve(&desk), first);
    let second = shown(&desk);
    assert_ne!(first, second);
    desk.wait_for("暂存 1 ·");
    house.wait_progress(&reviewer, "one held", |whole| (whole.held, whole.pending) == (1, 2));
    desk.send("u");
    desk.wait_for("已撤销，照片回到待审");
    house.wait_progress(&reviewer, "none held", |whole| (whole.held, whole.pending) == (0, 3));

    // From here on decisions are final after a second.
    house.put_season(&registrar, 1);
    assert_eq!(shown(&desk), first, "the photo taken back is the one under review");
    assert_eq!(approve(&desk), first);
    assert_eq!(shown(&desk), second);
    assert_eq!(reject(&desk, "06"), second);
    house.wait_progress(&reviewer, "both frozen", |whole| (whole.approved, whole.rejected, whole.pending) == (1, 1, 1));
    desk.send("u");
    desk.wait_for("没有可撤销的决定");

    // The students are told, each once, by phone number, in a file that is its owner's alone.
    let phone = |number: &str| cohort.students.iter().find(|student| student.number == number).expect("of this cohort").phone.clone();
    let sent = wait_until(|| format!("two notices: {:?}", notices(&house)), || Some(notices(&house)).filter(|sent| sent.len() == 2));
    let of = |kind: &str| sent.iter().find(|notice| notice["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {sent:?}"));
    assert_eq!(of("approved")["phone"], phone(&first));
    assert_eq!(of("rejected")["phone"], phone(&second));
    assert!(of("rejected")["body"].as_str().is_some_and(|body| body.contains("照片模糊")), "{sent:?}");
    let mode = std::fs::metadata(house.data().join("notices.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let tell = || (reviewer.run(&["progress", "--season", SEASON, "--json"]), registrar.run(&["audit", "--season", SEASON, "--json"]));
    let (progress, audit) = tell();
    assert_eq!((progress.code, audit.code), (Some(0), Some(0)), "{progress:?} {audit:?}");
    let whole = progress.objects().pop().unwrap();
    assert!(whole["unit"].is_null());
    assert_eq!(
        (whole["students"].as_i64(), whole["done_students"].as_i64(), whole["machine_refused"].as_i64()),
        (Some(4), Some(1), Some(1))
    );
    let lines = audit.objects();
    let number = |action: &str| lines.iter().filter(|line| line["action"] == action).count();
    assert_eq!(
        (number("submission.captured"), number("decision.held"), number("decision.undone"), number("decision.frozen")),
        (4, 3, 1, 2)
    );
    let rejection = lines.iter().find(|line| line["details"]["decision"] == "reject").expect("it was written down");
    assert_eq!(rejection["details"]["reasons"], "blur");
    // The audit names nobody: no name, no number, no phone of any student.
    for student in &cohort.students {
        assert!([student.name, student.id_number.reveal(), &student.phone].iter().all(|personal| !audit.out.contains(*personal)));
    }

    house.kill_9();
    house.start();
    let (progress_after, audit_after) = tell();
    assert_eq!((progress_after.out, audit_after.out), (progress.out, audit.out));
    house.assert_counted(&registrar);
    assert_eq!(notices(&house).len(), 2, "nobody is told twice");
    // The desk that was open all the time goes on where it was.
    approve(&desk);
    house.wait_progress(&reviewer, "the last one frozen", |whole| (whole.approved, whole.pending) == (2, 0));
    desk.wait_for("已审完");
    leave(desk);
}
