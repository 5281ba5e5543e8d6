//! Sharpness of the face, without a reference: a sharp picture changes when it is blurred again, a blurred one hardly does
//! (after Crete, Dolmière, Ladret and Nicolas, "The blur effect", 2007).

use image::RgbImage;

use super::places::{face_region, luma_lines, middle_of};
use super::{View, judge};
use crate::domain::check::{Check, CheckId};
use crate::photo::standard::Standard;

/// The most of a face that is looked at, in pixels: a picture handed in as finished may have any size.
const WINDOW: u32 = 1024;

/// Blur of the face, 0 sharp to 1.
#[must_use]
pub fn blur(view: &View, standard: &Standard) -> Check {
    let region = face_region(view.face);
    let (columns, rows) = middle_of(view.picture, region, WINDOW);
    judge(standard, CheckId::Blur, measure(view.picture, columns, rows)).at(region)
}

fn measure(picture: &RgbImage, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> f64 {
    let [across, down] = luma_lines(picture, columns, rows);
    lines(&across).max(lines(&down))
}

/// The share of all differences between neighbours that survives a blur along the lines.
fn lines(lines: &[Vec<f32>]) -> f64 {
    const REACH: usize = 4;
    /// Differences of noise, in levels: they say nothing of sharpness.
    const NOISE: f32 = 2.0;
    let (mut all, mut lost) = (0.0f64, 0.0f64);
    for line in lines {
        if line.len() < 4 * REACH {
            continue;
        }
        let window = (2 * REACH + 1) as f32;
        let blurred: Vec<f32> = (REACH..line.len() - REACH).map(|at| line[at - REACH..=at + REACH].iter().sum::<f32>() / window).collect();
        for at in 1..blurred.len() {
            let sharp = (line[at + REACH] - line[at + REACH - 1]).abs();
            if sharp < NOISE {
                continue;
            }
            let soft = (blurred[at] - blurred[at - 1]).abs();
            all += f64::from(sharp);
            lost += f64::from((sharp - soft).max(0.0));
        }
    }
    if all > 0.0 { (all - lost) / all } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn bars(blur: bool) -> RgbImage {
        RgbImage::from_fn(96, 96, |x, y| {
            let level = |v: u32| if blur { 127.0 + 100.0 * (f64::from(v) / 10.0).sin() } else { f64::from((v / 10 % 2) * 200 + 20) };
            Rgb([((level(x) + level(y)) / 2.0) as u8; 3])
        })
    }

    #[test]
    fn soft_bars_are_blurred_and_hard_ones_are_not() {
        assert!(measure(&bars(false), 0..96, 0..96) < 0.3);
        assert!(measure(&bars(true), 0..96, 0..96) > 0.7);
    }

    #[test]
    fn a_flat_face_cannot_be_judged() {
        assert!(measure(&RgbImage::new(96, 96), 0..96, 0..96).is_nan());
    }
}
