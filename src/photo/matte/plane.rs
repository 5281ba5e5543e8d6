//! Planes of one value a pixel, and what is done to them.

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

/// Keeps what has only its like within `radius` along both axes; beyond the picture counts as alike.
#[must_use]
pub fn erode(mask: &[bool], width: usize, height: usize, radius: usize) -> Vec<bool> {
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
pub fn drop_islands(alpha: &mut Plane) {
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
