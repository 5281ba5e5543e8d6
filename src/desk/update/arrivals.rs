//! What comes from the server to be looked at: seasons, progress, details.

use uuid::Uuid;

use super::{PROGRESS_MS, WATCH_MS, grid, lists, say};
use crate::{
    api::{problem::Problem, progress::Progress, roster::Season, submission::Submission},
    client::http,
    desk::{
        message::Effect,
        model::{Load, Model, Screen, Slot, Tone},
    },
};

/// How many photos ahead of the cursor are made ready, and one behind it.
pub const AHEAD: usize = 3;
/// How long to wait before asking again where no answer came.
const RETRY_MS: u64 = 3000;

pub fn seasons(model: &mut Model, seasons: Result<Vec<Season>, Problem>, effects: &mut Vec<Effect>) {
    let seasons = match seasons {
        Ok(seasons) => seasons,
        Err(problem) => {
            model.units.progress = Load::Failed(problem.clone());
            return;
        }
    };
    let open = |season: &&Season| season.closes_at.is_none_or(|closes_at| closes_at > model.now.wall);
    let chosen = match &model.season_wanted {
        Some(wanted) => seasons.iter().find(|season| season.code == *wanted),
        // The one that closes next is the one people work on; seasons without an end come after it.
        None => seasons.iter().filter(open).min_by_key(|season| (season.closes_at.is_none(), season.closes_at)).or(seasons.last()),
    };
    match chosen {
        Some(season) => {
            model.season = Some(season.clone());
            reload_progress(model, effects);
        }
        None => model.units.progress = Load::Failed(Problem::new(404, crate::api::problem::code::SEASON_UNKNOWN, "no such season")),
    }
}

/// Asks for the counts again; what is shown stays until they come.
pub fn reload_progress(model: &mut Model, effects: &mut Vec<Effect>) {
    match &model.season {
        Some(season) => effects.push(Effect::LoadProgress { season: season.code.clone() }),
        None => effects.push(Effect::LoadSeasons),
    }
    model.units.progress = Load::Loading;
    model.units.asked_at = model.now.ms;
    model.units.stale = false;
}

pub fn progress(model: &mut Model, progress: Result<Progress, Problem>) {
    match progress {
        Ok(progress) => {
            model.units.last = Some(progress.clone());
            model.units.progress = Load::Ready(progress);
            model.units.selected = model.units.selected.min(model.units.rows().len().saturating_sub(1));
            lists::catch_up(model);
            if let Some(unit) = model.unit_wanted.take() {
                let known = model.units.rows().iter().position(|row| row.unit.as_ref() == Some(&unit));
                match known {
                    Some(at) => {
                        model.units.selected = at;
                        lists::open(model, Some(unit), &mut Vec::new());
                    }
                    None => say(model, Tone::Problem, "desk.news.no_unit", vec![("unit", unit)]),
                }
            }
        }
        Err(problem) => model.units.progress = Load::Failed(problem),
    }
}

/// A photo's details; its row learns the newest version from them.
pub fn detail(model: &mut Model, submission: Uuid, detail: Result<Box<Submission>, Problem>) {
    let load = match detail {
        Ok(detail) if detail.summary.id == submission => {
            let mut summary = Some(detail.summary.clone());
            lists::change(model, submission, |row| {
                if let Some(newer) = summary.take_if(|newer| newer.version >= row.version) {
                    *row = newer;
                }
            });
            Load::Ready(detail)
        }
        Ok(_) => Load::Failed(Problem::new(200, crate::api::problem::code::NONSENSE, "another submission")),
        Err(problem) => Load::Failed(problem),
    };
    model.details.insert(submission, load);
}

/// Asks again for the photo under review, its pictures too where they failed.
pub fn reload_current(model: &mut Model) {
    let Some(id) = model.current().map(|row| row.id) else { return };
    model.details.remove(&id);
    model.pictures.retain(|request, slot| request.submission != id || !matches!(slot, Slot::Failed(_)));
    model.wanted.clear();
}

/// What failed for want of an answer is asked for again after a while, so that a server that comes back finds everything going on.
fn retry(model: &mut Model, effects: &mut Vec<Effect>) {
    let passing = |problem: &Problem| http::is_passing(problem);
    let pictures = model.pictures.values().any(|slot| matches!(slot, Slot::Failed(problem) if passing(problem)));
    let details = model.details.values().any(|load| matches!(load, Load::Failed(problem) if passing(problem)));
    let list = model.queue.list().failed.as_ref().is_some_and(passing);
    let progress = matches!(&model.units.progress, Load::Failed(problem) if passing(problem));
    if !(pictures || details || list || progress) {
        return;
    }
    if model.retry_at == 0 {
        model.retry_at = model.now.ms + RETRY_MS;
        return;
    }
    if model.now.ms < model.retry_at {
        return;
    }
    model.retry_at = 0;
    model.details.retain(|_, load| !matches!(load, Load::Failed(problem) if passing(problem)));
    if pictures {
        model.pictures.retain(|_, slot| !matches!(slot, Slot::Failed(problem) if passing(problem)));
        model.wanted.clear();
    }
    if list {
        model.queue.list_mut().failed = None;
    }
    if progress {
        reload_progress(model, effects);
    }
}

/// Asks for the details of the photo under review and of its neighbours, lets distant ones go, and keeps the counts fresh.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    retry(model, effects);
    // While decisions change the counts they are soon asked for again; while somebody only watches, less often.
    let age = if model.units.stale { PROGRESS_MS } else { WATCH_MS };
    let ready = matches!(model.units.progress, Load::Ready(_));
    if (ready || (model.units.stale && model.units.progress != Load::Loading)) && model.now.ms >= model.units.asked_at + age {
        reload_progress(model, effects);
    }
    if model.screen == Screen::Grid && !model.hurried() {
        return grid::details(model, effects);
    }
    if model.screen != Screen::Review || model.hurried() {
        return;
    }
    let near = neighbourhood(model);
    for submission in &near {
        if !model.details.contains_key(submission) {
            model.details.insert(*submission, Load::Loading);
            effects.push(Effect::LoadDetail { submission: *submission });
        }
    }
    model.details.retain(|submission, _| near.contains(submission));
}

/// The photo under review, those that come next, and the one before: in the order of their urgency.
#[must_use]
pub fn neighbourhood(model: &Model) -> Vec<Uuid> {
    let list = model.queue.list();
    let Some(current) = list.rows.get(list.selected) else { return vec![] };
    let mut near = vec![current.id];
    let plain = list.selected + 1..(list.selected + 2).min(list.rows.len());
    let before = list.selected.checked_sub(1);
    for index in lists::waiting(model, list.selected + 1).take(AHEAD).chain(plain).chain(before) {
        let id = list.rows[index].id;
        if !near.contains(&id) {
            near.push(id);
        }
    }
    near
}
