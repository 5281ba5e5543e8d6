//! The data folder: one process at a time, nobody else on the machine.
//!
//! It holds the lock, the master key (or names one elsewhere), the database and the sealed pictures.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    blobs::Blobs,
    store::{SqlStore, StoreError},
    vault::{Vault, VaultError},
};

/// Why a data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("another process has the data folder open")]
    Locked,
    #[error("the data folder cannot be made or used: {0}")]
    File(#[from] io::Error),
    #[error("there is a database but its master key is missing")]
    KeyMissing,
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FolderError {
    /// The stable code; texts are in `locales/` under `folder.<code>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            FolderError::Locked => "locked",
            FolderError::File(_) => "file",
            FolderError::KeyMissing => "key_missing",
            FolderError::Vault(VaultError::OtherKey) | FolderError::Store(StoreError::Vault(VaultError::OtherKey)) => "other_key",
            FolderError::Vault(_) => "key",
            FolderError::Store(_) => "database",
        }
    }

    /// Every code, for walking the texts.
    pub const CODES: [&str; 6] = ["locked", "file", "key_missing", "other_key", "key", "database"];
}

/// An open data folder; closing the process, however it ends, frees it.
#[derive(Debug)]
pub struct DataFolder {
    pub store: SqlStore,
    pub blobs: Blobs,
    /// Held as long as the folder is open.
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, making it and everything in it where needed. `key_file` is for a master key kept elsewhere.
    ///
    /// # Errors
    /// When another process has it, it cannot be written, or its key is gone.
    pub async fn open(path: &Path, key_file: Option<PathBuf>, now: Timestamp) -> Result<DataFolder, FolderError> {
        make_private(path)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock"))?;
        take(&lock).await?;
        let (key_file, database) = (key_file.unwrap_or_else(|| path.join("master.key")), path.join("zhaoshen.db"));
        // A new key for an old database would open nothing in it.
        if database.exists() && !key_file.exists() {
            return Err(FolderError::KeyMissing);
        }
        let vault = Arc::new(Vault::open(&key_file)?);
        let pictures = path.join("blobs");
        make_private(&pictures)?;
        own_only(&database)?;
        let store = SqlStore::on_sqlite(&database, Arc::clone(&vault), now).await?;
        Ok(DataFolder { store, blobs: Blobs::new(pictures, vault), _lock: lock })
    }
}

/// Takes the lock. A process that was just killed holds it a moment longer, and whoever restarts it should not have to know.
async fn take(lock: &File) -> Result<(), FolderError> {
    const TRIES: u32 = 10;
    for _ in 1..TRIES {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => FolderError::Locked,
        TryLockError::Error(error) => FolderError::File(error),
    })
}

/// Makes the database, if need be, and keeps it to its owner also in a folder that others may look into; SQLite gives its journals the same mode.
#[cfg(unix)]
fn own_only(database: &Path) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = File::options().create(true).append(true).mode(0o600).open(database)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn own_only(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Language, has_text};

    #[tokio::test]
    async fn a_folder_is_opened_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let first = DataFolder::open(&path, None, Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(matches!(DataFolder::open(&path, None, Timestamp::UNIX_EPOCH).await, Err(FolderError::Locked)));
        drop(first);
        DataFolder::open(&path, None, Timestamp::UNIX_EPOCH).await.unwrap();
    }

    #[tokio::test]
    async fn a_database_is_not_opened_with_a_new_or_another_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        drop(DataFolder::open(&path, None, Timestamp::UNIX_EPOCH).await.unwrap());
        let other = folder.path().join("other.key");
        Vault::open(&other).unwrap();
        let error = DataFolder::open(&path, Some(other), Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert_eq!(error.code(), "other_key");
        fs::remove_file(path.join("master.key")).unwrap();
        assert!(matches!(DataFolder::open(&path, None, Timestamp::UNIX_EPOCH).await, Err(FolderError::KeyMissing)));
    }

    #[test]
    fn every_code_has_a_text() {
        for code in FolderError::CODES {
            assert!(Language::ALL.iter().all(|language| has_text(*language, &format!("folder.{code}"))), "{code}");
        }
    }
}
