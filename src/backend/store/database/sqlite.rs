//! SQLite: one writer whose commits are grouped, many readers, checkpoints off the writer's path.
//!
//! Whoever writes takes a turn on the one connection: a savepoint inside the transaction that is open. Who is done queues up once more to
//! commit; those who came before get their turns first and are committed by the same flush to the disk. Everybody is answered after it.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::{StoreError, StoreResult, migrations};

const READERS: u32 = 8;
/// How often the log is written back into the file.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// A log of more than this many bytes is written back to its end while writers wait: readers and writers that never pause would otherwise let
/// it grow for ever.
const LONGEST_LOG: u64 = 256 << 20;
/// How long writers wait for readers that keep the log from being written back, and how long they are left alone after that: a copy of the
/// whole reads for minutes.
const READERS_MAY_TAKE: Duration = Duration::from_secs(1);
const LEFT_ALONE: Duration = Duration::from_secs(30);
/// At most this many turns are answered by one flush, so that nobody waits for a crowd.
const LARGEST_GROUP: u32 = 256;

/// The version of the tables.
pub const VERSION: &str = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";

/// A SQLite database.
#[derive(Debug, Clone)]
pub struct Sqlite {
    writer: Arc<Mutex<Writer>>,
    readers: SqlitePool,
    checkpoints: Arc<tokio::task::AbortHandle>,
}

/// The one connection that writes, and the group whose transaction is open on it.
#[derive(Debug)]
struct Writer {
    connection: SqliteConnection,
    group: Option<Group>,
}

/// Those whose turns are in the open transaction, waiting for its end.
#[derive(Debug)]
struct Group {
    end: watch::Sender<Option<Result<(), GroupError>>>,
    turns: u32,
}

/// Why a group was not committed, for each of its members.
#[derive(Debug, Clone)]
enum GroupError {
    Full,
    Busy,
    Database(String),
}

impl From<&StoreError> for GroupError {
    fn from(error: &StoreError) -> GroupError {
        match error {
            StoreError::Full => GroupError::Full,
            StoreError::Busy => GroupError::Busy,
            other => GroupError::Database(other.to_string()),
        }
    }
}

impl From<GroupError> for StoreError {
    fn from(error: GroupError) -> StoreError {
        match error {
            GroupError::Full => StoreError::Full,
            GroupError::Busy => StoreError::Busy,
            GroupError::Database(message) => StoreError::Database(message),
        }
    }
}

impl Sqlite {
    /// Opens the database in `file`, making it and bringing its tables up to date where needed.
    ///
    /// # Errors
    /// When the file is no database, cannot be written, or is newer than this program.
    pub async fn open(file: &Path) -> StoreResult<Sqlite> {
        let options = SqliteConnectOptions::from_str("sqlite:")?
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A decision that was answered survives the machine.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .pragma("secure_delete", "on")
            .pragma("cache_size", "-16000")
            .statement_cache_capacity(256)
            // Statements carry no values into a log, but silence is surer.
            .disable_statement_logging();
        // Checkpoints have a connection of their own.
        let mut connection = options.clone().pragma("wal_autocheckpoint", "0").connect().await?;
        migrations::sqlite().run_direct(None, &mut connection, false).await.map_err(|error| StoreError::Database(error.to_string()))?;
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.clone().read_only(true)).await?;
        let writer = Arc::new(Mutex::new(Writer { connection, group: None }));
        let log = PathBuf::from(format!("{}-wal", file.display()));
        let checkpoints = tokio::spawn(write_back(options, log, Arc::clone(&writer))).abort_handle();
        Ok(Sqlite { writer, readers, checkpoints: Arc::new(checkpoints) })
    }

    /// Opens the database in `file` beside whoever serves it, for reading alone: nothing is made and nothing brought up to date.
    ///
    /// # Errors
    /// When there is none, or its tables are older or newer than this program.
    pub async fn open_beside(file: &Path) -> StoreResult<Sqlite> {
        let options = SqliteConnectOptions::from_str("sqlite:")?
            .filename(file)
            .read_only(true)
            .busy_timeout(Duration::from_secs(10))
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        let newest = migrations::newest();
        match sqlx::query_scalar(VERSION).fetch_one(&mut connection).await? {
            have if have < newest => return Err(StoreError::NotMigrated { have, newest }),
            have if have > newest => return Err(StoreError::NewerDatabase { have, newest }),
            _ => {}
        }
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await?;
        let writer = Arc::new(Mutex::new(Writer { connection, group: None }));
        Ok(Sqlite { writer, readers, checkpoints: Arc::new(tokio::spawn(async {}).abort_handle()) })
    }

    /// The connections that only read.
    #[must_use]
    pub fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Waits for a turn on the writing connection.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn turn(&self) -> StoreResult<Turn> {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        if writer.group.as_ref().is_some_and(|group| group.turns >= LARGEST_GROUP) {
            writer.end_group().await;
        }
        if writer.group.is_none() {
            writer.execute("BEGIN IMMEDIATE").await?;
            writer.group = Some(Group { end: watch::Sender::new(None), turns: 0 });
        }
        if let Err(error) = writer.execute("SAVEPOINT turn").await {
            writer.fail_group(&error).await;
            return Err(error);
        }
        Ok(Turn { writer: Some(writer), queue: Arc::clone(&self.writer) })
    }

    /// Ends all connections, the log written back into the file.
    pub async fn close(&self) {
        self.checkpoints.abort();
        self.readers.close().await;
        let mut writer = self.writer.lock().await;
        writer.end_group().await;
        let _ = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    }
}

