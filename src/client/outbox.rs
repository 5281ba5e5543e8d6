//! The outbox: what a reviewer decided, kept on disk until the server has answered.
//!
//! An append-only journal of JSON lines in the user's own state folder, mode 0600, one per server and user, synced before a decision counts
//! as made. It holds identifiers, versions, keys and verdicts: no name, no number, no picture. A torn last line, as a crash leaves one, is
//! passed over. Two desks of one user take journals of their own; what a journal nobody holds still says is taken over.
//!
//! A decision may be taken back before the server has answered to it: the undoing stands behind it in the same journal, survives with it, and
//! learns from its answer which version it speaks of.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    api::{
        problem::{Problem, code},
        rework::NewRendition,
        submission::{NewReview, ReviewOutcome},
    },
    client::http::{self, Http, Intention},
};

/// What is to be done with a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    Review(NewReview),
    /// Fix & accept: the photo finished anew, as it was seen.
    Rework(NewRendition),
    Undo,
    RetakeNotice,
}

/// One intention: made once, sent until it is answered, always with the same key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub submission: Uuid,
    pub version: i64,
    /// UUIDv7; the server gives a repetition the first answer again.
    pub key: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Uuid>,
    /// The bundle on which it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Uuid>,
    #[serde(flatten)]
    pub act: Act,
}

impl Entry {
    /// When it was decided, by this machine's clock: its key says so.
    #[must_use]
    pub fn decided_at(&self) -> Option<jiff::Timestamp> {
        let (seconds, nanoseconds) = self.key.get_timestamp()?.to_unix();
        jiff::Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?).ok()
    }

    /// Sends the intention once.
    ///
    /// # Errors
    /// The server's problem, or the client's where no answer came.
    pub async fn send(&self, http: &Http) -> Result<ReviewOutcome, Problem> {
        let intention = Intention { version: self.version, key: self.key, lease: self.lease };
        match (&self.act, self.bundle) {
            (Act::Review(review), Some(bundle)) => http.review_from(bundle, self.submission, review, intention).await,
            (Act::Review(review), None) => http.review(self.submission, review, intention).await,
            (Act::Rework(new), _) => http.rework(self.submission, new, intention).await,
            (Act::Undo, _) => http.undo(self.submission, intention).await,
            (Act::RetakeNotice, _) => http.retake_notice(self.submission, intention).await,
        }
    }
}

/// An intention that the server refused for good: kept until its reviewer has looked at it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    pub entry: Entry,
    pub problem: Problem,
}

/// Whether an intention stays in the outbox after this problem: the server may answer otherwise later, or once the user has signed in again.
#[must_use]
pub fn stays(problem: &Problem) -> bool {
    http::is_passing(problem) || problem.code == code::SIGN_IN || matches!(problem.status, 401 | 429 | 500..)
}

/// A line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    Add {
        entry: Entry,
    },
    /// Answered. `undo` is the version by which what was decided may be taken back, where it may.
    Done {
        key: Uuid,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<i64>,
    },
    Refused {
        key: Uuid,
        problem: Problem,
    },
    Seen {
        key: Uuid,
    },
}

/// What a journal says, line by line. Pure: the same lines always come to the same.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    unsent: Vec<Entry>,
    conflicts: Vec<Conflict>,
    /// Decisions that were answered: the version they were made on, and the one by which each may be taken back.
    answered: HashMap<Uuid, (i64, Option<i64>)>,
}

impl Contents {
    /// What has no answer yet, oldest first.
    #[must_use]
    pub fn unsent(&self) -> &[Entry] {
        &self.unsent
    }

    /// What the server refused and nobody has looked at.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// An intention as it is to be kept; `None` where there is nothing to do. Whoever takes a decision back may not have heard of its answer yet,
    /// and then speaks of the version that was decided.
    #[must_use]
    pub fn meant(&self, mut entry: Entry) -> Option<Entry> {
        let waits = self.unsent.iter().any(|other| other.submission == entry.submission && matches!(other.act, Act::Review(_)));
        if let (Act::Undo, false, Some((decided, undo))) = (&entry.act, waits, self.answered.get(&entry.submission))
            && *decided == entry.version
        {
            entry.version = (*undo)?;
        }
        Some(entry)
    }

