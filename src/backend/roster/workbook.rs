//! Rosters as Excel workbooks (`.xlsx`). Cells are streamed: a workbook that claims a million columns costs nothing.

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError, XlsxFormulaMetadata};

use super::RosterError;
use super::cell::{Raw, RawKind};
use super::table::{Table, Taken};

/// What the sheets of a workbook may unpack to together, in bytes: 200,000 rows of twenty columns.
const LARGEST_SHEETS: u64 = 256 << 20;
/// What everything else in it may unpack to; these parts are held in memory.
const LARGEST_REST: u64 = 64 << 20;
/// Columns further right are not looked at.
const WIDEST: u32 = 256;

/// Reads the first visible sheet with anything in it, each into a new table.
pub(super) fn read<'a>(bytes: &[u8], new_table: impl Fn() -> Result<Table<'a>, RosterError>) -> Result<Taken, RosterError> {
    measure(bytes)?;
    // The reader of workbooks multiplies row numbers without looking: where overflows are checked it panics on a row that no sheet has.
    catch_unwind(AssertUnwindSafe(|| read_measured(bytes, new_table))).unwrap_or(Err(RosterError::Damaged))
}

fn read_measured<'a>(bytes: &[u8], new_table: impl Fn() -> Result<Table<'a>, RosterError>) -> Result<Taken, RosterError> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| refusal(&error))?;
    let sheets: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    for sheet in sheets {
        match read_sheet(&mut workbook, &sheet, new_table()?) {
            Err(RosterError::NoRows) => {}
            result => return result,
        }
    }
    Err(RosterError::NoRows)
}

fn read_sheet(workbook: &mut Xlsx<Cursor<&[u8]>>, sheet: &str, mut table: Table<'_>) -> Result<Taken, RosterError> {
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(|error| refusal(&error))?;
    let mut row: Option<u32> = None;
    let mut cells: Vec<(usize, Raw<'_>)> = Vec::new();
    while let Some(found) = reader.next_cell_with_formula_metadata().map_err(|error| refusal(&error))? {
        let (at, column) = found.pos;
        if row != Some(at) {
            if let Some(done) = row {
                // Rows in disorder are no spreadsheet's work, and would make the numbers of rows a lie.
                if at < done {
                    return Err(RosterError::Damaged);
                }
                table.take(done + 1, &cells)?;
            }
            row = Some(at);
            cells.clear();
        }
        let index = column as usize;
        if column < WIDEST && table.wants(index) && cells.len() < WIDEST as usize {
            cells.push((
                index,
                match found.formula {
                    Some(formula) => of_formula(formula),
                    None => of_value(found.value),
                },
            ));
        }
    }
    if let Some(done) = row {
        table.take(done + 1, &cells)?;
    }
    table.finish("xlsx")
}

fn of_formula(formula: XlsxFormulaMetadata) -> Raw<'static> {
    let text = match formula {
        XlsxFormulaMetadata::Normal { formula } | XlsxFormulaMetadata::Shared { formula, .. } => format!("={formula}"),
        // Copied from another cell, where it stands.
        _ => "=".to_owned(),
    };
    Raw::new(RawKind::Formula, text)
}

fn of_value(value: DataRef<'_>) -> Raw<'_> {
    match value {
        DataRef::Empty => Raw::text(""),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Raw::text(text),
        DataRef::SharedString(text) => Raw::text(text),
        DataRef::Int(value) => Raw::new(RawKind::Number, value.to_string()),
        DataRef::Float(value) => Raw::number(value),
        DataRef::Bool(value) => Raw::text(if value { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(value) if value.as_f64().is_finite() && (1.0..2_958_466.0).contains(&value.as_f64()) => {
            let (year, month, day, ..) = value.to_ymd_hms_milli();
            Raw::text(format!("{year:04}-{month:02}-{day:02}"))
        }
        DataRef::DateTime(_) => Raw::new(RawKind::Error, ""),
        DataRef::Error(error) => Raw::new(RawKind::Error, error.to_string()),
    }
}

/// Unpacks everything once without keeping it: what a zip says about its own sizes is not to be believed.
fn measure(bytes: &[u8]) -> Result<(), RosterError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| RosterError::Damaged)?;
    let (mut sheets, mut rest) = (LARGEST_SHEETS, LARGEST_REST);
    let mut is_workbook = false;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|_| RosterError::Damaged)?;
        if entry.encrypted() {
            return Err(RosterError::PasswordProtected);
        }
        let name = entry.name().map_err(|_| RosterError::Damaged)?.to_ascii_lowercase();
        is_workbook |= name == "xl/workbook.xml";
        let left = if name.starts_with("xl/worksheets/") { &mut sheets } else { &mut rest };
        let unpacked = std::io::copy(&mut entry.take(*left + 1), &mut std::io::sink()).map_err(|_| RosterError::Damaged)?;
        *left = left.checked_sub(unpacked).ok_or(RosterError::UnpacksTooLarge)?;
    }
    if is_workbook { Ok(()) } else { Err(RosterError::NotATable) }
}

fn refusal(error: &XlsxError) -> RosterError {
    match error {
        XlsxError::Password => RosterError::PasswordProtected,
        _ => RosterError::Damaged,
    }
}
