//! Saved views: filters under names, in a TOML file of the user's own state folder.
//!
//! No personal data: a filter with free words, which may be a name or a number, is not kept, nor is a name with a longer number in it.
//! Touches that one file.

use std::{io, path::Path};

use serde::{Deserialize, Serialize};

/// Clusters of a view's name.
pub const LONGEST: usize = 16;
/// More are not kept: the tabs would not show them.
const MOST: usize = 20;
const FILE: &str = "views.toml";

/// A filter under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    pub name: String,
    /// In the filter language; its order too.
    pub filter: String,
}

#[derive(Serialize, Deserialize, Default)]
struct File {
    #[serde(default)]
    view: Vec<SavedView>,
}

/// Whether a view may have this name: something is to be seen of it, and it is no student's number.
#[must_use]
pub fn may_name(name: &str) -> bool {
    let digits = name.chars().filter(|c| c.is_numeric()).count();
    !name.trim().is_empty() && digits < 5
}

/// The views in the folder; none where there is no file.
///
/// # Errors
/// When the file cannot be read or is not understood.
pub fn load(folder: &Path) -> io::Result<Vec<SavedView>> {
    match std::fs::read_to_string(folder.join(FILE)) {
        Ok(text) => {
            let file: File = toml::from_str(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            Ok(file.view.into_iter().take(MOST).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
        Err(error) => Err(error),
    }
}

/// Writes them, whole or not at all.
///
/// # Errors
/// When the folder cannot be written.
pub fn save(folder: &Path, views: &[SavedView]) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let text = toml::to_string(&File { view: views.iter().take(MOST).cloned().collect() }).map_err(io::Error::other)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(folder.join(FILE)).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()).unwrap(), vec![]);
        let views = vec![SavedView { name: "存疑".into(), filter: "score:doubtful sort:risk \"x\"".into() }];
        save(folder.path(), &views).unwrap();
        save(folder.path(), &views).unwrap();
        assert_eq!(load(folder.path()).unwrap(), views);
        std::fs::write(folder.path().join(FILE), "view = 3").unwrap();
        assert_eq!(load(folder.path()).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_students_number_is_no_name() {
        assert!(may_name("存疑 2027") && may_name("a"));
        assert!(!may_name("20270101") && !may_name("  ") && !may_name("张 ６１０１０２"));
    }
}
