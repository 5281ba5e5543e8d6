//! The sheet of reasons: two digits choose one, so that no number has to wait for a second digit and hands learn them. What one gives often
//! stands first; the number of a reason never changes. Reasons can be kept under a digit and brought back together.

use super::{batch, decide, say};
use crate::{
    desk::{
        keymap::Action,
        message::Effect,
        model::{MacroKey, Model, Panel, Screen, Sheet, Tone},
    },
    domain::reason::Reason,
};

fn sheet(model: &mut Model) -> Option<&mut Sheet> {
    match &mut model.panel {
        Some(Panel::Sheet(sheet)) => Some(sheet),
        _ => None,
    }
}

/// A sheet in the order of the reviewer's habits, with these chosen.
#[must_use]
pub fn new(model: &Model, chosen: Vec<Reason>) -> Sheet {
    let order = model.habits.order();
    let cursor = chosen.first().and_then(|first| order.iter().position(|reason| reason == first)).unwrap_or(0);
    Sheet { order, chosen, cursor, ..Sheet::default() }
}

pub fn digit(model: &mut Model, digit: u8, effects: &mut Vec<Effect>) {
    let Some(open) = sheet(model) else { return };
    if let Some(key) = open.macro_key.take() {
        return kept(model, key, digit, effects);
    }
    match open.digit.take() {
        None => open.digit = Some(digit),
        Some(tens) => {
            let number = usize::from(tens) * 10 + usize::from(digit);
            let reason = number.checked_sub(1).and_then(|at| Reason::ALL.get(at));
            if let Some(at) = reason.and_then(|reason| open.reasons().iter().position(|known| known == reason)) {
                open.cursor = at;
                toggle(open);
            }
        }
    }
}

/// A digit behind the key that keeps or brings.
fn kept(model: &mut Model, key: MacroKey, digit: u8, effects: &mut Vec<Effect>) {
    let chosen = sheet(model).map(|sheet| sheet.chosen.clone()).unwrap_or_default();
    let number = digit.to_string();
    match key {
        _ if digit == 0 => {}
        MacroKey::Keep => {
            model.habits.keep(digit, &chosen);
            effects.push(Effect::KeepHabits(model.habits.clone()));
            let words = if chosen.is_empty() { "desk.news.macro_forgotten" } else { "desk.news.macro_kept" };
            say(model, Tone::Plain, words, vec![("number", number)]);
        }
        MacroKey::Bring => {
            let reasons = model.habits.kept(digit).to_vec();
            if reasons.is_empty() {
                return say(model, Tone::Warning, "desk.news.no_macro", vec![("number", number)]);
            }
            let Some(open) = sheet(model) else { return };
            for reason in reasons {
                if !open.chosen.contains(&reason) {
                    open.chosen.push(reason);
                }
            }
            open.empty = false;
        }
    }
}

pub fn no_digit(model: &mut Model) {
    if let Some(sheet) = sheet(model) {
        sheet.digit = None;
        sheet.macro_key = None;
    }
}

fn toggle(sheet: &mut Sheet) {
    let Some(reason) = sheet.reasons().get(sheet.cursor).copied() else { return };
    match sheet.chosen.iter().position(|chosen| *chosen == reason) {
        Some(at) => drop(sheet.chosen.remove(at)),
        None => sheet.chosen.push(reason),
    }
    sheet.empty = false;
}

pub fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let last = Reason::ALL.len() - 1;
    let Some(sheet) = sheet(model) else { return };
    sheet.digit = None;
    sheet.macro_key = match action {
        Action::KeepMacro => Some(MacroKey::Keep),
        Action::BringMacro => Some(MacroKey::Bring),
        _ => None,
    };
    sheet.cursor = match action {
        Action::Down => (sheet.cursor + 1).min(last),
        Action::Up => sheet.cursor.saturating_sub(1),
        Action::PageDown => (sheet.cursor + 10).min(last),
        Action::PageUp => sheet.cursor.saturating_sub(10),
        Action::First => 0,
        Action::Last => last,
        _ => sheet.cursor,
    };
    match action {
        Action::Toggle => toggle(sheet),
        Action::Confirm if model.screen == Screen::Grid => batch::reasons_chosen(model),
        Action::Confirm => decide::reject(model, effects),
        _ => super::keys::leave_panel(model, action, effects),
    }
}
