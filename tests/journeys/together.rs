//! Several reviewers at once: reservations, a second opinion that hears nothing of the first, and two who decided the same photo.

use zhaoshen::domain::season::SeasonRules;

use crate::support::{
    desk::Terminal,
    house::{House, Person, SEASON, rules, students},
    queries::Answers,
    reviewing::{approve, leave, open_first, reject},
    wait_until,
};

fn terminal() -> Terminal {
    Terminal::new(120, 36, Answers::plain())
}

#[test]
fn a_second_opinion_hears_nothing_of_the_first() {
    let (house, [registrar, first, second]) = House::open([("registrar", None), ("reviewer", None), ("reviewer", None)]);
    house.put_rules(&registrar, SeasonRules { reviews_needed_when_doubtful: 2, ..rules(600) });
    // One whose ID card shows somebody else.
    registrar.import(&students(&[6]));
    let submission = house.submissions(&registrar).remove(0);
    let seen = |person: &Person| {
        let detail = house.ask(person.http.submission(submission.id));
        (detail.summary.version, detail.summary.status, detail.summary.decision, detail.history.len(), detail.notices.len())
    };
    let before = seen(&second);

    let desk = first.desk(terminal());
    open_first(&desk);
    assert!(desk.screen().contains("需要第二人复核"), "{}", desk.screen());
    reject(&desk, "43");
    desk.wait_for("还需要另一位审核员复核");
    leave(desk);
    assert_eq!(seen(&second), before, "nothing tells of the first voice");
    let progress = house.ask(registrar.http.progress(SEASON)).whole;
    assert_eq!((progress.pending, progress.held, progress.doubtful), (1, 0, 1));

    // The first has spoken, and the desk says so instead of asking again.
    let desk = first.desk(terminal());
    open_first(&desk);
    desk.send("x");
    desk.wait_for("这张已经审过");
    leave(desk);

    let desk = second.desk(terminal());
    open_first(&desk);
    assert!(!desk.screen().contains("退回理由"), "{}", desk.screen());
    reject(&desk, "43");
    house.wait_progress(&registrar, "both voices", |whole| (whole.pending, whole.held) == (0, 1));
    leave(desk);
    let audit = house.audit(&registrar);
    let number = |action: &str| audit.iter().filter(|line| line.action == action).count();
    assert_eq!((number("review.given"), number("decision.held")), (1, 1), "{audit:?}");
    let given = audit.iter().find(|line| line.action == "review.given").unwrap();
    assert!(given.details.is_empty(), "the audit keeps the first verdict to itself: {given:?}");
}

#[test]
fn who_decided_too_late_is_told_and_nothing_is_decided_twice() {
    let (mut house, [registrar, quick, late]) = House::open([("registrar", None), ("reviewer", None), ("reviewer", None)]);
    house.put_rules(&registrar, SeasonRules { lease_seconds: 1, ..rules(600) });
    registrar.import(&students(&[0]));

    let mut desk = late.desk(terminal());
    let student = open_first(&desk);
    house.kill_9();
    assert_eq!(approve(&desk), student);
    desk.wait_for("连不上服务器 · 1 项未送达");
    desk.kill_9();
    house.start();

    // The reservation of who went away ends by itself; then somebody else decides.
    let free = || house.submissions(&quick)[0].claimed_until.is_none_or(|until| until < jiff::Timestamp::now());
    wait_until(|| "an end of the reservation".to_owned(), || free().then_some(()));
    let desk = quick.desk(terminal());
    assert_eq!(open_first(&desk), student);
    assert_eq!(reject(&desk, "06"), student);
    house.wait_progress(&registrar, "the quick decision", |whole| whole.held == 1);
    leave(desk);

    let desk = late.desk(terminal());
    desk.wait_for("冲突 1 (c)");
    desk.wait_gone("未送达 ");
    desk.send("c");
    desk.wait_for("服务器没有接受这些决定");
    desk.send("d");
    desk.wait_gone("冲突 1");
    leave(desk);
    // Looked at once is enough.
    let desk = late.desk(terminal());
    desk.wait_for("长安分院");
    assert!(!desk.screen().contains("冲突"), "{}", desk.screen());
    leave(desk);
    let audit = house.audit(&registrar);
    let held: Vec<_> = audit.iter().filter(|line| line.action == "decision.held").collect();
    assert_eq!((held.len(), held[0].details["decision"].as_str()), (1, "reject"), "{audit:?}");
    house.assert_counted(&registrar);
}

#[test]
fn two_desks_at_one_unit_see_each_other_and_share_the_work() {
    let (house, [registrar, left, right]) = House::open([("registrar", None), ("reviewer", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    registrar.import(&students(&[0, 2]));
    let here = left.desk(terminal());
    let first = open_first(&here);
    let there = right.desk(terminal());
    // What the other has on the screen is marked; it does not go away.
    there.wait_for("长安分院");
    there.send("\r");
    there.wait_for("他人在看");
    approve(&here);
    approve(&here);
    here.wait_for("已审完");
    house.wait_progress(&registrar, "both held", |whole| whole.held == 2);
    there.send("R");
    there.wait_for("这里没有照片");
    leave(here);
    leave(there);
    assert!(house.submissions(&registrar).iter().any(|submission| submission.student.student_number == first));
    house.assert_counted(&registrar);
}
