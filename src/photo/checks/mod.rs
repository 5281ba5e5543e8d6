//! Checks: small functions from pixels and points to one number each, held against the standard's limits.

mod background;
mod blur;
mod capture;
mod colour;
mod eyes;
mod file;
mod light;
mod outline;
mod person;
mod places;
mod screen;
#[cfg(test)]
mod tests;

pub use background::finished_background;
pub use file::file_checks;
pub use outline::matte_edge;
pub use person::{bearing, geometry};

use image::RgbImage;

use super::face::Face;
use super::matte::Plane;
use super::standard::Standard;
use crate::domain::check::{Check, CheckId, Why};

/// What most checks look at: the crop in the size of the finished picture with the source's own pixels, the face in it and the matte.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub picture: &'a RgbImage,
    pub face: &'a Face,
    pub alpha: &'a Plane,
}

/// Every check of a crop with the source's own pixels that needs no more than the view.
#[must_use]
pub fn of_source(view: &View, standard: &Standard) -> Vec<Check> {
    let mut all = of_finished(view, standard);
    all.push(background::source_background(view, standard));
    all
}

/// Every check of the person, in a source's crop as in a finished picture.
#[must_use]
pub fn of_finished(view: &View, standard: &Standard) -> Vec<Check> {
    let mut all = person::pose(view, standard);
    all.extend(eyes::eyes(view, standard));
    all.extend(light::light(view, standard));
    all.push(colour::cast(view, standard));
    all.push(colour::greyscale(view, standard));
    all.push(blur::blur(view, standard));
    all.push(background::clothes_blend(view, standard));
    all.push(outline::shoulders(view, standard));
    all.push(capture::frame(view.picture, standard));
    all
}

/// Every check that needs a picture's own pixels, before any scaling; `face` in those.
#[must_use]
pub fn of_capture(picture: &RgbImage, face: &Face, standard: &Standard) -> Vec<Check> {
    vec![capture::compression(picture, face, standard), screen::rephotographed(picture, face, standard)]
}

/// Holds a value against the standard's limits of its check.
#[must_use]
pub fn judge(standard: &Standard, id: CheckId, value: f64) -> Check {
    if !value.is_finite() {
        return Check::unknown(id, Why::NotJudged);
    }
    let limits = standard.limits(id);
    Check::judge(id, value, limits.warn, limits.fail)
}
