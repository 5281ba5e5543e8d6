//! The sheet of reasons: two digits choose one, so that no number has to wait for a second digit and hands learn them.

use super::{batch, decide};
use crate::{
    desk::{
        keymap::Action,
        message::Effect,
        model::{Model, Panel, Screen, Sheet},
    },
    domain::reason::Reason,
};

fn sheet(model: &mut Model) -> Option<&mut Sheet> {
    match &mut model.panel {
        Some(Panel::Sheet(sheet)) => Some(sheet),
        _ => None,
    }
}

pub fn digit(model: &mut Model, digit: u8) {
    let Some(sheet) = sheet(model) else { return };
    match sheet.digit.take() {
        None => sheet.digit = Some(digit),
        Some(tens) => {
            let number = usize::from(tens) * 10 + usize::from(digit);
            if let Some(at) = number.checked_sub(1).filter(|at| *at < Reason::ALL.len()) {
                sheet.cursor = at;
                toggle(sheet);
            }
        }
    }
}

pub fn no_digit(model: &mut Model) {
    if let Some(sheet) = sheet(model) {
        sheet.digit = None;
    }
}

fn toggle(sheet: &mut Sheet) {
    let Some(reason) = Reason::ALL.get(sheet.cursor).copied() else { return };
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
        Action::Back => model.panel = None,
        Action::Quit => {
            model.panel = None;
            super::keys::quit(model, effects);
        }
        _ => {}
    }
}
