//! The palette: everything that can be asked for here, by name.

use super::{finding, keys, leave_review, lists, say};
use crate::{
    desk::{
        entry::{Field, Purpose},
        filter::{Query, Sort},
        keymap::{self, Action, Code, Key, Place},
        message::Effect,
        model::{Model, Palette, Panel, Part, Screen, Tone},
        palette::{Ask, Command, fitting, is_offered},
        picture::policy::Graphics,
    },
    language::{self, Language},
};

/// Opens it over what is on the screen.
pub fn open(model: &mut Model) {
    model.panel = Some(Panel::Palette(Palette { field: Field::new(Purpose::Command), found: vec![], choice: 0 }));
    typed(model);
}

/// Something was typed.
pub fn typed(model: &mut Model) {
    let Some(Panel::Palette(palette)) = &model.panel else { return };
    let found = fitting(commands(model), palette.field.text());
    if let Some(Panel::Palette(palette)) = &mut model.panel {
        (palette.found, palette.choice) = (found, 0);
    }
}

/// The place that the palette, or another panel, lies over.
fn place_below(model: &Model) -> Place {
    match model.screen {
        Screen::Units => Place::Units,
        Screen::Queue => Place::Queue,
        Screen::Grid => Place::Grid,
        Screen::Review => Place::Review,
    }
}

/// Everything that can be asked for here.
fn commands(model: &Model) -> Vec<Command> {
    let place = place_below(model);
    let mut commands = Vec::new();
    let mut add = |ask: Ask, key: &str, parameters: &[(&str, &str)], code: String, written: String| {
        let words = model.text(key, parameters);
        let others = Language::ALL.into_iter().filter(|other| *other != model.language);
        let also = others.map(|other| language::text(other, key, parameters)).chain([code]).collect();
        commands.push(Command { ask, words, also, key: written });
    };
    let mut seen = Vec::new();
    if model.season.is_some() && model.screen != Screen::Units {
        // On the first screen they have keys, and come with those.
        add(Ask::Do(Action::Board), "desk.key.board", &[], "board".to_owned(), String::new());
        add(Ask::Do(Action::Mine), "desk.key.mine", &[], "my numbers".to_owned(), String::new());
    }
    if model.season.is_some() {
        add(Ask::Do(Action::Export), "desk.palette.export", &[], "export progress".to_owned(), String::new());
    }
    for binding in keymap::bindings(place).filter(|binding| is_offered(place, binding.action)) {
        if !seen.contains(&binding.action) {
            seen.push(binding.action);
            let code = binding.action.code();
            add(Ask::Do(binding.action), &format!("desk.key.{code}"), &[], code.replace('_', " "), binding.written.to_owned());
        }
    }
    let in_queue = model.screen != Screen::Units;
    if in_queue {
        for (at, part) in Part::ALL.into_iter().enumerate() {
            let name = model.text(&format!("desk.part.{}", part.code()), &[]);
            add(Ask::Tab(at), "desk.palette.part", &[("name", &name)], part.code().to_owned(), (at + 1).to_string());
        }
        for (at, view) in model.views.iter().enumerate() {
            let at = at + Part::ALL.len();
            let written = if at < 9 { (at + 1).to_string() } else { String::new() };
            add(Ask::Tab(at), "desk.palette.view", &[("name", &view.name)], view.filter.clone(), written);
        }
        if finding::open_tab(model) >= Part::ALL.len() {
            add(Ask::Do(Action::DropView), "desk.key.drop_view", &[], "drop view".to_owned(), String::new());
        }
        for sort in Sort::ALL {
            let name = model.text(&format!("desk.sort.{}", sort.code()), &[]);
            add(Ask::Sort(sort), "desk.palette.sort", &[("name", &name)], format!("sort {}", sort.code()), String::new());
        }
    }
    if model.season.is_some() {
        add(Ask::Student, "desk.palette.student", &[], "go to student".to_owned(), String::new());
        for begun in ["score:doubtful", "check:", "reason:", "age:>3d", "attempt:>1"] {
            add(Ask::Find(begun), "desk.palette.find", &[("filter", begun)], format!("filter {begun}"), String::new());
        }
        for row in model.units.rows() {
            let name = row.unit_name.clone().or(row.unit.clone()).unwrap_or_else(|| model.text("desk.units.all", &[]));
            let code = format!("open unit {}", row.unit.as_deref().unwrap_or("all"));
            add(Ask::Unit(row.unit.clone()), "desk.palette.unit", &[("name", &name)], code, String::new());
        }
    }
    for graphics in Graphics::ALL {
        let code = graphics.code();
        add(Ask::Graphics(graphics), "desk.palette.graphics", &[("mode", code)], format!("graphics {code}"), String::new());
    }
    for language in Language::ALL.into_iter().filter(|language| *language != model.language) {
        add(Ask::Language(language), &format!("desk.palette.language.{}", language.tag()), &[], language.tag().to_owned(), String::new());
    }
    commands
}

/// A key of the palette that is no letter.
pub fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(Panel::Palette(palette)) = &mut model.panel else { return };
    let most = palette.found.len().saturating_sub(1);
    match action {
        Action::Down => palette.choice = if palette.choice >= most { 0 } else { palette.choice + 1 },
        Action::Up => palette.choice = palette.choice.checked_sub(1).unwrap_or(most),
        Action::PageDown => palette.choice = (palette.choice + 10).min(most),
        Action::PageUp => palette.choice = palette.choice.saturating_sub(10),
        Action::Accept => {
            let Some(command) = palette.found.get(palette.choice) else { return };
            let ask = command.ask.clone();
            model.panel = None;
            carry_out(model, ask, effects);
        }
        _ => keys::leave_panel(model, action, effects),
    }
}

fn carry_out(model: &mut Model, ask: Ask, effects: &mut Vec<Effect>) {
    match ask {
        Ask::Do(Action::Export) => model.panel = Some(Panel::Export(Field::new(Purpose::Words))),
        Ask::Do(action) => keys::act(model, place_below(model), Key::new(Code::Enter), action, effects),
        Ask::Unit(unit) => {
            leave(model, effects);
            model.units.selected = model.units.rows().iter().position(|row| row.unit == unit).unwrap_or(0);
            lists::open(model, unit, effects);
        }
        Ask::Tab(at) => {
            leave(model, effects);
            finding::tab(model, at, effects);
        }
        Ask::Sort(sort) => {
            leave(model, effects);
            finding::sort(model, sort);
        }
        Ask::Graphics(graphics) => {
            model.graphics = graphics;
            say(model, Tone::Plain, "desk.news.graphics", vec![("mode", graphics.code().to_owned())]);
        }
        Ask::Language(language) => model.language = language,
        Ask::Find(begun) => {
            to_queue(model, effects);
            finding::open_with(model, begun);
        }
        Ask::Student => {
            to_queue(model, effects);
            finding::apply(model, Query::default(), String::new(), effects);
            model.queue.part = Some(Part::All);
            finding::open_with(model, "");
        }
    }
}

/// Out of the review, where another list is asked for.
fn leave(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.screen == Screen::Review {
        leave_review(model, effects);
    }
}

/// To a queue: the open one, else that of the unit under the cursor.
fn to_queue(model: &mut Model, effects: &mut Vec<Effect>) {
    leave(model, effects);
    if model.screen == Screen::Grid {
        model.screen = Screen::Queue;
    }
    if model.screen != Screen::Queue {
        let selected = model.units.selected;
        let unit = model.units.rows().get(selected).and_then(|row| row.unit.clone());
        lists::open(model, unit, effects);
    }
}
