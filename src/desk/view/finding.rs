//! The line of the filter: what is looked for and how far that is, or the field in which it is typed with what may come next.

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::desk::{
    entry::Field,
    filter::{Sort, Why, Wrong},
    model::{Asking, Model, Panel},
    text,
};

/// Proposals at once.
const PROPOSALS: u16 = 8;

/// Draws the lines between the tabs and the rows; returns how many they are and where the cursor stands in a field.
pub fn draw(model: &Model, pen: &mut Pen, space: Rect) -> (u16, Option<(u16, u16)>) {
    let line = Rect { height: space.height.min(1), ..space };
    match &model.panel {
        _ if line.height == 0 => (0, None),
        Some(Panel::Asking(asking)) => {
            let cursor = field(model, pen, line, "/ ", &asking.field);
            (1 + below(model, pen, asking, space), cursor)
        }
        Some(Panel::Naming(name)) => {
            let prompt = model.text("desk.filter.name", &[]);
            (1, field(model, pen, line, &prompt, name))
        }
        _ if model.queue.is_found() => {
            found(model, pen, line);
            (1, None)
        }
        _ => (0, None),
    }
}

/// A prompt and a field behind it; returns the cursor's place.
pub fn field(model: &Model, pen: &mut Pen, line: Rect, prompt: &str, field: &Field) -> Option<(u16, u16)> {
    let theme = &model.theme;
    pen.fill(line, theme.bar());
    let x = pen.write(line.x + 1, line.y, line.width.saturating_sub(1), prompt, theme.key());
    let room = line.right().checked_sub(x + 2).filter(|room| *room > 0)?;
    let seen = field.seen(room);
    pen.write(x, line.y, room, &seen.text, theme.bar());
    if seen.more_left {
        pen.write(x.saturating_sub(1), line.y, 1, "…", theme.bar().fg(theme.dim));
    }
    if seen.more_right {
        pen.write(line.right().saturating_sub(2), line.y, 1, "…", theme.bar().fg(theme.dim));
    }
    Some((x + seen.cursor, line.y))
}

/// What is wrong, or what may come next.
fn below(model: &Model, pen: &mut Pen, asking: &Asking, space: Rect) -> u16 {
    let theme = &model.theme;
    let mut y = space.y + 1;
    if let Some(wrong) = &asking.wrong
        && y < space.bottom()
    {
        let words = words(model, wrong, asking.field.text());
        for line in text::wrap(&text::safe(&words), usize::from(space.width.saturating_sub(4))).into_iter().take(2) {
            if y < space.bottom() {
                pen.write(space.x + 3, y, space.width.saturating_sub(3), &line, theme.base().fg(theme.fail));
                y += 1;
            }
        }
    }
    // The rows below are what it is all about: they keep the greater part.
    let room = PROPOSALS.min(space.height / 2).min(space.bottom().saturating_sub(y));
    let proposals = &asking.completion.proposals;
    let top = asking.choice.saturating_sub(usize::from(room).saturating_sub(1));
    for (at, proposal) in proposals.iter().enumerate().skip(top).take(usize::from(room)) {
        let chosen = at == asking.choice;
        let style = if chosen { theme.selection() } else { theme.base() };
        let line = Rect { y, height: 1, ..space };
        if chosen {
            pen.fill(line, style);
            pen.write(line.x + 1, y, 1, "▸", style);
        }
        let end = pen.write(line.x + 3, y, line.width.saturating_sub(4), &proposal.insert, style);
        let about = end.max(line.x + 18) + 2;
        pen.write(about, y, line.right().saturating_sub(about + 1), &proposal.about, if chosen { style } else { theme.dim() });
        y += 1;
    }
    y - space.y - 1
}

fn words(model: &Model, wrong: &Wrong, text: &str) -> String {
    let expected = match (&wrong.why, wrong.key) {
        (Why::Several(_, fits), _) => fits.join(&model.text("desk.comma", &[])),
        (Why::NoKey(_), _) | (_, None) => model.text("desk.filter.keys", &[]),
        (_, Some(key)) => model.text(&format!("desk.filter.about.{}", key.code()), &[]),
    };
    let column = wrong.column(text).to_string();
    let parameters = [("column", column.as_str()), ("word", wrong.word()), ("expected", expected.as_str())];
    model.text(&format!("desk.filter.wrong.{}", wrong.why.code()), &parameters)
}

/// What is looked for, and how far that is: never more than is known.
fn found(model: &Model, pen: &mut Pen, line: Rect) {
    let theme = &model.theme;
    let (queue, list) = (&model.queue, model.queue.list());
    let mut how = Vec::new();
    let (shown, loaded) = (list.rows.len().to_string(), list.count().to_string());
    if !queue.filter.is_empty() {
        how.push(model.text("desk.filter.count", &[("shown", &shown), ("loaded", &loaded)]));
    }
    let state = match () {
        () if !list.unsieved.is_empty() => Some("desk.filter.sieving"),
        () if list.next.is_none() && list.loaded => None,
        () if list.stopped => Some("desk.filter.stopped"),
        () if list.loading.is_some() => Some("desk.filter.loading"),
        () => Some("desk.filter.more"),
    };
    if queue.sort != Sort::Age {
        let name = model.text(&format!("desk.sort.{}", queue.sort.code()), &[]);
        how.push(model.text(if state.is_some() { "desk.filter.sorted_loaded" } else { "desk.filter.sorted" }, &[("sort", &name)]));
    }
    how.extend(state.map(|key| model.text(key, &[])));
    let how = how.join(" · ");
    let start = pen.write_right(line.x + 10, line.right().saturating_sub(1), line.y, &how, theme.dim());
    // On a narrow screen the numbers say more than what was typed.
    let room = start.saturating_sub(line.x + 2);
    pen.write(line.x + 1, line.y, room, &format!("/ {}", queue.text), theme.accent());
}
