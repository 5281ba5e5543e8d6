//! The registrar's board and a reviewer's own numbers: what stands in them, and how long somebody has been at it.

use crate::api::progress::UnitProgress;

/// What the board's rows are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// As the server names the units.
    #[default]
    Unit,
    Captured,
    Passed,
    Uploaded,
    Mailed,
    Overdue,
}

impl Column {
    pub const ALL: [Column; 6] = [Column::Unit, Column::Captured, Column::Passed, Column::Uploaded, Column::Mailed, Column::Overdue];
    /// Those that are shares of the students who are to have a photo.
    pub const SHARES: [Column; 4] = [Column::Captured, Column::Passed, Column::Uploaded, Column::Mailed];

    /// The code; words are in `locales/` under `desk.board.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Column::Unit => "unit",
            Column::Captured => "captured",
            Column::Passed => "passed",
            Column::Uploaded => "uploaded",
            Column::Mailed => "mailed",
            Column::Overdue => "overdue",
        }
    }

    /// The next of the round.
    #[must_use]
    pub fn next(self) -> Column {
        let at = Column::ALL.iter().position(|column| *column == self).unwrap_or(0);
        Column::ALL[(at + 1) % Column::ALL.len()]
    }

    /// How many students of a unit are so far.
    #[must_use]
    pub fn count(self, unit: &UnitProgress) -> i64 {
        match self {
            Column::Unit => unit.invited,
            Column::Captured => unit.captured_students,
            Column::Passed => unit.done_students,
            Column::Uploaded => unit.deliveries.uploaded + unit.deliveries.accepted,
            Column::Mailed => unit.prints.mailed + unit.prints.received,
            Column::Overdue => unit.overdue,
        }
    }

    /// The same as a share of those who are to have a photo; `None` where nobody is.
    #[must_use]
    pub fn share(self, unit: &UnitProgress) -> Option<f64> {
        (unit.invited > 0).then(|| (self.count(unit) as f64 / unit.invited as f64).min(1.0))
    }
}

/// The open board.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Board {
    pub selected: usize,
    pub sort: Column,
}

impl Board {
    /// The units in the board's order: who is behind comes first. Then the whole, if there is more than one.
    #[must_use]
    pub fn rows<'m>(&self, rows: Vec<&'m UnitProgress>) -> Vec<&'m UnitProgress> {
        let (mut units, whole): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.unit.is_some());
        match self.sort {
            Column::Unit => {}
            Column::Overdue => units.sort_by_key(|unit| std::cmp::Reverse(unit.overdue)),
            share => units.sort_by(|one, other| {
                let of = |unit| share.share(unit).unwrap_or(2.0);
                of(*one).total_cmp(&of(*other))
            }),
        }
        units.into_iter().chain(whole).collect()
    }
}

/// How long somebody has been deciding without a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rhythm {
    /// When it began and when the last decision was, in milliseconds of the desk.
    since: Option<(u64, u64)>,
    decisions: u32,
    told: bool,
}

/// So long without a decision is a pause.
const PAUSE_MS: u64 = 5 * 60_000;
/// After so long, or so many decisions, eyes want one.
const LONG_MS: u64 = 50 * 60_000;
const MANY: u32 = 300;

impl Rhythm {
    /// A decision; says whether a pause is to be proposed now, which is done once between two pauses.
    pub fn decided(&mut self, now: u64) -> bool {
        let (began, _) = match self.since {
            Some((began, last)) if now.saturating_sub(last) < PAUSE_MS => (began, last),
            _ => {
                *self = Rhythm::default();
                (now, now)
            }
        };
        self.since = Some((began, now));
        self.decisions += 1;
        let due = !self.told && (now - began >= LONG_MS || self.decisions >= MANY);
        self.told |= due;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::progress::Prints;

    #[test]
    fn who_is_behind_comes_first_and_the_whole_last() {
        let unit = |code: &str, captured, overdue| UnitProgress {
            unit: Some(code.into()),
            invited: 10,
            captured_students: captured,
            overdue,
            prints: Prints { mailed: 1, received: 2, ..Prints::default() },
            ..UnitProgress::default()
        };
        let (a, b, none) = (unit("a", 9, 1), unit("b", 3, 5), UnitProgress { unit: Some("n".into()), ..UnitProgress::default() });
        let whole = UnitProgress { invited: 20, ..UnitProgress::default() };
        let order = |sort| {
            let board = Board { sort, selected: 0 };
            board.rows(vec![&a, &b, &none, &whole]).iter().map(|row| row.unit.clone().unwrap_or_default()).collect::<String>()
        };
        assert_eq!((order(Column::Unit), order(Column::Captured), order(Column::Overdue)), ("abn".into(), "ban".into(), "ban".into()));
        assert_eq!((Column::Mailed.count(&a), Column::Captured.share(&a), Column::Captured.share(&none)), (3, Some(0.9), None));
    }

    #[test]
    fn a_pause_is_proposed_once_between_two_pauses() {
        let mut rhythm = Rhythm::default();
        let told = (0..700).filter(|n| rhythm.decided(n * 1000)).collect::<Vec<_>>();
        assert_eq!(told, [299]);
        let mut slow = Rhythm::default();
        let told = (0..40).filter(|n| slow.decided(n * 120_000)).collect::<Vec<_>>();
        assert_eq!(told, [25], "fifty minutes");
        assert!(!slow.decided(40 * 120_000 + PAUSE_MS));
        assert_eq!(slow.decisions, 1);
    }
}
