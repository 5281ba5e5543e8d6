//! Rosters as text: the encoding is found, the separator is found, cells are read.

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

use super::RosterError;
use super::cell::{self, Raw};
use super::columns::{Columns, Mapped};
use super::table::{Table, Taken};

/// Rows that are looked at to find the separator.
const LOOKED_AT: usize = 10;
/// Columns further right are not looked at.
const WIDEST: usize = 256;

/// Reads separated text.
pub(super) fn read(bytes: &[u8], mut table: Table<'_>) -> Result<Taken, RosterError> {
    let (text, encoding) = decode(bytes)?;
    // One kind of line end, so that lines can be counted.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let separator = find_separator(&text, table.given());
    for_each_row(&text, separator, |row, cells| {
        let cells: Vec<(usize, Raw<'_>)> = cells
            .iter()
            .take(WIDEST)
            .enumerate()
            .filter(|(index, _)| table.wants(*index))
            .map(|(index, text)| (index, Raw::text(text)))
            .collect();
        table.take(row, &cells).map(|()| true)
    })?;
    table.finish(encoding)
}

/// What does not decode without an error is refused: a roster with a wrong character in a name is worse than none.
fn decode(bytes: &[u8]) -> Result<(String, &'static str), RosterError> {
    let utf16 = |encoding: &'static encoding_rs::Encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[2..]).ok_or(RosterError::Encoding)?;
        Ok((text.into_owned(), "UTF-16"))
    };
    let (text, encoding) = match bytes {
        [0xFF, 0xFE, ..] => utf16(UTF_16LE)?,
        [0xFE, 0xFF, ..] => utf16(UTF_16BE)?,
        _ => {
            let bare = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
            match std::str::from_utf8(bare) {
                Ok(text) => (text.to_owned(), "UTF-8"),
                Err(_) => {
                    let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes).ok_or(RosterError::Encoding)?;
                    (text.into_owned(), "GB18030")
                }
            }
        }
    };
    // UTF-16 without its mark, or no text at all.
    if text.contains('\0') {
        return Err(RosterError::NotATable);
    }
    if text.trim().is_empty() { Err(RosterError::Empty) } else { Ok((text, encoding)) }
}

/// The separator with which the most headings are understood; a comma where none stands out.
fn find_separator(text: &str, given: &Mapped) -> u8 {
    let understood = |separator: u8| {
        let mut most = 0;
        let mut left = LOOKED_AT;
        // The closure never fails, so neither does the walk.
        let _ = for_each_row(text, separator, |_, cells| {
            let texts: Vec<String> = cells.iter().take(WIDEST).map(|cell| cell.trim().chars().take(cell::LONGEST).collect()).collect();
            most = most.max(Columns::read(&texts, given, &Mapped::default()).map_or(0, |columns| columns.count()));
            left -= 1;
            Ok(left > 0)
        });
        most
    };
    // The last of equals wins.
    [b';', b'\t', b','].into_iter().max_by_key(|separator| understood(*separator)).unwrap_or(b',')
}

/// Walks the rows until `take` says `false`. Rows count as in a spreadsheet: an empty line is one, a line end within quotes is none.
fn for_each_row(
    text: &str,
    separator: u8,
    mut take: impl FnMut(u32, &csv::StringRecord) -> Result<bool, RosterError>,
) -> Result<(), RosterError> {
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut row = 0u32;
    let mut start = 0usize;
    while reader.read_record(&mut record).map_err(|_| RosterError::NotATable)? {
        // The reader passes over empty lines without a word.
        let empty = text.as_bytes()[start..].iter().take_while(|byte| **byte == b'\n').count();
        row = row.saturating_add(u32::try_from(empty).unwrap_or(u32::MAX)).saturating_add(1);
        start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX).min(text.len());
        if !take(row, &record)? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u32, Vec<String>)> {
        let mut rows = Vec::new();
        for_each_row(text, b',', |row, cells| {
            rows.push((row, cells.iter().map(str::to_owned).collect()));
            Ok(true)
        })
        .unwrap();
        rows
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_counts() {
        let counted: Vec<u32> = rows("\n\na,b\n\n\"c\nd\",e\nf\n\n\ng,h\n").into_iter().map(|(row, _)| row).collect();
        assert_eq!(counted, [3, 5, 6, 9]);
    }

    #[test]
    fn every_encoding_of_the_field_is_told_apart() {
        let text = "学号,姓名\n1,张三";
        let (gb, _, _) = GB18030.encode(text);
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let utf16_big: Vec<u8> = [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        let marked = [&[0xEF, 0xBB, 0xBF], text.as_bytes()].concat();
        for (bytes, encoding) in
            [(text.as_bytes(), "UTF-8"), (&marked, "UTF-8"), (&gb, "GB18030"), (&utf16, "UTF-16"), (&utf16_big, "UTF-16")]
        {
            assert_eq!(decode(bytes).unwrap(), (text.to_owned(), encoding));
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(decode(&[0xFF, 0xD8, 0xFF, 0xE0, 0, 16]).unwrap_err(), RosterError::Encoding);
        assert_eq!(decode(&[0xFF, 0xFE, 0x00, 0xD8, 0x41, 0x00]).unwrap_err(), RosterError::Encoding);
        assert_eq!(decode(b"a\0b\0").unwrap_err(), RosterError::NotATable);
        assert_eq!(decode(b" \n ").unwrap_err(), RosterError::Empty);
    }
}
