//! The fields in which a filter is typed, and a command.

use crate::desk::{
    entry::{Field, Purpose},
    filter::{Completion, Wrong},
    palette::Command,
};

/// A filter that is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    pub field: Field,
    pub completion: Completion,
    /// The proposal that Tab takes.
    pub choice: usize,
    /// Why it is no filter as it stands; said once the user wants it to be one, and then as long as it is so.
    pub wrong: Option<Wrong>,
}

impl Asking {
    #[must_use]
    pub fn new(text: &str) -> Asking {
        Asking { field: Field::new(Purpose::Words).with(text), completion: Completion::default(), choice: 0, wrong: None }
    }
}

/// Commands by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    pub field: Field,
    /// What fits what is typed, best first.
    pub found: Vec<Command>,
    pub choice: usize,
}
