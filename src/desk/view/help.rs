//! The help: the keys of the place one came from, and what the signs mean. Pictures are left out while it is open.

use ratatui::{layout::Rect, style::Style};

use super::{checks, finding, pen::Pen};
use crate::{
    desk::{
        entry::Field,
        keymap::{self, Place},
        model::{Model, Screen},
        names, text,
    },
    domain::check::Verdict,
    language,
};

/// The lines of the help: key, words.
#[must_use]
pub fn lines(model: &Model) -> Vec<(String, String, Style)> {
    let theme = &model.theme;
    let place = match model.screen {
        Screen::Units => Place::Units,
        Screen::Queue => Place::Queue,
        Screen::Grid => Place::Grid,
        Screen::Review => Place::Review,
    };
    let mut lines: Vec<(String, String, Style)> = Vec::new();
    let mut section = |title: &str, place: Place| {
        lines.push((String::new(), model.text(title, &[]), theme.title()));
        // In a fix its key only says that the fix is to be sent first.
        let told = |binding: &&keymap::Binding| place != Place::Fix || binding.action != keymap::Action::Approve;
        for binding in keymap::bindings(place).filter(told) {
            let code = binding.action.code();
            let long = format!("desk.help.{code}");
            let key = if language::has_text(model.language, &long) { long } else { format!("desk.key.{code}") };
            lines.push((binding.written.to_owned(), model.text(&key, &[]), theme.base()));
        }
        lines.push((String::new(), String::new(), theme.base()));
    };
    section("desk.help.here", place);
    if matches!(place, Place::Review | Place::Grid) {
        section("desk.help.sheet", Place::Sheet);
        section("desk.fix.title", Place::Fix);
    }
    lines.push((String::new(), model.text("desk.help.signs", &[]), theme.title()));
    for (verdict, key) in [(Verdict::Pass, "pass"), (Verdict::Warn, "warn"), (Verdict::Fail, "fail"), (Verdict::Unknown, "unknown")] {
        let words = format!("{}  {}", model.text(&format!("verdict.{key}"), &[]), model.text(&format!("desk.help.sign_{key}"), &[]));
        lines.push((checks::glyph(verdict).to_owned(), words, theme.verdict(verdict)));
    }
    lines.push((String::new(), String::new(), theme.base()));
    lines.push((String::new(), model.text("desk.help.deciding", &[]), theme.title()));
    for key in ["desk.help.held", "desk.help.offline", "desk.help.double"] {
        lines.push((String::new(), model.text(key, &[]), theme.base()));
    }
    found(model, lines)
}

/// The lines in which what is typed is found: in their words, in pinyin or as a key.
fn found(model: &Model, lines: Vec<(String, String, Style)>) -> Vec<(String, String, Style)> {
    let wanted = model.field().map(|field| field.text().trim().to_lowercase()).unwrap_or_default();
    if wanted.is_empty() {
        return lines;
    }
    let fits = |(key, words, _): &(String, String, Style)| {
        let forms = [words.to_lowercase(), names::letters(words), names::initials(words)];
        !key.is_empty() && (forms.iter().any(|form| form.contains(&wanted)) || key.to_lowercase() == wanted)
    };
    lines.into_iter().filter(fits).collect()
}

/// Draws the help from line `scroll` on; returns the cursor's place in the field for what is looked for.
pub fn draw(model: &Model, pen: &mut Pen, body: Rect, scroll: usize, field: &Field) -> Option<(u16, u16)> {
    let prompt = model.text("desk.help.search", &[]);
    let cursor = finding::field(model, pen, Rect { height: body.height.min(1), ..body }, &prompt, field);
    let body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
    let lines = lines(model);
    if lines.is_empty() {
        pen.write_centre(Rect { y: body.y + 1, height: 1, ..body }, &model.text("desk.palette.nothing", &[]), model.theme.dim());
    }
    let scroll = scroll.min(lines.len().saturating_sub(usize::from(body.height)));
    let mut y = body.y;
    for (key, words, style) in lines.iter().skip(scroll) {
        let lead = if key.is_empty() { 1 } else { 11 };
        let room = body.width.saturating_sub(lead + 1);
        let wrapped = text::wrap(words, usize::from(room));
        if y >= body.bottom() {
            break;
        }
        pen.write(body.x + 2, y, 8, key, if *style == model.theme.base() { model.theme.accent() } else { *style });
        for line in &wrapped {
            if y >= body.bottom() {
                break;
            }
            pen.write(body.x + lead, y, room, line, *style);
            y += 1;
        }
        y += u16::from(wrapped.is_empty());
    }
    cursor
}
