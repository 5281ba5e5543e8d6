//! How many pixels are held at once: photos of a phone fill every core, pictures of a large camera go one by one.

use std::sync::{Condvar, Mutex, MutexGuard};

/// Pixels that a core may hold. A decoded pixel is three bytes, six while a picture is turned.
const A_CORE: u64 = 16_000_000;
/// Even one core may hold as much, so that two large photos do not wait for each other on small machines.
const AT_LEAST: u64 = 64_000_000;

/// A number of pixels that is shared out in the order of asking.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: u64,
    next: u64,
    serving: u64,
}

/// Pixels that somebody holds; given back when dropped.
#[derive(Debug)]
pub struct Permit<'a> {
    budget: &'a Budget,
    pixels: u64,
}

impl Budget {
    /// For a machine of so many cores.
    #[must_use]
    pub fn for_cores(cores: usize) -> Budget {
        Budget::new((A_CORE * cores as u64).max(AT_LEAST))
    }

    fn new(limit: u64) -> Budget {
        Budget { limit, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until so many pixels may be held. A picture larger than the whole budget is let in when nobody else holds any.
    ///
    /// Nobody overtakes: else small pictures would keep a large one waiting for ever.
    #[must_use]
    pub fn take(&self, pixels: u64) -> Permit<'_> {
        let mut state = self.state();
        let ticket = state.next;
        state.next += 1;
        while state.serving != ticket || (state.held > 0 && state.held + pixels > self.limit) {
            state = self.changed.wait(state).expect("no holder of this lock panics");
        }
        state.serving += 1;
        state.held += pixels;
        drop(state);
        self.changed.notify_all();
        Permit { budget: self, pixels }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.budget.state().held -= self.pixels;
        self.budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn no_more_is_held_than_allowed_and_the_too_large_goes_alone() {
        let budget = Budget::new(100);
        let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for want in [40, 40, 40, 250, 10, 60, 100, 30] {
                let (budget, held, most) = (&budget, &held, &most);
                scope.spawn(move || {
                    for _ in 0..20 {
                        let permit = budget.take(want);
                        let now = held.fetch_add(want, Ordering::SeqCst) + want;
                        assert!(now <= 100 || now == 250, "{now}");
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        held.fetch_sub(want, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!((most.into_inner(), budget.state().held), (250, 0));
    }

    #[test]
    fn cores_bring_their_share() {
        assert_eq!((Budget::for_cores(2).limit, Budget::for_cores(16).limit), (64_000_000, 256_000_000));
    }
}
