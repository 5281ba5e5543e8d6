//! What a reviewer's hands have got used to: the reasons given last and most, and reasons kept together under a digit. Pure data; where it is
//! kept is `effects`' affair. Codes of reasons alone: nothing in it speaks of a student.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::reason::Reason;

/// Reasons that stand before all others in the sheet.
pub const QUICK: usize = 6;
/// Of these, the ones given last; the others are the ones given most.
const LAST: usize = 2;
/// Counts are halved once one of them is so large, so that habits can change.
const MOST: u32 = 400;

/// A reviewer's habits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Habits {
    /// Newest first, each once.
    pub last: Vec<Reason>,
    pub counts: BTreeMap<Reason, u32>,
    /// Reasons kept together, by the digit that brings them: 1 to 9, as text because a table's keys are text.
    pub macros: BTreeMap<String, Vec<Reason>>,
}

impl Habits {
    /// A rejection for these reasons was made.
    pub fn given(&mut self, reasons: &[Reason]) {
        for reason in reasons.iter().rev() {
            self.last.retain(|known| known != reason);
            self.last.insert(0, *reason);
            *self.counts.entry(*reason).or_default() += 1;
        }
        self.last.truncate(LAST);
        if self.counts.values().any(|count| *count > MOST) {
            self.counts.values_mut().for_each(|count| *count /= 2);
            self.counts.retain(|_, count| *count > 0);
        }
    }

    /// The reasons that stand first: given last, then given most.
    #[must_use]
    pub fn quick(&self) -> Vec<Reason> {
        let mut most: Vec<(Reason, u32)> =
            self.counts.iter().map(|(reason, count)| (*reason, *count)).filter(|(_, count)| *count > 1).collect();
        most.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
        let mut quick: Vec<Reason> = Vec::new();
        for reason in self.last.iter().copied().chain(most.into_iter().map(|(reason, _)| reason)) {
            if !quick.contains(&reason) && quick.len() < QUICK {
                quick.push(reason);
            }
        }
        quick
    }

    /// Every reason, the quick ones first, the others in the order of the standard.
    #[must_use]
    pub fn order(&self) -> Vec<Reason> {
        let mut order = self.quick();
        let rest: Vec<Reason> = Reason::ALL.iter().copied().filter(|reason| !order.contains(reason)).collect();
        order.extend(rest);
        order
    }

    /// Keeps reasons under a digit; none forgets what was there.
    pub fn keep(&mut self, digit: u8, reasons: &[Reason]) {
        if reasons.is_empty() {
            self.macros.remove(&digit.to_string());
        } else {
            self.macros.insert(digit.to_string(), reasons.to_vec());
        }
    }

    /// What is kept under a digit.
    #[must_use]
    pub fn kept(&self, digit: u8) -> &[Reason] {
        self.macros.get(&digit.to_string()).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_come_first_then_the_most_frequent_then_the_standard() {
        let mut habits = Habits::default();
        assert_eq!(habits.order(), Reason::ALL);
        for _ in 0..3 {
            habits.given(&[Reason::Blur]);
        }
        habits.given(&[Reason::Glasses]);
        habits.given(&[Reason::Tilted, Reason::MouthOpen]);
        assert_eq!(habits.quick(), [Reason::Tilted, Reason::MouthOpen, Reason::Blur]);
        let order = habits.order();
        assert_eq!((order.len(), order[3]), (Reason::ALL.len(), Reason::Greyscale));
        let mut sorted = order;
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), Reason::ALL.len());
    }

    #[test]
    fn old_habits_fade() {
        let mut habits = Habits::default();
        for _ in 0..=MOST {
            habits.given(&[Reason::Blur]);
        }
        assert!(habits.counts[&Reason::Blur] <= MOST / 2 + 1);
    }

    #[test]
    fn macros_survive_their_file() {
        let mut habits = Habits::default();
        habits.keep(3, &[Reason::Glasses, Reason::HairOverFace]);
        habits.given(&[Reason::Blur]);
        let text = toml::to_string(&habits).unwrap();
        assert_eq!(toml::from_str::<Habits>(&text).unwrap(), habits);
        habits.keep(3, &[]);
        assert!(habits.kept(3).is_empty() && habits.macros.is_empty());
    }
}
