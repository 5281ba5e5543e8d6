//! Pure: `update(&mut Model, Message) -> Vec<Effect>`. No clock, no terminal, no socket.
//!
//! Each message first changes what it speaks of; then `settle` looks at the whole and asks for what is missing: pages, details, pictures,
//! claims. So no branch can forget to.

mod arrivals;
mod batch;
mod board;
mod claims;
pub mod conflicts;
mod decide;
mod finding;
mod fix;
mod grid;
pub use grid::machine_reasons;
mod keys;
pub use finding::open_tab;
pub use keys::place;
mod lists;
mod looking;
mod outbox;
mod palette;
mod pass_on;
mod pictures;
pub mod press;
mod sheet;

#[cfg(test)]
mod closer;
#[cfg(test)]
mod fixing;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod grid_journeys;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod offline;
#[cfg(test)]
mod searches;

use crate::desk::{
    message::{Effect, Event, Message},
    model::{DecidedState, Model, News, Screen, Tone},
};

/// How long a line for the user stays.
const NEWS_MS: u64 = 6000;
/// How old counts may grow while decisions change them.
const PROGRESS_MS: u64 = 3000;
/// How old counts may grow while others work or photos come in.
const WATCH_MS: u64 = 5000;

/// Takes one message in.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    model.now = message.at;
    expire(model);
    if let Some(waiting) = model.presses.ripe(message.at.ms) {
        decide::ripened(model, waiting, &mut effects);
    }
    match message.event {
        Event::Started => effects.push(Effect::LoadSeasons),
        Event::Key(key) => keys::press(model, key, &mut effects),
        Event::Paste(text) => keys::paste(model, &text),
        Event::Resized { width, height } => model.size = (width, height),
        Event::Tick => {}
        Event::Resumed => pictures::forget(model),
        Event::Terminal(facts) => model.facts = facts,
        Event::Shown(submission) => pictures::shown(model, submission),
        Event::DraftShown(submission) => pictures::draft_shown(model, submission),
        Event::TilesShown(tiles) => grid::shown(model, &tiles),
        Event::Line(speed) => model.line = speed,
        Event::Seasons(seasons) => arrivals::seasons(model, seasons, &mut effects),
        Event::Progress(progress) => arrivals::progress(model, *progress),
        Event::Page { ticket, page } => lists::arrived(model, ticket, page),
        Event::Detail { submission, detail } => arrivals::detail(model, submission, detail),
        Event::Picture { request, picture } => pictures::arrived(model, request, picture),
        Event::Tried { ticket, end } => fix::tried(model, ticket, end),
        Event::Stands { submission, detail } => conflicts::arrived(model, submission, detail),
        Event::Erased(submissions) => conflicts::erased(model, &submissions),
        Event::Claimed(claim) => claims::arrived(model, claim, &mut effects),
        Event::Saved { submission, version, place } => looking::saved(model, submission, version, place),
        Event::PassedOn { submission, result } => pass_on::answered(model, submission, result),
        Event::Habits(habits) => model.habits = habits,
        Event::Days(days) => board::days(model, days),
        Event::Mine(mine) => board::mine(model, *mine),
        Event::Exported(exported) => board::exported(model, exported, &mut effects),
        Event::ViewsNotKept => say(model, Tone::Problem, "desk.news.views_not_kept", vec![]),
        Event::Outbox(event) => outbox::arrived(model, event, &mut effects),
    }
    settle(model, &mut effects);
    effects
}

/// Lets go of what time has ended.
fn expire(model: &mut Model) {
    let now = model.now;
    model.news.take_if(|news| news.until <= now.ms);
    model.decided.retain(|decided| !matches!(decided.state, DecidedState::Held { until, .. } if until <= now.wall));
}

/// Asks for whatever the present state needs and has not got.
fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    arrivals::settle(model, effects);
    finding::settle(model);
    board::settle(model, effects);
    lists::settle(model, effects);
    fix::settle(model);
    pictures::settle(model, effects);
    claims::settle(model, effects);
    conflicts::settle(model, effects);
}

/// Says something to the user.
fn say(model: &mut Model, tone: Tone, key: &'static str, parameters: Vec<(&'static str, String)>) {
    model.news = Some(News { tone, key, parameters, until: model.now.ms + NEWS_MS });
}

fn leave_review(model: &mut Model, effects: &mut Vec<Effect>) {
    model.screen = if std::mem::take(&mut model.review.from_grid) { Screen::Grid } else { Screen::Queue };
    model.review.shown = None;
    claims::release(model, effects);
}
