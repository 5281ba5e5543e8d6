//! Places in the queue: given when a photo comes in, given anew when the season's weights or a deadline change.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    audit::{self, Line},
    counters::Counting as _,
    database::{Write, sql},
    golden, seasons, values,
};
use crate::{
    api::{
        progress::UnitProgress,
        reviewing::{QueueLength, QueuePosition, UnitDeadline},
    },
    backend::store::{StoreError, StoreResult},
    domain::{
        access::Principal,
        lifecycle::{Refusal, attempt::Status},
        queueing,
        season::SeasonRules,
    },
};

/// How far a position is counted; beyond it is only said that it is further.
const FURTHEST: i64 = 1_000;

/// The deadline of a unit: its own, or its season's.
async fn deadline(write: &mut Write, school: &str, season: &str, unit: &str) -> StoreResult<Option<Timestamp>> {
    let row = sql(
        "SELECT coalesce(u.closes_at, s.closes_at) AS deadline FROM units u JOIN seasons s ON s.school = u.school AND s.code = u.season
         WHERE u.school = ? AND u.season = ? AND u.code = ?",
    )
    .bind(school)
    .bind(season)
    .bind(unit)
    .fetch_one(&mut *write)
    .await?;
    row.time_or_null("deadline")
}

/// The place of a photo that comes in now.
pub async fn place(write: &mut Write, school: &str, season: &str, unit: &str, retake: bool, now: Timestamp) -> StoreResult<Timestamp> {
    let rules = seasons::rules(&mut *write, school, season).await?;
    let deadline = deadline(write, school, season, unit).await?;
    Ok(queueing::place(&rules, retake, now, deadline))
}

