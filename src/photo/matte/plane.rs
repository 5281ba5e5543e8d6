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
    // How far the nearest pixel is that is not set, from the one side and then from the other; no farther than the radius matters.
    let far = radius as u16 + 1;
    let step = |distance: u16, set: bool| if set { (distance + 1).min(far) } else { 0 };
    let mut kept = mask.to_vec();
    let mut line = vec![0u16; width];
    for row in kept.chunks_exact_mut(width.max(1)) {
        let mut distance = far;
        for (known, set) in line.iter_mut().zip(row.iter()) {
            distance = step(distance, *set);
            *known = distance;
        }
        distance = far;
        for (set, known) in row.iter_mut().zip(&line).rev() {
            distance = step(distance, *set);
            *set = distance.min(*known) >= far;
        }
    }
    let across = kept.clone();
    for downwards in [true, false] {
        line.fill(far);
        for index in 0..height {
            let start = if downwards { index } else { height - 1 - index } * width;
            for ((distance, set), keep) in line.iter_mut().zip(&across[start..start + width]).zip(&mut kept[start..start + width]) {
                *distance = step(*distance, *set);
                *keep &= *distance >= far;
            }
        }
    }
    kept
}

/// The parts of a mask that hang together along rows and columns: for every pixel the number of its part from 1 on, 0 outside, and how many
/// parts there are.
#[must_use]
pub fn parts(mask: &[bool], width: usize) -> (Vec<u32>, usize) {
    let mut labels = vec![0u32; mask.len()];
    let mut count = 0;
    let mut stack = Vec::new();
    for start in 0..mask.len() {
        if labels[start] != 0 || !mask[start] {
            continue;
        }
        count += 1;
        labels[start] = count;
        stack.push(start);
        while let Some(at) = stack.pop() {
            for next in neighbours(at, width, mask.len()) {
                if labels[next] == 0 && mask[next] {
                    labels[next] = count;
                    stack.push(next);
                }
            }
        }
    }
    (labels, count as usize)
}

/// The pixels left, right, above and below, as far as the picture goes.
pub fn neighbours(at: usize, width: usize, count: usize) -> impl Iterator<Item = usize> {
    let x = at % width;
    let all =
        [(x > 0).then(|| at - 1), (x + 1 < width).then(|| at + 1), at.checked_sub(width), Some(at + width).filter(|below| *below < count)];
    all.into_iter().flatten()
}

/// Whatever does not hang together with the largest part of the person is no part of it; traces below a fiftieth are noise.
pub fn drop_islands(alpha: &mut Plane) {
    const TRACE: f32 = 0.02;
    let mask: Vec<bool> = alpha.values.iter().map(|value| *value > TRACE).collect();
    let (labels, count) = parts(&mask, alpha.width);
    let mut solid = vec![0usize; count + 1];
    for (value, label) in alpha.values.iter().zip(&labels) {
        solid[*label as usize] += usize::from(*value > 0.5);
    }
    let person = (1..=count).max_by_key(|part| solid[*part]).unwrap_or(0) as u32;
    for (value, label) in alpha.values.iter_mut().zip(labels) {
        if label != person || label == 0 {
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
