//! The faults of a card's picture that its pixels can tell. What they cannot tell stays unknown.

use image::RgbImage;

use super::layout;
use super::locate::{Place, beyond};
use crate::domain::id_card::{CardFault, CardFinding};
use crate::photo::ocr::TextBox;
use crate::photo::raster::{self, Beyond, Frame, Quality};

/// Width of the sharper edges in millimetres. Drawn cards are read up to 0.58 and no longer from 0.68 on: strokes of 0.4 mm run into each other.
const BLURRED: f64 = 0.6;
/// Share of the portrait's inner half, or of the lines of text, that is burnt out.
const GLARE: f64 = 0.04;
/// Brightness of the card's bright parts (90 % are darker). Its paper is nearly white.
const DARK: f64 = 95.0;
/// Spread of colour in the portrait that grey in any tint does not explain, in levels.
const GREY: f64 = 3.5;
/// A corner this far outside the picture, in parts of the card's width.
const OUTSIDE: f64 = 0.006;

/// Every fault word with what was found. `flat` is the card brought to its rectangle, `lines` its lines of text, `size` the picture's.
#[must_use]
pub fn judge(flat: &RgbImage, lines: &[TextBox], place: &Place, size: (u32, u32)) -> Vec<CardFinding> {
    let luma = Luma::of(flat);
    CardFault::ALL
        .into_iter()
        .map(|fault| match fault {
            CardFault::Copy => CardFinding::below(fault, colour(flat), GREY),
            CardFault::Blurred => edge_width(&luma).map_or(CardFinding::unknown(fault), |value| CardFinding::above(fault, value, BLURRED)),
            CardFault::OverExposed => CardFinding::above(fault, burnt(&luma, lines), GLARE),
            CardFault::UnderExposed => CardFinding::below(fault, luma.percentile(0.9), DARK),
            CardFault::BorderIncomplete => border(place, size),
            // A face was found upright on it.
            CardFault::ReversedSide => CardFinding::above(fault, 0.0, 0.5),
            CardFault::Temporary | CardFault::Rephotographed | CardFault::Expired => CardFinding::unknown(fault),
        })
        .collect()
}

/// Without a border that was seen a corner outside the picture is only sure when it is far outside.
fn border(place: &Place, size: (u32, u32)) -> CardFinding {
    let out = beyond(&place.quad, size);
    match place.border {
        Some(_) => CardFinding::above(CardFault::BorderIncomplete, out, OUTSIDE),
        None if out > 0.08 => CardFinding::above(CardFault::BorderIncomplete, out, OUTSIDE),
        None => CardFinding::unknown(CardFault::BorderIncomplete),
    }
}

/// Brightness of the card, its rim left out.
struct Luma {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Luma {
    fn of(flat: &RgbImage) -> Luma {
        let values = flat.pixels().map(|pixel| raster::luma(pixel.0)).collect();
        Luma { width: flat.width() as usize, height: flat.height() as usize, values }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.width + x]
    }

    fn percentile(&self, part: f64) -> f64 {
        let mut some: Vec<f32> = self.values.iter().step_by(7).copied().collect();
        some.sort_by(f32::total_cmp);
        f64::from(some[((some.len() - 1) as f64 * part) as usize])
    }
}

/// Width in millimetres over which the sharper edges of the card change: range over steepest slope in small windows, the sharpest fifth of
/// those with contrast. `None` where too few have any.
fn edge_width(luma: &Luma) -> Option<f64> {
    const SIDE: usize = 30;
    const CONTRAST: f32 = 50.0;
    let (inset_x, inset_y) = (luma.width / 25, luma.height / 25);
    let mut widths = Vec::new();
    for top in (inset_y..luma.height - inset_y - SIDE).step_by(SIDE) {
        for left in (inset_x..luma.width - inset_x - SIDE).step_by(SIDE) {
            let (mut low, mut high, mut steepest) = (f32::MAX, f32::MIN, 0.0f32);
            for y in top..top + SIDE {
                for x in left..left + SIDE {
                    let value = luma.at(x, y);
                    (low, high) = (low.min(value), high.max(value));
                    // Over two pixels: noise of single ones is no edge.
                    let slope = (luma.at(x + 2, y) - luma.at(x - 2, y)).abs().max((luma.at(x, y + 2) - luma.at(x, y - 2)).abs()) / 4.0;
                    steepest = steepest.max(slope);
                }
            }
            if high - low >= CONTRAST {
                widths.push(f64::from((high - low) / steepest.max(0.1)) / layout::PER_MM);
            }
        }
    }
    widths.sort_by(f64::total_cmp);
    (widths.len() >= 20).then(|| widths[widths.len() / 5])
}

