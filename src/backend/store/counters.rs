//! Progress: one wide row of counters a unit, changed in the transaction that changes what it counts.

use async_trait::async_trait;

use super::{
    SqlStore,
    database::{Row, Write, sql},
    values,
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

    /// This change and another one.
    pub fn add(&mut self, other: &Delta) {
        self.students += other.students;
        self.captured_students += other.captured_students;
        self.done_students += other.done_students;
        self.doubtful += other.doubtful;
        self.statuses.iter_mut().zip(other.statuses).for_each(|(sum, count)| *sum += count);
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
    let mut query = sql(
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
    let done = query.bind(school).bind(season).bind(unit).execute(&mut *write).await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Corrupt("a unit without counters")) }
}

pub(super) const COUNTERS: &str =
    "SELECT u.code, u.name, c.* FROM units u JOIN unit_counters c ON c.school = u.school AND c.season = u.season AND c.unit = u.code
     WHERE u.school = ?1 AND u.season = ?2 AND (?3 IS NULL OR u.code IN (SELECT value FROM json_each(?3))) ORDER BY u.code";

const SCAN: &str = "SELECT u.code, u.name, s.*, a.* FROM units u
     LEFT JOIN (SELECT unit AS s_unit, count(*) AS students,
             count(*) FILTER (WHERE EXISTS (SELECT 1 FROM attempts x WHERE x.student = students.id)) AS captured_students,
             count(*) FILTER (WHERE EXISTS (SELECT 1 FROM attempts x WHERE x.student = students.id AND x.status = 'approved')) AS done_students
         FROM students WHERE school = ?1 AND season = ?2 GROUP BY unit) s ON s.s_unit = u.code
     LEFT JOIN (SELECT unit AS a_unit, count(*) FILTER (WHERE status = 'captured') AS captured,
             count(*) FILTER (WHERE status = 'standardized') AS standardized,
             count(*) FILTER (WHERE status = 'machine_refused') AS machine_refused, count(*) FILTER (WHERE status = 'pending') AS pending,
             count(*) FILTER (WHERE status = 'correction_requested') AS correction_requested, count(*) FILTER (WHERE status = 'held') AS held,
             count(*) FILTER (WHERE status = 'approved') AS approved, count(*) FILTER (WHERE status = 'rejected') AS rejected,
             count(*) FILTER (WHERE status = 'withdrawn') AS withdrawn,
             count(*) FILTER (WHERE status IN ('pending', 'machine_refused') AND band IN ('doubtful', 'different')) AS doubtful
         FROM attempts WHERE school = ?1 AND season = ?2 GROUP BY unit) a ON a.a_unit = u.code
     WHERE u.school = ?1 AND u.season = ?2 AND (?3 IS NULL OR u.code IN (SELECT value FROM json_each(?3))) ORDER BY u.code";

pub fn unit(row: &Row) -> StoreResult<UnitProgress> {
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

/// What the counters of the units say.
#[async_trait]
pub trait Counting: Send + Sync {
    /// The counters of the units in scope and their sum.
    async fn progress(&self, principal: &Principal, season: &str) -> StoreResult<Progress>;
    /// The same by counting everything: what the counters are held against.
    async fn recount(&self, principal: &Principal, season: &str) -> StoreResult<Progress>;
}

#[async_trait]
impl Counting for SqlStore {
    async fn progress(&self, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.progress_by(COUNTERS, principal, season).await
    }

    async fn recount(&self, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.progress_by(SCAN, principal, season).await
    }
}

impl SqlStore {
    async fn progress_by(&self, text: &'static str, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.know_season(principal, season).await?;
        let rows = sql(text).bind(&principal.school).bind(season).bind(values::scope(principal)?).fetch_all(&self.database).await?;
        let units = rows.iter().map(unit).collect::<StoreResult<Vec<_>>>()?;
        let mut whole = UnitProgress::default();
        units.iter().for_each(|unit| whole.add(unit));
        Ok(Progress { units, whole })
    }
}
