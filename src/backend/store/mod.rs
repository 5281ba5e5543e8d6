//! The store: one trait of intentions. An engine keeps what the methods promise in transactions of its own; callers never see SQL.
//!
//! Whatever a person causes takes that person's [`Principal`]: permission is the router's business, scope (school and units) the engine's, inside
//! its queries. Time is always an argument. What every engine must do is written down as tests in `conformance`.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    api::{
        people::{NewUser, User},
        progress::{AuditEntry, Progress},
        roster::Season,
        submission::{Claim, NewClaim, Page, PictureKind, ReviewOutcome, Submission, SubmissionSummary},
    },
    domain::access::Principal,
};

#[cfg(test)]
pub mod conformance;
mod error;
pub mod sqlite;
pub mod types;

pub use error::{StoreError, StoreResult};
use types::{
    AttemptWork, CallLine, Credentials, FoundSession, FoundStudent, GivenReview, Hash, Intention, Job, JobKind, MachineOutcome, NewAttempt,
    NewInvitation, NewSession, NewStudent, NoticeWork, QueueDepth, QueueFilter, SendingEnd, Swept, TakenAttempt, TakenRoster,
};

/// Everything that can be asked of the store.
#[async_trait]
pub trait Store: Send + Sync {
    // People

    /// Whether anybody was ever added.
    async fn has_users(&self) -> StoreResult<bool>;
    /// The user of a name, for checking a password.
    async fn credentials(&self, name: &str) -> StoreResult<Option<Credentials>>;
    async fn open_session(&self, user: Uuid, session: NewSession) -> StoreResult<()>;
    /// The session of a token, unless it has expired.
    async fn session(&self, token_hash: &Hash, now: Timestamp) -> StoreResult<Option<FoundSession>>;
    async fn close_session(&self, token_hash: &Hash) -> StoreResult<()>;
    /// The users of the asker's school, by name.
    async fn users(&self, principal: &Principal) -> StoreResult<Vec<User>>;
    /// Adds a user with an invitation. A user who never redeemed one gets the new role, scope and invitation; without a principal the machine's
    /// owner asks.
    async fn add_user(&self, principal: Option<&Principal>, user: &NewUser, invitation: NewInvitation) -> StoreResult<User>;
    /// Uses up an invitation, sets the password and opens a session, all or nothing.
    async fn redeem(&self, code_hash: &Hash, password_hash: &str, session: NewSession) -> StoreResult<User>;

    // Seasons and rosters

    async fn seasons(&self, principal: &Principal) -> StoreResult<Vec<Season>>;
    async fn put_season(&self, principal: &Principal, season: &Season, now: Timestamp) -> StoreResult<Season>;
    /// Takes a roster whole, or not at all where any row has an error or `dry_run` is set.
    async fn take_roster(
        &self,
        principal: &Principal,
        season: &str,
        rows: &[NewStudent],
        dry_run: bool,
        now: Timestamp,
    ) -> StoreResult<TakenRoster>;
    /// The counters of the units in scope and their sum.
    async fn progress(&self, principal: &Principal, season: &str) -> StoreResult<Progress>;
    /// The same by counting everything: what the counters are held against.
    async fn recount(&self, principal: &Principal, season: &str) -> StoreResult<Progress>;

    // Submissions

    /// Finds a student by student number, student key or ID number.
    async fn find_student(&self, principal: &Principal, season: &str, known_as: &str) -> StoreResult<FoundStudent>;
    /// The keyed hash by which the same photo of the same student is known again.
    fn photo_hash(&self, student: Uuid, photo: &[u8]) -> Hash;
    /// The attempt that holds this photo of this student already.
    async fn attempt_of_photo(&self, principal: &Principal, student: Uuid, photo_hash: &Hash) -> StoreResult<Option<Uuid>>;
    /// Starts an attempt and its job. The same photo again is the attempt that exists.
    async fn add_submission(&self, principal: &Principal, attempt: &NewAttempt, now: Timestamp) -> StoreResult<TakenAttempt>;
    async fn submissions(&self, principal: &Principal, filter: &QueueFilter, now: Timestamp) -> StoreResult<Page<SubmissionSummary>>;
    async fn submission(&self, principal: &Principal, id: Uuid, now: Timestamp) -> StoreResult<Submission>;
    /// The name of the blob of a picture.
    async fn picture(&self, principal: &Principal, id: Uuid, kind: PictureKind) -> StoreResult<String>;

