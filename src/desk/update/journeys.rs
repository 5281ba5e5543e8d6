//! Journeys of a reviewer through the pure desk.

use crate::{
    api::submission::PictureKind,
    client::outbox::Act,
    desk::{
        fixtures::{Bench, text_of},
        keymap::Code,
        message::{Effect, Event},
        model::{DecidedState, Mark, Panel, Part, Screen, View},
    },
    domain::{
        lifecycle::attempt::Status,
        reason::Reason,
        review::{Decision, ReviewVerdict},
    },
    language::Language,
};

fn bench(rows: u32) -> Bench {
    Bench::reviewing(Language::Chinese, (80, 24), rows)
}

fn number(bench: &Bench) -> String {
    bench.model.current().unwrap().student.student_number.clone()
}

fn reasons(act: &Act) -> Vec<Reason> {
    match act {
        Act::Review(review) => review.verdict.reasons().to_vec(),
        _ => vec![],
    }
}

#[test]
fn a_reviewer_approves_rejects_skips_and_is_done() {
    let mut bench = bench(4);
    bench.slowly("as");
    assert_eq!(number(&bench), "2027000002");
    bench.slowly("x1706");
    bench.pass(1000);
    bench.key(Code::Enter);
    bench.settle();
    // The skipped one comes back at the end of the others.
    bench.slowly("aa");
    assert_eq!((bench.model.screen, bench.model.news.as_ref().unwrap().key), (Screen::Queue, "desk.news.all_done"));
    let acts = bench.acts();
    assert_eq!(acts.len(), 4);
    assert_eq!(reasons(&acts[1].2), [Reason::Blur, Reason::ClothesBlend]);
    assert!(bench.rows.iter().all(|row| row.status == Status::Held));
}

#[test]
fn a_decision_carries_the_version_the_rendition_and_the_claim() {
    let mut bench = bench(3);
    bench.slowly("a");
    let act = bench.effects.iter().find(|effect| matches!(effect, Effect::Act { .. })).unwrap();
    let Effect::Act { version, lease, act: Act::Review(review), .. } = act else { panic!() };
    assert_eq!((*version, lease.map(|lease| lease.as_u128()), &review.verdict), (3, Some(77), &ReviewVerdict::Approve));
    assert!(review.rendition.is_some());
}

#[test]
fn nothing_is_decided_before_it_is_seen() {
    let mut bench = bench(4);
    bench.slowly("a");
    // The next photo's frame has not been out yet.
    bench.model.review.shown = None;
    bench.pass(1000);
    bench.char('a');
    bench.char('x');
    assert_eq!((bench.acts().len(), bench.model.news.as_ref().unwrap().key), (1, "desk.news.not_shown"));
    assert!(bench.model.panel.is_none());
}

#[test]
fn a_held_key_decides_one_photo() {
    let mut bench = bench(30);
    bench.pass(2000);
    bench.char('a');
    bench.settle();
    bench.pass(500);
    for _ in 0..60 {
        bench.char('a');
        bench.settle();
        bench.pass(33);
    }
    bench.pass(2000);
    assert_eq!(bench.acts().len(), 1);
}

#[test]
fn a_full_width_a_from_an_input_method_approves() {
    let mut bench = bench(3);
    bench.slowly("ａ");
    assert_eq!(bench.acts().len(), 1);
}

#[test]
fn r_brings_the_machines_reasons_and_x_does_not() {
    let mut bench = bench(4);
    bench.slowly("nx");
    let chosen = |bench: &Bench| match &bench.model.panel {
        Some(Panel::Sheet(sheet)) => sheet.chosen.clone(),
        _ => panic!("no sheet"),
    };
    assert!(chosen(&bench).is_empty());
    bench.key(Code::Enter);
    assert!(bench.model.panel.is_some(), "a rejection without a reason is not taken");
    bench.key(Code::Escape);
    bench.slowly("r");
    assert_eq!(chosen(&bench), [Reason::UnevenLight]);
}

#[test]
fn undo_brings_the_photo_back_under_the_cursor() {
    let mut bench = bench(4);
    bench.slowly("a");
    assert_eq!(bench.model.held(), Some((1, 600)));
    bench.slowly("u");
    assert_eq!(number(&bench), "2027000000");
    assert!(bench.model.decided.is_empty() && bench.model.marks.is_empty());
    assert_eq!(bench.acts()[1].1, 4, "undone at the version the decision made");
    bench.slowly("a");
    assert_eq!((bench.acts().len(), bench.acts()[2].1), (3, 5));
}

