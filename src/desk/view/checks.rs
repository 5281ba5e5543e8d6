//! Checks as an instrument shows them: glyph, name, value against limit, margin, and the verdict as a word. Never by colour alone.

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::{
    desk::{model::Model, text},
    domain::check::{Check, Limit, Unit, Verdict},
};

/// Below this nothing of a check can be read.
const NARROWEST: u16 = 12;

/// The glyph of a verdict.
#[must_use]
pub fn glyph(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Warn => "!",
        Verdict::Fail => "✗",
        Verdict::Unknown => "?",
    }
}

/// Glyph and word of a verdict.
#[must_use]
pub fn verdict_text(model: &Model, verdict: Verdict) -> String {
    format!("{} {}", glyph(verdict), word(model, verdict))
}

fn word(model: &Model, verdict: Verdict) -> String {
    let code = match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
        Verdict::Unknown => "unknown",
    };
    model.text(&format!("verdict.{code}"), &[])
}

/// A number with as many digits as mean something.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let words = format!("{value:.digits$}");
    let words = if words.contains('.') { words.trim_end_matches('0').trim_end_matches('.').to_owned() } else { words };
    // A rounded nothing has no sign.
    if words == "-0" { "0".to_owned() } else { words.replace('-', "−") }
}

fn scaled(unit: Unit, value: f64) -> f64 {
    if unit == Unit::Bytes { value / 1024.0 } else { value }
}

fn suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Pixels => " px",
        Unit::Degrees => "°",
        Unit::Bytes => " KB",
        Unit::Dpi => " dpi",
        Unit::Ratio | Unit::Level | Unit::Count => "",
    }
}

/// The value with its unit; bytes in KiB, as the standard counts them.
#[must_use]
pub fn value_text(check: &Check) -> String {
    check.value.map_or_else(|| "—".to_owned(), |value| format!("{}{}", number(scaled(check.unit, value)), suffix(check.unit)))
}

/// The limits a value was held against.
#[must_use]
pub fn limit_text(unit: Unit, limit: Limit) -> String {
    let number = |value| number(scaled(unit, value));
    match (limit.min, limit.max) {
        (Some(min), Some(max)) if min == -max && max > 0.0 => format!("±{}", number(max)),
        (Some(min), Some(max)) if min == max => format!("= {}", number(min)),
        (Some(min), Some(max)) => format!("{}–{}", number(min), number(max)),
        (Some(min), None) => format!("≥ {}", number(min)),
        (None, Some(max)) => format!("≤ {}", number(max)),
        (None, None) => String::new(),
    }
}

/// How far inside (+) or outside (−) the limits.
#[must_use]
pub fn margin_text(check: &Check) -> String {
    match check.margin {
        Some(margin) if margin >= 0.0 => format!("+{}", number(scaled(check.unit, margin))),
        Some(margin) => number(scaled(check.unit, margin)),
        None => String::new(),
    }
}

/// The worst first; within a verdict the order of the standard.
fn ordered(checks: &[Check]) -> Vec<&Check> {
    let mut checks: Vec<&Check> = checks.iter().collect();
    checks.sort_by_key(|check| std::cmp::Reverse(check.verdict));
    checks
}

/// Draws checks in as many columns as there is room for.
pub fn draw(model: &Model, pen: &mut Pen, area: Rect, checks: &[Check], scroll: usize) {
    if area.is_empty() || area.width < NARROWEST {
        return;
    }
    let ordered = ordered(checks);
    // As many columns as hold all; wider ones where fewer do.
    let most = (area.width / 37).max(1);
    let needed = ordered.len().div_ceil(usize::from(area.height)).clamp(1, usize::from(most)) as u16;
    let wide = area.width / needed;
    if wide < 37 {
        return condensed(model, pen, area, &ordered, scroll);
    }
    let fits = usize::from(area.height) * usize::from(needed);
    let scroll = scroll.min(ordered.len().saturating_sub(fits));
    for (index, check) in ordered.iter().skip(scroll).take(fits).enumerate() {
        let column = (index / usize::from(area.height)) as u16;
        let y = area.y + (index % usize::from(area.height)) as u16;
        full(model, pen, Rect { x: area.x + column * wide, y, width: wide - 1, height: 1 }, check);
    }
}

