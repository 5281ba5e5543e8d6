//! Rosters as registrars have them: every kind of file, every kind of mistake, told in words and never half-taken.

use std::path::Path;

use rust_xlsxwriter::{Formula, Workbook};

use crate::support::house::{Ended, House, Person, SEASON, students};

const IDS: [&str; 3] = ["990000199001010017", "990000199001010025", "990000200002290175"];
const HEADINGS: &str = "学号,姓名,身份证号,办学单位,手机";

/// Runs an import of this roster with no photos, in Chinese and in English.
fn import(registrar: &Person, name: &str, roster: &[u8], more: &[&str]) -> [Ended; 2] {
    std::fs::write(registrar.home.path(name), roster).unwrap();
    std::fs::create_dir_all(registrar.home.path("empty")).unwrap();
    let mut arguments = vec!["import", "--season", SEASON, "--roster", name, "--photos", "empty"];
    arguments.extend(more);
    [registrar.run(&arguments), registrar.run_in_english(&arguments)]
}

fn assert_untouched(house: &House, registrar: &Person) {
    assert_eq!(house.ask(registrar.http.progress(SEASON)).whole.students, 0);
}

#[test]
fn a_roster_with_errors_is_told_row_by_row_and_changes_nothing() {
    let (house, [registrar]) = House::open([("registrar", None)]);
    let roster = format!(
        "{HEADINGS}\n1,张三,{},城东,13800000001\n2,李四,990000199001010018,城东,13800000002\n1,王五,{},城东,\n4,=A1,{},城东,\n5,\u{1b}[2J赵六,,城西,\n",
        IDS[0], IDS[1], IDS[2]
    );
    let words = [
        ["身份证号校验码不符", "与第 2 行是同一个学生", "单元格是公式", "控制字符", "4 处错误"],
        ["check character", "same student as in row 2", "a formula", "invisible control characters", "4"],
    ];
    // A dry run makes no season; after it is made, neither dry nor in earnest anything is taken.
    for (more, made) in [(&["--dry-run"][..], false), (&["--dry-run"], true), (&[], true)] {
        if made {
            house.put_season(&registrar, 600);
        }
        for (ended, words) in import(&registrar, "roster.csv", roster.as_bytes(), more).iter().zip(words) {
            assert_eq!(ended.code, Some(1), "{ended:?}");
            for word in words {
                assert!(ended.out.contains(word), "no {word:?} in {ended:?}");
            }
            assert!(!ended.out.contains('\u{1b}') && !ended.errors.contains('\u{1b}'), "{ended:?}");
            assert!(!ended.out.contains("990000199001010018") && !ended.errors.contains("990000199001010018"), "{ended:?}");
        }
        if made {
            assert_untouched(&house, &registrar);
        } else {
            assert_eq!(house.ask(registrar.http.seasons()), []);
        }
    }
    let [ended, _] = import(&registrar, "roster.csv", roster.as_bytes(), &["--dry-run", "--json"]);
    let told: Vec<(i64, String)> = ended
        .objects()
        .iter()
        .filter(|object| object["event"] == "roster_error")
        .map(|object| (object["row"].as_i64().unwrap(), object["code"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [(3, "id_number_checksum"), (4, "duplicate_student"), (5, "formula_cell"), (6, "control_character")];
    assert_eq!(told, expected.map(|(row, code)| (row, code.to_owned())));
}

#[test]
fn spreadsheets_that_spoil_numbers_and_files_that_are_no_rosters_are_refused_in_words() {
    let (house, [registrar]) = House::open([("registrar", None)]);
    house.put_season(&registrar, 600);
    let workbook = |fill: &dyn Fn(&mut rust_xlsxwriter::Worksheet)| {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (column, heading) in HEADINGS.split(',').enumerate() {
            sheet.write_string(0, u16::try_from(column).unwrap(), heading).unwrap();
        }
        sheet.write_string(1, 0, "1").unwrap();
        sheet.write_string(1, 3, "城东").unwrap();
        fill(sheet);
        workbook.save_to_buffer().unwrap()
    };
    let number = workbook(&|sheet| {
        sheet.write_number(1, 2, 990_000_199_001_010_017_f64).unwrap();
    });
    let formula = workbook(&|sheet| {
        sheet.write_formula(1, 1, Formula::new("=\"张\"&\"三\"").set_result("张三")).unwrap();
    });
    let cases: [(&str, &[u8], &str, &str); 6] = [
        ("number.xlsx", &number, "身份证号被存成了数字", "the ID number was stored as a number"),
        ("formula.xlsx", &formula, "单元格是公式", "a formula"),
        ("columns.csv", "姓名,手机\n张三,13800000000\n".as_bytes(), "名册缺少列", "Columns are missing"),
        ("empty.csv", b"", "名册文件是空的", "The roster file is empty"),
        ("old.xls", &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "旧格式的 Excel", "Excel file of the old kind"),
        ("half.xlsx", &number[..number.len() / 2], "工作簿已损坏", "The workbook is damaged"),
    ];
    for (name, roster, chinese, english) in cases {
        for (ended, words) in import(&registrar, name, roster, &[]).iter().zip([chinese, english]) {
            assert_eq!(ended.code, Some(1), "{name}: {ended:?}");
            assert!(ended.out.contains(words) || ended.errors.contains(words), "{name}: no {words:?} in {ended:?}");
        }
    }
    assert_untouched(&house, &registrar);
    let ended = registrar.run(&["import", "--season", SEASON, "--roster", "nowhere.csv", "--photos", "empty"]);
    assert!(ended.code == Some(3) && ended.errors.contains("nowhere.csv"), "{ended:?}");
}

#[test]
fn a_gbk_file_and_a_workbook_are_taken_with_their_photos() {
    let (house, [registrar]) = House::open([("registrar", None)]);
    house.put_season(&registrar, 600);
    let gbk = |roster: &[u8]| {
        let text = std::str::from_utf8(roster).unwrap().trim_start_matches('\u{feff}').to_owned();
        encoding_rs::GBK.encode(&text).0.into_owned()
    };
    let xlsx = |roster: &[u8]| {
        let text = std::str::from_utf8(roster).unwrap().trim_start_matches('\u{feff}').to_owned();
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, line) in text.lines().enumerate() {
            for (column, cell) in line.split(',').enumerate() {
                sheet.write_string(u32::try_from(row).unwrap(), u16::try_from(column).unwrap(), cell).unwrap();
            }
        }
        workbook.save_to_buffer().unwrap()
    };
    type Write<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let kinds: [(&str, usize, Write, &str); 2] = [("名册.csv", 0, &gbk, "GB18030"), ("名册.xlsx", 16, &xlsx, "xlsx")];
    for (name, place, write, encoding) in kinds {
        let cohort = students(&[place]);
        let folder = registrar.home.path(encoding);
        cohort.write_to(&folder).unwrap();
        std::fs::write(folder.join(name), write(&cohort.roster_csv())).unwrap();
        let path = |name: &str| Path::new(encoding).join(name).to_str().unwrap().to_owned();
        let (roster, photos, cards) = (path(name), path("photos"), path("id-cards"));
        let ended =
            registrar.run(&["import", "--season", SEASON, "--roster", &roster, "--photos", &photos, "--id-cards", &cards, "--json"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let objects = ended.objects();
        let taken = objects.iter().find(|object| object["event"] == "roster").unwrap();
        assert_eq!((taken["encoding"].as_str(), taken["new"].as_i64()), (Some(encoding), Some(1)), "{taken}");
        assert_eq!(objects.last().unwrap()["uploaded"].as_i64(), Some(1));
    }
    let progress = house.ask(registrar.http.progress(SEASON));
    let units: Vec<_> = progress.units.iter().map(|unit| (unit.unit_name.as_deref().unwrap(), unit.pending)).collect();
    assert_eq!(units, [("长安分院", 1), ("渭南分院", 1)], "names came through every encoding");
}

/// A dBASE III table in GBK, all of texts.
fn dbf(columns: &[(&str, u8)], rows: &[&[&str]]) -> Vec<u8> {
    let width = 1 + columns.iter().map(|(_, width)| u16::from(*width)).sum::<u16>();
    let mut bytes = vec![0x03, 127, 6, 1];
    bytes.extend(u32::try_from(rows.len()).unwrap().to_le_bytes());
    bytes.extend(u16::try_from(32 + 32 * columns.len() + 1).unwrap().to_le_bytes());
    bytes.extend(width.to_le_bytes());
    bytes.resize(32, 0);
    for (name, width) in columns {
        let mut descriptor = [0; 32];
        descriptor[..name.len()].copy_from_slice(name.as_bytes());
        (descriptor[11], descriptor[16]) = (b'C', *width);
        bytes.extend(descriptor);
    }
    bytes.push(0x0D);
    for row in rows {
        bytes.push(b' ');
        for ((_, width), text) in columns.iter().zip(*row) {
            let mut text = encoding_rs::GBK.encode(text).0.into_owned();
            text.resize(usize::from(*width), b' ');
            bytes.extend(text);
        }
    }
    bytes
}

#[test]
fn a_dbf_with_columns_of_its_own_comes_back_with_its_errors_and_is_taken_when_mended() {
    let (house, [registrar]) = House::open([("registrar", None)]);
    house.put_season(&registrar, 600);
    let columns = [("BIANHAO", 8), ("XM", 10), ("SFZH", 18), ("ZHAN", 20)];
    let rows: [&[&str]; 2] = [&["1", "张三", IDS[0], "城东学习中心"], &["2", "李四", "990000199001010018", "城东学习中心"]];
    let told = ["--column", "学号=BIANHAO", "--column", "unit=ZHAN", "--errors", "错误.xlsx"];
    let [ended, again] = import(&registrar, "名册.dbf", &dbf(&columns, &rows), &told);
    assert!(ended.code == Some(1) && ended.out.contains("dbf GB18030") && ended.out.contains("错误.xlsx"), "{ended:?}");
    assert!(again.code == Some(2) && again.errors.contains("exists already"), "nothing is written over: {again:?}");
    assert_untouched(&house, &registrar);

    let back = std::fs::read(registrar.home.path("错误.xlsx")).unwrap();
    let mut workbook: calamine::Xlsx<_> = calamine::Reader::new(std::io::Cursor::new(&back)).unwrap();
    let range = calamine::Reader::worksheet_range(&mut workbook, "Sheet1").unwrap();
    let cell = |row: u32, column: u32| range.get_value((row, column)).map(ToString::to_string).unwrap_or_default();
    assert_eq!((cell(0, 0).as_str(), cell(0, 4).as_str(), cell(1, 4).as_str()), ("BIANHAO", "导入错误", ""));
    assert!(cell(2, 2) == "990000199001010018" && cell(2, 4).contains("校验码不符"), "{range:?}");

    let mended: [&[&str]; 2] = [rows[0], &["2", "李四", IDS[1], "城东学习中心"]];
    // What the columns hold was told once.
    let [ended, again] = import(&registrar, "名册.dbf", &dbf(&columns, &mended), &[]);
    assert!(ended.code == Some(0) && ended.out.contains("新增 2") && ended.out.contains("沿用以前指定的列对应"), "{ended:?}");
    assert!(again.code == Some(0) && again.out.contains("2 unchanged"), "{again:?}");
    let whole = house.ask(registrar.http.progress(SEASON)).whole;
    assert_eq!(whole.students, 2);
}
