//! Finding the crop again from the two pictures alone: the face's points for a first guess, then the pixels themselves (Lucas and Kanade's
//! least squares over shift, scale and turn, with one gain and one offset of brightness, robust against what was edited).
//!
//! Every step draws the source anew at the scale found so far, just as the engine draws it, so that no difference is left of the drawing.

use image::RgbImage;

use super::plane::{self, Squares};
use super::region::Area;
use crate::domain::report::Transform;
use crate::photo::face::{Face, Point};
use crate::photo::matte::Plane;
use crate::photo::raster::{self, Beyond, Frame, Quality};

/// How the source lies in the finished picture: cropped and scaled, then turned about the face's middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    /// The crop's corner in source pixels.
    pub x: f64,
    pub y: f64,
    pub scale: f64,
    /// Radians, clockwise as seen.
    pub angle: f64,
    /// About which it is turned, in pixels of the finished picture.
    pub centre: Point,
}

/// A motion, and how well it is known.
#[derive(Debug, Clone, Copy)]
pub struct Fit {
    pub motion: Motion,
    /// Standard deviation of the angle in radians as the residual tells it.
    pub angle_deviation: f64,
}

impl Motion {
    /// The similarity that brings the points of one face nearest to those of the other.
    #[must_use]
    pub fn guess(source: &Face, finished: &Face, centre: Point) -> Motion {
        let mean = |points: &[Point]| {
            let count = points.len() as f64;
            Point { x: points.iter().map(|p| p.x).sum::<f64>() / count, y: points.iter().map(|p| p.y).sum::<f64>() / count }
        };
        let (from, to) = (mean(&source.points), mean(&finished.points));
        let (mut along, mut across, mut length) = (0.0, 0.0, 0.0);
        for (a, b) in source.points.iter().zip(&finished.points) {
            let (ax, ay, bx, by) = (a.x - from.x, a.y - from.y, b.x - to.x, b.y - to.y);
            along += ax * bx + ay * by;
            across += ax * by - ay * bx;
            length += ax * ax + ay * ay;
        }
        let (scale, angle) = (along.hypot(across) / length.max(1e-9), across.atan2(along));
        // The source's mean must come to lie on the finished picture's.
        let back = turned(Point { x: to.x - centre.x, y: to.y - centre.y }, -angle);
        Motion { x: from.x - (back.x + centre.x) / scale, y: from.y - (back.y + centre.y) / scale, scale, angle, centre }
    }

    /// As the engine reports it.
    #[must_use]
    pub fn transform(&self) -> Transform {
        Transform { x: self.x, y: self.y, scale: self.scale }
    }

    /// The source as this motion shows it in the window of `area`: its three colours.
    #[must_use]
    pub fn draw(&self, source: &RgbImage, area: &Area) -> [Plane; 3] {
        let (width, height) = (area.mask.width, area.mask.height);
        let turning = self.angle.abs() > 1e-6;
        let rim = if turning { (self.angle.sin().abs() * width.max(height) as f64).ceil() as usize + 3 } else { 0 };
        let (left, top) = (area.x as f64 - rim as f64, area.y as f64 - rim as f64);
        let (wide, high) = (width + 2 * rim, height + 2 * rim);
        let frame = Frame {
            x: self.x + left / self.scale,
            y: self.y + top / self.scale,
            width: wide as f64 / self.scale,
            height: high as f64 / self.scale,
        };
        let drawn = raster::cut(source, frame, wide as u32, high as u32, Beyond::Edge, Quality::Fine);
        let channel = |index: usize| Plane {
            width: wide,
            height: high,
            values: drawn.as_raw().iter().skip(index).step_by(3).map(|value| f32::from(*value)).collect(),
        };
        [0, 1, 2].map(|index| {
            let flat = channel(index);
            if !turning {
                return flat;
            }
            let mut values = Vec::with_capacity(width * height);
            for row in 0..height {
                for column in 0..width {
                    let place = Point { x: (area.x + column) as f64 + 0.5 - self.centre.x, y: (area.y + row) as f64 + 0.5 - self.centre.y };
                    let back = turned(place, -self.angle);
                    values.push(plane::between(&flat, back.x + self.centre.x - left - 0.5, back.y + self.centre.y - top - 0.5));
                }
            }
            Plane { width, height, values }
        })
    }

    /// The motion after the drawn source is sampled `shift` further, `grown` times as far from the middle and `turn` further around it.
    fn moved(&self, shift: Point, grown: f64, turn: f64) -> Motion {
        let scale = self.scale / (1.0 + grown);
        let back = turned(shift, -self.angle);
        let along = |corner: f64, middle: f64, back: f64| corner + (middle + back) / self.scale - middle / scale;
        Motion {
            x: along(self.x, self.centre.x, back.x),
            y: along(self.y, self.centre.y, back.y),
            scale,
            angle: self.angle - turn,
            centre: self.centre,
        }
    }
}

fn turned(p: Point, angle: f64) -> Point {
    let (sin, cos) = angle.sin_cos();
    Point { x: p.x * cos - p.y * sin, y: p.x * sin + p.y * cos }
}

