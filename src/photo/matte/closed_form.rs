//! Closed-form matting: of all mattes that agree with what is sure, the one that is locally a linear function of the colours.
//!
//! A. Levin, D. Lischinski, Y. Weiss, "A Closed-Form Solution to Natural Image Matting" (PAMI 30, 2008), windows of 3 × 3, solved by
//! conjugate gradients in the unknown band only. Knows colours and numbers, nothing of people.

/// Colours of a picture, rows first, channels 0–1.
#[derive(Debug, Clone, Copy)]
pub struct Colours<'a> {
    pub width: usize,
    pub height: usize,
    pub pixels: &'a [[f32; 3]],
}

/// How the solution is sought.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Weight of the first guess at every unknown pixel, against the weights of the colours (a pixel's own is near 1).
    pub trust: f32,
    /// Steps at most.
    pub steps: usize,
    /// Share of the first residual at which to stop.
    pub tolerance: f64,
}

/// Regularises a window's covariance: a colour that varies by less than its root (0.3 % of the range) counts as flat.
const FLAT: f32 = 1e-5;
/// Reach of a pixel's neighbours over shared windows, and the side of the square they fill.
const REACH: usize = 2;
const SIDE: usize = 2 * REACH + 1;
type Stencil = [f32; SIDE * SIDE];
const KNOWN: u32 = u32::MAX;

/// The alphas of the pixels in `band`, clamped to 0–1, in its order of rows; `guess` (as long as the picture) rules everywhere else.
#[must_use]
pub fn solve(colours: Colours, guess: &[f32], band: &[bool], effort: Effort) -> Vec<f32> {
    let system = System::new(colours, band);
    let mut plane = system.plane();
    for (index, (value, unknown)) in guess.iter().zip(band).enumerate() {
        if !unknown {
            plane[system.padded(index)] = *value;
        }
    }
    let from_known = system.times(&plane, 0.0);
    let first: Vec<f32> = system.unknown.iter().map(|index| guess[*index as usize]).collect();
    let right: Vec<f32> = first.iter().zip(&from_known).map(|(guess, known)| effort.trust * guess - known).collect();
    plane.fill(0.0);
    let mut solution = system.conjugate_gradients(plane, first, &right, effort);
    for value in &mut solution {
        *value = value.clamp(0.0, 1.0);
    }
    solution
}

/// The matting Laplacian's rows of the unknown pixels, each as the square of its neighbours' weights.
struct System {
    width: usize,
    height: usize,
    unknown: Vec<u32>,
    rows: Vec<Stencil>,
}

