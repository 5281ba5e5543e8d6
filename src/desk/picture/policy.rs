//! Which way pictures are drawn: what the user asked for, else what the terminal proved it can do, else cells.
//!
//! Pure. Multiplexers get cells: passing graphics through them leaves ghosts in other panes.

use serde::{Deserialize, Serialize};

use crate::desk::theme::Depth;

/// What the user asks for: `--graphics` and the key `g`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Graphics {
    #[default]
    Auto,
    Kitty,
    Iterm2,
    Sixel,
    Blocks,
    Off,
}

impl Graphics {
    pub const ALL: [Graphics; 6] = [Graphics::Auto, Graphics::Kitty, Graphics::Iterm2, Graphics::Sixel, Graphics::Blocks, Graphics::Off];

    /// The word for it, the same in every language.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Graphics::Auto => "auto",
            Graphics::Kitty => "kitty",
            Graphics::Iterm2 => "iterm2",
            Graphics::Sixel => "sixel",
            Graphics::Blocks => "blocks",
            Graphics::Off => "off",
        }
    }

    /// The one after it, for the key that walks through them.
    #[must_use]
    pub fn next(self) -> Graphics {
        let at = Graphics::ALL.iter().position(|other| *other == self).unwrap_or(0);
        Graphics::ALL[(at + 1) % Graphics::ALL.len()]
    }
}

/// How a picture gets onto the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    Kitty,
    Iterm2,
    Sixel,
    /// Quadrant cells with two colours each.
    Blocks,
    /// Cells of one colour, for terminals whose quadrants are two cells wide.
    Spaces,
}

/// A protocol with what encoding needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Drawing {
    pub protocol: Protocol,
    /// Pixels of one cell: width, height. For cells only its shape counts.
    pub cell: (u16, u16),
    pub depth: Depth,
}

/// What is known of the terminal: from its answers and from the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    pub kitty: bool,
    pub sixel: bool,
    pub iterm2: bool,
    /// Runs inside tmux or screen.
    pub multiplexed: bool,
    /// Answers when it is asked whether it is there: what stood before the question is on its screen then.
    #[serde(default)]
    pub answers: bool,
    /// Pixels of one cell.
    pub cell: Option<(u16, u16)>,
    /// Characters of ambiguous width are two cells wide.
    pub wide_ambiguous: bool,
    pub depth: Depth,
}

/// The cell that is assumed where the terminal does not say: about one to two, as in most fonts.
const USUAL_CELL: (u16, u16) = (9, 18);

/// How pictures are drawn; `None` when they are not.
#[must_use]
pub fn choose(wanted: Graphics, facts: &Facts) -> Option<Drawing> {
    let blocks = if facts.wide_ambiguous { Protocol::Spaces } else { Protocol::Blocks };
    let automatic = || match facts {
        Facts { multiplexed: true, .. } | Facts { cell: None, .. } => blocks,
        Facts { kitty: true, .. } => Protocol::Kitty,
        Facts { iterm2: true, .. } => Protocol::Iterm2,
        Facts { sixel: true, .. } => Protocol::Sixel,
        _ => blocks,
    };
    let protocol = match wanted {
        Graphics::Off => return None,
        Graphics::Auto => automatic(),
        Graphics::Kitty => Protocol::Kitty,
        Graphics::Iterm2 => Protocol::Iterm2,
        Graphics::Sixel => Protocol::Sixel,
        Graphics::Blocks => blocks,
    };
    let depth = if facts.depth == Depth::Indexed { Depth::Indexed } else { Depth::True };
    Some(Drawing { protocol, cell: facts.cell.unwrap_or(USUAL_CELL), depth })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protocol(wanted: Graphics, facts: &Facts) -> Option<Protocol> {
        choose(wanted, facts).map(|drawing| drawing.protocol)
    }

    #[test]
    fn a_silent_terminal_gets_cells() {
        assert_eq!(protocol(Graphics::Auto, &Facts::default()), Some(Protocol::Blocks));
        assert_eq!(protocol(Graphics::Auto, &Facts { wide_ambiguous: true, ..Facts::default() }), Some(Protocol::Spaces));
    }

    #[test]
    fn what_is_proved_is_used_and_a_multiplexer_is_not_trusted() {
        let facts = Facts { sixel: true, cell: Some((9, 18)), ..Facts::default() };
        assert_eq!(protocol(Graphics::Auto, &facts), Some(Protocol::Sixel));
        assert_eq!(protocol(Graphics::Auto, &Facts { multiplexed: true, ..facts.clone() }), Some(Protocol::Blocks));
        assert_eq!(protocol(Graphics::Auto, &Facts { kitty: true, ..facts.clone() }), Some(Protocol::Kitty));
        assert_eq!(protocol(Graphics::Auto, &Facts { cell: None, ..facts }), Some(Protocol::Blocks));
    }

    #[test]
    fn the_user_has_the_last_word() {
        let silent = Facts { multiplexed: true, ..Facts::default() };
        assert_eq!(protocol(Graphics::Sixel, &silent), Some(Protocol::Sixel));
        assert_eq!(protocol(Graphics::Off, &silent), None);
        let walked: Vec<Graphics> = std::iter::successors(Some(Graphics::Auto), |g| Some(g.next())).take(6).collect();
        assert_eq!(walked, Graphics::ALL);
    }
}
