//! Pictures at rest: sealed, immutable files, named by a keyed hash per attempt, kind and content.
//!
//! A name is ASCII and says nothing about its person. A blob is on the disk whole, and its folder too, before the store names it; one whose
//! attempt the store refuses is removed again.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use uuid::Uuid;

use super::vault::{Vault, VaultError, hexadecimal};
use crate::api::submission::PictureKind;

/// A variant of an attempt's pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobKind {
    Picture(PictureKind),
    /// The ID card as it came: kept for a second cut of its portrait, never served.
    IdCard,
}

impl BlobKind {
    /// The stable code, in the store.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            BlobKind::Picture(kind) => kind.code(),
            BlobKind::IdCard => "id_card",
        }
    }
}

/// A blob that is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    pub kind: BlobKind,
    pub name: String,
    /// Of the plain content.
    pub bytes: u64,
}

/// Why a blob cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("no room is left for pictures")]
    Full,
    #[error("a picture cannot be read or written: {0}")]
    File(io::Error),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> BlobError {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full,
            _ => BlobError::File(error),
        }
    }
}

/// The folder of blobs.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: PathBuf,
    vault: Arc<Vault>,
}

impl Blobs {
    /// The blobs below `folder`, which exists.
    #[must_use]
    pub fn new(folder: PathBuf, vault: Arc<Vault>) -> Blobs {
        Blobs { folder, vault }
    }

    /// Writes a blob; the same one again is found already there.
    ///
    /// # Errors
    /// [`BlobError::Full`] on a full disk; nothing half-written stays.
    pub fn put(&self, attempt: Uuid, kind: BlobKind, content: &[u8]) -> Result<StoredBlob, BlobError> {
        let name = hexadecimal(&self.vault.hash("blob", &[attempt.as_bytes(), kind.code().as_bytes(), content]));
        let path = self.path(&name);
        if !path.exists() {
            let folder = path.parent().expect("a blob lies in a folder");
            if !folder.exists() {
                fs::create_dir_all(folder)?;
                fs::File::open(&self.folder)?.sync_all()?;
            }
            let sealed = self.vault.seal(&[b"blobs", name.as_bytes()], content)?;
            let mut temporary = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
            temporary.write_all(&sealed)?;
            temporary.as_file().sync_all()?;
            temporary.persist(&path).map_err(|error| error.error)?;
            fs::File::open(folder)?.sync_all()?;
        }
        Ok(StoredBlob { kind, name, bytes: content.len() as u64 })
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// When it is not there or does not open.
    pub fn get(&self, name: &str) -> Result<Vec<u8>, BlobError> {
        let sealed = fs::read(self.path(name))?;
        Ok(self.vault.open_sealed(&[b"blobs", name.as_bytes()], &sealed)?)
    }

    /// Removes a blob that no attempt came to own. One that is not there is nothing to say.
    pub fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.path(name));
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(&self.folder).join(&name[..2]).join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs(folder: &Path) -> Blobs {
        Blobs::new(folder.to_owned(), Arc::new(Vault::from_key(&[1; 32]).unwrap()))
    }

    #[test]
    fn a_blob_comes_back_and_two_attempts_never_share_one() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = blobs(folder.path());
        let kind = BlobKind::Picture(PictureKind::Original);
        let first = blobs.put(Uuid::from_u128(1), kind, b"photo").unwrap();
        assert_eq!(first, blobs.put(Uuid::from_u128(1), kind, b"photo").unwrap());
        assert_ne!(first.name, blobs.put(Uuid::from_u128(2), kind, b"photo").unwrap().name);
        assert_eq!(blobs.get(&first.name).unwrap(), b"photo");
        assert!(first.name.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn what_lies_on_the_disk_is_sealed_and_nothing_else_lies_there() {
        let folder = tempfile::tempdir().unwrap();
        let stored = blobs(folder.path()).put(Uuid::nil(), BlobKind::IdCard, b"portrait side").unwrap();
        let files: Vec<_> = fs::read_dir(folder.path().join(&stored.name[..2])).unwrap().collect();
        assert_eq!(files.len(), 1);
        let content = fs::read(files[0].as_ref().unwrap().path()).unwrap();
        assert!(!content.windows(8).any(|window| window == b"portrait"));
    }

    #[test]
    fn a_full_disk_has_a_name() {
        assert!(matches!(BlobError::from(io::Error::from(io::ErrorKind::StorageFull)), BlobError::Full));
    }
}
