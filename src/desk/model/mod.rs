//! What the desk knows: plain data, changed by `update` only, drawn by `view` only.

mod board;
mod decisions;
mod finding;
mod fix;
mod grid;
mod lists;
mod panels;
mod review;

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::{
    api::{
        problem::Problem,
        progress::{DayProgress, UnitProgress},
        reviewing::ReviewerStatistics,
        roster::Season,
        submission::{Claim, Submission, SubmissionSummary},
    },
    desk::{
        entry::Field,
        habits::Habits,
        message::{Moment, Speed},
        picture::{
            Request,
            policy::{Drawing, Facts, Graphics, choose},
        },
        theme::Theme,
        update::press::Presses,
        views::SavedView,
    },
    language::{self, Language},
};

pub use board::{Board, Column, Rhythm};
pub use decisions::{Away, Decided, DecidedState, Mark, OutboxState, Undone};
pub use finding::{Asking, Palette};
pub use fix::{Fix, FixLook, Tried, TryEnd};
pub use grid::{Batch, Fate, Grid, Line, Seen, Why};
pub use lists::{List, Part, Queue, Units};
pub use panels::{MacroKey, PassOn, Sheet};
pub use review::{Review, Slot, TRIPLE, View, Zoom};

/// The whole desk.
#[derive(Debug, Clone)]
pub struct Model {
    pub language: Language,
    pub theme: Theme,
    /// Name of the signed-in user.
    pub user: String,
    pub size: (u16, u16),
    pub now: Moment,
    pub facts: Facts,
    pub graphics: Graphics,
    pub line: Speed,
    /// For the times of day that are shown.
    pub zone: TimeZone,
    /// The season asked for on the command line.
    pub season_wanted: Option<String>,
    /// The unit asked for on the command line: its queue is opened at once.
    pub unit_wanted: Option<String>,
    pub season: Option<Season>,
    pub screen: Screen,
    pub panel: Option<Panel>,
    pub units: Units,
    /// What came and what was decided, day by day.
    pub days: Load<Vec<DayProgress>>,
    /// When they were last asked for.
    pub days_at: u64,
    pub mine: Load<Box<ReviewerStatistics>>,
    pub rhythm: Rhythm,
    pub queue: Queue,
    /// The user's own.
    pub views: Vec<SavedView>,
    /// Their file is not understood, so it is not written over.
    pub views_unreadable: bool,
    pub grid: Grid,
    pub review: Review,
    /// What is tried on the photo under review.
    pub fix: Option<Fix>,
    pub details: HashMap<Uuid, Load<Box<Submission>>>,
    pub pictures: HashMap<Request, Slot>,
    pub claim: Option<Claim>,
    /// The photos that a claim was last asked for.
    pub claim_for: Vec<Uuid>,
    /// A claim is under way.
    pub claiming: bool,
    /// When the claim was last made or kept.
    pub claim_at: u64,
    pub marks: BTreeMap<Uuid, Mark>,
    /// One's own decisions, oldest first, as long as they may be undone.
    pub decided: Vec<Decided>,
    /// What was undone, the last one last, until something else is decided.
    pub undone: Vec<Undone>,
    pub habits: Habits,
    pub outbox: OutboxState,
    /// Absent where the desk works at a server.
    pub away: Option<Away>,
    /// What stands at the server, of photos whose decision it refused.
    pub standing: HashMap<Uuid, Load<Box<Submission>>>,
    pub news: Option<News>,
    pub presses: Presses,
    /// The last list of pictures that was asked for.
    pub wanted: Vec<Request>,
    pub next_ticket: u64,
    /// When what failed for want of an answer is asked for again.
    pub retry_at: u64,
}

/// Where the user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    Units,
    Queue,
    /// The open part of the queue as tiles.
    Grid,
    Review,
}

/// What takes the place of a part of the screen for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Panel {
    Sheet(Sheet),
    /// Fix & accept; what is tried is in the model's `fix`.
    Fix,
    PassOn(PassOn),
    Batch(Batch),
    /// The attempts of the student under review.
    History {
        scroll: usize,
    },
    Help {
        scroll: usize,
        /// What is looked for in it.
        field: Field,
    },
    Conflicts {
        scroll: usize,
    },
    Quitting,
    Asking(Asking),
    Palette(Palette),
    /// How far the units are.
    Board(Board),
    /// The reviewer's own numbers.
    Mine {
        scroll: usize,
    },
    /// The name of the file that the board goes into.
    Export(Field),
    /// A name for the filter as it stands.
    Naming(Field),
}

impl Panel {
    /// The field that is open in it: what is typed goes there first, what is pasted goes nowhere else.
    #[must_use]
    pub fn field(&self) -> Option<&Field> {
        match self {
            Panel::PassOn(panel) => Some(&panel.note),
            Panel::Sheet(_)
            | Panel::Fix
            | Panel::Batch(_)
            | Panel::History { .. }
            | Panel::Conflicts { .. }
            | Panel::Quitting
            | Panel::Board(_)
            | Panel::Mine { .. } => None,
            Panel::Asking(asking) => Some(&asking.field),
            Panel::Palette(palette) => Some(&palette.field),
            Panel::Help { field, .. } | Panel::Naming(field) | Panel::Export(field) => Some(field),
        }
    }

