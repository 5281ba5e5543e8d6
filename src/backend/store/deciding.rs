//! Deciding: reviews are rows, the decision is computed from them, held for a while, then frozen.
//!
//! Each method is one transaction. A review that does not decide leaves no trace that a second reviewer could read: no new version, no event, no
//! verdict in the audit.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    attempts::{self, AttemptRow, Holding},
    audit::{self, Line},
    bundles, claims,
    database::{Write, sql},
    deliveries, idempotency, intake, jobs, notices, policy, seasons, values,
};
use crate::{
    api::submission::{NoticeKind, ReviewOutcome},
    backend::store::{
        StoreError, StoreResult,
        types::{Answered, GivenReview, Intention, Job, JobKind},
    },
    domain::{
        access::{Principal, Role},
        lifecycle::{
            Refusal,
            attempt::{AttemptEvent, AttemptState},
            enrolment::EnrolmentEvent,
        },
        reason::Reason,
        review::{Decision, Review, ReviewVerdict, Standing, standing},
    },
};

/// Deciding: one transaction each, of state, audit row, counters, event, follow-up job, lease end and idempotency record.
#[async_trait]
pub trait Deciding: Send + Sync {
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
    /// Freezes a held decision whose time is over, enqueues its notice, ends the job.
    async fn freeze(&self, job: &Job, now: Timestamp) -> StoreResult<()>;
}

#[async_trait]
impl Deciding for SqlStore {
    async fn review(&self, principal: &Principal, id: Uuid, review: &GivenReview, now: Timestamp) -> StoreResult<ReviewOutcome> {
        self.review_once(principal, id, review, None, now).await.map(|answered| answered.outcome)
    }

    async fn undo(&self, principal: &Principal, id: Uuid, intention: &Intention, now: Timestamp) -> StoreResult<ReviewOutcome> {
        let mut write = self.database.write().await?;
        if let Some(answer) = idempotency::answered(&mut write, principal, intention).await? {
            return Ok(answer);
        }
        let mut attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        attempt.demand(intention.version)?;
        attempt.state.after(AttemptEvent::Undo)?;
        // The time is over even where the machine has not come round to freezing it.
        if attempt.held_until.is_none_or(|until| until <= now) {
            return Err(Refusal::AlreadyDecided.into());
        }
        if attempt.decided_by != Some(principal.user) && principal.role != Role::Admin {
            return Err(StoreError::Forbidden);
        }
        // Only the voice that decided is taken back; the others' reviews still count.
        sql("UPDATE reviews SET withdrawn_at = ? WHERE attempt = ? AND reviewer = ? AND withdrawn_at IS NULL")
            .bind(values::time(now))
            .bind(values::id(id))
            .bind(attempt.decided_by.map(values::id))
            .execute(&mut write)
            .await?;
        attempt.advance(&mut write, AttemptEvent::Undo, None, now).await?;
        jobs::remove(&mut write, JobKind::Freeze, id).await?;
        audit::append(&mut write, now, Line { actor: Some(principal.user), ..line_of(&attempt, "decision.undone") }).await?;
        let answer = outcome(&attempt);
        idempotency::keep(&mut write, principal, intention, &answer, now).await?;
        write.commit().await?;
        Ok(answer)
    }

