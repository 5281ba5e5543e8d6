//! Journeys through Fix & accept on the pure desk.

use crate::{
    client::outbox::Act,
    desk::{
        fixtures::{Bench, text_of},
        keymap::Code,
        message::{Effect, Event},
        model::{FixLook, Mark, Panel, TryEnd},
        picture::Making,
    },
    domain::{adjustment::MatteWay, lifecycle::attempt::Status, reason::Reason},
    language::Language,
};

fn bench(rows: u32) -> Bench {
    Bench::reviewing(Language::Chinese, (80, 24), rows)
}

fn news(bench: &Bench) -> &'static str {
    bench.model.news.as_ref().map_or("", |news| news.key)
}

/// The wishes that the engine was given, oldest first.
fn wishes(bench: &Bench) -> Vec<crate::domain::adjustment::Adjustments> {
    let wish = |effect: &Effect| match effect {
        Effect::Fix { wanted, .. } => Some(*wanted),
        _ => None,
    };
    bench.effects.iter().filter_map(wish).collect()
}

fn key(bench: &mut Bench, code: Code) {
    bench.pass(1000);
    bench.key(code);
    bench.settle();
}

#[test]
fn a_photo_is_fixed_sent_and_approved_only_once_the_server_holds_it() {
    let mut bench = bench(3);
    let id = bench.rows[0].id;
    bench.slowly("f++");
    key(&mut bench, Code::Up);
    let (_, drawn) = bench.frame();
    assert!(drawn.pictures.iter().any(|painted| matches!(painted.request.making, Making::Tried(_)) && painted.request.submission == id));
    assert_eq!(drawn.complete, None, "what is not sent is not judged");
    // Nothing is approved while it is open.
    bench.slowly("a");
    assert_eq!((bench.acts().len(), news(&bench)), (0, "desk.fix.news.send_first"));

    bench.offline = true;
    key(&mut bench, Code::Enter);
    let acts = bench.acts();
    let Act::Rework(new) = &acts[0].2 else { panic!("{acts:?}") };
    assert_eq!((acts[0].0, acts[0].1, new.adjustments.scale, new.adjustments.down), (id, 3, 20, -2));
    assert_eq!(new.sha256.len(), 64);
    assert_eq!((bench.model.marks.get(&id), &bench.model.panel), (Some(&Mark::Reworking), &None));
    bench.slowly("a");
    assert_eq!((bench.acts().len(), news(&bench)), (1, "desk.fix.news.under_way"));

    bench.offline = false;
    bench.deliver().into_iter().for_each(|event| bench.happen(event));
    // The server has it; its own picture is not on the screen yet.
    bench.pass(1000);
    bench.char('a');
    assert_eq!(bench.acts().len(), 1, "approved unseen");
    bench.settle();
    let (_, drawn) = bench.frame();
    let standard = drawn.pictures.iter().find(|painted| matches!(painted.request.making, Making::Kept(Some(_)))).unwrap();
    assert_eq!(standard.request.making, Making::Kept(Some(uuid::Uuid::from_u128(id.as_u128() + 2_000_000))), "the new rendition");
    bench.slowly("a");
    let Act::Review(review) = &bench.acts()[1].2 else { panic!() };
    assert_eq!((bench.acts()[1].1, review.rendition), (4, Some(uuid::Uuid::from_u128(id.as_u128() + 2_000_000))));
}

#[test]
fn what_the_machine_refused_waits_after_a_fix() {
    let mut bench = bench(10);
    // The refused part; its first photo.
    key(&mut bench, Code::Escape);
    key(&mut bench, Code::Tab);
    key(&mut bench, Code::Enter);
    let row = bench.model.current().unwrap().clone();
    assert_eq!(row.status, Status::MachineRefused);
    bench.slowly("f");
    assert_eq!(bench.model.fix.as_ref().unwrap().before, None);
    // There is nothing before it to compare with; nothing changed is something here: the engine may have learned since.
    bench.slowly("d");
    assert_eq!(news(&bench), "desk.fix.news.no_before");
    key(&mut bench, Code::Enter);
    assert!(matches!(bench.acts()[0].2, Act::Rework(_)));
    assert_eq!(bench.model.current().unwrap().status, Status::Pending);
    bench.slowly("a");
    assert!(matches!(bench.acts()[1].2, Act::Review(_)), "{}", news(&bench));
}

