//! Light on the skin: too much, too little, uneven, of the wrong colour, or no colour at all. Measured on patches of cheeks and nose
//! that hair, brows, glasses and beards leave free in most faces.

use super::{View, disc, judge, quantile, region_of};
use crate::domain::check::{Check, CheckId, Why};
use crate::photo::face::indices::{CHEEK_SKIN, MIDDLE_SKIN, OVAL};
use crate::photo::raster;
use crate::photo::standard::Standard;

/// Radius of a patch in parts of the face's width.
const PATCH: f64 = 0.04;
/// From this level in every channel on, skin has no drawing left.
const BURNT: u8 = 248;

/// Every check of light.
#[must_use]
pub fn light(view: &View, standard: &Standard) -> Vec<Check> {
    let ids = [CheckId::Overexposed, CheckId::Underexposed, CheckId::UnevenLight, CheckId::ColourCast, CheckId::Greyscale];
    let radius = view.face.face_width() * PATCH;
    let patches = |indices: &[usize]| -> Vec<[u8; 3]> {
        indices.iter().flat_map(|index| disc(view.picture, view.face.points[*index], radius)).collect()
    };
    let [left, right] = CHEEK_SKIN.map(|indices| patches(&indices));
    if left.is_empty() || right.is_empty() {
        return ids.into_iter().map(|id| Check::unknown(id, Why::NotJudged)).collect();
    }
    let skin = [left.clone(), right.clone(), patches(&MIDDLE_SKIN)].concat();
    let region = region_of(view.face, &OVAL);
    let (left, right) = (mean_luma(&left), mean_luma(&right));
    let chroma = colourfulness(view);
    let grey = judge(standard, CheckId::Greyscale, chroma);
    // A grey picture has no colour that could be wrong.
    let cast = if chroma < standard.limits(CheckId::Greyscale).warn.min.unwrap_or(0.0) {
        Check::unknown(CheckId::ColourCast, Why::NotJudged)
    } else {
        judge(standard, CheckId::ColourCast, cast(&skin))
    };
    vec![
        judge(standard, CheckId::Overexposed, burnt(&skin)).at(region),
        judge(standard, CheckId::Underexposed, mean_luma(&skin)).at(region),
        judge(standard, CheckId::UnevenLight, left.min(right) / left.max(right).max(1.0)).at(region),
        cast,
        grey,
    ]
}

fn mean_luma(pixels: &[[u8; 3]]) -> f64 {
    pixels.iter().map(|pixel| f64::from(raster::luma(*pixel))).sum::<f64>() / pixels.len().max(1) as f64
}

fn burnt(pixels: &[[u8; 3]]) -> f64 {
    pixels.iter().filter(|pixel| pixel.iter().all(|channel| *channel >= BURNT)).count() as f64 / pixels.len().max(1) as f64
}

/// Distance of the skin's median chroma from where skin of any people lies under white light (Chai and Ngan, 1999: Cb 77–127, Cr 133–173).
fn cast(pixels: &[[u8; 3]]) -> f64 {
    let channel = |weights: [f32; 3]| {
        let mut values: Vec<f32> =
            pixels.iter().map(|p| 128.0 + weights.iter().zip(p).map(|(weight, level)| weight * f32::from(*level)).sum::<f32>()).collect();
        quantile(&mut values, 0.5).unwrap_or(f64::NAN)
    };
    let blue = channel([-0.1687, -0.3313, 0.5]);
    let red = channel([0.5, -0.4187, -0.0813]);
    let outside = |value: f64, min: f64, max: f64| (min - value).max(value - max).max(0.0);
    outside(blue, 77.0, 127.0).hypot(outside(red, 133.0, 173.0))
}

/// Mean difference between the largest and the smallest channel over the face.
fn colourfulness(view: &View) -> f64 {
    let region = region_of(view.face, &OVAL);
    let clamp = |value: f64, limit: u32| value.clamp(0.0, f64::from(limit)) as u32;
    let (mut sum, mut count) = (0.0, 0u32);
    for y in clamp(region.y, view.picture.height())..clamp(region.y + region.height, view.picture.height()) {
        for x in clamp(region.x, view.picture.width())..clamp(region.x + region.width, view.picture.width()) {
            let [r, g, b] = view.picture.get_pixel(x, y).0;
            sum += f64::from(r.max(g).max(b) - r.min(g).min(b));
            count += 1;
        }
    }
    if count == 0 { f64::NAN } else { sum / f64::from(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skin_of_all_shades_has_no_cast_and_blue_light_has() {
        for skin in [[255, 224, 196], [224, 172, 140], [141, 85, 56], [70, 42, 30]] {
            assert!(cast(&[skin]) < 6.0, "{skin:?} {}", cast(&[skin]));
        }
        assert!(cast(&[[120, 150, 220]]) > 16.0);
        assert!(cast(&[[130, 200, 120]]) > 16.0);
    }

    #[test]
    fn burnt_needs_every_channel() {
        assert_eq!(burnt(&[[255, 250, 200], [255, 255, 255]]), 0.5);
    }
}
