//! Notices and every try to send one; what cannot be sent becomes a line on the unit's call list.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    attempts::{self, AttemptRow},
    audit::{self, Line},
    database::{Write, sql},
    golden, jobs, values,
};
use crate::{
    api::submission::NoticeKind,
    backend::store::{
        StoreResult,
        types::{CallLine, Job, JobKind, NoticeWork, SendingEnd},
    },
    domain::access::Principal,
};

/// Writes a notice and the job that sends it.
pub async fn enqueue(write: &mut Write, attempt: &AttemptRow, kind: NoticeKind, now: Timestamp) -> StoreResult<Uuid> {
    let id = Uuid::now_v7();
    sql("INSERT INTO notices (id, school, season, unit, student, attempt, kind, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?)")
        .bind(values::id(id))
        .bind(&attempt.school)
        .bind(&attempt.season)
        .bind(&attempt.unit)
        .bind(values::id(attempt.student))
        .bind(values::id(attempt.id))
        .bind(kind.code())
        .bind(values::time(now))
        .execute(&mut *write)
        .await?;
    jobs::enqueue(write, &attempt.school, &attempt.season, JobKind::Notify, id, now, now).await?;
    Ok(id)
}

/// An approval was reopened: what was to be told of it is stopped, what was told is corrected.
pub async fn overtake(write: &mut Write, attempt: &AttemptRow, now: Timestamp) -> StoreResult<()> {
    let stopped = sql(
        "UPDATE notices SET state = 'stopped' WHERE attempt = ? AND kind = 'approved' AND state IN ('waiting', 'call_needed') RETURNING id",
    )
    .bind(values::id(attempt.id))
    .fetch_all(&mut *write)
    .await?;
    for notice in &stopped {
        jobs::remove(write, JobKind::Notify, notice.id("id")?).await?;
    }
    let last: Option<String> = sql(
        "SELECT kind FROM notices WHERE attempt = ? AND kind IN ('approved', 'reopened') AND state = 'delivered' ORDER BY id DESC LIMIT 1",
    )
    .bind(values::id(attempt.id))
    .fetch_value_optional(&mut *write)
    .await?;
    if last.as_deref() == Some(NoticeKind::Approved.code()) {
        enqueue(write, attempt, NoticeKind::Reopened, now).await?;
    }
    Ok(())
}

/// Notices to students.
#[async_trait]
pub trait Notices: Send + Sync {
    /// What sending needs; `None`, and the job is gone, where the notice no longer waits.
    async fn notice_work(&self, job: &Job, now: Timestamp) -> StoreResult<Option<NoticeWork>>;
    async fn record_sending(&self, job: &Job, gateway: &str, end: &SendingEnd, now: Timestamp) -> StoreResult<()>;
    /// Whom the units must call, unsealed; that it was read is audited.
    async fn calls(&self, principal: &Principal, season: &str, unit: Option<&str>, now: Timestamp) -> StoreResult<Vec<CallLine>>;
}

