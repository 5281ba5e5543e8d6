//! Reopening: an approval is taken back by two people, before the photo has left the house.
//!
//! The question changes nothing that others see; the confirmation does everything at once: the photo waits for reviews again (those that were
//! given no longer count), the student is no longer done, delivery and prints are gone, and what was told is stopped or corrected.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore, attempts, audit,
    audit::Line,
    database::{Row, Write, locked, sql},
    deciding::{line_of, outcome},
    deliveries, idempotency, intake, notices, reviews, seasons, values,
};
use crate::{
    api::{
        reopening::Reopening,
        submission::{Page, ReviewOutcome},
    },
    backend::store::{StoreError, StoreResult, types::Intention},
    domain::{
        access::Principal,
        lifecycle::{
            attempt::AttemptEvent,
            delivery,
            enrolment::EnrolmentEvent,
            reopening::{ReopeningReason, ReopeningState, may_confirm},
        },
    },
};

/// Taking approvals back.
#[async_trait]
pub trait Reopenings: Send + Sync {
    /// Asks; at most one question about a photo is open.
    async fn ask_reopening(
        &self,
        principal: &Principal,
        id: Uuid,
        reason: ReopeningReason,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<Reopening>;
    /// A second person agrees, and the photo waits for reviews again.
    async fn confirm_reopening(
        &self,
        principal: &Principal,
        id: Uuid,
        reopening: Uuid,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome>;
    /// Who asked takes the question back, or another refuses it; nothing else changes.
    async fn drop_reopening(&self, principal: &Principal, id: Uuid, reopening: Uuid, now: Timestamp) -> StoreResult<()>;
    /// Open questions in scope, oldest first.
    async fn reopenings(
        &self,
        principal: &Principal,
        season: &str,
        cursor: Option<&str>,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Page<Reopening>>;
}

const ONE: super::database::Spelling =
    locked!("SELECT id, attempt, reason, state, asked_by, asked_at, expires_at FROM reopenings WHERE id = ? AND attempt = ?");

#[async_trait]
impl Reopenings for SqlStore {
    async fn ask_reopening(
        &self,
        principal: &Principal,
        id: Uuid,
        reason: ReopeningReason,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<Reopening> {
        let mut write = self.database.write().await?;
        if let Some(answer) = idempotency::answered(&mut write, principal, intention).await? {
            return Ok(answer);
        }
        let attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        attempt.demand(intention.version)?;
        attempt.state.after(AttemptEvent::Reopen)?;
        let (delivery, prints) = deliveries::standing(&mut write, id).await?;
        delivery::may_reopen(delivery, prints)?;
        expire(&mut write, id, now).await?;
        let open: bool = sql("SELECT EXISTS (SELECT 1 FROM reopenings WHERE attempt = ? AND state = 'asked')")
            .bind(values::id(id))
            .fetch_value(&mut write)
            .await?;
        if open {
            return Err(StoreError::ReopeningOpen);
        }
        let rules = seasons::rules(&mut write, &attempt.school, &attempt.season).await?;
        let asked = Reopening {
            id: Uuid::now_v7(),
            submission: id,
            reason,
            state: ReopeningState::Asked,
            asked_by: principal.user,
            asked_at: now,
            expires_at: now + Duration::from_secs(rules.reopening_seconds.into()),
        };
        sql("INSERT INTO reopenings (id, school, season, attempt, reason, state, asked_by, asked_at, expires_at)
             VALUES (?, ?, ?, ?, ?, 'asked', ?, ?, ?)")
        .bind(values::id(asked.id))
        .bind(&attempt.school)
        .bind(&attempt.season)
        .bind(values::id(id))
        .bind(reason.code())
        .bind(values::id(principal.user))
        .bind(values::time(now))
        .bind(values::time(asked.expires_at))
        .execute(&mut write)
        .await?;
        let line = Line {
            actor: Some(principal.user),
            details: vec![("reason", reason.code().to_owned())],
            ..line_of(&attempt, "reopening.asked")
        };
        audit::append(&mut write, now, line).await?;
        idempotency::keep(&mut write, principal, intention, &asked, now).await?;
        write.commit().await?;
        Ok(asked)
    }

    async fn confirm_reopening(
        &self,
        principal: &Principal,
        id: Uuid,
        reopening: Uuid,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome> {
        let mut write = self.database.write().await?;
        if let Some(answer) = idempotency::answered(&mut write, principal, intention).await? {
            return Ok(answer);
        }
        let mut attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        let row = sql(ONE).bind(values::id(reopening)).bind(values::id(id)).fetch_optional(&mut write).await?;
        let asked = self::reopening(&row.ok_or(StoreError::NotFound)?)?;
        may_confirm(asked.state, asked.asked_by, principal.user, asked.expires_at, now)?;
        attempt.demand(intention.version)?;
        attempt.state.after(AttemptEvent::Reopen)?;
        // In this order everywhere: attempt, enrolment, delivery, counters.
        let enrolment = intake::enrolment(&mut write, attempt.student).await?;
        let (delivery, prints) = deliveries::standing(&mut write, id).await?;
        delivery::may_reopen(delivery, prints)?;

        end(&mut write, reopening, ReopeningState::Confirmed, Some(principal.user), now).await?;
        reviews::void(&mut write, id, now).await?;
        deliveries::remove(&mut write, &attempt, delivery, prints).await?;
        // A part in the season that ended meanwhile stays ended.
        if let Ok(state) = enrolment.after(EnrolmentEvent::Reopen) {
            intake::set_enrolment(&mut write, attempt.student, state, now).await?;
        }
        attempt.advance(&mut write, AttemptEvent::Reopen, None, now).await?;
        notices::overtake(&mut write, &attempt, now).await?;
        let line = Line {
            actor: Some(principal.user),
            details: vec![("reason", asked.reason.code().to_owned())],
            ..line_of(&attempt, "reopening.confirmed")
        };
        audit::append(&mut write, now, line).await?;
        let answer = outcome(&attempt);
        idempotency::keep(&mut write, principal, intention, &answer, now).await?;
        write.commit().await?;
        Ok(answer)
    }

    async fn drop_reopening(&self, principal: &Principal, id: Uuid, reopening: Uuid, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        let attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        let row = sql(ONE).bind(values::id(reopening)).bind(values::id(id)).fetch_optional(&mut write).await?;
        let asked = self::reopening(&row.ok_or(StoreError::NotFound)?)?;
        match asked.state {
            ReopeningState::Asked => {}
            // Dropping what is dropped is done already.
            ReopeningState::Dropped | ReopeningState::Expired => return Ok(()),
            ReopeningState::Confirmed => return Err(crate::domain::lifecycle::reopening::NoConfirmation::Ended.into()),
        }
        end(&mut write, reopening, ReopeningState::Dropped, Some(principal.user), now).await?;
        audit::append(&mut write, now, Line { actor: Some(principal.user), ..line_of(&attempt, "reopening.dropped") }).await?;
        write.commit().await
    }

    async fn reopenings(
        &self,
        principal: &Principal,
        season: &str,
        cursor: Option<&str>,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Page<Reopening>> {
        self.know_season(principal, season).await?;
        let rows = sql("SELECT r.id, r.attempt, r.reason, r.state, r.asked_by, r.asked_at, r.expires_at FROM reopenings r
             JOIN attempts a ON a.id = r.attempt
             WHERE r.school = ?1 AND r.season = ?2 AND r.state = 'asked' AND r.id > ?3 AND r.expires_at > ?4
                 AND (?5 IS NULL OR a.unit IN (SELECT value FROM json_each(?5)))
             ORDER BY r.id LIMIT ?6")
        .bind(&principal.school)
        .bind(season)
        .bind(values::after(cursor)?)
        .bind(values::time(now))
        .bind(values::scope(principal)?)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.database)
        .await?;
        Ok(values::page(rows.iter().map(reopening).collect::<StoreResult<_>>()?, limit, |last: &Reopening| last.id))
    }
}

fn reopening(row: &Row) -> StoreResult<Reopening> {
    Ok(Reopening {
        id: row.id("id")?,
        submission: row.id("attempt")?,
        reason: row.code("reason")?,
        state: row.code("state")?,
        asked_by: row.id("asked_by")?,
        asked_at: row.time("asked_at")?,
        expires_at: row.time("expires_at")?,
    })
}

async fn end(write: &mut Write, reopening: Uuid, state: ReopeningState, by: Option<Uuid>, now: Timestamp) -> StoreResult<()> {
    sql("UPDATE reopenings SET state = ?, ended_by = ?, ended_at = ? WHERE id = ?")
        .bind(values::code(&state)?)
        .bind(by.map(values::id))
        .bind(values::time(now))
        .bind(values::id(reopening))
        .execute(&mut *write)
        .await?;
    Ok(())
}

/// Closes a question that nobody answered in time, so that another can be asked.
async fn expire(write: &mut Write, attempt: Uuid, now: Timestamp) -> StoreResult<()> {
    sql("UPDATE reopenings SET state = 'expired', ended_at = ?1 WHERE attempt = ?2 AND state = 'asked' AND expires_at <= ?1")
        .bind(values::time(now))
        .bind(values::id(attempt))
        .execute(&mut *write)
        .await?;
    Ok(())
}
