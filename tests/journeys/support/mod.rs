//! What journeys share: a home of their own, a terminal, a tmux, a server, a whole school, and the honest way to leave something out.

// Every journey uses some of it.
#![allow(dead_code)]

pub mod desk;
pub mod home;
pub mod house;
pub mod killing;
pub mod pair;
pub mod queries;
pub mod replicas;
pub mod reviewing;
pub mod s3;
pub mod server;
pub mod tmux;

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long anything is waited for before a test gives up. Only a broken program ever waits this long; no test measures time with it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait between two looks at something that is soon over.
pub const MOMENT: Duration = Duration::from_millis(25);

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_zhaoshen");

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a readable folder").path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.push(entry);
        }
    }
    found.sort();
    found
}

/// The root of the source tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Looks again and again until `look` has an answer.
///
/// # Panics
/// With `what` when there is none for [`PATIENCE`].
pub fn wait_until<T>(what: impl Fn() -> String, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {}", what());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a tool is installed. Without it the test is left out and `tests/run` says so; with `tests/run --all` that is a failure.
pub fn has_tool(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    if !found {
        assert!(std::env::var_os("ZHAOSHEN_TEST_ALL").is_none(), "{tool} is not installed, and nothing may be left out");
        left_out(&format!("no {tool}"));
    }
    found
}

/// A file or folder of the field's shared material (real photos under their own licences), which is not part of this tree: `../shared`, or
/// where `ZHAOSHEN_SHARED` says. Without it the test is left out and `tests/run` says so.
pub fn shared(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ZHAOSHEN_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let found = folder.join(path);
    if found.exists() {
        return Some(found);
    }
    left_out(&format!("no shared {path}"));
    None
}

/// Tells the person who runs the tests that the current one was left out, and why.
pub fn left_out(why: &str) {
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    eprintln!("left out: {test}: {why}");
    if let Some(list) = std::env::var_os("ZHAOSHEN_TEST_LEFT_OUT") {
        let mut file = OpenOptions::new().create(true).append(true).open(list).expect("the list of what is left out can be written");
        writeln!(file, "{test}: {why}").expect("the list of what is left out can be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_found_and_waiting_ends_with_the_answer() {
        assert!(has_tool("sh"));
        let mut left = 3;
        let answer = wait_until(
            || "three looks".to_owned(),
            || {
                left -= 1;
                (left == 0).then_some("there")
            },
        );
        assert_eq!(answer, "there");
    }
}
