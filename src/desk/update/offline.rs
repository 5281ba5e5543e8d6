//! Working on a bundle, as tests over a desk with a server in memory that does not answer.

use jiff::Timestamp;

use crate::{
    api::problem::code,
    client::outbox::Act,
    desk::{
        fixtures::{Bench, NOON, text_of},
        keymap::Code,
        message::{Effect, Event, OutboxEvent},
        model::{Away, Panel, Screen},
        picture::Origin,
    },
    domain::{lifecycle::attempt::Status, review::ReviewVerdict},
    language::Language,
};

fn away(rows: u32) -> Bench {
    let mut bench = Bench::reviewing(Language::English, (120, 36), rows);
    bench.model.away = Some(Away { expires_at: Timestamp::from_second(NOON + 7200).unwrap() });
    bench.offline = true;
    bench
}

fn screen(bench: &Bench) -> String {
    text_of(&bench.frame().0)
}

fn number(bench: &Bench) -> String {
    bench.model.current().unwrap().student.student_number.clone()
}

#[test]
fn the_header_says_offline_and_how_long_what_is_unsent_has_waited() {
    let mut bench = away(5);
    assert!(screen(&bench).lines().next().unwrap().contains("OFFLINE · until 06-15"));
    bench.slowly("a");
    let decided = bench.model.now.wall;
    bench.happen(Event::Outbox(OutboxEvent::Oldest(Some(decided))));
    assert!(screen(&bench).contains("Unsent 1") && !screen(&bench).contains("Unsent 1 ·"));
    bench.pass(5 * 60 * 1000);
    assert!(screen(&bench).contains("Unsent 1 · 5 min"));
    // A clock that was put back says nothing, and breaks nothing.
    bench.happen(Event::Outbox(OutboxEvent::Oldest(Some(Timestamp::from_second(NOON + 9_999_999).unwrap()))));
    assert!(screen(&bench).contains("Unsent 1"));
    bench.happen(Event::Key(crate::desk::keymap::Key::ctrl('c')));
    assert!(bench.model.panel == Some(Panel::Quitting) && !bench.effects.contains(&Effect::Quit));
    assert!(screen(&bench).contains("1 not sent yet"));
}

#[test]
fn a_decision_that_never_left_is_taken_back_as_if_it_had_not_been_made() {
    let mut bench = away(5);
    let first = number(&bench);
    bench.slowly("a");
    assert_ne!(number(&bench), first);
    bench.slowly("u");
    assert_eq!((number(&bench), bench.model.outbox.unsent, bench.outbox.unsent().len()), (first.clone(), 0, 0));
    assert!(bench.model.decided.is_empty() && bench.model.marks.is_empty());
    // And decided anew, on the same version.
    bench.slowly("x01");
    bench.key(Code::Enter);
    bench.settle();
    assert!(matches!(&bench.outbox.unsent()[0].act, Act::Review(review) if review.verdict != ReviewVerdict::Approve));
    assert_eq!(bench.outbox.unsent()[0].version, 3);
}

#[test]
fn one_that_may_have_left_is_taken_back_once_it_is_answered() {
    let mut bench = away(5);
    bench.slowly("a");
    let submission = bench.rows[0].id;
    bench.pass(1000);
    bench.char('u');
    bench.pending.retain(|effect| !matches!(effect, Effect::TakeBack { .. }));
    bench.happen(Event::Outbox(OutboxEvent::TakenBack { submission, done: false, unsent: 1 }));
    bench.settle();
    bench.offline = false;
    for event in bench.deliver() {
        bench.happen(event);
    }
    assert_eq!((bench.rows[0].status, bench.model.decided.len(), bench.model.marks.len()), (Status::Pending, 0, 0));
}

#[test]
fn on_an_expired_bundle_nothing_more_is_decided() {
    let mut bench = away(5);
    bench.pass(7200 * 1000);
    bench.settle();
    bench.slowly("a");
    assert_eq!((bench.acts().len(), bench.model.news.as_ref().unwrap().key), (0, "desk.news.bundle_expired"));
    assert!(screen(&bench).contains("Bundle expired"));
}

