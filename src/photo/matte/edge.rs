//! The outline made steeper or flatter, where a person asks for it. It stays where it is: half stays half, wall stays wall, person person.

use super::plane::Plane;

/// Twice as steep.
pub fn harder(alpha: &mut Plane) {
    for value in &mut alpha.values {
        *value = ((*value - 0.5) * 2.0 + 0.5).clamp(0.0, 1.0);
    }
}

/// Each pixel the mean of the nine around it: about a pixel wider on either side.
pub fn softer(alpha: &mut Plane) {
    let (width, height) = (alpha.width, alpha.height);
    let around = |at: usize, end: usize| at.saturating_sub(1)..(at + 2).min(end);
    let mean = |index: usize| {
        let (x, y) = (index % width, index / width);
        let nine = around(y, height).flat_map(|row| around(x, width).map(move |column| row * width + column));
        let (sum, count) = nine.fold((0.0f32, 0.0f32), |(sum, count), place| (sum + alpha.values[place], count + 1.0));
        sum / count
    };
    alpha.values = (0..alpha.values.len()).map(mean).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Plane {
        Plane { width: 12, height: 5, values: (0..60).map(|index| ((6.0 - (index % 12) as f32) / 4.0 + 0.5).clamp(0.0, 1.0)).collect() }
    }

    fn soft(alpha: &Plane) -> usize {
        alpha.values.iter().filter(|value| (0.01..0.99).contains(*value)).count()
    }

    #[test]
    fn the_edge_changes_its_slope_and_not_its_place() {
        let (mut hard, mut flat) = (ramp(), ramp());
        harder(&mut hard);
        softer(&mut flat);
        assert!(soft(&hard) < soft(&ramp()) && soft(&ramp()) < soft(&flat));
        for changed in [&hard, &flat] {
            assert!((changed.at(6, 2) - 0.5).abs() < 1e-6);
            assert_eq!((changed.at(0, 2), changed.at(11, 2)), (1.0, 0.0));
        }
    }
}
