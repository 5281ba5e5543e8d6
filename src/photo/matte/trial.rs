//! Mattes of ready crops, each way the engine knows, for programs that measure them (`benches/matte`). Nothing else calls this.

use image::{GrayImage, Luma, RgbImage};

use super::rough::{Rough, rough};
use super::{Matte, MatteNets, Plane, refine};
use crate::photo::error::PhotoError;
use crate::photo::raster::Frame;

/// A way to a matte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The net's answer, mended: what the crop is settled by.
    Rough,
    /// Refined, the finer net never asked.
    Usual,
    /// Refined from the finer net.
    Second,
    /// As the engine decides.
    Chosen,
}

impl Way {
    pub const ALL: [Way; 4] = [Way::Rough, Way::Usual, Way::Second, Way::Chosen];
}

/// A matte as grey levels, 255 person.
#[derive(Debug, Clone)]
pub struct Trial {
    pub alpha: GrayImage,
    /// As the matte has it; 1 for the rough way, which has none.
    pub confidence: f64,
    pub second_look: bool,
}

/// The matte of a crop that needs no scaling; `chin` is a row of it.
///
/// # Errors
/// What the nets' runtime says.
pub fn matte(nets: &MatteNets, crop: &RgbImage, chin: f64, way: Way) -> Result<Trial, PhotoError> {
    let (width, height) = crop.dimensions();
    let frame = Frame { x: 0.0, y: 0.0, width: f64::from(width), height: f64::from(height) };
    let first = rough(nets, crop, frame, chin, width, height)?;
    let ready = |matte: Matte| Trial { alpha: grey(&matte.alpha), confidence: matte.confidence, second_look: matte.second_look };
    Ok(match way {
        Way::Rough => Trial { alpha: grey(&first.alpha), confidence: 1.0, second_look: false },
        Way::Usual => ready(refine::once(crop, &first)),
        Way::Second => ready(refine::once(crop, &Rough::seen_again(&first, nets, crop, frame)?)),
        Way::Chosen => ready(refine::refine(nets, crop, crop, frame, &first)?),
    })
}

fn grey(alpha: &Plane) -> GrayImage {
    GrayImage::from_fn(alpha.width as u32, alpha.height as u32, |x, y| Luma([(alpha.at(x as usize, y as usize) * 255.0).round() as u8]))
}

/// Nets for trials, not loaded yet.
#[must_use]
pub fn new_nets() -> MatteNets {
    MatteNets::new()
}
