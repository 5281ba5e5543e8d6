//! Fix & accept: `f` opens it, each key tries at once, Enter sends what was seen. Nothing of it counts before it is sent, and nothing is judged
//! before the server holds it.

use uuid::Uuid;

use super::{decide, keys, say};
use crate::{
    api::rework::NewRendition,
    client::outbox::Act,
    desk::{
        keymap::Action,
        message::Effect,
        model::{Fix, FixLook, Mark, Model, Panel, Slot, Tone, Tried, TryEnd},
        picture::Making,
    },
    domain::{
        adjustment::{Adjustments, MatteWay},
        lifecycle::attempt::Status,
    },
    photo::Standard,
};

/// Thousandths by which one press makes the person larger or smaller.
const SCALE: i32 = 10;
/// Pixels by which one press moves the person.
const SHIFT: i32 = 2;
/// Bytes by which one press makes the file smaller.
const BYTES: u32 = 2048;

/// `f`.
pub fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Err(why) = decide::may_fix(model) {
        return say(model, Tone::Warning, why, vec![]);
    }
    let Some(detail) = model.current().and_then(|row| model.details.get(&row.id)).and_then(|load| load.ready()) else { return };
    // Of a photo that the machine could not even read nothing can be made.
    let Some(standard) = detail.report.as_ref().and_then(|report| Standard::builtin(&report.standard)) else {
        return say(model, Tone::Warning, "desk.fix.news.no_standard", vec![]);
    };
    let wanted = detail.report.as_ref().and_then(|report| report.rework.as_ref()).map(|rework| rework.adjustments).unwrap_or_default();
    let fix = Fix {
        submission: detail.summary.id,
        limits: standard.adjusting(),
        standard: standard.name,
        wanted,
        ticket: 0,
        tried: None,
        look: FixLook::After,
        before: detail.rendition,
    };
    model.fix = Some(fix);
    model.panel = Some(Panel::Fix);
    // What is on the screen from here on is not what the server holds.
    model.review.shown = None;
    try_it(model, effects);
}

/// A key in the panel.
pub fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::FixSend => return send(model, effects),
        Action::Back => {
            let changed = model.fix.as_ref().is_some_and(|fix| !fix.wanted.is_default());
            close(model);
            if changed {
                say(model, Tone::Plain, "desk.fix.news.dropped", vec![]);
            }
            return;
        }
        Action::Approve => return say(model, Tone::Warning, "desk.fix.news.send_first", vec![]),
        Action::Quit => {
            close(model);
            return keys::quit(model, effects);
        }
        _ => {}
    }
    let Some(fix) = &mut model.fix else { return };
    match action {
        Action::Compare => return fix.look = if fix.look == FixLook::Before { FixLook::After } else { FixLook::Before },
        Action::Difference if fix.before.is_none() => return say(model, Tone::Warning, "desk.fix.news.no_before", vec![]),
        Action::Difference => return fix.look = if fix.look == FixLook::Difference { FixLook::After } else { FixLook::Difference },
        _ => {}
    }
    let before = fix.wanted;
    adjust(fix, action);
    if fix.wanted == before {
        return say(model, Tone::Warning, "desk.fix.news.limit", vec![]);
    }
    fix.look = FixLook::After;
    try_it(model, effects);
}

/// Changes one thing by one step, within the limits.
fn adjust(fix: &mut Fix, action: Action) {
    let (limits, wanted) = (&fix.limits, &mut fix.wanted);
    match action {
        Action::FixLarger => wanted.scale = limits.scale.nearest(wanted.scale + SCALE),
        Action::FixSmaller => wanted.scale = limits.scale.nearest(wanted.scale - SCALE),
        Action::Up => wanted.down = limits.down.nearest(wanted.down - SHIFT),
        Action::Down => wanted.down = limits.down.nearest(wanted.down + SHIFT),
        Action::FixLeft => wanted.right = limits.right.nearest(wanted.right - SHIFT),
        Action::FixRight => wanted.right = limits.right.nearest(wanted.right + SHIFT),
        Action::FixBackground => {
            let at = limits.backgrounds.iter().position(|rgb| wanted.background == Some(*rgb)).unwrap_or(0);
            // The standard's own is the first, and taking it is taking none.
            let next = (at + 1) % limits.backgrounds.len().max(1);
            wanted.background = limits.backgrounds.get(next).copied().filter(|_| next > 0);
        }
        Action::FixBytes => {
            let (least, most) = (limits.bytes.min.unsigned_abs(), limits.bytes.max.unsigned_abs());
            let next = wanted.max_bytes.unwrap_or(most).saturating_sub(BYTES);
            // A range of its own is left to the engine, which must be able to meet it.
            wanted.max_bytes = (next >= least + BYTES).then_some(next);
        }
        Action::FixMatte => {
            let at = MatteWay::ALL.iter().position(|way| *way == wanted.matte).unwrap_or(0);
            wanted.matte = MatteWay::ALL[(at + 1) % MatteWay::ALL.len()];
        }
        Action::FixReset => *wanted = Adjustments::default(),
        _ => {}
    }
}

