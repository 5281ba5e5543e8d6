//! Rosters as people make them, and as nobody should.

use encoding_rs::GB18030;
use rust_xlsxwriter::{Format as CellFormat, Formula, Workbook};

use super::table::codes;
use super::*;

mod damage;
mod seasons;

/// As a file without any mapping in a season with names.
pub(super) fn parse(bytes: &[u8]) -> Result<ParsedRoster, RosterError> {
    parse_with(bytes, SeasonKind::Roster, &[], &Remembered::new())
}

fn parse_with(bytes: &[u8], kind: SeasonKind, pairs: &[&str], remembered: &Remembered) -> Result<ParsedRoster, RosterError> {
    let given = ColumnMapping::from_pairs(pairs.iter().copied()).unwrap();
    super::parse(bytes, &Reading { kind, given: &given, remembered })
}

const HEADINGS: [&str; 5] = ["学号", "姓名", "身份证号", "办学单位", "手机"];
pub(super) const IDS: [&str; 5] =
    ["990000199001010017", "990000199001010025", "990000200002290175", "990000198512311239", "99000019950615004X"];

fn csv(rows: &[&[&str]]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in rows {
        writer.write_record(*row).unwrap();
    }
    writer.into_inner().unwrap()
}

fn xlsx(rows: &[&[&str]]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in rows.iter().enumerate() {
        for (column, text) in cells.iter().enumerate() {
            sheet.write_string(u32::try_from(row).unwrap(), u16::try_from(column).unwrap(), *text).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// A dBASE III table in GBK; texts that are too long for their column are cut.
pub(super) fn dbf(columns: &[(&str, u8, u8)], rows: &[&[&str]]) -> Vec<u8> {
    let width = 1 + columns.iter().map(|(_, _, width)| u16::from(*width)).sum::<u16>();
    let start = u16::try_from(32 + 32 * columns.len() + 1).unwrap();
    let mut bytes = vec![0x03, 127, 6, 1];
    bytes.extend(u32::try_from(rows.len()).unwrap().to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend(width.to_le_bytes());
    bytes.resize(32, 0);
    for (name, kind, width) in columns {
        let mut descriptor = [0; 32];
        let name = GB18030.encode(name).0;
        descriptor[..name.len()].copy_from_slice(&name);
        (descriptor[11], descriptor[16]) = (*kind, *width);
        bytes.extend(descriptor);
    }
    bytes.push(0x0D);
    for row in rows {
        bytes.push(b' ');
        for ((_, _, width), text) in columns.iter().zip(*row) {
            let mut text = GB18030.encode(text).0.into_owned();
            text.resize(usize::from(*width), b' ');
            bytes.extend(text);
        }
    }
    bytes.push(0x1A);
    bytes
}

/// A resident ID number with region 990000 and a right check character.
fn id_number(day: u32, sequence: u32) -> String {
    let body = format!("990000{:04}{:02}{:02}{sequence:03}", 1980 + day / 336 % 25, day / 28 % 12 + 1, day % 28 + 1);
    "0123456789X".chars().map(|check| format!("{body}{check}")).find(|number| ResidentId::parse(number).is_ok()).unwrap()
}

fn errors_of(row: &[&str]) -> Vec<String> {
    let roster = parse(&csv(&[&HEADINGS, row])).unwrap();
    assert!(roster.rows.is_empty() || roster.errors.is_empty());
    codes(&roster).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_plain_roster_is_read_whole() {
    let rows: [&[&str]; 4] = [
        &["2027届毕业生名单"],
        &["XH", "XM", "SFZH", "FY", "SJ", "ZYMC", "CC", "RXRQ", "BH", "KSH", "XB", "CSRQ"],
        &["230001", "张三", IDS[0], "城东学习中心", "13800000000", "法学", "本科", "202503", "1班", "23610001", "男", "19900101"],
        &["", "李四", IDS[4], "城西学习中心", "", "", "", "", "", "", "女", "1995-06-15"],
    ];
    for file in [csv(&rows), xlsx(&rows)] {
        let roster = parse(&file).unwrap();
        assert_eq!((roster.errors.as_slice(), roster.total, roster.columns.len()), (&[][..], 2, 12));
        let first = &roster.rows[0];
        assert_eq!((first.row, first.student_number.as_deref(), first.name.as_deref()), (3, Some("230001"), Some("张三")));
        assert_eq!((first.unit_code.as_str(), first.unit_name.as_str()), ("城东学习中心", "城东学习中心"));
        assert_eq!((first.phone.as_deref(), first.candidate_number.as_deref()), (Some("13800000000"), Some("23610001")));
        assert_eq!((roster.rows[1].student_number.as_deref(), roster.rows[1].id_number.as_ref().unwrap().reveal()), (None, IDS[4]));
    }
}

#[test]
fn text_is_read_in_every_encoding_and_with_every_separator() {
    for separator in [",", "\t", ";"] {
        let text = format!("{}\r\n{}\r\n", HEADINGS.join(separator), ["1", "张三", IDS[0], "城东", "13800000000"].join(separator));
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let (gb, _, _) = GB18030.encode(&text);
        let rosters: Vec<ParsedRoster> = [text.as_bytes(), &gb, &utf16].map(|bytes| parse(bytes).unwrap()).into();
        assert_eq!(rosters.iter().map(|roster| roster.encoding.as_str()).collect::<Vec<_>>(), ["UTF-8", "GB18030", "UTF-16"]);
        for roster in rosters {
            assert_eq!((roster.rows.len(), roster.rows[0].unit_name.as_str(), roster.errors.len()), (1, "城东", 0));
        }
    }
}

#[test]
fn every_fault_of_a_row_has_its_code() {
    let cases: [(&[&str], &str); 14] = [
        (&["1", "张三", "99000019900101001", "东"], "id_number_length"),
        (&["1", "张三", "9900001990O1010017", "东"], "id_number_character"),
        (&["1", "张三", "990000199902290016", "东"], "id_number_birth_date"),
        (&["1", "张三", "990000199001010018", "东"], "id_number_checksum"),
        (&["1", "张三", "9.90000199001010E+17", "东"], "id_number_as_number"),
        (&["1.23457E+15", "张三", IDS[0], "东"], "number_not_exact"),
        (&["1", "=HYPERLINK(\"http://x\")", IDS[0], "东"], "formula_cell"),
        (&["1", "张三", IDS[0], "@SUM(A1)"], "formula_cell"),
        (&["1", "\u{1b}[2J张三", IDS[0], "东"], "control_character"),
        (&["1", "张三", IDS[0], "东", "12345"], "phone_shape"),
        (&["1", "张三", IDS[0], "东", "=1"], "formula_cell"),
        (&["1", "张三", IDS[0], ""], "unit_missing"),
        (&["", "张三", "", "东"], "student_missing"),
        (&["1", "张三", IDS[0], "-"], "unit_missing"),
    ];
    for (row, code) in cases {
        assert_eq!(errors_of(row), [code], "{row:?}");
    }
    assert_eq!(errors_of(&["1", &"长".repeat(101), IDS[0], "东"]), ["cell_too_long"]);
    assert!(errors_of(&["1", "张三", IDS[0], "东", "+86 138 0000 0000"]).is_empty());
}

#[test]
fn the_id_number_knows_better() {
    let headings = ["学号", "身份证号", "分院", "性别", "出生日期"];
    for (sex, born, code) in [
        ("女", "", "id_mismatch_sex"),
        ("", "19900102", "id_mismatch_birth_date"),
        ("?", "", "sex_shape"),
        ("", "1990", "birth_date_shape"),
    ] {
        let roster = parse(&csv(&[&headings, &["1", IDS[0], "东", sex, born]])).unwrap();
        assert_eq!(codes(&roster), [code]);
    }
}

#[test]
fn a_student_stands_on_a_roster_once_and_a_unit_has_one_name() {
    let headings = ["学号", "身份证号", "分院", "单位代码"];
    let roster = parse(&csv(&[
        &headings,
        &["a1", IDS[0], "东", "01"],
        &["A1", IDS[1], "东", "01"],
        &["b2", IDS[0], "东", "01"],
        &["c3", IDS[2], "西", "01"],
        &["d4", IDS[3], "西", "02"],
    ]))
    .unwrap();
    let told: Vec<(u32, &str, &str, &str)> = roster
        .errors
        .iter()
        .map(|error| (error.row, error.column.as_deref().unwrap(), error.code.as_str(), error.parameters["first"].as_str()))
        .collect();
    assert_eq!(
        told,
        [(3, "学号", "duplicate_student", "2"), (4, "身份证号", "duplicate_student", "2"), (5, "单位代码", "unit_contradicts", "2")]
    );
    assert_eq!((roster.rows.len(), roster.total), (2, 5));
}

#[test]
fn a_row_with_one_fault_is_told_its_others_too_from_left_to_right() {
    let row = ["1", "=A1", "990000199001010018", "", "1"];
    let roster = parse(&csv(&[&HEADINGS, &["1", "张三", IDS[0], "东"], &row])).unwrap();
    assert_eq!(codes(&roster), ["formula_cell", "id_number_checksum", "unit_missing", "phone_shape", "duplicate_student"]);
}

#[test]
fn spreadsheet_cells_that_are_no_text() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, heading) in ["学号", "身份证号", "分院", "出生日期", "手机"].iter().enumerate() {
        sheet.write_string(0, u16::try_from(column).unwrap(), *heading).unwrap();
    }
    let date = CellFormat::new().set_num_format("yyyy-mm-dd");
    // An exact student number, a date and a phone as numbers are fine; row 2.
    sheet.write_number(1, 0, 2_023_000_001).unwrap();
    sheet.write_string(1, 1, IDS[0]).unwrap();
    sheet.write_string(1, 2, "东").unwrap();
    sheet.write_number_with_format(1, 3, 32874, &date).unwrap();
    sheet.write_number(1, 4, 13_800_000_000_f64).unwrap();
    // An ID number as a number has lost its end; row 3.
    sheet.write_number(2, 1, 990_000_199_001_010_017_f64).unwrap();
    sheet.write_string(2, 2, "东").unwrap();
    // A formula, whatever it gives; row 4.
    sheet.write_formula(3, 0, Formula::new("=A2+1").set_result("2023000002")).unwrap();
    sheet.write_string(3, 2, "东").unwrap();
    let roster = parse(&workbook.save_to_buffer().unwrap()).unwrap();
    let told: Vec<(u32, &str)> = roster.errors.iter().map(|error| (error.row, error.code.as_str())).collect();
    assert_eq!(told, [(3, "id_number_as_number"), (4, "formula_cell")]);
    assert_eq!((roster.rows[0].student_number.as_deref(), roster.rows[0].phone.as_deref()), (Some("2023000001"), Some("13800000000")));
}

#[test]
fn the_first_sheet_with_anything_in_it_counts_and_hidden_ones_do_not() {
    let mut workbook = Workbook::new();
    workbook.add_worksheet();
    let hidden = workbook.add_worksheet();
    hidden.write_string(0, 0, "旧").unwrap();
    hidden.set_hidden(true);
    let sheet = workbook.add_worksheet();
    for (column, (heading, value)) in [("学号", "7"), ("分院", "东")].iter().enumerate() {
        sheet.write_string(4, u16::try_from(column).unwrap(), *heading).unwrap();
        sheet.write_string(6, u16::try_from(column).unwrap(), *value).unwrap();
    }
    let roster = parse(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!((roster.rows[0].row, roster.rows[0].student_number.as_deref()), (7, Some("7")));
}

#[test]
fn what_is_no_roster_says_why() {
    let encrypted =
        [&[0xD0, 0xCF, 0x11, 0xE0][..], &"EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()].concat();
    let mut truncated = xlsx(&[&HEADINGS, &["1", "张三", IDS[0], "东"]]);
    truncated.truncate(truncated.len() / 2);
    for (bytes, code) in [
        (&b""[..], "roster_empty"),
        (b"\n \n", "roster_empty"),
        (&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1], "old_excel"),
        (&encrypted, "password_protected"),
        (b"<html><table>", "old_excel"),
        (&truncated, "workbook_damaged"),
        (b"PK\x03\x04", "workbook_damaged"),
        (&[0xFF, 0xD8, 0xFF, 0xE0, 0, 16], "encoding_unknown"),
        (&xlsx(&[]), "roster_no_rows"),
        (&xlsx(&[&HEADINGS]), "roster_no_rows"),
        (&csv(&[&HEADINGS]), "roster_no_rows"),
        (&csv(&[&["姓名", "手机"], &["张三", "13800000000"]]), "columns_missing"),
        (&csv(&[&["学号", "学号", "分院"], &["1", "2", "东"]]), "column_twice"),
        (&vec![b'a'; LARGEST_FILE + 1], "roster_too_large"),
    ] {
        assert_eq!(parse(bytes).unwrap_err().code(), code, "{:?}", &bytes[..bytes.len().min(20)]);
    }
}

#[test]
fn a_bomb_is_measured_and_not_believed() {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.start_file("xl/workbook.xml", options).unwrap();
    writer.start_file("xl/sharedStrings.xml", options).unwrap();
    for _ in 0..65 {
        writer.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = writer.finish().unwrap().into_inner();
    assert!(bomb.len() < 1 << 20);
    assert_eq!(parse(&bomb).unwrap_err(), RosterError::UnpacksTooLarge);
}

#[test]
fn too_many_rows_are_refused_and_too_many_errors_are_counted() {
    let mut text = String::from("学号,分院\n");
    for number in 0..=MOST_ROWS {
        text.push_str(&format!("{number},东\n"));
    }
    assert_eq!(parse(text.as_bytes()).unwrap_err(), RosterError::TooManyRows);
    let faulty: String = std::iter::once("学号,分院\n".to_owned()).chain((0..1_500).map(|number| format!("{number},\n"))).collect();
    let roster = parse(faulty.as_bytes()).unwrap();
    assert_eq!(roster.errors.len(), MOST_ERRORS + 1);
    assert_eq!((roster.errors[MOST_ERRORS].code.as_str(), roster.errors[MOST_ERRORS].parameters["count"].as_str()), ("more_errors", "500"));
}

#[test]
fn nothing_personal_is_told() {
    let roster = parse(&csv(&[&HEADINGS, &["230001", "张三丰", "990000199001010018", "东", "1380000"]])).unwrap();
    let told = serde_json::to_string(&roster.errors).unwrap();
    for secret in ["230001", "张三丰", "99000019900101", "1380000"] {
        assert!(!told.contains(secret), "{told}");
    }
    let good = parse(&csv(&[&HEADINGS, &["230001", "张三丰", IDS[0], "东"]])).unwrap();
    assert!(!format!("{:?}", good.rows).contains("张三丰"));
}

#[test]
fn every_code_has_a_text_in_every_language() {
    use crate::language::{Language, has_text};
    let rows = "id_number_length id_number_character id_number_birth_date id_number_checksum id_number_as_number number_not_exact formula_cell \
                error_cell control_character cell_too_long phone_shape birth_date_shape sex_shape id_mismatch_birth_date id_mismatch_sex \
                student_missing unit_missing duplicate_student unit_contradicts more_errors student_key_missing id_number_masked \
                id_number_not_masked masked_id_number_shape name_not_masked standing_shape cell_encoding";
    let files = RosterError::all();
    for code in rows.split_whitespace().chain(files.iter().map(RosterError::code)) {
        for language in Language::ALL {
            assert!(has_text(language, &format!("problem.{code}")), "{} has no text for {code}", language.tag());
        }
    }
}
