//! The one way for text into a frame: made safe, fitted to its cells, never splitting a wide glyph.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::desk::text;

/// Writes into a buffer.
pub struct Pen<'b> {
    pub buffer: &'b mut Buffer,
}

impl Pen<'_> {
    /// Fills an area with blanks of a style.
    pub fn fill(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            self.buffer[position].reset();
            self.buffer[position].set_style(style);
        }
    }

    /// Writes at most `cells` cells from (x, y); returns where the text ended.
    pub fn write(&mut self, x: u16, y: u16, cells: u16, what: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.y || y >= area.bottom() || x >= area.right() {
            return x;
        }
        let room = cells.min(area.right() - x);
        let fitted = text::fit(&text::safe(what), usize::from(room));
        self.buffer.set_stringn(x, y, fitted, usize::from(room), style).0
    }

    /// Writes so that the text ends before `right`; returns where it began. What does not fit right of `left` is not written.
    pub fn write_right(&mut self, left: u16, right: u16, y: u16, what: &str, style: Style) -> u16 {
        let safe = text::safe(what);
        let wide = u16::try_from(text::width(&safe)).unwrap_or(u16::MAX);
        if wide == 0 || wide > right.saturating_sub(left) {
            return right;
        }
        self.write(right - wide, y, wide, &safe, style);
        right - wide
    }

    /// Writes in the middle of a line.
    pub fn write_centre(&mut self, line: Rect, what: &str, style: Style) {
        let safe = text::fit(&text::safe(what), usize::from(line.width));
        let wide = u16::try_from(text::width(&safe)).unwrap_or(line.width);
        self.write(line.x + (line.width - wide) / 2, line.y, wide, &safe, style);
    }

    /// A horizontal line with a word in it.
    pub fn rule(&mut self, line: Rect, word: &str, line_style: Style, word_style: Style) {
        for x in line.left()..line.right() {
            self.write(x, line.y, 1, "─", line_style);
        }
        if !word.is_empty() && line.width > 4 {
            self.write(line.x + 1, line.y, line.width - 2, &format!(" {word} "), word_style);
        }
    }
}
