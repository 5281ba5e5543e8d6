//! The person's place and bearing: geometry in the finished picture, turn of the head, mouth.

use super::places::region_of;
use super::{View, judge};
use crate::domain::check::{Check, CheckId, Region};
use crate::domain::report::Geometry;
use crate::photo::face::{Face, indices};
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

/// Turn of the head, and the mouth.
#[must_use]
pub fn pose(view: &View, standard: &Standard) -> Vec<Check> {
    let mut all = bearing(view.face, standard);
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
