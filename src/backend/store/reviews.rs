//! Reviews that no longer count: they stay, withdrawn, and their reviewers may judge again.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    database::{Write, sql},
    values,
};
use crate::backend::store::StoreResult;

/// Takes back every review of an attempt that counts.
pub async fn void(write: &mut Write, attempt: Uuid, now: Timestamp) -> StoreResult<()> {
    sql("UPDATE reviews SET withdrawn_at = ? WHERE attempt = ? AND withdrawn_at IS NULL")
        .bind(values::time(now))
        .bind(values::id(attempt))
        .execute(&mut *write)
        .await?;
    Ok(())
}
