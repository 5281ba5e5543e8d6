//! Progress: one wide row of counters a unit, changed in the transaction that changes what it counts.

use sqlx::sqlite::SqliteRow;

use super::{
    SqliteStore, Write,
    values::{self, Read},
};
use crate::{
    api::progress::{Progress, UnitProgress},
    backend::store::{StoreError, StoreResult},
    domain::{access::Principal, comparison::Band, lifecycle::attempt::Status},
};

/// How a unit's counters change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    pub students: i64,
    pub captured_students: i64,
    pub done_students: i64,
    pub doubtful: i64,
    pub statuses: [i64; Status::ALL.len()],
}

impl Delta {
    /// `by` more attempts stand at `status`.
    #[must_use]
    pub fn attempts(mut self, status: Status, band: Option<Band>, by: i64) -> Delta {
        let index = Status::ALL.iter().position(|known| *known == status).expect("every status is in the list");
        self.statuses[index] += by;
        if matches!(status, Status::Pending | Status::MachineRefused) && matches!(band, Some(Band::Doubtful | Band::Different)) {
            self.doubtful += by;
        }
        self
    }

    /// The opposite change.
    #[must_use]
    pub fn negated(&self) -> Delta {
        Delta {
            students: -self.students,
            captured_students: -self.captured_students,
            done_students: -self.done_students,
            doubtful: -self.doubtful,
            statuses: self.statuses.map(|count| -count),
        }
    }
}

pub async fn apply(write: &mut Write, school: &str, season: &str, unit: &str, delta: &Delta) -> StoreResult<()> {
    if *delta == Delta::default() {
        return Ok(());
    }
    // The statuses in the order of `Status::ALL`.
    let mut query = sqlx::query(
        "UPDATE unit_counters SET students = students + ?, captured_students = captured_students + ?, done_students = done_students + ?,
             doubtful = doubtful + ?, captured = captured + ?, standardized = standardized + ?, machine_refused = machine_refused + ?,
             pending = pending + ?, correction_requested = correction_requested + ?, held = held + ?, approved = approved + ?,
             rejected = rejected + ?, withdrawn = withdrawn + ?
         WHERE school = ? AND season = ? AND unit = ?",
    )
    .bind(delta.students)
    .bind(delta.captured_students)
    .bind(delta.done_students)
    .bind(delta.doubtful);
    for count in delta.statuses {
        query = query.bind(count);
    }
    let done = query.bind(school).bind(season).bind(unit).execute(&mut **write).await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Corrupt("a unit without counters")) }
}

pub(super) const COUNTERS: &str =
    "SELECT u.code, u.name, c.* FROM units u JOIN unit_counters c ON c.school = u.school AND c.season = u.season AND c.unit = u.code
     WHERE u.school = ?1 AND u.season = ?2 AND (?3 IS NULL OR u.code IN (SELECT value FROM json_each(?3))) ORDER BY u.code";

const SCAN: &str = "SELECT u.code, u.name, s.*, a.* FROM units u
     LEFT JOIN (SELECT unit AS s_unit, count(*) AS students,
             sum(EXISTS (SELECT 1 FROM attempts x WHERE x.student = students.id)) AS captured_students,
             sum(EXISTS (SELECT 1 FROM attempts x WHERE x.student = students.id AND x.status = 'approved')) AS done_students
         FROM students WHERE school = ?1 AND season = ?2 GROUP BY unit) s ON s.s_unit = u.code
     LEFT JOIN (SELECT unit AS a_unit, sum(status = 'captured') AS captured, sum(status = 'standardized') AS standardized,
             sum(status = 'machine_refused') AS machine_refused, sum(status = 'pending') AS pending,
             sum(status = 'correction_requested') AS correction_requested, sum(status = 'held') AS held,
             sum(status = 'approved') AS approved, sum(status = 'rejected') AS rejected, sum(status = 'withdrawn') AS withdrawn,
             sum(status IN ('pending', 'machine_refused') AND coalesce(band IN ('doubtful', 'different'), 0)) AS doubtful
         FROM attempts WHERE school = ?1 AND season = ?2 GROUP BY unit) a ON a.a_unit = u.code
     WHERE u.school = ?1 AND u.season = ?2 AND (?3 IS NULL OR u.code IN (SELECT value FROM json_each(?3))) ORDER BY u.code";

fn unit(row: &SqliteRow) -> StoreResult<UnitProgress> {
    let count = |column: &str| Ok::<i64, StoreError>(row.number_or_null(column)?.unwrap_or(0));
    Ok(UnitProgress {
        unit: Some(row.text("code")?),
        unit_name: Some(row.text("name")?),
        students: count("students")?,
        captured_students: count("captured_students")?,
        done_students: count("done_students")?,
        captured: count("captured")?,
        standardized: count("standardized")?,
        machine_refused: count("machine_refused")?,
        pending: count("pending")?,
        correction_requested: count("correction_requested")?,
        held: count("held")?,
        approved: count("approved")?,
        rejected: count("rejected")?,
        withdrawn: count("withdrawn")?,
        doubtful: count("doubtful")?,
    })
}

impl SqliteStore {
    pub(super) async fn read_counters(&self, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.progress_by(COUNTERS, principal, season).await
    }

    pub(super) async fn count_everything(&self, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.progress_by(SCAN, principal, season).await
    }

    async fn progress_by(&self, sql: &'static str, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.know_season(principal, season).await?;
        let rows = sqlx::query(sql).bind(&principal.school).bind(season).bind(values::scope(principal)?).fetch_all(&self.readers).await?;
        let units = rows.iter().map(unit).collect::<StoreResult<Vec<_>>>()?;
        let mut whole = UnitProgress::default();
        units.iter().for_each(|unit| whole.add(unit));
        Ok(Progress { units, whole })
    }
}
