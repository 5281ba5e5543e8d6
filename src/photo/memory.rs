//! How much memory a picture takes on its way to upright pixels, known by its header: a decoder may keep more than what it hands over.
//!
//! What a decoder holds beside its answer was read in the sources of `zune-jpeg` 0.5, `image-webp` 0.2 and `heifer` 0.3.

use super::error::PhotoError;

/// The most that decoding may hold at once, in bytes. With the largest file twice and the nets it stays within 512 MiB.
pub const MOST: u64 = 410_000_000;
/// The largest picture that is decoded, in pixels.
pub const MAX_PIXELS: u64 = 100_000_000;

/// Holds a picture's pixels against the limit of its kind, which takes so many bytes a pixel at once.
///
/// # Errors
/// `TooManyPixels` with the limit that holds for this kind.
pub fn check(pixels: u64, bytes_per_pixel: u64, most: u64) -> Result<(), PhotoError> {
    let most = most.min(MOST / bytes_per_pixel.max(1));
    if pixels > most { Err(PhotoError::TooManyPixels { limit: most / 1_000_000 }) } else { Ok(()) }
}

/// Bytes a pixel of a JPEG: its answer, and where the picture comes in several scans all of its coefficients, 16 bits each.
/// `sampling` has one byte a component: how often it is sampled across (high four bits) and down (low four bits).
#[must_use]
pub fn jpeg(sampling: &[u8], several_scans: bool) -> u64 {
    let answer = if sampling.len() == 1 { 1 } else { 3 };
    if !several_scans {
        return answer;
    }
    let samples = |factors: &u8| u64::from(factors >> 4) * u64::from(factors & 15);
    let densest = sampling.iter().map(|factors| u64::from(factors >> 4)).max().unwrap_or(1)
        * sampling.iter().map(|factors| u64::from(factors & 15)).max().unwrap_or(1);
    answer + (2 * sampling.iter().map(samples).sum::<u64>()).div_ceil(densest.max(1))
}

/// Bytes a pixel of a WebP whose decoder hands over so many.
#[must_use]
pub fn webp(bytes: &[u8], answer: u64) -> u64 {
    const ANIMATED: u8 = 0x02;
    const RGBA: u64 = 4;
    let has_alpha = answer >= RGBA;
    answer
        + match bytes.get(12..16) {
            // Planes of brightness and, at half the size, of colour.
            Some(b"VP8 ") => 2,
            Some(b"VP8L") if has_alpha => 0,
            Some(b"VP8L") => RGBA,
            // A film: its canvas, the first picture and its transparency.
            _ if bytes.get(20).is_some_and(|flags| flags & ANIMATED != 0) => 3 * RGBA,
            // Transparency is coded as a picture of its own, and taken out of it twice.
            _ if has_alpha => 2 + RGBA + 2,
            _ => RGBA,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_limit() {
        let limit = |bytes_per_pixel| match check(u64::MAX, bytes_per_pixel, MAX_PIXELS) {
            Err(PhotoError::TooManyPixels { limit }) => limit,
            other => panic!("{other:?}"),
        };
        assert_eq!([3, 4, 6, 8, 9].map(limit), [100, 100, 68, 51, 45]);
        assert_eq!(check(100_000_000, 4, MAX_PIXELS), Ok(()));
        assert_eq!(check(100_000_000, 4, 64_000_000), Err(PhotoError::TooManyPixels { limit: 64 }));
    }

    #[test]
    fn several_scans_keep_every_coefficient() {
        assert_eq!(jpeg(&[0x22, 0x11, 0x11], false), 3);
        assert_eq!(jpeg(&[0x22, 0x11, 0x11], true), 6);
        assert_eq!(jpeg(&[0x11, 0x11, 0x11], true), 9);
        assert_eq!(jpeg(&[0x11], true), 3);
        assert_eq!(jpeg(&[], true), 3, "a header cut short");
    }

    #[test]
    fn a_webp_is_dearer_the_more_it_carries() {
        let file = |kind: &[u8; 4], flags: u8| [b"RIFF\0\0\0\0WEBP", &kind[..], &[10, 0, 0, 0, flags, 0, 0, 0]].concat();
        assert_eq!((webp(&file(b"VP8 ", 0), 3), webp(&file(b"VP8L", 0), 3), webp(&file(b"VP8L", 0), 4)), (5, 7, 4));
        assert_eq!((webp(&file(b"VP8X", 0), 3), webp(&file(b"VP8X", 0x10), 4), webp(&file(b"VP8X", 0x12), 4)), (7, 12, 16));
    }
}
