//! The card's border, looked for where the portrait's face says it must be.
//!
//! From the face's place, size and tilt follows a first guess of the four sides. Around each, every straight line that the guess may be off by
//! is tried, and the four (or three) lines are taken that stand out best and form a card whose portrait is where it belongs.

use image::RgbImage;

use super::layout;
use crate::photo::face::{Face, Point};
use crate::photo::projection::{self, Homography, Quad};

/// Pixels of the working picture to the millimetre.
const PER_MM: f64 = 3.2;
/// Room around the guessed card: left, and on the other sides, in pixels. The left side is farthest from the face and guessed worst.
const ROOM: (f64, f64) = (80.0, 56.0);
/// How far the ends of a side may lie from the guess: at the portrait's end and at the far end of the card.
const REACH: (i32, i32) = (28, 52);
/// The gradient, in levels a pixel, from which on an edge counts fully: more contrast makes a border no surer.
const FULL: f32 = 12.0;
/// Lines that stand out less are not looked at.
const LEAST: f64 = 0.25;
/// Lines kept for each side.
const KEPT: usize = 6;
/// The least strength of the weakest of four sides, and of three: weaker ones are rather rows of print than an edge.
const FOUR: f64 = 0.5;
const THREE: f64 = 0.4;

/// A border that was found.
#[derive(Debug, Clone, Copy)]
pub struct Border {
    /// Corners in pixels of the picture, as the card is read.
    pub quad: Quad,
    /// How well its sides stand out, 0–1 in the mean.
    pub strength: f64,
    /// How many sides were seen; where it is three the fourth follows from them.
    pub sides: u8,
}

/// Looks for the border of the card whose portrait shows `face`, in a picture in which that face is upright but for its tilt.
#[must_use]
pub fn find(picture: &RgbImage, face: &Face) -> Option<Border> {
    layout::FACE_WIDTHS
        .iter()
        .filter_map(|millimetres| {
            let view = View::around(picture, face, *millimetres);
            view.border().map(|(rank, border)| (rank, Border { quad: border.quad.map(|p| view.to_picture(p)), ..border }))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, border)| border)
}

/// The card as it would lie if it were seen straight from above, from the face alone.
#[must_use]
pub fn guess(face: &Face, millimetres: f64) -> Quad {
    let (width, height) = layout::CARD;
    [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(u, v)| from_face(face, millimetres, u * width, v * height))
}

/// A place on the guessed card, in millimetres, as a place in the picture.
fn from_face(face: &Face, millimetres: f64, x: f64, y: f64) -> Point {
    let unit = face.face_width() / millimetres;
    let (x, y) = ((x - layout::EYES.0 * layout::CARD.0) * unit, (y - layout::EYES.1 * layout::CARD.1) * unit);
    let (sin, cos) = face.roll_deg.to_radians().sin_cos();
    let middle = face.eye_middle();
    Point { x: middle.x + x * cos - y * sin, y: middle.y + x * sin + y * cos }
}

/// One straight line across the working picture: its two ends are where it crosses the guessed card's bounds.
#[derive(Debug, Clone, Copy)]
struct Line {
    a: Point,
    b: Point,
    score: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Top,
    Right,
    Bottom,
    Left,
}

/// The surroundings of the guessed card in a picture of their own, with the face level.
struct View<'f> {
    face: &'f Face,
    millimetres: f64,
    width: usize,
    height: usize,
    /// Change from left to right and from top to bottom, of the colour channel in which it is largest.
    across: Vec<f32>,
    down: Vec<f32>,
}

