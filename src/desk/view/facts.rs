//! What is said of a photo in words: where it stands, comparison, attempts, times.

use jiff::Timestamp;
use ratatui::{layout::Rect, style::Style};

use super::{bars, checks, layout, looks, pen::Pen};
use crate::{
    api::submission::{Submission, SubmissionSummary},
    desk::{
        model::{Mark, Model, Slot},
        text,
    },
    domain::{
        check::{Check, Verdict},
        comparison::Band,
        reason::Reason,
        review::{Decision, reviews_needed},
    },
};

fn decision_key(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "desk.decision.approve",
        Decision::Reject => "desk.decision.reject",
    }
}

fn decision_style(model: &Model, decision: Decision) -> Style {
    let colour = if decision == Decision::Approve { model.theme.pass } else { model.theme.fail };
    model.theme.base().fg(colour)
}

/// Where a photo stands, at this desk first, then at the server.
#[must_use]
pub fn state(model: &Model, row: &SubmissionSummary) -> (String, Option<Style>) {
    let theme = &model.theme;
    let named = |key: &str, decision: Decision| {
        let decided = model.text(decision_key(decision), &[]);
        (model.text(key, &[("decision", &decided)]), Some(decision_style(model, decision)))
    };
    match model.marks.get(&row.id) {
        Some(Mark::Sending(decision)) => return named("desk.mark.sending", *decision),
        Some(Mark::SecondOpinion) => return (model.text("desk.mark.second_opinion", &[]), Some(theme.held())),
        Some(Mark::Reworking) => return (model.text("desk.fix.mark", &[]), Some(theme.held())),
        Some(Mark::Undoing) => return (model.text("desk.mark.undoing", &[]), Some(theme.held())),
        Some(Mark::PassingOn) => return (model.text("desk.mark.passing_on", &[]), Some(theme.held())),
        Some(Mark::PassedOn) => return (model.text("desk.mark.passed_on", &[]), Some(theme.held())),
        Some(Mark::Notifying) => return (model.text("desk.mark.notifying", &[]), Some(theme.held())),
        Some(Mark::Notified) => return (model.text("desk.mark.notified", &[]), Some(theme.held())),
        Some(Mark::Refused(code)) => {
            let why = model.problem_text(&crate::api::problem::Problem::new(409, code.clone(), ""));
            return (model.text("desk.mark.refused", &[("why", &why)]), Some(theme.verdict(Verdict::Fail)));
        }
        None => {}
    }
    if row.reviewed_by_me {
        return (model.text("desk.mark.second_opinion", &[]), Some(theme.held()));
    }
    if let (Some(decision), Some(until)) = (row.decision, row.held_until)
        && until > model.now.wall
    {
        let decided = model.text(decision_key(decision), &[]);
        let left = bars::clock(until.as_second() - model.now.wall.as_second());
        return (model.text("desk.mark.held", &[("decision", &decided), ("left", &left)]), Some(decision_style(model, decision)));
    }
    if let Some(until) = row.claimed_until.filter(|until| *until > model.now.wall) {
        return (model.text("desk.mark.claimed", &[("until", &clock_time(model, until))]), Some(theme.base().fg(theme.warn)));
    }
    (model.text(&format!("status.{}", row.status.code()), &[]), Some(theme.dim()))
}

/// The comparison in a word.
#[must_use]
pub fn band(model: &Model, band: Option<Band>) -> (String, Option<Style>) {
    let Some(band) = band else { return (model.text("desk.band.none", &[]), Some(model.theme.dim())) };
    let verdict = match band {
        Band::Same => Verdict::Pass,
        Band::Doubtful => Verdict::Warn,
        Band::Different => Verdict::Fail,
    };
    let words = format!("{} {}", checks::glyph(verdict), model.text(&format!("band.{}", band.code()), &[]));
    (words, Some(model.theme.verdict(verdict)))
}

/// Reasons by their short names.
#[must_use]
pub fn reasons(model: &Model, reasons: &[Reason]) -> String {
    let names: Vec<String> = reasons.iter().map(|reason| model.text(&format!("reason.{}.short", reason.code()), &[])).collect();
    names.join(&model.text("desk.comma", &[]))
}

/// Month, day and time.
#[must_use]
pub fn time(model: &Model, at: Timestamp) -> String {
    at.to_zoned(model.zone.clone()).strftime("%m-%d %H:%M").to_string()
}

/// The time of the day.
#[must_use]
pub fn clock_time(model: &Model, at: Timestamp) -> String {
    at.to_zoned(model.zone.clone()).strftime("%H:%M").to_string()
}

