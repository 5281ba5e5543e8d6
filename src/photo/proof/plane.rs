//! Small arithmetic on planes of values: blurring, gradients, sampling between pixels, and equations of a few unknowns.

use image::RgbImage;

use crate::photo::matte::Plane;
use crate::photo::raster;

/// The luma of a picture.
#[must_use]
pub fn luma(picture: &RgbImage) -> Plane {
    let values = picture.pixels().map(|pixel| raster::luma(pixel.0)).collect();
    Plane { width: picture.width() as usize, height: picture.height() as usize, values }
}

/// Pixel by pixel.
#[must_use]
pub fn combine(a: &Plane, b: &Plane, with: impl Fn(f32, f32) -> f32) -> Plane {
    Plane { width: a.width, height: a.height, values: a.values.iter().zip(&b.values).map(|(a, b)| with(*a, *b)).collect() }
}

/// A Gaussian blur; beyond the edges lie the edges.
#[must_use]
pub fn blurred(plane: &Plane, sigma: f64) -> Plane {
    let reach = (sigma * 3.0).ceil() as isize;
    let weights: Vec<f32> = (-reach..=reach).map(|at| (-0.5 * (at as f64 / sigma).powi(2)).exp() as f32).collect();
    let sum: f32 = weights.iter().sum();
    let (width, height) = (plane.width as isize, plane.height as isize);
    let along = |from: &Plane, step: &dyn Fn(isize, isize, isize) -> usize| {
        let mut values = Vec::with_capacity(from.values.len());
        for y in 0..height {
            for x in 0..width {
                let total: f32 = weights.iter().zip(-reach..=reach).map(|(weight, at)| weight * from.values[step(x, y, at)]).sum();
                values.push(total / sum);
            }
        }
        Plane { width: from.width, height: from.height, values }
    };
    let rows = along(plane, &|x, y, at| (y * width + (x + at).clamp(0, width - 1)) as usize);
    along(&rows, &|x, y, at| ((y + at).clamp(0, height - 1) * width + x) as usize)
}

/// A blur that reads only where `mask` is 1: what lies outside of it weighs nothing.
#[must_use]
pub fn blurred_within(plane: &Plane, mask: &Plane, sigma: f64) -> Plane {
    let cover = blurred(mask, sigma);
    let values = blurred(&combine(plane, mask, |value, inside| value * inside), sigma);
    combine(&values, &cover, |value, cover| if cover > 1e-3 { value / cover } else { 0.0 })
}

/// Central differences along x and y.
#[must_use]
pub fn gradients(plane: &Plane) -> [Plane; 2] {
    let (width, height) = (plane.width, plane.height);
    let along = |ahead: &dyn Fn(usize, usize) -> f32| {
        let values = (0..width * height).map(|index| ahead(index % width, index / width)).collect();
        Plane { width, height, values }
    };
    [
        along(&|x, y| (plane.at((x + 1).min(width - 1), y) - plane.at(x.saturating_sub(1), y)) / 2.0),
        along(&|x, y| (plane.at(x, (y + 1).min(height - 1)) - plane.at(x, y.saturating_sub(1))) / 2.0),
    ]
}

/// The value between pixels, cubic (Catmull–Rom), so that sampling costs no detail.
#[must_use]
pub fn between(plane: &Plane, x: f64, y: f64) -> f32 {
    let kernel = |t: f64| {
        let [a, b, c, d] =
            [((-0.5 * t + 1.0) * t - 0.5) * t, (1.5 * t - 2.5) * t * t + 1.0, ((-1.5 * t + 2.0) * t + 0.5) * t, (0.5 * t - 0.5) * t * t];
        [a as f32, b as f32, c as f32, d as f32]
    };
    let (fx, fy) = (x.floor(), y.floor());
    let (wx, wy) = (kernel(x - fx), kernel(y - fy));
    let column = |at: usize| (fx as isize + at as isize - 1).clamp(0, plane.width as isize - 1) as usize;
    let row = |at: usize| (fy as isize + at as isize - 1).clamp(0, plane.height as isize - 1) as usize;
    (0..4).map(|j| wy[j] * (0..4).map(|i| wx[i] * plane.at(column(i), row(j))).sum::<f32>()).sum()
}

