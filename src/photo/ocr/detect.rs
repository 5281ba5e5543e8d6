//! Where lines of text are: a map of "here is text", its connected parts, and the box around each.
//!
//! PP-OCR's detector marks the cores of lines, shrunk; a box grows back by area over perimeter (DB, Liao and others 2020).

use image::RgbImage;
use rten_tensor::NdTensor;

use super::TextNets;
use crate::photo::error::PhotoError;
use crate::photo::face::Point;
use crate::photo::raster;

/// Means and deviations of ImageNet, in the order BGR as PaddleOCR feeds its nets.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];
/// Pixels above this belong to a line.
const PIXEL: f32 = 0.3;
/// Parts whose pixels are less sure in the mean are no lines.
const SURE: f32 = 0.5;
/// By how much a core grows back.
const GROW: f64 = 1.7;
/// Cores smaller than this, in pixels of the map, are specks.
const SPECK: f64 = 3.0;

/// The box of a line, in pixels of the picture it was found in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextBox {
    pub centre: Point,
    /// Along the line.
    pub width: f64,
    pub height: f64,
    /// Radians, clockwise.
    pub angle: f64,
}

impl TextBox {
    /// Its left end.
    #[must_use]
    pub fn left(&self) -> f64 {
        self.centre.x - self.width / 2.0 * self.angle.cos()
    }

    /// Its right end.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.centre.x + self.width / 2.0 * self.angle.cos()
    }
}

impl TextNets {
    /// The lines of a picture, reduced so that its longer side has at most `side` pixels; from top to bottom.
    ///
    /// # Errors
    /// What the nets' runtime says.
    pub fn lines(&self, picture: &RgbImage, side: u32) -> Result<Vec<TextBox>, PhotoError> {
        let small = raster::fit(picture, side, side);
        let ratio = f64::from(picture.width()) / f64::from(small.width());
        let (width, height) = (small.width().next_multiple_of(32) as usize, small.height().next_multiple_of(32) as usize);
        let mut input = vec![0.0; 3 * width * height];
        for (x, y, pixel) in small.enumerate_pixels() {
            for channel in 0..3 {
                let value = f32::from(pixel.0[2 - channel]) / 255.0;
                input[(channel * height + y as usize) * width + x as usize] = (value - MEAN[channel]) / DEVIATION[channel];
            }
        }
        let [map] = self.detector.run(NdTensor::from_data([1, 3, height, width], input), ["sigmoid_0.tmp_0"])?;
        let mut boxes: Vec<TextBox> = parts(&map, width)
            .into_iter()
            .filter_map(|part| boxed(&part, &map, width))
            .map(|b| TextBox {
                centre: Point { x: b.centre.x * ratio, y: b.centre.y * ratio },
                width: b.width * ratio,
                height: b.height * ratio,
                angle: b.angle,
            })
            .collect();
        boxes.sort_by(|a, b| a.centre.y.total_cmp(&b.centre.y));
        Ok(boxes)
    }
}

/// The connected parts (four neighbours) above the threshold, as indices into the map.
fn parts(map: &[f32], width: usize) -> Vec<Vec<usize>> {
    let mut seen = vec![false; map.len()];
    let mut found = Vec::new();
    for start in 0..map.len() {
        if seen[start] || map[start] < PIXEL {
            continue;
        }
        seen[start] = true;
        let (mut part, mut next) = (vec![start], 0);
        while let Some(&at) = part.get(next) {
            next += 1;
            let x = at % width;
            let neighbours = [(x > 0).then(|| at - 1), (x + 1 < width).then_some(at + 1), at.checked_sub(width), Some(at + width)];
            for neighbour in neighbours.into_iter().flatten() {
                if neighbour < map.len() && !seen[neighbour] && map[neighbour] >= PIXEL {
                    seen[neighbour] = true;
                    part.push(neighbour);
                }
            }
        }
        found.push(part);
    }
    found
}

/// The box along the part's main axis, grown back to the line's own size.
fn boxed(part: &[usize], map: &[f32], width: usize) -> Option<TextBox> {
    let count = part.len() as f64;
    if part.iter().map(|at| map[*at]).sum::<f32>() / (part.len() as f32) < SURE {
        return None;
    }
    let place = |at: usize| ((at % width) as f64 + 0.5, (at / width) as f64 + 0.5);
    let (mut cx, mut cy) = (0.0, 0.0);
    for (x, y) in part.iter().map(|at| place(*at)) {
        cx += x / count;
        cy += y / count;
    }
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in part.iter().map(|at| place(*at)) {
        xx += (x - cx) * (x - cx);
        xy += (x - cx) * (y - cy);
        yy += (y - cy) * (y - cy);
    }
    // The axis of a single character says nothing about its line.
    let angle = if xx > 4.0 * yy { (2.0 * xy).atan2(xx - yy) / 2.0 } else { 0.0 };
    let (sin, cos) = angle.sin_cos();
    let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    for (x, y) in part.iter().map(|at| place(*at)) {
        let (u, v) = ((x - cx) * cos + (y - cy) * sin, (y - cy) * cos - (x - cx) * sin);
        low = (low.0.min(u), low.1.min(v));
        high = (high.0.max(u), high.1.max(v));
    }
    let (w, h) = (high.0 - low.0 + 1.0, high.1 - low.1 + 1.0);
    if w.min(h) < SPECK {
        return None;
    }
    let grown = w * h * GROW / (w + h);
    let (u, v) = ((low.0 + high.0) / 2.0, (low.1 + high.1) / 2.0);
    Some(TextBox { centre: Point { x: cx + u * cos - v * sin, y: cy + u * sin + v * cos }, width: w + grown, height: h + grown, angle })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_boxed_with_its_slope() {
        let (width, height) = (120usize, 60usize);
        let slope = 0.1f64;
        let map: Vec<f32> = (0..width * height)
            .map(|at| {
                let (x, y) = ((at % width) as f64, (at / width) as f64);
                if (20.0..100.0).contains(&x) && (y - 25.0 - slope * (x - 60.0)).abs() <= 5.0 { 0.9 } else { 0.0 }
            })
            .collect();
        let found = parts(&map, width);
        assert_eq!(found.len(), 1);
        let line = boxed(&found[0], &map, width).unwrap();
        assert!((line.angle - slope.atan()).abs() < 0.01 && (line.centre.x - 60.0).abs() < 1.0 && (line.centre.y - 25.5).abs() < 1.0);
        // Area over perimeter, times the growth: about 8 pixels more on an 80 × 11 bar.
        assert!(line.width > 90.0 && line.width < 102.0 && line.height > 18.0 && line.height < 30.0, "{line:?}");
    }
}
