//! How well ID cards are found and read: drawn cards, photographed in every rotation and perspective with faults in graded strength.
//!
//! `cargo bench --no-default-features --bench id_cards [-- FIRST_LETTERS]` prints the tables of docs/comparison.md; takes some minutes.
//! Needs a font with Chinese characters (fonts-noto-cjk); without one it says so and ends.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use zhaoshen::domain::id_card::{CardMatch, CardRecord, CardVerdict};
use zhaoshen::photo::{Engine, IdCardReading, PhotoError};

#[path = "../tests/support/id_cards.rs"]
mod cards;

use cards::{Card, Shot};

const NAMES: [&str; 8] = ["样本甲", "样本乙", "样本丁", "样丙", "样本子丑", "样本·辰巳", "样末", "样木戊"];
const NUMBERS: [&str; 5] = ["990000199001010017", "990000199001010025", "990000200002290175", "990000198512311239", "99000019950615004X"];
const PAPER: [u8; 3] = [226, 234, 238];
const TABLES: [[u8; 3]; 4] = [[96, 78, 64], [60, 64, 70], [190, 180, 165], [120, 140, 120]];

/// One photograph to be taken and the table it is counted in.
struct Case {
    group: &'static str,
    shot: Shot,
    name: &'static str,
    number: &'static str,
    person: usize,
}

/// What became of it.
struct Result {
    case: usize,
    reading: std::result::Result<IdCardReading, PhotoError>,
    matches: (CardMatch, CardMatch),
    against_another: (CardMatch, CardMatch),
    ms: f64,
}

fn cases() -> Vec<Case> {
    let mut all: Vec<Case> = Vec::new();
    let mut index = 0usize;
    let mut add = |group: &'static str, change: &dyn Fn(&mut Shot)| {
        for turn in 0..8u8 {
            let n = index;
            index += 1;
            // Tilts and perspectives are spread evenly over every group.
            let degrees = [-11.0, -4.0, 0.0, 5.0, 12.0][n % 5];
            let depth = [0.0, 0.08, 0.16][n % 3];
            let mut shot = Shot { quarter_turns: turn % 4, table: TABLES[(n / 3) % 4], ..Shot::of(1600, 0.66, degrees, depth, n % 4) };
            change(&mut shot);
            all.push(Case { group, shot, name: NAMES[n % 8], number: NUMBERS[n % 5], person: (n * 7) % 32 });
        }
    };
    add("good a", &|_| {});
    add("good b", &|_| {});
    add("good c", &|_| {});
    add("perspective 0.25", &|shot| {
        *shot = Shot { quarter_turns: shot.quarter_turns, ..Shot::of(1600, 0.66, 6.0, 0.25, shot.quarter_turns.into()) }
    });
    add("perspective 0.35", &|shot| {
        *shot = Shot { quarter_turns: shot.quarter_turns, ..Shot::of(1600, 0.66, -6.0, 0.35, shot.quarter_turns.into()) }
    });
    add("card 760 px", &|shot| resize(shot, 0.72));
    add("card 530 px", &|shot| resize(shot, 0.5));
    add("card 370 px", &|shot| resize(shot, 0.35));
    add("card 265 px", &|shot| resize(shot, 0.25));
    add("blur .002", &|shot| shot.blur = 0.002);
    add("blur .004", &|shot| shot.blur = 0.004);
    add("blur .006", &|shot| shot.blur = 0.006);
    add("blur .009", &|shot| shot.blur = 0.009);
    add("glare on the number", &|shot| shot.glare = Some((0.62, 0.86, 0.06)));
    add("glare on the name", &|shot| shot.glare = Some((0.24, 0.16, 0.05)));
    add("glare on the portrait", &|shot| shot.glare = Some((0.79, 0.45, 0.07)));
    add("glare on nothing", &|shot| shot.glare = Some((0.45, 0.70, 0.04)));
    add("light 0.5", &|shot| shot.light = 0.5);
    add("light 0.3", &|shot| shot.light = 0.3);
    add("noise 10", &|shot| shot.noise = 10.0);
    add("noise 20", &|shot| shot.noise = 20.0);
    add("quality 40", &|shot| shot.quality = 40);
    add("quality 15", &|shot| shot.quality = 15);
    add("grey", &|shot| shot.grey = true);
    add("cut left", &|shot| cut(shot, |(x, y), (left, _, _, _)| (x - left - 90.0, y)));
    add("cut right", &|shot| cut(shot, |(x, y), (_, _, right, width)| (x + width - right + 40.0, y)));
    add("cut top", &|shot| cut(shot, |(x, y), (_, top, _, _)| (x, y - top - 40.0)));
    add("table like the card", &|shot| shot.table = [210, 216, 220]);
    all
}

