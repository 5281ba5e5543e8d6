//! What the server refused: which photo, what was decided, why it does not count.

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::{client::outbox::Act, desk::model::Model, domain::review::Decision};

/// Draws the refusals from number `scroll` on.
pub fn draw(model: &Model, pen: &mut Pen, body: Rect, scroll: usize) {
    let theme = &model.theme;
    pen.write(body.x + 1, body.y, body.width, &model.text("desk.conflicts.title", &[]), theme.title());
    let rows = body.y + 2..body.bottom();
    for (y, conflict) in rows.zip(model.outbox.conflicts.iter().skip(scroll)) {
        let submission = conflict.entry.submission;
        let row = model.queue.lists.iter().flat_map(|list| &list.rows).find(|row| row.id == submission);
        let who = row.map_or_else(|| submission.to_string()[..13].to_owned(), |row| row.student.student_number.clone());
        let what = match &conflict.entry.act {
            Act::Review(review) if review.verdict.decision() == Decision::Approve => "desk.decision.approve",
            Act::Review(_) => "desk.decision.reject",
            Act::Rework(_) => "desk.fix.title",
            Act::Undo => "desk.key.undo",
            Act::RetakeNotice => "desk.conflicts.notice",
        };
        pen.write(body.x + 1, y, 15, &who, theme.base());
        pen.write(body.x + 17, y, 12, &model.text(what, &[]), theme.base());
        pen.write(body.x + 30, y, body.width.saturating_sub(31), &model.problem_text(&conflict.problem), theme.base().fg(theme.fail));
    }
}
