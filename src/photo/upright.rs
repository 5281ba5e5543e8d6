//! From what a decoder hands over to upright, opaque RGB, hardly ever with the picture held twice: a photo of 100 megapixels is 300 MB.

use image::{ColorType, RgbImage, imageops, metadata::Orientation};

/// Brings decoded samples (rows of pixels, 16-bit ones in the machine's order) to 8-bit RGB and lays transparency on white, as every viewer
/// of a document does. `None` for colours that no decoder of ours gives.
#[must_use]
pub fn opaque_rgb(mut samples: Vec<u8>, colour: ColorType) -> Option<Vec<u8>> {
    match colour {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => {}
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => narrow(&mut samples),
        _ => return None,
    }
    if colour.has_alpha() {
        lay_on_white(&mut samples, usize::from(colour.channel_count()));
    }
    if colour.has_color() {
        return Some(samples);
    }
    let mut rgb = Vec::with_capacity(samples.len() * 3);
    for grey in samples {
        rgb.extend([grey; 3]);
    }
    Some(rgb)
}

/// 16 bits to 8, in place.
fn narrow(samples: &mut Vec<u8>) {
    let count = samples.len() / 2;
    for at in 0..count {
        let wide = u16::from_ne_bytes([samples[2 * at], samples[2 * at + 1]]);
        samples[at] = ((u32::from(wide) + 128) / 257) as u8;
    }
    samples.truncate(count);
    samples.shrink_to_fit();
}

/// Lays pixels of so many channels, the last their opacity, on white, in place.
fn lay_on_white(samples: &mut Vec<u8>, channels: usize) {
    let colours = channels - 1;
    let count = samples.len() / channels;
    for pixel in 0..count {
        let alpha = u32::from(samples[pixel * channels + colours]);
        for channel in 0..colours {
            let colour = u32::from(samples[pixel * channels + channel]);
            samples[pixel * colours + channel] = ((colour * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
    }
    samples.truncate(count * colours);
    samples.shrink_to_fit();
}

/// Turns a picture as its orientation asks.
#[must_use]
pub fn upright(picture: RgbImage, orientation: Orientation) -> RgbImage {
    use Orientation::{FlipHorizontal, FlipVertical, NoTransforms, Rotate90, Rotate90FlipH, Rotate180, Rotate270, Rotate270FlipH};
    // Each quarter turn is rows for columns and a flip.
    let mut picture = match orientation {
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => transposed(picture),
        NoTransforms | Rotate180 | FlipHorizontal | FlipVertical => picture,
    };
    match orientation {
        NoTransforms | Rotate90FlipH => {}
        FlipHorizontal | Rotate90 => imageops::flip_horizontal_in_place(&mut picture),
        FlipVertical | Rotate270 => imageops::flip_vertical_in_place(&mut picture),
        Rotate180 | Rotate270FlipH => imageops::rotate180_in_place(&mut picture),
    }
    picture
}

/// Rows for columns. The picture is taken down from its lower end, a fifth at a time, into strips which are used up at their ends in turn:
/// at no time is there more than a picture and a fifth.
fn transposed(picture: RgbImage) -> RgbImage {
    /// Strips of a picture for which this counts are so large that the system gets back at once what is given up.
    const STRIPS: usize = 5;
    let (width, height) = picture.dimensions();
    let (columns, rows) = (width as usize, height as usize);
    let mut rest = picture.into_raw();
    let total = rest.len();
    let thickness = rows.div_ceil(STRIPS).max(1);
    let mut strips: Vec<(usize, Vec<u8>)> = Vec::with_capacity(STRIPS);
    for top in (0..rows).step_by(thickness).rev() {
        let start = top * columns * 3;
        strips.push(((rows - top).min(thickness) * 3, strip(&rest[start..], columns)));
        rest.truncate(start);
        rest.shrink_to_fit();
    }
    strips.reverse();
    let mut out = Vec::with_capacity(total);
    for row in 0..columns {
        for (length, strip) in &mut strips {
            let start = strip.len() - *length;
            out.extend_from_slice(&strip[start..]);
            strip.truncate(start);
            if row % 64 == 63 {
                strip.shrink_to_fit();
            }
        }
    }
    RgbImage::from_raw(height, width, out).expect("every pixel was moved once")
}

/// Whole rows of pixels as columns, the last column's first.
fn strip(pixels: &[u8], columns: usize) -> Vec<u8> {
    /// Rows that are read side by side, so that neither reading nor writing leaves the cache.
    const TOGETHER: usize = 32;
    let rows = pixels.len() / (columns * 3);
    let mut out = vec![0; pixels.len()];
    for top in (0..rows).step_by(TOGETHER) {
        for column in 0..columns {
            for row in top..(top + TOGETHER).min(rows) {
                let (from, to) = ((row * columns + column) * 3, ((columns - 1 - column) * rows + row) * 3);
                out[to..to + 3].copy_from_slice(&pixels[from..from + 3]);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, ImageBuffer, Rgb};

    #[test]
    fn every_turn_is_the_librarys() {
        for (width, height) in [(1, 1), (7, 3), (3, 70), (130, 41)] {
            let picture = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, (x * 31 + y * 7) as u8]));
            for exif in 1..=8 {
                let orientation = Orientation::from_exif(exif).unwrap();
                let mut expected = DynamicImage::ImageRgb8(picture.clone());
                expected.apply_orientation(orientation);
                assert_eq!(upright(picture.clone(), orientation), expected.into_rgb8(), "{width} × {height}, orientation {exif}");
            }
        }
    }

    #[test]
    fn every_kind_of_sample_becomes_the_librarys_rgb() {
        let wide = ImageBuffer::from_fn(19, 5, |x, y| Rgb([(x * 3449) as u16, (y * 13_107) as u16, (x * 71 + y) as u16]));
        let wide = DynamicImage::ImageRgb16(wide);
        let narrow = DynamicImage::ImageRgb8(wide.to_rgb8());
        let grey = [DynamicImage::ImageLuma8(narrow.to_luma8()), DynamicImage::ImageLuma16(wide.to_luma16())];
        let clear = [DynamicImage::ImageRgba8(narrow.to_rgba8()), DynamicImage::ImageRgba16(wide.to_rgba16())];
        let both = [DynamicImage::ImageLumaA8(narrow.to_luma_alpha8()), DynamicImage::ImageLumaA16(wide.to_luma_alpha16())];
        for picture in [wide, narrow].into_iter().chain(grey).chain(clear).chain(both) {
            let colour = picture.color();
            assert_eq!(opaque_rgb(picture.as_bytes().to_vec(), colour).unwrap(), picture.into_rgb8().into_raw(), "{colour:?}");
        }
        assert_eq!(opaque_rgb(vec![0; 12], ColorType::Rgb32F), None);
    }

    #[test]
    fn what_is_clear_is_white() {
        assert_eq!(
            opaque_rgb(vec![10, 20, 30, 0, 10, 20, 30, 255, 0, 0, 0, 128], ColorType::Rgba8).unwrap(),
            [255, 255, 255, 10, 20, 30, 127, 127, 127]
        );
        assert_eq!(opaque_rgb(vec![10, 0, 40, 255], ColorType::La8).unwrap(), [255, 255, 255, 40, 40, 40]);
    }
}
