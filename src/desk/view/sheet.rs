//! The numbered reasons of a rejection, in the place of the checks.

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::{
    desk::{
        model::{Model, Sheet},
        text,
    },
    domain::reason::Reason,
};

/// Cells before a reason's name: mark, number, blanks.
const LEAD: u16 = 5;
/// Cells of the narrowest column of reasons; what is longer is cut, the number is not.
const NARROWEST: u16 = 22;

/// Draws the sheet; returns the cursor's place.
pub fn draw(model: &Model, pen: &mut Pen, area: Rect, sheet: &Sheet, machine: &[Reason]) -> (u16, u16) {
    let theme = &model.theme;
    let names: Vec<String> = Reason::ALL.iter().map(|reason| model.text(&format!("reason.{}.short", reason.code()), &[])).collect();
    let head = Rect { height: 1, ..area };
    let number = sheet.digit.map_or_else(|| "__".to_owned(), |digit| format!("{digit}_"));
    let title = if sheet.empty {
        model.text("desk.sheet.empty", &[])
    } else {
        let count = sheet.chosen.len().to_string();
        model.text("desk.sheet.title", &[("number", &number), ("count", &count)])
    };
    let body = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(1), height: area.height.saturating_sub(1) };
    let mut cursor = (body.x, body.y);
    if body.is_empty() {
        return cursor;
    }
    let rows = usize::from(body.height);
    // As few columns as hold all, as wide as that leaves them; where all cannot be held, pages.
    let needed = Reason::ALL.len().div_ceil(rows) as u16;
    let columns = needed.min(body.width / NARROWEST).max(1);
    let wide = body.width / columns;
    let page = rows * usize::from(columns);
    let top = sheet.cursor / page * page;
    let pages = Reason::ALL.len().div_ceil(page);
    let words = model.text("desk.sheet.page", &[("page", &(top / page + 1).to_string()), ("pages", &pages.to_string())]);
    let end = if pages > 1 { pen.write_right(area.x, area.right(), area.y, &words, theme.dim()) } else { area.right() };
    let style = if sheet.empty { theme.base().fg(theme.warn) } else { theme.title() };
    pen.rule(Rect { width: end.saturating_sub(area.x + 1), ..head }, &title, theme.line(), style);
    for (index, reason) in Reason::ALL.iter().enumerate().skip(top).take(page) {
        let at = index - top;
        let (x, y) = (body.x + (at / rows) as u16 * wide, body.y + (at % rows) as u16);
        let chosen = sheet.chosen.contains(reason);
        let style = match (index == sheet.cursor, chosen) {
            (true, _) => theme.selection(),
            (false, true) => theme.base().fg(theme.fail),
            (false, false) => theme.base(),
        };
        if index == sheet.cursor {
            pen.fill(Rect { x, y, width: wide.saturating_sub(1), height: 1 }, style);
            cursor = (x, y);
        }
        pen.write(x, y, 1, if chosen { "✗" } else { " " }, style.fg(theme.fail));
        pen.write(x + 1, y, 2, &format!("{:02}", index + 1), if chosen { style } else { style.fg(theme.key) });
        let found = if machine.contains(reason) { model.text("desk.sheet.machine", &[]) } else { String::new() };
        let mark = text::width(&found) as u16;
        let end = pen.write(x + 4, y, wide.saturating_sub(LEAD + mark + u16::from(mark > 0)), &names[index], style);
        pen.write(end + 1, y, mark, &found, style.fg(theme.warn));
    }
    cursor
}
