//! Many files at once: a worker a core, results in the order of the files, a bar that tells how long it will take.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::interrupt::Stop;
use super::{Context, Exit};

/// Files to be worked on.
pub struct Batch<'a> {
    pub files: &'a [PathBuf],
    pub context: &'a Context,
    /// Ends the batch after the files that are under way.
    pub stop: &'a Stop,
    /// Whether to draw a bar, if there is a terminal for it.
    pub bar: bool,
}

/// A file's result, and whether it cost work: the rate counts only what did.
pub struct Worked<T> {
    pub result: T,
    pub anew: bool,
}

/// How a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The worst end of a file.
    pub worst: Exit,
    /// How many files were done: the first ones, in order.
    pub done: usize,
}

/// Sets how many photos are worked on at once.
pub const THREADS: &str = "ZHAOSHEN_THREADS";

/// How many threads work: as many as `ZHAOSHEN_THREADS` says, else one a core.
#[must_use]
pub fn cores() -> usize {
    threads(std::env::var(THREADS).ok().as_deref(), std::thread::available_parallelism().map_or(1, usize::from))
}

/// What is no number from 1 on says nothing.
fn threads(asked: Option<&str>, cores: usize) -> usize {
    asked.and_then(|asked| asked.trim().parse().ok()).filter(|asked| *asked > 0).unwrap_or(cores)
}

impl Batch<'_> {
    /// Works on every file, as many at once as there are cores, and hands each result to `print` in the order of the files.
    ///
    /// Threads of its own and not a shared pool: a pool's worker that waits for a net would begin the next file meanwhile, and hold all.
    pub fn run<T: Send>(&self, work: impl Fn(usize, &Path) -> Worked<T> + Sync, print: impl Fn(&Path, T) -> Exit + Sync) -> Ended {
        let bar = self.progress_bar();
        let next = AtomicUsize::new(0);
        let lines = Mutex::new(Lines { printed: 0, waiting: BTreeMap::new(), worst: Exit::Done, pace: Pace::new(self.files.len()) });
        let worker = || {
            while !self.stop.asked() {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(path) = self.files.get(index) else { break };
                let Worked { result, anew } = work(index, path);
                let mut lines = lines.lock().expect("no holder of this lock panics");
                lines.waiting.insert(index, result);
                while let Some((index, result)) = lines.next() {
                    let exit = bar.suspend(|| print(&self.files[index], result));
                    lines.worst = lines.worst.max(exit);
                }
                lines.pace.step(anew);
                bar.set_message(lines.pace.words(self.context));
                bar.inc(1);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..cores().min(self.files.len()) {
                scope.spawn(worker);
            }
            worker();
        });
        bar.finish_and_clear();
        let lines = lines.into_inner().expect("no holder of this lock panics");
        Ended { worst: lines.worst, done: lines.printed }
    }

    fn progress_bar(&self) -> ProgressBar {
        if !self.bar || !std::io::stderr().is_terminal() || self.files.len() < 2 {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(self.files.len() as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}") {
            bar.set_style(style);
        }
        bar
    }
}

/// Results that wait for those of earlier files.
struct Lines<T> {
    printed: usize,
    waiting: BTreeMap<usize, T>,
    worst: Exit,
    pace: Pace,
}

impl<T> Lines<T> {
    fn next(&mut self) -> Option<(usize, T)> {
        let index = self.printed;
        let result = self.waiting.remove(&index)?;
        self.printed += 1;
        Some((index, result))
    }
}

/// How fast the work goes. What was done in an earlier run costs next to nothing and says nothing of the rest.
struct Pace {
    start: Instant,
    left: usize,
    anew: usize,
}

impl Pace {
    fn new(files: usize) -> Pace {
        Pace { start: Instant::now(), left: files, anew: 0 }
    }

    fn step(&mut self, anew: bool) {
        self.left = self.left.saturating_sub(1);
        self.anew += usize::from(anew);
    }

    fn words(&self, context: &Context) -> String {
        let rate = rate(self.anew, self.start.elapsed());
        if self.anew == 0 || rate <= 0.0 {
            return String::new();
        }
        let left = Duration::from_secs_f64((self.left as f64 / rate).min(1e7));
        context.text("batch.pace", &[("rate", &format!("{rate:.1}")), ("left", &clock(left))])
    }
}

/// Files a second.
#[must_use]
pub fn rate(files: usize, time: Duration) -> f64 {
    files as f64 / time.as_secs_f64().max(0.001)
}

/// A span of time as `1:02:03` or `2:03`.
#[must_use]
pub fn clock(span: Duration) -> String {
    let seconds = span.as_secs_f64().round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    const CONTEXT: Context = Context { language: Language::English };

    fn files(count: usize) -> Vec<PathBuf> {
        (0..count).map(|index| PathBuf::from(index.to_string())).collect()
    }

    #[test]
    fn lines_come_in_the_order_of_the_files_and_the_worst_end_counts() {
        let (files, stop) = (files(40), Stop::default());
        let seen = Mutex::new(Vec::new());
        let ended = Batch { files: &files, context: &CONTEXT, stop: &stop, bar: false }.run(
            |index, _| Worked { result: index, anew: true },
            |_, index| {
                seen.lock().unwrap().push(index);
                if index == 7 { Exit::Refused } else { Exit::Done }
            },
        );
        assert_eq!(seen.into_inner().unwrap(), (0..40).collect::<Vec<_>>());
        assert_eq!(ended, Ended { worst: Exit::Refused, done: 40 });
    }

    #[test]
    fn who_is_asked_to_stop_ends_what_is_begun_and_begins_nothing() {
        let (files, stop) = (files(1000), Stop::default());
        let printed = AtomicUsize::new(0);
        let ended = Batch { files: &files, context: &CONTEXT, stop: &stop, bar: false }.run(
            |index, _| {
                if index == 5 {
                    stop.ask();
                }
                Worked { result: (), anew: true }
            },
            |_, ()| {
                printed.fetch_add(1, Ordering::SeqCst);
                Exit::Done
            },
        );
        assert_eq!(ended.done, printed.into_inner());
        assert!((6..1000).contains(&ended.done), "{ended:?}");
    }

    #[test]
    fn who_asks_for_a_number_of_threads_gets_it() {
        let asked = [Some("1"), Some(" 16 "), Some("0"), Some("-1"), Some("many"), Some(""), None];
        assert_eq!(asked.map(|asked| threads(asked, 4)), [1, 16, 4, 4, 4, 4, 4]);
    }

    #[test]
    fn the_pace_counts_what_cost_work() {
        let mut pace = Pace { start: Instant::now() - Duration::from_secs(10), left: 100, anew: 0 };
        (0..60).for_each(|_| pace.step(false));
        assert_eq!(pace.words(&CONTEXT), "");
        (0..20).for_each(|_| pace.step(true));
        assert!(pace.words(&CONTEXT).contains("2.0") && pace.words(&CONTEXT).contains("0:10"), "{}", pace.words(&CONTEXT));
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
    }
}
