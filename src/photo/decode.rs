//! From the bytes of a stranger to upright sRGB pixels, within limits that are checked before memory is given.

use std::io::Cursor;

use image::{ColorType, ImageDecoder, ImageError, Limits, RgbImage, codecs, metadata::Orientation};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::container::{self, Format};
use super::error::PhotoError;
use super::heic;
use super::memory;
use super::upright;
use crate::domain::report::SourceFacts;

/// The largest file that is opened, in bytes.
pub const MAX_BYTES: usize = 40 << 20;

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
    let header = examine(bytes)?;
    match header.format {
        Format::Jpeg => read(codecs::jpeg::JpegDecoder::new(Cursor::new(bytes)), &header, bytes.len()),
        Format::Png => read(png(bytes), &header, bytes.len()),
        Format::WebP => read(codecs::webp::WebPDecoder::new(Cursor::new(bytes)), &header, bytes.len()),
        Format::Heic => {
            let heic::Decoded { picture, profile } = heic::decode(bytes)?;
            let (width, height, colour) = (picture.width(), picture.height(), picture.color());
            let samples = Samples { width, height, colour, data: picture.into_bytes() };
            finish(samples, profile, Orientation::NoTransforms, header.format, bytes.len())
        }
    }
}

/// How many pixels `decode` would hold, by the file's header alone: for whoever must not hold too many at once.
///
/// # Errors
/// What `decode` would say about the header.
pub fn pixels(bytes: &[u8]) -> Result<u64, PhotoError> {
    let header = examine(bytes)?;
    Ok(u64::from(header.width) * u64::from(header.height))
}

/// What a file says of itself before a pixel is decoded, within the limits.
struct Header {
    format: Format,
    width: u32,
    height: u32,
}

fn examine(bytes: &[u8]) -> Result<Header, PhotoError> {
    if bytes.len() > MAX_BYTES {
        return Err(PhotoError::FileTooLarge { limit_mb: (MAX_BYTES >> 20) as u64 });
    }
    let format = container::sniff(bytes)?;
    let answer = |colour: ColorType| u64::from(colour.bytes_per_pixel());
    let ((width, height), bytes_per_pixel) = match format {
        Format::Jpeg => {
            let frame = container::examine_jpeg(bytes)?;
            ((frame.width, frame.height), memory::jpeg(&frame.sampling, frame.several_scans))
        }
        Format::Png => {
            let png = png(bytes).map_err(|error| in_our_words(&error))?;
            (png.dimensions(), answer(png.color_type()))
        }
        Format::WebP => {
            let webp = codecs::webp::WebPDecoder::new(Cursor::new(bytes)).map_err(|error| in_our_words(&error))?;
            (webp.dimensions(), memory::webp(bytes, answer(webp.color_type())))
        }
        // What a HEIC takes depends on what it is made of: see `heic_bounds`.
        Format::Heic => (heic::stored_size(&heic::open(bytes)?)?, answer(ColorType::Rgba8)),
    };
    check_size(format, width, height, bytes_per_pixel)?;
    Ok(Header { format, width, height })
}

fn png(bytes: &[u8]) -> Result<codecs::png::PngDecoder<Cursor<&[u8]>>, ImageError> {
    codecs::png::PngDecoder::with_limits(Cursor::new(bytes), limits())
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(memory::MOST);
    limits
}

/// What a JPEG can say. A longer side, however thin, would cost the scaling down more memory than the picture itself.
const MAX_SIDE: u32 = 65_535;

fn check_size(format: Format, width: u32, height: u32, bytes_per_pixel: u64) -> Result<(), PhotoError> {
    let most = if format == Format::Heic { heic::MAX_PIXELS } else { memory::MAX_PIXELS };
    if width.max(height) > MAX_SIDE {
        return Err(PhotoError::TooManyPixels { limit: most / 1_000_000 });
    }
    memory::check(u64::from(width) * u64::from(height), bytes_per_pixel, most)
}

