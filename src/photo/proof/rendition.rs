//! What an honest engine would have written: the drawn source in place of the face, compressed with the finished file's own tables.

use image::{Rgb, RgbImage};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, QuantizationTableType, SamplingFactor};

use super::region::Area;
use crate::photo::matte::Plane;
use crate::photo::{container, decode};

/// Quantization tables and chroma sampling of a JPEG.
struct Manner {
    tables: [Box<[u16; 64]>; 2],
    sampling: SamplingFactor,
}

/// The order in which a JPEG writes the 64 coefficients.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56,
    57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

impl Manner {
    /// As the file's own segments say; `None` for what is no JPEG or too unusual to be imitated.
    fn of(bytes: &[u8]) -> Option<Manner> {
        if !bytes.starts_with(&[0xFF, 0xD8]) {
            return None;
        }
        let mut tables: [Option<Box<[u16; 64]>>; 2] = [None, None];
        let mut sampling = None;
        for segment in container::jpeg_layout(bytes).segments {
            let mut payload = &bytes[segment.payload];
            match segment.marker {
                0xDB => {
                    while let [kind, rest @ ..] = payload {
                        let wide = kind >> 4 != 0;
                        let length = if wide { 128 } else { 64 };
                        let (Some(values), name) = (rest.get(..length), usize::from(kind & 15)) else { break };
                        let mut table = Box::new([1u16; 64]);
                        for (at, place) in ZIGZAG.iter().enumerate() {
                            let value = if wide { u16::from_be_bytes([values[at * 2], values[at * 2 + 1]]) } else { u16::from(values[at]) };
                            table[*place] = value.max(1);
                        }
                        if let Some(slot) = tables.get_mut(name) {
                            *slot = Some(table);
                        }
                        payload = &rest[length..];
                    }
                }
                0xC0..=0xC2 => {
                    // Precision, height, width, number of colours, then name, sampling and table of each.
                    let [_, _, _, _, _, 3, _, first, ..] = *payload else { return None };
                    sampling = SamplingFactor::from_factors(first >> 4, first & 15);
                }
                _ => {}
            }
        }
        let [luma, chroma] = tables;
        let luma = luma?;
        Some(Manner { tables: [luma.clone(), chroma.unwrap_or(luma)], sampling: sampling? })
    }
}

/// The face as it would look had the drawn source been written like the finished file: the same neighbourhood, tables and sampling. A
/// finished picture that is no JPEG lost nothing, so the drawn source itself is returned.
#[must_use]
pub fn compressed(finished: &RgbImage, bytes: &[u8], drawn: &[Plane; 3], area: &Area) -> [Plane; 3] {
    imitate(finished, bytes, drawn, area).unwrap_or_else(|| drawn.clone())
}

fn imitate(finished: &RgbImage, bytes: &[u8], drawn: &[Plane; 3], area: &Area) -> Option<[Plane; 3]> {
    let manner = Manner::of(bytes)?;
    let mut whole = finished.clone();
    for index in area.pixels() {
        let (x, y) = (area.x + index % area.mask.width, area.y + index / area.mask.width);
        whole.put_pixel(x as u32, y as u32, Rgb([0, 1, 2].map(|channel| drawn[channel].values[index].round().clamp(0.0, 255.0) as u8)));
    }
    let (width, height) = (u16::try_from(whole.width()).ok()?, u16::try_from(whole.height()).ok()?);
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 100);
    let [luma, chroma] = manner.tables;
    encoder.set_quantization_tables(QuantizationTableType::Custom(luma), QuantizationTableType::Custom(chroma));
    encoder.set_sampling_factor(manner.sampling);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.encode(whole.as_raw(), width, height, ColorType::Rgb).ok()?;
    let again = decode::decode(&jpeg).ok()?.pixels;
    Some([0, 1, 2].map(|channel| window(&again, area, channel)))
}

/// One colour of the window of a whole picture.
#[must_use]
pub fn window(picture: &RgbImage, area: &Area, channel: usize) -> Plane {
    let (width, height) = (area.mask.width, area.mask.height);
    let at = |index: usize| picture.get_pixel((area.x + index % width) as u32, (area.y + index / width) as u32).0[channel];
    Plane { width, height, values: (0..width * height).map(|index| f32::from(at(index))).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::matte::Plane;

    #[test]
    fn what_was_written_the_same_way_is_the_same_again() {
        let picture = RgbImage::from_fn(64, 64, |x, y| Rgb([(x * 3 + y % 7 * 9) as u8, (y * 3) as u8, ((x * y) % 200) as u8]));
        for sampling in [SamplingFactor::R_4_4_4, SamplingFactor::R_4_2_0] {
            let mut jpeg = Vec::new();
            let mut encoder = Encoder::new(&mut jpeg, 83);
            encoder.set_sampling_factor(sampling);
            encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
            encoder.encode(picture.as_raw(), 64, 64, ColorType::Rgb).unwrap();
            let finished = decode::decode(&jpeg).unwrap().pixels;
            let mask = Plane { width: 64, height: 64, values: vec![1.0; 64 * 64] };
            let area = Area { x: 0, y: 0, mask, centre: crate::photo::face::Point { x: 32.0, y: 32.0 } };
            let drawn = [0, 1, 2].map(|channel| window(&picture, &area, channel));
            let honest = compressed(&finished, &jpeg, &drawn, &area);
            for (channel, honest) in honest.iter().enumerate() {
                assert_eq!(*honest, window(&finished, &area, channel), "{sampling:?} {channel}");
            }
        }
    }
}
