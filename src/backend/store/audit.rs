//! The audit: written in the transaction it speaks of, never changed (triggers see to it), read newest first.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    database::{Spelling, Write, sql},
    values,
};
use crate::{
    api::{progress::AuditEntry, submission::Page},
    backend::store::StoreResult,
    domain::access::Principal,
};

/// What is to be written down. Never personal data, and never the verdict of a review while others are still to come.
pub struct Line<'a> {
    pub school: &'a str,
    pub season: Option<&'a str>,
    pub unit: Option<&'a str>,
    /// Nobody: the machine.
    pub actor: Option<Uuid>,
    pub action: &'static str,
    pub attempt: Option<Uuid>,
    pub details: Vec<(&'static str, String)>,
}

impl<'a> Line<'a> {
    pub fn of(school: &'a str, action: &'static str) -> Line<'a> {
        Line { school, season: None, unit: None, actor: None, action, attempt: None, details: vec![] }
    }
}

/// On Postgres the transaction gets its number before the row gets its own: whoever seals the audit can then tell when no lower one will come.
const APPEND: Spelling = Spelling::Each {
    sqlite: "INSERT INTO audit (school, season, unit, at, actor, action, attempt, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    postgres: "WITH numbered AS MATERIALIZED (SELECT pg_current_xact_id())
         INSERT INTO audit (school, season, unit, at, actor, action, attempt, details)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM numbered",
};

/// Writes a line down.
pub async fn append(write: &mut Write, at: Timestamp, line: Line<'_>) -> StoreResult<()> {
    let details: BTreeMap<&str, String> = line.details.into_iter().collect();
    sql(APPEND)
        .bind(line.school)
        .bind(line.season)
        .bind(line.unit)
        .bind(values::time(at))
        .bind(line.actor.map(values::id))
        .bind(line.action)
        .bind(line.attempt.map(values::id))
        .bind(values::json(&details)?)
        .execute(&mut *write)
        .await?;
    Ok(())
}

/// Reading the audit back.
#[async_trait]
pub trait Auditing: Send + Sync {
    /// Newest first; without a season everything of the school.
    async fn audit(&self, principal: &Principal, season: Option<&str>, cursor: Option<&str>, limit: u32) -> StoreResult<Page<AuditEntry>>;
}

#[async_trait]
impl Auditing for SqlStore {
    async fn audit(&self, principal: &Principal, season: Option<&str>, cursor: Option<&str>, limit: u32) -> StoreResult<Page<AuditEntry>> {
        let before = values::before(cursor)?;
        let text = match season {
            Some(_) => {
                "SELECT a.*, u.name AS actor_name FROM audit a LEFT JOIN users u ON u.id = a.actor
                 WHERE a.school = ?1 AND a.season = ?2 AND a.sequence < ?3
                   AND (?4 IS NULL OR a.unit IS NULL OR a.unit IN (SELECT value FROM json_each(?4)))
                 ORDER BY a.sequence DESC LIMIT ?5"
            }
            None => {
                "SELECT a.*, u.name AS actor_name FROM audit a LEFT JOIN users u ON u.id = a.actor
                 WHERE a.school = ?1 AND ?2 IS NULL AND a.sequence < ?3
                   AND (?4 IS NULL OR a.unit IS NULL OR a.unit IN (SELECT value FROM json_each(?4)))
                 ORDER BY a.sequence DESC LIMIT ?5"
            }
        };
        let rows = sql(text)
            .bind(&principal.school)
            .bind(season)
            .bind(before)
            .bind(values::scope(principal)?)
            .bind(i64::from(limit) + 1)
            .fetch_all(&self.database)
            .await?;
        let items = rows
            .iter()
            .map(|row| {
                Ok(AuditEntry {
                    sequence: row.number("sequence")?,
                    at: row.time("at")?,
                    actor: row.text_or_null("actor_name")?,
                    action: row.text("action")?,
                    submission: row.id_or_null("attempt")?,
                    details: row.json("details")?,
                })
            })
            .collect::<StoreResult<Vec<_>>>()?;
        Ok(values::page(items, limit, |last| last.sequence))
    }
}