fn resize(shot: &mut Shot, by: f64) {
    (shot.width, shot.height) = ((f64::from(shot.width) * by) as u32, (f64::from(shot.height) * by) as u32);
    shot.corners = shot.corners.map(|(x, y)| (x * by, y * by));
}

/// Moves the card; the bounds are left, top, right of the card and the picture's width.
fn cut(shot: &mut Shot, to: impl Fn((f64, f64), (f64, f64, f64, f64)) -> (f64, f64)) {
    let min = |values: [f64; 4]| values.into_iter().fold(f64::MAX, f64::min);
    let max = |values: [f64; 4]| values.into_iter().fold(f64::MIN, f64::max);
    let bounds = (min(shot.corners.map(|c| c.0)), min(shot.corners.map(|c| c.1)), max(shot.corners.map(|c| c.0)), f64::from(shot.width));
    shot.corners = shot.corners.map(|corner| to(corner, bounds));
}

/// Area of the intersection over that of the union, by counting.
fn overlap(a: &[(f64, f64); 4], b: &[(f64, f64); 4]) -> f64 {
    let inside = |quad: &[(f64, f64); 4], x: f64, y: f64| {
        let side = |i: usize| {
            let ((x0, y0), (x1, y1)) = (quad[i], quad[(i + 1) % 4]);
            (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0.0
        };
        (0..4).all(side) || (0..4).all(|i| !side(i))
    };
    let all: Vec<(f64, f64)> = a.iter().chain(b).copied().collect();
    let bound = |pick: fn(&(f64, f64)) -> f64, fold: fn(f64, f64) -> f64| all.iter().map(pick).reduce(fold).unwrap_or(0.0);
    let (x0, x1, y0, y1) = (bound(|p| p.0, f64::min), bound(|p| p.0, f64::max), bound(|p| p.1, f64::min), bound(|p| p.1, f64::max));
    let (mut both, mut either) = (0, 0);
    for row in 0..300 {
        for column in 0..300 {
            let (x, y) = (x0 + (x1 - x0) * f64::from(column) / 300.0, y0 + (y1 - y0) * f64::from(row) / 300.0);
            let (p, q) = (inside(a, x, y), inside(b, x, y));
            both += u32::from(p && q);
            either += u32::from(p || q);
        }
    }
    f64::from(both) / f64::from(either.max(1))
}

fn main() {
    let Some(font) = cards::font() else {
        println!("left out: no font with Chinese characters (fonts-noto-cjk)");
        return;
    };
    let portraits: Vec<_> = (0..32).filter_map(cards::portrait).collect();
    if portraits.len() < 32 {
        println!("left out: no specimens");
        return;
    }
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.group.starts_with(&only)).collect();
    let engine = Engine::new().expect("the weights load");
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { break };
                    let card = cards::draw(&Card { name: case.name, number: case.number, paper: PAPER }, &portraits[case.person], &font);
                    let jpeg = cards::photograph(&card, &case.shot);
                    let began = std::time::Instant::now();
                    let reading = engine.read_id_card(&jpeg);
                    let ms = began.elapsed().as_secs_f64() * 1000.0;
                    let against = |name: &str, number: &str| match &reading {
                        Ok(reading) => engine.against_record(reading, &CardRecord { name: Some(name.into()), number: Some(number.into()) }),
                        Err(_) => (CardMatch::Unclear, CardMatch::Unclear),
                    };
                    let matches = against(case.name, case.number);
                    let other = NUMBERS[(NUMBERS.iter().position(|number| *number == case.number).unwrap_or(0) + 1) % 5];
                    let against_another = against("样本戊", other);
                    results.lock().expect("no panic").push(Result { case: index, reading, matches, against_another, ms });
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no panic");
    results.sort_by_key(|result| result.case);
    print(&cases, &results);
}

