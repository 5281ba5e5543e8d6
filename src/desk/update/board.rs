//! The board and one's own numbers: opened over what is on the screen, fed by the server, left with Escape.

use super::{arrivals, keys, lists, say};
use crate::{
    api::{problem::Problem, progress::DayProgress, reviewing::ReviewerStatistics},
    desk::{
        entry::{Field, Purpose},
        keymap::Action,
        message::{Effect, Exported},
        model::{Board, Load, Model, Panel, Screen, Tone},
    },
};

/// How old the days may grow while the board is open.
const DAYS_MS: u64 = 60_000;

/// Opens the board.
pub fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    let selected = model.units.selected;
    model.panel = Some(Panel::Board(Board { selected, ..Board::default() }));
    ask_days(model, effects);
}

/// Opens one's own numbers.
pub fn open_mine(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(season) = model.season.as_ref().map(|season| season.code.clone()) else { return };
    model.panel = Some(Panel::Mine { scroll: 0 });
    model.mine = Load::Loading;
    effects.push(Effect::LoadMine { season });
}

fn ask_days(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(season) = model.season.as_ref().map(|season| season.code.clone()) else { return };
    if model.days == Load::No {
        model.days = Load::Loading;
    }
    model.days_at = model.now.ms;
    effects.push(Effect::LoadDays { season });
}

/// Keeps the days of an open board fresh.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    if matches!(model.panel, Some(Panel::Board(_))) && model.now.ms >= model.days_at + DAYS_MS {
        ask_days(model, effects);
    }
}

pub fn days(model: &mut Model, days: Result<Vec<DayProgress>, Problem>) {
    model.days = match days {
        Ok(days) => Load::Ready(days),
        Err(problem) => Load::Failed(problem),
    };
}

pub fn mine(model: &mut Model, mine: Result<ReviewerStatistics, Problem>) {
    model.mine = match mine {
        Ok(mine) => Load::Ready(Box::new(mine)),
        Err(problem) => Load::Failed(problem),
    };
}

/// A key of the board.
pub fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let rows = model.units.rows().len();
    let page = keys::page(model);
    let Some(Panel::Board(board)) = &mut model.panel else { return };
    match action {
        Action::Open => {
            let board = board.clone();
            let unit = board.rows(model.units.rows()).get(board.selected).map(|row| row.unit.clone());
            let Some(unit) = unit else { return };
            model.panel = None;
            model.units.selected = model.units.rows().iter().position(|row| row.unit == unit).unwrap_or(0);
            lists::open(model, unit, effects);
        }
        Action::Sort => (board.sort, board.selected) = (board.sort.next(), 0),
        Action::Export => model.panel = Some(Panel::Export(Field::new(Purpose::Words))),
        Action::Reload => {
            arrivals::reload_progress(model, effects);
            ask_days(model, effects);
        }
        Action::Back => model.panel = None,
        _ if keys::moved(&mut board.selected, action, rows, page) => {}
        _ => keys::everywhere(model, action, effects),
    }
}

/// A key of one's own numbers.
pub fn act_mine(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(Panel::Mine { scroll }) = &mut model.panel else { return };
    match action {
        Action::Down => *scroll = (*scroll + 1).min(99),
        Action::Up => *scroll = scroll.saturating_sub(1),
        Action::Back => model.panel = None,
        Action::Reload => open_mine(model, effects),
        _ => keys::everywhere(model, action, effects),
    }
}

/// A key of the field for the file's name.
pub fn exporting(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(Panel::Export(field)) = &mut model.panel else { return };
    match action {
        Action::Accept => {
            let path = field.text().trim().to_owned();
            let ends = |end: &str| path.to_lowercase().ends_with(end);
            let format = match () {
                () if ends(".csv") => "csv",
                () if ends(".xlsx") => "xlsx",
                () => return say(model, Tone::Warning, "desk.news.export_format", vec![]),
            };
            let Some(season) = model.season.as_ref().map(|season| season.code.clone()) else { return };
            say(model, Tone::Plain, "desk.news.exporting", vec![]);
            effects.push(Effect::Export { season, path, format, language: model.language });
        }
        Action::Back => {
            model.panel = None;
            open(model, effects);
        }
        _ => keys::leave_panel(model, action, effects),
    }
}

/// The table was written, or why not. A name that is taken can be changed: the field stays.
pub fn exported(model: &mut Model, exported: Exported, effects: &mut Vec<Effect>) {
    match exported {
        Exported::Written => {
            if matches!(model.panel, Some(Panel::Export(_))) {
                model.panel = None;
                open(model, effects);
            }
            say(model, Tone::Plain, "desk.news.exported", vec![]);
        }
        Exported::Exists => say(model, Tone::Warning, "desk.news.export_exists", vec![]),
        Exported::NotWritten => say(model, Tone::Problem, "desk.news.export_failed", vec![]),
        Exported::NotTold(problem) => {
            let why = model.problem_text(&problem);
            say(model, Tone::Problem, "desk.news.export_refused", vec![("why", why)]);
        }
    }
}

/// A decision was made: after many, or a long while, a pause is proposed, quietly and once.
pub fn decided(model: &mut Model) {
    if model.rhythm.decided(model.now.ms) && matches!(model.screen, Screen::Review | Screen::Queue) {
        say(model, Tone::Plain, "desk.news.pause", vec![]);
        if let Some(news) = &mut model.news {
            // Long enough to be seen by who looks at the pictures; the next news takes its place.
            news.until = model.now.ms + 30_000;
        }
    }
}
