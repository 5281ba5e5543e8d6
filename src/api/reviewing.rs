//! How reviewing goes on: queues and places, photos passed on, golden items, agreement and pace.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{lifecycle::attempt::Status, queueing::SkipReason};

/// A unit's queue (`GET /v1/queue?season=…`), out of its counters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct QueueLength {
    pub unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// Photos that wait for reviews.
    pub waiting: i64,
    pub machine_refused: i64,
    /// Of both, those whose comparison is doubtful or different.
    pub doubtful: i64,
    /// When the one that has waited longest came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// The unit's own deadline; absent where the season's counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Timestamp>,
}

/// How many photos of the same unit come before one that waits (`GET /v1/submissions/{id}/position`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct QueuePosition {
    pub ahead: i64,
    /// It is further back than is counted.
    pub further: bool,
}

/// A unit's own deadline (`PUT /v1/seasons/{code}/units/{unit}/deadline`); without one the season's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct UnitDeadline {
    #[serde(default)]
    pub closes_at: Option<Timestamp>,
}

/// `POST /v1/submissions/{id}/skip`: passes a photo on. It is not offered to the same person again for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewSkip {
    pub reason: SkipReason,
    /// At most 60 characters, without names or numbers; needed with `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// From now on only who leads reviews is offered the photo.
    #[serde(default)]
    pub ask_lead: bool,
}

/// A photo that was passed on (`GET /v1/skips?season=…&asks_lead=…&cursor=…`), newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Skip {
    pub id: Uuid,
    pub submission: Uuid,
    /// Where the photo stands now.
    pub status: Status,
    pub unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
    pub reason: SkipReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub asks_lead: bool,
    pub at: Timestamp,
    /// Until when it is not offered to the same person.
    pub until: Timestamp,
}
