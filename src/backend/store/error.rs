//! Why the store did not do what it was asked: refusals are values, each with what its caller must tell.

use crate::{
    api::submission::NothingToClaim,
    backend::vault::VaultError,
    domain::{
        lifecycle::{Refusal, attempt::Status, reopening::NoConfirmation},
        queueing::NoteError,
    },
};

/// An answer of the store that is not the one asked for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not there, or out of the asker's scope: the two are never told apart.
    #[error("there is no such thing in the asker's scope")]
    NotFound,
    #[error("the role may not do this")]
    Forbidden,
    #[error("there is no such season")]
    SeasonUnknown,
    #[error("there is no such student in the season")]
    StudentUnknown,
    /// The version that was seen is no longer the one that stands.
    #[error("version {version} stands now")]
    Stale { status: Status, version: i64 },
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("this person has reviewed the photo already")]
    AlreadyReviewed,
    #[error("only somebody who leads reviews judges this photo now")]
    LeadNeeded,
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("a golden item is a decided photo, and its answer the verdict that stands")]
    GoldenContradicts,
    #[error("this reason needs a note")]
    NoteNeeded,
    #[error("somebody has asked already that the approval be reopened")]
    ReopeningOpen,
    #[error(transparent)]
    NoConfirmation(#[from] NoConfirmation),
    /// The version of a delivery or of prints that was seen is no longer the one that stands.
    #[error("version {version} stands now")]
    StaleWay { state: &'static str, version: i64 },
    #[error("the ID number belongs to another student of the season")]
    IdNumberTaken,
    #[error("the review names another rendition than the one that stands")]
    OtherRendition,
    #[error("the idempotency key came with another request")]
    KeyReused,
    #[error("the rejection has caused its {limit} retake notices")]
    NoticeLimit { limit: u8 },
    #[error("nothing can be taken along now")]
    BundleEmpty { why: NothingToClaim, until: Option<jiff::Timestamp> },
    #[error("the season lets nothing out of the house")]
    BundlesOff,
    #[error("as many bundles as {limit} are out already")]
    BundleLimit { limit: i64 },
    #[error("the bundle has expired")]
    BundleExpired { at: jiff::Timestamp },
    #[error("the bundle was dropped or revoked")]
    BundleEnded,
    #[error("the bundle is another's, or the photo is not in it")]
    BundleForeign,
    #[error("the bundle is not what was signed here")]
    BundleForged,
    #[error("the person was erased")]
    Erased,
    #[error("the user has seen as many people unmasked as an hour allows")]
    RevealLimit { until: jiff::Timestamp },
    #[error("the name is taken")]
    UserExists,
    #[error("nobody does this to the account they act with")]
    OwnAccount,
    #[error("one-time codes are set up already")]
    CodesConfirmed,
    #[error("the one-time code is wrong, too old or used already")]
    WrongCode,
    #[error("the invitation is unknown, used or expired")]
    InvitationInvalid,
    #[error("a cursor that this list did not give")]
    Cursor,
    #[error("no room is left on the disk")]
    Full,
    #[error("the database is busy")]
    Busy,
    #[error("the database cannot be reached")]
    Unreachable,
    /// The tables are older than the program: `zhaoshen migrate` brings them up to date.
    #[error("the tables stand at version {have} or lack an earlier change, this program needs all up to {newest}: run `zhaoshen migrate`")]
    NotMigrated { have: i64, newest: i64 },
    #[error("the tables stand at version {have}, newer than this program's {newest}")]
    NewerDatabase { have: i64, newest: i64 },
    #[error("the stored data makes no sense: {0}")]
    Corrupt(&'static str),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the database failed: {0}")]
    Database(String),
}

/// What every store method gives.
pub type StoreResult<T> = Result<T, StoreError>;
