//! What is person and what is wall: a coarse mask of the surroundings to know where to cut, and the fine matte of the crop.

use image::RgbImage;

use super::error::PhotoError;
use super::geometry::{Edges, Head};
use super::guided::Lines;
use super::raster::{self, Beyond, Frame, Quality};
use super::weights::{self, Net, RVM, SELFIE};

const COARSE: u32 = 256;
const FINE_WIDTH: u32 = 480;
const FINE_HEIGHT: u32 = 640;
/// The fine net's lines are known on half the size, without the filter's rim.
const LINES_WIDTH: usize = 238;
const LINES_HEIGHT: usize = 318;
/// A row belongs to the head when the person covers this part of the face's width in it.
const ROW_SHARE: f64 = 0.03;

/// The two nets that see people.
pub struct MatteNets {
    fine: Net,
    coarse: Net,
}

impl MatteNets {
    /// Nothing is loaded yet.
    #[must_use]
    pub const fn new() -> MatteNets {
        MatteNets { fine: Net::new(RVM), coarse: Net::new(SELFIE) }
    }
}

impl Default for MatteNets {
    fn default() -> Self {
        MatteNets::new()
    }
}

/// One value a pixel, rows first.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

impl Plane {
    /// The value at a pixel.
    #[must_use]
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.width + x]
    }

    /// Scaled, bilinear.
    #[must_use]
    pub fn resized(&self, width: usize, height: usize) -> Plane {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let (sx, sy) = (self.width as f32 / width as f32, self.height as f32 / height as f32);
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            let v = ((y as f32 + 0.5) * sy - 0.5).clamp(0.0, (self.height - 1) as f32);
            let (y0, fy) = (v as usize, v.fract());
            let y1 = (y0 + 1).min(self.height - 1);
            for x in 0..width {
                let u = ((x as f32 + 0.5) * sx - 0.5).clamp(0.0, (self.width - 1) as f32);
                let (x0, fx) = (u as usize, u.fract());
                let x1 = (x0 + 1).min(self.width - 1);
                let upper = self.at(x0, y0) * (1.0 - fx) + self.at(x1, y0) * fx;
                let lower = self.at(x0, y1) * (1.0 - fx) + self.at(x1, y1) * fx;
                values.push(upper * (1.0 - fy) + lower * fy);
            }
        }
        Plane { width, height, values }
    }

    /// The first row in which at least `pixels` values above one half lie in `columns`.
    #[must_use]
    pub fn first_row(&self, pixels: f64, columns: std::ops::Range<usize>) -> Option<usize> {
        let need = pixels.max(1.0);
        (0..self.height).find(|y| columns.clone().filter(|x| self.at(*x, *y) > 0.5).count() as f64 >= need)
    }
}

/// What the coarse mask knows of the source: where the hair begins and which edges cut the person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surroundings {
    pub hair_top: f64,
    pub edges: Edges,
}

/// Looks at everything around a head that a crop could show.
///
/// # Errors
/// What the nets' runtime says.
pub fn surroundings(nets: &MatteNets, source: &RgbImage, head: &Head) -> Result<Surroundings, PhotoError> {
    let unit = head.face_width;
    let frame = Frame { x: head.eye_x - 1.8 * unit, y: head.eye_line - 2.2 * unit, width: 3.6 * unit, height: 4.8 * unit };
    let small = raster::cut(source, frame, COARSE, COARSE, Beyond::Edge, Quality::Fast);
    let mask = coarse_mask(nets, &small)?;
    let (width, height) = (f64::from(source.width()), f64::from(source.height()));
    let side = COARSE as usize;
    let (step_x, step_y) = (frame.width / side as f64, frame.height / side as f64);
    // Columns of the head alone: a shoulder or a neighbour may reach higher than a small head.
    let head_columns = (side as f64 * 0.25) as usize..(side as f64 * 0.75) as usize;
    let row = mask.first_row(ROW_SHARE * unit / step_x, head_columns).unwrap_or(0);
    let hair_top = (frame.y + row as f64 * step_y).max(0.0);
    let row_of = |y: f64| ((y - frame.y) / step_y).clamp(0.0, side as f64) as usize;
    let rows = row_of(0.0)..row_of(height);
    let touches = |edge: f64, inward: f64| {
        let column = (edge - frame.x) / step_x + inward;
        (column >= 0.0 && column < side as f64)
            .then(|| rows.clone().find(|y| (*y..(*y + 3).min(rows.end)).all(|y| mask.at(column as usize, y) > 0.5)))
            .flatten()
            .map(|y| frame.y + y as f64 * step_y)
    };
    Ok(Surroundings {
        hair_top,
        edges: Edges { width, height, top: hair_top < step_y * 1.5, left: touches(0.0, 1.0), right: touches(width, -2.0) },
    })
}

