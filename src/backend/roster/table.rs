//! The rows of a file put together: headings are found, rows are judged one by one, and against those before them.
//!
//! Rows come in one at a time and only known columns are kept, so that memory is bounded by the limits here and not by the file.

use std::collections::HashMap;

use super::cell::{self, Cell, Raw};
use super::columns::{Columns, Field, Mapped, heading_set};
use super::{MOST_ERRORS, MOST_ROWS, ParsedRoster, Reading, RosterError, RosterRow, record};
use crate::api::roster::RowError;

/// Titles and remarks may stand above the headings, but not more than this.
const HEADING_WITHIN: u32 = 10;

/// What a kept table may hold in all, in bytes of text.
const LARGEST_KEPT: usize = 128 << 20;

/// A row of a file as it stands there: (number from 1, cells by column).
pub(super) type KeptRow = (u32, Vec<(usize, Raw<'static>)>);

/// Takes rows in the order of the file.
pub(super) struct Table<'a> {
    reading: &'a Reading<'a>,
    given: Mapped,
    /// Columns, and the row they were read from.
    columns: Option<(Columns, u32)>,
    heading_set: String,
    mapping: Mapped,
    /// The most heading-like row so far, to say what is missing.
    closest: Option<Columns>,
    /// Rows with anything in them before the headings.
    above: u32,
    total: u32,
    rows: Vec<RosterRow>,
    errors: Vec<RowError>,
    untold: u64,
    seen: Seen,
    /// All rows as they are, where the table is to be given back.
    kept: Option<Vec<KeptRow>>,
    kept_bytes: usize,
}

/// What earlier rows said, each with its row.
#[derive(Default)]
struct Seen {
    student_keys: HashMap<String, u32>,
    student_numbers: HashMap<String, u32>,
    id_numbers: HashMap<String, u32>,
    unit_names: HashMap<String, (String, u32)>,
}

/// A file taken apart: what it says as a roster, and all of it as it stands where that was asked for.
pub(super) struct Taken {
    pub roster: ParsedRoster,
    pub kept: Vec<KeptRow>,
}

impl<'a> Table<'a> {
    /// An empty table; `keep` everything for giving it back.
    ///
    /// # Errors
    /// For a mapping that makes no sense.
    pub(super) fn new(reading: &'a Reading<'a>, keep: bool) -> Result<Table<'a>, RosterError> {
        Ok(Table {
            reading,
            given: Mapped::of(reading.given)?,
            columns: None,
            heading_set: String::new(),
            mapping: Mapped::default(),
            closest: None,
            above: 0,
            total: 0,
            rows: Vec::new(),
            errors: Vec::new(),
            untold: 0,
            seen: Seen::default(),
            kept: keep.then(Vec::new),
            kept_bytes: 0,
        })
    }

    pub(super) fn given(&self) -> &Mapped {
        &self.given
    }

    /// The columns worth reading, once the headings are known.
    pub(super) fn wants(&self, index: usize) -> bool {
        self.kept.is_some() || self.columns.as_ref().is_none_or(|(columns, _)| columns.fields().any(|(_, known)| known == index))
    }

    /// Takes one row; `row` counts from 1 as a spreadsheet does. `cells` are (index of the column, cell).
    ///
    /// # Errors
    /// What makes the whole file no roster.
    pub(super) fn take(&mut self, row: u32, cells: &[(usize, Raw<'_>)]) -> Result<(), RosterError> {
        if cells.iter().all(|(_, cell)| cell.is_empty()) {
            return Ok(());
        }
        self.keep(row, cells)?;
        let Some((columns, _)) = &self.columns else {
            let cells: Vec<(usize, Cell)> = cells.iter().map(|(index, raw)| (*index, cell::of_raw(raw))).collect();
            return if cells.iter().all(|(_, cell)| *cell == Cell::Empty) { Ok(()) } else { self.look_for_headings(row, &cells) };
        };
        let known: Vec<(Field, Cell)> = columns
            .fields()
            .filter_map(|(field, index)| cells.iter().find(|(at, _)| *at == index).map(|(_, raw)| (field, cell::of_raw(raw))))
            .filter(|(_, cell)| *cell != Cell::Empty)
            .collect();
        if known.is_empty() {
            return Ok(());
        }
        self.total += 1;
        if self.total > MOST_ROWS {
            return Err(RosterError::TooManyRows);
        }
        let (record, mut errors) = record::read(row, self.reading.kind, columns, &known);
        errors.extend(self.seen.compare(&record, columns));
        if errors.is_empty() {
            self.rows.push(record);
        }
        for error in errors {
            if self.errors.len() < MOST_ERRORS { self.errors.push(error) } else { self.untold += 1 }
        }
        Ok(())
    }

    fn keep(&mut self, row: u32, cells: &[(usize, Raw<'_>)]) -> Result<(), RosterError> {
        let Some(kept) = &mut self.kept else { return Ok(()) };
        let cells: Vec<(usize, Raw<'static>)> = cells.iter().map(|(index, raw)| (*index, raw.clone().into_owned())).collect();
        self.kept_bytes += cells.iter().map(|(_, raw)| raw.text.len() + size_of::<(usize, Raw<'_>)>()).sum::<usize>();
        if self.kept_bytes > LARGEST_KEPT {
            return Err(RosterError::UnpacksTooLarge);
        }
        kept.push((row, cells));
        Ok(())
    }

    fn look_for_headings(&mut self, row: u32, cells: &[(usize, Cell)]) -> Result<(), RosterError> {
        let width = cells.iter().map(|(index, _)| index + 1).max().unwrap_or(0);
        let mut headings = vec![String::new(); width];
        for (index, cell) in cells {
            if let Cell::Text(text) = cell {
                headings[*index].clone_from(text);
            }
        }
        let set = heading_set(&headings);
        // What is remembered was understood when it was; should a field have gone since, its headings speak for themselves.
        let remembered = self.reading.remembered.get(&set).and_then(|mapping| Mapped::of(mapping).ok()).unwrap_or_default();
        let columns = Columns::read(&headings, &self.given, &remembered)?;
        if columns.missing(self.reading.kind).is_none() && columns.absent().is_none() {
            self.columns = Some((columns, row));
            self.heading_set = set;
            self.mapping = remembered.merged(&self.given);
            return Ok(());
        }
        self.above += 1;
        if self.closest.as_ref().is_none_or(|closest| closest.count() < columns.count()) {
            self.closest = Some(columns);
        }
        if self.above >= HEADING_WITHIN { Err(self.headings_missing()) } else { Ok(()) }
    }

    fn headings_missing(&self) -> RosterError {
        let Some(closest) = &self.closest else { return RosterError::NoRows };
        match (closest.absent(), closest.missing(self.reading.kind)) {
            (Some(absent), _) => RosterError::HeadingAbsent(absent),
            (None, Some(missing)) => RosterError::ColumnsMissing(missing),
            (None, None) => RosterError::NoRows,
        }
    }

    /// All rows are in.
    ///
    /// # Errors
    /// Without headings or without a row below them.
    pub(super) fn finish(mut self, encoding: &str) -> Result<Taken, RosterError> {
        let Some((columns, heading_row)) = &self.columns else { return Err(self.headings_missing()) };
        if self.total == 0 {
            return Err(RosterError::NoRows);
        }
        if self.untold > 0 {
            let row = self.errors.last().map_or(0, |error| error.row);
            self.errors.push(record::error(row, columns, None, "more_errors", &[("count", self.untold.to_string())]));
        }
        let roster = ParsedRoster {
            columns: columns.matches(),
            heading_row: *heading_row,
            heading_set: self.heading_set,
            mapping: self.mapping.canonical(),
            rows: self.rows,
            encoding: encoding.to_owned(),
            errors: self.errors,
            total: self.total,
        };
        Ok(Taken { roster, kept: self.kept.unwrap_or_default() })
    }
}

impl Seen {
    /// Compares a row with those before it, and remembers it.
    fn compare(&mut self, record: &RosterRow, columns: &Columns) -> Vec<RowError> {
        let mut errors = Vec::new();
        let mut twice = |field, first: u32| {
            errors.push(record::error(record.row, columns, Some(field), "duplicate_student", &[("first", first.to_string())]));
        };
        if let Some(key) = &record.student_key {
            let first = *self.student_keys.entry(key.clone()).or_insert(record.row);
            if first != record.row {
                twice(Field::StudentKey, first);
            }
        }
        if let Some(number) = &record.student_number {
            let first = *self.student_numbers.entry(number.to_lowercase()).or_insert(record.row);
            if first != record.row {
                twice(Field::StudentNumber, first);
            }
        }
        if let Some(id) = &record.id_number {
            let first = *self.id_numbers.entry(id.reveal().to_owned()).or_insert(record.row);
            if first != record.row {
                twice(Field::IdNumber, first);
            }
        }
        if record.unit_code.is_empty() {
            return errors;
        }
        let (name, first) = self.unit_names.entry(record.unit_code.clone()).or_insert_with(|| (record.unit_name.clone(), record.row));
        if *name != record.unit_name {
            errors.push(record::error(record.row, columns, Some(Field::UnitCode), "unit_contradicts", &[("first", first.to_string())]));
        }
        errors
    }
}

/// The codes of the errors in their order, each once.
#[cfg(test)]
pub(super) fn codes(roster: &ParsedRoster) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    roster.errors.iter().map(|error| error.code.as_str()).filter(|code| seen.insert(*code)).collect()
}
