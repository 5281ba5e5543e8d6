//! Fix & accept in the place of the checks: what can be adjusted, by which key, how far; how the newest try came out, and its checks.

use ratatui::{layout::Rect, style::Style};

use super::{checks, pen::Pen};
use crate::{
    desk::{
        model::{Fix, FixLook, Model, Tried, TryEnd},
        text,
    },
    domain::adjustment::Span,
};

/// From this width on checks stand beside the controls; the controls then take `CONTROLS`.
const WIDE: u16 = 84;
const CONTROLS: u16 = 46;
/// Below this there is no room for the limits.
const WITH_LIMITS: u16 = 34;
/// Cells of the keys.
const KEYS: u16 = 5;

/// One thing that can be adjusted.
struct Control {
    keys: &'static str,
    name: &'static str,
    value: String,
    limits: String,
    changed: bool,
}

/// Draws the panel; returns the cursor's place.
pub fn draw(model: &Model, pen: &mut Pen, area: Rect, fix: &Fix, scroll: usize) -> (u16, u16) {
    let theme = &model.theme;
    pen.rule(Rect { height: 1.min(area.height), ..area }, &model.text("desk.fix.title_open", &[]), theme.line(), theme.title());
    let body = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(1), height: area.height.saturating_sub(1) };
    let wide = body.width >= WIDE;
    let left = if wide { Rect { width: CONTROLS, ..body } } else { body };
    let mut y = left.y;
    for control in controls(model, fix) {
        if y >= left.bottom() {
            break;
        }
        line(model, pen, Rect { y, height: 1, ..left }, &control);
        y += 1;
    }
    for (words, style) in state(model, fix) {
        for words in text::wrap(&text::safe(&words), usize::from(left.width.saturating_sub(1))) {
            if y < left.bottom() {
                pen.write(left.x, y, left.width, &words, style);
                y += 1;
            }
        }
    }
    let rest = if wide {
        Rect { x: left.right() + 1, width: body.right().saturating_sub(left.right() + 1), ..body }
    } else {
        Rect { y, height: body.bottom().saturating_sub(y), ..body }
    };
    if let Some(report) = fix.tried.as_ref().and_then(|tried| tried.end.report()) {
        checks::draw(model, pen, rest, &report.checks, scroll);
    }
    (left.x, left.y.min(area.bottom().saturating_sub(1)))
}

/// What stands under the picture while a fix is open.
#[must_use]
pub fn name(model: &Model, fix: &Fix) -> String {
    let key = match fix.shows() {
        FixLook::After => "desk.fix.look.after",
        FixLook::Before => "desk.fix.look.before",
        FixLook::Difference => "desk.fix.look.difference",
    };
    model.text(key, &[])
}

/// What stands in the picture's place where there is none.
#[must_use]
pub fn instead(model: &Model, fix: &Fix) -> String {
    match &fix.tried {
        None => model.text("desk.fix.working", &[]),
        Some(tried) => end(model, tried).0,
    }
}