    /// Takes one line in.
    pub fn take(&mut self, line: Line) {
        match line {
            Line::Add { entry } => self.unsent.push(entry),
            Line::Done { key, undo } => drop(self.leave(key, undo)),
            Line::Refused { key, problem } => {
                let conflict = self.leave(key, None).map(|entry| Conflict { entry, problem });
                self.conflicts.extend(conflict);
            }
            Line::Seen { key } => self.conflicts.retain(|conflict| conflict.entry.key != key),
        }
    }

    /// Takes an intention out. An undoing that waits behind a decision may go now, or has nothing to undo.
    fn leave(&mut self, key: Uuid, undo: Option<i64>) -> Option<Entry> {
        let entry = self.unsent.remove(self.unsent.iter().position(|entry| entry.key == key)?);
        if matches!(entry.act, Act::Review(_)) {
            self.answered.insert(entry.submission, (entry.version, undo));
            let waits = |other: &Entry| other.submission == entry.submission && other.act == Act::Undo;
            match undo {
                Some(version) => self.unsent.iter_mut().filter(|other| waits(other)).for_each(|other| other.version = version),
                None => self.unsent.retain(|other| !waits(other)),
            }
        }
        Some(entry)
    }
}

/// The version by which a review's answer lets it be taken back: only what is decided and held.
#[must_use]
pub fn undo_version(outcome: &ReviewOutcome) -> Option<i64> {
    outcome.held_until.and(outcome.decision).map(|_| outcome.version)
}

/// The outbox of one user at one server.
#[derive(Debug)]
pub struct Outbox {
    path: PathBuf,
    file: File,
    contents: Contents,
    /// Whose sending was begun: the server may have them.
    begun: HashSet<Uuid>,
}

/// As many desks of one user at one server on one machine.
const MOST_DESKS: u32 = 16;

impl Outbox {
    /// Opens the outbox in `folder`, and makes both if need be.
    ///
    /// # Errors
    /// When the folder or the journal cannot be written, or too many desks of this user are open already.
    pub fn open(folder: &Path, server: &str, user: Uuid) -> io::Result<Outbox> {
        create_private_folder(folder)?;
        let mut own: Option<Outbox> = None;
        for slot in 0..MOST_DESKS {
            let path = journal(folder, server, user, slot);
            if own.is_some() && !path.exists() {
                continue;
            }
            let mut options = OpenOptions::new();
            options.read(true).append(true).create(true);
            let file = open_private(&mut options, &path)?;
            if file.try_lock().is_err() {
                continue;
            }
            let contents = read(&file)?;
            match &mut own {
                None => {
                    let mut outbox = Outbox { path, file, contents, begun: HashSet::new() };
                    outbox.compact()?;
                    own = Some(outbox);
                }
                Some(outbox) => {
                    // Synced into ours before it leaves theirs: a crash between repeats an intention with its old key, which does no harm.
                    for entry in contents.unsent.into_iter().chain(contents.conflicts.into_iter().map(|conflict| conflict.entry)) {
                        outbox.add(entry)?;
                    }
                    file.set_len(0)?;
                    file.sync_all()?;
                }
            }
        }
        own.ok_or_else(|| io::Error::new(io::ErrorKind::ResourceBusy, "too many desks are open"))
    }

    /// What has no answer yet, oldest first.
    #[must_use]
    pub fn unsent(&self) -> &[Entry] {
        self.contents.unsent()
    }

    /// An intention as it stands now, if it still waits for its answer.
    #[must_use]
    pub fn waiting(&self, key: Uuid) -> Option<&Entry> {
        self.contents.unsent.iter().find(|entry| entry.key == key)
    }

