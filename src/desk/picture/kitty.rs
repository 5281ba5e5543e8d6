//! Our own encoder for kitty's graphics: a palette PNG, sent once and placed by placeholders in the text.
//!
//! A placeholder's colour names the picture, so names are kept to the 256 indexed colours and a diacritic: they survive terminals and
//! multiplexers of 256 colours. <https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders>. Pure.

use std::num::NonZeroU16;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ratatui::{
    buffer::{Buffer, CellDiffOption},
    layout::Rect,
    style::Color,
};

use super::{palette::Indexed, resize::NotAPicture};

const PLACEHOLDER: char = '\u{10EEEE}';
/// Base64 characters of one piece of a transmission, as the protocol bounds it.
const PIECE: usize = 4096;

/// A picture's name in the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name {
    /// Never zero.
    colour: u8,
    /// Number of the diacritic that tells the highest byte.
    mark: u8,
}

impl Name {
    /// The n-th name; they come again after 65,280.
    #[must_use]
    pub fn of(number: u32) -> Name {
        let number = number % (255 * 256);
        // Both parts fit by the modulo.
        Name { colour: (number % 255 + 1) as u8, mark: (number / 255) as u8 }
    }

    /// The number that the protocol wants.
    #[must_use]
    pub fn id(self) -> u32 {
        u32::from(self.mark) << 24 | u32::from(self.colour)
    }
}

/// The sequence that sends the picture for so many columns and rows, without showing it.
///
/// # Errors
/// [`NotAPicture`] when it cannot be encoded.
pub fn transmission(picture: &Indexed, (columns, rows): (u16, u16), name: Name) -> Result<String, NotAPicture> {
    let data = STANDARD.encode(png(picture)?);
    let mut out = String::with_capacity(data.len() + data.len() / PIECE * 16 + 64);
    let pieces: Vec<&str> = data.as_bytes().chunks(PIECE).filter_map(|piece| std::str::from_utf8(piece).ok()).collect();
    for (at, piece) in pieces.iter().enumerate() {
        let more = u8::from(at + 1 < pieces.len());
        if at == 0 {
            out.push_str(&format!("\x1b_Gq=2,i={},a=T,U=1,f=100,c={columns},r={rows},m={more};{piece}\x1b\\", name.id()));
        } else {
            out.push_str(&format!("\x1b_Gq=2,m={more};{piece}\x1b\\"));
        }
    }
    Ok(out)
}

/// The sequence that makes the terminal forget the picture.
#[must_use]
pub fn deletion(name: Name) -> String {
    format!("\x1b_Gq=2,a=d,d=I,i={}\x1b\\", name.id())
}

/// A PNG of one byte a pixel or less.
fn png(picture: &Indexed) -> Result<Vec<u8>, NotAPicture> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width, picture.height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(picture.palette.concat());
    encoder.set_compression(png::Compression::High);
    // Neighbouring numbers of a palette mean nothing: what filters predict is not there.
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().map_err(|_| NotAPicture)?;
    writer.write_image_data(&picture.pixels).map_err(|_| NotAPicture)?;
    writer.finish().map_err(|_| NotAPicture)?;
    Ok(bytes)
}

/// Puts the placeholders into a buffer: row and column stand on the first cell of a row, the others count on.
pub fn place(name: Name, area: Rect, buffer: &mut Buffer) {
    let one = CellDiffOption::ForcedWidth(NonZeroU16::MIN);
    for (row, y) in (area.top()..area.bottom()).enumerate() {
        for x in area.left()..area.right() {
            let Some(cell) = buffer.cell_mut((x, y)) else { continue };
            let mut symbol = String::from(PLACEHOLDER);
            if x == area.left() {
                symbol.extend([row, 0, usize::from(name.mark)].map(diacritic));
            }
            cell.reset();
            cell.set_symbol(&symbol).set_fg(Color::Indexed(name.colour)).set_diff_option(one);
        }
    }
}

/// The n-th of the marks by which rows and columns are told; the last one for what is beyond.
fn diacritic(number: usize) -> char {
    let mut left = number;
    for (first, last) in MARKS {
        let count = (last - first + 1) as usize;
        if left < count {
            // Below the count of a table of code points.
            return char::from_u32(first + left as u32).unwrap_or('\u{305}');
        }
        left -= count;
    }
    '\u{1D244}'
}

