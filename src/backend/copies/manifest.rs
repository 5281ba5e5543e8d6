//! What a copy says of itself, and the list of its pictures.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::Path,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    CopyError, PICTURES,
    files::{self, Sum},
};

pub const MANIFEST: &str = "manifest.json";
pub const LIST: &str = "pictures.sha256";

/// The form of copies that this program makes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// What a copy says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// The version of the tables.
    pub tables: i64,
    pub made_at: Timestamp,
    pub database: Sum,
    pub pictures: Pictures,
    /// Rows of the copied database.
    pub counts: BTreeMap<String, i64>,
    /// What the database names and the copy does not have.
    #[serde(default)]
    pub absent: Vec<Absent>,
}

/// The pictures of a copy, all together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pictures {
    pub number: u64,
    pub bytes: u64,
    /// Of these, how many were not read again but are shared with the copy before.
    pub shared: u64,
    /// What the list of them is known by.
    pub list: Sum,
}

/// A picture that the copy does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    pub name: String,
    pub why: Why,
}

/// Why a picture is not in a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The storage had lost it.
    Missing,
    /// It was removed after the copy began, as its time was over.
    Removed,
}

impl Manifest {
    /// Reads the manifest of a copy.
    pub fn read(copy: &Path) -> Result<Manifest, CopyError> {
        /// All that is sure of any form.
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let bytes = fs::read(copy.join(MANIFEST)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CopyError::NoManifest(copy.to_owned()),
            _ => files::about(&copy.join(MANIFEST))(error),
        })?;
        let form: Form = serde_json::from_slice(&bytes).map_err(|_| CopyError::Manifest)?;
        if form.format > FORMAT {
            return Err(CopyError::Newer);
        }
        serde_json::from_slice(&bytes).map_err(|_| CopyError::Manifest)
    }

    /// Writes it, last of all: whole or not at all.
    pub fn write(&self, copy: &Path) -> io::Result<()> {
        let unfinished = copy.join("manifest.unfinished");
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        files::write(&unfinished, &json)?;
        fs::rename(unfinished, copy.join(MANIFEST))?;
        files::sync_folder(copy)?;
        match copy.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => files::sync_folder(parent),
            None => files::sync_folder(Path::new(".")),
        }
    }
}

/// A picture in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    pub sha256: String,
}

impl Listed {
    /// Its line.
    pub fn line(&self) -> String {
        format!("{}  {}\n", self.sha256, path_of(&self.name))
    }

    fn parse(line: &str) -> Option<Listed> {
        let (sha256, path) = line.split_once("  ")?;
        let name = path.rsplit('/').next()?;
        // What this program never wrote is not followed to wherever it leads.
        (path == path_of(name) && name.is_ascii()).then(|| Listed { name: name.to_owned(), sha256: sha256.to_owned() })
    }
}

/// Where a picture lies, below a copy.
pub fn path_of(name: &str) -> String {
    format!("{PICTURES}/{}/{name}", name.get(..2).unwrap_or("no"))
}

/// The list of a copy, a line at a time, by name.
pub struct List(io::Lines<BufReader<File>>);

impl List {
    pub fn open(copy: &Path) -> Result<List, CopyError> {
        let path = copy.join(LIST);
        Ok(List(BufReader::new(File::open(&path).map_err(files::about(&path))?).lines()))
    }

    /// The next of them.
    pub fn next(&mut self) -> Result<Option<Listed>, CopyError> {
        let Some(line) = self.0.next() else { return Ok(None) };
        let line = line.map_err(files::about(Path::new(LIST)))?;
        Listed::parse(&line).map(Some).ok_or(CopyError::Manifest)
    }

    /// The next so many.
    pub fn page(&mut self, most: usize) -> Result<Vec<Listed>, CopyError> {
        let mut page = vec![];
        while page.len() < most {
            match self.next()? {
                Some(listed) => page.push(listed),
                None => break,
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_and_nothing_else_is() {
        let listed = Listed { name: "ab".repeat(32), sha256: "0".repeat(64) };
        assert_eq!(Listed::parse(listed.line().trim_end()), Some(listed.clone()));
        for line in ["", "0  /etc/passwd", "0  blobs/../master.key", "0  blobs/ab/cd", &listed.line().replace("  ", " ")] {
            assert_eq!(Listed::parse(line.trim_end()), None, "{line}");
        }
    }

    #[test]
    fn a_manifest_of_a_newer_form_is_told_from_a_broken_one() {
        let copy = tempfile::tempdir().unwrap();
        let read = || Manifest::read(copy.path()).unwrap_err().code();
        assert_eq!(read(), "no_manifest");
        for (text, code) in [("{", "manifest"), ("{\"format\": 1}", "manifest"), ("{\"format\": 2, \"what\": []}", "newer")] {
            fs::write(copy.path().join(MANIFEST), text).unwrap();
            assert_eq!(read(), code, "{text}");
        }
    }
}
