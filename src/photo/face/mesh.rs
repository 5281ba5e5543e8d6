//! The face mesh: 468 points in space and refined eyes, irises and lips, from a square that is turned upright for measuring only.

use image::RgbImage;

use super::detector::Candidate;
use super::indices;
use crate::photo::error::PhotoError;
use crate::photo::raster::{self, Beyond, Frame, Quality};
use crate::photo::weights::Net;

const SIDE: f64 = 192.0;
/// The mesh reads a face 1.035 times as wide as it is: the mean over the specimens, each person held out in turn (spread 2.4 %, at most 6 %).
/// The spread is people's own: the mesh draws every face towards its mean one, and no other of its measures knows better (`docs/proof.md`).
const WIDTH_CORRECTION: f64 = 1.035;
/// What the mesh reads as pitch on faces that look straight ahead, in degrees: 8.5 to 15.8 on specimens, 0 to 14 on people.
const NEUTRAL_PITCH: f64 = 8.5;

/// A place in a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A square of the source that the mesh looks at.
#[derive(Debug, Clone, Copy)]
pub struct Roi {
    centre: Point,
    side: f64,
    /// Radians by which the face is turned clockwise in the picture.
    angle: f64,
}

impl Roi {
    /// The box grown half as large again, turned so that the eyes are level.
    pub fn of_box(candidate: &Candidate) -> Roi {
        let [right, left] = candidate.eyes;
        Roi {
            centre: candidate.centre,
            side: candidate.width.max(candidate.height) * 1.5,
            angle: (left.y - right.y).atan2(left.x - right.x),
        }
    }

    /// The same from points: the box around the outline.
    fn of_face(face: &Face) -> Roi {
        let angle = face.roll_deg.to_radians();
        let (sin, cos) = angle.sin_cos();
        // The outline in a frame whose x axis runs along the eyes.
        let level = |p: Point| (p.x * cos + p.y * sin, p.y * cos - p.x * sin);
        let (mut min, mut max) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
        for index in indices::OVAL {
            let (u, v) = level(face.points[index]);
            min = (min.0.min(u), min.1.min(v));
            max = (max.0.max(u), max.1.max(v));
        }
        let (u, v) = ((min.0 + max.0) / 2.0, (min.1 + max.1) / 2.0);
        Roi { centre: Point { x: u * cos - v * sin, y: u * sin + v * cos }, side: (max.0 - min.0).max(max.1 - min.1) * 1.5, angle }
    }

    fn place(&self, x: f64, y: f64) -> Point {
        let (u, v) = ((x / SIDE - 0.5) * self.side, (y / SIDE - 0.5) * self.side);
        let (sin, cos) = self.angle.sin_cos();
        Point { x: self.centre.x + u * cos - v * sin, y: self.centre.y + u * sin + v * cos }
    }
}

/// A measured face, in pixels of the picture it was found in.
#[derive(Debug, Clone)]
pub struct Face {
    /// How sure the mesh is that this is a face, 0–1.
    pub certainty: f64,
    /// The 468 points of the mesh.
    pub points: Vec<Point>,
    /// Middles of the irises at image left and image right.
    pub irises: [Point; 2],
    /// Degrees, positive when the subject's left eye is lower.
    pub roll_deg: f64,
    /// Degrees, positive when the face turns to image right.
    pub yaw_deg: f64,
    /// Degrees, positive when the face looks down.
    pub pitch_deg: f64,
    /// Height of the opening over its width, image left and right.
    pub eyes_open: [f64; 2],
    /// Gap between the lips over the width of the mouth.
    pub mouth_open: f64,
}

impl Face {
    /// The middle between the irises.
    #[must_use]
    pub fn eye_middle(&self) -> Point {
        let [a, b] = self.irises;
        Point { x: (a.x + b.x) / 2.0, y: (a.y + b.y) / 2.0 }
    }

    /// From cheek to cheek.
    #[must_use]
    pub fn face_width(&self) -> f64 {
        let [a, b] = indices::CHEEKS.map(|index| self.points[index]);
        (a.x - b.x).hypot(a.y - b.y) / WIDTH_CORRECTION
    }

    /// The same face in a picture that shows `frame` scaled by `scale`.
    #[must_use]
    pub fn seen_in(&self, x: f64, y: f64, scale: f64) -> Face {
        let moved = |p: Point| Point { x: (p.x - x) * scale, y: (p.y - y) * scale };
        Face { points: self.points.iter().map(|p| moved(*p)).collect(), irises: self.irises.map(moved), ..self.clone() }
    }
}

/// Looks again from where the points say the face is.
pub fn refine(net: &Net, source: &RgbImage, face: &Face) -> Result<Face, PhotoError> {
    let again = measure(net, source, Roi::of_face(face))?;
    Ok(if again.certainty >= 0.5 { again } else { face.clone() })
}