/// Sums of a least squares problem with `N` unknowns, built row by row.
#[derive(Debug, Clone)]
pub struct Squares<const N: usize> {
    matrix: [[f64; N]; N],
    right: [f64; N],
}

impl<const N: usize> Squares<N> {
    /// No rows yet.
    #[must_use]
    pub const fn new() -> Squares<N> {
        Squares { matrix: [[0.0; N]; N], right: [0.0; N] }
    }

    /// One row: `coefficients · unknowns = value`.
    pub fn add(&mut self, coefficients: &[f64; N], value: f64, weight: f64) {
        for (row, a) in coefficients.iter().enumerate() {
            for (column, b) in coefficients.iter().enumerate() {
                self.matrix[row][column] += weight * a * b;
            }
            self.right[row] += weight * a * value;
        }
    }

    /// The unknowns; `None` where the rows do not determine them.
    #[must_use]
    pub fn solve(&self) -> Option<[f64; N]> {
        self.solve_for(self.right)
    }

    /// The diagonal of the inverse: variances of the unknowns for rows of variance 1.
    #[must_use]
    pub fn variances(&self) -> Option<[f64; N]> {
        let mut out = [0.0; N];
        for (index, variance) in out.iter_mut().enumerate() {
            let mut unit = [0.0; N];
            unit[index] = 1.0;
            *variance = self.solve_for(unit)?[index];
        }
        Some(out)
    }

    /// Gaussian elimination with the largest pivot.
    // Rows and columns are what is counted here: iterators would hide them.
    #[allow(clippy::needless_range_loop)]
    fn solve_for(&self, mut right: [f64; N]) -> Option<[f64; N]> {
        let mut matrix = self.matrix;
        for step in 0..N {
            let pivot = (step..N).max_by(|a, b| matrix[*a][step].abs().total_cmp(&matrix[*b][step].abs()))?;
            matrix.swap(step, pivot);
            right.swap(step, pivot);
            if matrix[step][step].abs() < 1e-9 {
                return None;
            }
            for row in step + 1..N {
                let factor = matrix[row][step] / matrix[step][step];
                for column in step..N {
                    matrix[row][column] -= factor * matrix[step][column];
                }
                right[row] -= factor * right[step];
            }
        }
        for step in (0..N).rev() {
            let known: f64 = (step + 1..N).map(|column| matrix[step][column] * right[column]).sum();
            right[step] = (right[step] - known) / matrix[step][step];
        }
        Some(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Plane {
        Plane { width: 9, height: 7, values: (0..63).map(|index| (index % 9 * 3 + index / 9) as f32).collect() }
    }

    #[test]
    fn a_ramp_keeps_its_slope() {
        let ramp = ramp();
        let [along_x, along_y] = gradients(&ramp);
        assert_eq!((along_x.at(4, 3), along_y.at(4, 3)), (3.0, 1.0));
        assert!((between(&ramp, 3.25, 2.5) - (3.25 * 3.0 + 2.5)).abs() < 1e-4);
        assert!((blurred(&ramp, 0.8).at(4, 3) - ramp.at(4, 3)).abs() < 1e-3);
    }

    #[test]
    fn what_lies_outside_the_mask_weighs_nothing() {
        let mask = Plane { values: (0..63).map(|index| f32::from(u8::from(index % 9 < 4))).collect(), ..ramp() };
        let half = Plane { values: (0..63).map(|index| if index % 9 < 4 { 5.0 } else { 500.0 }).collect(), ..ramp() };
        assert!((blurred_within(&half, &mask, 2.0).at(3, 3) - 5.0).abs() < 1e-4);
    }

    #[test]
    fn squares_find_a_line_and_refuse_what_is_not_determined() {
        let mut line = Squares::<2>::new();
        for x in 0..5 {
            line.add(&[f64::from(x), 1.0], f64::from(x) * 2.0 - 3.0, 1.0);
        }
        let [slope, offset] = line.solve().unwrap();
        assert!((slope - 2.0).abs() < 1e-9 && (offset + 3.0).abs() < 1e-9);
        assert!(line.variances().unwrap().iter().all(|variance| *variance > 0.0));
        let mut point = Squares::<2>::new();
        point.add(&[1.0, 1.0], 1.0, 1.0);
        assert!(point.solve().is_none());
    }
}
