//! Deciding: `a`, `x`, `r`, `s`, `u`. What may be decided when; what a decision changes at once, before the server has answered.

use uuid::Uuid;

use super::{
    batch, board, leave_review, lists, looking,
    press::{Press, SEEN, Waiting},
    say, sheet,
};
use crate::{
    api::submission::NewReview,
    client::outbox::Act,
    desk::{
        keymap::Key,
        message::Effect,
        model::{Decided, DecidedState, Mark, Model, Panel, Part, Screen, Sheet, Slot, Tone, Undone},
        view::layout,
    },
    domain::{
        lifecycle::attempt::Status,
        review::{Decision, ReviewVerdict},
    },
};

/// Why a photo cannot be decided now: the key of the words for it.
type No = &'static str;

/// Whether the photo under review may be decided by a press at `pressed_at`.
fn may_decide(model: &Model, decision: Decision, pressed_at: u64) -> Result<(), No> {
    let row = model.current().ok_or("desk.news.nothing")?;
    match model.marks.get(&row.id) {
        Some(Mark::Sending(_) | Mark::SecondOpinion | Mark::Undoing) => return Err("desk.news.already"),
        Some(Mark::PassingOn | Mark::PassedOn) => return Err("desk.news.passed_on"),
        // Not before the server holds what was seen.
        Some(Mark::Reworking) => return Err("desk.fix.news.under_way"),
        _ if row.reviewed_by_me => return Err("desk.news.already"),
        _ if !lists::waits(model, row) => return Err("desk.news.not_waiting"),
        _ => {}
    }
    if decision == Decision::Approve && row.status == Status::MachineRefused {
        return Err("desk.news.no_rendition");
    }
    if model.away.is_some_and(|away| away.expires_at <= model.now.wall) {
        return Err("desk.news.bundle_expired");
    }
    if model.drawing().is_none() {
        return Err("desk.news.graphics_off");
    }
    if model.details.get(&row.id).and_then(|load| load.ready()).is_none_or(|detail| detail.summary.version != row.version) {
        return Err("desk.news.not_shown");
    }
    if model.review.shown.is_none_or(|(id, at)| id != row.id || at > pressed_at) {
        return Err("desk.news.not_shown");
    }
    let failed = |kind| {
        model.pictures.iter().any(|(request, slot)| request.submission == row.id && request.kind == kind && matches!(slot, Slot::Failed(_)))
    };
    let spots = layout::review(model, model.review.view).pictures;
    if decision == Decision::Approve && spots.iter().any(|spot| failed(spot.kind)) {
        return Err("desk.news.picture_failed");
    }
    if decision == Decision::Approve && layout::low_resolution(model) && !model.review.opened.contains(&(row.id, row.version)) {
        return Err("desk.news.low_resolution");
    }
    Ok(())
}

/// Whether the photo under review may be finished anew.
pub fn may_fix(model: &Model) -> Result<(), No> {
    let row = model.current().ok_or("desk.news.nothing")?;
    if model.marks.get(&row.id) == Some(&Mark::Reworking) {
        return Err("desk.fix.news.under_way");
    }
    if !lists::waits(model, row) {
        return Err("desk.news.not_waiting");
    }
    if model.drawing().is_none() {
        return Err("desk.news.graphics_off");
    }
    let known = model.details.get(&row.id).and_then(|load| load.ready()).is_some_and(|detail| detail.summary.version == row.version);
    if known { Ok(()) } else { Err("desk.news.not_shown") }
}

/// `a`.
pub fn approve(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    let Some(id) = model.current().map(|row| row.id) else { return };
    let now = model.now.ms;
    match model.presses.press(key.code, key.repeat, id, now) {
        Press::Decides => decide_or_say(model, ReviewVerdict::Approve, now, effects),
        Press::Waits | Press::Held => {}
    }
}

/// A press that had to wait has proved to be one.
pub fn ripened(model: &mut Model, waiting: Waiting, effects: &mut Vec<Effect>) {
    let still_there =
        model.screen == Screen::Review && model.panel.is_none() && model.current().is_some_and(|row| row.id == waiting.submission);
    if still_there {
        decide_or_say(model, ReviewVerdict::Approve, waiting.pressed_at.saturating_sub(SEEN), effects);
    }
}

