//! The three lifecycles as tables: every pair of state and event is a new state or a named refusal.
//!
//! They are total, and the tests walk the whole table. Nothing here knows who asks or what time it is; the store applies them in a transaction.

use serde::{Deserialize, Serialize};

pub mod attempt;
pub mod correction;
pub mod delivery;
pub mod enrolment;
pub mod entitlement;
pub mod reopening;
#[cfg(test)]
mod whole;

/// Why an event is not possible in a state. The code is part of the API: HTTP 409 with this `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("the photo was not judged by the engine yet")]
    NotStandardized,
    #[error("the machine refused the photo: there is no picture to approve")]
    NoRendition,
    #[error("the photo is not waiting for a review")]
    NotPending,
    #[error("there is no held decision to undo")]
    NotHeld,
    #[error("the decision is frozen")]
    AlreadyDecided,
    #[error("only an approved photo can be reopened")]
    NotApproved,
    #[error("only a rejected photo causes a retake notice")]
    NotRejected,
    #[error("the student took the photo back")]
    Withdrawn,
    #[error("no correction was asked for")]
    NoCorrection,
    #[error("the photo is already submitted")]
    AlreadySubmitted,
    #[error("this is not possible in the state that stands")]
    NotPossible,
    #[error("what this is about has ended")]
    Closed,
    #[error("the photo or its print has left the house")]
    OnItsWay,
    #[error("the season is closed to students")]
    SeasonClosed,
    #[error("the season wants the capture paid for first")]
    Unpaid,
}

impl Refusal {
    pub const ALL: [Refusal; 15] = [
        Refusal::NotStandardized,
        Refusal::NoRendition,
        Refusal::NotPending,
        Refusal::NotHeld,
        Refusal::AlreadyDecided,
        Refusal::NotApproved,
        Refusal::NotRejected,
        Refusal::Withdrawn,
        Refusal::NoCorrection,
        Refusal::AlreadySubmitted,
        Refusal::NotPossible,
        Refusal::Closed,
        Refusal::OnItsWay,
        Refusal::SeasonClosed,
        Refusal::Unpaid,
    ];

    /// The stable code; texts are in `locales/` under `problem.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Refusal::NotStandardized => "not_standardized",
            Refusal::NoRendition => "no_rendition",
            Refusal::NotPending => "not_pending",
            Refusal::NotHeld => "not_held",
            Refusal::AlreadyDecided => "already_decided",
            Refusal::NotApproved => "not_approved",
            Refusal::NotRejected => "not_rejected",
            Refusal::Withdrawn => "withdrawn",
            Refusal::NoCorrection => "no_correction",
            Refusal::AlreadySubmitted => "already_submitted",
            Refusal::NotPossible => "not_possible",
            Refusal::Closed => "closed",
            Refusal::OnItsWay => "on_its_way",
            Refusal::SeasonClosed => "season_closed",
            Refusal::Unpaid => "unpaid",
        }
    }
}
