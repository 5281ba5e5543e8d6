//! From the bytes of a stranger to upright sRGB pixels, within limits that are checked before memory is given.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, Limits, Rgb, RgbImage, codecs, metadata::Orientation};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::container::{self, Format};
use super::error::PhotoError;
use super::heic;
use crate::domain::report::SourceFacts;

/// The largest file that is opened, in bytes.
pub const MAX_BYTES: usize = 40 << 20;
/// The largest picture that is decoded, in pixels.
pub const MAX_PIXELS: u64 = 100_000_000;
/// The most a decoder may allocate: a picture of the largest size in 8-bit RGBA.
const MAX_ALLOCATION: u64 = MAX_PIXELS * 4;

/// A decoded picture: upright, sRGB, opaque.
#[derive(Debug, Clone)]
pub struct Source {
    pub pixels: RgbImage,
    pub facts: SourceFacts,
}

/// Decodes a picture, applies its orientation and its ICC profile and lays transparency on white.
///
/// # Errors
/// Every `PhotoError` but `NoSingleFace` and `Inference`.
pub fn decode(bytes: &[u8]) -> Result<Source, PhotoError> {
    let (format, width, height) = examine(bytes)?;
    check_size(format, width, height)?;
    match format {
        Format::Jpeg => read(codecs::jpeg::JpegDecoder::new(Cursor::new(bytes)), format, bytes.len()),
        Format::Png => read(png(bytes), format, bytes.len()),
        Format::WebP => read(codecs::webp::WebPDecoder::new(Cursor::new(bytes)), format, bytes.len()),
        Format::Heic => {
            let decoded = heic::decode(bytes)?;
            Ok(finish(decoded.picture, decoded.profile, Orientation::NoTransforms, format, bytes.len()))
        }
    }
}

/// How many pixels `decode` would hold, by the file's header alone: for whoever must not hold too many at once.
///
/// # Errors
/// What `decode` would say about the header.
pub fn pixels(bytes: &[u8]) -> Result<u64, PhotoError> {
    let (format, width, height) = examine(bytes)?;
    check_size(format, width, height)?;
    Ok(u64::from(width) * u64::from(height))
}

/// Format, width and height, without a pixel.
fn examine(bytes: &[u8]) -> Result<(Format, u32, u32), PhotoError> {
    if bytes.len() > MAX_BYTES {
        return Err(PhotoError::FileTooLarge { limit_mb: (MAX_BYTES >> 20) as u64 });
    }
    let format = container::sniff(bytes)?;
    let (width, height) = match format {
        Format::Jpeg => container::examine_jpeg(bytes)?,
        Format::Png => png(bytes).map_err(|error| in_our_words(&error))?.dimensions(),
        Format::WebP => codecs::webp::WebPDecoder::new(Cursor::new(bytes)).map_err(|error| in_our_words(&error))?.dimensions(),
        Format::Heic => heic::stored_size(&heic::open(bytes)?)?,
    };
    Ok((format, width, height))
}

fn png(bytes: &[u8]) -> Result<codecs::png::PngDecoder<Cursor<&[u8]>>, ImageError> {
    codecs::png::PngDecoder::with_limits(Cursor::new(bytes), limits())
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOCATION);
    limits
}

/// What a JPEG can say. A longer side, however thin, would cost the scaling down more memory than the picture itself.
const MAX_SIDE: u32 = 65_535;

fn check_size(format: Format, width: u32, height: u32) -> Result<(), PhotoError> {
    let most = if format == Format::Heic { heic::MAX_PIXELS } else { MAX_PIXELS };
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > most {
        return Err(PhotoError::TooManyPixels { limit: most / 1_000_000 });
    }
    Ok(())
}

fn read<D: ImageDecoder>(decoder: Result<D, ImageError>, format: Format, bytes: usize) -> Result<Source, PhotoError> {
    let mut decoder = decoder.map_err(|error| in_our_words(&error))?;
    if decoder.total_bytes() > MAX_ALLOCATION {
        return Err(PhotoError::TooManyPixels { limit: MAX_PIXELS / 1_000_000 });
    }
    decoder.set_limits(limits()).map_err(|error| in_our_words(&error))?;
    // Broken metadata is no reason to refuse sound pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let decoded = DynamicImage::from_decoder(decoder).map_err(|error| in_our_words(&error))?;
    let profile = profile.and_then(|profile| ColorProfile::new_from_slice(&profile).ok());
    Ok(finish(decoded, profile, orientation, format, bytes))
}

fn finish(decoded: DynamicImage, profile: Option<ColorProfile>, orientation: Orientation, format: Format, bytes: usize) -> Source {
    let mut pixels = opaque(decoded);
    let colour_converted = profile.is_some_and(|profile| to_srgb(&mut pixels, &profile));
    let mut upright = DynamicImage::ImageRgb8(pixels);
    upright.apply_orientation(orientation);
    let pixels = upright.into_rgb8();
    let (width, height) = pixels.dimensions();
    let facts = SourceFacts {
        format: format.name().to_owned(),
        width,
        height,
        bytes: bytes as u64,
        orientation: orientation.to_exif(),
        colour_converted,
    };
    Source { pixels, facts }
}

fn in_our_words(error: &ImageError) -> PhotoError {
    match error {
        ImageError::Limits(_) => PhotoError::TooManyPixels { limit: MAX_PIXELS / 1_000_000 },
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => PhotoError::Truncated,
        _ => PhotoError::Damaged,
    }
}

