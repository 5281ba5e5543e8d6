//! Maps of the plane for measuring: similarities bring faces to a template, homographies bring a card to its rectangle.
//!
//! Nothing that is published goes through them: a photo is never turned or warped.

use image::RgbImage;

use super::face::Point;
use super::raster;

/// (x, y) → (a·x − b·y + tx, b·x + a·y + ty): turning, scaling, moving.
#[derive(Debug, Clone, Copy)]
pub struct Similarity {
    pub a: f64,
    pub b: f64,
    pub tx: f64,
    pub ty: f64,
}

impl Similarity {
    /// Where `p` goes.
    #[must_use]
    pub fn apply(&self, p: Point) -> Point {
        Point { x: self.a * p.x - self.b * p.y + self.tx, y: self.b * p.x + self.a * p.y + self.ty }
    }

    /// How many times as long lengths become.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.a.hypot(self.b)
    }

    /// The similarity that brings `from` nearest to `to` in the least squares sense.
    #[must_use]
    pub fn between<const N: usize>(from: &[Point; N], to: &[Point; N]) -> Similarity {
        let mean = |points: &[Point; N]| {
            let sum = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.x, y + p.y));
            Point { x: sum.0 / N as f64, y: sum.1 / N as f64 }
        };
        let (centre_from, centre_to) = (mean(from), mean(to));
        let (mut dot, mut cross, mut spread) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py, qx, qy) = (p.x - centre_from.x, p.y - centre_from.y, q.x - centre_to.x, q.y - centre_to.y);
            dot += px * qx + py * qy;
            cross += px * qy - py * qx;
            spread += px * px + py * py;
        }
        let (a, b) = (dot / spread, cross / spread);
        Similarity {
            a,
            b,
            tx: centre_to.x - a * centre_from.x + b * centre_from.y,
            ty: centre_to.y - b * centre_from.x - a * centre_from.y,
        }
    }
}

/// Four corners in the order of reading: top left, top right, bottom right, bottom left.
pub type Quad = [Point; 4];

/// A projective map, as a matrix in rows.
#[derive(Debug, Clone, Copy)]
pub struct Homography([f64; 9]);

impl Homography {
    /// From the unit square (top left, top right, bottom right, bottom left) to a quadrilateral (Heckbert 1989, in closed form).
    /// `None` where three corners lie on a line.
    #[must_use]
    pub fn of_unit_square(quad: &Quad) -> Option<Homography> {
        let [p0, p1, p2, p3] = *quad;
        let (dx1, dx2, sx) = (p1.x - p2.x, p3.x - p2.x, p0.x - p1.x + p2.x - p3.x);
        let (dy1, dy2, sy) = (p1.y - p2.y, p3.y - p2.y, p0.y - p1.y + p2.y - p3.y);
        let determinant = dx1 * dy2 - dx2 * dy1;
        if determinant.abs() < 1e-9 {
            return None;
        }
        let (g, h) = ((sx * dy2 - dx2 * sy) / determinant, (dx1 * sy - sx * dy1) / determinant);
        Some(Homography([
            p1.x - p0.x + g * p1.x,
            p3.x - p0.x + h * p3.x,
            p0.x,
            p1.y - p0.y + g * p1.y,
            p3.y - p0.y + h * p3.y,
            p0.y,
            g,
            h,
            1.0,
        ]))
    }

    /// Where `p` goes; far away where it would go to infinity.
    #[must_use]
    pub fn apply(&self, p: Point) -> Point {
        let m = &self.0;
        let w = m[6] * p.x + m[7] * p.y + m[8];
        let w = if w.abs() < 1e-12 { 1e-12 } else { w };
        Point { x: (m[0] * p.x + m[1] * p.y + m[2]) / w, y: (m[3] * p.x + m[4] * p.y + m[5]) / w }
    }

    /// The way back (the adjugate: a projective map has no scale of its own).
    #[must_use]
    pub fn inverse(&self) -> Homography {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        Homography([
            e * i - f * h,
            c * h - b * i,
            b * f - c * e,
            f * g - d * i,
            a * i - c * g,
            c * d - a * f,
            d * h - e * g,
            b * g - a * h,
            a * e - b * d,
        ])
    }
}

/// A picture of `width` × `height` whose every pixel is taken from where `to_source` says, given pixel edges and not centres.
/// `step` is how many source pixels lie between two of the new ones: a larger source is reduced first, so that nothing is skipped.
#[must_use]
pub fn warp(source: &RgbImage, width: u32, height: u32, step: f64, to_source: impl Fn(Point) -> Point) -> RgbImage {
    let shrink = (step / 2.0).max(1.0);
    let side = |side: u32| (f64::from(side) / shrink).ceil() as u32;
    let near = raster::fit(source, side(source.width()), side(source.height()));
    let ratio = f64::from(near.width()) / f64::from(source.width());
    let mut out = RgbImage::new(width, height);
    for (x, y, pixel) in out.enumerate_pixels_mut() {
        let p = to_source(Point { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 });
        pixel.0 = raster::sample(&near, p.x * ratio - 0.5, p.y * ratio - 0.5).map(|value| value.round() as u8);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(a: Point, b: Point) -> bool {
        (a.x - b.x).hypot(a.y - b.y) < 1e-6
    }

    #[test]
    fn a_similarity_is_found_again() {
        let truth = Similarity { a: 1.3, b: -0.4, tx: 12.0, ty: -5.0 };
        let places = [(38.0, 51.0), (73.0, 51.0), (56.0, 71.0)].map(|(x, y)| Point { x, y });
        let found = Similarity::between(&places, &places.map(|p| truth.apply(p)));
        assert!((found.a - truth.a).abs() < 1e-9 && (found.b - truth.b).abs() < 1e-9 && (found.ty - truth.ty).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn corners_go_to_corners_and_back(shift in prop::array::uniform8(-0.2..0.2f64)) {
            let square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(x, y)| Point { x, y });
            let quad: Quad = std::array::from_fn(|i| Point { x: 300.0 * (square[i].x + shift[i * 2]), y: 200.0 * (square[i].y + shift[i * 2 + 1]) });
            let map = Homography::of_unit_square(&quad).unwrap();
            for (corner, place) in square.iter().zip(quad) {
                prop_assert!(near(map.apply(*corner), place));
                prop_assert!(near(map.inverse().apply(place), *corner));
            }
        }
    }
}
