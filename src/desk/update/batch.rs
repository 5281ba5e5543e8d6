//! Batches: what would happen to each tagged photo is worked out first and shown; Enter does just that, and `u` takes it back as one.
//!
//! A batch spares keys, not looks: what was not on the screen, what could be another person and what fails a check is left for the review.

use uuid::Uuid;

use super::{decide, grid, lists, press::SEEN, say};
use crate::{
    api::submission::{NewReview, SubmissionSummary},
    desk::{
        keymap::{Action, Key},
        message::Effect,
        model::{Batch, DecidedState, Fate, Line, Mark, Model, Panel, Sheet, Tone, Why},
    },
    domain::{
        check::Verdict,
        comparison::Band,
        lifecycle::attempt::Status,
        review::{Decision, ReviewVerdict, reviews_needed},
    },
};

/// A loaded row, in whatever part it is listed.
#[must_use]
pub fn row(model: &Model, submission: Uuid) -> Option<&SubmissionSummary> {
    model.queue.lists.iter().flat_map(|list| &list.rows).find(|row| row.id == submission)
}

/// The photos of a batch in the order of the queue: the tagged ones, else the one under the cursor.
fn chosen(model: &Model) -> Vec<Uuid> {
    let tags = &model.grid.tags;
    if tags.is_empty() {
        return model.queue.current().map(|row| row.id).into_iter().collect();
    }
    let mut ids: Vec<Uuid> = Vec::with_capacity(tags.len());
    let rows = [model.queue.list()].into_iter().chain(&model.queue.lists).flat_map(|list| &list.rows);
    let mut left = tags.clone();
    ids.extend(rows.filter(|row| left.remove(&row.id)).map(|row| row.id));
    ids.extend(left);
    ids
}

/// What a batch would do, what it decides first.
#[must_use]
pub fn plan(model: &Model, decision: Decision) -> Vec<Line> {
    let mut lines: Vec<Line> = chosen(model)
        .into_iter()
        .map(|submission| match row(model, submission) {
            Some(row) => Line {
                submission,
                student_number: row.student.student_number.clone(),
                name: row.student.name.clone(),
                fate: fate(model, row, decision),
            },
            None => {
                let student_number = submission.to_string().chars().take(13).collect();
                Line { submission, student_number, name: None, fate: Fate::Left(Why::Gone) }
            }
        })
        .collect();
    lines.sort_by_key(|line| matches!(line.fate, Fate::Left(_)));
    lines
}

fn fate(model: &Model, row: &SubmissionSummary, decision: Decision) -> Fate {
    if row.reviewed_by_me || matches!(model.marks.get(&row.id), Some(Mark::Sending(_) | Mark::SecondOpinion | Mark::Undoing)) {
        return Fate::Left(Why::Already);
    }
    // Not before the server holds what was seen.
    if model.marks.get(&row.id) == Some(&Mark::Reworking) {
        return Fate::Left(Why::Reworking);
    }
    if !lists::waits(model, row) {
        return Fate::Left(Why::NotWaiting);
    }
    let approve = decision == Decision::Approve;
    if approve && row.status == Status::MachineRefused {
        return Fate::Left(Why::NoRendition);
    }
    let own = model.claim.as_ref().is_some_and(|claim| claim.items.iter().any(|item| item.id == row.id));
    if let Some(until) = row.claimed_until.filter(|until| !own && *until > model.now.wall) {
        return Fate::Left(Why::Claimed(until));
    }
    let Some(seen) = model.grid.seen.get(&row.id).filter(|seen| seen.version == row.version) else {
        return Fate::Left(Why::NotShown);
    };
    match row.band {
        Some(Band::Doubtful | Band::Different) if approve => return Fate::Left(Why::Doubtful),
        None if approve && seen.portrait => return Fate::Left(Why::NotCompared),
        _ => {}
    }
    if approve && row.checks == Verdict::Fail {
        return Fate::Left(Why::Failing);
    }
    let real =
        model.season.as_ref().is_some_and(|season| season.rules.preview_approval) || model.review.opened.contains(&(row.id, row.version));
    if approve && !real {
        return Fate::Left(Why::Preview);
    }
    match &model.season {
        Some(season) if reviews_needed(&season.rules, row.band) > 1 => Fate::Voted,
        _ => Fate::Decided,
    }
}

