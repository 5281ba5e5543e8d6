//! What is person and what is wall.
//!
//! ```text
//! coarse        a mask of the surroundings: where to cut, and which inside is sure
//! rough         the net's matte of a crop: good enough to measure the head by, asked up to three times
//!  └ guided       the net's small alpha brought to the picture's edges
//! refine        the matte of the final crop, once: colours decide in the band that the net leaves open
//!  ├ fields       the wall's colour and the person's, wherever they are hidden
//!  ├ closed_form  the matting Laplacian
//!  ├ confidence   how far net and colours disagree
//!  └ edge         steeper or flatter, where a person asks for it
//! plane         one value a pixel
//! ```
//! The method, its figures and what did not help: `docs/matte.md`.

mod closed_form;
mod coarse;
mod confidence;
mod edge;
mod fields;
mod guided;
mod plane;
mod refine;
mod rough;
#[cfg(test)]
mod tests;
pub mod trial;

pub use coarse::surroundings;
pub use plane::Plane;
pub use refine::{once as refine_once, refine, refine_by};
pub use rough::{Rough, rough};

use std::sync::Mutex;

use super::weights::{Net, RVM, RVM_FINE, SELFIE};

/// A row belongs to the head when the person covers this part of the face's width in it.
const ROW_SHARE: f64 = 0.03;

/// A net that finds alpha on a smaller picture of its own input.
struct FineNet {
    net: Net,
    /// Width and height of what it is shown.
    shown: (u32, u32),
    /// Width and height of what it answers.
    answers: (usize, usize),
}

/// The nets that see people.
pub struct MatteNets {
    usual: FineNet,
    /// Asked only where the first answer is doubtful.
    second: FineNet,
    coarse: Net,
    turn: Mutex<()>,
}

impl MatteNets {
    /// Nothing is loaded yet.
    #[must_use]
    pub const fn new() -> MatteNets {
        MatteNets {
            usual: FineNet { net: Net::new(RVM), shown: (480, 640), answers: (240, 320) },
            second: FineNet { net: Net::new(RVM_FINE), shown: (768, 1024), answers: (288, 384) },
            coarse: Net::new(SELFIE),
            turn: Mutex::new(()),
        }
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
