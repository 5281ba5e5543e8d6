//! Passing a photo on: who, why, and whether a lead is asked for. Not offered again to the same person for a while; no trace that others read.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore, attempts,
    audit::{self, Line},
    claims,
    database::sql,
    policy, seasons, values,
};
use crate::{
    api::{
        reviewing::{NewSkip, Skip},
        submission::Page,
    },
    backend::store::{StoreError, StoreResult},
    domain::{
        access::Principal,
        lifecycle::attempt::AttemptEvent,
        queueing::{Note, SkipReason},
    },
};

/// Passing photos on.
#[async_trait]
pub trait Skipping: Send + Sync {
    /// Passes a photo on and ends the asker's lease on it.
    async fn skip(&self, principal: &Principal, id: Uuid, skip: &NewSkip, now: Timestamp) -> StoreResult<()>;
    /// What was passed on, newest first, for who leads reviews.
    async fn skips(
        &self,
        principal: &Principal,
        season: &str,
        asks_lead: bool,
        cursor: Option<&str>,
        limit: u32,
    ) -> StoreResult<Page<Skip>>;
}

#[async_trait]
impl Skipping for SqlStore {
    async fn skip(&self, principal: &Principal, id: Uuid, skip: &NewSkip, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        let attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        attempt.state.after(AttemptEvent::AskAnother)?;
        let student = sql("SELECT id AS student, student_number, name FROM students WHERE id = ?")
            .bind(values::id(attempt.student))
            .fetch_one(&mut write)
            .await?;
        let name = self.unseal(&student, "name", attempt.student)?.unwrap_or_default();
        let number = student.text_or_null("student_number")?.unwrap_or_default();
        let note = skip.note.as_deref().map(|note| Note::new(note, &[&name, &number])).transpose()?;
        if skip.reason == SkipReason::Other && note.is_none() {
            return Err(StoreError::NoteNeeded);
        }
        let rules = seasons::rules(&mut write, &attempt.school, &attempt.season).await?;
        sql("INSERT INTO skips (id, school, season, unit, attempt, reviewer, reason, note, asks_lead, at, until)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(values::id(Uuid::now_v7()))
        .bind(&attempt.school)
        .bind(&attempt.season)
        .bind(&attempt.unit)
        .bind(values::id(id))
        .bind(values::id(principal.user))
        .bind(skip.reason.code())
        .bind(note.as_ref().map(Note::as_str))
        .bind(skip.ask_lead)
        .bind(values::time(now))
        .bind(values::time(now + Duration::from_secs(rules.skip_seconds.into())))
        .execute(&mut write)
        .await?;
        claims::end_lease(&mut write, id, principal.user).await?;
        if skip.ask_lead && !attempt.for_lead {
            policy::set_for_lead(&mut write, id, true).await?;
        }
        let line = Line {
            season: Some(&attempt.season),
            unit: Some(&attempt.unit),
            attempt: Some(id),
            actor: Some(principal.user),
            details: vec![("reason", skip.reason.code().to_owned()), ("asks_lead", skip.ask_lead.to_string())],
            ..Line::of(&attempt.school, "review.skipped")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await
    }

    async fn skips(
        &self,
        principal: &Principal,
        season: &str,
        asks_lead: bool,
        cursor: Option<&str>,
        limit: u32,
    ) -> StoreResult<Page<Skip>> {
        self.know_season(principal, season).await?;
        let before = match cursor {
            Some(cursor) => Uuid::parse_str(cursor).map_err(|_| StoreError::Cursor)?,
            None => Uuid::max(),
        };
        let rows = sql("SELECT k.*, a.status, a.for_lead, u.name AS reviewer_name FROM skips k JOIN attempts a ON a.id = k.attempt
                 LEFT JOIN users u ON u.id = k.reviewer
             WHERE k.school = ?1 AND k.season = ?2 AND k.id < ?3 AND (?4 IS NULL OR k.unit IN (SELECT value FROM json_each(?4)))
                 AND (?5 = 0 OR (k.asks_lead = 1 AND a.for_lead = 1))
             ORDER BY k.id DESC LIMIT ?6")
        .bind(&principal.school)
        .bind(season)
        .bind(values::id(before))
        .bind(values::scope(principal)?)
        .bind(asks_lead)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.database)
        .await?;
        let items = rows
            .iter()
            .map(|row| {
                Ok(Skip {
                    id: row.id("id")?,
                    submission: row.id("attempt")?,
                    status: row.code("status")?,
                    unit: row.text("unit")?,
                    reviewer: row.text_or_null("reviewer_name")?,
                    reason: row.code("reason")?,
                    note: row.text_or_null("note")?,
                    asks_lead: row.number("asks_lead")? != 0,
                    at: row.time("at")?,
                    until: row.time("until")?,
                })
            })
            .collect::<StoreResult<Vec<_>>>()?;
        Ok(values::page(items, limit, |last| last.id))
    }
}
