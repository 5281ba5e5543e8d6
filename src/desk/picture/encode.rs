//! From a picture's bytes to what is put on the screen. Slow, so always called off the loop.
//!
//! ratatui-image does the graphics protocols; its own probe is never used: it would read the keys.

use image::{DynamicImage, RgbImage};
use ratatui_image::protocol::{self, iterm2::Iterm2, kitty::Kitty, sixel::Sixel};

use super::{
    Picture,
    cells::CellPicture,
    policy::{Drawing, Protocol},
    resize::{self, NotAPicture},
    size_of,
};

/// Larger pictures than this gain nothing on a screen and cost on a slow line.
const LARGEST_GRAPHICS: u32 = 1200;

/// Decodes `bytes` and draws them for a box of `cells`.
///
/// # Errors
/// [`NotAPicture`] for bytes that are none, and when a protocol cannot carry it.
pub fn picture(bytes: &[u8], cells: (u16, u16), drawing: Drawing) -> Result<Picture, NotAPicture> {
    let source = resize::decode(bytes)?;
    encode(&source, hash(bytes), cells, drawing)
}

/// Draws a decoded picture for a box of `cells`.
///
/// # Errors
/// As [`picture`].
pub fn encode(source: &RgbImage, hash: u64, cells: (u16, u16), drawing: Drawing) -> Result<Picture, NotAPicture> {
    let size @ (width, height) = resize::fit(source.dimensions(), cells, drawing.cell);
    if width == 0 {
        return Err(NotAPicture);
    }
    let (columns, rows) = (u32::from(width), u32::from(height));
    let pixels = || {
        let full = (columns * u32::from(drawing.cell.0), rows * u32::from(drawing.cell.1));
        let shrink = f64::from(LARGEST_GRAPHICS) / f64::from(full.0.max(full.1));
        let side =
            |length: u32| if shrink < 1.0 && drawing.protocol != Protocol::Sixel { (f64::from(length) * shrink) as u32 } else { length };
        resize::resize(source, side(full.0), side(full.1)).map(DynamicImage::ImageRgb8)
    };
    // Kitty takes an id of 32 bits; a new encoding is a new picture to the terminal.
    let id = || fold(hash ^ u64::from(columns) << 32 ^ u64::from(rows) << 48 ^ u64::from(drawing.cell.0) << 16);
    let graphics = match drawing.protocol {
        Protocol::Blocks => {
            return Ok(Picture::cells(CellPicture::quadrants(&resize::resize(source, columns * 2, rows * 2)?, drawing.depth), hash));
        }
        Protocol::Spaces => return Ok(Picture::cells(CellPicture::spaces(&resize::resize(source, columns, rows)?, drawing.depth), hash)),
        Protocol::Kitty => Kitty::new(pixels()?, size_of(size), id(), false, false).map(protocol::Protocol::Kitty),
        Protocol::KittyCompressed => Kitty::new(pixels()?, size_of(size), id(), false, true).map(protocol::Protocol::Kitty),
        Protocol::Iterm2 => Iterm2::new(pixels()?, size_of(size), false).map(protocol::Protocol::ITerm2),
        Protocol::Sixel => Sixel::new(pixels()?, size_of(size), false).map(protocol::Protocol::Sixel),
    };
    graphics.map(|protocol| Picture::graphics(protocol, size, hash)).map_err(|_| NotAPicture)
}

/// FNV-1a: names a picture in a record and to the terminal; nothing secret hangs on it.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn fold(hash: u64) -> u32 {
    // Zero is no id.
    ((hash >> 32) as u32 ^ hash as u32).max(1)
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect};

    use super::*;
    use crate::desk::theme::Depth;

    fn drawn(protocol: Protocol) -> (Picture, Buffer, Option<Rect>) {
        let source = RgbImage::from_fn(48, 64, |x, y| image::Rgb([x as u8 * 5, y as u8 * 3, 200]));
        let picture = encode(&source, 7, (20, 8), Drawing { protocol, cell: (9, 18), depth: Depth::True }).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 12));
        let spot = picture.draw(Rect::new(2, 2, 20, 8), &mut buffer);
        (picture, buffer, spot)
    }

    #[test]
    fn every_protocol_covers_the_same_cells() {
        for protocol in [Protocol::Blocks, Protocol::Spaces, Protocol::Kitty, Protocol::KittyCompressed, Protocol::Iterm2, Protocol::Sixel]
        {
            let (picture, _, spot) = drawn(protocol);
            assert_eq!((picture.size, spot), ((12, 8), Some(Rect::new(6, 2, 12, 8))), "{protocol:?}");
        }
    }

    #[test]
    fn each_protocol_speaks_its_own_language() {
        let start = |protocol| drawn(protocol).1[(6, 2)].symbol().to_owned();
        assert!(start(Protocol::Sixel).contains("\u{1b}P"));
        assert!(start(Protocol::Iterm2).contains("]1337;File="));
        assert!(start(Protocol::Kitty).starts_with("\u{1b}_G"));
        assert!(start(Protocol::KittyCompressed).contains("o=z"));
    }

    #[test]
    fn a_picture_that_does_not_fit_is_not_drawn() {
        let (picture, mut buffer, _) = drawn(Protocol::Blocks);
        assert_eq!(picture.draw(Rect::new(0, 0, 11, 8), &mut buffer), None);
    }
}
