//! Soaks: what a power cut in the middle of decisions leaves behind, again and again. Run by `tests/run --long`; docs/endurance.md has the figures.
//!
//! `ZHAOSHEN_LONG_CYCLES` says how often the server dies (100 where it says nothing).

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use uuid::Uuid;

mod crashes;
mod kills;
mod race;
mod rosters;
mod rubbish;
#[path = "../journeys/support/mod.rs"]
mod support;

use support::{
    house::{House, SEASON, students},
    replicas::{self, Confirmed, decide_and_undo},
};

fn cycles() -> u64 {
    std::env::var("ZHAOSHEN_LONG_CYCLES").ok().and_then(|number| number.parse().ok()).unwrap_or(100)
}

#[test]
fn no_decision_is_lost_or_doubled_when_replicas_and_the_database_die() {
    replicas::survive(cycles());
}

#[test]
fn no_decision_is_lost_or_doubled_by_power_cuts() {
    let cycles = cycles();
    let (mut house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 86_400);
    let cohort = students(&[0, 2, 16, 32]);
    registrar.import(&cohort);
    let ids: Vec<Uuid> = house.submissions(&registrar).into_iter().map(|submission| submission.id).collect();

    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let hands: Vec<_> = ids.iter().map(|id| runtime.spawn(decide_and_undo(reviewer.http.clone(), *id, Arc::clone(&stop)))).collect();
    // Anything but a fixed rhythm, and the same on every run.
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..cycles {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(30 + (dice >> 33) % 300));
        house.kill_9();
        house.start();
    }
    stop.store(true, Ordering::Relaxed);
    let confirmed = hands
        .into_iter()
        .map(|hand| runtime.block_on(hand).expect("no hand panics"))
        .fold(Confirmed::default(), |sum, one| Confirmed { held: sum.held + one.held, undone: sum.undone + one.undone });

    let mut audit = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = house.ask(registrar.http.audit(SEASON, cursor.as_deref()));
        audit.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let number = |action: &str| audit.iter().filter(|line| line.action == action).count();
    println!("{cycles} power cuts, {} decisions and {} undoings confirmed", confirmed.held, confirmed.undone);
    assert_eq!((number("decision.held"), number("decision.undone")), (confirmed.held, confirmed.undone));
    assert_eq!(audit.iter().map(|line| line.sequence).collect::<HashSet<_>>().len(), audit.len());
    house.assert_counted(&registrar);
}
