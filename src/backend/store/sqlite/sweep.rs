//! Removing what has served its time. Never touches what somebody decided.

use std::time::Duration;

use jiff::Timestamp;

use super::{SqliteStore, values};
use crate::backend::store::{StoreResult, types::Swept};

const KEYS_LIVE: Duration = Duration::from_hours(48);

impl SqliteStore {
    pub(super) async fn remove_expired(&self, now: Timestamp) -> StoreResult<Swept> {
        let mut write = self.write().await?;
        let at = values::time(now);
        let sessions = sqlx::query("DELETE FROM sessions WHERE expires_at <= ?").bind(at).execute(&mut *write).await?;
        let invitations =
            sqlx::query("DELETE FROM invitations WHERE used_at IS NULL AND expires_at <= ?").bind(at).execute(&mut *write).await?;
        let keys =
            sqlx::query("DELETE FROM idempotency_keys WHERE at <= ?").bind(values::time(now - KEYS_LIVE)).execute(&mut *write).await?;
        // A lease that ran out goes back to its old place in the queue.
        let leases = sqlx::query(
            "UPDATE attempts SET lease_user = NULL, lease_token = NULL, visible_at = submitted_at WHERE lease_user IS NOT NULL AND visible_at <= ?",
        )
        .bind(at)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(Swept {
            sessions: sessions.rows_affected(),
            keys: keys.rows_affected(),
            leases: leases.rows_affected(),
            invitations: invitations.rows_affected(),
        })
    }
}
