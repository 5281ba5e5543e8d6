//! What the terminal can do: our own questions, with the device attributes as the fence behind which no answer comes.
//!
//! Pure: it says what to write and takes answers in. The waiting is bounded elsewhere; an answer that comes later upgrades the picture.

use super::input::Answer;
use crate::desk::{picture::policy::Facts, theme::Depth};

const PLAIN: u32 = 31;
/// Unicode placeholders, by which pictures are placed, came with this version of kitty.
const PLACEHOLDERS: (u32, u32) = (0, 28);
/// Pixels of the largest cell that is believed: width, height. A 4K screen of 40 × 12 cells has 96 × 180.
const LARGEST_CELL: (u16, u16) = (128, 256);

/// What the environment says of the terminal.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    pub term: String,
    pub colorterm: String,
    pub term_program: String,
    pub tmux: bool,
    pub screen: bool,
    pub no_color: bool,
    /// Pixels of a cell as the kernel knows them.
    pub cell: Option<(u16, u16)>,
}

impl Environment {
    /// Reads the process's environment.
    #[must_use]
    pub fn read(variable: impl Fn(&str) -> Option<String>, cell: Option<(u16, u16)>) -> Environment {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        Environment {
            tmux: set("TMUX") || term.starts_with("tmux"),
            screen: set("STY") || (term.starts_with("screen") && !set("TMUX")),
            colorterm: variable("COLORTERM").unwrap_or_default(),
            term_program: variable("TERM_PROGRAM").unwrap_or_default(),
            no_color: set("NO_COLOR"),
            term,
            cell,
        }
    }

    fn multiplexed(&self) -> bool {
        self.tmux || self.screen
    }

    fn depth(&self) -> Depth {
        // screen turns 24-bit colours into garbage whatever COLORTERM says; tmux translates them.
        let direct = matches!(self.colorterm.as_str(), "truecolor" | "24bit")
            || self.tmux
            || self.term.ends_with("-direct")
            || self.term.contains("kitty");
        match (self.no_color, direct && !self.screen) {
            (true, _) => Depth::None,
            (false, true) => Depth::True,
            (false, false) => Depth::Indexed,
        }
    }
}

/// The probe: the environment, and the answers so far.
#[derive(Debug, Clone)]
pub struct Probe {
    environment: Environment,
    size: (u16, u16),
    facts: Facts,
    version: String,
    area: Option<(u16, u16)>,
    done: bool,
}

impl Probe {
    /// A probe of a terminal of so many columns and rows.
    #[must_use]
    pub fn new(environment: Environment, size: (u16, u16)) -> Probe {
        let facts =
            Facts { multiplexed: environment.multiplexed(), depth: environment.depth(), cell: environment.cell, ..Facts::default() };
        Probe { environment, size, facts, version: String::new(), area: None, done: false }
    }

    /// The questions, to be written on an empty screen.
    #[must_use]
    pub fn questions(&self) -> String {
        let mut questions = String::new();
        // screen would show the question itself; the Linux console prints it.
        if !self.environment.multiplexed() && self.environment.term != "linux" {
            questions.push_str(&format!("\x1b_Gi={PLAIN},s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"));
            questions.push_str("\x1b[>q\x1b[16t\x1b[14t");
        }
        // How wide is a character of ambiguous width? The cursor tells.
        questions.push_str("\x1b[H✓\x1b[6n\x1b[H\x1b[2K\x1b[5n\x1b[c");
        questions
    }

    /// Takes an answer in; says whether the facts may have changed.
    pub fn take(&mut self, answer: Answer) -> bool {
        let before = self.facts();
        match answer {
            Answer::Attributes(attributes) => {
                self.facts.sixel = attributes.get(1..).is_some_and(|rest| rest.contains(&4));
                self.done = true;
            }
            Answer::Graphics { id: PLAIN, ok } => self.facts.kitty = ok,
            Answer::Graphics { .. } => {}
            Answer::Cell(width, height) if width > 0 && height > 0 => self.facts.cell = Some((width, height)),
            Answer::Area(width, height) if width > 0 && height > 0 => self.area = Some((width, height)),
            Answer::Cell(..) | Answer::Area(..) => {}
            // Only once, and only what the question can have caused.
            Answer::Cursor(1, column @ 2..=3) if !self.done => self.facts.wide_ambiguous = column == 3,
            Answer::Cursor(..) => {}
            Answer::Version(version) => self.version = version,
            Answer::There => self.facts.answers = true,
        }
        self.facts() != before
    }

    /// Whether the fence was reached.
    #[must_use]
    pub fn done(&self) -> bool {
        self.done
    }

