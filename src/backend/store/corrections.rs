//! Corrections and withdrawals: what students may do to their photo before it is decided, by themselves or through somebody on their behalf.
//!
//! While a correction is open reviews wait: the photo is neither offered nor decided. Reviews that were given before are kept, unless a name or an
//! ID number was put right; then they judged another question, and no longer count.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    attempts::{self, AttemptRow},
    audit::{self, Line},
    database::{Row, Write, locked, sql},
    deciding::{line_of, outcome},
    idempotency, jobs, reviews, seasons, values,
};
use crate::{
    api::{
        correction::{Correction, NewCorrection},
        submission::{Page, ReviewOutcome},
    },
    backend::store::{
        StoreError, StoreResult,
        types::{Intention, JobKind},
    },
    domain::{
        access::Principal,
        lifecycle::{
            attempt::AttemptEvent,
            correction::{CorrectedField, CorrectionState, voids_reviews},
        },
        resident_id::{ResidentId, mask_name, mask_number, mask_phone},
    },
};

/// Who asks for something that is the student's to ask.
#[derive(Debug, Clone, Copy)]
pub enum Asker<'a> {
    /// Somebody of the school, on the student's behalf, within their scope.
    Staff(&'a Principal),
    /// The student, for their own photo alone.
    Student { id: Uuid, school: &'a str },
}

impl Asker<'_> {
    fn id(self) -> Uuid {
        match self {
            Asker::Staff(principal) => principal.user,
            Asker::Student { id, .. } => id,
        }
    }

    fn school(&self) -> &str {
        match self {
            Asker::Staff(principal) => &principal.school,
            Asker::Student { school, .. } => school,
        }
    }

    async fn attempt(self, write: &mut Write, id: Uuid) -> StoreResult<AttemptRow> {
        match self {
            Asker::Staff(principal) => attempts::load_in_scope(write, principal, id).await,
            Asker::Student { id: student, school } => {
                let attempt = attempts::load(write, id).await?;
                attempt.filter(|attempt| attempt.student == student && attempt.school == school).ok_or(StoreError::NotFound)
            }
        }
    }

    fn line<'l>(self, attempt: &'l AttemptRow, action: &'static str) -> Line<'l> {
        let details = match self {
            Asker::Staff(_) => vec![],
            Asker::Student { .. } => vec![("by", "student".to_owned())],
        };
        Line { actor: Some(self.id()), details, ..line_of(attempt, action) }
    }
}