#[async_trait]
impl Notices for SqlStore {
    async fn notice_work(&self, job: &Job, now: Timestamp) -> StoreResult<Option<NoticeWork>> {
        let row = sql("SELECT n.id, n.kind, se.name AS season_name, s.id AS student, s.student_number, s.name, s.phone, a.decision_reasons
             FROM notices n JOIN students s ON s.id = n.student JOIN attempts a ON a.id = n.attempt
             JOIN seasons se ON se.school = n.school AND se.code = n.season WHERE n.id = ? AND n.state = 'waiting' AND a.golden_for IS NULL")
        .bind(values::id(job.subject))
        .fetch_optional(&self.database)
        .await?;
        let Some(row) = row else {
            let mut write = self.database.write().await?;
            if !golden::end_notice(&mut write, job, now).await? {
                jobs::finish(&mut write, job).await?;
            }
            write.commit().await?;
            return Ok(None);
        };
        let student = row.id("student")?;
        Ok(Some(NoticeWork {
            notice: row.id("id")?,
            kind: row.code("kind")?,
            season_name: row.text("season_name")?,
            student_number: row.text_or_null("student_number")?.unwrap_or_default(),
            name: self.unseal(&row, "name", student)?,
            phone: self.unseal(&row, "phone", student)?,
            reasons: row.json("decision_reasons")?,
        }))
    }

    async fn record_sending(&self, job: &Job, gateway: &str, end: &SendingEnd, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        let (outcome, state) = match end {
            SendingEnd::Delivered { reference } => (reference, Some("delivered")),
            SendingEnd::Again { code, .. } => (code, None),
            SendingEnd::CallNeeded { code } => (code, Some("call_needed")),
        };
        sql("INSERT INTO sendings (school, season, notice, gateway, outcome, sent, at)
             SELECT school, season, id, ?2, ?3, ?4, ?5 FROM notices WHERE id = ?1")
        .bind(values::id(job.subject))
        .bind(gateway)
        .bind(outcome)
        .bind(state == Some("delivered"))
        .bind(values::time(now))
        .execute(&mut write)
        .await?;
        if let Some(state) = state {
            self.correct_if_stopped(&mut write, job.subject, end, now).await?;
            sql("UPDATE notices SET state = ?2, delivered_at = CASE WHEN ?2 = 'delivered' THEN ?3 END WHERE id = ?1 AND state = 'waiting'")
                .bind(values::id(job.subject))
                .bind(state)
                .bind(values::time(now))
                .execute(&mut write)
                .await?;
        }
        match end {
            SendingEnd::Again { code, at } => jobs::put_back(&mut write, job, *at, Some(code)).await?,
            _ => jobs::finish(&mut write, job).await?,
        }
        write.commit().await
    }

    async fn calls(&self, principal: &Principal, season: &str, unit: Option<&str>, now: Timestamp) -> StoreResult<Vec<CallLine>> {
        let units = self.units_wanted(principal, season, unit).await?;
        let mut write = self.database.write().await?;
        // Only the newest notice of a student: who has been told something newer, or has sent a new photo, must not be called about the old.
        let rows = sql(
            "SELECT n.unit, n.kind, n.created_at, s.id AS student, s.student_number, s.name, s.phone, a.decision_reasons
             FROM notices n JOIN students s ON s.id = n.student JOIN attempts a ON a.id = n.attempt
             WHERE n.school = ?1 AND n.season = ?2 AND n.state = 'call_needed' AND (?3 IS NULL OR n.unit IN (SELECT value FROM json_each(?3)))
                 AND NOT EXISTS (SELECT 1 FROM notices later JOIN attempts x ON x.id = later.attempt
                     WHERE x.student = n.student AND later.id > n.id)
                 AND NOT EXISTS (SELECT 1 FROM attempts newer WHERE newer.student = n.student AND newer.number > a.number)
             ORDER BY n.unit, n.id",
        )
        .bind(&principal.school)
        .bind(season)
        .bind(&units)
        .fetch_all(&mut write)
        .await?;
        let lines = rows
            .iter()
            .map(|row| {
                let student = row.id("student")?;
                Ok(CallLine {
                    unit: row.text("unit")?,
                    student_number: row.text_or_null("student_number")?.unwrap_or_default(),
                    name: self.unseal(row, "name", student)?,
                    phone: self.unseal(row, "phone", student)?,
                    kind: row.code("kind")?,
                    reasons: row.json("decision_reasons")?,
                    since: row.time("created_at")?,
                })
            })
            .collect::<StoreResult<Vec<_>>>()?;
        let line = Line {
            season: Some(season),
            unit,
            actor: Some(principal.user),
            details: vec![("lines", lines.len().to_string())],
            ..Line::of(&principal.school, "calls.read")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        Ok(lines)
    }
}

impl SqlStore {
    /// A notice that was stopped while the gateway was carrying it has arrived all the same: the student is told that it does not hold.
    async fn correct_if_stopped(&self, write: &mut Write, notice: Uuid, end: &SendingEnd, now: Timestamp) -> StoreResult<()> {
        if !matches!(end, SendingEnd::Delivered { .. }) {
            return Ok(());
        }
        let attempt: Option<Vec<u8>> =
            sql("SELECT attempt FROM notices WHERE id = ?").bind(values::id(notice)).fetch_value_optional(&mut *write).await?;
        let Some(attempt) = attempt.and_then(|id| Uuid::from_slice(&id).ok()) else { return Ok(()) };
        // The attempt first: who reopens it has it while stopping its notices.
        let Some(attempt) = attempts::load(write, attempt).await? else { return Ok(()) };
        let stopped: bool = sql("SELECT EXISTS (SELECT 1 FROM notices WHERE id = ? AND state = 'stopped')")
            .bind(values::id(notice))
            .fetch_value(&mut *write)
            .await?;
        if stopped {
            enqueue(write, &attempt, NoticeKind::Reopened, now).await?;
        }
        Ok(())
    }
}
