//! The amount of light on the face: too much, too little, more on one side.

use super::places::{self, lumas, quantile};
use super::{View, judge};
use crate::domain::check::{Check, CheckId, Why};
use crate::photo::standard::Standard;

/// From this level on in two channels, skin has no drawing left.
const BURNT: u8 = 250;

/// Every check of the amount of light.
#[must_use]
pub fn light(view: &View, standard: &Standard) -> Vec<Check> {
    let [left, right] = [0, 1].map(|side| places::cheek(view.picture, view.face, side));
    if left.is_empty() || right.is_empty() {
        let ids = [CheckId::Overexposed, CheckId::Underexposed, CheckId::UnevenLight];
        return ids.into_iter().map(|id| Check::unknown(id, Why::NotJudged)).collect();
    }
    let region = places::face_region(view.face);
    let (darker, brighter) = in_order(mean_luma(&left), mean_luma(&right));
    vec![
        judge(standard, CheckId::Overexposed, burnt(&places::oval(view.picture, view.face))).at(region),
        judge(standard, CheckId::Underexposed, brightness(view)).at(region),
        judge(standard, CheckId::UnevenLight, darker / brighter.max(1.0)).at(region),
    ]
}

fn in_order(a: f64, b: f64) -> (f64, f64) {
    (a.min(b), a.max(b))
}

/// How bright the light is, whatever the skin: skin alone would call dark skin a dark photo, so the brightest part of the eyes, their
/// whites, which are white in everybody, counts where it is brighter.
fn brightness(view: &View) -> f64 {
    let mut eyes = lumas(&places::around_eyes(view.picture, view.face, 0.09).concat());
    let whites = quantile(&mut eyes, 0.98).unwrap_or(0.0);
    mean_luma(&places::skin(view.picture, view.face)).max(whites)
}

fn mean_luma(pixels: &[[u8; 3]]) -> f64 {
    lumas(pixels).into_iter().map(f64::from).sum::<f64>() / pixels.len().max(1) as f64
}

/// Share of pixels that are burnt out in at least two channels.
fn burnt(pixels: &[[u8; 3]]) -> f64 {
    pixels.iter().filter(|pixel| pixel.iter().filter(|level| **level >= BURNT).count() >= 2).count() as f64 / pixels.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burnt_needs_two_channels() {
        assert_eq!(burnt(&[[255, 240, 200], [255, 255, 200]]), 0.5);
        assert!(burnt(&[]).is_nan());
    }
}