    // Claims

    async fn claim(&self, principal: &Principal, wanted: &NewClaim, token: Uuid, now: Timestamp) -> StoreResult<Claim>;
    /// A sign of life: prolongs the lease of everything still held under the token.
    async fn heartbeat(&self, principal: &Principal, token: Uuid, now: Timestamp) -> StoreResult<Claim>;
    async fn release(&self, principal: &Principal, token: Uuid) -> StoreResult<()>;

    // Deciding: one transaction each, of state, audit row, counters, event, follow-up job, lease end and idempotency record

    async fn review(&self, principal: &Principal, id: Uuid, review: &GivenReview, now: Timestamp) -> StoreResult<ReviewOutcome>;
    async fn undo(&self, principal: &Principal, id: Uuid, intention: &Intention, now: Timestamp) -> StoreResult<ReviewOutcome>;
    /// Says a rejection once more. Without an intention nothing keeps a repeated request from being a second notice.
    async fn retake_notice(
        &self,
        principal: &Principal,
        id: Uuid,
        intention: Option<&Intention>,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome>;

    // The machine's own

    /// Takes the next due job of a kind; it comes back at `again_at` unless its end is recorded.
    async fn next_job(&self, kind: JobKind, now: Timestamp, again_at: Timestamp) -> StoreResult<Option<Job>>;
    /// Gives a job back for a later try.
    async fn postpone_job(&self, job: &Job, again_at: Timestamp, error: &str) -> StoreResult<()>;
    /// Makes jobs due again that a process which no longer lives had taken. Gives their number.
    async fn requeue_taken(&self, now: Timestamp) -> StoreResult<u64>;
    /// How many jobs of each kind there are.
    async fn queue_depth(&self, now: Timestamp) -> StoreResult<Vec<QueueDepth>>;
    /// What standardizing needs; `None`, and the job is gone, where the attempt no longer waits for it.
    async fn attempt_work(&self, job: &Job) -> StoreResult<Option<AttemptWork>>;
    /// Records what the machine made of an attempt and ends the job; a second time changes nothing.
    async fn save_outcome(&self, job: &Job, outcome: &MachineOutcome, now: Timestamp) -> StoreResult<()>;
    /// Freezes a held decision whose time is over, enqueues its notice, ends the job.
    async fn freeze(&self, job: &Job, now: Timestamp) -> StoreResult<()>;
    /// What sending needs; `None`, and the job is gone, where the notice no longer waits.
    async fn notice_work(&self, job: &Job) -> StoreResult<Option<NoticeWork>>;
    async fn record_sending(&self, job: &Job, gateway: &str, end: &SendingEnd, now: Timestamp) -> StoreResult<()>;
    /// Removes expired sessions and invitations, idempotency keys older than 48 hours, and the names on leases that ran out.
    async fn sweep(&self, now: Timestamp) -> StoreResult<Swept>;

    // Reading back

    /// Newest first; without a season everything of the school.
    async fn audit(&self, principal: &Principal, season: Option<&str>, cursor: Option<&str>, limit: u32) -> StoreResult<Page<AuditEntry>>;
    /// Whom the units must call, unsealed; that it was read is audited.
    async fn calls(&self, principal: &Principal, season: &str, unit: Option<&str>, now: Timestamp) -> StoreResult<Vec<CallLine>>;
}
