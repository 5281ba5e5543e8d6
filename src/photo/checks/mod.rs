//! Checks: small functions from pixels and points to one number each, held against the standard's limits.

mod background;
mod blur;
mod file;
mod light;
mod person;

pub use background::finished_background;
pub use file::file_checks;
pub use person::{bearing, geometry};

use image::RgbImage;

use super::face::{Face, Point};
use super::matte::Plane;
use super::standard::Standard;
use crate::domain::check::{Check, CheckId, Region, Why};

/// What most checks look at: the crop in the size of the finished picture with the source's own pixels, the face in it and the matte.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub picture: &'a RgbImage,
    pub face: &'a Face,
    pub alpha: &'a Plane,
}

/// Every check of a crop with the source's own pixels that needs no more than the view.
#[must_use]
pub fn of_source(view: &View, standard: &Standard) -> Vec<Check> {
    let mut all = of_finished(view, standard);
    all.push(background::source_background(view, standard));
    all
}

/// Every check of the person, in a source's crop as in a finished picture.
#[must_use]
pub fn of_finished(view: &View, standard: &Standard) -> Vec<Check> {
    let mut all = person::pose(view, standard);
    all.extend(light::light(view, standard));
    all.push(blur::blur(view, standard));
    all.push(background::clothes_blend(view, standard));
    all
}

/// Holds a value against the standard's limits of its check.
#[must_use]
pub fn judge(standard: &Standard, id: CheckId, value: f64) -> Check {
    if !value.is_finite() {
        return Check::unknown(id, Why::NotJudged);
    }
    let limits = standard.limits(id);
    Check::judge(id, value, limits.warn, limits.fail)
}

/// The pixels of a disc.
fn disc(picture: &RgbImage, centre: Point, radius: f64) -> Vec<[u8; 3]> {
    let range = |middle: f64, limit: u32| {
        let low = (middle - radius).floor().clamp(0.0, f64::from(limit)) as u32;
        let high = (middle + radius).ceil().clamp(0.0, f64::from(limit)) as u32;
        low..high
    };
    let mut pixels = Vec::new();
    for y in range(centre.y, picture.height()) {
        for x in range(centre.x, picture.width()) {
            if (f64::from(x) + 0.5 - centre.x).hypot(f64::from(y) + 0.5 - centre.y) <= radius {
                pixels.push(picture.get_pixel(x, y).0);
            }
        }
    }
    pixels
}

/// The value below which a share of the values lies; `None` of none.
fn quantile(values: &mut [f32], share: f64) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let index = ((values.len() - 1) as f64 * share).round() as usize;
    let (_, value, _) = values.select_nth_unstable_by(index, f32::total_cmp);
    Some(f64::from(*value))
}

/// The upright box around points of the mesh.
fn region_of(face: &Face, indices: &[usize]) -> Region {
    let points = indices.iter().map(|index| face.points[*index]);
    let (min, max) = points.fold(((f64::MAX, f64::MAX), (f64::MIN, f64::MIN)), |(min, max), p| {
        ((min.0.min(p.x), min.1.min(p.y)), (max.0.max(p.x), max.1.max(p.y)))
    });
    Region { x: min.0, y: min.1, width: max.0 - min.0, height: max.1 - min.1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::Verdict;

    #[test]
    fn what_is_no_number_is_unknown() {
        assert_eq!(judge(&Standard::default(), CheckId::Blur, f64::NAN).verdict, Verdict::Unknown);
    }

    #[test]
    fn quantiles_and_discs() {
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.5), Some(2.0));
        assert_eq!(quantile(&mut [], 0.5), None);
        let picture = RgbImage::new(10, 10);
        assert_eq!(disc(&picture, Point { x: 5.0, y: 5.0 }, 0.9).len(), 4);
        assert!(disc(&picture, Point { x: -50.0, y: 5.0 }, 3.0).is_empty());
    }
}