impl<'f> View<'f> {
    fn around(picture: &RgbImage, face: &'f Face, millimetres: f64) -> View<'f> {
        let width = (layout::CARD.0 * PER_MM + ROOM.0 + ROOM.1) as usize;
        let height = (layout::CARD.1 * PER_MM + 2.0 * ROOM.1) as usize;
        let mut view = View { face, millimetres, width, height, across: Vec::new(), down: Vec::new() };
        let step = face.face_width() / millimetres / PER_MM;
        let pixels = projection::warp(picture, width as u32, height as u32, step, |p| view.to_picture(p));
        let inside: Vec<bool> = (0..width * height)
            .map(|at| {
                let p = view.to_picture(Point { x: (at % width) as f64 + 0.5, y: (at / width) as f64 + 0.5 });
                p.x > step && p.y > step && p.x < f64::from(picture.width()) - step && p.y < f64::from(picture.height()) - step
            })
            .collect();
        let change = |dx: usize, dy: usize| {
            let mut out = vec![0.0f32; width * height];
            for y in 1..height - 1 {
                for x in 1..width - 1 {
                    // Outside there is nothing to see.
                    if !inside[(y + dy) * width + x + dx] || !inside[(y - dy) * width + x - dx] {
                        continue;
                    }
                    let mut most = 0.0f32;
                    for channel in 0..3 {
                        let value = |x: usize, y: usize| f32::from(pixels.get_pixel(x as u32, y as u32).0[channel]);
                        // Smoothed along the edge.
                        let g: f32 = [(0usize, 0.5f32), (1, 0.25), (2, 0.25)]
                            .iter()
                            .map(|(shift, weight)| {
                                let (sx, sy) = match shift {
                                    0 => (x, y),
                                    1 => (x - dy, y - dx),
                                    _ => (x + dy, y + dx),
                                };
                                weight * (value(sx + dx, sy + dy) - value(sx - dx, sy - dy)) / 2.0
                            })
                            .sum();
                        if g.abs() > most.abs() {
                            most = g;
                        }
                    }
                    out[y * width + x] = most.clamp(-FULL, FULL) / FULL;
                }
            }
            out
        };
        (view.across, view.down) = (change(1, 0), change(0, 1));
        view
    }

    fn to_picture(&self, p: Point) -> Point {
        from_face(self.face, self.millimetres, (p.x - ROOM.0) / PER_MM, (p.y - ROOM.1) / PER_MM)
    }

    /// The guessed card in the working picture: left, top, right, bottom.
    fn bounds(&self) -> [f64; 4] {
        [ROOM.0, ROOM.1, ROOM.0 + layout::CARD.0 * PER_MM, ROOM.1 + layout::CARD.1 * PER_MM]
    }

    fn border(&self) -> Option<(f64, Border)> {
        let [top, right, bottom, left] = [Side::Top, Side::Right, Side::Bottom, Side::Left].map(|side| self.lines(side));
        let four = self.best(&top, &right, &bottom, &left, None);
        if four.is_some() {
            return four;
        }
        [Side::Left, Side::Right, Side::Top, Side::Bottom]
            .into_iter()
            .filter_map(|missing| self.best(&top, &right, &bottom, &left, Some(missing)))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            // A side that had to be added makes every other reading of the picture preferable.
            .map(|(rank, border)| (rank - 0.25, border))
    }

    /// The strongest lines near one side of the guess, each unlike the others.
    fn lines(&self, side: Side) -> Vec<Line> {
        let [left, top, right, bottom] = self.bounds();
        let (near, far) = REACH;
        let mut all: Vec<(i32, i32, Line)> = Vec::new();
        // The first end of a level side is at the card's far end, on the left.
        let (first, second) = if matches!(side, Side::Left) {
            (far, far)
        } else if matches!(side, Side::Right) {
            (near, near)
        } else {
            (far, near)
        };
        for i in -first..=first {
            for j in -second..=second {
                let (i_off, j_off) = (f64::from(i), f64::from(j));
                let (a, b, map) = match side {
                    Side::Top => (Point { x: left, y: top + i_off }, Point { x: right, y: top + j_off }, &self.down),
                    Side::Bottom => (Point { x: left, y: bottom + i_off }, Point { x: right, y: bottom + j_off }, &self.down),
                    Side::Left => (Point { x: left + i_off, y: top }, Point { x: left + j_off, y: bottom }, &self.across),
                    Side::Right => (Point { x: right + i_off, y: top }, Point { x: right + j_off, y: bottom }, &self.across),
                };
                let score = self.along(map, a, b);
                if score >= LEAST {
                    all.push((i, j, Line { a, b, score }));
                }
            }
        }
        all.sort_by(|a, b| b.2.score.total_cmp(&a.2.score));
        let mut kept: Vec<(i32, i32, Line)> = Vec::new();
        for line in all {
            if kept.len() < KEPT && kept.iter().all(|k| (k.0 - line.0).abs() + (k.1 - line.1).abs() > 7) {
                kept.push(line);
            }
        }
        kept.into_iter().map(|(_, _, line)| line).collect()
    }

    /// How much brightness changes across a line, always in the same sense: rows of text change to and fro and cancel out.
    fn along(&self, map: &[f32], a: Point, b: Point) -> f64 {
        const SAMPLES: usize = 90;
        let mut sum = 0.0;
        for index in 0..SAMPLES {
            // The corners are round: the ends do not count.
            let t = 0.04 + 0.92 * index as f64 / (SAMPLES - 1) as f64;
            let (x, y) = (a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t);
            if x >= 0.0 && y >= 0.0 && (x as usize) < self.width && (y as usize) < self.height {
                sum += map[y as usize * self.width + x as usize];
            }
        }
        f64::from(sum.abs()) / SAMPLES as f64
    }

    /// The best card that can be made of these lines, with one side left to be concluded.
    fn best(&self, top: &[Line], right: &[Line], bottom: &[Line], left: &[Line], missing: Option<Side>) -> Option<(f64, Border)> {
        let least = if missing.is_some() { THREE } else { FOUR };
        let sides = [(Side::Top, top), (Side::Right, right), (Side::Bottom, bottom), (Side::Left, left)].map(|(side, lines)| {
            if missing == Some(side) { vec![None] } else { lines.iter().filter(|line| line.score >= least).copied().map(Some).collect() }
        });
        let mut best: Option<(f64, Border)> = None;
        for t in &sides[0] {
            for r in &sides[1] {
                for b in &sides[2] {
                    for l in &sides[3] {
                        let Some(quad) = corners([t, r, b, l]) else { continue };
                        let Some(fit) = self.fit(&quad) else { continue };
                        let seen: Vec<f64> = [t, r, b, l].into_iter().flatten().map(|line| line.score).collect();
                        let strength = seen.iter().sum::<f64>() / seen.len() as f64;
                        let rank = strength - fit;
                        if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                            best = Some((rank, Border { quad, strength, sides: seen.len() as u8 }));
                        }
                    }
                }
            }
        }
        best
    }

