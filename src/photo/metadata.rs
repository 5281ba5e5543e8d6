//! An original without what could locate a person or name a device: pixels stay bit for bit, orientation and colour profile stay, the rest goes.
//!
//! JPEG: of the application segments only JFIF, ICC and Adobe's colour flag stay; what follows the end of the picture (second pictures,
//! short films) is dropped. PNG and WebP: only the chunks that make the picture stay. HEIC: see `heic_clean`.

use image::metadata::Orientation;

use super::container::{self, Format};
use super::decode::MAX_BYTES;
use super::error::PhotoError;
use super::heic_clean;

/// Rewrites a file without its metadata; only the orientation, the ICC profile and the density stay.
///
/// # Errors
/// A file that is no picture of a readable format, or whose structure is broken.
pub fn without_location(bytes: &[u8]) -> Result<Vec<u8>, PhotoError> {
    if bytes.len() > MAX_BYTES {
        return Err(PhotoError::FileTooLarge { limit_mb: (MAX_BYTES >> 20) as u64 });
    }
    match container::sniff(bytes)? {
        Format::Jpeg => clean_jpeg(bytes),
        Format::Png => clean_png(bytes),
        Format::WebP => clean_webp(bytes),
        Format::Heic => heic_clean::clean(bytes),
    }
}

/// A TIFF structure with one entry: the orientation.
pub(crate) fn minimal_exif(orientation: u8) -> Vec<u8> {
    let mut out = b"MM\0\x2A\0\0\0\x08\0\x01".to_vec();
    out.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    out.extend([0; 4]);
    out
}

/// The orientation of a TIFF structure, if it says any but upright.
fn turned(exif: &[u8]) -> Option<u8> {
    Orientation::from_exif_chunk(exif).filter(|orientation| *orientation != Orientation::NoTransforms).map(Orientation::to_exif)
}

fn clean_jpeg(bytes: &[u8]) -> Result<Vec<u8>, PhotoError> {
    const EXIF: &[u8] = b"Exif\0\0";
    let layout = container::jpeg_layout(bytes);
    if !layout.ended {
        return Err(PhotoError::Truncated);
    }
    let mut out = Vec::with_capacity(bytes.len());
    out.extend([0xFF, 0xD8]);
    let mut oriented = false;
    for segment in &layout.segments {
        let payload = &bytes[segment.payload.clone()];
        let keep = match segment.marker {
            0xE0 => payload.starts_with(b"JFIF\0"),
            0xE1 if payload.starts_with(EXIF) && !oriented => {
                if let Some(orientation) = turned(&payload[EXIF.len()..]) {
                    let exif = minimal_exif(orientation);
                    out.extend([0xFF, 0xE1]);
                    out.extend(((exif.len() + EXIF.len() + 2) as u16).to_be_bytes());
                    out.extend(EXIF);
                    out.extend(exif);
                    oriented = true;
                }
                false
            }
            0xE2 => payload.starts_with(b"ICC_PROFILE\0"),
            0xEE => payload.starts_with(b"Adobe"),
            0xE1..=0xEF | 0xFE => false,
            _ => true,
        };
        if keep {
            // A JFIF header may carry a thumbnail, which shows what a later crop was meant to hide.
            if segment.marker == 0xE0 && payload.len() > 14 {
                out.extend([0xFF, 0xE0, 0, 16]);
                out.extend(&payload[..12]);
                out.extend([0, 0]);
            } else {
                out.extend(&bytes[segment.whole.clone()]);
            }
        }
    }
    out.extend([0xFF, 0xD9]);
    Ok(out)
}

fn clean_png(bytes: &[u8]) -> Result<Vec<u8>, PhotoError> {
    const KEPT: [&[u8; 4]; 12] =
        [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs"];
    let mut out = bytes[..8].to_vec();
    let mut at = 8;
    loop {
        let head = bytes.get(at..at + 8).ok_or(PhotoError::Truncated)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let end = at.checked_add(12).and_then(|end| end.checked_add(length)).ok_or(PhotoError::Damaged)?;
        let chunk = bytes.get(at..end).ok_or(PhotoError::Truncated)?;
        let kind = &chunk[4..8];
        if KEPT.iter().any(|kept| *kept == kind) {
            out.extend(chunk);
        } else if kind == b"eXIf"
            && let Some(orientation) = turned(&chunk[8..8 + length])
        {
            let mut body = b"eXIf".to_vec();
            body.extend(minimal_exif(orientation));
            out.extend(((body.len() - 4) as u32).to_be_bytes());
            out.extend(&body);
            out.extend(crc32(&body).to_be_bytes());
        }
        if kind == b"IEND" {
            return Ok(out);
        }
        at = end;
    }
}

/// The check sum of PNG chunks (ISO 3309).
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())))
}

