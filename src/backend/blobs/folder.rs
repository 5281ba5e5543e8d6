//! Blobs as files: on the disk whole, and their folder too, before anybody is told. The crate that reaches buckets has files as well, but does
//! not wait for the disk.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{BlobError, ListedBlob, is_name};

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> BlobError {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full,
            io::ErrorKind::NotFound => BlobError::Missing,
            _ => BlobError::File(error.to_string()),
        }
    }
}

/// What a blob is called while it is written.
const UNFINISHED: &str = ".new-";

/// The folder of blobs.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The blobs below a folder, which exists.
    pub fn new(path: PathBuf) -> Folder {
        Folder(path)
    }

    /// The same, made where there is none, for its owner alone.
    pub fn make(path: PathBuf) -> Result<Folder, BlobError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        }
        #[cfg(not(unix))]
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    pub async fn put(&self, name: &str, sealed: Vec<u8>) -> Result<(), BlobError> {
        if self.path(name).exists() { Ok(()) } else { self.replace(name, sealed).await }
    }

    /// Writes, whatever of the name is there; readers see the one or the other, whole.
    pub async fn replace(&self, name: &str, sealed: Vec<u8>) -> Result<(), BlobError> {
        let (root, path) = (self.0.clone(), self.path(name));
        on_a_thread(move || {
            let folder = path.parent().expect("a blob lies in a folder");
            if !folder.exists() {
                fs::create_dir_all(folder)?;
                fs::File::open(&root)?.sync_all()?;
            }
            let mut temporary = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
            temporary.write_all(&sealed)?;
            temporary.as_file().sync_all()?;
            temporary.persist(&path).map_err(|error| error.error)?;
            fs::File::open(folder)?.sync_all()?;
            Ok(())
        })
        .await
    }

    pub async fn get(&self, name: &str) -> Result<Vec<u8>, BlobError> {
        let path = self.path(name);
        on_a_thread(move || Ok(fs::read(path)?)).await
    }

    pub async fn remove(&self, name: &str) -> Result<(), BlobError> {
        let path = self.path(name);
        on_a_thread(move || match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        })
        .await
    }

    pub async fn list(&self) -> Result<Vec<ListedBlob>, BlobError> {
        let root = self.0.clone();
        on_a_thread(move || {
            let mut blobs = vec![];
            for folder in fs::read_dir(root)? {
                let folder = folder?.path();
                if folder.is_dir() {
                    list_folder(&folder, &mut blobs)?;
                }
            }
            Ok(blobs)
        })
        .await
    }

    /// What lies in one of the folders below; nothing where there is none.
    pub async fn list_part(&self, folder_name: &str) -> Result<Vec<ListedBlob>, BlobError> {
        let folder = self.0.join(folder_name);
        on_a_thread(move || {
            let mut blobs = vec![];
            match list_folder(&folder, &mut blobs) {
                Ok(()) | Err(BlobError::Missing) => Ok(blobs),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// What processes that died were writing into one of the folders below. No picture to anybody, and a sealed face all the same.
    pub async fn list_unfinished(&self, folder_name: &str) -> Result<Vec<ListedBlob>, BlobError> {
        let folder = self.0.join(folder_name);
        on_a_thread(move || {
            let mut unfinished = vec![];
            match list_named(&folder, &mut unfinished, |name| name.starts_with(UNFINISHED)) {
                Ok(()) | Err(BlobError::Missing) => Ok(unfinished),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Removes one of those.
    pub async fn remove_unfinished(&self, folder_name: &str, name: &str) -> Result<(), BlobError> {
        let path = self.0.join(folder_name).join(name);
        on_a_thread(move || match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        })
        .await
    }

    fn path(&self, name: &str) -> PathBuf {
        // A name out of a damaged row must not lead anywhere else.
        let name = if is_name(name) { name } else { "no-name" };
        self.0.join(&name[..2]).join(name)
    }
}

fn list_folder(folder: &Path, blobs: &mut Vec<ListedBlob>) -> Result<(), BlobError> {
    list_named(folder, blobs, is_name)
}

fn list_named(folder: &Path, blobs: &mut Vec<ListedBlob>, wanted: impl Fn(&str) -> bool) -> Result<(), BlobError> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name();
        let Some(name) = name.to_str().filter(|name| wanted(name)) else { continue };
        let about = match file.metadata() {
            Ok(about) => about,
            // Removed since the folder was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        let written_at = about.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let written_at = written_at.and_then(|since| i64::try_from(since.as_micros()).ok()).unwrap_or(0);
        blobs.push(ListedBlob { name: name.to_owned(), bytes: about.len(), written_at });
    }
    Ok(())
}

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, BlobError> + Send + 'static) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| BlobError::File(error.to_string()))?
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::backend::{
        blobs::{BlobKind, Blobs},
        vault::Vault,
    };

    #[tokio::test]
    async fn what_lies_on_the_disk_is_sealed_and_nothing_else_lies_there() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path().to_owned(), Arc::new(Vault::filled(&[1; 32], "school").unwrap()));
        let stored = blobs.put("school", Uuid::nil(), BlobKind::IdCard, b"portrait side").await.unwrap();
        let files: Vec<_> = fs::read_dir(folder.path().join(&stored.name[..2])).unwrap().collect();
        assert_eq!(files.len(), 1);
        let content = fs::read(files[0].as_ref().unwrap().path()).unwrap();
        assert!(!content.windows(8).any(|window| window == b"portrait"));
    }

    #[test]
    fn a_full_disk_has_a_name() {
        assert!(matches!(BlobError::from(io::Error::from(io::ErrorKind::StorageFull)), BlobError::Full));
    }

    #[tokio::test]
    async fn a_name_never_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "s").unwrap();
        let inside = folder.path().join("blobs");
        let blobs = Folder::make(inside).unwrap();
        for name in ["../secret", "", "/etc/passwd"] {
            assert!(matches!(blobs.get(name).await, Err(BlobError::Missing)), "{name}");
            blobs.remove(name).await.unwrap();
        }
        assert!(folder.path().join("secret").exists());
    }
}
