//! Reworking: a rendition that a person had made from the same original. The old ones stay; the photo waits for reviews of the new one.
//!
//! A review speaks of the rendition that was seen. Those that were given on the one before no longer count, and their reviewers may judge again;
//! whoever reworks learns nothing of what they said.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    attempts::{self, AttemptRow},
    audit::{self, Line},
    database::{Write, sql},
    deciding::{line_of, outcome},
    entitlements, golden, idempotency, intake, policy, reviews, seasons, values,
};
use crate::{
    api::submission::ReviewOutcome,
    backend::store::{
        StoreError, StoreResult,
        types::{GivenRendition, Intention, ReworkWork},
    },
    domain::{
        access::Principal,
        check::{CheckId, failed_reasons, worst},
        lifecycle::{
            attempt::{AttemptEvent, AttemptState},
            entitlement::Guarded,
        },
        reason::Reason,
        report::Report,
    },
};

/// What stands before the engine's work.
#[derive(Debug, Clone, PartialEq)]
pub enum BeforeRework {
    /// The same intention was carried out before.
    Answered(ReviewOutcome),
    Work(ReworkWork),
}

/// Reworking: asked before the engine works, and recorded after.
#[async_trait]
pub trait Reworking: Send + Sync {
    /// What the engine needs; refuses what the end would refuse, before anybody works for it.
    async fn before_rework(&self, principal: &Principal, id: Uuid, intention: &Intention) -> StoreResult<BeforeRework>;
    /// Records a rendition whose picture lies ready, under the name of who had it made. The reviewer's lease goes on.
    async fn rework(&self, principal: &Principal, id: Uuid, given: &GivenRendition, now: Timestamp) -> StoreResult<ReviewOutcome>;
    /// Whether a blob belongs to anything.
    async fn keeps_blob(&self, name: &str) -> StoreResult<bool>;
}

#[async_trait]
impl Reworking for SqlStore {
    async fn before_rework(&self, principal: &Principal, id: Uuid, intention: &Intention) -> StoreResult<BeforeRework> {
        let mut write = self.database.write().await?;
        if let Some(answer) = idempotency::answered(&mut write, principal, intention).await? {
            return Ok(BeforeRework::Answered(answer));
        }
        let attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        let standard = admit(&mut write, principal, &attempt, intention).await?;
        let owner = shown(&mut write, id).await?;
        let original: Option<String> =
            sql("SELECT name FROM blobs WHERE attempt = ? AND kind = 'original' AND purging_at IS NULL ORDER BY created_at DESC LIMIT 1")
                .bind(values::id(owner))
                .fetch_value_optional(&mut write)
                .await?;
        write.rollback().await?;
        Ok(BeforeRework::Work(ReworkWork { owner, school: attempt.school, standard, original: original.ok_or(StoreError::NotFound)? }))
    }

    async fn rework(&self, principal: &Principal, id: Uuid, given: &GivenRendition, now: Timestamp) -> StoreResult<ReviewOutcome> {
        let mut write = self.database.write().await?;
        if let Some(answer) = idempotency::answered(&mut write, principal, &given.intention).await? {
            return Ok(answer);
        }
        let mut attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        admit(&mut write, principal, &attempt, &given.intention).await?;
        let owner = shown(&mut write, id).await?;
        intake::insert_blobs(&mut write, &attempt.school, golden::shared(&attempt.season), owner, std::slice::from_ref(&given.blob), now)
            .await?;
        attempt.rendition = Some(insert_rendition(&mut write, principal, &attempt, given, now).await?);
        reviews::void(&mut write, id, now).await?;
        let lease = Lease::of(&mut write, id, principal.user, now).await?;
        attempt.advance(&mut write, AttemptEvent::Rework, None, now).await?;
        if let Some(lease) = lease {
            lease.goes_on(&mut write, id, principal.user).await?;
        }
        let adjustments = given.report.rework.as_ref().map(|rework| values::json(&rework.adjustments)).transpose()?;
        let line = Line {
            actor: Some(principal.user),
            details: vec![("adjustments", adjustments.unwrap_or_default())],
            ..line_of(&attempt, "rendition.reworked")
        };
        audit::append(&mut write, now, line).await?;
        let answer = outcome(&attempt);
        idempotency::keep(&mut write, principal, &given.intention, &answer, now).await?;
        write.commit().await?;
        Ok(answer)
    }

    async fn keeps_blob(&self, name: &str) -> StoreResult<bool> {
        sql("SELECT EXISTS (SELECT 1 FROM blobs WHERE name = ?)").bind(name).fetch_value(&self.database).await
    }
}