fn clean_webp(bytes: &[u8]) -> Result<Vec<u8>, PhotoError> {
    const KEPT: [&[u8; 4]; 7] = [b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"];
    const EXIF_FLAG: u8 = 0x08;
    const XMP_FLAG: u8 = 0x04;
    let mut out = bytes[..12].to_vec();
    let (mut at, mut flags_at, mut oriented) = (12, None, false);
    while at < bytes.len() {
        let Some(head) = bytes.get(at..at + 8) else { break };
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let end = at.checked_add(8).and_then(|end| end.checked_add(length)).ok_or(PhotoError::Damaged)?;
        let chunk = bytes.get(at..end).ok_or(PhotoError::Truncated)?;
        let kind = &chunk[..4];
        if KEPT.iter().any(|kept| *kept == kind) {
            if kind == b"VP8X" && length >= 10 {
                flags_at = Some(out.len() + 8);
            }
            append_riff(&mut out, kind, &chunk[8..]);
        } else if kind == b"EXIF" && flags_at.is_some() && !oriented {
            let body = chunk[8..].strip_prefix(b"Exif\0\0").unwrap_or(&chunk[8..]);
            if let Some(orientation) = turned(body) {
                append_riff(&mut out, b"EXIF", &minimal_exif(orientation));
                oriented = true;
            }
        }
        at = end + length % 2;
    }
    if let Some(flags) = flags_at {
        out[flags] &= !(XMP_FLAG | EXIF_FLAG);
        if oriented {
            out[flags] |= EXIF_FLAG;
        }
    }
    let size = u32::try_from(out.len() - 8).map_err(|_| PhotoError::Damaged)?;
    out[4..8].copy_from_slice(&size.to_le_bytes());
    Ok(out)
}

fn append_riff(out: &mut Vec<u8>, kind: &[u8], body: &[u8]) {
    out.extend(kind);
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
    use std::io::Cursor;

    /// The same JPEG with an EXIF segment right after its start.
    pub fn with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
        let mut out = jpeg[..2].to_vec();
        out.extend([0xFF, 0xE1]);
        out.extend(((exif.len() + 8) as u16).to_be_bytes());
        out.extend(b"Exif\0\0");
        out.extend(exif);
        out.extend(&jpeg[2..]);
        out
    }

    fn picture(format: ImageFormat) -> Vec<u8> {
        let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(20, 12, |x, y| Rgb([(x * 9) as u8, (y * 20) as u8, 77])));
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn holds(bytes: &[u8], secret: &[u8]) -> bool {
        bytes.windows(secret.len()).any(|window| window == secret)
    }

    /// An EXIF block that turns the picture and names a place.
    fn telling_exif() -> Vec<u8> {
        let mut exif = minimal_exif(6);
        exif.extend(b"GPS 34.1N SECRET");
        exif
    }

    #[test]
    fn a_jpeg_keeps_pixels_and_orientation_only() {
        let mut file = with_exif(&picture(ImageFormat::Jpeg), &telling_exif());
        file.extend(b"SECRET trailing film");
        let comment = [0xFF, 0xFE, 0, 8, b'S', b'E', b'C', b'R', b'E', b'T'];
        file.splice(2..2, comment);
        let clean = without_location(&file).unwrap();
        assert!(!holds(&clean, b"SECRET"));
        let (before, after) = (super::super::decode::decode(&file).unwrap(), super::super::decode::decode(&clean).unwrap());
        assert_eq!((before.pixels, before.facts.orientation), (after.pixels, after.facts.orientation));
        assert_eq!(after.facts.orientation, 6);
        assert_eq!(without_location(&clean).unwrap(), clean);
    }

    #[test]
    fn a_png_keeps_pixels_and_orientation_only() {
        let mut file = picture(ImageFormat::Png);
        for (kind, body) in [(b"tEXt", b"Where\0SECRET".to_vec()), (b"eXIf", telling_exif())] {
            let mut chunk = kind.to_vec();
            chunk.extend(&body);
            let mut whole = (body.len() as u32).to_be_bytes().to_vec();
            whole.extend(&chunk);
            whole.extend(crc32(&chunk).to_be_bytes());
            file.splice(33..33, whole);
        }
        let clean = without_location(&file).unwrap();
        assert!(!holds(&clean, b"SECRET"));
        let (before, after) = (super::super::decode::decode(&file).unwrap(), super::super::decode::decode(&clean).unwrap());
        assert_eq!((before.pixels, before.facts.orientation), (after.pixels, after.facts.orientation));
        assert_eq!(after.facts.orientation, 6);
    }

    #[test]
    fn a_webp_loses_its_secrets() {
        let plain = picture(ImageFormat::WebP);
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        append_riff(&mut file, b"VP8X", &[0x0C, 0, 0, 0, 19, 0, 0, 11, 0, 0]);
        file.extend(&plain[12..]);
        append_riff(&mut file, b"EXIF", &telling_exif());
        append_riff(&mut file, b"XMP ", b"SECRET");
        let size = (file.len() - 8) as u32;
        file[4..8].copy_from_slice(&size.to_le_bytes());
        let clean = without_location(&file).unwrap();
        assert!(!holds(&clean, b"SECRET"));
        let (before, after) = (super::super::decode::decode(&file).unwrap(), super::super::decode::decode(&clean).unwrap());
        assert_eq!((before.pixels, before.facts.orientation), (after.pixels, after.facts.orientation));
    }

    #[test]
    fn the_check_sum_is_the_standards() {
        assert_eq!(crc32(b"IEND"), 0xAE42_6082);
    }
}
