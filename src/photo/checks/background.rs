//! The wall behind, the background in front, and clothes that would melt into it.

use image::RgbImage;

use super::places::quantile;
use super::{View, judge};
use crate::domain::check::{Check, CheckId, Why};
use crate::photo::face::indices;
use crate::photo::matte::Plane;
use crate::photo::standard::Standard;

/// How uneven the source's wall is: the spread of its most uneven channel, in levels, without the twentieth at either end. It is replaced,
/// but shadows, gradients and things on it make a worse matte.
#[must_use]
pub fn source_background(view: &View, standard: &Standard) -> Check {
    const ENOUGH: usize = 1000;
    let wall: Vec<[u8; 3]> =
        view.picture.pixels().zip(&view.alpha.values).filter(|(_, alpha)| **alpha < 0.02).map(|(pixel, _)| pixel.0).collect();
    if wall.len() < ENOUGH {
        return Check::unknown(CheckId::SourceBackground, Why::NotJudged);
    }
    let spread = |channel: usize| {
        let mut levels: Vec<f32> = wall.iter().map(|pixel| f32::from(pixel[channel])).collect();
        quantile(&mut levels, 0.95).zip(quantile(&mut levels, 0.05)).map_or(f64::NAN, |(high, low)| high - low)
    };
    judge(standard, CheckId::SourceBackground, [0, 1, 2].map(spread).into_iter().fold(f64::NAN, f64::max))
}

/// How near the clothes come to the background: the distance in RGB that four fifths of the clothes keep.
#[must_use]
pub fn clothes_blend(view: &View, standard: &Standard) -> Check {
    let chin = view.face.points[indices::CHIN].y + 0.3 * view.face.face_width();
    let background = standard.background.rgb;
    let mut distances = Vec::new();
    for y in chin.clamp(0.0, f64::from(view.picture.height())) as u32..view.picture.height() {
        for x in 0..view.picture.width() {
            if view.alpha.at(x as usize, y as usize) > 0.95 {
                distances.push(distance(view.picture.get_pixel(x, y).0, background));
            }
        }
    }
    match quantile(&mut distances, 0.2) {
        Some(value) if distances.len() > 1000 => judge(standard, CheckId::ClothesBlend, value),
        _ => Check::unknown(CheckId::ClothesBlend, Why::NotJudged),
    }
}

fn distance(a: [u8; 3], b: [u8; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (f32::from(*a) - f32::from(b)).powi(2)).sum::<f32>().sqrt()
}

/// How true the finished background is to its colour: the deviation that 99 % of the pixels well away from the person keep to.
#[must_use]
pub fn finished_background(picture: &RgbImage, alpha: &Plane, standard: &Standard) -> Check {
    const AWAY: usize = 8;
    let free = |x: usize, y: usize| {
        let near_x = x.saturating_sub(AWAY)..(x + AWAY + 1).min(alpha.width);
        let near_y = y.saturating_sub(AWAY)..(y + AWAY + 1).min(alpha.height);
        near_y.step_by(AWAY).all(|y| near_x.clone().step_by(AWAY).all(|x| alpha.at(x, y) < 0.02))
    };
    let mut deviations = Vec::new();
    for y in (0..picture.height()).step_by(2) {
        for x in (0..picture.width()).step_by(2) {
            if free(x as usize, y as usize) {
                let pixel = picture.get_pixel(x, y).0;
                let off = pixel.iter().zip(standard.background.rgb).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0);
                deviations.push(f32::from(off));
            }
        }
    }
    match quantile(&mut deviations, 0.99) {
        Some(value) if deviations.len() > 500 => judge(standard, CheckId::Background, value),
        _ => Check::unknown(CheckId::Background, Why::NotJudged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::Verdict;
    use image::Rgb;

    #[test]
    fn a_pure_background_passes_and_a_wall_does_not() {
        let standard = Standard::default();
        let alpha = Plane { width: 480, height: 640, values: vec![0.0; 480 * 640] };
        let pure = RgbImage::from_pixel(480, 640, Rgb([100, 197, 255]));
        assert_eq!(finished_background(&pure, &alpha, &standard).verdict, Verdict::Pass);
        let wall = RgbImage::from_pixel(480, 640, Rgb([180, 180, 180]));
        assert_eq!(finished_background(&wall, &alpha, &standard).verdict, Verdict::Fail);
        let person = Plane { values: vec![1.0; 480 * 640], ..alpha };
        assert_eq!(finished_background(&pure, &person, &standard).verdict, Verdict::Unknown);
    }
}
