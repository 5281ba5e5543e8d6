//! What happened on each day: two counters a unit and day, kept in the transactions that do it, for a line of the season's course.
//!
//! Days are history: nothing takes one back, and a student who moves leaves theirs behind.

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date, tz::Offset};

use super::{
    SqlStore,
    database::{Write, sql},
    golden, values,
};
use crate::{
    api::progress::DayProgress,
    backend::store::{StoreError, StoreResult},
    domain::access::Principal,
};

/// China has one time, without a change in summer.
const CHINA: Offset = Offset::constant(8);
const SECONDS: i64 = 86_400;

/// What happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Happened {
    /// Photos that came.
    pub captured: i64,
    /// Decisions that became final.
    pub decided: i64,
}

/// The number of a day in China, counted from 1970.
#[must_use]
pub fn day_of(at: Timestamp) -> i64 {
    (at.as_second() + i64::from(CHINA.seconds())).div_euclid(SECONDS)
}

fn date_of(day: i64) -> StoreResult<Date> {
    let noon = Timestamp::from_second(day.saturating_mul(SECONDS).saturating_add(SECONDS / 2));
    noon.map(|noon| Offset::UTC.to_datetime(noon).date()).map_err(|_| StoreError::Corrupt("a day out of range"))
}

/// Counts what just happens. After `counters::apply`, as everybody does.
pub async fn count(write: &mut Write, school: &str, season: &str, unit: &str, now: Timestamp, happened: Happened) -> StoreResult<()> {
    sql("INSERT INTO unit_days (school, season, unit, day, captured, decided) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (school, season, unit, day)
         DO UPDATE SET captured = unit_days.captured + excluded.captured, decided = unit_days.decided + excluded.decided")
    .bind(school)
    .bind(season)
    .bind(unit)
    .bind(day_of(now))
    .bind(happened.captured)
    .bind(happened.decided)
    .execute(&mut *write)
    .await?;
    Ok(())
}

pub(super) const DAYS_OF_SEASON: &str =
    "SELECT day, CAST(sum(captured) AS BIGINT) AS captured, CAST(sum(decided) AS BIGINT) AS decided FROM unit_days
     WHERE school = ?1 AND season IN (SELECT value FROM json_each(?2)) GROUP BY day ORDER BY day";

pub(super) const DAYS_OF_UNITS: &str =
    "SELECT day, CAST(sum(captured) AS BIGINT) AS captured, CAST(sum(decided) AS BIGINT) AS decided FROM unit_days
     WHERE school = ?1 AND season IN (SELECT value FROM json_each(?2)) AND unit IN (SELECT value FROM json_each(?3)) GROUP BY day ORDER BY day";

/// The season's course, day by day.
#[async_trait]
pub trait Days: Send + Sync {
    /// The days on which anything happened, of one unit or of all in scope together.
    async fn days(&self, principal: &Principal, season: &str, unit: Option<&str>) -> StoreResult<Vec<DayProgress>>;
}

#[async_trait]
impl Days for SqlStore {
    async fn days(&self, principal: &Principal, season: &str, unit: Option<&str>) -> StoreResult<Vec<DayProgress>> {
        let units = self.units_wanted(principal, season, unit).await?;
        let seasons = values::json(&golden::seasons_of(principal, season))?;
        let query = match units {
            None => sql(DAYS_OF_SEASON).bind(&principal.school).bind(seasons),
            Some(units) => sql(DAYS_OF_UNITS).bind(&principal.school).bind(seasons).bind(units),
        };
        let rows = query.fetch_all(&self.database).await?;
        rows.iter()
            .map(|row| {
                Ok(DayProgress { day: date_of(row.number("day")?)?, captured: row.number("captured")?, decided: row.number("decided")? })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        let day = |at: &str| date_of(day_of(at.parse().unwrap())).unwrap().to_string();
        assert_eq!((day("2027-04-30T15:59:59Z").as_str(), day("2027-04-30T16:00:00Z").as_str()), ("2027-04-30", "2027-05-01"));
    }
}
