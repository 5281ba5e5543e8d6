//! The person's place and bearing: geometry in the finished picture, turn of the head, eyes and mouth.

use super::{View, disc, judge, quantile, region_of};
use crate::domain::check::{Check, CheckId, Region, Why};
use crate::domain::report::Geometry;
use crate::photo::face::{Face, indices};
use crate::photo::raster;
use crate::photo::standard::Standard;

/// Hair top, eye line, face width, centring.
#[must_use]
pub fn geometry(geometry: &Geometry, standard: &Standard) -> Vec<Check> {
    let (width, middle) = (f64::from(standard.picture.width), f64::from(standard.picture.width) / 2.0);
    let line = |y: f64| Region { x: 0.0, y, width, height: 1.0 };
    let half = geometry.face_width / 2.0;
    vec![
        judge(standard, CheckId::HairTop, geometry.hair_top).at(line(geometry.hair_top)),
        judge(standard, CheckId::EyeLine, geometry.eye_line).at(line(geometry.eye_line)),
        judge(standard, CheckId::FaceWidth, geometry.face_width).at(Region {
            x: geometry.centre_x - half,
            y: geometry.eye_line,
            width: geometry.face_width,
            height: half,
        }),
        judge(standard, CheckId::Centre, (geometry.centre_x - middle).abs()),
    ]
}

/// Turn of the head, eyes and mouth.
#[must_use]
pub fn pose(view: &View, standard: &Standard) -> Vec<Check> {
    let mut all = bearing(view.face, standard);
    all.push(eyes(view, standard));
    all.push(judge(standard, CheckId::MouthOpen, view.face.mouth_open).at(region_of(view.face, &indices::MOUTH)));
    all
}

/// How the head is held.
#[must_use]
pub fn bearing(face: &Face, standard: &Standard) -> Vec<Check> {
    vec![
        judge(standard, CheckId::Roll, face.roll_deg),
        judge(standard, CheckId::Yaw, face.yaw_deg),
        judge(standard, CheckId::Pitch, face.pitch_deg),
    ]
}

/// The narrower eye's opening; unknown where dark glasses hide the eyes or the head is turned too far to see both.
fn eyes(view: &View, standard: &Standard) -> Check {
    const HIDDEN: f64 = 0.55;
    if view.face.yaw_deg.abs() > 30.0 || brightest_at_eyes(view) < HIDDEN {
        return Check::unknown(CheckId::EyesOpen, Why::NotJudged);
    }
    let [left, right] = view.face.eyes_open;
    judge(standard, CheckId::EyesOpen, left.min(right)).at(eye_region(view.face))
}

fn eye_region(face: &Face) -> Region {
    let [left, right] = face.irises;
    let reach = (right.x - left.x).abs() * 0.35;
    Region {
        x: left.x - reach,
        y: left.y.min(right.y) - reach,
        width: right.x - left.x + 2.0 * reach,
        height: (right.y - left.y).abs() + 2.0 * reach,
    }
}

/// How bright the brightest part around the eyes is, against the cheeks: lids and whites are about as bright, tinted glass is not.
fn brightest_at_eyes(view: &View) -> f64 {
    let width = view.face.face_width();
    let bright = |share: f64, pixels: Vec<[u8; 3]>| {
        let mut values: Vec<f32> = pixels.into_iter().map(raster::luma).collect();
        quantile(&mut values, share)
    };
    let eyes = view.face.irises.iter().flat_map(|iris| disc(view.picture, *iris, width * 0.09)).collect();
    let cheeks =
        indices::CHEEK_SKIN.iter().flatten().flat_map(|index| disc(view.picture, view.face.points[*index], width * 0.04)).collect();
    match (bright(0.9, eyes), bright(0.5, cheeks)) {
        (Some(eyes), Some(cheeks)) if cheeks > 0.0 => eyes / cheeks,
        _ => 0.0,
    }
}
