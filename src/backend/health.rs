//! What this process knows of its own health: whether it is about to stop, when its workers were last at it, what its storage was seen to do.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jiff::Timestamp;

use super::blobs::Guarantees;

/// The kinds of workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worker {
    Pictures,
    Decisions,
    /// Apart from the others: a gateway that hangs holds up nothing else.
    Notices,
    /// Looks for news on behalf of every stream.
    News,
}

impl Worker {
    pub const ALL: [Worker; 4] = [Worker::Pictures, Worker::Decisions, Worker::Notices, Worker::News];

    /// The stable code, for operators.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Worker::Pictures => "pictures",
            Worker::Decisions => "decisions",
            Worker::Notices => "notices",
            Worker::News => "news",
        }
    }
}

/// The health of a process.
#[derive(Debug)]
pub struct Health {
    /// What the storage of pictures was seen to do at the start.
    pub guarantees: Guarantees,
    stopping: AtomicBool,
    /// Microseconds since 1970; 0 before the first.
    seen: [AtomicI64; Worker::ALL.len()],
}

impl Health {
    /// That of a process that starts.
    #[must_use]
    pub fn new(guarantees: Guarantees) -> Health {
        Health { guarantees, stopping: AtomicBool::new(false), seen: Default::default() }
    }

    /// From here on nobody new should come.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the process is about to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// A worker of the kind is alive.
    pub fn saw(&self, worker: Worker, now: Timestamp) {
        self.seen[worker as usize].store(now.as_microsecond(), Ordering::Relaxed);
    }

    /// When a worker of the kind was last alive.
    #[must_use]
    pub fn last_seen(&self, worker: Worker) -> Option<Timestamp> {
        let at = self.seen[worker as usize].load(Ordering::Relaxed);
        Timestamp::from_microsecond(at).ok().filter(|_| at != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_is_seen_for_itself() {
        let health = Health::new(Guarantees { immutable: true, listed_at_once: true });
        let at = Timestamp::from_second(7).unwrap();
        health.saw(Worker::Notices, at);
        assert_eq!((health.last_seen(Worker::Notices), health.last_seen(Worker::Pictures)), (Some(at), None));
        assert!(!health.is_stopping());
        health.stop();
        assert!(health.is_stopping());
    }
}
