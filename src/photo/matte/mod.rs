//! What is person and what is wall.
//!
//! ```text
//! coarse        a mask of the surroundings: where to cut, and which inside is sure
//! rough         the net's matte of a crop: good enough to measure the head by, asked up to three times
//! refine        the matte of the final crop, once: colours decide in the band that the net leaves open
//!  ├ fields       the wall's colour and the person's, wherever they are hidden
//!  ├ closed_form  the matting Laplacian
//!  └ confidence   how far net and colours disagree
//! plane         one value a pixel
//! ```
//! The method, its figures and what did not help: `docs/matte.md`.

mod closed_form;
mod coarse;
mod confidence;
mod fields;
mod plane;
mod refine;
mod rough;
#[cfg(test)]
mod tests;
pub mod trial;

pub use coarse::surroundings;
pub use plane::Plane;
pub use refine::refine;
pub use rough::{Rough, rough};

use std::sync::Mutex;

use super::weights::{Net, RVM, RVM_FINE, SELFIE};

/// A row belongs to the head when the person covers this part of the face's width in it.
const ROW_SHARE: f64 = 0.03;

/// The nets that see people.
pub struct MatteNets {
    usual: Net,
    /// Asked only where the first answer is doubtful.
    second: Net,
    coarse: Net,
    turn: Mutex<()>,
}

impl MatteNets {
    /// Nothing is loaded yet.
    #[must_use]
    pub const fn new() -> MatteNets {
        MatteNets { usual: Net::new(RVM), second: Net::new(RVM_FINE), coarse: Net::new(SELFIE), turn: Mutex::new(()) }
    }
}

impl Default for MatteNets {
    fn default() -> Self {
        MatteNets::new()
    }
}

/// The matte of a crop, in the crop's pixels.
#[derive(Debug, Clone)]
pub struct Matte {
    /// 0 wall, 1 person.
    pub alpha: Plane,
    /// The person's colour without the old wall, red, green, blue, each 0–1; it says something where alpha is neither 0 nor 1.
    pub foreground: Vec<[f32; 3]>,
    /// How sure the cut is, 0–1.
    pub confidence: f64,
    /// Whether the finer net was asked too.
    pub second_look: bool,
}

impl Matte {
    /// The first row of the head in pixels of the crop; `None` when there is no person.
    #[must_use]
    pub fn hair_top(&self, face_width: f64) -> Option<usize> {
        hair_top(&self.alpha, face_width)
    }
}

fn hair_top(alpha: &Plane, face_width: f64) -> Option<usize> {
    alpha.first_row(ROW_SHARE * face_width, 0..alpha.width)
}
