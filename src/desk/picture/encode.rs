//! From a picture's bytes to what is put on the screen. Slow, so always called off the loop.

use image::RgbImage;

use super::{
    Picture, Request,
    cells::CellPicture,
    iterm2, kitty,
    look::Look,
    overlay,
    palette::indexed,
    policy::{Drawing, Protocol},
    resize::{self, NotAPicture},
    sixel,
    tones::Tones,
};

/// Larger pictures than this gain nothing on a screen and cost on a slow line.
const LARGEST_GRAPHICS: u32 = 1200;
/// Colours of a sixel picture, and how much of its error a pixel hands on: more of either is hardly seen and costs half as much again.
const SIXEL: (u8, f32) = (64, 0.5);
/// The same for kitty's PNG, whose deflate takes dithering badly.
const KITTY: (u8, f32) = (128, 0.25);
/// A draft is this much smaller each way, of fewer colours.
const DRAFT: u32 = 3;
const DRAFT_COLOURS: u8 = 32;
const JPEG: u8 = 85;
const DRAFT_JPEG: u8 = 50;

/// Decodes `bytes` and draws them as the request wants; `number` names the picture in the terminal and is never given twice in a session.
///
/// # Errors
/// [`NotAPicture`] for bytes that are none, and when a protocol cannot carry it.
pub fn picture(bytes: &[u8], request: &Request, number: u32) -> Result<Picture, NotAPicture> {
    let source = resize::decode(bytes)?;
    encode(&source, hash(bytes), request.cells, request.drawing, request.look, number)
}

/// Draws a decoded picture for a box of `cells`.
///
/// # Errors
/// As [`picture`].
pub fn encode(source: &RgbImage, hash: u64, cells: (u16, u16), drawing: Drawing, look: Look, number: u32) -> Result<Picture, NotAPicture> {
    let part = look.window.map(|window| {
        let (left, top, width, height) = window.pixels(source.width(), source.height());
        image::imageops::crop_imm(source, left, top, width, height).to_image()
    });
    let source = part.as_ref().unwrap_or(source);
    let size @ (width, height) = resize::fit(source.dimensions(), cells, drawing.cell);
    if width == 0 {
        return Err(NotAPicture);
    }
    let tones = Tones::of(source);
    let (columns, rows) = (u32::from(width), u32::from(height));
    let drawn = |width: u32, height: u32| {
        let mut picture = resize::resize(source, width, height)?;
        if look.clipping {
            overlay::clipping(&mut picture);
        }
        if let Some(guides) = look.guides {
            overlay::guides(&mut picture, guides, look.window);
        }
        Ok(picture)
    };
    let full = (columns * u32::from(drawing.cell.0), rows * u32::from(drawing.cell.1));
    let scaled = || {
        let side = |length: u32| {
            let longest = full.0.max(full.1).max(LARGEST_GRAPHICS);
            (length * LARGEST_GRAPHICS / longest / if look.draft { DRAFT } else { 1 }).max(1)
        };
        drawn(side(full.0), side(full.1))
    };
    let graphics = match drawing.protocol {
        Protocol::Blocks => {
            return Ok(Picture::cells(CellPicture::quadrants(&drawn(columns * 2, rows * 2)?, drawing.depth), hash, tones));
        }
        Protocol::Spaces => return Ok(Picture::cells(CellPicture::spaces(&drawn(columns, rows)?, drawing.depth), hash, tones)),
        Protocol::Kitty => {
            let (colours, diffusion) = if look.draft { (DRAFT_COLOURS, KITTY.1) } else { KITTY };
            let name = kitty::Name::of(number);
            let transmission = kitty::transmission(&indexed(&scaled()?, colours, diffusion)?, size, name)?;
            return Ok(Picture::named(name, transmission, size, hash, tones));
        }
        Protocol::Iterm2 => iterm2::encode(&scaled()?, size, if look.draft { DRAFT_JPEG } else { JPEG })?,
        // A sixel is a dot of the screen and cannot be sent smaller.
        Protocol::Sixel => sixel::encode(&indexed(&drawn(full.0, full.1)?, SIXEL.0, SIXEL.1)?),
    };
    Ok(Picture::painted(graphics, size, hash, tones))
}