fn print(cases: &[Case], results: &[Result]) {
    println!(
        "| grade | n | card found | turned right | IoU median / least | number match / mismatch / unclear | name match / mismatch / unclear | faults present | another's record: mismatch number / name | ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut groups: Vec<&str> = Vec::new();
    for case in cases {
        if !groups.contains(&case.group) {
            groups.push(case.group);
        }
    }
    for group in groups.iter().copied().chain(["all"]) {
        let of: Vec<&Result> = results.iter().filter(|result| group == "all" || cases[result.case].group == group).collect();
        let place = |result: &Result| result.reading.as_ref().ok().and_then(|reading| reading.card);
        let found = of.iter().filter(|result| place(result).is_some()).count();
        let upright =
            of.iter().filter(|r| place(r).is_some_and(|place| place.quarter_turns == cases[r.case].shot.quarter_turns % 4)).count();
        let mut overlaps: Vec<f64> =
            of.iter().filter_map(|r| Some(overlap(&place(r)?.corners, &cases[r.case].shot.true_corners()))).collect();
        overlaps.sort_by(f64::total_cmp);
        let count = |pick: &dyn Fn(&Result) -> CardMatch, wanted: CardMatch| of.iter().filter(|result| pick(result) == wanted).count();
        let three = |pick: &dyn Fn(&Result) -> CardMatch| {
            [CardMatch::Match, CardMatch::Mismatch, CardMatch::Unclear].map(|wanted| count(pick, wanted).to_string()).join(" / ")
        };
        let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in of.iter().filter_map(|result| result.reading.as_ref().ok()).flat_map(|reading| &reading.findings) {
            if finding.verdict == CardVerdict::Present {
                *faults.entry(finding.fault.code()).or_default() += 1;
            }
        }
        let faults: Vec<String> = faults.iter().map(|(code, count)| format!("{code} {count}")).collect();
        let mut ms: Vec<f64> = of.iter().map(|result| result.ms).collect();
        ms.sort_by(f64::total_cmp);
        println!(
            "| {group} | {} | {found} | {upright} | {:.3} / {:.3} | {} | {} | {} | {} / {} | {:.0} |",
            of.len(),
            overlaps.get(overlaps.len() / 2).copied().unwrap_or(0.0),
            overlaps.first().copied().unwrap_or(0.0),
            three(&|result| result.matches.1),
            three(&|result| result.matches.0),
            faults.join(", "),
            count(&|result| result.against_another.1, CardMatch::Mismatch),
            count(&|result| result.against_another.0, CardMatch::Mismatch),
            ms.get(ms.len() / 2).copied().unwrap_or(0.0),
        );
    }
    if std::env::var_os("ZHAOSHEN_BENCH_EACH").is_some() {
        for result in results {
            let case = &cases[result.case];
            match &result.reading {
                Err(error) => println!("{} {}: {error}", result.case, case.group),
                Ok(reading) => {
                    let values: Vec<String> = reading
                        .findings
                        .iter()
                        .filter_map(|finding| Some(format!("{} {:.3}", finding.fault.code(), finding.value?)))
                        .collect();
                    let sure = |read: &Option<zhaoshen::domain::id_card::Read>| {
                        read.as_ref().map_or(String::from("—"), |read| format!("{} {:.2}", read.reveal(), read.confidence))
                    };
                    println!(
                        "{} {}: turned {} tilt, sides {:?}, {} | {} for {} | {}",
                        result.case,
                        case.group,
                        case.shot.quarter_turns,
                        reading.card.map(|card| card.sides),
                        sure(&reading.number),
                        sure(&reading.name),
                        case.name,
                        values.join(", ")
                    );
                }
            }
        }
    }
}
