//! The units and the queues: what is listed, and where the cursor stands.

use super::Load;
use crate::{
    api::{
        problem::Problem,
        progress::{Progress, UnitProgress},
        submission::SubmissionSummary,
    },
    domain::lifecycle::attempt::Status,
};

/// The first screen.
#[derive(Debug, Clone, Default)]
pub struct Units {
    pub progress: Load<Progress>,
    /// The same while a newer one is on its way.
    pub last: Option<Progress>,
    pub selected: usize,
    /// Decisions have changed the counts since.
    pub stale: bool,
    /// When the counts were last asked for.
    pub asked_at: u64,
}

impl Units {
    /// The rows: the units, then the whole if there is more than one.
    #[must_use]
    pub fn rows(&self) -> Vec<&UnitProgress> {
        let Some(progress) = &self.last else { return vec![] };
        let whole = (progress.units.len() > 1).then_some(&progress.whole);
        progress.units.iter().chain(whole).collect()
    }
}

/// A part of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Pending,
    Refused,
    Held,
    Rejected,
}

impl Part {
    pub const ALL: [Part; 4] = [Part::Pending, Part::Refused, Part::Held, Part::Rejected];

    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Part::Pending => Status::Pending,
            Part::Refused => Status::MachineRefused,
            Part::Held => Status::Held,
            Part::Rejected => Status::Rejected,
        }
    }

    /// Whether its photos wait for a decision.
    #[must_use]
    pub fn waits(self) -> bool {
        matches!(self, Part::Pending | Part::Refused)
    }

    /// How many a unit has of it.
    #[must_use]
    pub fn count(self, unit: &UnitProgress) -> i64 {
        match self {
            Part::Pending => unit.pending,
            Part::Refused => unit.machine_refused,
            Part::Held => unit.held,
            Part::Rejected => unit.rejected,
        }
    }
}

/// The queue of a unit, or of all.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// `None` for all units.
    pub unit: Option<String>,
    pub part: Option<Part>,
    pub lists: [List; 4],
}

impl Queue {
    #[must_use]
    pub fn part(&self) -> Part {
        self.part.unwrap_or(Part::Pending)
    }

    #[must_use]
    pub fn list(&self) -> &List {
        &self.lists[self.part() as usize]
    }

    pub fn list_mut(&mut self) -> &mut List {
        &mut self.lists[self.part() as usize]
    }

    /// The row under the cursor.
    #[must_use]
    pub fn current(&self) -> Option<&SubmissionSummary> {
        let list = self.list();
        list.rows.get(list.selected)
    }
}

/// The loaded rows of a part: the list grows by pages as the cursor nears its end.
#[derive(Debug, Clone, Default)]
pub struct List {
    pub rows: Vec<SubmissionSummary>,
    pub selected: usize,
    /// Cursor of the next page; `None` once all rows are here, or before the first page.
    pub next: Option<String>,
    pub loaded: bool,
    /// The ticket of the page that is under way.
    pub loading: Option<u64>,
    pub failed: Option<Problem>,
    /// `End` was pressed: keep loading until the end is here.
    pub to_end: bool,
}
