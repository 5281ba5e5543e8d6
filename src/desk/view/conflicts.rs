//! What the server refused: which photos, why; and of the one under the cursor what was decided here beside what stands there, with the finished
//! photo of either side.

use ratatui::layout::Rect;

use super::{facts, layout, pen::Pen};
use crate::{
    api::submission::Submission,
    client::{
        bundle::sync,
        outbox::{Act, Conflict},
    },
    desk::{
        model::{Load, Model, Slot},
        picture::{Origin, Painted},
        update::conflicts::requests,
    },
    domain::review::Decision,
};

/// Lines of words above each picture.
const WORDS: u16 = 3;

/// Where things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    pub list: Rect,
    /// What was decided here: words, then the picture.
    pub mine_words: Rect,
    pub mine: Rect,
    /// What stands at the server.
    pub theirs_words: Rect,
    pub theirs: Rect,
}

/// The places on a screen of this size.
#[must_use]
pub fn places((width, height): (u16, u16)) -> Places {
    let (_, body, _, _) = layout::screen(Rect { x: 0, y: 0, width, height });
    let list = Rect { height: (body.height / 4).clamp(3, 8).min(body.height), ..body };
    let rest = Rect { y: list.bottom(), height: body.height - list.height, ..body };
    let half = rest.width / 2;
    let sides = [Rect { width: half, ..rest }, Rect { x: rest.x + half, width: rest.width - half, ..rest }];
    let words = sides.map(|side| Rect { x: side.x + 1, width: side.width.saturating_sub(2), height: WORDS.min(side.height), ..side });
    let pictures = sides.map(|side| Rect {
        x: side.x + 1,
        y: side.y + WORDS.min(side.height),
        width: side.width.saturating_sub(2),
        height: side.height.saturating_sub(WORDS),
    });
    Places { list, mine_words: words[0], mine: pictures[0], theirs_words: words[1], theirs: pictures[1] }
}

/// Draws the refusals, number `selected` under the cursor; returns the pictures that are on the screen.
pub fn draw(model: &Model, pen: &mut Pen, area: Rect, selected: usize) -> Vec<Painted> {
    let theme = &model.theme;
    let places = places(model.size);
    let list = places.list;
    pen.write(list.x + 1, list.y, list.width, &model.text("desk.conflicts.title", &[]), theme.title());
    let room = usize::from(list.height.saturating_sub(2)).max(1);
    let top = (selected + 1).saturating_sub(room);
    let rows = list.y + 1..(list.y + 1 + room as u16).min(area.bottom());
    for (y, (index, conflict)) in rows.zip(model.outbox.conflicts.iter().enumerate().skip(top)) {
        let base = if index == selected { theme.selection() } else { theme.base() };
        if index == selected {
            pen.fill(Rect { y, height: 1, ..list }, base);
            pen.write(list.x, y, 1, "▸", base);
        }
        pen.write(list.x + 1, y, 15, &who(model, conflict), base);
        pen.write(list.x + 17, y, 12, &what(model, conflict), base);
        let why = model.problem_text(&conflict.problem);
        pen.write(list.x + 30, y, list.width.saturating_sub(31), &why, base.fg(theme.fail));
    }
    // The frame may be another size than the model for one moment after a resize: nothing is drawn outside.
    let Some(conflict) = model.outbox.conflicts.get(selected) else { return vec![] };
    if area.right() < model.size.0 || places.theirs.bottom() > area.bottom() {
        return vec![];
    }
    mine(model, pen, places.mine_words, conflict);
    theirs(model, pen, places.theirs_words, conflict);
    pictures(model, pen, &places, conflict)
}

fn who(model: &Model, conflict: &Conflict) -> String {
    let submission = conflict.entry.submission;
    let row = model.queue.lists.iter().flat_map(|list| list.all()).find(|row| row.id == submission);
    let stands = model.standing.get(&submission).and_then(Load::ready).map(|stands| &stands.summary);
    row.or(stands).map_or_else(|| submission.to_string()[..13].to_owned(), |row| row.student.student_number.clone())
}

