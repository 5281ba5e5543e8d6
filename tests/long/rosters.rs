//! A roster of a large university, measured and not judged: new, again, and with every tenth student elsewhere.
//!
//! `ZHAOSHEN_LONG_ROSTER` says how many students (20,000 where it says nothing).

use std::{fmt::Write as _, time::Instant};

use crate::support::{
    house::{House, SEASON},
    pair,
};

const UNITS: usize = 100;

/// A resident ID number with region 990000 and its check character.
fn id_number(index: usize) -> String {
    const WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let (day, sequence) = (index / 900, index % 900 + 1);
    let body = format!("990000{:04}{:02}{:02}{sequence:03}", 1970 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
    let sum: usize = body.bytes().zip(WEIGHTS).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum % 11]))
}

fn roster(students: usize, moved: bool) -> String {
    let mut text = String::from("学号,姓名,身份证号,分院代码,分院,手机,专业\n");
    for index in 0..students {
        let unit = (index + usize::from(moved && index % 10 == 0)) % UNITS;
        let id = id_number(index);
        writeln!(text, "27{index:06},张三{index},{id},{unit:03},第{unit}分院,138{index:08},法学").expect("a string takes all");
    }
    text
}

#[test]
fn a_large_roster_is_measured() {
    let students: usize = std::env::var("ZHAOSHEN_LONG_ROSTER").ok().and_then(|number| number.parse().ok()).unwrap_or(20_000);
    let (house, [registrar]) = House::open([("registrar", None)]);
    house.put_season(&registrar, 600);
    std::fs::create_dir_all(registrar.home.path("empty")).expect("an own folder");
    let engine = if pair::on_cluster() { "PostgreSQL" } else { "SQLite" };
    for (what, moved, more) in [("dry run", false, Some("--dry-run")), ("new", false, None), ("again", false, None), ("moved", true, None)]
    {
        std::fs::write(registrar.home.path("roster.csv"), roster(students, moved)).expect("an own folder");
        let mut arguments = vec!["import", "--season", SEASON, "--roster", "roster.csv", "--photos", "empty", "--json"];
        arguments.extend(more);
        let began = Instant::now();
        let ended = registrar.run(&arguments);
        println!("{engine}: {students} students, {what}: {:.2} s", began.elapsed().as_secs_f64());
        assert_eq!(ended.code, Some(0), "{what}: {}", ended.errors);
        let objects = ended.objects();
        let told = objects.iter().find(|object| object["event"] == "roster").expect("what the roster did");
        let expected = match what {
            "dry run" | "new" => (students, 0, 0),
            "again" => (0, 0, students),
            _ => (0, students.div_ceil(10), students - students.div_ceil(10)),
        };
        let number = |name: &str| told[name].as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number");
        assert_eq!((number("new"), number("updated"), number("unchanged")), expected, "{what}");
    }
    let progress = house.ask(registrar.http.progress(SEASON));
    assert_eq!((progress.units.len(), usize::try_from(progress.whole.students)), (UNITS, Ok(students)));
}
