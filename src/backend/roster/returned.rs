//! A roster given back: the same table, with what is wrong with each row beside it in the reader's language.
//!
//! The table is full of other people's text, and a spreadsheet runs what looks like a formula: nothing written here does. In text files such
//! cells get an apostrophe (`sheet::defused`, which reading takes off again); in workbooks every cell is a text by its type, and such ones are
//! marked as quoted, so that they stay text when somebody edits them.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Format as CellFormat, Workbook, Worksheet, XlsxError};

use super::cell::{Raw, RawKind};
use super::table::KeptRow;
use super::{Reading, RosterError, take_apart};
use crate::api::roster::RowError;
use crate::backend::sheet::{self, Format};
use crate::language::{Language, text};

/// What a workbook takes in one cell, in characters; errors of one row are cut there too.
const LONGEST: usize = 32_000;
const EXACT_DIGITS: usize = 15;

/// The table of a roster with a column of errors; in the format of the roster (a DBF becomes a workbook) unless another is asked for.
///
/// # Errors
/// Those of [`super::parse`]; a file that cannot be read has no rows to write beside.
pub fn give_back(
    bytes: &[u8],
    reading: &Reading<'_>,
    errors: &[RowError],
    language: Language,
    format: Option<Format>,
) -> Result<Vec<u8>, RosterError> {
    let taken = take_apart(bytes, reading, true)?;
    let is_text = |encoding: &str| encoding != "xlsx" && !encoding.starts_with("dbf");
    let format = format.unwrap_or(if is_text(&taken.roster.encoding) { Format::Csv } else { Format::Xlsx });
    let table = beside(taken.kept, taken.roster.heading_row, errors, language);
    match format {
        Format::Csv => write_csv(&table).ok_or(RosterError::UnpacksTooLarge),
        Format::Xlsx => write_xlsx(&table).map_err(|_| RosterError::TooManyRows),
    }
}

/// Rows with the column of errors, and where that is.
struct Table {
    rows: Vec<KeptRow>,
    faults: usize,
}

fn beside(mut rows: Vec<KeptRow>, heading_row: u32, errors: &[RowError], language: Language) -> Table {
    let title = |language| text(language, "output.import.faults", &[]);
    let titles = Language::ALL.map(title);
    let headings = rows.iter().find(|(row, _)| *row == heading_row).map(|(_, cells)| cells.as_slice()).unwrap_or_default();
    // A table that was given back before has its column already.
    let old = headings.iter().find(|(_, raw)| titles.iter().any(|title| *title == raw.text)).map(|(index, _)| *index);
    let width = rows.iter().flat_map(|(_, cells)| cells.iter().filter(|(_, raw)| !raw.is_empty()).map(|(index, _)| index + 1)).max();
    let faults = old.or(width).unwrap_or_default();
    let mut texts = in_words(errors, language);
    for (row, cells) in &mut rows {
        cells.retain(|(index, _)| *index != faults);
        let fault = if *row == heading_row { Some(title(language)) } else { texts.remove(row) };
        if let Some(fault) = fault {
            cells.push((faults, Raw::text(fault)));
        }
    }
    // No row is in the table for these: they must not be lost all the same.
    let mut next = rows.last().map_or(0, |(row, _)| *row);
    for fault in texts.into_values() {
        next += 1;
        rows.push((next, vec![(faults, Raw::text(fault))]));
    }
    Table { rows, faults }
}

/// The errors of each row in words. Of two rows that say they are one student, both are told.
fn in_words(errors: &[RowError], language: Language) -> BTreeMap<u32, String> {
    let mut texts: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut tell = |row: u32, error: &RowError, first: Option<u32>| {
        let other = first.map(|first| first.to_string());
        let parameter = |(name, value): (&'_ String, &'_ String)| {
            (name.clone(), if name == "first" { other.clone() } else { None }.unwrap_or_else(|| value.clone()))
        };
        let parameters: Vec<(String, String)> = error.parameters.iter().map(parameter).collect();
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let key = format!("problem.{}", error.code);
        let words = if crate::language::has_text(language, &key) { text(language, &key, &parameters) } else { error.code.clone() };
        let separator = text(language, "output.import.fault_of", &[]);
        let words = error.column.as_ref().map_or_else(|| words.clone(), |column| format!("{column}{separator}{words}"));
        texts.entry(row).or_default().push(words);
    };
    for error in errors {
        tell(error.row, error, None);
        if error.code == "duplicate_student"
            && let Some(first) = error.parameters.get("first").and_then(|first| first.parse().ok())
        {
            tell(first, error, Some(error.row));
        }
    }
    texts.into_iter().map(|(row, words)| (row, words.join("; ").chars().take(LONGEST).collect())).collect()
}

/// UTF-8 with the mark that makes spreadsheets read it as that.
fn write_csv(table: &Table) -> Option<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer("\u{feff}".as_bytes().to_vec());
    let mut at = 0;
    for (row, cells) in &table.rows {
        // Rows keep their numbers.
        while at + 1 < *row {
            writer.write_record([""]).ok()?;
            at += 1;
        }
        at += 1;
        let mut record = vec![""; table.faults.max(cells.iter().map(|(index, _)| *index).max().unwrap_or_default()) + 1];
        for (index, raw) in cells {
            record[*index] = &raw.text;
        }
        writer.write_record(record.iter().map(|text| sheet::defused(text).into_owned())).ok()?;
    }
    writer.into_inner().ok()
}

fn write_xlsx(table: &Table) -> Result<Vec<u8>, XlsxError> {
    let plain = CellFormat::new().set_num_format("@");
    let quoted = CellFormat::new().set_num_format("@").set_quote_prefix();
    let wrong = CellFormat::new().set_num_format("@").set_background_color(0xFF_E0_E0);
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in &table.rows {
        for (index, raw) in cells {
            let (row, column) = (row.saturating_sub(1), u16::try_from(*index).unwrap_or(u16::MAX));
            let format = match raw.text.starts_with(sheet::is_trigger) {
                true => &quoted,
                false if *index == table.faults => &wrong,
                false => &plain,
            };
            write_cell(sheet, row, column, raw, format)?;
        }
    }
    sheet.set_column_width(u16::try_from(table.faults).unwrap_or(u16::MAX), 48)?;
    workbook.save_to_buffer()
}

fn write_cell(sheet: &mut Worksheet, row: u32, column: u16, raw: &Raw<'_>, format: &CellFormat) -> Result<(), XlsxError> {
    // A number that a spreadsheet would not keep is given back as the digits it has become.
    let exact = raw.kind == RawKind::Number && raw.text.chars().filter(char::is_ascii_digit).count() <= EXACT_DIGITS;
    if let (true, Ok(number)) = (exact, raw.text.parse::<f64>()) {
        sheet.write_number(row, column, number)?;
    } else {
        let text: String = raw.text.chars().take(LONGEST).collect();
        sheet.write_string_with_format(row, column, text, format)?;
    }
    Ok(())
}
