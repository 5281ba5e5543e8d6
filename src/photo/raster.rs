//! Cutting rectangles out of pictures and scaling them, and turning pixels into what nets eat.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;
use rten_tensor::NdTensor;

/// An upright rectangle in source pixels, edges and not centres; it may reach beyond the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// What lies beyond the edges of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// Its edge pixels, repeated.
    Edge,
    /// One colour.
    Colour([u8; 3]),
}

/// How to scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// For nets.
    Fast,
    /// For people.
    Fine,
}

/// Cuts `frame` out of `source` and scales it to `width` × `height`, to fractions of a pixel.
#[must_use]
pub fn cut(source: &RgbImage, frame: Frame, width: u32, height: u32, beyond: Beyond, quality: Quality) -> RgbImage {
    let (sx, sy) = (frame.width / f64::from(width), frame.height / f64::from(height));
    let columns = inside(frame.x, sx, width, source.width());
    let rows = inside(frame.y, sy, height, source.height());
    let fill = match beyond {
        Beyond::Colour(rgb) => rgb,
        Beyond::Edge => [128; 3],
    };
    let mut out = RgbImage::from_pixel(width, height, image::Rgb(fill));
    let (inner_width, inner_height) = (columns.len() as u32, rows.len() as u32);
    if inner_width == 0 || inner_height == 0 {
        return out;
    }
    let x = (frame.x + f64::from(columns.start) * sx).max(0.0);
    let y = (frame.y + f64::from(rows.start) * sy).max(0.0);
    let crop_width = (f64::from(inner_width) * sx).min(f64::from(source.width()) - x);
    let crop_height = (f64::from(inner_height) * sy).min(f64::from(source.height()) - y);
    let inner = scale(source, Frame { x, y, width: crop_width, height: crop_height }, inner_width, inner_height, quality);
    let stride = width as usize * 3;
    for (row, line) in inner.chunks_exact(inner_width as usize * 3).enumerate() {
        let at = (rows.start as usize + row) * stride + columns.start as usize * 3;
        out.as_mut()[at..at + line.len()].copy_from_slice(line);
    }
    if beyond == Beyond::Edge {
        repeat_edges(&mut out, &columns, &rows);
    }
    out
}

/// The output pixels of one axis that lie wholly inside the source.
fn inside(start: f64, step: f64, count: u32, limit: u32) -> std::ops::Range<u32> {
    const TINY: f64 = 1e-6;
    let first = ((-start / step) - TINY).ceil().clamp(0.0, f64::from(count)) as u32;
    let last = (((f64::from(limit) - start) / step) + TINY).floor().clamp(0.0, f64::from(count)) as u32;
    first..last.max(first)
}

fn scale(source: &RgbImage, frame: Frame, width: u32, height: u32, quality: Quality) -> Vec<u8> {
    let algorithm = match quality {
        Quality::Fast => ResizeAlg::Convolution(FilterType::Bilinear),
        Quality::Fine => ResizeAlg::Convolution(FilterType::CatmullRom),
    };
    let view = ImageRef::new(source.width(), source.height(), source.as_raw(), PixelType::U8x3).expect("an RgbImage has its bytes");
    let mut out = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(algorithm).crop(frame.x, frame.y, frame.width, frame.height).use_alpha(false);
    match Resizer::new().resize(&view, &mut out, &options) {
        Ok(()) => out.into_vec(),
        // Only a frame outside the picture can fail, and `cut` keeps it inside; a grey patch is better than a panic all the same.
        Err(_) => vec![128; width as usize * height as usize * 3],
    }
}

fn repeat_edges(out: &mut RgbImage, columns: &std::ops::Range<u32>, rows: &std::ops::Range<u32>) {
    for y in rows.clone() {
        let (first, last) = (*out.get_pixel(columns.start, y), *out.get_pixel(columns.end - 1, y));
        for x in 0..columns.start {
            out.put_pixel(x, y, first);
        }
        for x in columns.end..out.width() {
            out.put_pixel(x, y, last);
        }
    }
    let stride = out.width() as usize * 3;
    let (first, last) = (rows.start as usize, rows.end as usize - 1);
    for y in (0..first).chain(last + 1..out.height() as usize) {
        let from = if y < first { first } else { last };
        out.as_mut().copy_within(from * stride..(from + 1) * stride, y * stride);
    }
}

