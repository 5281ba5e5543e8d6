//! The person's outline: whether the shoulders are level, and whether the old wall still shows along the edge of a finished picture.

use image::RgbImage;

use super::places::quantile;
use super::{View, judge};
use crate::domain::check::{Check, CheckId, Region};
use crate::photo::face::indices;
use crate::photo::matte::Plane;
use crate::photo::raster;
use crate::photo::standard::Standard;

/// Slope of the shoulders in degrees, positive when the one at image right is lower; unknown where hair, hands or the picture's edge hide them.
#[must_use]
pub fn shoulders(view: &View, standard: &Standard) -> Check {
    let middle = view.face.eye_middle().x;
    let chin = view.face.points[indices::CHIN].y;
    let slope = slope(view.alpha, middle, chin, view.face.face_width());
    let height = f64::from(view.picture.height());
    judge(standard, CheckId::Shoulders, slope).at(Region {
        x: 0.0,
        y: chin.clamp(0.0, height),
        width: f64::from(view.picture.width()),
        height: (height - chin).clamp(0.0, height),
    })
}

/// The median slope between points of the outline that lie equally far left and right of the middle.
fn slope(alpha: &Plane, middle: f64, chin: f64, face_width: f64) -> f64 {
    /// From the neck's side to the shoulder's end, in fiftieths of the face's width.
    const REACH: std::ops::Range<u32> = 31..50;
    const ENOUGH: usize = 6;
    let top = |x: f64| {
        let column = (x >= 0.0 && x < alpha.width as f64).then_some(x as usize)?;
        let body = (0..alpha.height).rev().take_while(|row| alpha.at(column, *row) > 0.5).last()?;
        // What begins above the chin is hair or a hand.
        (body as f64 > chin).then_some(body as f64)
    };
    let mut slopes: Vec<f32> = REACH
        .filter_map(|step| {
            let away = f64::from(step) / 50.0 * face_width;
            let (left, right) = (top((middle - away).round())?, top((middle + away).round())?);
            Some(((right - left) / (2.0 * away)).atan().to_degrees() as f32)
        })
        .collect();
    if slopes.len() < ENOUGH { f64::NAN } else { quantile(&mut slopes, 0.5).unwrap_or(f64::NAN) }
}

/// How much of anything but person and background shows along the outline of a finished picture: the distance in RGB from the nearest
/// mixture of the background with the person's colour a little further inside, at its worst within three pixels of the edge, median over
/// the outline. Old walls and halos are no such mixture. `alpha` is what the background's colour leaves over.
#[must_use]
pub fn matte_edge(picture: &RgbImage, alpha: &Plane, standard: &Standard) -> Check {
    /// An outline shorter than this, or clothes of the background's colour, cannot be judged.
    const ENOUGH: usize = 300;
    let mut residuals = residuals(picture, alpha, standard.background.rgb.map(f32::from));
    let value = if residuals.len() < ENOUGH { f64::NAN } else { quantile(&mut residuals, 0.5).unwrap_or(f64::NAN) };
    judge(standard, CheckId::MatteEdge, value)
}

fn residuals(picture: &RgbImage, alpha: &Plane, background: [f32; 3]) -> Vec<f32> {
    /// Room for the samples inside, and for the picture's rim.
    const RIM: usize = 8;
    /// Person and background nearer than this in RGB cannot be told from a mixture.
    const DISTINCT: f32 = 60.0;
    let person = |x: usize, y: usize| alpha.at(x, y) > 0.5;
    let soft = inward(alpha);
    let mut residuals = Vec::new();
    for y in RIM..alpha.height.saturating_sub(RIM) {
        for x in RIM..alpha.width.saturating_sub(RIM) {
            if !person(x, y) || (person(x - 1, y) && person(x + 1, y) && person(x, y - 1) && person(x, y + 1)) {
                continue;
            }
            let (dx, dy) = soft(x, y);
            let at = |depth: f64| raster::sample(picture, x as f64 + dx * depth, y as f64 + dy * depth);
            let inner = mean([at(7.0), at(9.0), at(11.0)]);
            if length(minus(inner, background)) < DISTINCT {
                continue;
            }
            let worst = [0.0, 1.0, 2.0, 3.0].map(|depth| off_mixture(at(depth), inner, background)).into_iter().fold(0.0, f32::max);
            residuals.push(worst);
        }
    }
    residuals
}

