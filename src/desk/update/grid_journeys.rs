//! Journeys of a reviewer through the contact sheet: tagging, batches that do what they showed, and their end.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    client::outbox::Act,
    desk::{
        fixtures::{Bench, NOON, text_of},
        keymap::{Code, Key},
        message::{Effect, Event},
        model::{Batch, Fate, Mark, Panel, Part, Screen, Why},
        view::tiles,
    },
    domain::{
        comparison::Band,
        lifecycle::attempt::Status,
        reason::Reason,
        review::{Decision, ReviewVerdict},
    },
    language::Language,
};

/// The queue is open; its photos are as `prepare` leaves them.
fn queue(rows: u32, prepare: impl Fn(&mut Bench)) -> Bench {
    let mut bench = Bench::new(Language::Chinese, (80, 24), rows);
    prepare(&mut bench);
    bench.happen(Event::Started);
    bench.settle();
    bench.key(Code::Enter);
    bench.settle();
    bench
}

/// Tiles, twelve a page, all of the first page shown.
fn grid(rows: u32) -> Bench {
    let mut bench = queue(rows, |_| {});
    bench.slowly("t");
    assert_eq!(bench.model.screen, Screen::Grid);
    bench
}

fn batch(bench: &Bench) -> &Batch {
    match &bench.model.panel {
        Some(Panel::Batch(batch)) => batch,
        other => panic!("no preview but {other:?}"),
    }
}

fn fates(bench: &Bench) -> Vec<Fate> {
    batch(bench).lines.iter().map(|line| line.fate).collect()
}

fn enter(bench: &mut Bench) {
    bench.pass(1000);
    bench.key(Code::Enter);
    bench.settle();
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n + 1)
}

#[test]
fn three_tagged_ones_are_approved_together_and_taken_back_together() {
    let mut bench = grid(30);
    // Rows 1 and 5 fail a check, row 3 is in doubt.
    bench.slowly(" l l ");
    assert_eq!(bench.model.grid.tags.iter().copied().collect::<Vec<_>>(), [id(0), id(2), id(4)]);
    bench.slowly("a");
    assert_eq!(fates(&bench), [Fate::Decided; 3]);
    assert!(bench.acts().is_empty(), "nothing is decided before Enter");
    enter(&mut bench);
    let acts = bench.acts();
    assert_eq!(acts.iter().map(|act| act.0).collect::<Vec<_>>(), [id(0), id(2), id(4)]);
    for (submission, version, act) in &acts {
        let Act::Review(review) = act else { panic!() };
        let rendition = Uuid::from_u128(submission.as_u128() + 1_000_000);
        assert_eq!((*version, &review.verdict, review.rendition), (3, &ReviewVerdict::Approve, Some(rendition)));
    }
    assert_eq!((bench.model.held().map(|held| held.0), bench.model.grid.tags.len()), (Some(3), 0));
    bench.slowly("u");
    assert_eq!((bench.acts().len(), bench.model.decided.len(), bench.model.grid.tags.len()), (6, 0, 3));
    assert!(bench.rows.iter().filter(|row| row.id <= id(4)).all(|row| row.status == Status::Pending));
    bench.slowly("u");
    assert_eq!((bench.acts().len(), bench.model.news.as_ref().unwrap().key), (6, "desk.news.nothing_to_undo"));
}

#[test]
fn a_batch_is_one_step_back_among_others() {
    let mut bench = grid(30);
    bench.slowly(" l a");
    enter(&mut bench);
    bench.slowly("ll");
    enter(&mut bench);
    assert_eq!(bench.model.screen, Screen::Review);
    bench.slowly("a");
    assert_eq!(bench.model.decided.len(), 3);
    bench.slowly("u");
    assert_eq!(bench.model.decided.len(), 2, "the last one alone");
    bench.slowly("u");
    assert_eq!(bench.model.decided.len(), 0);
    bench.key(Code::Escape);
    assert_eq!(bench.model.screen, Screen::Grid, "back to the tiles");
}

