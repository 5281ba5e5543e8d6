//! What a device remembers of its bundles, and the key by which they are this device's: files of mode 0600 in the user's own state folder.
//!
//! No name, no number, no picture: whose bundle it is, what the server signed, and the key without which its file opens to nobody. A record is
//! written before the server is asked, so that what was reserved is never forgotten. Touches the state folder alone.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::sealed::random;
use crate::{
    api::{bundle::SignedBundle, submission::ReviewOutcome},
    client::outbox::create_private_folder,
};

/// A device: a key that never leaves it, and the name that follows from the key.
#[derive(Clone)]
pub struct Device {
    pub id: Uuid,
    pub key: [u8; 32],
}

/// A bundle of this device.
#[derive(Clone, Serialize, Deserialize)]
pub struct Record {
    pub id: Uuid,
    /// As [`crate::client::Http::address`] writes it.
    pub server: String,
    pub user: Uuid,
    pub season: String,
    pub unit: String,
    /// Where it was put.
    pub file: PathBuf,
    pub asked_at: Timestamp,
    /// The file's own key.
    pub key: [u8; 32],
    /// Absent while the server has not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<SignedBundle>,
    /// The file is whole.
    #[serde(default)]
    pub complete: bool,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("id", &self.id).field("complete", &self.complete).finish_non_exhaustive()
    }
}

/// The bundles of this device.
#[derive(Debug, Clone)]
pub struct Register {
    folder: PathBuf,
}

impl Register {
    /// The register in the user's state folder.
    #[must_use]
    pub fn of(state_folder: &Path) -> Register {
        Register { folder: state_folder.join("bundles") }
    }

    /// This device; its key is made at the first time.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn device(&self) -> io::Result<Device> {
        create_private_folder(&self.folder)?;
        let path = self.folder.join("device.key");
        if !path.exists() {
            let key: [u8; 32] = random().map_err(|_| io::Error::other("no randomness"))?;
            match put(&self.folder, &path, &key, false) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
        }
        let key: [u8; 32] = fs::read(&path)?.try_into().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no key of a device"))?;
        let named = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &[b"zhaoshen device ".as_slice(), &key].concat());
        let id: [u8; 16] = named.as_ref()[..16].try_into().map_err(|_| io::Error::other("a hash is long"))?;
        Ok(Device { id: uuid::Builder::from_custom_bytes(id).into_uuid(), key })
    }

    /// Every bundle, the oldest first. A record that cannot be read is passed over and stays.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all(&self) -> io::Result<Vec<Record>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            other => other?,
        };
        let mut records = vec![];
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                match fs::read(&path).map(|bytes| serde_json::from_slice::<Record>(&bytes)) {
                    Ok(Ok(record)) => records.push(record),
                    _ => tracing::warn!("a record of a bundle is not understood and passed over"),
                }
            }
        }
        records.sort_by_key(|record| record.id);
        Ok(records)
    }

    /// One of them.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn find(&self, id: Uuid) -> io::Result<Option<Record>> {
        Ok(self.all()?.into_iter().find(|record| record.id == id))
    }

    /// Keeps a record; when this returns it survives a crash.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, record: &Record) -> io::Result<()> {
        create_private_folder(&self.folder)?;
        put(&self.folder, &self.path(record.id), &serde_json::to_vec(record)?, true)
    }

    /// Writes down what became of a bundle's photo at the server.
    ///
    /// # Errors
    /// When it cannot be written; the photo would be offered once more, and the server would say how it stands.
    pub fn settle(&self, id: Uuid, outcome: &ReviewOutcome) -> io::Result<()> {
        create_private_folder(&self.folder)?;
        let mut options = fs::OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut line = serde_json::to_vec(outcome)?;
        line.push(b'\n');
        options.open(self.settled_path(id))?.write_all(&line)
    }

    /// What became of a bundle's photos, as far as was written down; the newest of a photo comes last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn settled(&self, id: Uuid) -> io::Result<Vec<ReviewOutcome>> {
        match fs::read_to_string(self.settled_path(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
            text => Ok(text?.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
        }
    }

    fn settled_path(&self, id: Uuid) -> PathBuf {
        self.folder.join(format!("{id}.settled"))
    }

    /// Forgets a bundle and the key of its file: no copy of the file opens any more.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget(&self, id: Uuid) -> io::Result<()> {
        if let Err(error) = fs::remove_file(self.settled_path(id))
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let path = self.path(id);
        // Over the key first: what is only unlinked may be found again.
        if let Ok(mut file) = fs::OpenOptions::new().write(true).open(&path) {
            let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
            file.write_all(&vec![0; length])?;
            file.sync_all()?;
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Ok(()) => File::open(&self.folder)?.sync_all(),
            other => other,
        }
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}

/// Writes a file of mode 0600 whole or not at all.
fn put(folder: &Path, path: &Path, bytes: &[u8], over: bool) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    if over {
        file.persist(path)?
    } else {
        file.persist_noclobber(path)?
    };
    sync_folder(folder)
}

/// A name that was given or taken is on disk, where the system can say so of a folder.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: u128) -> Record {
        Record {
            id: Uuid::from_u128(n),
            server: "http://127.0.0.1:1".into(),
            user: Uuid::nil(),
            season: "s".into(),
            unit: "A".into(),
            file: "/x".into(),
            asked_at: Timestamp::UNIX_EPOCH,
            key: [3; 32],
            signed: None,
            complete: false,
        }
    }

    #[test]
    fn a_device_stays_the_same_and_a_forgotten_bundle_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let register = Register::of(folder.path());
        assert!(register.all().unwrap().is_empty());
        let device = register.device().unwrap();
        let again = Register::of(folder.path()).device().unwrap();
        assert_eq!((device.id, device.key), (again.id, again.key));
        for n in [2, 1] {
            register.keep(&record(n)).unwrap();
        }
        register.keep(&Record { complete: true, ..record(1) }).unwrap();
        assert_eq!(register.all().unwrap().iter().map(|record| record.complete).collect::<Vec<_>>(), [true, false]);
        register.forget(Uuid::from_u128(1)).unwrap();
        register.forget(Uuid::from_u128(1)).unwrap();
        assert!(register.find(Uuid::from_u128(1)).unwrap().is_none() && register.find(Uuid::from_u128(2)).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let register = Register::of(folder.path());
        register.device().unwrap();
        register.keep(&record(1)).unwrap();
        for entry in fs::read_dir(&register.folder).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::metadata(&register.folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
