//! The seam between the intentions and the two engines: one text of SQL, values and rows that mean the same on both, transactions that keep
//! the same promises.
//!
//! ```text
//! Database   readers, and a way to begin writing
//!  ├ sqlite     one writer whose commits are grouped, many readers, checkpoints off the writer's path
//!  ├ postgres   a pool; placeholders translated once a text
//!  ├ sql        a statement: its text (common, or spelled for each engine), its values, what it runs on
//!  └ row        what comes back
//! ```
//!
//! What the engines' dialects share is written once. Postgres gets the few functions it lacks (`json_each` over text, `unhex`, `json_patch`)
//! from its migrations. Where a statement must differ (locks, lateral joins) both spellings stand beside each other.

use sqlx::{PgConnection, SqliteConnection};

use super::{StoreError, StoreResult};

mod error;
mod migrations;
pub mod postgres;
mod row;
mod sql;
pub mod sqlite;

pub use migrations::newest as newest_version;
pub use row::{Column, Row};
pub(crate) use sql::locked;
pub use sql::{Done, On, Spelling, Sql, Value, sql};

/// Which engine keeps the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// An open database. Cloning shares it.
#[derive(Debug, Clone)]
pub enum Database {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Database {
    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self {
            Database::Sqlite(_) => Engine::Sqlite,
            Database::Postgres(_) => Engine::Postgres,
        }
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn write(&self) -> StoreResult<Write> {
        match self {
            Database::Sqlite(sqlite) => Ok(Write::Sqlite(sqlite.turn().await?)),
            Database::Postgres(postgres) => Ok(Write::Postgres(postgres.begin().await?)),
        }
    }

    /// Begins a transaction that reads one state of things, whatever is written meanwhile.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn snapshot(&self) -> StoreResult<Snapshot> {
        match self {
            Database::Sqlite(sqlite) => Ok(Snapshot::Sqlite(sqlite.readers().begin().await?)),
            Database::Postgres(postgres) => Ok(Snapshot::Postgres(postgres.begin_snapshot().await?)),
        }
    }

    /// Ends all connections.
    pub async fn close(&self) {
        match self {
            Database::Sqlite(sqlite) => sqlite.close().await,
            Database::Postgres(postgres) => postgres.close().await,
        }
    }
}

/// A transaction that may write. Dropped without a commit it changes nothing.
pub enum Write {
    Sqlite(sqlite::Turn),
    Postgres(postgres::Begun),
}

impl Write {
    /// Makes everything written last: on return it is on the disk.
    ///
    /// # Errors
    /// When it could not be made to last; then nothing was written.
    pub async fn commit(self) -> StoreResult<()> {
        match self {
            Write::Sqlite(turn) => turn.commit().await,
            Write::Postgres(begun) => begun.commit().await,
        }
    }

    /// Takes everything back.
    ///
    /// # Errors
    /// When the connection broke; nothing was written then either.
    pub async fn rollback(self) -> StoreResult<()> {
        match self {
            Write::Sqlite(turn) => turn.rollback().await,
            Write::Postgres(begun) => begun.rollback().await,
        }
    }

    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self {
            Write::Sqlite(_) => Engine::Sqlite,
            Write::Postgres(_) => Engine::Postgres,
        }
    }

    /// Until the end of the transaction nobody else passes who names the same thing. SQLite's writer is alone anyway; on Postgres this is an
    /// advisory lock, for what is not a row yet.
    ///
    /// # Errors
    /// When the wait takes too long.
    pub async fn alone_with(&mut self, what: &str) -> StoreResult<()> {
        if self.engine() == Engine::Postgres {
            sql("SELECT pg_advisory_xact_lock(hashtextextended(?1, 0))").bind(what).execute(&mut *self).await?;
        }
        Ok(())
    }
}

/// A transaction that reads one state of things.
pub enum Snapshot {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl<'a> From<&'a Database> for On<'a> {
    fn from(database: &'a Database) -> On<'a> {
        match database {
            Database::Sqlite(sqlite) => On::SqliteReaders(sqlite),
            Database::Postgres(postgres) => On::PostgresPool(postgres),
        }
    }
}

impl<'a> From<&'a mut Write> for On<'a> {
    fn from(write: &'a mut Write) -> On<'a> {
        match write {
            Write::Sqlite(turn) => On::Sqlite(turn.connection()),
            Write::Postgres(begun) => begun.on(),
        }
    }
}

impl<'a> From<&'a mut Snapshot> for On<'a> {
    fn from(snapshot: &'a mut Snapshot) -> On<'a> {
        match snapshot {
            Snapshot::Sqlite(transaction) => On::Sqlite(transaction as &mut SqliteConnection),
            Snapshot::Postgres(transaction) => On::Postgres(transaction as &mut PgConnection, None),
        }
    }
}
