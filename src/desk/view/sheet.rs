//! The numbered reasons of a rejection, in the place of the checks.

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::{
    desk::{
        model::{MacroKey, Model, Sheet},
        text,
    },
    domain::reason::Reason,
};

/// Cells before a reason's name: mark, number, blanks.
const LEAD: u16 = 5;
/// Cells of the narrowest column of reasons; what is longer is cut, the number is not.
const NARROWEST: u16 = 22;

/// Lines of the long help of the reason under the cursor, where the sheet is high enough to have them.
const HELP: u16 = 3;
const HIGH: u16 = 14;

/// Draws the sheet; returns the cursor's place. The help stands at its foot, unless it stands in a place of its own.
pub fn draw(model: &Model, pen: &mut Pen, area: Rect, sheet: &Sheet, machine: &[Reason], apart: bool) -> (u16, u16) {
    let theme = &model.theme;
    let reasons = sheet.reasons();
    let number = sheet.digit.map_or_else(|| "__".to_owned(), |digit| format!("{digit}_"));
    let count = sheet.chosen.len().to_string();
    let title = match (sheet.empty, sheet.macro_key) {
        (_, Some(MacroKey::Keep)) => model.text("desk.sheet.keep", &[]),
        (_, Some(MacroKey::Bring)) => model.text("desk.sheet.bring", &[]),
        (true, None) => model.text("desk.sheet.empty", &[]),
        (false, None) => model.text("desk.sheet.title", &[("number", &number), ("count", &count)]),
    };
    let foot = if area.height >= HIGH && !apart { HELP + u16::from(!model.habits.macros.is_empty()) } else { 0 };
    let height = area.height.saturating_sub(1 + foot);
    let body = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(1), height };
    let mut cursor = (body.x, body.y);
    if body.is_empty() {
        return cursor;
    }
    let rows = usize::from(body.height);
    // As few columns as hold all, as wide as that leaves them; where all cannot be held, pages.
    let needed = reasons.len().div_ceil(rows) as u16;
    let columns = needed.min(body.width / NARROWEST).max(1);
    let wide = body.width / columns;
    let page = rows * usize::from(columns);
    let top = sheet.cursor / page * page;
    let pages = reasons.len().div_ceil(page);
    let words = model.text("desk.sheet.page", &[("page", &(top / page + 1).to_string()), ("pages", &pages.to_string())]);
    let end = if pages > 1 { pen.write_right(area.x, area.right(), area.y, &words, theme.dim()) } else { area.right() };
    let style = if sheet.empty { theme.base().fg(theme.warn) } else { theme.title() };
    pen.rule(Rect { height: 1, width: end.saturating_sub(area.x + 1), ..area }, &title, theme.line(), style);
    for (index, reason) in reasons.iter().enumerate().skip(top).take(page) {
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
        pen.write(x + 1, y, 2, &format!("{:02}", *reason as usize + 1), if chosen { style } else { style.fg(theme.key) });
        let found = if machine.contains(reason) { model.text("desk.sheet.machine", &[]) } else { String::new() };
        let mark = text::width(&found) as u16;
        let name = model.text(&format!("reason.{}.short", reason.code()), &[]);
        let end = pen.write(x + 4, y, wide.saturating_sub(LEAD + mark + u16::from(mark > 0)), &name, style);
        pen.write(end + 1, y, mark, &found, style.fg(theme.warn));
    }
    if foot > 0 {
        let place = Rect { y: body.bottom(), height: foot, ..body };
        help(model, pen, place, sheet);
    }
    cursor
}

/// The long help of a reason, and what is kept under digits.
pub fn help(model: &Model, pen: &mut Pen, area: Rect, sheet: &Sheet) {
    let theme = &model.theme;
    let most = usize::from(area.height.saturating_sub(u16::from(!model.habits.macros.is_empty())));
    let help =
        sheet.reasons().get(sheet.cursor).map(|reason| model.text(&format!("reason.{}.help", reason.code()), &[])).unwrap_or_default();
    let lines = text::wrap(&text::safe(&help), usize::from(area.width.saturating_sub(1)));
    for (y, line) in (area.y..).zip(lines.iter().take(most)) {
        pen.write(area.x, y, area.width, line, theme.dim());
    }
    let kept: Vec<String> = model
        .habits
        .macros
        .iter()
        .map(|(digit, reasons)| {
            let names: Vec<String> = reasons.iter().map(|reason| format!("{:02}", *reason as usize + 1)).collect();
            format!("g{digit} {}", names.join("+"))
        })
        .collect();
    if !kept.is_empty() && area.height > 0 {
        pen.write(area.x, area.bottom() - 1, area.width, &kept.join("  "), theme.accent());
    }
}
