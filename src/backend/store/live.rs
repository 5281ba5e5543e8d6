//! Events for those who watch, in an order that survives late commits.
//!
//! On Postgres an event that was numbered earlier may be committed later. Readers therefore go by the transaction's number and stop before the
//! oldest transaction that is still running: below it nothing new can appear. On SQLite the one writer makes the sequence the order.

use std::{fmt, str::FromStr, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    SqlStore,
    database::{Snapshot, Spelling, sql},
    values,
};
use crate::{
    api::{live::Moved, progress::UnitProgress},
    backend::store::{StoreError, StoreResult, counters},
    domain::access::Principal,
};

/// How long events are kept for those who come back.
pub const EVENTS_LIVE: Duration = Duration::from_hours(7 * 24);

/// Up to where somebody has read: every event at or before it, and none after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    transaction: i64,
    sequence: i64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.transaction, self.sequence)
    }
}

impl FromStr for Position {
    type Err = StoreError;

    fn from_str(text: &str) -> StoreResult<Position> {
        let (transaction, sequence) = text.split_once('-').ok_or(StoreError::Cursor)?;
        let number = |digits: &str| digits.parse::<i64>().ok().filter(|number| *number >= 0).ok_or(StoreError::Cursor);
        Ok(Position { transaction: number(transaction)?, sequence: number(sequence)? })
    }
}

/// What happened after a position.
#[derive(Debug, Clone)]
pub enum Happened {
    Events {
        events: Vec<(Position, Moved)>,
        /// Up to where has been read now.
        read: Position,
        /// Whether there is more than was asked for.
        more: bool,
    },
    /// Events after the position are gone, or it is of another database.
    Forgotten { read: Position },
}

/// Following what happens.
#[async_trait]
pub trait Watching: Send + Sync {
    /// Where everything that readers can trust ends now.
    async fn events_end(&self) -> StoreResult<Position>;
    /// The newest event that readers can trust, or the beginning.
    async fn newest_event(&self) -> StoreResult<Position>;
    /// What happened after a position in the units in scope, at most `limit` events.
    async fn events_after(
        &self,
        principal: &Principal,
        season: &str,
        unit: Option<&str>,
        after: Position,
        limit: u32,
    ) -> StoreResult<Happened>;
    /// The counters of these units, as far as they are in scope.
    async fn progress_of(&self, principal: &Principal, season: &str, units: &[String]) -> StoreResult<Vec<UnitProgress>>;
    /// Removes the events that are older than anybody may come back to.
    async fn forget_events(&self, now: Timestamp) -> StoreResult<u64>;
}

/// The last position below which nothing new can appear.
pub(super) const END: Spelling = Spelling::Each {
    sqlite: "SELECT 0 AS transaction_id, coalesce(max(sequence), 0) AS sequence FROM events",
    postgres: "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 AS transaction_id, 9223372036854775807 AS sequence",
};

