//! What may take its time and must hold up nothing else: sealing the audit, taking away what has served its time.

use std::time::Duration;

use tokio::{sync::watch, time::timeout};

use super::{super::state::State, purge};
use crate::backend::store::StoreResult;

/// How often: what a thief of the whole machine could still change in the audit unseen, and how long an erased person's pictures may stay.
const ROUND: Duration = Duration::from_mins(1);

/// Does the chores until it is told to stop.
pub async fn keep_up(state: State, mut stop: watch::Receiver<bool>) {
    while timeout(ROUND, stop.wait_for(|stop| *stop)).await.is_err() {
        let mut told = stop.clone();
        tokio::select! {
            done = round(&state) => if let Err(error) = done {
                tracing::error!(%error, "a chore could not be done");
            },
            _ = told.wait_for(|stop| *stop) => {}
        }
    }
}

/// Does them once. Each may be cut off anywhere: the next round goes on.
///
/// # Errors
/// The first failure of the store.
pub async fn round(state: &State) -> StoreResult<()> {
    purge::tonight(state).await?;
    let removed = purge::remove(state).await?;
    if removed > 0 {
        tracing::info!(removed, "pictures were purged");
    }
    let checkpoints = state.store.seal_audit(state.clock.now()).await?;
    if checkpoints > 0 {
        tracing::info!(checkpoints, "sealed the audit");
    }
    Ok(())
}
