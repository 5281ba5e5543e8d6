//! Rosters as DBF (dBASE III and IV, FoxPro, Visual FoxPro): the tables that administration systems have exchanged for thirty years.
//!
//! Read here and not by the crate `dbase` (0.8), which does not fall over hostile files but is wrong about ordinary ones: it refuses a table whose
//! date of change is zero, as many programs write it; puts replacements where text does not decode, so that a wrong name passes for a right one;
//! brings numbers to floating point, so that long ones change; and believes its own sum of the widths over the width that the file tells.
//! The columns become headings in row 1, so that record n stands in row n + 1; deleted records count and are left out.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};
use jiff::{Span, civil};

use super::RosterError;
use super::cell::{Raw, RawKind};
use super::table::{Table, Taken};

/// What a file begins with, by its version: FoxBASE, dBASE III to 7 and FoxPro, without and with memos.
const VERSIONS: [u8; 14] = [0x02, 0x03, 0x04, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0x8C, 0xCB, 0xF5, 0xFB];
/// dBASE II and dBASE 7 are laid out in another way.
const OTHER_LAYOUTS: [u8; 3] = [0x02, 0x04, 0x8C];
const HEADER: usize = 32;
const DESCRIPTOR: usize = 32;
const TERMINATOR: u8 = 0x0D;
/// Columns further right are not looked at.
const WIDEST: usize = 256;

/// One column.
struct Column<'a> {
    name: &'a [u8],
    kind: u8,
    /// Within a record, whose first byte says whether it is deleted.
    start: usize,
    width: usize,
}

/// The header, checked against the length of the file.
struct Header<'a> {
    columns: Vec<Column<'a>>,
    records: &'a [u8],
    record_width: usize,
    is_visual: bool,
    /// The mark of the code page: DOS or Windows, and the country.
    code_page: u8,
}

/// Whether a file can be a DBF: it begins with a version, and has zeros where text has none.
pub(super) fn is_dbf(bytes: &[u8]) -> bool {
    bytes.len() > HEADER && VERSIONS.contains(&bytes[0]) && bytes[..HEADER].contains(&0)
}

/// Reads a DBF.
pub(super) fn read(bytes: &[u8], mut table: Table<'_>) -> Result<Taken, RosterError> {
    let header = read_header(bytes)?;
    let encoding = find_encoding(&header)?;
    let memos: Vec<Cow<'_, str>> = header
        .columns
        .iter()
        .filter(|column| is_memo(column.kind, header.is_visual))
        .map(|column| encoding.decode(column.name).0)
        .collect();
    if !memos.is_empty() {
        return Err(RosterError::Memo(memos.join("; ").chars().filter(|c| !c.is_control()).collect()));
    }
    let headings: Vec<(usize, Raw<'_>)> =
        header.columns.iter().take(WIDEST).enumerate().map(|(index, column)| (index, text(column.name, encoding))).collect();
    table.take(1, &headings)?;
    let mut row = 1u32;
    for record in header.records.chunks_exact(header.record_width) {
        row = row.saturating_add(1);
        if !is_live(record)? {
            continue;
        }
        let cells: Vec<(usize, Raw<'_>)> = header
            .columns
            .iter()
            .take(WIDEST)
            .enumerate()
            .filter(|(index, _)| table.wants(*index))
            .map(|(index, column)| (index, value(column, record, header.is_visual, encoding)))
            .collect();
        table.take(row, &cells)?;
    }
    table.finish(if encoding == UTF_8 { "dbf UTF-8" } else { "dbf GB18030" })
}

fn read_header(bytes: &[u8]) -> Result<Header<'_>, RosterError> {
    let short = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    if bytes.len() <= HEADER {
        return Err(RosterError::DbfDamaged);
    }
    if OTHER_LAYOUTS.contains(&bytes[0]) {
        return Err(RosterError::DbfKind);
    }
    if bytes[15] == 1 {
        return Err(RosterError::PasswordProtected);
    }
    let count = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize;
    let (start, record_width) = (short(8), short(10));
    if start <= HEADER || start > bytes.len() || record_width < 2 {
        return Err(RosterError::DbfDamaged);
    }
    let descriptors = bytes[HEADER..start].chunks(DESCRIPTOR).take_while(|descriptor| descriptor[0] != TERMINATOR);
    let descriptors: Vec<&[u8]> = descriptors.collect();
    // What is shorter than a descriptor and not the end of them makes no sense.
    if descriptors.is_empty() || descriptors.iter().any(|descriptor| descriptor.len() < DESCRIPTOR) {
        return Err(RosterError::DbfDamaged);
    }
    let columns = lay_out(&descriptors, record_width).ok_or(RosterError::DbfDamaged)?;
    // A table that was cut off is not half a roster.
    let records = count.checked_mul(record_width).and_then(|length| bytes[start..].get(..length)).ok_or(RosterError::DbfDamaged)?;
    Ok(Header { columns, records, record_width, is_visual: matches!(bytes[0], 0x30..=0x32), code_page: bytes[29] })
}

/// Places the columns in the width that the file tells; texts of more than 255 bytes have the rest of their width where others have decimals.
fn lay_out<'a>(descriptors: &[&'a [u8]], record_width: usize) -> Option<Vec<Column<'a>>> {
    let narrow = |descriptor: &[u8]| usize::from(descriptor[16]);
    let wide = |descriptor: &[u8]| {
        if descriptor[11] == b'C' { usize::from(u16::from_le_bytes([descriptor[16], descriptor[17]])) } else { narrow(descriptor) }
    };
    let sum = |width: &dyn Fn(&[u8]) -> usize| 1 + descriptors.iter().map(|descriptor| width(descriptor)).sum::<usize>();
    let width: &dyn Fn(&[u8]) -> usize = match (sum(&narrow), sum(&wide)) {
        (_, wide_sum) if wide_sum == record_width => &wide,
        (narrow_sum, _) if narrow_sum <= record_width => &narrow,
        _ => return None,
    };
    let mut start = 1;
    let mut columns = Vec::with_capacity(descriptors.len());
    for descriptor in descriptors {
        let width = width(descriptor);
        columns.push(Column { name: until_zero(&descriptor[..11]), kind: descriptor[11], start, width });
        start += width;
    }
    Some(columns)
}

