//! HEIC, the iPhone's format: an HEVC still picture, or a grid of them, in a container of boxes. Pixels come out upright.
//!
//! The decoder is `heifer`, all safe Rust. What the file says of its size is held against our limits before any of it is decoded.

use heifer::heifer_hevc_dec as hevc;
use heifer::heifer_isobmff::{self as boxes, HeifFile, boxes::ColorInfo, boxes::Property};
use image::{DynamicImage, RgbImage, RgbaImage};
use moxcms::{CicpColorPrimaries, CicpProfile, ColorProfile, MatrixCoefficients, TransferCharacteristics};

use super::error::PhotoError;
use super::heic_bounds;

/// The largest HEIC that is decoded, in pixels: phones end at 50 megapixels, and a decoder of video keeps more of a picture at once than others.
pub const MAX_PIXELS: u64 = 64_000_000;

/// A decoded picture before its colours are brought to sRGB.
pub struct Decoded {
    /// Upright: the container's own crop, rotation and mirror are applied. An EXIF orientation in the file only repeats these.
    pub picture: DynamicImage,
    /// What its colours mean, unless they are sRGB already.
    pub profile: Option<ColorProfile>,
}

/// Width and height as the container declares them, in the orientation in which the picture is stored.
///
/// # Errors
/// `UnsupportedFormat` for AVIF, `Heic` for other kinds that are not read, `Truncated` and `Damaged`.
pub fn stored_size(file: &HeifFile<'_>) -> Result<(u32, u32), PhotoError> {
    let item = file.primary_item().map_err(container)?;
    match &item.item_type.0 {
        b"grid" => {
            let grid = file.grid(item.id).map_err(container)?;
            Ok((grid.output_width, grid.output_height))
        }
        b"hvc1" | b"iden" | b"iovl" => file.image_size(item.id).map_err(container)?.ok_or(PhotoError::Damaged),
        b"av01" => Err(PhotoError::UnsupportedFormat { format: "AVIF" }),
        _ => Err(PhotoError::Heic),
    }
}

/// Reads the boxes, without a pixel.
///
/// # Errors
/// `Truncated`, `Damaged`, `Heic` for a container of another generation.
pub fn open(bytes: &[u8]) -> Result<HeifFile<'_>, PhotoError> {
    HeifFile::parse(bytes).map_err(container)
}

/// Decodes the main picture.
///
/// # Errors
/// As `open` and `stored_size`; `Heic` for high dynamic range, whose pixels mean light and not sRGB.
pub fn decode(bytes: &[u8]) -> Result<Decoded, PhotoError> {
    let file = open(bytes)?;
    let (width, height) = stored_size(&file)?;
    heic_bounds::check(&file, u64::from(width) * u64::from(height))?;
    let profile = colours(&file)?;
    drop(file);
    let decoded = heifer::decode_rgba8(bytes, &heifer::Options { max_threads: 0, max_pixels: MAX_PIXELS }).map_err(in_our_words)?;
    let (width, height) = (decoded.width, decoded.height);
    let picture = if decoded.has_alpha {
        RgbaImage::from_raw(width, height, decoded.data).map(DynamicImage::ImageRgba8)
    } else {
        RgbImage::from_raw(width, height, decoded.into_rgb8()).map(DynamicImage::ImageRgb8)
    };
    Ok(Decoded { picture: picture.ok_or(PhotoError::Damaged)?, profile })
}

/// An ICC profile counts before the numbers of `nclx`.
fn colours(file: &HeifFile<'_>) -> Result<Option<ColorProfile>, PhotoError> {
    // A grid without a profile has its first tile's.
    let places = std::iter::once(file.primary_id).chain(file.referenced_items(file.primary_id, b"dimg").first().copied());
    let mut numbers = None;
    for place in places {
        for property in file.item_properties(place).map_err(container)? {
            match property {
                // A broken profile is no reason to refuse sound pixels.
                Property::Color(ColorInfo::Icc(profile)) if !profile.is_empty() => return Ok(ColorProfile::new_from_slice(profile).ok()),
                Property::Color(ColorInfo::Nclx { primaries, transfer, .. }) => numbers = numbers.or(Some((*primaries, *transfer))),
                _ => {}
            }
        }
    }
    match numbers {
        // PQ and HLG.
        Some((_, 16 | 18)) => Err(PhotoError::Heic),
        // Display P3, with the curve of sRGB.
        Some((12, _)) => Ok(Some(ColorProfile::new_from_cicp(CicpProfile {
            color_primaries: CicpColorPrimaries::Smpte432,
            transfer_characteristics: TransferCharacteristics::Srgb,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        }))),
        _ => Ok(None),
    }
}