/// Measures the face in a square.
pub fn measure(net: &Net, source: &RgbImage, roi: Roi) -> Result<Face, PhotoError> {
    // Reduced first, so that sampling at 192 pixels does not skip over pixels of a large face.
    let reach = roi.side * 0.75;
    let frame = Frame { x: roi.centre.x - reach, y: roi.centre.y - reach, width: reach * 2.0, height: reach * 2.0 };
    let near_side = (reach * 2.0).ceil().clamp(16.0, SIDE * 2.0) as u32;
    let near = raster::cut(source, frame, near_side, near_side, Beyond::Edge, Quality::Fast);
    let ratio = f64::from(near_side) / frame.width;
    let mut turned = RgbImage::new(SIDE as u32, SIDE as u32);
    for (x, y, pixel) in turned.enumerate_pixels_mut() {
        let p = roi.place(f64::from(x) + 0.5, f64::from(y) + 0.5);
        let colour = raster::sample(&near, (p.x - frame.x) * ratio - 0.5, (p.y - frame.y) * ratio - 0.5);
        pixel.0 = colour.map(|value| value.round() as u8);
    }
    let input = raster::channels_last(&turned, |value| value / 255.0);
    let [mesh, eye_a, eye_b, iris_a, iris_b, lips, flag] =
        net.run(input, ["mesh", "left_eye", "right_eye", "left_iris", "right_iris", "lips", "face_flag"])?;
    let short = || PhotoError::Inference { net: "facemesh_attention.onnx", message: "too few points".into() };
    if mesh.len() < 468 * 3
        || [&eye_a, &eye_b].iter().any(|e| e.len() < 142)
        || [&iris_a, &iris_b].iter().any(|i| i.len() < 10)
        || lips.len() < 160
    {
        return Err(short());
    }
    let flat = |data: &[f32], index: usize| Point { x: f64::from(data[index * 2]), y: f64::from(data[index * 2 + 1]) };
    let solid = |index: usize| [0, 1, 2].map(|axis| f64::from(mesh[index * 3 + axis]));
    let mut irises = [flat(&iris_a, 0), flat(&iris_b, 0)];
    let mut eyes = [openness(&eye_a), openness(&eye_b)];
    if irises[0].x > irises[1].x {
        irises.swap(0, 1);
        eyes.swap(0, 1);
    }
    let [left, right] = irises.map(|p| roi.place(p.x, p.y));
    let gap = distance(flat(&lips, indices::INNER_LIPS[0]), flat(&lips, indices::INNER_LIPS[1]));
    let mouth = distance(flat(&lips, indices::MOUTH_OPENING[0]), flat(&lips, indices::MOUTH_OPENING[1]));
    Ok(Face {
        certainty: f64::from(flag.first().copied().unwrap_or(0.0)),
        points: (0..468).map(|index| roi.place(f64::from(mesh[index * 3]), f64::from(mesh[index * 3 + 1]))).collect(),
        irises: [left, right],
        roll_deg: (right.y - left.y).atan2(right.x - left.x).to_degrees(),
        yaw_deg: yaw(solid),
        pitch_deg: pitch(solid) - NEUTRAL_PITCH,
        eyes_open: eyes,
        mouth_open: if mouth > 0.0 { gap / mouth } else { 0.0 },
    })
}

fn distance(a: Point, b: Point) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// How far depth differs between the two sides of the face.
fn yaw(solid: impl Fn(usize) -> [f64; 3]) -> f64 {
    let turn = |[a, b]: [usize; 2]| {
        let ([ax, _, az], [bx, _, bz]) = (solid(a), solid(b));
        (bz - az).atan2(bx - ax).to_degrees()
    };
    (turn(indices::CHEEKS) + turn(indices::OUTER_EYES)) / 2.0
}

/// How far depth differs between forehead and chin.
fn pitch(solid: impl Fn(usize) -> [f64; 3]) -> f64 {
    let ([_, ay, az], [_, by, bz]) = (solid(indices::FOREHEAD), solid(indices::CHIN));
    (bz - az).atan2(by - ay).to_degrees()
}

/// Mean height between the lids over the distance of the corners.
fn openness(eye: &[f32]) -> f64 {
    let point = |index: usize| Point { x: f64::from(eye[index * 2]), y: f64::from(eye[index * 2 + 1]) };
    let width = distance(point(indices::LOWER_LID.start), point(indices::LOWER_LID.end - 1));
    // The lids' inner points in pairs, corners left out.
    let heights: f64 =
        indices::UPPER_LID.enumerate().map(|(pair, upper)| distance(point(indices::LOWER_LID.start + 1 + pair), point(upper))).sum();
    if width > 0.0 { heights / indices::UPPER_LID.len() as f64 / width } else { 0.0 }
}
