//! A random walk through everything that changes a count. Seeded, so that a failure comes back.

use super::world::{World, reject, student};
use crate::domain::{comparison::Band, review::ReviewVerdict};

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
    for _ in 0..150 {
        let index = u32::try_from(dice.roll(6)).unwrap() + 1;
        let reviewer = world.reviewers[usize::try_from(dice.roll(3)).unwrap()].clone();
        let pick = |dice: &mut Dice, attempts: &[uuid::Uuid]| {
            (!attempts.is_empty()).then(|| attempts[usize::try_from(dice.roll(attempts.len() as u64)).unwrap()])
        };
        match dice.roll(9) {
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
            _ => {
                let unit = ["A", "B", "C"][usize::try_from(dice.roll(3)).unwrap()];
                assert!(world.take(&[student(index, unit)]).await.unwrap().taken);
            }
        }
        world.assert_counters().await;
    }
    assert!(attempts.len() > 6, "the walk hardly went anywhere");
}
