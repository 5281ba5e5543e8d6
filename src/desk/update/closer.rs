//! Journeys of a reviewer who looks closer, changes his mind, has habits and a slow line.

use crate::{
    client::outbox::Act,
    desk::{
        fixtures::{Bench, text_of},
        keymap::Code,
        message::{Effect, Event, Speed},
        model::{Mark, Panel, View},
        picture::policy::{Facts, Graphics},
    },
    domain::{queueing::SkipReason, reason::Reason, review::Decision},
    language::Language,
};

fn bench(rows: u32) -> Bench {
    Bench::reviewing(Language::Chinese, (120, 36), rows)
}

fn news(bench: &Bench) -> &'static str {
    bench.model.news.as_ref().map_or("", |news| news.key)
}

#[test]
fn a_look_closer_is_the_same_in_every_picture_and_ends_with_the_photo() {
    let mut bench = bench(4);
    bench.slowly("e");
    let windows: Vec<_> = bench.model.wanted.iter().take(3).map(|request| request.look.window).collect();
    assert!(windows.iter().filter(|window| window.is_some()).count() >= 2, "{windows:?}");
    bench.key(Code::Right);
    assert_eq!(bench.model.queue.list().selected, 0, "arrows move about in the picture");
    let moved = bench.model.review.zoom.unwrap();
    assert!(moved.real && moved.middle.0 > 5000);
    // Whoever has seen the whole may decide while looking at a part.
    bench.slowly("a");
    assert_eq!((bench.acts().len(), bench.model.queue.list().selected, bench.model.review.zoom), (1, 1, None));
    // A part alone is not the photo.
    bench.char('z');
    assert!(bench.frame().1.complete.is_none());
    bench.key(Code::Escape);
    assert!(bench.model.review.zoom.is_none() && bench.frame().1.complete.is_some());
    bench.slowly("hhhh");
    assert!(bench.model.review.zoom.is_none(), "behind the last place comes the whole");
}

#[test]
fn blinking_changes_the_picture_and_not_its_place() {
    let mut bench = bench(2);
    bench.slowly(" ");
    assert_eq!(bench.model.review.view, View::Zoom(crate::api::submission::PictureKind::Standard));
    let standard = bench.frame().1.pictures[0];
    bench.slowly(" ");
    let portrait = bench.frame().1.pictures[0];
    assert_eq!((standard.area, standard.request.submission), (portrait.area, portrait.request.submission));
    assert_ne!(standard.request.kind, portrait.request.kind);
}

#[test]
fn whoever_runs_through_the_queue_is_sent_one_picture() {
    let mut bench = bench(60);
    bench.slowly("n");
    let before = bench.effects.len();
    for _ in 0..50 {
        bench.pass(30);
        bench.char('n');
    }
    let asked = bench.effects[before..].iter().filter(|effect| matches!(effect, Effect::Pictures(_) | Effect::LoadDetail { .. })).count();
    assert!(asked <= 8, "{asked} while the key was held");
    assert!(bench.frame().1.pictures.is_empty(), "nothing is shown that nobody looks at");
    bench.pass(500);
    bench.settle();
    assert_eq!(bench.model.review.shown.map(|(id, _)| id), bench.model.current().map(|row| row.id));
}

#[test]
fn a_slow_line_gets_a_draft_first_and_nobody_decides_on_it() {
    let mut bench = bench(3);
    bench.happen(Event::Terminal(Facts { kitty: true, cell: Some((10, 20)), ..Facts::default() }));
    bench.happen(Event::Line(Speed::Slow));
    bench.settle();
    bench.model.review.shown = None;
    bench.model.review.drafted = None;
    let drawn = bench.frame().1;
    assert!(drawn.pictures.iter().all(|painted| painted.request.look.draft) && drawn.complete.is_none());
    let id = drawn.draft.unwrap();
    bench.pass(1000);
    bench.char('a');
    assert_eq!((bench.acts().len(), news(&bench)), (0, "desk.news.not_shown"));
    bench.happen(Event::DraftShown(id));
    let drawn = bench.frame().1;
    assert!(drawn.complete == Some(id) && drawn.pictures.iter().all(|painted| !painted.request.look.draft));
}