    /// How far a quadrilateral is from a card with its portrait in place, as a penalty; `None` where it can be none.
    fn fit(&self, quad: &Quad) -> Option<f64> {
        let length = |a: usize, b: usize| (quad[a].x - quad[b].x).hypot(quad[a].y - quad[b].y);
        let (top, right, bottom, left) = (length(0, 1), length(1, 2), length(2, 3), length(3, 0));
        let aspect = ((top + bottom) / (left + right) / (layout::CARD.0 / layout::CARD.1)).ln().abs();
        let lean = (top / bottom).ln().abs().max((left / right).ln().abs());
        if aspect > 0.25 || lean > 0.4 {
            return None;
        }
        // The working picture is level around the face's eyes, whose place in it is known.
        let eyes = Point { x: ROOM.0 + layout::EYES.0 * layout::CARD.0 * PER_MM, y: ROOM.1 + layout::EYES.1 * layout::CARD.1 * PER_MM };
        let place = Homography::of_unit_square(quad)?.inverse().apply(eyes);
        let (du, dv) = ((place.x - layout::EYES.0).abs(), (place.y - layout::EYES.1).abs());
        if du > 0.05 || dv > 0.07 {
            return None;
        }
        Some(0.5 * aspect + 1.5 * (du + dv) + 0.1 * lean)
    }
}

