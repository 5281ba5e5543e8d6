//! Frames as text at four sizes in both languages; colours of verdicts apart from it; foreign text that bites.

use insta::assert_snapshot;
use proptest::prelude::*;

use crate::{
    api::submission::PictureKind,
    desk::{
        fixtures::{Bench, draw, text_of},
        keymap::Code,
        message::Event,
        picture::{Painted, policy::Facts, sweep},
    },
    domain::check::Verdict,
    language::Language,
};

const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 36), (200, 60)];

fn snapshots(name: &str, prepare: impl Fn(&mut Bench)) {
    for language in Language::ALL {
        for (width, height) in SIZES {
            let mut bench = Bench::new(language, (width, height), 30);
            bench.happen(Event::Started);
            bench.settle();
            prepare(&mut bench);
            bench.settle();
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("../snapshots");
            settings.set_prepend_module_to_snapshot(false);
            settings.bind(|| assert_snapshot!(format!("{name}_{}_{width}x{height}", language.tag()), text_of(&bench.frame().0)));
        }
    }
}

fn open(bench: &mut Bench) {
    for _ in 0..2 {
        bench.key(Code::Enter);
        bench.settle();
    }
    bench.slowly("n");
}

fn tiles(bench: &mut Bench) {
    bench.key(Code::Enter);
    bench.settle();
    bench.slowly("t");
}

#[test]
fn units() {
    snapshots("units", |_| {});
}

#[test]
fn queue() {
    snapshots("queue", |bench| {
        open(bench);
        bench.slowly("ax04");
        bench.key(Code::Enter);
        bench.settle();
        bench.key(Code::Escape);
    });
}

#[test]
fn filter() {
    snapshots("filter", |bench| {
        bench.key(Code::Enter);
        bench.settle();
        "/score:doubtful ch".chars().for_each(|c| bench.char(c));
        bench.key(Code::Tab);
        bench.key(Code::Down);
    });
}

#[test]
fn filter_wrong() {
    snapshots("filter_wrong", |bench| {
        bench.key(Code::Enter);
        bench.settle();
        "/score:perhaps".chars().for_each(|c| bench.char(c));
        bench.key(Code::Enter);
    });
}

#[test]
fn board() {
    snapshots("board", |bench| bench.slowly("boj"));
}

#[test]
fn mine() {
    snapshots("mine", |bench| bench.slowly("m"));
}

#[test]
fn palette() {
    snapshots("palette", |bench| {
        open(bench);
        ":d".chars().for_each(|c| bench.char(c));
    });
}

#[test]
fn found() {
    snapshots("found", |bench| {
        bench.key(Code::Enter);
        bench.settle();
        "/score:doubtful,none -check:fail sort:risk".chars().for_each(|c| bench.char(c));
        bench.key(Code::Enter);
    });
}

#[test]
fn review() {
    snapshots("review", open);
}

#[test]
fn sheet() {
    snapshots("sheet", |bench| {
        open(bench);
        bench.slowly("r071");
    });
}

#[test]
fn fix() {
    snapshots("fix", |bench| {
        open(bench);
        bench.slowly("f++-s");
        bench.key(Code::Down);
    });
}

#[test]
fn grid() {
    snapshots("grid", |bench| {
        tiles(bench);
        bench.slowly(" l ");
    });
}

#[test]
fn fix_refused() {
    snapshots("fix_refused", |bench| {
        open(bench);
        bench.slowly("fb");
        (0..12).for_each(|_| bench.key(Code::Up));
    });
}

#[test]
fn batch() {
    snapshots("batch", |bench| {
        tiles(bench);
        bench.slowly("*x0412");
        bench.pass(1000);
        bench.key(Code::Enter);
    });
}

#[test]
fn tagged() {
    snapshots("tagged", |bench| {
        tiles(bench);
        bench.slowly("l  a");
        bench.pass(1000);
        bench.key(Code::Enter);
        bench.settle();
        bench.key(Code::Escape);
    });
}

#[test]
fn history() {
    snapshots("history", |bench| {
        open(bench);
        bench.slowly("nH");
    });
}

#[test]
fn help() {
    snapshots("help", |bench| {
        open(bench);
        bench.slowly("?");
    });
}

