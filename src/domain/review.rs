//! Reviews are rows; the decision is computed from them.
//!
//! Policy says how many reviews are needed. Agreement of that many decides; disagreement asks one person more, so that an odd voice settles it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{comparison::Band, reason::Reason, season::SeasonRules};

/// What a reviewer says of a photo. A rejection without a reason cannot be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum ReviewVerdict {
    Approve,
    Reject { reasons: Reasons },
}

/// At least one reason, each once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "server", schema(min_items = 1))]
#[serde(try_from = "Vec<Reason>", into = "Vec<Reason>")]
pub struct Reasons(Vec<Reason>);

/// A rejection that names no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rejection needs at least one reason")]
pub struct NoReason;

impl TryFrom<Vec<Reason>> for Reasons {
    type Error = NoReason;

    fn try_from(mut reasons: Vec<Reason>) -> Result<Self, NoReason> {
        reasons.sort_unstable();
        reasons.dedup();
        if reasons.is_empty() { Err(NoReason) } else { Ok(Reasons(reasons)) }
    }
}

impl From<Reasons> for Vec<Reason> {
    fn from(reasons: Reasons) -> Self {
        reasons.0
    }
}

impl Reasons {
    /// The reasons in the order of the standard.
    #[must_use]
    pub fn as_slice(&self) -> &[Reason] {
        &self.0
    }
}

/// The two ways an attempt can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approve,
    Reject,
}

impl ReviewVerdict {
    #[must_use]
    pub fn decision(&self) -> Decision {
        match self {
            ReviewVerdict::Approve => Decision::Approve,
            ReviewVerdict::Reject { .. } => Decision::Reject,
        }
    }

    /// The reasons of a rejection; none for an approval.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        match self {
            ReviewVerdict::Approve => &[],
            ReviewVerdict::Reject { reasons } => reasons.as_slice(),
        }
    }
}

/// One person's review of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    pub reviewer: Uuid,
    pub verdict: ReviewVerdict,
}

/// Where an attempt stands after its reviews so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// More people must look.
    Open { have: u8, needed: u8 },
    /// The reviews decide: with the reasons of all who rejected.
    Decided { decision: Decision, reasons: Vec<Reason> },
}

/// How many reviews policy wants for an attempt with this comparison.
#[must_use]
pub fn reviews_needed(rules: &SeasonRules, comparison: Option<Band>) -> u8 {
    match comparison {
        Some(Band::Doubtful | Band::Different) => rules.reviews_needed_when_doubtful.max(rules.reviews_needed),
        Some(Band::Same) | None => rules.reviews_needed,
    }
    .max(1)
}

/// The same for one attempt, whose keyed hash is `draw`: a share of those without doubt get a second review, the same ones wherever it is
/// asked, and nobody without the key can tell which.
#[must_use]
pub fn reviews_needed_by_draw(rules: &SeasonRules, comparison: Option<Band>, draw: &[u8; 32]) -> u8 {
    let needed = reviews_needed(rules, comparison);
    if drawn(draw, rules.second_review_share) { needed.max(2) } else { needed }
}

/// Whether a keyed hash falls into a share: 0 never, 1 always.
#[must_use]
pub fn drawn(draw: &[u8; 32], share: f64) -> bool {
    let (first, _) = draw.split_first_chunk::<4>().expect("a hash has 32 bytes");
    f64::from(u32::from_be_bytes(*first)) < share * (f64::from(u32::MAX) + 1.0)
}

/// Whether some say one thing and some the other.
#[must_use]
pub fn disagree(reviews: &[Review]) -> bool {
    let approvals = reviews.iter().filter(|review| review.verdict == ReviewVerdict::Approve).count();
    approvals > 0 && approvals < reviews.len()
}

/// The longest time a look can have taken; more is a pause.
pub const LONGEST_LOOK: std::time::Duration = std::time::Duration::from_secs(600);

/// How long a look took, as far as the server can know: since the photo was leased, but no longer than since the same person's review before,
/// because photos are leased ahead. Nothing where neither is known or both lie further back than [`LONGEST_LOOK`].
#[must_use]
pub fn look(leased_at: Option<jiff::Timestamp>, last_review: Option<jiff::Timestamp>, now: jiff::Timestamp) -> Option<std::time::Duration> {
    let since = leased_at.into_iter().chain(last_review).max()?;
    std::time::Duration::try_from(now.duration_since(since)).ok().filter(|took| *took <= LONGEST_LOOK)
}

