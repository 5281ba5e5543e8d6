//! Which key does what where: one table, read by the keys, by the line of hints and by the help, so that none of them can lie.
//!
//! Full-width letters and digits, as a Chinese input method leaves them, are read as what they stand for; so are capitals, which Caps Lock makes.

use serde::{Deserialize, Serialize};

/// A key as the desk understands it: without a terminal, so that update and tests need none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    pub code: Code,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ctrl: bool,
    /// The terminal itself says that the key is held down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeat: bool,
}

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    Char(char),
    Enter,
    Escape,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// Known to be a key and of no use here.
    Other,
}

impl Key {
    #[must_use]
    pub fn new(code: Code) -> Key {
        Key { code, ctrl: false, repeat: false }
    }

    #[must_use]
    pub fn char(c: char) -> Key {
        Key::new(Code::Char(c))
    }

    #[must_use]
    pub fn ctrl(c: char) -> Key {
        Key { code: Code::Char(c), ctrl: true, repeat: false }
    }

    /// The same key with a full-width character read as the ASCII one it stands for.
    #[must_use]
    pub fn folded(self) -> Key {
        let Code::Char(c) = self.code else { return self };
        let c = match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            '\u{3000}' => ' ',
            other => other,
        };
        Key { code: Code::Char(c), ..self }
    }
}

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    Units,
    Queue,
    Review,
    /// A review of which a part is looked at closer: arrows move about.
    Closer,
    Grid,
    Sheet,
    Fix,
    PassOn,
    /// What a batch would do.
    Batch,
    History,
    Help,
    Conflicts,
    Quitting,
    /// The field of the filter.
    Asking,
    /// A field for one line.
    Line,
    Palette,
    Board,
    Mine,
}

macro_rules! actions {
    ($($variant:ident, $code:literal;)*) => {
        /// What a key asks for. The words of the hints and of the help are in `locales/` under `desk.key.<code>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($variant,)* }

        impl Action {
            /// Every action there is.
            pub const ALL: &'static [Action] = &[$(Action::$variant,)*];

            /// The code under which its words are found, and by which a user's own keys name it.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Action::$variant => $code,)* }
            }
        }
    };
}

actions! {
    Up, "up";
    Down, "down";
    PageUp, "page_up";
    PageDown, "page_down";
    First, "first";
    Last, "last";
    Open, "open";
    Back, "back";
    SwitchPart, "switch_part";
    Tiles, "tiles";
    Tag, "tag";
    TagPage, "tag_page";
    ClearTags, "clear_tags";
    CarryOut, "carry_out";
    History, "history";
    Reload, "reload";
    Approve, "approve";
    Reject, "reject";
    RejectByMachine, "reject_by_machine";
    Fix, "fix";
    FixLarger, "fix_larger";
    FixSmaller, "fix_smaller";
    FixLeft, "fix_left";
    FixRight, "fix_right";
    FixBackground, "fix_background";
    FixBytes, "fix_bytes";
    FixMatte, "fix_matte";
    FixReset, "fix_reset";
    FixSend, "fix_send";
    Compare, "compare";
    Difference, "difference";
    Skip, "skip";
    Undo, "undo";
    Redo, "redo";
    PassOn, "pass_on";
    PassIt, "pass_it";
    AskLead, "ask_lead";
    KeepMacro, "keep_macro";
    BringMacro, "bring_macro";
    Next, "next";
    Previous, "previous";
    View, "view";
    ZoomOriginal, "zoom_original";
    ZoomStandard, "zoom_standard";
    ZoomPortrait, "zoom_portrait";
    Blink, "blink";
    RealPicture, "real_picture";
    Closer, "closer";
    Eyes, "eyes";
    Hair, "hair";
    Background, "background";
    PanLeft, "pan_left";
    PanRight, "pan_right";
    PanUp, "pan_up";
    PanDown, "pan_down";
    Guides, "guides";
    Tones, "tones";
    Graphics, "graphics";
    Conflicts, "conflicts";
    Help, "help";
    Quit, "quit";
    Suspend, "suspend";
    Toggle, "toggle";
    Confirm, "confirm";
    Clear, "clear";
    Palette, "palette";
    Board, "board";
    Mine, "mine";
    Export, "export";
    Find, "find";
    Sort, "sort";
    SaveView, "save_view";
    DropView, "drop_view";
    Complete, "complete";
    Accept, "accept";
    KeepMine, "keep_mine";
    TakeTheirs, "take_theirs";
    Yes, "yes";
    No, "no";
}

