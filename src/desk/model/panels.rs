//! What the panels of a review hold.

use crate::{
    desk::entry::Field,
    domain::{queueing::SkipReason, reason::Reason},
};

/// The reasons of a rejection, numbered from 01.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// The order in which they stand; empty for the standard's.
    pub order: Vec<Reason>,
    pub cursor: usize,
    /// In the order in which they were chosen.
    pub chosen: Vec<Reason>,
    /// The first digit of a number.
    pub digit: Option<u8>,
    /// The next digit names reasons that are kept together.
    pub macro_key: Option<MacroKey>,
    /// Enter was pressed with nothing chosen.
    pub empty: bool,
}

impl Sheet {
    /// The reasons as they stand.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        if self.order.is_empty() { Reason::ALL } else { &self.order }
    }
}

/// What is done with the reasons that are kept under a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacroKey {
    Keep,
    Bring,
}

/// A photo that is passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassOn {
    pub reason: SkipReason,
    pub note: Field,
    pub ask_lead: bool,
    /// Enter was pressed where a note is needed and there is none.
    pub lacking: bool,
}
