//! A folder of photos: which files are whose. Looks at names only; the pictures are the engine's business.
//!
//! A file belongs to the student that its stem names: an ID number or a student number, in any case of letters.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::remote::visible;
use crate::domain::resident_id::mask_number;

/// Folders within folders are followed this far: units, classes, and some air.
const DEEPEST: usize = 6;
/// What the engine can read.
const SUPPORTED: [&str; 6] = ["jpg", "jpeg", "png", "webp", "heic", "heif"];
/// Pictures it cannot read: told, so that nobody wonders where they went.
const UNSUPPORTED: [&str; 8] = ["avif", "bmp", "gif", "tif", "tiff", "jp2", "raw", "dng"];

/// A photo and the student its name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Photo {
    /// An ID number or a student number.
    pub student: String,
    pub path: PathBuf,
}

/// What a folder holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Folder {
    /// In the order of their students.
    pub photos: Vec<Photo>,
    /// Pictures of kinds that cannot be read.
    pub unsupported: Vec<PathBuf>,
    /// Files that stand for the same student; none of them is taken, for nobody knows which one is meant.
    pub twice: Vec<Vec<PathBuf>>,
}

/// The form in which two stems are compared.
pub(super) fn key(student: &str) -> String {
    student.trim().to_lowercase()
}

/// Looks through a folder and those in it. Hidden files and links to folders are passed over, other kinds of files too.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn scan(folder: &Path) -> io::Result<Folder> {
    let mut found: BTreeMap<String, Vec<Photo>> = BTreeMap::new();
    let mut unsupported = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                if depth < DEEPEST {
                    open.push((path, depth + 1));
                }
                continue;
            }
            if !(kind.is_file() || kind.is_symlink() && path.is_file()) {
                continue;
            }
            let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().trim().to_owned()).unwrap_or_default();
            if SUPPORTED.contains(&extension.as_str()) && !stem.is_empty() {
                found.entry(key(&stem)).or_default().push(Photo { student: stem, path });
            } else if UNSUPPORTED.contains(&extension.as_str()) {
                unsupported.push(path);
            }
        }
    }
    unsupported.sort();
    let mut result = Folder { unsupported, ..Folder::default() };
    for mut photos in found.into_values() {
        if photos.len() == 1 {
            result.photos.append(&mut photos);
        } else {
            let mut paths: Vec<PathBuf> = photos.into_iter().map(|photo| photo.path).collect();
            paths.sort();
            result.twice.push(paths);
        }
    }
    Ok(result)
}

/// A file's name for the user's screen: ID numbers in it are masked, and nothing in it can drive a terminal.
pub(super) fn shown(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_part_of_number = |c: char| c.is_ascii_digit() || ('０'..='９').contains(&c) || matches!(c, 'x' | 'X' | 'Ｘ' | 'ｘ');
    let (mut out, mut run) = (String::new(), String::new());
    for c in name.chars().map(Some).chain([None]) {
        match c {
            Some(c) if is_part_of_number(c) => run.push(c),
            other => {
                // The old ID numbers had 15 digits; student numbers are shorter.
                out.push_str(&if run.chars().count() >= 15 { mask_number(&run) } else { std::mem::take(&mut run) });
                run.clear();
                out.extend(other);
            }
        }
    }
    visible(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn files_find_their_students() {
        let folder = make(&[
            "99000019950615004x.JPG",
            "城东/23001.jpeg",
            "城西/A-7 .png",
            "a-8.jpg",
            "A-8.webp",
            "iphone.HEIC",
            "chart.gif",
            "notes.txt",
            ".hidden.jpg",
            "Thumbs.db",
        ]);
        let found = scan(folder.path()).unwrap();
        let students: Vec<&str> = found.photos.iter().map(|photo| photo.student.as_str()).collect();
        assert_eq!(students, ["23001", "99000019950615004x", "A-7", "iphone"]);
        assert_eq!((found.unsupported.len(), found.twice.len(), found.twice[0].len()), (1, 1, 2));
        assert!(scan(&folder.path().join("nowhere")).is_err());
    }

    #[test]
    fn id_numbers_are_masked_wherever_they_stand_in_a_name() {
        assert_eq!(shown(Path::new("/x/990000199001010017.jpg")), "9900**********0017.jpg");
        assert_eq!(shown(Path::new("张-99000019950615004x (1).png")), "张-9900**********004x (1).png");
        assert_eq!(shown(Path::new("230001.jpg")), "230001.jpg");
        assert_eq!(shown(Path::new("a\u{1b}[2J.jpg")), "a\u{fffd}[2J.jpg");
    }
}
