//! The words of the filter language: its keys, and the values that have names. Names count in both languages, in pinyin and as codes.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    desk::names,
    domain::{
        check::{CheckId, Verdict},
        comparison::Band,
        lifecycle::attempt::Status,
        reason::Reason,
    },
    language::{self, Language},
};

use super::Sort;

/// What a filter is read with.
#[derive(Debug, Clone)]
pub struct Known {
    pub language: Language,
    /// The units in scope: code and name.
    pub units: Vec<(String, String)>,
    /// Of the days that are written.
    pub zone: TimeZone,
    pub now: Timestamp,
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Unit,
    Status,
    Check,
    Score,
    Reason,
    Attempt,
    Before,
    After,
    Age,
    Claimed,
    Sort,
}

impl Key {
    pub const ALL: [Key; 11] = [
        Key::Unit,
        Key::Status,
        Key::Check,
        Key::Score,
        Key::Reason,
        Key::Attempt,
        Key::Before,
        Key::After,
        Key::Age,
        Key::Claimed,
        Key::Sort,
    ];

    /// The code; its Chinese name and what it is for are in `locales/` under `desk.filter.key.<code>` and `desk.filter.about.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Key::Unit => "unit",
            Key::Status => "status",
            Key::Check => "check",
            Key::Score => "score",
            Key::Reason => "reason",
            Key::Attempt => "attempt",
            Key::Before => "before",
            Key::After => "after",
            Key::Age => "age",
            Key::Claimed => "claimed",
            Key::Sort => "sort",
        }
    }
}

/// Something with names.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<T> {
    pub value: T,
    pub code: String,
    /// In the user's language.
    pub name: String,
    /// In the others.
    pub also: Vec<String>,
}

impl<T> Named<T> {
    fn new(known: &Known, value: T, code: &str, text: &str) -> Named<T> {
        let name = language::text(known.language, text, &[]);
        let also =
            Language::ALL.into_iter().filter(|other| *other != known.language).map(|other| language::text(other, text, &[])).collect();
        Named { value, code: code.to_owned(), name, also }
    }

    /// How well a word names it: the less, the better; `None` where it does not.
    #[must_use]
    pub fn fits(&self, word: &str) -> Option<u8> {
        let word = word.to_lowercase();
        let names = || std::iter::once(&self.name).chain(&self.also).map(|name| name.to_lowercase());
        let code = self.code.to_lowercase();
        if code == word || names().any(|name| name == word) {
            return Some(0);
        }
        if code.starts_with(&word) || names().any(|name| name.starts_with(&word)) {
            return Some(1);
        }
        if word.is_ascii() && names().any(|name| names::initials(&name).starts_with(&word) || names::letters(&name).starts_with(&word)) {
            return Some(2);
        }
        (code.contains(&word) || names().any(|name| name.contains(&word))).then_some(3)
    }
}

/// The keys by their names.
#[must_use]
pub fn keys(known: &Known) -> Vec<Named<Key>> {
    Key::ALL.into_iter().map(|key| Named::new(known, key, key.code(), &format!("desk.filter.key.{}", key.code()))).collect()
}

/// The units.
#[must_use]
pub fn units(known: &Known) -> Vec<Named<String>> {
    let named = |(code, name): &(String, String)| Named { value: code.clone(), code: code.clone(), name: name.clone(), also: vec![] };
    known.units.iter().map(named).collect()
}

#[must_use]
pub fn statuses(known: &Known) -> Vec<Named<Status>> {
    Status::ALL.into_iter().map(|status| Named::new(known, status, status.code(), &format!("status.{}", status.code()))).collect()
}

#[must_use]
pub fn checks(known: &Known) -> Vec<Named<CheckId>> {
    CheckId::ALL.iter().map(|check| Named::new(known, *check, check.code(), &format!("check.{}", check.code()))).collect()
}

#[must_use]
pub fn verdicts(known: &Known) -> Vec<Named<Verdict>> {
    let all = [(Verdict::Fail, "fail"), (Verdict::Warn, "warn"), (Verdict::Unknown, "unknown"), (Verdict::Pass, "pass")];
    all.into_iter().map(|(verdict, code)| Named::new(known, verdict, code, &format!("verdict.{code}"))).collect()
}

/// The bands; none where nothing was compared.
#[must_use]
pub fn scores(known: &Known) -> Vec<Named<Option<Band>>> {
    let band = |band: Band| Named::new(known, Some(band), band.code(), &format!("band.{}", band.code()));
    let none = Named::new(known, None, "none", "desk.band.none");
    [Band::Different, Band::Doubtful, Band::Same].into_iter().map(band).chain([none]).collect()
}

#[must_use]
pub fn reasons(known: &Known) -> Vec<Named<Reason>> {
    Reason::ALL.iter().map(|reason| Named::new(known, *reason, reason.code(), &format!("reason.{}.short", reason.code()))).collect()
}

#[must_use]
pub fn answers(known: &Known) -> Vec<Named<bool>> {
    [(true, "yes"), (false, "no")].into_iter().map(|(value, code)| Named::new(known, value, code, &format!("desk.filter.{code}"))).collect()
}

#[must_use]
pub fn sorts(known: &Known) -> Vec<Named<Sort>> {
    Sort::ALL.into_iter().map(|sort| Named::new(known, sort, sort.code(), &format!("desk.sort.{}", sort.code()))).collect()
}

/// The one thing that a word names: exactly, else the only one it begins or is part of. Otherwise what it may have meant, best first.
pub fn resolve<T>(all: Vec<Named<T>>, word: &str) -> Result<T, Vec<String>> {
    let mut fits: Vec<(u8, Named<T>)> = all.into_iter().filter_map(|named| named.fits(word).map(|fit| (fit, named))).collect();
    fits.sort_by_key(|(fit, _)| *fit);
    let best = fits.first().map_or(0, |(fit, _)| *fit);
    if fits.iter().filter(|(fit, _)| *fit == best).count() == 1 {
        return Ok(fits.swap_remove(0).1.value);
    }
    Err(fits.into_iter().map(|(_, named)| named.name).collect())
}
