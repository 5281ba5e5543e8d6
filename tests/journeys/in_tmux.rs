//! A unit reviewed to its end by keys alone, in tmux, where most servers are visited.

use crate::support::{
    PROGRAM, has_tool,
    house::{House, students},
    reviewing::{approve, open_first, reject, shown},
    tmux::Tmux,
};

#[test]
fn a_unit_is_reviewed_to_its_end_in_tmux() {
    if !has_tool("tmux") {
        return;
    }
    let (house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    registrar.import(&students(&[0, 2, 8, 14]));

    let tmux = Tmux::start(&reviewer.home, 80, 24, &[PROGRAM, "review", "--unit", "101"]);
    let queue = tmux.wait_for("237101");
    assert!(queue.contains("待审 4") && queue.contains("王*"), "{queue}");
    tmux.press(&["Escape"]);
    tmux.wait_for("完成率");
    let first = open_first(&tmux);
    let screen = tmux.screen();
    assert!(screen.contains("1/4") && screen.contains("a 通过") && screen.contains("blocks"), "{screen}");

    let mut decided = vec![approve(&tmux)];
    assert_eq!(decided[0], first);
    decided.push(reject(&tmux, "06"));
    // A look at one picture alone, and back: nothing is decided by looking.
    tmux.send("1");
    tmux.send("1");
    decided.push(shown(&tmux));
    assert_eq!(approve(&tmux), decided[2]);
    decided.push(reject(&tmux, "01"));
    tmux.wait_for("已审完");
    decided.sort();
    decided.dedup();
    assert_eq!(decided.len(), 4, "each photo once: {decided:?}");

    house.wait_progress(&reviewer, "four decisions", |whole| (whole.held, whole.pending) == (4, 0));
    tmux.press(&["Tab", "Tab"]);
    let held = tmux.wait_for("▸ 暂存");
    assert!(decided.iter().all(|student| tmux.wait_for(student).contains(student.as_str())), "{held}");
    tmux.press(&["Escape"]);
    tmux.wait_for("完成率");
    tmux.press(&["q"]);
    tmux.wait_for("ended with 0");
    let audit = house.audit(&registrar);
    let held = |decision: &str| audit.iter().filter(|line| line.details.get("decision").is_some_and(|said| said == decision)).count();
    assert_eq!((held("approve"), held("reject")), (2, 2));
}
