//! The contact sheet: what is tagged, what was seen of it, and what a batch would do.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::review::ReviewVerdict;

/// What the contact sheet adds to the queue's cursor.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// What the next batch is about; a review shows and changes them too.
    pub tags: BTreeSet<Uuid>,
    /// What was on the screen, of the photos that are listed.
    pub seen: HashMap<Uuid, Seen>,
    /// When Enter last confirmed something: whoever holds it down says nothing more by it.
    pub confirmed_at: Option<u64>,
    /// The number of the next batch.
    pub next_batch: u64,
}

/// What was on the screen of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub version: i64,
    /// What a review of it would speak of.
    pub rendition: Option<Uuid>,
    /// There is a portrait to compare with.
    pub portrait: bool,
}

/// What would happen to each tagged photo: shown before anything does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub verdict: ReviewVerdict,
    /// What is decided first, then what is left alone; each in the order of the queue.
    pub lines: Vec<Line>,
    pub scroll: usize,
    /// Since when this is on the screen.
    pub opened_at: u64,
}

impl Batch {
    /// How many would be reviewed.
    #[must_use]
    pub fn reviewed(&self) -> usize {
        self.lines.iter().filter(|line| !matches!(line.fate, Fate::Left(_))).count()
    }
}

/// What would happen to one photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub submission: Uuid,
    pub student_number: String,
    pub name: Option<String>,
    pub fate: Fate,
}

/// What a batch does to a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is held, as the batch says.
    Decided,
    /// One of several voices that the season asks for.
    Voted,
    Left(Why),
}

/// Why a batch leaves a photo alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Reviewed by the same person.
    Already,
    NotWaiting,
    /// A new rendition of it is under way.
    Reworking,
    /// The machine refused it: there is nothing to approve.
    NoRendition,
    /// Somebody else looks at it until then.
    Claimed(Timestamp),
    /// It was not on the screen as it stands now.
    NotShown,
    /// It could be another person: a look of its own.
    Doubtful,
    /// There is a portrait, and nobody compared: a look of its own.
    NotCompared,
    /// A check fails: a look of its own.
    Failing,
    /// A tile is a preview, and the season wants the real picture opened.
    Preview,
    /// Not among the rows that are loaded.
    Gone,
}

impl Why {
    /// The key of its words.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Why::Already => "desk.batch.already",
            Why::Reworking => "desk.batch.reworking",
            Why::NotWaiting => "desk.batch.not_waiting",
            Why::NoRendition => "desk.batch.no_rendition",
            Why::Claimed(_) => "desk.batch.claimed",
            Why::NotShown => "desk.batch.not_shown",
            Why::Doubtful => "desk.batch.doubtful",
            Why::NotCompared => "desk.batch.not_compared",
            Why::Failing => "desk.batch.failing",
            Why::Preview => "desk.batch.preview",
            Why::Gone => "desk.batch.gone",
        }
    }
}
