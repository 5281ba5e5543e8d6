//! A student's part in a season: invited → verified → done | withdrawn | ineligible | lapsed | erased.

use serde::{Deserialize, Serialize};

use super::Refusal;

/// Where a student stands in a season.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrolmentState {
    /// On the roster.
    Invited,
    /// Identity confirmed: by the student, or by the school that brought photo and roster.
    Verified,
    /// An approved photo exists.
    Done,
    Withdrawn,
    Ineligible,
    Lapsed,
    Erased,
}

/// What can happen to an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnrolmentEvent {
    Verify,
    /// A photo was approved and frozen.
    Finish,
    /// The approval no longer counts: it was reopened, or the register sent the photo back and a new one is to be taken.
    Reopen,
    Withdraw,
    FindIneligible,
    /// Withdrawn, ineligible or lapsed by mistake, or a later roster names the student again.
    Reinstate,
    /// The season closed before anything was submitted.
    Lapse,
    /// The person asked for erasure.
    Erase,
}

impl EnrolmentEvent {
    /// Every event, for walking the table.
    pub const ALL: [EnrolmentEvent; 8] = [
        EnrolmentEvent::Verify,
        EnrolmentEvent::Finish,
        EnrolmentEvent::Reopen,
        EnrolmentEvent::Withdraw,
        EnrolmentEvent::FindIneligible,
        EnrolmentEvent::Reinstate,
        EnrolmentEvent::Lapse,
        EnrolmentEvent::Erase,
    ];
}

impl EnrolmentState {
    pub const ALL: [EnrolmentState; 7] = [
        EnrolmentState::Invited,
        EnrolmentState::Verified,
        EnrolmentState::Done,
        EnrolmentState::Withdrawn,
        EnrolmentState::Ineligible,
        EnrolmentState::Lapsed,
        EnrolmentState::Erased,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            EnrolmentState::Invited => "invited",
            EnrolmentState::Verified => "verified",
            EnrolmentState::Done => "done",
            EnrolmentState::Withdrawn => "withdrawn",
            EnrolmentState::Ineligible => "ineligible",
            EnrolmentState::Lapsed => "lapsed",
            EnrolmentState::Erased => "erased",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<EnrolmentState> {
        EnrolmentState::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// The named refusal where the event is not possible.
    pub fn after(self, event: EnrolmentEvent) -> Result<EnrolmentState, Refusal> {
        use EnrolmentEvent as E;
        use EnrolmentState as S;
        match (self, event) {
            (S::Erased, _) => Err(Refusal::Closed),
            (_, E::Erase) => Ok(S::Erased),
            (S::Invited | S::Verified, E::Verify) => Ok(S::Verified),
            (S::Verified | S::Done, E::Finish) => Ok(S::Done),
            (S::Done, E::Reopen) => Ok(S::Verified),
            (S::Invited | S::Verified, E::Withdraw) => Ok(S::Withdrawn),
            (S::Invited | S::Verified | S::Done, E::FindIneligible) => Ok(S::Ineligible),
            (S::Invited | S::Verified, E::Lapse) => Ok(S::Lapsed),
            (S::Withdrawn | S::Ineligible | S::Lapsed, E::Reinstate) => Ok(S::Invited),
            (S::Withdrawn, _) => Err(Refusal::Withdrawn),
            (S::Ineligible | S::Lapsed, _) => Err(Refusal::Closed),
            (S::Invited | S::Verified | S::Done, _) => Err(Refusal::NotPossible),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_done_without_being_verified() {
        for state in EnrolmentState::ALL {
            if state.after(EnrolmentEvent::Finish).is_ok() {
                assert!(matches!(state, EnrolmentState::Verified | EnrolmentState::Done));
            }
        }
    }

    #[test]
    fn erasure_is_always_possible_and_final() {
        for state in EnrolmentState::ALL {
            assert_eq!(state.after(EnrolmentEvent::Erase).is_ok(), state != EnrolmentState::Erased);
        }
        assert!(EnrolmentEvent::ALL.iter().all(|event| EnrolmentState::Erased.after(*event).is_err()));
    }

    #[test]
    fn codes_round_trip() {
        assert!(EnrolmentState::ALL.iter().all(|state| EnrolmentState::from_code(state.code()) == Some(*state)));
    }
}