fn controls(model: &Model, fix: &Fix) -> [Control; 6] {
    let (wanted, limits) = (&fix.wanted, &fix.limits);
    let tenths = |thousandths: i32| format!("{}{}.{} %", sign(thousandths), thousandths.abs() / 10, thousandths.abs() % 10);
    let pixels = |value: i32| format!("{}{} px", sign(value), value.abs());
    let span = |span: Span, shown: &dyn Fn(i32) -> String| format!("{} … {}", shown(span.min), shown(span.max));
    let kilobytes = |bytes: i32| format!("{:.1}", f64::from(bytes) / 1024.0);
    let own = limits.backgrounds.first().copied().unwrap_or_default();
    let others = limits.backgrounds.len() > 1;
    [
        Control {
            keys: "+ −",
            name: "scale",
            value: tenths(wanted.scale),
            limits: span(limits.scale, &tenths),
            changed: wanted.scale != 0,
        },
        Control {
            keys: "↑ ↓",
            name: "down",
            value: pixels(-wanted.down),
            limits: span(Span { min: -limits.down.max, max: -limits.down.min }, &pixels),
            changed: wanted.down != 0,
        },
        Control {
            keys: "← →",
            name: "right",
            value: pixels(wanted.right),
            limits: span(limits.right, &pixels),
            changed: wanted.right != 0,
        },
        Control {
            keys: "b",
            name: "background",
            value: colour(model, wanted.background.unwrap_or(own)),
            limits: if others { limits.backgrounds.len().to_string() } else { model.text("desk.fix.only", &[]) },
            changed: wanted.background.is_some(),
        },
        Control {
            keys: "s",
            name: "bytes",
            value: format!(
                "≤ {} KB",
                kilobytes(wanted.max_bytes.map_or(limits.bytes.max, |bytes| i32::try_from(bytes).unwrap_or(i32::MAX)))
            ),
            limits: format!("{}–{}", kilobytes(limits.bytes.min), kilobytes(limits.bytes.max)),
            changed: wanted.max_bytes.is_some(),
        },
        Control {
            keys: "m",
            name: "matte",
            value: model.text(&format!("matte_way.{}", wanted.matte.code()), &[]),
            limits: String::new(),
            changed: wanted.matte != crate::domain::adjustment::MatteWay::Usual,
        },
    ]
}

fn sign(value: i32) -> &'static str {
    match value {
        0 => "",
        1.. => "+",
        _ => "−",
    }
}

/// A background by its name, else by its numbers.
fn colour(model: &Model, rgb: [u8; 3]) -> String {
    let known = match rgb {
        [100, 197, 255] => Some("light_blue"),
        [255, 255, 255] => Some("white"),
        [240, 240, 240] => Some("light_grey"),
        _ => None,
    };
    let [red, green, blue] = rgb;
    known.map_or_else(|| format!("#{red:02X}{green:02X}{blue:02X}"), |name| model.text(&format!("desk.fix.colour.{name}"), &[]))
}

/// Keys, name, value, limits; what is changed is marked, and not by colour alone.
fn line(model: &Model, pen: &mut Pen, line: Rect, control: &Control) {
    let theme = &model.theme;
    pen.write(line.x, line.y, KEYS, control.keys, theme.key());
    let mut right = line.right().saturating_sub(1);
    if line.width >= WITH_LIMITS {
        let start = pen.write_right(line.x + KEYS, right, line.y, &control.limits, theme.dim());
        right = right.saturating_sub(16).min(start.saturating_sub(1));
    }
    let style = if control.changed { theme.base().fg(theme.accent) } else { theme.base() };
    let value = if control.changed { format!("*{}", control.value) } else { control.value.clone() };
    let start = pen.write_right(line.x + KEYS, right, line.y, &value, style);
    let name = model.text(&format!("desk.fix.control.{}", control.name), &[]);
    pen.write(line.x + KEYS, line.y, start.saturating_sub(line.x + KEYS + 1), &name, theme.base());
}

/// How the newest try stands.
fn state(model: &Model, fix: &Fix) -> Vec<(String, Style)> {
    let working = (model.text("desk.fix.working", &[]), model.theme.dim());
    match &fix.tried {
        _ if fix.working() => vec![working],
        None => vec![working],
        Some(tried) => vec![end(model, tried)],
    }
}

fn end(model: &Model, tried: &Tried) -> (String, Style) {
    let theme = &model.theme;
    match &tried.end {
        TryEnd::Made { report, .. } => {
            let bytes = report.output.as_ref().map_or(0.0, |output| output.bytes as f64 / 1024.0);
            (model.text("desk.fix.made", &[("kilobytes", &format!("{bytes:.1}"))]), theme.base().fg(theme.pass))
        }
        TryEnd::Refused { reasons, .. } => {
            let reasons: Vec<String> = reasons.iter().map(|reason| model.text(&format!("reason.{}.short", reason.code()), &[])).collect();
            (model.text("desk.fix.refused", &[("reasons", &reasons.join(" · "))]), theme.base().fg(theme.fail))
        }
        TryEnd::Failed(problem) => (model.problem_text(problem), theme.base().fg(theme.fail)),
    }
}
