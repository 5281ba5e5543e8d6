//! Files with personal data or figures of a school: written whole or not at all, readable by their owner alone, and over nobody's.

use std::io::Write;
use std::path::Path;

/// Why a file was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritten {
    /// A file is there already.
    Exists,
    Failed,
}

/// Writes a new file of mode 0600.
///
/// # Errors
/// Where something is there already, or the folder cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Unwritten> {
    if path.symlink_metadata().is_ok() {
        return Err(Unwritten::Exists);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|_| Unwritten::Failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|_| Unwritten::Failed)?;
    file.persist_noclobber(path)
        .map(|_| ())
        .map_err(|error| if error.error.kind() == std::io::ErrorKind::AlreadyExists { Unwritten::Exists } else { Unwritten::Failed })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_is_its_owners_and_nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        assert_eq!(write(&path, b"1"), Ok(()));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!((write(&path, b"2"), std::fs::read(&path).unwrap()), (Err(Unwritten::Exists), b"1".to_vec()));
        assert_eq!(write(&folder.path().join("none/a.csv"), b"1"), Err(Unwritten::Failed));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left lying about");
    }
}
