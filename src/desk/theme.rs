//! Colours by meaning, from a TOML of sixteen names. Two are built in; a user's own is a file.
//!
//! Reads a file when one is named; otherwise touches nothing.

use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::domain::check::Verdict;

/// How many colours the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// 24 bits.
    #[default]
    True,
    /// The 256 of xterm.
    Indexed,
    /// `NO_COLOR`: text has none; pictures keep theirs, they are content.
    None,
}

/// The sixteen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    pub background: Color,
    pub panel: Color,
    pub line: Color,
    pub text: Color,
    pub dim: Color,
    pub title: Color,
    pub accent: Color,
    pub selection: Color,
    pub selection_text: Color,
    pub key: Color,
    pub pass: Color,
    pub warn: Color,
    pub fail: Color,
    pub unknown: Color,
    pub held: Color,
    pub placeholder: Color,
    plain: bool,
}

/// A theme that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    #[error("the theme cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("the theme is not understood: {0}")]
    Wrong(#[from] toml::de::Error),
    #[error("{name:?} is no colour: {value:?}")]
    NoColour { name: &'static str, value: String },
}

macro_rules! colours {
    ($($name:ident),*) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Names { $($name: String,)* }

        impl Theme {
            /// Reads a theme.
            ///
            /// # Errors
            /// [`ThemeError`] where a name is missing or unknown or a value is no colour.
            pub fn parse(toml: &str, depth: Depth) -> Result<Theme, ThemeError> {
                let names: Names = toml::from_str(toml)?;
                Ok(Theme {
                    $($name: colour(&names.$name, depth).ok_or_else(|| ThemeError::NoColour { name: stringify!($name), value: names.$name.clone() })?,)*
                    plain: depth == Depth::None,
                })
            }
        }
    };
}

colours!(background, panel, line, text, dim, title, accent, selection, selection_text, key, pass, warn, fail, unknown, held, placeholder);

const DARK: &str = include_str!("../../themes/dark.toml");
const LIGHT: &str = include_str!("../../themes/light.toml");

impl Theme {
    /// The theme called `dark` or `light`, else the one in the file of that path.
    ///
    /// # Errors
    /// [`ThemeError`] when the file cannot be read or is no theme.
    pub fn load(name: &str, depth: Depth) -> Result<Theme, ThemeError> {
        match name {
            "dark" => Theme::parse(DARK, depth),
            "light" => Theme::parse(LIGHT, depth),
            path => Theme::parse(&std::fs::read_to_string(Path::new(path))?, depth),
        }
    }

    /// The theme for nights, built in.
    #[must_use]
    pub fn dark(depth: Depth) -> Theme {
        Theme::parse(DARK, depth).expect("the built-in theme is tested")
    }

    #[must_use]
    pub fn base(&self) -> Style {
        Style::new().fg(self.text).bg(self.background)
    }

    #[must_use]
    pub fn dim(&self) -> Style {
        self.base().fg(self.dim)
    }

    #[must_use]
    pub fn title(&self) -> Style {
        self.base().fg(self.title).add_modifier(Modifier::BOLD)
    }

    #[must_use]
    pub fn accent(&self) -> Style {
        self.base().fg(self.accent)
    }

    #[must_use]
    pub fn bar(&self) -> Style {
        Style::new().fg(self.text).bg(self.panel)
    }

    #[must_use]
    pub fn key(&self) -> Style {
        self.bar().fg(self.key).add_modifier(Modifier::BOLD)
    }

    #[must_use]
    pub fn line(&self) -> Style {
        self.base().fg(self.line)
    }

    #[must_use]
    pub fn placeholder(&self) -> Style {
        self.base().fg(self.placeholder)
    }

    /// The row under the cursor; without colours it is reversed.
    #[must_use]
    pub fn selection(&self) -> Style {
        let style = Style::new().fg(self.selection_text).bg(self.selection);
        if self.plain { style.add_modifier(Modifier::REVERSED) } else { style }
    }

    #[must_use]
    pub fn held(&self) -> Style {
        self.base().fg(self.held)
    }

    /// The colour of a verdict: never alone, always beside its word and glyph.
    #[must_use]
    pub fn verdict(&self, verdict: Verdict) -> Style {
        let style = self.base();
        match verdict {
            Verdict::Pass => style.fg(self.pass),
            Verdict::Warn => style.fg(self.warn).add_modifier(Modifier::BOLD),
            Verdict::Fail => style.fg(self.fail).add_modifier(Modifier::BOLD),
            Verdict::Unknown => style.fg(self.unknown),
        }
    }
}

fn colour(value: &str, depth: Depth) -> Option<Color> {
    let colour = match value {
        "default" => Color::Reset,
        number if number.parse::<u8>().is_ok() => Color::Indexed(number.parse().ok()?),
        hex => {
            let digits = hex.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
            let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
            let rgb = [channel(0)?, channel(2)?, channel(4)?];
            match depth {
                Depth::Indexed => Color::Indexed(indexed(rgb)),
                _ => Color::Rgb(rgb[0], rgb[1], rgb[2]),
            }
        }
    };
    Some(if depth == Depth::None { Color::Reset } else { colour })
}

/// The nearest of xterm's 256 colours beyond the first sixteen, which terminals repaint at will: the 6×6×6 cube or the grey ramp.
#[must_use]
pub fn indexed(rgb: [u8; 3]) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| (0..6u8).min_by_key(|step| value.abs_diff(STEPS[usize::from(*step)])).unwrap_or(0);
    let cube = rgb.map(nearest);
    let cube_rgb = cube.map(|step| STEPS[usize::from(step)]);
    let mean = (u32::from(rgb[0]) + u32::from(rgb[1]) + u32::from(rgb[2])) / 3;
    let grey = u8::try_from(((mean.max(8) - 8 + 5) / 10).min(23)).unwrap_or(23);
    let grey_level = 8 + grey * 10;
    let distance = |other: [u8; 3]| (0..3).map(|i| u32::from(rgb[i].abs_diff(other[i])).pow(2)).sum::<u32>();
    if distance([grey_level; 3]) < distance(cube_rgb) { 232 + grey } else { 16 + 36 * cube[0] + 6 * cube[1] + cube[2] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_themes_are_whole_at_every_depth() {
        for depth in [Depth::True, Depth::Indexed, Depth::None] {
            for name in ["dark", "light"] {
                Theme::load(name, depth).unwrap();
            }
        }
        assert_eq!(Theme::dark(Depth::None).fail, Color::Reset);
    }

    #[test]
    fn a_wrong_theme_says_what_is_wrong() {
        let wrong = DARK.replace("#ff7b72", "red-ish");
        assert!(matches!(Theme::parse(&wrong, Depth::True), Err(ThemeError::NoColour { name: "fail", .. })));
        assert!(Theme::parse(&DARK.replace("warn", "worn"), Depth::True).is_err());
        assert!(matches!(Theme::load("no/such/file.toml", Depth::True), Err(ThemeError::Unreadable(_))));
    }

    #[test]
    fn the_256_are_met_where_they_are() {
        assert_eq!(indexed([255, 255, 255]), 231);
        assert_eq!(indexed([0, 0, 0]), 16);
        assert_eq!(indexed([8, 8, 8]), 232);
        assert_eq!(indexed([128, 128, 128]), 244);
        assert_eq!(indexed([95, 135, 255]), 69);
    }
}
