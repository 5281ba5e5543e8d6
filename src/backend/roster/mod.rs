//! A roster file read: bytes in, rows and errors out. Pure: no network, no store, no clock.
//!
//! `workbook`, `text` and `dbf` turn a file into rows of cells; `columns` understands headings and mappings; `record` judges one row; `table`
//! puts them together and holds the limits; `returned` writes the same table with its errors beside it. What a row holds that is wrong is a [`RowError`]; what makes the whole file unreadable is a [`RosterError`].
//! Neither repeats a value out of the file: those are personal data.

mod cell;
mod columns;
mod dbf;
mod record;
mod returned;
mod table;
mod text;
mod workbook;

use std::collections::HashMap;

use crate::api::columns::ColumnMapping;
use crate::api::problem::Problem;
use crate::api::roster::{ColumnMatch, RowError};
use crate::domain::{resident_id::ResidentId, season::SeasonKind};

pub use super::sheet::Format;
pub use returned::give_back;
use table::{Table, Taken};

/// The largest file that is read, in bytes.
pub const LARGEST_FILE: usize = 20 << 20;
/// The most rows a roster may have, its headings not counted.
pub const MOST_ROWS: u32 = 200_000;
/// The most errors that are told one by one; how many more there are is the last of them (`more_errors`).
pub const MOST_ERRORS: usize = 1_000;

/// Mappings by the set of headings they were made for ([`ParsedRoster::heading_set`]).
pub type Remembered = HashMap<String, ColumnMapping>;

/// How a file is to be read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// How the season knows its students: with names and ID numbers, or by key and masked ones only.
    pub kind: SeasonKind,
    /// The mapping that came with the file.
    pub given: &'a ColumnMapping,
    pub remembered: &'a Remembered,
}

/// Whether a student takes part, where a roster says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Active,
    Withdrawn,
    Ineligible,
}

/// A roster file as it was read. To be taken only when `errors` is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRoster {
    /// The rows without errors.
    pub rows: Vec<RosterRow>,
    pub columns: Vec<ColumnMatch>,
    /// The row of the headings; the first is 1.
    pub heading_row: u32,
    /// What this set of headings is remembered by.
    pub heading_set: String,
    /// What was said about the columns, by whom ever, in the fields' codes: what is to be remembered.
    pub mapping: ColumnMapping,
    /// `xlsx`, `UTF-8`, `UTF-16`, `GB18030`, or `dbf` before the encoding of a DBF's text.
    pub encoding: String,
    pub errors: Vec<RowError>,
    /// Rows with anything in a known column, headings not counted.
    pub total: u32,
}

/// One student of a roster. At least one of student number and ID number is there; in a season of capture codes the student key.
#[derive(Clone, PartialEq, Eq)]
pub struct RosterRow {
    /// As a spreadsheet counts: the first row is 1.
    pub row: u32,
    /// What the capture code calls the student.
    pub student_key: Option<String>,
    pub student_number: Option<String>,
    /// 考生号, the number of the entrance examination.
    pub candidate_number: Option<String>,
    /// Masked in a season of capture codes.
    pub name: Option<String>,
    pub id_number: Option<ResidentId>,
    /// `9900**********0017`: the only one that a season of capture codes has.
    pub masked_id_number: Option<String>,
    /// Digits only, but for a leading `+` of a number abroad.
    pub phone: Option<String>,
    /// The code of the unit; where the file gives none, its name, which is as stable as the school's spelling of it.
    pub unit_code: String,
    pub unit_name: String,
    pub major: Option<String>,
    pub level: Option<String>,
    pub intake: Option<String>,
    pub class: Option<String>,
    pub standing: Option<Standing>,
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
    /// A mapping's word for a field that nobody knows.
    #[error("no field is called so")]
    FieldUnknown(String),
    /// The heading, or the field, that a mapping names twice.
    #[error("the mapping says two things of one column or field")]
    MappedTwice(String),
    /// Headings that a mapping names and the file does not have.
    #[error("the mapping names headings that are not there")]
    HeadingAbsent(String),
    /// The columns whose text lies in a second file that did not come along.
    #[error("the DBF keeps the text of memo columns in another file: {0}")]
    Memo(String),
    #[error("a DBF of a kind that is not read")]
    DbfKind,
    #[error("the DBF is damaged")]
    DbfDamaged,
}

impl RosterError {
    /// One of each, for walking their texts.
    #[must_use]
    pub fn all() -> Vec<RosterError> {
        use RosterError as E;
        let plain =
            [E::Empty, E::TooLarge, E::UnpacksTooLarge, E::TooManyRows, E::OldExcel, E::PasswordProtected, E::NotATable, E::Damaged];
        let named = [E::ColumnsMissing, E::ColumnTwice, E::FieldUnknown, E::MappedTwice, E::HeadingAbsent, E::Memo];
        let named = named.map(|error| error(String::new()));
        plain.into_iter().chain([E::Encoding, E::NoRows, E::DbfKind, E::DbfDamaged]).chain(named).collect()
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
            RosterError::FieldUnknown(_) => "column_field_unknown",
            RosterError::MappedTwice(_) => "column_mapped_twice",
            RosterError::HeadingAbsent(_) => "column_heading_absent",
            RosterError::Memo(_) => "dbf_memo",
            RosterError::DbfKind => "dbf_kind",
            RosterError::DbfDamaged => "dbf_damaged",
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
            RosterError::ColumnsMissing(columns) | RosterError::Memo(columns) => problem.with("columns", columns),
            RosterError::ColumnTwice(heading) | RosterError::MappedTwice(heading) | RosterError::HeadingAbsent(heading) => {
                problem.with("heading", heading)
            }
            RosterError::FieldUnknown(field) => problem.with("field", field),
            _ => problem,
        }
    }
}

/// Reads a roster: an Excel workbook (`.xlsx`, its first visible sheet with anything in it), a DBF, or comma-, tab- or semicolon-separated
/// text, told apart by their content.
///
/// # Errors
/// What makes the file unreadable as a whole. Faults of single rows are in [`ParsedRoster::errors`].
pub fn parse(bytes: &[u8], reading: &Reading<'_>) -> Result<ParsedRoster, RosterError> {
    take_apart(bytes, reading, false).map(|taken| taken.roster)
}

fn take_apart(bytes: &[u8], reading: &Reading<'_>, keep: bool) -> Result<Taken, RosterError> {
    if bytes.len() > LARGEST_FILE {
        return Err(RosterError::TooLarge);
    }
    let table = || Table::new(reading, keep);
    match bytes {
        [] => Err(RosterError::Empty),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => workbook::read(bytes, table),
        [0xD0, 0xCF, 0x11, 0xE0, ..] if holds_encrypted_package(bytes) => Err(RosterError::PasswordProtected),
        // Many administration systems export an HTML page and call it `.xls`.
        [0xD0, 0xCF, 0x11, 0xE0, ..] | [b'<', ..] | [0xEF, 0xBB, 0xBF, b'<', ..] => Err(RosterError::OldExcel),
        _ if dbf::is_dbf(bytes) => dbf::read(bytes, table()?),
        _ => text::read(bytes, table()?),
    }
}

/// A workbook with a password is an old-style container with this entry in it (MS-OFFCRYPTO 2.3).
fn holds_encrypted_package(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests;
