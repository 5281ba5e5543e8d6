//! What the wall looks like behind the person, and the person at an edge: colours known in some pixels, carried to all others.
//!
//! Push and pull: averages over cells of four pixels, then of eight, and so on; every place takes the finest average with enough known pixels
//! in it. On a plain wall that is the wall's own colour there; on a cluttered one its spread says that it means little.

/// Pixels along a side of the finest cell: an average over its neighbourhood sees twelve.
const CELL: usize = 4;
/// From this share of known pixels on an average counts fully.
const ENOUGH: f32 = 0.15;

/// A colour and how far the known colours around lie from it, as a variance over all channels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Hue {
    pub colour: [f32; 3],
    pub spread: f32,
}

/// No colour at all: so wide a spread that nobody believes it.
const UNKNOWN: Hue = Hue { colour: [0.5; 3], spread: 1e6 };

/// A colour for every place of a picture.
pub struct Field {
    width: usize,
    height: usize,
    cells: Vec<Hue>,
}

/// Sums over a cell: the pixels known, their channels, their squares.
type Sums = [f32; 5];

struct Level {
    width: usize,
    height: usize,
    /// Pixels a cell covers.
    area: f32,
    sums: Vec<Sums>,
}

impl Field {
    /// The field of the pixels that are `known`, rows first; black and without spread if none is.
    #[must_use]
    pub fn of(pixels: &[[f32; 3]], width: usize, known: &[bool]) -> Field {
        let mut levels = vec![Level::finest(pixels, width, known)];
        while levels.last().is_some_and(|level| level.width.max(level.height) > 1) {
            levels.extend(levels.last().map(Level::coarser));
        }
        let mut field: Option<Field> = None;
        for level in levels.iter().rev() {
            let cells = (0..level.width * level.height).map(|index| {
                let (x, y) = (index % level.width, index / level.width);
                let (own, share) = level.around(x, y);
                match &field {
                    None => own,
                    Some(coarser) => {
                        let behind = coarser.between((x as f32 - 0.5) / 2.0, (y as f32 - 0.5) / 2.0);
                        mix(behind, own, (share / ENOUGH).min(1.0))
                    }
                }
            });
            field = Some(Field { width: level.width, height: level.height, cells: cells.collect() });
        }
        let field = field.unwrap_or(Field { width: 1, height: 1, cells: vec![Hue::default()] });
        // Where nothing at all is known there is no colour to believe.
        if known.contains(&true) { field } else { Field { width: 1, height: 1, cells: vec![UNKNOWN] } }
    }

    /// The colour at a pixel.
    #[must_use]
    pub fn at(&self, x: usize, y: usize) -> Hue {
        let place = |pixel: usize| (pixel as f32 + 0.5) / CELL as f32 - 0.5;
        self.between(place(x), place(y))
    }

    fn between(&self, x: f32, y: f32) -> Hue {
        let (x, y) = (x.clamp(0.0, (self.width - 1) as f32), y.clamp(0.0, (self.height - 1) as f32));
        let (x0, y0) = (x as usize, y as usize);
        let (x1, y1) = ((x0 + 1).min(self.width - 1), (y0 + 1).min(self.height - 1));
        let cell = |x: usize, y: usize| self.cells[y * self.width + x];
        mix(mix(cell(x0, y0), cell(x1, y0), x.fract()), mix(cell(x0, y1), cell(x1, y1), x.fract()), y.fract())
    }
}

fn mix(a: Hue, b: Hue, share: f32) -> Hue {
    let between = |a: f32, b: f32| a + (b - a) * share;
    Hue { colour: std::array::from_fn(|channel| between(a.colour[channel], b.colour[channel])), spread: between(a.spread, b.spread) }
}

