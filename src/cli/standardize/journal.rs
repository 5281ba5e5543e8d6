//! The journal of an output folder: one line a finished file, so that a run that was cut short goes on where it ended.
//!
//! A file counts as finished when its content, the engine, the weights and the standard are those of its line and its finished photo still
//! lies there byte for byte. Lines are appended before the photo they speak of is put in place, so that no photo of ours is ever without one:
//! what lies in the folder is ours if, and only if, some line names its bytes. A torn last line is a file done again. While a run works, the
//! journal is locked: two runs cannot mix in one folder.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use serde::Deserialize;

use super::record::Record;
use crate::cli::pictures;
use crate::photo;

/// The journal's name in the output folder.
pub const NAME: &str = "journal.jsonl";

/// Why a folder cannot be worked in.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("another run works in this folder")]
    Busy,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The journal of one folder, open and locked.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    end: u64,
    index: Index,
}

/// What the lines say.
#[derive(Debug, Default)]
struct Index {
    /// The last line of every name.
    lines: HashMap<String, Line>,
    /// SHA-256 of every photo that was ever made under a name: an older one lies there until the newer is in place.
    made: HashMap<String, HashSet<String>>,
}

impl Index {
    fn add(&mut self, name: String, line: Line) {
        if let Some(output) = &line.output {
            self.made.entry(name.clone()).or_default().insert(output.clone());
        }
        self.lines.insert(name, line);
    }
}

/// Whose a name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// As `names::place` tells it.
    pub place: String,
    pub input_sha256: String,
}

/// Where a line stands, and what decides whether it still holds.
#[derive(Debug, Clone)]
struct Line {
    at: u64,
    length: usize,
    place: String,
    input: String,
    identity: String,
    output: Option<String>,
}

/// What the index needs of a line.
#[derive(Deserialize)]
struct Head {
    name: String,
    #[serde(default)]
    place: String,
    input_sha256: String,
    identity: String,
    output_sha256: Option<String>,
}

