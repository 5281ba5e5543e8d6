//! Photos of screens and prints: their dots beat with the camera's, which leaves sharp peaks in the spectrum that skin, hair and cloth do
//! not have (after Fridrich and others on periodic patterns; the same sign that presentation-attack detectors look for, ISO/IEC 30107).
//!
//! Only patterns that survived are found: a good camera before a good screen leaves none, so passing proves nothing.

use image::RgbImage;

use super::judge;
use super::places::face_region;
use crate::domain::check::{Check, CheckId};
use crate::photo::face::Face;
use crate::photo::raster;
use crate::photo::standard::Standard;

/// Side of the square that is looked at, in the picture's own pixels; a power of two.
const SIDE: usize = 256;

/// How far the highest peak of the spectrum around the face stands above its surroundings, as a natural logarithm of amplitudes; unknown
/// where the picture is too small.
#[must_use]
pub fn rephotographed(picture: &RgbImage, face: &Face, standard: &Standard) -> Check {
    let region = face_region(face);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    if width < SIDE || height < SIDE {
        return judge(standard, CheckId::Rephotographed, f64::NAN);
    }
    let start = |middle: f64, limit: usize| (middle - SIDE as f64 / 2.0).clamp(0.0, (limit - SIDE) as f64) as u32;
    let (x, y) = (start(region.x + region.width / 2.0, width), start(region.y + region.height / 2.0, height));
    let square: Vec<f32> =
        (0..SIDE * SIDE).map(|index| raster::luma(picture.get_pixel(x + (index % SIDE) as u32, y + (index / SIDE) as u32).0)).collect();
    judge(standard, CheckId::Rephotographed, highest_peak(&square)).at(region)
}

fn highest_peak(square: &[f32]) -> f64 {
    let window: Vec<f32> = (0..SIDE).map(|at| 0.5 - 0.5 * (std::f32::consts::TAU * at as f32 / (SIDE - 1) as f32).cos()).collect();
    let mean = square.iter().sum::<f32>() / square.len() as f32;
    let mut real: Vec<f32> = square.iter().enumerate().map(|(at, value)| (value - mean) * window[at % SIDE] * window[at / SIDE]).collect();
    let mut imaginary = vec![0.0; real.len()];
    transform_rows(&mut real, &mut imaginary);
    transpose(&mut real);
    transpose(&mut imaginary);
    transform_rows(&mut real, &mut imaginary);
    let spectrum: Vec<f32> = real.iter().zip(&imaginary).map(|(re, im)| (re.hypot(*im) + 1e-3).ln()).collect();
    above_surroundings(&spectrum)
}

/// The largest difference between the spectrum and its mean around, where a pattern of dots can lie: finer than a tenth of a cycle a
/// pixel, off the axes and off the harmonics of JPEG's 8-pixel grid, which are peaks too.
fn above_surroundings(spectrum: &[f32]) -> f64 {
    const REACH: isize = 5;
    const AXIS: usize = 4;
    let folded = |at: usize| at.min(SIDE - at);
    let on_grid = |at: usize| matches!(at % (SIDE / 8), 0 | 1) || at % (SIDE / 8) == SIDE / 8 - 1;
    let wrapped = |at: usize, by: isize| (at as isize + by).rem_euclid(SIDE as isize) as usize;
    // Sums over a row's window first: the spectrum wraps around.
    let across: Vec<f32> =
        (0..SIDE * SIDE).map(|index| (-REACH..=REACH).map(|by| spectrum[index / SIDE * SIDE + wrapped(index % SIDE, by)]).sum()).collect();
    let count = ((2 * REACH + 1) * (2 * REACH + 1)) as f32;
    let mut best = f32::MIN;
    // A real picture's spectrum is symmetric: half of it says all.
    for y in 0..=SIDE / 2 {
        for x in 0..SIDE {
            let (u, v) = (folded(x), folded(y));
            let radius = (u as f64).hypot(v as f64) / SIDE as f64;
            if u <= AXIS || v <= AXIS || on_grid(u) || on_grid(v) || !(0.1..0.49).contains(&radius) {
                continue;
            }
            let around: f32 = (-REACH..=REACH).map(|by| across[wrapped(y, by) * SIDE + x]).sum();
            best = best.max(spectrum[y * SIDE + x] - around / count);
        }
    }
    f64::from(best)
}

fn transpose(square: &mut [f32]) {
    for y in 0..SIDE {
        for x in 0..y {
            square.swap(y * SIDE + x, x * SIDE + y);
        }
    }
}

fn transform_rows(real: &mut [f32], imaginary: &mut [f32]) {
    for (re, im) in real.chunks_exact_mut(SIDE).zip(imaginary.chunks_exact_mut(SIDE)) {
        fourier(re, im);
    }
}

/// The discrete Fourier transform in place (Cooley and Tukey, radix 2).
fn fourier(re: &mut [f32], im: &mut [f32]) {
    let count = re.len();
    let bits = count.trailing_zeros();
    for at in 0..count {
        let other = at.reverse_bits() >> (usize::BITS - bits);
        if at < other {
            re.swap(at, other);
            im.swap(at, other);
        }
    }
    let mut size = 2;
    while size <= count {
        let half = size / 2;
        for k in 0..half {
            let (sin, cos) = (-std::f32::consts::TAU * k as f32 / size as f32).sin_cos();
            for start in (0..count).step_by(size) {
                let (a, b) = (start + k, start + k + half);
                let (x, y) = (re[b] * cos - im[b] * sin, re[b] * sin + im[b] * cos);
                (re[b], im[b]) = (re[a] - x, im[a] - y);
                (re[a], im[a]) = (re[a] + x, im[a] + y);
            }
        }
        size *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_becomes_its_peak() {
        let (mut re, mut im): (Vec<f32>, Vec<f32>) =
            (0..64).map(|at| ((std::f32::consts::TAU * 5.0 * at as f32 / 64.0).cos(), 0.0)).unzip();
        fourier(&mut re, &mut im);
        let amplitude = |at: usize| re[at].hypot(im[at]);
        assert!((amplitude(5) - 32.0).abs() < 1e-3 && (amplitude(59) - 32.0).abs() < 1e-3);
        assert!((0..64).filter(|at| ![5, 59].contains(at)).all(|at| amplitude(at) < 1e-3));
    }

    fn square(dots: f32) -> Vec<f32> {
        let mut state = 7u32;
        (0..SIDE * SIDE)
            .map(|index| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let (x, y) = ((index % SIDE) as f32, (index / SIDE) as f32);
                120.0
                    + 40.0 * (x / 60.0).sin()
                    + (state >> 24) as f32 / 32.0
                    + dots * ((1.9 * x + 0.6 * y).cos() + (1.9 * y - 0.6 * x).cos())
            })
            .collect()
    }

    #[test]
    fn dots_of_a_screen_stand_out_of_noise() {
        let (plain, screen) = (highest_peak(&square(0.0)), highest_peak(&square(4.0)));
        assert!(plain < 2.0 && screen > 3.0, "{plain} {screen}");
    }
}
