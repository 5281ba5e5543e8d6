//! Which way up a picture of a card is, and where the card lies in it.

use image::{RgbImage, imageops};

use super::border::{self, Border};
use super::layout;
use crate::photo::engine::Engine;
use crate::photo::error::PhotoError;
use crate::photo::face::{Face, Point};
use crate::photo::projection::{self, Homography, Quad};
use crate::photo::raster;

/// Longest side of the picture a card is read from, in pixels: enough for its smallest print.
const WORKING: u32 = 3000;
/// Longest side of the picture faces are looked for in.
const SEARCHING: u32 = 1280;
/// A face tilted further than this, in degrees, is upright in another of the four rotations.
const UPRIGHT: f64 = 45.0;
/// A card of which less than this share would lie in the picture is none: the picture is a portrait.
const SHARE: f64 = 0.55;

/// A picture turned so that its one face is upright.
pub struct Upright {
    pub pixels: RgbImage,
    pub face: Face,
    /// By how many quarters it was turned clockwise.
    pub quarter_turns: u8,
    /// Pixels of the source to one of these.
    pub reduced: f64,
}

/// Turns a picture clockwise by quarters.
#[must_use]
pub fn turned(picture: &RgbImage, quarter_turns: u8) -> RgbImage {
    match quarter_turns % 4 {
        1 => imageops::rotate90(picture),
        2 => imageops::rotate180(picture),
        3 => imageops::rotate270(picture),
        _ => picture.clone(),
    }
}

impl Upright {
    /// The source's place of a place in the turned picture.
    #[must_use]
    pub fn to_source(&self, p: Point) -> Point {
        let (width, height) = (f64::from(self.pixels.width()), f64::from(self.pixels.height()));
        let (x, y) = match self.quarter_turns {
            1 => (p.y, width - p.x),
            2 => (width - p.x, height - p.y),
            3 => (height - p.y, p.x),
            _ => (p.x, p.y),
        };
        Point { x: x * self.reduced, y: y * self.reduced }
    }
}

/// A picture in the size it is read in, and the smaller one faces are looked for in.
pub struct Views {
    working: RgbImage,
    small: RgbImage,
    reduced: f64,
}

impl Views {
    /// The picture in the size it is read in.
    #[must_use]
    pub fn working(&self) -> &RgbImage {
        &self.working
    }

    /// Both sizes of a source.
    #[must_use]
    pub fn of(source: &RgbImage) -> Views {
        let working = raster::fit(source, WORKING, WORKING);
        let small = raster::fit(&working, SEARCHING, SEARCHING);
        Views { reduced: f64::from(source.width()) / f64::from(working.width()), working, small }
    }
}

impl Engine {
    /// The picture in one of its rotations, if that shows one face which is upright. A face that is upside down may be taken for an upright
    /// one with some beard: only the card around it tells.
    ///
    /// # Errors
    /// `NoSingleFace` with how many faces there are instead; 0 also where they are not upright.
    pub(super) fn upright(&self, views: &Views, quarter_turns: u8) -> Result<Upright, PhotoError> {
        let small = turned(&views.small, quarter_turns);
        let mut faces = self.find_faces(&small)?.faces;
        faces.retain(|face| face.roll_deg.abs() <= UPRIGHT);
        let found = faces.len();
        let (Some(face), true) = (faces.pop(), found == 1) else { return Err(PhotoError::NoSingleFace { found }) };
        let pixels = turned(&views.working, quarter_turns);
        let scale = f64::from(pixels.width()) / f64::from(small.width());
        Ok(Upright { face: face.seen_in(0.0, 0.0, scale), reduced: views.reduced, pixels, quarter_turns })
    }
}

/// Where the card lies: by its border, or else by its face alone.
pub struct Place {
    pub quad: Quad,
    pub border: Option<Border>,
}

/// Whether the face is larger than a card's in a picture that shows the whole card: 0.18 of its width, 0.28 of its height.
#[must_use]
pub fn is_portrait(upright: &Upright) -> bool {
    let (width, height) = upright.pixels.dimensions();
    upright.face.face_width() > 0.33 * f64::from(width.min(height))
}

