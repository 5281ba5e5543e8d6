//! Faces: where they are, how many count, and the points of the one that matters.

mod detector;
pub mod indices;
mod mesh;
mod search;

pub use mesh::{Face, Point};
pub use search::{Found, find};

use super::error::PhotoError;
use super::weights::{BLAZEFACE, FACE_MESH, Net};

/// The two nets that see faces.
pub struct FaceNets {
    detector: Net,
    mesh: Net,
}

impl FaceNets {
    /// Nothing is loaded yet.
    #[must_use]
    pub const fn new() -> FaceNets {
        FaceNets { detector: Net::new(BLAZEFACE), mesh: Net::new(FACE_MESH) }
    }

    /// Loads both.
    ///
    /// # Errors
    /// Weights that cannot be read.
    pub fn load(&self) -> Result<(), PhotoError> {
        self.detector.load()?;
        self.mesh.load().map(drop)
    }
}

impl Default for FaceNets {
    fn default() -> Self {
        FaceNets::new()
    }
}
