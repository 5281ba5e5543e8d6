//! The registrar's board: how far each unit is, in shares with bars, who is late, and the last days as a line.

use jiff::{Span, civil::Date};
use ratatui::layout::Rect;

use super::pen::Pen;
use crate::{
    api::progress::DayProgress,
    desk::model::{Board, Column, Load, Model},
};

const NUMBER: u16 = 9;
/// What of a day is drawn.
type Of = fn(&DayProgress) -> i64;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws it; returns the cursor's place.
pub fn draw(model: &Model, pen: &mut Pen, body: Rect, board: &Board) -> Option<(u16, u16)> {
    let theme = &model.theme;
    let rows = board.rows(model.units.rows());
    if rows.is_empty() {
        let words = match &model.units.progress {
            Load::Failed(problem) => model.problem_text(problem),
            _ => model.text("desk.loading", &[]),
        };
        pen.write_centre(Rect { y: body.y + body.height / 3, height: 1, ..body }, &words, theme.dim());
        return None;
    }
    let below = if body.height >= 12 { 3 } else { u16::from(body.height >= 7) };
    days(model, pen, Rect { y: body.bottom() - below, height: below, ..body });
    let table = Rect { height: body.height - below, ..body };

    // A share takes a number, and a bar where there is room for four of them.
    let columns = usize::from((table.width.saturating_sub(18) / NUMBER).min(5));
    let shares = columns.min(4);
    let overdue = columns > 4;
    let spare = table.width.saturating_sub(24 + NUMBER * columns as u16);
    let bar = (spare / 4).saturating_sub(1).min(14);
    let bar = if shares == 4 && bar >= 4 { bar } else { 0 };
    let cell = NUMBER + if bar > 0 { bar + 1 } else { 0 };
    let name = table.width.saturating_sub(2 + cell * shares as u16 + if overdue { NUMBER } else { 0 }).min(40);
    let at = |column: usize| table.x + 1 + name + cell * column as u16;
    let head = |column: Column| if column == board.sort { theme.accent() } else { theme.dim() };
    let title = |column: Column| {
        let words = model.text(&format!("desk.board.{}", column.code()), &[]);
        if column == board.sort { format!("▸{words}") } else { words }
    };
    pen.write(table.x + 1, table.y, name, &title(Column::Unit), head(Column::Unit));
    for (index, column) in Column::SHARES.into_iter().take(shares).enumerate() {
        pen.write_right(at(index), at(index) + NUMBER, table.y, &title(column), head(column));
    }
    if overdue {
        pen.write_right(at(shares), at(shares) + NUMBER, table.y, &title(Column::Overdue), head(Column::Overdue));
    }
    let room = usize::from(table.height.saturating_sub(1)).max(1);
    let top = board.selected.saturating_sub(room.saturating_sub(1) / 2).min(rows.len().saturating_sub(room));
    let mut cursor = None;
    for (index, row) in rows.iter().enumerate().skip(top).take(room) {
        let y = table.y + 1 + (index - top) as u16;
        let selected = index == board.selected;
        let base = if selected { theme.selection() } else { theme.base() };
        if selected {
            pen.fill(Rect { y, height: 1, ..table }, base);
            pen.write(table.x, y, 1, "▸", base);
            cursor = Some((table.x, y));
        }
        let words = row.unit_name.clone().or(row.unit.clone()).unwrap_or_else(|| model.text("desk.units.all", &[]));
        pen.write(table.x + 1, y, name.saturating_sub(1), &words, base);
        for (index, column) in Column::SHARES.into_iter().take(shares).enumerate() {
            let share = column.share(row);
            let words = share.map_or_else(|| "–".to_owned(), |share| format!("{:.0}%", (share * 100.0).floor()));
            pen.write_right(at(index), at(index) + NUMBER, y, &words, base);
            if bar > 0 {
                let full = (share.unwrap_or(0.0) * f64::from(bar)).floor() as u16;
                let x = at(index) + NUMBER + 1;
                pen.fill(Rect { x, y, width: bar, height: 1 }, base.bg(theme.line));
                pen.fill(Rect { x, y, width: full.min(bar), height: 1 }, base.bg(theme.accent));
            }
        }
        if overdue {
            let style = if row.overdue > 0 { base.fg(theme.warn) } else { base.fg(theme.placeholder) };
            pen.write_right(at(shares), at(shares) + NUMBER, y, &row.overdue.to_string(), style);
        }
    }
    cursor
}

/// The photos that came and the decisions that became final, day by day.
fn days(model: &Model, pen: &mut Pen, space: Rect) {
    let theme = &model.theme;
    if space.height == 0 {
        return;
    }
    let days = match &model.days {
        Load::Ready(days) => days,
        Load::Failed(problem) => {
            pen.write(space.x + 1, space.y, space.width.saturating_sub(2), &model.problem_text(problem), theme.dim());
            return;
        }
        _ => return,
    };
    let lines: [(&str, Of); 2] = [("desk.board.days_captured", |day| day.captured), ("desk.board.days_decided", |day| day.decided)];
    let first = space.bottom() - space.height.min(2);
    for ((key, of), y) in lines.into_iter().zip(first..space.bottom()) {
        let end = pen.write(space.x + 1, y, 24, &model.text(key, &[]), theme.dim());
        let x = end.max(space.x + 14) + 1;
        let room = usize::from(space.right().saturating_sub(x + 12)).min(60);
        let Some((line, last)) = sparkline(days, of, room) else { continue };
        let end = pen.write(x, y, room as u16, &line, theme.accent());
        pen.write(end + 1, y, 11, &last, theme.dim());
    }
}

/// A bar a day, and how many the last one had; days without any are there too. `None` where there is nothing to draw.
fn sparkline(days: &[DayProgress], of: Of, room: usize) -> Option<(String, String)> {
    let (first, last) = (days.first()?.day, days.last()?);
    let most = days.iter().map(of).max().filter(|most| *most > 0)?;
    let all: Vec<Date> = first.series(Span::new().days(1)).take_while(|day| *day <= last.day).collect();
    let bar = |day: &Date| match days.iter().find(|known| known.day == *day).map_or(0, of) {
        0 => ' ',
        count => BARS[usize::try_from((count * 8 - 1) / most).unwrap_or(0).min(7)],
    };
    let line = all[all.len().saturating_sub(room)..].iter().map(bar).collect();
    Some((line, format!("{:02}-{:02} {}", last.day.month(), last.day.day(), of(last))))
}
