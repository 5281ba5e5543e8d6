//! Files from the outside: what a file is by its first bytes, and how a JPEG is laid out, before any decoder sees it.
//!
//! The walk over a JPEG's segments serves two masters: `decode` learns from it what the decoder would not say (kind, truncation),
//! `metadata` rewrites the segments without their secrets.

use std::ops::Range;

use super::error::PhotoError;

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
    WebP,
    /// HEVC in a HEIF container; whether it really is, its boxes say.
    Heic,
}

impl Format {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "jpeg",
            Format::Png => "png",
            Format::WebP => "webp",
            Format::Heic => "heic",
        }
    }
}

/// What a file is by its content, never by its name.
///
/// # Errors
/// `Empty`, `UnsupportedFormat` for pictures we know but do not read, `NotAPicture` for all else.
pub fn sniff(bytes: &[u8]) -> Result<Format, PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    let unsupported = |format| Err(PhotoError::UnsupportedFormat { format });
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(Format::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::WebP),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] if brand.len() >= 4 => match &brand[..4] {
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"mif2" | b"msf1" => Ok(Format::Heic),
            b"avif" | b"avis" => unsupported("AVIF"),
            _ => unsupported("video"),
        },
        [b'G', b'I', b'F', b'8', ..] => unsupported("GIF"),
        [b'B', b'M', ..] if bytes.len() > 26 => unsupported("BMP"),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => unsupported("TIFF"),
        [b'%', b'P', b'D', b'F', ..] => unsupported("PDF"),
        [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..] => unsupported("JPEG XL"),
        [0, 0, 0, 0x0C, b'j', b'P', ..] => unsupported("JPEG 2000"),
        _ => Err(PhotoError::NotAPicture),
    }
}

/// One marker segment of a JPEG: its code and its payload (without the length), as a range of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub marker: u8,
    pub payload: Range<usize>,
    /// From the marker's first 0xFF to the end of the segment; for a scan, to the end of its entropy-coded data.
    pub whole: Range<usize>,
}

/// The segments of one JPEG picture, in order, and whether its end was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JpegLayout {
    pub segments: Vec<Segment>,
    /// Whether an end-of-image marker closes the picture; what follows it is not the picture's.
    pub ended: bool,
}

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// Walks the segments from the start of the picture to its end marker, over every scan of a progressive file.
#[must_use]
pub fn jpeg_layout(bytes: &[u8]) -> JpegLayout {
    let mut segments = Vec::new();
    let mut at = 2;
    loop {
        // Between segments a decoder skips whatever is no marker, and so do we.
        while at + 1 < bytes.len() && (bytes[at] != 0xFF || matches!(bytes[at + 1], 0x00 | 0xFF)) {
            at += 1;
        }
        if at + 1 >= bytes.len() {
            return JpegLayout { segments, ended: false };
        }
        let (start, marker) = (at, bytes[at + 1]);
        at += 2;
        match marker {
            END_OF_IMAGE => return JpegLayout { segments, ended: true },
            0x01 | 0xD0..=0xD8 => continue,
            _ => {}
        }
        let Some(length) = bytes.get(at..at + 2).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]]))) else {
            return JpegLayout { segments, ended: false };
        };
        let end = at + length;
        if length < 2 || end > bytes.len() {
            return JpegLayout { segments, ended: false };
        }
        let payload = at + 2..end;
        at = end;
        if marker == START_OF_SCAN {
            at = end_of_scan(bytes, end);
        }
        segments.push(Segment { marker, payload, whole: start..at });
    }
}

/// The entropy-coded data ends at the first marker that is neither a stuffed byte nor a restart, nor one of those that mean nothing: in a
/// damaged scan decoders read on over these, and so must whoever keeps or drops what follows.
fn end_of_scan(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at + 1 < bytes.len() {
        if bytes[at] == 0xFF && !matches!(bytes[at + 1], 0x00..=0xBF | 0xD0..=0xD7 | 0xFF) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

/// What the frame header of a JPEG says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JpegFrame {
    pub width: u32,
    pub height: u32,
    /// One byte a component: how often it is sampled across (high four bits) and down (low four bits).
    pub sampling: Vec<u8>,
    /// Progressive, or components in scans of their own: a decoder must keep every coefficient to the end.
    pub several_scans: bool,
}

/// What the frame header says, checked against what the decoder can do.
///
/// # Errors
/// `UnsupportedJpeg` for lossless, hierarchical, arithmetic, 12-bit, CMYK and split pictures, `Truncated` without a frame, a scan or an end.
pub fn examine_jpeg(bytes: &[u8]) -> Result<JpegFrame, PhotoError> {
    let layout = jpeg_layout(bytes);
    let unsupported = |kind| Err(PhotoError::UnsupportedJpeg { kind });
    let frame =
        layout.segments.iter().find(|segment| matches!(segment.marker, 0xC0..=0xCF) && ![0xC4, 0xC8, 0xCC].contains(&segment.marker));
    let Some(frame) = frame else {
        return Err(if layout.ended { PhotoError::Damaged } else { PhotoError::Truncated });
    };
    match frame.marker {
        0xC0..=0xC2 => {}
        0xC3 | 0xC7 => return unsupported("lossless"),
        0xC5 | 0xC6 => return unsupported("hierarchical"),
        _ => return unsupported("arithmetic"),
    }
    let header = &bytes[frame.payload.clone()];
    let [precision, h1, h0, w1, w0, components, ..] = *header else {
        return Err(PhotoError::Damaged);
    };
    if precision != 8 {
        return unsupported("12-bit");
    }
    match components {
        1 | 3 => {}
        4 => return unsupported("CMYK"),
        _ => return Err(PhotoError::Damaged),
    }
    if is_split(bytes, &layout, frame) {
        return unsupported("non-interleaved");
    }
    if !layout.ended || !layout.segments.iter().any(|segment| segment.marker == START_OF_SCAN) {
        return Err(PhotoError::Truncated);
    }
    let (width, height) = (u32::from(u16::from_be_bytes([w1, w0])), u32::from(u16::from_be_bytes([h1, h0])));
    if width == 0 || height == 0 {
        return Err(PhotoError::Damaged);
    }
    let sampling = samplings(header).collect();
    let several_scans = frame.marker == 0xC2 || has_scans_apart(bytes, &layout, components);
    Ok(JpegFrame { width, height, sampling, several_scans })
}

/// Whether a sequential picture with coarser colour keeps its components in scans of their own: the decoder gives noise for these and no error.
fn is_split(bytes: &[u8], layout: &JpegLayout, frame: &Segment) -> bool {
    let header = &bytes[frame.payload.clone()];
    let coarser = samplings(header).any(|factor| Some(factor) != samplings(header).next());
    frame.marker != 0xC2 && coarser && has_scans_apart(bytes, layout, header[5])
}

/// The sampling factors of a frame header's components.
fn samplings(header: &[u8]) -> impl Iterator<Item = u8> + '_ {
    header.get(6..).unwrap_or_default().chunks_exact(3).map(|component| component[1])
}

