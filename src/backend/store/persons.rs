//! Everything that is kept of a person, given out whole or erased. What is counted and chained stays, without the person in it.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    audit::{self, Line},
    counters,
    database::{Write, locked, sql},
    intake::{self, Intake as _},
    retention, values,
};
use crate::{
    api::person::{Consent, Erased, Erasure, PersonAsked, PersonAttempt, PersonEvent, PersonPicture, PersonRecord},
    backend::store::StoreResult,
    domain::{
        access::Principal,
        lifecycle::{Refusal, attempt::Status, enrolment::EnrolmentEvent},
    },
};

/// A picture that goes with a person's record.
#[derive(Debug, Clone)]
pub struct PictureOfPerson {
    /// Of the blob.
    pub name: String,
    /// In the archive.
    pub file: String,
}

/// A person's own data.
#[async_trait]
pub trait Persons: Send + Sync {
    /// Everything that is kept of a person in a season, unmasked, and the pictures that go with it. That it was given out is written down.
    async fn export_person(
        &self,
        principal: &Principal,
        asked: &PersonAsked,
        now: Timestamp,
    ) -> StoreResult<(PersonRecord, Vec<PictureOfPerson>)>;
    /// Erases a person: what names them at once, their pictures within the minute.
    ///
    /// # Errors
    /// [`Refusal::AlreadySubmitted`] while a photo is under way, [`Refusal::OnItsWay`] while the register still needs it: without its photo the
    /// person could not graduate. Withdrawing or cancelling comes first.
    async fn erase_person(&self, principal: &Principal, asked: &Erasure, now: Timestamp) -> StoreResult<Erased>;
}

#[async_trait]
impl Persons for SqlStore {
    async fn export_person(
        &self,
        principal: &Principal,
        asked: &PersonAsked,
        now: Timestamp,
    ) -> StoreResult<(PersonRecord, Vec<PictureOfPerson>)> {
        let student = self.find_student(principal, &asked.season, &asked.student).await?;
        let id = values::id(student.id);
        let row = sql("SELECT s.unit, s.student_number, s.student_key, s.name, s.id_number, s.phone, s.details, e.state
             FROM students s JOIN enrolments e ON e.student = s.id WHERE s.id = ?")
        .bind(id.clone())
        .fetch_one(&self.database)
        .await?;
        let (attempts, files) = self.attempts_of_person(student.id).await?;
        let record = PersonRecord {
            season: asked.season.clone(),
            unit: row.text("unit")?,
            student_number: row.text_or_null("student_number")?,
            student_key: row.text("student_key")?,
            name: self.unseal(&row, "name", student.id)?,
            id_number: self.unseal(&row, "id_number", student.id)?,
            phone: self.unseal(&row, "phone", student.id)?,
            details: row.json("details")?,
            enrolment: row.text("state")?,
            consents: self.consents_of_person(student.id).await?,
            attempts,
            events: self.events_of_person(student.id).await?,
        };
        let line = Line {
            season: Some(&asked.season),
            unit: Some(&record.unit),
            actor: Some(principal.user),
            details: vec![("student", student.id.simple().to_string()), ("pictures", files.len().to_string())],
            ..Line::of(&principal.school, "person.exported")
        };
        let mut write = self.database.write().await?;
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        Ok((record, files))
    }

    async fn erase_person(&self, principal: &Principal, asked: &Erasure, now: Timestamp) -> StoreResult<Erased> {
        let student = self.find_student(principal, &asked.season, &asked.student).await?;
        let mut write = self.database.write().await?;
        let erased = erase(&mut write, student.id, retention::ERASURE, now).await??;
        let line = Line {
            season: Some(&asked.season),
            unit: Some(&student.unit),
            actor: Some(principal.user),
            details: vec![
                ("student", student.id.simple().to_string()),
                ("reason", asked.reason.code().to_owned()),
                ("pictures", erased.pictures.to_string()),
            ],
            ..Line::of(&principal.school, "person.erased")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        Ok(erased)
    }
}

impl SqlStore {
    async fn attempts_of_person(&self, student: Uuid) -> StoreResult<(Vec<PersonAttempt>, Vec<PictureOfPerson>)> {
        let rows = sql("SELECT id, number, status, submitted_at, report, comparison, decision, decision_reasons FROM attempts
             WHERE student = ? ORDER BY number")
        .bind(values::id(student))
        .fetch_all(&self.database)
        .await?;
        let (mut attempts, mut files) = (vec![], vec![]);
        for row in &rows {
            let number = row.number("number")?;
            let blobs = sql("SELECT name, kind, purging_at, purged_at FROM blobs WHERE attempt = ? ORDER BY kind, created_at")
                .bind(values::id(row.id("id")?))
                .fetch_all(&self.database)
                .await?;
            let mut pictures: Vec<PersonPicture> = vec![];
            for blob in &blobs {
                let kind = blob.text("kind")?;
                let same = pictures.iter().filter(|picture| picture.kind == kind).count();
                let file = blob.number_or_null("purging_at")?.is_none().then(|| format!("{number}-{kind}-{}", same + 1));
                if let Some(file) = &file {
                    files.push(PictureOfPerson { name: blob.text("name")?, file: file.clone() });
                }
                let purged_at = blob.time_or_null("purged_at")?.or(blob.time_or_null("purging_at")?);
                pictures.push(PersonPicture { kind, file, purged_at });
            }
            // What is still held is nobody's to know yet.
            let status: Status = row.code("status")?;
            let told = status != Status::Held;
            attempts.push(PersonAttempt {
                number,
                status: if told { status } else { Status::Pending },
                submitted_at: row.time("submitted_at")?,
                report: row.json_or_null("report")?,
                comparison: row.json_or_null("comparison")?,
                decision: if told { row.code_or_null("decision")? } else { None },
                reasons: if told { row.json("decision_reasons")? } else { vec![] },
                pictures,
            });
        }
        Ok((attempts, files))
    }

    async fn consents_of_person(&self, student: Uuid) -> StoreResult<Vec<Consent>> {
        let rows = sql("SELECT kind, given, version, at FROM consents WHERE student = ? ORDER BY id")
            .bind(values::id(student))
            .fetch_all(&self.database)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Consent {
                    kind: row.code("kind")?,
                    given: row.number("given")? != 0,
                    version: row.text("version")?,
                    at: row.time("at")?,
                })
            })
            .collect()
    }