#[test]
fn the_newest_wish_counts_and_nothing_else_is_sent() {
    let mut bench = bench(2);
    bench.slowly("f");
    bench.pass(1000);
    for code in [Code::Char('+'), Code::Char('+'), Code::Char('m')] {
        bench.key(code);
    }
    let fixes: Vec<Effect> = bench.pending.iter().filter(|effect| matches!(effect, Effect::Fix { .. })).cloned().collect();
    assert_eq!(fixes.len(), 3);
    assert!(bench.model.fix.as_ref().unwrap().working());
    bench.key(Code::Enter);
    assert_eq!((bench.acts().len(), news(&bench)), (0, "desk.fix.news.working"));
    // An older one comes late: it is let go.
    bench.pending.clear();
    let late = bench.answer(fixes[0].clone());
    late.into_iter().for_each(|event| bench.happen(event));
    assert!(bench.model.fix.as_ref().unwrap().working());
    let newest = bench.answer(fixes[2].clone());
    newest.into_iter().for_each(|event| bench.happen(event));
    assert!(!bench.model.fix.as_ref().unwrap().working());
    // Made, and not on the screen yet.
    bench.key(Code::Enter);
    assert_eq!((bench.acts().len(), news(&bench)), (0, "desk.fix.news.look_first"));
    bench.settle();
    assert_eq!(wishes(&bench).last().unwrap().matte, MatteWay::Net);
    bench.pass(1000);
    key(&mut bench, Code::Enter);
    assert_eq!(bench.acts().len(), 1);
}

#[test]
fn what_the_standard_does_not_allow_is_said_and_not_sent() {
    let mut bench = bench(2);
    bench.slowly("f");
    for _ in 0..13 {
        key(&mut bench, Code::Up);
    }
    let fix = bench.model.fix.as_ref().unwrap();
    assert!(matches!(&fix.tried.as_ref().unwrap().end, TryEnd::Refused { reasons, .. } if reasons == &[Reason::HairTop]));
    assert!(text_of(&bench.frame().0).contains("不符合标准"));
    key(&mut bench, Code::Enter);
    assert_eq!((bench.acts().len(), news(&bench)), (0, "desk.fix.news.not_possible"));
    for _ in 0..40 {
        bench.key(Code::Up);
    }
    assert_eq!((bench.model.fix.as_ref().unwrap().wanted.down, news(&bench)), (-60, "desk.fix.news.limit"));
    // The season's standard permits one background.
    bench.slowly("0b");
    assert_eq!((bench.model.fix.as_ref().unwrap().wanted.background, news(&bench)), (None, "desk.fix.news.limit"));
    key(&mut bench, Code::Enter);
    assert_eq!((bench.acts().len(), news(&bench)), (0, "desk.fix.news.nothing"));
}

#[test]
fn before_and_difference_are_looked_at_and_not_sent() {
    let mut bench = bench(2);
    bench.slowly("fs");
    bench.slowly("v");
    assert_eq!(bench.model.fix.as_ref().unwrap().look, FixLook::Before);
    assert!(text_of(&bench.frame().0).contains("修改前"));
    key(&mut bench, Code::Enter);
    assert_eq!((bench.acts().len(), news(&bench)), (0, "desk.fix.news.look_first"));
    bench.slowly("vd");
    let (_, drawn) = bench.frame();
    assert!(drawn.pictures.iter().any(|painted| matches!(painted.request.making, Making::Difference { .. })));
    bench.slowly("d");
    key(&mut bench, Code::Enter);
    assert_eq!(bench.acts().len(), 1);
}

#[test]
fn a_dropped_fix_leaves_the_photo_as_it_was() {
    let mut bench = bench(2);
    bench.slowly("f+");
    key(&mut bench, Code::Escape);
    assert_eq!((bench.model.fix.is_none(), &bench.model.panel, news(&bench)), (true, &None, "desk.fix.news.dropped"));
    // Its own picture is on the screen again before it is judged.
    let (_, drawn) = bench.frame();
    assert!(drawn.pictures.iter().all(|painted| matches!(painted.request.making, Making::Kept(_))));
    bench.slowly("a");
    assert!(matches!(bench.acts()[0].2, Act::Review(_)));
}

#[test]
fn somebody_else_was_faster_and_both_are_told() {
    let mut bench = bench(2);
    bench.slowly("f+");
    bench.refusing = true;
    key(&mut bench, Code::Enter);
    assert_eq!((bench.model.outbox.conflicts.len(), bench.model.outbox.unsent), (1, 0));
    assert!(matches!(bench.model.marks.get(&bench.rows[0].id), Some(Mark::Refused(code)) if code == "stale_version"));
    bench.slowly("c");
    assert!(matches!(bench.model.panel, Some(Panel::Conflicts { .. })));
    assert!(text_of(&bench.frame().0).contains("修正照片"));
}

#[test]
fn a_photo_whose_page_goes_takes_its_fix_along() {
    let mut bench = bench(2);
    bench.slowly("f+");
    let id = bench.rows[0].id;
    bench.model.queue.list_mut().rows.retain(|row| row.id != id);
    bench.happen(Event::Tick);
    assert!(bench.model.fix.is_none() && bench.model.panel.is_none());
}
