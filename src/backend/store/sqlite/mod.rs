//! The store on SQLite: one writer, many readers, every decision on the disk before it is answered.
//!
//! Writes go through a pool of one connection and begin immediately, so that a transaction never finds out late that it must wait. Split by
//! concern: each file holds the statements of one part of the trait.

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{
    SqlSafeStr, Sqlite, SqlitePool, Transaction,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

use super::{
    Store, StoreError, StoreResult,
    types::{
        AttemptWork, CallLine, Credentials, FoundSession, FoundStudent, GivenReview, Hash, Intention, Job, JobKind, MachineOutcome,
        NewAttempt, NewInvitation, NewSession, NewStudent, NoticeWork, QueueDepth, QueueFilter, SendingEnd, Swept, TakenAttempt,
        TakenRoster,
    },
};
use crate::{
    api::{
        people::{NewUser, User},
        progress::{AuditEntry, Progress},
        roster::Season,
        submission::{Claim, NewClaim, Page, PictureKind, ReviewOutcome, Submission, SubmissionSummary},
    },
    backend::vault::{Vault, VaultError},
    domain::access::Principal,
};

mod attempts;
mod audit;
mod claims;
mod counters;
mod deciding;
mod idempotency;
mod intake;
mod jobs;
mod notices;
mod people;
#[cfg(test)]
mod plans;
mod queue;
mod rosters;
mod seasons;
mod sweep;
#[cfg(test)]
mod tests;
mod values;

/// The code of the one school that a new house has.
pub const SCHOOL: &str = "school";

const READERS: u32 = 8;

type Write = Transaction<'static, Sqlite>;

/// A SQLite database and the vault that seals what is personal in it.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    vault: Arc<Vault>,
}

impl SqliteStore {
    /// Opens the database in `file`, making it and bringing its tables up to date where needed.
    ///
    /// # Errors
    /// When the file is no database, cannot be written, is newer than this program, or was made with another master key.
    pub async fn open(file: &Path, vault: Arc<Vault>, now: Timestamp) -> StoreResult<SqliteStore> {
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
            .log_statements_off();
        let writer =
            SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).connect_with(options.clone()).await?;
        migrations().run(&writer).await.map_err(|error| StoreError::Database(error.to_string()))?;
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.read_only(true)).await?;
        let store = SqliteStore { writer, readers, vault };
        store.found_school(now).await?;
        store.know_key().await?;
        Ok(store)
    }

    /// Ends all connections, the log written back into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn write(&self) -> StoreResult<Write> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn found_school(&self, now: Timestamp) -> StoreResult<()> {
        sqlx::query("INSERT INTO schools (code, name, created_at) VALUES (?, '', ?) ON CONFLICT DO NOTHING")
            .bind(SCHOOL)
            .bind(values::time(now))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// A wrong key must be found at the door: hashes made with it would find nobody and take everybody twice.
    async fn know_key(&self) -> StoreResult<()> {
        let mark = self.vault.hash("mark of the key", &[]);
        let mut write = self.write().await?;
        let known: Option<Vec<u8>> = sqlx::query_scalar("SELECT mark FROM vault_mark").fetch_optional(&mut *write).await?;
        match known {
            None => {
                sqlx::query("INSERT INTO vault_mark (one, mark) VALUES (1, ?)").bind(mark.as_slice()).execute(&mut *write).await?;
                write.commit().await?;
                Ok(())
            }
            Some(known) if known == mark => Ok(()),
            Some(_) => Err(VaultError::OtherKey.into()),
        }
    }
}

/// Every migration, in order; each is in the binary.
fn migrations() -> Migrator {
    let all = [(1, "house", include_str!("../../../../migrations/sqlite/0001_house.sql"))];
    Migrator::with_migrations(
        all.into_iter()
            .map(|(version, name, sql)| Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false))
            .collect(),
    )
}

/// Statements carry no values into a log, but silence is surer.
trait Quiet {
    fn log_statements_off(self) -> Self;
}

