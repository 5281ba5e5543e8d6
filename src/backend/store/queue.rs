//! Submissions as people read them: pages of the queue, one whole, its pictures. Personal data leaves here masked.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    cursor::Cursor,
    database::{Row, Spelling, Write, sql},
    golden, values,
};
use crate::{
    api::submission::{MaskedStudent, Measured, NoticeState, Page, PastAttempt, PictureKind, Submission, SubmissionSummary},
    backend::store::{StoreError, StoreResult, types::QueueFilter},
    domain::{
        access::Principal,
        check::CheckId,
        lifecycle::attempt::Status,
        report::Report,
        resident_id::{mask_name, mask_number, mask_phone},
    },
};

/// Everything a summary shows; `?1` is the asker, `?2` the time. The asker's own review is looked up, not tested for: for `EXISTS` Postgres may
/// read everything they ever reviewed.
macro_rules! summary {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.season, a.unit, a.number, a.status, a.version, a.submitted_at, a.checks, a.machine_reasons, a.band, a.decision,
                 a.held_until, CASE WHEN a.lease_user IS NOT NULL AND a.lease_user <> ?1 AND a.visible_at > ?2 THEN a.visible_at END
                     AS claimed_until,
                 a.status IN ('pending', 'machine_refused') AND (SELECT r.id FROM reviews r WHERE r.attempt = a.id
                     AND r.reviewer = ?1 AND r.withdrawn_at IS NULL LIMIT 1) IS NOT NULL AS reviewed_by_me,
                 a.report, a.comparison, a.rendition, a.decision_reasons,
                 s.id AS student, s.student_number, s.name, s.id_number, s.phone ",
            $rest
        )
    };
}

/// Each part of the queue is read from its own stretch of an index; the statuses and units are few, the attempts many. Postgres, once it plans
/// without looking at the values, takes a page for a tenth of everything and would read all students for it: hence one at a time, said outright.
pub(super) const PAGE_OF_SEASON: Spelling = Spelling::Each {
    sqlite: summary!(
        "FROM json_each(?4) se CROSS JOIN json_each(?5) st CROSS JOIN attempts a ON a.id IN (SELECT id FROM attempts WHERE school = ?3
             AND season = se.value AND status = st.value AND (submitted_at, id) > (?6, ?7) ORDER BY submitted_at, id LIMIT ?8)
         CROSS JOIN students s ON s.id = a.student ORDER BY a.submitted_at, a.id LIMIT ?8"
    ),
    postgres: summary!(
        "FROM (SELECT p.* FROM json_each(?4) se CROSS JOIN json_each(?5) st CROSS JOIN LATERAL (SELECT * FROM attempts WHERE school = ?3
                 AND season = se.value AND status = st.value AND (submitted_at, id) > (?6, ?7) ORDER BY submitted_at, id LIMIT ?8) p
             ORDER BY p.submitted_at, p.id LIMIT ?8) a
         CROSS JOIN LATERAL (SELECT * FROM students WHERE id = a.student LIMIT 1) s ORDER BY a.submitted_at, a.id"
    ),
};

pub(super) const PAGE_OF_UNITS: Spelling = Spelling::Each {
    sqlite: summary!(
        "FROM json_each(?4) se CROSS JOIN json_each(?9) u CROSS JOIN json_each(?5) st CROSS JOIN attempts a ON a.id IN (
             SELECT id FROM attempts WHERE school = ?3 AND season = se.value AND unit = u.value AND status = st.value AND (submitted_at, id) > (?6, ?7) ORDER BY submitted_at, id LIMIT ?8)
         CROSS JOIN students s ON s.id = a.student ORDER BY a.submitted_at, a.id LIMIT ?8"
    ),
    postgres: summary!(
        "FROM (SELECT p.* FROM json_each(?4) se CROSS JOIN json_each(?9) u CROSS JOIN json_each(?5) st CROSS JOIN LATERAL (
                 SELECT * FROM attempts WHERE school = ?3 AND season = se.value AND unit = u.value AND status = st.value AND (submitted_at, id) > (?6, ?7)
                 ORDER BY submitted_at, id LIMIT ?8) p
             ORDER BY p.submitted_at, p.id LIMIT ?8) a
         CROSS JOIN LATERAL (SELECT * FROM students WHERE id = a.student LIMIT 1) s ORDER BY a.submitted_at, a.id"
    ),
};

const ONE: &str = summary!(
    "FROM attempts a JOIN students s ON s.id = a.student
     WHERE a.id = ?3 AND a.school = ?4 AND (?5 IS NULL OR a.unit IN (SELECT value FROM json_each(?5)))
         AND (a.golden_for IS NULL OR a.golden_for = ?1)"
);

