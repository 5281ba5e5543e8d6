//! The part of a finished picture that is proved: the inside of the face's outline, without what the new background may have touched.

use image::RgbImage;

use crate::domain::check::Region;
use crate::photo::face::{self, Face, Point, indices};
use crate::photo::matte::Plane;

/// A window of the finished picture around the face, and which of its pixels are the face's.
#[derive(Debug, Clone)]
pub struct Area {
    pub x: usize,
    pub y: usize,
    /// 1 on the face, 0 elsewhere.
    pub mask: Plane,
    /// The face's middle in pixels of the picture.
    pub centre: Point,
}

impl Area {
    /// The face in a finished picture.
    #[must_use]
    pub fn of(picture: &RgbImage, face: &Face) -> Area {
        const RIM: f64 = 10.0;
        let outline: Vec<Point> = indices::OVAL.iter().map(|index| face.points[*index]).collect();
        let (min, max) = bounds(&outline);
        let clamp = |value: f64, limit: u32| value.clamp(0.0, f64::from(limit)) as usize;
        let (x, y) = (clamp((min.x - RIM).floor(), picture.width() - 1), clamp((min.y - RIM).floor(), picture.height() - 1));
        let (right, bottom) = (clamp((max.x + RIM).ceil(), picture.width()), clamp((max.y + RIM).ceil(), picture.height()));
        let (width, height) = (right.saturating_sub(x).max(1), bottom.saturating_sub(y).max(1));
        let background = background(picture);
        let mut values = Vec::with_capacity(width * height);
        for row in 0..height {
            for column in 0..width {
                let place = Point { x: (x + column) as f64 + 0.5, y: (y + row) as f64 + 0.5 };
                values.push(if face::holds(&outline, place) { 1.0 } else { 0.0 });
            }
        }
        // Where background shows within the outline the cut runs; it may have touched some pixels around it.
        let shows: Vec<bool> = (0..width * height)
            .map(|index| {
                let pixel = picture.get_pixel((x + index % width) as u32, (y + index / width) as u32).0;
                pixel.iter().zip(background).all(|(a, b)| a.abs_diff(b) < 40)
            })
            .collect();
        let touched = |column: usize, row: usize| {
            const NEAR: usize = 10;
            let columns = column.saturating_sub(NEAR)..(column + NEAR + 1).min(width);
            (row.saturating_sub(NEAR)..(row + NEAR + 1).min(height)).any(|row| shows[row * width..][columns.clone()].contains(&true))
        };
        for row in 0..height {
            for column in 0..width {
                if values[row * width + column] > 0.0 && touched(column, row) {
                    values[row * width + column] = 0.0;
                }
            }
        }
        let centre = Point { x: (min.x + max.x) / 2.0, y: (min.y + max.y) / 2.0 };
        Area { x, y, mask: Plane { width, height, values }, centre }
    }

    /// The window cut out of a plane of the whole picture.
    #[must_use]
    pub fn cut(&self, whole: &Plane) -> Plane {
        let (width, height) = (self.mask.width, self.mask.height);
        let values = (0..width * height).map(|index| whole.at(self.x + index % width, self.y + index / width)).collect();
        Plane { width, height, values }
    }

    /// The pixels of the window that are the face's, as indices.
    pub fn pixels(&self) -> impl Iterator<Item = usize> + '_ {
        self.mask.values.iter().enumerate().filter(|(_, inside)| **inside > 0.5).map(|(index, _)| index)
    }

    /// A square around a pixel of the window, in pixels of the picture.
    #[must_use]
    pub fn region(&self, column: f64, row: f64, half: f64) -> Region {
        Region { x: self.x as f64 + column - half, y: self.y as f64 + row - half, width: half * 2.0, height: half * 2.0 }
    }
}

fn bounds(points: &[Point]) -> (Point, Point) {
    points.iter().fold((Point { x: f64::MAX, y: f64::MAX }, Point { x: f64::MIN, y: f64::MIN }), |(min, max), p| {
        (Point { x: min.x.min(p.x), y: min.y.min(p.y) }, Point { x: max.x.max(p.x), y: max.y.max(p.y) })
    })
}

/// The colour of a finished picture's background: the median of its upper corners, whatever standard it was made for.
fn background(picture: &RgbImage) -> [u8; 3] {
    let (width, side) = (picture.width(), (picture.width().min(picture.height()) / 24).max(1));
    std::array::from_fn(|channel| {
        let mut values: Vec<u8> = (0..side)
            .flat_map(|y| (0..side).chain(width - side..width).map(move |x| (x, y)))
            .map(|(x, y)| picture.get_pixel(x, y).0[channel])
            .collect();
        values.sort_unstable();
        values[values.len() / 2]
    })
}