#[test]
fn a_verdict_is_a_word_a_glyph_and_a_colour() {
    let mut bench = Bench::new(Language::Chinese, (120, 36), 30);
    bench.happen(Event::Started);
    bench.settle();
    open(&mut bench);
    let (buffer, _) = bench.frame();
    let theme = &bench.model.theme;
    for (glyph, verdict) in [("✗", Verdict::Fail), ("!", Verdict::Warn), ("?", Verdict::Unknown), ("✓", Verdict::Pass)] {
        let row = (24..34).find(|y| (0..120).any(|x| buffer[(x, *y)].symbol() == glyph)).unwrap();
        let at = (0..120).find(|x| buffer[(*x, row)].symbol() == glyph).unwrap();
        assert_eq!(Some(buffer[(at, row)].fg), theme.verdict(verdict).fg, "{glyph}");
    }
}

#[test]
fn a_name_with_an_escape_sequence_is_only_a_name() {
    let mut bench = Bench::new(Language::Chinese, (120, 36), 3);
    for row in &mut bench.rows {
        row.student.name = Some("\u{1b}[2J\u{1b}]0;owned\u{7}张\u{202e}*".into());
        row.student.student_number = "\u{9b}31m\r\n".into();
    }
    bench.happen(Event::Started);
    bench.settle();
    open(&mut bench);
    assert!(text_of(&bench.frame().0).contains("␛[2J␛]0;owned␇张␦*"));
}

#[test]
fn a_picture_never_stands_under_another_name() {
    let mut bench = Bench::reviewing(Language::Chinese, (80, 24), 30);
    // Past what was made ready, with no answer yet.
    for _ in 0..9 {
        bench.char('n');
    }
    let (buffer, drawn) = bench.frame();
    assert!(drawn.pictures.is_empty() && drawn.complete.is_none());
    assert!(text_of(&buffer).contains("载入中"));
}

#[test]
fn a_tile_has_its_own_picture_or_none() {
    let mut bench = Bench::new(Language::Chinese, (80, 24), 300);
    bench.happen(Event::Started);
    bench.settle();
    tiles(&mut bench);
    // To the next page, which was made ready, and on to one that was not.
    for ready in [12, 0] {
        bench.pass(1000);
        bench.key(Code::PageDown);
        let (_, drawn) = bench.frame();
        assert_eq!((drawn.standing.len(), drawn.pictures.len(), drawn.tiles.len()), (12, ready, ready));
        let own = |painted: &Painted| {
            drawn.standing.iter().any(|(id, area)| *id == painted.request.submission && area.union(painted.area) == *area)
        };
        assert!(drawn.pictures.iter().all(own));
    }
}

#[test]
fn a_terminal_with_wide_marks_gets_none() {
    let mut bench = Bench::reviewing(Language::Chinese, (120, 36), 30);
    bench.happen(Event::Terminal(Facts { wide_ambiguous: true, ..Facts::default() }));
    bench.settle();
    let text = text_of(&bench.frame().0);
    assert!(!text.contains(['✓', '✗', '─', '…', '▸', '–', '°', '×']), "{text}");
}

#[test]
fn where_a_picture_was_the_cells_are_written_again() {
    use ratatui::buffer::CellDiffOption;
    let bench = Bench::reviewing(Language::Chinese, (80, 24), 30);
    let (mut buffer, drawn) = bench.frame();
    let before: Vec<Painted> = drawn.pictures.clone();
    sweep(&before, &before, &mut buffer);
    assert!(buffer.content().iter().all(|cell| cell.diff_option != CellDiffOption::AlwaysUpdate));
    let now: Vec<Painted> = before.iter().copied().filter(|painted| painted.request.kind != PictureKind::Preview).collect();
    sweep(&before, &now, &mut buffer);
    let swept = buffer.content().iter().filter(|cell| cell.diff_option == CellDiffOption::AlwaysUpdate).count();
    assert_eq!(swept, before[0].area.area() as usize);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_foreign_text_reaches_the_terminal_as_a_command(name in any::<String>(), number in any::<String>(), unit in any::<String>()) {
        let mut bench = Bench::new(Language::English, (80, 24), 3);
        for row in &mut bench.rows {
            row.student.name = Some(name.clone());
            row.student.student_number = number.clone();
        }
        bench.happen(Event::Started);
        bench.settle();
        if let Some(progress) = &mut bench.model.units.last {
            progress.units[0].unit_name = Some(unit);
        }
        // `draw` looks at every cell.
        draw(&bench.model);
        open(&mut bench);
        draw(&bench.model);
        bench.key(Code::Escape);
        draw(&bench.model);
    }
}