/// Whether this person may have this photo reworked now; the season's standard.
async fn admit(write: &mut Write, principal: &Principal, attempt: &AttemptRow, intention: &Intention) -> StoreResult<String> {
    attempt.demand(intention.version)?;
    attempt.state.after(AttemptEvent::Rework)?;
    policy::admit(principal, attempt)?;
    let rules = seasons::rules(&mut *write, &attempt.school, &attempt.season).await?;
    if attempt.state == AttemptState::MachineRefused {
        // From there it comes among those that wait, as a photo that the machine finished would: not before it is paid for.
        entitlements::admit(write, attempt.student, Guarded::Submission, rules.guarded).await?;
    }
    Ok(rules.standard)
}

/// The attempt whose pictures this one shows: its own, but for a golden item.
async fn shown(write: &mut Write, id: Uuid) -> StoreResult<Uuid> {
    let row = sql("SELECT coalesce(golden_source, id) AS shown FROM attempts WHERE id = ?").bind(values::id(id)).fetch_one(write).await?;
    row.id("shown")
}

async fn insert_rendition(
    write: &mut Write,
    principal: &Principal,
    attempt: &AttemptRow,
    given: &GivenRendition,
    now: Timestamp,
) -> StoreResult<Uuid> {
    let id = Uuid::now_v7();
    sql("INSERT INTO renditions (id, school, season, attempt, number, blob, report, created_at, made_by)
         VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(number), 0) + 1 FROM renditions WHERE attempt = ?4), ?5, ?6, ?7, ?8)")
    .bind(values::id(id))
    .bind(&attempt.school)
    .bind(&attempt.season)
    .bind(values::id(attempt.id))
    .bind(&given.blob.name)
    .bind(values::json(&given.report)?)
    .bind(values::time(now))
    .bind(values::id(principal.user))
    .execute(&mut *write)
    .await?;
    let row = sql("SELECT machine_reasons FROM attempts WHERE id = ?").bind(values::id(attempt.id)).fetch_one(&mut *write).await?;
    sql("UPDATE attempts SET rendition = ?, report = ?, checks = ?, machine_reasons = ? WHERE id = ?")
        .bind(values::id(id))
        .bind(values::json(&given.report)?)
        .bind(values::code(&worst(&given.report.checks))?)
        .bind(values::json(&reasons(&row.json::<Vec<Reason>>("machine_reasons")?, &given.report))?)
        .bind(values::id(attempt.id))
        .execute(&mut *write)
        .await?;
    Ok(id)
}

/// The machine's reasons after a rework: those of the new checks, and what was wrong with the ID card, which no rework changes.
fn reasons(before: &[Reason], report: &Report) -> Vec<Reason> {
    let of_a_check = |reason: Reason| reason == Reason::Unreadable || CheckId::ALL.iter().any(|check| check.reason() == reason);
    let mut reasons = failed_reasons(&report.checks);
    reasons.extend(before.iter().filter(|reason| !of_a_check(**reason)));
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

/// A lease as it stands.
struct Lease {
    until: i64,
    token: Option<Vec<u8>>,
    since: Option<i64>,
}

impl Lease {
    /// The lease that this person has, if they have one.
    async fn of(write: &mut Write, id: Uuid, holder: Uuid, now: Timestamp) -> StoreResult<Option<Lease>> {
        let row = sql("SELECT visible_at, lease_token, leased_at FROM attempts WHERE id = ? AND lease_user = ? AND visible_at > ?")
            .bind(values::id(id))
            .bind(values::id(holder))
            .bind(values::time(now))
            .fetch_optional(write)
            .await?;
        row.map(|row| {
            Ok(Lease {
                until: row.number("visible_at")?,
                token: row.bytes_or_null("lease_token")?,
                since: row.number_or_null("leased_at")?,
            })
        })
        .transpose()
    }

    /// Whoever reworked is still looking at it.
    async fn goes_on(self, write: &mut Write, id: Uuid, holder: Uuid) -> StoreResult<()> {
        sql("UPDATE attempts SET visible_at = ?, lease_user = ?, lease_token = ?, leased_at = ? WHERE id = ?")
            .bind(self.until)
            .bind(values::id(holder))
            .bind(self.token)
            .bind(self.since)
            .bind(values::id(id))
            .execute(write)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::{Check, Why};

    #[test]
    fn what_was_wrong_with_the_card_stays_wrong() {
        let mut report = crate::backend::store::conformance::outcome(Uuid::nil(), None, false).report.unwrap();
        report.checks = vec![Check { verdict: crate::domain::check::Verdict::Fail, ..Check::unknown(CheckId::Blur, Why::Above) }];
        let before = [Reason::CutOff, Reason::IdMismatch, Reason::Unreadable];
        assert_eq!(reasons(&before, &report), [Reason::Blur, Reason::IdMismatch]);
    }
}