/// FNV-1a: names a picture in a record and to the terminal; nothing secret hangs on it.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect};

    use super::*;
    use crate::desk::{picture::look::Window, theme::Depth};

    const ALL: [Protocol; 5] = [Protocol::Blocks, Protocol::Spaces, Protocol::Kitty, Protocol::Iterm2, Protocol::Sixel];

    fn drawing(protocol: Protocol) -> Drawing {
        Drawing { protocol, cell: (9, 18), depth: Depth::True }
    }

    fn drawn(protocol: Protocol) -> (Picture, Option<Rect>) {
        let source = RgbImage::from_fn(48, 64, |x, y| image::Rgb([x as u8 * 5, y as u8 * 3, 200]));
        let picture = encode(&source, 7, (20, 8), drawing(protocol), Look::default(), 1).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 12));
        let spot = picture.draw(Rect::new(2, 2, 20, 8), &mut buffer);
        (picture, spot)
    }

    #[test]
    fn every_protocol_covers_the_same_cells() {
        for protocol in ALL {
            let (picture, spot) = drawn(protocol);
            assert_eq!((picture.size, spot), ((12, 8), Some(Rect::new(6, 2, 12, 8))), "{protocol:?}");
        }
    }

    #[test]
    fn each_protocol_speaks_its_own_language() {
        assert!(drawn(Protocol::Sixel).0.painting().unwrap().starts_with("\u{1b}P0;1;0q"));
        assert!(drawn(Protocol::Iterm2).0.painting().unwrap().starts_with("\u{1b}]1337;File="));
        assert!(drawn(Protocol::Kitty).0.transmission().unwrap().1.starts_with("\u{1b}_G"));
        let blocks = drawn(Protocol::Blocks).0;
        assert!(blocks.painting().is_none() && blocks.transmission().is_none());
    }

    #[test]
    fn a_picture_that_does_not_fit_is_not_drawn() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 12));
        assert_eq!(drawn(Protocol::Blocks).0.draw(Rect::new(0, 0, 11, 8), &mut buffer), None);
    }

    #[test]
    fn a_window_shows_its_part_and_tells_its_tones_only() {
        let source = RgbImage::from_fn(48, 64, |x, _| image::Rgb([if x < 24 { 255 } else { 100 }; 3]));
        let window = Some(Window { x: 5000, y: 0, width: 5000, height: 5000 });
        let whole = encode(&source, 7, (20, 8), drawing(Protocol::Sixel), Look::default(), 1).unwrap();
        let part = encode(&source, 7, (20, 8), drawing(Protocol::Sixel), Look { window, ..Look::default() }, 1).unwrap();
        assert_eq!((whole.tones.bright, part.tones.bright), (5000, 0));
        let (.., pixels) = sixel::tests::decode(part.painting().unwrap());
        assert!(pixels.iter().all(|pixel| pixel[0] < 128), "the bright half is outside");
    }

    #[test]
    fn a_draft_is_a_fraction_of_the_picture() {
        let source = RgbImage::from_fn(480, 640, |x, y| image::Rgb([(x * y % 251) as u8, (x + y) as u8, (y % 97) as u8]));
        for protocol in [Protocol::Kitty, Protocol::Iterm2] {
            let bytes = |draft| {
                let picture = encode(&source, 7, (40, 20), drawing(protocol), Look { draft, ..Look::default() }, 1).unwrap();
                assert_eq!(picture.size, (30, 20));
                picture.painting().or(picture.transmission().map(|(_, bytes)| bytes)).unwrap().len()
            };
            assert!(bytes(true) * 4 < bytes(false), "{protocol:?}: {} of {}", bytes(true), bytes(false));
        }
    }

    /// The goals for a picture of 240×320 dots; `docs/desk.md` has what other programs send.
    #[test]
    fn a_picture_costs_a_line_no_more_than_it_may() {
        let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/specimens/p01.jpg")).unwrap();
        let source = resize::decode(&bytes).unwrap();
        for (protocol, most) in [(Protocol::Kitty, 25_000), (Protocol::Iterm2, 25_000), (Protocol::Sixel, 70_000)] {
            let drawing = Drawing { cell: (10, 20), ..drawing(protocol) };
            let picture = encode(&source, 7, (24, 16), drawing, Look::default(), 1).unwrap();
            let bytes = picture.painting().or(picture.transmission().map(|(_, bytes)| bytes)).unwrap().len();
            assert!(picture.size == (24, 16) && bytes <= most, "{protocol:?}: {bytes}");
        }
    }
}