/// Whether a scan has fewer than all components.
fn has_scans_apart(bytes: &[u8], layout: &JpegLayout, components: u8) -> bool {
    let scans = layout.segments.iter().filter(|segment| segment.marker == START_OF_SCAN);
    scans.map(|scan| bytes[scan.payload.clone()].first().copied().unwrap_or(0)).any(|in_scan| in_scan < components)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn jpeg(sof: u8, precision: u8, components: u8, tail: &[u8]) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8, 0xFF, sof, 0, 8, precision, 0, 4, 0, 6, components];
        out.extend([0xFF, 0xDA, 0, 2, 0x11, 0xFF, 0x00, 0xFF, 0xD0, 0x22]);
        out.extend(tail);
        out
    }

    #[test]
    fn content_and_not_the_name_says_what_a_file_is() {
        assert_eq!(sniff(b""), Err(PhotoError::Empty));
        assert_eq!(sniff(b"\xFF\xD8\xFF\xE0"), Ok(Format::Jpeg));
        assert_eq!(sniff(b"\0\0\0\x18ftypheic\0\0\0\0"), Ok(Format::Heic));
        assert_eq!(sniff(b"\0\0\0\x18ftypavif\0\0\0\0"), Err(PhotoError::UnsupportedFormat { format: "AVIF" }));
        assert_eq!(sniff(b"GIF89a"), Err(PhotoError::UnsupportedFormat { format: "GIF" }));
        assert_eq!(sniff(b"hello"), Err(PhotoError::NotAPicture));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Ok(Format::WebP));
    }

    #[test]
    fn kinds_that_no_decoder_here_reads_are_named() {
        let kind = |bytes: &[u8]| match examine_jpeg(bytes) {
            Err(PhotoError::UnsupportedJpeg { kind }) => kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(kind(&jpeg(0xC3, 8, 3, b"\xFF\xD9")), "lossless");
        assert_eq!(kind(&jpeg(0xC9, 8, 3, b"\xFF\xD9")), "arithmetic");
        assert_eq!(kind(&jpeg(0xC1, 12, 3, b"\xFF\xD9")), "12-bit");
        assert_eq!(kind(&jpeg(0xC0, 8, 4, b"\xFF\xD9")), "CMYK");
    }

    #[test]
    fn a_picture_split_into_scans_of_one_component_is_named_before_it_turns_into_noise() {
        use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 90);
        encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
        encoder.set_optimized_huffman_tables(true);
        encoder.encode(&[90; 32 * 32 * 3], 32, 32, ColorType::Rgb).unwrap();
        assert_eq!(examine_jpeg(&file), Err(PhotoError::UnsupportedJpeg { kind: "non-interleaved" }));
    }

    #[test]
    fn the_end_of_the_picture_is_looked_for() {
        let frame = examine_jpeg(&jpeg(0xC0, 8, 3, b"\xFF\xD9trailing")).unwrap();
        assert_eq!((frame.width, frame.height), (6, 4));
        assert_eq!(examine_jpeg(&jpeg(0xC0, 8, 3, b"")), Err(PhotoError::Truncated));
        assert_eq!(examine_jpeg(b"\xFF\xD8\xFF"), Err(PhotoError::Truncated));
    }

    #[test]
    fn a_scan_goes_on_over_markers_that_mean_nothing() {
        // Found by fuzzing: what followed was taken for padding, and dropped by whoever cleaned the file.
        let mut file = jpeg(0xC0, 8, 3, b"");
        let scan = file.len();
        file.extend(b"\xFF\x01\x33\xFF\x9A\x44\xFF\xD9");
        let layout = jpeg_layout(&file);
        assert_eq!((layout.ended, layout.segments.last().unwrap().whole.end), (true, scan + 6));
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_walk(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut file = vec![0xFF, 0xD8, 0xFF];
            file.extend(bytes);
            let layout = jpeg_layout(&file);
            prop_assert!(layout.segments.iter().all(|segment| segment.whole.end <= file.len()));
            let _ = examine_jpeg(&file);
        }
    }
}
