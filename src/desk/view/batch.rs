//! What a batch would do, line by line, before it does it. It has the whole body: while it is open there is no picture.

use ratatui::{layout::Rect, style::Style};

use super::{facts, pen::Pen};
use crate::{
    desk::{
        model::{Batch, Fate, Line, Model, Why},
        picture::policy::Protocol,
        text,
    },
    domain::review::{Decision, ReviewVerdict},
};

/// Cells of a student number's column.
const NUMBER: u16 = 15;
/// Cells of a name's.
const NAME: u16 = 11;
/// Lines from which on all counts are told: the lines below tell the same.
const ROOMY: u16 = 12;

/// Draws the preview.
pub fn draw(model: &Model, pen: &mut Pen, body: Rect, batch: &Batch) {
    let theme = &model.theme;
    let cells = body.width.saturating_sub(2);
    let mut y = body.y;
    for (line, style) in head(model, batch, usize::from(cells), body.height >= ROOMY) {
        if y < body.bottom() {
            pen.write(body.x + 1, y, cells, &line, style);
        }
        y += 1;
    }
    let room = Rect { y: y.min(body.bottom()), height: body.bottom().saturating_sub(y), ..body };
    let scroll = batch.scroll.min(batch.lines.len().saturating_sub(usize::from(room.height)));
    for (y, line) in (room.y..room.bottom()).zip(batch.lines.iter().skip(scroll)) {
        let (words, style) = fate(model, batch, line);
        let mut x = pen.write(body.x + 1, y, NUMBER - 1, &line.student_number, theme.base()).max(body.x + NUMBER);
        // A name has room where the reason has.
        if cells >= 50 {
            pen.write(x + 1, y, NAME - 1, line.name.as_deref().unwrap_or("—"), theme.base());
            x += NAME;
        }
        pen.write(x + 1, y, body.right().saturating_sub(x + 2), &words, style);
    }
}

/// What is asked, and how many of each there are.
fn head(model: &Model, batch: &Batch, cells: usize, roomy: bool) -> Vec<(String, Style)> {
    let theme = &model.theme;
    let count = |wanted: fn(&Fate) -> bool| batch.lines.iter().filter(|line| wanted(&line.fate)).count().to_string();
    let decided = count(|fate| *fate == Fate::Decided);
    let (voted, left) = (count(|fate| *fate == Fate::Voted), count(|fate| matches!(fate, Fate::Left(_))));
    let (title, style) = match batch.verdict.decision() {
        Decision::Approve => ("desk.batch.approve", theme.base().fg(theme.pass)),
        Decision::Reject => ("desk.batch.reject", theme.base().fg(theme.fail)),
    };
    let title = model.text(title, &[("count", &batch.reviewed().to_string()), ("all", &batch.lines.len().to_string())]);
    let mut lines = vec![(title, style.add_modifier(ratatui::style::Modifier::BOLD))];
    // Where there is little room, what will happen to each comes before the end of a sentence.
    let mut say = |words: String, style: Style| {
        let wrapped = if roomy { text::wrap(&text::safe(&words), cells) } else { vec![words] };
        lines.extend(wrapped.into_iter().map(|line| (line, style)));
    };
    if let ReviewVerdict::Reject { reasons } = &batch.verdict {
        say(model.text("desk.decision.reasons", &[("reasons", &facts::reasons(model, reasons.as_slice()))]), theme.base());
    }
    if roomy {
        say(model.text("desk.batch.counts", &[("decided", &decided), ("voted", &voted), ("left", &left)]), theme.dim());
    }
    if model.drawing().is_some_and(|drawing| matches!(drawing.protocol, Protocol::Blocks | Protocol::Spaces)) {
        say(model.text("desk.batch.coarse", &[]), theme.base().fg(theme.warn));
    }
    let ask = if batch.reviewed() > 0 { "desk.batch.ask" } else { "desk.batch.none" };
    say(model.text(ask, &[]), theme.accent());
    lines
}

fn fate(model: &Model, batch: &Batch, line: &Line) -> (String, Style) {
    let theme = &model.theme;
    let (glyph, decided, colour) = match batch.verdict.decision() {
        Decision::Approve => ("✓", "desk.decision.approve", theme.pass),
        Decision::Reject => ("✗", "desk.decision.reject", theme.fail),
    };
    let decided = model.text(decided, &[]);
    match line.fate {
        Fate::Decided => (format!("{glyph} {decided}"), theme.base().fg(colour)),
        Fate::Voted => (format!("{glyph} {}", model.text("desk.batch.voted", &[("decision", &decided)])), theme.held()),
        Fate::Left(why) => {
            let until = match why {
                Why::Claimed(until) => facts::clock_time(model, until),
                _ => String::new(),
            };
            let why = model.text(why.key(), &[("until", &until)]);
            (format!("– {}", model.text("desk.batch.left", &[("why", &why)])), theme.base().fg(theme.warn))
        }
    }
}