/// One line: glyph, name, value, limits, margin, word.
fn full(model: &Model, pen: &mut Pen, line: Rect, check: &Check) {
    let theme = &model.theme;
    let style = theme.verdict(check.verdict);
    let word = word(model, check.verdict);
    let word_cells = [Verdict::Pass, Verdict::Warn, Verdict::Fail].map(|verdict| text::width(&self::word(model, verdict)));
    let word_cells = word_cells.into_iter().max().unwrap_or(6).max(text::width(&word)) as u16;
    pen.write(line.x, line.y, 1, glyph(check.verdict), style);
    let word_at = line.right() - word_cells;
    pen.write_right(word_at, line.right(), line.y, &word, style);
    let mut right = word_at - 1;
    let margin = line.width >= 44;
    if margin {
        pen.write_right(right - 6, right, line.y, &margin_text(check), style);
        right -= 7;
    }
    pen.write_right(right - 9, right, line.y, &limit_text(check.unit, check.limit), theme.dim());
    right -= 10;
    let value = value_text(check);
    let start = pen.write_right(right.saturating_sub(9), right, line.y, &value, theme.base());
    let name = model.text(&format!("check.{}", check.id.code()), &[]);
    pen.write(
        line.x + 2,
        line.y,
        start.saturating_sub(line.x + 3),
        &name,
        if check.verdict == Verdict::Pass { theme.base() } else { style },
    );
}

/// A narrow column: what is not in order takes a second line for its limits; what is in order is counted where there is no room.
fn condensed(model: &Model, pen: &mut Pen, area: Rect, ordered: &[&Check], scroll: usize) {
    let theme = &model.theme;
    let mut y = area.y;
    let scroll = scroll.min(ordered.len().saturating_sub(1));
    for (index, check) in ordered.iter().enumerate().skip(scroll) {
        let left = ordered.len() - index;
        let bad = matches!(check.verdict, Verdict::Fail | Verdict::Warn);
        let limits = limit_text(check.unit, check.limit);
        let needed = 1 + u16::from(bad && check.value.is_some() && !limits.is_empty() && area.height >= 12);
        if y + needed > area.bottom() || (y + needed == area.bottom() && left > 1) {
            let words = model.text("desk.checks.more", &[("count", &left.to_string())]);
            pen.write(area.x, y, area.width, &words, theme.dim());
            return;
        }
        let style = theme.verdict(check.verdict);
        let name = model.text(&format!("check.{}", check.id.code()), &[]);
        let word = word(model, check.verdict);
        pen.write(area.x, y, 1, glyph(check.verdict), style);
        let word_at = pen.write_right(area.x + 2, area.right(), y, &word, style);
        let value = check.value.map(|_| value_text(check)).unwrap_or_default();
        // The name comes before the value; what is not in order has its value on the second line.
        let name_end = area.x + 2 + text::width(&name) as u16 + 1;
        let value_at = if needed == 1 { pen.write_right(name_end, word_at.saturating_sub(1), y, &value, theme.base()) } else { word_at };
        let name_style = if check.verdict == Verdict::Pass { theme.base() } else { style };
        pen.write(area.x + 2, y, value_at.saturating_sub(area.x + 3), &name, name_style);
        y += 1;
        if needed == 2 {
            let margin_at = pen.write_right(area.x + 2, area.right(), y, &margin_text(check), theme.dim());
            let limits_at = pen.write_right(area.x + 2, margin_at.saturating_sub(2), y, &limits, theme.dim());
            pen.write_right(area.x + 2, limits_at.saturating_sub(2), y, &value, style);
            y += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::CheckId;

    #[test]
    fn numbers_keep_what_means_something() {
        assert_eq!(["243.4", "34.06", "1.234", "-16", "-0.0001"].map(|n| number(n.parse().unwrap())), ["243", "34.1", "1.23", "−16", "0"]);
    }

    #[test]
    fn bytes_are_told_as_the_standard_tells_them() {
        let limit = Limit { min: Some(30720.0), max: Some(40000.0) };
        let check = Check::judge(CheckId::FileBytes, 34_816.0, limit, limit);
        assert_eq!((value_text(&check).as_str(), limit_text(check.unit, limit).as_str()), ("34 KB", "30–39.1"));
        assert_eq!(margin_text(&check), "+4");
    }
}
