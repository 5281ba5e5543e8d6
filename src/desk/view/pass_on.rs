//! Passing a photo on: reasons, the note that is typed, whether somebody who leads is asked; in the place of the checks.

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::{
    desk::{
        model::{Model, PassOn},
        text,
    },
    domain::queueing::SkipReason,
};

/// Draws the panel; returns the cursor's place, which is the note's.
pub fn draw(model: &Model, pen: &mut Pen, area: Rect, panel: &PassOn) -> (u16, u16) {
    let theme = &model.theme;
    let title = model.text(if panel.lacking { "desk.pass_on.lacking" } else { "desk.pass_on.title" }, &[]);
    let style = if panel.lacking { theme.base().fg(theme.warn) } else { theme.title() };
    pen.rule(Rect { height: 1, ..area }, &title, theme.line(), style);
    let mut y = area.y + 1;
    let cells = area.width.saturating_sub(2);
    for (number, reason) in SkipReason::ALL.into_iter().enumerate() {
        if y >= area.bottom() {
            break;
        }
        let style = if reason == panel.reason { theme.selection() } else { theme.base() };
        if reason == panel.reason {
            pen.fill(Rect { x: area.x + 1, y, width: cells, height: 1 }, style);
        }
        let mark = if reason == panel.reason { "▸" } else { " " };
        let words = format!("{mark}{} {}", number + 1, model.text(&format!("desk.pass_on.{}", reason.code()), &[]));
        pen.write(area.x + 1, y, cells, &words, style);
        y += 1;
    }
    let label = model.text("desk.pass_on.note", &[]);
    let mut cursor = (area.x + 1, y.min(area.bottom().saturating_sub(1)));
    if y < area.bottom() {
        let x = pen.write(area.x + 1, y, cells, &label, theme.dim());
        let room = area.right().saturating_sub(x + 1);
        let seen = panel.note.seen(room);
        pen.write(x, y, room, &seen.text, theme.base());
        cursor = (x + seen.cursor, y);
        y += 1;
    }
    if y < area.bottom() {
        let key = if panel.ask_lead { "desk.pass_on.to_lead" } else { "desk.pass_on.to_anybody" };
        for (line, y) in text::wrap(&model.text(key, &[]), usize::from(cells)).iter().zip(y..area.bottom()) {
            pen.write(area.x + 1, y, cells, line, if panel.ask_lead { theme.held() } else { theme.dim() });
        }
    }
    cursor
}
