//! Offline bundles: photos taken along in a sealed file, reviewed without a network, brought back.
//!
//! ```text
//! take      reserve, download, seal
//! sealed    the file itself
//! register  what the device remembers, and its key
//! sync      how a decision comes back
//! ```
//!
//! Here: a bundle that was opened, as a backend in small. It answers what the desk asks for from the file, one picture at a time.

pub mod register;
pub mod sealed;
pub mod sync;
pub mod take;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use register::{Device, Record};
use sealed::{Reader, SealError, Secrets};

use super::http::SubmissionQuery;
use crate::{
    api::{
        bundle::SignedBundle,
        people::User,
        problem::{self, Problem},
        progress::{Progress, UnitProgress},
        roster::Season,
        submission::{Measured, Page, PictureKind, ReviewOutcome, Submission, SubmissionSummary},
    },
    domain::lifecycle::attempt::Status,
};

/// Characters a passphrase needs at least.
pub const SHORTEST_PASSPHRASE: usize = 10;
/// What goes along of each photo; the portrait where the season lets it.
pub const KINDS: [PictureKind; 4] = [PictureKind::Standard, PictureKind::Preview, PictureKind::Thumb, PictureKind::Portrait];
/// How far a clock may be behind the server's before it is plainly wrong.
const BEHIND: SignedDuration = SignedDuration::from_mins(10);

/// Codes of this room's problems; texts are in `locales/` under `problem.<code>`.
pub mod code {
    /// No bundle, or one that was never finished.
    pub const NOT_ONE: &str = "bundle_not_one";
    /// Sealed for another device, or its key is gone.
    pub const ELSEWHERE: &str = "bundle_elsewhere";
    /// The passphrase is another.
    pub const LOCKED: &str = "bundle_locked";
    pub const DAMAGED: &str = "bundle_damaged";
    /// The clock says that it was taken in the future.
    pub const CLOCK: &str = "bundle_clock";
    pub const UNREADABLE: &str = "bundle_unreadable";
    pub const UNWRITTEN: &str = "bundle_unwritten";
    pub const FILE_EXISTS: &str = "bundle_file_exists";
    pub const PASSPHRASE_SHORT: &str = "passphrase_short";
    /// Another process takes the same file.
    pub const BUSY: &str = "bundle_busy";
    /// Not in the bundle.
    pub const NOT_HERE: &str = "bundle_not_here";

    pub const ALL: [&str; 11] =
        [NOT_ONE, ELSEWHERE, LOCKED, DAMAGED, CLOCK, UNREADABLE, UNWRITTEN, FILE_EXISTS, PASSPHRASE_SHORT, BUSY, NOT_HERE];
}

impl From<SealError> for Problem {
    fn from(error: SealError) -> Problem {
        let code = match &error {
            SealError::Io(_) => code::UNREADABLE,
            SealError::NotOne => code::NOT_ONE,
            SealError::OtherDevice => code::ELSEWHERE,
            SealError::Locked => code::LOCKED,
            SealError::Damaged => code::DAMAGED,
            SealError::Provider => problem::code::INTERNAL,
        };
        Problem::new(0, code, error.to_string())
    }
}

/// What a bundle's file says beside its pictures.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Index {
    server: String,
    user: User,
    season: Season,
    unit: UnitProgress,
    signed: SignedBundle,
    photos: Vec<Photo>,
}

/// The frames of a photo.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Photo {
    submission: Uuid,
    detail: u64,
    pictures: Vec<(PictureKind, u64)>,
}

/// A bundle that was opened.
pub struct Bundle {
    reader: Reader,
    index: Index,
    details: HashMap<Uuid, Submission>,
    /// What became of photos since, and which are nobody's any more.
    since: Mutex<Since>,
}

#[derive(Default)]
struct Since {
    settled: HashMap<Uuid, ReviewOutcome>,
    erased: Vec<Uuid>,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").field("id", &self.index.signed.statement.id).finish_non_exhaustive()
    }
}

impl Bundle {
    /// Opens a bundle of this device. Takes some tenths of a second of a core.
    ///
    /// # Errors
    /// Where the file does not open, its signature is none, or its time is over.
    pub fn open(path: &Path, device: &Device, record: &Record, passphrase: &str, now: Timestamp) -> Result<Bundle, Problem> {
        let secrets = Secrets { passphrase, device: &device.key, own: &record.key };
        let bundle = Bundle::read(Reader::open(path, device.id, secrets)?)?;
        let statement = &bundle.index.signed.statement;
        if !is_signed(&bundle.index.signed)
            || statement.id != record.id
            || statement.device != device.id
            || statement.reviewer != record.user
        {
            return Err(Problem::new(0, problem::code::BUNDLE_FORGED, "the bundle is not what was signed"));
        }
        if now >= statement.expires_at {
            let expired = Problem::new(0, problem::code::BUNDLE_EXPIRED, "the bundle has expired");
            return Err(expired.with("at", statement.expires_at));
        }
        if now.checked_add(BEHIND).is_ok_and(|now| now < statement.issued_at) {
            return Err(Problem::new(0, code::CLOCK, "the clock is before the bundle was taken").with("at", statement.issued_at));
        }
        Ok(bundle)
    }