#[test]
fn an_undo_before_the_answer_is_kept_at_once_and_carried_out_after_it() {
    let mut bench = bench(4);
    bench.offline = true;
    bench.slowly("a");
    bench.slowly("u");
    let id = bench.rows[0].id;
    // Both are on disk: whoever dies now loses neither.
    assert!(matches!(bench.outbox.unsent()[1].act, Act::Undo));
    assert_eq!((bench.model.outbox.unsent, bench.model.marks.get(&id)), (2, Some(&Mark::Undoing)));
    bench.slowly("u");
    assert_eq!((bench.acts().len(), bench.model.news.as_ref().unwrap().key), (2, "desk.news.nothing_to_undo"));
    bench.offline = false;
    for event in bench.deliver() {
        bench.happen(event);
    }
    assert_eq!((bench.rows[0].status, bench.rows[0].version), (Status::Pending, 5));
    assert!(bench.model.decided.is_empty() && bench.model.marks.is_empty() && bench.model.outbox.unsent == 0);
}

#[test]
fn an_undo_that_a_full_disk_does_not_take_leaves_the_decision_to_be_undone() {
    for offline in [true, false] {
        let mut bench = bench(4);
        bench.offline = offline;
        bench.slowly("a");
        bench.full = true;
        bench.slowly("u");
        assert_eq!(bench.model.news.as_ref().unwrap().key, "desk.news.not_kept");
        assert_eq!(bench.model.outbox.unsent, usize::from(offline));
        bench.full = false;
        bench.slowly("u");
        bench.offline = false;
        for event in bench.deliver() {
            bench.happen(event);
        }
        assert_eq!((bench.rows[0].status, bench.model.decided.len()), (Status::Pending, 0));
    }
}

#[test]
fn a_frozen_decision_cannot_be_undone() {
    let mut bench = bench(4);
    bench.slowly("a");
    bench.pass(601_000);
    bench.char('u');
    assert_eq!((bench.acts().len(), bench.model.news.as_ref().unwrap().key), (1, "desk.news.nothing_to_undo"));
}

#[test]
fn a_second_opinion_is_said_and_not_decided_twice() {
    let mut bench = bench(3);
    bench.blind = true;
    bench.slowly("a");
    let id = bench.rows[0].id;
    assert_eq!(bench.model.marks.get(&id), Some(&Mark::SecondOpinion));
    bench.slowly("pa");
    assert_eq!((bench.acts().len(), bench.model.news.as_ref().unwrap().key), (1, "desk.news.already"));
}

#[test]
fn an_absent_server_costs_no_decision_and_no_key() {
    let mut bench = bench(5);
    bench.offline = true;
    bench.slowly("aa");
    assert_eq!(number(&bench), "2027000002");
    assert!(bench.model.outbox.waiting.is_some());
    assert!(matches!(bench.model.decided[0].state, DecidedState::Sending { undo: false, .. }));
    bench.char('q');
    bench.char('q');
    bench.char('q');
    assert_eq!(bench.model.panel, Some(Panel::Quitting));
    assert!(!bench.effects.contains(&Effect::Quit));
    bench.char('y');
    assert!(bench.effects.contains(&Effect::Quit));
}

#[test]
fn a_refusal_is_shown_until_it_was_seen() {
    let mut bench = bench(4);
    bench.refusing = true;
    bench.slowly("a");
    assert_eq!((bench.model.outbox.conflicts.len(), bench.model.decided.len()), (1, 0));
    bench.refusing = false;
    bench.slowly("cd");
    assert!(bench.model.outbox.conflicts.is_empty() && bench.model.panel.is_none());
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::Seen(keys) if keys.len() == 1)));
    // The photo still waits, and can be decided again on what stands now.
    bench.slowly("pa");
    assert_eq!(bench.acts().len(), 2);
}

#[test]
fn what_the_machine_refused_can_be_rejected_only() {
    let mut bench = Bench::new(Language::Chinese, (80, 24), 40);
    bench.happen(Event::Started);
    bench.settle();
    for code in [Code::Enter, Code::Tab, Code::Enter] {
        bench.key(code);
        bench.settle();
    }
    assert_eq!(bench.model.queue.part(), Part::Refused);
    bench.slowly("a");
    assert_eq!((bench.acts().len(), bench.model.news.as_ref().unwrap().key), (0, "desk.news.no_rendition"));
    bench.slowly("x12");
    bench.key(Code::Enter);
    assert_eq!(reasons(&bench.acts()[0].2), [Reason::Tilted]);
}

#[test]
fn a_rejected_photo_gets_its_notice_again_once_a_press() {
    let mut bench = Bench::new(Language::Chinese, (80, 24), 3);
    bench.rows[0].status = Status::Rejected;
    bench.happen(Event::Started);
    bench.settle();
    for code in [Code::Enter, Code::Tab, Code::Tab, Code::Tab, Code::Enter] {
        bench.key(code);
        bench.settle();
    }
    bench.char('r');
    bench.char('r');
    assert!(matches!(bench.acts()[..], [(_, 3, Act::RetakeNotice)]));
    bench.settle();
    assert_eq!(bench.model.news.as_ref().unwrap().key, "desk.news.notified");
}