/// Computes the decision: `needed` equal verdicts decide; with all `needed` in and no such majority, one more is asked for.
#[must_use]
pub fn standing(reviews: &[Review], needed: u8) -> Standing {
    let needed = usize::from(needed.max(1));
    let approvals = reviews.iter().filter(|review| review.verdict == ReviewVerdict::Approve).count();
    let rejections = reviews.len() - approvals;
    let majority = needed / 2 + 1;
    let agreed =
        |count: usize, other: usize| (other == 0 && count >= needed) || (reviews.len() > needed && count >= majority.max(other + 1));
    if agreed(approvals, rejections) {
        Standing::Decided { decision: Decision::Approve, reasons: vec![] }
    } else if agreed(rejections, approvals) {
        let mut reasons: Vec<Reason> = reviews.iter().flat_map(|review| review.verdict.reasons()).copied().collect();
        reasons.sort_unstable();
        reasons.dedup();
        Standing::Decided { decision: Decision::Reject, reasons }
    } else {
        let wanted = if reviews.len() < needed { needed } else { reviews.len() + 1 };
        let clamp = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        Standing::Open { have: clamp(reviews.len()), needed: clamp(wanted) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn review(approve: bool) -> Review {
        let verdict =
            if approve { ReviewVerdict::Approve } else { ReviewVerdict::Reject { reasons: vec![Reason::Blur].try_into().unwrap() } };
        Review { reviewer: Uuid::nil(), verdict }
    }

    fn standing_of(votes: &[bool], needed: u8) -> Standing {
        standing(&votes.iter().copied().map(review).collect::<Vec<_>>(), needed)
    }

    #[test]
    fn one_review_decides_where_one_is_needed() {
        assert_eq!(standing_of(&[], 1), Standing::Open { have: 0, needed: 1 });
        assert_eq!(standing_of(&[true], 1), Standing::Decided { decision: Decision::Approve, reasons: vec![] });
    }

    #[test]
    fn two_who_disagree_ask_a_third() {
        assert_eq!(standing_of(&[true, false], 2), Standing::Open { have: 2, needed: 3 });
        assert_eq!(standing_of(&[true, false, false], 2), Standing::Decided { decision: Decision::Reject, reasons: vec![Reason::Blur] });
    }

    #[test]
    fn a_rejection_without_a_reason_cannot_be_said() {
        assert!(serde_json::from_str::<ReviewVerdict>(r#"{"verdict":"reject","reasons":[]}"#).is_err());
        assert!(serde_json::from_str::<ReviewVerdict>(r#"{"verdict":"reject","reasons":["blur","blur"]}"#).is_ok());
    }

    #[test]
    fn doubt_goes_to_a_second_person() {
        let rules = SeasonRules::default();
        assert_eq!((reviews_needed(&rules, Some(Band::Same)), reviews_needed(&rules, Some(Band::Different))), (1, 2));
    }

    #[test]
    fn a_look_counts_from_the_lease_or_the_review_before() {
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        let took = |seconds| Some(std::time::Duration::from_secs(seconds));
        assert_eq!(look(Some(at(0)), None, at(7)), took(7));
        assert_eq!(look(Some(at(0)), Some(at(100)), at(107)), took(7), "leased ahead, looked at after the one before");
        assert_eq!(look(Some(at(100)), Some(at(0)), at(107)), took(7));
        assert_eq!(look(None, Some(at(0)), at(601)), None, "a pause is no look");
        assert_eq!(look(None, None, at(7)), None);
        assert_eq!(look(Some(at(9)), None, at(7)), None, "clocks of two machines");
    }

    #[test]
    fn a_share_of_nothing_is_nobody_and_of_everything_everybody() {
        for first in [0, 1, 0x7f, 0x80, 0xff] {
            let draw = [first; 32];
            assert!(!drawn(&draw, 0.0) && drawn(&draw, 1.0));
            assert_eq!(drawn(&draw, 0.5), first < 0x80);
        }
        let rules = SeasonRules { second_review_share: 1.0, ..SeasonRules::default() };
        assert_eq!(reviews_needed_by_draw(&rules, None, &[9; 32]), 2);
        assert_eq!(reviews_needed_by_draw(&SeasonRules { reviews_needed: 3, ..rules }, None, &[9; 32]), 3);
    }

    proptest! {
        #[test]
        fn an_odd_number_past_the_needed_always_decides(votes in proptest::collection::vec(any::<bool>(), 0..9), needed in 1u8..4) {
            let decided = matches!(standing_of(&votes, needed), Standing::Decided { .. });
            if votes.len() < usize::from(needed) { prop_assert!(!decided); }
            if votes.len() > usize::from(needed) && votes.len() % 2 == 1 { prop_assert!(decided); }
        }
    }
}