/// Has the newest wish carried out; an older one is let go.
fn try_it(model: &mut Model, effects: &mut Vec<Effect>) {
    let ticket = model.next_ticket;
    let Some(fix) = &mut model.fix else { return };
    model.next_ticket += 1;
    fix.ticket = ticket;
    effects.push(Effect::Fix { ticket, submission: fix.submission, standard: fix.standard.clone(), wanted: fix.wanted });
}

/// A try came out; one of a fix that was closed, or that was overtaken, is of no use.
pub fn tried(model: &mut Model, ticket: u64, end: TryEnd) {
    if let Some(fix) = model.fix.as_mut().filter(|fix| fix.ticket == ticket) {
        fix.tried = Some(Tried { ticket, end });
    }
}

/// Enter: sends what is on the screen, and nothing else.
fn send(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(fix) = &model.fix else { return };
    let seen =
        |ticket| model.pictures.iter().any(|(request, slot)| request.making == Making::Tried(ticket) && matches!(slot, Slot::Ready(_)));
    let why = match &fix.tried {
        _ if fix.working() => Err("desk.fix.news.working"),
        Some(Tried { end: TryEnd::Refused { .. } | TryEnd::Failed(_), .. }) | None => Err("desk.fix.news.not_possible"),
        Some(Tried { ticket, .. }) if fix.look != FixLook::After || !seen(*ticket) => Err("desk.fix.news.look_first"),
        Some(Tried { end: TryEnd::Made { .. }, .. }) if fix.wanted.is_default() && fix.before.is_some() => Err("desk.fix.news.nothing"),
        Some(Tried { end: TryEnd::Made { sha256, .. }, .. }) => Ok(NewRendition { adjustments: fix.wanted, sha256: sha256.clone() }),
    };
    let new = match why {
        Ok(new) => new,
        Err(why) => return say(model, Tone::Warning, why, vec![]),
    };
    let submission = fix.submission;
    let Some(row) = model.current().filter(|row| row.id == submission) else { return };
    let version = row.version;
    let lease = model.claim.as_ref().filter(|claim| claim.items.iter().any(|item| item.id == submission)).map(|claim| claim.token);
    effects.push(Effect::Act { submission, version, lease, act: Act::Rework(new) });
    model.marks.insert(submission, Mark::Reworking);
    model.outbox.unsent += 1;
    close(model);
}

/// Closes the panel; what stands in its photo's place from now on is what the server holds.
pub fn close(model: &mut Model) {
    model.fix = None;
    if model.panel == Some(Panel::Fix) {
        model.panel = None;
    }
    model.review.shown = None;
}

/// A fix belongs to the photo under review; when that goes, it goes.
pub fn settle(model: &mut Model) {
    let Some(fix) = &model.fix else { return };
    let there =
        model.current().is_some_and(|row| row.id == fix.submission && matches!(row.status, Status::Pending | Status::MachineRefused));
    if !there || model.panel != Some(Panel::Fix) {
        close(model);
    }
}

/// The server holds the new rendition: only now may it be judged, and only once its own picture is on the screen.
pub fn sent(model: &mut Model, submission: Uuid) {
    if model.review.shown.is_some_and(|(id, _)| id == submission) {
        model.review.shown = None;
    }
    say(model, Tone::Plain, "desk.fix.news.sent", vec![]);
}
