//! Looks whether anything happened, once for all streams of the process. Other replicas' work is seen the same way as this one's.

use std::time::Duration;

use tokio::sync::watch;

use crate::backend::{health::Worker, state::State, store::live::Position};

/// How often the store is asked: other people's work is on every screen well within a second.
const LOOK: Duration = Duration::from_millis(200);

/// Tells every new end of the events, until it is told to stop.
pub async fn tell(state: State, told: watch::Sender<Position>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        state.health.saw(Worker::News, state.clock.now());
        // Without anybody listening there is nothing to tell; `state` itself holds one receiver.
        if told.receiver_count() > 1 {
            match state.store.newest_event().await {
                Ok(newest) => {
                    told.send_if_modified(|known| {
                        let new = *known != newest;
                        *known = newest;
                        new
                    });
                }
                Err(error) => tracing::warn!(%error, "the events could not be looked at"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}
