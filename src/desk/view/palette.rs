//! The palette: a field, and below it what fits, each with its key. It has the whole body: nothing covers a picture.

use ratatui::layout::Rect;

use super::{finding, pen::Pen};
use crate::desk::{
    model::{Model, Palette},
    text,
};

/// Draws it; returns the cursor's place.
pub fn draw(model: &Model, pen: &mut Pen, body: Rect, palette: &Palette) -> Option<(u16, u16)> {
    let theme = &model.theme;
    let line = Rect { height: body.height.min(1), ..body };
    let cursor = finding::field(model, pen, line, ": ", &palette.field);
    let count = palette.found.len();
    let room = usize::from(body.height.saturating_sub(1));
    if count == 0 && room > 1 {
        pen.write_centre(Rect { y: body.y + 2, height: 1, ..body }, &model.text("desk.palette.nothing", &[]), theme.dim());
    }
    let top = palette.choice.saturating_sub(room.saturating_sub(1));
    for (at, command) in palette.found.iter().enumerate().skip(top).take(room) {
        let y = body.y + 1 + (at - top) as u16;
        let chosen = at == palette.choice;
        let style = if chosen { theme.selection() } else { theme.base() };
        if chosen {
            pen.fill(Rect { y, height: 1, ..body }, style);
            pen.write(body.x + 1, y, 1, "▸", style);
        }
        let key = text::width(&text::safe(&command.key)) as u16;
        let right = body.right().saturating_sub(1);
        let words = body.width.saturating_sub(5 + key);
        pen.write(body.x + 3, y, words, &command.words, style);
        pen.write_right(body.x + 3, right, y, &command.key, if chosen { style } else { theme.accent() });
    }
    cursor
}
