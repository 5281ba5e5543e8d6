//! Lapsing: when a season has closed, the part of whoever never handed in a photo is over.
//!
//! A photo that waits for the machine or for people is no reason to lapse: closing stops students, never reviewers. Neither is one that was
//! rejected: that student did take part.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    SqlStore,
    audit::{self, Line},
    database::{Spelling, sql},
    intake, values,
};
use crate::{
    backend::store::StoreResult,
    domain::lifecycle::enrolment::{EnrolmentEvent, EnrolmentState},
};

/// Students of one transaction.
const AT_ONCE: i64 = 200;

/// Ending what never began.
#[async_trait]
pub trait Lapsing: Send + Sync {
    /// Lapses some enrolments of seasons that have closed; gives how many, none when nothing is left to do. A closing counts once: whom somebody
    /// reinstates after it stays.
    async fn lapse(&self, now: Timestamp) -> StoreResult<u64>;
}

/// Students who may have handed in nothing, locked; on Postgres past those that somebody is at.
pub(super) const CANDIDATES: Spelling = Spelling::Each {
    sqlite: "SELECT e.student, e.state FROM enrolments e JOIN students s ON s.id = e.student
         WHERE e.school = ?1 AND e.season = ?2 AND e.state IN ('invited', 'verified')
             AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.student = e.student AND a.status NOT IN ('standardized', 'withdrawn'))
         ORDER BY s.unit, e.student LIMIT ?3",
    postgres: "SELECT e.student, e.state FROM enrolments e JOIN students s ON s.id = e.student
         WHERE e.school = ?1 AND e.season = ?2 AND e.state IN ('invited', 'verified')
             AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.student = e.student AND a.status NOT IN ('standardized', 'withdrawn'))
         ORDER BY s.unit, e.student LIMIT ?3 FOR UPDATE OF e SKIP LOCKED",
};

#[async_trait]
impl Lapsing for SqlStore {
    async fn lapse(&self, now: Timestamp) -> StoreResult<u64> {
        let closed = sql("SELECT school, code, closes_at FROM seasons WHERE closes_at <= ? AND lapsed_for IS DISTINCT FROM closes_at")
            .bind(values::time(now))
            .fetch_all(&self.database)
            .await?;
        let Some(season) = closed.first() else { return Ok(0) };
        let (school, code, closes_at) = (season.text("school")?, season.text("code")?, season.number("closes_at")?);
        let mut write = self.database.write().await?;
        // One process at a time, so that nobody takes another's locked rows for the end of the work.
        write.alone_with(&format!("lapse {school} {code}")).await?;
        let rows = sql(CANDIDATES).bind(&school).bind(&code).bind(AT_ONCE).fetch_all(&mut write).await?;
        let mut lapsed = 0;
        for row in &rows {
            let student = row.id("student")?;
            // Who hands in a photo locks the enrolment: seen again under the lock, it cannot slip in between.
            let handed_in: bool =
                sql("SELECT EXISTS (SELECT 1 FROM attempts WHERE student = ? AND status NOT IN ('standardized', 'withdrawn'))")
                    .bind(values::id(student))
                    .fetch_value(&mut write)
                    .await?;
            if !handed_in && let Ok(state) = row.code::<EnrolmentState>("state")?.after(EnrolmentEvent::Lapse) {
                intake::set_enrolment(&mut write, student, state, now).await?;
                lapsed += 1;
            }
        }
        // Rows that somebody was at are left for another time.
        let left: bool =
            sql("SELECT EXISTS (SELECT 1 FROM enrolments e WHERE e.school = ?1 AND e.season = ?2 AND e.state IN ('invited', 'verified')
             AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.student = e.student AND a.status NOT IN ('standardized', 'withdrawn')))")
            .bind(&school)
            .bind(&code)
            .fetch_value(&mut write)
            .await?;
        if !left {
            sql("UPDATE seasons SET lapsed_for = ? WHERE school = ? AND code = ?")
                .bind(closes_at)
                .bind(&school)
                .bind(&code)
                .execute(&mut write)
                .await?;
        }
        if lapsed > 0 {
            let line =
                Line { season: Some(&code), details: vec![("students", lapsed.to_string())], ..Line::of(&school, "enrolments.lapsed") };
            audit::append(&mut write, now, line).await?;
        }
        write.commit().await?;
        Ok(lapsed)
    }
}
