//! PostgreSQL 15 or newer: a pool, short transactions, rows locked where writers meet.
//!
//! Nothing of a process stays in the database beyond its rows, so that any number of processes may share one.

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, PgPool, SqlSafeStr, SqlStr,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    On, StoreError, StoreResult,
    migrations::{self, Standing},
    sql::with_dollars,
};

/// The oldest server that keeps what the statements promise.
const OLDEST: i64 = 150_000;
/// Connections of one process, where nobody says otherwise.
pub const CONNECTIONS: u32 = 16;
/// How long a request waits for a connection.
const WAIT: Duration = Duration::from_secs(10);

/// A PostgreSQL database.
#[derive(Debug, Clone)]
pub struct Postgres {
    pool: PgPool,
    /// Statements with Postgres's placeholders, by the text they were made of.
    translations: Arc<Mutex<HashMap<(usize, usize), SqlStr>>>,
}

/// A transaction, and where its statements are kept.
pub struct Begun {
    transaction: sqlx::Transaction<'static, sqlx::Postgres>,
    kept_in: Postgres,
}

impl Postgres {
    /// Connects to the database at `url`, which must have been migrated.
    ///
    /// # Errors
    /// When it cannot be reached, is too old a server, or its tables are older or newer than this program.
    pub async fn open(url: &str, connections: u32) -> StoreResult<Postgres> {
        let postgres = Postgres::connect(url, connections).await?;
        let applied = postgres.applied().await?;
        let (have, newest) = (applied.last().copied().unwrap_or(0), migrations::newest());
        match migrations::standing(&applied) {
            Standing::Behind => Err(StoreError::NotMigrated { have, newest }),
            Standing::Ahead => Err(StoreError::NewerDatabase { have, newest }),
            Standing::Current => Ok(postgres),
        }
    }

    /// Brings the tables at `url` up to date; of several who try at once one does it.
    ///
    /// # Errors
    /// When it cannot be reached, a migration fails (it is then taken back), or the tables are newer than this program.
    pub async fn migrate(url: &str) -> StoreResult<Migrated> {
        let postgres = Postgres::connect(url, 2).await?;
        let applied = postgres.applied().await?;
        let before = applied.last().copied().unwrap_or(0);
        if migrations::standing(&applied) == Standing::Ahead {
            return Err(StoreError::NewerDatabase { have: before, newest: migrations::newest() });
        }
        migrations::postgres().run(&postgres.pool).await.map_err(|error| StoreError::Database(error.to_string()))?;
        let now = postgres.applied().await?;
        postgres.close().await;
        Ok(Migrated { before, after: now.last().copied().unwrap_or(0), applied: now.len() - applied.len() })
    }

    async fn connect(url: &str, connections: u32) -> StoreResult<Postgres> {
        // The message of the parser may quote the address, and with it a password.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| StoreError::Database("the address of the database cannot be read".into()))?
            .application_name("zhaoshen")
            .options([
                // Random reads of a disk without moving parts; the planner's default shies away from indexes.
                ("random_page_cost", "1.1"),
                ("jit", "off"),
                ("lock_timeout", "10s"),
                ("statement_timeout", "60s"),
                ("idle_in_transaction_session_timeout", "60s"),
            ])
            .disable_statement_logging();
        let pool = PgPoolOptions::new().max_connections(connections).min_connections(1).acquire_timeout(WAIT).connect_with(options).await?;
        let version: i64 = sqlx::query_scalar("SELECT current_setting('server_version_num')::bigint").fetch_one(&pool).await?;
        if version < OLDEST {
            return Err(StoreError::Database(format!("PostgreSQL 15 or newer is needed, this is {}", version / 10_000)));
        }
        Ok(Postgres { pool, translations: Arc::default() })
    }

    /// The versions that were applied, the highest last; none where there are no tables.
    async fn applied(&self) -> StoreResult<Vec<i64>> {
        let known: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(&self.pool).await?;
        if !known {
            return Ok(vec![]);
        }
        Ok(sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version").fetch_all(&self.pool).await?)
    }

    /// The connections.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn begin(&self) -> StoreResult<Begun> {
        Ok(Begun { transaction: self.pool.begin().await?, kept_in: self.clone() })
    }

    /// Begins a transaction that sees one state of things.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn begin_snapshot(&self) -> StoreResult<sqlx::Transaction<'static, sqlx::Postgres>> {
        Ok(self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// The text with Postgres's placeholders, made once a text.
    pub(super) fn translated(&self, text: &'static str) -> SqlStr {
        let mut translations = self.translations.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (text.as_ptr() as usize, text.len());
        translations.entry(key).or_insert_with(|| AssertSqlSafe(Arc::<str>::from(with_dollars(text))).into_sql_str()).clone()
    }
}

/// What migrating did: the highest version before and after, and how many were applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    pub before: i64,
    pub after: i64,
    pub applied: usize,
}

impl Begun {
    pub(super) fn on(&mut self) -> On<'_> {
        On::Postgres(&mut self.transaction, Some(&self.kept_in))
    }

    pub(super) async fn commit(self) -> StoreResult<()> {
        Ok(self.transaction.commit().await?)
    }

    pub(super) async fn rollback(self) -> StoreResult<()> {
        Ok(self.transaction.rollback().await?)
    }
}
