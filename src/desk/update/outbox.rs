//! News of the outbox: what the server has answered to one's decisions.

use uuid::Uuid;

use super::{decide, fix, lists, say};
use crate::{
    api::submission::ReviewOutcome,
    client::outbox::{Act, Conflict},
    desk::{
        message::{Effect, OutboxEvent},
        model::{DecidedState, Mark, Model, Panel, Tone},
    },
};

pub fn arrived(model: &mut Model, event: OutboxEvent, effects: &mut Vec<Effect>) {
    match event {
        OutboxEvent::Opened { unsent, conflicts } => {
            for entry in &unsent {
                let mark = match &entry.act {
                    Act::Review(review) => Mark::Sending(review.verdict.decision()),
                    Act::Rework(_) => Mark::Reworking,
                    Act::Undo => Mark::Undoing,
                    Act::RetakeNotice => Mark::Notifying,
                };
                model.marks.insert(entry.submission, mark);
            }
            if !unsent.is_empty() {
                say(model, Tone::Plain, "desk.news.left_unsent", vec![("count", unsent.len().to_string())]);
            }
            model.outbox.unsent = unsent.len();
            model.outbox.conflicts = conflicts;
        }
        OutboxEvent::Kept { unsent } => model.outbox.unsent = unsent,
        OutboxEvent::NotKept { submission, act } => {
            model.outbox.unsent = model.outbox.unsent.saturating_sub(1);
            not_kept(model, submission, &act);
            say(model, Tone::Problem, "desk.news.not_kept", vec![]);
        }
        OutboxEvent::Oldest(oldest) => model.outbox.oldest = oldest,
        OutboxEvent::TakenBack { submission, done, unsent } => {
            model.outbox.unsent = unsent;
            taken_back(model, submission, done, effects);
        }
        OutboxEvent::Same { submission, outcome, unsent } => {
            model.outbox.unsent = unsent;
            model.outbox.waiting = None;
            model.units.stale = true;
            stands(model, submission, &outcome);
            // Somebody else's decision is not one's own to take back.
            model.decided.retain(|decided| decided.submission != submission);
            say(model, Tone::Plain, "desk.news.same", vec![]);
        }
        OutboxEvent::Sent { submission, act, outcome, unsent } => {
            model.outbox.unsent = unsent;
            model.outbox.waiting = None;
            model.units.stale = true;
            sent(model, submission, &act, &outcome);
        }
        OutboxEvent::Waiting { problem, unsent } => {
            model.outbox.unsent = unsent;
            model.outbox.waiting = Some(problem);
        }
        OutboxEvent::Refused { conflict, unsent } => {
            model.outbox.unsent = unsent;
            model.outbox.waiting = None;
            model.units.stale = true;
            refused(model, conflict);
        }
    }
    // Somebody wanted to leave and was asked because of what was unsent: nothing is any more.
    if model.panel == Some(Panel::Quitting) && model.outbox.unsent == 0 {
        effects.push(Effect::Quit);
    }
}

/// What could not be written down does not count: a decision was none, an undoing leaves the decision as it was.
fn not_kept(model: &mut Model, submission: Uuid, act: &Act) {
    model.marks.remove(&submission);
    match act {
        Act::Undo => {
            let Some(decided) = model.decided.iter_mut().find(|decided| decided.submission == submission) else { return };
            decided.state = match decided.state {
                DecidedState::Sending { version, .. } => {
                    model.marks.insert(submission, Mark::Sending(decided.decision));
                    DecidedState::Sending { version, undo: false }
                }
                DecidedState::Undoing { version, until } | DecidedState::Held { version, until } => DecidedState::Held { version, until },
            };
        }
        Act::Review(_) => {
            model.decided.retain(|decided| decided.submission != submission);
            // No frame has shown the next one yet: the photo stays.
            decide::stay(model, submission);
        }
        Act::Rework(_) | Act::RetakeNotice => {}
    }
}

/// What stands now, by the server.
fn stands(model: &mut Model, submission: Uuid, outcome: &ReviewOutcome) {
    lists::change(model, submission, |row| {
        row.status = outcome.status;
        row.version = outcome.version;
        row.decision = outcome.decision;
        row.held_until = outcome.held_until;
    });
    model.details.remove(&submission);
    model.marks.remove(&submission);
}

/// A decision that was never sent is as if it had not been made; one that may have been sent is taken back once it is answered.
fn taken_back(model: &mut Model, submission: Uuid, done: bool, effects: &mut Vec<Effect>) {
    let Some(at) = model.decided.iter().rposition(|decided| decided.submission == submission) else { return };
    if done {
        model.decided.remove(at);
        model.marks.remove(&submission);
        return say(model, Tone::Plain, "desk.news.undone", vec![]);
    }
    let (DecidedState::Sending { version, .. } | DecidedState::Undoing { version, .. } | DecidedState::Held { version, .. }) =
        model.decided[at].state;
    decide::take_back(model, submission, version, effects);
}

fn sent(model: &mut Model, submission: Uuid, act: &Act, outcome: &ReviewOutcome) {
    stands(model, submission, outcome);
    match act {
        Act::Review(_) => reviewed(model, submission, outcome),
        Act::Undo => {
            model.decided.retain(|decided| decided.submission != submission);
            lists::change(model, submission, |row| row.reviewed_by_me = false);
            say(model, Tone::Plain, "desk.news.undone", vec![]);
        }
        Act::Rework(_) => fix::sent(model, submission),
        Act::RetakeNotice => {
            model.marks.insert(submission, Mark::Notified);
            say(model, Tone::Plain, "desk.news.notified", vec![]);
        }
    }
}

fn reviewed(model: &mut Model, submission: Uuid, outcome: &ReviewOutcome) {
    let Some(at) = model.decided.iter().position(|decided| decided.submission == submission) else { return };
    let version = outcome.version;
    match (outcome.decision, outcome.held_until) {
        (Some(decision), Some(until)) => {
            model.decided[at].decision = decision;
            model.decided[at].state = match model.decided[at].state {
                // The outbox goes on with it.
                DecidedState::Sending { undo: true, .. } => {
                    model.marks.insert(submission, Mark::Undoing);
                    DecidedState::Undoing { version, until }
                }
                _ => DecidedState::Held { version, until },
            };
        }
        (decision, _) => {
            // More people must look: one's own voice is given and cannot be taken back.
            model.decided.remove(at);
            if decision.is_none() {
                model.marks.insert(submission, Mark::SecondOpinion);
                lists::change(model, submission, |row| row.reviewed_by_me = true);
                say(model, Tone::Plain, "desk.news.second_opinion", vec![]);
            }
        }
    }
}

fn refused(model: &mut Model, conflict: Conflict) {
    let submission = conflict.entry.submission;
    match conflict.entry.act {
        // The decision itself stands; only taking it back failed.
        Act::Undo | Act::Rework(_) | Act::RetakeNotice => {}
        Act::Review(_) => model.decided.retain(|decided| decided.submission != submission),
    }
    model.decided.retain(|decided| decided.submission != submission || !matches!(decided.state, DecidedState::Undoing { .. }));
    model.marks.insert(submission, Mark::Refused(conflict.problem.code.clone()));
    // What stands now is asked for again.
    model.details.remove(&submission);
    let why = model.problem_text(&conflict.problem);
    say(model, Tone::Problem, "desk.news.refused", vec![("why", why)]);
    model.outbox.conflicts.push(conflict);
}