#[test]
fn what_was_undone_is_given_again_as_it_was() {
    let mut bench = bench(4);
    bench.slowly("x06");
    bench.key(Code::Enter);
    bench.settle();
    bench.slowly("a");
    bench.slowly("uu");
    assert!(bench.model.decided.is_empty());
    bench.slowly("UU");
    let given: Vec<(uuid::Uuid, Decision)> = bench.model.decided.iter().map(|decided| (decided.submission, decided.decision)).collect();
    // The last undone comes back first.
    assert_eq!(given, [(bench.rows[0].id, Decision::Reject), (bench.rows[1].id, Decision::Approve)]);
    let again =
        bench.acts().into_iter().filter(|(id, _, act)| *id == bench.rows[0].id && matches!(act, Act::Review(_))).collect::<Vec<_>>();
    assert_eq!((again.len(), &again[0].2), (2, &again[1].2));
    assert!(again[1].1 > again[0].1, "of the version that stands now");
    bench.slowly("U");
    assert_eq!(news(&bench), "desk.news.nothing_to_redo");
    // Something new is decided: what was undone before is history.
    bench.slowly("ua");
    assert!(bench.model.undone.is_empty());
}

#[test]
fn reasons_given_last_stand_first_and_sets_come_back_by_a_digit() {
    let mut bench = bench(6);
    bench.slowly("x2526m3");
    assert_eq!(bench.model.habits.kept(3), [Reason::Glasses, Reason::Lenses]);
    bench.key(Code::Enter);
    bench.settle();
    bench.slowly("x");
    let Some(Panel::Sheet(sheet)) = &bench.model.panel else { panic!() };
    assert_eq!((&sheet.order[..2], sheet.chosen.len()), (&[Reason::Glasses, Reason::Lenses][..], 0));
    assert!(text_of(&bench.frame().0).contains("g3 25+26"));
    bench.slowly("g3");
    bench.key(Code::Enter);
    bench.settle();
    let rejected =
        bench.acts().iter().filter(|(_, _, act)| matches!(act, Act::Review(review) if review.verdict.reasons().len() == 2)).count();
    assert_eq!(rejected, 2);
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::KeepHabits(_))));
}

#[test]
fn a_photo_is_passed_on_with_a_note_and_waits_here_no_more() {
    let mut bench = bench(3);
    let first = bench.model.current().unwrap().id;
    bench.slowly("S5");
    bench.key(Code::Enter);
    assert!(matches!(&bench.model.panel, Some(Panel::PassOn(panel)) if panel.lacking), "other needs a word");
    for c in "头巾请看a".chars() {
        bench.char(c);
    }
    bench.key(Code::Tab);
    bench.key(Code::Enter);
    bench.settle();
    let passed = bench.effects.iter().find_map(|effect| match effect {
        Effect::PassOn { submission, skip } => Some((*submission, skip.clone())),
        _ => None,
    });
    let (submission, skip) = passed.unwrap();
    assert_eq!((submission, skip.reason, skip.note.as_deref(), skip.ask_lead), (first, SkipReason::Other, Some("头巾请看a"), true));
    assert!(bench.acts().is_empty() && bench.model.marks[&first] == Mark::PassedOn && bench.model.current().unwrap().id != first);
    bench.refusing = true;
    bench.slowly("S");
    bench.key(Code::Enter);
    bench.settle();
    assert_eq!(news(&bench), "desk.news.not_passed_on");
    assert_eq!(bench.model.marks.len(), 1, "what could not be passed on still waits here");
}

#[test]
fn a_preview_is_not_approved_before_the_real_picture_was_opened() {
    let mut bench = bench(3);
    bench.model.season.as_mut().unwrap().rules.preview_approval = false;
    bench.slowly("a");
    assert_eq!((bench.acts().len(), news(&bench)), (0, "desk.news.low_resolution"));
    assert!(text_of(&bench.frame().0).contains("低清预览"));
    bench.slowly("o");
    let saved = bench
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::SavePicture { kind: crate::api::submission::PictureKind::Standard, .. }));
    assert!(saved && text_of(&bench.frame().0).contains("已看原图"));
    bench.slowly("a");
    assert_eq!(bench.acts().len(), 1);
    // Rejecting needs no more than one sees.
    bench.slowly("x06");
    bench.key(Code::Enter);
    bench.settle();
    assert_eq!(bench.acts().len(), 2);
    // Graphics show enough, whatever the policy.
    bench.happen(Event::Terminal(Facts { sixel: true, cell: Some((10, 20)), ..Facts::default() }));
    bench.model.graphics = Graphics::Sixel;
    bench.settle();
    bench.slowly("a");
    assert_eq!(bench.acts().len(), 3);
}