/// The luma of drawn colours.
#[must_use]
pub fn grey(colours: &[Plane; 3]) -> Plane {
    let [red, green, blue] = colours;
    let values = red.values.iter().zip(&green.values).zip(&blue.values).map(|((r, g), b)| 0.299 * r + 0.587 * g + 0.114 * b).collect();
    Plane { width: red.width, height: red.height, values }
}

/// The motion that brings the source onto the finished luma in the window. Without `turning` the angle stays 0.
#[must_use]
pub fn register(source: &RgbImage, finished: &Plane, area: &Area, guess: Motion, turning: bool) -> Option<Fit> {
    // From coarse to fine: blur, and how often.
    const STEPS: [(f64, usize); 3] = [(4.0, 6), (1.5, 5), (0.7, 5)];
    let mut fit = Fit { motion: guess, angle_deviation: f64::INFINITY };
    if !turning {
        fit.motion.angle = 0.0;
    }
    for (sigma, times) in STEPS {
        let target = plane::blurred(finished, sigma);
        for _ in 0..times {
            let (next, change) = step(source, &target, area, &fit, sigma, turning)?;
            fit = next;
            if change < 0.003 {
                break;
            }
        }
    }
    Some(fit)
}

/// One Gauss–Newton step, and by how many pixels it moved the face at most.
fn step(source: &RgbImage, target: &Plane, area: &Area, fit: &Fit, sigma: f64, turning: bool) -> Option<(Fit, f64)> {
    let drawn = plane::blurred(&grey(&fit.motion.draw(source, area)), sigma);
    let [gx, gy] = plane::gradients(&drawn);
    let (gain, offset) = brightness(&drawn, target, area)?;
    let residual = |index: usize| f64::from(target.values[index]) - gain * f64::from(drawn.values[index]) - offset;
    let mut sizes: Vec<f64> = area.pixels().map(|index| residual(index).abs()).collect();
    let middle = sizes.len() / 2;
    let spread = (*sizes.select_nth_unstable_by(middle, f64::total_cmp).1 * 1.4826).max(0.3);
    // Tukey's weights: what differs by more than six deviations was edited, or is not the face.
    let weight = |residual: f64| {
        let part = residual / (6.0 * spread);
        if part.abs() < 1.0 { (1.0 - part * part).powi(2) } else { 0.0 }
    };
    // Distances in halves of the window keep the equations of one size.
    let unit = area.mask.width.max(area.mask.height) as f64 / 2.0;
    let mut squares = Squares::<6>::new();
    let (mut sum, mut weights) = (0.0, 0.0);
    for index in area.pixels() {
        let place = |at: usize, start: usize, middle: f64| ((start + at) as f64 + 0.5 - middle) / unit;
        let (u, v) = (place(index % drawn.width, area.x, area.centre.x), place(index / drawn.width, area.y, area.centre.y));
        let (gx, gy) = (gain * f64::from(gx.values[index]), gain * f64::from(gy.values[index]));
        let off = residual(index);
        let weight = weight(off);
        let around = if turning { gy * u - gx * v } else { 0.0 };
        squares.add(&[gx, gy, gx * u + gy * v, around, f64::from(drawn.values[index]) / 100.0, 1.0], off, weight);
        sum += weight * off * off;
        weights += weight;
    }
    if !turning {
        squares.add(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0], 0.0, 1.0);
    }
    let [x, y, grown, turn, ..] = squares.solve()?;
    let variance = squares.variances()?[3] * sum / weights.max(1.0);
    let change = x.abs().max(y.abs()).max(grown.abs()).max(turn.abs());
    if !change.is_finite() || change > unit {
        return None;
    }
    let motion = fit.motion.moved(Point { x, y }, grown / unit, if turning { turn / unit } else { 0.0 });
    // Neighbouring pixels of a compressed and blurred picture err together: each counts for a part of one.
    let together = 1.0 + 4.0 * sigma;
    Some((Fit { motion, angle_deviation: variance.sqrt() / unit * together }, change))
}

/// One gain and one offset that bring the drawn source nearest to the target.
fn brightness(drawn: &Plane, target: &Plane, area: &Area) -> Option<(f64, f64)> {
    let mut squares = Squares::<2>::new();
    for index in area.pixels() {
        squares.add(&[f64::from(drawn.values[index]), 1.0], f64::from(target.values[index]), 1.0);
    }
    let [gain, offset] = squares.solve()?;
    Some((gain, offset))
}

/// How alike the middle-sized details of two planes are on the face: 1 the same, 0 nothing in common.
#[must_use]
pub fn likeness(a: &Plane, b: &Plane, area: &Area) -> f64 {
    let details = |plane: &Plane| {
        let fine = plane::blurred_within(plane, &area.mask, 1.5);
        plane::combine(&fine, &plane::blurred_within(plane, &area.mask, 6.0), |fine, coarse| fine - coarse)
    };
    let (a, b) = (details(a), details(b));
    let dot = |a: &Plane, b: &Plane| area.pixels().map(|index| f64::from(a.values[index]) * f64::from(b.values[index])).sum::<f64>();
    let lengths = (dot(&a, &a) * dot(&b, &b)).sqrt();
    if lengths > 0.0 { dot(&a, &b) / lengths } else { 0.0 }
}