/// Scales a whole picture into a box without enlarging it.
#[must_use]
pub fn fit(source: &RgbImage, max_width: u32, max_height: u32) -> RgbImage {
    let (width, height) = source.dimensions();
    let ratio = (f64::from(max_width) / f64::from(width)).min(f64::from(max_height) / f64::from(height)).min(1.0);
    let size = |side: u32| ((f64::from(side) * ratio).round() as u32).max(1);
    let whole = Frame { x: 0.0, y: 0.0, width: f64::from(width), height: f64::from(height) };
    if ratio >= 1.0 { source.clone() } else { cut(source, whole, size(width), size(height), Beyond::Edge, Quality::Fine) }
}

/// Samples `source` at a place between pixel centres, its edges repeated.
#[must_use]
pub fn sample(source: &RgbImage, x: f64, y: f64) -> [f32; 3] {
    let (max_x, max_y) = (f64::from(source.width() - 1), f64::from(source.height() - 1));
    let (x, y) = (x.clamp(0.0, max_x), y.clamp(0.0, max_y));
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = ((x - x0) as f32, (y - y0) as f32);
    let (x0, y0) = (x0 as u32, y0 as u32);
    let (x1, y1) = ((x0 + 1).min(source.width() - 1), (y0 + 1).min(source.height() - 1));
    let pixel = |x, y| source.get_pixel(x, y).0.map(f32::from);
    let (a, b, c, d) = (pixel(x0, y0), pixel(x1, y0), pixel(x0, y1), pixel(x1, y1));
    std::array::from_fn(|i| (a[i] * (1.0 - fx) + b[i] * fx) * (1.0 - fy) + (c[i] * (1.0 - fx) + d[i] * fx) * fy)
}

/// [1, height, width, 3] with every channel value passed through `value`.
#[must_use]
pub fn channels_last(picture: &RgbImage, value: impl Fn(f32) -> f32) -> NdTensor<f32, 4> {
    let data: Vec<f32> = picture.as_raw().iter().map(|channel| value(f32::from(*channel))).collect();
    NdTensor::from_data([1, picture.height() as usize, picture.width() as usize, 3], data)
}

/// [1, 3, height, width] with every channel value passed through `value`.
#[must_use]
pub fn channels_first(picture: &RgbImage, value: impl Fn(f32) -> f32) -> NdTensor<f32, 4> {
    let count = (picture.width() * picture.height()) as usize;
    let mut data = vec![0.0; count * 3];
    for (index, pixel) in picture.as_raw().chunks_exact(3).enumerate() {
        for channel in 0..3 {
            data[channel * count + index] = value(f32::from(pixel[channel]));
        }
    }
    NdTensor::from_data([1, 3, picture.height() as usize, picture.width() as usize], data)
}

/// Luma of a pixel (BT.601), 0–255.
#[must_use]
pub fn luma([r, g, b]: [u8; 3]) -> f32 {
    0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    fn gradient() -> RgbImage {
        RgbImage::from_fn(40, 30, |x, y| Rgb([(x * 6) as u8, (y * 8) as u8, 0]))
    }

    #[test]
    fn the_whole_at_its_own_size_is_the_picture() {
        let whole = Frame { x: 0.0, y: 0.0, width: 40.0, height: 30.0 };
        assert_eq!(cut(&gradient(), whole, 40, 30, Beyond::Edge, Quality::Fine), gradient());
    }

    #[test]
    fn beyond_the_edge_lies_what_was_asked_for() {
        let frame = Frame { x: -10.0, y: -10.0, width: 60.0, height: 50.0 };
        let coloured = cut(&gradient(), frame, 60, 50, Beyond::Colour([1, 2, 3]), Quality::Fast);
        assert_eq!(coloured.get_pixel(0, 0).0, [1, 2, 3]);
        let repeated = cut(&gradient(), frame, 60, 50, Beyond::Edge, Quality::Fast);
        assert_eq!(repeated.get_pixel(0, 20), gradient().get_pixel(0, 10));
        assert_eq!(repeated.get_pixel(59, 49), gradient().get_pixel(39, 29));
    }

    proptest! {
        #[test]
        fn any_frame_gives_the_size_asked_for(x in -100.0..100.0f64, y in -100.0..100.0f64, w in 0.5..200.0f64, h in 0.5..200.0f64) {
            let out = cut(&gradient(), Frame { x, y, width: w, height: h }, 17, 23, Beyond::Edge, Quality::Fine);
            prop_assert_eq!(out.dimensions(), (17, 23));
        }
    }
}
