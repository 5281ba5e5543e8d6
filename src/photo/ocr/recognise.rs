//! What a line says: one line scaled to 48 pixels of height, a row of probabilities for every 8 pixels, read by the rule of CTC.

use image::RgbImage;
use rten_tensor::NdTensor;

use super::TextNets;
use super::detect::TextBox;
use crate::photo::error::PhotoError;
use crate::photo::face::Point;
use crate::photo::projection;

const HEIGHT: u32 = 48;
/// Longer lines than this are pressed together: none on a card is.
const MAX_WIDTH: u32 = 1024;
/// PaddleOCR reads narrow lines best with room to the right.
const MIN_WIDTH: u32 = 96;
/// A digit that is not the best guess of its place is still taken from this probability on, where only digits can stand.
const DIGIT: f32 = 0.2;

/// The characters of a line and how sure the net is of each, 0–1.
#[derive(Clone, Default)]
pub struct Line {
    pub characters: Vec<(char, f32)>,
}

impl Line {
    /// What it says.
    #[must_use]
    pub fn text(&self) -> String {
        self.characters.iter().map(|(character, _)| character).collect()
    }
}

/// The probabilities of a line: steps × classes.
pub struct Steps {
    classes: usize,
    data: Vec<f32>,
}

impl TextNets {
    /// Reads the line in a box of `picture`.
    ///
    /// # Errors
    /// What the nets' runtime says.
    pub fn steps(&self, picture: &RgbImage, line: &TextBox) -> Result<Steps, PhotoError> {
        let step = line.height / f64::from(HEIGHT);
        let width = ((line.width / step).round().max(1.0) as u32).min(MAX_WIDTH);
        let (sin, cos) = line.angle.sin_cos();
        let stretch = line.width / f64::from(width);
        let cut = projection::warp(picture, width, HEIGHT, step, |p| {
            let (u, v) = (p.x * stretch - line.width / 2.0, p.y * step - line.height / 2.0);
            Point { x: line.centre.x + u * cos - v * sin, y: line.centre.y + u * sin + v * cos }
        });
        let padded = width.max(MIN_WIDTH) as usize;
        // BGR, as the net was trained; what is beyond the line is the middle of its range.
        let mut input = vec![0.0; 3 * HEIGHT as usize * padded];
        for (x, y, pixel) in cut.enumerate_pixels() {
            for channel in 0..3 {
                input[(channel * HEIGHT as usize + y as usize) * padded + x as usize] = f32::from(pixel.0[2 - channel]) / 127.5 - 1.0;
            }
        }
        let [data] = self.reader.run(NdTensor::from_data([1, 3, HEIGHT as usize, padded], input), ["softmax_11.tmp_0"])?;
        Ok(Steps { classes: self.characters().len() + 2, data })
    }

    /// Free reading: every character the net knows.
    #[must_use]
    pub fn text(&self, steps: &Steps) -> Line {
        let best = |row: &[f32]| row.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
        steps.collapse(best, |class| class.checked_sub(1).map(|index| self.characters().get(index).copied().unwrap_or(' ')))
    }

    /// Reading where only digits and X can stand; what is surely something else (a label, a dash) is no character at all.
    #[must_use]
    pub fn digits(&self, steps: &Steps) -> Line {
        let allowed: Vec<(usize, char)> = self
            .characters()
            .iter()
            .enumerate()
            .filter(|(_, c)| c.is_ascii_digit() || matches!(c, 'X' | 'x'))
            .map(|(index, c)| (index + 1, c.to_ascii_uppercase()))
            .collect();
        let best = |row: &[f32]| {
            let digit = allowed.iter().map(|(class, _)| (*class, row[*class])).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
            if digit.1 >= DIGIT && digit.1 >= row[0] { digit } else { (0, row[0]) }
        };
        steps.collapse(best, |class| allowed.iter().find(|(index, _)| *index == class).map(|(_, c)| *c))
    }
}

impl Steps {
    /// Runs of one class are one character, as sure as its surest step; class 0 stands between.
    fn collapse(&self, best: impl Fn(&[f32]) -> (usize, f32), character: impl Fn(usize) -> Option<char>) -> Line {
        let mut characters: Vec<(char, f32)> = Vec::new();
        let mut before = 0;
        for row in self.data.chunks_exact(self.classes) {
            let (class, sure) = best(row);
            if let Some(character) = character(class) {
                match characters.last_mut() {
                    Some(last) if class == before => last.1 = last.1.max(sure),
                    _ => characters.push((character, sure)),
                }
            }
            before = class;
        }
        Line { characters }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_collapse_and_blanks_part() {
        // Classes: blank, a, b.
        let rows = [[0.1, 0.9, 0.0], [0.2, 0.8, 0.0], [0.9, 0.1, 0.0], [0.3, 0.7, 0.0], [0.0, 0.1, 0.9]];
        let steps = Steps { classes: 3, data: rows.concat() };
        let best = |row: &[f32]| row.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        let line = steps.collapse(best, |class| [None, Some('a'), Some('b')][class]);
        assert_eq!((line.text().as_str(), line.characters[0].1), ("aab", 0.9));
    }
}
