//! The contact sheet on a real terminal: photos are tagged, approved as one batch that did what it showed, and taken back as one.

use crate::support::{
    desk::Terminal,
    house::{House, students},
    queries::Answers,
    reviewing::{leave, open_first},
};

/// The demo's student whose card is somebody else's.
const STRANGER: usize = 6;

#[test]
fn tagged_photos_are_approved_as_a_batch_and_taken_back_as_one() {
    let (house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    let people = students(&[0, 2, 8, STRANGER]);
    registrar.import(&people);
    for answers in [Answers::plain(), Answers::sixel()] {
        let before = house.whole_audit(&registrar).len();
        let desk = reviewer.desk(Terminal::new(120, 36, answers));
        open_first(&desk);
        desk.send("\x1b");
        desk.wait_for("人证比对");
        desk.send("t");
        let number = |place: usize| people.students[place].number.clone();
        desk.wait_screen("four tiles", |screen| (0..4).all(|place| screen.contains(&number(place)[9..])) && !screen.contains("载入中"));
        desk.send("    ");
        desk.wait_for("已标记 4");
        // The tiles may be seen before the desk itself knows that they are: then it says so, and is asked again.
        let preview = loop {
            desk.send("a");
            let preview = desk.wait_screen("the preview", |screen| screen.contains("批量通过"));
            if !preview.contains("还没有在屏幕上") {
                break preview;
            }
            desk.send("\x1b");
            desk.wait_gone("批量通过");
        };
        assert!(preview.contains("4 张中将审 3 张"), "{preview}");
        let left = preview.lines().find(|line| line.contains("不动：")).expect("one is left alone");
        assert!(left.contains(&number(3)) && left.contains("请打开逐张看"), "{preview}");
        std::thread::sleep(std::time::Duration::from_millis(400));
        desk.send("\r");
        desk.wait_for("暂存 3 ·");
        house.wait_progress(&registrar, "three decisions", |whole| (whole.held, whole.pending) == (3, 1));
        desk.wait_for("已标记 1");
        desk.send("u");
        house.wait_progress(&registrar, "three undoings", |whole| (whole.held, whole.pending) == (0, 4));
        desk.wait_gone("撤销中");
        leave(desk);

        // The newest lines come first.
        let audit = house.whole_audit(&registrar);
        let new = &audit[..audit.len() - before];
        let of = |action: &str| {
            let mut of: Vec<_> = new.iter().filter(|line| line.action == action).filter_map(|line| line.submission).collect();
            of.sort_unstable();
            of
        };
        let stranger =
            house.submissions(&registrar).into_iter().find(|row| row.student.student_number == number(3)).expect("it is there").id;
        assert_eq!((of("decision.held").len(), of("decision.held")), (3, of("decision.undone")), "{new:?}");
        assert!(!of("decision.held").contains(&stranger), "{new:?}");
        assert!(new.iter().filter(|line| line.action == "decision.held").all(|line| line.details["decision"] == "approve"), "{new:?}");
    }
    house.assert_counted(&registrar);
}
