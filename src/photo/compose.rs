//! The person before the standard's background. Inside the body every pixel is the source's; only the soft edge is mixed anew.

use image::{Rgb, RgbImage};

use super::matte::Matte;

/// Lays the person in `crop` on one colour. At the soft edge the matte's clean foreground stands for the source, so that the old wall
/// does not shine through; from `SOLID` on it is the source alone.
#[must_use]
pub fn compose(crop: &RgbImage, matte: &Matte, background: [u8; 3]) -> RgbImage {
    const SOFT: f32 = 0.85;
    const SOLID: f32 = 0.98;
    RgbImage::from_fn(crop.width(), crop.height(), |x, y| {
        let index = y as usize * matte.alpha.width + x as usize;
        let alpha = matte.alpha.values[index];
        let source = crop.get_pixel(x, y).0;
        if alpha >= SOLID {
            return Rgb(source);
        }
        if alpha <= 0.0 {
            return Rgb(background);
        }
        let from_source = ((alpha - SOFT) / (SOLID - SOFT)).clamp(0.0, 1.0);
        // The last step to solid is short: stretch it so that there is no edge where the source takes over.
        let cover = alpha + (1.0 - alpha) * from_source;
        Rgb(std::array::from_fn(|channel| {
            let clean = matte.foreground[index][channel] * 255.0;
            let person = f32::from(source[channel]) * from_source + clean * (1.0 - from_source);
            (person * cover + f32::from(background[channel]) * (1.0 - cover)).round() as u8
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::matte::Plane;

    #[test]
    fn inside_is_the_source_outside_the_background_between_the_clean_colour() {
        let crop = RgbImage::from_fn(3, 1, |_, _| Rgb([200, 100, 50]));
        let alpha = Plane { width: 3, height: 1, values: vec![1.0, 0.5, 0.0] };
        let matte = Matte { alpha, foreground: vec![[0.0; 3]; 3], confidence: 1.0, second_look: false };
        let out = compose(&crop, &matte, [100, 197, 255]);
        assert_eq!(out.get_pixel(0, 0).0, [200, 100, 50]);
        assert_eq!(out.get_pixel(1, 0).0, [50, 99, 128]);
        assert_eq!(out.get_pixel(2, 0).0, [100, 197, 255]);
    }
}
