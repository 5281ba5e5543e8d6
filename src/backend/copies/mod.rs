//! Copies of a house that keeps its data in SQLite: taken while it is served, brought back into an empty folder.
//!
//! ```text
//! COPY/
//!  ├ zhaoshen.db       one state of the database: that of the moment when the copy began
//!  ├ blobs/            every picture that this state names, sealed as it lies in the storage
//!  ├ pictures.sha256   a line a picture, in the form that `sha256sum -c` reads
//!  └ manifest.json     written last: without it, it is no copy
//! ```
//!
//! Pictures are immutable and are copied after the database, so that every picture the copy names is there. The master key is never part of
//! a copy, and none of this needs it.

use std::{io, path::PathBuf};

use super::{blobs::BlobError, store::StoreError, vault::VaultError};

mod bring_back;
mod files;
mod manifest;
mod take;

pub use bring_back::{BroughtBack, bring_back};
pub use manifest::{Absent, Manifest, Why};
pub use take::take;

/// The names of what is in a copy, which are those of the data folder as far as both have it.
const DATABASE: &str = "zhaoshen.db";
const PICTURES: &str = "blobs";
const KEY: &str = "master.key";

/// This many pictures are on their way at once.
const AT_ONCE: usize = 8;

/// What is wrong with one file of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Below the copy.
    pub path: String,
    pub what: What,
}

/// What may be wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Missing,
    /// It is not what the manifest says.
    Changed,
    /// The database names it and the copy does not have it.
    Unlisted,
    /// SQLite finds it damaged, though it is what was written.
    Broken,
}

impl What {
    /// The stable code; texts are in `locales/` under `copy.fault.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            What::Missing => "missing",
            What::Changed => "changed",
            What::Unlisted => "unlisted",
            What::Broken => "broken",
        }
    }

    /// Every one, for walking the texts.
    pub const ALL: [What; 4] = [What::Missing, What::Changed, What::Unlisted, What::Broken];
}

/// Why a copy was not taken or not brought back.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("there is no database in {0}")]
    NoHouse(PathBuf),
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    #[error("a copy inside of the data folder is lost with it")]
    Inside,
    #[error("there is no manifest in {0}: the copy was not finished, or this is none")]
    NoManifest(PathBuf),
    #[error("the manifest cannot be read")]
    Manifest,
    #[error("the copy was made by a newer program")]
    Newer,
    #[error("the copy is damaged")]
    Damaged(Vec<Fault>),
    #[error("what was brought back is not what was copied")]
    NotAsCopied(Vec<Fault>),
    #[error("the master key is not the one of the copy")]
    OtherKey,
    #[error("keys were changed while the copy was taken")]
    Keys,
    #[error("another process has the data folder open")]
    Locked,
    #[error("no room is left")]
    Full,
    #[error("{0} cannot be read or written: {1}")]
    File(PathBuf, io::Error),
    #[error(transparent)]
    Vault(VaultError),
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Blobs(BlobError),
}

impl CopyError {
    /// The stable code; texts are in `locales/` under `copy.<code>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            CopyError::NoHouse(_) => "no_house",
            CopyError::NotEmpty(_) => "not_empty",
            CopyError::Inside => "inside",
            CopyError::NoManifest(_) => "no_manifest",
            CopyError::Manifest => "manifest",
            CopyError::Newer => "newer",
            CopyError::Damaged(_) => "damaged",
            CopyError::NotAsCopied(_) => "not_as_copied",
            CopyError::OtherKey => "other_key",
            CopyError::Keys => "keys",
            CopyError::Locked => "locked",
            CopyError::Full => "full",
            CopyError::File(..) => "file",
            CopyError::Vault(_) => "key",
            CopyError::Store(_) => "database",
            CopyError::Blobs(_) => "blobs",
        }
    }

    /// Every code, for walking the texts.
    pub const CODES: [&str; 16] = [
        "no_house",
        "not_empty",
        "inside",
        "no_manifest",
        "manifest",
        "newer",
        "damaged",
        "not_as_copied",
        "other_key",
        "keys",
        "locked",
        "full",
        "file",
        "key",
        "database",
        "blobs",
    ];

    /// What is wrong with the files, where that is what is wrong.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        match self {
            CopyError::Damaged(faults) | CopyError::NotAsCopied(faults) => faults,
            _ => &[],
        }
    }

    /// The path that is spoken of.
    #[must_use]
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            CopyError::NoHouse(path) | CopyError::NotEmpty(path) | CopyError::NoManifest(path) | CopyError::File(path, _) => Some(path),
            _ => None,
        }
    }
}

impl From<StoreError> for CopyError {
    fn from(error: StoreError) -> CopyError {
        match error {
            StoreError::Full => CopyError::Full,
            other => CopyError::Store(other),
        }
    }
}

impl From<BlobError> for CopyError {
    fn from(error: BlobError) -> CopyError {
        match error {
            BlobError::Full => CopyError::Full,
            other => CopyError::Blobs(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Language, has_text};

    #[test]
    fn every_code_has_a_text() {
        let faults = What::ALL.iter().map(|what| format!("copy.fault.{}", what.code()));
        for key in CopyError::CODES.iter().map(|code| format!("copy.{code}")).chain(faults) {
            assert!(Language::ALL.iter().all(|language| has_text(*language, &key)), "{key}");
        }
    }
}