fn is_live(record: &[u8]) -> Result<bool, RosterError> {
    match record[0] {
        b' ' => Ok(true),
        b'*' => Ok(false),
        _ => Err(RosterError::DbfDamaged),
    }
}

/// Columns whose text lies in a file of its own (`.dbt`, `.fpt`).
fn is_memo(kind: u8, is_visual: bool) -> bool {
    matches!(kind, b'M' | b'G' | b'P' | b'W') || (kind == b'B' && !is_visual)
}

/// The code page where the file tells a Chinese one or UTF-8. Few files do: then UTF-8 where all that is not ASCII is that, else GB18030.
fn find_encoding(header: &Header<'_>) -> Result<&'static Encoding, RosterError> {
    match header.code_page {
        0x4D | 0x7A => return Ok(GB18030),
        0xF0 => return Ok(UTF_8),
        // Taiwan, Korea, Japan.
        0x78 | 0x79 | 0x7B | 0x13 => return Err(RosterError::Encoding),
        _ => {}
    }
    let names = header.columns.iter().map(|column| column.name);
    let live = header.records.chunks_exact(header.record_width).filter(|record| record[0] == b' ');
    let texts = live.flat_map(|record| {
        header.columns.iter().filter(|column| column.kind == b'C').map(move |column| until_zero(&record[column.start..][..column.width]))
    });
    let mut foreign = names.chain(texts).filter(|text| !text.is_ascii()).peekable();
    let any = foreign.peek().is_some();
    Ok(if any && foreign.all(|text| std::str::from_utf8(text).is_ok()) { UTF_8 } else { GB18030 })
}

fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn text<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Raw<'a> {
    let bytes = until_zero(bytes).trim_ascii();
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Raw::text(text),
        None => Raw::new(RawKind::Undecodable, encoding.decode_without_bom_handling(bytes).0),
    }
}

