//! What phones, rooms and chat apps do to a photo: crop, light, colour, noise, compression, a sensor held sideways.
//!
//! Pure functions over pixels: the same specimen and the same steps give the same photo. Nothing here mirrors.

use std::io::Cursor;

use image::{
    DynamicImage, ImageEncoder, Rgb, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    imageops::FilterType,
};

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alteration {
    /// Keeps the rectangle between these columns and rows.
    Crop { left: u32, top: u32, right: u32, bottom: u32 },
    /// Scales down to this width.
    Shrink { width: u32 },
    /// Multiplies red, green and blue, in per cent; what leaves the range is lost.
    Light { red: u16, green: u16, blue: u16 },
    /// Sensor noise with this standard deviation in levels.
    Noise { levels: u8 },
    /// Drops the colours.
    Greyscale,
}

/// How the altered photo is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    Jpeg {
        quality: u8,
    },
    /// As a phone held sideways stores it: turned by a quarter, with the EXIF orientation that turns it back.
    SidewaysJpeg {
        quality: u8,
    },
    Png,
}

/// Takes a photo through `steps` and stores it. `seed` makes its noise.
///
/// # Errors
/// When the photo cannot be read or stored, which no specimen causes.
pub fn alter(photo: &[u8], steps: &[Alteration], storage: Storage, seed: u64) -> image::ImageResult<Vec<u8>> {
    let picture = image::load_from_memory(photo)?.into_rgb8();
    let picture = steps.iter().fold(picture, |picture, step| apply(picture, *step, seed));
    let mut out = Cursor::new(Vec::new());
    match storage {
        Storage::Jpeg { quality } => write(JpegEncoder::new_with_quality(&mut out, quality), &picture)?,
        Storage::SidewaysJpeg { quality } => {
            let mut encoder = JpegEncoder::new_with_quality(&mut out, quality);
            encoder.set_exif_metadata(EXIF_TURN_CLOCKWISE.to_vec()).map_err(image::ImageError::Unsupported)?;
            write(encoder, &image::imageops::rotate270(&picture))?;
        }
        Storage::Png => write(PngEncoder::new(&mut out), &picture)?,
    }
    Ok(out.into_inner())
}

/// A TIFF header and one directory entry: orientation (0x0112) is 6, "turn clockwise by a quarter to look at it".
const EXIF_TURN_CLOCKWISE: &[u8] = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";

fn write(encoder: impl ImageEncoder, picture: &RgbImage) -> image::ImageResult<()> {
    encoder.write_image(picture, picture.width(), picture.height(), image::ExtendedColorType::Rgb8)
}

fn apply(mut picture: RgbImage, step: Alteration, seed: u64) -> RgbImage {
    match step {
        Alteration::Crop { left, top, right, bottom } => {
            image::imageops::crop_imm(&picture, left, top, right.saturating_sub(left), bottom.saturating_sub(top)).to_image()
        }
        Alteration::Shrink { width } => {
            let height = (u64::from(picture.height()) * u64::from(width)).div_ceil(u64::from(picture.width().max(1)));
            image::imageops::resize(&picture, width, u32::try_from(height).unwrap_or(u32::MAX), FilterType::CatmullRom)
        }
        Alteration::Light { red, green, blue } => {
            let gains = [red, green, blue].map(|percent| f32::from(percent) / 100.0);
            map_levels(&mut picture, |level, channel| level * gains[channel]);
            picture
        }
        Alteration::Noise { levels } => {
            let mut dice = Dice(seed);
            map_levels(&mut picture, |level, _| level + dice.normal() * f32::from(levels));
            picture
        }
        Alteration::Greyscale => DynamicImage::ImageLuma8(DynamicImage::ImageRgb8(picture).into_luma8()).into_rgb8(),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0–255")]
fn map_levels(picture: &mut RgbImage, mut change: impl FnMut(f32, usize) -> f32) {
    for Rgb(levels) in picture.pixels_mut() {
        for (channel, level) in levels.iter_mut().enumerate() {
            *level = change(f32::from(*level), channel).round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// SplitMix64: small, and the same on every machine for ever.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// About normal, standard deviation 1: the sum of four uniform numbers (16 bits each) has variance 4/12.
    fn normal(&mut self) -> f32 {
        let bits = self.next();
        let sum: f32 = (0..4).map(|part| f32::from(u16::try_from((bits >> (16 * part)) & 0xFFFF).expect("sixteen bits")) / 65536.0).sum();
        (sum - 2.0) * 3f32.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::specimens::PEOPLE;

    const MILD: &[Alteration] = &[
        Alteration::Crop { left: 20, top: 30, right: 880, bottom: 1180 },
        Alteration::Light { red: 96, green: 95, blue: 93 },
        Alteration::Noise { levels: 4 },
    ];

    #[test]
    fn the_same_steps_give_the_same_photo_and_another_seed_other_noise() {
        let once = alter(PEOPLE[0].photo, MILD, Storage::Jpeg { quality: 80 }, 1).unwrap();
        assert_eq!(once, alter(PEOPLE[0].photo, MILD, Storage::Jpeg { quality: 80 }, 1).unwrap());
        assert_ne!(once, alter(PEOPLE[0].photo, MILD, Storage::Jpeg { quality: 80 }, 2).unwrap());
    }

    #[test]
    fn a_sideways_photo_comes_upright_by_its_orientation() {
        use image::{ImageDecoder, ImageReader};
        let bytes = alter(PEOPLE[8].photo, &[], Storage::SidewaysJpeg { quality: 90 }, 0).unwrap();
        let mut decoder = ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().into_decoder().unwrap();
        assert_eq!(decoder.dimensions(), (1200, 900));
        let orientation = decoder.orientation().unwrap();
        let mut upright = DynamicImage::from_decoder(decoder).unwrap();
        upright.apply_orientation(orientation);
        let specimen = image::load_from_memory(PEOPLE[8].photo).unwrap().into_rgb8();
        let (width, height) = specimen.dimensions();
        assert_eq!(upright.to_rgb8().dimensions(), (width, height));
        let difference = |other: &RgbImage| specimen.iter().zip(other.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
        let mirrored = image::imageops::flip_horizontal(&specimen);
        assert!(difference(&upright.to_rgb8()) * 3 < difference(&mirrored), "not the way it was taken");
    }

    #[test]
    fn noise_is_as_strong_as_it_says() {
        let grey = RgbImage::from_pixel(200, 200, Rgb([128, 128, 128]));
        let noisy = apply(grey, Alteration::Noise { levels: 6 }, 7);
        let count = f64::from(200 * 200 * 3);
        let mean = noisy.iter().map(|level| f64::from(*level)).sum::<f64>() / count;
        let deviation = (noisy.iter().map(|level| (f64::from(*level) - mean).powi(2)).sum::<f64>() / count).sqrt();
        assert!((mean - 128.0).abs() < 0.2 && (deviation - 6.0).abs() < 0.3, "mean {mean}, deviation {deviation}");
    }
}
