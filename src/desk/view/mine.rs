//! A reviewer's own numbers, for nobody but them: no rank, no red.

use ratatui::{layout::Rect, style::Style};

use super::pen::Pen;
use crate::{
    api::reviewing::ReviewerStatistics,
    desk::{
        model::{Load, Model},
        text,
    },
};

/// Cells of the longest bar of a day.
const BAR: u16 = 30;

/// Draws them from line `scroll` on.
pub fn draw(model: &Model, pen: &mut Pen, body: Rect, scroll: usize) {
    let theme = &model.theme;
    let mine = match &model.mine {
        Load::Ready(mine) => mine,
        Load::Failed(problem) => {
            return pen.write_centre(Rect { y: body.y + 2, height: 1, ..body }, &model.problem_text(problem), theme.dim());
        }
        _ => return pen.write_centre(Rect { y: body.y + 2, height: 1, ..body }, &model.text("desk.loading", &[]), theme.dim()),
    };
    let lines = lines(model, mine, usize::from(body.width.saturating_sub(3)));
    let scroll = scroll.min((lines.len() + mine.days.len()).saturating_sub(usize::from(body.height)));
    let mut y = body.y;
    for (words, style) in lines.iter().skip(scroll) {
        if y >= body.bottom() {
            return;
        }
        pen.write(body.x + 2, y, body.width.saturating_sub(3), words, *style);
        y += 1;
    }
    let most = mine.days.iter().map(|day| day.reviews).max().unwrap_or(0).max(1);
    let room = BAR.min(body.width.saturating_sub(24));
    // The last day first: it is the one that is looked for.
    for day in mine.days.iter().rev().skip(scroll.saturating_sub(lines.len())) {
        if y >= body.bottom() {
            return;
        }
        pen.write(body.x + 2, y, 10, &day.day.to_string(), theme.dim());
        pen.write_right(body.x + 12, body.x + 19, y, &day.reviews.to_string(), theme.base());
        let wide = u16::try_from(day.reviews.max(0) * i64::from(room) / most).unwrap_or(0).min(room);
        pen.fill(Rect { x: body.x + 20, y, width: wide, height: 1 }, theme.base().bg(theme.accent));
        y += 1;
    }
}

fn lines(model: &Model, mine: &ReviewerStatistics, cells: usize) -> Vec<(String, Style)> {
    let theme = &model.theme;
    let share = |part: i64, of: i64| if of > 0 { format!("{:.0}%", part as f64 * 100.0 / of as f64) } else { "–".to_owned() };
    let mut lines = vec![(model.text("desk.mine.title", &[]), theme.title())];
    let mut add = |key: &str, parameters: &[(&str, String)]| {
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let words = text::safe(&model.text(key, &parameters));
        lines.extend(text::wrap(&words, cells).into_iter().map(|line| (line, theme.base())));
    };
    add(
        "desk.mine.reviews",
        &[("reviews", mine.reviews.to_string()), ("undone", mine.undone.to_string()), ("skipped", mine.skipped.to_string())],
    );
    if let Some(seconds) = mine.pace.median_seconds {
        add("desk.mine.pace", &[("seconds", format!("{seconds:.0}")), ("measured", mine.pace.measured.to_string())]);
    }
    add("desk.mine.approvals", &[("share", share(mine.approvals, mine.approvals + mine.rejections))]);
    let agreement = &mine.against_final;
    if agreement.both > 0 {
        let parameters = [("same", agreement.same.to_string()), ("both", agreement.both.to_string())];
        add("desk.mine.agreement", &parameters);
        match agreement.kappa {
            Some(kappa) => add("desk.mine.kappa", &[("kappa", format!("{kappa:.2}"))]),
            None => add("desk.mine.no_kappa", &[]),
        }
    }
    if let Some(golden) = &mine.golden {
        add("desk.mine.golden", &[("same", golden.agreement.same.to_string()), ("both", golden.agreement.both.to_string())]);
    }
    add("desk.mine.note", &[]);
    lines.push((String::new(), theme.base()));
    if !mine.days.is_empty() {
        lines.push((model.text("desk.mine.days", &[]), theme.title()));
    }
    lines
}
