//! What a report leaves in the output folder beside the photos: the page and the small pictures. They are known from what somebody else put
//! there, so that only what is ours is written over or removed.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::cli::pictures::{self, Problem, Readers};
use crate::photo;

/// By this a page of ours is known from a file that somebody else put there.
pub const GENERATOR: &str = "<meta name=\"generator\" content=\"zhaoshen\">";
pub const FOLDER: &str = "report";
/// The box of a small picture: what the page shows, for screens of twice the density.
const PREVIEW: (u32, u32, u8) = (270, 360, 70);

/// Where a report and its small pictures lie.
#[derive(Debug)]
pub struct Previews {
    output: PathBuf,
}

impl Previews {
    /// In an output folder.
    #[must_use]
    pub fn new(output: &Path) -> Previews {
        Previews { output: output.to_owned() }
    }

    /// The small picture of the source of this content. Its name tells nothing of whose it is.
    #[must_use]
    pub fn path(&self, sha256: &str) -> PathBuf {
        self.output.join(FOLDER).join(preview_name(sha256))
    }

    /// Makes the small picture of a source.
    ///
    /// # Errors
    /// A file that cannot be read, a folder that cannot be written.
    pub fn write(&self, source: &[u8], sha256: &str) -> Result<(), Problem> {
        let (width, height, quality) = PREVIEW;
        let small = photo::preview(source, width, height, quality)?;
        let folder = self.output.join(FOLDER);
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(Problem::Write)?;
        pictures::restrict(&folder, 0o700);
        pictures::write_with(&self.path(sha256), Readers::OwnerAlone, |file| file.write_all(&small))
    }
}

/// Where the page of a folder lies: `report.html`, or numbered where that is somebody else's.
#[derive(Debug)]
pub struct Pages {
    output: PathBuf,
    /// Pages of earlier runs.
    own: Vec<PathBuf>,
    free: PathBuf,
}

impl Pages {
    /// Looks which pages an output folder has.
    #[must_use]
    pub fn of(output: &Path) -> Pages {
        let mut own = Vec::new();
        let names = (1..).map(|number| if number == 1 { "report.html".to_owned() } else { format!("report-{number}.html") });
        for path in names.map(|name| output.join(name)) {
            if std::fs::symlink_metadata(&path).is_err() {
                return Pages { output: output.to_owned(), own, free: path };
            }
            if is_page(&path) {
                own.push(path);
            }
        }
        unreachable!("no folder has a file of every number")
    }

    /// The page that this run writes.
    #[must_use]
    pub fn page(&self) -> &Path {
        self.own.first().unwrap_or(&self.free)
    }

    /// Removes every page of an earlier run but the one that this run writes.
    ///
    /// # Errors
    /// What the file system says.
    pub fn remove_others(&self) -> io::Result<()> {
        self.own.iter().skip(1).try_for_each(std::fs::remove_file)
    }

    /// Removes the pages of earlier runs and every small picture.
    ///
    /// # Errors
    /// What the file system says.
    pub fn remove(&self) -> io::Result<()> {
        self.own.iter().try_for_each(std::fs::remove_file)?;
        self.clear(&HashSet::new())
    }

    /// Removes what no card shows: small pictures but those of these names, and what a killed run left half written.
    ///
    /// # Errors
    /// What the file system says.
    pub fn clear(&self, shown: &HashSet<String>) -> io::Result<()> {
        let folder = self.output.join(FOLDER);
        let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(()) };
        pictures::remove_unfinished(&folder)?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_preview_name(&name) && !shown.contains(&name) {
                std::fs::remove_file(entry.path())?;
            }
        }
        // Only an empty folder goes.
        let _ = std::fs::remove_dir(&folder);
        Ok(())
    }
}

/// Whether a file is a page of ours, by its head.
fn is_page(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
    read.is_ok() && String::from_utf8_lossy(&head).contains(GENERATOR)
}

fn is_preview_name(name: &str) -> bool {
    name.strip_suffix(".jpg").is_some_and(|stem| stem.len() == 32 && stem.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

/// The name of the small picture of the source of this content.
#[must_use]
pub fn preview_name(sha256: &str) -> String {
    format!("{}.jpg", &sha256[..sha256.len().min(32)])
}
