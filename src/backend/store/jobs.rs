//! The queue of the machine, and what standardizing changes.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore, attempts,
    audit::{self, Line},
    consents,
    database::{Spelling, Write, sql},
    entitlements, intake, seasons, values,
};
use crate::{
    api::{person::ConsentKind, submission::PictureKind},
    backend::{
        blobs::BlobKind,
        store::{
            StoreError, StoreResult,
            types::{AttemptWork, Job, JobKind, MachineOutcome, PANICKED, QueueDepth},
        },
    },
    domain::{
        id_card::CardRecord,
        lifecycle::{
            Refusal,
            attempt::{AttemptEvent, AttemptState},
            entitlement::Guarded,
        },
        review::reviews_needed_by_draw,
    },
};

/// The oldest due job; on Postgres past those that others are taking.
pub(super) const TAKE: Spelling = Spelling::Each {
    sqlite:
        "UPDATE jobs SET visible_at = ?3, taken = 1, tries = tries + 1
         WHERE id = (SELECT id FROM jobs WHERE kind = ?1 AND visible_at <= ?2 ORDER BY visible_at, id LIMIT 1) RETURNING id, subject, tries",
    postgres: "UPDATE jobs SET visible_at = ?3, taken = 1, tries = tries + 1
         WHERE id = (SELECT id FROM jobs WHERE kind = ?1 AND visible_at <= ?2 ORDER BY visible_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, subject, tries",
};

/// Puts a job into the queue; one of its kind and subject that is there already stays as it is.
pub async fn enqueue(
    write: &mut Write,
    school: &str,
    season: &str,
    kind: JobKind,
    subject: Uuid,
    at: Timestamp,
    now: Timestamp,
) -> StoreResult<()> {
    sql("INSERT INTO jobs (school, season, kind, subject, visible_at, created_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(school)
        .bind(season)
        .bind(kind.code())
        .bind(values::id(subject))
        .bind(values::time(at))
        .bind(values::time(now))
        .execute(&mut *write)
        .await?;
    Ok(())
}

pub async fn remove(write: &mut Write, kind: JobKind, subject: Uuid) -> StoreResult<()> {
    sql("DELETE FROM jobs WHERE kind = ? AND subject = ?").bind(kind.code()).bind(values::id(subject)).execute(&mut *write).await?;
    Ok(())
}

pub async fn finish(write: &mut Write, job: &Job) -> StoreResult<()> {
    sql("DELETE FROM jobs WHERE id = ?").bind(job.id).execute(&mut *write).await?;
    Ok(())
}

pub async fn put_back(write: &mut Write, job: &Job, at: Timestamp, error: Option<&str>) -> StoreResult<()> {
    sql("UPDATE jobs SET visible_at = ?, taken = 0, last_error = coalesce(?, last_error) WHERE id = ?")
        .bind(values::time(at))
        .bind(error)
        .bind(job.id)
        .execute(&mut *write)
        .await?;
    Ok(())
}

/// The machine's own work.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Takes the next due job of a kind; it comes back at `again_at` unless its end is recorded.
    async fn next_job(&self, kind: JobKind, now: Timestamp, again_at: Timestamp) -> StoreResult<Option<Job>>;
    /// A sign of life of the worker that has the job: it stays taken until `until`. One that somebody else has taken meanwhile is not touched.
    async fn keep_job(&self, job: &Job, until: Timestamp) -> StoreResult<()>;
    /// Gives a job back for a later try.
    async fn postpone_job(&self, job: &Job, again_at: Timestamp, error: &str) -> StoreResult<()>;
    /// Makes jobs due again that a process which no longer lives had taken, and gives their number. Only for who is alone on the database: where
    /// others live and work, what the dead had taken comes back by time.
    async fn requeue_taken(&self, now: Timestamp) -> StoreResult<u64>;
    /// How many jobs of each kind there are.
    async fn queue_depth(&self, now: Timestamp) -> StoreResult<Vec<QueueDepth>>;
    /// What standardizing needs; `None`, and the job is gone, where the attempt no longer waits for it.
    async fn attempt_work(&self, job: &Job, now: Timestamp) -> StoreResult<Option<AttemptWork>>;
    /// Records what the machine made of an attempt and ends the job; a second time changes nothing.
    async fn save_outcome(&self, job: &Job, outcome: &MachineOutcome, now: Timestamp) -> StoreResult<()>;
}

#[async_trait]
impl Jobs for SqlStore {
    async fn next_job(&self, kind: JobKind, now: Timestamp, again_at: Timestamp) -> StoreResult<Option<Job>> {
        // Looking first keeps idle workers off the one writer. The soonest is asked for, because whether any is due Postgres may answer by
        // reading all that are not.
        let due: bool = sql("SELECT coalesce((SELECT min(visible_at) FROM jobs WHERE kind = ?), 9223372036854775807) <= ?")
            .bind(kind.code())
            .bind(values::time(now))
            .fetch_value(&self.database)
            .await?;
        if !due {
            return Ok(None);
        }
        let mut write = self.database.write().await?;
        let row = sql(TAKE).bind(kind.code()).bind(values::time(now)).bind(values::time(again_at)).fetch_optional(&mut write).await?;
        write.commit().await?;
        row.map(|row| {
            let tries = u32::try_from(row.number("tries")?).unwrap_or(u32::MAX);
            Ok(Job { id: row.number("id")?, kind, subject: row.id("subject")?, tries })
        })
        .transpose()
    }

    async fn keep_job(&self, job: &Job, until: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        sql("UPDATE jobs SET visible_at = ? WHERE id = ? AND taken = 1 AND tries = ?")
            .bind(values::time(until))
            .bind(job.id)
            .bind(job.tries)
            .execute(&mut write)
            .await?;
        write.commit().await
    }

    async fn postpone_job(&self, job: &Job, again_at: Timestamp, error: &str) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        put_back(&mut write, job, again_at, Some(error)).await?;
        // Only what dies on a photo speaks against it: a full disk is not the photo's fault, however long it lasts.
        if error != PANICKED {
            sql("UPDATE jobs SET tries = CASE WHEN tries > 0 THEN tries - 1 ELSE 0 END WHERE id = ?")
                .bind(job.id)
                .execute(&mut write)
                .await?;
        }
        write.commit().await
    }

    async fn requeue_taken(&self, now: Timestamp) -> StoreResult<u64> {
        let mut write = self.database.write().await?;
        let done = sql("UPDATE jobs SET visible_at = ?, taken = 0 WHERE taken = 1").bind(values::time(now)).execute(&mut write).await?;
        write.commit().await?;
        Ok(done.rows_affected())
    }

    async fn queue_depth(&self, now: Timestamp) -> StoreResult<Vec<QueueDepth>> {
        let rows = sql("SELECT kind, count(*) AS waiting, count(*) FILTER (WHERE taken = 1 OR visible_at <= ?) AS due,
                 count(*) FILTER (WHERE taken = 1) AS taken, count(*) FILTER (WHERE last_error IS NOT NULL) AS failing FROM jobs
                 WHERE NOT EXISTS (SELECT 1 FROM golden_offers f WHERE f.id = jobs.subject) GROUP BY kind")
        .bind(values::time(now))
        .fetch_all(&self.database)
        .await?;
        let mut depths = JobKind::ALL.map(|kind| QueueDepth { kind, waiting: 0, due: 0, taken: 0, failing: 0 });
        for row in &rows {
            let kind = row.text("kind")?;
            for depth in depths.iter_mut().filter(|depth| depth.kind.code() == kind) {
                (depth.waiting, depth.due) = (row.number("waiting")?, row.number("due")?);
                (depth.taken, depth.failing) = (row.number("taken")?, row.number("failing")?);
            }
        }
        Ok(depths.to_vec())
    }

    async fn attempt_work(&self, job: &Job, now: Timestamp) -> StoreResult<Option<AttemptWork>> {
        let mut write = self.database.write().await?;
        if self.golden_work(&mut write, job, now).await? {
            write.commit().await?;
            return Ok(None);
        }
        let attempt = attempts::load(&mut write, job.subject).await?;
        let Some(attempt) = attempt.filter(|attempt| attempt.state == AttemptState::Captured) else {
            finish(&mut write, job).await?;
            write.commit().await?;
            return Ok(None);
        };
        let rules = seasons::rules(&mut write, &attempt.school, &attempt.season).await?;
        let rows = sql("SELECT kind, name FROM blobs WHERE attempt = ? AND kind IN ('original', 'id_card') ORDER BY created_at")
            .bind(values::id(attempt.id))
            .fetch_all(&mut write)
            .await?;
        let student = sql("SELECT name, id_number FROM students WHERE id = ?").bind(values::id(attempt.student));
        let student = student.fetch_one(&mut write).await?;
        let consented = consents::newest(&mut write, attempt.student, ConsentKind::FaceComparison).await?;
        let compares = rules.face_comparison.allows(consented);
        write.rollback().await?;
        // What is masked cannot be compared with a card.
        let whole = |plain: String| (!plain.contains('*')).then_some(plain);
        let unsealed = |column: &str| Ok::<_, StoreError>(self.unseal(&student, column, attempt.student)?.and_then(whole));
        let record = CardRecord { name: unsealed("name")?, number: unsealed("id_number")? };
        let (mut original, mut id_card) = (None, None);
        for row in &rows {
            match row.text("kind")?.as_str() {
                "original" => original = Some(row.text("name")?),
                _ => id_card = Some(row.text("name")?),
            }
        }
        Ok(Some(AttemptWork {
            attempt: attempt.id,
            school: attempt.school,
            standard: rules.standard,
            cohort: compares.then_some(rules.cohort),
            original: original.ok_or(StoreError::Corrupt("an attempt without its photo"))?,
            id_card,
            record,
        }))
    }

    async fn save_outcome(&self, job: &Job, outcome: &MachineOutcome, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        let attempt = attempts::load(&mut write, job.subject).await?;
        let Some(mut attempt) = attempt.filter(|attempt| attempt.state == AttemptState::Captured) else {
            finish(&mut write, job).await?;
            return write.commit().await;
        };
        intake::insert_blobs(&mut write, &attempt.school, &attempt.season, attempt.id, &outcome.blobs, now).await?;
        if outcome.standardized {
            attempt.rendition = Some(insert_rendition(&mut write, &attempt, outcome, now).await?);
        }
        attempt.band = outcome.comparison.as_ref().map(|comparison| comparison.band);
        let rules = seasons::rules(&mut write, &attempt.school, &attempt.season).await?;
        sql("UPDATE attempts SET rendition = ?, report = ?, checks = ?, machine_reasons = ?, comparison = ?, band = ?, reviews_needed = ?
             WHERE id = ?")
        .bind(attempt.rendition.map(values::id))
        .bind(outcome.report.as_ref().map(values::json).transpose()?)
        .bind(values::code(&outcome.checks)?)
        .bind(values::json(&outcome.reasons)?)
        .bind(outcome.comparison.as_ref().map(values::json).transpose()?)
        .bind(attempt.band.map(|band| band.code()))
        .bind(i64::from(reviews_needed_by_draw(&rules, attempt.band, &self.second_review_draw(attempt.id))))
        .bind(values::id(attempt.id))
        .execute(&mut write)
        .await?;
        let action = if outcome.standardized {
            attempt.advance(&mut write, AttemptEvent::Standardize, None, now).await?;
            // An import hands in what it brings, as soon as it may.
            match entitlements::admit(&mut write, attempt.student, Guarded::Submission, rules.guarded).await {
                Ok(()) => {
                    attempt.advance(&mut write, AttemptEvent::Submit, None, now).await?;
                    "machine.standardized"
                }
                Err(StoreError::Refused(Refusal::Unpaid)) => "machine.standardized_unpaid",
                Err(error) => return Err(error),
            }
        } else {
            attempt.advance(&mut write, AttemptEvent::RefuseByMachine, None, now).await?;
            "machine.refused"
        };
        let line = Line {
            season: Some(&attempt.season),
            unit: Some(&attempt.unit),
            attempt: Some(attempt.id),
            ..Line::of(&attempt.school, action)
        };
        audit::append(&mut write, now, line).await?;
        finish(&mut write, job).await?;
        write.commit().await
    }
}

async fn insert_rendition(
    write: &mut Write,
    attempt: &attempts::AttemptRow,
    outcome: &MachineOutcome,
    now: Timestamp,
) -> StoreResult<Uuid> {
    let standard = outcome.blobs.iter().find(|blob| blob.kind == BlobKind::Picture(PictureKind::Standard));
    let standard = standard.ok_or(StoreError::Corrupt("a standardized photo without its picture"))?;
    let report = outcome.report.as_ref().ok_or(StoreError::Corrupt("a standardized photo without a report"))?;
    let id = Uuid::now_v7();
    sql("INSERT INTO renditions (id, school, season, attempt, number, blob, report, created_at)
         VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(number), 0) + 1 FROM renditions WHERE attempt = ?4), ?5, ?6, ?7)")
    .bind(values::id(id))
    .bind(&attempt.school)
    .bind(&attempt.season)
    .bind(values::id(attempt.id))
    .bind(&standard.name)
    .bind(values::json(report)?)
    .bind(values::time(now))
    .execute(&mut *write)
    .await?;
    Ok(id)
}
