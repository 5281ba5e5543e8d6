//! Blobs as they lie in the storage, sealed: for copies of a house and for looking after its storage. Needs no key.

use std::path::PathBuf;

use super::{BlobError, Blobs, BlobsAddress, Kept, ListedBlob, bucket::Bucket, folder::Folder};

/// The blobs of a house, without the key that opens them.
#[derive(Debug, Clone)]
pub struct SealedBlobs(Kept);

impl SealedBlobs {
    /// The blobs below a folder, which exists.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> SealedBlobs {
        SealedBlobs(Kept::InFolder(Folder::new(folder)))
    }

    /// The blobs at an address; a folder is made where there is none.
    ///
    /// # Errors
    /// When the folder cannot be made, or the credentials of a bucket are missing.
    pub fn at(address: &BlobsAddress) -> Result<SealedBlobs, BlobError> {
        Ok(SealedBlobs(match address {
            BlobsAddress::Folder(path) => Kept::InFolder(Folder::make(path.clone())?),
            BlobsAddress::Bucket(address) => Kept::InBucket(Bucket::open(address)?),
        }))
    }

    /// Reads a blob as it lies there.
    ///
    /// # Errors
    /// [`BlobError::Missing`] when it is not there; otherwise when the storage fails.
    pub async fn get(&self, name: &str) -> Result<Vec<u8>, BlobError> {
        match &self.0 {
            Kept::InFolder(folder) => folder.get(name).await,
            Kept::InBucket(bucket) => bucket.get(name).await,
        }
    }

    /// Writes a blob that is sealed already; on return it is kept.
    ///
    /// # Errors
    /// [`BlobError::Full`] without room, [`BlobError::Away`] when the storage does not answer.
    pub async fn put(&self, name: &str, sealed: Vec<u8>) -> Result<(), BlobError> {
        match &self.0 {
            Kept::InFolder(folder) => folder.put(name, sealed).await,
            Kept::InBucket(bucket) => bucket.put(name, sealed).await,
        }
    }

    /// The blobs whose names begin with the byte, by name: a 256th of all, so that nobody has to remember all at once.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn list_part(&self, first_byte: u8) -> Result<Vec<ListedBlob>, BlobError> {
        let folder_name = format!("{first_byte:02x}");
        let mut blobs = match &self.0 {
            Kept::InFolder(folder) => folder.list_part(&folder_name).await?,
            Kept::InBucket(bucket) => bucket.list_part(&folder_name).await?,
        };
        blobs.retain(|blob| blob.name.starts_with(&folder_name));
        blobs.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(blobs)
    }

    /// What was being written below the byte when its process died. Only folders have such: a bucket shows what is whole.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn list_unfinished(&self, first_byte: u8) -> Result<Vec<ListedBlob>, BlobError> {
        match &self.0 {
            Kept::InFolder(folder) => folder.list_unfinished(&format!("{first_byte:02x}")).await,
            Kept::InBucket(_) => Ok(vec![]),
        }
    }

    /// Removes one of those.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn remove_unfinished(&self, first_byte: u8, name: &str) -> Result<(), BlobError> {
        match &self.0 {
            Kept::InFolder(folder) => folder.remove_unfinished(&format!("{first_byte:02x}"), name).await,
            Kept::InBucket(_) => Ok(()),
        }
    }

    /// Whether no blob is there.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn is_empty(&self) -> Result<bool, BlobError> {
        for first_byte in 0..=u8::MAX {
            if !self.list_part(first_byte).await?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Blobs {
    /// The same blobs as they lie in the storage.
    #[must_use]
    pub fn sealed(&self) -> SealedBlobs {
        SealedBlobs(self.kept.clone())
    }
}
