//! The files of a copy: written whole, for their owner alone, and on the disk before anybody is told.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::CopyError;
use crate::backend::vault::hexadecimal;

/// What a file is known by.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sum {
    pub bytes: u64,
    pub sha256: String,
}

impl Sum {
    pub fn of(bytes: &[u8]) -> Sum {
        Sum { bytes: bytes.len() as u64, sha256: hexadecimal(&Sha256::digest(bytes)) }
    }

    /// Reads a file a piece at a time.
    pub fn of_file(path: &Path) -> io::Result<Sum> {
        let (mut file, mut hash, mut bytes) = (File::open(path)?, Sha256::new(), 0);
        let mut piece = vec![0; 1 << 20];
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(Sum { bytes, sha256: hexadecimal(&hash.finalize()) }),
                length => {
                    hash.update(&piece[..length]);
                    bytes += length as u64;
                }
            }
        }
    }
}

/// Says which file an error is about; a full disk has a name of its own.
pub fn about(path: &Path) -> impl FnOnce(io::Error) -> CopyError {
    let path = path.to_owned();
    move |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => CopyError::Full,
        _ => CopyError::File(path, error),
    }
}

/// A new file of mode 0600.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a new file; on return it is on the disk, its name not yet.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Puts the names in a folder on the disk.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Keeps a file that somebody else wrote to its owner, and puts it on the disk.
pub fn keep(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    File::options().write(true).open(path)?.sync_all()
}

/// Whether a folder has nothing in it but what is named, or is not there.
pub fn is_empty_but_for(path: &Path, names: &[&str]) -> io::Result<bool> {
    match fs::read_dir(path) {
        Ok(mut entries) => entries
            .try_fold(true, |empty, entry| Ok(empty && names.iter().any(|name| entry.as_ref().is_ok_and(|e| e.file_name() == **name)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Work with files, off the threads that do the rest.
pub async fn on_a_thread<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(PathBuf) -> io::Result<T> + Send + 'static,
) -> Result<T, CopyError> {
    let owned = path.to_owned();
    let done = tokio::task::spawn_blocking(move || work(owned)).await.map_err(io::Error::other);
    done.and_then(|done| done).map_err(about(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_what_other_programs_call_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        write(&path, b"abc").unwrap();
        let sum = Sum { bytes: 3, sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into() };
        assert_eq!((Sum::of(b"abc"), Sum::of_file(&path).unwrap()), (sum.clone(), sum));
        assert!(write(&path, b"again").is_err(), "nothing is written over");
        assert!(!is_empty_but_for(folder.path(), &["other"]).unwrap());
        assert!(is_empty_but_for(folder.path(), &["other", "abc"]).unwrap());
        assert!(is_empty_but_for(&folder.path().join("none"), &[]).unwrap());
    }
}