/// The places where a card could lie, the best first; none where there is no room for one.
#[must_use]
pub fn places(upright: &Upright) -> Vec<Place> {
    let guesses = layout::FACE_WIDTHS.map(|millimetres| border::guess(&upright.face, millimetres));
    let size = upright.pixels.dimensions();
    if is_portrait(upright) || guesses.iter().all(|quad| share_inside(quad, size) < SHARE) {
        return Vec::new();
    }
    if let Some(border) = border::find(&upright.pixels, &upright.face) {
        return vec![Place { quad: border.quad, border: Some(border) }];
    }
    guesses.into_iter().map(|quad| Place { quad, border: None }).collect()
}

/// The card brought to its rectangle, 15 pixels to the millimetre. `None` where the corners form no card.
#[must_use]
pub fn flatten(upright: &Upright, quad: &Quad) -> Option<RgbImage> {
    let map = Homography::of_unit_square(quad)?;
    let (width, height) = layout::FLAT;
    let step = (quad[0].x - quad[1].x).hypot(quad[0].y - quad[1].y) / f64::from(width);
    let place = |p: Point| map.apply(Point { x: p.x / f64::from(width), y: p.y / f64::from(height) });
    Some(projection::warp(&upright.pixels, width, height, step, place))
}

/// The share of a card that lies in a picture.
#[must_use]
pub fn share_inside(quad: &Quad, (width, height): (u32, u32)) -> f64 {
    const STEPS: u32 = 24;
    let Some(map) = Homography::of_unit_square(quad) else { return 0.0 };
    let cell = |index: u32| (f64::from(index) + 0.5) / f64::from(STEPS);
    let inside = (0..STEPS * STEPS)
        .map(|at| map.apply(Point { x: cell(at % STEPS), y: cell(at / STEPS) }))
        .filter(|p| p.x >= 0.0 && p.y >= 0.0 && p.x <= f64::from(width) && p.y <= f64::from(height))
        .count();
    inside as f64 / f64::from(STEPS * STEPS)
}

/// How far the farthest corner lies outside the picture, in parts of the card's width.
#[must_use]
pub fn beyond(quad: &Quad, (width, height): (u32, u32)) -> f64 {
    let length = (quad[0].x - quad[1].x).hypot(quad[0].y - quad[1].y).max(1.0);
    let out = |value: f64, limit: f64| (-value).max(value - limit).max(0.0);
    quad.iter().map(|p| out(p.x, f64::from(width)).max(out(p.y, f64::from(height))) / length).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn places_in_a_turned_picture_are_found_again_in_the_source() {
        let mut source = RgbImage::new(40, 20);
        source.put_pixel(33, 4, Rgb([255; 3]));
        for quarter_turns in 0..4 {
            let pixels = turned(&source, quarter_turns);
            let (x, y, _) = pixels.enumerate_pixels().find(|(_, _, pixel)| pixel.0 == [255; 3]).unwrap();
            let place = Point { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 };
            let face = Face {
                certainty: 1.0,
                points: Vec::new(),
                irises: [place; 2],
                roll_deg: 0.0,
                yaw_deg: 0.0,
                pitch_deg: 0.0,
                eyes_open: [1.0; 2],
                mouth_open: 0.0,
            };
            let found = Upright { pixels, face, quarter_turns, reduced: 1.0 }.to_source(place);
            assert_eq!((found.x, found.y), (33.5, 4.5), "{quarter_turns}");
        }
    }

    #[test]
    fn a_card_half_outside_is_measured_so() {
        let quad = [(-50.0, 0.0), (50.0, 0.0), (50.0, 60.0), (-50.0, 60.0)].map(|(x, y)| Point { x, y });
        assert!((share_inside(&quad, (100, 60)) - 0.5).abs() < 0.03);
        assert!((beyond(&quad, (100, 60)) - 0.5).abs() < 1e-9);
    }
}