    /// What is known now.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let mut facts = self.facts.clone();
        if facts.cell.is_none()
            && let (Some((width, height)), (columns @ 1.., rows @ 1..)) = (self.area, self.size)
        {
            facts.cell = Some((width / columns, height / rows)).filter(|(width, height)| *width > 0 && *height > 0);
        }
        // No terminal has larger cells; one that says so would have the desk make pictures that no memory holds.
        facts.cell = facts.cell.filter(|(width, height)| (1..=LARGEST_CELL.0).contains(width) && (1..=LARGEST_CELL.1).contains(height));
        let names = [self.version.as_str(), self.environment.term_program.as_str()];
        let named = |name: &str| names.iter().any(|known| known.starts_with(name));
        if named("WezTerm") || named("Konsole") || self.version.is_empty() && !self.environment.term.contains("kitty") {
            // They answer for kitty's graphics but do not know its placeholders; so may whoever does not say its name.
            facts.kitty = false;
        }
        if named("Konsole") {
            facts.sixel = false;
        }
        if let Some(version) = kitty_version(&self.version) {
            facts.kitty &= version >= PLACEHOLDERS;
        }
        facts.iterm2 = named("WezTerm") || named("iTerm") || named("mintty");
        facts
    }
}

fn kitty_version(version: &str) -> Option<(u32, u32)> {
    let numbers = version.strip_prefix("kitty(")?;
    let mut parts = numbers.split(['.', ')']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::picture::policy::{Graphics, Protocol, choose};

    fn probe(variables: &[(&str, &str)], answers: Vec<Answer>) -> Facts {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let mut probe = Probe::new(Environment::read(variable, None), (80, 24));
        for answer in answers {
            probe.take(answer);
        }
        probe.facts()
    }

    fn protocol(facts: &Facts) -> Protocol {
        choose(Graphics::Auto, facts).unwrap().protocol
    }

    #[test]
    fn cells_that_no_terminal_has_are_not_believed() {
        assert_eq!(probe(&[], vec![Answer::Cell(9, 19)]).cell, Some((9, 19)));
        assert_eq!(probe(&[], vec![Answer::Cell(60_000, 60_000)]).cell, None);
        assert_eq!(probe(&[], vec![Answer::Area(65_535, 65_535)]).cell, None);
    }

    #[test]
    fn an_xterm_with_sixel() {
        let facts = probe(
            &[("TERM", "xterm-256color")],
            vec![Answer::Version("XTerm(379)".into()), Answer::Cell(9, 18), Answer::Cursor(1, 2), Answer::Attributes(vec![64, 1, 4])],
        );
        assert_eq!((protocol(&facts), facts.depth, facts.wide_ambiguous), (Protocol::Sixel, Depth::Indexed, false));
    }

    #[test]
    fn the_first_attribute_is_the_level_and_no_ability() {
        assert!(!probe(&[], vec![Answer::Attributes(vec![4])]).sixel);
    }

    #[test]
    fn kitty_since_it_knows_placeholders() {
        let answers = |version: &str| {
            vec![
                Answer::Graphics { id: PLAIN, ok: true },
                Answer::Version(version.into()),
                Answer::Cell(9, 18),
                Answer::Attributes(vec![62]),
            ]
        };
        assert_eq!(protocol(&probe(&[("TERM", "xterm-kitty")], answers("kitty(0.32.2)"))), Protocol::Kitty);
        assert_eq!(protocol(&probe(&[("TERM", "xterm-kitty")], answers("kitty(0.26.5)"))), Protocol::Blocks);
        assert_eq!(protocol(&probe(&[], answers("WezTerm 20240203"))), Protocol::Iterm2);
        assert_eq!(protocol(&probe(&[], answers("Konsole 23.08"))), Protocol::Blocks);
    }

    #[test]
    fn multiplexers_are_seen_and_screen_has_no_24_bits() {
        let tmux = probe(&[("TERM", "tmux-256color"), ("TMUX", "/tmp/x")], vec![]);
        assert_eq!((tmux.multiplexed, tmux.depth), (true, Depth::True));
        let screen = probe(&[("TERM", "screen-256color"), ("STY", "1"), ("COLORTERM", "truecolor")], vec![]);
        assert_eq!((screen.multiplexed, screen.depth), (true, Depth::Indexed));
        assert_eq!(probe(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")], vec![]).depth, Depth::None);
    }

    #[test]
    fn the_cell_is_worked_out_from_the_area_where_it_is_not_told() {
        assert_eq!(probe(&[], vec![Answer::Area(720, 432)]).cell, Some((9, 18)));
        assert_eq!(probe(&[], vec![Answer::Cell(0, 0)]).cell, None);
    }

    #[test]
    fn a_wide_check_mark_is_noticed() {
        assert!(probe(&[], vec![Answer::Cursor(1, 3), Answer::Attributes(vec![1])]).wide_ambiguous);
    }
}
