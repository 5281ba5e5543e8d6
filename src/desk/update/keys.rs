//! What keys do, place by place.

use super::{
    arrivals, batch, board, claims, conflicts, decide, finding, fix, grid, leave_review, lists, looking, palette, pass_on, say, sheet,
};
use crate::{
    api::submission::PictureKind,
    desk::{
        entry::{Edit, Field, Purpose},
        keymap::{self, Action, Code, Key, Place},
        message::Effect,
        model::{Batch, Model, Panel, Part, Screen, Tone, View},
        view::layout,
    },
};

/// Where the next key goes.
#[must_use]
pub fn place(model: &Model) -> Place {
    match (&model.panel, model.screen) {
        (Some(Panel::Sheet(_)), _) => Place::Sheet,
        (Some(Panel::Fix), _) => Place::Fix,
        (Some(Panel::PassOn(_)), _) => Place::PassOn,
        (Some(Panel::Batch(_)), _) => Place::Batch,
        (Some(Panel::History { .. }), _) => Place::History,
        (Some(Panel::Help { .. }), _) => Place::Help,
        (Some(Panel::Conflicts { .. }), _) => Place::Conflicts,
        (Some(Panel::Quitting), _) => Place::Quitting,
        (Some(Panel::Asking(_)), _) => Place::Asking,
        (Some(Panel::Naming(_)), _) => Place::Line,
        (Some(Panel::Palette(_)), _) => Place::Palette,
        (Some(Panel::Board(_)), _) => Place::Board,
        (Some(Panel::Mine { .. }), _) => Place::Mine,
        (Some(Panel::Export(_)), _) => Place::Line,
        (None, Screen::Units) => Place::Units,
        (None, Screen::Queue) => Place::Queue,
        (None, Screen::Grid) => Place::Grid,
        (None, Screen::Review) if looking::zoomed(model) => Place::Closer,
        (None, Screen::Review) => Place::Review,
    }
}

pub fn press(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    // The key that opened the help closes it, and so does the one that closes everything, until something is looked for in it.
    let leaves_help =
        matches!((&model.panel, key.folded().code), (Some(Panel::Help { field, .. }), Code::Char('?' | 'q')) if field.is_empty());
    if matches!(model.panel, Some(Panel::PassOn(_))) && pass_on::typed(model, key) {
        return;
    }
    // What a field understands is its own, before any command.
    if let Some(field) = model.panel.as_mut().and_then(Panel::field_mut)
        && !leaves_help
        && field.key(key) != Edit::NotMine
    {
        return typed(model);
    }
    let place = place(model);
    grid::pressed(model, key);
    if let (Place::Sheet, Code::Char(c @ '0'..='9'), false) = (place, key.folded().code, key.ctrl) {
        return sheet::digit(model, c as u8 - b'0', effects);
    }
    if place == Place::Sheet && key.code == Code::Backspace {
        return sheet::no_digit(model);
    }
    let action = keymap::action(place, key);
    if let (None, Place::Queue, Code::Char(c @ '1'..='9'), false) = (action, place, key.folded().code, key.ctrl) {
        return finding::tab(model, usize::from(c as u8 - b'1'), effects);
    }
    if action != Some(Action::Approve)
        && let Some(waiting) = model.presses.other()
    {
        decide::ripened(model, waiting, effects);
    }
    let Some(action) = action else { return };
    act(model, place, key, action, effects);
}

/// Does what a key of a place, or the palette, asks for.
pub fn act(model: &mut Model, place: Place, key: Key, action: Action, effects: &mut Vec<Effect>) {
    match place {
        Place::Units => units(model, action, effects),
        Place::Queue => queue(model, key, action, effects),
        Place::Grid => grid::act(model, key, action, effects),
        Place::Review | Place::Closer => review(model, key.folded(), action, effects),
        Place::Fix => fix::act(model, action, effects),
        Place::Sheet => sheet::act(model, action, effects),
        Place::PassOn => pass_on::act(model, action, effects),
        Place::Batch if batch::act(model, key, action, effects) => {}
        Place::Batch | Place::History | Place::Help | Place::Conflicts => panel(model, action, effects),
        Place::Asking => finding::act(model, action, effects),
        Place::Line if matches!(model.panel, Some(Panel::Export(_))) => board::exporting(model, action, effects),
        Place::Line => finding::naming(model, action, effects),
        Place::Board => board::act(model, action, effects),
        Place::Mine => board::act_mine(model, action, effects),
        Place::Palette => palette::act(model, action, effects),
        Place::Quitting => match action {
            Action::Yes => effects.push(Effect::Quit),
            _ => model.panel = None,
        },
    }
}

