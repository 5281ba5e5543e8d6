//! Sessions as their owners see them: when they began, when they were last used, by what; never their tokens.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{SqlStore, database::sql, values};
use crate::{
    api::people::OwnSession,
    backend::store::{StoreError, StoreResult, types::Hash},
    domain::access::Principal,
};

/// A session that is used is written down this often, and not with every request.
pub const SEEN_EVERY: Duration = Duration::from_mins(5);
/// More than anybody has machines.
const MOST: u32 = 100;

/// One's own sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The asker's sessions, the one used last first; `current` is the one that asks.
    async fn own_sessions(&self, principal: &Principal, current: &Hash, now: Timestamp) -> StoreResult<Vec<OwnSession>>;
    /// Ends one of the asker's sessions.
    async fn close_own_session(&self, principal: &Principal, session: Uuid) -> StoreResult<()>;
    /// Notes that the session was used.
    async fn see_session(&self, token_hash: &Hash, now: Timestamp) -> StoreResult<()>;
}

#[async_trait]
impl Sessions for SqlStore {
    async fn own_sessions(&self, principal: &Principal, current: &Hash, now: Timestamp) -> StoreResult<Vec<OwnSession>> {
        let rows = sql("SELECT id, client, created_at, seen_at, expires_at, token_hash = ?1 AS is_current FROM sessions
             WHERE \"user\" = ?2 AND expires_at > ?3 ORDER BY seen_at DESC, id LIMIT ?4")
        .bind(current.as_slice())
        .bind(values::id(principal.user))
        .bind(values::time(now))
        .bind(MOST)
        .fetch_all(&self.database)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(OwnSession {
                    id: row.id("id")?,
                    client: row.text("client")?,
                    opened_at: row.time("created_at")?,
                    seen_at: row.time("seen_at")?,
                    expires_at: row.time("expires_at")?,
                    current: row.flag("is_current")?,
                })
            })
            .collect()
    }

    async fn close_own_session(&self, principal: &Principal, session: Uuid) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        let closed = sql("DELETE FROM sessions WHERE id = ? AND \"user\" = ?")
            .bind(values::id(session))
            .bind(values::id(principal.user))
            .execute(&mut write)
            .await?;
        if closed.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        write.commit().await
    }

    async fn see_session(&self, token_hash: &Hash, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        // Of several requests at once one writes.
        sql("UPDATE sessions SET seen_at = ?1 WHERE token_hash = ?2 AND seen_at < ?3")
            .bind(values::time(now))
            .bind(token_hash.as_slice())
            .bind(values::time(now - SEEN_EVERY / 2))
            .execute(&mut write)
            .await?;
        write.commit().await
    }
}
