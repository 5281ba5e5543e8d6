//! What a picture of an ID card can be found to be: its faults, what was read on it, and how that stands against the record.
//!
//! A machine never rejects a person: a mismatch is a finding for people, and whatever is not read for sure is unclear, never a mismatch.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use super::resident_id::{ResidentId, mask_name, mask_number};

/// What can be wrong with a picture of an ID card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardFault {
    ReversedSide,
    Copy,
    Temporary,
    Rephotographed,
    Blurred,
    OverExposed,
    UnderExposed,
    BorderIncomplete,
    Expired,
}

impl CardFault {
    /// Every fault there is a word for.
    pub const ALL: [CardFault; 9] = [
        CardFault::ReversedSide,
        CardFault::Copy,
        CardFault::Temporary,
        CardFault::Rephotographed,
        CardFault::Blurred,
        CardFault::OverExposed,
        CardFault::UnderExposed,
        CardFault::BorderIncomplete,
        CardFault::Expired,
    ];

    /// The stable code; texts are in `locales/` under `card_fault.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            CardFault::ReversedSide => "reversed_side",
            CardFault::Copy => "copy",
            CardFault::Temporary => "temporary",
            CardFault::Rephotographed => "rephotographed",
            CardFault::Blurred => "blurred",
            CardFault::OverExposed => "over_exposed",
            CardFault::UnderExposed => "under_exposed",
            CardFault::BorderIncomplete => "border_incomplete",
            CardFault::Expired => "expired",
        }
    }
}

/// Whether a fault is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardVerdict {
    Absent,
    Present,
    /// A machine cannot tell from this picture.
    Unknown,
}

/// One fault looked for: what was measured and against which limit; both missing where nothing could be measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CardFinding {
    pub fault: CardFault,
    pub verdict: CardVerdict,
    pub value: Option<f64>,
    pub limit: Option<f64>,
}

impl CardFinding {
    /// Present where `value` is above `limit`.
    #[must_use]
    pub fn above(fault: CardFault, value: f64, limit: f64) -> CardFinding {
        let verdict = if value > limit { CardVerdict::Present } else { CardVerdict::Absent };
        CardFinding { fault, verdict, value: Some(value), limit: Some(limit) }
    }

    /// Present where `value` is below `limit`.
    #[must_use]
    pub fn below(fault: CardFault, value: f64, limit: f64) -> CardFinding {
        let verdict = if value < limit { CardVerdict::Present } else { CardVerdict::Absent };
        CardFinding { fault, verdict, value: Some(value), limit: Some(limit) }
    }

    /// Not to be told from this picture.
    #[must_use]
    pub fn unknown(fault: CardFault) -> CardFinding {
        CardFinding { fault, verdict: CardVerdict::Unknown, value: None, limit: None }
    }
}

/// Something read on a card. It is personal: `Debug` shows only how sure it is, and `reveal` is the one way to the text.
#[derive(Clone, PartialEq)]
pub struct Read {
    text: String,
    /// Of the least sure character, 0–1.
    pub confidence: f64,
}

impl Read {
    /// A text and how sure the reader is of its least sure character.
    #[must_use]
    pub fn new(text: impl Into<String>, confidence: f64) -> Read {
        Read { text: text.into(), confidence }
    }

    /// The text itself. Ask only to compare or to seal it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// As a screen may show a name.
    #[must_use]
    pub fn masked_name(&self) -> String {
        mask_name(&self.text)
    }

    /// As a screen may show a number.
    #[must_use]
    pub fn masked_number(&self) -> String {
        mask_number(&self.text)
    }
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Read").field("characters", &self.text.chars().count()).field("confidence", &self.confidence).finish()
    }
}

/// What the school's record says. Either part may be missing, or masked with `*`, as in seasons with capture codes.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CardRecord {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub number: Option<String>,
}

impl fmt::Debug for CardRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardRecord").field("name", &self.name.is_some()).field("number", &self.number.is_some()).finish()
    }
}

/// How something read stands against the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardMatch {
    Match,
    /// Read for sure, and something else than the record.
    Mismatch,
    /// Not read, not for sure, or nothing to compare with.
    Unclear,
}

impl CardMatch {
    /// The stable code; texts are in `locales/` under `card_match.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            CardMatch::Match => "match",
            CardMatch::Mismatch => "mismatch",
            CardMatch::Unclear => "unclear",
        }
    }
}

/// A name that differs from the record is called a mismatch only from this confidence of its least sure character on.
pub const SURE_NAME: f64 = 0.95;
/// The same for a number, whose check character speaks for it already.
pub const SURE_NUMBER: f64 = 0.8;
/// Below this nothing is compared at all.
const LEGIBLE: f64 = 0.5;

/// How a name read on a card stands against the record's. `knows` says whether the reader could have read a character at all:
/// a rare character it has never seen is read as another one, surely and wrongly.
#[must_use]
pub fn compare_name(read: Option<&Read>, record: Option<&str>, knows: impl Fn(char) -> bool) -> CardMatch {
    let (Some(read), Some(record)) = (read, record) else { return CardMatch::Unclear };
    let (seen, wanted) = (plain_name(&read.text), plain_name(record));
    if seen.is_empty() || wanted.is_empty() || read.confidence < LEGIBLE {
        return CardMatch::Unclear;
    }
    if fits(&seen, &wanted) {
        return CardMatch::Match;
    }
    // A long name stands in two lines, of which one may have been overlooked.
    let part = seen.len() < wanted.len() && fits(&seen, &wanted[..seen.len()]);
    if !part && read.confidence >= SURE_NAME && wanted.iter().all(|c| *c == '*' || knows(*c)) {
        CardMatch::Mismatch
    } else {
        CardMatch::Unclear
    }
}

