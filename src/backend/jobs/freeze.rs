//! A held decision whose time is over becomes final: the store freezes it and enqueues its notice.

use crate::backend::{
    state::State,
    store::{StoreResult, types::JobKind},
};

/// Freezes one decision, if one is due. Says whether one was.
///
/// # Errors
/// When the store fails; the job then comes back.
pub async fn one(state: &State) -> StoreResult<bool> {
    let Some(job) = super::take(state, JobKind::Freeze).await? else { return Ok(false) };
    state.store.freeze(&job, state.clock.now()).await?;
    Ok(true)
}