/// The student's line: who, and where it stands.
pub fn student(model: &Model, pen: &mut Pen, line: Rect, row: &SubmissionSummary) {
    let theme = &model.theme;
    let (words, style) = state(model, row);
    let right = line.right().saturating_sub(1);
    let start = pen.write_right(line.x + line.width / 3, right, line.y, &words, style.unwrap_or_else(|| theme.base()));
    let room = |x: u16| start.saturating_sub(x + 1);
    let mut x = pen.write(line.x + 1, line.y, room(line.x + 1), row.student.name.as_deref().unwrap_or("—"), theme.title());
    let attempt = model.text("desk.attempt", &[("number", &row.number.to_string())]);
    let submitted = model.text("desk.submitted", &[("time", &time(model, row.submitted_at))]);
    let parts = [
        (row.student.student_number.as_str(), theme.base()),
        (row.student.id_number.as_deref().unwrap_or(""), theme.dim()),
        (&attempt, theme.dim()),
        (&submitted, theme.dim()),
    ];
    for (part, style) in parts.into_iter().filter(|(part, _)| !part.is_empty()) {
        if usize::from(room(x + 2)) < text::width(&text::safe(part)) {
            break;
        }
        x = pen.write(x + 2, line.y, room(x + 2), part, style);
    }
}

/// The facts of a photo as lines, for the place beside the pictures or above the checks.
#[must_use]
pub fn lines(model: &Model, detail: &Submission, cells: usize) -> Vec<(String, Style)> {
    let theme = &model.theme;
    let mut lines = Vec::new();
    let (words, style) = band(model, detail.comparison.as_ref().map(|comparison| comparison.band).or(detail.summary.band));
    lines.push((format!("{} {words}", model.text("desk.band.title", &[])), style.unwrap_or_else(|| theme.base())));
    let cohort = detail.comparison.as_ref().map(|comparison| comparison.bands.cohort.as_str()).filter(|cohort| *cohort != "default");
    lines.extend(cohort.map(|cohort| (model.text("desk.cohort", &[("cohort", cohort)]), theme.dim())));
    let compared = detail.comparison.as_ref().map(|comparison| comparison.band);
    if model.season.as_ref().is_some_and(|season| reviews_needed(&season.rules, compared) > 1) {
        lines.push((model.text("desk.second_opinion", &[]), theme.held()));
    }
    if model.review.tones {
        lines.extend(tones(model, detail, cells));
    }
    lines.push(tally(model, detail.report.as_ref().map_or(&[][..], |report| &report.checks)));
    if !detail.decision_reasons.is_empty() {
        let words = model.text("desk.decision.reasons", &[("reasons", &reasons(model, &detail.decision_reasons))]);
        lines.extend(text::wrap(&text::safe(&words), cells).into_iter().take(3).map(|line| (line, theme.base().fg(theme.fail))));
    }
    for past in &detail.history {
        let status = model.text(&format!("status.{}", past.status.code()), &[]);
        let number = past.number.to_string();
        let mut words = model.text("desk.past", &[("number", &number), ("status", &status)]);
        if !past.reasons.is_empty() {
            words = format!("{words}{}{}", model.text("desk.colon", &[]), reasons(model, &past.reasons));
        }
        lines.extend(text::wrap(&text::safe(&words), cells).into_iter().take(2).map(|line| (line, theme.dim())));
    }
    for notice in &detail.notices {
        let kind = model.text(&format!("desk.notice.{}", notice.kind.code()), &[]);
        let state = model.text(&format!("desk.notice.{}", notice.state.code()), &[]);
        lines.push((format!("{kind} {} {state}", time(model, notice.created_at)), theme.dim()));
    }
    lines
}

/// The histograms of what is shown, dark to bright, with what is lost at either end.
fn tones(model: &Model, detail: &Submission, cells: usize) -> Vec<(String, Style)> {
    const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let places = layout::review(model, model.review.view);
    let shown = places.pictures.iter().filter_map(|spot| {
        let request = looks::request(model, detail, spot)?;
        match model.pictures.get(&request) {
            Some(Slot::Ready(picture)) => Some((spot.kind, picture.tones)),
            _ => None,
        }
    });
    let mut lines = Vec::new();
    for (kind, tones) in shown {
        let step = tones.bars.len().div_ceil(cells.clamp(1, tones.bars.len()));
        let bar = |part: &[u8]| HEIGHTS[usize::from(part.iter().copied().max().unwrap_or(0)).div_ceil(32).min(8)];
        let name = model.text(&format!("desk.picture.{}", kind.code()), &[]);
        let percent = |share: u16| format!("{:.1}", f64::from(share) / 100.0);
        let words = model.text("desk.tones", &[("picture", &name), ("dark", &percent(tones.dark)), ("bright", &percent(tones.bright))]);
        lines.push((words, model.theme.dim()));
        lines.push((tones.bars.chunks(step).map(bar).collect(), model.theme.accent()));
    }
    lines
}

/// How many checks fail, warn and could not be judged.
fn tally(model: &Model, checks: &[Check]) -> (String, Style) {
    let theme = &model.theme;
    if checks.is_empty() {
        return (model.text("desk.checks.none", &[]), theme.dim());
    }
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let worst = checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Unknown);
    let parts: Vec<String> = [Verdict::Fail, Verdict::Warn, Verdict::Unknown, Verdict::Pass]
        .into_iter()
        .filter(|verdict| count(*verdict) > 0)
        .map(|verdict| format!("{}{}", checks::glyph(verdict), count(verdict)))
        .collect();
    let title = model.text("desk.checks.title", &[]);
    (format!("{title} {}", parts.join(" ")), theme.verdict(worst))
}
