//! A roster file read: bytes in, rows and errors out. Pure: no network, no store, no clock.
//!
//! `workbook` and `text` turn a file into rows of cells; `columns` understands headings; `record` judges one row; `table` puts them together
//! and holds the limits. What a row holds that is wrong is a [`RowError`]; what makes the whole file unreadable is a [`RosterError`].
//! Neither repeats a value out of the file: those are personal data.

mod cell;
mod columns;
mod record;
mod table;
mod text;
mod workbook;

use crate::api::problem::Problem;
use crate::api::roster::{ColumnMatch, RowError};
use crate::domain::resident_id::ResidentId;

/// The largest file that is read, in bytes.
pub const LARGEST_FILE: usize = 20 << 20;
/// The most rows a roster may have, its headings not counted.
pub const MOST_ROWS: u32 = 200_000;
/// The most errors that are told one by one; how many more there are is the last of them (`more_errors`).
pub const MOST_ERRORS: usize = 1_000;

/// A roster file as it was read. To be taken only when `errors` is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRoster {
    /// The rows without errors.
    pub rows: Vec<RosterRow>,
    pub columns: Vec<ColumnMatch>,
    /// `xlsx`, `UTF-8`, `UTF-16` or `GB18030`.
    pub encoding: String,
    pub errors: Vec<RowError>,
    /// Rows with anything in a known column, headings not counted.
    pub total: u32,
}

/// One student of a roster. At least one of student number and ID number is there.
#[derive(Clone, PartialEq, Eq)]
pub struct RosterRow {
    /// As a spreadsheet counts: the first row is 1.
    pub row: u32,
    pub student_number: Option<String>,
    /// 考生号, the number of the entrance examination.
    pub candidate_number: Option<String>,
    pub name: Option<String>,
    pub id_number: Option<ResidentId>,
    /// Digits only, but for a leading `+` of a number abroad.
    pub phone: Option<String>,
    /// The code of the unit; where the file gives none, its name, which is as stable as the school's spelling of it.
    pub unit_code: String,
    pub unit_name: String,
    pub major: Option<String>,
    pub level: Option<String>,
    pub intake: Option<String>,
    pub class: Option<String>,
}

/// Rows end up in logs of failing code: only where a row stands is printed.
impl std::fmt::Debug for RosterRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RosterRow").field("row", &self.row).field("unit_code", &self.unit_code).finish_non_exhaustive()
    }
}

/// Why a file cannot be read as a roster at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    #[error("the file is empty")]
    Empty,
    #[error("the file is larger than {} MB", LARGEST_FILE >> 20)]
    TooLarge,
    #[error("the file unpacks to more than it may")]
    UnpacksTooLarge,
    #[error("the file has more than {MOST_ROWS} rows")]
    TooManyRows,
    #[error("an Excel file of the old kind, or one that only pretends to be Excel")]
    OldExcel,
    #[error("the file is protected by a password")]
    PasswordProtected,
    #[error("neither a workbook nor a text table")]
    NotATable,
    #[error("the workbook is damaged")]
    Damaged,
    #[error("the text is neither UTF-8, UTF-16 nor GB18030")]
    Encoding,
    #[error("there is no row below the headings")]
    NoRows,
    /// Which columns, as a person may write their headings.
    #[error("columns are missing: {0}")]
    ColumnsMissing(String),
    /// The heading that says the same as another one.
    #[error("two columns say the same")]
    ColumnTwice(String),
}

impl RosterError {
    /// One of each, for walking their texts.
    #[must_use]
    pub fn all() -> Vec<RosterError> {
        use RosterError as E;
        let plain =
            [E::Empty, E::TooLarge, E::UnpacksTooLarge, E::TooManyRows, E::OldExcel, E::PasswordProtected, E::NotATable, E::Damaged];
        plain.into_iter().chain([E::Encoding, E::NoRows, E::ColumnsMissing(String::new()), E::ColumnTwice(String::new())]).collect()
    }

    /// The stable code; texts are in `locales/` under `problem.<code>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            RosterError::Empty => "roster_empty",
            RosterError::TooLarge => "roster_too_large",
            RosterError::UnpacksTooLarge => "roster_unpacks_too_large",
            RosterError::TooManyRows => "roster_too_many_rows",
            RosterError::OldExcel => "old_excel",
            RosterError::PasswordProtected => "password_protected",
            RosterError::NotATable => "not_a_table",
            RosterError::Damaged => "workbook_damaged",
            RosterError::Encoding => "encoding_unknown",
            RosterError::NoRows => "roster_no_rows",
            RosterError::ColumnsMissing(_) => "columns_missing",
            RosterError::ColumnTwice(_) => "column_twice",
        }
    }

    /// As the API answers it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let status = if matches!(self, RosterError::TooLarge | RosterError::UnpacksTooLarge) { 413 } else { 422 };
        let problem = Problem::new(status, self.code(), self.to_string());
        match self {
            RosterError::TooLarge => problem.with("limit", LARGEST_FILE >> 20),
            RosterError::TooManyRows => problem.with("limit", MOST_ROWS),
            RosterError::ColumnsMissing(columns) => problem.with("columns", columns),
            RosterError::ColumnTwice(heading) => problem.with("heading", heading),
            _ => problem,
        }
    }
}

/// Reads a roster: an Excel workbook (`.xlsx`, its first visible sheet with anything in it) or comma-, tab- or semicolon-separated text,
/// told apart by their content.
///
/// # Errors
/// What makes the file unreadable as a whole. Faults of single rows are in [`ParsedRoster::errors`].
pub fn parse(bytes: &[u8]) -> Result<ParsedRoster, RosterError> {
    if bytes.len() > LARGEST_FILE {
        return Err(RosterError::TooLarge);
    }
    match bytes {
        [] => Err(RosterError::Empty),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => workbook::read(bytes),
        [0xD0, 0xCF, 0x11, 0xE0, ..] if holds_encrypted_package(bytes) => Err(RosterError::PasswordProtected),
        // Many administration systems export an HTML page and call it `.xls`.
        [0xD0, 0xCF, 0x11, 0xE0, ..] | [b'<', ..] | [0xEF, 0xBB, 0xBF, b'<', ..] => Err(RosterError::OldExcel),
        _ => text::read(bytes),
    }
}

/// A workbook with a password is an old-style container with this entry in it (MS-OFFCRYPTO 2.3).
fn holds_encrypted_package(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests;
