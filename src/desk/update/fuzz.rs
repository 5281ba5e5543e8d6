//! Random keys and answers in any order: no panic, and what must always hold does.
//!
//! A few sequences among all tests; `ZHAOSHEN_FUZZ_SEQUENCES` asks for more (docs/endurance.md tells of 100,000).

use std::collections::{HashMap, HashSet, VecDeque};

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
        model::{DecidedState, Mark, Panel, Screen},
        picture::Painted,
        view::{Drawn, tiles},
    },
    domain::lifecycle::attempt::Status,
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
    /// The disk takes nothing more.
    Full(bool),
    /// Some of what has happened to decisions is heard of.
    Hear(usize),
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
        8 => proptest::sample::select("aaaxxrsunpv123jkgRc?dyq0417 ff+-mbttt**THhl ａ啊".chars().collect::<Vec<_>>()).prop_map(Move::Key),
        4 => proptest::sample::select(codes).prop_map(Move::Code),
        4 => prop_oneof![0u64..400, 700u64..2000, Just(700_000u64)].prop_map(Move::Pass),
        10 => (0usize..4).prop_map(Move::Answer),
        4 => Just(Move::Show),
        1 => (0u16..150, 0u16..50).prop_map(|(width, height)| Move::Resize(width, height)),
        1 => any::<bool>().prop_map(Move::Offline),
        1 => any::<bool>().prop_map(Move::Refusing),
        1 => any::<bool>().prop_map(Move::Blind),
        1 => any::<bool>().prop_map(Move::Full),
        8 => (1usize..4).prop_map(Move::Hear),
    ]
}

/// What must hold whatever happened.
fn check(bench: &Bench, late: &Late) {
    let model = &bench.model;
    for list in &model.queue.lists {
        assert!(list.selected <= list.rows.len().saturating_sub(1), "the cursor left its list");
    }
    assert!(model.units.selected <= model.units.rows().len().saturating_sub(1), "the cursor left the units");
    if let Some((shown, _)) = model.review.shown {
        assert_eq!(model.current().map(|row| row.id), Some(shown), "another photo counts as seen");
    }
    // Tiles have a picture each, those of the next page too; whoever runs through pages leaves what he had until he stops.
    let tiles = matches!(model.screen, Screen::Grid).then(|| tiles::tiling(model).page());
    let rows = bench.rows.len();
    let (pictures, details) =
        if model.hurried() { (rows.max(24), rows) } else { tiles.map_or((24, 8), |page| (24.max(2 * page), 8.max(2 * page))) };
    assert!(model.pictures.len() <= pictures && model.details.len() <= details && model.wanted.len() <= pictures, "memory grows");
    assert!(model.grid.tags.len() <= rows && model.grid.seen.len() <= rows, "memory grows");
    assert!(model.decided.len() <= bench.rows.len() && model.marks.len() <= bench.rows.len(), "memory grows");
    let decided: HashSet<_> = model.decided.iter().map(|decided| decided.submission).collect();
    assert_eq!(decided.len(), model.decided.len(), "one photo's decision may be undone twice");
    // Counted at once, and right as soon as it is on disk: nothing is said to be unsent that never was. A refusal takes the
    // undoing behind it along.
    assert!(model.outbox.unsent <= bench.outbox.unsent().len() + unkept(bench) + 2 * late.len(), "{} unsent", model.outbox.unsent);
}

/// News of decisions that is on its way to the desk.
type Late = VecDeque<Event>;

/// Intentions that are not written down yet.
fn unkept(bench: &Bench) -> usize {
    bench.pending.iter().filter(|effect| matches!(effect, Effect::Act { .. })).count()
}

/// A frame shows pictures of the student whose name is on it, and says that all are there only of that one.
fn check_frame(bench: &Bench) {
    let (_, drawn) = bench.frame();
    let current = bench.model.current().map(|row| row.id);
    if matches!(bench.model.panel, Some(Panel::Conflicts { .. })) {
        let refused = |id| bench.model.outbox.conflicts.iter().any(|conflict| conflict.entry.submission == id);
        assert!(drawn.pictures.iter().all(|painted| refused(painted.request.submission)), "a picture of a photo that was not refused");
        return;
    }
    if bench.model.screen == Screen::Grid {
        let own = |painted: &Painted| {
            drawn.standing.iter().any(|(id, area)| *id == painted.request.submission && area.union(painted.area) == *area)
        };
        assert!(drawn.pictures.iter().all(own), "a picture in another student's tile");
        let painted = |(id, _): &(uuid::Uuid, i64)| drawn.pictures.iter().any(|painted| painted.request.submission == *id);
        assert!(drawn.complete.is_none() && drawn.tiles.iter().all(painted), "a tile without a picture counts as seen");
        return;
    }
    assert!(drawn.pictures.iter().all(|painted| Some(painted.request.submission) == current), "another student's picture");
    assert!(drawn.complete.is_none() || drawn.complete == current, "another student's pictures are complete");
}

fn sequences() -> u32 {
    // Read where it is built: the pure desk reads no environment, and neither do its tests.
    option_env!("ZHAOSHEN_FUZZ_SEQUENCES").and_then(|number| number.parse().ok()).unwrap_or(150)
}

