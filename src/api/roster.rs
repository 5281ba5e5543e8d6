//! Seasons and rosters.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::columns::ColumnMapping;
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
    /// `xlsx`, `UTF-8`, `UTF-16`, `GB18030`, or `dbf` before the encoding of a DBF's text.
    pub encoding: String,
    /// Headings that were understood.
    pub columns: Vec<ColumnMatch>,
    /// What was said about the columns with this file or an earlier one; fields by their codes.
    #[serde(default, skip_serializing_if = "ColumnMapping::is_empty")]
    pub mapping: ColumnMapping,
    pub errors: Vec<RowError>,
}

/// One heading and the field it was read as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ColumnMatch {
    pub heading: String,
    pub field: String,
    #[serde(default)]
    pub by: MatchedBy,
}

/// Who says that a column holds a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// Its own heading.
    #[default]
    Heading,
    /// A mapping that came with the file.
    Given,
    /// A mapping that came with an earlier file of the same headings.
    Remembered,
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
