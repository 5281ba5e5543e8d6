//! The machine's work: one file a job. The queue is a table in the store, so that a killed process loses nothing and repeats nothing that counts.
//!
//! A worker takes a job, does it and records its end. Standardizing has as many workers as the machine has cores; decisions and
//! notices have one each.

use std::time::{Duration, Instant};

use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
};

use super::{
    health::Worker,
    state::State,
    store::{
        StoreResult,
        live::Position,
        types::{Job, JobKind},
    },
};

pub mod chores;
pub mod freeze;
pub mod keys;
pub mod lapse;
pub mod news;
pub mod notify;
pub mod purge;
pub mod reconcile;
pub mod standardize;
pub mod sweep;

/// How long a taken job stays taken when its worker says nothing: what a process that died had taken, another takes up after this.
const TAKEN: Duration = Duration::from_secs(30);
/// How often a worker that is at it says so.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// How often idle workers look; new work wakes them at once.
const TICK: Duration = Duration::from_millis(500);
/// Ticks between two sweeps.
const SWEEP_EVERY: u32 = 600;

/// What a process does for its house. Where one database serves several processes, those at people's beck can be kept from the machine's work, so
/// that neither is slow for the other's sake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duty {
    #[default]
    Both,
    /// Answers, and leaves the work to others.
    Answer,
    /// Works, and answers operators alone.
    Work,
}

impl Duty {
    /// Whether it answers people.
    #[must_use]
    pub fn answers(self) -> bool {
        self != Duty::Work
    }

    /// Whether it does the machine's work.
    #[must_use]
    pub fn works(self) -> bool {
        self != Duty::Answer
    }
}

/// The workers, until they are told to stop.
pub struct Workers {
    tasks: JoinSet<()>,
}

impl Workers {
    /// Starts those of a duty: the work itself, and what looks for the doings of other processes, news on behalf of every stream, and keys. Each
    /// ends after what it is at once `stop` becomes true.
    #[must_use]
    pub fn start(state: &State, duty: Duty, told: watch::Sender<Position>, stop: &watch::Receiver<bool>) -> Workers {
        let mut tasks = JoinSet::new();
        tasks.spawn(keys::keep_up(state.clone(), stop.clone()));
        if duty.answers() {
            tasks.spawn(news::tell(state.clone(), told, stop.clone()));
        }
        if duty.works() {
            tasks.spawn(chores::keep_up(state.clone(), stop.clone()));
            let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            let workers = std::iter::repeat_n(Worker::Pictures, cores).chain([Worker::Decisions, Worker::Notices]);
            for worker in workers {
                let (state, stop) = (state.clone(), stop.clone());
                tasks.spawn(async move { run(&state, stop, worker).await });
            }
        }
        Workers { tasks }
    }

    /// Waits for their ends.
    pub async fn ended(mut self) {
        while let Some(end) = self.tasks.join_next().await {
            if let Err(error) = end {
                tracing::error!(%error, "a worker did not end by itself");
            }
        }
    }
}

async fn run(state: &State, mut stop: watch::Receiver<bool>, worker: Worker) {
    let mut ticks = 0u32;
    while !*stop.borrow() {
        state.health.saw(worker, state.clock.now());
        let done = match worker {
            Worker::News => return,
            Worker::Pictures => timed(state, JobKind::Standardize, standardize::one(state)).await,
            Worker::Notices => timed(state, JobKind::Notify, notify::one(state)).await,
            Worker::Decisions => {
                if ticks.is_multiple_of(SWEEP_EVERY) {
                    log(sweep::run(state).await.map(|_| false));
                    log(reconcile::tonight(state).await.map(|_| false));
                    log(lapse::run(state).await.map(|_| false));
                }
                ticks = ticks.wrapping_add(1);
                timed(state, JobKind::Freeze, freeze::one(state)).await
            }
        };
        if log(done) {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = state.work.notified() => {}
            _ = stop.changed() => {}
        }
    }
}

/// Counts how long a job took, if there was one.
async fn timed(state: &State, kind: JobKind, work: impl Future<Output = StoreResult<bool>>) -> StoreResult<bool> {
    let began = Instant::now();
    let done = work.await?;
    if done {
        state.metrics.count_job(kind, began.elapsed());
    }
    Ok(done)
}

/// A failure of the store is told and waited out, never a reason to stop working.
fn log(done: StoreResult<bool>) -> bool {
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "a job could not be done");
        false
    })
}

/// Does everything that is due now, on the caller's task: for tests, and for programs that want a season filled before they go on.
///
/// # Errors
/// The first failure of the store.
pub async fn run_due(state: &State) -> StoreResult<u32> {
    let mut done = 0;
    loop {
        let any = standardize::one(state).await? | freeze::one(state).await? | notify::one(state).await?;
        if !any {
            return Ok(done);
        }
        done += 1;
    }
}

async fn take(state: &State, kind: JobKind) -> StoreResult<Option<Job>> {
    let now = state.clock.now();
    state.store.next_job(kind, now, now + TAKEN).await
}

/// Does the work of a job and says all the while that somebody is at it.
async fn alive<T>(state: &State, job: &Job, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        match tokio::time::timeout(SIGN_OF_LIFE, work.as_mut()).await {
            Ok(done) => return done,
            Err(_) => {
                state.health.saw(worker_of(job.kind), state.clock.now());
                if let Err(error) = state.store.keep_job(job, state.clock.now() + TAKEN).await {
                    tracing::warn!(%error, job = job.id, "a sign of life could not be given");
                }
            }
        }
    }
}

fn worker_of(kind: JobKind) -> Worker {
    match kind {
        JobKind::Standardize => Worker::Pictures,
        JobKind::Freeze => Worker::Decisions,
        JobKind::Notify => Worker::Notices,
    }
}

/// Work that keeps a core busy, off the threads that answer requests.
async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    tokio::task::spawn_blocking(work).await
}

/// How long to wait before the next try: a minute, doubled each time, an hour at most.
fn backoff(tries: u32) -> Duration {
    Duration::from_mins(1 << tries.saturating_sub(1).min(6)).min(Duration::from_hours(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_an_hour() {
        assert_eq!([1, 2, 3, 99].map(backoff), [1, 2, 4, 60].map(Duration::from_mins));
    }
}
