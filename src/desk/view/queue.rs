//! The queue of a unit: its parts, and the rows of one of them. Only what is visible is drawn.

use ratatui::{layout::Rect, style::Style};

use super::{checks, facts, finding, grid, pen::Pen};
use crate::{
    api::submission::SubmissionSummary,
    desk::{
        model::{Model, Part},
        text,
        update::open_tab,
    },
};

/// The row at the top. The list turns in pages that overlap by two rows: a step inside a page changes two lines and no more, which is what a
/// thin line can bear.
fn first_row(selected: usize, rows: usize, room: usize) -> usize {
    if room < 3 {
        return selected;
    }
    let page = room - 2;
    (selected / page * page).saturating_sub(1).min(rows.saturating_sub(room))
}

/// Draws the open part; returns the cursor's place.
pub fn draw(model: &Model, pen: &mut Pen, body: Rect) -> Option<(u16, u16)> {
    tabs(model, pen, Rect { height: body.height.min(1), ..body });
    let theme = &model.theme;
    let list = model.queue.list();
    let (above, field) = finding::draw(model, pen, Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body });
    let table = Rect { y: body.y + 1 + above, height: body.height.saturating_sub(1 + above), ..body };
    if nothing(model, pen, table) {
        return field;
    }
    let tags = !model.grid.tags.is_empty();
    let columns = columns(model, table.width.saturating_sub(u16::from(tags)));
    let left = table.x + 1 + u16::from(tags);
    let mut x = left;
    for column in &columns {
        pen.write(x, table.y, column.cells.saturating_sub(1), &model.text(column.title, &[]), theme.dim());
        x += column.cells;
    }
    let room = usize::from(table.height.saturating_sub(1)).max(1);
    let top = first_row(list.selected, list.rows.len(), room);
    let mut cursor = None;
    for (index, row) in list.rows.iter().enumerate().skip(top).take(room) {
        let y = table.y + 1 + (index - top) as u16;
        let selected = index == list.selected;
        let base = if selected { theme.selection() } else { theme.base() };
        if selected {
            pen.fill(Rect { y, height: 1, ..table }, base);
            pen.write(table.x, y, 1, "▸", base);
            cursor = Some((table.x, y));
        }
        if model.grid.tags.contains(&row.id) {
            pen.write(table.x + 1, y, 1, grid::TAG, Style { bg: base.bg, ..theme.accent() });
        }
        let mut x = left;
        for column in &columns {
            let (words, style) = (column.value)(model, row, index);
            let style = style.map_or(base, |style| Style { bg: base.bg, ..style });
            pen.write(x, y, column.cells.saturating_sub(1), &words, style);
            x += column.cells;
        }
    }
    if list.loading.is_some() && top + room >= list.rows.len() {
        let y = (table.y + 1 + (list.rows.len() - top) as u16).min(table.bottom().saturating_sub(1));
        pen.write_right(table.x, table.right().saturating_sub(1), y, &model.text("desk.loading", &[]), theme.dim());
    }
    field.or(cursor)
}

/// Says why no row is here, if none is.
pub fn nothing(model: &Model, pen: &mut Pen, table: Rect) -> bool {
    let (theme, list) = (&model.theme, model.queue.list());
    if list.rows.is_empty() {
        let words = match (&list.failed, list.loaded) {
            (Some(problem), _) => model.problem_text(problem),
            (None, true) if model.queue.is_searching() => model.text("desk.filter.searching", &[]),
            (None, true) if model.queue.is_found() => model.text("desk.filter.nothing", &[]),
            (None, true) => model.text("desk.queue.empty", &[]),
            (None, false) => model.text("desk.loading", &[]),
        };
        let middle = Rect { y: table.y + table.height / 3, height: 1, ..table };
        pen.write_centre(middle, &words, theme.dim());
        if list.failed.is_some() && middle.y + 2 < table.bottom() {
            pen.write_centre(Rect { y: middle.y + 2, ..middle }, &model.text("desk.retry", &[]), theme.dim());
        }
    }
    list.rows.is_empty()
}