#[test]
fn random_keys_do_no_harm() {
    let mut runner = TestRunner::new(Config { cases: sequences(), failure_persistence: None, ..Config::default() });
    let strategy = proptest::collection::vec(moves(), 20..60);
    let ready = Bench::reviewing(Language::Chinese, (80, 24), 23);
    runner
        .run(&strategy, |moves| {
            let mut bench = ready.clone();
            let mut late = Late::new();
            for (index, step) in moves.into_iter().enumerate() {
                take(&mut bench, &mut late, step);
                check(&bench, &late);
                // Drawing is what takes time: now and then is enough.
                if index % 16 == 15 {
                    check_frame(&bench);
                }
            }
            come_to_rest(&mut bench, &mut late);
            check(&bench, &late);
            check_frame(&bench);
            at_most_one_decision_a_version(&bench);
            nothing_is_lost(&bench);
            Ok(())
        })
        .unwrap();
}

fn take(bench: &mut Bench, late: &mut Late, step: Move) {
    match step {
        Move::Key(c) => bench.happen(Event::Key(Key::char(c))),
        Move::Code(code) => bench.key(code),
        Move::Pass(ms) => bench.pass(ms),
        Move::Answer(n) => {
            let n = n.min(bench.pending.len().saturating_sub(1));
            // Intentions are written down in the order in which they were made.
            let acts = |effect: &Effect| matches!(effect, Effect::Act { .. });
            let n = if bench.pending.get(n).is_some_and(acts) { bench.pending.iter().position(acts).unwrap_or(n) } else { n };
            if let Some(effect) = bench.pending.remove(n) {
                for event in bench.answer(effect) {
                    if matches!(event, Event::Outbox(_)) { late.push_back(event) } else { bench.happen(event) }
                }
            }
        }
        Move::Show => {
            let seen = bench.model.review.shown.is_some();
            let drawn = if bench.model.screen == Screen::Grid || !seen { bench.frame().1 } else { Drawn::default() };
            if let Some(id) = drawn.complete {
                bench.happen(Event::Shown(id));
            }
            if !drawn.tiles.is_empty() {
                bench.happen(Event::TilesShown(drawn.tiles));
            }
        }
        Move::Resize(width, height) => bench.happen(Event::Resized { width, height }),
        Move::Offline(offline) => {
            bench.offline = offline;
            late.extend(bench.deliver());
        }
        Move::Hear(n) => late.drain(..n.min(late.len())).for_each(|event| bench.happen(event)),
        Move::Refusing(refusing) => bench.refusing = refusing,
        Move::Blind(blind) => bench.blind = blind,
        Move::Full(full) => bench.full = full,
    }
}

/// The line is good again, and everything has its answer.
fn come_to_rest(bench: &mut Bench, late: &mut Late) {
    (bench.full, bench.refusing) = (false, false);
    take(bench, late, Move::Offline(false));
    take(bench, late, Move::Hear(usize::MAX));
    bench.settle();
    // What came so late that it was over by then is let go at the next tick.
    bench.pass(1000);
    bench.settle();
}

/// Two decisions for one version can only be if the first was refused, or never written down.
fn at_most_one_decision_a_version(bench: &Bench) {
    let mut decisions: HashMap<(uuid::Uuid, i64), i64> = HashMap::new();
    for effect in &bench.effects {
        if let Effect::Act { submission, version, act: Act::Review(_), .. } = effect {
            *decisions.entry((*submission, *version)).or_default() += 1;
        }
    }
    for message in &bench.messages {
        match &message.event {
            Event::Outbox(OutboxEvent::Refused { conflict, .. }) if matches!(conflict.entry.act, Act::Review(_)) => {
                *decisions.entry((conflict.entry.submission, conflict.entry.version)).or_default() -= 1;
            }
            _ => {}
        }
    }
    for ((submission, _), count) in &mut decisions {
        *count -= not_kept(bench, *submission);
    }
    assert!(decisions.values().all(|count| *count <= 1), "decided twice: {decisions:?}");
}

fn not_kept(bench: &Bench, of: uuid::Uuid) -> i64 {
    let is = |event: &Event| matches!(event, Event::Outbox(OutboxEvent::NotKept { submission, act: Act::Review(_) }) if *submission == of);
    i64::try_from(bench.messages.iter().filter(|message| is(&message.event)).count()).unwrap()
}

/// At rest nothing is unsent or under way, and what is held by one's own decision may be undone, unless the server said no to that.
fn nothing_is_lost(bench: &Bench) {
    let model = &bench.model;
    assert_eq!((bench.outbox.unsent().len(), model.outbox.unsent), (0, 0), "something was never sent");
    let under_way = |mark: &Mark| matches!(mark, Mark::Sending(_) | Mark::Reworking | Mark::Undoing | Mark::Notifying);
    assert!(!model.marks.values().any(under_way), "said to be under way for ever: {:?}", model.marks);
    let refused = |id| {
        let is = |event: &Event| matches!(event, Event::Outbox(OutboxEvent::Refused { conflict, .. }) if conflict.entry.submission == id && conflict.entry.act == Act::Undo);
        bench.messages.iter().any(|message| is(&message.event))
    };
    for row in &bench.rows {
        let held = row.status == Status::Held && row.held_until.is_some_and(|until| until > model.now.wall);
        let undoable = model.decided.iter().find(|decided| decided.submission == row.id).map(|decided| decided.state);
        match (held, undoable) {
            (true, Some(DecidedState::Held { version, .. })) => assert_eq!(version, row.version, "undone by another version"),
            (true, None) => assert!(refused(row.id), "a held decision cannot be undone"),
            (false, None) => {}
            (held, state) => panic!("held: {held}, {state:?}"),
        }
    }
}
