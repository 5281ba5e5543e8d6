//! Photos on their way to the backend: four at a time, patient with a network that fails for a moment.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::folder::{Photo, key};
use crate::api::problem::{Problem, code};
use crate::api::submission::{NewSubmission, SubmissionSummary};
use crate::client::Http;
use crate::client::http::{asked_to_wait, is_passing};

/// More at once would only queue up in the backend.
const AT_ONCE: usize = 4;
/// A larger photo is no photo of a person, in bytes.
const LARGEST_PHOTO: u64 = 40 << 20;

/// How long to try again what may pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub tries: u32,
    /// Before the second try; doubled before each further one.
    pub first: Duration,
}

impl Patience {
    /// Half a minute in all.
    pub(super) const DEFAULT: Patience = Patience { tries: 7, first: Duration::from_millis(500) };

    /// Does something until it succeeds, fails for good, or patience ends.
    pub(super) async fn with<T, F: Future<Output = Result<T, Problem>>>(self, mut action: impl FnMut() -> F) -> Result<T, Problem> {
        let mut pause = self.first;
        let mut left = self.tries;
        loop {
            left = left.saturating_sub(1);
            match action().await {
                Err(problem) if left > 0 && is_passing(&problem) => tokio::time::sleep(pause.max(asked_to_wait(&problem))).await,
                result => return result,
            }
            pause *= 2;
        }
    }
}

/// What became of one photo.
#[derive(Debug)]
pub(super) enum Outcome {
    Uploaded(Box<SubmissionSummary>),
    /// The backend had it already.
    Exists(Box<SubmissionSummary>),
    /// No student of the season has this number.
    Unmatched,
    Refused(Problem),
    /// The file itself could not be read.
    Unreadable,
}

/// Hands in every photo, and tells what became of each as soon as it is known.
///
/// # Errors
/// What stops the whole: the network, the session, the season. Photos told before it are safe.
pub(super) async fn upload<E: From<Problem>>(
    http: &Http,
    season: &str,
    photos: &[Photo],
    cards: &HashMap<String, PathBuf>,
    patience: Patience,
    mut tell: impl FnMut(&Photo, Outcome) -> Result<(), E>,
) -> Result<(), E> {
    let mut running = stream::iter(photos)
        .map(|photo| async move { (photo, hand_in(http, season, photo, cards.get(&key(&photo.student)), patience).await) })
        .buffer_unordered(AT_ONCE);
    while let Some((photo, outcome)) = running.next().await {
        tell(photo, outcome?)?;
    }
    Ok(())
}

async fn hand_in(http: &Http, season: &str, photo: &Photo, card: Option<&PathBuf>, patience: Patience) -> Result<Outcome, Problem> {
    let bytes = match read(&photo.path).await {
        Ok(bytes) => bytes,
        Err(outcome) => return Ok(outcome),
    };
    let card = match card {
        None => None,
        Some(path) => match read(path).await {
            Ok(bytes) => Some(bytes),
            Err(outcome) => return Ok(outcome),
        },
    };
    // The backend compares student numbers letter by letter; a folder's names have often lost their case.
    for student in spellings(&photo.student) {
        let about = NewSubmission { season: season.to_owned(), student };
        match patience.with(|| http.submit(&about, bytes.clone(), card.clone())).await {
            Ok((submission, true)) => return Ok(Outcome::Uploaded(Box::new(submission))),
            Ok((submission, false)) => return Ok(Outcome::Exists(Box::new(submission))),
            Err(problem) if problem.code == code::STUDENT_UNKNOWN => {}
            Err(problem) if stops_everything(&problem) => return Err(problem),
            Err(problem) => return Ok(Outcome::Refused(problem)),
        }
    }
    Ok(Outcome::Unmatched)
}

/// A student's number as the file has it, then in capitals, then in small letters; one where there are no letters.
fn spellings(student: &str) -> Vec<String> {
    let mut spellings = vec![student.to_owned()];
    for spelling in [student.to_uppercase(), student.to_lowercase()] {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    spellings
}

/// What would meet every other photo too.
fn stops_everything(problem: &Problem) -> bool {
    is_passing(problem)
        || !(400..500).contains(&problem.status)
        || matches!(problem.status, 401 | 403)
        || matches!(problem.code.as_str(), code::SEASON_UNKNOWN | code::NOT_FOUND | code::STORAGE_FULL)
}

async fn read(path: &Path) -> Result<Vec<u8>, Outcome> {
    let size = tokio::fs::metadata(path).await.map_err(|_| Outcome::Unreadable)?.len();
    if size > LARGEST_PHOTO {
        return Err(Outcome::Refused(Problem::new(0, "photo_too_large", "the file is too large").with("limit", LARGEST_PHOTO >> 20)));
    }
    tokio::fs::read(path).await.map_err(|_| Outcome::Unreadable)
}
