//! Mappings told and remembered, seasons of capture codes, and rosters given back.

use calamine::{Data, Reader as _, Xlsx};

use super::*;
use crate::api::roster::MatchedBy;
use crate::language::Language;

const MASKED: [&str; 2] = ["9900**********0017", "9900**********0025"];

fn reading<'a>(kind: SeasonKind, given: &'a ColumnMapping, remembered: &'a Remembered) -> Reading<'a> {
    Reading { kind, given, remembered }
}

#[test]
fn a_mapping_told_once_is_known_for_the_next_file_of_these_headings() {
    let first = csv(&[&["编号", "人", "证件", "站", "编制"], &["1", "张三", IDS[0], "东", "x"]]);
    assert_eq!(parse(&first).unwrap_err().code(), "columns_missing");
    let pairs = ["学号=编号", "姓名=人", "SFZH=证件", "unit=站"];
    let told = parse_with(&first, SeasonKind::Roster, &pairs, &Remembered::new()).unwrap();
    assert_eq!((told.rows[0].student_number.as_deref(), told.rows[0].name.as_deref()), (Some("1"), Some("张三")));
    assert!(told.columns.iter().all(|column| column.by == MatchedBy::Given));

    let remembered = Remembered::from([(told.heading_set.clone(), told.mapping)]);
    // Another order and another dress, without a word about the columns; one of them told anew.
    let second = csv(&[&["名单"], &["站", "证件（18位）", "人", "编 号", "编制"], &["西", IDS[1], "李四", "2", "y"]]);
    let again = parse_with(&second, SeasonKind::Roster, &["班级=编制"], &remembered).unwrap();
    assert_eq!((again.heading_set == told.heading_set, again.heading_row), (true, 2));
    assert_eq!((again.rows[0].unit_name.as_str(), again.rows[0].class.as_deref()), ("西", Some("y")));
    assert_eq!(again.mapping.0.len(), 5, "what was told anew is remembered beside the rest");
    let by = |heading: &str| again.columns.iter().find(|column| column.heading == heading).unwrap().by;
    assert_eq!((by("站"), by("编制")), (MatchedBy::Remembered, MatchedBy::Given));
}

#[test]
fn a_mapping_that_does_not_fit_the_file_is_refused_in_its_own_words() {
    let file = csv(&[&["学号", "分院"], &["1", "东"]]);
    for (pairs, code) in [
        (&["手机=电话"][..], "column_heading_absent"),
        (&["鞋码=分院"], "column_field_unknown"),
        (&["学号=", "unit=分院"], "columns_missing"),
        (&["学号=分院"], "columns_missing"),
    ] {
        assert_eq!(parse_with(&file, SeasonKind::Roster, pairs, &Remembered::new()).unwrap_err().code(), code, "{pairs:?}");
    }
}

#[test]
fn a_season_of_capture_codes_knows_its_students_by_key_and_takes_no_whole_name_or_number() {
    let headings = ["采集码", "姓名", "身份证号", "分院"];
    let file = csv(&[
        &headings,
        &["K001", "张*", MASKED[0], "东"],
        &["K002", "", "", "东"],
        &["K003", "李＊", "９９００＊＊＊＊＊＊＊＊＊＊００２５", "西"],
        &["K004", "王五", IDS[2], "西"],
        &["", "赵*", MASKED[1], "西"],
        &["K001", "钱*", "", "西"],
        &["K006", "", "99000019900101**17", "西"],
    ]);
    let roster = parse_with(&file, SeasonKind::CaptureCode, &[], &Remembered::new()).unwrap();
    let known: Vec<_> =
        roster.rows.iter().map(|row| (row.student_key.as_deref().unwrap(), row.name.as_deref(), row.masked_id_number.as_deref())).collect();
    assert_eq!(known, [("K001", Some("张*"), Some(MASKED[0])), ("K002", None, None), ("K003", Some("李*"), Some(MASKED[1]))]);
    let told: Vec<(u32, &str)> = roster.errors.iter().map(|error| (error.row, error.code.as_str())).collect();
    let expected = [
        (5, "name_not_masked"),
        (5, "id_number_not_masked"),
        (6, "student_key_missing"),
        (7, "duplicate_student"),
        (8, "masked_id_number_shape"),
    ];
    assert_eq!(told, expected);
    // The other way round: a season with names needs the numbers whole.
    let masked = csv(&[&HEADINGS, &["1", "张*", MASKED[0], "东"]]);
    assert_eq!(codes(&parse(&masked).unwrap()), ["id_number_masked"]);
    assert_eq!(parse_with(&masked, SeasonKind::CaptureCode, &[], &Remembered::new()).unwrap_err().code(), "columns_missing");
}

