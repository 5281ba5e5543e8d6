//! What of a queue is shown, and in which order: `unit:长安 check:blur<0.3 -reason:glasses age:>3d 张`. Terms hold together, values with a
//! comma between them are alternatives, a minus turns a term round, what has no key is looked for in names and numbers.
//!
//! Pure: text in, a typed [`Query`] out, rows tested against it. What the server can leave out by itself ([`Filter::unit`],
//! [`Filter::status`]) is asked of it; all else is tested on the rows that are loaded.

mod complete;
mod parse;
mod sort;
mod words;

use jiff::Timestamp;

use super::names::Wanted;
use crate::{
    api::submission::SubmissionSummary,
    domain::{
        check::{CheckId, Verdict},
        comparison::Band,
        lifecycle::attempt::Status,
        reason::Reason,
    },
};

pub use complete::{Completion, Proposal, complete};
pub use parse::{Why, Wrong, parse, without};
pub use sort::Sort;
pub use words::{Key, Known};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    pub filter: Filter,
    /// Absent: the server's own.
    pub sort: Option<Sort>,
}

/// All of these must hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    pub terms: Vec<Term>,
}

/// One of these must hold, or, turned round, none.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub not: bool,
    pub any: Vec<Test>,
}

/// What can be said of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The code of a unit.
    Unit(String),
    Status(Status),
    /// The worst of all checks.
    Worst(Verdict),
    Verdict(CheckId, Verdict),
    /// A check's value, in its own unit.
    Value(CheckId, Compare, f64),
    /// The comparison with the ID card; `None` where there was none.
    Score(Option<Band>),
    /// Found by the machine.
    Reason(Reason),
    Attempt(Compare, u32),
    /// Submitted before this.
    Before(Timestamp),
    /// Submitted at this time or later.
    After(Timestamp),
    /// Seconds since it was submitted.
    Age(Compare, i64),
    /// Whether somebody else has it on the screen.
    Claimed(bool),
    Word(Word),
}

/// A free word: a name in characters or pinyin, the beginning of a student number, the last digits of an ID number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Without capitals and full-width forms.
    pub text: String,
    pub name: Wanted,
}

/// How a value is held against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

impl Compare {
    /// As it is written, longest first.
    pub const ALL: [(&'static str, Compare); 7] = [
        ("<=", Compare::AtMost),
        (">=", Compare::AtLeast),
        ("≤", Compare::AtMost),
        ("≥", Compare::AtLeast),
        ("<", Compare::Less),
        (">", Compare::More),
        ("=", Compare::Equal),
    ];

    fn holds<T: PartialOrd>(self, value: T, limit: T) -> bool {
        match self {
            Compare::Less => value < limit,
            Compare::AtMost => value <= limit,
            Compare::Equal => value == limit,
            Compare::AtLeast => value >= limit,
            Compare::More => value > limit,
        }
    }
}

impl Filter {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a row is shown at this time.
    #[must_use]
    pub fn matches(&self, row: &SubmissionSummary, now: Timestamp) -> bool {
        self.terms.iter().all(|term| term.any.iter().any(|test| test.holds(row, now)) != term.not)
    }

    /// The one unit whose rows can match.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.only().find_map(|test| if let Test::Unit(unit) = test { Some(unit.as_str()) } else { None })
    }

    /// The one status whose rows can match.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.only().find_map(|test| if let Test::Status(status) = test { Some(*status) } else { None })
    }

    /// The checks of which rows must say more than their worst verdict.
    #[must_use]
    pub fn checks(&self) -> Vec<CheckId> {
        let mut checks: Vec<CheckId> = self
            .tests()
            .filter_map(|test| match test {
                Test::Verdict(check, _) | Test::Value(check, ..) => Some(*check),
                _ => None,
            })
            .collect();
        checks.sort_unstable();
        checks.dedup();
        checks
    }

    /// Whether it looks for words, which may name a student.
    #[must_use]
    pub fn has_words(&self) -> bool {
        self.tests().any(|test| matches!(test, Test::Word(_)))
    }

    /// Whether it looks for a name, of which lists show the beginning only.
    #[must_use]
    pub fn has_names(&self) -> bool {
        self.tests().any(|test| matches!(test, Test::Word(Word { name: Wanted::Characters(_) | Wanted::Letters { .. }, .. })))
    }

    fn tests(&self) -> impl Iterator<Item = &Test> {
        self.terms.iter().flat_map(|term| &term.any)
    }

    /// The tests that every row must pass by themselves.
    fn only(&self) -> impl Iterator<Item = &Test> {
        self.terms.iter().filter(|term| !term.not && term.any.len() == 1).flat_map(|term| &term.any)
    }
}

impl Test {
    fn holds(&self, row: &SubmissionSummary, now: Timestamp) -> bool {
        match self {
            Test::Unit(unit) => row.unit == *unit,
            Test::Status(status) => row.status == *status,
            Test::Worst(verdict) => row.checks == *verdict,
            Test::Verdict(check, verdict) => match row.measured.iter().find(|measured| measured.check == *check) {
                Some(measured) => measured.verdict == *verdict,
                // Where values do not come with the rows, the machine's reasons tell of failures at least.
                None => *verdict == Verdict::Fail && row.measured.is_empty() && row.machine_reasons.contains(&check.reason()),
            },
            Test::Value(check, compare, limit) => {
                let value = row.measured.iter().find(|measured| measured.check == *check).and_then(|measured| measured.value);
                value.is_some_and(|value| compare.holds(value, *limit))
            }
            Test::Score(band) => row.band == *band,
            Test::Reason(reason) => row.machine_reasons.contains(reason),
            Test::Attempt(compare, number) => compare.holds(row.number, *number),
            Test::Before(limit) => row.submitted_at < *limit,
            Test::After(limit) => row.submitted_at >= *limit,
            Test::Age(compare, seconds) => compare.holds(now.as_second() - row.submitted_at.as_second(), *seconds),
            Test::Claimed(claimed) => row.claimed_until.is_some_and(|until| until > now) == *claimed,
            Test::Word(word) => word.fits(row),
        }
    }
}

/// The last digits of an ID number that are looked for: a masked one keeps them.
const LAST: usize = 4;

impl Word {
    /// Reads a word.
    #[must_use]
    pub fn read(word: &str) -> Word {
        Word { text: word.to_lowercase(), name: Wanted::read(word) }
    }

    fn fits(&self, row: &SubmissionSummary) -> bool {
        let student = &row.student;
        let number = student.student_number.to_lowercase().starts_with(&self.text);
        let last = self.text.len() == LAST
            && self.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'x')
            && student.id_number.as_ref().is_some_and(|number| number.to_lowercase().ends_with(&self.text));
        number || last || student.name.as_ref().is_some_and(|name| self.name.fits(name))
    }
}