/// Pasted text: into the open field, or nowhere.
pub fn paste(model: &mut Model, text: &str) {
    let Some(field) = model.panel.as_mut().and_then(Panel::field_mut) else { return };
    if !field.insert(text) {
        say(model, Tone::Warning, "desk.news.paste_cut", vec![]);
    }
    typed(model);
}

/// A field was typed into.
fn typed(model: &mut Model) {
    match &mut model.panel {
        Some(Panel::Asking(_)) => finding::typed(model),
        Some(Panel::Palette(_)) => palette::typed(model),
        Some(Panel::Help { scroll, .. }) => *scroll = 0,
        _ => {}
    }
}

fn units(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let rows = model.units.rows().len();
    let page = page(model);
    match action {
        Action::Open => open_unit(model, effects),
        Action::Reload => arrivals::reload_progress(model, effects),
        Action::Back => quit(model, effects),
        _ if moved(&mut model.units.selected, action, rows, page) => {}
        _ => everywhere(model, action, effects),
    }
}

fn open_unit(model: &mut Model, effects: &mut Vec<Effect>) {
    let selected = model.units.selected;
    let Some(unit) = model.units.rows().get(selected).map(|row| row.unit.clone()) else { return };
    lists::open(model, unit, effects);
}

fn queue(model: &mut Model, key: Key, action: Action, effects: &mut Vec<Effect>) {
    let rows = model.queue.list().rows.len();
    let page = page(model);
    match action {
        Action::Back if finding::step_back(model) => {}
        Action::Find => finding::open(model),
        Action::Sort => finding::sort(model, model.queue.sort.next()),
        Action::SaveView => finding::name_view(model),
        Action::DropView => finding::drop_view(model, effects),
        Action::Open => open_review(model),
        Action::Tiles => grid::open(model),
        Action::Tag => grid::tag(model),
        Action::Back => {
            model.screen = Screen::Units;
            claims::release(model, effects);
            arrivals::reload_progress(model, effects);
        }
        Action::SwitchPart => {
            let tabs = Part::ALL.len() + model.views.len();
            let step = if key.code == Code::BackTab { tabs - 1 } else { 1 };
            finding::tab(model, (finding::open_tab(model) + step) % tabs, effects);
        }
        _ => {
            let list = model.queue.list_mut();
            if moved(&mut list.selected, action, rows, page) {
                list.to_end = action == Action::Last;
                finding::go_on(model, action);
            } else {
                of_lists(model, action, effects);
            }
        }
    }
}

/// What the lists of the queue know, as rows and as tiles.
pub fn of_lists(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::SwitchPart => {
            let tabs = Part::ALL.len() + model.views.len();
            finding::tab(model, (finding::open_tab(model) + 1) % tabs, effects);
        }
        Action::ClearTags => model.grid.tags.clear(),
        Action::Reload => {
            lists::reload(model);
            arrivals::reload_progress(model, effects);
        }
        _ => everywhere(model, action, effects),
    }
}

/// To the review of the photo under the cursor.
pub fn open_review(model: &mut Model) {
    if model.queue.current().is_some() {
        // A page that is still on its way must not move the cursor away from the photo under review.
        model.queue.list_mut().to_end = false;
        model.screen = Screen::Review;
        model.review.scroll = 0;
        model.review.view = View::Together;
        model.review.from_grid = false;
        looking::whole(model);
    }
}

fn review(model: &mut Model, key: Key, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Approve => decide::approve(model, key, effects),
        Action::Reject => decide::open_sheet(model, sheet::new(model, vec![])),
        Action::RejectByMachine => decide::machine_sheet_or_notice(model, effects),
        Action::Fix => fix::open(model, effects),
        Action::PassOn => pass_on::open(model),
        Action::Skip => decide::advance(model, effects),
        Action::Next => step(model, 1),
        Action::Previous => step(model, -1),
        Action::View => {
            let view = next_view(model);
            set_view(model, view);
        }
        Action::ZoomOriginal => zoom(model, PictureKind::Preview),
        Action::ZoomStandard => zoom(model, PictureKind::Standard),
        Action::ZoomPortrait => zoom(model, PictureKind::Portrait),
        Action::Down => model.review.scroll = (model.review.scroll + 1).min(99),
        Action::Up => model.review.scroll = model.review.scroll.saturating_sub(1),
        Action::Back if looking::whole(model) => {}
        Action::Back => leave_review(model, effects),
        Action::Reload => arrivals::reload_current(model),
        Action::RealPicture => looking::open_real(model, effects),
        Action::Tag => grid::tag(model),
        Action::History => model.panel = Some(Panel::History { scroll: 0 }),
        _ if looking::act(model, action) => {}
        _ => everywhere(model, action, effects),
    }
}

