//! Places on the face that checks look at, as points of the mesh, and the pixels there. Nothing here judges.

use image::RgbImage;

use crate::domain::check::Region;
use crate::photo::face::indices::{CHEEK_SKIN, MIDDLE_SKIN, OVAL};
use crate::photo::face::{self, Face, Point};
use crate::photo::raster;

/// Skin below the eyes at image left and right: behind the lenses of whoever wears glasses.
const UNDER_EYES: [[usize; 4]; 2] = [[230, 229, 231, 228], [450, 449, 451, 448]];
/// The rims of the lids at image left and right, all the way round.
const LIDS: [[usize; 16]; 2] = [
    [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246],
    [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466],
];
/// Radius of a patch of skin in parts of the face's width.
const PATCH: f64 = 0.04;
/// Radius of an iris in parts of the face's width: 11.7 mm across on a face of 125 to 150 mm, seen 0.042 to 0.057 in photos.
pub const IRIS: f64 = 0.046;

/// Patches of cheek at image left or right that hair, brows, glasses and beards leave free in most faces.
#[must_use]
pub fn cheek(picture: &RgbImage, face: &Face, side: usize) -> Vec<[u8; 3]> {
    patches(picture, face, &CHEEK_SKIN[side], PATCH)
}

/// Both cheeks, the bridge of the nose and the middle of the forehead.
#[must_use]
pub fn skin(picture: &RgbImage, face: &Face) -> Vec<[u8; 3]> {
    [cheek(picture, face, 0), cheek(picture, face, 1), patches(picture, face, &MIDDLE_SKIN, PATCH)].concat()
}

/// Skin below one eye.
#[must_use]
pub fn under_eye(picture: &RgbImage, face: &Face, side: usize) -> Vec<[u8; 3]> {
    patches(picture, face, &UNDER_EYES[side], 0.025)
}

/// A disc of `radius` (in parts of the face's width) around each iris.
#[must_use]
pub fn around_eyes(picture: &RgbImage, face: &Face, radius: f64) -> [Vec<[u8; 3]>; 2] {
    face.irises.map(|iris| disc(picture, iris, radius * face.face_width()))
}

/// What shows between the lids of both eyes beside the irises, the brighter half of it: the whites.
#[must_use]
pub fn whites(picture: &RgbImage, face: &Face) -> Vec<[u8; 3]> {
    let free = IRIS * 1.1 * face.face_width();
    let mut pixels = Vec::new();
    for (lids, iris) in LIDS.iter().zip(face.irises) {
        let rim: Vec<Point> = lids.iter().map(|index| face.points[*index]).collect();
        pixels.extend(inside(picture, &rim).filter(|(at, _)| (at.x - iris.x).hypot(at.y - iris.y) > free).map(|(_, pixel)| pixel));
    }
    pixels.sort_by(|a, b| raster::luma(*b).total_cmp(&raster::luma(*a)));
    pixels.truncate(pixels.len().div_ceil(2));
    pixels
}

/// Everything within the outline of the face.
#[must_use]
pub fn oval(picture: &RgbImage, face: &Face) -> Vec<[u8; 3]> {
    let rim: Vec<Point> = OVAL.iter().map(|index| face.points[*index]).collect();
    inside(picture, &rim).map(|(_, pixel)| pixel).collect()
}

fn patches(picture: &RgbImage, face: &Face, indices: &[usize], radius: f64) -> Vec<[u8; 3]> {
    indices.iter().flat_map(|index| disc(picture, face.points[*index], radius * face.face_width())).collect()
}

/// The pixels whose middles lie in a polygon, with their middles.
fn inside<'a>(picture: &'a RgbImage, rim: &'a [Point]) -> impl Iterator<Item = (Point, [u8; 3])> + 'a {
    let (columns, rows) = within(picture, region(rim.iter().copied()));
    rows.flat_map(move |y| columns.clone().map(move |x| (x, y))).filter_map(move |(x, y)| {
        let at = Point { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 };
        face::holds(rim, at).then(|| (at, picture.get_pixel(x, y).0))
    })
}

/// The pixels of a disc.
#[must_use]
pub fn disc(picture: &RgbImage, centre: Point, radius: f64) -> Vec<[u8; 3]> {
    let around = Region { x: centre.x - radius, y: centre.y - radius, width: 2.0 * radius, height: 2.0 * radius };
    let (columns, rows) = within(picture, around);
    let mut pixels = Vec::new();
    for y in rows {
        for x in columns.clone() {
            if (f64::from(x) + 0.5 - centre.x).hypot(f64::from(y) + 0.5 - centre.y) <= radius {
                pixels.push(picture.get_pixel(x, y).0);
            }
        }
    }
    pixels
}

