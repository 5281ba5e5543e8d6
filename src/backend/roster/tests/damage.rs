//! Files that were damaged, made up, or written by somebody who means harm: read or refused, and never worse.

use proptest::prelude::*;

use super::*;
use crate::language::Language;

/// The headings of the others as the columns of a DBF.
const COLUMNS: [(&str, u8, u8); 5] =
    [("学号", b'C', 10), ("姓名", b'C', 8), ("身份证号", b'C', 18), ("办学单位", b'C', 16), ("手机", b'C', 11)];

/// The same workbook with one part changed by `change`, and right sizes and sums: damage that a zip does not notice.
fn with_part(part: &str, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    let whole = xlsx(&[&HEADINGS, &["1", "张三", IDS[0], "东", "13800000000"]]);
    let mut archive = zip::ZipArchive::new(Cursor::new(whole)).unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut change = Some(change);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if let Some(change) = change.take_if(|_| name == part) {
            change(&mut bytes);
        }
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    assert!(change.is_none(), "no part {part}");
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_row_that_no_sheet_has_is_damage_and_no_panic() {
    for number in ["4294967297", "99999999999999999999", "0"] {
        let bytes = with_part("xl/worksheets/sheet1.xml", |bytes| {
            let text = String::from_utf8(std::mem::take(bytes)).unwrap();
            *bytes = text.replacen("<row r=\"2\"", &format!("<row r=\"{number}\""), 1).into_bytes();
        });
        let _ = parse(&bytes);
    }
}

fn any_row() -> impl Strategy<Value = Vec<String>> {
    let text = prop_oneof![Just(String::new()), "[张李王]{1,3}", "\\PC{0,12}", "[=+@-][0-9A-Z ]{0,12}", Just("东".to_owned())];
    let id =
        prop_oneof![(0u32..9000, 0u32..1000).prop_map(|(day, sequence)| id_number(day, sequence)), "[0-9]{17}[0-9Xx]", Just(String::new())];
    let phone = prop_oneof!["1[3-9][0-9]{9}", "[+0-9 -]{0,14}"];
    ("[0-9A-Za-z]{0,10}", text.clone(), id, text, phone).prop_map(|(number, name, id, unit, phone)| vec![number, name, id, unit, phone])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_workbook_and_a_text_of_the_same_rows_say_the_same(rows in proptest::collection::vec(any_row(), 1..20)) {
        let rows: Vec<Vec<&str>> = std::iter::once(HEADINGS.to_vec()).chain(rows.iter().map(|row| row.iter().map(String::as_str).collect())).collect();
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let of_text = parse(&csv(&rows)).map(|roster| ParsedRoster { encoding: String::new(), ..roster });
        let of_workbook = parse(&xlsx(&rows)).map(|roster| ParsedRoster { encoding: String::new(), ..roster });
        prop_assert_eq!(of_text, of_workbook);
    }

    #[test]
    fn a_dbf_and_a_text_of_the_same_rows_say_the_same(rows in proptest::collection::vec(("[0-9A-Za-z]{1,10}", "[张李王]{1,3}", "东|西|城北学习中心", "1[3-9][0-9]{9}|12345"), 1..20), ids in any::<u32>()) {
        let ids: Vec<String> = (0..20).map(|row| id_number(ids % 9000, row)).collect();
        let rows: Vec<[&str; 5]> = rows.iter().zip(&ids).map(|((number, name, unit, phone), id)| [number.as_str(), name, id, unit, phone]).collect();
        let rows: Vec<&[&str]> = rows.iter().map(<[&str; 5]>::as_slice).collect();
        let of_text = parse(&csv(&[&[&HEADINGS[..]], &rows[..]].concat())).map(|roster| ParsedRoster { encoding: String::new(), ..roster });
        let of_dbf = parse(&dbf(&COLUMNS, &rows)).map(|roster| ParsedRoster { encoding: String::new(), ..roster });
        prop_assert_eq!(of_text, of_dbf);
    }

    #[test]
    fn a_damaged_workbook_is_read_or_refused(at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let mut bytes = xlsx(&[&HEADINGS, &["1", "张三", IDS[0], "东", "13800000000"]]);
        for (index, value) in at {
            let index = index.index(bytes.len());
            bytes[index] = value;
        }
        let _ = parse(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = parse(&bytes);
    }
}

proptest! {
    #[test]
    fn a_workbook_of_broken_xml_is_read_or_refused(
        part in prop::sample::select(vec!["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"]),
        at in proptest::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&b"<>/\"=0129-A&; \xFFrcvst"[..])), 1..6),
        cut in proptest::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let bytes = with_part(part, |bytes| {
            for (index, value) in at {
                let index = index.index(bytes.len());
                bytes[index] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
        });
        let _ = parse(&bytes);
    }

    #[test]
    fn a_damaged_dbf_is_read_or_refused(at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let row = ["1", "张三", IDS[0], "东", "13800000000"];
        let mut bytes = dbf(&COLUMNS, &[&row, &row, &row]);
        // Mostly in the header, where the meaning is.
        for (index, value) in at {
            let index = index.index(if value % 4 == 0 { bytes.len() } else { 32 * 6 });
            bytes[index] = value;
        }
        let _ = parse(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = parse(&bytes);
    }

    #[test]
    fn what_is_given_back_is_read_as_it_was(rows in proptest::collection::vec(any_row(), 1..12), workbook in any::<bool>()) {
        let rows: Vec<Vec<&str>> = std::iter::once(HEADINGS.to_vec()).chain(rows.iter().map(|row| row.iter().map(String::as_str).collect())).collect();
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let bytes = csv(&rows);
        let (given, remembered) = (ColumnMapping::default(), Remembered::new());
        let reading = Reading { kind: SeasonKind::Roster, given: &given, remembered: &remembered };
        if let Ok(before) = super::super::parse(&bytes, &reading) {
            let format = if workbook { Format::Xlsx } else { Format::Csv };
            let back = give_back(&bytes, &reading, &before.errors, Language::Chinese, Some(format)).unwrap();
            let after = super::super::parse(&back, &reading).unwrap();
            prop_assert_eq!((before.rows, before.errors, before.total), (after.rows, after.errors, after.total));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600), start in prop::sample::select(vec![&b""[..], b"PK\x03\x04", b"\xFF\xFE", b"\xEF\xBB\xBF", b"\x03\x7F\x06\x01\x02\0\0\0\x61\0\x0A\0", "学号,分院\n".as_bytes()])) {
        let _ = parse(&[start, &bytes].concat());
    }

    #[test]
    fn any_text_below_headings_is_read_or_refused(text in "(\\PC|\n|,|\"|\t|;){0,300}") {
        let file = format!("学号,姓名,身份证号,单位,手机,性别,出生日期\n{text}");
        if let Ok(roster) = parse(file.as_bytes()) {
            prop_assert!(roster.rows.len() <= roster.total as usize);
        }
    }
}
