//! Tables that leave the house for a spreadsheet, as text or as a workbook. Names in them were written by others, and a spreadsheet runs what
//! looks like a formula: nothing written here does.

use std::borrow::Cow;
use std::path::Path;

use rust_xlsxwriter::{Format as CellFormat, Workbook, XlsxError};

/// The kind of file a table leaves as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Xlsx,
    Csv,
}

impl Format {
    /// What the name of a file says.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Format> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "xlsx" => Some(Format::Xlsx),
            "csv" | "txt" => Some(Format::Csv),
            _ => None,
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// Whether a spreadsheet would run a text that starts with this.
#[must_use]
pub fn is_trigger(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

/// A text that no spreadsheet runs when it opens a file of text: what it would run, or a program that trims first would, gets an apostrophe
/// before it, and blanks before anything else go.
#[must_use]
pub fn defused(text: &str) -> Cow<'_, str> {
    let bare = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'));
    if bare.starts_with(is_trigger) { Cow::Owned(format!("'{bare}")) } else { Cow::Borrowed(bare) }
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Number(i64),
    /// Between 0 and 1, shown as a percentage; absent where there is nothing to have a share of.
    Share(Option<f64>),
}

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    #[error(transparent)]
    Text(#[from] csv::Error),
    #[error(transparent)]
    Workbook(#[from] XlsxError),
}

/// Writes a table: UTF-8 with the mark that makes spreadsheets read it as that, or a workbook with its headings fixed.
///
/// # Errors
/// For more rows or longer texts than the kind of file takes.
pub fn write(format: Format, headings: &[String], rows: &[Vec<Value>]) -> Result<Vec<u8>, SheetError> {
    match format {
        Format::Csv => write_csv(headings, rows),
        Format::Xlsx => Ok(write_xlsx(headings, rows)?),
    }
}

fn write_csv(headings: &[String], rows: &[Vec<Value>]) -> Result<Vec<u8>, SheetError> {
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(headings.iter().map(|heading| defused(heading).into_owned()))?;
    for row in rows {
        writer.write_record(row.iter().map(|value| match value {
            Value::Text(text) => defused(text).into_owned(),
            Value::Number(number) => number.to_string(),
            Value::Share(share) => share.map(|share| format!("{:.1}%", share * 100.0)).unwrap_or_default(),
        }))?;
    }
    writer.flush().map_err(csv::Error::from)?;
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()).into())
}

fn write_xlsx(headings: &[String], rows: &[Vec<Value>]) -> Result<Vec<u8>, XlsxError> {
    let heading = CellFormat::new().set_bold().set_num_format("@");
    let (plain, quoted) = (CellFormat::new().set_num_format("@"), CellFormat::new().set_num_format("@").set_quote_prefix());
    let share_format = CellFormat::new().set_num_format("0.0%");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, text) in (0u16..).zip(headings) {
        sheet.write_string_with_format(0, column, text, &heading)?;
    }
    for (row, values) in (1u32..).zip(rows) {
        for (column, value) in (0u16..).zip(values) {
            match value {
                Value::Text(text) if text.starts_with(is_trigger) => sheet.write_string_with_format(row, column, text, &quoted)?,
                Value::Text(text) => sheet.write_string_with_format(row, column, text, &plain)?,
                Value::Number(number) => sheet.write_number(row, column, *number as f64)?,
                Value::Share(Some(share)) => sheet.write_number_with_format(row, column, *share, &share_format)?,
                Value::Share(None) => sheet,
            };
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader as _, Xlsx};

    use super::*;

    fn table(format: Format) -> Vec<u8> {
        let rows = [
            vec![Value::Text("=cmd|' /C calc'!A0".into()), Value::Number(7), Value::Share(Some(0.5))],
            vec![Value::Text("城东".into()), Value::Number(0), Value::Share(None)],
        ];
        write(format, &["单位".into(), "人数".into(), "合格率".into()], &rows).unwrap()
    }

    #[test]
    fn text_and_workbook_say_the_same_and_run_nothing() {
        assert_eq!(String::from_utf8(table(Format::Csv)).unwrap(), "\u{feff}单位,人数,合格率\n'=cmd|' /C calc'!A0,7,50.0%\n城东,0,\n");
        let mut workbook: Xlsx<_> = Xlsx::new(std::io::Cursor::new(table(Format::Xlsx))).unwrap();
        assert_eq!(workbook.worksheet_formula("Sheet1").unwrap().used_cells().count(), 0);
        let range = workbook.worksheet_range("Sheet1").unwrap();
        assert_eq!(range.get_value((1, 0)), Some(&Data::String("=cmd|' /C calc'!A0".into())));
        assert_eq!((range.get_value((1, 1)), range.get_value((1, 2))), (Some(&Data::Float(7.0)), Some(&Data::Float(0.5))));
    }

    #[test]
    fn a_name_says_the_kind_of_file() {
        for (name, format) in [("a.XLSX", Some(Format::Xlsx)), ("a.csv", Some(Format::Csv)), ("a.dbf", None), ("a", None)] {
            assert_eq!(Format::of_name(Path::new(name)), format);
        }
    }
}
