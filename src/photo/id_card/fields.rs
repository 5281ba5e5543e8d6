//! Name and number on a card that has been brought to its rectangle.

use image::RgbImage;

use super::layout;
use crate::domain::id_card::Read;
use crate::domain::resident_id::ResidentId;
use crate::photo::error::PhotoError;
use crate::photo::ocr::{Line, TextBox, TextNets};

/// Longer side of the picture in which lines are looked for, in pixels.
const SEEKING: u32 = 768;
/// The most lines of one part of a card that are read: a card has far fewer, a newspaper has more.
const MOST: usize = 12;
/// The number's line may be this far from its place, in parts of the height.
const NUMBER_REACH: f64 = 0.12;

/// What was read on a card.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    pub name: Option<Read>,
    pub number: Option<Read>,
    /// Boxes of all lines that were found, read or not.
    pub lines: Vec<TextBox>,
    /// Whether the label of the name, or a number, was seen: this is a card and nothing else.
    pub is_card: bool,
}

/// Reads name and number.
///
/// # Errors
/// What the nets' runtime says.
pub fn read(nets: &TextNets, card: &RgbImage) -> Result<Fields, PhotoError> {
    let lines = nets.lines(card, SEEKING)?;
    let (width, height) = (f64::from(card.width()), f64::from(card.height()));
    let within = |line: &&TextBox, low: f64, high: f64| (low * height..=high * height).contains(&line.centre.y);
    let low: Vec<TextBox> = lines
        .iter()
        .filter(|line| within(line, layout::NUMBER_LINE - NUMBER_REACH, layout::NUMBER_LINE + NUMBER_REACH))
        .take(MOST)
        .copied()
        .collect();
    let number = number(nets, card, &low)?;
    let high: Vec<TextBox> = lines
        .iter()
        .filter(|line| within(line, 0.0, layout::NAME_BOTTOM + 0.05) && line.left() < layout::TEXT_RIGHT * width)
        .take(MOST)
        .copied()
        .collect();
    let (name, labelled) = name(nets, card, &high)?;
    let is_card = labelled || number.as_ref().is_some_and(|read| ResidentId::parse(read.reveal()).is_ok());
    Ok(Fields { name, number, lines, is_card })
}

/// Lines side by side make one row, from left to right.
fn rows(lines: &[TextBox]) -> Vec<Vec<TextBox>> {
    let mut rows: Vec<Vec<TextBox>> = Vec::new();
    for line in lines {
        let beside = |row: &&mut Vec<TextBox>| {
            let last = row[0];
            (last.centre.y - line.centre.y).abs() < 0.5 * last.height.min(line.height)
        };
        match rows.iter_mut().find(beside) {
            Some(row) => row.push(*line),
            None => rows.push(vec![*line]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.left().total_cmp(&b.left()));
    }
    rows
}

fn number(nets: &TextNets, card: &RgbImage, lines: &[TextBox]) -> Result<Option<Read>, PhotoError> {
    let mut best: Option<Read> = None;
    for row in rows(lines) {
        let mut digits = Line::default();
        for line in &row {
            digits.characters.extend(nets.digits(&nets.steps(card, line)?).characters);
        }
        let read = eighteen(&digits);
        let valid = |read: &Read| ResidentId::parse(read.reveal()).is_ok();
        if let Some(read) = read
            && best.as_ref().is_none_or(|known| (valid(&read), read.confidence) > (valid(known), known.confidence))
        {
            best = Some(read);
        }
    }
    Ok(best)
}

/// The number among the digits of a row: all of them, or the only 18 in a row that pass their own check.
fn eighteen(digits: &Line) -> Option<Read> {
    let as_read = |part: &[(char, f32)]| {
        let text: String = part.iter().map(|(c, _)| c).collect();
        Read::new(text, part.iter().map(|(_, sure)| f64::from(*sure)).fold(1.0, f64::min))
    };
    let all = &digits.characters;
    if all.len() == 18 {
        return Some(as_read(all));
    }
    let mut valid = all.windows(18).map(as_read).filter(|read| ResidentId::parse(read.reveal()).is_ok());
    match (valid.next(), valid.next()) {
        (Some(read), None) => Some(read),
        _ => None,
    }
}

/// The name, and whether its label was seen.
fn name(nets: &TextNets, card: &RgbImage, lines: &[TextBox]) -> Result<(Option<Read>, bool), PhotoError> {
    let width = f64::from(card.width());
    let mut unlabelled = None;
    for row in rows(lines) {
        let mut texts: Vec<(TextBox, Line)> = Vec::new();
        for line in row.iter().filter(|line| line.centre.x < layout::TEXT_RIGHT * width) {
            texts.push((*line, nets.text(&nets.steps(card, line)?)));
        }
        let mut joined = Line::default();
        for (_, line) in &texts {
            joined.characters.extend(line.characters.iter().filter(|(c, _)| !c.is_whitespace()).copied());
        }
        let (rest, labelled) = without_label(&joined.characters);
        if labelled {
            return Ok((as_name(rest), true));
        }
        // Without its label only what begins where values begin can be the name.
        let begins = texts.first().is_some_and(|(line, _)| (line.left() / width - layout::TEXT_LEFT).abs() < 0.06);
        if begins && unlabelled.is_none() {
            unlabelled = as_name(rest);
        }
    }
    Ok((unlabelled, false))
}

/// What follows the label 姓名, or a part of it that was read.
fn without_label(characters: &[(char, f32)]) -> (&[(char, f32)], bool) {
    match characters {
        [('姓', _), ('名', _), rest @ ..] => (rest, true),
        [('姓' | '名', _), rest @ ..] => (rest, true),
        _ => (characters, false),
    }
}

/// Names are of two characters at least, all of them Chinese, perhaps with dots between.
fn as_name(characters: &[(char, f32)]) -> Option<Read> {
    let chinese = |c: char| matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}');
    let text: String = characters.iter().map(|(c, _)| c).collect();
    let letters = text.chars().filter(|c| chinese(*c)).count();
    let all = text.chars().all(|c| chinese(c) || matches!(c, '·' | '•' | '・' | '.'));
    let is_name = (2..=20).contains(&letters) && all && text != "样本";
    is_name.then(|| Read::new(text, characters.iter().map(|(_, sure)| f64::from(*sure)).fold(1.0, f64::min)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { characters: text.chars().map(|c| (c, 0.9)).collect() }
    }

    #[test]
    fn the_number_is_found_among_other_digits() {
        assert_eq!(eighteen(&line("990000199001010018")).unwrap().reveal(), "990000199001010018", "wrong, but what the card says");
        assert_eq!(eighteen(&line("1990000199001010017")).unwrap().reveal(), "990000199001010017");
        assert!(eighteen(&line("99000019900101")).is_none());
    }

    #[test]
    fn labels_are_no_part_of_a_name() {
        for text in ["姓名样本甲", "姓样本甲", "名样本甲"] {
            let line = line(text);
            let (rest, labelled) = without_label(&line.characters);
            assert_eq!((as_name(rest).unwrap().reveal(), labelled), ("样本甲", true), "{text}");
        }
        for none in ["SPECIMEN", "样本", "甲", "1990"] {
            assert!(as_name(&line(none).characters).is_none(), "{none}");
        }
    }
}
