//! How sure a cut is: two witnesses that know nothing of each other, the net and the colours, and how far apart they put the outline.

use super::Plane;

/// Pixels between the witnesses at which confidence is one half.
const HALF: f64 = 2.0;

/// How far colours moved the net's outline, and how much of the person the nets dispute, in pixels of the crop: the sum of changed alpha
/// and of disputed pixels for each pixel of outline.
#[must_use]
pub fn moved(disputed: f64, before: &Plane, after: &Plane) -> f64 {
    let changed: f64 = before.values.iter().zip(&after.values).map(|(before, after)| f64::from((before - after).abs())).sum();
    let outline = outline(after);
    if outline == 0.0 { f64::NAN } else { (disputed + changed) / outline }
}

/// From pixels to a share of 1: 1 where the witnesses agree, falling to 0.
#[must_use]
pub fn confidence(moved: f64) -> f64 {
    if moved.is_nan() { f64::NAN } else { HALF / (HALF + moved.max(0.0)) }
}

/// Pairs of neighbours of which one is person and one is wall.
fn outline(alpha: &Plane) -> f64 {
    let inside = |index: usize| alpha.values[index] > 0.5;
    let count = (0..alpha.values.len())
        .map(|index| {
            let right = (index + 1) % alpha.width != 0 && inside(index) != inside(index + 1);
            let below = index + alpha.width < alpha.values.len() && inside(index) != inside(index + alpha.width);
            u32::from(right) + u32::from(below)
        })
        .sum::<u32>();
    f64::from(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half(edge: usize) -> Plane {
        Plane { width: 10, height: 8, values: (0..80).map(|index| f32::from(u8::from(index % 10 < edge))).collect() }
    }

    #[test]
    fn an_outline_moved_by_two_pixels_is_two_pixels_off() {
        assert_eq!(moved(0.0, &half(4), &half(6)), 2.0);
        assert_eq!(moved(8.0, &half(4), &half(4)), 1.0);
    }

    #[test]
    fn confidence_falls_from_one() {
        assert_eq!(confidence(0.0), 1.0);
        assert_eq!(confidence(HALF), 0.5);
        assert!(confidence(1.0) > confidence(1.1));
    }

    #[test]
    fn nothing_can_be_said_of_a_matte_without_an_outline() {
        assert!(confidence(moved(0.0, &half(0), &half(0))).is_nan());
    }
}
