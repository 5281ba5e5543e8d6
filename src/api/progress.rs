//! Progress per unit, and the audit.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How a unit stands (`GET /v1/progress?season=…`); the whole has no `unit` and is the sum of the units.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct UnitProgress {
    /// Code of the unit; `null` on the whole.
    pub unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// Students on the roster.
    pub students: i64,
    /// Students of whom at least one photo came.
    pub captured_students: i64,
    /// Students with an approved photo.
    pub done_students: i64,
    /// Attempts by where they stand now.
    pub captured: i64,
    pub standardized: i64,
    pub machine_refused: i64,
    pub pending: i64,
    pub correction_requested: i64,
    pub held: i64,
    pub approved: i64,
    pub rejected: i64,
    pub withdrawn: i64,
    /// Attempts waiting for reviews whose comparison is doubtful or different.
    pub doubtful: i64,
}

/// The progress of a season.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Progress {
    pub units: Vec<UnitProgress>,
    pub whole: UnitProgress,
}

impl UnitProgress {
    /// Adds another unit's counts; names are left alone.
    pub fn add(&mut self, other: &UnitProgress) {
        self.students += other.students;
        self.captured_students += other.captured_students;
        self.done_students += other.done_students;
        self.captured += other.captured;
        self.standardized += other.standardized;
        self.machine_refused += other.machine_refused;
        self.pending += other.pending;
        self.correction_requested += other.correction_requested;
        self.held += other.held;
        self.approved += other.approved;
        self.rejected += other.rejected;
        self.withdrawn += other.withdrawn;
        self.doubtful += other.doubtful;
    }
}

/// One line of the audit (`GET /v1/audit?season=…&cursor=…`), newest first: who did what to which thing. Never personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    pub sequence: i64,
    pub at: Timestamp,
    /// Absent for what the machine did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Such as `review.approve`, `decision.held`, `roster.taken`.
    pub action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<Uuid>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}
