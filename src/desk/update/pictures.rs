//! Which pictures are wanted, most urgent first; everything else is let go.
//!
//! A slot is keyed by the whole request, submission first: a picture can never stand under another student's name.

use uuid::Uuid;

use super::{arrivals, conflicts, grid};
use crate::{
    api::problem::Problem,
    desk::{
        message::Effect,
        model::{Model, Panel, Screen, Slot, TRIPLE, View},
        picture::{Picture, Request, look::Look},
        view::{layout, looks},
    },
};

/// All encoded pictures are void: the screen was somebody else's.
pub fn forget(model: &mut Model) {
    model.pictures.clear();
    model.wanted.clear();
    model.review.shown = None;
}

/// A frame with all pictures of a photo is on the screen.
pub fn shown(model: &mut Model, submission: Uuid) {
    let current = model.current().map(|row| row.id);
    if model.screen == Screen::Review && current == Some(submission) && model.review.shown.is_none_or(|(id, _)| id != submission) {
        model.review.shown = Some((submission, model.now.ms));
        if let Some(version) = model.current().map(|row| row.version) {
            grid::note_seen(model, submission, version);
        }
    }
}

/// A frame with drafts of all pictures of a photo is on the screen.
pub fn draft_shown(model: &mut Model, submission: Uuid) {
    if model.screen == Screen::Review && model.current().is_some_and(|row| row.id == submission) {
        model.review.drafted = Some(submission);
    }
}

/// A picture is here; one that is not wanted any more is dropped.
pub fn arrived(model: &mut Model, request: Request, picture: Result<Picture, Problem>) {
    if let Some(slot) = model.pictures.get_mut(&request) {
        *slot = match picture {
            Ok(picture) => Slot::Ready(picture),
            Err(problem) => Slot::Failed(problem),
        };
    }
}

/// Works out what is wanted now and says so where it has changed.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    let wanted = if model.hurried() { model.wanted.clone() } else { wanted(model) };
    if model.review.shown.is_some_and(|(id, _)| model.screen != Screen::Review || model.current().is_none_or(|row| row.id != id)) {
        model.review.shown = None;
        model.review.drafted = None;
    }
    if wanted == model.wanted {
        return;
    }
    model.pictures.retain(|request, _| wanted.contains(request));
    for request in &wanted {
        model.pictures.entry(*request).or_insert(Slot::Loading);
    }
    let outstanding = wanted.iter().filter(|request| matches!(model.pictures.get(request), Some(Slot::Loading))).copied().collect();
    model.wanted = wanted;
    effects.push(Effect::Pictures(outstanding));
}

fn wanted(model: &Model) -> Vec<Request> {
    if matches!(model.panel, Some(Panel::Conflicts { .. })) {
        return conflicts::wanted(model);
    }
    if model.screen == Screen::Grid {
        return grid::wanted(model);
    }
    if model.screen != Screen::Review || model.drawing().is_none() {
        return vec![];
    }
    let near = arrivals::neighbourhood(model);
    let shown = layout::review_with(model, model.review.view, None);
    // What another key would show; ready as well, but last.
    let beside = [View::Together, View::Faces].map(|view| layout::review_with(model, view, None));
    let panel = layout::review(model, model.review.view);
    let mut wanted = Vec::new();
    let mut want = |submission: Uuid, spots: &[layout::Spot], drafts: bool| {
        let Some(detail) = model.details.get(&submission).and_then(|load| load.ready()) else { return };
        for spot in spots {
            let Some(request) = looks::request(model, detail, spot) else { continue };
            let request = if drafts { looks::draft(model, &request) } else { Some(request) };
            wanted.extend(request.filter(|request| !wanted.contains(request)));
        }
    };
    for drafts in [true, false] {
        for submission in near.iter().take(1) {
            want(*submission, &panel.pictures, drafts);
        }
    }
    // A fix is looked at in its panel alone.
    let others = |submission: &&Uuid| model.fix_of(**submission).is_none();
    for submission in near.iter().filter(others) {
        want(*submission, &shown.pictures, true);
        want(*submission, &shown.pictures, false);
    }
    // The other half of a blink.
    if let View::Zoom(_) = model.review.view {
        for kind in TRIPLE {
            let alone = layout::review_with(model, View::Zoom(kind), None);
            near.iter().take(1).filter(others).for_each(|submission| want(*submission, &alone.pictures, false));
        }
    }
    for submission in near.iter().take(2).filter(others) {
        for kind in TRIPLE {
            let spot = beside.iter().flat_map(|layout| &layout.pictures).find(|spot| spot.kind == kind);
            want(*submission, spot.map_or(&[], std::slice::from_ref), false);
        }
    }
    // What is looked at closer is left for the whole again, at once.
    if let Some(detail) =
        near.first().filter(|_| model.review.zoom.is_some()).and_then(|id| model.details.get(id)).and_then(|load| load.ready())
    {
        let whole = shown.pictures.iter().filter_map(|spot| looks::request(model, detail, spot));
        wanted.extend(
            whole
                .map(|request| Request { look: Look { window: None, ..request.look }, ..request })
                .filter(|request| model.pictures.contains_key(request)),
        );
    }
    wanted
}