fn read<D: ImageDecoder>(decoder: Result<D, ImageError>, header: &Header, bytes: usize) -> Result<Source, PhotoError> {
    let mut decoder = decoder.map_err(|error| in_our_words(&error))?;
    decoder.set_limits(limits()).map_err(|error| in_our_words(&error))?;
    let ((width, height), colour) = (decoder.dimensions(), decoder.color_type());
    // The decoder reads the header with eyes of its own.
    if (width, height) != (header.width, header.height) || decoder.total_bytes() > memory::MOST {
        return Err(PhotoError::Damaged);
    }
    // Broken metadata is no reason to refuse sound pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let mut data = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut data).map_err(|error| in_our_words(&error))?;
    let profile = profile.and_then(|profile| ColorProfile::new_from_slice(&profile).ok());
    finish(Samples { width, height, colour, data }, profile, orientation, header.format, bytes)
}

/// What a decoder hands over.
struct Samples {
    width: u32,
    height: u32,
    colour: ColorType,
    data: Vec<u8>,
}

fn finish(
    samples: Samples,
    profile: Option<ColorProfile>,
    orientation: Orientation,
    format: Format,
    bytes: usize,
) -> Result<Source, PhotoError> {
    let rgb = upright::opaque_rgb(samples.data, samples.colour);
    let mut pixels = rgb.and_then(|rgb| RgbImage::from_raw(samples.width, samples.height, rgb)).ok_or(PhotoError::Damaged)?;
    let colour_converted = profile.is_some_and(|profile| to_srgb(&mut pixels, &profile));
    let pixels = upright::upright(pixels, orientation);
    let (width, height) = pixels.dimensions();
    let facts = SourceFacts {
        format: format.name().to_owned(),
        width,
        height,
        bytes: bytes as u64,
        orientation: orientation.to_exif(),
        colour_converted,
    };
    Ok(Source { pixels, facts })
}

fn in_our_words(error: &ImageError) -> PhotoError {
    match error {
        ImageError::Limits(_) => PhotoError::TooManyPixels { limit: memory::MAX_PIXELS / 1_000_000 },
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => PhotoError::Truncated,
        _ => PhotoError::Damaged,
    }
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
    use image::{DynamicImage, ImageFormat, Rgb};

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
        assert_eq!(check_size(Format::Jpeg, MAX_SIDE + 1, 1, 3), Err(PhotoError::TooManyPixels { limit: 100 }), "thin, but dear to scale");
        assert_eq!(decode(&vec![0xFF; MAX_BYTES + 1]).unwrap_err(), PhotoError::FileTooLarge { limit_mb: 40 });
    }

    /// A JPEG that declares so many pixels and three components, sampled so, and has nothing to show for it.
    fn declared(start_of_frame: u8, width: u16, height: u16, brightness: u8) -> Vec<u8> {
        let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
        let mut bytes = vec![0xFF, 0xD8, 0xFF, start_of_frame, 0, 17, 8, h1, h0, w1, w0, 3, 1, brightness, 0, 2, 0x11, 0, 3, 0x11, 0];
        bytes.extend([0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0, 1, 2, 3, 0xFF, 0xD9]);
        bytes
    }

    #[test]
    fn what_takes_more_memory_may_have_fewer_pixels() {
        assert_eq!(pixels(&declared(0xC0, 10_000, 10_000, 0x22)), Ok(100_000_000));
        assert_eq!(pixels(&declared(0xC2, 10_000, 10_000, 0x22)), Err(PhotoError::TooManyPixels { limit: 68 }));
        assert_eq!(pixels(&declared(0xC2, 10_000, 10_000, 0x11)), Err(PhotoError::TooManyPixels { limit: 45 }));
        assert_eq!(pixels(&declared(0xC2, 8000, 6000, 0x22)), Ok(48_000_000), "what phones take");
        let png = |colour: u8, depth: u8| {
            let mut bytes = encoded(&DynamicImage::ImageRgb8(marked()), ImageFormat::Png);
            bytes[16..26].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10, depth, colour]);
            let crc = crate::photo::metadata::crc32(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&crc.to_be_bytes());
            pixels(&bytes)
        };
        const RGB: u8 = 2;
        const RGBA: u8 = 6;
        assert_eq!((png(RGB, 8), png(RGBA, 8)), (Ok(100_000_000), Ok(100_000_000)));
        assert_eq!(png(RGB, 16), Err(PhotoError::TooManyPixels { limit: 68 }));
        assert_eq!(png(RGBA, 16), Err(PhotoError::TooManyPixels { limit: 51 }));
    }
}
