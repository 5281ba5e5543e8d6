//! What goes into the store and comes out of it, beside the words of the API.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    api::{people::User, roster::RowError, submission::NoticeKind},
    backend::{blobs::StoredBlob, roster::Standing},
    domain::{
        access::Principal, check::CheckId, check::Verdict, comparison::Comparison, id_card::CardRecord, lifecycle::attempt::Status,
        reason::Reason, report::Report, resident_id::ResidentId, review::ReviewVerdict,
    },
};

/// SHA-256 of a token, a code or a request.
pub type Hash = [u8; 32];

/// A user as signing in needs one.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub user: User,
    /// Absent until the invitation is redeemed.
    pub password_hash: Option<String>,
    /// Whether a one-time code is asked for beside the password.
    pub needs_code: bool,
    pub disabled: bool,
}

/// A session to be opened: its token is known by its hash only.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Names it, to its owner and to nobody else.
    pub id: Uuid,
    pub token_hash: Hash,
    /// What the client calls itself.
    pub client: String,
    pub opened_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A session that was found.
#[derive(Debug, Clone)]
pub struct FoundSession {
    pub user: User,
    pub expires_at: Timestamp,
    /// When it was last seen, to a few minutes.
    pub seen_at: Timestamp,
    /// Whether the role needs one-time codes that the user has not set up yet.
    pub owes_codes: bool,
}

impl FoundSession {
    /// Who asks in this session.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal { user: self.user.id, role: self.user.role, school: self.user.school.clone(), units: self.user.scope() }
    }
}

/// An invitation to be kept: its code is known by its hash only.
#[derive(Debug, Clone, Copy)]
pub struct NewInvitation {
    pub code_hash: Hash,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A student as a roster names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStudent {
    /// The row of the file, for errors; the first is 1.
    pub row: u32,
    /// Either this or the ID number is there.
    pub student_number: Option<String>,
    /// The season's own key; absent where it has none.
    pub student_key: Option<String>,
    pub name: Option<String>,
    pub id_number: Option<ResidentId>,
    /// In a season of capture codes, in place of the ID number: nobody is found by it.
    pub masked_id_number: Option<String>,
    pub phone: Option<String>,
    pub unit_code: String,
    pub unit_name: String,
    pub details: StudentDetails,
    pub standing: Option<Standing>,
}

impl NewStudent {
    /// What people see of the ID number: all of it, or what its mask leaves.
    #[must_use]
    pub fn shown_id_number(&self) -> Option<&str> {
        self.id_number.as_ref().map(ResidentId::reveal).or(self.masked_id_number.as_deref())
    }
}

/// What else a roster says: kept for packages and prints, never searched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StudentDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub major: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intake: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// What taking a roster did or would do. With errors nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakenRoster {
    pub taken: bool,
    pub new: u32,
    pub updated: u32,
    pub unchanged: u32,
    pub errors: Vec<RowError>,
}

/// A student as an upload finds one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundStudent {
    pub id: Uuid,
    pub unit: String,
}

/// A photo that has come, its blobs already on the disk.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    pub id: Uuid,
    pub season: String,
    pub student: Uuid,
    /// Keyed hash of the photo as it came.
    pub photo_hash: Hash,
    pub blobs: Vec<StoredBlob>,
}

/// The attempt that now holds a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenAttempt {
    pub id: Uuid,
    /// False where the same photo was here already.
    pub new: bool,
}

/// Which part of the queue is asked for.
#[derive(Debug, Clone, Default)]
pub struct QueueFilter {
    pub season: String,
    pub unit: Option<String>,
    pub status: Option<Status>,
    /// The checks that each row shall tell of.
    pub measured: Vec<CheckId>,
    pub cursor: Option<String>,
    pub limit: u32,
}

/// The contracts of deciding, as they came with a request.
#[derive(Debug, Clone)]
pub struct Intention {
    /// The attempt's version that was seen.
    pub version: i64,
    pub key: Uuid,
    pub request_hash: Hash,
}

/// A review to be given.
#[derive(Debug, Clone)]
pub struct GivenReview {
    pub intention: Intention,
    pub verdict: ReviewVerdict,
    pub rendition: Option<Uuid>,
}

/// What reworking a photo needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReworkWork {
    /// The attempt under which pictures lie.
    pub owner: Uuid,
    /// Whose key seals what comes of it.
    pub school: String,
    pub standard: String,
    /// The name of the original's blob.
    pub original: String,
}

/// A rendition that a person had made, its picture already on the disk.
#[derive(Debug, Clone)]
pub struct GivenRendition {
    pub intention: Intention,
    pub report: Report,
    pub blob: StoredBlob,
}

/// An answer, and whether it is the one that was given before under the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered<T> {
    pub outcome: T,
    pub again: bool,
}

/// The kinds of work the machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Subject: an attempt.
    Standardize,
    /// Subject: an attempt whose decision is held.
    Freeze,
    /// Subject: a notice.
    Notify,
}

impl JobKind {
    pub const ALL: [JobKind; 3] = [JobKind::Standardize, JobKind::Freeze, JobKind::Notify];

    /// The stable code, in the store and in the metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            JobKind::Standardize => "standardize",
            JobKind::Freeze => "freeze",
            JobKind::Notify => "notify",
        }
    }
}

/// The error of a job whose worker died on it: the only one that counts against what it worked on.
pub const PANICKED: &str = "panicked";

/// A piece of work that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub id: i64,
    pub kind: JobKind,
    pub subject: Uuid,
    /// How often it was taken, this time included.
    pub tries: u32,
}

/// The jobs of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueDepth {
    pub kind: JobKind,
    /// All of them.
    pub waiting: i64,
    /// Those that are being done or should be.
    pub due: i64,
    /// Those that a worker has.
    pub taken: i64,
    /// Those whose last try failed.
    pub failing: i64,
}

/// What standardizing an attempt needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptWork {
    pub attempt: Uuid,
    /// Whose key seals what comes of it.
    pub school: String,
    pub standard: String,
    /// The set of comparison bands; absent where the machine is not to compare faces.
    pub cohort: Option<String>,
    /// Names of blobs.
    pub original: String,
    pub id_card: Option<String>,
    /// What the roster says of the student, unsealed, for the darkroom alone.
    pub record: CardRecord,
}

/// What the machine made of an attempt, its blobs already on the disk.
#[derive(Debug, Clone)]
pub struct MachineOutcome {
    /// Whether there is a standardized photo; it is then among the blobs.
    pub standardized: bool,
    pub report: Option<Report>,
    pub checks: Verdict,
    pub reasons: Vec<Reason>,
    pub comparison: Option<Comparison>,
    pub blobs: Vec<StoredBlob>,
}

/// What sending a notice needs to know; unsealed, for the gateway alone.
#[derive(Clone)]
pub struct NoticeWork {
    pub notice: Uuid,
    pub kind: NoticeKind,
    pub season_name: String,
    pub student_number: String,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub reasons: Vec<Reason>,
}

/// How one try to send a notice ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendingEnd {
    /// The gateway took it, under this number of its own.
    Delivered { reference: String },
    /// Not now: again at this time.
    Again { code: String, at: Timestamp },
    /// Never: somebody must call.
    CallNeeded { code: String },
}

/// A line of a unit's call list; unsealed, because a person must call.
#[derive(Clone)]
pub struct CallLine {
    pub unit: String,
    pub student_number: String,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub kind: NoticeKind,
    pub reasons: Vec<Reason>,
    pub since: Timestamp,
}

/// What a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    pub sessions: u64,
    pub keys: u64,
    pub leases: u64,
    pub invitations: u64,
}
