//! A picture in few colours, for the protocols that know palettes. Pure.

use image::RgbImage;
use quantette::{ImageRef, PaletteSize, Pipeline, deps::palette::Srgb, dither::FloydSteinberg};

use super::resize::NotAPicture;

/// A picture of at most 256 colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    pub width: u32,
    pub height: u32,
    pub palette: Vec<[u8; 3]>,
    /// Row by row; each below the palette's length.
    pub pixels: Vec<u8>,
}

/// The picture in at most `colours` colours, chosen by Wu's method in a space that is even to the eye. `diffusion` (0–1) says how much of a
/// pixel's error its neighbours take over: more is smoother to the eye and longer to send.
///
/// # Errors
/// [`NotAPicture`] for one without pixels.
pub fn indexed(picture: &RgbImage, colours: u8, diffusion: f32) -> Result<Indexed, NotAPicture> {
    let (width, height) = picture.dimensions();
    if width == 0 || height == 0 {
        return Err(NotAPicture);
    }
    let pixels: Vec<Srgb<u8>> = picture.pixels().map(|pixel| Srgb::new(pixel.0[0], pixel.0[1], pixel.0[2])).collect();
    let image = ImageRef::new(width, height, &pixels).map_err(|_| NotAPicture)?;
    let size = PaletteSize::try_from(colours.max(2)).map_err(|_| NotAPicture)?;
    let result = Pipeline::new()
        .palette_size(size)
        .ditherer(FloydSteinberg::with_error_diffusion(diffusion))
        .input_image(image)
        .output_srgb8_indexed_image();
    let palette = result.palette().iter().map(|colour| [colour.red, colour.green, colour.blue]).collect();
    Ok(Indexed { width, height, palette, pixels: result.indices().to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_stay_what_they_are() {
        let picture = RgbImage::from_fn(12, 12, |x, _| image::Rgb(if x < 6 { [100, 197, 255] } else { [20, 20, 30] }));
        let few = indexed(&picture, 64, 0.5).unwrap();
        for (pixel, index) in picture.pixels().zip(&few.pixels) {
            let drawn = few.palette[usize::from(*index)];
            assert!((0..3).all(|channel| drawn[channel].abs_diff(pixel.0[channel]) <= 2), "{drawn:?} for {pixel:?}");
        }
        assert!(indexed(&RgbImage::new(0, 4), 64, 0.5).is_err());
    }
}
