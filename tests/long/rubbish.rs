//! Files that nobody would send, by the thousand: specimens, and the corpora of `../shared` where they are, changed at random. Nothing may
//! panic, nothing may take long, nothing may eat the memory of the machine.
//!
//! `ZHAOSHEN_LONG_RUBBISH` says how many files are tried (20,000 where it says nothing). A process of its own does the work, so that its
//! memory is nobody else's; what it tried last is known by its number and can be tried again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use zhaoshen::photo::{pixels, preview, without_location};

use crate::support::{left_out, root, shared};

const COUNT: &str = "ZHAOSHEN_LONG_RUBBISH";
const CHILD: &str = "ZHAOSHEN_LONG_RUBBISH_CHILD";
/// The most that one file may take. Code that is not optimised gets more.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });
const MOST_MEMORY_KB: u64 = 512 << 10;

#[test]
fn rubbish_neither_panics_nor_lasts_nor_swells() {
    let child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "rubbish::the_work_itself", "--ignored", "--nocapture"])
        .env(CHILD, "1")
        .status()
        .expect("this test runs");
    assert!(child.success(), "{child}");
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn the_work_itself() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let count: usize = std::env::var(COUNT).ok().and_then(|count| count.parse().ok()).unwrap_or(20_000);
    let seeds = seeds();
    let watch = Watch::start();
    for number in 0..count {
        let (name, bytes) = &seeds[number % seeds.len()];
        let bytes = changed(bytes, number as u64);
        watch.begin(number);
        let outcome = std::panic::catch_unwind(|| {
            let counted = pixels(&bytes);
            let shown = preview(&bytes, 64, 64, 70);
            assert!(counted.is_ok() || shown.is_err(), "a picture is shown that could not be counted");
            if let Ok(clean) = without_location(&bytes) {
                assert_eq!(without_location(&clean).as_ref(), Ok(&clean));
            }
        });
        assert!(outcome.is_ok(), "number {number}, made of {name}");
    }
    watch.end();
    match peak_memory_kb() {
        Some(peak) => assert!(peak <= MOST_MEMORY_KB, "{} MB", peak >> 10),
        None => left_out("the peak of memory is known on Linux alone"),
    }
    eprintln!("{count} files of {} seeds, peak {} MB", seeds.len(), peak_memory_kb().unwrap_or(0) >> 10);
}

/// Small sound files of every format, and the corpora.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<PathBuf> = (0..4).map(|number| root().join(format!("assets/specimens/p0{number}_portrait.jpg"))).collect();
    files.push(root().join("assets/specimens/p00_alpha.png"));
    for folder in ["photos/malformed", "photos/formats"] {
        files.extend(shared(folder).map(|folder| all_files(&folder)).unwrap_or_default());
    }
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).ok().filter(|bytes| bytes.len() <= 256 << 10)?;
        Some((path.file_name()?.to_string_lossy().into_owned(), bytes))
    };
    files.sort();
    files.into_iter().filter_map(read).collect()
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a readable folder").map(|entry| entry.expect("a readable entry").path());
    entries.flat_map(|path| if path.is_dir() { all_files(&path) } else { vec![path] }).collect()
}

/// The same file with a few things wrong, always the same few for a number; every 16th file is left whole.
fn changed(bytes: &[u8], number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let mut bytes = bytes.to_vec();
    if number % 16 == 0 {
        return bytes;
    }
    for _ in 0..1 + random(8) {
        let at = random(bytes.len());
        // Headers decide more than pixels do.
        let at = if random(2) == 0 { at % 1024.min(bytes.len().max(1)) } else { at };
        match (random(6), bytes.get(at)) {
            (_, None) => {}
            (0, Some(_)) => bytes.truncate(at),
            (1, Some(_)) => bytes[at] = [0, 0xFF, 0x7F, 0x80][random(4)],
            (2, Some(_)) => drop(bytes.splice(at..at, (0..random(16)).map(|_| 0xFF).collect::<Vec<u8>>())),
            (3, Some(_)) => drop(bytes.drain(at..(at + random(64)).min(bytes.len()))),
            (4, Some(value)) => bytes[at] = value ^ (1 << random(8)),
            (_, Some(_)) => bytes[at] = random(256) as u8,
        }
    }
    bytes
}

/// A thread that ends the process when one file takes too long.
struct Watch {
    began: Arc<AtomicU64>,
    number: Arc<AtomicUsize>,
    start: Instant,
}

const IDLE: u64 = u64::MAX;

impl Watch {
    fn start() -> Watch {
        let watch = Watch { began: Arc::new(AtomicU64::new(IDLE)), number: Arc::default(), start: Instant::now() };
        let (began, number, start) = (watch.began.clone(), watch.number.clone(), watch.start);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(50));
                let began = began.load(Ordering::SeqCst);
                let now = start.elapsed().as_millis() as u64;
                if began != IDLE && now.saturating_sub(began) > PATIENCE.as_millis() as u64 {
                    eprintln!("number {} takes longer than {PATIENCE:?}", number.load(Ordering::SeqCst));
                    std::process::exit(1);
                }
            }
        });
        watch
    }

    fn begin(&self, number: usize) {
        self.number.store(number, Ordering::SeqCst);
        self.began.store(self.start.elapsed().as_millis() as u64, Ordering::SeqCst);
    }

    fn end(&self) {
        self.began.store(IDLE, Ordering::SeqCst);
    }
}

/// The most memory this process has held, in kilobytes.
fn peak_memory_kb() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.trim().parse().ok()
}