/// Why no batch at all can be decided now.
fn barred(model: &Model) -> Option<&'static str> {
    if model.away.is_some_and(|away| away.expires_at <= model.now.wall) {
        return Some("desk.news.bundle_expired");
    }
    model.drawing().is_none().then_some("desk.news.graphics_off")
}

/// Shows what a batch would do.
pub fn open(model: &mut Model, verdict: ReviewVerdict) {
    if let Some(why) = barred(model) {
        return say(model, Tone::Warning, why, vec![]);
    }
    let lines = plan(model, verdict.decision());
    if !lines.is_empty() {
        model.panel = Some(Panel::Batch(Batch { verdict, lines, scroll: 0, opened_at: model.now.ms }));
    }
}

/// `x`: the reasons for all of them, unless there is nothing to reject.
pub fn open_sheet(model: &mut Model) {
    if let Some(why) = barred(model) {
        return say(model, Tone::Warning, why, vec![]);
    }
    if plan(model, Decision::Reject).iter().all(|line| matches!(line.fate, Fate::Left(_))) {
        return say(model, Tone::Warning, "desk.news.batch_none", vec![]);
    }
    model.panel = Some(Panel::Sheet(Sheet::default()));
}

/// Enter in the sheet of reasons that was opened over the tiles.
pub fn reasons_chosen(model: &mut Model) {
    let Some(Panel::Sheet(sheet)) = &mut model.panel else { return };
    let Ok(reasons) = sheet.chosen.clone().try_into() else {
        sheet.empty = true;
        return;
    };
    model.grid.confirmed_at = Some(model.now.ms);
    open(model, ReviewVerdict::Reject { reasons });
}

/// A key of the preview: Enter. All others are those of any panel.
pub fn act(model: &mut Model, key: Key, action: Action, effects: &mut Vec<Effect>) -> bool {
    if action != Action::CarryOut {
        return false;
    }
    if !grid::still_held(model, key) {
        carry_out(model, effects);
    }
    true
}

/// Does what was shown, if that still is what would happen.
fn carry_out(model: &mut Model, effects: &mut Vec<Effect>) {
    let now = model.now.ms;
    if let Some(why) = barred(model) {
        return say(model, Tone::Warning, why, vec![]);
    }
    let Some(Panel::Batch(batch)) = &model.panel else { return };
    if now < batch.opened_at + SEEN {
        return say(model, Tone::Warning, "desk.news.batch_look", vec![]);
    }
    let batch = batch.clone();
    let lines = plan(model, batch.verdict.decision());
    if lines != batch.lines {
        model.panel = Some(Panel::Batch(Batch { lines, opened_at: now, ..batch }));
        return say(model, Tone::Warning, "desk.news.batch_changed", vec![]);
    }
    model.panel = None;
    model.grid.confirmed_at = Some(now);
    let (count, left) = (batch.reviewed(), lines.len() - batch.reviewed());
    if count == 0 {
        return say(model, Tone::Plain, "desk.news.batch_nothing", vec![]);
    }
    let group = model.grid.next_batch;
    model.grid.next_batch += 1;
    for line in lines.iter().filter(|line| !matches!(line.fate, Fate::Left(_))) {
        let rendition = model.grid.seen.get(&line.submission).and_then(|seen| seen.rendition);
        let review = NewReview { verdict: batch.verdict.clone(), rendition };
        decide::keep(model, line.submission, review, Some(group), effects);
    }
    let words = if left > 0 { "desk.news.batch_part" } else { "desk.news.batch_done" };
    say(model, Tone::Plain, words, vec![("count", count.to_string()), ("left", left.to_string())]);
}

/// Takes back all of a batch that can be; its photos are tagged again, as they were.
pub fn undo(model: &mut Model, group: u64, effects: &mut Vec<Effect>) {
    let now = model.now.wall;
    let may = |state: DecidedState| match state {
        DecidedState::Sending { undo, .. } => !undo,
        DecidedState::Held { until, .. } => until > now,
        DecidedState::Undoing { .. } => false,
    };
    let ids: Vec<Uuid> = model
        .decided
        .iter()
        .filter(|decided| decided.batch == Some(group) && may(decided.state))
        .map(|decided| decided.submission)
        .collect();
    for submission in &ids {
        decide::undo_one(model, *submission, effects);
        model.grid.tags.insert(*submission);
    }
    if let Some(first) = ids.first() {
        decide::show(model, *first);
    }
    say(model, Tone::Plain, "desk.news.batch_undoing", vec![("count", ids.len().to_string())]);
}
