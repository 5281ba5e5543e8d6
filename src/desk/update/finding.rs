//! Finding: the field of the filter, what it does to the queue, the order of the rows.
//!
//! A filter is held against loaded rows slice by slice, so that a hundred thousand of them never hold up a key, while pages go on loading until
//! there is enough to look at, the end is reached, the budget is used up, or somebody stops it.

use jiff::Timestamp;

use super::{lists, say};
use crate::{
    api::submission::SubmissionSummary,
    desk::{
        entry::{Field, Purpose},
        filter::{self, Key, Known, Query, Sort},
        keymap::Action,
        message::Effect,
        model::{Asking, List, Model, Panel, Part, Queue, Screen, Tone},
        views::{self, SavedView},
    },
};

/// Rows that are held against a filter at once: a few milliseconds.
const SLICE: usize = 2000;
/// Rows that are looked through before somebody must say that it shall go on; `End` asks for more at once.
pub const BUDGET: usize = 5000;
const BUDGET_TO_END: usize = 50_000;

/// What filters are read with here and now.
#[must_use]
pub fn known(model: &Model) -> Known {
    let units = model.units.last.iter().flat_map(|progress| &progress.units);
    let units = units.filter_map(|unit| {
        let code = unit.unit.clone()?;
        Some((code.clone(), unit.unit_name.clone().unwrap_or(code)))
    });
    Known { language: model.language, units: units.collect(), zone: model.zone.clone(), now: model.now.wall }
}

/// Opens the field with the filter as it stands, ready for a further term.
pub fn open(model: &mut Model) {
    let text = &model.queue.text;
    let text = if text.is_empty() { String::new() } else { format!("{} ", text.trim_end()) };
    open_with(model, &text);
}

/// Opens the field with this text.
pub fn open_with(model: &mut Model, text: &str) {
    model.panel = Some(Panel::Asking(Asking::new(text)));
    typed(model);
}

/// Something was typed: what may come next is looked up again, and an error that was said is looked for again.
pub fn typed(model: &mut Model) {
    let known = known(model);
    let Some(Panel::Asking(asking)) = &mut model.panel else { return };
    asking.completion = filter::complete(asking.field.text(), asking.field.cursor(), &known);
    asking.choice = 0;
    if asking.wrong.is_some() {
        asking.wrong = filter::parse(asking.field.text(), &known).err();
    }
}

/// A key of the field that is no letter.
pub fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(Panel::Asking(asking)) = &mut model.panel else { return };
    let most = asking.completion.proposals.len().saturating_sub(1);
    match action {
        Action::Down => asking.choice = if asking.choice >= most { 0 } else { asking.choice + 1 },
        Action::Up => asking.choice = asking.choice.checked_sub(1).unwrap_or(most),
        Action::Complete => accept(model),
        Action::Accept => {
            let text = asking.field.text().trim().to_owned();
            match filter::parse(&text, &known(model)) {
                Ok(query) => {
                    model.panel = None;
                    apply(model, query, text, effects);
                }
                Err(_) => {
                    // Its places are those of the field's own text.
                    let known = known(model);
                    if let Some(Panel::Asking(asking)) = &mut model.panel {
                        asking.wrong = filter::parse(asking.field.text(), &known).err();
                    }
                }
            }
        }
        _ => super::keys::leave_panel(model, action, effects),
    }
}

fn accept(model: &mut Model) {
    let Some(Panel::Asking(asking)) = &mut model.panel else { return };
    let Some(proposal) = asking.completion.proposals.get(asking.choice) else { return };
    let (at, mut insert) = (asking.completion.at.clone(), proposal.insert.clone());
    if proposal.ends && asking.field.text().len() == at.end {
        insert.push(' ');
    }
    asking.field.replace(at, &insert);
    typed(model);
}

/// Makes a query the queue's.
pub fn apply(model: &mut Model, query: Query, text: String, effects: &mut Vec<Effect>) {
    if let Some(unit) = query.filter.unit().map(str::to_owned)
        && model.queue.unit.as_ref() != Some(&unit)
    {
        lists::open(model, Some(unit), effects);
    }
    let before = (model.queue.filter.status(), model.queue.filter.checks());
    let part = query.filter.status().map(Part::of);
    let names = query.filter.has_names() && model.queue.filter != query.filter;
    let queue = &mut model.queue;
    // The text is the whole of it: what it does not say does not hold.
    queue.sort = query.sort.unwrap_or_default();
    queue.filter = query.filter;
    queue.text = text;
    queue.part = part.or(queue.part);
    // Rows that another question brought do not answer this one.
    let checks = queue.filter.checks();
    if checks.iter().any(|check| !before.1.contains(check)) {
        queue.lists = Default::default();
    } else if queue.filter.status() != before.0 {
        queue.lists[Part::All as usize] = List::default();
    }
    sieve_again(queue);
    if names {
        say(model, Tone::Plain, "desk.news.names_masked", vec![]);
    }
}

