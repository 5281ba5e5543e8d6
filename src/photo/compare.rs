//! Person–ID comparison: two faces to two vectors to one cosine, read in bands that are data.

use image::RgbImage;

use super::decode;
use super::engine::Engine;
use super::error::PhotoError;
use super::face::{Face, Point, indices};
use super::projection::{self, Similarity};
use super::raster;
use super::weights::{MOBILE_FACE_NET, Net};
use crate::domain::comparison::{Bands, Comparison, Scale};

/// Model and version of its weights, as bands are keyed by.
pub const MODEL: &str = "mobilefacenet-fp16w-1";

const SIDE: u32 = 112;
/// Where the net expects eyes, nose and corners of the mouth in its square (the ArcFace arrangement).
const TEMPLATE: [Point; 5] = [
    Point { x: 38.2946, y: 51.6963 },
    Point { x: 73.5318, y: 51.5014 },
    Point { x: 56.0252, y: 71.7366 },
    Point { x: 41.5493, y: 92.3655 },
    Point { x: 70.7299, y: 92.2041 },
];

/// Which of the two pictures could not be compared, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    #[error("the photo: {0}")]
    Photo(PhotoError),
    #[error("the portrait: {0}")]
    Portrait(PhotoError),
    #[error("the bands are for {bands}, the scores are of {model}")]
    OtherModel { bands: String, model: &'static str },
}

impl CompareError {
    /// The stable code; its text is `problem.<code>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            CompareError::Photo(error) | CompareError::Portrait(error) => error.code(),
            CompareError::OtherModel { .. } => "other_model",
        }
    }
}

/// The net that turns a face into a vector.
pub(super) struct FaceRecogniser(Net);

impl FaceRecogniser {
    pub(super) const fn new() -> FaceRecogniser {
        FaceRecogniser(Net::new(MOBILE_FACE_NET))
    }

    fn embed(&self, aligned: &RgbImage) -> Result<Vec<f32>, PhotoError> {
        let input = raster::channels_first(aligned, |value| (value - 127.5) / 128.0);
        let [vector] = self.0.run(input, ["embedding"])?;
        Ok(vector)
    }
}

/// A face as the comparison sees it. It is as personal as the face itself: nothing prints it.
pub struct FaceVector {
    vector: Vec<f32>,
    print: Vec<f32>,
}

/// The bands for people, from labelled pairs of real faces.
#[must_use]
pub fn default_bands() -> Bands {
    toml::from_str(include_str!("../../assets/bands/default.toml")).expect("built-in bands are tested")
}

/// The bands for specimen people, who are all cousins to a face model.
#[must_use]
pub fn specimen_bands() -> Bands {
    toml::from_str(include_str!("../../assets/bands/specimen.toml")).expect("built-in bands are tested")
}

impl Engine {
    /// Compares a photo with an ID portrait; in either the largest face counts.
    ///
    /// # Errors
    /// Unreadable pictures, pictures without a face, bands of another model.
    pub fn compare(&self, photo: &[u8], portrait: &[u8], bands: &Bands) -> Result<Comparison, CompareError> {
        if bands.model != MODEL {
            return Err(CompareError::OtherModel { bands: bands.model.clone(), model: MODEL });
        }
        let a = self.face_vector(photo).map_err(CompareError::Photo)?;
        let b = self.face_vector(portrait).map_err(CompareError::Portrait)?;
        let score = a.score(&b);
        Ok(Comparison {
            score,
            scale: Scale { min: -1.0, max: 1.0 },
            band: bands.band(score),
            model: MODEL.to_owned(),
            bands: bands.clone(),
        })
    }

    /// The vector of the largest face of a picture, to be compared with many others.
    ///
    /// # Errors
    /// Unreadable pictures, pictures without a face.
    pub fn face_vector(&self, picture: &[u8]) -> Result<FaceVector, PhotoError> {
        let source = decode::decode(picture)?;
        let found = self.find_faces(&source.pixels)?;
        let face = found.faces.first().ok_or(PhotoError::NoSingleFace { found: 0 })?;
        let aligned = align(&source.pixels, face);
        Ok(FaceVector { vector: self.recogniser.embed(&aligned)?, print: print(&aligned) })
    }
}

impl FaceVector {
    /// The cosine to another face, −1 to 1.
    #[must_use]
    pub fn score(&self, other: &FaceVector) -> f64 {
        cosine(&self.vector, &other.vector)
    }

    /// How far the two are one and the same picture, 0–1: the correlation of their detail, whatever light, size and compression did to it.
    #[must_use]
    pub fn likeness(&self, other: &FaceVector) -> f64 {
        cosine(&self.print, &other.print).max(0.0)
    }
}

/// What makes a picture this picture and no other of the same face: detail of the aligned face, without what is smooth in it.
fn print(aligned: &RgbImage) -> Vec<f32> {
    const CELLS: usize = 28;
    const REACH: usize = 3;
    let small = raster::fit(aligned, CELLS as u32, CELLS as u32);
    let luma: Vec<f32> = small.pixels().map(|pixel| raster::luma(pixel.0)).collect();
    (0..CELLS * CELLS)
        .map(|at| {
            let (x, y) = (at % CELLS, at / CELLS);
            let around = |c: usize| c.saturating_sub(REACH)..(c + REACH + 1).min(CELLS);
            let near: Vec<f32> = around(y).flat_map(|y| around(x).map(move |x| y * CELLS + x)).map(|at| luma[at]).collect();
            luma[at] - near.iter().sum::<f32>() / near.len() as f32
        })
        .collect()
}

/// The cosine of the angle between two vectors; 0 where one has no length.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}

/// The face moved, turned and scaled so that its five points lie as near as possible to the template's.
fn align(picture: &RgbImage, face: &Face) -> RgbImage {
    let [left, right] = face.irises;
    let [mouth_left, mouth_right] = indices::MOUTH.map(|index| face.points[index]);
    let to_source = Similarity::between(&TEMPLATE, &[left, right, face.points[indices::NOSE_TIP], mouth_left, mouth_right]);
    projection::warp(picture, SIDE, SIDE, to_source.scale(), |p| to_source.apply(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_of_the_model_and_in_order() {
        for bands in [default_bands(), specimen_bands()] {
            assert_eq!(bands.model, MODEL);
            assert!(bands.same > bands.doubtful);
        }
        assert_eq!((default_bands().same, default_bands().doubtful), (0.5, 0.3));
        assert_eq!(specimen_bands().cohort, "specimen");
    }

    #[test]
    fn cosine_knows_its_ends() {
        assert_eq!(cosine(&[1.0, 0.0], &[2.0, 0.0]), 1.0);
        assert_eq!(cosine(&[1.0, 0.0], &[-1.0, 0.0]), -1.0);
        assert_eq!(cosine(&[0.0], &[1.0]), 0.0);
    }
}
