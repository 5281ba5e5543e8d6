//! The orders of a queue. Each is total: equal rows stand as the server sends them, oldest first.

use std::cmp::Ordering;

use crate::{
    api::submission::SubmissionSummary,
    desk::names,
    domain::{check::Verdict, comparison::Band},
};

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Who has waited longest comes first: as the server sends them.
    #[default]
    Age,
    Newest,
    /// By the sound of the family name, as far as lists show names.
    Pinyin,
    /// What needs the closest look comes first: the comparison, then the worst check, then retakes.
    Risk,
}

impl Sort {
    pub const ALL: [Sort; 4] = [Sort::Age, Sort::Newest, Sort::Pinyin, Sort::Risk];

    /// The code; words are in `locales/` under `desk.sort.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Sort::Age => "age",
            Sort::Newest => "newest",
            Sort::Pinyin => "pinyin",
            Sort::Risk => "risk",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Sort> {
        Sort::ALL.into_iter().find(|sort| sort.code() == code)
    }

    /// The next of the round.
    #[must_use]
    pub fn next(self) -> Sort {
        let at = Sort::ALL.iter().position(|sort| *sort == self).unwrap_or(0);
        Sort::ALL[(at + 1) % Sort::ALL.len()]
    }

    /// Puts rows in this order.
    pub fn sort(self, rows: &mut [SubmissionSummary]) {
        match self {
            // A name's sound is worked out once a row, not once a comparison.
            Sort::Pinyin => rows.sort_by_cached_key(|row| (sound(row), row.submitted_at, row.id)),
            _ => rows.sort_by(|one, other| self.compare(one, other)),
        }
    }

    /// Which of two rows comes first.
    #[must_use]
    pub fn compare(self, one: &SubmissionSummary, other: &SubmissionSummary) -> Ordering {
        let age = |row: &SubmissionSummary| (row.submitted_at, row.id);
        match self {
            Sort::Age => age(one).cmp(&age(other)),
            Sort::Newest => age(other).cmp(&age(one)),
            Sort::Pinyin if one.student.name == other.student.name => age(one).cmp(&age(other)),
            Sort::Pinyin => sound(one).cmp(&sound(other)).then_with(|| age(one).cmp(&age(other))),
            Sort::Risk => risk(other).cmp(&risk(one)).then_with(|| age(one).cmp(&age(other))),
        }
    }
}

fn sound(row: &SubmissionSummary) -> String {
    names::key(row.student.name.as_deref().unwrap_or_default())
}

/// The higher, the closer it must be looked at.
fn risk(row: &SubmissionSummary) -> (u8, Verdict, bool) {
    let band = match row.band {
        Some(Band::Different) => 3,
        Some(Band::Doubtful) => 2,
        None => 1,
        Some(Band::Same) => 0,
    };
    (band, row.checks, row.number > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{desk::fixtures::row, domain::lifecycle::attempt::Status};

    fn order(sort: Sort) -> Vec<u128> {
        let mut rows: Vec<SubmissionSummary> = (0..8).map(|n| row(n, Status::Pending)).rev().collect();
        sort.sort(&mut rows);
        assert!(rows.windows(2).all(|two| sort.compare(&two[0], &two[1]).is_lt()), "{sort:?}");
        rows.iter().map(|row| row.id.as_u128() - 1).collect()
    }

    #[test]
    fn the_orders() {
        assert_eq!(order(Sort::Age), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(order(Sort::Newest), [7, 6, 5, 4, 3, 2, 1, 0]);
        // 李, 欧阳, 张.
        assert_eq!(order(Sort::Pinyin), [2, 5, 1, 4, 7, 0, 3, 6]);
        // 3 is doubtful, 1 and 5 fail a check, 2 and 7 are retakes.
        assert_eq!(order(Sort::Risk), [3, 1, 5, 2, 7, 0, 4, 6]);
    }

    #[test]
    fn codes_are_read_back_and_the_round_is_whole() {
        let mut sort = Sort::Age;
        for expected in Sort::ALL {
            assert_eq!((sort, Sort::from_code(sort.code())), (expected, Some(expected)));
            sort = sort.next();
        }
        assert_eq!(sort, Sort::Age);
    }
}