impl Level {
    fn finest(pixels: &[[f32; 3]], width: usize, known: &[bool]) -> Level {
        let (columns, rows) = (width.div_ceil(CELL).max(1), (pixels.len() / width.max(1)).div_ceil(CELL).max(1));
        let mut sums = vec![Sums::default(); columns * rows];
        let lines = pixels.chunks_exact(width.max(1)).zip(known.chunks_exact(width.max(1)));
        for (y, (colours, known)) in lines.enumerate() {
            let row = &mut sums[y / CELL * columns..][..columns];
            for (sum, (colours, known)) in row.iter_mut().zip(colours.chunks(CELL).zip(known.chunks(CELL))) {
                for ([r, g, b], _) in colours.iter().zip(known).filter(|(_, known)| **known) {
                    for (sum, value) in sum.iter_mut().zip([1.0, *r, *g, *b, r * r + g * g + b * b]) {
                        *sum += value;
                    }
                }
            }
        }
        Level { width: columns, height: rows, area: (CELL * CELL) as f32, sums }
    }

    fn coarser(&self) -> Level {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut sums = vec![Sums::default(); width * height];
        for (index, from) in self.sums.iter().enumerate() {
            let into = &mut sums[index / self.width / 2 * width + index % self.width / 2];
            for (sum, value) in into.iter_mut().zip(from) {
                *sum += value;
            }
        }
        Level { width, height, area: self.area * 4.0, sums }
    }

    /// The average over a cell and its neighbours, and the share of their pixels that is known.
    fn around(&self, x: usize, y: usize) -> (Hue, f32) {
        let mut all = Sums::default();
        let mut cells = 0.0;
        for near_y in y.saturating_sub(1)..(y + 2).min(self.height) {
            for near_x in x.saturating_sub(1)..(x + 2).min(self.width) {
                cells += 1.0;
                for (sum, value) in all.iter_mut().zip(self.sums[near_y * self.width + near_x]) {
                    *sum += value;
                }
            }
        }
        let [count, r, g, b, squares] = all;
        if count == 0.0 {
            return (Hue::default(), 0.0);
        }
        let colour = [r / count, g / count, b / count];
        let spread = (squares / count - colour.iter().map(|value| value * value).sum::<f32>()).max(0.0);
        (Hue { colour, spread }, count / (cells * self.area))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_colour_reaches_everywhere_without_spread() {
        let known: Vec<bool> = (0..50 * 37).map(|index| index % 50 < 5).collect();
        let field = Field::of(&vec![[0.2, 0.4, 0.6]; 50 * 37], 50, &known);
        for (x, y) in [(0, 0), (49, 36), (25, 18)] {
            let hue = field.at(x, y);
            assert!(hue.colour.iter().zip([0.2, 0.4, 0.6]).all(|(a, b)| (a - b).abs() < 1e-4) && hue.spread < 1e-4, "{hue:?}");
        }
    }

    #[test]
    fn a_hidden_place_takes_the_colour_of_its_own_side() {
        let pixels: Vec<[f32; 3]> = (0..64 * 64).map(|index| [(index % 64) as f32 / 63.0; 3]).collect();
        let known: Vec<bool> = (0..64 * 64).map(|index| !(24..40).contains(&(index % 64))).collect();
        let field = Field::of(&pixels, 64, &known);
        assert!(field.at(25, 32).colour[0] < 0.45 && field.at(38, 32).colour[0] > 0.55);
        assert!((field.at(5, 32).colour[0] - 5.0 / 63.0).abs() < 0.05);
    }

    #[test]
    fn clutter_has_spread() {
        let pixels: Vec<[f32; 3]> = (0..40 * 40).map(|index| [((index + index / 40) % 2) as f32; 3]).collect();
        assert!((Field::of(&pixels, 40, &[true; 1600]).at(20, 20).spread - 0.75).abs() < 0.01);
    }

    #[test]
    fn what_nothing_is_known_of_is_no_colour_to_believe() {
        assert_eq!(Field::of(&[[1.0; 3]; 4], 2, &[false; 4]).at(1, 1), UNKNOWN);
    }
}
