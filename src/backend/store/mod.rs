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

use super::vault::{MasterKey, Vault};

pub mod allowances;
mod attempts;
pub mod audit;
pub mod batch;
pub mod bundles;
pub mod checkpoints;
pub mod claims;
pub mod codes;
#[cfg(test)]
pub mod conformance;
pub mod consents;
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
pub mod keys;
pub mod lapse;
pub mod live;
pub mod managing;
pub mod mappings;
pub mod notices;
pub mod people;
pub mod persons;
pub mod places;
#[cfg(test)]
mod plans;
mod policy;
pub mod queue;
pub mod reconcile;
pub mod reopening;
pub mod retention;
mod reviews;
pub mod rework;
pub mod rosters;
pub mod seasons;
pub mod sessions;
pub mod skips;
pub mod statistics;
pub mod sweep;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod touches;
pub mod tries;
pub mod types;
pub mod upkeep;
mod values;

use database::{Database, postgres::Postgres, sql, sqlite::Sqlite};
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
    + bundles::Bundles
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
    + rework::Reworking
    + statistics::Statistics
    + sweep::Sweeping
    + tries::Trying
    + keys::KeyKeeping
    + allowances::Spending
    + sessions::Sessions
    + managing::Managing
    + codes::OneTimeCodes
    + audit::Auditing
    + checkpoints::Sealing
    + consents::Consenting
    + persons::Persons
    + retention::Retaining
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
    pub async fn on_sqlite(file: &Path, master: MasterKey, now: Timestamp) -> StoreResult<SqlStore> {
        SqlStore::open(Database::Sqlite(Sqlite::open(file).await?), master, now).await
    }

    /// Opens the PostgreSQL database at `url`, which must have been migrated.
    ///
    /// # Errors
    /// When it cannot be reached, its tables are older or newer than this program, or it was made with another master key.
    pub async fn on_postgres(url: &str, connections: u32, master: MasterKey, now: Timestamp) -> StoreResult<SqlStore> {
        SqlStore::open(Database::Postgres(Postgres::open(url, connections).await?), master, now).await
    }

    /// Opens the SQLite database in `file` beside whoever serves it, for reading alone.
    ///
    /// # Errors
    /// When there is none, its tables are older or newer than this program, or it was made with another master key.
    pub async fn beside(file: &Path, master: MasterKey, now: Timestamp) -> StoreResult<SqlStore> {
        let store = SqlStore { database: Database::Sqlite(Sqlite::open_beside(file).await?), vault: Arc::new(Vault::new(master)) };
        store.read_keys(now).await?;
        Ok(store)
    }

    async fn open(database: Database, master: MasterKey, now: Timestamp) -> StoreResult<SqlStore> {
        let store = SqlStore { database, vault: Arc::new(Vault::new(master)) };
        store.found_school(now).await?;
        store.found_keys(now).await?;
        Ok(store)
    }

    /// The vault that this store fills, for what is sealed beside it.
    #[must_use]
    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
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
}
