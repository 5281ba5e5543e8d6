//! Entitlements: whether a student's capture is paid for, a fact beside the enrolment. Bought once, it serves every retake.
//!
//! How money comes is not known here: whoever learns of a payment, a waiver or a refund says the event.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore, attempts,
    audit::{self, Line},
    database::{Write, locked, sql},
    deciding::line_of,
    values,
};
use crate::{
    backend::store::{StoreError, StoreResult},
    domain::{
        access::Principal,
        lifecycle::{
            attempt::{AttemptEvent, Status},
            entitlement::{Entitlement, EntitlementEvent, Guarded},
        },
    },
};

/// Whether captures are paid for.
#[async_trait]
pub trait Entitlements: Send + Sync {
    /// How a student in scope stands.
    async fn entitlement(&self, principal: &Principal, student: Uuid) -> StoreResult<Entitlement>;
    /// Something happened to it. A photo that an import brought and that only waited for this is handed in.
    async fn settle(&self, principal: &Principal, student: Uuid, event: EntitlementEvent, now: Timestamp) -> StoreResult<Entitlement>;
}

#[async_trait]
impl Entitlements for SqlStore {
    async fn entitlement(&self, principal: &Principal, student: Uuid) -> StoreResult<Entitlement> {
        let row = sql("SELECT e.state FROM students s LEFT JOIN entitlements e ON e.student = s.id
             WHERE s.id = ?1 AND s.school = ?2 AND (?3 IS NULL OR s.unit IN (SELECT value FROM json_each(?3)))")
        .bind(values::id(student))
        .bind(&principal.school)
        .bind(values::scope(principal)?)
        .fetch_optional(&self.database)
        .await?;
        Ok(row.ok_or(StoreError::NotFound)?.code_or_null("state")?.unwrap_or_default())
    }

    async fn settle(&self, principal: &Principal, student: Uuid, event: EntitlementEvent, now: Timestamp) -> StoreResult<Entitlement> {
        let mut write = self.database.write().await?;
        let row = sql("SELECT season, unit FROM students WHERE id = ?1 AND school = ?2
             AND (?3 IS NULL OR unit IN (SELECT value FROM json_each(?3)))")
        .bind(values::id(student))
        .bind(&principal.school)
        .bind(values::scope(principal)?)
        .fetch_optional(&mut write)
        .await?
        .ok_or(StoreError::NotFound)?;
        let (season, unit) = (row.text("season")?, row.text("unit")?);
        // The attempts first, as everywhere: the machine may be about to look whether it may hand one in.
        sql(locked!("SELECT id FROM attempts WHERE student = ? ORDER BY id")).bind(values::id(student)).fetch_all(&mut write).await?;
        let state = standing(&mut write, student).await?.after(event)?;
        sql("INSERT INTO entitlements (student, school, season, state, updated_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (student) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at")
        .bind(values::id(student))
        .bind(&principal.school)
        .bind(&season)
        .bind(state.code())
        .bind(values::time(now))
        .execute(&mut write)
        .await?;
        let line = Line {
            season: Some(&season),
            unit: Some(&unit),
            actor: Some(principal.user),
            details: vec![("event", event.code().to_owned()), ("student", student.to_string())],
            ..Line::of(&principal.school, "entitlement.settled")
        };
        audit::append(&mut write, now, line).await?;
        if state.covers() {
            let waiting: Option<Vec<u8>> = sql("SELECT id FROM attempts WHERE student = ? AND status = ?")
                .bind(values::id(student))
                .bind(Status::Standardized.code())
                .fetch_value_optional(&mut write)
                .await?;
            if let Some(id) = waiting.and_then(|id| Uuid::from_slice(&id).ok())
                && let Some(mut attempt) = attempts::load(&mut write, id).await?
            {
                attempt.advance(&mut write, AttemptEvent::Submit, None, now).await?;
                audit::append(&mut write, now, Line { actor: Some(principal.user), ..line_of(&attempt, "submission.handed_in") }).await?;
            }
        }
        write.commit().await?;
        Ok(state)
    }
}

/// Where a student's entitlement stands; nobody else changes it, or looks, until the end of the transaction.
async fn standing(write: &mut Write, student: Uuid) -> StoreResult<Entitlement> {
    // No row is a state too, and a lock needs something to hold.
    write.alone_with(&format!("entitlement {student}")).await?;
    let row = sql("SELECT state FROM entitlements WHERE student = ?").bind(values::id(student)).fetch_optional(&mut *write).await?;
    row.map_or(Ok(Entitlement::default()), |row| row.code("state"))
}

/// Lets a step of the student pass, or not, as the season wants.
///
/// # Errors
/// [`Refusal::Unpaid`](crate::domain::lifecycle::Refusal::Unpaid) where the season wants it paid for first.
pub async fn admit(write: &mut Write, student: Uuid, step: Guarded, guarded: Guarded) -> StoreResult<()> {
    if step != guarded {
        return Ok(());
    }
    Ok(standing(write, student).await?.admit(step, guarded)?)
}
