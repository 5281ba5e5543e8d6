//! Journeys of drawn cards through the engine: every rotation, perspective, the faults, and what is no card.

use std::sync::OnceLock;

use ab_glyph::FontVec;

#[path = "../../../tests/support/id_cards.rs"]
mod cards;

use cards::{Card, Shot};

use super::IdCardReading;
use crate::domain::id_card::{CardFault, CardMatch, CardRecord, CardVerdict, Read};
use crate::photo::tests::{engine, left_out, specimen};
use crate::photo::{PhotoError, compare, decode};

const NAME: &str = "样本甲";
const NUMBER: &str = "990000199001010017";
const PAPER: [u8; 3] = [226, 234, 238];

/// The font, or `None` after saying that the test is left out; where nothing may be left out that is a failure.
fn font() -> Option<&'static FontVec> {
    static FONT: OnceLock<Option<FontVec>> = OnceLock::new();
    let font = FONT.get_or_init(cards::font).as_ref();
    if font.is_none() {
        assert!(std::env::var_os("ZHAOSHEN_TEST_ALL").is_none(), "no font with Chinese characters (fonts-noto-cjk)");
        left_out("no font with Chinese characters (fonts-noto-cjk)");
    }
    font
}

fn photographed(shot: &Shot) -> Option<Vec<u8>> {
    let (font, portrait) = (font()?, cards::portrait(0)?);
    Some(cards::photograph(&cards::draw(&Card { name: NAME, number: NUMBER, paper: PAPER }, &portrait, font), shot))
}

fn read(shot: &Shot) -> Option<IdCardReading> {
    Some(engine().read_id_card(&photographed(shot)?).unwrap())
}

fn verdict(reading: &IdCardReading, fault: CardFault) -> CardVerdict {
    reading.findings.iter().find(|finding| finding.fault == fault).unwrap_or_else(|| panic!("no finding {}", fault.code())).verdict
}

fn record() -> CardRecord {
    CardRecord { name: Some(NAME.into()), number: Some(NUMBER.into()) }
}

#[test]
fn a_card_is_read_in_every_rotation_and_in_perspective() {
    for (quarter_turns, degrees, depth, farther) in [(0, 0.0, 0.0, 0), (1, 6.0, 0.15, 0), (2, -8.0, 0.15, 3), (3, 10.0, 0.1, 1)] {
        let shot = Shot { quarter_turns, ..Shot::of(1400, 0.72, degrees, depth, farther) };
        let Some(reading) = read(&shot) else { return };
        let place = reading.card.unwrap();
        assert_eq!((place.quarter_turns, place.sides), (quarter_turns, 4));
        for (found, truth) in place.corners.iter().zip(shot.true_corners()) {
            let off = (found.0 - truth.0).hypot(found.1 - truth.1);
            assert!(off < 0.02 * 1400.0, "turned {quarter_turns}: a corner is off by {off} pixels");
        }
        assert_eq!(engine().against_record(&reading, &record()), (CardMatch::Match, CardMatch::Match), "turned {quarter_turns}");
        let present: Vec<_> = reading.findings.iter().filter(|finding| finding.verdict == CardVerdict::Present).collect();
        assert!(present.is_empty(), "turned {quarter_turns}: {present:?}");
        let portrait = reading.portrait.unwrap();
        let (width, height) = decode::decode(&portrait).unwrap().pixels.dimensions();
        assert!(width > 250 && (f64::from(height) / f64::from(width) - 32.0 / 26.0).abs() < 0.01, "{width} × {height}");
        let own = specimen("p00").unwrap();
        let score = engine().compare(&own, &portrait, &compare::specimen_bands()).unwrap().score;
        assert!(score > 0.8, "turned {quarter_turns}: {score}");
    }
}

#[test]
fn another_record_is_a_mismatch_and_nothing_prints_the_card() {
    let Some(reading) = read(&Shot::of(1400, 0.72, 3.0, 0.0, 0)) else { return };
    let other = CardRecord { name: Some("样本乙".into()), number: Some("990000199001010025".into()) };
    assert_eq!(engine().against_record(&reading, &other), (CardMatch::Mismatch, CardMatch::Mismatch));
    let printed = format!("{:?} {:?}", reading.name, reading.number);
    assert!(!printed.contains('样') && !printed.contains("9900"), "{printed}");
}

