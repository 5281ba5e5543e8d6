//! What the picture commands share: which files are meant, reading and writing them, telling a problem.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Context, Exit};
use crate::photo::{MAX_BYTES, PhotoError};

/// Extensions of files in a folder that are taken for pictures; a file named on the command line is taken whatever its name.
const EXTENSIONS: [&str; 15] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "heic", "heif", "avif", "gif", "bmp", "tif", "tiff", "mpo", "jxl"];

/// Why one file could not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Photo(#[from] PhotoError),
    #[error("{0}")]
    Read(std::io::Error),
    #[error("{0}")]
    Write(std::io::Error),
}

impl Problem {
    /// The stable code; its text is `problem.<code>`.
    pub fn code(&self) -> &'static str {
        match self {
            Problem::Photo(error) => error.code(),
            Problem::Read(error) if error.kind() == std::io::ErrorKind::NotFound => "file_not_found",
            Problem::Read(_) => "file_unreadable",
            Problem::Write(error) if is_full(error) => "disk_full",
            Problem::Write(_) => "file_unwritable",
        }
    }

    /// The parameters of its text.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        match self {
            Problem::Photo(error) => error.parameters(),
            Problem::Read(error) | Problem::Write(error) => vec![("error", error.to_string())],
        }
    }

    /// What to tell the user.
    pub fn text(&self, context: &Context) -> String {
        problem_text(context, self.code(), &self.parameters())
    }

    /// A picture that is none was refused; what the machine could not do failed.
    pub fn exit(&self) -> Exit {
        match self {
            Problem::Photo(PhotoError::Inference { .. }) | Problem::Read(_) | Problem::Write(_) => Exit::Failed,
            Problem::Photo(_) => Exit::Refused,
        }
    }
}

/// Whether nothing more can be written, to this file or to any other.
pub fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem)
}

/// The text of a problem's code.
pub fn problem_text(context: &Context, code: &str, parameters: &[(&'static str, String)]) -> String {
    let borrowed: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    context.text(&format!("problem.{code}"), &borrowed)
}

/// The files meant by the arguments: files as they are named, folders by the pictures right in them, in order of name.
pub fn collect(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        let Ok(entries) = std::fs::read_dir(path) else {
            files.push(path.clone());
            continue;
        };
        let mut inside: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file() && is_picture(path)).collect();
        inside.sort();
        files.extend(inside);
    }
    files
}

fn is_picture(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|extension| EXTENSIONS.contains(&extension.to_string_lossy().to_ascii_lowercase().as_str()))
}

/// Reads a file unless it is larger than any picture that is opened.
pub fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(Problem::Read)?;
    let mut bytes = Vec::new();
    // One byte more than allowed is enough for the engine to say so, whatever the file's length claims.
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(Problem::Read)?;
    Ok(bytes)
}

/// How names of files begin that are still being written.
pub const UNFINISHED: &str = ".zhaoshen-";

/// Who may read a written file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    Everybody,
    OwnerAlone,
}

/// Lets `fill` write a file that appears under its name when it is whole.
pub fn write_with(path: &Path, readers: Readers, fill: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>) -> Result<(), Problem> {
    Whole::write(path, readers, fill)?.put_in_place()
}

/// A file that is written and not yet to be seen under its name. Dropped, it was never there.
#[derive(Debug)]
pub struct Whole<'a> {
    file: tempfile::NamedTempFile,
    path: &'a Path,
}

impl Whole<'_> {
    /// Lets `fill` write it beside its place.
    pub fn write(
        path: &Path,
        readers: Readers,
        fill: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>,
    ) -> Result<Whole<'_>, Problem> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(Problem::Write)?;
        fill(file.as_file_mut()).map_err(Problem::Write)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = if readers == Readers::Everybody { 0o644 } else { 0o600 };
            file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).map_err(Problem::Write)?;
        }
        Ok(Whole { file, path })
    }

    /// Gives it its name.
    pub fn put_in_place(self) -> Result<(), Problem> {
        self.file.persist(self.path).map(drop).map_err(|error| Problem::Write(error.error))
    }
}

/// Removes what was left half written in a folder by runs that were killed. A folder that is not there holds nothing.
pub fn remove_unfinished(folder: &Path) -> std::io::Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Makes what was there before its owner's alone, where the file system can.
#[cfg(unix)]
pub fn restrict(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let wider = |metadata: std::fs::Metadata| metadata.permissions().mode() & 0o777 != mode;
    if std::fs::metadata(path).is_ok_and(wider) {
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    }
}

/// Elsewhere a file has the rights of its folder.
#[cfg(not(unix))]
pub fn restrict(_path: &Path, _mode: u32) {}

/// A file's name made safe for a terminal.
pub fn shown(path: &Path) -> String {
    super::remote::visible(&path.to_string_lossy())
}

/// One line on stdout. A reader that went away ends nothing: the files are still written.
pub fn line(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// One line on stderr. Nobody there to read it is no reason to panic: the exit code tells too.
pub fn error_line(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_pictures_and_files_give_themselves() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.JPG", "a.png", ".hidden.jpg", "notes.txt"] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        let named = folder.path().join("notes.txt");
        let files = collect(&[folder.path().to_owned(), named.clone()]);
        assert_eq!(files, [folder.path().join("a.png"), folder.path().join("b.JPG"), named]);
    }

    #[test]
    fn a_written_file_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jpg");
        let write = |text: &'static str| Whole::write(&path, Readers::Everybody, |file| std::io::Write::write_all(file, text.as_bytes()));
        write("one").unwrap().put_in_place().unwrap();
        let unseen = write("two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        drop(unseen);
        assert_eq!((std::fs::read(&path).unwrap(), std::fs::read_dir(folder.path()).unwrap().count()), (b"one".to_vec(), 1));
        write("three").unwrap().put_in_place().unwrap();
        std::fs::write(folder.path().join(format!("{UNFINISHED}left")), b"half").unwrap();
        remove_unfinished(folder.path()).unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), std::fs::read_dir(folder.path()).unwrap().count()), (b"three".to_vec(), 1));
    }

    #[test]
    fn names_cannot_speak_to_the_terminal() {
        assert_eq!(shown(Path::new("a\x1b[2Jb")), "a\u{FFFD}[2Jb");
    }
}
