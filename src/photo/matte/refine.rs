//! The matte of the final crop. Where the net is sure it stands; in the band between, the colours decide: first by the wall behind and the
//! person beside each pixel, then by closed-form matting from there. What the old wall left in the edge's colours is taken out again.

use image::RgbImage;

use super::closed_form::{self, Colours, Effort};
use super::confidence;
use super::fields::{Field, Hue};
use super::plane::{Plane, drop_islands, erode};
use super::rough::Rough;
use super::{Matte, MatteNets, edge};
use crate::domain::adjustment::MatteWay;
use crate::photo::error::PhotoError;
use crate::photo::raster::Frame;

/// The net's alphas that count as wall and as person.
const WALL: f32 = 0.02;
const PERSON: f32 = 0.98;
/// Pixels that the sure wall and the sure person must keep from everything else: the band is at least their sum wide.
const FROM_WALL: usize = 3;
const FROM_PERSON: usize = 2;
const EFFORT: Effort = Effort { trust: 0.003, steps: 40, tolerance: 1e-3 };
/// Pixels by which net and colours may put the outline apart before the finer net is asked.
const DOUBTFUL: f64 = 1.5;

/// Refines the matte of `crop`, the pixels of `frame` of the source in the finished picture's size, as the engine decides.
///
/// # Errors
/// What the finer net's runtime says, where it is asked.
pub fn refine(nets: &MatteNets, source: &RgbImage, crop: &RgbImage, frame: Frame, rough: &Rough) -> Result<Matte, PhotoError> {
    refine_by(MatteWay::Usual, nets, source, crop, frame, rough)
}

/// The same by the way that a person chose.
///
/// # Errors
/// What the finer net's runtime says, where it is asked.
pub fn refine_by(
    way: MatteWay,
    nets: &MatteNets,
    source: &RgbImage,
    crop: &RgbImage,
    frame: Frame,
    rough: &Rough,
) -> Result<Matte, PhotoError> {
    let pixels = in_floats(crop);
    let usual = || -> Result<(Refined, bool), PhotoError> {
        let first = by_colours(&pixels, rough);
        if first.moved <= DOUBTFUL {
            return Ok((first, false));
        }
        Ok((by_colours(&pixels, &rough.seen_again(nets, source, frame)?), true))
    };
    let (mut refined, second_look) = match way {
        MatteWay::Usual | MatteWay::Harder | MatteWay::Softer => usual()?,
        MatteWay::Net => (by_colours(&pixels, rough), false),
        MatteWay::Finer => (by_colours(&pixels, &rough.seen_again(nets, source, frame)?), true),
    };
    match way {
        // How far the two witnesses are apart stays as it is, whichever of them is believed.
        MatteWay::Net => refined.alpha = rough.alpha.clone(),
        MatteWay::Harder => edge::harder(&mut refined.alpha),
        MatteWay::Softer => edge::softer(&mut refined.alpha),
        MatteWay::Usual | MatteWay::Finer => {}
    }
    Ok(refined.finish(&pixels, second_look))
}

/// Refines without ever asking another net.
#[must_use]
pub fn once(crop: &RgbImage, rough: &Rough) -> Matte {
    let pixels = in_floats(crop);
    by_colours(&pixels, rough).finish(&pixels, false)
}

fn in_floats(crop: &RgbImage) -> Vec<[f32; 3]> {
    crop.pixels().map(|pixel| pixel.0.map(|value| f32::from(value) / 255.0)).collect()
}

/// A refined alpha with the colours that it was found by.
struct Refined {
    alpha: Plane,
    wall: Field,
    person: Field,
    moved: f64,
}

fn by_colours(pixels: &[[f32; 3]], rough: &Rough) -> Refined {
    let net = &rough.alpha;
    let (width, height) = (net.width, net.height);
    let sure = |is: &dyn Fn(f32) -> bool, distance: usize| {
        let mask: Vec<bool> = net.values.iter().map(|value| is(*value)).collect();
        erode(&mask, width, height, distance)
    };
    let (is_wall, is_person) = (sure(&|value| value < WALL, FROM_WALL), sure(&|value| value > PERSON, FROM_PERSON));
    let (wall, person) = (Field::of(pixels, width, &is_wall), Field::of(pixels, width, &is_person));
    let band: Vec<bool> = is_wall.iter().zip(&is_person).map(|(wall, person)| !wall && !person).collect();
    let mut guess: Vec<f32> = is_person.iter().map(|person| f32::from(u8::from(*person))).collect();
    for index in (0..band.len()).filter(|index| band[*index]) {
        let (x, y) = (index % width, index / width);
        guess[index] = by_colour(net.values[index], pixels[index], wall.at(x, y), person.at(x, y));
    }
    let mut solved = closed_form::solve(Colours { width, height, pixels }, &guess, &band, EFFORT).into_iter();
    for (value, _) in guess.iter_mut().zip(&band).filter(|(_, unknown)| **unknown) {
        *value = solved.next().unwrap_or(*value);
    }
    let mut alpha = Plane { width, height, values: guess };
    drop_islands(&mut alpha);
    let moved = confidence::moved(rough.disputed, net, &alpha);
    Refined { alpha, wall, person, moved }
}