fn tabs(model: &Model, pen: &mut Pen, line: Rect) {
    let theme = &model.theme;
    let mut x = line.x + 1;
    let open = open_tab(model);
    for part in Part::ALL {
        let name = model.text(&format!("desk.part.{}", part.code()), &[]);
        let count = model.unit().map(|unit| format!(" {}", part.count(unit))).unwrap_or_default();
        let style = if part as usize == open { theme.selection() } else { theme.dim() };
        let words = format!(" {name}{count} ");
        if usize::from(x) + text::width(&words) > usize::from(line.right()) {
            break;
        }
        x = pen.write(x, line.y, line.width, &words, style) + 1;
    }
    for (at, view) in model.views.iter().enumerate() {
        let at = at + Part::ALL.len();
        let style = if at == open { theme.selection() } else { theme.dim() };
        let words = format!(" {} {} ", at + 1, text::safe(&view.name));
        if usize::from(x) + text::width(&words) > usize::from(line.right()) {
            break;
        }
        x = pen.write(x, line.y, line.width, &words, style) + 1;
    }
}

type Value = fn(&Model, &SubmissionSummary, usize) -> (String, Option<Style>);

struct Column {
    title: &'static str,
    cells: u16,
    value: Value,
}

/// The columns for a width: what helps to choose comes first, what is left over goes to the reasons.
fn columns(model: &Model, width: u16) -> Vec<Column> {
    let column = |title, cells, value: Value| Column { title, cells, value };
    let english = model.language == crate::language::Language::English;
    let number = column("desk.queue.number", 6, |_, _, index| ((index + 1).to_string(), None));
    let student = column("desk.queue.student", 14, |_, row, _| (row.student.student_number.clone(), None));
    let name = column("desk.queue.name", 10, |_, row, _| (row.student.name.clone().unwrap_or_default(), None));
    let verdict = column("desk.queue.checks", if english { 10 } else { 11 }, |model, row, _| {
        (checks::verdict_text(model, row.checks), Some(model.theme.verdict(row.checks)))
    });
    let state = column("desk.queue.state", if english { 24 } else { 20 }, |model, row, _| facts::state(model, row));
    let attempt = column("desk.queue.attempt", 6, |_, row, _| (row.number.to_string(), None));
    let band = column("desk.queue.band", if english { 12 } else { 10 }, |model, row, _| facts::band(model, row.band));
    let time = column("desk.queue.submitted", 13, |model, row, _| (facts::time(model, row.submitted_at), Some(model.theme.dim())));
    let reasons = column("desk.queue.reasons", 14, |model, row, _| {
        (facts::reasons(model, &row.machine_reasons), Some(model.theme.base().fg(model.theme.warn)))
    });
    // In the order in which they stand; the number says which come first when there is little room.
    let mut ranked = [(3, number), (0, student), (2, name), (6, attempt), (1, verdict), (5, band), (7, reasons), (4, state), (8, time)];
    let mut room = width.saturating_sub(1);
    let mut order: Vec<usize> = (0..ranked.len()).collect();
    order.sort_by_key(|index| ranked[*index].0);
    let mut kept = Vec::new();
    for index in order {
        if ranked[index].1.cells <= room {
            room -= ranked[index].1.cells;
            kept.push(index);
        }
    }
    // Reasons can use all that is left.
    ranked[6].1.cells += room.min(40);
    ranked.into_iter().enumerate().filter(|(index, _)| kept.contains(index)).map(|(_, (_, column))| column).collect()
}

#[cfg(test)]
mod tests {
    use super::first_row;

    #[test]
    fn the_cursor_is_always_on_the_screen_and_no_line_is_wasted() {
        for room in 1..40 {
            for rows in 1..120 {
                for selected in 0..rows {
                    let top = first_row(selected, rows, room);
                    assert!(top <= selected && selected < top + room, "{selected} of {rows} in {room}");
                    assert!(room < 3 || rows < room || top + room <= rows, "empty lines below {top} of {rows} in {room}");
                }
            }
        }
    }
}
