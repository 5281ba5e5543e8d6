//! The portrait out of a picture of an ID card, and small pictures for people's eyes.

use image::RgbImage;

use crate::photo::decode;
use crate::photo::encode::plain_jpeg;
use crate::photo::engine::Engine;
use crate::photo::error::PhotoError;
use crate::photo::face::Face;
use crate::photo::raster::{self, Beyond, Frame, Quality};

/// The ID portrait of GA 461: 358 × 441 pixels with a face 207 wide.
const WIDTH: u32 = 358;
const HEIGHT: u32 = 441;
const FACE_WIDTH: f64 = 207.0;
/// Where its eyes lie, in parts of its height.
const EYE_LINE: f64 = 0.47;
const QUALITY: u8 = 92;

impl Engine {
    /// Cuts the portrait out of an upright picture of an ID card, or out of a bare portrait: 26 : 32, at most 358 × 441, as JPEG.
    ///
    /// # Errors
    /// Unreadable pictures; `NoSingleFace` when there is no face or more than one.
    pub fn cut_portrait(&self, id_picture: &[u8]) -> Result<Vec<u8>, PhotoError> {
        let source = decode::decode(id_picture)?;
        let found = self.find_faces(&source.pixels)?;
        let face = found.single().ok_or(PhotoError::NoSingleFace { found: found.faces.len() })?;
        cut(&source.pixels, face)
    }
}

/// The portrait around a face: 26 : 32, at most 358 × 441, as JPEG.
pub(super) fn cut(picture: &RgbImage, face: &Face) -> Result<Vec<u8>, PhotoError> {
    let unit = face.face_width() / FACE_WIDTH;
    let middle = face.eye_middle();
    let frame = within(middle.x, middle.y, unit * f64::from(WIDTH), picture.dimensions());
    let scale = (f64::from(WIDTH) / frame.width).min(1.0);
    let side = |length: f64| ((length * scale).round() as u32).max(1);
    let portrait = raster::cut(picture, frame, side(frame.width), side(frame.height), Beyond::Edge, Quality::Fine);
    plain_jpeg(&portrait, QUALITY)
}

/// The portrait's frame around the eyes, moved and if need be shrunk to lie within the picture.
fn within(eye_x: f64, eye_y: f64, width: f64, (picture_width, picture_height): (u32, u32)) -> Frame {
    let (limit_x, limit_y) = (f64::from(picture_width), f64::from(picture_height));
    let ratio = f64::from(HEIGHT) / f64::from(WIDTH);
    let width = width.min(limit_x).min(limit_y / ratio);
    let height = width * ratio;
    Frame {
        x: (eye_x - width / 2.0).clamp(0.0, (limit_x - width).max(0.0)),
        y: (eye_y - height * EYE_LINE).clamp(0.0, (limit_y - height).max(0.0)),
        width,
        height,
    }
}

/// A picture for looking at: upright, sRGB, no metadata, scaled down into a box, as JPEG of the given quality (1–100).
///
/// # Errors
/// A file that cannot be read or is unsafe to read.
pub fn preview(bytes: &[u8], max_width: u32, max_height: u32, quality: u8) -> Result<Vec<u8>, PhotoError> {
    let source: RgbImage = decode::decode(bytes)?.pixels;
    plain_jpeg(&raster::fit(&source, max_width.max(1), max_height.max(1)), quality)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_frame_never_leaves_the_picture(x in -50.0..700.0f64, y in -50.0..700.0f64, width in 10.0..3000.0f64, w in 20u32..800, h in 20u32..800) {
            let frame = within(x, y, width, (w, h));
            prop_assert!(frame.x >= 0.0 && frame.y >= 0.0);
            prop_assert!(frame.x + frame.width <= f64::from(w) + 1e-6 && frame.y + frame.height <= f64::from(h) + 1e-6);
        }
    }
}
