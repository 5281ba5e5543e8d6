//! Reading printed lines: where lines are (`detect`), what a line says (`recognise`), which characters there are (`characters`).
//!
//! What is read from a card is personal data: nothing here logs, and no error carries a text.

mod characters;
mod detect;
mod recognise;

pub use detect::TextBox;
pub use recognise::Line;

use super::weights::{Net, TEXT_DETECTOR, TEXT_READER};

/// The two nets that find and read lines, and the characters they know.
pub struct TextNets {
    detector: Net,
    reader: Net,
    /// Class 0 is the blank of CTC; then these, then the space.
    characters: std::sync::OnceLock<Vec<char>>,
}

impl TextNets {
    /// Nothing is loaded yet.
    #[must_use]
    pub const fn new() -> TextNets {
        TextNets { detector: Net::new(TEXT_DETECTOR), reader: Net::new(TEXT_READER), characters: std::sync::OnceLock::new() }
    }

    fn characters(&self) -> &[char] {
        self.characters.get_or_init(|| {
            let list = characters::metadata(TEXT_READER.bytes(), "character").unwrap_or_default();
            list.lines().filter_map(|line| line.chars().next()).collect()
        })
    }

    /// Whether the reader could read this character at all. What it does not know it takes for something similar.
    #[must_use]
    pub fn knows(&self, character: char) -> bool {
        self.characters().contains(&character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readers_characters_come_with_its_weights() {
        let nets = TextNets::new();
        assert_eq!(nets.characters().len(), 6623);
        assert!("0123456789X张样本公民身份号码".chars().all(|c| nets.knows(c)));
        assert!(!nets.knows('䶮'));
    }
}
