//! Seasons and rosters.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::season::{SeasonKind, SeasonRules};

/// A season (`GET /v1/seasons`, `PUT /v1/seasons/{code}`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Season {
    /// ASCII, such as `2027-summer`.
    pub code: String,
    pub name: String,
    #[serde(default)]
    pub kind: SeasonKind,
    #[serde(default)]
    pub rules: SeasonRules,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Timestamp>,
}

/// What a roster file holds, and what taking it did or would do (`POST /v1/rosters?season=S&dry_run=true`).
///
/// A roster with errors is not taken at all: nothing is half-written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RosterReport {
    /// Rows with anything in them, headings not counted.
    pub rows: u32,
    /// Whether the season's roster changed.
    pub taken: bool,
    pub new: u32,
    pub updated: u32,
    pub unchanged: u32,
    /// `UTF-8`, `GB18030` or `xlsx`.
    pub encoding: String,
    /// Headings that were understood: (heading in the file, field).
    pub columns: Vec<ColumnMatch>,
    pub errors: Vec<RowError>,
}

/// One heading and the field it was read as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ColumnMatch {
    pub heading: String,
    pub field: String,
}

/// What is wrong with one row. `code` has its text under `problem.<code>`; the wrong value itself is not repeated where it is personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RowError {
    /// As a spreadsheet counts: the first row is 1.
    pub row: u32,
    /// The heading of the column; absent where the whole row is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    pub code: String,
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub parameters: std::collections::BTreeMap<String, String>,
}