impl Writer {
    async fn execute(&mut self, statement: &'static str) -> StoreResult<()> {
        sqlx::query(statement).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Commits what the members of the group wrote and tells them; an empty group just ends.
    async fn end_group(&mut self) {
        let Some(group) = self.group.take() else { return };
        let end = match self.execute("COMMIT").await {
            Ok(()) => Ok(()),
            Err(error) => {
                let _ = self.execute("ROLLBACK").await;
                Err(GroupError::from(&error))
            }
        };
        group.end.send_replace(Some(end));
    }

    /// The transaction is lost: nobody in it may believe to have written.
    async fn fail_group(&mut self, error: &StoreError) {
        let Some(group) = self.group.take() else { return };
        let _ = self.execute("ROLLBACK").await;
        group.end.send_replace(Some(Err(GroupError::from(error))));
    }

    /// Takes back what this turn wrote; the others' stays.
    async fn undo_turn(&mut self) {
        let undone = match self.execute("ROLLBACK TO turn").await {
            Ok(()) => self.execute("RELEASE turn").await,
            failed => failed,
        };
        match undone {
            // Nobody else waits for this transaction: it need not stay open.
            Ok(()) if self.group.as_ref().is_some_and(|group| group.turns == 0) => {
                self.group = None;
                let _ = self.execute("ROLLBACK").await;
            }
            Ok(()) => {}
            // A full disk, for one, ends the whole transaction by itself.
            Err(error) => self.fail_group(&error).await,
        }
    }
}

/// A turn on the writing connection. Dropped without a commit, what it wrote is taken back.
pub struct Turn {
    /// Present until the turn ends.
    writer: Option<OwnedMutexGuard<Writer>>,
    queue: Arc<Mutex<Writer>>,
}

impl Turn {
    /// The connection the turn writes on.
    pub fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.writer.as_mut().expect("a turn holds the writer until its end").connection
    }

    /// Makes what the turn wrote last: on return it is on the disk, along with the turns of those who queued meanwhile.
    ///
    /// # Errors
    /// When the disk is full or failed; then nothing was written.
    pub async fn commit(mut self) -> StoreResult<()> {
        let mut writer = self.writer.take().expect("a turn ends once");
        let queue = Arc::clone(&self.queue);
        // On a task of its own: a caller that goes away must not leave the others waiting for its commit.
        let commit = tokio::spawn(async move {
            if let Err(error) = writer.execute("RELEASE turn").await {
                writer.fail_group(&error).await;
                return Err(GroupError::from(&error));
            }
            let group = writer.group.as_mut().expect("a turn is within a group");
            group.turns += 1;
            let mut end = group.end.subscribe();
            drop(writer);
            // The lock is fair: those who queue now write first, and this flush is theirs too.
            let mut writer = queue.lock().await;
            if end.borrow_and_update().is_none() {
                writer.end_group().await;
            }
            drop(writer);
            let ended = end.borrow().clone();
            ended.unwrap_or_else(|| Err(GroupError::Database("a commit that nobody made".into())))
        });
        match commit.await {
            Ok(end) => end.map_err(StoreError::from),
            Err(error) => Err(StoreError::Database(error.to_string())),
        }
    }

    /// Takes back what the turn wrote.
    ///
    /// # Errors
    /// None: a connection that fails here has written nothing.
    pub async fn rollback(mut self) -> StoreResult<()> {
        if let Some(mut writer) = self.writer.take() {
            writer.undo_turn().await;
        }
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(mut writer) = self.writer.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { writer.undo_turn().await });
        }
    }
}

/// Writes the log back into the file, again and again, while others write and read.
async fn write_back(options: SqliteConnectOptions, log: PathBuf, writer: Arc<Mutex<Writer>>) {
    let mut connection = None;
    loop {
        tokio::time::sleep(CHECKPOINT_EVERY).await;
        let bytes = std::fs::metadata(&log).map_or(0, |log| log.len());
        if bytes == 0 {
            continue;
        }
        if connection.is_none() {
            connection = options.clone().busy_timeout(READERS_MAY_TAKE).connect().await.ok();
        }
        let Some(open) = connection.as_mut() else { continue };
        let done = if bytes > LONGEST_LOG {
            let _writers_wait = writer.lock().await;
            sqlx::query_scalar::<_, i64>("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *open).await
        } else {
            // What readers hold back is written the next time.
            sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut *open).await.map(|_| 0)
        };
        match done {
            Ok(0) => {}
            Ok(_) => tokio::time::sleep(LEFT_ALONE).await,
            Err(error) => {
                tracing::warn!(%error, "the log could not be written back");
                if let Some(broken) = connection.take() {
                    let _ = broken.close().await;
                }
            }
        }
    }
}