#[test]
fn the_next_pictures_are_there_before_they_are_needed() {
    let mut bench = bench(20);
    bench.pass(1000);
    bench.char('a');
    // Nothing was answered since the key, and the next photo is complete.
    let (_, drawn) = bench.frame();
    assert_eq!(drawn.complete, bench.model.current().map(|row| row.id));
}

#[test]
fn a_long_queue_is_fetched_by_pages_as_the_cursor_nears_them() {
    let mut bench = Bench::new(Language::English, (80, 24), 1000);
    bench.happen(Event::Started);
    bench.settle();
    bench.key(Code::Enter);
    bench.settle();
    assert_eq!(bench.model.queue.list().rows.len(), 100);
    for _ in 0..3 {
        bench.key(Code::PageDown);
        bench.settle();
    }
    assert_eq!(bench.model.queue.list().rows.len(), 200);
    bench.key(Code::End);
    bench.settle();
    let list = bench.model.queue.list();
    assert_eq!((list.rows.len(), list.selected), (900, 899));
}

#[test]
fn a_late_page_of_a_list_that_was_left_is_dropped() {
    let mut bench = Bench::new(Language::English, (80, 24), 50);
    bench.happen(Event::Started);
    bench.settle();
    bench.key(Code::Enter);
    let page = bench.pending.pop_front().unwrap();
    bench.key(Code::Escape);
    bench.settle();
    bench.key(Code::Down);
    bench.key(Code::Enter);
    for event in bench.answer(page) {
        bench.happen(event);
    }
    assert!(bench.model.queue.list().rows.is_empty());
}

#[test]
fn views_go_round_and_a_zoomed_picture_is_fetched_for_its_size() {
    let mut bench = bench(4);
    let views: Vec<View> = (0..5)
        .map(|_| {
            bench.slowly("v");
            let view = bench.model.review.view;
            // Seen is who has seen the picture that is judged.
            let judged = !matches!(view, View::Zoom(PictureKind::Preview | PictureKind::Portrait));
            assert!(!judged || bench.frame().1.complete.is_some(), "{view:?}");
            assert!(judged || bench.frame().1.complete.is_none(), "{view:?}");
            view
        })
        .collect();
    let zoom = View::Zoom;
    assert_eq!(views, [View::Faces, zoom(PictureKind::Preview), zoom(PictureKind::Standard), zoom(PictureKind::Portrait), View::Together]);
}

#[test]
fn a_server_that_comes_back_is_noticed() {
    let mut bench = Bench::new(Language::Chinese, (80, 24), 4);
    bench.happen(Event::Started);
    bench.pending.clear();
    bench.happen(Event::Seasons(Err(crate::api::problem::Problem::new(0, "unreachable", "no answer"))));
    assert!(text_of(&bench.frame().0).contains("按 R 重试"));
    for _ in 0..5 {
        bench.pass(1000);
    }
    bench.settle();
    assert!(text_of(&bench.frame().0).contains("西安分校"));
}

#[test]
fn a_page_that_comes_late_does_not_change_the_photo_under_review() {
    let mut bench = bench(350);
    bench.key(Code::Escape);
    bench.key(Code::End);
    // The rest of the queue is still on its way when the last photo that is known is opened.
    bench.key(Code::Enter);
    let opened = number(&bench);
    bench.settle();
    assert_eq!(number(&bench), opened);
}

#[test]
fn leaving_the_review_gives_the_claim_back() {
    let mut bench = bench(4);
    bench.key(Code::Escape);
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::ReleaseClaim { .. })));
    assert!(bench.model.claim.is_none());
}

#[test]
fn a_claim_is_kept_alive_while_one_thinks() {
    let mut bench = bench(4);
    for _ in 0..250 {
        bench.pass(1000);
    }
    assert_eq!(bench.effects.iter().filter(|effect| matches!(effect, Effect::KeepClaim { .. })).count(), 2);
}

#[test]
fn what_an_earlier_desk_left_is_shown_as_under_way() {
    use crate::{api::submission::NewReview, client::outbox::Entry, desk::message::OutboxEvent};
    let mut bench = bench(4);
    let review = NewReview { verdict: ReviewVerdict::Approve, rendition: None };
    let entry = Entry {
        submission: bench.rows[1].id,
        version: 3,
        key: uuid::Uuid::from_u128(5),
        lease: None,
        bundle: None,
        act: Act::Review(review),
    };
    bench.happen(Event::Outbox(OutboxEvent::Opened { unsent: vec![entry], conflicts: vec![] }));
    assert_eq!(bench.model.outbox.unsent, 1);
    assert_eq!(bench.model.marks.get(&bench.rows[1].id), Some(&Mark::Sending(Decision::Approve)));
    bench.slowly("a");
    assert_eq!(number(&bench), "2027000002", "what is under way is not asked for again");
}
