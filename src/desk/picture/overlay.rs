//! Draws the lines of the standard and the marks of clipping into the pixels of a picture, so that every protocol shows them alike. Pure.

use image::{Rgb, RgbImage};

use super::look::{Band, Guides, WHOLE, Window};

/// A channel from here on shows nothing any more, and so do three channels down to `DARK`.
pub const BRIGHT: u8 = 253;
pub const DARK: u8 = 4;

const MEASURED: Rgb<u8> = Rgb([220, 0, 160]);
const CHEEKS: Rgb<u8> = Rgb([255, 140, 0]);
const LIMITS: [Rgb<u8>; 2] = [Rgb([10, 10, 10]), Rgb([245, 245, 245])];
const TOO_BRIGHT: Rgb<u8> = Rgb([255, 0, 0]);
const TOO_DARK: Rgb<u8> = Rgb([0, 0, 255]);

/// Marks the pixels of which the sensor or the file has kept nothing: bright ones red, dark ones blue, striped, so that the stripes tell
/// where colours do not.
pub fn clipping(picture: &mut RgbImage) {
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let stripe = |across: u32| across % 4 < 2;
        if pixel.0.iter().all(|channel| *channel >= BRIGHT) && stripe(x + y) {
            *pixel = TOO_BRIGHT;
        } else if pixel.0.iter().all(|channel| *channel <= DARK) && stripe(x + 4 - y % 4) {
            *pixel = TOO_DARK;
        }
    }
}

/// Draws the guides into the shown part of a picture: measured lines solid, limits dashed in black and white.
pub fn guides(picture: &mut RgbImage, guides: Guides, window: Option<Window>) {
    let window = window.unwrap_or(Window { x: 0, y: 0, width: WHOLE, height: WHOLE });
    let (width, height) = picture.dimensions();
    let across = |at: i32| place(at, window.x, window.width, width);
    let down = |at: i32| place(at, window.y, window.height, height);
    for band in [guides.hair_top, guides.eye_line].into_iter().flatten() {
        lines(band, down, |at, dashed| horizontal(picture, at, dashed));
    }
    if let Some(band) = guides.centre {
        lines(band, across, |at, dashed| vertical(picture, at, if dashed { None } else { Some(MEASURED) }));
    }
    for at in guides.cheeks.into_iter().flat_map(|(left, right)| [left, right]) {
        if let Some(x) = across(at) {
            vertical(picture, x, Some(CHEEKS));
        }
    }
}

/// The pixel of a place, if it is in the shown part.
fn place(at: i32, from: i32, length: i32, pixels: u32) -> Option<u32> {
    let offset = i64::from(at) - i64::from(from);
    if offset < 0 || offset > i64::from(length) || pixels == 0 {
        return None;
    }
    u32::try_from(offset * i64::from(pixels) / i64::from(length.max(1))).ok().map(|pixel| pixel.min(pixels - 1))
}

fn lines(band: Band, place: impl Fn(i32) -> Option<u32>, mut draw: impl FnMut(u32, bool)) {
    for limit in [band.least, band.most].into_iter().flatten().filter_map(&place) {
        draw(limit, true);
    }
    if let Some(at) = place(band.at) {
        draw(at, false);
    }
}

fn horizontal(picture: &mut RgbImage, y: u32, dashed: bool) {
    for x in 0..picture.width() {
        picture.put_pixel(x, y, if dashed { LIMITS[(x / 3 % 2) as usize] } else { MEASURED });
    }
}

fn vertical(picture: &mut RgbImage, x: u32, colour: Option<Rgb<u8>>) {
    for y in 0..picture.height() {
        picture.put_pixel(x, y, colour.unwrap_or(LIMITS[(y / 3 % 2) as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREY: Rgb<u8> = Rgb([128; 3]);

    #[test]
    fn lines_lie_where_they_were_measured_in_the_whole_and_in_a_part() {
        let lines = Guides {
            eye_line: Some(Band { at: 4000, least: Some(3000), most: Some(5000) }),
            cheeks: Some((2500, 7500)),
            ..Guides::default()
        };
        let mut picture = RgbImage::from_pixel(100, 100, GREY);
        guides(&mut picture, lines, None);
        assert_eq!((*picture.get_pixel(0, 40), *picture.get_pixel(25, 0), *picture.get_pixel(75, 99)), (MEASURED, CHEEKS, CHEEKS));
        assert!(
            LIMITS.contains(picture.get_pixel(0, 30)) && LIMITS.contains(picture.get_pixel(0, 50)) && *picture.get_pixel(0, 35) == GREY
        );
        let mut part = RgbImage::from_pixel(100, 100, GREY);
        guides(&mut part, lines, Some(Window { x: 0, y: 3500, width: 2000, height: 1000 }));
        assert_eq!(*part.get_pixel(50, 50), MEASURED);
        assert!(part.enumerate_pixels().all(|(_, y, pixel)| y == 50 || *pixel == GREY), "what lies outside is not drawn");
    }

    #[test]
    fn only_what_is_lost_is_marked() {
        let mut picture = RgbImage::from_fn(8, 8, |x, _| Rgb([[255; 3], [0; 3], [255, 255, 200], [128; 3]][x as usize / 2]));
        clipping(&mut picture);
        let marked = |colour| picture.enumerate_pixels().filter(|(_, _, pixel)| **pixel == colour).map(|(x, ..)| x).collect::<Vec<_>>();
        assert!(!marked(TOO_BRIGHT).is_empty() && marked(TOO_BRIGHT).iter().all(|x| *x < 2));
        assert!(!marked(TOO_DARK).is_empty() && marked(TOO_DARK).iter().all(|x| (2..4).contains(x)));
    }
}
