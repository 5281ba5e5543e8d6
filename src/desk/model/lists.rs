//! The units and the queues: what is listed, and where the cursor stands.

use std::collections::HashSet;

use uuid::Uuid;

use super::Load;
use crate::{
    api::{
        problem::Problem,
        progress::{Progress, UnitProgress},
        submission::SubmissionSummary,
    },
    desk::filter::{Filter, Sort},
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
    /// Whatever stands where, or, where a filter says so, all of one status that has no part of its own.
    All,
}

impl Part {
    pub const ALL: [Part; 5] = [Part::Pending, Part::Refused, Part::Held, Part::Rejected, Part::All];

    /// The status of all its photos, if they have but one.
    #[must_use]
    pub fn status(self) -> Option<Status> {
        match self {
            Part::Pending => Some(Status::Pending),
            Part::Refused => Some(Status::MachineRefused),
            Part::Held => Some(Status::Held),
            Part::Rejected => Some(Status::Rejected),
            Part::All => None,
        }
    }

    /// The part of a status.
    #[must_use]
    pub fn of(status: Status) -> Part {
        Part::ALL.into_iter().find(|part| part.status() == Some(status)).unwrap_or(Part::All)
    }

    /// The code under which its name is found.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.status().map_or("all", Status::code)
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
            Part::All => {
                let decided = unit.held + unit.approved + unit.rejected + unit.withdrawn;
                unit.captured + unit.standardized + unit.machine_refused + unit.pending + unit.correction_requested + decided
            }
        }
    }
}

/// The queue of a unit, or of all.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// `None` for all units.
    pub unit: Option<String>,
    pub part: Option<Part>,
    pub lists: [List; 5],
    /// Which of the loaded rows are shown.
    pub filter: Filter,
    /// The same as it was typed.
    pub text: String,
    pub sort: Sort,
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

    /// Whether rows are left out or in another order than the server's.
    #[must_use]
    pub fn is_found(&self) -> bool {
        !self.filter.is_empty() || self.sort != Sort::Age
    }

    /// Whether more rows are on their way, or being looked at, for the filter.
    #[must_use]
    pub fn is_searching(&self) -> bool {
        let list = self.list();
        self.is_found() && (!list.unsieved.is_empty() || list.loading.is_some())
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
    /// Those that are shown, in the order asked for.
    pub rows: Vec<SubmissionSummary>,
    /// Those that the filter does not show.
    pub hidden: Vec<SubmissionSummary>,
    /// Those that have still to be held against the filter and put in order.
    pub unsieved: Vec<SubmissionSummary>,
    /// All of them.
    pub known: HashSet<Uuid>,
    /// So many rows are looked through for a filter before somebody must say that it shall go on.
    pub budget: usize,
    /// The search stands still, because somebody stopped it or the budget is used up.
    pub stopped: bool,
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

impl List {
    /// How many rows are loaded.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len() + self.hidden.len() + self.unsieved.len()
    }

    /// Every loaded row.
    pub fn all(&self) -> impl Iterator<Item = &SubmissionSummary> {
        self.rows.iter().chain(&self.hidden).chain(&self.unsieved)
    }

    /// The same, to be changed.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut SubmissionSummary> {
        self.rows.iter_mut().chain(&mut self.hidden).chain(&mut self.unsieved)
    }
}