#[test]
fn an_undo_before_the_answer_takes_the_whole_batch_back() {
    let mut bench = grid(30);
    bench.slowly(" l ");
    bench.offline = true;
    bench.slowly("a");
    enter(&mut bench);
    bench.slowly("u");
    assert_eq!(bench.model.outbox.unsent, 4);
    assert_eq!(bench.model.marks.get(&id(2)), Some(&Mark::Undoing));
    bench.offline = false;
    for event in bench.deliver() {
        bench.happen(event);
    }
    assert!(bench.rows.iter().all(|row| row.status != Status::Held) && bench.model.decided.is_empty());
}

#[test]
fn the_preview_says_of_each_what_happens_and_why_not() {
    let mut bench = queue(30, |bench| {
        bench.rows[4].claimed_until = Timestamp::from_second(NOON + 30 * 60).ok();
        bench.rows[6].reviewed_by_me = true;
        bench.rows[7].checks = crate::domain::check::Verdict::Pass;
        bench.rows[7].band = None;
    });
    bench.slowly("t");
    // The whole first page: 12 of 27.
    bench.slowly("*");
    assert_eq!(bench.model.grid.tags.len(), 12);
    // One of the second page, from the list: it was never on the screen.
    bench.key(Code::Escape);
    bench.key(Code::End);
    bench.settle();
    bench.slowly("*");
    bench.model.queue.list_mut().selected = 0;
    bench.slowly("ta");
    let fate = |n: u128| batch(&bench).lines.iter().find(|line| line.submission == id(n)).unwrap().fate;
    let claimed = bench.rows[4].claimed_until.unwrap();
    let expected = [
        Fate::Decided,
        Fate::Left(Why::Failing),
        Fate::Decided,
        Fate::Left(Why::Doubtful),
        Fate::Left(Why::Claimed(claimed)),
        Fate::Left(Why::Failing),
        Fate::Left(Why::Already),
        Fate::Left(Why::NotCompared),
    ];
    assert_eq!((0..8).map(fate).collect::<Vec<_>>(), expected);
    assert_eq!(fate(28), Fate::Left(Why::NotShown));
    assert_eq!((batch(&bench).lines.len(), batch(&bench).reviewed()), (13, 5));
    let text = text_of(&bench.frame().0);
    for words in ["13 张中将审 5 张", "不动 8 张", "请打开逐张看", "已经审过", "还没有在屏幕上完整显示过", "他人在看，至 15:36"]
    {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
    enter(&mut bench);
    assert_eq!(bench.acts().len(), 5);
    assert_eq!((bench.model.grid.tags.len(), bench.model.news.as_ref().unwrap().key), (8, "desk.news.batch_part"));
}

#[test]
fn what_changes_while_the_preview_is_open_is_shown_again_before_anything_is_done() {
    let mut bench = grid(30);
    bench.slowly(" l a");
    let mut newer = crate::desk::fixtures::detail(&bench.rows[0]);
    newer.summary.version = 4;
    bench.happen(Event::Detail { submission: id(0), detail: Ok(Box::new(newer)) });
    enter(&mut bench);
    assert_eq!((bench.acts().len(), bench.model.news.as_ref().unwrap().key), (0, "desk.news.batch_changed"));
    assert_eq!(fates(&bench), [Fate::Decided, Fate::Left(Why::NotShown)]);
    enter(&mut bench);
    assert_eq!(bench.acts().iter().map(|act| act.0).collect::<Vec<_>>(), [id(2)]);
}

#[test]
fn a_held_enter_confirms_once_and_opens_nothing() {
    let mut bench = grid(30);
    bench.slowly(" x06");
    bench.pass(1000);
    for turn in 0..40 {
        bench.key(Code::Enter);
        bench.settle();
        bench.pass(if turn == 0 { 500 } else { 33 });
    }
    // It has closed the sheet of reasons; what it would do was not looked at.
    assert_eq!(bench.acts().len(), 0);
    assert!(matches!(bench.model.panel, Some(Panel::Batch(_))));
    bench.pass(1000);
    for turn in 0..40 {
        bench.key(Code::Enter);
        bench.settle();
        bench.pass(if turn == 0 { 500 } else { 33 });
    }
    let Act::Review(review) = &bench.acts()[0].2 else { panic!() };
    assert_eq!((bench.acts().len(), review.verdict.reasons()), (1, [Reason::ALL[5]].as_slice()));
    assert_eq!(bench.model.screen, Screen::Grid);
}

#[test]
fn an_enter_that_comes_with_the_preview_is_too_early() {
    let mut bench = grid(30);
    bench.slowly(" ");
    bench.pass(1000);
    bench.char('a');
    bench.key(Code::Enter);
    assert_eq!((bench.acts().len(), bench.model.news.as_ref().unwrap().key), (0, "desk.news.batch_look"));
    enter(&mut bench);
    assert_eq!(bench.acts().len(), 1);
}

#[test]
fn escape_leaves_everything_as_it_was() {
    let mut bench = grid(30);
    bench.slowly(" a");
    bench.key(Code::Escape);
    bench.slowly("x12");
    bench.key(Code::Escape);
    assert_eq!((bench.acts().len(), bench.model.grid.tags.len(), bench.model.panel.clone()), (0, 1, None));
    bench.slowly("T");
    assert!(bench.model.grid.tags.is_empty());
}

#[test]
fn nothing_counts_that_was_not_on_the_screen() {
    let mut bench = queue(30, |_| {});
    bench.pass(1000);
    bench.char('t');
    // The pictures are here, and no frame has said that they were shown.
    while let Some(effect) = bench.pending.pop_front() {
        for event in bench.answer(effect) {
            bench.happen(event);
        }
    }
    assert!(!bench.frame().1.tiles.is_empty());
    bench.pass(1000);
    bench.char('a');
    assert_eq!(fates(&bench), [Fate::Left(Why::NotShown)]);
    bench.key(Code::Escape);
    bench.happen(Event::TilesShown(vec![(id(0), 2), (id(999), 3)]));
    bench.char('a');
    assert_eq!(fates(&bench), [Fate::Left(Why::NotShown)], "another version was");
}

#[test]
fn what_the_machine_refused_is_rejected_by_batches_and_never_approved() {
    let mut bench = queue(60, |_| {});
    bench.key(Code::Tab);
    bench.settle();
    bench.slowly("t*a");
    assert_eq!(bench.model.queue.part(), Part::Refused);
    assert_eq!(fates(&bench), [Fate::Left(Why::NoRendition); 6]);
    bench.key(Code::Escape);
    bench.slowly("x12");
    enter(&mut bench);
    enter(&mut bench);
    assert_eq!(bench.acts().len(), 6);
    assert!(bench.model.decided.iter().all(|decided| decided.decision == Decision::Reject && decided.batch == Some(0)));
}

#[test]
fn where_two_must_look_a_batch_gives_one_voice() {
    let mut bench = queue(30, |bench| bench.blind = true);
    bench.model.season.as_mut().unwrap().rules.reviews_needed = 2;
    bench.slowly("t a");
    assert_eq!(fates(&bench), [Fate::Voted]);
    enter(&mut bench);
    assert_eq!(bench.model.marks.get(&id(0)), Some(&Mark::SecondOpinion));
}

#[test]
fn tagged_photos_are_reserved_and_decided_under_the_lease() {
    let mut bench = grid(30);
    bench.slowly(" l ");
    let claims: Vec<_> =
        bench.effects.iter().filter_map(|effect| if let Effect::Claim(claim) = effect { Some(claim) } else { None }).collect();
    assert_eq!(claims.last().unwrap().only, [id(0), id(2)]);
    bench.slowly("a");
    enter(&mut bench);
    let leased = |effect: &&Effect| matches!(effect, Effect::Act { lease: Some(_), .. });
    assert_eq!(bench.effects.iter().filter(leased).count(), 2);
    bench.key(Code::Escape);
    assert!(bench.model.claim.is_none());
}

#[test]
fn the_cursor_moves_in_two_dimensions_and_by_pages() {
    let mut bench = grid(30);
    let at = |bench: &Bench| bench.model.queue.list().selected;
    let mut go = |keys: &[Code]| {
        keys.iter().for_each(|code| bench.key(*code));
        at(&bench)
    };
    use Code::{Char, Down, End, Home, Left, PageDown, PageUp, Right, Up};
    assert_eq!(go(&[Right, Right, Down]), 8);
    assert_eq!(go(&[Char('h'), Char('k')]), 1);
    assert_eq!(go(&[Up]), 1, "no row is above");
    assert_eq!(go(&[PageDown]), 13);
    assert_eq!(go(&[PageUp, Left, Left]), 0);
    // 27 wait: the last row has three.
    assert_eq!(go(&[End]), 26);
    assert_eq!(go(&[Down, Right]), 26);
    assert_eq!(go(&[Up, Down]), 26);
    assert_eq!(go(&[Home]), 0);
}

#[test]
fn only_the_page_and_the_next_are_in_memory_and_those_near_the_cursor_come_first() {
    let mut bench = grid(300);
    bench.slowly("ll");
    let first = |bench: &Bench| bench.model.wanted.iter().map(|request| request.submission).next();
    assert_eq!(first(&bench), Some(bench.model.current().unwrap().id));
    for _ in 0..5 {
        bench.pass(1000);
        bench.key(Code::PageDown);
        bench.settle();
        assert!(bench.model.pictures.len() <= 24 && bench.model.details.len() <= 24);
    }
    let (page, next) = tiles::pages(&bench.model);
    assert_eq!((page, next), (60..72, 72..84));
    assert_eq!(bench.frame().1.pictures.len(), 12);
    // Details come a few at a time.
    bench.pass(1000);
    bench.key(Code::PageDown);
    assert_eq!(bench.pending.iter().filter(|effect| matches!(effect, Effect::LoadDetail { .. })).count(), 4);
}

#[test]
fn pages_that_fly_by_ask_for_no_picture() {
    let mut bench = grid(300);
    bench.pass(1000);
    let before = bench.effects.len();
    for _ in 0..10 {
        bench.key(Code::PageDown);
        bench.pass(33);
    }
    let asked = |effect: &Effect| matches!(effect, Effect::Pictures(_));
    // The first step may have been one of its own.
    assert!(bench.effects[before..].iter().filter(|effect| asked(effect)).count() <= 1);
    assert!(bench.frame().1.pictures.is_empty());
    bench.pass(200);
    bench.settle();
    assert_eq!(bench.frame().1.tiles.len(), 12);
}

#[test]
fn a_tag_in_the_review_is_seen_in_the_list_and_ends_with_a_decision() {
    let mut bench = Bench::reviewing(Language::Chinese, (80, 24), 30);
    bench.slowly("*");
    assert!(text_of(&bench.frame().0).contains("已标记 1"));
    bench.key(Code::Escape);
    assert!(text_of(&bench.frame().0).contains('●'));
    bench.slowly("*");
    assert!(bench.model.grid.tags.is_empty());
    bench.slowly("*");
    bench.key(Code::Enter);
    bench.settle();
    bench.slowly("a");
    assert!(bench.model.grid.tags.is_empty());
}

#[test]
fn a_photo_that_was_looked_at_in_the_review_was_seen() {
    let mut bench = Bench::reviewing(Language::Chinese, (80, 24), 30);
    bench.slowly("*");
    assert_eq!(bench.model.grid.seen.get(&id(0)).map(|seen| seen.version), Some(3));
}

#[test]
fn the_history_has_the_place_of_the_checks_and_no_picture_moves() {
    let mut bench = Bench::reviewing(Language::Chinese, (120, 36), 30);
    bench.slowly("nn");
    assert_eq!(bench.model.current().unwrap().number, 2);
    let before = bench.frame().1.pictures;
    bench.slowly("H");
    let (buffer, drawn) = bench.frame();
    let text = text_of(&buffer);
    assert_eq!(drawn.pictures, before);
    for words in ["历次提交 · 共 2 次", "第 1 次", "← 本次", "脸部明暗不均"] {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
    bench.slowly("a");
    assert!(bench.acts().is_empty(), "a panel decides nothing");
    for _ in 0..50 {
        bench.key(Code::Down);
    }
    assert!(text_of(&bench.frame().0).contains("← 本次"), "it does not scroll into nothing");
    bench.happen(Event::Key(Key::char('H')));
    assert!(bench.model.panel.is_none());
}

#[test]
fn a_doubt_may_be_rejected_by_a_batch() {
    let mut bench = grid(30);
    bench.slowly("lll x04");
    assert_eq!(bench.rows[3].band, Some(Band::Doubtful));
    enter(&mut bench);
    // The season wants a second opinion on doubt.
    assert_eq!(fates(&bench), [Fate::Voted]);
}