#[test]
fn on_a_full_disk_the_photo_stays_and_says_so() {
    for rows in [5, 1] {
        let mut bench = away(rows);
        bench.full = true;
        let first = number(&bench);
        bench.slowly("a");
        assert_eq!((number(&bench), bench.model.screen), (first.clone(), Screen::Review));
        assert_eq!((bench.model.outbox.unsent, bench.model.news.as_ref().unwrap().key), (0, "desk.news.not_kept"));
        bench.full = false;
        bench.slowly("a");
        assert_eq!(bench.outbox.unsent().len(), 1);
    }
}

/// A decision that was refused, and the panel that shows it.
fn refused(rows: u32) -> Bench {
    let mut bench = away(rows);
    (bench.offline, bench.refusing) = (false, true);
    bench.slowly("a");
    assert_eq!(bench.model.outbox.conflicts.len(), 1);
    bench.refusing = false;
    bench.slowly("c");
    bench
}

#[test]
fn a_conflict_shows_both_sides_with_their_pictures() {
    let bench = refused(5);
    let (buffer, drawn) = bench.frame();
    let text = text_of(&buffer);
    assert!(text.contains("Decided here") && text.contains("At the server now") && text.contains("Approve"), "{text}");
    let origins: Vec<_> = drawn.pictures.iter().map(|painted| painted.request.origin).collect();
    assert_eq!(origins, [Origin::Desk, Origin::Server]);
    assert!(drawn.pictures.iter().all(|painted| painted.request.submission == bench.rows[0].id), "of one student alone");
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::LoadStanding { .. })));
}

#[test]
fn ones_own_decision_is_kept_where_nothing_else_is_settled() {
    let mut bench = refused(5);
    let key = bench.model.outbox.conflicts[0].entry.key;
    bench.slowly("m");
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::KeepMine { refused, .. } if *refused == key)));
    assert_eq!((bench.rows[0].status, bench.model.outbox.conflicts.len()), (Status::Held, 0));
    assert!(bench.model.panel.is_none());

    let mut bench = refused(5);
    bench.rows[0].status = Status::Approved;
    bench.slowly("c");
    bench.slowly("c");
    bench.slowly("m");
    assert_eq!(bench.model.news.as_ref().unwrap().key, "desk.news.not_kept_mine");
    bench.slowly("t");
    assert!(bench.model.outbox.conflicts.is_empty() && bench.effects.iter().any(|effect| matches!(effect, Effect::Seen(_))));
}

#[test]
fn the_same_decision_of_somebody_else_counts_as_done() {
    let mut bench = away(5);
    bench.slowly("a");
    let row = bench.rows[0].clone();
    let outcome = crate::api::submission::ReviewOutcome {
        submission: row.id,
        status: Status::Approved,
        version: 5,
        decision: Some(crate::domain::review::Decision::Approve),
        held_until: None,
    };
    bench.happen(Event::Outbox(OutboxEvent::Same { submission: row.id, outcome, unsent: 0 }));
    assert_eq!(bench.model.news.as_ref().unwrap().key, "desk.news.same");
    assert!(bench.model.decided.is_empty() && bench.model.outbox.conflicts.is_empty() && bench.model.outbox.unsent == 0);
}

#[test]
fn of_who_was_erased_nothing_stays() {
    let mut bench = away(5);
    let (gone, name) = (bench.rows[0].id, number(&bench));
    bench.happen(Event::Erased(vec![gone]));
    bench.settle();
    assert_ne!(number(&bench), name);
    assert!(!screen(&bench).contains(&name) && bench.model.pictures.keys().all(|request| request.submission != gone));
    // The last one too.
    let all: Vec<_> = bench.rows.iter().map(|row| row.id).collect();
    bench.happen(Event::Erased(all));
    let _ = screen(&bench);
    bench.slowly("axjn");
    let waiting = OutboxEvent::Waiting { problem: crate::api::problem::Problem::new(0, code::UNREACHABLE, ""), unsent: 0 };
    bench.happen(Event::Outbox(waiting));
    let _ = screen(&bench);
}
