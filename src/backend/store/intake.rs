//! Photos coming in: the student is found, the attempt starts, the machine gets its job.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    audit::{self, Line},
    counters::{self, Delta},
    database::{Write, locked, sql},
    days::{self, Happened},
    entitlements, jobs, places, seasons, values,
};
use crate::{
    backend::{
        blobs::StoredBlob,
        store::{
            StoreError, StoreResult,
            types::{FoundStudent, Hash, JobKind, NewAttempt, TakenAttempt},
        },
    },
    domain::{
        access::Principal,
        lifecycle::{
            Refusal,
            attempt::Status,
            enrolment::{EnrolmentEvent, EnrolmentState},
            entitlement::Guarded,
        },
        resident_id::ResidentId,
    },
};

/// Photos coming in.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Finds a student by student number, student key or ID number.
    async fn find_student(&self, principal: &Principal, season: &str, known_as: &str) -> StoreResult<FoundStudent>;
    /// The attempt that holds this photo of this student already.
    async fn attempt_of_photo(&self, principal: &Principal, student: Uuid, photo_hash: &Hash) -> StoreResult<Option<Uuid>>;
    /// Starts an attempt and its job. The same photo again is the attempt that exists.
    async fn add_submission(&self, principal: &Principal, attempt: &NewAttempt, now: Timestamp) -> StoreResult<TakenAttempt>;
    /// The keyed hash by which the same photo of the same student is known again.
    fn photo_hash(&self, student: Uuid, photo: &[u8]) -> Hash;
}