fn coarse_mask(nets: &MatteNets, small: &RgbImage) -> Result<Plane, PhotoError> {
    let [values] = nets.coarse.run(raster::channels_last(small, |value| value / 255.0), ["activation_10"])?;
    Ok(Plane { width: COARSE as usize, height: COARSE as usize, values })
}

/// The matte of a crop.
#[derive(Debug, Clone)]
pub struct Matte {
    /// 0 wall, 1 person.
    pub alpha: Plane,
    /// The person's colour without the old wall: red, green, blue, each 0–1.
    pub foreground: [Plane; 3],
    /// Share of the person's area, as either net sees it, on which both agree.
    pub agreement: f64,
}

impl Matte {
    /// The first row of the head in pixels of the crop; `None` when there is no person.
    #[must_use]
    pub fn hair_top(&self, face_width: f64) -> Option<usize> {
        self.alpha.first_row(ROW_SHARE * face_width, 0..self.alpha.width)
    }
}

/// Separates the person from the wall in a crop of `width` × `height` pixels of the source; `chin` is a row of the source.
///
/// # Errors
/// What the nets' runtime says.
pub fn matte(nets: &MatteNets, source: &RgbImage, frame: Frame, chin: f64, width: u32, height: u32) -> Result<Matte, PhotoError> {
    let fine = raster::cut(source, frame, FINE_WIDTH, FINE_HEIGHT, Beyond::Edge, Quality::Fast);
    let small = raster::cut(source, frame, COARSE, COARSE, Beyond::Edge, Quality::Fast);
    let core = coarse_mask(nets, &small)?.resized(FINE_WIDTH as usize, FINE_HEIGHT as usize);
    let (mut alpha, foreground) = fine_matte(nets, &fine)?;
    let agreement = agreement(&alpha, &core);
    let below_chin = ((chin - frame.y) / frame.height * f64::from(FINE_HEIGHT)).clamp(0.0, f64::from(FINE_HEIGHT)) as usize;
    fill_core(&mut alpha, &core, below_chin);
    drop_islands(&mut alpha);
    let size = |plane: Plane| plane.resized(width as usize, height as usize);
    Ok(Matte { alpha: size(alpha), foreground: foreground.map(size), agreement })
}

/// Alpha and the clean colours of a crop of the fine net's size.
fn fine_matte(nets: &MatteNets, fine: &RgbImage) -> Result<(Plane, [Plane; 3]), PhotoError> {
    let [slope, offset] = nets.fine.run(raster::channels_first(fine, |value| value / 255.0), ["slope", "offset"])?;
    let lines = Lines::new(LINES_WIDTH, LINES_HEIGHT, slope, offset);
    let lines = lines.ok_or_else(|| PhotoError::Inference { net: weights::RVM.name, message: "lines of another size".into() })?;
    Ok(lines.over(fine))
}

fn agreement(fine: &Plane, coarse: &Plane) -> f64 {
    let (mut both, mut either) = (0u32, 0u32);
    for (a, b) in fine.values.iter().zip(&coarse.values) {
        both += u32::from(*a > 0.5 && *b > 0.5);
        either += u32::from(*a > 0.5 || *b > 0.5);
    }
    if either == 0 { 0.0 } else { f64::from(both) / f64::from(either) }
}

/// The fine net leaves holes in white shirts before white walls; the coarse one does not. Its sure inside is filled in, well away from edges:
/// around the head far away, because there the edge is hair, below the chin less, because there it is cloth.
fn fill_core(alpha: &mut Plane, core: &Plane, below_chin: usize) {
    let inside = |sure: f32, distance: usize| {
        let mask: Vec<bool> = core.values.iter().map(|value| *value > sure).collect();
        erode(&mask, core.width, core.height, distance)
    };
    let (head, body) = (inside(0.9, 10), inside(0.7, 4));
    let chin = below_chin * alpha.width;
    for (index, value) in alpha.values.iter_mut().enumerate() {
        if head[index] || (index >= chin && body[index]) {
            *value = 1.0;
        }
    }
}