/// How a number read on a card stands against the record's.
#[must_use]
pub fn compare_number(read: Option<&Read>, record: Option<&str>) -> CardMatch {
    let (Some(read), Some(record)) = (read, record) else { return CardMatch::Unclear };
    let (seen, wanted) = (plain_number(&read.text), plain_number(record));
    if wanted.len() != 18 || read.confidence < LEGIBLE {
        return CardMatch::Unclear;
    }
    if fits(&seen, &wanted) {
        return CardMatch::Match;
    }
    // What does not pass its own check was misread.
    if read.confidence >= SURE_NUMBER && ResidentId::parse(&read.text).is_ok() { CardMatch::Mismatch } else { CardMatch::Unclear }
}

/// What people are to look at: a mismatch, and a picture or a text that is not clear. `matches` only where there is a record.
#[must_use]
pub fn reasons(findings: &[CardFinding], matches: &[CardMatch]) -> Vec<Reason> {
    let faulty = findings.iter().any(|finding| finding.verdict == CardVerdict::Present);
    let mismatch = matches.contains(&CardMatch::Mismatch).then_some(Reason::IdMismatch);
    let unclear = (faulty || matches.contains(&CardMatch::Unclear)).then_some(Reason::IdUnclear);
    mismatch.into_iter().chain(unclear).collect()
}

fn fits(seen: &[char], wanted: &[char]) -> bool {
    seen.len() == wanted.len() && seen.iter().zip(wanted).all(|(a, b)| *b == '*' || a == b)
}

/// Without spaces and the dots between the parts of a name, which are written in many ways.
fn plain_name(name: &str) -> Vec<char> {
    name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '·' | '•' | '・' | '‧' | '.' | '．' | '。')).collect()
}

fn plain_number(number: &str) -> Vec<char> {
    number.chars().filter(|c| !c.is_whitespace()).map(super::resident_id::half_width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, confidence: f64) -> Read {
        Read::new(text, confidence)
    }

    #[test]
    fn a_name_matches_in_every_way_of_writing_it() {
        let name = |seen: &str, wanted: &str| compare_name(Some(&read(seen, 0.9)), Some(wanted), |_| true);
        assert_eq!(name("样本甲", " 样 本 甲 "), CardMatch::Match);
        assert_eq!(name("样本·甲乙", "样本•甲乙"), CardMatch::Match);
        assert_eq!(name("样本甲", "样**"), CardMatch::Match, "a masked record");
        assert_eq!(name("样本甲", "王**"), CardMatch::Unclear, "not sure enough for a mismatch");
    }

    #[test]
    fn only_what_is_read_for_sure_is_a_mismatch() {
        let sure = read("样本乙", 0.99);
        assert_eq!(compare_name(Some(&sure), Some("样本甲"), |_| true), CardMatch::Mismatch);
        assert_eq!(compare_name(Some(&sure), Some("样本䶮"), |c| c != '䶮'), CardMatch::Unclear, "a character nobody taught the reader");
        assert_eq!(compare_name(Some(&read("样本乙", 0.6)), Some("样本甲"), |_| true), CardMatch::Unclear);
        assert_eq!(compare_name(Some(&read("样本", 0.99)), Some("样本甲"), |_| true), CardMatch::Unclear, "half of it");
        assert_eq!(compare_name(None, Some("样本甲"), |_| true), CardMatch::Unclear);
        assert_eq!(compare_name(Some(&sure), None, |_| true), CardMatch::Unclear);
    }

    #[test]
    fn faults_and_doubts_are_for_people() {
        let blurred = CardFinding::above(CardFault::Blurred, 1.0, 0.5);
        assert_eq!(reasons(&[blurred], &[]), [Reason::IdUnclear]);
        assert_eq!(reasons(&[CardFinding::unknown(CardFault::Expired)], &[CardMatch::Match]), []);
        assert_eq!(reasons(&[], &[CardMatch::Mismatch, CardMatch::Unclear]), [Reason::IdMismatch, Reason::IdUnclear]);
    }

    #[test]
    fn a_number_that_fails_its_own_check_is_unclear() {
        let number = |seen: &str, wanted: &str| compare_number(Some(&read(seen, 0.99)), Some(wanted));
        assert_eq!(number("99000019950615004X", "９９００００１９９５０６１５００４ｘ"), CardMatch::Match);
        assert_eq!(number("990000199001010017", "9900**********0017"), CardMatch::Match);
        assert_eq!(number("990000199001010017", "990000199001010025"), CardMatch::Mismatch);
        assert_eq!(number("990000199001010018", "990000199001010025"), CardMatch::Unclear);
        assert_eq!(number("990000199001010017", "99000019900101"), CardMatch::Unclear, "no number to compare with");
    }

    #[test]
    fn nothing_prints_what_was_read() {
        let record = CardRecord { name: Some("样本甲".into()), number: Some("990000199001010017".into()) };
        let printed = format!("{:?} {record:?}", read("样本甲", 0.9));
        assert!(!printed.contains('样') && !printed.contains("9900"), "{printed}");
    }
}