impl Journal {
    /// Opens and locks the journal of a folder, or begins one. It is its owner's alone: names of files may tell who somebody is.
    ///
    /// # Errors
    /// `Busy` while another process holds it; what the file system says.
    pub fn open(folder: &Path) -> Result<Journal, JournalError> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(folder.join(NAME))?;
        pictures::restrict(&folder.join(NAME), 0o600);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy),
            // Some network file systems know no locks; there the user has to see to it.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let (index, end, torn) = read_index(&mut file)?;
        let mut end = end;
        if torn {
            file.write_all(b"\n")?;
            end += 1;
        }
        Ok(Journal { folder: folder.to_owned(), state: Mutex::new(State { file, end, index }) })
    }

    /// Whether what lies in the folder under this name was made by us, in this run or an earlier one: its bytes are those of a line.
    #[must_use]
    pub fn is_own(&self, name: &str) -> bool {
        let Some(made) = self.state().index.made.get(name).cloned() else { return false };
        std::fs::read(self.folder.join(name)).is_ok_and(|bytes| made.contains(&photo::content_hash(&bytes)))
    }

    /// Whether a photo may be put under this name: nothing lies there, or something of ours.
    #[must_use]
    pub fn is_free(&self, name: &str) -> bool {
        let nothing = std::fs::symlink_metadata(self.folder.join(name)).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        nothing || self.is_own(name)
    }

    /// Whose a name was when it was last written down.
    #[must_use]
    pub fn bound(&self, name: &str) -> Option<Bound> {
        let state = self.state();
        let line = state.index.lines.get(name)?;
        Some(Bound { place: line.place.clone(), input_sha256: line.input.clone() })
    }

    /// The names that every place has, the least number first: an input that is named twice has two.
    #[must_use]
    pub fn names_of_places(&self) -> HashMap<String, std::vec::IntoIter<String>> {
        let mut names: HashMap<String, Vec<String>> = HashMap::new();
        for (name, line) in &self.state().index.lines {
            names.entry(line.place.clone()).or_default().push(name.clone());
        }
        let sorted = names.into_iter().map(|(place, mut names)| {
            names.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
            (place, names.into_iter())
        });
        sorted.collect()
    }

    /// The record of a file that need not be done again.
    #[must_use]
    pub fn finished(&self, name: &str, input_sha256: &str, identity: &str) -> Option<Record> {
        let line = self.state().index.lines.get(name).filter(|line| line.input == input_sha256 && line.identity == identity).cloned()?;
        match &line.output {
            Some(output) if !self.holds(name, output) => None,
            _ => self.read(&line),
        }
    }

    /// The last record of a name.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<Record> {
        let line = self.state().index.lines.get(name).cloned()?;
        self.read(&line)
    }

    /// Removes the photo that an earlier run made under this name, if it is still ours: its source has changed or no longer passes.
    ///
    /// # Errors
    /// What the file system says.
    pub fn remove_outdated(&self, name: &str) -> io::Result<()> {
        if self.is_own(name) { std::fs::remove_file(self.folder.join(name)) } else { Ok(()) }
    }

    /// Writes a record down.
    ///
    /// # Errors
    /// What the file system says; half a line is taken back.
    pub fn append(&self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let mut state = self.state();
        if let Err(error) = state.file.write_all(&line) {
            let end = state.end;
            let _ = state.file.set_len(end);
            return Err(error);
        }
        let written = Line {
            at: state.end,
            length: line.len(),
            place: record.place.clone(),
            input: record.input_sha256.clone(),
            identity: record.identity.clone(),
            output: record.output_sha256.clone(),
        };
        state.end += line.len() as u64;
        state.index.add(record.name.clone(), written);
        Ok(())
    }

    fn holds(&self, name: &str, sha256: &str) -> bool {
        std::fs::read(self.folder.join(name)).is_ok_and(|bytes| photo::content_hash(&bytes) == sha256)
    }

    fn read(&self, line: &Line) -> Option<Record> {
        let mut bytes = vec![0; line.length];
        let mut state = self.state();
        state.file.seek(SeekFrom::Start(line.at)).ok()?;
        state.file.read_exact(&mut bytes).ok()?;
        drop(state);
        serde_json::from_slice(&bytes).ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

/// What the lines say, the file's length, and whether it ends in the middle of a line.
fn read_index(file: &mut File) -> io::Result<(Index, u64, bool)> {
    let mut index = Index::default();
    let (mut at, mut torn) = (0, false);
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes)?;
        if length == 0 {
            return Ok((index, at, torn));
        }
        torn = bytes.last() != Some(&b'\n');
        if let Ok(head) = serde_json::from_slice::<Head>(&bytes) {
            let Head { name, place, input_sha256: input, identity, output_sha256: output } = head;
            index.add(name, Line { at, length, place, input, identity, output });
        }
        at += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::standardize::record::Status;

    fn record(name: &str, input: &str, output: Option<&[u8]>) -> Record {
        let mut record = Record::of(Path::new("in/a.jpg"), name, input.to_owned(), "engine");
        record.status = if output.is_some() { Status::Ok } else { Status::Refused };
        record.output_sha256 = output.map(photo::content_hash);
        record
    }

    #[test]
    fn what_was_written_down_holds_while_nothing_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.jpg"), b"photo").unwrap();
        {
            let journal = Journal::open(folder.path()).unwrap();
            journal.append(&record("a.jpg", "old", Some(b"other"))).unwrap();
            journal.append(&record("a.jpg", "1", Some(b"photo"))).unwrap();
            journal.append(&record("b.jpg", "2", None)).unwrap();
        }
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.finished("a.jpg", "1", "engine"), Some(record("a.jpg", "1", Some(b"photo"))));
        assert_eq!(journal.finished("b.jpg", "2", "engine").map(|record| record.status), Some(Status::Refused));
        assert_eq!(journal.finished("a.jpg", "changed", "engine"), None);
        assert_eq!(journal.finished("a.jpg", "1", "newer engine"), None);
        assert!(journal.is_own("a.jpg") && !journal.is_own("b.jpg") && !journal.is_own("c.jpg"));
        assert!(journal.is_free("a.jpg") && journal.is_free("b.jpg") && journal.is_free("c.jpg"));
        std::fs::write(folder.path().join("a.jpg"), b"phot").unwrap();
        assert_eq!(journal.finished("a.jpg", "1", "engine"), None, "what lies there is not what was written");
        assert!(!journal.is_own("a.jpg") && !journal.is_free("a.jpg"));
        journal.remove_outdated("a.jpg").unwrap();
        assert!(folder.path().join("a.jpg").exists(), "another's file is not removed");
    }

    #[test]
    fn an_outdated_photo_of_ours_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.jpg"), b"photo").unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        journal.append(&record("a.jpg", "1", Some(b"photo"))).unwrap();
        journal.remove_outdated("a.jpg").unwrap();
        assert!(!folder.path().join("a.jpg").exists());
    }

    #[test]
    fn who_is_killed_between_line_and_photo_leaves_nothing_unknown() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.jpg"), b"old").unwrap();
        {
            let journal = Journal::open(folder.path()).unwrap();
            journal.append(&record("a.jpg", "1", Some(b"old"))).unwrap();
            journal.append(&record("a.jpg", "2", Some(b"new"))).unwrap();
        }
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.finished("a.jpg", "2", "engine"), None, "the new photo never came");
        assert!(journal.is_own("a.jpg"), "the old one is ours all the same");
        journal.remove_outdated("a.jpg").unwrap();
        assert!(!folder.path().join("a.jpg").exists());
        std::fs::write(folder.path().join("a.jpg"), b"new").unwrap();
        assert!(journal.is_own("a.jpg") && journal.finished("a.jpg", "2", "engine").is_some());
    }

    #[test]
    fn a_torn_line_costs_that_line_only() {
        let folder = tempfile::tempdir().unwrap();
        Journal::open(folder.path()).unwrap().append(&record("a.jpg", "1", None)).unwrap();
        let path = folder.path().join(NAME);
        let mut bytes = std::fs::read(&path).unwrap();
        let whole = bytes.clone();
        bytes.extend(&whole[..whole.len() / 2]);
        std::fs::write(&path, bytes).unwrap();
        Journal::open(folder.path()).unwrap().append(&record("b.jpg", "2", None)).unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        assert!(journal.finished("a.jpg", "1", "engine").is_some() && journal.finished("b.jpg", "2", "engine").is_some());
    }

    #[test]
    fn two_runs_cannot_mix_and_the_journal_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let held = Journal::open(folder.path()).unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalError::Busy)));
        drop(held);
        assert!(Journal::open(folder.path()).is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = folder.path().join(NAME);
            let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(), 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(Journal::open(folder.path()).is_ok());
            assert_eq!(mode(), 0o600, "also where it was there before");
        }
    }
}
