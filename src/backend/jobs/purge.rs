//! Takes away what has served its time: every night what is due is marked, and what is marked is removed from the storage soon after, whoever
//! marked it and whatever died in between.

use crate::backend::{
    state::State,
    store::{StoreResult, reconcile},
};

/// The name of the chore.
const PURGE: &str = "purge";
/// Pictures that are removed before their removal is recorded.
const BATCH: u32 = 100;

/// Marks what is due, unless somebody did or is at it this night, and warns when many faces are stored.
///
/// # Errors
/// When the store fails.
pub async fn tonight(state: &State) -> StoreResult<u64> {
    let now = state.clock.now();
    let night = reconcile::night_of(now);
    if !state.store.is_ours_tonight(PURGE, night, now).await? {
        return Ok(0);
    }
    let mut marked = 0;
    loop {
        match state.store.mark_due(state.clock.now()).await? {
            0 => break,
            more => marked += more,
        }
    }
    let faces = state.store.count_faces(now).await?;
    state.store.done_tonight(PURGE, night).await?;
    if faces.warns() {
        tracing::warn!(
            people = faces.people,
            file_at = faces.file_at,
            "the faces of many people are stored: prepare the filing with the authority"
        );
    }
    if marked > 0 {
        tracing::info!(marked, "storage times were over");
    }
    Ok(marked)
}

/// Removes what is marked; says how many pictures are gone.
///
/// # Errors
/// When the store fails. A picture that the storage does not give up stays marked and is tried again.
pub async fn remove(state: &State) -> StoreResult<u64> {
    let mut removed = 0;
    loop {
        let names = state.store.marked(BATCH).await?;
        let mut gone = vec![];
        for name in &names {
            match state.blobs.remove(name).await {
                Ok(()) => gone.push(name.clone()),
                Err(error) => tracing::warn!(%error, "a picture could not be removed and will be tried again"),
            }
        }
        if gone.is_empty() {
            return Ok(removed);
        }
        removed += gone.len() as u64;
        state.store.purged(&gone, state.clock.now()).await?;
    }
}
