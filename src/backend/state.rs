//! What controllers and jobs share, and the seams to the parts that do their work.

use std::sync::Arc;

use tokio::sync::{Notify, Semaphore, watch};

use super::{
    blobs::Blobs,
    clock::Clock,
    entrance::Entrance,
    gateways::Messages,
    health::Health,
    jobs::standardize::Darkroom,
    limits::Allowances,
    metrics::Metrics,
    store::{Store, live::Position},
};

/// The parts that know pictures and the outside world; each behind a trait, so that tests bring their own.
#[derive(Clone)]
pub struct Parts {
    pub darkroom: Arc<dyn Darkroom>,
    pub messages: Arc<dyn Messages>,
}

/// Everything a request or a job may need.
#[derive(Clone)]
pub struct State {
    pub store: Arc<dyn Store>,
    pub blobs: Blobs,
    pub clock: Arc<dyn Clock>,
    pub parts: Parts,
    /// How many photos are reworked at a time; the others wait their turn.
    pub reworks: Arc<Semaphore>,
    /// How people come in.
    pub entrance: Entrance,
    pub metrics: Arc<Metrics>,
    pub allowances: Arc<Allowances>,
    pub health: Arc<Health>,
    /// Wakes the jobs when there is work, so that nobody waits for a tick.
    pub work: Arc<Notify>,
    /// The newest event, for the streams; changes when something happened anywhere.
    pub news: watch::Receiver<Position>,
    /// True once the process is to end: streams end then, and nothing new begins.
    pub stopping: watch::Receiver<bool>,
}
