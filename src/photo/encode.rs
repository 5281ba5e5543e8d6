//! A JPEG of the right density whose size falls into a range, reached by honest means: quality, chroma sampling, restart markers. Never by padding.

use image::RgbImage;
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, EncodingError, PixelDensity, PixelDensityUnit, SamplingFactor};

use super::error::PhotoError;
use super::standard::Standard;

/// A finished file and how it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub jpeg: Vec<u8>,
    pub quality: u8,
    /// Such as `4:4:4`.
    pub sampling: &'static str,
}

/// How a picture is written, but for the quality. Code tables are the standard's own: made for the picture they would come with one scan for
/// each colour, which some readers cannot put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Manner {
    sampling: &'static str,
    /// Restart markers after so many blocks, which let a reader recover from damage.
    restart: Option<u16>,
}

const FULL: Manner = Manner { sampling: "4:4:4", restart: None };
const HALVED: Manner = Manner { sampling: "4:2:0", restart: None };
/// For pictures so plain that even the best quality stays below the range.
const LARGER: [Manner; 2] = [Manner { restart: Some(60), ..FULL }, Manner { restart: Some(8), ..FULL }];
/// Below this, full colour resolution is not worth the loss of quality that it costs.
const WORTH: u8 = 80;

/// Encodes within the standard's range of bytes where that is possible: the highest quality that fits, at full colour resolution if that
/// leaves a good quality. When no quality fits the nearest file is returned, and the check of its size says so.
///
/// # Errors
/// None for pictures whose sides fit in 16 bits.
pub fn encode(picture: &RgbImage, standard: &Standard) -> Result<Encoded, EncodingError> {
    let full = largest_within(picture, standard, FULL)?;
    let fits = |encoded: &Encoded| (standard.file.min_bytes..=standard.file.max_bytes).contains(&encoded.jpeg.len());
    if let Some(full) = &full
        && full.quality >= WORTH
    {
        if fits(full) {
            return Ok(full.clone());
        }
        for manner in LARGER {
            if let Some(larger) = largest_within(picture, standard, manner)?
                && fits(&larger)
            {
                return Ok(larger);
            }
        }
        return Ok(full.clone());
    }
    let halved = largest_within(picture, standard, HALVED)?;
    match (halved, full) {
        (Some(halved), _) if fits(&halved) => Ok(halved),
        (_, Some(full)) => Ok(full),
        (Some(halved), None) => Ok(halved),
        (None, None) => at_quality(picture, standard, HALVED, standard.file.min_quality),
    }
}

/// The file of the highest quality that is not too large; `None` when even the lowest quality allowed is.
///
/// The logarithm of the size is nearly straight over the quality, so the next quality is guessed from the two nearest sizes; where guesses
/// take away less than half of what is left, halving takes over.
fn largest_within(picture: &RgbImage, standard: &Standard, manner: Manner) -> Result<Option<Encoded>, EncodingError> {
    /// Where most portraits end.
    const USUAL: u8 = 90;
    let (mut low, mut high) = (standard.file.min_quality, 100);
    let (mut best, mut too_large): (Option<Encoded>, Option<(u8, usize)>) = (None, None);
    let mut next = USUAL.clamp(low, high);
    while low <= high {
        let left = high - low;
        let encoded = at_quality(picture, standard, manner, next)?;
        if encoded.jpeg.len() <= standard.file.max_bytes {
            low = next + 1;
            best = Some(encoded);
        } else {
            high = next - 1;
            too_large = Some((next, encoded.jpeg.len()));
        }
        if low > high {
            break;
        }
        let guess =
            best.as_ref().zip(too_large).map(|(fits, above)| between((fits.quality, fits.jpeg.len()), above, standard.file.max_bytes));
        let halves = low + (high - low) / 2;
        next = if high - low > left / 2 + 1 { halves } else { guess.unwrap_or(halves).clamp(low, high) };
    }
    Ok(best)
}

/// The quality at which a straight line between two (quality, bytes) reaches `bytes`, bytes by their logarithm.
fn between(fits: (u8, usize), above: (u8, usize), bytes: usize) -> u8 {
    let size = |bytes: usize| (bytes.max(1) as f64).ln();
    let part = (size(bytes) - size(fits.1)) / (size(above.1) - size(fits.1)).max(1e-9);
    (f64::from(fits.0) + part.clamp(0.0, 1.0) * f64::from(above.0 - fits.0)) as u8
}