/// Shows everything again, in the server's order.
pub fn clear(model: &mut Model) {
    if model.queue.filter.status().is_some() {
        model.queue.lists[Part::All as usize] = List::default();
    }
    model.queue.filter = filter::Filter::default();
    model.queue.text.clear();
    model.queue.sort = Sort::Age;
    sieve_again(&mut model.queue);
    say(model, Tone::Plain, "desk.news.filter_cleared", vec![]);
}

/// Another order.
pub fn sort(model: &mut Model, sort: Sort) {
    model.queue.sort = sort;
    // A filter that names an order names this one now.
    model.queue.text = filter::without(&model.queue.text, Key::Sort, &known(model));
    if sort != Sort::Age {
        model.queue.text = format!("{} sort:{}", model.queue.text, sort.code()).trim().to_owned();
    }
    sieve_again(&mut model.queue);
    let name = model.text(&format!("desk.sort.{}", sort.code()), &[]);
    let key = if model.queue.list().next.is_some() { "desk.news.sorted_loaded" } else { "desk.news.sorted" };
    say(model, Tone::Plain, key, vec![("sort", name)]);
}

/// `Esc` in the queue: first the search stands still, then the filter goes. Says whether there was one of them.
pub fn step_back(model: &mut Model) -> bool {
    if model.queue.is_searching() && !model.queue.list().stopped && model.queue.list().next.is_some() {
        model.queue.list_mut().stopped = true;
        model.queue.list_mut().to_end = false;
        say(model, Tone::Plain, "desk.news.search_stopped", vec![]);
        return true;
    }
    let found = model.queue.is_found();
    if found {
        clear(model);
    }
    found
}

/// A step towards the end of a search that stands still lets it go on.
pub fn go_on(model: &mut Model, action: Action) {
    let list = model.queue.list_mut();
    let at_end = list.selected + 1 >= list.rows.len();
    let (wanted, budget) = match action {
        Action::Last => (true, BUDGET_TO_END),
        Action::Down | Action::PageDown => (at_end && list.stopped, BUDGET),
        _ => return,
    };
    if wanted && list.next.is_some() {
        list.stopped = false;
        list.budget = list.count() + budget;
    }
}

/// A search that has used its budget stands still.
pub fn stop_at_budget(queue: &mut Queue) {
    if !queue.is_found() {
        queue.list_mut().stopped = false;
        return;
    }
    let list = queue.list_mut();
    if list.budget == 0 {
        list.budget = list.count() + BUDGET;
    }
    if list.count() >= list.budget && !list.stopped {
        list.stopped = true;
        list.to_end = false;
    }
}

/// Another part, or another saved view, by its number among the tabs.
pub fn tab(model: &mut Model, at: usize, effects: &mut Vec<Effect>) {
    if let Some(part) = Part::ALL.get(at) {
        if open_tab(model) >= Part::ALL.len() {
            // A saved view is left with all it is.
            let everything = Query { sort: Some(Sort::Age), ..Query::default() };
            apply(model, everything, String::new(), effects);
        }
        if model.queue.filter.status().is_some_and(|status| Part::of(status) != *part) {
            let known = known(model);
            let text = filter::without(&model.queue.text, Key::Status, &known);
            if let Ok(query) = filter::parse(&text, &known) {
                apply(model, query, text, effects);
            }
        }
        model.queue.part = Some(*part);
        return;
    }
    let Some(view) = model.views.get(at - Part::ALL.len()).cloned() else { return };
    match filter::parse(&view.filter, &known(model)) {
        Ok(mut query) => {
            query.sort = query.sort.or(Some(Sort::Age));
            apply(model, query, view.filter, effects);
        }
        // A unit that went, a word that another version knew.
        Err(_) => open_with(model, &view.filter),
    }
}

/// The tab that is open.
#[must_use]
pub fn open_tab(model: &Model) -> usize {
    let view = model.views.iter().position(|view| !view.filter.is_empty() && view.filter == model.queue.text);
    view.map_or(model.queue.part() as usize, |view| Part::ALL.len() + view)
}

