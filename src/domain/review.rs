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

    proptest! {
        #[test]
        fn an_odd_number_past_the_needed_always_decides(votes in proptest::collection::vec(any::<bool>(), 0..9), needed in 1u8..4) {
            let decided = matches!(standing_of(&votes, needed), Standing::Decided { .. });
            if votes.len() < usize::from(needed) { prop_assert!(!decided); }
            if votes.len() > usize::from(needed) && votes.len() % 2 == 1 { prop_assert!(decided); }
        }
    }
}
