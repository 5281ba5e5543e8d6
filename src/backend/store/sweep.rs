//! Removing what has served its time. Never touches what somebody decided.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{SqlStore, allowances, database::sql, tries::WINDOW, values};
use crate::backend::store::{StoreResult, types::Swept};

const KEYS_LIVE: Duration = Duration::from_hours(48);

/// Removing what has served its time.
#[async_trait]
pub trait Sweeping: Send + Sync {
    /// Removes expired sessions and invitations, idempotency keys older than 48 hours, the names on leases that ran out, and tries and allowances that count no more.
    async fn sweep(&self, now: Timestamp) -> StoreResult<Swept>;
}

#[async_trait]
impl Sweeping for SqlStore {
    async fn sweep(&self, now: Timestamp) -> StoreResult<Swept> {
        let mut write = self.database.write().await?;
        let at = values::time(now);
        let sessions = sql("DELETE FROM sessions WHERE expires_at <= ?").bind(at).execute(&mut write).await?;
        let invitations = sql("DELETE FROM invitations WHERE used_at IS NULL AND expires_at <= ?").bind(at).execute(&mut write).await?;
        let keys = sql("DELETE FROM idempotency_keys WHERE at <= ?").bind(values::time(now - KEYS_LIVE)).execute(&mut write).await?;
        // A lease that ran out goes back to its old place in the queue.
        let leases = sql("UPDATE attempts SET lease_user = NULL, lease_token = NULL, leased_at = NULL, visible_at = place_at
             WHERE lease_user IS NOT NULL AND visible_at <= ?")
        .bind(at)
        .execute(&mut write)
        .await?;
        self.settle_golden(&mut write, now).await?;
        sql("DELETE FROM tries WHERE began <= ?").bind(values::time(now - WINDOW)).execute(&mut write).await?;
        sql("DELETE FROM allowances WHERE began <= ?").bind(values::time(now - allowances::WINDOW * 2)).execute(&mut write).await?;
        write.commit().await?;
        Ok(Swept {
            sessions: sessions.rows_affected(),
            keys: keys.rows_affected(),
            leases: leases.rows_affected(),
            invitations: invitations.rows_affected(),
        })
    }
}
