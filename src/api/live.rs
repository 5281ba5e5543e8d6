//! What happens, as it happens: server-sent events (`GET /v1/events?season=…&unit=…`).
//!
//! `submission`: a submission moved ([`Moved`]). `progress`: the counters of a unit in which something moved, as they are now
//! ([`UnitProgress`]). `ready`: from here on the stream is live. `reset`: what happened meanwhile is no longer
//! known; whoever reads must load everything anew. Every event has an id, for `Last-Event-ID`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::progress::UnitProgress;

/// A submission that moved. Never says how anybody reviewed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Moved {
    pub submission: Uuid,
    pub unit: String,
    /// Such as `attempt.pending`: where it stands after the move.
    pub kind: String,
    pub version: i64,
    pub at: Timestamp,
}

/// One event of the stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Live {
    Submission(Moved),
    Progress(Box<UnitProgress>),
    Ready,
    Reset,
}

/// The names of the events, as the stream writes them.
pub mod name {
    pub const SUBMISSION: &str = "submission";
    pub const PROGRESS: &str = "progress";
    pub const READY: &str = "ready";
    pub const RESET: &str = "reset";
}
