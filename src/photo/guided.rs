//! The last step of the fine net: straight lines from colour to person, found on a smaller picture, laid over the full one.
//!
//! RVM ends in a guided filter (He, Sun and Tang, "Guided Image Filtering", 2010; deep form by Wu and others, 2018): for each place the net
//! knows slope and offset of a line for red, green, blue and alpha, over the picture's channels and their mean. `models/quicken_rvm.py` cuts
//! the graph there, because a loop does the rest with less work and memory than a graph does.

use image::RgbImage;

use super::matte::Plane;

/// Channels of the lines: red, green, blue, alpha.
const CHANNELS: usize = 4;

/// Slopes and offsets, each 4 × height × width, rows first.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    width: usize,
    height: usize,
    slope: Vec<f32>,
    offset: Vec<f32>,
}

impl Lines {
    /// Lines of this size; `None` when there are not as many values.
    #[must_use]
    pub fn new(width: usize, height: usize, slope: Vec<f32>, offset: Vec<f32>) -> Option<Lines> {
        let whole = width > 1 && height > 1 && [&slope, &offset].iter().all(|values| values.len() == CHANNELS * width * height);
        whole.then_some(Lines { width, height, slope, offset })
    }

    /// Alpha, and the person's colour without the old wall (red, green, blue), all 0–1 and of the picture's size.
    #[must_use]
    pub fn over(&self, picture: &RgbImage) -> (Plane, [Plane; 3]) {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let across = steps(width, self.width);
        let mut planes: [Vec<f32>; CHANNELS] = std::array::from_fn(|_| Vec::with_capacity(width * height));
        let mut slope = vec![0.0; CHANNELS * self.width];
        let mut offset = slope.clone();
        for (row, step) in picture.as_raw().chunks_exact(width * 3).zip(steps(height, self.height)) {
            self.between_rows(&self.slope, step, &mut slope);
            self.between_rows(&self.offset, step, &mut offset);
            for (channel, plane) in planes.iter_mut().enumerate() {
                let line = channel * self.width..(channel + 1) * self.width;
                let (slope, offset) = (&slope[line.clone()], &offset[line]);
                plane.extend(row.chunks_exact(3).zip(&across).map(|(pixel, step)| {
                    let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(|level| f32::from(level) / 255.0);
                    let guide = [r, g, b, (r + g + b) / 3.0][channel];
                    // The net's colours are differences from the picture's own.
                    let own = if channel < 3 { guide } else { 0.0 };
                    (step.between(slope) * guide + step.between(offset) + own).clamp(0.0, 1.0)
                }));
            }
        }
        let [red, green, blue, alpha] = planes.map(|values| Plane { width, height, values });
        (alpha, [red, green, blue])
    }

    /// One row of every channel between two rows of the lines.
    fn between_rows(&self, values: &[f32], step: Step, out: &mut [f32]) {
        for (channel, line) in out.chunks_exact_mut(self.width).enumerate() {
            let start = (channel * self.height + step.low) * self.width;
            let (upper, lower) = (&values[start..start + self.width], &values[start + self.width..start + 2 * self.width]);
            for ((out, upper), lower) in line.iter_mut().zip(upper).zip(lower) {
                *out = upper + (lower - upper) * step.part;
            }
        }
    }
}

/// A place between two neighbours: the lower one's index and the part of the way to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    low: usize,
    part: f32,
}

impl Step {
    fn between(self, line: &[f32]) -> f32 {
        let (low, high) = (line[self.low], line[self.low + 1]);
        low + (high - low) * self.part
    }
}

/// Where the centres of `to` pixels lie among the centres of `from` over the same length; beyond the outermost centres their values hold.
fn steps(to: usize, from: usize) -> Vec<Step> {
    let ratio = from as f32 / to as f32;
    (0..to)
        .map(|index| {
            let place = ((index as f32 + 0.5) * ratio - 0.5).clamp(0.0, (from - 1) as f32);
            let low = (place as usize).min(from - 2);
            Step { low, part: place - low as f32 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn lines_of_another_size_are_no_lines() {
        assert_eq!(Lines::new(3, 3, vec![0.0; 36], vec![0.0; 35]), None);
        assert_eq!(Lines::new(1, 9, vec![0.0; 36], vec![0.0; 36]), None);
    }

    #[test]
    fn flat_lines_are_the_same_everywhere() {
        let constant = |values: [f32; 4]| values.iter().flat_map(|value| [*value; 6]).collect::<Vec<f32>>();
        let lines = Lines::new(3, 2, constant([0.0, 0.0, -1.0, 2.0]), constant([0.25, 0.0, 0.0, -0.5])).unwrap();
        let picture = RgbImage::from_pixel(7, 5, Rgb([51, 102, 204]));
        let (alpha, [red, green, blue]) = lines.over(&picture);
        let near = |plane: &Plane, value: f32| {
            assert!(plane.values.len() == 35 && plane.values.iter().all(|v| (v - value).abs() < 1e-5), "{plane:?}")
        };
        near(&red, 0.45);
        near(&green, 0.4);
        near(&blue, 0.0);
        near(&alpha, 2.0 * 0.466_667 - 0.5);
    }

    #[test]
    fn between_two_places_lies_their_middle_and_beyond_the_last_its_own() {
        assert_eq!(steps(4, 2), [0.0, 0.25, 0.75, 1.0].map(|part| Step { low: 0, part }));
        let offset: Vec<f32> = [[0.0; 4], [0.0; 4], [0.0; 4], [0.0, 1.0, 0.0, 1.0]].concat();
        let lines = Lines::new(2, 2, vec![0.0; 16], offset).unwrap();
        let (alpha, _) = lines.over(&RgbImage::new(4, 1));
        assert_eq!(alpha.values, [0.0, 0.25, 0.75, 1.0]);
    }
}
