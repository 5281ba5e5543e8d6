//! Seasons that have closed: the part of whoever handed in nothing is over.

use crate::backend::{state::State, store::StoreResult};

/// Lapses what is to lapse. Says how many students that were.
///
/// # Errors
/// When the store fails; the rest is done the next time.
pub async fn run(state: &State) -> StoreResult<u64> {
    let mut lapsed = 0;
    loop {
        match state.store.lapse(state.clock.now()).await? {
            0 => break,
            more => lapsed += more,
        }
    }
    if lapsed > 0 {
        tracing::info!(students = lapsed, "a season has closed, and who handed in nothing has lapsed");
    }
    Ok(lapsed)
}