/// Whether an item is the transparency of another.
pub(super) fn is_transparency(file: &HeifFile<'_>, id: u32) -> bool {
    const NAMES: [&str; 2] = ["urn:mpeg:hevc:2015:auxid:1", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"];
    let names = |property: &Property| matches!(property, Property::AuxiliaryType(name) if NAMES.contains(&name.as_str()));
    file.item_properties(id).is_ok_and(|mut properties| properties.any(names))
}

fn in_our_words(error: heifer::Error) -> PhotoError {
    match error {
        heifer::Error::Container(error) => container(error),
        heifer::Error::Hevc(hevc::Error::UnexpectedEof) => PhotoError::Truncated,
        heifer::Error::Hevc(hevc::Error::Unimplemented(_)) | heifer::Error::Unsupported(_) => PhotoError::Heic,
        _ => PhotoError::Damaged,
    }
}

pub(super) fn container(error: boxes::Error) -> PhotoError {
    match error {
        boxes::Error::UnexpectedEof => PhotoError::Truncated,
        boxes::Error::Unimplemented(_) => PhotoError::Heic,
        _ => PhotoError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::{decode, without_location};

    /// A HEIC of one red half and one blue, turned by a quarter, with EXIF that says so too and names a place.
    fn turned() -> Vec<u8> {
        let pixels: Vec<u8> = (0..64 * 48).flat_map(|at| if at % 64 < 32 { [200, 30, 30] } else { [30, 30, 200] }).collect();
        let picture = heifer::Image { width: 64, height: 48, bit_depth: 8, has_alpha: false, data: rgba(&pixels) };
        let mut exif = crate::photo::metadata::minimal_exif(6);
        exif.extend(b"GPS SECRET");
        let metadata = heifer::Metadata { exif: Some(exif), ..heifer::Metadata::default() };
        heifer::encode_with_metadata(&picture, &metadata, &heifer::EncodeOptions::default()).unwrap()
    }

    fn rgba(rgb: &[u8]) -> Vec<u16> {
        rgb.chunks_exact(3).flat_map(|p| [u16::from(p[0]), u16::from(p[1]), u16::from(p[2]), 255]).collect()
    }

    fn holds(bytes: &[u8], secret: &[u8]) -> bool {
        bytes.windows(secret.len()).any(|window| window == secret)
    }

    #[test]
    fn pixels_are_read_and_exif_does_not_turn_them() {
        let source = decode::decode(&turned()).unwrap();
        assert_eq!((source.facts.format.as_str(), source.pixels.dimensions(), source.facts.orientation), ("heic", (64, 48), 1));
        let [red, blue] = [(8, 24), (56, 24)].map(|(x, y)| source.pixels.get_pixel(x, y).0);
        assert!(red[0] > 170 && red[2] < 60 && blue[0] < 60 && blue[2] > 170, "{red:?} {blue:?}");
        assert_eq!(decode::pixels(&turned()), Ok(64 * 48));
    }

    #[test]
    fn the_containers_own_turn_counts() {
        let mut file = turned();
        // The encoder writes no turn: its clean-up of properties is replaced by one, a quarter against the clock.
        let pixi = file.windows(4).position(|at| at == b"pixi").unwrap();
        let size = u32::from_be_bytes(file[pixi - 4..pixi].try_into().unwrap()) as usize;
        file[pixi..pixi + 4].copy_from_slice(b"irot");
        file[pixi + 4..pixi - 4 + size].fill(1);
        let source = decode::decode(&file).unwrap();
        assert_eq!(source.pixels.dimensions(), (48, 64));
        assert!(source.pixels.get_pixel(24, 8).0[2] > 170, "what was right is up");
    }

    #[test]
    fn a_clean_heic_shows_the_same_and_tells_nothing() {
        let file = turned();
        assert!(holds(&file, b"SECRET"));
        let clean = without_location(&file).unwrap();
        assert!(!holds(&clean, b"SECRET"));
        assert_eq!(decode::decode(&clean).unwrap().pixels, decode::decode(&file).unwrap().pixels);
        assert_eq!(without_location(&clean).unwrap(), clean);
    }

    #[test]
    fn data_up_to_the_end_of_the_file_is_not_kept_with_all_that_lies_there() {
        let mut file = turned();
        let length = {
            let opened = open(&file).unwrap();
            let location = opened.primary_item().unwrap().location.clone().unwrap();
            (location.extents[0].length as u32).to_be_bytes()
        };
        let table = file.windows(4).position(|at| at == b"iloc").unwrap();
        let at = table + file[table..].windows(4).position(|at| at == length).unwrap();
        file[at..at + 4].fill(0);
        assert_eq!(without_location(&file).unwrap_err(), PhotoError::Damaged);
    }

    #[test]
    fn what_is_cut_short_or_too_large_is_named() {
        let file = turned();
        for cut in [20, 60, file.len() / 2, file.len() - 8] {
            assert!(decode::decode(&file[..cut]).is_err() && without_location(&file[..cut]).is_err(), "cut to {cut}");
        }
        let mut huge = file;
        let size = huge.windows(4).position(|at| at == b"ispe").unwrap() + 8;
        huge[size..size + 8].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
        assert_eq!(decode::decode(&huge).unwrap_err(), PhotoError::TooManyPixels { limit: 64 });
    }
}
