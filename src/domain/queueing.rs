//! The queue's order and the ways round it: places with a head start for whom waiting hurts most, and skipping with a reason.
//!
//! A head start, not a class of its own: it moves a photo some hours ahead and never lets it pass those who have waited longer than that, so
//! that nobody starves behind a stream of the privileged.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::season::SeasonRules;

/// The place in the queue: when the photo came in, less its head start.
///
/// A retake has the season's head start for retakes. Who comes in within the last hours before the deadline is placed as if they had come when
/// those hours began: ahead of other units, behind nobody of their own who came earlier. Of two head starts the larger counts.
#[must_use]
pub fn place(rules: &SeasonRules, retake: bool, submitted_at: Timestamp, deadline: Option<Timestamp>) -> Timestamp {
    let of_retake = if retake { minutes(rules.retake_head_start_minutes) } else { Duration::ZERO };
    let before_deadline = minutes(rules.deadline_head_start_minutes);
    let of_deadline = deadline.map_or(Duration::ZERO, |deadline| {
        Duration::try_from(submitted_at.duration_since(deadline - before_deadline)).unwrap_or(Duration::ZERO).min(before_deadline)
    });
    submitted_at - of_retake.max(of_deadline)
}

fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(60 * u64::from(minutes))
}

/// Why somebody passes a photo on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Cannot tell.
    Unsure,
    /// Knows the person: somebody else must judge.
    KnowsPerson,
    /// A head cover or the like that rules may allow for this person.
    Exception,
    /// The pictures do not show.
    NoPicture,
    /// The note says.
    Other,
}

impl SkipReason {
    pub const ALL: [SkipReason; 5] =
        [SkipReason::Unsure, SkipReason::KnowsPerson, SkipReason::Exception, SkipReason::NoPicture, SkipReason::Other];

    /// The stable code; texts are in `locales/` under `skip.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            SkipReason::Unsure => "unsure",
            SkipReason::KnowsPerson => "knows_person",
            SkipReason::Exception => "exception",
            SkipReason::NoPicture => "no_picture",
            SkipReason::Other => "other",
        }
    }
}

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 60;
/// As many digits in a row could be a student number, a phone or an ID number.
const PERSONAL_DIGITS: usize = 5;

/// A few words about a skip, such as may be kept: short, on one line, without what could name somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note(String);

/// Why a note is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("a note has 1 to {LONGEST_NOTE} characters on one line")]
    Shape,
    #[error("a note must not name anybody: no names, no numbers")]
    Personal,
}

impl Note {
    /// Takes a note that holds none of `names` (of the student, as far as they are known) and no long number.
    ///
    /// # Errors
    /// [`NoteError`] for anything else.
    pub fn new(text: &str, names: &[&str]) -> Result<Note, NoteError> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > LONGEST_NOTE || text.chars().any(char::is_control) {
            return Err(NoteError::Shape);
        }
        // Digits of every script, and whatever people put between them.
        let (mut digits, mut longest) = (0, 0);
        for character in text.chars() {
            match character {
                _ if character.is_numeric() => digits += 1,
                ' ' | '-' | '.' | '\u{3000}' => {}
                _ => digits = 0,
            }
            longest = longest.max(digits);
        }
        let named = names.iter().map(|name| name.trim()).any(|name| name.chars().count() >= 2 && text.contains(name));
        if longest >= PERSONAL_DIGITS || named || text.contains('@') { Err(NoteError::Personal) } else { Ok(Note(text.to_owned())) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    fn rules() -> SeasonRules {
        SeasonRules { retake_head_start_minutes: 600, deadline_head_start_minutes: 1000, ..SeasonRules::default() }
    }

    #[test]
    fn a_retake_and_a_near_deadline_have_a_head_start_and_the_larger_counts() {
        assert_eq!(place(&rules(), false, at(0), None), at(0));
        assert_eq!(place(&rules(), true, at(0), None), at(-600));
        assert_eq!(place(&rules(), false, at(0), Some(at(2000))), at(0), "the deadline is far");
        assert_eq!(place(&rules(), false, at(0), Some(at(900))), at(-100), "as if it had come when the last hours began");
        assert_eq!(place(&rules(), true, at(0), Some(at(900))), at(-600));
        assert_eq!(place(&rules(), false, at(0), Some(at(-5))), at(-1000), "late, and no further ahead than the hours are long");
    }

    #[test]
    fn a_note_names_nobody() {
        assert_eq!(Note::new(" 头巾，可能是宗教原因 ", &["张三"]).unwrap().as_str(), "头巾，可能是宗教原因");
        for personal in ["张三的照片", "电话 138 0000 0001", "学号25010001", "６１０１０", "a@b.cn"] {
            assert_eq!(Note::new(personal, &["张三", ""]), Err(NoteError::Personal), "{personal}");
        }
        for shape in ["", "  ", "two\nlines", &"长".repeat(61)] {
            assert_eq!(Note::new(shape, &[]), Err(NoteError::Shape), "{shape}");
        }
        assert!(Note::new(&"长".repeat(60), &[]).is_ok());
        assert!(Note::new("2027 年的照片", &[]).is_ok());
    }

    proptest! {
        /// Within one unit nobody is overtaken by a younger photo of the same kind, whatever the deadline and the weights.
        #[test]
        fn nobody_waits_behind_a_younger_of_the_same_kind(
            older in 0i64..10_000, younger in 0i64..10_000, retake: bool, deadline in proptest::option::of(0i64..20_000), weights in (0u32..5000, 0u32..5000),
        ) {
            prop_assume!(older <= younger);
            let rules = SeasonRules { retake_head_start_minutes: weights.0, deadline_head_start_minutes: weights.1, ..SeasonRules::default() };
            let place = |minute| place(&rules, retake, at(minute), deadline.map(at));
            prop_assert!(place(older) <= place(younger));
            prop_assert!(place(younger) <= at(younger));
        }
    }
}
