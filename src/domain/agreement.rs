//! Agreement between two who judged the same photos: Cohen's kappa, and where it cannot be said.

/// How often two judges said what of the same photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Judged {
    pub both_approved: u64,
    /// The first approved, the second rejected.
    pub only_first_approved: u64,
    pub only_second_approved: u64,
    pub both_rejected: u64,
}

/// Why there is no kappa.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoKappa {
    /// They judged nothing together.
    #[error("nothing was judged by both")]
    Nothing,
    /// Both said one and the same of everything: chance alone would have them agree always, so that agreement says nothing.
    #[error("both said the same of everything")]
    OneVerdict,
}

impl NoKappa {
    /// The stable code; texts are in `locales/` under `kappa.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            NoKappa::Nothing => "nothing",
            NoKappa::OneVerdict => "one_verdict",
        }
    }
}

impl Judged {
    /// One more photo: whether each approved it.
    pub fn count(&mut self, first: bool, second: bool, times: u64) {
        let cell = match (first, second) {
            (true, true) => &mut self.both_approved,
            (true, false) => &mut self.only_first_approved,
            (false, true) => &mut self.only_second_approved,
            (false, false) => &mut self.both_rejected,
        };
        *cell += times;
    }

    /// How many photos both judged.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.both_approved + self.only_first_approved + self.only_second_approved + self.both_rejected
    }

    /// Of how many they said the same.
    #[must_use]
    pub fn same(&self) -> u64 {
        self.both_approved + self.both_rejected
    }

    /// Cohen's kappa: agreement beyond what chance would give, from -1 to 1; 0 is chance. Where one says the same of everything and the other
    /// does not, it is 0: such a judge tells nothing apart.
    ///
    /// # Errors
    /// [`NoKappa`] where it is not defined.
    pub fn kappa(&self) -> Result<f64, NoKappa> {
        let all = self.all();
        if all == 0 {
            return Err(NoKappa::Nothing);
        }
        if self.both_approved == all || self.both_rejected == all {
            return Err(NoKappa::OneVerdict);
        }
        let share = |count: u64| count as f64 / all as f64;
        let (first, second) = (share(self.both_approved + self.only_first_approved), share(self.both_approved + self.only_second_approved));
        let by_chance = first * second + (1.0 - first) * (1.0 - second);
        // Both constant, and of different verdicts: chance has them never agree, and they never do.
        Ok((share(self.same()) - by_chance) / (1.0 - by_chance))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(both_approved: u64, only_first_approved: u64, only_second_approved: u64, both_rejected: u64) -> Judged {
        Judged { both_approved, only_first_approved, only_second_approved, both_rejected }
    }

    fn assert_kappa(judged: Judged, by_hand: f64) {
        let kappa = judged.kappa().unwrap();
        assert!((kappa - by_hand).abs() < 1e-9, "{kappa} is not {by_hand}");
    }

    #[test]
    fn kappa_is_what_the_hand_computes() {
        // 50 photos: agreed 35/50 = .7; 25/50 and 30/50 approved, by chance .5 · .6 + .5 · .4 = .5; (.7 − .5) / .5.
        assert_kappa(judged(20, 5, 10, 15), 0.4);
        // 100 photos, 60 agreed both times; by chance .6 · .7 + .4 · .3 = .54 and .6 · .3 + .4 · .7 = .46.
        assert_kappa(judged(45, 15, 25, 15), 0.06 / 0.46);
        assert_kappa(judged(25, 35, 5, 35), 0.14 / 0.54);
        // All agreed; none agreed.
        assert_kappa(judged(7, 0, 0, 3), 1.0);
        assert_kappa(judged(0, 5, 5, 0), -1.0);
        // One who approves everything tells nothing apart.
        assert_kappa(judged(8, 0, 2, 0), 0.0);
        assert_kappa(judged(0, 4, 0, 0), 0.0);
    }

    #[test]
    fn where_there_is_no_kappa_it_is_said_why() {
        assert_eq!(judged(0, 0, 0, 0).kappa(), Err(NoKappa::Nothing));
        assert_eq!(judged(9, 0, 0, 0).kappa(), Err(NoKappa::OneVerdict));
        assert_eq!(judged(0, 0, 0, 1).kappa(), Err(NoKappa::OneVerdict));
    }

    proptest! {
        #[test]
        fn kappa_lies_within_its_bounds_and_knows_no_first(a in 0u64..500, b in 0u64..500, c in 0u64..500, d in 0u64..500) {
            let kappa = judged(a, b, c, d).kappa();
            prop_assert_eq!(kappa.is_err(), a + b + c + d == 0 || b + c == 0 && (a == 0 || d == 0));
            if let Ok(kappa) = kappa {
                prop_assert!((-1.0 - 1e-9..=1.0 + 1e-9).contains(&kappa));
                prop_assert!((kappa - judged(a, c, b, d).kappa().unwrap()).abs() < 1e-9);
                prop_assert!((kappa - judged(d, c, b, a).kappa().unwrap()).abs() < 1e-9, "names of the verdicts do not matter");
                prop_assert_eq!((kappa - 1.0).abs() < 1e-12, b + c == 0);
            }
        }
    }
}