    /// The same, to be typed into.
    pub fn field_mut(&mut self) -> Option<&mut Field> {
        match self {
            Panel::PassOn(panel) => Some(&mut panel.note),
            Panel::Sheet(_)
            | Panel::Fix
            | Panel::Batch(_)
            | Panel::History { .. }
            | Panel::Conflicts { .. }
            | Panel::Quitting
            | Panel::Board(_)
            | Panel::Mine { .. } => None,
            Panel::Asking(asking) => Some(&mut asking.field),
            Panel::Palette(palette) => Some(&mut palette.field),
            Panel::Help { field, .. } | Panel::Naming(field) | Panel::Export(field) => Some(field),
        }
    }
}

/// Something that is fetched.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Load<T> {
    #[default]
    No,
    Loading,
    Ready(T),
    Failed(Problem),
}

impl<T> Load<T> {
    /// What was fetched, if it is here.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Load::Ready(value) => Some(value),
            _ => None,
        }
    }
}

/// A line for the user, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub tone: Tone,
    pub key: &'static str,
    pub parameters: Vec<(&'static str, String)>,
    /// When it goes away.
    pub until: u64,
}

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Warning,
    Problem,
}

/// What a desk starts with.
#[derive(Debug, Clone)]
pub struct Start {
    pub language: Language,
    pub theme: Theme,
    pub user: String,
    pub size: (u16, u16),
    pub facts: Facts,
    pub graphics: Graphics,
    pub zone: TimeZone,
    pub season: Option<String>,
    pub unit: Option<String>,
    /// The user's saved views; absent where their file cannot be read.
    pub views: Option<Vec<SavedView>>,
    /// The bundle that is worked on.
    pub away: Option<Away>,
}

impl Model {
    #[must_use]
    pub fn new(start: Start) -> Model {
        Model {
            language: start.language,
            theme: start.theme,
            user: start.user,
            size: start.size,
            now: Moment::default(),
            facts: start.facts,
            graphics: start.graphics,
            line: Speed::default(),
            zone: start.zone,
            season_wanted: start.season,
            unit_wanted: start.unit,
            season: None,
            screen: Screen::Units,
            panel: None,
            units: Units::default(),
            days: Load::No,
            days_at: 0,
            mine: Load::No,
            rhythm: Rhythm::default(),
            queue: Queue::default(),
            views_unreadable: start.views.is_none(),
            views: start.views.unwrap_or_default(),
            grid: Grid::default(),
            review: Review::default(),
            fix: None,
            details: HashMap::new(),
            pictures: HashMap::new(),
            claim: None,
            claim_for: Vec::new(),
            claiming: false,
            claim_at: 0,
            marks: BTreeMap::new(),
            decided: Vec::new(),
            undone: Vec::new(),
            habits: Habits::default(),
            outbox: OutboxState::default(),
            away: start.away,
            standing: HashMap::new(),
            news: None,
            presses: Presses::default(),
            wanted: Vec::new(),
            next_ticket: 0,
            retry_at: 0,
        }
    }

    /// The field that is typed into, if one is open.
    #[must_use]
    pub fn field(&self) -> Option<&Field> {
        self.panel.as_ref().and_then(Panel::field)
    }

    /// How pictures are drawn; `None` when they are not.
    #[must_use]
    pub fn drawing(&self) -> Option<Drawing> {
        choose(self.graphics, &self.facts)
    }

    /// The text of `key` in the user's language.
    #[must_use]
    pub fn text(&self, key: &str, parameters: &[(&str, &str)]) -> String {
        language::text(self.language, key, parameters)
    }

    /// A problem in words: the text of its code, else the code itself.
    #[must_use]
    pub fn problem_text(&self, problem: &Problem) -> String {
        let key = format!("problem.{}", problem.code);
        if language::has_text(self.language, &key) {
            let parameters: Vec<(&str, &str)> = problem.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            self.text(&key, &parameters)
        } else {
            self.text("desk.problem", &[("code", &problem.code)])
        }
    }

    /// The photo under review.
    #[must_use]
    pub fn current(&self) -> Option<&SubmissionSummary> {
        self.queue.current()
    }

    /// The counts of the unit whose queue is open.
    #[must_use]
    pub fn unit(&self) -> Option<&UnitProgress> {
        let progress = self.units.last.as_ref()?;
        match &self.queue.unit {
            None => Some(&progress.whole),
            Some(code) => progress.units.iter().find(|unit| unit.unit.as_ref() == Some(code)),
        }
    }

    /// Own decisions that are held at this moment: how many, and the seconds until the last one freezes.
    #[must_use]
    pub fn held(&self) -> Option<(usize, i64)> {
        let mut ends = self.decided.iter().filter_map(|decided| match decided.state {
            DecidedState::Held { until, .. } if until > self.now.wall => Some(until.as_second() - self.now.wall.as_second()),
            _ => None,
        });
        let first = ends.next()?;
        Some(ends.fold((1, first), |(count, latest), end| (count + 1, latest.max(end))))
    }

    /// Whether one runs through the queue rather than looks.
    #[must_use]
    pub fn hurried(&self) -> bool {
        self.now.ms < self.review.hurried_until
    }

    /// When the model needs a tick for something that is due, in milliseconds since the start.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        let news = self.news.as_ref().map(|news| news.until);
        let sieve = (self.screen != Screen::Units && !self.queue.list().unsieved.is_empty()).then_some(self.now.ms);
        let hurry = self.hurried().then_some(self.review.hurried_until);
        [self.presses.due(), news, hurry, sieve].into_iter().flatten().min()
    }
}
