//! Expired sessions, invitations, keys and leases are removed.

use crate::backend::{
    state::State,
    store::{StoreResult, types::Swept},
};

/// Sweeps once.
///
/// # Errors
/// When the store fails.
pub async fn run(state: &State) -> StoreResult<Swept> {
    let swept = state.store.sweep(state.clock.now()).await?;
    let events = state.store.forget_events(state.clock.now()).await?;
    if events > 0 {
        tracing::info!(events, "forgot old events");
    }
    if swept != Swept::default() {
        tracing::info!(
            sessions = swept.sessions,
            keys = swept.keys,
            leases = swept.leases,
            invitations = swept.invitations,
            "swept what had expired"
        );
    }
    Ok(swept)
}
