//! Finding the faces that count: one look at the whole, closer looks where faces are small, and the mesh as the judge of every box.
//!
//! Two mistakes cost most: a good photo refused because a button or a poster was taken for a second face, and a second person overlooked.
//! So every box must convince the mesh, and a face counts only if it is of the size of a second sitter, not of a passer-by.

use image::RgbImage;

use super::FaceNets;
use super::detector::{self, Candidate};
use super::mesh::{self, Face};
use crate::photo::error::PhotoError;

/// Boxes surer than this are shown to the mesh.
const BOX_THRESHOLD: f64 = 0.5;
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
    let largest = known.largest();
    let mut faces = known.faces;
    faces.sort_by(|a, b| b.0.width.total_cmp(&a.0.width));
    let mut counted = Vec::new();
    for (_, face) in faces.into_iter().filter(|(candidate, _)| candidate.width >= SECOND_PERSON * largest) {
        // The mesh sees best from where its own points say the face is.
        let face = if counted.is_empty() { mesh::refine(&nets.mesh, source, &face)? } else { face };
        counted.push(face);
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

/// What has been seen so far: faces, and boxes that turned out to be none.
#[derive(Default)]
struct Known {
    faces: Vec<(Candidate, Face)>,
    asked: usize,
}

impl Known {
    fn largest(&self) -> f64 {
        self.faces.iter().map(|(candidate, _)| candidate.width).fold(0.0, f64::max)
    }

    fn look(&mut self, nets: &FaceNets, source: &RgbImage, x: f64, y: f64, side: f64) -> Result<(), PhotoError> {
        for candidate in detector::detect(&nets.detector, source, x, y, side, BOX_THRESHOLD)? {
            if self.asked >= MOST * 4 || self.faces.len() >= MOST || self.faces.iter().any(|(known, _)| known.same_face(&candidate)) {
                continue;
            }
            self.asked += 1;
            let face = mesh::measure(&nets.mesh, source, mesh::Roi::of_box(&candidate))?;
            // The mesh may slide from a false box onto a face that is known already.
            let middle = face.eye_middle();
            let elsewhere = self.faces.iter().any(|(_, known)| {
                let other = known.eye_middle();
                (other.x - middle.x).hypot(other.y - middle.y) < 0.5 * known.face_width().max(face.face_width())
            });
            if face.certainty >= FACE_THRESHOLD && !elsewhere {
                self.faces.push((candidate, face));
            }
        }
        Ok(())
    }
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
