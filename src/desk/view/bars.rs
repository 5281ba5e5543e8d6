//! The lines that every screen has: where one is and what is held, news, keys.

use ratatui::{layout::Rect, style::Modifier};

use super::{facts, pen::Pen};
use crate::desk::{
    keymap::{self, Action, Place},
    model::{Model, Panel, Screen, Tone},
    text,
    update::place,
};

/// 照审 ▸ season ▸ unit ▸ part; at the right what is held, unsent and refused.
pub fn header(model: &Model, pen: &mut Pen, line: Rect) {
    let bar = model.theme.bar();
    pen.fill(line, bar);
    let mut right = line.right().saturating_sub(1);
    for (words, style) in states(model) {
        let start = pen.write_right(line.x + 12, right, line.y, &words, style);
        right = if start < right { start.saturating_sub(2) } else { right };
    }
    let mut trail = vec![model.text("desk.name", &[])];
    trail.extend(model.season.as_ref().map(|season| season.name.clone()));
    if model.screen != Screen::Units {
        trail.push(unit_name(model));
        trail.push(model.text(&format!("desk.part.{}", model.queue.part().code()), &[]));
    }
    if matches!(model.screen, Screen::Review | Screen::Grid) {
        let list = model.queue.list();
        // Rows that are not loaded yet are counted by the unit's counts.
        let counted = model.unit().map_or(0, |unit| usize::try_from(model.queue.part().count(unit)).unwrap_or(0));
        let total = if list.next.is_some() { counted.max(list.rows.len()) } else { list.rows.len() };
        trail.push(format!("{}/{total}", list.selected + 1));
    }
    // The end of the trail tells more than its beginning.
    let room = usize::from(right.saturating_sub(line.x + 2));
    let long = |trail: &[String]| trail.iter().map(|part| text::width(&text::safe(part)) + 3).sum::<usize>() > room + 3;
    while trail.len() > 2 && long(&trail) {
        trail.remove(1);
    }
    let mut x = line.x + 1;
    for (index, part) in trail.iter().enumerate() {
        if index > 0 {
            x = pen.write(x, line.y, right.saturating_sub(x), " ▸ ", bar.fg(model.theme.line));
        }
        let style = if index == 0 { bar.fg(model.theme.accent).add_modifier(Modifier::BOLD) } else { bar };
        x = pen.write(x, line.y, right.saturating_sub(x), part, style);
    }
}

/// The name of the open queue's unit.
#[must_use]
pub fn unit_name(model: &Model) -> String {
    match (&model.queue.unit, model.unit()) {
        (None, _) => model.text("desk.units.all", &[]),
        (Some(code), Some(unit)) => unit.unit_name.clone().unwrap_or_else(|| code.clone()),
        (Some(code), None) => code.clone(),
    }
}

fn states(model: &Model) -> Vec<(String, ratatui::style::Style)> {
    let bar = model.theme.bar();
    let mut states = Vec::new();
    if !model.outbox.conflicts.is_empty() {
        let count = model.outbox.conflicts.len().to_string();
        states.push((model.text("desk.state.conflicts", &[("count", &count)]), bar.fg(model.theme.fail).add_modifier(Modifier::BOLD)));
    }
    if model.outbox.unsent > 0 {
        let count = unsent(model);
        let colour = if model.outbox.waiting.is_some() { model.theme.warn } else { model.theme.dim };
        states.push((model.text("desk.state.unsent", &[("count", &count)]), bar.fg(colour)));
    }
    if model.screen != Screen::Units && !model.grid.tags.is_empty() {
        let count = model.grid.tags.len().to_string();
        states.push((model.text("desk.state.tagged", &[("count", &count)]), bar.fg(model.theme.accent)));
    }
    if let Some(away) = model.away {
        let over = away.expires_at <= model.now.wall;
        let key = if over { "desk.state.away_over" } else { "desk.state.away" };
        let colour = if over { model.theme.fail } else { model.theme.warn };
        let until = facts::time(model, away.expires_at);
        states.push((model.text(key, &[("until", &until)]), bar.fg(colour).add_modifier(Modifier::BOLD)));
    }
    if let Some((count, seconds)) = model.held() {
        let parameters = [("count", count.to_string()), ("left", clock(seconds))];
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        states.push((model.text("desk.state.held", &parameters), bar.fg(model.theme.held)));
    }
    states
}

/// How much is unsent, and since when the oldest waits.
fn unsent(model: &Model) -> String {
    let count = model.outbox.unsent.to_string();
    age(model).map_or_else(|| count.clone(), |age| format!("{count} · {age}"))
}