pub fn everywhere(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Undo => decide::undo(model, effects),
        Action::Redo => decide::redo(model, effects),
        Action::Graphics => {
            model.graphics = model.graphics.next();
            let mode = model.graphics.code().to_owned();
            say(model, Tone::Plain, "desk.news.graphics", vec![("mode", mode)]);
        }
        Action::Conflicts if model.outbox.conflicts.is_empty() => say(model, Tone::Plain, "desk.news.no_conflicts", vec![]),
        Action::Conflicts => model.panel = Some(Panel::Conflicts { scroll: 0 }),
        Action::Help => model.panel = Some(Panel::Help { scroll: 0, field: Field::new(Purpose::Command) }),
        Action::Palette => palette::open(model),
        Action::Board => board::open(model, effects),
        Action::Mine => board::open_mine(model, effects),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Quit => quit(model, effects),
        _ => {}
    }
}

fn panel(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Back => model.panel = None,
        Action::Quit => quit(model, effects),
        Action::KeepMine => conflicts::keep_mine(model, effects),
        Action::TakeTheirs => conflicts::take_theirs(model, effects),
        Action::Clear => {
            effects.push(Effect::Seen(model.outbox.conflicts.iter().map(|conflict| conflict.entry.key).collect()));
            model.outbox.conflicts.clear();
            model.panel = None;
        }
        Action::Down | Action::Up => {
            let most = layout::panel_length(model).saturating_sub(1);
            if let Some(
                Panel::Help { scroll, .. } | Panel::Conflicts { scroll } | Panel::History { scroll } | Panel::Batch(Batch { scroll, .. }),
            ) = &mut model.panel
            {
                *scroll = if action == Action::Down { (*scroll + 1).min(most) } else { scroll.saturating_sub(1) };
            }
        }
        _ => {}
    }
}

/// What every panel knows: how it is left.
pub fn leave_panel(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Back => model.panel = None,
        Action::Quit => {
            model.panel = None;
            quit(model, effects);
        }
        Action::Suspend => effects.push(Effect::Suspend),
        _ => {}
    }
}

/// Leaves at once, or asks first where something has not reached the server: it would, at the next start, but the user should know.
pub fn quit(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.outbox.unsent > 0 {
        model.panel = Some(Panel::Quitting);
    } else {
        effects.push(Effect::Quit);
    }
}

/// Moves a cursor among `rows` rows; says whether the action was a movement.
pub fn moved(selected: &mut usize, action: Action, rows: usize, page: usize) -> bool {
    let last = rows.saturating_sub(1);
    *selected = match action {
        Action::Down => (*selected + 1).min(last),
        Action::Up => selected.saturating_sub(1),
        Action::PageDown => (*selected + page).min(last),
        Action::PageUp => selected.saturating_sub(page),
        Action::First => 0,
        Action::Last => last,
        _ => return false,
    };
    true
}

pub fn page(model: &Model) -> usize {
    usize::from(model.size.1.saturating_sub(5)).max(1)
}

/// To the neighbour, decided or not.
fn step(model: &mut Model, by: isize) {
    let list = model.queue.list_mut();
    let last = list.rows.len().saturating_sub(1);
    let target = list.selected.saturating_add_signed(by).min(last);
    let stuck = target == list.selected;
    list.selected = target;
    model.review.scroll = 0;
    looking::whole(model);
    if !stuck {
        looking::stepped(model);
    }
    if stuck {
        say(model, Tone::Plain, if by > 0 { "desk.news.last" } else { "desk.news.first" }, vec![]);
    }
}

fn next_view(model: &Model) -> View {
    let together = layout::review(model, View::Together);
    match model.review.view {
        View::Together if together.pictures.len() < 3 && model.queue.part() != Part::Refused => View::Faces,
        View::Together | View::Faces => View::Zoom(PictureKind::Preview),
        View::Zoom(PictureKind::Preview) => View::Zoom(PictureKind::Standard),
        View::Zoom(PictureKind::Standard) => View::Zoom(PictureKind::Portrait),
        View::Zoom(_) => View::Together,
    }
}

fn zoom(model: &mut Model, kind: PictureKind) {
    let view = if model.review.view == View::Zoom(kind) { View::Together } else { View::Zoom(kind) };
    set_view(model, view);
}

fn set_view(model: &mut Model, view: View) {
    model.review.view = view;
}
