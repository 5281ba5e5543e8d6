//! The eyes and what is before them: closed lids, red pupils, tinted lenses, glare.

use super::places::{self, lumas, quantile};
use super::{View, judge};
use crate::domain::check::{Check, CheckId, Verdict, Why};
use crate::photo::standard::Standard;

/// Degrees of turn beyond which one eye hides the other's neighbourhood.
const TURNED: f64 = 30.0;

/// Every check of the eyes.
#[must_use]
pub fn eyes(view: &View, standard: &Standard) -> Vec<Check> {
    let ids = [CheckId::EyesOpen, CheckId::RedEye, CheckId::TintedGlasses, CheckId::GlassesGlare];
    if view.face.yaw_deg.abs() > TURNED {
        return ids.into_iter().map(|id| Check::unknown(id, Why::NotJudged)).collect();
    }
    let region = places::eye_region(view.face);
    let tinted = judge(standard, CheckId::TintedGlasses, behind_lenses(view)).at(region);
    // Behind dark glass the mesh guesses lids and pupils.
    let seen = |id: CheckId, value: f64| {
        if matches!(tinted.verdict, Verdict::Fail | Verdict::Unknown) {
            Check::unknown(id, Why::NotJudged)
        } else {
            judge(standard, id, value).at(region)
        }
    };
    let [left, right] = view.face.eyes_open;
    let open = seen(CheckId::EyesOpen, left.min(right));
    // Between closed lids there is only skin, which is red.
    let red = if open.verdict == Verdict::Fail { f64::NAN } else { redness(view) };
    let red = seen(CheckId::RedEye, red);
    vec![open, red, tinted, judge(standard, CheckId::GlassesGlare, glare(view)).at(region)]
}

/// How bright the skin below the eyes and the brightest parts of lids and whites are against the cheeks: about as bright without glass,
/// whatever the skin; behind tinted glass both are darker. Below the eyes the brighter side counts: a nose throws its shadow on the other.
fn behind_lenses(view: &View) -> f64 {
    let mut eyes = lumas(&places::around_eyes(view.picture, view.face, 0.09).concat());
    let below = [0, 1].map(|side| quantile(&mut lumas(&places::under_eye(view.picture, view.face, side)), 0.5).unwrap_or(f64::NAN));
    let cheeks = [0, 1].map(|side| places::cheek(view.picture, view.face, side)).concat();
    match (quantile(&mut eyes, 0.9), quantile(&mut lumas(&cheeks), 0.5)) {
        (Some(eyes), Some(cheeks)) if cheeks > 0.0 => (eyes + below[0].max(below[1])) / 2.0 / cheeks,
        _ => f64::NAN,
    }
}

/// By how many levels red leads over the other channels in the redder pupil, in a quarter of its pixels. Flash through an open pupil comes
/// back from the retina (ISO/IEC 19794-5 forbids it); brown irises lead by less than half as much.
fn redness(view: &View) -> f64 {
    let pupils = places::around_eyes(view.picture, view.face, places::IRIS * 0.75);
    let lead = |pixels: Vec<[u8; 3]>| {
        let mut leads: Vec<f32> = pixels.into_iter().map(|[r, g, b]| f32::from(r) - f32::from(g.max(b))).collect();
        quantile(&mut leads, 0.75).unwrap_or(f64::NAN)
    };
    pupils.map(lead).into_iter().fold(f64::NAN, f64::max)
}

/// Share of the surroundings of the eyes that is burnt white: windows and lamps in lenses. The glint in a pupil is far smaller. A face that
/// is burnt out as a whole is a matter of light.
fn glare(view: &View) -> f64 {
    const WHITE: u8 = 235;
    let share =
        |pixels: &[[u8; 3]]| pixels.iter().filter(|pixel| pixel.iter().all(|level| *level >= WHITE)).count() as f64 / pixels.len() as f64;
    let face = share(&places::skin(view.picture, view.face));
    if face > 0.05 { f64::NAN } else { share(&places::around_eyes(view.picture, view.face, 0.2).concat()) }
}
