//! What the server refused: what stands there is asked for, both sides are shown, and the reviewer says which holds.

use uuid::Uuid;

use super::say;
use crate::{
    api::{
        problem::Problem,
        submission::{NewReview, PictureKind, Submission},
    },
    client::outbox::{Act, Conflict},
    desk::{
        message::Effect,
        model::{Load, Mark, Model, Panel, Slot, Tone},
        picture::{Making, Origin, Request, look::Look},
        view::conflicts::places,
    },
    domain::{lifecycle::attempt::Status, review::Decision},
};

/// The refusal under the cursor of the open panel.
#[must_use]
pub fn selected(model: &Model) -> Option<&Conflict> {
    match model.panel {
        Some(Panel::Conflicts { scroll }) => model.outbox.conflicts.get(scroll),
        _ => None,
    }
}

/// Asks what stands, of the refusal that is looked at. Closing the panel forgets it, so that opening it again asks anew.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    if !matches!(model.panel, Some(Panel::Conflicts { .. })) {
        model.standing.clear();
        return;
    }
    let Some(submission) = selected(model).map(|conflict| conflict.entry.submission) else { return };
    model.standing.entry(submission).or_insert_with(|| {
        effects.push(Effect::LoadStanding { submission });
        Load::Loading
    });
}

pub fn arrived(model: &mut Model, submission: Uuid, detail: Result<Box<Submission>, Problem>) {
    let Some(load) = model.standing.get_mut(&submission) else { return };
    *load = match detail {
        Ok(detail) if detail.summary.id == submission => Load::Ready(detail),
        Ok(_) => Load::Failed(Problem::new(200, crate::api::problem::code::NONSENSE, "another submission")),
        Err(problem) => Load::Failed(problem),
    };
}

/// The finished photo that was judged here, from the bundle, and the one that stands at the server. A desk at a server has only the latter.
#[must_use]
pub fn requests(model: &Model, submission: Uuid) -> Vec<Request> {
    let Some(drawing) = model.drawing() else { return vec![] };
    let places = places(model.size);
    let request = |origin, area: ratatui::layout::Rect| Request {
        submission,
        kind: PictureKind::Standard,
        making: Making::Kept(None),
        origin,
        cells: (area.width, area.height),
        drawing,
        look: Look::default(),
    };
    let mine = model.away.map(|_| request(Origin::Desk, places.mine));
    let stands = model.standing.get(&submission).and_then(Load::ready);
    let theirs = stands.filter(|stands| stands.pictures.contains(&PictureKind::Standard)).map(|_| request(Origin::Server, places.theirs));
    mine.into_iter().chain(theirs).filter(|request| request.cells.0 > 0 && request.cells.1 > 0).collect()
}

/// The pictures of the refusal that is looked at.
#[must_use]
pub fn wanted(model: &Model) -> Vec<Request> {
    selected(model).map(|conflict| requests(model, conflict.entry.submission)).unwrap_or_default()
}

/// What is sent where one's own decision shall hold after all, or why it cannot.
fn once_more(model: &Model, conflict: &Conflict) -> Result<Effect, &'static str> {
    let entry = &conflict.entry;
    let Act::Review(review) = &entry.act else { return Err("desk.news.not_kept_mine") };
    let stands = model.standing.get(&entry.submission).and_then(Load::ready).ok_or("desk.news.stands_unknown")?;
    let (row, decision) = (&stands.summary, review.verdict.decision());
    let open = match row.status {
        Status::Pending => true,
        Status::MachineRefused => decision == Decision::Reject,
        _ => false,
    };
    if !open || row.reviewed_by_me {
        return Err("desk.news.not_kept_mine");
    }
    // Nobody approves what they have not seen: another rendition than the one that was judged must be on the screen.
    let shown = requests(model, entry.submission)
        .iter()
        .any(|request| request.origin == Origin::Server && matches!(model.pictures.get(request), Some(Slot::Ready(_))));
    if decision == Decision::Approve && !shown {
        return Err("desk.news.not_shown");
    }
    let act = Act::Review(NewReview { verdict: review.verdict.clone(), rendition: stands.rendition });
    Ok(Effect::KeepMine { refused: entry.key, submission: entry.submission, version: row.version, act })
}

/// `m`: one's own decision, once more, on what stands now.
pub fn keep_mine(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(conflict) = selected(model) else { return };
    match once_more(model, conflict) {
        Ok(effect) => {
            let Effect::KeepMine { submission, act: Act::Review(review), .. } = &effect else { return };
            model.marks.insert(*submission, Mark::Sending(review.verdict.decision()));
            model.outbox.unsent += 1;
            effects.push(effect);
            over(model);
        }
        Err(why) => say(model, Tone::Warning, why, vec![]),
    }
}

/// `t`: what stands holds.
pub fn take_theirs(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(conflict) = selected(model) else { return };
    let (key, submission) = (conflict.entry.key, conflict.entry.submission);
    effects.push(Effect::Seen(vec![key]));
    if matches!(model.marks.get(&submission), Some(Mark::Refused(_))) {
        model.marks.remove(&submission);
    }
    over(model);
}

/// The refusal under the cursor is settled.
fn over(model: &mut Model) {
    let Some(Panel::Conflicts { scroll }) = &mut model.panel else { return };
    model.outbox.conflicts.remove(*scroll);
    match model.outbox.conflicts.len() {
        0 => model.panel = None,
        left => *scroll = (*scroll).min(left - 1),
    }
}

/// People were erased: nothing of them stays.
pub fn erased(model: &mut Model, submissions: &[Uuid]) {
    for list in &mut model.queue.lists {
        for rows in [&mut list.rows, &mut list.hidden, &mut list.unsieved] {
            rows.retain(|row| !submissions.contains(&row.id));
        }
        list.selected = list.selected.min(list.rows.len().saturating_sub(1));
    }
    model.details.retain(|id, _| !submissions.contains(id));
    model.standing.retain(|id, _| !submissions.contains(id));
    model.pictures.retain(|request, _| !submissions.contains(&request.submission));
    model.marks.retain(|id, _| !submissions.contains(id));
    model.decided.retain(|decided| !submissions.contains(&decided.submission));
    model.wanted.clear();
    say(model, Tone::Warning, "desk.news.erased", vec![("count", submissions.len().to_string())]);
}
