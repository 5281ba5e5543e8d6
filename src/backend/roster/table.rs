//! The rows of a file put together: headings are found, rows are judged one by one, and against those before them.
//!
//! Rows come in one at a time and only known columns are kept, so that memory is bounded by the limits here and not by the file.

use std::collections::HashMap;

use super::cell::Cell;
use super::columns::{Columns, Field};
use super::{MOST_ERRORS, MOST_ROWS, ParsedRoster, RosterError, RosterRow, record};
use crate::api::roster::RowError;

/// Titles and remarks may stand above the headings, but not more than this.
const HEADING_WITHIN: u32 = 10;

/// Takes rows in the order of the file.
pub(super) struct Table {
    columns: Option<Columns>,
    /// The most heading-like row so far, to say what is missing.
    closest: Option<Columns>,
    /// Rows with anything in them before the headings.
    above: u32,
    total: u32,
    rows: Vec<RosterRow>,
    errors: Vec<RowError>,
    untold: u64,
    seen: Seen,
}

/// What earlier rows said, each with its row.
#[derive(Default)]
struct Seen {
    student_numbers: HashMap<String, u32>,
    id_numbers: HashMap<String, u32>,
    unit_names: HashMap<String, (String, u32)>,
}

impl Table {
    pub(super) fn new() -> Table {
        Table { columns: None, closest: None, above: 0, total: 0, rows: Vec::new(), errors: Vec::new(), untold: 0, seen: Seen::default() }
    }

    /// The columns worth reading, once the headings are known.
    pub(super) fn wants(&self, index: usize) -> bool {
        self.columns.as_ref().is_none_or(|columns| columns.fields().any(|(_, known)| known == index))
    }

    /// Takes one row; `row` counts from 1 as a spreadsheet does. `cells` are (index of the column, cell).
    ///
    /// # Errors
    /// What makes the whole file no roster.
    pub(super) fn take(&mut self, row: u32, cells: &[(usize, Cell)]) -> Result<(), RosterError> {
        if cells.iter().all(|(_, cell)| *cell == Cell::Empty) {
            return Ok(());
        }
        let Some(columns) = &self.columns else {
            return self.look_for_headings(cells);
        };
        let known: Vec<(Field, Cell)> = columns
            .fields()
            .filter_map(|(field, index)| cells.iter().find(|(at, _)| *at == index).map(|(_, cell)| (field, cell.clone())))
            .filter(|(_, cell)| *cell != Cell::Empty)
            .collect();
        if known.is_empty() {
            return Ok(());
        }
        self.total += 1;
        if self.total > MOST_ROWS {
            return Err(RosterError::TooManyRows);
        }
        let (record, mut errors) = record::read(row, columns, &known);
        errors.extend(self.seen.compare(&record, columns));
        if errors.is_empty() {
            self.rows.push(record);
        }
        for error in errors {
            if self.errors.len() < MOST_ERRORS { self.errors.push(error) } else { self.untold += 1 }
        }
        Ok(())
    }

    fn look_for_headings(&mut self, cells: &[(usize, Cell)]) -> Result<(), RosterError> {
        let width = cells.iter().map(|(index, _)| index + 1).max().unwrap_or(0);
        let mut headings = vec![String::new(); width];
        for (index, cell) in cells {
            if let Cell::Text(text) = cell {
                headings[*index].clone_from(text);
            }
        }
        let columns = Columns::read(&headings)?;
        if columns.missing().is_none() {
            self.columns = Some(columns);
            return Ok(());
        }
        self.above += 1;
        if self.closest.as_ref().is_none_or(|closest| closest.count() < columns.count()) {
            self.closest = Some(columns);
        }
        if self.above >= HEADING_WITHIN { Err(self.headings_missing()) } else { Ok(()) }
    }

    fn headings_missing(&self) -> RosterError {
        match self.closest.as_ref().and_then(Columns::missing) {
            Some(missing) => RosterError::ColumnsMissing(missing),
            None => RosterError::NoRows,
        }
    }

    /// All rows are in.
    ///
    /// # Errors
    /// Without headings or without a row below them.
    pub(super) fn finish(mut self, encoding: &str) -> Result<ParsedRoster, RosterError> {
        let Some(columns) = &self.columns else { return Err(self.headings_missing()) };
        if self.total == 0 {
            return Err(RosterError::NoRows);
        }
        if self.untold > 0 {
            let row = self.errors.last().map_or(0, |error| error.row);
            self.errors.push(record::error(row, columns, None, "more_errors", &[("count", self.untold.to_string())]));
        }
        let columns = columns.matches();
        Ok(ParsedRoster { rows: self.rows, columns, encoding: encoding.to_owned(), errors: self.errors, total: self.total })
    }
}

impl Seen {
    /// Compares a row with those before it, and remembers it.
    fn compare(&mut self, record: &RosterRow, columns: &Columns) -> Vec<RowError> {
        let mut errors = Vec::new();
        let mut twice = |field, first: u32| {
            errors.push(record::error(record.row, columns, Some(field), "duplicate_student", &[("first", first.to_string())]));
        };
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