    /// What the audit says of the person's photos. Reviews whose decision is not final yet are left out.
    async fn events_of_person(&self, student: Uuid) -> StoreResult<Vec<PersonEvent>> {
        let rows = sql("SELECT u.at, u.action, u.details FROM attempts a JOIN audit u ON u.attempt = a.id
             WHERE a.student = ? AND a.status <> 'held' ORDER BY u.sequence")
        .bind(values::id(student))
        .fetch_all(&self.database)
        .await?;
        rows.iter().map(|row| Ok(PersonEvent { at: row.time("at")?, action: row.text("action")?, details: row.json("details")? })).collect()
    }
}

/// Takes a person out: names, numbers, measures of the face; marks every picture. The row stays, so that what is counted stays true.
pub(super) async fn erase(write: &mut Write, student: Uuid, rule: &str, now: Timestamp) -> StoreResult<Result<Erased, Refusal>> {
    let id = values::id(student);
    // The attempts before the enrolment, as everybody does who needs both.
    let attempts =
        sql(locked!("SELECT id, status FROM attempts WHERE student = ? ORDER BY id")).bind(id.clone()).fetch_all(&mut *write).await?;
    for row in &attempts {
        if !matches!(row.code("status")?, Status::Approved | Status::Rejected | Status::Withdrawn) {
            return Ok(Err(Refusal::AlreadySubmitted));
        }
    }
    let needed: i64 = sql("SELECT count(*) FROM deliveries WHERE student = ? AND state IN ('ready', 'exported', 'returned')")
        .bind(id.clone())
        .fetch_value(&mut *write)
        .await?;
    if needed > 0 {
        return Ok(Err(Refusal::OnItsWay));
    }
    let state = match intake::enrolment(write, student).await?.after(EnrolmentEvent::Erase) {
        Ok(state) => state,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let delta = intake::move_enrolment(write, student, state, now).await?;
    let place = sql("SELECT school, season, unit FROM students WHERE id = ?").bind(id.clone()).fetch_one(&mut *write).await?;
    if let Some(delta) = delta {
        counters::apply(write, &place.text("school")?, &place.text("season")?, &place.text("unit")?, &delta).await?;
    }
    sql("UPDATE students SET name = NULL, id_number = NULL, id_number_hash = NULL, phone = NULL, student_number = NULL, student_key = ?1,
             details = '{}', fingerprint = ?2, updated_at = ?3 WHERE id = ?4")
    .bind(format!("erased-{}", student.simple()))
    .bind(id.clone())
    .bind(values::time(now))
    .bind(id.clone())
    .execute(&mut *write)
    .await?;
    // What the machine measured of the face, also where a golden item repeats it.
    sql("UPDATE attempts SET report = NULL, comparison = NULL, photo_hash = id WHERE student = ?")
        .bind(id.clone())
        .execute(&mut *write)
        .await?;
    sql("UPDATE attempts SET report = NULL, comparison = NULL WHERE golden_source IN (SELECT id FROM attempts WHERE student = ?)")
        .bind(id.clone())
        .execute(&mut *write)
        .await?;
    sql("UPDATE renditions SET report = '{}' WHERE attempt IN (SELECT id FROM attempts WHERE student = ?)")
        .bind(id.clone())
        .execute(&mut *write)
        .await?;
    sql("UPDATE skips SET note = NULL WHERE attempt IN (SELECT id FROM attempts WHERE student = ?)")
        .bind(id.clone())
        .execute(&mut *write)
        .await?;
    let rows = sql("SELECT b.name FROM blobs b JOIN attempts a ON a.id = b.attempt WHERE a.student = ? AND b.purging_at IS NULL")
        .bind(id)
        .fetch_all(&mut *write)
        .await?;
    let names = rows.iter().map(|row| row.text("name")).collect::<StoreResult<Vec<_>>>()?;
    retention::mark(write, &names, rule, now).await?;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Ok(Erased { student, attempts: count(attempts.len()), pictures: count(names.len()) }))
}
