//! The contact sheet: moving in two dimensions, tagging, and what the tiles on the screen need.

use uuid::Uuid;

use super::{batch, claims, keys, looking, press::PAUSE};
use crate::{
    api::submission::SubmissionSummary,
    desk::{
        keymap::{Action, Code, Key},
        message::Effect,
        model::{Load, Model, Screen, Seen},
        picture::Request,
        view::tiles,
    },
    domain::{
        reason::Reason,
        review::{Decision, ReviewVerdict},
    },
};

/// Details that are fetched at the same time.
const AT_ONCE: usize = 4;

/// From the list to its tiles.
pub fn open(model: &mut Model) {
    if model.queue.current().is_some() {
        model.queue.list_mut().to_end = false;
        model.screen = Screen::Grid;
    }
}

/// A key of the contact sheet.
pub fn act(model: &mut Model, key: Key, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Open if still_held(model, key) => {}
        Action::Open => {
            keys::open_review(model);
            model.review.from_grid = true;
        }
        Action::Back => {
            model.screen = Screen::Queue;
            model.details.clear();
            claims::release(model, effects);
        }
        Action::Tag => {
            tag(model);
            moved(model, Action::PanRight);
        }
        Action::TagPage => tag_page(model),
        Action::Approve => batch::open(model, ReviewVerdict::Approve),
        Action::Reject => batch::open_sheet(model),
        _ if moved(model, action) => {}
        _ => keys::of_lists(model, action, effects),
    }
}

/// Whether this press is only the rest of one that confirmed something: Enter held down must not go on to what comes after.
pub fn still_held(model: &mut Model, key: Key) -> bool {
    let now = model.now.ms;
    let held = key.repeat || model.grid.confirmed_at.is_some_and(|at| now.saturating_sub(at) < PAUSE);
    model.grid.confirmed_at = model.grid.confirmed_at.filter(|_| held).map(|_| now);
    held
}

/// Another key ends a held Enter.
pub fn pressed(model: &mut Model, key: Key) {
    if key.code != Code::Enter {
        model.grid.confirmed_at = None;
    }
}

/// Tags the photo under the cursor, or takes its tag away.
pub fn tag(model: &mut Model) {
    let Some(id) = model.queue.current().map(|row| row.id) else { return };
    if !model.grid.tags.remove(&id) {
        model.grid.tags.insert(id);
    }
}

/// Tags the whole page, or takes all its tags away where it has them all.
fn tag_page(model: &mut Model) {
    let ids: Vec<Uuid> = model.queue.list().rows[tiles::pages(model).0].iter().map(|row| row.id).collect();
    let all = ids.iter().all(|id| model.grid.tags.contains(id));
    for id in ids {
        if all {
            model.grid.tags.remove(&id);
        } else {
            model.grid.tags.insert(id);
        }
    }
}

/// Moves the cursor; says whether the action was a movement.
fn moved(model: &mut Model, action: Action) -> bool {
    let tiling = tiles::tiling(model);
    let (columns, page) = (tiling.columns.max(1), tiling.page().max(1));
    let before = tiles::pages(model).0;
    let list = model.queue.list_mut();
    let last = list.rows.len().saturating_sub(1);
    let at = list.selected;
    list.selected = match action {
        Action::PanRight => (at + 1).min(last),
        Action::PanLeft => at.saturating_sub(1),
        // From the row above a short last one to its end.
        Action::Down if at + columns > last && at / columns < last / columns => last,
        Action::Down if at + columns > last => at,
        Action::Down => at + columns,
        Action::Up => at.checked_sub(columns).unwrap_or(at),
        Action::PageDown => (at + page).min(last),
        Action::PageUp => at.saturating_sub(page),
        Action::First => 0,
        Action::Last => last,
        _ => return false,
    };
    list.to_end = action == Action::Last;
    if tiles::pages(model).0 != before {
        looking::stepped(model);
    }
    true
}

/// A frame is through in which these tiles were whole, each at this version.
pub fn shown(model: &mut Model, tiles: &[(Uuid, i64)]) {
    for (submission, version) in tiles {
        note_seen(model, *submission, *version);
    }
}

/// Keeps what a decision on a photo that was on the screen speaks of. Nothing else than what stands now counts.
pub fn note_seen(model: &mut Model, submission: Uuid, version: i64) {
    let Some(detail) = model.details.get(&submission).and_then(|load| load.ready()) else { return };
    let portrait = detail.pictures.contains(&crate::api::submission::PictureKind::Portrait);
    let seen = Seen { version, rendition: detail.rendition, portrait };
    let listed = model.queue.list().rows.iter().any(|row| row.id == submission && row.version == version);
    if listed && detail.summary.version == version {
        model.grid.seen.insert(submission, seen);
    }
}

/// The rows on the screen, those next to the cursor first.
fn nearest(model: &Model) -> Vec<&SubmissionSummary> {
    let list = model.queue.list();
    let mut near: Vec<usize> = tiles::pages(model).0.collect();
    near.sort_by_key(|index| index.abs_diff(list.selected));
    near.into_iter().map(|index| &list.rows[index]).collect()
}

/// The pictures of the tiles on the screen, then those of the next page.
#[must_use]
pub fn wanted(model: &Model) -> Vec<Request> {
    let next = model.queue.list().rows[tiles::pages(model).1].iter();
    nearest(model).into_iter().chain(next).filter_map(|row| tiles::request(model, row)).collect()
}

/// Asks for the details of the tiles on the screen, then of the next page, a few at a time, and lets all others go: a tile shows the rendition
/// that stands, and only the details tell which.
pub fn details(model: &mut Model, effects: &mut Vec<Effect>) {
    let next = model.queue.list().rows[tiles::pages(model).1].iter();
    let near: Vec<Uuid> = nearest(model).into_iter().chain(next).map(|row| row.id).collect();
    model.details.retain(|submission, _| near.contains(submission));
    let under_way = model.details.values().filter(|load| matches!(load, Load::Loading)).count();
    let missing: Vec<Uuid> = near.into_iter().filter(|id| !model.details.contains_key(id)).collect();
    for submission in missing.into_iter().take(AT_ONCE.saturating_sub(under_way)) {
        model.details.insert(submission, Load::Loading);
        effects.push(Effect::LoadDetail { submission });
    }
}

/// Reasons that the machine found at any of the photos that the next batch is about.
#[must_use]
pub fn machine_reasons(model: &Model) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = batch::plan(model, Decision::Reject)
        .iter()
        .filter_map(|line| batch::row(model, line.submission))
        .flat_map(|row| row.machine_reasons.iter().copied())
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}