    async fn retake_notice(
        &self,
        principal: &Principal,
        id: Uuid,
        intention: Option<&Intention>,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome> {
        let mut write = self.database.write().await?;
        if let Some(intention) = intention
            && let Some(answer) = idempotency::answered(&mut write, principal, intention).await?
        {
            return Ok(answer);
        }
        let attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        if let Some(intention) = intention {
            attempt.demand(intention.version)?;
        }
        if attempt.state != AttemptState::Rejected {
            return Err(Refusal::NotRejected.into());
        }
        // Who has handed in a new photo needs no notice to take one.
        let later: bool = sql("SELECT EXISTS (SELECT 1 FROM attempts WHERE student = ? AND status NOT IN ('rejected', 'withdrawn'))")
            .bind(values::id(attempt.student))
            .fetch_value(&mut write)
            .await?;
        if later {
            return Err(Refusal::AlreadySubmitted.into());
        }
        let rules = seasons::rules(&mut write, &attempt.school, &attempt.season).await?;
        let sent: i64 =
            sql("SELECT count(*) FROM notices WHERE attempt = ? AND kind = 'retake'").bind(values::id(id)).fetch_value(&mut write).await?;
        if sent >= i64::from(rules.notices_per_rejection) {
            return Err(StoreError::NoticeLimit { limit: rules.notices_per_rejection });
        }
        notices::enqueue(&mut write, &attempt, NoticeKind::Retake, now).await?;
        audit::append(&mut write, now, Line { actor: Some(principal.user), ..line_of(&attempt, "notice.retake") }).await?;
        let answer = outcome(&attempt);
        if let Some(intention) = intention {
            idempotency::keep(&mut write, principal, intention, &answer, now).await?;
        }
        write.commit().await?;
        Ok(answer)
    }

    async fn freeze(&self, job: &Job, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        let attempt = attempts::load(&mut write, job.subject).await?;
        let Some((mut attempt, until)) = attempt.and_then(|attempt| attempt.held_until.map(|until| (attempt, until))) else {
            jobs::finish(&mut write, job).await?;
            return write.commit().await;
        };
        if until > now {
            jobs::put_back(&mut write, job, until, None).await?;
            return write.commit().await;
        }
        // Before the counters, as everybody does who needs both.
        let enrolment = intake::enrolment(&mut write, attempt.student).await?;
        attempt.advance(&mut write, AttemptEvent::Freeze, None, now).await?;
        let kind = match attempt.decision() {
            Some(Decision::Approve) => {
                // A part in the season that ended meanwhile stays ended; the photo is approved all the same.
                if let Ok(state) = enrolment.after(EnrolmentEvent::Finish) {
                    intake::set_enrolment(&mut write, attempt.student, state, now).await?;
                }
                deliveries::begin(&mut write, &attempt, now).await?;
                NoticeKind::Approved
            }
            _ => NoticeKind::Rejected,
        };
        notices::enqueue(&mut write, &attempt, kind, now).await?;
        audit::append(&mut write, now, line_of(&attempt, "decision.frozen")).await?;
        jobs::finish(&mut write, job).await?;
        write.commit().await
    }
}

impl SqlStore {
    /// A review, perhaps out of a bundle; says whether it had been given before under the same key.
    pub(super) async fn review_once(
        &self,
        principal: &Principal,
        id: Uuid,
        review: &GivenReview,
        bundle: Option<Uuid>,
        now: Timestamp,
    ) -> StoreResult<Answered<ReviewOutcome>> {
        let mut write = self.database.write().await?;
        if let Some(answer) = idempotency::answered(&mut write, principal, &review.intention).await? {
            return Ok(Answered { outcome: answer, again: true });
        }
        if let Some(bundle) = bundle {
            bundles::admit(&mut write, principal, bundle, id, now).await?;
        }
        let mut attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        attempt.demand(review.intention.version)?;
        attempt.state.after(AttemptEvent::Decide(review.verdict.decision()))?;
        if review.rendition != attempt.rendition {
            return Err(StoreError::OtherRendition);
        }
        // When somebody looked who had no network, nobody knows.
        let took = if bundle.is_none() { policy::took(&mut write, principal, &attempt, now).await? } else { None };
        insert_review(&mut write, principal, &attempt, review, took, now).await?;
        policy::admit(principal, &attempt)?;

        let reviews = reviews_that_count(&mut write, id).await?;
        match standing(&reviews, attempt.reviews_needed) {
            Standing::Open { .. } => {
                attempt.state.after(AttemptEvent::AskAnother)?;
                claims::end_lease(&mut write, id, principal.user).await?;
                let rules = seasons::rules(&mut write, &attempt.school, &attempt.season).await?;
                policy::pass_on(&mut write, principal, &attempt, &reviews, &rules).await?;
                let details = out_of(bundle);
                let line = Line { actor: Some(principal.user), details, ..line_of(&attempt, "review.given") };
                audit::append(&mut write, now, line).await?;
            }
            Standing::Decided { decision, reasons } => {
                let rules = seasons::rules(&mut write, &attempt.school, &attempt.season).await?;
                let until = now + Duration::from_secs(rules.held_seconds.into());
                let holding = Holding { reasons, decided_by: principal.user, until };
                attempt.advance(&mut write, AttemptEvent::Decide(decision), Some(holding), now).await?;
                jobs::enqueue(&mut write, &attempt.school, &attempt.season, JobKind::Freeze, id, until, now).await?;
                let mut details = vec![("decision", values::code(&decision)?), ("reasons", codes(&attempt.decision_reasons))];
                details.extend(out_of(bundle));
                let line = Line { actor: Some(principal.user), details, ..line_of(&attempt, "decision.held") };
                audit::append(&mut write, now, line).await?;
            }
        }
        let answer = outcome(&attempt);
        idempotency::keep(&mut write, principal, &review.intention, &answer, now).await?;
        write.commit().await?;
        Ok(Answered { outcome: answer, again: false })
    }
}

/// What the audit says of a review that came out of a bundle.
fn out_of(bundle: Option<Uuid>) -> Vec<(&'static str, String)> {
    bundle.map(|bundle| ("bundle", bundle.to_string())).into_iter().collect()
}

async fn insert_review(
    write: &mut Write,
    principal: &Principal,
    attempt: &AttemptRow,
    review: &GivenReview,
    took: Option<Duration>,
    now: Timestamp,
) -> StoreResult<()> {
    let rounds = sql("SELECT coalesce(max(round), 0) AS last, count(*) FILTER (WHERE withdrawn_at IS NULL) AS counting FROM reviews
         WHERE attempt = ? AND reviewer = ?")
    .bind(values::id(attempt.id))
    .bind(values::id(principal.user))
    .fetch_one(&mut *write)
    .await?;
    if rounds.number("counting")? > 0 {
        return Err(StoreError::AlreadyReviewed);
    }
    sql("INSERT INTO reviews (id, school, season, attempt, reviewer, round, verdict, reasons, rendition, at, took)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    .bind(values::id(Uuid::now_v7()))
    .bind(&attempt.school)
    .bind(&attempt.season)
    .bind(values::id(attempt.id))
    .bind(values::id(principal.user))
    .bind(rounds.number("last")? + 1)
    .bind(values::code(&review.verdict.decision())?)
    .bind(values::json(&review.verdict.reasons())?)
    .bind(review.rendition.map(values::id))
    .bind(values::time(now))
    .bind(took.map(|took| i64::try_from(took.as_millis()).unwrap_or(i64::MAX)))
    .execute(&mut *write)
    .await?;
    Ok(())
}

async fn reviews_that_count(write: &mut Write, attempt: Uuid) -> StoreResult<Vec<Review>> {
    let rows = sql("SELECT reviewer, verdict, reasons FROM reviews WHERE attempt = ? AND withdrawn_at IS NULL ORDER BY at")
        .bind(values::id(attempt))
        .fetch_all(&mut *write)
        .await?;
    rows.iter()
        .map(|row| {
            let verdict = match row.code::<Decision>("verdict")? {
                Decision::Approve => ReviewVerdict::Approve,
                Decision::Reject => ReviewVerdict::Reject { reasons: row.json("reasons")? },
            };
            Ok(Review { reviewer: row.id("reviewer")?, verdict })
        })
        .collect()
}

pub(super) fn outcome(attempt: &AttemptRow) -> ReviewOutcome {
    ReviewOutcome {
        submission: attempt.id,
        status: attempt.state.status(),
        version: attempt.version,
        decision: attempt.decision(),
        held_until: attempt.held_until,
    }
}

pub(super) fn line_of<'a>(attempt: &'a AttemptRow, action: &'static str) -> Line<'a> {
    Line { season: Some(&attempt.season), unit: Some(&attempt.unit), attempt: Some(attempt.id), ..Line::of(&attempt.school, action) }
}

fn codes(reasons: &[Reason]) -> String {
    reasons.iter().map(|reason| reason.code()).collect::<Vec<_>>().join(",")
}
