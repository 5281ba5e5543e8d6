//! What differs between a finished face and the source drawn in its place, measure by measure: tones, local shifts, spots, fine detail.
//!
//! Every measure is held against the same measure of the honest rendition, so that what compression does is nobody's edit.

use super::plane::{self, Squares};
use super::region::Area;
use super::register;
use crate::domain::check::Region;
use crate::photo::matte::Plane;

/// A number and the place where it is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    pub value: f64,
    pub region: Option<Region>,
}

/// The three versions of the face that are compared, each in three colours of the window.
#[derive(Debug, Clone)]
pub struct Faces {
    pub finished: [Plane; 3],
    /// The source as the motion shows it.
    pub drawn: [Plane; 3],
    /// The same after the finished file's compression.
    pub honest: [Plane; 3],
}

impl Faces {
    fn grey(&self) -> [Plane; 3] {
        [&self.finished, &self.drawn, &self.honest].map(register::grey)
    }
}

/// Light and colour: the largest difference that remains in any colour after everything finer than a sixth of the face is blurred away,
/// in levels.
#[must_use]
pub fn tone(faces: &Faces, area: &Area) -> Measure {
    const WIDE: f64 = 12.0;
    let mut worst = Measure { value: 0.0, region: None };
    for channel in 0..3 {
        let difference = plane::combine(&faces.finished[channel], &faces.honest[channel], |a, b| a - b);
        let smooth = plane::blurred_within(&difference, &area.mask, WIDE);
        // Single places may differ for other reasons; a tone counts where a tenth of the face shares it.
        let mut sizes: Vec<(f32, usize)> = area.pixels().map(|index| (smooth.values[index].abs(), index)).collect();
        if sizes.is_empty() {
            continue;
        }
        let at = sizes.len() * 9 / 10;
        let (_, (value, index), _) = sizes.select_nth_unstable_by(at, |a, b| a.0.total_cmp(&b.0));
        if f64::from(*value) > worst.value {
            let (column, row) = ((*index % smooth.width) as f64, (*index / smooth.width) as f64);
            worst = Measure { value: f64::from(*value), region: Some(area.region(column, row, 3.0 * WIDE)) };
        }
    }
    worst
}

/// The drawn source brought to the tones of the finished picture, so that what is finer can be told apart from them.
#[must_use]
pub fn with_tones_of(drawn: &[Plane; 3], finished: &[Plane; 3], area: &Area) -> [Plane; 3] {
    [0, 1, 2].map(|channel| {
        let difference = plane::combine(&finished[channel], &drawn[channel], |a, b| a - b);
        let smooth = plane::blurred_within(&difference, &area.mask, 12.0);
        plane::combine(&drawn[channel], &smooth, |a, b| a + b)
    })
}

/// Local shifts: a grid of blocks, each moved until it lies best; the largest shift in pixels that two neighbouring blocks share, less what
/// the blocks cannot be sure of.
#[must_use]
pub fn warp(faces: &Faces, area: &Area) -> Measure {
    const BLOCK: usize = 32;
    const STEP: usize = 12;
    let [finished, _, honest] = faces.grey().map(|plane| plane::blurred(&plane, 1.0));
    let gradients = plane::gradients(&honest);
    let (columns, rows) = (finished.width.saturating_sub(BLOCK) / STEP + 1, finished.height.saturating_sub(BLOCK) / STEP + 1);
    let shifts: Vec<Option<[f64; 3]>> = (0..columns * rows)
        .map(|index| shift(&finished, &honest, &gradients, area, [index % columns * STEP, index / columns * STEP], BLOCK))
        .collect();
    let mut worst = Measure { value: 0.0, region: None };
    for (index, here) in shifts.iter().enumerate() {
        let Some([x, y, unsure]) = *here else { continue };
        let (column, row) = (index % columns, index / columns);
        let neighbours = [(column + 1 < columns).then(|| index + 1), (row + 1 < rows).then(|| index + columns)];
        for [nx, ny, nunsure] in neighbours.into_iter().flatten().filter_map(|at| shifts[at]) {
            // What both say: the shorter of the two along their common direction.
            let (mx, my) = ((x + nx) / 2.0, (y + ny) / 2.0);
            let length = mx.hypot(my);
            if length == 0.0 {
                continue;
            }
            let along = |x: f64, y: f64| (x * mx + y * my) / length;
            let value = (along(x, y) - 2.0 * unsure).min(along(nx, ny) - 2.0 * nunsure);
            if value > worst.value {
                let middle = |at: usize| (at * STEP + BLOCK / 2) as f64;
                worst = Measure { value, region: Some(area.region(middle(column), middle(row), BLOCK as f64 / 2.0)) };
            }
        }
    }
    worst
}

