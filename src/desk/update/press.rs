//! One press, one decision: tells a key that was pressed from one that is held down.
//!
//! A terminal that reports repeats says so itself. All others send a held key as presses: one, a pause of 250–660 ms, then one every 30–100 ms.
//! So the rule reads times only:
//!
//! - A press of another key, or of the same key after [`PAUSE`] of silence, decides at once.
//! - The same key within [`REPEAT`] of its last press is a held key: ignored, and a press that still waits is dropped.
//! - In between it cannot be told yet: the press waits [`REPEAT`]. If the key stays silent it was a press; else it is held.
//!
//! Beside it (in `decide`): a decision counts only for a photo whose pictures were on the screen before the press, and a press that had to
//! wait only if they were there [`SEEN`] before.

use uuid::Uuid;

use crate::desk::keymap::Code;

/// No keyboard waits longer than this before it repeats.
pub const PAUSE: u64 = 700;
/// No keyboard repeats more slowly than this.
pub const REPEAT: u64 = 200;
/// How long a photo must have been on the screen before a press that may be a repetition.
pub const SEEN: u64 = 300;

/// The memory of presses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presses {
    last: Option<(Code, u64)>,
    waiting: Option<Waiting>,
}

/// A press that cannot be told from a held key yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub submission: Uuid,
    pub pressed_at: u64,
}

/// What a press means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    Decides,
    Waits,
    Held,
}

impl Presses {
    /// A press of a deciding key on this photo.
    pub fn press(&mut self, code: Code, repeat: bool, submission: Uuid, at: u64) -> Press {
        let silence = match self.last.replace((code, at)) {
            Some((last, before)) if last == code => at.saturating_sub(before),
            _ => u64::MAX,
        };
        self.waiting = None;
        if repeat {
            Press::Held
        } else if silence >= PAUSE {
            Press::Decides
        } else if silence < REPEAT {
            Press::Held
        } else {
            self.waiting = Some(Waiting { submission, pressed_at: at });
            Press::Waits
        }
    }

    /// Another key was pressed: what waits is a press then, since a held key is not interrupted by another.
    pub fn other(&mut self) -> Option<Waiting> {
        self.last = None;
        self.waiting.take()
    }

    /// Time has passed: the press that has waited long enough.
    pub fn ripe(&mut self, now: u64) -> Option<Waiting> {
        self.waiting.take_if(|waiting| now >= waiting.pressed_at + REPEAT)
    }

    /// When a waiting press will be ripe.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        self.waiting.map(|waiting| waiting.pressed_at + REPEAT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Presses of one key at these times; every press and every ripened one that would decide.
    fn decisions(times: &[u64]) -> usize {
        let mut presses = Presses::default();
        let mut decided = 0;
        for at in times {
            decided += usize::from(presses.ripe(*at).is_some());
            decided += usize::from(presses.press(Code::Char('a'), false, Uuid::nil(), *at) == Press::Decides);
        }
        decided + usize::from(presses.ripe(u64::MAX).is_some())
    }

    fn hold(start: u64, delay: u64, interval: u64, count: u64) -> Vec<u64> {
        std::iter::once(start).chain((0..count).map(|n| start + delay + n * interval)).collect()
    }

    #[test]
    fn a_held_key_decides_once_on_every_keyboard() {
        for (delay, interval) in [(250, 30), (250, 92), (500, 33), (500, 90), (660, 40), (660, 100)] {
            assert_eq!(decisions(&hold(1000, delay, interval, 100)), 1, "{delay} ms, then every {interval} ms");
        }
    }

    #[test]
    fn quick_presses_each_count() {
        assert_eq!(decisions(&[0, 400, 800, 1200]), 4);
        assert_eq!(decisions(&[0, 900, 1800]), 3);
    }

    #[test]
    fn a_press_after_a_hold_counts_again() {
        let mut times = hold(0, 500, 33, 20);
        let end = times[times.len() - 1];
        times.push(end + 350);
        assert_eq!(decisions(&times), 2);
    }

    #[test]
    fn a_terminal_that_says_what_is_a_repeat_is_believed() {
        let mut presses = Presses::default();
        let mut press = |repeat, at| presses.press(Code::Char('a'), repeat, Uuid::nil(), at);
        assert_eq!([press(false, 0), press(true, 900), press(true, 1800)], [Press::Decides, Press::Held, Press::Held]);
    }
}