fn value<'a>(column: &Column<'_>, record: &'a [u8], is_visual: bool, encoding: &'static Encoding) -> Raw<'a> {
    let bytes = &record[column.start..][..column.width];
    let unknown = || if bytes.iter().all(|byte| matches!(byte, b' ' | 0)) { Raw::text("") } else { Raw::new(RawKind::Error, "") };
    match (column.kind, bytes) {
        (b'C', _) => text(bytes, encoding),
        (b'N' | b'F', _) => number(bytes),
        (b'D', _) => match until_zero(bytes).trim_ascii() {
            b"00000000" => Raw::text(""),
            day => text(day, encoding),
        },
        (b'L', [b'T' | b't' | b'Y' | b'y', ..]) => Raw::text("TRUE"),
        (b'L', [b'F' | b'f' | b'N' | b'n', ..]) => Raw::text("FALSE"),
        (b'L', _) => Raw::text(""),
        (b'I', [a, b, c, d]) => Raw::new(RawKind::Number, i32::from_le_bytes([*a, *b, *c, *d]).to_string()),
        (b'B', _) if is_visual => bytes.try_into().map_or_else(|_| unknown(), |bytes| Raw::number(f64::from_le_bytes(bytes))),
        (b'T', [a, b, c, d, ..]) => moment(i64::from(u32::from_le_bytes([*a, *b, *c, *d]))).unwrap_or_else(unknown),
        _ => unknown(),
    }
}

/// Numbers are written in digits; nothing but whole ones, or ones whose decimals are zeros, name anything.
fn number<'a>(bytes: &'a [u8]) -> Raw<'a> {
    let Ok(text) = std::str::from_utf8(until_zero(bytes).trim_ascii()) else { return Raw::new(RawKind::Error, "") };
    let whole = match text.split_once('.') {
        Some((whole, decimals)) if decimals.chars().all(|c| c == '0') => whole,
        _ => text,
    };
    let is_number = whole.is_empty() || whole.parse::<f64>().is_ok_and(f64::is_finite);
    Raw::new(if is_number { RawKind::Number } else { RawKind::Error }, whole)
}

