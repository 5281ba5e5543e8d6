//! What became of photos at this desk, and what the outbox says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    api::{problem::Problem, submission::NewReview},
    client::outbox::Conflict,
    domain::review::Decision,
};

/// What became of a photo at this desk since its row was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Decided here, not yet answered.
    Sending(Decision),
    /// Reviewed; somebody else must look too.
    SecondOpinion,
    /// Finished anew here, not yet answered.
    Reworking,
    /// Undone here, not yet answered.
    Undoing,
    /// Passed on here, not yet answered.
    PassingOn,
    /// Others are offered it now.
    PassedOn,
    /// A notice is under way.
    Notifying,
    Notified,
    /// The server said no, with this code.
    Refused(String),
}

/// One's own decision that may still be undone.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    pub submission: Uuid,
    pub student_number: String,
    pub decision: Decision,
    /// As it was sent, to be given again after an undoing.
    pub review: NewReview,
    pub state: DecidedState,
    /// The batch that it was made in, and is taken back with.
    pub batch: Option<u64>,
}

/// A decision that was taken back and can be given again.
#[derive(Debug, Clone, PartialEq)]
pub struct Undone {
    pub submission: Uuid,
    pub student_number: String,
    pub review: NewReview,
}

/// How far a decision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecidedState {
    /// On its way, made on this version; `undo` where it is taken back already.
    Sending {
        version: i64,
        undo: bool,
    },
    Held {
        version: i64,
        until: Timestamp,
    },
    /// Was held, is being taken back.
    Undoing {
        version: i64,
        until: Timestamp,
    },
}

/// What the outbox says.
#[derive(Debug, Clone, Default)]
pub struct OutboxState {
    pub unsent: usize,
    /// When the oldest of them was decided.
    pub oldest: Option<Timestamp>,
    pub conflicts: Vec<Conflict>,
    /// The server does not answer.
    pub waiting: Option<Problem>,
}

/// The bundle that a desk works on, without a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    pub expires_at: Timestamp,
}
