//! Edits for showing that they are found: each takes a finished picture and a strength and does what its name says. For tests and benches.

use image::{Rgb, RgbImage, imageops};

/// A place in a picture, and the width of the face there; what an edit aims at.
#[derive(Debug, Clone, Copy)]
pub struct Aim {
    pub x: f64,
    pub y: f64,
    pub face_width: f64,
}

/// Every pixel taken from where `from` says, bilinear.
fn resampled(picture: &RgbImage, from: impl Fn(f64, f64) -> (f64, f64)) -> RgbImage {
    let (width, height) = picture.dimensions();
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = from(f64::from(x), f64::from(y));
        let (u, v) = (u.clamp(0.0, f64::from(width - 1)), v.clamp(0.0, f64::from(height - 1)));
        let (x0, y0) = (u.floor() as u32, v.floor() as u32);
        let (x1, y1) = ((x0 + 1).min(width - 1), (y0 + 1).min(height - 1));
        let (fx, fy) = (u.fract(), v.fract());
        Rgb([0, 1, 2].map(|channel| {
            let at = |x, y| f64::from(picture.get_pixel(x, y).0[channel]);
            let upper = at(x0, y0) * (1.0 - fx) + at(x1, y0) * fx;
            let lower = at(x0, y1) * (1.0 - fx) + at(x1, y1) * fx;
            (upper * (1.0 - fy) + lower * fy).round() as u8
        }))
    })
}

/// Left and right exchanged.
pub fn mirrored(picture: &RgbImage) -> RgbImage {
    imageops::flip_horizontal(picture)
}

/// Turned about its middle.
pub fn rotated(picture: &RgbImage, degrees: f64) -> RgbImage {
    let (cx, cy) = (f64::from(picture.width()) / 2.0, f64::from(picture.height()) / 2.0);
    let (sin, cos) = degrees.to_radians().sin_cos();
    resampled(picture, |x, y| {
        let (u, v) = (x - cx, y - cy);
        (cx + u * cos + v * sin, cy - u * sin + v * cos)
    })
}

/// Pushed sideways around a place by `pixels`, dying away within a third of the face, as a liquify brush does.
pub fn pushed(picture: &RgbImage, aim: Aim, pixels: f64) -> RgbImage {
    let reach = aim.face_width * 0.18;
    resampled(picture, |x, y| {
        let distance = (x - aim.x).hypot(y - aim.y) / reach;
        (x - pixels * (-distance * distance).exp(), y)
    })
}

/// Grown around a place by `part`, as eyes are.
pub fn enlarged(picture: &RgbImage, aim: Aim, part: f64) -> RgbImage {
    let reach = aim.face_width * 0.16;
    resampled(picture, |x, y| {
        let distance = (x - aim.x).hypot(y - aim.y) / reach;
        let shrink = 1.0 - part * (-distance * distance).exp();
        (aim.x + (x - aim.x) * shrink, aim.y + (y - aim.y) * shrink)
    })
}

/// Skin smoothed: a blur that keeps what differs by more than 30 levels, mixed in by `strength`.
pub fn smoothed(picture: &RgbImage, aim: Aim, strength: f64) -> RgbImage {
    let blurred = imageops::blur(picture, 2.5);
    within(picture, aim, 0.6, |x, y, pixel| {
        let soft = blurred.get_pixel(x, y).0;
        let edge = pixel.iter().zip(soft).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0);
        let keep = if edge > 30 { 0.0 } else { strength };
        [0, 1, 2].map(|i| (f64::from(pixel[i]) * (1.0 - keep) + f64::from(soft[i]) * keep).round() as u8)
    })
}

/// A dark spot painted, or with a negative strength a light one: what is left when a mole was there before.
pub fn spotted(picture: &RgbImage, aim: Aim, radius: f64, levels: f64) -> RgbImage {
    let mut out = picture.clone();
    for (x, y, pixel) in out.enumerate_pixels_mut() {
        let distance = (f64::from(x) - aim.x).hypot(f64::from(y) - aim.y) / radius;
        let cover = (1.5 - distance).clamp(0.0, 1.0);
        pixel.0 = pixel.0.map(|value| (f64::from(value) - levels * cover).round().clamp(0.0, 255.0) as u8);
    }
    out
}

/// The face made brighter by `levels`, dying away beyond it.
pub fn brightened(picture: &RgbImage, aim: Aim, levels: f64) -> RgbImage {
    within(picture, aim, 0.75, |_, _, pixel| pixel.map(|value| (f64::from(value) + levels).round().clamp(0.0, 255.0) as u8))
}

/// The face made warmer: red up, blue down.
pub fn tinted(picture: &RgbImage, aim: Aim, levels: f64) -> RgbImage {
    within(picture, aim, 0.75, |_, _, [r, g, b]| {
        let shift = |value: u8, by: f64| (f64::from(value) + by).round().clamp(0.0, 255.0) as u8;
        [shift(r, levels), g, shift(b, -levels)]
    })
}

/// An unsharp mask.
pub fn sharpened(picture: &RgbImage, strength: f64) -> RgbImage {
    let blurred = imageops::blur(picture, 1.5);
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let (pixel, soft) = (picture.get_pixel(x, y).0, blurred.get_pixel(x, y).0);
        Rgb([0, 1, 2].map(|i| {
            let value = f64::from(pixel[i]);
            (value + strength * (value - f64::from(soft[i]))).round().clamp(0.0, 255.0) as u8
        }))
    })
}

/// `change` inside of an ellipse around the aim, nothing outside, a soft step between.
fn within(picture: &RgbImage, aim: Aim, reach: f64, change: impl Fn(u32, u32, [u8; 3]) -> [u8; 3]) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let pixel = picture.get_pixel(x, y).0;
        let (u, v) = ((f64::from(x) - aim.x) / aim.face_width, (f64::from(y) - aim.y) / aim.face_width / 1.3);
        let part = ((reach - u.hypot(v)) / 0.1).clamp(0.0, 1.0);
        if part == 0.0 {
            return Rgb(pixel);
        }
        let changed = change(x, y, pixel);
        Rgb([0, 1, 2].map(|i| (f64::from(pixel[i]) * (1.0 - part) + f64::from(changed[i]) * part).round() as u8))
    })
}
