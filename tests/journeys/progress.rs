//! Progress as a registrar chases units by it: a table on the screen, a workbook for a meeting, numbers for programs, all the same.

use std::os::unix::fs::PermissionsExt;

use calamine::{Data, Reader as _, Xlsx};
use zhaoshen::api::reviewing::UnitDeadline;

use crate::support::house::{House, SEASON};

#[test]
fn progress_leaves_as_a_table_a_workbook_and_numbers_that_agree() {
    let (house, [registrar]) = House::open([("registrar", None)]);
    house.put_season(&registrar, 600);
    let roster = "学号,姓名,分院,参加状态\n1,张三,=城东,\n2,李四,=城东,退学\n3,王五,城西,\n4,赵六,城西,不符合\n5,钱七,城西,\n";
    // A unit whose name a spreadsheet would run does not get in; nothing of this roster does.
    std::fs::create_dir_all(registrar.home.path("empty")).unwrap();
    let import = |roster: &str| {
        std::fs::write(registrar.home.path("roster.csv"), roster).unwrap();
        registrar.run(&["import", "--season", SEASON, "--roster", "roster.csv", "--photos", "empty"])
    };
    assert_eq!(import(roster).code, Some(1));
    let ended = import(&roster.replace("=城东", "城东"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let passed = UnitDeadline { closes_at: Some("2020-01-01T00:00:00Z".parse().unwrap()) };
    house.ask(registrar.http.put_deadline(SEASON, "城西", passed));

    let progress = house.ask(registrar.http.progress(SEASON));
    let told: Vec<_> = progress.units.iter().chain([&progress.whole]).map(|unit| (unit.students, unit.invited, unit.overdue)).collect();
    assert_eq!(told, [(2, 1, 0), (3, 2, 2), (5, 3, 2)]);
    let [on_screen, as_lines] = [&["progress"][..], &["progress", "--json"]].map(|arguments| registrar.run(arguments));
    assert!(on_screen.out.contains("逾期") && on_screen.out.contains("城西"), "{on_screen:?}");
    assert_eq!(as_lines.objects().last().unwrap()["overdue"].as_i64(), Some(2));

    for name in ["进度.csv", "进度.xlsx"] {
        let ended = registrar.run_in_english(&["export", "progress", "--season", SEASON, "--out", name]);
        assert!(ended.code == Some(0) && ended.out.contains(name), "{ended:?}");
        let again = registrar.run(&["export", "progress", "-o", name]);
        assert!(again.code == Some(2) && again.errors.contains("已存在"), "{again:?}");
        assert_eq!(std::fs::metadata(registrar.home.path(name)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let text = std::fs::read_to_string(registrar.home.path("进度.csv")).unwrap();
    let rows: Vec<Vec<&str>> = text.trim_start_matches('\u{feff}').lines().map(|line| line.split(',').collect()).collect();
    let workbook = std::fs::read(registrar.home.path("进度.xlsx")).unwrap();
    let mut workbook: Xlsx<_> = Xlsx::new(std::io::Cursor::new(workbook)).unwrap();
    let range = workbook.worksheet_range("Sheet1").unwrap();
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.ends_with('%')) {
            let there = range.get((row, column)).filter(|there| **there != Data::Empty).map(ToString::to_string).unwrap_or_default();
            assert_eq!(&there, cell, "row {row} column {column}");
        }
    }
    let place = |heading: &str| rows[0].iter().position(|known| *known == heading).unwrap_or_else(|| panic!("no {heading} in {rows:?}"));
    assert_eq!((rows.len(), rows[3][place("unit")], rows[3][place("overdue")], rows[2][place("invited")]), (4, "all", "2", "2"));
}