/// Keeps what has only its like within `radius` along both axes; beyond the picture counts as alike.
fn erode(mask: &[bool], width: usize, height: usize, radius: usize) -> Vec<bool> {
    // Along one line: how far the nearest pixel is that is not set, from the one side and then from the other.
    let run = |length: usize, at: &dyn Fn(usize) -> bool| -> Vec<bool> {
        let mut distance = length + radius;
        let mut distances: Vec<usize> = (0..length)
            .map(|index| {
                distance = if at(index) { distance + 1 } else { 0 };
                distance
            })
            .collect();
        distance = length + radius;
        for known in distances.iter_mut().rev() {
            distance = if *known == 0 { 0 } else { distance + 1 };
            *known = distance.min(*known);
        }
        distances.into_iter().map(|distance| distance > radius).collect()
    };
    let mut rows = Vec::with_capacity(mask.len());
    for y in 0..height {
        rows.extend(run(width, &|x| mask[y * width + x]));
    }
    let mut out = vec![false; mask.len()];
    for x in 0..width {
        for (y, keep) in run(height, &|y| rows[y * width + x]).into_iter().enumerate() {
            out[y * width + x] = keep;
        }
    }
    out
}

/// Whatever does not hang together with the largest part of the person is no part of it; traces below a fiftieth are noise.
fn drop_islands(alpha: &mut Plane) {
    const TRACE: f32 = 0.02;
    let (width, height) = (alpha.width, alpha.height);
    let mut label = vec![0u32; alpha.values.len()];
    let mut sizes = vec![0usize];
    let mut stack = Vec::new();
    for start in 0..label.len() {
        if label[start] != 0 || alpha.values[start] <= TRACE {
            continue;
        }
        let name = sizes.len() as u32;
        let mut solid = 0;
        label[start] = name;
        stack.push(start);
        while let Some(at) = stack.pop() {
            solid += usize::from(alpha.values[at] > 0.5);
            let (x, y) = (at % width, at / width);
            let neighbours = [
                (x > 0).then(|| at - 1),
                (x + 1 < width).then(|| at + 1),
                (y > 0).then(|| at - width),
                (y + 1 < height).then(|| at + width),
            ];
            for next in neighbours.into_iter().flatten() {
                if label[next] == 0 && alpha.values[next] > TRACE {
                    label[next] = name;
                    stack.push(next);
                }
            }
        }
        sizes.push(solid);
    }
    let person = (1..sizes.len()).max_by_key(|name| sizes[*name]).unwrap_or(0) as u32;
    for (value, label) in alpha.values.iter_mut().zip(label) {
        if label != person || *value <= TRACE {
            *value = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(rows: &[&[f32]]) -> Plane {
        Plane { width: rows[0].len(), height: rows.len(), values: rows.concat() }
    }

    #[test]
    fn only_the_largest_part_stays() {
        let mut alpha = plane(&[&[0.9, 0.0, 0.0, 1.0], &[0.0, 0.0, 0.3, 1.0], &[0.01, 0.0, 0.0, 1.0]]);
        drop_islands(&mut alpha);
        assert_eq!(alpha, plane(&[&[0.0, 0.0, 0.0, 1.0], &[0.0, 0.0, 0.3, 1.0], &[0.0, 0.0, 0.0, 1.0]]));
    }

    #[test]
    fn the_core_keeps_its_distance_from_edges_but_not_from_the_pictures_rim() {
        let mask: Vec<bool> = (0..7 * 5).map(|index| index % 7 != 0).collect();
        let eroded = erode(&mask, 7, 5, 2);
        assert_eq!(eroded[..7], [false, false, false, true, true, true, true]);
        assert_eq!(eroded[28..], [false, false, false, true, true, true, true]);
    }

    #[test]
    fn a_row_counts_when_it_is_covered_enough() {
        let alpha = plane(&[&[0.0, 0.6, 0.0, 0.0], &[0.4, 0.4, 0.4, 0.4], &[0.0, 0.6, 0.6, 0.0]]);
        assert_eq!(alpha.first_row(0.2, 0..4), Some(0));
        assert_eq!(alpha.first_row(2.0, 0..4), Some(2));
        assert_eq!(alpha.first_row(3.0, 0..4), None);
    }

    #[test]
    fn scaling_keeps_flat_planes_flat() {
        let flat = Plane { width: 4, height: 4, values: vec![0.25; 16] };
        assert!(flat.resized(9, 3).values.iter().all(|value| (value - 0.25).abs() < 1e-6));
    }
}