/// Lays transparent pixels on white, as every viewer of a document does.
fn opaque(decoded: DynamicImage) -> RgbImage {
    if !decoded.color().has_alpha() {
        return decoded.into_rgb8();
    }
    let rgba = decoded.into_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, alpha] = rgba.get_pixel(x, y).0;
        let over = |channel: u8| {
            let alpha = u32::from(alpha);
            ((u32::from(channel) * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        Rgb([over(r), over(g), over(b)])
    })
}

/// Brings the pixels to sRGB and says whether it did. A profile that does not fit or that already is sRGB changes nothing.
fn to_srgb(pixels: &mut RgbImage, profile: &ColorProfile) -> bool {
    if profile.color_space != DataColorSpace::Rgb || is_srgb(profile) {
        return false;
    }
    let Ok(transform) = profile.create_transform_8bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default())
    else {
        return false;
    };
    let row_bytes = pixels.width() as usize * 3;
    let mut row = vec![0; row_bytes];
    for line in pixels.as_mut().chunks_exact_mut(row_bytes) {
        row.copy_from_slice(line);
        if transform.transform(&row, line).is_err() {
            return false;
        }
    }
    true
}

/// Whether converting could change nothing: mid-tones of every channel keep their value.
fn is_srgb(profile: &ColorProfile) -> bool {
    let Ok(transform) = profile.create_transform_8bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default())
    else {
        return false;
    };
    let probe: Vec<u8> =
        [[128, 64, 32], [32, 128, 64], [64, 32, 128], [200, 160, 140], [90, 90, 90], [250, 20, 20], [20, 250, 20]].concat();
    let mut out = vec![0; probe.len()];
    transform.transform(&probe, &mut out).is_ok() && probe.iter().zip(&out).all(|(before, after)| before.abs_diff(*after) <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageFormat;

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    /// A picture with a dark corner at the top left and a wide shape, so that every orientation can be told from every other.
    fn marked() -> RgbImage {
        RgbImage::from_fn(24, 16, |x, y| {
            if x < 8 && y < 8 {
                Rgb([0, 0, 0])
            } else if x >= 16 {
                Rgb([255, 0, 0])
            } else {
                Rgb([255; 3])
            }
        })
    }

    #[test]
    fn all_eight_orientations_end_upright() {
        use image::codecs::jpeg::JpegEncoder;
        for exif in 1..=8u8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            // What a camera stores is the upright picture turned the other way.
            let inverse = match orientation {
                Orientation::Rotate90 => Orientation::Rotate270,
                Orientation::Rotate270 => Orientation::Rotate90,
                other => other,
            };
            let mut stored = DynamicImage::ImageRgb8(marked());
            stored.apply_orientation(inverse);
            let mut bytes = Vec::new();
            JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(&stored.into_rgb8()).unwrap();
            let tagged = crate::photo::metadata::tests::with_exif(&bytes, &crate::photo::metadata::minimal_exif(exif));
            let source = decode(&tagged).unwrap();
            assert_eq!((source.facts.orientation, source.pixels.dimensions()), (exif, (24, 16)), "orientation {exif}");
            assert!(source.pixels.get_pixel(2, 2).0.iter().all(|c| *c < 60), "orientation {exif}");
            assert!(source.pixels.get_pixel(2, 13).0.iter().all(|c| *c > 200), "orientation {exif}");
        }
    }

    #[test]
    fn transparency_lies_on_white_and_sixteen_bits_are_read() {
        let clear = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(3, 3, image::Rgba([10, 20, 30, 0])));
        assert_eq!(decode(&encoded(&clear, ImageFormat::Png)).unwrap().pixels.get_pixel(1, 1).0, [255; 3]);
        let deep = DynamicImage::ImageRgb16(image::ImageBuffer::from_pixel(3, 3, Rgb([65535, 0, 32768])));
        assert_eq!(decode(&encoded(&deep, ImageFormat::Png)).unwrap().pixels.get_pixel(1, 1).0, [255, 0, 128]);
    }

    #[test]
    fn what_is_cut_short_is_named_and_never_shown_half() {
        let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(64, 64, |x, y| Rgb([(x * 4) as u8, (y * 4) as u8, (x * y) as u8])));
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let bytes = encoded(&picture, format);
            assert!(decode(&bytes).is_ok());
            for cut in [1, 3, 20, bytes.len() / 2, bytes.len() - 8] {
                assert!(decode(&bytes[..cut]).is_err(), "{format:?} cut to {cut}");
            }
        }
    }

    #[test]
    fn a_huge_picture_is_refused_by_its_header() {
        // 20,000 × 20,000 pixels, declared in a few bytes.
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0x4E, 0x20, 0x4E, 0x20, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
        bytes.extend([0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0, 1, 2, 3, 0xFF, 0xD9]);
        assert_eq!(decode(&bytes).unwrap_err(), PhotoError::TooManyPixels { limit: 100 });
        assert_eq!(check_size(Format::Jpeg, MAX_SIDE + 1, 1), Err(PhotoError::TooManyPixels { limit: 100 }), "thin, but dear to scale");
        assert_eq!(decode(&vec![0xFF; MAX_BYTES + 1]).unwrap_err(), PhotoError::FileTooLarge { limit_mb: 40 });
    }
}
