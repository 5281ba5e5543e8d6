//! Everything that happens is a [`Message`]; everything that shall be done is an [`Effect`].
//!
//! A list of messages replays to the same frames. Time arrives here: update has no clock.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    api::{
        problem::Problem,
        progress::{DayProgress, Progress},
        reviewing::{NewSkip, ReviewerStatistics},
        roster::Season,
        submission::{Claim, NewClaim, Page, PictureKind, ReviewOutcome, Submission, SubmissionSummary},
    },
    client::outbox::{Act, Conflict, Entry},
    desk::{
        habits::Habits,
        keymap::Key,
        model::TryEnd,
        picture::{Picture, Request, policy::Facts},
        views::SavedView,
    },
    domain::{adjustment::Adjustments, check::CheckId, lifecycle::attempt::Status},
    language::Language,
};

/// When something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds since the desk started; never goes back.
    pub ms: u64,
    /// The time of day, for what is shown.
    pub wall: Timestamp,
}

impl Default for Moment {
    fn default() -> Moment {
        Moment { ms: 0, wall: Timestamp::UNIX_EPOCH }
    }
}

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    pub at: Moment,
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The desk begins.
    Started,
    Key(Key),
    /// Text was pasted into the open field; where none is open, what is pasted never becomes a message.
    Paste(String),
    Resized {
        width: u16,
        height: u16,
    },
    /// Time passed.
    Tick,
    /// Back after a suspension: the screen was somebody else's.
    Resumed,
    /// The terminal has answered, perhaps late.
    Terminal(Facts),
    /// A frame with every picture of this submission is on the screen.
    Shown(Uuid),
    /// The same with drafts among them: nothing to decide on yet.
    DraftShown(Uuid),
    /// A frame with these tiles of the contact sheet whole is on the screen, each with the version it shows.
    TilesShown(Vec<(Uuid, i64)>),
    /// The line to the terminal has turned out otherwise than it was thought.
    Line(Speed),
    Seasons(Result<Vec<Season>, Problem>),
    Progress(Box<Result<Progress, Problem>>),
    Page {
        ticket: u64,
        page: Result<Page<SubmissionSummary>, Problem>,
    },
    Detail {
        submission: Uuid,
        detail: Result<Box<Submission>, Problem>,
    },
    Picture {
        request: Request,
        picture: Result<Picture, Problem>,
    },
    Claimed(Result<Claim, Problem>),
    /// The desk's own engine has finished a photo as it was wanted, or not.
    Tried {
        ticket: u64,
        end: TryEnd,
    },
    /// A picture lies in a file of the user's own, until the desk is left.
    Saved {
        submission: Uuid,
        version: i64,
        place: Result<String, Problem>,
    },
    PassedOn {
        submission: Uuid,
        result: Result<(), Problem>,
    },
    /// What this reviewer's hands are used to.
    Habits(Habits),
    Days(Result<Vec<DayProgress>, Problem>),
    Mine(Box<Result<ReviewerStatistics, Problem>>),
    Exported(Exported),
    /// The saved views could not be written down.
    ViewsNotKept,
    /// What stands at the server, of a photo whose decision it refused.
    Stands {
        submission: Uuid,
        detail: Result<Box<Submission>, Problem>,
    },
    /// People were erased: nothing of them may stay on the screen.
    Erased(Vec<Uuid>),
    Outbox(OutboxEvent),
}

/// How quick the line to the terminal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    #[default]
    Quick,
    /// A picture takes long enough that a draft is worth sending first.
    Slow,
}

/// What became of a table. The file's name is the user's own business: it is in no message.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exported {
    Written,
    /// A file of that name is there already.
    Exists,
    NotWritten,
    /// The server gave no table.
    NotTold(Problem),
}

/// News of the outbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxEvent {
    /// What an earlier desk left.
    Opened { unsent: Vec<Entry>, conflicts: Vec<Conflict> },
    /// An intention is on disk.
    Kept { unsent: usize },
    /// An intention could not be written down, and does not count.
    NotKept { submission: Uuid, act: Act },
    /// The server has answered.
    Sent { submission: Uuid, act: Act, outcome: ReviewOutcome, unsent: usize },
    /// Somebody decided the same meanwhile: it counts as done.
    Same { submission: Uuid, outcome: ReviewOutcome, unsent: usize },
    /// A decision that had never left is taken back; `false` where it may have reached the server.
    TakenBack { submission: Uuid, done: bool, unsent: usize },
    /// When the oldest of what is unsent was decided.
    Oldest(Option<Timestamp>),
    /// The server did not answer; it is tried again.
    Waiting { problem: Problem, unsent: usize },
    /// The server refused.
    Refused { conflict: Conflict, unsent: usize },
}

/// Something that shall be done in the world.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    LoadSeasons,
    LoadProgress {
        season: String,
    },
    LoadPage {
        ticket: u64,
        season: String,
        unit: Option<String>,
        /// `None` for all.
        status: Option<Status>,
        /// The checks that each row shall tell of.
        measured: Vec<CheckId>,
        cursor: Option<String>,
    },
    LoadDetail {
        submission: Uuid,
    },
    /// The pictures that are wanted now, the most urgent first; all others are not any more.
    Pictures(Vec<Request>),
    /// Finish the original of a photo so, with the desk's own engine; older wishes are let go.
    Fix {
        ticket: u64,
        submission: Uuid,
        standard: String,
        wanted: Adjustments,
    },
    Claim(NewClaim),
    KeepClaim {
        token: Uuid,
    },
    ReleaseClaim {
        token: Uuid,
    },
    /// Keep an intention and send it until it is answered. Its key is made where the effect is carried out.
    Act {
        submission: Uuid,
        version: i64,
        lease: Option<Uuid>,
        act: Act,
    },
    LoadDays {
        season: String,
    },
    LoadMine {
        season: String,
    },
    /// Write the season's progress as a table into a new file. `format` is `csv` or `xlsx`.
    Export {
        season: String,
        path: String,
        format: &'static str,
        language: Language,
    },
    /// Write the saved views down.
    KeepViews(Vec<SavedView>),
    /// Take a decision back that has not been sent yet.
    TakeBack {
        submission: Uuid,
    },
    /// Ask the server itself, whatever the desk works on.
    LoadStanding {
        submission: Uuid,
    },
    /// Decide once more what the server refused, on what stands there now; then the refusal is over.
    KeepMine {
        refused: Uuid,
        submission: Uuid,
        version: i64,
        act: Act,
    },
    /// The reviewer has looked at these refusals.
    Seen(Vec<Uuid>),
    /// Put the picture that is judged where another program can show it; never the portrait.
    SavePicture {
        submission: Uuid,
        version: i64,
        kind: PictureKind,
    },
    /// Others are to judge a photo.
    PassOn {
        submission: Uuid,
        skip: NewSkip,
    },
    KeepHabits(Habits),
    Suspend,
    Quit,
}
