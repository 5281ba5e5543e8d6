//! Reopening an approval: one person asks with a reason, another confirms within a time, before the photo has left the house.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why an approval is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReopeningReason {
    /// The photo does not meet the standard after all.
    NotToStandard,
    /// It is not the student.
    WrongPerson,
    /// The record was wrong, and the photo was judged against it.
    WrongRecord,
    /// A spot check found something.
    SpotCheck,
    /// The student or the unit complained.
    Complaint,
}

impl ReopeningReason {
    pub const ALL: [ReopeningReason; 5] = [
        ReopeningReason::NotToStandard,
        ReopeningReason::WrongPerson,
        ReopeningReason::WrongRecord,
        ReopeningReason::SpotCheck,
        ReopeningReason::Complaint,
    ];

    /// The stable code; texts are in `locales/` under `reopening.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ReopeningReason::NotToStandard => "not_to_standard",
            ReopeningReason::WrongPerson => "wrong_person",
            ReopeningReason::WrongRecord => "wrong_record",
            ReopeningReason::SpotCheck => "spot_check",
            ReopeningReason::Complaint => "complaint",
        }
    }
}

/// Where the question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReopeningState {
    Asked,
    /// A second person agreed: the photo waits for reviews again.
    Confirmed,
    /// Taken back by who asked, or refused by another.
    Dropped,
    /// Nobody agreed in time.
    Expired,
}

/// Why a confirmation does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoConfirmation {
    #[error("it takes another person than the one who asked")]
    Own,
    #[error("the time to confirm is over")]
    Late,
    #[error("the question is no longer open")]
    Ended,
}

/// Whether `confirmer` may confirm now what `asker` asked.
///
/// # Errors
/// Why not.
pub fn may_confirm(
    state: ReopeningState,
    asker: Uuid,
    confirmer: Uuid,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), NoConfirmation> {
    match state {
        ReopeningState::Confirmed | ReopeningState::Dropped => Err(NoConfirmation::Ended),
        ReopeningState::Expired => Err(NoConfirmation::Late),
        ReopeningState::Asked if expires_at <= now => Err(NoConfirmation::Late),
        ReopeningState::Asked if asker == confirmer => Err(NoConfirmation::Own),
        ReopeningState::Asked => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_two_and_in_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(may_confirm(ReopeningState::Asked, one, two, at(10), at(9)), Ok(()));
        assert_eq!(may_confirm(ReopeningState::Asked, one, one, at(10), at(9)), Err(NoConfirmation::Own));
        assert_eq!(may_confirm(ReopeningState::Asked, one, two, at(10), at(10)), Err(NoConfirmation::Late));
        for ended in [ReopeningState::Confirmed, ReopeningState::Dropped] {
            assert_eq!(may_confirm(ended, one, two, at(10), at(9)), Err(NoConfirmation::Ended));
        }
    }
}
