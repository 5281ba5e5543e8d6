//! All attempts of a student, in the place of the checks: when, how they ended, why, and what was told.

use ratatui::{layout::Rect, style::Style};

use super::{facts, pen::Pen};
use crate::{
    api::submission::{PastAttempt, Submission},
    desk::{model::Model, text},
};

/// The lines of the history, the first attempt first.
#[must_use]
pub fn lines(model: &Model, detail: &Submission, cells: usize) -> Vec<(String, Style)> {
    let theme = &model.theme;
    let row = &detail.summary;
    let here = PastAttempt {
        id: row.id,
        number: row.number,
        status: row.status,
        submitted_at: row.submitted_at,
        reasons: detail.decision_reasons.clone(),
    };
    let mut attempts: Vec<&PastAttempt> = detail.history.iter().chain([&here]).collect();
    attempts.sort_by_key(|attempt| attempt.number);
    let mut lines = Vec::new();
    let mut say = |words: &str, style: Style| {
        let indent = words.len() - words.trim_start().len();
        let wrapped = text::wrap(&text::safe(words.trim_start()), cells.saturating_sub(indent));
        lines.extend(wrapped.into_iter().map(|line| (format!("{}{line}", " ".repeat(indent)), style)));
    };
    for attempt in attempts {
        let own = attempt.id == row.id;
        let number = model.text("desk.attempt", &[("number", &attempt.number.to_string())]);
        let status = model.text(&format!("status.{}", attempt.status.code()), &[]);
        let mut head = format!("{number}  {}  {status}", facts::time(model, attempt.submitted_at));
        if own {
            head = format!("{head}  {}", model.text("desk.history.here", &[]));
        }
        say(&head, if own { theme.title() } else { theme.base() });
        for reason in &attempt.reasons {
            say(&format!("  ✗ {}", model.text(&format!("reason.{}.short", reason.code()), &[])), theme.base().fg(theme.fail));
            say(&format!("    {}", model.text(&format!("reason.{}.help", reason.code()), &[])), theme.dim());
        }
        for notice in detail.notices.iter().filter(|_| own) {
            let kind = model.text(&format!("desk.notice.{}", notice.kind.code()), &[]);
            let state = model.text(&format!("desk.notice.{}", notice.state.code()), &[]);
            let at = facts::time(model, notice.delivered_at.unwrap_or(notice.created_at));
            say(&format!("  {kind}  {at}  {state}"), theme.held());
        }
    }
    lines
}

/// Draws the history from line `scroll` on.
pub fn draw(model: &Model, pen: &mut Pen, area: Rect, detail: &Submission, scroll: usize) {
    let theme = &model.theme;
    let count = (detail.history.len() + 1).to_string();
    let head = Rect { height: area.height.min(1), ..area };
    pen.rule(head, &model.text("desk.history.title", &[("count", &count)]), theme.line(), theme.title());
    let cells = area.width.saturating_sub(2);
    let lines = lines(model, detail, usize::from(cells));
    let body = Rect { y: area.y + head.height, height: area.height - head.height, ..area };
    let scroll = scroll.min(lines.len().saturating_sub(usize::from(body.height)));
    for (y, (line, style)) in (body.y..body.bottom()).zip(lines.iter().skip(scroll)) {
        pen.write(area.x + 1, y, cells, line, *style);
    }
}
