//! How bright a picture is, as a histogram: told beside it, computed where it is decoded. Pure.

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::overlay::{BRIGHT, DARK};

/// Bars of the histogram.
pub const BARS: usize = 32;

/// A picture's tones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tones {
    /// From dark to bright, each against the highest: 0–255.
    pub bars: [u8; BARS],
    /// Pixels of which nothing is left, in hundredths of a percent.
    pub bright: u16,
    pub dark: u16,
}

impl Tones {
    /// The tones of a picture; luma by ITU-R BT.709.
    #[must_use]
    pub fn of(picture: &RgbImage) -> Tones {
        let mut counts = [0u32; BARS];
        let (mut bright, mut dark) = (0u64, 0u64);
        for pixel in picture.pixels() {
            let [red, green, blue] = pixel.0.map(u32::from);
            let luma = (red * 2126 + green * 7152 + blue * 722) / 10_000;
            counts[luma as usize * BARS / 256] += 1;
            bright += u64::from(pixel.0.iter().all(|channel| *channel >= BRIGHT));
            dark += u64::from(pixel.0.iter().all(|channel| *channel <= DARK));
        }
        let highest = u64::from(counts.iter().copied().max().unwrap_or(0)).max(1);
        let all = (u64::from(picture.width()) * u64::from(picture.height())).max(1);
        let share = |count: u64| u16::try_from(count * 10_000 / all).unwrap_or(u16::MAX);
        Tones {
            bars: counts.map(|count| u8::try_from(u64::from(count) * 255 / highest).unwrap_or(255)),
            bright: share(bright),
            dark: share(dark),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_white_half_grey_picture() {
        let picture = RgbImage::from_fn(10, 10, |x, _| image::Rgb([if x < 5 { 255 } else { 128 }; 3]));
        let tones = Tones::of(&picture);
        assert_eq!((tones.bars[31], tones.bars[16], tones.bars[0]), (255, 255, 0));
        assert_eq!((tones.bright, tones.dark), (5000, 0));
        assert_eq!(Tones::of(&RgbImage::new(0, 0)), Tones::default());
    }
}
