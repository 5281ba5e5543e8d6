//! Pictures at rest: sealed and immutable, named by a keyed hash per attempt, kind and content; in a folder, or in S3-compatible storage.
//!
//! A name is ASCII and says nothing about its person. A blob is kept whole before the store names it; one whose attempt the store refuses is
//! removed again.

use std::{path::PathBuf, sync::Arc};

use uuid::Uuid;

use super::vault::{self, Vault, VaultError, hexadecimal};
use crate::api::submission::PictureKind;

mod address;
mod bucket;
mod folder;
mod probe;
mod sealed;

pub use address::{BlobsAddress, NoBlobsAddress};
pub use probe::Guarantees;
pub use sealed::SealedBlobs;

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

/// A blob that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    pub kind: BlobKind,
    pub name: String,
    /// Of the plain content.
    pub bytes: u64,
}

/// A blob as a listing of the storage shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBlob {
    pub name: String,
    /// Of the sealed content.
    pub bytes: u64,
    /// Microseconds since 1970, by the storage's clock.
    pub written_at: i64,
}

/// Why a blob cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("no room is left for pictures")]
    Full,
    #[error("the picture is not there")]
    Missing,
    /// May pass: the network, or the storage itself, is away.
    #[error("the storage of pictures cannot be reached")]
    Away,
    #[error("the storage of pictures refuses these credentials")]
    Denied,
    #[error("a picture cannot be read or written: {0}")]
    File(String),
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What the storage does not do, though everything rests on it.
    #[error("the storage of pictures is not fit: {0}")]
    Unfit(&'static str),
}

/// The blobs of a house.
#[derive(Debug, Clone)]
pub struct Blobs {
    kept: Kept,
    vault: Arc<Vault>,
}

#[derive(Debug, Clone)]
enum Kept {
    InFolder(folder::Folder),
    InBucket(bucket::Bucket),
}

impl Blobs {
    /// The blobs below a folder, which exists.
    #[must_use]
    pub fn in_folder(folder: PathBuf, vault: Arc<Vault>) -> Blobs {
        Blobs { kept: Kept::InFolder(folder::Folder::new(folder)), vault }
    }

    /// The blobs at an address; a folder is made where there is none.
    ///
    /// # Errors
    /// When the folder cannot be made, or the credentials of a bucket are missing.
    pub fn at(address: &BlobsAddress, vault: Arc<Vault>) -> Result<Blobs, BlobError> {
        let kept = match address {
            BlobsAddress::Folder(path) => Kept::InFolder(folder::Folder::make(path.clone())?),
            BlobsAddress::Bucket(address) => Kept::InBucket(bucket::Bucket::open(address)?),
        };
        Ok(Blobs { kept, vault })
    }

    /// Writes a blob; the same one again is found already there.
    ///
    /// # Errors
    /// [`BlobError::Full`] without room, [`BlobError::Away`] when the storage does not answer; nothing half-written is ever read.
    pub async fn put(&self, school: &str, attempt: Uuid, kind: BlobKind, content: &[u8]) -> Result<StoredBlob, BlobError> {
        let name = self.name(attempt, kind, content);
        let sealed = self.vault.seal(school, &[b"blobs", name.as_bytes()], content)?;
        self.put_sealed(&name, sealed).await?;
        Ok(StoredBlob { kind, name, bytes: content.len() as u64 })
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// [`BlobError::Missing`] when it is not there, [`VaultError::Sealed`] when it is not what was written.
    pub async fn get(&self, name: &str) -> Result<Vec<u8>, BlobError> {
        let sealed = self.get_sealed(name).await?;
        Ok(self.vault.open_sealed(&[b"blobs", name.as_bytes()], &sealed)?)
    }

    /// Seals a blob anew with the school's current key, where it is sealed with another. Readers see the one or the other, whole.
    ///
    /// # Errors
    /// As for [`Blobs::get`] and [`Blobs::put`]; the blob is as it was then.
    pub async fn reseal(&self, school: &str, name: &str) -> Result<bool, BlobError> {
        let sealed = self.get_sealed(name).await?;
        let place: [&[u8]; 2] = [b"blobs", name.as_bytes()];
        if vault::key_number(&sealed) == self.vault.current(school) {
            return Ok(false);
        }
        let anew = self.vault.seal(school, &place, &self.vault.open_sealed(&place, &sealed)?)?;
        match &self.kept {
            Kept::InFolder(folder) => folder.replace(name, anew).await?,
            Kept::InBucket(bucket) => bucket.replace(name, anew).await?,
        }
        Ok(true)
    }

    /// Removes a blob. One that is not there is what was asked for.
    ///
    /// # Errors
    /// When the storage fails; the blob may still be there then.
    pub async fn remove(&self, name: &str) -> Result<(), BlobError> {
        match &self.kept {
            Kept::InFolder(folder) => folder.remove(name).await,
            Kept::InBucket(bucket) => bucket.remove(name).await,
        }
    }

    /// Every blob there is, in no order. Files that are no blobs are passed over.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn list(&self) -> Result<Vec<ListedBlob>, BlobError> {
        match &self.kept {
            Kept::InFolder(folder) => folder.list().await,
            Kept::InBucket(bucket) => bucket.list().await,
        }
    }

    /// Whether a content is the one that a name was made of.
    #[must_use]
    pub fn is_named(&self, name: &str, attempt: Uuid, kind: BlobKind, content: &[u8]) -> bool {
        self.name(attempt, kind, content) == name
    }

    /// Finds out what the storage really does, by doing it.
    ///
    /// # Errors
    /// [`BlobError::Unfit`] where it loses or changes what was written; otherwise as for reading and writing.
    pub async fn probe(&self) -> Result<Guarantees, BlobError> {
        probe::probe(self).await
    }

    /// A blob as it lies in the storage, for a copy of the whole.
    ///
    /// # Errors
    /// As for [`Blobs::get`].
    pub async fn get_sealed(&self, name: &str) -> Result<Vec<u8>, BlobError> {
        match &self.kept {
            Kept::InFolder(folder) => folder.get(name).await,
            Kept::InBucket(bucket) => bucket.get(name).await,
        }
    }

    /// Writes a blob that is sealed already, for bringing a copy back.
    ///
    /// # Errors
    /// As for [`Blobs::put`].
    pub async fn put_sealed(&self, name: &str, sealed: Vec<u8>) -> Result<(), BlobError> {
        match &self.kept {
            Kept::InFolder(folder) => folder.put(name, sealed).await,
            Kept::InBucket(bucket) => bucket.put(name, sealed).await,
        }
    }

    fn name(&self, attempt: Uuid, kind: BlobKind, content: &[u8]) -> String {
        hexadecimal(&self.vault.hash("blob", &[attempt.as_bytes(), kind.code().as_bytes(), content]))
    }
}

/// Whether this is a name that blobs have.
fn is_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