/// How long the oldest has waited, in the largest unit that tells it. Of what is sent at once nobody wants to know an age.
fn age(model: &Model) -> Option<String> {
    let seconds = model.now.wall.as_second() - model.outbox.oldest?.as_second();
    let (key, number) = match seconds {
        ..60 => return None,
        60..3600 => ("desk.age.minutes", seconds / 60),
        3600..172_800 => ("desk.age.hours", seconds / 3600),
        _ => ("desk.age.days", seconds / 86_400),
    };
    Some(model.text(key, &[("number", &number.to_string())]))
}

/// Seconds as minutes and seconds.
#[must_use]
pub fn clock(seconds: i64) -> String {
    let seconds = seconds.max(0);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// What has just happened, else what keeps happening.
pub fn news(model: &Model, pen: &mut Pen, line: Rect) {
    let theme = &model.theme;
    let (words, style) = if let Some(Panel::Quitting) = model.panel {
        let count = model.outbox.unsent.to_string();
        let words = match age(model) {
            Some(age) => model.text("desk.quit_age", &[("count", &count), ("age", &age)]),
            None => model.text("desk.quit", &[("count", &count)]),
        };
        (words, theme.base().fg(theme.warn).add_modifier(Modifier::BOLD))
    } else if let Some(news) = &model.news {
        let parameters: Vec<(&str, &str)> = news.parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let style = match news.tone {
            Tone::Plain => theme.base(),
            Tone::Warning => theme.base().fg(theme.warn),
            Tone::Problem => theme.base().fg(theme.fail),
        };
        (model.text(news.key, &parameters), style)
    } else if let Some(problem) = model.outbox.waiting.as_ref().filter(|_| model.away.is_none()) {
        let count = model.outbox.unsent.to_string();
        let why = model.problem_text(problem);
        (model.text("desk.waiting", &[("why", &why), ("count", &count)]), theme.base().fg(theme.warn))
    } else {
        (String::new(), theme.dim())
    };
    let right = line.right().saturating_sub(1);
    let mode = model.drawing().map_or("off", |drawing| match drawing.protocol {
        crate::desk::picture::policy::Protocol::Kitty => "kitty",
        crate::desk::picture::policy::Protocol::Iterm2 => "iterm2",
        crate::desk::picture::policy::Protocol::Sixel => "sixel",
        _ => "blocks",
    });
    let end = pen.write(line.x + 1, line.y, line.width.saturating_sub(2), &words, style);
    let user = format!("{} · {mode}", model.user);
    pen.write_right(end + 2, right, line.y, &user, theme.dim());
}

/// The keys of this place, as many as there is room for.
pub fn keys(model: &Model, pen: &mut Pen, line: Rect) {
    let theme = &model.theme;
    pen.fill(line, theme.bar());
    let place = place(model);
    let help = keymap::bindings(place).find(|binding| binding.action == Action::Help);
    let help = help.map(|binding| (binding.written.to_owned(), model.text("desk.key.help", &[])));
    let wide = |(written, words): &(String, String)| text::width(written) + 1 + text::width(words);
    let mut right = line.right().saturating_sub(1);
    if let Some(help) = &help
        && wide(help) + 2 < usize::from(line.width)
    {
        right -= wide(help) as u16;
        let x = pen.write(right, line.y, line.width, &help.0, theme.key());
        pen.write(x + 1, line.y, line.width, &help.1, theme.bar().fg(theme.dim));
    }
    let mut x = line.x + 1;
    for binding in shown(model, place) {
        let hint = (binding.written.to_owned(), model.text(&format!("desk.key.{}", binding.action.code()), &[]));
        if usize::from(x) + wide(&hint) + 2 > usize::from(right) {
            break;
        }
        x = pen.write(x, line.y, line.width, &hint.0, theme.key());
        x = pen.write(x + 1, line.y, line.width, &hint.1, theme.bar().fg(theme.dim)) + 2;
    }
}

fn shown(model: &Model, place: Place) -> impl Iterator<Item = &'static keymap::Binding> {
    let conflicts = !model.outbox.conflicts.is_empty();
    keymap::bindings(place).filter(move |binding| match binding.action {
        Action::Help | Action::Suspend | Action::ZoomOriginal | Action::ZoomStandard | Action::ZoomPortrait => false,
        Action::Eyes | Action::Hair | Action::Background | Action::Guides | Action::Tones | Action::Blink => false,
        Action::RealPicture => crate::desk::view::layout::low_resolution(model),
        Action::Redo => !model.undone.is_empty(),
        Action::PassOn => false,
        Action::PanLeft | Action::PanRight | Action::PanUp | Action::PanDown => false,
        Action::Conflicts => conflicts,
        Action::Approve => place != Place::Fix,
        Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
            matches!(place, Place::Help | Place::Conflicts | Place::Batch | Place::History)
        }
        Action::Graphics | Action::Quit => !matches!(place, Place::Sheet | Place::Fix | Place::PassOn),
        _ => true,
    })
}