/// The direction into the person at a pixel of the outline: where most person lies in the window around it.
fn inward(alpha: &Plane) -> impl Fn(usize, usize) -> (f64, f64) + '_ {
    const REACH: usize = 4;
    move |x, y| {
        let (mut dx, mut dy) = (0.0, 0.0);
        for v in y - REACH..=y + REACH {
            for u in x - REACH..=x + REACH {
                if alpha.at(u, v) > 0.5 {
                    dx += u as f64 - x as f64;
                    dy += v as f64 - y as f64;
                }
            }
        }
        let length = dx.hypot(dy).max(1e-6);
        (dx / length, dy / length)
    }
}

/// Distance of a colour from the nearest mixture of two others.
fn off_mixture(colour: [f32; 3], a: [f32; 3], b: [f32; 3]) -> f32 {
    let (along, from) = (minus(a, b), minus(colour, b));
    let dot = |p: [f32; 3], q: [f32; 3]| p.iter().zip(q).map(|(p, q)| p * q).sum::<f32>();
    let share = (dot(from, along) / dot(along, along).max(1.0)).clamp(0.0, 1.0);
    length(minus(from, along.map(|value| value * share)))
}

fn minus(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|channel| a[channel] - b[channel])
}

fn length(a: [f32; 3]) -> f32 {
    a.iter().map(|value| value * value).sum::<f32>().sqrt()
}

fn mean(colours: [[f32; 3]; 3]) -> [f32; 3] {
    std::array::from_fn(|channel| colours.iter().map(|colour| colour[channel]).sum::<f32>() / 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::Verdict;
    use image::Rgb;

    /// A head of 200 pixels' width on a body whose shoulders slope.
    fn bust(degrees: f64) -> Plane {
        let rise = degrees.to_radians().tan();
        let shoulder = |x: f64| 460.0 + rise * (x - 240.0);
        let value = |x: usize, y: usize| {
            let (u, v) = (x as f64, y as f64);
            let head = ((u - 240.0) / 100.0).powi(2) + ((v - 280.0) / 140.0).powi(2) < 1.0;
            f32::from(u8::from(head || ((u - 240.0).abs() < 225.0 && v > shoulder(u))))
        };
        Plane { width: 480, height: 640, values: (0..480 * 640).map(|index| value(index % 480, index / 480)).collect() }
    }

    #[test]
    fn the_slope_of_shoulders_is_read_off_the_outline() {
        for degrees in [-12.0, 0.0, 5.0, 12.0] {
            let read = slope(&bust(degrees), 240.0, 420.0, 200.0);
            assert!((read - degrees).abs() < 0.5, "{degrees}: {read}");
        }
    }

    #[test]
    fn hidden_shoulders_are_not_guessed() {
        assert!(slope(&bust(0.0), 240.0, 500.0, 200.0).is_nan());
        assert!(slope(&bust(0.0), 20.0, 420.0, 200.0).is_nan());
    }

    #[test]
    fn a_ring_of_old_wall_is_seen_and_a_clean_edge_is_not() {
        let standard = Standard::default();
        let alpha = bust(0.0);
        let paint = |ring: bool| {
            RgbImage::from_fn(480, 640, |x, y| {
                let at = |dx: i64, dy: i64| {
                    let (u, v) = ((i64::from(x) + dx).clamp(0, 479) as usize, (i64::from(y) + dy).clamp(0, 639) as usize);
                    alpha.at(u, v) > 0.5
                };
                let inner = at(-4, 0) && at(4, 0) && at(0, -4) && at(0, 4);
                Rgb(match (at(0, 0), inner || !ring) {
                    (false, _) => [100, 197, 255],
                    (true, true) => [60, 45, 40],
                    (true, false) => [225, 222, 215],
                })
            })
        };
        assert_eq!(matte_edge(&paint(false), &alpha, &standard).verdict, Verdict::Pass);
        assert_eq!(matte_edge(&paint(true), &alpha, &standard).verdict, Verdict::Fail);
        let nobody = Plane { values: vec![0.0; 480 * 640], ..alpha.clone() };
        assert_eq!(matte_edge(&paint(false), &nobody, &standard).verdict, Verdict::Unknown);
    }
}