/// The place of a colour on the line from the wall's to the person's; believed as far as the two are farther apart than each is spread.
fn by_colour(net: f32, colour: [f32; 3], wall: Hue, person: Hue) -> f32 {
    /// Variance of a camera's noise and a compressor's, over three channels.
    const NOISE: f32 = 0.006;
    let line: [f32; 3] = std::array::from_fn(|channel| person.colour[channel] - wall.colour[channel]);
    let along: f32 = (0..3).map(|channel| (colour[channel] - wall.colour[channel]) * line[channel]).sum();
    let length: f32 = line.iter().map(|value| value * value).sum();
    let belief = length / (length + 4.0 * wall.spread + 2.0 * person.spread + NOISE);
    let place = (along / (length + 1e-6)).clamp(0.0, 1.0);
    net + (place - net) * belief * belief
}

impl Refined {
    fn finish(self, pixels: &[[f32; 3]], second_look: bool) -> Matte {
        let foreground = self
            .alpha
            .values
            .iter()
            .zip(pixels)
            .enumerate()
            .map(|(index, (alpha, colour))| {
                if *alpha <= 0.0 || *alpha >= 1.0 {
                    return *colour;
                }
                let (x, y) = (index % self.alpha.width, index / self.alpha.width);
                without_wall(*alpha, *colour, self.wall.at(x, y).colour, self.person.at(x, y).colour)
            })
            .collect();
        Matte { alpha: self.alpha, foreground, confidence: confidence::confidence(self.moved), second_look }
    }
}

/// The person's colour in a mixed pixel: the person's around, corrected by what the mixture cannot explain.
/// M. Forte, F. Pitié, "Approximate Fast Foreground Colour Estimation" (ICIP 2021).
fn without_wall(alpha: f32, colour: [f32; 3], wall: [f32; 3], person: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|channel| {
        let unexplained = colour[channel] - alpha * person[channel] - (1.0 - alpha) * wall[channel];
        (person[channel] + alpha * unexplained).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Hue = Hue { colour: [1.0; 3], spread: 0.0 };
    const BLACK: Hue = Hue { colour: [0.0; 3], spread: 0.0 };

    #[test]
    fn a_plain_wall_lets_colour_speak_and_a_cluttered_one_the_net() {
        assert!((by_colour(0.9, [0.5; 3], WHITE, BLACK) - 0.5).abs() < 0.01);
        let clutter = Hue { spread: 30.0, ..WHITE };
        assert!((by_colour(0.9, [0.5; 3], clutter, BLACK) - 0.9).abs() < 0.01);
        assert!((by_colour(0.9, [0.9; 3], WHITE, WHITE) - 0.9).abs() < 0.01);
    }

    #[test]
    fn the_wall_is_taken_out_of_a_mixture() {
        let mixed = [0.7; 3];
        let clean = without_wall(0.3, mixed, [1.0; 3], [0.0; 3]);
        assert!(clean.iter().all(|value| value.abs() < 1e-6));
        assert_eq!(without_wall(1.0, mixed, [1.0; 3], [0.0; 3]), mixed);
    }

    /// A dark head before a bright wall whose net saw a soft, displaced edge.
    fn displaced(by: f32) -> (Vec<[f32; 3]>, Rough, Plane) {
        let (width, height) = (80, 60);
        let ramp = |x: usize, edge: f32| ((edge - x as f32) / 4.0 + 0.5).clamp(0.0, 1.0);
        let plane = |edge: f32| Plane { width, height, values: (0..width * height).map(|index| ramp(index % width, edge)).collect() };
        let truth = plane(40.0);
        let pixels = truth.values.iter().map(|alpha| [0.9 - 0.8 * alpha, 0.8 - 0.7 * alpha, 0.7 - 0.4 * alpha]).collect();
        (pixels, Rough { alpha: plane(40.0 + by), disputed: 0.0, core: plane(40.0), chin: 0.5 }, truth)
    }

    #[test]
    fn colours_bring_an_edge_back_and_confidence_says_how_far_it_was_off() {
        let (pixels, rough, truth) = displaced(2.0);
        let matte = by_colours(&pixels, &rough).finish(&pixels, false);
        let worst = matte.alpha.values.iter().zip(&truth.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.1, "{worst}");
        let (pixels, near, _) = displaced(0.0);
        assert!(by_colours(&pixels, &near).finish(&pixels, false).confidence > matte.confidence);
        assert!(matte.foreground.iter().zip(&matte.alpha.values).all(|(colour, alpha)| *alpha < 0.3 || colour[0] < 0.35));
    }

    #[test]
    fn what_is_sure_is_untouched() {
        let (pixels, rough, _) = displaced(0.0);
        let matte = by_colours(&pixels, &rough);
        assert!((0..60).all(|y| matte.alpha.at(30, y) == 1.0 && matte.alpha.at(50, y) == 0.0));
    }
}
