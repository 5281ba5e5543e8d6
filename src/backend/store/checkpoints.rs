//! Sealing the audit: pieces of it in signed checkpoints, one chain a school, and reading both back for whoever verifies.
//!
//! A piece ends where nothing can appear any more: on SQLite at the newest row, because one writes at a time; on Postgres at what was the newest
//! row when every transaction that may still have held a lower number has ended.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    SqlStore,
    database::{Engine, Row, Write, sql},
    values,
};
use crate::{
    api::{progress::AuditCheckpoint, submission::Page},
    backend::{
        chain::{self, BEGINNING, ChainedEntry, Checkpoint},
        store::StoreResult,
        vault::hexadecimal,
    },
    domain::access::Principal,
};

/// The most rows of one piece.
const PIECE: i64 = 2000;
/// How long the ends of other transactions are waited for; after that the next round tries again.
const WAITED: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// Sealing the audit.
#[async_trait]
pub trait Sealing: Send + Sync {
    /// Puts what was written down since the last checkpoint into the next ones, and says how many were made.
    async fn seal_audit(&self, now: Timestamp) -> StoreResult<u64>;
    /// The school's checkpoints, newest first.
    async fn audit_checkpoints(&self, principal: &Principal, cursor: Option<&str>, limit: u32) -> StoreResult<Page<AuditCheckpoint>>;
}

#[async_trait]
impl Sealing for SqlStore {
    async fn seal_audit(&self, now: Timestamp) -> StoreResult<u64> {
        let Some(end) = self.end_of_audit().await? else { return Ok(0) };
        let schools = sql("SELECT code FROM schools ORDER BY code").fetch_all(&self.database).await?;
        let mut made = 0;
        for school in &schools {
            while self.seal_piece(&school.text("code")?, end, now).await? {
                made += 1;
            }
        }
        Ok(made)
    }

    async fn audit_checkpoints(&self, principal: &Principal, cursor: Option<&str>, limit: u32) -> StoreResult<Page<AuditCheckpoint>> {
        let before = values::before(cursor)?;
        let rows = sql("SELECT number, through_sequence, entries, root, made_at, signature FROM audit_checkpoints
             WHERE school = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3")
        .bind(&principal.school)
        .bind(before)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.database)
        .await?;
        let public_key = hexadecimal(&self.vault.public_key()?);
        let items = rows
            .iter()
            .map(|row| {
                let checkpoint = checkpoint(row)?;
                Ok(AuditCheckpoint {
                    number: checkpoint.number,
                    through_sequence: checkpoint.through_sequence,
                    entries: checkpoint.entries,
                    root: hexadecimal(&checkpoint.root),
                    made_at: row.time("made_at")?,
                    signature: hexadecimal(&checkpoint.signature),
                    public_key: public_key.clone(),
                })
            })
            .collect::<StoreResult<Vec<_>>>()?;
        Ok(values::page(items, limit, |last| last.number))
    }
}

impl SqlStore {
    /// The newest row before which nothing can appear any more; `None` while that cannot be known.
    async fn end_of_audit(&self) -> StoreResult<Option<i64>> {
        let newest = "SELECT coalesce(max(sequence), 0) AS newest FROM audit";
        if self.database.engine() == Engine::Sqlite {
            return sql(newest).fetch_value(&self.database).await.map(Some);
        }
        let (newest, unborn): (i64, i64) = {
            let row = sql(
                "SELECT coalesce(max(sequence), 0) AS newest, pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS unborn FROM audit",
            )
            .fetch_one(&self.database)
            .await?;
            (row.number("newest")?, row.number("unborn")?)
        };
        for _ in 0..WAITED.as_millis() / LOOK.as_millis() {
            let oldest: i64 = sql("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").fetch_value(&self.database).await?;
            if oldest >= unborn {
                return Ok(Some(newest));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(None)
    }

    async fn seal_piece(&self, school: &str, end: i64, now: Timestamp) -> StoreResult<bool> {
        let mut write = self.database.write().await?;
        write.alone_with(&format!("audit checkpoints {school}")).await?;
        let last = sql("SELECT number, through_sequence, entries, root, made_at, signature FROM audit_checkpoints
             WHERE school = ? ORDER BY number DESC LIMIT 1")
        .bind(school)
        .fetch_optional(&mut write)
        .await?;
        let last = last.as_ref().map(checkpoint).transpose()?;
        let (number, after, before) = last.map_or((1, 0, BEGINNING.to_vec()), |last| (last.number + 1, last.through_sequence, last.root));
        let entries = sql(ENTRIES).bind(school).bind(after).bind(end).bind(PIECE).fetch_all(&mut write).await?;
        let entries = entries.iter().map(entry).collect::<StoreResult<Vec<_>>>()?;
        let Some(newest) = entries.last() else { return Ok(false) };
        let mut checkpoint = Checkpoint {
            number,
            through_sequence: newest.sequence,
            entries: entries.len() as i64,
            root: chain::root(school, &before, &entries).to_vec(),
            made_at: values::time(now),
            signature: vec![],
        };
        checkpoint.signature = self.vault.sign(&chain::message(school, &checkpoint))?;
        insert(&mut write, school, &checkpoint).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Some rows of a school's audit after one and up to another, oldest first, for whoever verifies or takes them out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit_rows(&self, school: &str, after: i64, through: i64, limit: i64) -> StoreResult<Vec<ChainedEntry>> {
        let rows = sql(ENTRIES).bind(school).bind(after).bind(through).bind(limit).fetch_all(&self.database).await?;
        rows.iter().map(entry).collect()
    }

    /// The next checkpoints of a school after one, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn checkpoints_after(&self, school: &str, number: i64) -> StoreResult<Vec<Checkpoint>> {
        let rows = sql("SELECT number, through_sequence, entries, root, made_at, signature FROM audit_checkpoints
             WHERE school = ?1 AND number > ?2 ORDER BY number LIMIT 100")
        .bind(school)
        .bind(number)
        .fetch_all(&self.database)
        .await?;
        rows.iter().map(checkpoint).collect()
    }
}

pub(super) const ENTRIES: &str = "SELECT sequence, season, unit, at, actor, action, attempt, details FROM audit
     WHERE school = ?1 AND sequence > ?2 AND sequence <= ?3 ORDER BY sequence LIMIT ?4";

async fn insert(write: &mut Write, school: &str, checkpoint: &Checkpoint) -> StoreResult<()> {
    sql("INSERT INTO audit_checkpoints (school, number, through_sequence, entries, root, made_at, signature) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(school)
        .bind(checkpoint.number)
        .bind(checkpoint.through_sequence)
        .bind(checkpoint.entries)
        .bind(checkpoint.root.as_slice())
        .bind(checkpoint.made_at)
        .bind(checkpoint.signature.as_slice())
        .execute(write)
        .await?;
    Ok(())
}

fn entry(row: &Row) -> StoreResult<ChainedEntry> {
    Ok(ChainedEntry {
        sequence: row.number("sequence")?,
        season: row.text_or_null("season")?,
        unit: row.text_or_null("unit")?,
        at: row.number("at")?,
        actor: row.id_or_null("actor")?,
        action: row.text("action")?,
        attempt: row.id_or_null("attempt")?,
        details: row.text("details")?,
    })
}

fn checkpoint(row: &Row) -> StoreResult<Checkpoint> {
    Ok(Checkpoint {
        number: row.number("number")?,
        through_sequence: row.number("through_sequence")?,
        entries: row.number("entries")?,
        root: row.bytes_or_null("root")?.unwrap_or_default(),
        made_at: row.number("made_at")?,
        signature: row.bytes_or_null("signature")?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