/// The columns and rows of a picture that a region covers.
#[must_use]
pub fn within(picture: &RgbImage, region: Region) -> (std::ops::Range<u32>, std::ops::Range<u32>) {
    let clamp = |value: f64, limit: u32| value.clamp(0.0, f64::from(limit)) as u32;
    let (width, height) = picture.dimensions();
    let range = |low: f64, length: f64, limit: u32| clamp(low.floor(), limit)..clamp((low + length).ceil(), limit);
    (range(region.x, region.width, width), range(region.y, region.height, height))
}

/// The columns and rows around a region's middle, at most so many each: enough of a face for measures of neighbours, whatever its size.
#[must_use]
pub fn middle_of(picture: &RgbImage, region: Region, most: u32) -> (std::ops::Range<u32>, std::ops::Range<u32>) {
    let middle = |range: std::ops::Range<u32>| {
        let length = range.end.saturating_sub(range.start).min(most);
        let start = range.start + (range.end.saturating_sub(range.start) - length) / 2;
        start..start + length
    };
    let (columns, rows) = within(picture, region);
    (middle(columns), middle(rows))
}

/// The lumas of a window's lines across it, then of its lines down it.
#[must_use]
pub fn luma_lines(picture: &RgbImage, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> [Vec<Vec<f32>>; 2] {
    let luma = |x: u32, y: u32| raster::luma(picture.get_pixel(x, y).0);
    let across = rows.clone().map(|y| columns.clone().map(|x| luma(x, y)).collect()).collect();
    let down = columns.map(|x| rows.clone().map(|y| luma(x, y)).collect()).collect();
    [across, down]
}

/// The upright box around points of the mesh.
#[must_use]
pub fn region_of(face: &Face, indices: &[usize]) -> Region {
    region(indices.iter().map(|index| face.points[*index]))
}

/// The upright box around the whole face.
#[must_use]
pub fn face_region(face: &Face) -> Region {
    region_of(face, &OVAL)
}

/// The upright box around both eyes with lids and lenses.
#[must_use]
pub fn eye_region(face: &Face) -> Region {
    let [left, right] = face.irises;
    let reach = (right.x - left.x).abs() * 0.35;
    Region {
        x: left.x - reach,
        y: left.y.min(right.y) - reach,
        width: right.x - left.x + 2.0 * reach,
        height: (right.y - left.y).abs() + 2.0 * reach,
    }
}

fn region(points: impl Iterator<Item = Point>) -> Region {
    let (min, max) = points.fold(((f64::MAX, f64::MAX), (f64::MIN, f64::MIN)), |(min, max), p| {
        ((min.0.min(p.x), min.1.min(p.y)), (max.0.max(p.x), max.1.max(p.y)))
    });
    Region { x: min.0, y: min.1, width: max.0 - min.0, height: max.1 - min.1 }
}

/// Lumas of pixels.
#[must_use]
pub fn lumas(pixels: &[[u8; 3]]) -> Vec<f32> {
    pixels.iter().map(|pixel| raster::luma(*pixel)).collect()
}

/// The value below which a share of the values lies; `None` of none.
#[must_use]
pub fn quantile(values: &mut [f32], share: f64) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let index = ((values.len() - 1) as f64 * share).round() as usize;
    let (_, value, _) = values.select_nth_unstable_by(index, f32::total_cmp);
    Some(f64::from(*value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_discs() {
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.5), Some(2.0));
        assert_eq!(quantile(&mut [], 0.5), None);
        let picture = RgbImage::new(10, 10);
        assert_eq!(disc(&picture, Point { x: 5.0, y: 5.0 }, 0.9).len(), 4);
        assert!(disc(&picture, Point { x: -50.0, y: 5.0 }, 3.0).is_empty());
    }

    #[test]
    fn a_window_lies_around_the_middle_and_is_never_larger_than_asked() {
        let picture = RgbImage::from_fn(30, 20, |x, y| image::Rgb([x as u8, y as u8, 0]));
        let region = |x: f64, width: f64| Region { x, y: 4.0, width, height: 10.0 };
        assert_eq!(middle_of(&picture, region(2.0, 20.0), 8), (8..16, 5..13));
        assert_eq!(middle_of(&picture, region(2.0, 20.0), 100), (2..22, 4..14));
        assert_eq!(middle_of(&picture, region(40.0, 20.0), 8).0.len(), 0);
        let [across, down] = luma_lines(&picture, 8..16, 5..9);
        assert_eq!((across.len(), across[0].len(), down.len(), down[0].len()), (4, 8, 8, 4));
        assert_eq!(across[3][2], down[2][3]);
    }

    #[test]
    fn a_polygon_holds_the_pixels_whose_middles_lie_in_it() {
        let picture = RgbImage::new(10, 10);
        let corner = |x: f64, y: f64| Point { x, y };
        let triangle = [corner(0.0, 0.0), corner(8.0, 0.0), corner(0.0, 8.0)];
        assert_eq!(inside(&picture, &triangle).count(), 28);
        let beyond = [corner(20.0, 20.0), corner(30.0, 20.0), corner(20.0, 30.0)];
        assert_eq!(inside(&picture, &beyond).count(), 0);
    }
}