impl System {
    fn new(colours: Colours, band: &[bool]) -> System {
        let (width, height) = (colours.width, colours.height);
        let unknown: Vec<u32> = (0..band.len()).filter(|index| band[*index]).map(|index| index as u32).collect();
        let mut slots = vec![KNOWN; band.len()];
        for (slot, index) in unknown.iter().enumerate() {
            slots[*index as usize] = slot as u32;
        }
        let mut rows = vec![[0.0; SIDE * SIDE]; unknown.len()];
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let window: [usize; 9] = std::array::from_fn(|k| (y + k / 3 - 1) * width + x + k % 3 - 1);
                let window_slots = window.map(|index| slots[index]);
                if window_slots.iter().any(|slot| *slot != KNOWN) {
                    let affinity = Affinity::of(window.map(|index| colours.pixels[index]));
                    for (i, slot) in window_slots.into_iter().enumerate().filter(|(_, slot)| *slot != KNOWN) {
                        let row = &mut rows[slot as usize];
                        for j in 0..9 {
                            let place = (j / 3 + REACH - i / 3) * SIDE + j % 3 + REACH - i % 3;
                            row[place] += f32::from(u8::from(i == j)) - affinity.between(i, j);
                        }
                    }
                }
            }
        }
        System { width, height, unknown, rows }
    }

    /// A plane with a rim that neighbours may reach into.
    fn plane(&self) -> Vec<f32> {
        vec![0.0; (self.width + 2 * REACH) * (self.height + 2 * REACH)]
    }

    fn padded(&self, index: usize) -> usize {
        (index / self.width + REACH) * (self.width + 2 * REACH) + index % self.width + REACH
    }

    /// (Laplacian + `trust`) × `plane`, at the unknown pixels.
    fn times(&self, plane: &[f32], trust: f32) -> Vec<f32> {
        let stride = self.width + 2 * REACH;
        let row = |(index, weights): (&u32, &Stencil)| {
            let at = self.padded(*index as usize);
            let corner = at - REACH * stride - REACH;
            // Sums by columns, because that is what becomes vector instructions.
            let mut columns = [0.0f32; SIDE];
            for (y, line) in weights.chunks_exact(SIDE).enumerate() {
                let values = &plane[corner + y * stride..corner + y * stride + SIDE];
                for ((sum, weight), value) in columns.iter_mut().zip(line).zip(values) {
                    *sum += weight * value;
                }
            }
            columns.iter().sum::<f32>() + trust * plane[at]
        };
        self.unknown.iter().zip(&self.rows).map(row).collect()
    }

    /// Conjugate gradients with the diagonal as preconditioner. `plane` is scratch and zero.
    fn conjugate_gradients(&self, mut plane: Vec<f32>, first: Vec<f32>, right: &[f32], effort: Effort) -> Vec<f32> {
        let scatter = |plane: &mut [f32], values: &[f32]| {
            for (index, value) in self.unknown.iter().zip(values) {
                plane[self.padded(*index as usize)] = *value;
            }
        };
        let diagonal: Vec<f32> = self.rows.iter().map(|row| row[SIDE * SIDE / 2] + effort.trust + f32::EPSILON).collect();
        let mut solution = first;
        scatter(&mut plane, &solution);
        let mut residual: Vec<f32> = right.iter().zip(self.times(&plane, effort.trust)).map(|(right, left)| right - left).collect();
        let smooth = |residual: &[f32]| -> Vec<f32> { residual.iter().zip(&diagonal).map(|(value, weight)| value / weight).collect() };
        let mut direction = smooth(&residual);
        let mut energy = wide_dot(&residual, &direction);
        let enough = energy * effort.tolerance * effort.tolerance;
        for _ in 0..effort.steps {
            if energy <= enough || energy <= f64::MIN_POSITIVE {
                break;
            }
            scatter(&mut plane, &direction);
            let image = self.times(&plane, effort.trust);
            let curvature = wide_dot(&direction, &image);
            if curvature <= 0.0 {
                break;
            }
            let step = (energy / curvature) as f32;
            for ((value, left), (along, change)) in solution.iter_mut().zip(&mut residual).zip(direction.iter().zip(&image)) {
                *value += step * along;
                *left -= step * change;
            }
            let smoothed = smooth(&residual);
            let next = wide_dot(&residual, &smoothed);
            let keep = (next / energy) as f32;
            for (along, fresh) in direction.iter_mut().zip(smoothed) {
                *along = fresh + keep * *along;
            }
            energy = next;
        }
        solution
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn wide_dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// How much two pixels of one window belong together.
struct Affinity {
    off_mean: [[f32; 3]; 9],
    weighted: [[f32; 3]; 9],
}

impl Affinity {
    fn of(colours: [[f32; 3]; 9]) -> Affinity {
        let mean: [f32; 3] = std::array::from_fn(|channel| colours.iter().map(|colour| colour[channel]).sum::<f32>() / 9.0);
        let off_mean = colours.map(|colour| std::array::from_fn(|channel| colour[channel] - mean[channel]));
        let covariance = |a: usize, b: usize| off_mean.iter().map(|colour: &[f32; 3]| colour[a] * colour[b]).sum::<f32>() / 9.0;
        let inverse = invert([
            covariance(0, 0) + FLAT / 9.0,
            covariance(0, 1),
            covariance(0, 2),
            covariance(1, 1) + FLAT / 9.0,
            covariance(1, 2),
            covariance(2, 2) + FLAT / 9.0,
        ]);
        Affinity { off_mean, weighted: off_mean.map(|colour| times(&inverse, colour)) }
    }

    fn between(&self, i: usize, j: usize) -> f32 {
        (1.0 + dot(&self.weighted[i], &self.off_mean[j])) / 9.0
    }
}

/// The inverse of a symmetric matrix given by its upper triangle, rows first; in double width, because flat windows are nearly singular.
fn invert(upper: [f32; 6]) -> [f32; 6] {
    let [a, b, c, d, e, f] = upper.map(f64::from);
    let cofactors = [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b];
    let determinant = a * cofactors[0] + b * cofactors[1] + c * cofactors[2];
    cofactors.map(|cofactor| (cofactor / determinant) as f32)
}

fn times([a, b, c, d, e, f]: &[f32; 6], [x, y, z]: [f32; 3]) -> [f32; 3] {
    [a * x + b * y + c * z, b * x + d * y + e * z, c * x + e * y + f * z]
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort { trust: 1e-4, steps: 200, tolerance: 1e-6 };

    /// A soft vertical edge: its alpha is a ramp, its colour the same ramp between two colours.
    fn ramp() -> (Vec<[f32; 3]>, Vec<f32>) {
        let alpha: Vec<f32> = (0..20 * 12).map(|index| ((index % 20) as f32 / 4.0 - 2.0).clamp(0.0, 1.0)).collect();
        let mix = |alpha: f32| [0.1 + 0.7 * alpha, 0.2 + 0.5 * alpha, 0.9 - 0.6 * alpha];
        (alpha.iter().map(|alpha| mix(*alpha)).collect(), alpha)
    }

    #[test]
    fn a_soft_edge_between_two_colours_is_found_whatever_the_guess() {
        let (pixels, truth) = ramp();
        let band: Vec<bool> = (0..truth.len()).map(|index| (5..15).contains(&(index % 20))).collect();
        let guess: Vec<f32> = truth.iter().zip(&band).map(|(truth, unknown)| if *unknown { 0.5 } else { *truth }).collect();
        let found = solve(Colours { width: 20, height: 12, pixels: &pixels }, &guess, &band, EFFORT);
        let truths = truth.iter().zip(&band).filter(|(_, unknown)| **unknown).map(|(truth, _)| truth);
        for (found, truth) in found.iter().zip(truths) {
            assert!((found - truth).abs() < 0.02, "{found} against {truth}");
        }
    }

    #[test]
    fn where_colours_say_nothing_the_guess_stays_bounded_by_what_is_sure() {
        let pixels = vec![[0.5; 3]; 100];
        let band: Vec<bool> = (0..100).map(|index| index % 10 > 0).collect();
        let found = solve(Colours { width: 10, height: 10, pixels: &pixels }, &[1.0; 100], &band, EFFORT);
        assert!(found.iter().all(|value| (value - 1.0).abs() < 0.01));
    }

    #[test]
    fn without_a_band_there_is_nothing_to_solve() {
        let pixels = vec![[0.5; 3]; 9];
        assert!(solve(Colours { width: 3, height: 3, pixels: &pixels }, &[1.0; 9], &[false; 9], EFFORT).is_empty());
    }

    #[test]
    fn an_inverse_is_one() {
        let upper = [2.0, 0.5, 0.1, 1.0, 0.2, 3.0];
        let inverse = invert(upper);
        let column = times(&upper, times(&inverse, [1.0, 2.0, 3.0]));
        assert!(column.iter().zip([1.0, 2.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
