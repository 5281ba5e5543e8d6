//! The counters held against a count of everything, and mended where they differ. They never should: that they did is told to everybody who
//! listens (audit, log, metric), because some transaction forgot one of them.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    SqlStore,
    audit::{self, Line},
    counters::{self, COUNTERS, Delta, SCAN, SCAN_OF_ONE},
    database::{On, locked, sql},
    days, values,
};
use crate::{
    api::progress::UnitProgress,
    backend::store::{StoreError, StoreResult},
};

/// A unit whose counters were wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    pub school: String,
    pub season: String,
    pub unit: String,
    /// How many of its counters differed from the count.
    pub counters: usize,
}

/// Holding the counters against a count.
#[async_trait]
pub trait Reconciling: Send + Sync {
    /// Compares every unit of every season that people name, and mends those whose counters differ. Writers are held up at those units alone.
    async fn reconcile(&self, now: Timestamp) -> StoreResult<Vec<Corrected>>;
    /// Whether this process is the one that does a chore in a night: nobody did it, and nobody is at it. Who is told yes says when it is done; from
    /// one who died or failed the chore comes back after [`AT_A_CHORE`].
    async fn is_ours_tonight(&self, chore: &'static str, night: i64, now: Timestamp) -> StoreResult<bool>;
    /// Records that a chore is done in a night.
    async fn done_tonight(&self, chore: &'static str, night: i64) -> StoreResult<()>;
}

/// How long whoever is at a chore has it to themselves. Two at it do no harm, and one who died must not cost the night.
pub const AT_A_CHORE: Duration = Duration::from_mins(30);

/// The night a time lies in: they begin at three in the morning in China.
#[must_use]
pub fn night_of(now: Timestamp) -> i64 {
    days::day_of(now - Duration::from_hours(3))
}

#[async_trait]
impl Reconciling for SqlStore {
    async fn reconcile(&self, now: Timestamp) -> StoreResult<Vec<Corrected>> {
        let seasons =
            sql("SELECT school, code FROM seasons WHERE code NOT LIKE '%~%' ORDER BY school, code").fetch_all(&self.database).await?;
        let mut corrected = Vec::new();
        for row in &seasons {
            let (school, season) = (row.text("school")?, row.text("code")?);
            // Both from one state of things, so that work in progress looks like no difference.
            let mut snapshot = self.database.snapshot().await?;
            let kept = units(&mut snapshot, COUNTERS, &school, &season, None).await?;
            let counted = units(&mut snapshot, SCAN, &school, &season, None).await?;
            drop(snapshot);
            for (kept, counted) in kept.iter().zip(&counted) {
                if let (true, Some(unit)) = (kept != counted, &kept.unit) {
                    corrected.extend(self.correct(&school, &season, unit, now).await?);
                }
            }
        }
        Ok(corrected)
    }

    async fn is_ours_tonight(&self, chore: &'static str, night: i64, now: Timestamp) -> StoreResult<bool> {
        // Looking first keeps off the one writer who asks every minute.
        let done: bool = sql("SELECT EXISTS (SELECT 1 FROM nights WHERE chore = ? AND day >= ?)")
            .bind(chore)
            .bind(night)
            .fetch_value(&self.database)
            .await?;
        if done {
            return Ok(false);
        }
        let mut write = self.database.write().await?;
        let taken = sql("INSERT INTO house_facts (name, value, at) SELECT ?1, ?2, ?3
             WHERE NOT EXISTS (SELECT 1 FROM nights WHERE chore = ?4 AND day >= ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at
             WHERE house_facts.value < excluded.value OR (house_facts.value = excluded.value AND house_facts.at <= ?5)")
        .bind(format!("{chore} until"))
        .bind(night)
        .bind(values::time(now + AT_A_CHORE))
        .bind(chore)
        .bind(values::time(now))
        .execute(&mut write)
        .await?;
        write.commit().await?;
        Ok(taken.rows_affected() == 1)
    }

    async fn done_tonight(&self, chore: &'static str, night: i64) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        sql("INSERT INTO nights (chore, day) VALUES (?, ?)
             ON CONFLICT (chore) DO UPDATE SET day = excluded.day WHERE nights.day < excluded.day")
        .bind(chore)
        .bind(night)
        .execute(&mut write)
        .await?;
        write.commit().await
    }
}

impl SqlStore {
    /// Counts one unit while nobody changes its counters: who has changed what they count is waited for, who will has not begun to be seen.
    pub(super) async fn correct(&self, school: &str, season: &str, unit: &str, now: Timestamp) -> StoreResult<Option<Corrected>> {
        let mut write = self.database.write().await?;
        sql(locked!("SELECT unit FROM unit_counters WHERE school = ? AND season = ? AND unit = ?"))
            .bind(school)
            .bind(season)
            .bind(unit)
            .fetch_one(&mut write)
            .await?;
        let kept = units(&mut write, COUNTERS, school, season, Some(values::json(&[unit])?.as_str())).await?;
        let counted = units(&mut write, SCAN_OF_ONE, school, season, Some(unit)).await?;
        let ([kept], [counted]) = (kept.as_slice(), counted.as_slice()) else { return Err(StoreError::Corrupt("a unit without counters")) };
        let delta = Delta::between(kept, counted);
        let counters = delta.numbers().filter(|number| *number != 0).count();
        if counters == 0 {
            write.rollback().await?;
            return Ok(None);
        }
        counters::apply(&mut write, school, season, unit, &delta).await?;
        let line = Line {
            season: Some(season),
            unit: Some(unit),
            details: vec![("counters", counters.to_string())],
            ..Line::of(school, "counters.corrected")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        Ok(Some(Corrected { school: school.to_owned(), season: season.to_owned(), unit: unit.to_owned(), counters }))
    }
}

async fn units(
    on: impl Into<On<'_>>,
    text: &'static str,
    school: &str,
    season: &str,
    scope: Option<&str>,
) -> StoreResult<Vec<UnitProgress>> {
    let rows = sql(text).bind(school).bind(season).bind(scope).fetch_all(on).await?;
    rows.iter().map(counters::unit).collect()
}
