//! The proof that nothing forbidden was done: from a finished picture and its source alone, the crop is found again, and inside the face
//! everything else is looked for that could have changed. Nothing that the engine reported is believed.
//!
//! ```text
//! region     which pixels are the face's          register   scale, shift, turn; also against the mirrored picture
//! rendition  what an honest engine would write    inspect    tones, shifts, spots, detail
//! ```
//!
//! Method and figures: `docs/proof.md`.

#[cfg(test)]
mod edits;
mod inspect;
mod plane;
mod region;
mod register;
mod rendition;
#[cfg(test)]
mod tests;

use image::{RgbImage, imageops};

use super::decode;
use super::engine::Engine;
use super::error::PhotoError;
use super::face::Face;
use crate::domain::check::Region;
pub use crate::domain::proof::{Edit, ProofFinding as Finding, ProofMeasures as Measures, ProofVerdict as Verdict};
use crate::domain::proof::{LIKENESS, ProofRecord};
use crate::domain::report::Transform;
use inspect::{Faces, Measure};
use region::Area;
use register::{Fit, Motion};

/// What honest pictures keep to; a symmetric face and its mirror image reach .91.
const UNDOUBTED: f64 = 0.98;

/// A finished picture held against its source.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    pub verdict: Verdict,
    /// The crop that was found; of a mirrored picture, after mirroring it back.
    pub transform: Transform,
    pub findings: Vec<Finding>,
    pub measures: Measures,
    /// The finished face, the honest rendition, and eight times what lies between them on grey, side by side.
    pub difference: RgbImage,
}

impl Proof {
    /// What of it is kept beside the picture.
    #[must_use]
    pub fn record(&self) -> ProofRecord {
        ProofRecord { verdict: self.verdict, transform: self.transform, findings: self.findings.clone(), measures: self.measures }
    }

    /// The picture of the difference as a PNG.
    ///
    /// # Errors
    /// None that is known; the encoder's word is passed on as damage.
    pub fn difference_png(&self) -> Result<Vec<u8>, PhotoError> {
        let mut png = std::io::Cursor::new(Vec::new());
        self.difference.write_to(&mut png, image::ImageFormat::Png).map_err(|_| PhotoError::Damaged)?;
        Ok(png.into_inner())
    }
}

/// Which of the two pictures could not be looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("the finished picture: {0}")]
    Finished(PhotoError),
    #[error("the source: {0}")]
    Source(PhotoError),
}

/// A crop that was found, and how alike the faces are in it.
struct Candidate {
    finished: RgbImage,
    area: Area,
    fit: Fit,
    likeness: f64,
}

impl Engine {
    /// Holds a finished picture against the source it is said to be made from.
    ///
    /// # Errors
    /// Pictures that cannot be read, or show no face.
    pub fn verify(&self, finished: &[u8], source: &[u8]) -> Result<Proof, VerifyError> {
        let pixels = decode::decode(finished).map_err(VerifyError::Finished)?.pixels;
        let original = decode::decode(source).map_err(VerifyError::Source)?.pixels;
        let face = self.largest(&pixels).map_err(VerifyError::Finished)?;
        let from = self.largest(&original).map_err(VerifyError::Source)?;
        let plain = candidate(pixels.clone(), &face, &original, &from);
        let mut best = plain;
        let mut mirrored = false;
        // A mirrored face hardly resembles its source in detail; only then is the other hypothesis worth its time.
        if best.as_ref().is_none_or(|best| best.likeness < UNDOUBTED) {
            let flipped = imageops::flip_horizontal(&pixels);
            // A face that is found in the picture only as it is cannot be tried the other way.
            let other = self.largest(&flipped).ok().and_then(|face| candidate(flipped, &face, &original, &from));
            let likeness = |candidate: &Option<Candidate>| candidate.as_ref().map_or(0.0, |candidate| candidate.likeness);
            if likeness(&other) > likeness(&best) && likeness(&other) >= LIKENESS {
                (best, mirrored) = (other, true);
            }
        }
        // Faces that cannot be brought onto each other at all are no more alike than nothing.
        let Some(best) = best else { return Ok(unlike(pixels, &from)) };
        Ok(judge(best, &original, finished, mirrored))
    }

    fn largest(&self, pixels: &RgbImage) -> Result<Face, PhotoError> {
        self.find_faces(pixels)?.faces.into_iter().next().ok_or(PhotoError::NoSingleFace { found: 0 })
    }
}

fn candidate(finished: RgbImage, face: &Face, original: &RgbImage, from: &Face) -> Option<Candidate> {
    let area = Area::of(&finished, face);
    let luma = area.cut(&plane::luma(&finished));
    let guess = Motion::guess(from, face, area.centre);
    let fit = register::register(original, &luma, &area, guess, true)?;
    let likeness = register::likeness(&luma, &register::grey(&fit.motion.draw(original, &area)), &area);
    Some(Candidate { finished, area, fit, likeness })
}

