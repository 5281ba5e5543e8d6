//! One cell, whatever kind of file it came from: first as the file has it, then as a roster reads it.

use std::borrow::Cow;

use crate::backend::sheet::is_trigger;

/// The longest text a cell may hold, in characters. Longer ones are not kept.
pub(super) const LONGEST: usize = 100;

/// A cell as its file has it: what is given back to a person is made of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raw<'a> {
    pub kind: RawKind,
    pub text: Cow<'a, str>,
}

/// What a file says of a cell's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RawKind {
    Text,
    /// A number in plain digits.
    Number,
    /// A formula; its text is the formula itself.
    Formula,
    /// `#N/A` and the like.
    Error,
    /// Bytes that are no text in the file's encoding, shown with replacements.
    Undecodable,
}

impl<'a> Raw<'a> {
    pub(super) fn new(kind: RawKind, text: impl Into<Cow<'a, str>>) -> Raw<'a> {
        Raw { kind, text: text.into() }
    }

    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Raw<'a> {
        Raw::new(RawKind::Text, text)
    }

    /// A spreadsheet's number. Whole ones get their digits, as far as they are exact.
    pub(super) fn number(value: f64) -> Raw<'a> {
        if !value.is_finite() {
            return Raw::new(RawKind::Error, "");
        }
        let digits = if value.fract() == 0.0 && value.abs() < 1e21 { format!("{value:.0}") } else { format!("{value}") };
        Raw::new(RawKind::Number, digits)
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self.kind, RawKind::Text | RawKind::Number) && self.text.is_empty()
    }

    pub(super) fn into_owned(self) -> Raw<'static> {
        Raw { kind: self.kind, text: Cow::Owned(self.text.into_owned()) }
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Empty,
    /// Text as a person typed it, trimmed.
    Text(String),
    /// A number of a spreadsheet, in plain digits. More than 15 digits are no longer what was typed.
    Number(String),
    /// A formula, or text that a spreadsheet would run as one.
    Formula,
    /// `#N/A` and the like.
    Error,
    /// Text with characters that cannot be seen: controls, direction marks, zero-width ones.
    Control,
    TooLong,
    /// Bytes that are no text: half a character at the end of a field that was too short, or another encoding.
    Undecodable,
}

/// The cell of what a file has.
pub(super) fn of_raw(raw: &Raw<'_>) -> Cell {
    match raw.kind {
        RawKind::Text => of_text(&raw.text),
        RawKind::Number if raw.text.is_empty() => Cell::Empty,
        RawKind::Number => Cell::Number(raw.text.clone().into_owned()),
        RawKind::Formula => Cell::Formula,
        RawKind::Error => Cell::Error,
        RawKind::Undecodable => Cell::Undecodable,
    }
}

/// The cell of a text. A dash alone is how people write that there is nothing.
pub(super) fn of_text(text: &str) -> Cell {
    let text = trimmed(text);
    // An apostrophe before digits is a spreadsheet's mark for "this is text", and before a sign this house's own (`sheet::defused`).
    let marked = |rest: &&str| trimmed(rest).starts_with(|c: char| c.is_ascii_digit() || is_trigger(c));
    let text = text.strip_prefix('\'').filter(marked).map_or(text, trimmed);
    if text.chars().all(|c| matches!(c, '-' | '—' | '－')) {
        return Cell::Empty;
    }
    if text.chars().nth(LONGEST).is_some() {
        return Cell::TooLong;
    }
    if text.chars().any(is_unseen) {
        return Cell::Control;
    }
    if text.starts_with(['=', '@', '-']) || (text.starts_with('+') && !is_phone_abroad(text)) {
        return Cell::Formula;
    }
    Cell::Text(text.to_owned())
}

/// `+86 138-0000-0000`: a plus before digits and nothing that calculates.
fn is_phone_abroad(text: &str) -> bool {
    text[1..].chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-')) && text[1..].chars().filter(char::is_ascii_digit).count() >= 7
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_harmless_mark(c))
}

/// Marks that copying from web pages leaves at the ends.
fn is_harmless_mark(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}')
}

fn is_unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffd}')
}

/// Full-width letters, digits and signs as their ASCII twins.
pub(super) fn half_width(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| matches!(c, '\u{ff01}'..='\u{ff5e}' | '\u{3000}')) {
        return Cow::Borrowed(text);
    }
    let twin = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    };
    Cow::Owned(text.chars().map(twin).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::sheet::defused;

    #[test]
    fn formulas_are_told_from_phones_and_dashes() {
        for formula in ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "+1+1", " =A1"] {
            assert_eq!(of_text(formula), Cell::Formula, "{formula}");
        }
        assert_eq!(of_text("+86 138-0000-0000"), Cell::Text("+86 138-0000-0000".into()));
        assert_eq!((of_text("-"), of_text(" —— "), of_text("\u{feff}")), (Cell::Empty, Cell::Empty, Cell::Empty));
    }

    #[test]
    fn what_cannot_be_seen_is_not_let_in() {
        for text in ["a\u{1b}[31mb", "a\nb", "a\u{202e}b", "a\u{200b}b", "a\0b"] {
            assert_eq!(of_text(text), Cell::Control);
        }
        assert_eq!(of_text(" \t张三\u{3000}\n"), Cell::Text("张三".into()));
        assert_eq!(of_text(&"长".repeat(LONGEST + 1)), Cell::TooLong);
    }

    #[test]
    fn numbers_keep_their_digits_and_an_apostrophe_goes() {
        assert_eq!(of_raw(&Raw::number(2_023_001.0)), Cell::Number("2023001".into()));
        assert_eq!(of_raw(&Raw::number(0.5)), Cell::Number("0.5".into()));
        assert_eq!(of_raw(&Raw::number(f64::NAN)), Cell::Error);
        assert_eq!(of_text("'0012"), Cell::Text("0012".into()));
    }

    #[test]
    fn what_was_defused_runs_nowhere_and_is_read_as_before() {
        for text in [
            "=1+1",
            "+1",
            "-2",
            "@A1",
            "\t=1",
            "\r=1",
            "＝1",
            "+86 138-0000-0000",
            "-",
            "张三",
            "'=x",
            "",
            "\t",
            " \r",
            " =1",
            "\u{200b}=1",
            "\t'",
        ] {
            let safe = defused(text);
            assert!(!safe.starts_with(is_trigger), "{text:?}");
            assert_eq!(of_text(&safe), of_text(text), "{text:?}");
        }
    }
}
