//! Once a night the counters are held against a count of everything. Of several processes the first to come does it.

use crate::backend::{
    state::State,
    store::{StoreResult, reconcile},
};

/// The name of the chore.
const RECONCILE: &str = "reconcile";

/// Reconciles, unless somebody did or is at it this night. Gives the number of units that were wrong.
///
/// # Errors
/// When the store fails.
pub async fn tonight(state: &State) -> StoreResult<usize> {
    let now = state.clock.now();
    let night = reconcile::night_of(now);
    if !state.store.is_ours_tonight(RECONCILE, night, now).await? {
        return Ok(0);
    }
    let corrected = state.store.reconcile(now).await?;
    state.store.done_tonight(RECONCILE, night).await?;
    for unit in &corrected {
        tracing::error!(
            school = unit.school,
            season = unit.season,
            counters = unit.counters,
            "counters of a unit were wrong and are mended"
        );
    }
    state.metrics.count_corrected(corrected.len());
    Ok(corrected.len())
}
