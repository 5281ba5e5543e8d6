//! Finding the faces that count: one look at the whole, closer looks where faces are small, and the mesh as the judge of every box.
//!
//! Two mistakes cost most: a good photo refused because a button or a poster was taken for a second face, and a second person overlooked.
//! So every box must convince the mesh, and a face counts only if it is of the size of a second sitter, not of a passer-by.

use image::RgbImage;

use super::detector::{self, Candidate};
use super::mesh::{self, Face};
use super::{FaceNets, Point};
use crate::photo::error::PhotoError;

/// Boxes surer than this are shown to the mesh, and looked at again alone.
const BOX_THRESHOLD: f64 = 0.5;
/// A second face must be this sure when it is looked at again alone: real ones are from 0.84 on, accidents reach 0.73.
const SECOND_THRESHOLD: f64 = 0.8;
/// Nobody in a photo for two is turned further than this against the other, in degrees; accidents are.
const SECOND_ROLL: f64 = 50.0;
/// The mesh's own certainty that it looks at a face.
const FACE_THRESHOLD: f64 = 0.5;
/// A face narrower than this part of the largest is somebody in the background, whom the matte takes away.
const SECOND_PERSON: f64 = 0.4;
/// Boxes narrower than this part of the square are looked at again from nearer: the detector is unsure of them.
const SMALL: f64 = 0.2;
/// The most boxes that are shown to the mesh; more only appear in crowds, which are refused anyway.
const MOST: usize = 12;

/// The faces of a picture that count.
#[derive(Debug, Clone)]
pub struct Found {
    /// The largest first.
    pub faces: Vec<Face>,
}

impl Found {
    /// The only face, if there is one.
    #[must_use]
    pub fn single(&self) -> Option<&Face> {
        match self.faces.as_slice() {
            [face] => Some(face),
            _ => None,
        }
    }
}

/// Looks for faces of every size that could be a photo's subject.
///
/// # Errors
/// What the nets' runtime says.
pub fn find(nets: &FaceNets, source: &RgbImage) -> Result<Found, PhotoError> {
    let (width, height) = (f64::from(source.width()), f64::from(source.height()));
    let long = width.max(height);
    let mut known = Known::default();
    // The whole, and the whole with a rim around it: a face that fills the picture is too large for a short-range detector.
    for grown in [1.0, 1.6] {
        let side = long * grown;
        known.look(nets, source, (width - side) / 2.0, (height - side) / 2.0, side)?;
    }
    // Closer looks: halves while the largest face is small, quarters while there is none at all.
    for part in [0.5, 0.25] {
        let small = known.largest() < SMALL * long * part * 2.0;
        if small && (part > 0.3 || known.faces.is_empty()) {
            let side = long * part;
            for y in tiles(height, side) {
                for x in tiles(width, side) {
                    known.look(nets, source, x, y, side)?;
                }
            }
        }
    }
    let mut faces = known.faces;
    // The subject is the largest of the sure ones, or else the surest.
    let rank = |seen: &Seen| if seen.sure >= SECOND_THRESHOLD { 1.0 + seen.face.face_width() } else { seen.sure };
    faces.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    let mut counted: Vec<Face> = Vec::new();
    for seen in faces {
        match counted.first() {
            // The mesh sees best from where its own points say the face is.
            None => counted.push(mesh::refine(&nets.mesh, source, &seen.face)?),
            Some(subject) if seen.is_second_to(subject) => counted.push(seen.face),
            Some(_) => {}
        }
    }
    Ok(Found { faces: counted })
}

/// Left (or top) edges of overlapping squares that cover one axis.
fn tiles(length: f64, side: f64) -> Vec<f64> {
    if length <= side {
        return vec![(length - side) / 2.0];
    }
    let count = ((length - side) / (side / 2.0)).ceil().max(1.0) as usize;
    (0..=count).map(|index| (length - side) * index as f64 / count as f64).collect()
}

/// A face, the box it was found in and how sure the detector is of it when it looks at it alone.
struct Seen {
    candidate: Candidate,
    face: Face,
    sure: f64,
}

impl Seen {
    /// Whether this is somebody beside the subject, and no passer-by or accident.
    fn is_second_to(&self, subject: &Face) -> bool {
        let turned = (self.face.roll_deg - subject.roll_deg + 540.0).rem_euclid(360.0) - 180.0;
        self.sure >= SECOND_THRESHOLD && self.face.face_width() >= SECOND_PERSON * subject.face_width() && turned.abs() <= SECOND_ROLL
    }
}

/// What has been seen so far, and how many boxes the mesh was asked about.
#[derive(Default)]
struct Known {
    faces: Vec<Seen>,
    asked: usize,
}

impl Known {
    fn largest(&self) -> f64 {
        self.faces.iter().map(|seen| seen.candidate.width).fold(0.0, f64::max)
    }

    fn look(&mut self, nets: &FaceNets, source: &RgbImage, x: f64, y: f64, side: f64) -> Result<(), PhotoError> {
        for candidate in detector::detect(&nets.detector, source, x, y, side, BOX_THRESHOLD)? {
            if self.asked >= MOST * 4 || self.faces.len() >= MOST || self.faces.iter().any(|seen| seen.candidate.same_face(&candidate)) {
                continue;
            }
            self.asked += 1;
            let face = mesh::measure(&nets.mesh, source, mesh::Roi::of_box(&candidate))?;
            // The mesh may slide from a false box onto a face that is known already.
            let middle = face.eye_middle();
            let elsewhere = self.faces.iter().any(|seen| {
                let other = seen.face.eye_middle();
                (other.x - middle.x).hypot(other.y - middle.y) < 0.5 * seen.face.face_width().max(face.face_width())
            });
            if face.certainty < FACE_THRESHOLD || elsewhere || !agrees(&candidate, &face) {
                continue;
            }
            let sure = seen_again(nets, source, &candidate)?;
            if sure >= BOX_THRESHOLD {
                self.faces.push(Seen { candidate, face, sure });
            }
        }
        Ok(())
    }
}

/// Whether box and mesh speak of one face: on a blurred wall the mesh is sure of itself too, but finds its eyes somewhere else.
fn agrees(candidate: &Candidate, face: &Face) -> bool {
    let [right, left] = candidate.eyes;
    let (middle, seen) = (face.eye_middle(), Point { x: (right.x + left.x) / 2.0, y: (right.y + left.y) / 2.0 });
    let apart = (middle.x - seen.x).hypot(middle.y - seen.y);
    let ratio = face.face_width() / candidate.width;
    apart < 0.25 * candidate.width && (0.5..1.4).contains(&ratio)
}

/// How sure the detector is of the same face in a square of its own; what was a face by accident of the scale is none from nearer.
fn seen_again(nets: &FaceNets, source: &RgbImage, candidate: &Candidate) -> Result<f64, PhotoError> {
    let side = candidate.width.max(candidate.height) * 2.2;
    let (x, y) = (candidate.centre.x - side / 2.0, candidate.centre.y - side / 2.0);
    let again = detector::detect(&nets.detector, source, x, y, side, BOX_THRESHOLD)?;
    Ok(again.iter().filter(|again| again.same_face(candidate)).map(|again| again.score).fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tiles_cover_their_axis(length in 1.0..5000.0f64, part in 0.2..1.5f64) {
            let side = length * part;
            let starts = tiles(length, side);
            prop_assert!(starts[0] <= 1e-6 && starts.last().unwrap() + side >= length - 1e-6);
            prop_assert!(starts.windows(2).all(|pair| pair[1] - pair[0] <= side * 0.5 + 1e-6));
        }
    }
}
