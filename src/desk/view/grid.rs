//! The contact sheet: the finished photos of the open part as tiles, each with who it is and how it stands under it.

use ratatui::{layout::Rect, style::Style};

use super::{
    Drawn, checks, facts,
    pen::Pen,
    queue,
    tiles::{self, Tile},
};
use crate::{
    api::submission::SubmissionSummary,
    desk::{
        model::{Model, Slot},
        picture::Painted,
        text,
    },
};

/// Digits of a student number that are always shown.
const DIGITS: usize = 4;
/// Stands for a tag, here and in the lists.
pub const TAG: &str = "●";

/// Draws the page of tiles on which the cursor is; returns what is on the screen now, and the cursor's place.
pub fn draw(model: &Model, pen: &mut Pen, body: Rect, area: Rect) -> (Drawn, Option<(u16, u16)>) {
    let mut drawn = Drawn::default();
    // The frame may be another size than the model for one moment after a resize: nothing is drawn outside.
    if area.width < model.size.0 || area.height < model.size.1 || queue::nothing(model, pen, body) {
        return (drawn, None);
    }
    let tiling = tiles::tiling(model);
    if tiling.page() == 0 {
        pen.write_centre(
            Rect { y: body.y + body.height / 2, height: body.height.min(1), ..body },
            &model.text("desk.grid.small", &[]),
            model.theme.dim(),
        );
        return (drawn, None);
    }
    let list = model.queue.list();
    let mut cursor = None;
    for tile in tiles::visible(model) {
        let Some(row) = list.rows.get(tile.index) else { continue };
        let selected = tile.index == list.selected;
        if picture(model, pen, &tile, row, &mut drawn) {
            drawn.tiles.push((row.id, row.version));
        }
        drawn.standing.push((row.id, tile.whole()));
        words(model, pen, tile.words, row, selected);
        if selected {
            cursor = Some((tile.words.x, tile.words.y));
        }
    }
    drawn.below = tiling.more;
    if let (Some(line), Some(row)) = (tiling.more, list.rows.get(list.selected)) {
        facts::student(model, pen, line, row);
    }
    (drawn, cursor)
}

/// Draws a tile's picture; says whether it is there as it is judged, and what a decision needs is known.
fn picture(model: &Model, pen: &mut Pen, tile: &Tile, row: &SubmissionSummary, drawn: &mut Drawn) -> bool {
    let theme = &model.theme;
    let mut message = String::new();
    // Whoever runs through the pages sees names only.
    if !model.hurried() {
        match tiles::request(model, row).map(|request| (request, model.pictures.get(&request))) {
            Some((request, Some(Slot::Ready(picture)))) => {
                if let Some(area) = picture.draw(tile.picture, pen.buffer) {
                    drawn.pictures.push(Painted { request, area });
                    let detail = model.details.get(&row.id).and_then(|load| load.ready());
                    return detail.is_some_and(|detail| detail.summary.version == row.version);
                }
                message = model.text("desk.picture.failed", &[]);
            }
            Some((_, Some(Slot::Failed(problem)))) => message = model.problem_text(problem),
            Some(_) => message = model.text("desk.loading", &[]),
            None => message = model.text("desk.picture.off", &[]),
        }
    }
    pen.fill(tile.picture, theme.placeholder().bg(theme.panel));
    let lines = text::wrap(&text::safe(&message), usize::from(tile.picture.width));
    let top = tile.picture.y + tile.picture.height.saturating_sub(lines.len() as u16) / 2;
    for (y, line) in (top..tile.picture.bottom()).zip(&lines) {
        pen.write_centre(Rect { y, height: 1, ..tile.picture }, line, theme.placeholder().fg(theme.dim).bg(theme.panel));
    }
    false
}

/// Who it is, and below how it stands: tag, number's end and name; checks, comparison, state.
fn words(model: &Model, pen: &mut Pen, words: Rect, row: &SubmissionSummary, selected: bool) {
    let theme = &model.theme;
    let base = if selected { theme.selection() } else { theme.base() };
    let over = |style: Style| if selected { Style { bg: base.bg, ..style } } else { style };
    pen.fill(words, base);
    let line = Rect { height: 1, ..words };
    pen.write(line.x, line.y, 1, if selected { "▸" } else { " " }, base);
    if model.grid.tags.contains(&row.id) {
        pen.write(line.x + 1, line.y, 1, TAG, over(theme.accent()));
    }
    let name = row.student.name.as_deref().unwrap_or_default();
    let room = usize::from(line.width - 2);
    let digits = room.saturating_sub(text::width(&text::safe(name)) + 1).max(DIGITS);
    let x = pen.write(line.x + 2, line.y, line.width - 2, end(&row.student.student_number, digits), base);
    pen.write(x + 1, line.y, line.right().saturating_sub(x + 1), name, base);
    let y = line.y + 1;
    pen.write(line.x, y, 1, checks::glyph(row.checks), over(theme.verdict(row.checks)));
    let (compared, style) = facts::band(model, row.band);
    let glyph = if row.band.is_none() { "-".to_owned() } else { compared.chars().take(1).collect() };
    pen.write(line.x + 1, y, 1, &glyph, over(style.unwrap_or(base)));
    let (state, style) = facts::state(model, row);
    pen.write(line.x + 3, y, line.width.saturating_sub(3), &state, style.map_or(base, over));
}

/// The last `count` characters: where students of a unit differ.
fn end(number: &str, count: usize) -> &str {
    let skip = number.chars().count().saturating_sub(count);
    number.char_indices().nth(skip).map_or("", |(at, _)| &number[at..])
}