/// The larger share of burnt-out pixels: in the face, or in the lines of text. Paper that is burnt out as a whole says nothing about lines.
fn burnt(luma: &Luma, lines: &[TextBox]) -> f64 {
    const BURNT: f32 = 250.0;
    let share = |left: f64, top: f64, right: f64, bottom: f64| {
        let clamp = |value: f64, limit: usize| value.clamp(0.0, limit as f64) as usize;
        let (x0, x1, y0, y1) = (clamp(left, luma.width), clamp(right, luma.width), clamp(top, luma.height), clamp(bottom, luma.height));
        let all = (x1.saturating_sub(x0) * y1.saturating_sub(y0)).max(1);
        let burnt = (y0..y1).map(|y| (x0..x1).filter(|x| luma.at(*x, y) >= BURNT).count()).sum::<usize>();
        burnt as f64 / all as f64
    };
    let (width, height) = (luma.width as f64, luma.height as f64);
    // The middle of the portrait: skin, brows, eyes; its white wall is left out.
    let [left, top, right, bottom] = layout::PORTRAIT;
    let (dx, dy) = ((right - left) * 0.32, (bottom - top) * 0.32);
    let face = share((left + dx) * width, (top + dy) * height, (right - dx) * width, (bottom - dy) * height);
    if luma.percentile(0.6) >= f64::from(BURNT) - 4.0 {
        return face;
    }
    // The number's line has its place whether it is legible or not; other lines only where they were found.
    let row = |y: f64, half: f64, from: f64, to: f64| share(from * width, y - half, to * width, y + half);
    let number = row(layout::NUMBER_LINE * height, 0.05 * height, 0.33, 0.93);
    let others = lines.iter().map(|line| row(line.centre.y, line.height / 2.0, line.left() / width, line.right() / width));
    others.fold(face.max(number), f64::max)
}

/// Spread of colour in the portrait about the line on which a grey picture lies, whatever its tint.
fn colour(flat: &RgbImage) -> f64 {
    let (width, height) = (f64::from(flat.width()), f64::from(flat.height()));
    let [left, top, right, bottom] = layout::PORTRAIT;
    let frame = Frame { x: left * width, y: top * height, width: (right - left) * width, height: (bottom - top) * height };
    let small = raster::cut(flat, frame, 52, 64, Beyond::Edge, Quality::Fast);
    let residual = |difference: &dyn Fn([u8; 3]) -> f64| {
        let n = f64::from(small.width() * small.height());
        let (mut sx, mut sy, mut sxx, mut sxy, mut syy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for pixel in small.pixels() {
            let (x, y) = (f64::from(raster::luma(pixel.0)), difference(pixel.0));
            sx += x;
            sy += y;
            sxx += x * x;
            sxy += x * y;
            syy += y * y;
        }
        let (vx, cov, vy) = (sxx - sx * sx / n, sxy - sx * sy / n, syy - sy * sy / n);
        ((vy - if vx > 0.0 { cov * cov / vx } else { 0.0 }) / n).max(0.0)
    };
    let red = residual(&|[r, g, _]| f64::from(r) - f64::from(g));
    let blue = residual(&|[_, g, b]| f64::from(b) - f64::from(g));
    (red + blue).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    /// Dark bars on bright paper, with edges `soft` pixels wide.
    fn bars(soft: f64) -> RgbImage {
        RgbImage::from_fn(layout::FLAT.0, layout::FLAT.1, |x, _| {
            let along = f64::from(x % 60) - 30.0;
            let value = 40.0 + 180.0 * ((along.abs() - 15.0) / soft + 0.5).clamp(0.0, 1.0);
            Rgb([value as u8, value as u8, (value * 0.9) as u8])
        })
    }

    #[test]
    fn edges_are_as_wide_as_they_were_drawn() {
        for millimetres in [0.3, 0.5, 0.7] {
            let measured = edge_width(&Luma::of(&bars(millimetres * layout::PER_MM))).unwrap();
            assert!((measured - millimetres).abs() < 0.1, "{millimetres}: {measured}");
        }
        assert!(edge_width(&Luma::of(&RgbImage::from_pixel(1284, 810, Rgb([200; 3])))).is_none());
    }

    #[test]
    fn a_tint_is_no_colour() {
        assert!(colour(&bars(4.0)) < 1.5);
        let two = RgbImage::from_fn(1284, 810, |x, _| if x % 60 < 30 { Rgb([200, 150, 120]) } else { Rgb([90, 100, 120]) });
        let three = RgbImage::from_fn(1284, 810, |x, y| if y % 90 < 30 { Rgb([120, 200, 120]) } else { *two.get_pixel(x, y) });
        assert!(colour(&three) > GREY);
    }

    #[test]
    fn glare_counts_where_something_should_be() {
        let mut card = RgbImage::from_pixel(1284, 810, Rgb([220, 225, 220]));
        assert_eq!(burnt(&Luma::of(&card), &[]), 0.0);
        for y in 660..740 {
            for x in 700..900 {
                card.put_pixel(x, y, Rgb([255; 3]));
            }
        }
        assert!(burnt(&Luma::of(&card), &[]) > GLARE);
    }
}
