//! From a captured photo to one that waits for people: the darkroom works on a thread of its own, blobs are written, then one transaction.
//!
//! Killed at any point and run again, it writes the same blobs under the same names or records the outcome once.

use std::sync::Arc;

use crate::{
    api::submission::PictureKind,
    backend::{
        blobs::{BlobError, BlobKind},
        state::State,
        store::{
            StoreResult,
            types::{AttemptWork, Job, JobKind, MachineOutcome, PANICKED},
        },
    },
    domain::{
        adjustment::Adjustments,
        check::{CheckId, Verdict, failed_reasons, worst},
        comparison::Comparison,
        id_card::CardRecord,
        reason::Reason,
        report::Report,
    },
};

/// A photo that kills the process this often is refused, so that it cannot keep the others waiting for ever.
const MOST_TRIES: u32 = 5;

/// What a picture is turned into. Slow, without IO; called on a thread that may block.
pub trait Darkroom: Send + Sync {
    /// The photo as it may be kept: the same picture without the place where it was taken.
    ///
    /// # Errors
    /// The code of what is wrong with a file that is no picture.
    fn without_location(&self, photo: &[u8]) -> Result<Vec<u8>, &'static str>;

    /// Finishes the original of a photo anew, as a person wants it, and proves it. The same request gives the same bytes.
    ///
    /// # Errors
    /// Why not.
    fn rework(&self, original: &[u8], standard: &str, wanted: &Adjustments) -> Result<Reworked, NotReworked>;

    /// Judges and standardizes `photo`; where there is an ID card, compares what is written on it with `record`, cuts out its portrait and, unless
    /// no bands are given, compares the photo with that.
    fn process(&self, photo: &[u8], id_card: Option<&[u8]>, record: &CardRecord, standard: &str, cohort: Option<&str>) -> Developed;
}

/// A photo that was finished as a person wanted it.
#[derive(Clone)]
pub struct Reworked {
    pub jpeg: Vec<u8>,
    pub report: Report,
}

/// Why a photo was not finished as it was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotReworked {
    /// Beyond what the standard allows any photo.
    Beyond(CheckId),
    /// The engine refuses this photo so.
    Refused(Vec<Reason>),
    /// It could not be proved that nothing else was changed.
    NotProved,
    /// The season's standard does not exist.
    NoStandard,
}

/// What the darkroom made of a photo.
#[derive(Debug, Clone, Default)]
pub struct Developed {
    /// At most 900×1200, upright; absent where the photo cannot be decoded.
    pub preview: Option<Vec<u8>>,
    /// At most 120×160.
    pub thumb: Option<Vec<u8>>,
    /// The standardized photo; absent where the machine refused.
    pub standard: Option<Vec<u8>>,
    pub report: Option<Report>,
    /// Why the machine refused; empty where it did not.
    pub reasons: Vec<Reason>,
    /// The portrait cut from the ID card.
    pub portrait: Option<Vec<u8>>,
    pub comparison: Option<Comparison>,
    /// What is wrong with the ID card.
    pub id_card_reasons: Vec<Reason>,
}

/// Does one attempt, if one waits. Says whether one did.
///
/// # Errors
/// When the store fails; the job then comes back.
pub async fn one(state: &State) -> StoreResult<bool> {
    let Some(job) = super::take(state, JobKind::Standardize).await? else { return Ok(false) };
    let Some(work) = state.store.attempt_work(&job, state.clock.now()).await? else { return Ok(true) };
    if job.tries > MOST_TRIES {
        tracing::error!(attempt = %work.attempt, "given up: refused as unreadable");
        state.store.save_outcome(&job, &unreadable(), state.clock.now()).await?;
        return Ok(true);
    }
    match super::alive(state, &job, develop(state, work)).await {
        Ok(outcome) => state.store.save_outcome(&job, &outcome, state.clock.now()).await?,
        Err(error) => {
            tracing::warn!(%error, job = job.id, tries = job.tries, "standardizing is postponed");
            postpone(state, &job, &error).await?;
        }
    }
    Ok(true)
}

/// Why an attempt could not be developed now.
#[derive(Debug, thiserror::Error)]
enum DevelopError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("the darkroom panicked")]
    Panicked,
}

async fn postpone(state: &State, job: &Job, error: &DevelopError) -> StoreResult<()> {
    let code = match error {
        DevelopError::Blob(BlobError::Full) => "storage_full",
        DevelopError::Blob(BlobError::Away) => "storage_away",
        DevelopError::Blob(_) => "blob",
        DevelopError::Panicked => PANICKED,
    };
    state.store.postpone_job(job, state.clock.now() + super::backoff(job.tries), code).await
}

async fn develop(state: &State, work: AttemptWork) -> Result<MachineOutcome, DevelopError> {
    let photo = state.blobs.get(&work.original).await?;
    let id_card = match &work.id_card {
        Some(name) => Some(state.blobs.get(name).await?),
        None => None,
    };
    let (attempt, school, darkroom) = (work.attempt, work.school, Arc::clone(&state.parts.darkroom));
    let developed =
        super::on_a_thread(move || darkroom.process(&photo, id_card.as_deref(), &work.record, &work.standard, work.cohort.as_deref()))
            .await
            .map_err(|_| DevelopError::Panicked)?;
    let pictures = [
        (PictureKind::Preview, &developed.preview),
        (PictureKind::Thumb, &developed.thumb),
        (PictureKind::Standard, &developed.standard),
        (PictureKind::Portrait, &developed.portrait),
    ];
    let mut stored = vec![];
    for (kind, bytes) in pictures {
        if let Some(bytes) = bytes {
            stored.push(state.blobs.put(&school, attempt, BlobKind::Picture(kind), bytes).await?);
        }
    }
    Ok(MachineOutcome { blobs: stored, ..judge(developed) })
}

/// What the store is to know of it, but for the blobs.
fn judge(developed: Developed) -> MachineOutcome {
    let checks = developed.report.as_ref().map(|report| report.checks.as_slice()).unwrap_or_default();
    let standardized = developed.standard.is_some() && developed.report.is_some();
    let mut reasons = failed_reasons(checks);
    reasons.extend(&developed.reasons);
    reasons.extend(&developed.id_card_reasons);
    if !standardized && reasons.is_empty() {
        reasons.push(Reason::Unreadable);
    }
    reasons.sort_unstable();
    reasons.dedup();
    let checks = if standardized { worst(checks) } else { Verdict::Fail };
    MachineOutcome { standardized, checks, reasons, report: developed.report, comparison: developed.comparison, blobs: vec![] }
}

fn unreadable() -> MachineOutcome {
    judge(Developed { reasons: vec![Reason::Unreadable], ..Developed::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_always_has_a_reason_and_fails() {
        let outcome = judge(Developed::default());
        assert_eq!((outcome.standardized, outcome.checks, outcome.reasons), (false, Verdict::Fail, vec![Reason::Unreadable]));
    }

    #[test]
    fn what_is_wrong_with_the_card_is_told_beside_what_is_wrong_with_the_photo() {
        let developed = Developed {
            reasons: vec![Reason::FaceCount],
            id_card_reasons: vec![Reason::IdUnclear, Reason::IdUnclear],
            ..Developed::default()
        };
        assert_eq!(judge(developed).reasons, vec![Reason::FaceCount, Reason::IdUnclear]);
    }
}
