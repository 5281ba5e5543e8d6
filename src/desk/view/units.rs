//! The first screen: the units with their counts.

use ratatui::layout::Rect;

use super::{bars, pen::Pen};
use crate::{
    api::progress::UnitProgress,
    desk::model::{Load, Model},
};

/// Cells of a number's column.
const NUMBER: u16 = 9;
/// Cells of the bar that shows how much is done.
const BAR: u16 = 12;

type Column = (&'static str, fn(&UnitProgress) -> i64);
const COLUMNS: [Column; 5] = [
    ("desk.units.pending", |unit| unit.pending),
    ("desk.units.machine_refused", |unit| unit.machine_refused),
    ("desk.units.held", |unit| unit.held),
    ("desk.units.done", |unit| unit.done_students),
    ("desk.units.students", |unit| unit.students),
];

/// Draws the units; returns the cursor's place.
pub fn draw(model: &Model, pen: &mut Pen, body: Rect) -> Option<(u16, u16)> {
    let theme = &model.theme;
    let rows = model.units.rows();
    if rows.is_empty() {
        let words = match &model.units.progress {
            Load::Failed(problem) => model.problem_text(problem),
            Load::Ready(_) => model.text("desk.units.none", &[]),
            _ => model.text("desk.loading", &[]),
        };
        let middle = Rect { y: body.y + body.height / 3, height: 1, ..body };
        pen.write_centre(middle, &words, theme.dim());
        if matches!(model.units.progress, Load::Failed(_)) && middle.y + 2 < body.bottom() {
            pen.write_centre(Rect { y: middle.y + 2, ..middle }, &model.text("desk.retry", &[]), theme.dim());
        }
        return None;
    }
    let rate = body.width >= 40;
    let bar = body.width >= 72;
    let tail = if rate { 7 } else { 0 } + if bar { BAR + 1 } else { 0 };
    let columns = usize::from((body.width.saturating_sub(tail + 14) / NUMBER).min(COLUMNS.len() as u16));
    let name = body.width.saturating_sub(2 + tail + NUMBER * columns as u16).min(44);
    let at = |column: usize| body.x + 1 + name + NUMBER * (column as u16 + 1);
    let head = theme.dim();
    pen.write(body.x + 1, body.y, name, &model.text("desk.units.unit", &[]), head);
    for (index, (key, _)) in COLUMNS.iter().take(columns).enumerate() {
        pen.write_right(at(index).saturating_sub(NUMBER), at(index), body.y, &model.text(key, &[]), head);
    }
    if rate {
        pen.write_right(at(columns).saturating_sub(NUMBER), at(columns) - NUMBER + 7, body.y, &model.text("desk.units.rate", &[]), head);
    }
    let room = usize::from(body.height.saturating_sub(2)).max(1);
    let top = model.units.selected.saturating_sub(room.saturating_sub(1) / 2).min(rows.len().saturating_sub(room));
    let mut cursor = None;
    for (index, row) in rows.iter().enumerate().skip(top).take(room) {
        let y = body.y + 1 + (index - top) as u16;
        let selected = index == model.units.selected;
        let base = if selected { theme.selection() } else { theme.base() };
        if selected {
            pen.fill(Rect { y, height: 1, ..body }, base);
            pen.write(body.x, y, 1, "▸", base);
            cursor = Some((body.x, y));
        }
        let title = match (&row.unit_name, &row.unit) {
            (Some(name), _) => name.clone(),
            (None, Some(code)) => code.clone(),
            (None, None) => model.text("desk.units.all", &[]),
        };
        pen.write(body.x + 1, y, name.saturating_sub(1), &title, base);
        for (column, (key, count)) in COLUMNS.iter().take(columns).enumerate() {
            let count = count(row);
            let style = match *key {
                _ if count == 0 => base.fg(theme.placeholder),
                "desk.units.pending" => base.fg(theme.accent),
                "desk.units.machine_refused" => base.fg(theme.warn),
                "desk.units.held" => base.fg(theme.held),
                _ => base,
            };
            pen.write_right(at(column).saturating_sub(NUMBER), at(column), y, &count.to_string(), style);
        }
        if rate {
            let x = at(columns) - NUMBER;
            let share = if row.students > 0 { row.done_students as f64 / row.students as f64 } else { 0.0 };
            pen.write_right(x, x + 7, y, &format!("{:.0}%", share * 100.0), base);
            if bar {
                let full = (share * f64::from(BAR)).round() as u16;
                pen.fill(Rect { x: x + 8, y, width: BAR, height: 1 }, base.bg(theme.line));
                pen.fill(Rect { x: x + 8, y, width: full.min(BAR), height: 1 }, base.bg(theme.pass));
            }
        }
    }
    if model.queue.unit.is_some() && rows.is_empty() {
        pen.write(body.x, body.y, body.width, &bars::unit_name(model), theme.dim());
    }
    cursor
}