fn decide_or_say(model: &mut Model, verdict: ReviewVerdict, pressed_at: u64, effects: &mut Vec<Effect>) {
    match may_decide(model, verdict.decision(), pressed_at) {
        Ok(()) => decide(model, verdict, effects),
        Err(why) => say(model, Tone::Warning, why, vec![]),
    }
}

/// `x`, or `r` with the machine's reasons chosen.
pub fn open_sheet(model: &mut Model, sheet: Sheet) {
    match may_decide(model, Decision::Reject, model.now.ms) {
        Ok(()) => model.panel = Some(Panel::Sheet(sheet)),
        Err(why) => say(model, Tone::Warning, why, vec![]),
    }
}

/// `r`: the sheet on a waiting photo, the notice once more on a rejected one.
pub fn machine_sheet_or_notice(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(row) = model.current() else { return };
    if row.status != Status::Rejected {
        let chosen = row.machine_reasons.clone();
        let sheet = sheet::new(model, chosen);
        return open_sheet(model, sheet);
    }
    let (submission, version) = (row.id, row.version);
    if model.marks.get(&submission) == Some(&Mark::Notifying) {
        return;
    }
    model.marks.insert(submission, Mark::Notifying);
    effects.push(Effect::Act { submission, version, lease: None, act: Act::RetakeNotice });
}

/// Enter in the sheet.
pub fn reject(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Panel::Sheet(sheet)) = &mut model.panel else { return };
    let chosen = sheet.chosen.clone();
    let Ok(reasons) = chosen.clone().try_into() else {
        sheet.empty = true;
        return;
    };
    model.panel = None;
    let before = model.decided.len();
    decide_or_say(model, ReviewVerdict::Reject { reasons }, model.now.ms, effects);
    if model.decided.len() > before {
        model.habits.given(&chosen);
        effects.push(Effect::KeepHabits(model.habits.clone()));
    }
}

fn decide(model: &mut Model, verdict: ReviewVerdict, effects: &mut Vec<Effect>) {
    let Some(submission) = model.current().map(|row| row.id) else { return };
    let rendition = model.details.get(&submission).and_then(|load| load.ready()).and_then(|detail| detail.rendition);
    model.undone.clear();
    keep(model, submission, NewReview { verdict, rendition }, None, effects);
    advance(model, effects);
}

/// Has a review written down and sent, on the version that is listed and the rendition that was seen; marked here at once.
pub fn keep(model: &mut Model, submission: Uuid, review: NewReview, batch: Option<u64>, effects: &mut Vec<Effect>) {
    let Some(row) = batch::row(model, submission) else { return };
    let (version, student_number) = (row.version, row.student.student_number.clone());
    let lease = model.claim.as_ref().filter(|claim| claim.items.iter().any(|item| item.id == submission)).map(|claim| claim.token);
    let decision = review.verdict.decision();
    effects.push(Effect::Act { submission, version, lease, act: Act::Review(review.clone()) });
    model.marks.insert(submission, Mark::Sending(decision));
    model.grid.tags.remove(&submission);
    model.decided.push(Decided {
        submission,
        student_number,
        decision,
        review,
        state: DecidedState::Sending { version, undo: false },
        batch,
    });
    // Counted here at once: the outbox says the true number as soon as the decision is on disk.
    model.outbox.unsent += 1;
    board::decided(model);
}

/// To the next photo that waits: ahead first, then those that were skipped.
pub fn advance(model: &mut Model, effects: &mut Vec<Effect>) {
    let from = model.queue.list().selected;
    let next = lists::waiting(model, from + 1).next();
    let skipped = lists::waiting(model, 0).find(|index| *index < from);
    let more = model.queue.list().next.is_some();
    match (next, skipped) {
        (Some(next), _) => go(model, next),
        (None, _) if more => say(model, Tone::Plain, "desk.news.loading", vec![]),
        (None, Some(first)) => {
            go(model, first);
            say(model, Tone::Plain, "desk.news.skipped", vec![]);
        }
        (None, None) => {
            let here_waits = model.current().is_some_and(|row| lists::waits(model, row));
            if here_waits {
                say(model, Tone::Plain, "desk.news.last", vec![]);
            } else {
                leave_review(model, effects);
                say(model, Tone::Plain, "desk.news.all_done", vec![]);
            }
        }
    }
}

fn go(model: &mut Model, index: usize) {
    model.queue.list_mut().selected = index;
    model.review.scroll = 0;
    looking::whole(model);
}

