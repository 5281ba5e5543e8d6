//! The data folder: one process at a time, nobody else on the machine.
//!
//! It holds the lock, the master key (or names one elsewhere), the database (unless a server keeps it) and the sealed pictures.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    blobs::{BlobError, Blobs, Guarantees},
    store::{SqlStore, StoreError, database::postgres::CONNECTIONS},
    vault::{MasterKey, VaultError},
    whereabouts::Whereabouts,
};

/// Connections of a process that only looks.
const CONNECTIONS_BESIDE: u32 = 4;

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
    #[error(transparent)]
    Blobs(#[from] BlobError),
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
            FolderError::Store(StoreError::NotMigrated { .. }) => "not_migrated",
            FolderError::Store(StoreError::NewerDatabase { .. }) => "newer_database",
            FolderError::Store(StoreError::Unreachable | StoreError::Busy) => "database_away",
            FolderError::Store(_) => "database",
            FolderError::Blobs(BlobError::Away) => "blobs_away",
            FolderError::Blobs(BlobError::Denied) => "blobs_denied",
            FolderError::Blobs(BlobError::Missing) => "blobs_missing",
            FolderError::Blobs(_) => "blobs",
        }
    }

    /// Every code, for walking the texts.
    pub const CODES: [&str; 13] = [
        "locked",
        "file",
        "key_missing",
        "other_key",
        "key",
        "not_migrated",
        "newer_database",
        "database_away",
        "database",
        "blobs_away",
        "blobs_denied",
        "blobs_missing",
        "blobs",
    ];
}

/// An open data folder; closing the process, however it ends, frees it.
#[derive(Debug)]
pub struct DataFolder {
    pub store: SqlStore,
    pub blobs: Blobs,
    /// What the storage of pictures was seen to do.
    pub guarantees: Guarantees,
    /// Held as long as the folder is open.
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, making it and everything in it where needed, and the database that keeps what the folder does not.
    ///
    /// # Errors
    /// When another process has it, it cannot be written, or its key is gone.
    pub async fn open(whereabouts: &Whereabouts, now: Timestamp) -> Result<DataFolder, FolderError> {
        let path = &whereabouts.data;
        make_private(path)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock"))?;
        take(&lock).await?;
        let file = path.join("zhaoshen.db");
        let master = match whereabouts.master_key()? {
            Some(master) => master,
            // A new key for an old database would open nothing in it.
            None if whereabouts.database.is_none() && file.exists() => return Err(FolderError::KeyMissing),
            None => MasterKey::open(&whereabouts.key_file())?,
        };
        let store = match &whereabouts.database {
            Some(address) => SqlStore::on_postgres(address.reveal(), CONNECTIONS, master, now).await?,
            None => {
                own_only(&file)?;
                SqlStore::on_sqlite(&file, master, now).await?
            }
        };
        let vault = Arc::clone(store.vault());
        let blobs = match &whereabouts.blobs {
            Some(address) => Blobs::at(address, vault)?,
            None => {
                let pictures = path.join("blobs");
                make_private(&pictures)?;
                Blobs::in_folder(pictures, vault)
            }
        };
        let guarantees = blobs.probe().await?;
        tracing::info!(?guarantees, "the storage of pictures was tried out");
        Ok(DataFolder { store, blobs, guarantees, _lock: lock })
    }
}

/// Opens what a house keeps beside whoever serves it, for looking after it: nothing is made, no lock is taken, and the database is read alone.
///
/// # Errors
/// When there is no house, its key is gone, or database or storage cannot be reached.
pub async fn open_beside(whereabouts: &Whereabouts, now: Timestamp) -> Result<(SqlStore, Blobs), FolderError> {
    let path = &whereabouts.data;
    let master = whereabouts.master_key()?.ok_or(FolderError::KeyMissing)?;
    let store = match &whereabouts.database {
        Some(address) => SqlStore::on_postgres(address.reveal(), CONNECTIONS_BESIDE, master, now).await?,
        None => SqlStore::beside(&path.join("zhaoshen.db"), master, now).await?,
    };
    let vault = Arc::clone(store.vault());
    let blobs = match &whereabouts.blobs {
        Some(address) => Blobs::at(address, vault)?,
        None => Blobs::in_folder(path.join("blobs"), vault),
    };
    Ok((store, blobs))
}

/// Takes the lock. A process that was just killed holds it a moment longer, and whoever restarts it should not have to know.
pub(super) async fn take(lock: &File) -> Result<(), FolderError> {
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
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{
        backend::whereabouts::MasterKeyPlace,
        language::{Language, has_text},
    };

    async fn open(path: &Path, key_file: Option<PathBuf>) -> Result<DataFolder, FolderError> {
        let master_key = key_file.map_or(MasterKeyPlace::Folder, MasterKeyPlace::File);
        DataFolder::open(&Whereabouts { master_key, ..Whereabouts::folder(path.to_owned()) }, Timestamp::UNIX_EPOCH).await
    }

    #[tokio::test]
    async fn a_folder_is_opened_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let first = open(&path, None).await.unwrap();
        assert!(matches!(open(&path, None).await, Err(FolderError::Locked)));
        drop(first);
        open(&path, None).await.unwrap();
    }

    #[tokio::test]
    async fn a_database_is_not_opened_with_a_new_or_another_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        drop(open(&path, None).await.unwrap());
        let other = folder.path().join("other.key");
        MasterKey::open(&other).unwrap();
        let error = open(&path, Some(other)).await.unwrap_err();
        assert_eq!(error.code(), "other_key");
        fs::remove_file(path.join("master.key")).unwrap();
        assert!(matches!(open(&path, None).await, Err(FolderError::KeyMissing)));
    }

    #[test]
    fn every_code_has_a_text() {
        for code in FolderError::CODES {
            assert!(Language::ALL.iter().all(|language| has_text(*language, &format!("folder.{code}"))), "{code}");
        }
    }
}