/// By how many pixels a block of the finished face lies off, and how unsure that is; `None` where the block shows too little.
fn shift(finished: &Plane, honest: &Plane, gradients: &[Plane; 2], area: &Area, [left, top]: [usize; 2], block: usize) -> Option<[f64; 3]> {
    let inside: Vec<(usize, usize)> = (0..block * block)
        .map(|index| (left + index % block, top + index / block))
        .filter(|(x, y)| *x < finished.width && *y < finished.height && area.mask.at(*x, *y) > 0.5)
        .collect();
    if inside.len() * 10 < block * block * 6 {
        return None;
    }
    let mut at = [0.0, 0.0];
    let mut unsure = f64::INFINITY;
    for _ in 0..4 {
        let mut squares = Squares::<4>::new();
        let mut rest = 0.0;
        for (x, y) in &inside {
            let (u, v) = (*x as f64 + at[0], *y as f64 + at[1]);
            let here = f64::from(plane::between(honest, u, v));
            let off = f64::from(finished.at(*x, *y)) - here;
            let [gx, gy] = [0, 1].map(|axis: usize| f64::from(plane::between(&gradients[axis], u, v)));
            squares.add(&[gx, gy, here / 100.0, 1.0], off, 1.0);
            rest += off * off;
        }
        let [dx, dy, ..] = squares.solve()?;
        let variances = squares.variances()?;
        // Blurred neighbours err together.
        let together = 9.0;
        unsure = (variances[0].max(variances[1]) * rest / inside.len() as f64 * together).sqrt();
        at = [at[0] + dx, at[1] + dy];
        if at[0].hypot(at[1]) > block as f64 / 3.0 {
            return None;
        }
        if dx.hypot(dy) < 0.01 {
            break;
        }
    }
    (unsure < 0.5).then_some([at[0], at[1], unsure])
}

/// Spots that are in one picture and not in the other: the largest difference, in levels, after blurring to the size of a small mole, less
/// four deviations of the honest rendition and less what a shift by a fifth of a pixel would explain.
#[must_use]
pub fn spot(faces: &Faces, area: &Area) -> Measure {
    let [finished, drawn, honest] = faces.grey();
    let mut worst = Measure { value: 0.0, region: None };
    for sigma in [1.5, 3.0] {
        let band = |plane: &Plane| {
            let fine = plane::blurred_within(plane, &area.mask, sigma);
            plane::combine(&fine, &plane::blurred_within(plane, &area.mask, sigma * 4.0), |fine, coarse| fine - coarse)
        };
        let difference = band(&plane::combine(&finished, &drawn, |a, b| a - b));
        let noise = band(&plane::combine(&honest, &drawn, |a, b| a - b));
        let count = area.pixels().count().max(1) as f64;
        let deviation = (area.pixels().map(|index| f64::from(noise.values[index]).powi(2)).sum::<f64>() / count).sqrt();
        let [gx, gy] = plane::gradients(&plane::blurred(&drawn, sigma));
        for index in area.pixels() {
            let slope = f64::from(gx.values[index].hypot(gy.values[index]));
            let value = f64::from(difference.values[index].abs()) - 4.0 * deviation - 0.2 * slope;
            if value > worst.value {
                let (column, row) = ((index % drawn.width) as f64, (index / drawn.width) as f64);
                worst = Measure { value, region: Some(area.region(column, row, sigma * 3.0)) };
            }
        }
    }
    worst
}

/// Detail of the skin that the finished picture keeps: the least of any part of the face against what the honest rendition keeps there, and
/// the most against the source itself, which no compression can exceed. 1 is the same. Parts that show too little to tell are left out.
#[must_use]
pub fn detail(faces: &Faces, area: &Area) -> [Measure; 2] {
    const CELL: usize = 48;
    const STEP: usize = 16;
    let [finished, drawn, honest] = faces.grey();
    // The finest detail is compression's to take, and a second compression takes more than the last tables tell: a band above it is judged.
    let fine = |plane: &Plane| plane::combine(&plane::blurred(plane, 0.8), &plane::blurred(plane, 2.5), |a, b| a - b);
    let (finished, original, honest) = (fine(&finished), fine(&drawn), fine(&honest));
    let [gx, gy] = plane::gradients(&plane::blurred(&drawn, 2.0));
    // Lashes, brows and lips would drown the skin.
    let skin = |index: usize| area.mask.values[index] > 0.5 && gx.values[index].hypot(gy.values[index]) < 5.0;
    let mut least = Measure { value: 1.0, region: None };
    let mut most = least;
    for top in (0..original.height).step_by(STEP) {
        for left in (0..original.width).step_by(STEP) {
            let (mut kept, mut could, mut all, mut count) = (0.0, 0.0, 0.0, 0usize);
            let mut rest = 0.0;
            for y in top..(top + CELL).min(original.height) {
                for x in left..(left + CELL).min(original.width) {
                    let index = y * original.width + x;
                    if skin(index) {
                        let [a, b, c] = [&finished, &original, &honest].map(|plane| f64::from(plane.values[index]));
                        kept += a * b;
                        could += c * b;
                        all += b * b;
                        rest += (c - b) * (c - b);
                        count += 1;
                    }
                }
            }
            // Too little skin, or detail that compression alone takes away.
            if count * 2 < CELL * CELL || could < 0.4 * all {
                continue;
            }
            // How unsure the share is, as the noise of compression tells it.
            let unsure = (rest / count as f64 * all).sqrt() / could;
            let share = kept / could;
            let region = Some(area.region((left + CELL / 2) as f64, (top + CELL / 2) as f64, CELL as f64 / 2.0));
            if share + 3.0 * unsure < least.value {
                least = Measure { value: share + 3.0 * unsure, region };
            }
            let against_source = (kept - 3.0 * unsure * could) / all;
            if against_source > most.value {
                most = Measure { value: against_source, region };
            }
        }
    }
    [least, most]
}