#[test]
fn faults_are_named() {
    let good = Shot::of(1400, 0.72, 2.0, 0.0, 0);
    let cases = [
        (CardFault::Blurred, Shot { blur: 0.006, ..good.clone() }),
        (CardFault::OverExposed, Shot { glare: Some((0.6, 0.86, 0.08)), ..good.clone() }),
        (CardFault::UnderExposed, Shot { light: 0.3, ..good.clone() }),
        (CardFault::Copy, Shot { grey: true, ..good.clone() }),
        (CardFault::BorderIncomplete, Shot { corners: good.corners.map(|(x, y)| (x - 0.18 * 1400.0, y)), ..good }),
    ];
    for (fault, shot) in cases {
        let Some(reading) = read(&shot) else { return };
        assert_eq!(verdict(&reading, fault), CardVerdict::Present, "{}: {:?}", fault.code(), reading.findings);
        let (name, number) = engine().against_record(&reading, &record());
        assert!(name != CardMatch::Mismatch && number != CardMatch::Mismatch, "{}", fault.code());
    }
}

#[test]
fn the_emblem_side_is_told_from_a_picture_of_nothing() {
    let Some(font) = font() else { return };
    let shot = Shot { quarter_turns: 1, ..Shot::of(1200, 0.75, 2.0, 0.0, 0) };
    let reading = engine().read_id_card(&cards::photograph(&cards::draw_emblem_side(font), &shot)).unwrap();
    assert_eq!((verdict(&reading, CardFault::ReversedSide), reading.portrait), (CardVerdict::Present, None));
    let Some(nobody) = specimen("f13a_nobody") else { return };
    assert_eq!(engine().read_id_card(&nobody), Err(PhotoError::NoSingleFace { found: 0 }));
}

#[test]
fn a_bare_portrait_is_no_card() {
    for name in ["p00_portrait", "p05_portrait", "p07"] {
        let Some(picture) = specimen(name) else { return };
        let reading = engine().read_id_card(&picture).unwrap();
        assert!(reading.card.is_none() && reading.findings.is_empty() && reading.number.is_none(), "{name}");
        assert_eq!(reading.portrait.unwrap(), engine().cut_portrait(&picture).unwrap(), "{name}");
    }
}

#[test]
fn two_people_and_people_with_a_card_in_hand_are_no_portrait() {
    let Some(two) = specimen("f12a_two_people") else { return };
    assert_eq!(engine().read_id_card(&two), Err(PhotoError::NoSingleFace { found: 2 }));
    let (Some(font), Some(portrait), Some(holder)) = (font(), cards::portrait(0), specimen("p05")) else { return };
    let mut photo = decode::decode(&holder).unwrap().pixels;
    let card = cards::draw(&Card { name: NAME, number: NUMBER, paper: PAPER }, &portrait, font);
    let width = photo.width() * 2 / 5;
    let card = image::imageops::resize(&card, width, width * 54 / 86, image::imageops::FilterType::Triangle);
    let (x, y) = (i64::from(photo.width() / 4), i64::from(photo.height()) - i64::from(card.height()) - 10);
    image::imageops::overlay(&mut photo, &card, x, y);
    let jpeg = crate::photo::encode::plain_jpeg(&photo, 90).unwrap();
    assert!(matches!(engine().read_id_card(&jpeg), Err(PhotoError::NoSingleFace { found }) if found > 1));
}

#[test]
fn rubbish_and_extremes_end_in_a_clear_error() {
    assert_eq!(engine().read_id_card(b"not a picture"), Err(PhotoError::NotAPicture));
    assert_eq!(engine().read_id_card(&[]), Err(PhotoError::Empty));
    for (width, height) in [(1, 1), (3, 900), (2000, 2)] {
        let jpeg = crate::photo::encode::plain_jpeg(&image::RgbImage::new(width, height), 90).unwrap();
        assert_eq!(engine().read_id_card(&jpeg), Err(PhotoError::NoSingleFace { found: 0 }), "{width} × {height}");
    }
}

#[test]
fn a_reading_is_printed_without_what_is_personal() {
    let reading = IdCardReading {
        portrait: Some(vec![201; 4321]),
        card: None,
        name: Some(Read::new("张三", 0.9)),
        number: Some(Read::new("990000199001010017", 0.8)),
        findings: Vec::new(),
    };
    for printed in [format!("{reading:?}"), format!("{reading:#?}")] {
        assert!(printed.contains("4321") && printed.contains("0.9"), "{printed}");
        assert!(["201", "张三", "990000"].iter().all(|secret| !printed.contains(secret)), "{printed}");
    }
}