/// One line of the table: an action, how its keys are written, the keys.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    pub action: Action,
    pub written: &'static str,
    keys: &'static [Code],
    ctrl: &'static [char],
}

const fn bind(action: Action, written: &'static str, keys: &'static [Code]) -> Binding {
    Binding { action, written, keys, ctrl: &[] }
}

use Code::{BackTab, Char, Down, End, Enter, Escape, Home, Left, PageDown, PageUp, Right, Tab, Up};

const LISTS: &[Binding] = &[
    bind(Action::Open, "Enter", &[Enter, Right]),
    bind(Action::Down, "j ↓", &[Char('j'), Down]),
    bind(Action::Up, "k ↑", &[Char('k'), Up]),
    bind(Action::PageDown, "PgDn", &[PageDown, Char(' ')]),
    bind(Action::PageUp, "PgUp", &[PageUp]),
    bind(Action::First, "Home", &[Home]),
    bind(Action::Last, "End", &[End]),
];
const PARTS: &[Binding] = &[bind(Action::SwitchPart, "Tab", &[Tab, BackTab])];
const QUEUE: &[Binding] = &[bind(Action::Tiles, "t", &[Char('t')]), bind(Action::Tag, "*", &[Char('*')])];
const GRID: &[Binding] = &[
    bind(Action::Tag, "Space", &[Char(' ')]),
    bind(Action::Approve, "a", &[Char('a')]),
    bind(Action::Reject, "x", &[Char('x')]),
    bind(Action::TagPage, "*", &[Char('*')]),
    bind(Action::ClearTags, "T", &[Char('T')]),
    bind(Action::Open, "Enter", &[Enter]),
    bind(Action::PanLeft, "h ←", &[Char('h'), Left]),
    bind(Action::PanRight, "l →", &[Char('l'), Right]),
    bind(Action::Down, "j ↓", &[Char('j'), Down]),
    bind(Action::Up, "k ↑", &[Char('k'), Up]),
    bind(Action::PageDown, "PgDn", &[PageDown]),
    bind(Action::PageUp, "PgUp", &[PageUp]),
    bind(Action::First, "Home", &[Home]),
    bind(Action::Last, "End", &[End]),
];
const REVIEW: &[Binding] = &[
    bind(Action::Approve, "a", &[Char('a')]),
    bind(Action::Reject, "x", &[Char('x')]),
    bind(Action::RejectByMachine, "r", &[Char('r')]),
    bind(Action::Fix, "f", &[Char('f')]),
    bind(Action::Skip, "s", &[Char('s')]),
    bind(Action::PassOn, "S", &[Char('S')]),
    bind(Action::Next, "n →", &[Char('n'), Right, PageDown]),
    bind(Action::Previous, "p ←", &[Char('p'), Left, PageUp]),
    bind(Action::View, "v", &[Char('v')]),
    bind(Action::Blink, "Space", &[Char(' ')]),
    bind(Action::RealPicture, "o", &[Char('o')]),
    bind(Action::Closer, "z", &[Char('z')]),
    bind(Action::Eyes, "e", &[Char('e')]),
    bind(Action::Hair, "h", &[Char('h')]),
    bind(Action::Background, "b", &[Char('b')]),
    bind(Action::Guides, "l", &[Char('l')]),
    bind(Action::Tones, "t", &[Char('t')]),
    bind(Action::Tag, "*", &[Char('*')]),
    bind(Action::History, "H", &[Char('H')]),
    bind(Action::ZoomOriginal, "1", &[Char('1')]),
    bind(Action::ZoomStandard, "2", &[Char('2')]),
    bind(Action::ZoomPortrait, "3", &[Char('3')]),
    bind(Action::Down, "j ↓", &[Char('j'), Down]),
    bind(Action::Up, "k ↑", &[Char('k'), Up]),
];
const FINDING: &[Binding] = &[
    // Where Chinese punctuation is on, the key of the slash gives the enumeration comma.
    bind(Action::Find, "/", &[Char('/'), Char('、')]),
    bind(Action::Sort, "o", &[Char('o')]),
    bind(Action::SaveView, "w", &[Char('w')]),
];
const CLOSER: &[Binding] = &[
    bind(Action::PanLeft, "←", &[Left]),
    bind(Action::PanRight, "→", &[Right]),
    bind(Action::PanUp, "↑", &[Up]),
    bind(Action::PanDown, "↓", &[Down]),
];
const UNDO: &[Binding] = &[bind(Action::Undo, "u", &[Char('u')]), bind(Action::Redo, "U", &[Char('U')])];
const EVERYWHERE: &[Binding] = &[
    bind(Action::Back, "Esc", &[Escape, Char('q')]),
    bind(Action::Reload, "R", &[Char('R')]),
    bind(Action::Conflicts, "c", &[Char('c')]),
    bind(Action::Graphics, "g", &[Char('g')]),
    bind(Action::Palette, ":", &[Char(':')]),
    bind(Action::Help, "?", &[Char('?')]),
    Binding { action: Action::Suspend, written: "Ctrl-Z", keys: &[], ctrl: &['z'] },
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const SHEET: &[Binding] = &[
    bind(Action::Confirm, "Enter", &[Enter]),
    bind(Action::Toggle, "Space", &[Char(' ')]),
    bind(Action::BringMacro, "g1–9", &[Char('g')]),
    bind(Action::KeepMacro, "m1–9", &[Char('m')]),
    bind(Action::Down, "j ↓", &[Char('j'), Down]),
    bind(Action::Up, "k ↑", &[Char('k'), Up]),
    bind(Action::PageDown, "→", &[Right, PageDown, Tab]),
    bind(Action::PageUp, "←", &[Left, PageUp, BackTab]),
    bind(Action::First, "Home", &[Home]),
    bind(Action::Last, "End", &[End]),
    bind(Action::Back, "Esc", &[Escape, Char('q')]),
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const FIX: &[Binding] = &[
    bind(Action::FixSend, "Enter", &[Enter]),
    bind(Action::Compare, "v", &[Char('v'), Char(' ')]),
    bind(Action::Difference, "d", &[Char('d')]),
    bind(Action::FixReset, "0", &[Char('0')]),
    bind(Action::Back, "Esc", &[Escape, Char('q')]),
    bind(Action::FixLarger, "+", &[Char('+'), Char('=')]),
    bind(Action::FixSmaller, "−", &[Char('-'), Char('_')]),
    bind(Action::Up, "k ↑", &[Char('k'), Up]),
    bind(Action::Down, "j ↓", &[Char('j'), Down]),
    bind(Action::FixLeft, "h ←", &[Char('h'), Left]),
    bind(Action::FixRight, "l →", &[Char('l'), Right]),
    bind(Action::FixBackground, "b", &[Char('b')]),
    bind(Action::FixBytes, "s", &[Char('s')]),
    bind(Action::FixMatte, "m", &[Char('m')]),
    // Says that the fix is to be sent first.
    bind(Action::Approve, "a", &[Char('a')]),
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const PASS_ON: &[Binding] = &[
    bind(Action::PassIt, "Enter", &[Enter]),
    bind(Action::AskLead, "Tab", &[Tab, BackTab]),
    bind(Action::Down, "↓", &[Down]),
    bind(Action::Up, "↑", &[Up]),
    bind(Action::Back, "Esc", &[Escape]),
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const BATCH: &[Binding] = &[
    bind(Action::CarryOut, "Enter", &[Enter]),
    bind(Action::Down, "j ↓", &[Char('j'), Down, PageDown]),
    bind(Action::Up, "k ↑", &[Char('k'), Up, PageUp]),
    bind(Action::Back, "Esc", &[Escape, Char('q')]),
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const HISTORY: &[Binding] = &[
    bind(Action::Down, "j ↓", &[Char('j'), Down, PageDown]),
    bind(Action::Up, "k ↑", &[Char('k'), Up, PageUp]),
    bind(Action::Back, "Esc", &[Escape, Char('q'), Char('H')]),
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const HELP: &[Binding] = &[
    bind(Action::Down, "j ↓", &[Char('j'), Down, PageDown]),
    bind(Action::Up, "k ↑", &[Char('k'), Up, PageUp]),
    bind(Action::Back, "Esc", &[Escape, Char('q'), Char('?'), Enter]),
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const CONFLICTS: &[Binding] = &[
    bind(Action::KeepMine, "m", &[Char('m')]),
    bind(Action::TakeTheirs, "t", &[Char('t')]),
    bind(Action::Clear, "d", &[Char('d'), Enter]),
    bind(Action::Down, "j ↓", &[Char('j'), Down, PageDown]),
    bind(Action::Up, "k ↑", &[Char('k'), Up, PageUp]),
    bind(Action::Back, "Esc", &[Escape, Char('q'), Char('c')]),
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const ASKING: &[Binding] = &[
    bind(Action::Accept, "Enter", &[Enter]),
    bind(Action::Complete, "Tab", &[Tab]),
    bind(Action::Down, "↓", &[Down]),
    bind(Action::Up, "↑", &[Up, BackTab]),
    bind(Action::Back, "Esc", &[Escape]),
    Binding { action: Action::Suspend, written: "Ctrl-Z", keys: &[], ctrl: &['z'] },
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const BOARDS: &[Binding] = &[bind(Action::Board, "b", &[Char('b')]), bind(Action::Mine, "m", &[Char('m')])];
const BOARD: &[Binding] = &[bind(Action::Sort, "o", &[Char('o')]), bind(Action::Export, "e", &[Char('e')])];
const MINE: &[Binding] = &[bind(Action::Down, "j ↓", &[Char('j'), Down, PageDown]), bind(Action::Up, "k ↑", &[Char('k'), Up, PageUp])];
const PALETTE: &[Binding] = &[
    bind(Action::Accept, "Enter", &[Enter]),
    bind(Action::Down, "↓", &[Down, Tab]),
    bind(Action::Up, "↑", &[Up, BackTab]),
    bind(Action::PageDown, "PgDn", &[PageDown]),
    bind(Action::PageUp, "PgUp", &[PageUp]),
    bind(Action::Back, "Esc", &[Escape]),
    Binding { action: Action::Suspend, written: "Ctrl-Z", keys: &[], ctrl: &['z'] },
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const LINE: &[Binding] = &[
    bind(Action::Accept, "Enter", &[Enter]),
    bind(Action::Back, "Esc", &[Escape]),
    Binding { action: Action::Suspend, written: "Ctrl-Z", keys: &[], ctrl: &['z'] },
    Binding { action: Action::Quit, written: "Ctrl-C", keys: &[], ctrl: &['c'] },
];
const QUITTING: &[Binding] = &[
    Binding { action: Action::Yes, written: "y", keys: &[Char('y'), Char('q')], ctrl: &['c'] },
    bind(Action::No, "n", &[Char('n'), Escape, Enter]),
];

/// The tables that hold in a place, the most useful first.
fn tables(place: Place) -> &'static [&'static [Binding]] {
    match place {
        Place::Units => &[LISTS, BOARDS, UNDO, EVERYWHERE],
        Place::Queue => &[LISTS, PARTS, FINDING, QUEUE, UNDO, EVERYWHERE],
        Place::Grid => &[GRID, PARTS, UNDO, EVERYWHERE],
        Place::Review => &[REVIEW, UNDO, EVERYWHERE],
        // The first table that knows a key has it.
        Place::Closer => &[CLOSER, REVIEW, UNDO, EVERYWHERE],
        Place::Sheet => &[SHEET],
        Place::Fix => &[FIX],
        Place::PassOn => &[PASS_ON],
        Place::Batch => &[BATCH],
        Place::History => &[HISTORY],
        Place::Help => &[HELP],
        Place::Conflicts => &[CONFLICTS],
        Place::Quitting => &[QUITTING],
        Place::Asking => &[ASKING],
        Place::Line => &[LINE],
        Place::Palette => &[PALETTE],
        Place::Board => &[LISTS, BOARD, EVERYWHERE],
        Place::Mine => &[MINE, EVERYWHERE],
    }
}

/// Every binding of a place, in the order in which hints and help show them.
pub fn bindings(place: Place) -> impl Iterator<Item = &'static Binding> {
    tables(place).iter().flat_map(|table| table.iter())
}

/// What a key asks for in a place.
#[must_use]
pub fn action(place: Place, key: Key) -> Option<Action> {
    let key = key.folded();
    if key.ctrl {
        let Char(c) = key.code else { return None };
        let bound = bindings(place).find(|binding| binding.ctrl.contains(&c)).map(|binding| binding.action);
        return bound.or(match c {
            'n' => find(place, Down),
            'p' => find(place, Up),
            'l' if matches!(place, Place::Units | Place::Queue | Place::Grid | Place::Review | Place::Closer) => Some(Action::Reload),
            _ => None,
        });
    }
    find(place, key.code).or_else(|| match key.code {
        Char(c) if c.is_ascii_uppercase() => find(place, Char(c.to_ascii_lowercase())),
        _ => None,
    })
}

fn find(place: Place, code: Code) -> Option<Action> {
    bindings(place).find(|binding| binding.keys.contains(&code)).map(|binding| binding.action)
}

#[cfg(test)]
mod tests;
