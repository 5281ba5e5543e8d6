//! What the server says of its own health.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `GET /readyz`: the server takes requests. Where it does not, the answer is a problem: `stopping` or `not_ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Readiness {
    pub ready: bool,
    /// For who operates the server: whoever may read the metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<HealthDetails>,
}

/// What the server's operator should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct HealthDetails {
    /// The version of the program.
    pub program: String,
    pub database: DatabaseHealth,
    pub pictures: PicturesHealth,
    /// The workers of this process.
    pub workers: Vec<WorkerHealth>,
}

/// The database, which answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct DatabaseHealth {
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// The version of its tables.
    pub tables: i64,
    /// Whether they are those that this program makes. A newer program has been there where they are not.
    pub current: bool,
}

/// What the storage of pictures was seen to do when the server started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PicturesHealth {
    /// A second write of a name is refused.
    pub immutable: bool,
    /// What was just written is in the next listing.
    pub listed_at_once: bool,
}

/// A kind of workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct WorkerHealth {
    /// `pictures`, `decisions`, `notices` or `news`.
    pub worker: String,
    /// When one of them last gave a sign of life; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
}