/// The corners of four lines; a side that is missing lies where a card of this width or height would end.
fn corners([top, right, bottom, left]: [&Option<Line>; 4]) -> Option<Quad> {
    let ratio = layout::CARD.0 / layout::CARD.1;
    match (top, right, bottom, left) {
        (Some(t), Some(r), Some(b), Some(l)) => Some([cross(t, l)?, cross(t, r)?, cross(b, r)?, cross(b, l)?]),
        (Some(t), Some(r), Some(b), None) => {
            let (tr, br) = (cross(t, r)?, cross(b, r)?);
            let width = distance(tr, br) * ratio;
            Some([away(tr, t.b, t.a, width), tr, br, away(br, b.b, b.a, width)])
        }
        (Some(t), None, Some(b), Some(l)) => {
            let (tl, bl) = (cross(t, l)?, cross(b, l)?);
            let width = distance(tl, bl) * ratio;
            Some([tl, away(tl, t.a, t.b, width), away(bl, b.a, b.b, width), bl])
        }
        (None, Some(r), Some(b), Some(l)) => {
            let (br, bl) = (cross(b, r)?, cross(b, l)?);
            let height = distance(br, bl) / ratio;
            Some([away(bl, l.b, l.a, height), away(br, r.b, r.a, height), br, bl])
        }
        (Some(t), Some(r), None, Some(l)) => {
            let (tl, tr) = (cross(t, l)?, cross(t, r)?);
            let height = distance(tl, tr) / ratio;
            Some([tl, tr, away(tr, r.a, r.b, height), away(tl, l.a, l.b, height)])
        }
        _ => None,
    }
}

fn distance(a: Point, b: Point) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// `length` from `start` in the direction in which `to` lies from `from`.
fn away(start: Point, from: Point, to: Point, length: f64) -> Point {
    let whole = distance(from, to).max(1e-9);
    Point { x: start.x + (to.x - from.x) / whole * length, y: start.y + (to.y - from.y) / whole * length }
}

fn cross(one: &Line, other: &Line) -> Option<Point> {
    let (d1, d2) = ((one.b.x - one.a.x, one.b.y - one.a.y), (other.b.x - other.a.x, other.b.y - other.a.y));
    let determinant = d1.0 * d2.1 - d1.1 * d2.0;
    if determinant.abs() < 1e-9 {
        return None;
    }
    let t = ((other.a.x - one.a.x) * d2.1 - (other.a.y - one.a.y) * d2.0) / determinant;
    Some(Point { x: one.a.x + d1.0 * t, y: one.a.y + d1.1 * t })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(a: (f64, f64), b: (f64, f64)) -> Option<Line> {
        Some(Line { a: Point { x: a.0, y: a.1 }, b: Point { x: b.0, y: b.1 }, score: 1.0 })
    }

    #[test]
    fn a_missing_side_is_where_a_card_would_end() {
        let (w, h) = (layout::CARD.0 * 10.0, layout::CARD.1 * 10.0);
        let sides = [line((0.0, 0.0), (w, 0.0)), line((w, 0.0), (w, h)), line((0.0, h), (w, h)), line((0.0, 0.0), (0.0, h))];
        let whole = corners([&sides[0], &sides[1], &sides[2], &sides[3]]).unwrap();
        for missing in 0..4 {
            let kept: Vec<Option<Line>> = (0..4).map(|index| if index == missing { None } else { sides[index] }).collect();
            let concluded = corners([&kept[0], &kept[1], &kept[2], &kept[3]]).unwrap();
            assert!(whole.iter().zip(concluded).all(|(a, b)| distance(*a, b) < 1e-6), "side {missing}");
        }
        assert!(corners([&None, &None, &sides[2], &sides[3]]).is_none());
    }
}