#[test]
fn a_roster_may_say_who_takes_no_part_any_more() {
    let file = csv(&[
        &["学号", "分院", "参加状态"],
        &["1", "东", "退学"],
        &["2", "东", "不符合"],
        &["3", "东", ""],
        &["4", "东", "参加"],
        &["5", "东", "?"],
    ]);
    let roster = parse(&file).unwrap();
    let standings: Vec<_> = roster.rows.iter().map(|row| row.standing).collect();
    assert_eq!(standings, [Some(Standing::Withdrawn), Some(Standing::Ineligible), None, Some(Standing::Active)]);
    assert_eq!(codes(&roster), ["standing_shape"]);
}

/// The cells of the first sheet, and which of them are formulas.
fn cells(xlsx: &[u8]) -> (Vec<Vec<String>>, usize) {
    let mut workbook: Xlsx<_> = Xlsx::new(std::io::Cursor::new(xlsx)).unwrap();
    let formulas = workbook.worksheet_formula("Sheet1").unwrap().used_cells().count();
    let range = workbook.worksheet_range("Sheet1").unwrap();
    (
        range
            .rows()
            .map(|row| row.iter().map(|cell| if *cell == Data::Empty { String::new() } else { cell.to_string() }).collect())
            .collect(),
        formulas,
    )
}

#[test]
fn a_roster_is_given_back_with_its_errors_beside_its_rows() {
    let (given, remembered) = (ColumnMapping::default(), Remembered::new());
    let file = csv(&[
        &["2027届"],
        &HEADINGS,
        &["1", "张三", IDS[0], "东", "+86 13800000000"],
        &["2", "=HYPERLINK(\"http://x\",\"李四\")", "990000199001010018", "东", ""],
        &["1", "@王五", IDS[1], "\t-1", ""],
    ]);
    let reading = reading(SeasonKind::Roster, &given, &remembered);
    let parsed = super::super::parse(&file, &reading).unwrap();
    let title = "导入错误";
    let back = give_back(&file, &reading, &parsed.errors, Language::Chinese, None).unwrap();
    let text = std::str::from_utf8(&back).unwrap();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert!(text.starts_with('\u{feff}') && lines[1].ends_with(title), "{text}");
    assert!(lines[2].contains("'+86") && lines[2].ends_with("学号：与第 5 行是同一个学生"), "{text}");
    assert!(lines[3].contains("'=HYPERLINK") && lines[3].contains("校验码不符") && lines[3].contains("单元格是公式"), "{text}");
    assert!(lines[4].contains("'@王五") && lines[4].contains("'-1") && lines[4].contains("与第 3 行是同一个学生"), "{text}");

    let book = give_back(&file, &reading, &parsed.errors, Language::English, Some(Format::Xlsx)).unwrap();
    let (rows, formulas) = cells(&book);
    assert_eq!((formulas, rows[1][5].as_str(), rows[3][1].as_str()), (0, "import errors", "=HYPERLINK(\"http://x\",\"李四\")"));
    // Mended in part and brought again: the column of errors is the same one, its old texts are gone.
    let again = super::super::parse(&book, &reading).unwrap();
    assert_eq!(again.errors, parsed.errors);
    let (rows, _) = cells(&give_back(&book, &reading, &again.errors[..1], Language::Chinese, None).unwrap());
    assert_eq!((rows[1].len(), rows[1][5].as_str(), rows[4][5].as_str()), (6, title, ""));
}

#[test]
fn a_dbf_comes_back_as_a_workbook_and_what_belongs_to_no_row_is_not_lost() {
    let (given, remembered) = (ColumnMapping::default(), Remembered::new());
    let file = dbf(&[("XH", b'N', 10), ("FY", b'C', 8), ("SFZH", b'N', 18)], &[&["1", "东", IDS[0]], &["2", "西", ""]]);
    let reading = reading(SeasonKind::Roster, &given, &remembered);
    let mut errors = super::super::parse(&file, &reading).unwrap().errors;
    errors.push(RowError { row: 99, column: None, code: "unit_out_of_scope".into(), parameters: Default::default() });
    let (rows, _) = cells(&give_back(&file, &reading, &errors, Language::Chinese, None).unwrap());
    assert_eq!((rows.len(), rows[1][0].as_str(), rows[1][2].as_str()), (4, "1", IDS[0]));
    assert!(rows[1][3].contains("存成了数字") && rows[2][3].is_empty() && !rows[3][3].is_empty(), "{rows:?}");
}
