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
        match density(bytes).and_then(|axes| farther(axes, standard.picture.dpi)) {
            Some(dpi) => judge(standard, CheckId::Density, dpi),
            None => Check::unknown(CheckId::Density, Why::NotJudged),
        },
    ]
}

/// The density of the axis that is farther from what is wanted: a file may say another for each.
fn farther(axes: [f64; 2], wanted: u16) -> Option<f64> {
    let off = |dpi: &f64| (dpi - f64::from(wanted)).abs();
    axes.into_iter().max_by(|a, b| off(a).total_cmp(&off(b)))
}

/// Pixels per inch across and down as a JPEG's JFIF header says; `None` where it does not say.
fn density(bytes: &[u8]) -> Option<[f64; 2]> {
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return None;
    }
    let layout = container::jpeg_layout(bytes);
    let header = layout.segments.iter().find(|segment| segment.marker == 0xE0).map(|segment| &bytes[segment.payload.clone()])?;
    let [b'J', b'F', b'I', b'F', 0, _, _, unit, x1, x0, y1, y0, ..] = *header else { return None };
    let axes = [u16::from_be_bytes([x1, x0]), u16::from_be_bytes([y1, y0])].map(f64::from);
    match unit {
        1 => Some(axes),
        2 => Some(axes.map(|per_centimetre| (per_centimetre * 2.54).round())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::Verdict;

    fn file(unit: u8, x: u16, y: u16) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 16];
        out.extend(b"JFIF\0\x01\x02");
        out.push(unit);
        out.extend([x.to_be_bytes(), y.to_be_bytes()].concat());
        out.extend([0, 0, 0xFF, 0xD9]);
        out
    }

    #[test]
    fn density_is_read_in_both_units_and_never_guessed() {
        assert_eq!(density(&file(1, 72, 72)), Some([72.0; 2]));
        assert_eq!(density(&file(2, 118, 39)), Some([300.0, 99.0]));
        assert_eq!(density(&file(0, 1, 1)), None);
        assert_eq!(density(b"\x89PNG"), None);
    }

    #[test]
    fn the_worse_of_two_densities_counts() {
        let standard = Standard::default();
        let judged = |x: u16, y: u16| {
            let checks = file_checks(&file(1, x, y), 480, 640, &standard);
            let check = checks.into_iter().find(|check| check.id == CheckId::Density).unwrap();
            (check.value, check.verdict)
        };
        assert_eq!(judged(300, 300), (Some(300.0), Verdict::Pass));
        assert_eq!(judged(300, 72), (Some(72.0), Verdict::Fail));
        assert_eq!(judged(600, 300), (Some(600.0), Verdict::Fail));
        assert_eq!(judged(290, 350), (Some(350.0), Verdict::Fail));
    }
}