/// The newest event below that.
pub(super) const NEWEST: Spelling = Spelling::Each {
    sqlite: "SELECT transaction_id, sequence FROM events ORDER BY sequence DESC LIMIT 1",
    postgres: "SELECT transaction_id, sequence FROM events
         WHERE transaction_id < (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
         ORDER BY transaction_id DESC, sequence DESC LIMIT 1",
};

pub(super) const AFTER: &str = "SELECT transaction_id, sequence, unit, kind, attempt, version, at FROM events
     WHERE school = ?1 AND season = ?2 AND (transaction_id, sequence) > (?3, ?4) AND (transaction_id, sequence) <= (?5, ?6)
         AND (?7 IS NULL OR unit IN (SELECT value FROM json_each(?7))) AND (only_for IS NULL OR only_for = ?9)
     ORDER BY transaction_id, sequence LIMIT ?8";

async fn position(snapshot: &mut Snapshot, text: impl Into<Spelling>) -> StoreResult<Option<Position>> {
    let row = sql(text).fetch_optional(snapshot).await?;
    row.map(|row| Ok(Position { transaction: row.number("transaction_id")?, sequence: row.number("sequence")? })).transpose()
}

#[async_trait]
impl Watching for SqlStore {
    async fn events_end(&self) -> StoreResult<Position> {
        let mut snapshot = self.database.snapshot().await?;
        position(&mut snapshot, END).await?.ok_or(StoreError::Corrupt("no end of the events"))
    }

    async fn newest_event(&self) -> StoreResult<Position> {
        let mut snapshot = self.database.snapshot().await?;
        Ok(position(&mut snapshot, NEWEST).await?.unwrap_or(Position { transaction: 0, sequence: 0 }))
    }

    async fn events_after(
        &self,
        principal: &Principal,
        season: &str,
        unit: Option<&str>,
        after: Position,
        limit: u32,
    ) -> StoreResult<Happened> {
        let units = self.units_wanted(principal, season, unit).await?;
        let mut snapshot = self.database.snapshot().await?;
        let end = position(&mut snapshot, END).await?.ok_or(StoreError::Corrupt("no end of the events"))?;
        // A database that was brought back from a copy numbers its transactions anew.
        if after > end {
            return Ok(Happened::Forgotten { read: end });
        }
        let rows = sql(AFTER)
            .bind(&principal.school)
            .bind(season)
            .bind(after.transaction)
            .bind(after.sequence)
            .bind(end.transaction)
            .bind(end.sequence)
            .bind(units)
            .bind(i64::from(limit) + 1)
            .bind(values::id(principal.user))
            .fetch_all(&mut snapshot)
            .await?;
        // Only whoever is behind the first event that is left may have missed one.
        if self.is_forgotten(&mut snapshot, after).await? {
            return Ok(Happened::Forgotten { read: end });
        }
        let mut events = rows
            .iter()
            .map(|row| {
                let position = Position { transaction: row.number("transaction_id")?, sequence: row.number("sequence")? };
                let moved = Moved {
                    submission: row.id("attempt")?,
                    unit: row.text("unit")?,
                    kind: row.text("kind")?,
                    version: row.number("version")?,
                    at: row.time("at")?,
                };
                Ok((position, moved))
            })
            .collect::<StoreResult<Vec<_>>>()?;
        let more = events.len() > limit as usize;
        events.truncate(limit as usize);
        let read = events.last().filter(|_| more).map_or(end, |(position, _)| *position);
        Ok(Happened::Events { events, read, more })
    }

    async fn progress_of(&self, principal: &Principal, season: &str, units: &[String]) -> StoreResult<Vec<UnitProgress>> {
        let mut units: Vec<&str> = units.iter().map(String::as_str).filter(|unit| principal.units.covers(unit)).collect();
        units.sort_unstable();
        units.dedup();
        self.unit_counters(counters::COUNTERS, principal, season, Some(values::json(&units)?)).await
    }

    async fn forget_events(&self, now: Timestamp) -> StoreResult<u64> {
        let mut write = self.database.write().await?;
        let until = values::time(now - EVENTS_LIVE);
        let end = sql(END).fetch_one(&mut write).await?;
        let old = |text: &'static str| {
            Ok::<_, StoreError>(sql(text).bind(until).bind(end.number("transaction_id")?).bind(end.number("sequence")?))
        };
        // Up to the last one that goes, so that whoever stands before it is told. None goes that readers could not trust yet.
        let gone = old("UPDATE events_forgotten SET transaction_id = e.transaction_id, sequence = e.sequence
             FROM (SELECT transaction_id, sequence FROM events WHERE at <= ?1 AND (transaction_id, sequence) <= (?2, ?3)
                 ORDER BY transaction_id DESC, sequence DESC LIMIT 1) e")?
        .execute(&mut write)
        .await?;
        if gone.rows_affected() == 0 {
            return Ok(0);
        }
        let done = old("DELETE FROM events WHERE at <= ?1 AND (transaction_id, sequence) <= (?2, ?3)")?.execute(&mut write).await?;
        write.commit().await?;
        Ok(done.rows_affected())
    }
}

impl SqlStore {
    async fn is_forgotten(&self, snapshot: &mut Snapshot, after: Position) -> StoreResult<bool> {
        let gone = position(snapshot, "SELECT transaction_id, sequence FROM events_forgotten").await?;
        Ok(gone.is_some_and(|gone| after < gone))
    }
}