fn unlike(finished: RgbImage, from: &Face) -> Proof {
    let middle = from.eye_middle();
    let measures = Measures {
        likeness: 0.0,
        rotation_deg: 0.0,
        rotation_accuracy_deg: 180.0,
        warp: 0.0,
        tone: 0.0,
        spot: 0.0,
        detail_least: 1.0,
        detail_most: 1.0,
    };
    Proof {
        verdict: Verdict::Other,
        transform: Transform { x: middle.x, y: middle.y, scale: 1.0 },
        findings: vec![finding(Edit::NotThisSource, 0.0, None)],
        measures,
        difference: finished,
    }
}

fn finding(code: Edit, value: f64, region: Option<Region>) -> Finding {
    Finding { code, value, limit: code.limit(), unit: code.unit(), region }
}

fn judge(best: Candidate, original: &RgbImage, bytes: &[u8], mirrored: bool) -> Proof {
    let Candidate { finished, area, mut fit, likeness } = best;
    // Three deviations, and never finer than pixels allow.
    let accuracy = (fit.angle_deviation * 3.0).to_degrees().max(0.03);
    let rotation = fit.motion.angle.to_degrees();
    let rotated = rotation.abs() > Edit::Rotated.limit().max(accuracy);
    if !rotated {
        // Drawn without any turning the source is just what an honest engine drew.
        let luma = area.cut(&plane::luma(&finished));
        fit = register::register(original, &luma, &area, fit.motion, false).unwrap_or(fit);
    }
    let drawn = fit.motion.draw(original, &area);
    let seen = [0, 1, 2].map(|channel| rendition::window(&finished, &area, channel));
    let mut faces = Faces { honest: rendition::compressed(&finished, bytes, &drawn, &area), finished: seen, drawn };
    let tone = inspect::tone(&faces, &area);
    if tone.value > Edit::Recoloured.limit() {
        faces.drawn = inspect::with_tones_of(&faces.drawn, &faces.finished, &area);
        faces.honest = rendition::compressed(&finished, bytes, &faces.drawn, &area);
    }
    let (warp, spot, [least, most]) = (inspect::warp(&faces, &area), inspect::spot(&faces, &area), inspect::detail(&faces, &area));
    let measures = Measures {
        likeness,
        rotation_deg: rotation,
        rotation_accuracy_deg: accuracy,
        warp: warp.value,
        tone: tone.value,
        spot: spot.value,
        detail_least: least.value,
        detail_most: most.value,
    };
    let mut findings = Vec::new();
    let mut beyond = |code: Edit, measure: Measure, is: bool| {
        if is {
            findings.push(finding(code, measure.value, measure.region));
        }
    };
    let whole = |value: f64| Measure { value, region: None };
    let other = likeness < LIKENESS;
    beyond(Edit::NotThisSource, whole(likeness), other);
    if !other {
        beyond(Edit::Mirrored, whole(likeness), mirrored);
        beyond(Edit::Rotated, whole(rotation), rotated);
        beyond(Edit::Warped, warp, warp.value > Edit::Warped.limit());
        beyond(Edit::Recoloured, tone, tone.value > Edit::Recoloured.limit());
        beyond(Edit::Retouched, spot, spot.value > Edit::Retouched.limit());
        beyond(Edit::Smoothed, least, least.value < Edit::Smoothed.limit());
        beyond(Edit::Sharpened, most, most.value > Edit::Sharpened.limit());
    }
    if mirrored {
        // Regions are told in the picture as it is.
        for region in findings.iter_mut().filter_map(|finding| finding.region.as_mut()) {
            region.x = f64::from(finished.width()) - region.x - region.width;
        }
    }
    let verdict = match findings.as_slice() {
        [] => Verdict::Ok,
        [Finding { code: Edit::NotThisSource, .. }, ..] => Verdict::Other,
        _ => Verdict::Edited,
    };
    Proof { verdict, transform: fit.motion.transform(), findings, measures, difference: side_by_side(&faces, &area) }
}

/// The finished face, the honest one, and eight times what lies between them.
fn side_by_side(faces: &Faces, area: &Area) -> RgbImage {
    let (width, height) = (area.mask.width as u32, area.mask.height as u32);
    RgbImage::from_fn(width * 3, height, |x, y| {
        let index = (y * width + x % width) as usize;
        image::Rgb([0, 1, 2].map(|channel| {
            let (seen, honest) = (faces.finished[channel].values[index], faces.honest[channel].values[index]);
            let value = match x / width {
                0 => seen,
                1 => honest,
                _ => 128.0 + 8.0 * (seen - honest) * area.mask.values[index],
            };
            value.round().clamp(0.0, 255.0) as u8
        }))
    })
}
