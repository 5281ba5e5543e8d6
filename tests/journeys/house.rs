//! The house's arrows point down only, and its pure rooms touch nothing. Reads the source as text: what the compiler sees of one build
//! depends on features, what stands in the files does not.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::root;

/// What each room may use beside itself. `cli` may use everything. `language` may use `domain` because its tests hold every code against
/// the texts.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("language", &["domain"]),
    ("photo", &["domain"]),
    ("api", &["domain"]),
    ("client", &["api", "domain", "language"]),
    ("desk", &["client", "photo", "api", "domain", "language"]),
    ("backend", &["photo", "api", "domain", "language"]),
    ("cli", &["desk", "client", "backend", "photo", "api", "domain", "language"]),
];

/// Words that touch the world, and the places (below `src`) where they may not stand.
const PURE: &[(&str, &[&str])] = &[
    (
        "desk/update",
        &["tokio", "crossterm", "Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "std::env", "std::fs", "std::net"],
    ),
    (
        "desk/model",
        &["tokio", "crossterm", "Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "std::env", "std::fs", "std::net"],
    ),
    (
        "desk/view",
        &["tokio", "crossterm", "Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "std::env", "std::fs", "std::net"],
    ),
    ("domain", &["tokio", "Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "std::env", "std::fs", "std::net"]),
    ("photo", &["tokio", "reqwest", "Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "std::env", "std::net"]),
];

/// A source file: its path below `src` with `/`, and its text without comments.
struct Source {
    path: String,
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), code: text.lines().map(|line| without_comment(line).to_owned() + "\n").collect() }
    }

    /// The top-level module it belongs to; `None` for the crate's own roots.
    fn room(&self) -> Option<&str> {
        let room = self.path.split(['/', '.']).next()?;
        MAY_USE.iter().any(|(known, _)| *known == room).then_some(room)
    }

    /// How many `super::` lead from this module to the crate's root.
    fn depth(&self) -> usize {
        let folders = self.path.matches('/').count();
        if self.path.ends_with("/mod.rs") { folders } else { folders + 1 }
    }
}

/// Cuts a `//` comment off, but not the `//` of an address inside a string.
fn without_comment(line: &str) -> &str {
    let mut rest = line;
    let mut end = 0;
    while let Some(at) = rest.find("//") {
        if !line[..end + at].ends_with(':') {
            return &line[..end + at];
        }
        end += at + 2;
        rest = &line[end..];
    }
    line
}

/// The first names of all paths that start at the crate's root: `crate::a::b`, `crate::{a::b, c::{d, e}}`, `super::super::a`.
fn paths_from_root(source: &Source) -> Vec<String> {
    let to_root = "super::".repeat(source.depth());
    let mut names = Vec::new();
    for start in ["crate::", to_root.as_str()] {
        for (at, _) in source.code.match_indices(start) {
            let before = source.code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') || source.code[..at].ends_with("::") {
                continue;
            }
            names.extend(first_names(&source.code[at + start.len()..]));
        }
    }
    names
}

/// The first name of a path, or of every path in a group.
fn first_names(tail: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = tail.strip_prefix('{') else { return vec![name(tail)] };
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(name(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// What is wrong with one file.
fn complaints(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    if let Some(room) = source.room() {
        let allowed = MAY_USE.iter().find(|(known, _)| *known == room).map_or(&[][..], |(_, allowed)| *allowed);
        for name in paths_from_root(source) {
            let is_room = MAY_USE.iter().any(|(known, _)| *known == name);
            if is_room && name != room && !allowed.contains(&name.as_str()) {
                complaints.push(format!("src/{}: {room} may not use {name}", source.path));
            }
        }
    }
    for (place, words) in PURE {
        let inside = source.path.strip_prefix(place).is_some_and(|rest| rest.starts_with(['/', '.', '_']));
        for word in words.iter().filter(|word| inside && has_word(&source.code, word)) {
            complaints.push(format!("src/{}: {word} has no place in {place}", source.path));
        }
    }
    complaints
}

/// Whether `word` stands in `code` as a word of its own.
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        !code[..at].chars().next_back().is_some_and(part) && !code[at + word.len()..].chars().next().is_some_and(part)
    })
}

/// Every Rust file below `folder`.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder").map(|entry| entry.expect("a readable folder").path()) {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    files.sort();
    files
}

#[test]
fn arrows_point_down_and_pure_rooms_touch_nothing() {
    let src = root().join("src");
    // A file of tests may look anywhere: it is no part of the room.
    let sources: Vec<Source> = rust_files(&src)
        .iter()
        .filter(|file| !file.ends_with("tests.rs"))
        .map(|file| {
            let path = file.strip_prefix(&src).expect("it was found there").to_string_lossy().replace('\\', "/");
            Source::new(&path, &fs::read_to_string(file).expect("source is text"))
        })
        .collect();
    for (room, _) in MAY_USE {
        assert!(sources.iter().any(|source| source.room() == Some(room)), "{room} has no files: is this the right folder?");
    }
    let complaints: Vec<String> = sources.iter().flat_map(complaints).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn an_arrow_that_points_up_is_seen_however_it_is_written() {
    let refused = |path: &str, text: &str| !complaints(&Source::new(path, text)).is_empty();
    assert!(refused("domain/check.rs", "use crate::photo::engine::Engine;"));
    assert!(refused("desk/run.rs", "use crate::{\n    api::{problem, roster},\n    backend::store,\n};"));
    assert!(refused("desk/effects.rs", "let store = crate::backend::store::open();"));
    assert!(refused("client/http.rs", "use super::super::desk::model;"));
    assert!(refused("backend/jobs/mod.rs", "use super::super::client::Http;"));
    assert!(refused("photo/mod.rs", "pub(in crate::photo) fn f() { crate::language::text() }"));
    assert!(refused("backend/router.rs", "use crate::{cli};"));

    assert!(!refused("desk/run.rs", "use crate::{api::{backend, problem}, domain};"), "a module of that name in another room");
    assert!(!refused("desk/run.rs", "// never crate::backend\nlet a = \"http://x\";"));
    assert!(!refused("cli/demo/mod.rs", "use crate::{backend, desk};"));
    assert!(!refused("domain/lifecycle/attempt.rs", "use super::super::reason::Reason; use crate::domain::review;"));
    assert!(!refused("api/roster.rs", "use mycrate::backend;"));
    assert!(!refused("lib.rs", "pub use crate::backend;"));
}

#[test]
fn a_touch_of_the_world_is_seen_in_pure_rooms_only() {
    let refused = |path: &str, text: &str| !complaints(&Source::new(path, text)).is_empty();
    assert!(refused("desk/update.rs", "tokio::spawn(async {});"));
    assert!(refused("desk/update/keys.rs", "use crossterm::event::KeyCode;"));
    assert!(refused("desk/view/queue.rs", "let now = std::time::Instant::now();"));
    assert!(refused("desk/model.rs", "Timestamp::now()"));
    assert!(refused("domain/season.rs", "std::fs::read(path)"));
    assert!(!refused("desk/run.rs", "tokio::spawn(async {});"));
    assert!(!refused("desk/view/queue.rs", "// tokio would be wrong here"));
    assert!(!refused("desk/viewer.rs", "use crossterm::event;"));
}
