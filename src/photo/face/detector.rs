//! BlazeFace, short range: boxes and six points in one square of a picture. It sees faces from about an eighth of the square.

use image::RgbImage;

use super::Point;
use crate::photo::error::PhotoError;
use crate::photo::raster::{self, Beyond, Frame, Quality};
use crate::photo::weights::Net;

const SIDE: u32 = 128;
/// (cells a side, anchors a cell) of the two output grids.
const GRIDS: [(usize, usize); 2] = [(16, 2), (8, 6)];
const VALUES: usize = 16;

/// A box that may be a face, in source pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    pub centre: Point,
    pub width: f64,
    pub height: f64,
    pub score: f64,
    /// The subject's right and left eye.
    pub eyes: [Point; 2],
}

impl Candidate {
    /// Intersection over union.
    fn overlap(&self, other: &Candidate) -> f64 {
        let side = |a: f64, aw: f64, b: f64, bw: f64| ((a + aw / 2.0).min(b + bw / 2.0) - (a - aw / 2.0).max(b - bw / 2.0)).max(0.0);
        let common =
            side(self.centre.x, self.width, other.centre.x, other.width) * side(self.centre.y, self.height, other.centre.y, other.height);
        common / (self.width * self.height + other.width * other.height - common)
    }

    /// Whether a point lies in the box.
    fn holds(&self, point: Point) -> bool {
        (point.x - self.centre.x).abs() < self.width / 2.0 && (point.y - self.centre.y).abs() < self.height / 2.0
    }

    /// Two boxes of one face: they overlap, or one sits within the other.
    #[must_use]
    pub fn same_face(&self, other: &Candidate) -> bool {
        self.overlap(other) > 0.3 || self.holds(other.centre) || other.holds(self.centre)
    }
}

/// Every box above `threshold` in a square of the source; the square may reach beyond the picture.
pub fn detect(net: &Net, source: &RgbImage, x: f64, y: f64, side: f64, threshold: f64) -> Result<Vec<Candidate>, PhotoError> {
    let square = raster::cut(source, Frame { x, y, width: side, height: side }, SIDE, SIDE, Beyond::Colour([0; 3]), Quality::Fast);
    let input = raster::channels_last(&square, |value| value / 127.5 - 1.0);
    let [regressors, classificators] = net.run(input, ["regressors", "classificators"])?;
    let unit = side / f64::from(SIDE);
    let mut found = Vec::new();
    for (index, (cx, cy)) in anchors().enumerate() {
        let (Some(logit), Some(values)) = (classificators.get(index), regressors.get(index * VALUES..(index + 1) * VALUES)) else { break };
        let score = 1.0 / (1.0 + f64::from(-logit).exp());
        if score < threshold {
            continue;
        }
        let place = |at: usize| Point {
            x: x + (cx * f64::from(SIDE) + f64::from(values[at])) * unit,
            y: y + (cy * f64::from(SIDE) + f64::from(values[at + 1])) * unit,
        };
        let (width, height) = (f64::from(values[2]) * unit, f64::from(values[3]) * unit);
        if width > 0.0 && height > 0.0 {
            found.push(Candidate { centre: place(0), width, height, score, eyes: [place(4), place(6)] });
        }
    }
    Ok(strongest(found))
}

/// Centres of the anchors in parts of the square, in the net's order.
fn anchors() -> impl Iterator<Item = (f64, f64)> {
    GRIDS.into_iter().flat_map(|(cells, each)| {
        (0..cells * cells).flat_map(move |cell| {
            let at = |index: usize| (index as f64 + 0.5) / cells as f64;
            std::iter::repeat_n((at(cell % cells), at(cell / cells)), each)
        })
    })
}

/// Of boxes of one face only the surest stays.
#[must_use]
pub fn strongest(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if !kept.iter().any(|other| other.same_face(&candidate)) {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_anchors_as_the_net_has_answers() {
        let all: Vec<_> = anchors().collect();
        assert_eq!(all.len(), 896);
        assert_eq!((all[0], all[511]), ((0.5 / 16.0, 0.5 / 16.0), (15.5 / 16.0, 15.5 / 16.0)));
    }

    #[test]
    fn of_one_face_the_surest_box_stays() {
        let at = |x: f64, width: f64, score: f64| Candidate {
            centre: Point { x, y: 0.0 },
            width,
            height: width,
            score,
            eyes: [Point { x, y: 0.0 }; 2],
        };
        let kept = strongest(vec![at(0.0, 10.0, 0.6), at(1.0, 10.0, 0.9), at(40.0, 10.0, 0.7), at(1.0, 30.0, 0.5)]);
        assert_eq!(kept.iter().map(|c| c.score).collect::<Vec<_>>(), [0.9, 0.7]);
    }
}
