//! Our own encoder for terminals without graphics: a cell is 2×2 pixels drawn by a quadrant glyph in two colours.
//!
//! Of the eight ways to split four pixels in two, the one with the least squared error is taken; each side gets its mean colour. Quadrants
//! are in common fonts where sextants are not. Pure.

use image::RgbImage;
use ratatui::{buffer::Buffer, layout::Rect, style::Color};

use crate::desk::theme::{Depth, indexed};

/// Glyphs by which quadrants they fill: bit 0 upper left, 1 upper right, 2 lower left, 3 lower right.
const QUADRANTS: [char; 16] = [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];

/// One cell: the glyph and its two colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub glyph: char,
    pub ink: Color,
    pub paper: Color,
}

/// A picture as cells, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellPicture {
    width: u16,
    cells: Vec<Cell>,
}

impl CellPicture {
    /// Encodes a picture of twice as many pixels each way as it has cells; odd last rows and columns are left out.
    #[must_use]
    pub fn quadrants(picture: &RgbImage, depth: Depth) -> CellPicture {
        let (width, height) = (picture.width() / 2, picture.height() / 2);
        let cells = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixel = |x: u32, y: u32| picture.get_pixel(x, y).0;
        let cells = cells
            .map(|(x, y)| {
                let block = [pixel(2 * x, 2 * y), pixel(2 * x + 1, 2 * y), pixel(2 * x, 2 * y + 1), pixel(2 * x + 1, 2 * y + 1)];
                quadrant(block, depth)
            })
            .collect();
        CellPicture { width: u16::try_from(width).unwrap_or(u16::MAX), cells }
    }

    /// Encodes one pixel a cell, as coloured blanks.
    #[must_use]
    pub fn spaces(picture: &RgbImage, depth: Depth) -> CellPicture {
        let cells = picture.pixels().map(|pixel| Cell { glyph: ' ', ink: Color::Reset, paper: colour(pixel.0, depth) }).collect();
        CellPicture { width: u16::try_from(picture.width()).unwrap_or(u16::MAX), cells }
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        let rows = self.cells.len().checked_div(usize::from(self.width)).unwrap_or(0);
        (self.width, u16::try_from(rows).unwrap_or(u16::MAX))
    }

    /// Puts the cells into a buffer, from the area's upper left corner, as far as they lie within it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        for (row, y) in self.cells.chunks(usize::from(self.width).max(1)).zip(area.top()..area.bottom()) {
            for (cell, x) in row.iter().zip(area.left()..area.right()) {
                if let Some(target) = buffer.cell_mut((x, y)) {
                    target.set_char(cell.glyph).set_fg(cell.ink).set_bg(cell.paper);
                }
            }
        }
    }
}

/// The best glyph and colours for four pixels: upper left, upper right, lower left, lower right.
#[must_use]
pub fn quadrant(block: [[u8; 3]; 4], depth: Depth) -> Cell {
    // Splits and their complements are the same: the lower right pixel is always paper. Equal errors keep the first, which is the blank.
    let best = (0..8u8).map(|mask| (split_error(block, mask), mask)).min_by_key(|(error, _)| *error).map_or(0, |(_, mask)| mask);
    let paper = colour(mean(block, !best & 0xF), depth);
    let ink = if best == 0 { paper } else { colour(mean(block, best), depth) };
    if ink == paper {
        return Cell { glyph: ' ', ink: Color::Reset, paper };
    }
    Cell { glyph: QUADRANTS[usize::from(best)], ink, paper }
}

fn members(block: [[u8; 3]; 4], mask: u8) -> impl Iterator<Item = [u8; 3]> {
    block.into_iter().enumerate().filter(move |(index, _)| mask & (1 << index) != 0).map(|(_, pixel)| pixel)
}

fn mean(block: [[u8; 3]; 4], mask: u8) -> [u8; 3] {
    let count = mask.count_ones().max(1);
    [0, 1, 2].map(|channel| {
        let sum: u32 = members(block, mask).map(|pixel| u32::from(pixel[channel])).sum();
        // A mean of bytes is a byte.
        ((sum + count / 2) / count) as u8
    })
}

/// The squared distance of the pixels to the means of their sides.
fn split_error(block: [[u8; 3]; 4], mask: u8) -> u32 {
    [mask, !mask & 0xF]
        .into_iter()
        .map(|side| {
            let mean = mean(block, side);
            members(block, side).map(|pixel| (0..3).map(|c| u32::from(pixel[c].abs_diff(mean[c])).pow(2)).sum::<u32>()).sum::<u32>()
        })
        .sum()
}

fn colour(rgb: [u8; 3], depth: Depth) -> Color {
    match depth {
        Depth::Indexed => Color::Indexed(indexed(rgb)),
        Depth::True | Depth::None => Color::Rgb(rgb[0], rgb[1], rgb[2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKY: [u8; 3] = [100, 197, 255];
    const COAT: [u8; 3] = [20, 20, 30];

    fn rgb([r, g, b]: [u8; 3]) -> Color {
        Color::Rgb(r, g, b)
    }

    #[test]
    fn two_colours_are_drawn_exactly_whatever_their_pattern() {
        for mask in 0..16u8 {
            let block = [0, 1, 2, 3].map(|index| if mask & (1 << index) != 0 { COAT } else { SKY });
            let cell = quadrant(block, Depth::True);
            for (index, pixel) in block.into_iter().enumerate() {
                let glyph = QUADRANTS.iter().position(|glyph| *glyph == cell.glyph).unwrap();
                let drawn = if glyph & (1 << index) != 0 { cell.ink } else { cell.paper };
                assert_eq!(drawn, rgb(pixel), "mask {mask:04b}, pixel {index}");
            }
        }
    }

    #[test]
    fn the_odd_one_out_of_three_colours_keeps_its_corner() {
        let near = [96, 190, 250];
        let cell = quadrant([COAT, SKY, near, SKY], Depth::True);
        assert_eq!((cell.glyph, cell.ink), ('▘', rgb(COAT)));
    }

    #[test]
    fn a_flat_cell_is_a_blank_and_the_depth_is_kept() {
        assert_eq!(quadrant([SKY; 4], Depth::True), Cell { glyph: ' ', ink: Color::Reset, paper: rgb(SKY) });
        assert!(matches!(quadrant([SKY; 4], Depth::Indexed).paper, Color::Indexed(16..)));
    }

    #[test]
    fn a_picture_keeps_its_size_and_its_edges() {
        let mut picture = RgbImage::from_pixel(8, 6, image::Rgb(SKY));
        (0..6).for_each(|y| picture.put_pixel(0, y, image::Rgb(COAT)));
        let cells = CellPicture::quadrants(&picture, Depth::True);
        assert_eq!(cells.size(), (4, 3));
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 10));
        cells.draw(Rect::new(1, 1, 4, 3), &mut buffer);
        assert_eq!(buffer[(1, 1)].symbol(), "▌");
        assert_eq!((buffer[(1, 1)].fg, buffer[(2, 3)].bg), (rgb(COAT), rgb(SKY)));
        assert_eq!(buffer[(5, 1)].bg, Color::Reset);
    }
}
