//! Passing a photo on: why, in a few words, and to whom. It goes to the server at once: what nobody else learns of helps nobody.

use uuid::Uuid;

use super::{decide, say};
use crate::{
    api::{problem::Problem, reviewing::NewSkip},
    desk::{
        entry::{Field, Purpose},
        keymap::{Action, Code, Key},
        message::Effect,
        model::{Mark, Model, Panel, PassOn, Tone},
    },
    domain::queueing::{LONGEST_NOTE, SkipReason},
};

/// `S`: opens the panel on a photo that waits.
pub fn open(model: &mut Model) {
    let Some(row) = model.current() else { return };
    if !super::lists::waits(model, row) {
        return say(model, Tone::Warning, "desk.news.not_waiting", vec![]);
    }
    let note = Field::new(Purpose::Words).at_most(LONGEST_NOTE);
    model.panel = Some(Panel::PassOn(PassOn { reason: SkipReason::Unsure, note, ask_lead: false, lacking: false }));
}

/// A key that is the note's; digits choose a reason while the note is empty.
pub fn typed(model: &mut Model, key: Key) -> bool {
    let Some(Panel::PassOn(panel)) = &mut model.panel else { return false };
    if let (Code::Char(c @ '1'..='9'), false, true) = (key.folded().code, key.ctrl, panel.note.is_empty()) {
        if let Some(reason) = SkipReason::ALL.get(c as usize - '1' as usize) {
            panel.reason = *reason;
        }
        return true;
    }
    let taken = panel.note.key(key) != crate::desk::entry::Edit::NotMine;
    panel.lacking &= panel.note.is_empty();
    taken
}

pub fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(Panel::PassOn(panel)) = &mut model.panel else { return };
    let at = SkipReason::ALL.iter().position(|reason| *reason == panel.reason).unwrap_or(0);
    match action {
        Action::Down => panel.reason = SkipReason::ALL[(at + 1).min(SkipReason::ALL.len() - 1)],
        Action::Up => panel.reason = SkipReason::ALL[at.saturating_sub(1)],
        Action::AskLead => panel.ask_lead = !panel.ask_lead,
        Action::PassIt => send(model, effects),
        _ => super::keys::leave_panel(model, action, effects),
    }
}

fn send(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Panel::PassOn(panel)) = &mut model.panel else { return };
    let note = Some(panel.note.text().trim().to_owned()).filter(|note| !note.is_empty());
    if panel.reason == SkipReason::Other && note.is_none() {
        panel.lacking = true;
        return;
    }
    let skip = NewSkip { reason: panel.reason, note, ask_lead: panel.ask_lead };
    model.panel = None;
    let Some(submission) = model.current().map(|row| row.id) else { return };
    model.marks.insert(submission, Mark::PassingOn);
    effects.push(Effect::PassOn { submission, skip });
    decide::advance(model, effects);
}

/// The server's answer. A photo that could not be passed on waits here as before.
pub fn answered(model: &mut Model, submission: Uuid, result: Result<(), Problem>) {
    match result {
        Ok(()) => {
            model.marks.insert(submission, Mark::PassedOn);
            say(model, Tone::Plain, "desk.news.passed_on", vec![]);
        }
        Err(problem) => {
            model.marks.remove(&submission);
            let why = model.problem_text(&problem);
            say(model, Tone::Problem, "desk.news.not_passed_on", vec![("why", why)]);
        }
    }
}
