//! A random walk through everything that changes a count. Seeded, so that a failure comes back.

use std::collections::BTreeMap;

use super::world::{SEASON, World, reject, student};
use crate::{
    backend::{roster::Standing, store::types::NewStudent},
    domain::{comparison::Band, review::ReviewVerdict},
};

/// A small generator of our own: the walk must be the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

pub async fn counters_equal_a_scan_after_a_random_walk(world: &mut World) {
    let mut dice = Dice(0x5eed_2027);
    let mut attempts = vec![];
    for _ in 0..200 {
        let index = u32::try_from(dice.roll(6)).unwrap() + 1;
        let reviewer = world.reviewers[usize::try_from(dice.roll(3)).unwrap()].clone();
        let pick = |dice: &mut Dice, attempts: &[uuid::Uuid]| {
            (!attempts.is_empty()).then(|| attempts[usize::try_from(dice.roll(attempts.len() as u64)).unwrap()])
        };
        match dice.roll(11) {
            0 | 1 => attempts.extend(world.capture(index).await.ok()),
            2 => world.develop([None, Some(Band::Same), Some(Band::Doubtful)][usize::try_from(dice.roll(3)).unwrap()], false).await,
            3 => world.develop(None, true).await,
            // Refusals are part of the walk: they must change nothing.
            4 | 5 => {
                if let Some(id) = pick(&mut dice, &attempts) {
                    let _ = world.review(&reviewer, id, if dice.roll(2) == 0 { reject() } else { ReviewVerdict::Approve }).await;
                }
            }
            6 => {
                if let Some(id) = pick(&mut dice, &attempts) {
                    let _ = world.undo(&reviewer, id).await;
                }
            }
            7 => world.freeze_later().await,
            // What a roster says of parts in the season; a withdrawal after an approval is refused, and must change nothing.
            8 | 9 => {
                let standing = [Standing::Active, Standing::Withdrawn, Standing::Ineligible][usize::try_from(dice.roll(3)).unwrap()];
                let unit = ["A", "B", "C"][usize::try_from(dice.roll(3)).unwrap()];
                world.take(&[NewStudent { standing: Some(standing), ..student(index, unit) }]).await.unwrap();
            }
            _ => {
                let unit = ["A", "B", "C"][usize::try_from(dice.roll(3)).unwrap()];
                assert!(world.take(&[student(index, unit)]).await.unwrap().taken);
            }
        }
        world.assert_counters().await;
    }
    assert!(attempts.len() > 6, "the walk hardly went anywhere");
    assert_eq!(world.store.reconcile(world.now()).await.unwrap(), [], "nothing is left to mend");
    assert_days_equal_the_audit(world).await;
}

/// Every photo that came and every decision that became final stands in the audit; their numbers by day must be those of the days.
async fn assert_days_equal_the_audit(world: &World) {
    let mut counted: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut cursor = None;
    loop {
        let page = world.store.audit(&world.admin, Some(SEASON), cursor.as_deref(), 100).await.unwrap();
        for line in page.items {
            let day = jiff::tz::Offset::constant(8).to_datetime(line.at).date().to_string();
            let day = counted.entry(day).or_default();
            day.0 += i64::from(line.action == "submission.captured");
            day.1 += i64::from(line.action == "decision.frozen");
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    counted.retain(|_, happened| *happened != (0, 0));
    let days = world.store.days(&world.admin, SEASON, None).await.unwrap();
    let kept: BTreeMap<String, (i64, i64)> = days.iter().map(|day| (day.day.to_string(), (day.captured, day.decided))).collect();
    assert_eq!(kept, counted);
}
