//! Reopening an approval: two people and a reason, before the photo has left the house.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::lifecycle::reopening::{ReopeningReason, ReopeningState};

/// `POST /v1/submissions/{id}/reopenings` with `If-Match` and `Idempotency-Key`: asks that an approval be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewReopening {
    pub reason: ReopeningReason,
}

/// The question whether an approval is reopened. Another person answers it in time, or it expires and nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Reopening {
    pub id: Uuid,
    pub submission: Uuid,
    pub reason: ReopeningReason,
    pub state: ReopeningState,
    /// Who asked: the one who cannot confirm.
    pub asked_by: Uuid,
    pub asked_at: Timestamp,
    pub expires_at: Timestamp,
}
