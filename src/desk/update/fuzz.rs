//! Random keys and answers in any order: no panic, and what must always hold does.

use std::collections::HashMap;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    client::outbox::Act,
    desk::{
        fixtures::Bench,
        keymap::{Code, Key},
        message::{Effect, Event, OutboxEvent},
    },
    language::Language,
};

#[derive(Debug, Clone)]
enum Move {
    Key(char),
    Code(Code),
    Pass(u64),
    /// Answers the n-th pending effect: not always the oldest.
    Answer(usize),
    Show,
    Resize(u16, u16),
    Offline(bool),
    Refusing(bool),
    Blind(bool),
}

fn moves() -> impl Strategy<Value = Move> {
    let codes = vec![
        Code::Enter,
        Code::Escape,
        Code::Tab,
        Code::BackTab,
        Code::Backspace,
        Code::Up,
        Code::Down,
        Code::Left,
        Code::Right,
        Code::Home,
        Code::End,
        Code::PageUp,
        Code::PageDown,
    ];
    prop_oneof![
        8 => proptest::sample::select("aaaxxrsunpv123jkgRc?dyq0417 ａ啊".chars().collect::<Vec<_>>()).prop_map(Move::Key),
        4 => proptest::sample::select(codes).prop_map(Move::Code),
        4 => prop_oneof![0u64..400, 700u64..2000, Just(700_000u64)].prop_map(Move::Pass),
        10 => (0usize..4).prop_map(Move::Answer),
        4 => Just(Move::Show),
        1 => (0u16..150, 0u16..50).prop_map(|(width, height)| Move::Resize(width, height)),
        1 => any::<bool>().prop_map(Move::Offline),
        1 => any::<bool>().prop_map(Move::Refusing),
        1 => any::<bool>().prop_map(Move::Blind),
    ]
}

/// What must hold whatever happened.
fn check(bench: &Bench) {
    let model = &bench.model;
    for list in &model.queue.lists {
        assert!(list.selected <= list.rows.len().saturating_sub(1), "the cursor left its list");
    }
    if let Some((shown, _)) = model.review.shown {
        assert_eq!(model.current().map(|row| row.id), Some(shown), "another photo counts as seen");
    }
    assert!(model.pictures.len() <= 24 && model.details.len() <= 8, "memory grows");
}

#[test]
fn ten_thousand_random_keys_do_no_harm() {
    let mut runner = TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
    let strategy = proptest::collection::vec(moves(), 100..130);
    runner
        .run(&strategy, |moves| {
            let mut bench = Bench::reviewing(Language::Chinese, (80, 24), 23);
            let mut drawn_at_last = 0;
            for (index, step) in moves.into_iter().enumerate() {
                match step {
                    Move::Key(c) => bench.happen(Event::Key(Key::char(c))),
                    Move::Code(code) => bench.key(code),
                    Move::Pass(ms) => bench.pass(ms),
                    Move::Answer(n) => {
                        let n = n.min(bench.pending.len().saturating_sub(1));
                        if let Some(effect) = bench.pending.remove(n) {
                            for event in bench.answer(effect) {
                                bench.happen(event);
                            }
                        }
                    }
                    Move::Show => {
                        if let Some(id) = bench.frame().1.complete {
                            bench.happen(Event::Shown(id));
                        }
                    }
                    Move::Resize(width, height) => bench.happen(Event::Resized { width, height }),
                    Move::Offline(offline) => bench.offline = offline,
                    Move::Refusing(refusing) => bench.refusing = refusing,
                    Move::Blind(blind) => bench.blind = blind,
                }
                check(&bench);
                // Drawing is what takes time: now and then is enough.
                if index >= drawn_at_last + 10 {
                    drawn_at_last = index;
                    let (_, drawn) = bench.frame();
                    let current = bench.model.current().map(|row| row.id);
                    assert!(drawn.pictures.iter().all(|painted| Some(painted.request.submission) == current), "another student's picture");
                }
            }
            at_most_one_decision_a_version(&bench);
            Ok(())
        })
        .unwrap();
}

/// Two decisions for one version can only be if the first was refused.
fn at_most_one_decision_a_version(bench: &Bench) {
    let mut decisions: HashMap<(uuid::Uuid, i64), usize> = HashMap::new();
    for effect in &bench.effects {
        if let Effect::Act { submission, version, act: Act::Review(_), .. } = effect {
            *decisions.entry((*submission, *version)).or_default() += 1;
        }
    }
    for message in &bench.messages {
        if let Event::Outbox(OutboxEvent::Refused { conflict, .. }) = &message.event
            && matches!(conflict.entry.act, Act::Review(_))
        {
            *decisions.entry((conflict.entry.submission, conflict.entry.version)).or_default() -= 1;
        }
    }
    assert!(decisions.values().all(|count| *count <= 1), "decided twice: {decisions:?}");
}