    /// What the server refused and nobody has looked at.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        self.contents.conflicts()
    }

    /// When the oldest of what is unsent was decided, by this machine's clock.
    #[must_use]
    pub fn oldest(&self) -> Option<jiff::Timestamp> {
        self.unsent().iter().filter_map(Entry::decided_at).min()
    }

    /// Says that an intention is about to be sent; `false` where it is not there any more.
    pub fn begin(&mut self, key: Uuid) -> bool {
        let there = self.waiting(key).is_some();
        if there {
            self.begun.insert(key);
        }
        there
    }

    /// It did not reach the server for certain: there was no connection.
    pub fn never_left(&mut self, key: Uuid) {
        self.begun.remove(&key);
    }

    /// Takes the newest review of a photo back that has never left; `false` where there is none.
    ///
    /// # Errors
    /// When the journal cannot be written: the intention stays.
    pub fn take_back(&mut self, submission: Uuid) -> io::Result<bool> {
        let found = self.unsent().iter().rev().find(|entry| entry.submission == submission && matches!(entry.act, Act::Review(_)));
        let Some(key) = found.map(|entry| entry.key).filter(|key| !self.begun.contains(key)) else { return Ok(false) };
        let line = Line::Done { key, undo: None };
        self.append(&line)?;
        self.contents.take(line);
        Ok(true)
    }

    /// Keeps an intention; when this returns it survives a crash.
    ///
    /// # Errors
    /// When the journal cannot be written: the intention does not count then.
    pub fn add(&mut self, entry: Entry) -> io::Result<()> {
        if self.waiting(entry.key).is_some() {
            return Ok(());
        }
        let Some(entry) = self.contents.meant(entry) else { return Ok(()) };
        let line = Line::Add { entry };
        self.append(&line)?;
        self.contents.take(line);
        Ok(())
    }

    /// The server has answered: forget the intention. `undo` is what [`undo_version`] says of the answer.
    ///
    /// # Errors
    /// When the journal cannot be written; a restart would then repeat the intention with its old key.
    pub fn done(&mut self, key: Uuid, undo: Option<i64>) -> io::Result<()> {
        self.leave(Line::Done { key, undo })
    }

    /// The server has refused: keep it for its reviewer to see.
    ///
    /// # Errors
    /// As [`Outbox::done`].
    pub fn refused(&mut self, key: Uuid, problem: Problem) -> io::Result<()> {
        self.leave(Line::Refused { key, problem })
    }

    /// Its reviewer has looked at the refusal.
    ///
    /// # Errors
    /// When the journal cannot be written; the conflict would be shown again.
    pub fn seen(&mut self, key: Uuid) -> io::Result<()> {
        self.leave(Line::Seen { key })
    }

    /// What is over is over, even where the journal does not take it.
    fn leave(&mut self, line: Line) -> io::Result<()> {
        self.contents.take(line.clone());
        self.append(&line)
    }

    fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let end = self.file.metadata()?.len();
        let kept = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        if kept.is_err() {
            // What could not be kept whole must not stay in part: the next line would be glued to it, or a decision sent that did not count.
            let _ = self.file.set_len(end);
            let _ = self.file.seek(SeekFrom::Start(end));
        }
        kept
    }

    /// Writes only what still matters into a new journal and puts it in the old one's place.
    fn compact(&mut self) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let mut file = open_private(&mut options, &fresh)?;
        let conflicts = self.contents.conflicts.iter().flat_map(|conflict| {
            let Conflict { entry, problem } = conflict.clone();
            let key = entry.key;
            [Line::Add { entry }, Line::Refused { key, problem }]
        });
        for line in self.contents.unsent.iter().map(|entry| Line::Add { entry: entry.clone() }).chain(conflicts) {
            let mut bytes = serde_json::to_vec(&line)?;
            bytes.push(b'\n');
            file.write_all(&bytes)?;
        }
        file.sync_all()?;
        // Locked before it takes the name, so that nobody finds it free.
        file.try_lock()?;
        fs::rename(&fresh, &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        self.file = file;
        Ok(())
    }
}

/// What the journals of a user at a server say, also those that a desk is writing at this moment.
///
/// # Errors
/// When one of them cannot be read.
pub fn peek(folder: &Path, server: &str, user: Uuid) -> io::Result<Contents> {
    let mut all = Contents::default();
    for slot in 0..MOST_DESKS {
        match File::open(journal(folder, server, user, slot)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            file => {
                let more = read(&file?)?;
                all.unsent.extend(more.unsent);
                all.conflicts.extend(more.conflicts);
            }
        }
    }
    Ok(all)
}

fn journal(folder: &Path, server: &str, user: Uuid, slot: u32) -> PathBuf {
    let server: String = server.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    folder.join(format!("outbox_{server}_{user}.{slot}.jsonl"))
}

fn read(file: &File) -> io::Result<Contents> {
    let mut contents = Contents::default();
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let line = serde_json::from_slice::<Line>(&bytes);
        bytes.clear();
        match line {
            Ok(line) => contents.take(line),
            Err(error) => tracing::warn!(%error, "a line of the outbox is not understood and passed over"),
        }
    }
    Ok(contents)
}

#[cfg(unix)]
pub(super) fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
pub(super) fn create_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600).open(path)
}

#[cfg(not(unix))]
fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

#[cfg(test)]
mod tests;