/// Asks for a name to keep the filter under, if it may be kept.
pub fn name_view(model: &mut Model) {
    if !model.queue.is_found() {
        return say(model, Tone::Plain, "desk.news.no_filter", vec![]);
    }
    if model.views_unreadable {
        return say(model, Tone::Warning, "desk.news.views_unreadable", vec![]);
    }
    if model.queue.filter.has_words() {
        return say(model, Tone::Warning, "desk.news.view_words", vec![]);
    }
    model.panel = Some(Panel::Naming(Field::new(Purpose::Words).at_most(views::LONGEST)));
}

/// A key of the field for a view's name.
pub fn naming(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(Panel::Naming(field)) = &mut model.panel else { return };
    match action {
        Action::Accept => {
            let name = field.text().trim().to_owned();
            if !views::may_name(&name) {
                return say(model, Tone::Warning, "desk.news.view_name", vec![]);
            }
            model.panel = None;
            let filter = model.queue.text.clone();
            model.views.retain(|view| view.name != name);
            model.views.push(SavedView { name: name.clone(), filter });
            effects.push(Effect::KeepViews(model.views.clone()));
            say(model, Tone::Plain, "desk.news.view_kept", vec![("name", name)]);
        }
        _ => super::keys::leave_panel(model, action, effects),
    }
}

/// Forgets the view whose tab is open.
pub fn drop_view(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(at) = open_tab(model).checked_sub(Part::ALL.len()) else {
        return say(model, Tone::Plain, "desk.news.no_view", vec![]);
    };
    let view = model.views.remove(at);
    effects.push(Effect::KeepViews(model.views.clone()));
    clear(model);
    say(model, Tone::Plain, "desk.news.view_dropped", vec![("name", view.name)]);
}

/// All rows are to be looked at again.
fn sieve_again(queue: &mut Queue) {
    for list in &mut queue.lists {
        let rows = std::mem::take(&mut list.rows);
        list.unsieved.extend(rows);
        list.unsieved.append(&mut list.hidden);
        // Slices are cut from the end: the oldest shall be seen first.
        list.unsieved.sort_by(|one, other| Sort::Age.compare(other, one));
        (list.selected, list.to_end, list.stopped, list.budget) = (0, false, false, 0);
    }
}

/// Holds the next slice of loaded rows against the filter.
pub fn settle(model: &mut Model) {
    if !matches!(model.screen, Screen::Queue | Screen::Grid | Screen::Review) || model.queue.list().unsieved.is_empty() {
        return;
    }
    // Who looks at a photo goes on looking at it; who stands at the top sees what comes there.
    let stay = model.screen == Screen::Review || model.queue.list().selected > 0;
    let now = model.now.wall;
    sieve(&mut model.queue, now, stay);
}

fn sieve(queue: &mut Queue, now: Timestamp, stay: bool) {
    let (filter, sort) = (queue.filter.clone(), queue.sort);
    let list = queue.list_mut();
    let slice = list.unsieved.split_off(list.unsieved.len().saturating_sub(SLICE));
    let (mut fresh, hidden): (Vec<_>, Vec<_>) = slice.into_iter().partition(|row| filter.matches(row, now));
    list.hidden.extend(hidden);
    sort.sort(&mut fresh);
    merge(list, fresh, sort, stay);
    lists::to_end(list);
}

/// Puts sorted rows among the sorted ones; the cursor stays on its row where it shall.
fn merge(list: &mut List, fresh: Vec<SubmissionSummary>, sort: Sort, stay: bool) {
    let Some(first) = fresh.first() else { return };
    if list.rows.last().is_none_or(|last| sort.compare(last, first).is_lt()) {
        list.rows.extend(fresh);
        return;
    }
    let mut merged = Vec::with_capacity(list.rows.len() + fresh.len());
    let mut selected = list.selected;
    let mut old = std::mem::take(&mut list.rows);
    // From the end, so that each step moves only what follows it.
    for row in fresh.into_iter().rev() {
        let at = old.partition_point(|other| sort.compare(other, &row).is_lt());
        merged.extend(old.drain(at..).rev());
        merged.push(row);
        selected += usize::from(at <= list.selected);
    }
    merged.extend(old.into_iter().rev());
    merged.reverse();
    list.rows = merged;
    list.selected = if stay { selected } else { 0 };
}