impl Quiet for SqliteConnectOptions {
    fn log_statements_off(self) -> Self {
        use sqlx::ConnectOptions;
        self.disable_statement_logging()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn has_users(&self) -> StoreResult<bool> {
        self.any_user().await
    }
    async fn credentials(&self, name: &str) -> StoreResult<Option<Credentials>> {
        self.user_by_name(name).await
    }
    async fn open_session(&self, user: Uuid, session: NewSession) -> StoreResult<()> {
        self.insert_session(user, session).await
    }
    async fn session(&self, token_hash: &Hash, now: Timestamp) -> StoreResult<Option<FoundSession>> {
        self.live_session(token_hash, now).await
    }
    async fn close_session(&self, token_hash: &Hash) -> StoreResult<()> {
        self.delete_session(token_hash).await
    }
    async fn users(&self, principal: &Principal) -> StoreResult<Vec<User>> {
        self.users_of_school(principal).await
    }
    async fn add_user(&self, principal: Option<&Principal>, user: &NewUser, invitation: NewInvitation) -> StoreResult<User> {
        self.invite(principal, user, invitation).await
    }
    async fn redeem(&self, code_hash: &Hash, password_hash: &str, session: NewSession) -> StoreResult<User> {
        self.redeem_invitation(code_hash, password_hash, session).await
    }

    async fn seasons(&self, principal: &Principal) -> StoreResult<Vec<Season>> {
        self.all_seasons(principal).await
    }
    async fn put_season(&self, principal: &Principal, season: &Season, now: Timestamp) -> StoreResult<Season> {
        self.upsert_season(principal, season, now).await
    }
    async fn take_roster(
        &self,
        principal: &Principal,
        season: &str,
        rows: &[NewStudent],
        dry_run: bool,
        now: Timestamp,
    ) -> StoreResult<TakenRoster> {
        self.take_rows(principal, season, rows, dry_run, now).await
    }
    async fn progress(&self, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.read_counters(principal, season).await
    }
    async fn recount(&self, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.count_everything(principal, season).await
    }

    async fn find_student(&self, principal: &Principal, season: &str, known_as: &str) -> StoreResult<FoundStudent> {
        self.student_known_as(principal, season, known_as).await
    }
    fn photo_hash(&self, student: Uuid, photo: &[u8]) -> Hash {
        self.vault.hash("photo", &[student.as_bytes(), photo])
    }
    async fn attempt_of_photo(&self, principal: &Principal, student: Uuid, photo_hash: &Hash) -> StoreResult<Option<Uuid>> {
        self.attempt_with_photo(principal, student, photo_hash).await
    }
    async fn add_submission(&self, principal: &Principal, attempt: &NewAttempt, now: Timestamp) -> StoreResult<TakenAttempt> {
        self.insert_attempt(principal, attempt, now).await
    }
    async fn submissions(&self, principal: &Principal, filter: &QueueFilter, now: Timestamp) -> StoreResult<Page<SubmissionSummary>> {
        self.queue_page(principal, filter, now).await
    }
    async fn submission(&self, principal: &Principal, id: Uuid, now: Timestamp) -> StoreResult<Submission> {
        self.whole_submission(principal, id, now).await
    }
    async fn picture(&self, principal: &Principal, id: Uuid, kind: PictureKind) -> StoreResult<String> {
        self.blob_of_picture(principal, id, kind).await
    }

    async fn claim(&self, principal: &Principal, wanted: &NewClaim, token: Uuid, now: Timestamp) -> StoreResult<Claim> {
        self.claim_photos(principal, wanted, token, now).await
    }
    async fn heartbeat(&self, principal: &Principal, token: Uuid, now: Timestamp) -> StoreResult<Claim> {
        self.prolong(principal, token, now).await
    }
    async fn release(&self, principal: &Principal, token: Uuid) -> StoreResult<()> {
        self.release_token(principal, token).await
    }

    async fn review(&self, principal: &Principal, id: Uuid, review: &GivenReview, now: Timestamp) -> StoreResult<ReviewOutcome> {
        self.give_review(principal, id, review, now).await
    }
    async fn undo(&self, principal: &Principal, id: Uuid, intention: &Intention, now: Timestamp) -> StoreResult<ReviewOutcome> {
        self.undo_decision(principal, id, intention, now).await
    }
    async fn retake_notice(
        &self,
        principal: &Principal,
        id: Uuid,
        intention: Option<&Intention>,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome> {
        self.notify_again(principal, id, intention, now).await
    }

    async fn next_job(&self, kind: JobKind, now: Timestamp, again_at: Timestamp) -> StoreResult<Option<Job>> {
        self.take_job(kind, now, again_at).await
    }
    async fn postpone_job(&self, job: &Job, again_at: Timestamp, error: &str) -> StoreResult<()> {
        self.put_job_back(job, again_at, error).await
    }
    async fn requeue_taken(&self, now: Timestamp) -> StoreResult<u64> {
        self.make_taken_due(now).await
    }
    async fn queue_depth(&self, now: Timestamp) -> StoreResult<Vec<QueueDepth>> {
        self.jobs_by_kind(now).await
    }
    async fn attempt_work(&self, job: &Job) -> StoreResult<Option<AttemptWork>> {
        self.work_of_attempt(job).await
    }
    async fn save_outcome(&self, job: &Job, outcome: &MachineOutcome, now: Timestamp) -> StoreResult<()> {
        self.record_outcome(job, outcome, now).await
    }
    async fn freeze(&self, job: &Job, now: Timestamp) -> StoreResult<()> {
        self.freeze_decision(job, now).await
    }
    async fn notice_work(&self, job: &Job) -> StoreResult<Option<NoticeWork>> {
        self.work_of_notice(job).await
    }
    async fn record_sending(&self, job: &Job, gateway: &str, end: &SendingEnd, now: Timestamp) -> StoreResult<()> {
        self.insert_sending(job, gateway, end, now).await
    }
    async fn sweep(&self, now: Timestamp) -> StoreResult<Swept> {
        self.remove_expired(now).await
    }

    async fn audit(&self, principal: &Principal, season: Option<&str>, cursor: Option<&str>, limit: u32) -> StoreResult<Page<AuditEntry>> {
        self.audit_page(principal, season, cursor, limit).await
    }
    async fn calls(&self, principal: &Principal, season: &str, unit: Option<&str>, now: Timestamp) -> StoreResult<Vec<CallLine>> {
        self.call_list(principal, season, unit, now).await
    }
}