/// The 297 combining marks of the protocol, as ranges: `rowcolumn-diacritics.txt` of its description.
#[rustfmt::skip]
const MARKS: [(u32, u32); 86] = [
    (0x305, 0x305), (0x30D, 0x30E), (0x310, 0x310), (0x312, 0x312), (0x33D, 0x33F), (0x346, 0x346), (0x34A, 0x34C), (0x350, 0x352),
    (0x357, 0x357), (0x35B, 0x35B), (0x363, 0x36F), (0x483, 0x487), (0x592, 0x595), (0x597, 0x599), (0x59C, 0x5A1), (0x5A8, 0x5A9),
    (0x5AB, 0x5AC), (0x5AF, 0x5AF), (0x5C4, 0x5C4), (0x610, 0x617), (0x657, 0x65B), (0x65D, 0x65E), (0x6D6, 0x6DC), (0x6DF, 0x6E2),
    (0x6E4, 0x6E4), (0x6E7, 0x6E8), (0x6EB, 0x6EC), (0x730, 0x730), (0x732, 0x733), (0x735, 0x736), (0x73A, 0x73A), (0x73D, 0x73D),
    (0x73F, 0x741), (0x743, 0x743), (0x745, 0x745), (0x747, 0x747), (0x749, 0x74A), (0x7EB, 0x7F1), (0x7F3, 0x7F3), (0x816, 0x819),
    (0x81B, 0x823), (0x825, 0x827), (0x829, 0x82D), (0x951, 0x951), (0x953, 0x954), (0xF82, 0xF83), (0xF86, 0xF87), (0x135D, 0x135F),
    (0x17DD, 0x17DD), (0x193A, 0x193A), (0x1A17, 0x1A17), (0x1A75, 0x1A7C), (0x1B6B, 0x1B6B), (0x1B6D, 0x1B73), (0x1CD0, 0x1CD2),
    (0x1CDA, 0x1CDB), (0x1CE0, 0x1CE0), (0x1DC0, 0x1DC1), (0x1DC3, 0x1DC9), (0x1DCB, 0x1DCC), (0x1DD1, 0x1DE6), (0x1DFE, 0x1DFE),
    (0x20D0, 0x20D1), (0x20D4, 0x20D7), (0x20DB, 0x20DC), (0x20E1, 0x20E1), (0x20E7, 0x20E7), (0x20E9, 0x20E9), (0x20F0, 0x20F0),
    (0x2CEF, 0x2CF1), (0x2DE0, 0x2DFF), (0xA66F, 0xA66F), (0xA67C, 0xA67D), (0xA6F0, 0xA6F1), (0xA8E0, 0xA8F1), (0xAAB0, 0xAAB0),
    (0xAAB2, 0xAAB3), (0xAAB7, 0xAAB8), (0xAABE, 0xAABF), (0xAAC1, 0xAAC1), (0xFE20, 0xFE26), (0x10A0F, 0x10A0F), (0x10A38, 0x10A38),
    (0x1D185, 0x1D189), (0x1D1AA, 0x1D1AD), (0x1D242, 0x1D244),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_differ_as_long_as_any_picture_lives() {
        let names: HashSet<u32> = (0..255 * 256).map(|number| Name::of(number).id()).collect();
        assert_eq!(names.len(), 255 * 256);
        assert!(names.iter().all(|id| id & 0xFF != 0 && id & 0xFF_FF00 == 0), "a name that 256 colours cannot carry");
    }

    #[test]
    fn the_marks_are_the_protocols() {
        let all: Vec<char> = (0..297).map(diacritic).collect();
        assert_eq!((all[0], all[1], all[2], all[10], all[296]), ('\u{305}', '\u{30D}', '\u{30E}', '\u{34B}', '\u{1D244}'));
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 297);
    }

    #[test]
    fn a_long_picture_is_sent_in_pieces_that_make_a_png() {
        let pixels: Vec<u8> = (0..200u32 * 200).map(|n| (n.wrapping_mul(n).wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let palette = (0..=255u8).map(|n| [n, n.wrapping_mul(7), 255 - n]).collect();
        let picture = Indexed { width: 200, height: 200, palette, pixels };
        let sequence = transmission(&picture, (20, 10), Name::of(700)).unwrap();
        let pieces: Vec<&str> = sequence.split("\x1b\\").filter(|piece| !piece.is_empty()).collect();
        assert!(pieces.len() > 2 && pieces[0].starts_with("\x1b_Gq=2,i=") && pieces[0].contains(",a=T,U=1,f=100,c=20,r=10,m=1;"));
        assert!(pieces[1..pieces.len() - 1].iter().all(|piece| piece.starts_with("\x1b_Gq=2,m=1;")));
        assert!(pieces[pieces.len() - 1].starts_with("\x1b_Gq=2,m=0;"));
        let data: String = pieces.iter().map(|piece| piece.split_once(';').unwrap().1).collect();
        assert!(pieces.iter().all(|piece| piece.split_once(';').unwrap().1.len() <= PIECE));
        let decoded = image::load_from_memory(&STANDARD.decode(data).unwrap()).unwrap().to_rgb8();
        assert!(decoded.pixels().zip(&picture.pixels).all(|(pixel, index)| pixel.0 == picture.palette[usize::from(*index)]));
    }

    #[test]
    fn placeholders_tell_their_row_and_their_name() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 4));
        let name = Name::of(255 * 3 + 9);
        place(name, Rect::new(1, 1, 3, 2), &mut buffer);
        let first: Vec<char> = buffer[(1, 2)].symbol().chars().collect();
        assert_eq!(first, [PLACEHOLDER, diacritic(1), diacritic(0), diacritic(3)]);
        assert_eq!((buffer[(2, 2)].symbol(), buffer[(2, 2)].fg), (PLACEHOLDER.to_string().as_str(), Color::Indexed(10)));
        assert_eq!(buffer[(4, 2)].symbol(), " ");
    }
}