fn what(model: &Model, conflict: &Conflict) -> String {
    let key = match &conflict.entry.act {
        Act::Review(review) if review.verdict.decision() == Decision::Approve => "desk.decision.approve",
        Act::Review(_) => "desk.decision.reject",
        Act::Rework(_) => "desk.fix.title",
        Act::Undo => "desk.key.undo",
        Act::RetakeNotice => "desk.conflicts.notice",
    };
    model.text(key, &[])
}

fn mine(model: &Model, pen: &mut Pen, area: Rect, conflict: &Conflict) {
    let theme = &model.theme;
    let when = conflict.entry.decided_at().map(|at| facts::time(model, at)).unwrap_or_default();
    let reasons = match &conflict.entry.act {
        Act::Review(review) => facts::reasons(model, review.verdict.reasons()),
        Act::Rework(_) | Act::Undo | Act::RetakeNotice => String::new(),
    };
    let lines = [
        (model.text("desk.conflicts.mine", &[("time", &when)]), theme.title()),
        (what(model, conflict), theme.base()),
        (reasons, theme.dim()),
    ];
    for (y, (words, style)) in (area.y..area.bottom()).zip(lines) {
        pen.write(area.x, y, area.width, &words, style);
    }
}

fn theirs(model: &Model, pen: &mut Pen, area: Rect, conflict: &Conflict) {
    let theme = &model.theme;
    let (words, more) = match model.standing.get(&conflict.entry.submission) {
        Some(Load::Ready(stands)) => stands_words(model, stands),
        Some(Load::Failed(problem)) => (model.problem_text(problem), String::new()),
        _ => (model.text("desk.loading", &[]), String::new()),
    };
    let lines = [(model.text("desk.conflicts.theirs", &[]), theme.title()), (words, theme.base()), (more, theme.dim())];
    for (y, (words, style)) in (area.y..area.bottom()).zip(lines) {
        pen.write(area.x, y, area.width, &words, style);
    }
}

fn stands_words(model: &Model, stands: &Submission) -> (String, String) {
    let status = model.text(&format!("status.{}", stands.summary.status.code()), &[]);
    let decision = sync::decision_of(stands).map(|decision| match decision {
        Decision::Approve => model.text("desk.decision.approve", &[]),
        Decision::Reject => model.text("desk.decision.reject", &[]),
    });
    let words = decision.map_or_else(|| status.clone(), |decision| format!("{status} · {decision}"));
    (words, facts::reasons(model, &stands.decision_reasons))
}

fn pictures(model: &Model, pen: &mut Pen, places: &Places, conflict: &Conflict) -> Vec<Painted> {
    let theme = &model.theme;
    let requests = requests(model, conflict.entry.submission);
    let mut painted = vec![];
    for (origin, area) in [(Origin::Desk, places.mine), (Origin::Server, places.theirs)] {
        let request = requests.iter().find(|request| request.origin == origin);
        let words = match request.map(|request| (request, model.pictures.get(request))) {
            Some((request, Some(Slot::Ready(picture)))) => match picture.draw(area, pen.buffer) {
                Some(spot) => {
                    painted.push(Painted { request: *request, area: spot });
                    continue;
                }
                None => model.text("desk.picture.failed", &[]),
            },
            Some((_, Some(Slot::Failed(problem)))) => model.problem_text(problem),
            Some((_, Some(Slot::Loading) | None)) => model.text("desk.loading", &[]),
            None if model.drawing().is_none() => model.text("desk.picture.off", &[]),
            None if origin == Origin::Desk => model.text("desk.conflicts.no_picture", &[]),
            None => model.text("desk.picture.none", &[]),
        };
        if area.height > 0 {
            pen.write_centre(Rect { y: area.y + area.height / 2, height: 1, ..area }, &words, theme.dim());
        }
    }
    painted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overlaps_at_any_size() {
        for (width, height) in (0..220).step_by(7).flat_map(|w| (0..70).step_by(3).map(move |h| (w, h))) {
            let places = places((width, height));
            let mut rects = vec![places.list, places.mine_words, places.mine, places.theirs_words, places.theirs];
            rects.retain(|rect| !rect.is_empty());
            for (index, one) in rects.iter().enumerate() {
                assert!(one.right() <= width && one.bottom() <= height, "{one:?} leaves {width}×{height}");
                assert!(rects[index + 1..].iter().all(|other| one.intersection(*other).is_empty()), "{width}×{height}");
            }
        }
    }
}