    fn read(reader: Reader) -> Result<Bundle, Problem> {
        let damaged = |_| Problem::from(SealError::Damaged);
        let index: Index = serde_json::from_slice(reader.index()).map_err(damaged)?;
        let mut details = HashMap::new();
        for photo in &index.photos {
            let detail: Submission = serde_json::from_slice(&reader.frame(photo.detail)?).map_err(damaged)?;
            details.insert(photo.submission, detail);
        }
        Ok(Bundle { reader, index, details, since: Mutex::default() })
    }

    /// A photo was decided at the server.
    pub fn settle(&self, outcome: &ReviewOutcome) {
        self.since().settled.insert(outcome.submission, outcome.clone());
    }

    /// People were erased: nothing of them is given out any more.
    pub fn forget(&self, erased: &[Uuid]) {
        self.since().erased.extend(erased);
    }

    fn since(&self) -> MutexGuard<'_, Since> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A photo as it stands now, as far as is known here.
    fn detail(&self, id: Uuid) -> Option<Submission> {
        let since = self.since();
        let mut detail = self.details.get(&id).filter(|_| !since.erased.contains(&id))?.clone();
        if let Some(outcome) = since.settled.get(&id) {
            let row = &mut detail.summary;
            (row.status, row.version, row.decision, row.held_until) =
                (outcome.status, outcome.version, outcome.decision, outcome.held_until);
            // Reviewed, and others must look too.
            row.reviewed_by_me = outcome.decision.is_none();
        }
        Some(detail)
    }

    #[must_use]
    pub fn id(&self) -> Uuid {
        self.signed().statement.id
    }

    #[must_use]
    pub fn signed(&self) -> &SignedBundle {
        &self.index.signed
    }

    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.signed().statement.expires_at
    }

    /// Who took it.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.index.user
    }

    /// The server it was taken from.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.index.server
    }

    #[must_use]
    pub fn season(&self) -> &Season {
        &self.index.season
    }

    #[must_use]
    pub fn unit(&self) -> &str {
        &self.signed().statement.unit
    }

    #[must_use]
    pub fn photos(&self) -> usize {
        self.index.photos.len()
    }

    /// The counts of what is in it.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let details: Vec<_> = self.index.photos.iter().filter_map(|photo| self.detail(photo.submission)).collect();
        let of = |status| i64::try_from(details.iter().filter(|detail| detail.summary.status == status).count()).unwrap_or(0);
        let unit = &self.index.unit;
        let unit = UnitProgress {
            unit: unit.unit.clone(),
            unit_name: unit.unit_name.clone(),
            students: i64::try_from(self.photos()).unwrap_or(0),
            captured_students: i64::try_from(self.photos()).unwrap_or(0),
            pending: of(Status::Pending),
            machine_refused: of(Status::MachineRefused),
            held: of(Status::Held),
            rejected: of(Status::Rejected),
            ..UnitProgress::default()
        };
        Progress::of(vec![unit])
    }

    /// Its rows, in the order in which they were taken.
    #[must_use]
    pub fn submissions(&self, query: &SubmissionQuery) -> Page<SubmissionSummary> {
        let here = query.season == self.season().code && query.unit.as_deref().is_none_or(|unit| unit == self.unit());
        let rows = self.index.photos.iter().filter_map(|photo| self.detail(photo.submission)).map(|detail| {
            let checks = detail.report.iter().flat_map(|report| &report.checks).filter(|check| query.measured.contains(&check.id));
            let measured = checks.map(|check| Measured { check: check.id, value: check.value, verdict: check.verdict }).collect();
            SubmissionSummary { measured, ..detail.summary }
        });
        let items = rows.filter(|row| here && query.status.is_none_or(|status| status == row.status)).collect();
        Page { items, next: None }
    }

    /// A photo whole, its pictures those that are here.
    ///
    /// # Errors
    /// `bundle_not_here`.
    pub fn submission(&self, id: Uuid) -> Result<Submission, Problem> {
        self.detail(id).ok_or_else(not_here)
    }

    /// The bytes of a picture.
    ///
    /// # Errors
    /// `bundle_not_here`, or that the file is damaged.
    pub fn picture(&self, id: Uuid, kind: PictureKind) -> Result<Vec<u8>, Problem> {
        let erased = self.since().erased.contains(&id);
        let photo = self.index.photos.iter().find(|photo| photo.submission == id && !erased).ok_or_else(not_here)?;
        let frame = photo.pictures.iter().find(|(known, _)| *known == kind).ok_or_else(not_here)?.1;
        Ok(self.reader.frame(frame)?)
    }
}

fn not_here() -> Problem {
    Problem::new(404, code::NOT_HERE, "the bundle does not hold this")
}

/// Whether the statement is what the key that came with it signed. Whether that key is the house's, the house says when the bundle comes back.
fn is_signed(signed: &SignedBundle) -> bool {
    let (Some(key), Some(signature)) = (digits(&signed.public_key), digits(&signed.signature)) else { return false };
    UnparsedPublicKey::new(&ED25519, key).verify(&signed.statement.message(), &signature).is_ok()
}

fn digits(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}
