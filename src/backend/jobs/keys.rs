//! Learns of the keys that other processes made, before anything is sealed with them.

use tokio::{sync::watch, time::timeout};

use super::super::{state::State, store::keys::LOOKED_FOR};

/// Looks for new keys until it is told to stop.
pub async fn keep_up(state: State, mut stop: watch::Receiver<bool>) {
    while timeout(LOOKED_FOR, stop.wait_for(|stop| *stop)).await.is_err() {
        if let Err(error) = state.store.refresh_keys(state.clock.now()).await {
            tracing::warn!(%error, "new keys could not be learned; after a change of the master key this process must be started anew with it");
        }
    }
}
