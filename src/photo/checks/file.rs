//! The finished file: pixels, bytes, density.

use super::judge;
use crate::domain::check::{Check, CheckId, Why};
use crate::photo::container;
use crate::photo::standard::Standard;

/// Picture size, file size, density.
#[must_use]
pub fn file_checks(bytes: &[u8], width: u32, height: u32, standard: &Standard) -> Vec<Check> {
    let off = width.abs_diff(standard.picture.width) + height.abs_diff(standard.picture.height);
    vec![
        judge(standard, CheckId::PictureSize, f64::from(off)),
        judge(standard, CheckId::FileBytes, bytes.len() as f64),
        match density(bytes) {
            Some(dpi) => judge(standard, CheckId::Density, dpi),
            None => Check::unknown(CheckId::Density, Why::NotJudged),
        },
    ]
}

/// Pixels per inch as a JPEG's JFIF header says; `None` where it does not say, or differs between the axes.
fn density(bytes: &[u8]) -> Option<f64> {
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return None;
    }
    let layout = container::jpeg_layout(bytes);
    let header = layout.segments.iter().find(|segment| segment.marker == 0xE0).map(|segment| &bytes[segment.payload.clone()])?;
    let [b'J', b'F', b'I', b'F', 0, _, _, unit, x1, x0, y1, y0, ..] = *header else { return None };
    let (x, y) = (u16::from_be_bytes([x1, x0]), u16::from_be_bytes([y1, y0]));
    match unit {
        _ if x != y => None,
        1 => Some(f64::from(x)),
        2 => Some((f64::from(x) * 2.54).round()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn density_is_read_in_both_units_and_never_guessed() {
        let file = |unit: u8, density: u8| {
            let mut out = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 16];
            out.extend(b"JFIF\0\x01\x02");
            out.extend([unit, 0, density, 0, density, 0, 0, 0xFF, 0xD9]);
            out
        };
        assert_eq!(density(&file(1, 72)), Some(72.0));
        assert_eq!(density(&file(2, 118)), Some(300.0));
        assert_eq!(density(&file(0, 1)), None);
        assert_eq!(density(b"\x89PNG"), None);
    }
}
