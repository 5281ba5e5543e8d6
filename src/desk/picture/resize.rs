//! Decoding within limits, and resizing to a box of cells. Pure over bytes; slow, so always called off the loop.

use fast_image_resize::{FilterType, IntoImageView, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image};
use image::{DynamicImage, ImageReader, Limits, RgbImage};

/// A larger side than this is no picture of ours: previews are at most 1200.
const LARGEST_SIDE: u32 = 8192;
/// What decoding one picture may take.
const LARGEST_MEMORY: u64 = 256 << 20;

/// Bytes that are no picture.
#[derive(Debug, thiserror::Error)]
#[error("not a picture")]
pub struct NotAPicture;

/// Decodes a JPEG, PNG or WebP by its content.
///
/// # Errors
/// [`NotAPicture`] for everything else and for what is larger than any picture of ours.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, NotAPicture> {
    let mut reader = ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().map_err(|_| NotAPicture)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(LARGEST_MEMORY);
    reader.limits(limits);
    reader.decode().map(DynamicImage::into_rgb8).map_err(|_| NotAPicture)
}

/// The columns and rows that a picture of `pixels` covers when it fills a box of `cells` as far as its shape allows.
#[must_use]
pub fn fit(pixels: (u32, u32), cells: (u16, u16), cell: (u16, u16)) -> (u16, u16) {
    if pixels.0 == 0 || pixels.1 == 0 || cells.0 == 0 || cells.1 == 0 || cell.0 == 0 || cell.1 == 0 {
        return (0, 0);
    }
    let (width, height) = (f64::from(pixels.0), f64::from(pixels.1));
    let room = (f64::from(cells.0) * f64::from(cell.0), f64::from(cells.1) * f64::from(cell.1));
    let scale = (room.0 / width).min(room.1 / height);
    let count = |length: f64, step: u16, most: u16| {
        let count = (length * scale / f64::from(step)).round();
        // The cast saturates and `most` bounds it.
        (count as u16).clamp(1, most)
    };
    (count(width, cell.0, cells.0), count(height, cell.1, cells.1))
}

/// The picture at exactly `width` × `height` pixels; the shape is the caller's affair.
///
/// # Errors
/// [`NotAPicture`] when a side is zero.
pub fn resize(picture: &RgbImage, width: u32, height: u32) -> Result<RgbImage, NotAPicture> {
    if width == 0 || height == 0 || picture.width() == 0 || picture.height() == 0 {
        return Err(NotAPicture);
    }
    let source = DynamicImage::ImageRgb8(picture.clone());
    debug_assert_eq!(source.pixel_type(), Some(PixelType::U8x3));
    let mut target = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new().resize(&source, &mut target, Some(&options)).map_err(|_| NotAPicture)?;
    RgbImage::from_raw(width, height, target.into_vec()).ok_or(NotAPicture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portrait_fills_the_height_or_the_width() {
        // 480×640 in cells of 9×18: three to four in pixels is three to two in cells.
        assert_eq!(fit((480, 640), (60, 20), (9, 18)), (30, 20));
        assert_eq!(fit((480, 640), (12, 20), (9, 18)), (12, 8));
        assert_eq!(fit((480, 640), (0, 20), (9, 18)), (0, 0));
        assert_eq!(fit((1, 8000), (60, 20), (9, 18)), (1, 20));
    }

    #[test]
    fn a_flat_colour_stays_itself() {
        let flat = RgbImage::from_pixel(90, 120, image::Rgb([100, 197, 255]));
        let small = resize(&flat, 13, 7).unwrap();
        assert!(small.pixels().all(|pixel| pixel.0 == [100, 197, 255]));
        assert!(resize(&flat, 0, 7).is_err());
    }

    #[test]
    fn nonsense_is_no_picture() {
        for bytes in [&b""[..], b"<html>", b"\xff\xd8\xff\xe0garbage", b"\x89PNG\r\n\x1a\n"] {
            assert!(decode(bytes).is_err());
        }
    }
}
