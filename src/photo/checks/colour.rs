//! The colour of the light, by what it falls on: skin, whose hue differs little between peoples, and the whites of the eyes.
//!
//! Skin after ISO/IEC 29794-5, natural colour: the medians of a* and b* in CIELAB (D65) must lie in 5–25 and 5–35. Light of a colour turns
//! the hue long before it leaves that box, so the hue is held too: 30–66°, where skin of all peoples lies under white light
//! (Xiao and others, 2017, measured 45–70° with instruments; cameras render it redder). The whites are white in everybody, but small and
//! reddish, so they only speak of yellow and blue.

use super::places::{self, quantile};
use super::{View, judge};
use crate::domain::check::{Check, CheckId, Why};
use crate::photo::standard::Standard;

/// Hue of skin under white light, in degrees.
const HUE: (f64, f64) = (30.0, 66.0);
const RED_GREEN: (f64, f64) = (5.0, 25.0);
const YELLOW_BLUE: (f64, f64) = (5.0, 35.0);
/// b* of the whites of eyes under white light.
const WHITES: (f64, f64) = (-6.0, 15.0);
/// Fewer pixels of white say nothing.
const ENOUGH: usize = 24;

/// How far the colour of skin and whites lies from where white light puts it, in units of CIELAB; unknown without colour or free skin.
#[must_use]
pub fn cast(view: &View, standard: &Standard) -> Check {
    let skin = places::skin(view.picture, view.face);
    // A grey picture has no colour that could be wrong.
    let grey = colourfulness(view) < standard.limits(CheckId::Greyscale).fail.min.unwrap_or(0.0);
    if skin.is_empty() || grey {
        return Check::unknown(CheckId::ColourCast, Why::NotJudged);
    }
    let whites = places::whites(view.picture, view.face);
    let white = if whites.len() < ENOUGH { 0.0 } else { outside(median_lab(&whites)[2], WHITES) };
    judge(standard, CheckId::ColourCast, off_skin(median_lab(&skin)).hypot(white)).at(places::face_region(view.face))
}

/// Colour at all: the mean difference between the largest and the smallest channel over the face.
#[must_use]
pub fn greyscale(view: &View, standard: &Standard) -> Check {
    judge(standard, CheckId::Greyscale, colourfulness(view)).at(places::face_region(view.face))
}

fn colourfulness(view: &View) -> f64 {
    let pixels = places::oval(view.picture, view.face);
    let sum: f64 = pixels.iter().map(|[r, g, b]| f64::from(r.max(g).max(b) - r.min(g).min(b))).sum();
    sum / pixels.len() as f64
}

/// Distance of a skin's a* and b* from the box and from the wedge of hues.
fn off_skin([_, a, b]: [f64; 3]) -> f64 {
    let boxed = outside(a, RED_GREEN).hypot(outside(b, YELLOW_BLUE));
    let hue = b.atan2(a).to_degrees();
    let turned = outside(hue, HUE).min(90.0).to_radians().sin() * a.hypot(b);
    boxed.max(turned)
}

fn outside(value: f64, (min, max): (f64, f64)) -> f64 {
    (min - value).max(value - max).max(0.0)
}

fn median_lab(pixels: &[[u8; 3]]) -> [f64; 3] {
    let lab: Vec<[f64; 3]> = pixels.iter().map(|pixel| cielab(*pixel)).collect();
    [0, 1, 2].map(|axis| {
        let mut values: Vec<f32> = lab.iter().map(|colour| colour[axis] as f32).collect();
        quantile(&mut values, 0.5).unwrap_or(f64::NAN)
    })
}

/// CIELAB (D65) of an sRGB pixel (IEC 61966-2-1, CIE 15).
fn cielab(pixel: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = pixel.map(|level| {
        let value = f64::from(level) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = f((0.412_453 * r + 0.357_580 * g + 0.180_423 * b) / 0.950_456);
    let y = f(0.212_671 * r + 0.715_160 * g + 0.072_169 * b);
    let z = f((0.019_334 * r + 0.119_193 * g + 0.950_227 * b) / 1.088_754);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cielab_knows_its_corners() {
        let close = |colour: [u8; 3], expected: [f64; 3]| {
            let lab = cielab(colour);
            assert!(lab.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.5), "{colour:?}: {lab:?}");
        };
        close([255; 3], [100.0, 0.0, 0.0]);
        close([0; 3], [0.0, 0.0, 0.0]);
        close([255, 0, 0], [53.2, 80.1, 67.2]);
    }

    #[test]
    fn skin_of_all_shades_has_no_cast_and_coloured_light_has() {
        for skin in [[255, 224, 196], [224, 172, 140], [141, 85, 56], [70, 42, 30]] {
            assert!(off_skin(cielab(skin)) < 1.5, "{skin:?} {}", off_skin(cielab(skin)));
        }
        for lit in [[120, 150, 220], [130, 200, 120], [230, 190, 90], [240, 120, 200]] {
            assert!(off_skin(cielab(lit)) > 8.0, "{lit:?} {}", off_skin(cielab(lit)));
        }
    }
}