/// What students may do before a decision, and how the school answers.
#[async_trait]
pub trait Corrections: Send + Sync {
    /// Asks that the record be put right; reviews wait from now on.
    async fn request_correction(
        &self,
        asker: Asker<'_>,
        id: Uuid,
        wanted: &NewCorrection,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome>;
    /// Ends an open correction: the record is put right as asked, or stays; the photo waits for reviews again, in its old place.
    async fn resume(
        &self,
        principal: &Principal,
        id: Uuid,
        accept: bool,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome>;
    /// Takes the photo back before a decision. The student may hand in another.
    async fn withdraw(&self, asker: Asker<'_>, id: Uuid, intention: &Intention, now: Timestamp) -> StoreResult<ReviewOutcome>;
    /// Open corrections in scope, oldest first, their values masked.
    async fn corrections(&self, principal: &Principal, season: &str, cursor: Option<&str>, limit: u32) -> StoreResult<Page<Correction>>;
}

#[async_trait]
impl Corrections for SqlStore {
    async fn request_correction(
        &self,
        asker: Asker<'_>,
        id: Uuid,
        wanted: &NewCorrection,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome> {
        // A key is told from its misuse by what was wanted too; nobody without our key can guess that from the hash.
        let said = values::json(wanted)?;
        let request_hash = self.vault.hash("correction", &[&intention.request_hash, said.as_bytes()]);
        let intention = &Intention { request_hash, ..intention.clone() };
        let mut write = self.database.write().await?;
        if let Some(answer) = idempotency::answered_to(&mut write, asker.id(), intention).await? {
            return Ok(answer);
        }
        let mut attempt = asker.attempt(&mut write, id).await?;
        attempt.demand(intention.version)?;
        attempt.state.after(AttemptEvent::RequestCorrection)?;
        seasons::admit(&mut write, &attempt.school, &attempt.season, AttemptEvent::RequestCorrection, now).await?;
        let (correction, fields) = (Uuid::now_v7(), wanted.fields());
        sql("INSERT INTO corrections (id, school, season, student, attempt, fields, wanted, state, requested_by, requested_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, 'requested', ?, ?)")
        .bind(values::id(correction))
        .bind(&attempt.school)
        .bind(&attempt.season)
        .bind(values::id(attempt.student))
        .bind(values::id(id))
        .bind(values::json(&fields)?)
        .bind(self.vault.seal(&attempt.school, &[b"corrections", correction.as_bytes()], said.as_bytes())?)
        .bind(values::id(asker.id()))
        .bind(values::time(now))
        .execute(&mut write)
        .await?;
        attempt.advance(&mut write, AttemptEvent::RequestCorrection, None, now).await?;
        let mut line = asker.line(&attempt, "correction.requested");
        line.details.push(("fields", codes(&fields)));
        audit::append(&mut write, now, line).await?;
        let answer = outcome(&attempt);
        idempotency::keep_for(&mut write, asker.id(), asker.school(), intention, &answer, now).await?;
        write.commit().await?;
        Ok(answer)
    }

    async fn resume(
        &self,
        principal: &Principal,
        id: Uuid,
        accept: bool,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome> {
        let mut write = self.database.write().await?;
        if let Some(answer) = idempotency::answered(&mut write, principal, intention).await? {
            return Ok(answer);
        }
        if accept {
            // A roster that comes in meanwhile may bring the same ID number. It takes this lock before it touches any photo, and so does this.
            let season: Option<String> = sql("SELECT season FROM attempts WHERE id = ? AND school = ?")
                .bind(values::id(id))
                .bind(&principal.school)
                .fetch_value_optional(&mut write)
                .await?;
            write.alone_with(&format!("roster {} {}", principal.school, season.ok_or(StoreError::NotFound)?)).await?;
        }
        let mut attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        attempt.demand(intention.version)?;
        attempt.state.after(AttemptEvent::Resume)?;
        let row = sql(locked!("SELECT id, fields, wanted FROM corrections WHERE attempt = ? AND state = 'requested'"))
            .bind(values::id(id))
            .fetch_one(&mut write)
            .await?;
        let (correction, fields): (Uuid, Vec<CorrectedField>) = (row.id("id")?, row.json("fields")?);
        let state = if accept {
            self.put_right(&mut write, &attempt, &self.wanted(&row, correction)?, now).await?;
            if voids_reviews(&fields) {
                reviews::void(&mut write, id, now).await?;
            }
            CorrectionState::Accepted
        } else {
            CorrectionState::Declined
        };
        end(&mut write, correction, state, principal.user, now).await?;
        attempt.advance(&mut write, AttemptEvent::Resume, None, now).await?;
        let line = Line {
            actor: Some(principal.user),
            details: vec![("correction", values::code(&state)?), ("fields", codes(&fields))],
            ..line_of(&attempt, "correction.resumed")
        };
        audit::append(&mut write, now, line).await?;
        let answer = outcome(&attempt);
        idempotency::keep(&mut write, principal, intention, &answer, now).await?;
        write.commit().await?;
        Ok(answer)
    }

    async fn withdraw(&self, asker: Asker<'_>, id: Uuid, intention: &Intention, now: Timestamp) -> StoreResult<ReviewOutcome> {
        let mut write = self.database.write().await?;
        if let Some(answer) = idempotency::answered_to(&mut write, asker.id(), intention).await? {
            return Ok(answer);
        }
        let mut attempt = asker.attempt(&mut write, id).await?;
        attempt.demand(intention.version)?;
        attempt.state.after(AttemptEvent::Withdraw)?;
        seasons::admit(&mut write, &attempt.school, &attempt.season, AttemptEvent::Withdraw, now).await?;
        let open: Option<Vec<u8>> = sql(locked!("SELECT id FROM corrections WHERE attempt = ? AND state = 'requested'"))
            .bind(values::id(id))
            .fetch_value_optional(&mut write)
            .await?;
        if let Some(correction) = open.and_then(|id| Uuid::from_slice(&id).ok()) {
            end(&mut write, correction, CorrectionState::Withdrawn, asker.id(), now).await?;
        }
        jobs::remove(&mut write, JobKind::Standardize, id).await?;
        attempt.advance(&mut write, AttemptEvent::Withdraw, None, now).await?;
        audit::append(&mut write, now, asker.line(&attempt, "submission.withdrawn")).await?;
        let answer = outcome(&attempt);
        idempotency::keep_for(&mut write, asker.id(), asker.school(), intention, &answer, now).await?;
        write.commit().await?;
        Ok(answer)
    }

    async fn corrections(&self, principal: &Principal, season: &str, cursor: Option<&str>, limit: u32) -> StoreResult<Page<Correction>> {
        self.know_season(principal, season).await?;
        let rows = sql("SELECT c.id, c.attempt, a.unit, a.version, c.fields, c.wanted, c.state, c.requested_at
             FROM corrections c JOIN attempts a ON a.id = c.attempt
             WHERE c.school = ?1 AND c.season = ?2 AND c.state = 'requested' AND c.id > ?3
                 AND (?4 IS NULL OR a.unit IN (SELECT value FROM json_each(?4)))
             ORDER BY c.id LIMIT ?5")
        .bind(&principal.school)
        .bind(season)
        .bind(values::after(cursor)?)
        .bind(values::scope(principal)?)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.database)
        .await?;
        let items = rows.iter().map(|row| self.correction(row)).collect::<StoreResult<_>>()?;
        Ok(values::page(items, limit, |last: &Correction| last.id))
    }
}

impl SqlStore {
    fn wanted(&self, row: &Row, correction: Uuid) -> StoreResult<NewCorrection> {
        let sealed = row.bytes_or_null("wanted")?.ok_or(StoreError::Corrupt("an open correction that asks for nothing"))?;
        let plain = self.vault.open_sealed(&[b"corrections", correction.as_bytes()], &sealed)?;
        serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("JSON of another shape"))
    }

    fn correction(&self, row: &Row) -> StoreResult<Correction> {
        let id = row.id("id")?;
        let wanted = self.wanted(row, id)?;
        Ok(Correction {
            id,
            submission: row.id("attempt")?,
            unit: row.text("unit")?,
            version: row.number("version")?,
            fields: row.json("fields")?,
            state: row.code("state")?,
            requested_at: row.time("requested_at")?,
            name: wanted.name.as_deref().map(mask_name),
            id_number: wanted.id_number.as_deref().map(mask_number),
            phone: wanted.phone.as_deref().map(mask_phone),
        })
    }

    /// Puts the record right. The roster's fingerprint stays: the same roster again must not bring the error back.
    async fn put_right(&self, write: &mut Write, attempt: &AttemptRow, wanted: &NewCorrection, now: Timestamp) -> StoreResult<()> {
        let number = wanted.id_number.as_deref().map(ResidentId::parse).transpose();
        let number = number.map_err(|_| StoreError::Corrupt("an ID number that is none"))?;
        let hash = number.as_ref().map(|number| self.id_number_hash(&attempt.school, &attempt.season, number).to_vec());
        let taken: bool = sql("SELECT EXISTS (SELECT 1 FROM students WHERE school = ? AND season = ? AND id_number_hash = ? AND id <> ?)")
            .bind(&attempt.school)
            .bind(&attempt.season)
            .bind(&hash)
            .bind(values::id(attempt.student))
            .fetch_value(&mut *write)
            .await?;
        if taken {
            return Err(StoreError::IdNumberTaken);
        }
        let student = attempt.student;
        sql("UPDATE students SET name = coalesce(?, name), id_number = coalesce(?, id_number), id_number_hash = coalesce(?, id_number_hash),
                 phone = coalesce(?, phone), updated_at = ? WHERE id = ?")
        .bind(self.seal(&attempt.school, "name", student, wanted.name.as_deref())?)
        .bind(self.seal(&attempt.school, "id_number", student, number.as_ref().map(ResidentId::reveal))?)
        .bind(&hash)
        .bind(self.seal(&attempt.school, "phone", student, wanted.phone.as_deref())?)
        .bind(values::time(now))
        .bind(values::id(student))
        .execute(&mut *write)
        .await?;
        Ok(())
    }
}

/// Ends a correction; what it asked for is nobody's business any more.
async fn end(write: &mut Write, correction: Uuid, state: CorrectionState, by: Uuid, now: Timestamp) -> StoreResult<()> {
    sql("UPDATE corrections SET state = ?, wanted = NULL, ended_by = ?, ended_at = ? WHERE id = ?")
        .bind(values::code(&state)?)
        .bind(values::id(by))
        .bind(values::time(now))
        .bind(values::id(correction))
        .execute(&mut *write)
        .await?;
    Ok(())
}

fn codes(fields: &[CorrectedField]) -> String {
    fields.iter().map(|field| field.code()).collect::<Vec<_>>().join(",")
}