#[async_trait]
impl Intake for SqlStore {
    async fn find_student(&self, principal: &Principal, season: &str, known_as: &str) -> StoreResult<FoundStudent> {
        self.know_season(principal, season).await?;
        let id_number = ResidentId::parse(known_as).ok().map(|number| self.id_number_hash(&principal.school, season, &number).to_vec());
        // Each arm has an index of its own; a student number beats a key beats an ID number.
        let row = sql(
            "SELECT id, unit FROM (
                 SELECT 1 AS rank, id, unit FROM students WHERE school = ?1 AND season = ?2 AND student_number = ?3
                 UNION ALL SELECT 2, id, unit FROM students WHERE school = ?1 AND season = ?2 AND student_key = ?3
                 UNION ALL SELECT 3, id, unit FROM students WHERE school = ?1 AND season = ?2 AND id_number_hash = ?4 AND ?4 IS NOT NULL) known
             WHERE ?5 IS NULL OR unit IN (SELECT value FROM json_each(?5)) ORDER BY rank LIMIT 1",
        )
        .bind(&principal.school)
        .bind(season)
        .bind(known_as.trim())
        .bind(id_number)
        .bind(values::scope(principal)?)
        .fetch_optional(&self.database)
        .await?;
        let row = row.ok_or(StoreError::StudentUnknown)?;
        Ok(FoundStudent { id: row.id("id")?, unit: row.text("unit")? })
    }

    async fn attempt_of_photo(&self, principal: &Principal, student: Uuid, photo_hash: &Hash) -> StoreResult<Option<Uuid>> {
        let row = sql("SELECT id FROM attempts WHERE student = ?1 AND photo_hash = ?2 AND school = ?3
                 AND (?4 IS NULL OR unit IN (SELECT value FROM json_each(?4)))")
        .bind(values::id(student))
        .bind(photo_hash.as_slice())
        .bind(&principal.school)
        .bind(values::scope(principal)?)
        .fetch_optional(&self.database)
        .await?;
        row.map(|row| row.id("id")).transpose()
    }

    async fn add_submission(&self, principal: &Principal, new: &NewAttempt, now: Timestamp) -> StoreResult<TakenAttempt> {
        let mut write = self.database.write().await?;
        // Locked by itself, and only then the rest read: a roster that moves the student locks in the same order.
        sql(locked!("SELECT student FROM enrolments WHERE student = ?")).bind(values::id(new.student)).fetch_all(&mut write).await?;
        let student = sql("SELECT s.season, s.unit, e.state FROM students s JOIN enrolments e ON e.student = s.id
             WHERE s.id = ?1 AND s.school = ?2 AND s.season = ?3 AND (?4 IS NULL OR s.unit IN (SELECT value FROM json_each(?4)))")
        .bind(values::id(new.student))
        .bind(&principal.school)
        .bind(&new.season)
        .bind(values::scope(principal)?)
        .fetch_optional(&mut write)
        .await?
        .ok_or(StoreError::StudentUnknown)?;
        let unit = student.text("unit")?;

        let earlier =
            sql("SELECT id, number, status, photo_hash = ?2 AS same, superseded_at FROM attempts WHERE student = ?1 ORDER BY number")
                .bind(values::id(new.student))
                .bind(new.photo_hash.as_slice())
                .fetch_all(&mut write)
                .await?;
        for row in &earlier {
            if row.flag("same")? {
                return Ok(TakenAttempt { id: row.id("id")?, new: false });
            }
        }
        for row in &earlier {
            match row.code::<Status>("status")? {
                Status::Rejected | Status::Withdrawn => {}
                // The register sent it back: it stays, and does not count.
                Status::Approved if row.number_or_null("superseded_at")?.is_some() => {}
                Status::Approved => return Err(Refusal::AlreadyDecided.into()),
                _ => return Err(Refusal::AlreadySubmitted.into()),
            }
        }
        let state = EnrolmentState::from_code(&student.text("state")?).ok_or(StoreError::Corrupt("an enrolment state nobody knows"))?;
        set_enrolment(&mut write, new.student, state.after(EnrolmentEvent::Verify)?, now).await?;

        let rules = seasons::rules(&mut write, &principal.school, &new.season).await?;
        entitlements::admit(&mut write, new.student, Guarded::Upload, rules.guarded).await?;

        let number = earlier.last().map_or(Ok(1), |row| row.number("number").map(|number| number + 1))?;
        let place = places::place(&mut write, &principal.school, &new.season, &unit, number > 1, now).await?;
        sql("INSERT INTO attempts (id, school, season, unit, student, number, status, submitted_at, place_at, visible_at, photo_hash)
             VALUES (?, ?, ?, ?, ?, ?, 'captured', ?, ?, ?, ?)")
        .bind(values::id(new.id))
        .bind(&principal.school)
        .bind(&new.season)
        .bind(&unit)
        .bind(values::id(new.student))
        .bind(number)
        .bind(values::time(now))
        .bind(values::time(place))
        .bind(values::time(place))
        .bind(new.photo_hash.as_slice())
        .execute(&mut write)
        .await?;
        insert_blobs(&mut write, &principal.school, &new.season, new.id, &new.blobs, now).await?;
        let mut delta = Delta::default().attempts(Status::Captured, number, None, 1);
        delta.captured_students = i64::from(earlier.is_empty());
        counters::apply(&mut write, &principal.school, &new.season, &unit, &delta).await?;
        let came = Happened { captured: 1, ..Happened::default() };
        days::count(&mut write, &principal.school, &new.season, &unit, now, came).await?;
        jobs::enqueue(&mut write, &principal.school, &new.season, JobKind::Standardize, new.id, now, now).await?;
        let line = Line {
            season: Some(&new.season),
            unit: Some(&unit),
            actor: Some(principal.user),
            attempt: Some(new.id),
            ..Line::of(&principal.school, "submission.captured")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        Ok(TakenAttempt { id: new.id, new: true })
    }

    fn photo_hash(&self, student: Uuid, photo: &[u8]) -> Hash {
        self.vault.hash("photo", &[student.as_bytes(), photo])
    }
}

impl SqlStore {
    /// The keyed hash by which an ID number is found.
    pub(super) fn id_number_hash(&self, school: &str, season: &str, number: &ResidentId) -> Hash {
        self.vault.hash("id number", &[school.as_bytes(), season.as_bytes(), number.reveal().as_bytes()])
    }
}

/// Where a student stands in the season; nobody else changes it until the end of the transaction. Taken before any counters, by everybody.
pub async fn enrolment(write: &mut Write, student: Uuid) -> StoreResult<EnrolmentState> {
    let state: String =
        sql(locked!("SELECT state FROM enrolments WHERE student = ?")).bind(values::id(student)).fetch_value(&mut *write).await?;
    EnrolmentState::from_code(&state).ok_or(StoreError::Corrupt("an enrolment state nobody knows"))
}

/// Moves a student in the season, with the counters.
pub async fn set_enrolment(write: &mut Write, student: Uuid, state: EnrolmentState, now: Timestamp) -> StoreResult<()> {
    let Some(delta) = move_enrolment(write, student, state, now).await? else { return Ok(()) };
    let row = sql("SELECT school, season, unit FROM students WHERE id = ?").bind(values::id(student)).fetch_one(&mut *write).await?;
    counters::apply(write, &row.text("school")?, &row.text("season")?, &row.text("unit")?, &delta).await
}

/// The same, the counters left to the caller; `None` where the student stands there already.
pub async fn move_enrolment(write: &mut Write, student: Uuid, state: EnrolmentState, now: Timestamp) -> StoreResult<Option<Delta>> {
    let before = enrolment(write, student).await?;
    if before == state {
        return Ok(None);
    }
    sql("UPDATE enrolments SET state = ?, updated_at = ? WHERE student = ?")
        .bind(state.code())
        .bind(values::time(now))
        .bind(values::id(student))
        .execute(&mut *write)
        .await?;
    Ok(Some(Delta::default().enrolments(before, -1).enrolments(state, 1)))
}

pub async fn insert_blobs(
    write: &mut Write,
    school: &str,
    season: &str,
    attempt: Uuid,
    blobs: &[StoredBlob],
    now: Timestamp,
) -> StoreResult<()> {
    for blob in blobs {
        sql(
            "INSERT INTO blobs (name, school, season, attempt, kind, bytes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(&blob.name)
        .bind(school)
        .bind(season)
        .bind(values::id(attempt))
        .bind(blob.kind.code())
        .bind(i64::try_from(blob.bytes).unwrap_or(i64::MAX))
        .bind(values::time(now))
        .execute(&mut *write)
        .await?;
    }
    Ok(())
}
