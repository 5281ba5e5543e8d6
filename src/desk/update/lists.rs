//! The lists of the queue: pages arrive as the cursor nears the end of what is loaded.

use super::{finding, say};
use crate::{
    api::{
        problem::Problem,
        submission::{Page, SubmissionSummary},
    },
    desk::{
        message::Effect,
        model::{List, Mark, Model, Part, Queue, Screen, Tone},
        view::tiles,
    },
};

/// A page is asked for when fewer rows than this lie ahead of the cursor.
const AHEAD: usize = 60;

/// Opens the queue of a unit, or of all.
pub fn open(model: &mut Model, unit: Option<String>, _effects: &mut Vec<Effect>) {
    model.queue = Queue { unit, ..Queue::default() };
    model.grid.tags.clear();
    model.grid.seen.clear();
    // Where nothing waits but the machine's refusals, begin there.
    if model.unit().is_some_and(|unit| unit.pending == 0 && unit.machine_refused > 0) {
        model.queue.part = Some(Part::Refused);
    }
    model.screen = Screen::Queue;
}

/// Forgets all rows, so that they are loaded again.
pub fn reload(model: &mut Model) {
    model.queue.lists = Default::default();
    model.details.clear();
    model.grid.seen.clear();
    // What is still under way keeps its mark; the rest is what the server says now.
    model.marks.retain(|_, mark| matches!(mark, Mark::Sending(_) | Mark::Reworking | Mark::Undoing | Mark::Notifying));
}

/// Has the list read on where the counts say that more photos wait than it holds: they came in behind its end.
pub fn catch_up(model: &mut Model) {
    if model.screen == Screen::Units {
        return;
    }
    let (part, code) = (model.queue.part(), model.queue.unit.clone());
    let Some(progress) = &model.units.last else { return };
    let counts = progress.units.iter().find(|row| row.unit == code).unwrap_or(&progress.whole);
    let waiting = match part {
        Part::Pending => counts.pending,
        Part::Refused => counts.machine_refused,
        Part::Held | Part::Rejected | Part::All => return,
    };
    let list = model.queue.list_mut();
    let known = list.all().filter(|row| Some(row.status) == part.status()).count();
    if list.loaded && list.next.is_none() && list.loading.is_none() && usize::try_from(waiting).is_ok_and(|waiting| waiting > known) {
        list.loaded = false;
    }
}

/// Asks for the page that the cursor will need.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.screen == Screen::Units {
        return;
    }
    let Some(season) = model.season.as_ref().map(|season| season.code.clone()) else { return };
    let (unit, part, ticket) = (model.queue.unit.clone(), model.queue.part(), model.next_ticket);
    let (status, measured) = (part.status().or(model.queue.filter.status()), model.queue.filter.checks());
    finding::stop_at_budget(&mut model.queue);
    // Tiles are looked at by pages.
    let ahead = if model.screen == Screen::Grid { AHEAD.max(2 * tiles::tiling(model).page()) } else { AHEAD };
    let list = model.queue.list_mut();
    let first = !list.loaded;
    let more = list.next.is_some() && !list.stopped && (list.to_end || list.selected + ahead >= list.rows.len());
    if list.loading.is_some() || list.failed.is_some() || !(first || more) {
        return;
    }
    list.loading = Some(ticket);
    let cursor = list.next.clone();
    model.next_ticket += 1;
    effects.push(Effect::LoadPage { ticket, season, unit, status, measured, cursor });
}

/// A page is here; one of a list that was left is of no use.
pub fn arrived(model: &mut Model, ticket: u64, page: Result<Page<SubmissionSummary>, Problem>) {
    let found = model.queue.is_found();
    let Some(list) = model.queue.lists.iter_mut().find(|list| list.loading == Some(ticket)) else { return };
    list.loading = None;
    match page {
        Ok(page) => take(list, page, found),
        Err(problem) => {
            list.failed = Some(problem.clone());
            let text = model.problem_text(&problem);
            say(model, Tone::Problem, "desk.news.not_loaded", vec![("why", text)]);
        }
    }
}

fn take(list: &mut List, page: Page<SubmissionSummary>, found: bool) {
    list.loaded = true;
    // A server that repeats its cursor would be asked for ever.
    list.next = page.next.filter(|next| Some(next) != list.next.as_ref());
    let known = &mut list.known;
    let fresh = page.items.into_iter().filter(|row| known.insert(row.id));
    if found {
        list.unsieved.extend(fresh);
    } else {
        list.rows.extend(fresh);
        to_end(list);
    }
}

/// `End` was pressed: the cursor goes along with what comes.
pub fn to_end(list: &mut List) {
    if list.to_end {
        list.selected = list.rows.len().saturating_sub(1);
        list.to_end = list.next.is_some() || !list.unsieved.is_empty();
    }
}

/// The indices of the rows that still wait for this user, from `from` on.
pub fn waiting(model: &Model, from: usize) -> impl Iterator<Item = usize> {
    model.queue.list().rows.iter().enumerate().skip(from).filter(|(_, row)| waits(model, row)).map(|(index, _)| index)
}

/// Whether a photo waits for this user's decision.
#[must_use]
pub fn waits(model: &Model, row: &SubmissionSummary) -> bool {
    let open = !row.reviewed_by_me && Part::ALL.into_iter().any(|part| part.waits() && part.status() == Some(row.status));
    open && !matches!(
        model.marks.get(&row.id),
        Some(Mark::Sending(_) | Mark::SecondOpinion | Mark::Undoing | Mark::PassingOn | Mark::PassedOn)
    )
}

/// Changes a row wherever it stands.
pub fn change(model: &mut Model, submission: uuid::Uuid, mut how: impl FnMut(&mut SubmissionSummary)) {
    for list in &mut model.queue.lists {
        if list.known.contains(&submission)
            && let Some(row) = list.all_mut().find(|row| row.id == submission)
        {
            how(row);
        }
    }
}
