//! The journal of an output folder: one line a finished file, so that a run that was cut short goes on where it ended.
//!
//! A file counts as finished when its content, the engine, the weights and the standard are those of its line and its finished photo still
//! lies there byte for byte. Lines are appended after the photo they speak of is in place; a torn last line is a file done again. While a run
//! works, the journal is locked: two runs cannot mix in one folder.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use serde::Deserialize;

use super::record::Record;
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
    /// The last line of every name.
    lines: HashMap<String, Line>,
}

/// Where a line stands, and what decides whether it still holds.
#[derive(Debug, Clone)]
struct Line {
    at: u64,
    length: usize,
    input: String,
    identity: String,
    output: Option<String>,
}

/// What the index needs of a line.
#[derive(Deserialize)]
struct Head {
    name: String,
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
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy),
            // Some network file systems know no locks; there the user has to see to it.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let (lines, end, torn) = index(&mut file)?;
        let mut end = end;
        if torn {
            file.write_all(b"\n")?;
            end += 1;
        }
        Ok(Journal { folder: folder.to_owned(), state: Mutex::new(State { file, end, lines }) })
    }

    /// Whether a file of this name was written by an earlier run.
    #[must_use]
    pub fn made(&self, name: &str) -> bool {
        self.state().lines.get(name).is_some_and(|line| line.output.is_some())
    }

    /// The record of a file that need not be done again.
    #[must_use]
    pub fn finished(&self, name: &str, input_sha256: &str, identity: &str) -> Option<Record> {
        let line = self.state().lines.get(name).filter(|line| line.input == input_sha256 && line.identity == identity).cloned()?;
        match &line.output {
            Some(output) if !self.holds(name, output) => None,
            _ => self.read(&line),
        }
    }

    /// The last record of a name.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<Record> {
        let line = self.state().lines.get(name).cloned()?;
        self.read(&line)
    }

    /// Removes the photo that an earlier run made under this name, if it is still that one: its source has changed or no longer passes.
    pub fn remove_outdated(&self, name: &str) -> io::Result<()> {
        let output = self.state().lines.get(name).and_then(|line| line.output.clone());
        match output {
            Some(output) if self.holds(name, &output) => std::fs::remove_file(self.folder.join(name)),
            _ => Ok(()),
        }
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
        let place = Line {
            at: state.end,
            length: line.len(),
            input: record.input_sha256.clone(),
            identity: record.identity.clone(),
            output: record.output_sha256.clone(),
        };
        state.end += line.len() as u64;
        state.lines.insert(record.name.clone(), place);
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

/// The last line of every name, the file's length, and whether it ends in the middle of a line.
fn index(file: &mut File) -> io::Result<(HashMap<String, Line>, u64, bool)> {
    let mut lines = HashMap::new();
    let (mut at, mut torn) = (0, false);
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes)?;
        if length == 0 {
            return Ok((lines, at, torn));
        }
        torn = bytes.last() != Some(&b'\n');
        if let Ok(head) = serde_json::from_slice::<Head>(&bytes) {
            let line = Line { at, length, input: head.input_sha256, identity: head.identity, output: head.output_sha256 };
            lines.insert(head.name, line);
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
        assert!(journal.made("a.jpg") && !journal.made("b.jpg") && !journal.made("c.jpg"));
        std::fs::write(folder.path().join("a.jpg"), b"phot").unwrap();
        assert_eq!(journal.finished("a.jpg", "1", "engine"), None, "what lies there is not what was written");
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
            assert_eq!(std::fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
