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

/// Whether a point lies within a closed outline: how often a ray to the right crosses it.
#[must_use]
pub fn holds(outline: &[Point], at: Point) -> bool {
    let next = outline.iter().cycle().skip(1);
    let crosses = |a: &Point, b: &Point| (a.y > at.y) != (b.y > at.y) && at.x < (b.x - a.x) * (at.y - a.y) / (b.y - a.y) + a.x;
    outline.iter().zip(next).filter(|(a, b)| crosses(a, b)).count() % 2 == 1
}

impl Default for FaceNets {
    fn default() -> Self {
        FaceNets::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_holds_what_it_goes_around() {
        let at = |x: f64, y: f64| Point { x, y };
        // An L: its notch lies between its arms and outside.
        let outline = [at(0.0, 0.0), at(2.0, 0.0), at(2.0, 4.0), at(6.0, 4.0), at(6.0, 6.0), at(0.0, 6.0)];
        let reversed: Vec<Point> = outline.iter().rev().copied().collect();
        for (place, inside) in
            [(at(1.0, 1.0), true), (at(5.0, 5.0), true), (at(4.0, 2.0), false), (at(-1.0, 5.0), false), (at(7.0, 5.0), false)]
        {
            assert_eq!((holds(&outline, place), holds(&reversed, place)), (inside, inside), "{place:?}");
        }
        assert!(!holds(&[], at(0.0, 0.0)));
    }
}