/// Gives every photo that may still wait its place anew. The same rule as [`queueing::place`], where the rows are.
pub async fn replace(write: &mut Write, school: &str, season: &str, unit: Option<&str>, rules: &SeasonRules) -> StoreResult<()> {
    let minutes = |minutes: u32| i64::from(minutes) * 60_000_000;
    sql("UPDATE attempts SET place_at = p.place_at FROM (
             SELECT w.id, w.submitted_at - CASE WHEN w.of_retake > w.of_deadline THEN w.of_retake ELSE w.of_deadline END AS place_at FROM (
                 SELECT a.id, a.submitted_at, CASE WHEN a.number > 1 THEN ?3 ELSE 0 END AS of_retake,
                     CASE WHEN coalesce(u.closes_at, s.closes_at) IS NULL THEN 0
                          WHEN a.submitted_at <= coalesce(u.closes_at, s.closes_at) - ?4 THEN 0
                          WHEN a.submitted_at >= coalesce(u.closes_at, s.closes_at) THEN ?4
                          ELSE a.submitted_at - coalesce(u.closes_at, s.closes_at) + ?4 END AS of_deadline
                 FROM attempts a JOIN units u ON u.school = a.school AND u.season = a.season AND u.code = a.unit
                 JOIN seasons s ON s.school = a.school AND s.code = a.season
                 WHERE a.school = ?1 AND a.season = ?2 AND (?5 IS NULL OR a.unit = ?5)
                     AND a.status IN ('captured', 'standardized', 'machine_refused', 'pending', 'correction_requested', 'held')) w) p
         WHERE p.id = attempts.id")
    .bind(school)
    .bind(season)
    .bind(minutes(rules.retake_head_start_minutes))
    .bind(minutes(rules.deadline_head_start_minutes))
    .bind(unit)
    .execute(&mut *write)
    .await?;
    sql("UPDATE attempts SET visible_at = place_at WHERE school = ?1 AND season = ?2 AND (?3 IS NULL OR unit = ?3)
             AND status IN ('captured', 'standardized', 'machine_refused', 'pending', 'correction_requested', 'held')
             AND lease_user IS NULL AND visible_at <> place_at")
    .bind(school)
    .bind(season)
    .bind(unit)
    .execute(&mut *write)
    .await?;
    Ok(())
}

/// Places in the queue.
#[async_trait]
pub trait Placing: Send + Sync {
    /// Sets a unit's own deadline, or takes it away.
    async fn put_deadline(
        &self,
        principal: &Principal,
        season: &str,
        unit: &str,
        deadline: &UnitDeadline,
        now: Timestamp,
    ) -> StoreResult<()>;
    /// How long each unit's queue is: counters, and one look into an index for the oldest.
    async fn queue_lengths(&self, principal: &Principal, season: &str) -> StoreResult<Vec<QueueLength>>;
    /// How many photos of the same unit come before one that waits.
    async fn queue_position(&self, principal: &Principal, id: Uuid) -> StoreResult<QueuePosition>;
}

#[async_trait]
impl Placing for SqlStore {
    async fn put_deadline(
        &self,
        principal: &Principal,
        season: &str,
        unit: &str,
        deadline: &UnitDeadline,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.units_wanted(principal, season, Some(unit)).await?;
        let mut write = self.database.write().await?;
        let rules = seasons::rules(&mut write, &principal.school, season).await?;
        sql("UPDATE units SET closes_at = ? WHERE school = ? AND season = ? AND code = ?")
            .bind(deadline.closes_at.map(values::time))
            .bind(&principal.school)
            .bind(season)
            .bind(unit)
            .execute(&mut write)
            .await?;
        replace(&mut write, &principal.school, season, Some(unit), &rules).await?;
        let line = Line {
            season: Some(season),
            unit: Some(unit),
            actor: Some(principal.user),
            ..Line::of(&principal.school, "unit.deadline_set")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await
    }

    async fn queue_lengths(&self, principal: &Principal, season: &str) -> StoreResult<Vec<QueueLength>> {
        let units = self.progress(principal, season).await?.units;
        let mut known: BTreeMap<String, (Option<Timestamp>, Option<Timestamp>)> = BTreeMap::new();
        for season in golden::seasons_of(principal, season) {
            let oldest = sql(OLDEST).bind(&principal.school).bind(&season).bind(values::scope(principal)?);
            for row in oldest.fetch_all(&self.database).await? {
                let (oldest, closes_at) = known.entry(row.text("code")?).or_default();
                *oldest = [*oldest, row.time_or_null("oldest")?].into_iter().flatten().min();
                *closes_at = closes_at.or(row.time_or_null("closes_at")?);
            }
        }
        let length = |unit: UnitProgress| {
            let code = unit.unit.unwrap_or_default();
            let (oldest, closes_at) = known.get(&code).copied().unwrap_or_default();
            QueueLength {
                unit: code,
                unit_name: unit.unit_name,
                waiting: unit.pending,
                machine_refused: unit.machine_refused,
                doubtful: unit.doubtful,
                oldest,
                closes_at,
            }
        };
        Ok(units.into_iter().map(length).collect())
    }

    async fn queue_position(&self, principal: &Principal, id: Uuid) -> StoreResult<QueuePosition> {
        let row = sql("SELECT season, unit, status, place_at FROM attempts
             WHERE id = ?1 AND school = ?2 AND (?3 IS NULL OR unit IN (SELECT value FROM json_each(?3)))
                 AND (golden_for IS NULL OR golden_for = ?4)")
        .bind(values::id(id))
        .bind(&principal.school)
        .bind(values::scope(principal)?)
        .bind(values::id(principal.user))
        .fetch_optional(&self.database)
        .await?
        .ok_or(StoreError::NotFound)?;
        let status: Status = row.code("status")?;
        if !matches!(status, Status::Pending | Status::MachineRefused) {
            return Err(Refusal::NotPending.into());
        }
        let mut ahead = 0;
        for season in golden::seasons_of(principal, golden::shared(&row.text("season")?)) {
            let before = sql(AHEAD)
                .bind(&principal.school)
                .bind(season)
                .bind(row.text("unit")?)
                .bind(status.code())
                .bind(row.number("place_at")?)
                .bind(values::id(id))
                .bind(FURTHEST);
            ahead += before.fetch_value::<i64>(&self.database).await?;
        }
        Ok(QueuePosition { ahead: ahead.min(FURTHEST), further: ahead >= FURTHEST })
    }
}

pub(super) const OLDEST: &str = "SELECT u.code, u.closes_at, (SELECT min(a.submitted_at) FROM attempts a WHERE a.school = u.school
         AND a.season = u.season AND a.unit = u.code AND a.status = 'pending') AS oldest
     FROM units u WHERE u.school = ?1 AND u.season = ?2 AND (?3 IS NULL OR u.code IN (SELECT value FROM json_each(?3)))";

/// Those free ahead of a place, and the few on somebody's screen.
pub(super) const AHEAD: &str = "SELECT (SELECT count(*) FROM (SELECT 1 FROM attempts WHERE school = ?1 AND season = ?2 AND unit = ?3
         AND status = ?4 AND (visible_at, id) < (?5, ?6) LIMIT ?7) free)
     + (SELECT count(*) FROM attempts WHERE school = ?1 AND season = ?2 AND lease_user IS NOT NULL AND visible_at >= ?5
         AND unit = ?3 AND status = ?4 AND (place_at, id) < (?5, ?6))";
