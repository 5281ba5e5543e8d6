//! The store: one trait of intentions, kept by SQLite and by PostgreSQL. A method keeps what it promises in a transaction of its own; callers
//! never see SQL.
//!
//! ```text
//! Store        the sum of the concerns
//!  ├ people claims deciding …   a concern a file: its trait, its statements, its rules
//!  ├ attempts counters audit jobs idempotency   what concerns share inside a transaction
//!  └ database    the seam: both engines under one text of SQL
//! ```
//!
//! Whatever a person causes takes that person's [`Principal`](crate::domain::access::Principal): permission is the router's business, scope
//! (school and units) the store's, inside its queries. Time is always an argument. What must hold is written down as tests in `conformance`,
//! and run on both engines.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;

use super::vault::{Vault, VaultError};

mod attempts;
pub mod audit;
pub mod batch;
pub mod claims;
#[cfg(test)]
pub mod conformance;
pub mod corrections;
pub mod counters;
pub mod cursor;
pub mod database;
pub mod days;
pub mod deciding;
pub mod deliveries;
pub mod entitlements;
mod error;
pub mod file;
pub mod golden;
mod idempotency;
pub mod intake;
pub mod jobs;
pub mod lapse;
pub mod live;
pub mod mappings;
pub mod notices;
pub mod people;
pub mod places;
#[cfg(test)]
mod plans;
mod policy;
pub mod queue;
pub mod reconcile;
pub mod reopening;
mod reviews;
pub mod rosters;
pub mod seasons;
pub mod skips;
pub mod statistics;
pub mod sweep;
#[cfg(test)]
mod tests;
pub mod tries;
pub mod types;
pub mod upkeep;
mod values;

use database::{Database, locked, postgres::Postgres, sql, sqlite::Sqlite};
pub use error::{StoreError, StoreResult};

/// Everything that can be asked of the store.
pub trait Store:
    people::People
    + seasons::Seasons
    + rosters::Rosters
    + counters::Counting
    + days::Days
    + mappings::Mappings
    + reconcile::Reconciling
    + intake::Intake
    + queue::Queue
    + claims::Claims
    + deciding::Deciding
    + batch::Batches
    + reopening::Reopenings
    + corrections::Corrections
    + deliveries::Deliveries
    + entitlements::Entitlements
    + lapse::Lapsing
    + jobs::Jobs
    + notices::Notices
    + skips::Skipping
    + places::Placing
    + golden::Golden
    + statistics::Statistics
    + sweep::Sweeping
    + tries::Trying
    + audit::Auditing
    + live::Watching
    + upkeep::Upkeep
{
}

impl Store for SqlStore {}

/// The code of the one school that a new house has.
pub const SCHOOL: &str = "school";

/// A database and the vault that seals what is personal in it.
#[derive(Debug, Clone)]
pub struct SqlStore {
    database: Database,
    vault: Arc<Vault>,
}

impl SqlStore {
    /// Opens the SQLite database in `file`, making it and bringing its tables up to date where needed.
    ///
    /// # Errors
    /// When the file is no database, cannot be written, is newer than this program, or was made with another master key.
    pub async fn on_sqlite(file: &Path, vault: Arc<Vault>, now: Timestamp) -> StoreResult<SqlStore> {
        SqlStore::open(Database::Sqlite(Sqlite::open(file).await?), vault, now).await
    }

    /// Opens the PostgreSQL database at `url`, which must have been migrated.
    ///
    /// # Errors
    /// When it cannot be reached, its tables are older or newer than this program, or it was made with another master key.
    pub async fn on_postgres(url: &str, connections: u32, vault: Arc<Vault>, now: Timestamp) -> StoreResult<SqlStore> {
        SqlStore::open(Database::Postgres(Postgres::open(url, connections).await?), vault, now).await
    }

    /// Opens the SQLite database in `file` beside whoever serves it, for reading alone.
    ///
    /// # Errors
    /// When there is none, its tables are older or newer than this program, or it was made with another master key.
    pub async fn beside(file: &Path, vault: Arc<Vault>) -> StoreResult<SqlStore> {
        let store = SqlStore { database: Database::Sqlite(Sqlite::open_beside(file).await?), vault };
        let known: Option<Vec<u8>> = sql("SELECT mark FROM vault_mark WHERE one = 1").fetch_value_optional(&store.database).await?;
        if known.is_some_and(|known| known == mark_of(&store.vault)) { Ok(store) } else { Err(VaultError::OtherKey.into()) }
    }

    async fn open(database: Database, vault: Arc<Vault>, now: Timestamp) -> StoreResult<SqlStore> {
        let store = SqlStore { database, vault };
        store.found_school(now).await?;
        store.know_key().await?;
        Ok(store)
    }

    /// The database, for what is about the engine and not about the field.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.database.close().await;
    }

    async fn found_school(&self, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        sql("INSERT INTO schools (code, name, created_at) VALUES (?, '', ?) ON CONFLICT DO NOTHING")
            .bind(SCHOOL)
            .bind(values::time(now))
            .execute(&mut write)
            .await?;
        write.commit().await
    }

    /// A wrong key must be found at the door: hashes made with it would find nobody and take everybody twice.
    async fn know_key(&self) -> StoreResult<()> {
        let mark = mark_of(&self.vault);
        let mut write = self.database.write().await?;
        sql("INSERT INTO vault_mark (one, mark) VALUES (1, ?) ON CONFLICT DO NOTHING").bind(mark.as_slice()).execute(&mut write).await?;
        let known: Vec<u8> = sql(locked!("SELECT mark FROM vault_mark WHERE one = 1")).fetch_value(&mut write).await?;
        write.commit().await?;
        if known == mark { Ok(()) } else { Err(VaultError::OtherKey.into()) }
    }
}

/// By which a database knows the master key it was made with.
#[must_use]
pub fn mark_of(vault: &Vault) -> [u8; 32] {
    vault.hash("mark of the key", &[])
}