const LEASED: &str = summary!(
    "FROM attempts a JOIN students s ON s.id = a.student WHERE a.lease_user = ?1 AND a.lease_token = ?3 ORDER BY a.place_at, a.id"
);

/// A golden item shows the pictures of the attempt it was made from.
const KINDS: &str = "SELECT DISTINCT b.kind FROM attempts a JOIN blobs b ON b.attempt = coalesce(a.golden_source, a.id)
     WHERE a.id = ? AND b.purging_at IS NULL";

/// Submissions as people read them.
#[async_trait]
pub trait Queue: Send + Sync {
    async fn submissions(&self, principal: &Principal, filter: &QueueFilter, now: Timestamp) -> StoreResult<Page<SubmissionSummary>>;
    async fn submission(&self, principal: &Principal, id: Uuid, now: Timestamp) -> StoreResult<Submission>;
    /// The name of the blob of a picture.
    async fn picture(&self, principal: &Principal, id: Uuid, kind: PictureKind) -> StoreResult<String>;
}

#[async_trait]
impl Queue for SqlStore {
    async fn submissions(&self, principal: &Principal, filter: &QueueFilter, now: Timestamp) -> StoreResult<Page<SubmissionSummary>> {
        let units = self.units_wanted(principal, &filter.season, filter.unit.as_deref()).await?;
        let statuses: Vec<&str> = match filter.status {
            Some(status) => vec![status.code()],
            None => Status::ALL.map(Status::code).to_vec(),
        };
        let cursor = filter.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
        let (after, after_id) = cursor.map_or((i64::MIN, vec![]), |cursor| (cursor.at, values::id(cursor.id)));
        let text = if units.is_some() { PAGE_OF_UNITS } else { PAGE_OF_SEASON };
        let mut query = sql(text)
            .bind(values::id(principal.user))
            .bind(values::time(now))
            .bind(&principal.school)
            .bind(values::json(&golden::seasons_of(principal, &filter.season))?)
            .bind(values::json(&statuses)?)
            .bind(after)
            .bind(after_id)
            .bind(i64::from(filter.limit) + 1);
        if let Some(units) = units {
            query = query.bind(units);
        }
        let rows = query.fetch_all(&self.database).await?;
        let mut items = rows.iter().map(|row| self.measured_summary(row, &filter.measured)).collect::<StoreResult<Vec<_>>>()?;
        let more = items.len() > filter.limit as usize;
        items.truncate(filter.limit as usize);
        let next = items.last().filter(|_| more).map(|last| Cursor::after(last.submitted_at, last.id).to_string());
        Ok(Page { items, next })
    }

    async fn submission(&self, principal: &Principal, id: Uuid, now: Timestamp) -> StoreResult<Submission> {
        // One transaction: the version told belongs to the state told.
        let mut read = self.database.snapshot().await?;
        let row = sql(ONE)
            .bind(values::id(principal.user))
            .bind(values::time(now))
            .bind(values::id(id))
            .bind(&principal.school)
            .bind(values::scope(principal)?)
            .fetch_optional(&mut read)
            .await?
            .ok_or(StoreError::NotFound)?;
        let kinds = sql(KINDS).bind(values::id(id)).fetch_all(&mut read).await?;
        let kinds = kinds.iter().map(|row| row.text("kind")).collect::<StoreResult<Vec<_>>>()?;
        let past =
            sql("SELECT id, number, status, submitted_at, decision_reasons FROM attempts WHERE student = ? AND id <> ? ORDER BY number")
                .bind(values::id(row.id("student")?))
                .bind(values::id(id))
                .fetch_all(&mut read)
                .await?;
        let notices = sql("SELECT id, kind, state, created_at, delivered_at FROM notices WHERE attempt = ? ORDER BY id")
            .bind(values::id(id))
            .fetch_all(&mut read)
            .await?;
        Ok(Submission {
            summary: self.summary(&row)?,
            report: row.json_or_null("report")?,
            comparison: row.json_or_null("comparison")?,
            rendition: row.id_or_null("rendition")?,
            pictures: PictureKind::ALL.into_iter().filter(|kind| kinds.iter().any(|known| known == kind.code())).collect(),
            decision_reasons: row.json("decision_reasons")?,
            history: past
                .iter()
                .map(|row| {
                    Ok(PastAttempt {
                        id: row.id("id")?,
                        number: number(row)?,
                        status: row.code("status")?,
                        submitted_at: row.time("submitted_at")?,
                        reasons: row.json("decision_reasons")?,
                    })
                })
                .collect::<StoreResult<_>>()?,
            notices: notices
                .iter()
                .map(|row| {
                    Ok(NoticeState {
                        id: row.id("id")?,
                        kind: row.code("kind")?,
                        state: row.code("state")?,
                        created_at: row.time("created_at")?,
                        delivered_at: row.time_or_null("delivered_at")?,
                    })
                })
                .collect::<StoreResult<_>>()?,
        })
    }