/// The day of a Julian day number; the time of day does not matter here.
fn moment<'a>(julian_day: i64) -> Option<Raw<'a>> {
    const OF_1970: i64 = 2_440_588;
    if julian_day == 0 {
        return Some(Raw::text(""));
    }
    let day = civil::date(1970, 1, 1).checked_add(Span::new().try_days(julian_day - OF_1970).ok()?).ok()?;
    Some(Raw::text(day.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::backend::roster::tests::{IDS, dbf, parse};
    use crate::backend::roster::{ParsedRoster, RosterError};

    const COLUMNS: [(&str, u8, u8); 12] = [
        ("KSH", b'C', 14),
        ("XH", b'C', 12),
        ("XM", b'C', 20),
        ("XB", b'C', 2),
        ("CSRQ", b'D', 8),
        ("SFZH", b'C', 18),
        ("ZYMC", b'C', 40),
        ("CC", b'C', 4),
        ("RXRQ", b'N', 8),
        ("FY", b'C', 40),
        ("BH", b'N', 12),
        ("SJ", b'C', 11),
    ];

    fn roster(rows: &[&[&str]]) -> Vec<u8> {
        dbf(&COLUMNS, rows)
    }

    fn one() -> Vec<u8> {
        roster(&[&["23610001", "230001", "张三", "男", "19900101", IDS[0], "法学", "本科", "20250301", "城东学习中心", "1", "13800000000"]])
    }

    #[test]
    fn the_columns_of_the_field_are_read_from_gbk() {
        for code_page in [0, 0x03, 0x4D, 0x7A] {
            let mut bytes = one();
            bytes[29] = code_page;
            let roster = parse(&bytes).unwrap();
            assert_eq!((roster.encoding.as_str(), roster.errors.as_slice(), roster.columns.len()), ("dbf GB18030", &[][..], 12));
            let row = &roster.rows[0];
            assert_eq!((row.row, row.student_number.as_deref(), row.candidate_number.as_deref()), (2, Some("230001"), Some("23610001")));
            assert_eq!((row.name.as_deref(), row.unit_name.as_str(), row.major.as_deref()), (Some("张三"), "城东学习中心", Some("法学")));
            assert_eq!(
                (row.intake.as_deref(), row.class.as_deref(), row.phone.as_deref()),
                (Some("20250301"), Some("1"), Some("13800000000"))
            );
        }
    }

    #[test]
    fn deleted_records_are_left_out_but_counted() {
        let rows: Vec<Vec<&str>> =
            ["1", "2", "3"].iter().map(|number| vec!["", number, "", "", "", "", "", "", "", "东", "", ""]).collect();
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let mut bytes = roster(&rows);
        let (start, width) =
            (usize::from(u16::from_le_bytes([bytes[8], bytes[9]])), usize::from(u16::from_le_bytes([bytes[10], bytes[11]])));
        bytes[start + width] = b'*';
        let roster = parse(&bytes).unwrap();
        assert_eq!(roster.rows.iter().map(|row| row.row).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn a_date_of_zeros_and_a_utf8_table_are_ordinary() {
        let mut bytes = one();
        bytes[1..4].fill(0);
        assert_eq!(parse(&bytes).unwrap().rows.len(), 1);
        let text = "东城".as_bytes();
        let mut utf8 = dbf(&[("XH", b'C', 4), ("FY", b'C', 8)], &[&["1", "dong"]]);
        let at = utf8.windows(4).position(|window| window == b"dong").unwrap();
        utf8[at..at + text.len()].copy_from_slice(text);
        let roster = parse(&utf8).unwrap();
        assert_eq!((roster.encoding.as_str(), roster.rows[0].unit_name.as_str()), ("dbf UTF-8", "东城"));
    }

    #[test]
    fn memos_are_refused_by_name() {
        let bytes = dbf(&[("XH", b'C', 4), ("FY", b'C', 8), ("BZ", b'M', 10), ("ZP", b'G', 10)], &[&["1", "东", "", ""]]);
        assert_eq!(parse(&bytes).unwrap_err(), RosterError::Memo("BZ; ZP".into()));
    }

    #[test]
    fn other_kinds_are_told_from_damage() {
        let with = |at: usize, value: u8| {
            let mut bytes = one();
            bytes[at] = value;
            parse(&bytes).map(|roster| roster.rows.len())
        };
        assert_eq!(with(0, 0x04), Err(RosterError::DbfKind));
        assert_eq!(with(15, 1), Err(RosterError::PasswordProtected));
        assert_eq!(with(29, 0x78), Err(RosterError::Encoding));
        for (at, value) in [(4, 9), (7, 0xFF), (8, 0), (9, 0xFF), (10, 3), (11, 0xFF)] {
            assert_eq!(with(at, value), Err(RosterError::DbfDamaged), "{at} {value}");
        }
        let whole = one();
        assert_eq!(parse(&whole[..whole.len() - 9]).unwrap_err(), RosterError::DbfDamaged);
    }

    #[test]
    fn numbers_keep_every_digit_and_long_ones_are_not_trusted() {
        let file = |kind, width, id: &str| dbf(&[("XH", kind, width), ("SFZH", b'N', 20), ("FY", b'C', 2)], &[&["230001.00", id, "东"]]);
        let roster = parse(&file(b'N', 12, "")).unwrap();
        assert_eq!(roster.rows[0].student_number.as_deref(), Some("230001"));
        let told = |roster: ParsedRoster| roster.errors.into_iter().map(|error| error.code).collect::<Vec<_>>();
        assert_eq!(told(parse(&file(b'N', 12, IDS[0])).unwrap()), ["id_number_as_number"]);
        assert_eq!(told(parse(&file(b'N', 12, "********")).unwrap()), ["error_cell"]);
    }

    #[test]
    fn half_a_character_is_told_with_its_row() {
        // Three characters in five bytes: the last is cut in two.
        let roster = parse(&dbf(&[("XH", b'C', 4), ("XM", b'C', 5), ("FY", b'C', 2)], &[&["1", "张三丰", "东"]])).unwrap();
        assert_eq!((roster.errors[0].row, roster.errors[0].code.as_str()), (2, "cell_encoding"));
    }

    #[test]
    fn wide_texts_and_the_types_of_visual_foxpro_are_read() {
        let mut bytes = dbf(&[("XH", b'I', 4), ("RXRQ", b'T', 8), ("FY", b'C', 44)], &[&["", "", "东"]]);
        bytes[0] = 0x30;
        // The width 300 lies in two bytes, and the record is 256 longer.
        let (start, width) = (32 + 3 * 32 + 1, 1 + 4 + 8 + 300);
        bytes[32 + 64 + 17] = 1;
        bytes[10..12].copy_from_slice(&u16::try_from(width).unwrap().to_le_bytes());
        bytes.truncate(start + 57);
        bytes.resize(start + width, b' ');
        bytes[start + 1..start + 5].copy_from_slice(&230_001_i32.to_le_bytes());
        bytes[start + 5..start + 9].copy_from_slice(&2_460_736_u32.to_le_bytes());
        let roster = parse(&bytes).unwrap();
        let row = &roster.rows[0];
        assert_eq!(
            (row.student_number.as_deref(), row.intake.as_deref(), row.unit_name.as_str()),
            (Some("230001"), Some("2025-03-01"), "东")
        );
    }
}