fn at_quality(picture: &RgbImage, standard: &Standard, manner: Manner, quality: u8) -> Result<Encoded, EncodingError> {
    let mut jpeg = Vec::with_capacity(standard.file.max_bytes * 2);
    let mut encoder = Encoder::new(&mut jpeg, quality);
    encoder.set_density(PixelDensity { density: (standard.picture.dpi, standard.picture.dpi), unit: PixelDensityUnit::Inches });
    encoder.set_sampling_factor(if manner.sampling == "4:4:4" { SamplingFactor::R_4_4_4 } else { SamplingFactor::R_4_2_0 });
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    if let Some(interval) = manner.restart {
        encoder.set_restart_interval(interval);
    }
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    encoder.encode(picture.as_raw(), side(picture.width()), side(picture.height()), ColorType::Rgb)?;
    Ok(Encoded { jpeg, quality, sampling: manner.sampling })
}

/// A JPEG for looking at, without any rule for its size.
pub(super) fn plain_jpeg(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, PhotoError> {
    // JPEG knows no sides above 65,535.
    let (Ok(width), Ok(height)) = (u16::try_from(picture.width()), u16::try_from(picture.height())) else {
        return Err(PhotoError::Damaged);
    };
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, quality.clamp(1, 100));
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.encode(picture.as_raw(), width, height, ColorType::Rgb).map_err(|_| PhotoError::Damaged)?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    /// A picture between flat and noise.
    fn noisy(level: u32) -> RgbImage {
        let mut state = 7u32;
        RgbImage::from_fn(480, 640, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 24) * level / 100;
            Rgb([(x / 4 + noise) as u8, (y / 4) as u8, (100 + noise / 2) as u8])
        })
    }

    #[test]
    fn density_is_written_and_nothing_follows_the_end() {
        let standard = Standard::default();
        let encoded = encode(&noisy(6), &standard).unwrap();
        assert_eq!(encoded.jpeg[6..11], *b"JFIF\0");
        assert_eq!(encoded.jpeg[13..18], [1, 1, 44, 1, 44]);
        assert!(encoded.jpeg.ends_with(&[0xFF, 0xD9]));
    }

    #[test]
    fn every_manner_reads_back_as_what_was_written() {
        let picture = noisy(3);
        let others = [FULL, HALVED].into_iter().chain(LARGER);
        for manner in others {
            let encoded = at_quality(&picture, &Standard::default(), manner, 92).unwrap();
            let back = crate::photo::decode::decode(&encoded.jpeg).unwrap().pixels;
            let off: u64 = picture.as_raw().iter().zip(back.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            assert!(off < 8 * picture.as_raw().len() as u64, "{manner:?} is off by {} in the mean", off / picture.as_raw().len() as u64);
        }
    }

    #[test]
    fn the_next_quality_would_be_too_large() {
        let standard = Standard::default();
        for level in [2, 5, 9, 14, 22] {
            let picture = noisy(level);
            let Some(found) = largest_within(&picture, &standard, HALVED).unwrap() else { continue };
            assert!(found.jpeg.len() <= standard.file.max_bytes);
            if found.quality < 100 {
                let next = at_quality(&picture, &standard, HALVED, found.quality + 1).unwrap();
                assert!(next.jpeg.len() > standard.file.max_bytes, "{level}: {} at {}", next.jpeg.len(), next.quality);
            }
        }
    }

    #[test]
    fn a_plain_picture_is_as_large_as_it_can_honestly_be() {
        let standard = Standard::default();
        let encoded = encode(&RgbImage::from_pixel(480, 640, Rgb([100, 197, 255])), &standard).unwrap();
        assert!(encoded.jpeg.len() < standard.file.min_bytes && encoded.quality == 100);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn sizes_fall_into_the_range_where_they_can(level in 3u32..25) {
            let standard = Standard::default();
            let encoded = encode(&noisy(level), &standard).unwrap();
            prop_assert!(encoded.quality >= standard.file.min_quality);
            if at_quality(&noisy(level), &standard, HALVED, standard.file.min_quality).unwrap().jpeg.len() <= standard.file.max_bytes {
                prop_assert!((standard.file.min_bytes..=standard.file.max_bytes).contains(&encoded.jpeg.len()), "{}", encoded.jpeg.len());
            }
        }
    }
}