    async fn picture(&self, principal: &Principal, id: Uuid, kind: PictureKind) -> StoreResult<String> {
        let name: Option<String> =
            sql("SELECT b.name FROM attempts a JOIN blobs b ON b.attempt = coalesce(a.golden_source, a.id) AND b.kind = ?2 AND b.purging_at IS NULL
             WHERE a.id = ?1 AND a.school = ?3 AND (?4 IS NULL OR a.unit IN (SELECT value FROM json_each(?4)))
                 AND (a.golden_for IS NULL OR a.golden_for = ?5)
             ORDER BY b.name = coalesce((SELECT r.blob FROM renditions r WHERE r.id = a.rendition),
                 (SELECT r.blob FROM attempts g JOIN renditions r ON r.id = g.rendition WHERE g.id = a.golden_source)) DESC,
                 b.created_at DESC LIMIT 1")
            .bind(values::id(id))
            .bind(kind.code())
            .bind(&principal.school)
            .bind(values::scope(principal)?)
            .bind(values::id(principal.user))
            .fetch_value_optional(&self.database)
            .await?;
        name.ok_or(StoreError::NotFound)
    }
}

impl SqlStore {
    /// What the asker holds under a token.
    pub(super) async fn leased(
        &self,
        write: &mut Write,
        principal: &Principal,
        token: Uuid,
        now: Timestamp,
    ) -> StoreResult<Vec<SubmissionSummary>> {
        let rows =
            sql(LEASED).bind(values::id(principal.user)).bind(values::time(now)).bind(values::id(token)).fetch_all(&mut *write).await?;
        rows.iter().map(|row| self.summary(row)).collect()
    }

    /// A row with what these checks said; the report comes with the row as it is, so nothing more is read for it.
    fn measured_summary(&self, row: &Row, wanted: &[CheckId]) -> StoreResult<SubmissionSummary> {
        let mut summary = self.summary(row)?;
        if !wanted.is_empty() {
            let report: Option<Report> = row.json_or_null("report")?;
            let checks = report.into_iter().flat_map(|report| report.checks).filter(|check| wanted.contains(&check.id));
            summary.measured = checks.map(|check| Measured { check: check.id, value: check.value, verdict: check.verdict }).collect();
        }
        Ok(summary)
    }

    fn summary(&self, row: &Row) -> StoreResult<SubmissionSummary> {
        let status: Status = row.code("status")?;
        let held = status == Status::Held;
        Ok(SubmissionSummary {
            id: row.id("id")?,
            season: golden::shared(&row.text("season")?).to_owned(),
            unit: row.text("unit")?,
            student: self.masked_student(row)?,
            number: number(row)?,
            status,
            version: row.number("version")?,
            submitted_at: row.time("submitted_at")?,
            checks: row.code("checks")?,
            machine_reasons: row.json("machine_reasons")?,
            measured: vec![],
            band: row.code_or_null("band")?,
            claimed_until: row.time_or_null("claimed_until")?,
            decision: if held { row.code_or_null("decision")? } else { None },
            held_until: row.time_or_null("held_until")?,
            reviewed_by_me: row.flag("reviewed_by_me")?,
        })
    }

    pub(super) fn masked_student(&self, row: &Row) -> StoreResult<MaskedStudent> {
        let student = row.id("student")?;
        Ok(MaskedStudent {
            student_number: row.text_or_null("student_number")?.unwrap_or_default(),
            name: self.unseal(row, "name", student)?.map(|name| mask_name(&name)),
            id_number: self.unseal(row, "id_number", student)?.map(|number| mask_number(&number)),
            phone: self.unseal(row, "phone", student)?.map(|phone| mask_phone(&phone)),
        })
    }

    /// Opens a sealed column of a student.
    pub(super) fn unseal(&self, row: &Row, column: &str, student: Uuid) -> StoreResult<Option<String>> {
        let Some(sealed) = row.bytes_or_null(column)? else { return Ok(None) };
        let plain = self.vault.open_sealed(&[b"students", column.as_bytes(), student.as_bytes()], &sealed)?;
        String::from_utf8(plain).map(Some).map_err(|_| StoreError::Corrupt("sealed text that is no text"))
    }
}

fn number(row: &Row) -> StoreResult<u32> {
    u32::try_from(row.number("number")?).map_err(|_| StoreError::Corrupt("an attempt's number out of range"))
}