/// `u`: the decision under the cursor among the held ones, else the last one's own.
pub fn undo(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.queue.part() == Part::Held && model.screen != Screen::Units {
        let Some(row) = model.current().filter(|row| row.status == Status::Held && !model.marks.contains_key(&row.id)) else {
            return say(model, Tone::Plain, "desk.news.nothing_to_undo", vec![]);
        };
        let (submission, version) = (row.id, row.version);
        return take_back(model, submission, version, effects);
    }
    let now = model.now.wall;
    let last = model.decided.iter_mut().rev().find(|decided| match decided.state {
        DecidedState::Sending { undo, .. } => !undo,
        DecidedState::Held { until, .. } => until > now,
        DecidedState::Undoing { .. } => false,
    });
    let Some(last) = last else { return say(model, Tone::Plain, "desk.news.nothing_to_undo", vec![]) };
    let (submission, student) = (last.submission, last.student_number.clone());
    if let Some(group) = last.batch {
        return batch::undo(model, group, effects);
    }
    undo_one(model, submission, effects);
    show(model, submission);
    say(model, Tone::Plain, "desk.news.undoing", vec![("student", student)]);
}

/// `U`: gives again what was undone last, as it was given: its pictures were seen then, and nothing about it has changed but the undoing.
pub fn redo(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(last) = model.undone.last() else { return say(model, Tone::Plain, "desk.news.nothing_to_redo", vec![]) };
    let submission = last.submission;
    if model.marks.get(&submission) == Some(&Mark::Undoing) {
        return say(model, Tone::Plain, "desk.news.still_undoing", vec![]);
    }
    if !batch::row(model, submission).is_some_and(|row| lists::waits(model, row)) {
        model.undone.pop();
        return say(model, Tone::Warning, "desk.news.not_redone", vec![]);
    }
    let Some(last) = model.undone.pop() else { return };
    keep(model, submission, last.review, None, effects);
    if model.current().is_some_and(|current| current.id == submission) && model.screen == Screen::Review {
        advance(model, effects);
    }
    say(model, Tone::Plain, "desk.news.redone", vec![("student", last.student_number)]);
}

/// Takes back one's own decision on a photo.
pub fn undo_one(model: &mut Model, submission: Uuid, effects: &mut Vec<Effect>) {
    let Some(decided) = model.decided.iter().find(|decided| decided.submission == submission) else { return };
    let undone = Undone { submission, student_number: decided.student_number.clone(), review: decided.review.clone() };
    model.undone.push(undone);
    let Some(decided) = model.decided.iter_mut().find(|decided| decided.submission == submission) else { return };
    match decided.state {
        // Without a network it has most likely never left, and is then as if it had not been made; the outbox knows.
        DecidedState::Sending { version, .. } if model.away.is_some() => {
            decided.state = DecidedState::Sending { version, undo: true };
            model.marks.insert(submission, Mark::Undoing);
            effects.push(Effect::TakeBack { submission });
        }
        // Not answered yet: the undoing waits behind it in the outbox, which knows the version once the answer is here.
        DecidedState::Sending { version, .. } => {
            decided.state = DecidedState::Sending { version, undo: true };
            take_back(model, submission, version, effects);
        }
        DecidedState::Held { version, until } => {
            decided.state = DecidedState::Undoing { version, until };
            take_back(model, submission, version, effects);
        }
        DecidedState::Undoing { .. } => {}
    }
}

pub fn take_back(model: &mut Model, submission: Uuid, version: i64, effects: &mut Vec<Effect>) {
    model.marks.insert(submission, Mark::Undoing);
    model.outbox.unsent += 1;
    effects.push(Effect::Act { submission, version, lease: None, act: Act::Undo });
}

/// A decision that could not be written down: its photo is under review as before.
pub fn stay(model: &mut Model, submission: uuid::Uuid) {
    if model.screen != Screen::Units && model.panel.is_none() {
        show(model, submission);
        if model.current().is_some_and(|row| row.id == submission) {
            model.screen = Screen::Review;
        }
    }
}

/// Puts the cursor on a photo, if it is in the open queue.
pub fn show(model: &mut Model, submission: Uuid) {
    if model.screen == Screen::Units {
        return;
    }
    for part in Part::ALL {
        if let Some(at) = model.queue.lists[part as usize].rows.iter().position(|row| row.id == submission) {
            model.queue.part = Some(part);
            go(model, at);
            return;
        }
    }
}
