//! The last step of the fine nets: an alpha that was found on a smaller picture, brought to the edges of the full one.
//!
//! RVM ends in a guided filter (He, Sun and Tang, "Guided Image Filtering", 2010; on a smaller guide: He and Sun, "Fast Guided Filter", 2015):
//! in every box of 3 × 3 alpha is a straight line over the brightness. `models/quicken_rvm.py` cuts the graph before it, because a loop does it
//! with less work and memory than a graph.

use image::RgbImage;

use super::Plane;

/// Keeps lines flat where the guide hardly changes; RVM's own.
const EPSILON: f32 = 1e-5;

/// Alpha for every pixel of `picture`, 0–1, from `alpha` and the mean of the colours (0–1) on the same smaller picture.
///
/// # Panics
/// Where the two are not of one size of at least 4 × 4.
#[must_use]
pub fn filtered(alpha: &Plane, guide: &Plane, picture: &RgbImage) -> Plane {
    assert!(alpha.values.len() == guide.values.len() && alpha.width == guide.width && alpha.width > 3 && alpha.height > 3);
    let (slope, offset) = lines(alpha, guide);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let across = steps(width, slope.width);
    let mut values = Vec::with_capacity(width * height);
    let (mut slopes, mut offsets) = (vec![0.0; slope.width], vec![0.0; slope.width]);
    for (row, step) in picture.as_raw().chunks_exact(width * 3).zip(steps(height, slope.height)) {
        between_rows(&slope, step, &mut slopes);
        between_rows(&offset, step, &mut offsets);
        values.extend(row.chunks_exact(3).zip(&across).map(|(pixel, step)| {
            let mean = f32::from(u16::from(pixel[0]) + u16::from(pixel[1]) + u16::from(pixel[2])) / (3.0 * 255.0);
            (step.between(&slopes) * mean + step.between(&offsets)).clamp(0.0, 1.0)
        }));
    }
    Plane { width, height, values }
}

/// Slope and offset of each box's line, without the rim where boxes would be cut.
fn lines(alpha: &Plane, guide: &Plane) -> (Plane, Plane) {
    let product = |a: &Plane, b: &Plane| boxes(a, &a.values.iter().zip(&b.values).map(|(a, b)| a * b).collect::<Vec<_>>());
    let (mean_alpha, mean_guide) = (boxes(alpha, &alpha.values), boxes(guide, &guide.values));
    let (both, squares) = (product(guide, alpha), product(guide, guide));
    let slope: Vec<f32> = (0..both.values.len())
        .map(|at| {
            let (x, y) = (mean_guide.values[at], mean_alpha.values[at]);
            (both.values[at] - x * y) / (squares.values[at] - x * x + EPSILON)
        })
        .collect();
    let offset = (0..slope.len()).map(|at| mean_alpha.values[at] - slope[at] * mean_guide.values[at]).collect();
    let plane = |values| Plane { values, ..both };
    (plane(slope), Plane { width: both.width, height: both.height, values: offset })
}

/// Means of all whole boxes of 3 × 3.
fn boxes(size: &Plane, values: &[f32]) -> Plane {
    let (width, height) = (size.width - 2, size.height - 2);
    let mut means = Vec::with_capacity(width * height);
    let mut columns = vec![0.0; size.width];
    for y in 0..height {
        let row = |at: usize| &values[(y + at) * size.width..(y + at + 1) * size.width];
        for (sum, ((a, b), c)) in columns.iter_mut().zip(row(0).iter().zip(row(1)).zip(row(2))) {
            *sum = a + b + c;
        }
        means.extend(columns.windows(3).map(|three| (three[0] + three[1] + three[2]) / 9.0));
    }
    Plane { width, height, values: means }
}

/// One row between two rows of a plane.
fn between_rows(plane: &Plane, step: Step, out: &mut [f32]) {
    let start = step.low * plane.width;
    let (upper, lower) = (&plane.values[start..start + plane.width], &plane.values[start + plane.width..start + 2 * plane.width]);
    for ((out, upper), lower) in out.iter_mut().zip(upper).zip(lower) {
        *out = upper + (lower - upper) * step.part;
    }
}

/// A place between two neighbours: the lower one's index and the part of the way to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    low: usize,
    part: f32,
}

impl Step {
    fn between(self, line: &[f32]) -> f32 {
        let (low, high) = (line[self.low], line[self.low + 1]);
        low + (high - low) * self.part
    }
}

/// Where the centres of `to` pixels lie among the centres of `from` over the same length; beyond the outermost centres their values hold.
fn steps(to: usize, from: usize) -> Vec<Step> {
    let ratio = from as f32 / to as f32;
    (0..to)
        .map(|index| {
            let place = ((index as f32 + 0.5) * ratio - 0.5).clamp(0.0, (from - 1) as f32);
            let low = (place as usize).min(from - 2);
            Step { low, part: place - low as f32 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn plane(width: usize, height: usize, value: impl Fn(usize, usize) -> f32) -> Plane {
        Plane { width, height, values: (0..width * height).map(|index| value(index % width, index / width)).collect() }
    }

    #[test]
    fn a_flat_alpha_stays_flat_whatever_the_picture_shows() {
        let picture = RgbImage::from_fn(20, 16, |x, y| Rgb([(x * 12) as u8, (y * 9) as u8, 200]));
        let out = filtered(&plane(10, 8, |_, _| 0.25), &plane(10, 8, |x, y| (x * y) as f32 / 80.0), &picture);
        assert_eq!((out.width, out.height), (20, 16));
        assert!(out.values.iter().all(|value| (value - 0.25).abs() < 1e-4));
    }

    #[test]
    fn alpha_finds_the_edge_that_the_picture_has() {
        // The edge lies between columns 12 and 13 of the picture; the small alpha only knows that it lies in its sixth column.
        let picture = RgbImage::from_fn(24, 16, |x, _| Rgb([if x < 13 { 20 } else { 230 }; 3]));
        let guide = plane(12, 8, |x, _| [20.0 / 255.0, 125.0 / 255.0, 230.0 / 255.0][usize::from(x > 5) + usize::from(x > 6)]);
        let alpha = plane(12, 8, |x, _| [1.0, 0.5, 0.0][usize::from(x > 5) + usize::from(x > 6)]);
        let out = filtered(&alpha, &guide, &picture);
        assert!(out.at(12, 8) > 0.95 && out.at(13, 8) < 0.05, "{:?}", &out.values[8 * 24..9 * 24]);
    }

    #[test]
    fn between_two_places_lies_their_middle_and_beyond_the_last_its_own() {
        assert_eq!(steps(4, 2), [0.0, 0.25, 0.75, 1.0].map(|part| Step { low: 0, part }));
        assert_eq!(boxes(&plane(3, 3, |_, _| 0.0), &[1.0; 9]).values, [1.0]);
    }
}
