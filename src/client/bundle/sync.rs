//! How a decision comes back from a bundle: accepted, the same already, or refused for its reviewer to look at.
//!
//! An intention keeps its key through every try, so that what the server has once is never done twice, whatever died in between. Order is the
//! journal's, never a clock's.

use uuid::Uuid;

use super::register::Register;
use crate::{
    api::{
        bundle::BundleStanding,
        problem::{Problem, code},
        submission::{NewReview, ReviewOutcome, Submission},
    },
    client::{
        http::Http,
        outbox::{self, Act, Entry},
    },
    domain::{lifecycle::attempt::Status, review::Decision},
};

/// What became of an intention.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// The server did it, now or at an earlier try.
    Done(ReviewOutcome),
    /// Somebody decided the same meanwhile: nothing is left to do.
    Same(ReviewOutcome),
    /// The server refused for good.
    Refused(Problem),
}

/// Sends an intention once.
///
/// # Errors
/// What may be otherwise later: the intention stays.
pub async fn settle(http: &Http, entry: &Entry) -> Result<Settled, Problem> {
    let refusal = match entry.send(http).await {
        Ok(outcome) => return Ok(Settled::Done(outcome)),
        Err(passing) if outbox::stays(&passing) => return Err(passing),
        Err(refusal) => refusal,
    };
    let Act::Review(review) = &entry.act else { return Ok(Settled::Refused(refusal)) };
    // Whoever decides on line sees what others do; only who had no network may have said what was said already.
    if entry.bundle.is_none() || !may_be_decided(&refusal) {
        return Ok(Settled::Refused(refusal));
    }
    match http.submission(entry.submission).await {
        Ok(stands) if is_same(review, &stands) => Ok(Settled::Same(outcome(&stands))),
        Err(passing) if outbox::stays(&passing) => Err(passing),
        _ => Ok(Settled::Refused(refusal)),
    }
}

fn may_be_decided(refusal: &Problem) -> bool {
    let codes = [code::STALE_VERSION, code::BUNDLE_EXPIRED, code::BUNDLE_ENDED, "already_decided", "not_pending"];
    codes.contains(&refusal.code.as_str())
}

/// What stands, where it is a decision that the asker may see.
#[must_use]
pub fn decision_of(stands: &Submission) -> Option<Decision> {
    match stands.summary.status {
        Status::Held => stands.summary.decision,
        Status::Approved => Some(Decision::Approve),
        Status::Rejected => Some(Decision::Reject),
        _ => None,
    }
}

/// Whether what stands is what was decided here: of the same rendition, for the same reasons.
fn is_same(review: &NewReview, stands: &Submission) -> bool {
    let mut reasons = stands.decision_reasons.clone();
    reasons.sort_unstable();
    decision_of(stands) == Some(review.verdict.decision()) && review.rendition == stands.rendition && review.verdict.reasons() == reasons
}

fn outcome(stands: &Submission) -> ReviewOutcome {
    ReviewOutcome {
        submission: stands.summary.id,
        status: stands.summary.status,
        version: stands.summary.version,
        decision: decision_of(stands),
        held_until: stands.summary.held_until,
    }
}

/// Asks how a bundle stands that comes back. `None` where the device remembers nothing that could be asked about.
///
/// # Errors
/// `bundle_forged` and `bundle_foreign`, or that no answer came.
pub async fn standing(http: &Http, register: &Register, id: Uuid) -> Result<Option<BundleStanding>, Problem> {
    match register.find(id).ok().flatten().and_then(|record| record.signed) {
        Some(signed) => http.check_bundle(&signed).await.map(Some),
        None => Ok(None),
    }
}
