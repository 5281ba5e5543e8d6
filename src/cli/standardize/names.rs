//! Which finished photo belongs to which input: a name stays its input's from run to run, and a file that is not ours is never written over.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::journal::Journal;
use crate::cli::pictures;
use crate::photo;

/// What an input's finished photo is called, and where the input lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    /// As `place` tells it.
    pub place: String,
}

/// Leaves out finished photos of earlier runs, where the output folder is also one of those that are looked through. They are known by their
/// bytes: a new source under a name of ours is a source.
pub fn without_own(files: Vec<PathBuf>, inputs: &[PathBuf], folder: &Path, journal: &Journal) -> Vec<PathBuf> {
    let Ok(own) = folder.canonicalize() else { return files };
    let is_own = |file: &PathBuf| {
        let named = inputs.contains(file);
        let here = file.parent().and_then(|parent| parent.canonicalize().ok()).is_some_and(|parent| parent == own);
        !named && here && file.file_name().is_some_and(|name| journal.is_own(&name.to_string_lossy()))
    };
    files.into_iter().filter(|file| !is_own(file)).collect()
}

/// SHA-256 of an input's absolute path: tells two files of one name apart, and nobody what they are called.
#[must_use]
pub fn place(input: &Path) -> String {
    let absolute = std::path::absolute(input).unwrap_or_else(|_| input.to_owned());
    let folder = absolute.parent().and_then(|parent| parent.canonicalize().ok());
    let whole = folder.zip(absolute.file_name()).map_or(absolute.clone(), |(folder, name)| folder.join(name));
    photo::content_hash(whole.as_os_str().as_encoded_bytes())
}

/// One name an input: the one it had in an earlier run, else its stem, numbered where that belongs to another input or to a file not ours.
pub fn assign(inputs: &[PathBuf], folder: &Path, journal: &Journal) -> Vec<Named> {
    let sources = inputs.iter().filter_map(|input| input.canonicalize().ok()).collect();
    let mut taken = Taken { folder, journal, sources, names: HashSet::new() };
    let places: Vec<String> = inputs.iter().map(|input| place(input)).collect();
    let mut earlier = journal.names_of_places();
    let mut again = |place: &String| earlier.get_mut(place)?.find(|name| taken.take(name));
    // All of these first: a new input must not be given the name of an old one that comes after it.
    let kept: Vec<Option<String>> = places.iter().map(&mut again).collect();
    // Where to begin counting: a thousand folders with a 1.jpg each would be counted through a thousand times.
    let mut next: HashMap<String, usize> = HashMap::new();
    let named = inputs.iter().zip(places).zip(kept).map(|((input, place), kept)| {
        let name = kept.unwrap_or_else(|| {
            let stem = input.file_stem().unwrap_or_default().to_string_lossy();
            let first = next.entry(stem.to_lowercase()).or_insert(1);
            while taken.has(&numbered(&stem, *first)) {
                *first += 1;
            }
            let content = LazyCell::new(|| pictures::read(input).ok().map(|bytes| photo::content_hash(&bytes)));
            let is_anothers = |name: &str| {
                journal.bound(name).is_some_and(|bound| bound.place != place && content.as_deref() != Some(bound.input_sha256.as_str()))
            };
            let mut names = (*first..).map(|number| numbered(&stem, number));
            names.find(|name| !is_anothers(name) && taken.take(name)).expect("there is always another number")
        });
        Named { name, place }
    });
    named.collect()
}

fn numbered(stem: &str, number: usize) -> String {
    if number == 1 { format!("{stem}.jpg") } else { format!("{stem}-{number}.jpg") }
}

/// Names that no further input can have.
struct Taken<'a> {
    folder: &'a Path,
    journal: &'a Journal,
    sources: HashSet<PathBuf>,
    /// In small letters: folders that ignore case would let A.jpg overwrite a.jpg.
    names: HashSet<String>,
}

impl Taken<'_> {
    fn has(&self, name: &str) -> bool {
        self.names.contains(&name.to_lowercase())
    }

    /// Takes a name, unless it is taken, an input's own, or that of a file which is not ours.
    fn take(&mut self, name: &str) -> bool {
        let is_source = || self.folder.join(name).canonicalize().is_ok_and(|path| self.sources.contains(&path));
        !self.has(name) && {
            let free = !is_source() && self.journal.is_free(name);
            self.names.insert(name.to_lowercase());
            free
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::standardize::record::Record;

    fn names(inputs: &[PathBuf], folder: &Path) -> Vec<String> {
        let journal = Journal::open(folder).unwrap();
        assign(inputs, folder, &journal).into_iter().map(|named| named.name).collect()
    }

    /// A source, and its finished photo as a run would leave it.
    fn finish(input: &Path, name: &str, output: Option<&[u8]>, folder: &Path) {
        let journal = Journal::open(folder).unwrap();
        let mut record = Record::of(input, name, photo::content_hash(&std::fs::read(input).unwrap()), "engine");
        record.place = place(input);
        record.output_sha256 = output.map(photo::content_hash);
        journal.append(&record).unwrap();
        if let Some(output) = output {
            std::fs::write(folder.join(name), output).unwrap();
        }
    }

    #[test]
    fn no_two_inputs_share_an_output_and_no_input_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("a.jpg");
        std::fs::write(&own, b"x").unwrap();
        let inputs = [own.clone(), "other/a.png".into(), "third/A.webp".into(), "b.tar.gz".into(), "x/a-2.png".into()];
        let names = names(&inputs, folder.path());
        assert_eq!(names[..4], ["a-2.jpg", "a-3.jpg", "A-4.jpg", "b.tar.jpg"]);
        let distinct: HashSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn finished_photos_in_a_folder_are_no_inputs_but_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("a.jpg");
        std::fs::write(&source, b"source").unwrap();
        finish(&source, "a-2.jpg", Some(b"finished"), folder.path());
        let journal = Journal::open(folder.path()).unwrap();
        let inputs = [folder.path().to_owned()];
        let own = folder.path().join("a-2.jpg");
        assert_eq!(without_own(pictures::collect(&inputs), &inputs, folder.path(), &journal), std::slice::from_ref(&source));
        let named = [own.clone()];
        assert_eq!(without_own(pictures::collect(&named), &named, folder.path(), &journal), named);

        std::fs::write(&own, b"a new source").unwrap();
        let files = without_own(pictures::collect(&inputs), &inputs, folder.path(), &journal);
        assert_eq!(files, [own, source], "somebody put a source under a name of ours");
        let names: Vec<String> = assign(&files, folder.path(), &journal).into_iter().map(|named| named.name).collect();
        assert_eq!(names, ["a-2-2.jpg", "a-3.jpg"], "and it is not written over");
    }

    #[test]
    fn a_file_that_is_not_ours_keeps_its_name() {
        let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let source = home.path().join("a.png");
        std::fs::write(&source, b"source").unwrap();
        std::fs::write(folder.path().join("a.jpg"), b"somebody's").unwrap();
        std::fs::create_dir(folder.path().join("a-2.jpg")).unwrap();
        assert_eq!(names(std::slice::from_ref(&source), folder.path()), ["a-3.jpg"]);
        finish(&source, "a-3.jpg", Some(b"finished"), folder.path());
        assert_eq!(names(std::slice::from_ref(&source), folder.path()), ["a-3.jpg"]);
        std::fs::write(folder.path().join("a-3.jpg"), b"touched").unwrap();
        assert_eq!(names(&[source], folder.path()), ["a-4.jpg"]);
    }

    #[test]
    fn a_name_stays_its_inputs_from_run_to_run() {
        let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let [one, two, three] = ["u1", "u2", "u3"].map(|sub| {
            std::fs::create_dir(home.path().join(sub)).unwrap();
            let path = home.path().join(sub).join("1.jpg");
            std::fs::write(&path, sub).unwrap();
            path
        });
        finish(&one, "1.jpg", Some(b"first"), folder.path());
        assert_eq!(names(std::slice::from_ref(&two), folder.path()), ["1-2.jpg"], "another person is no newer version of the first");
        finish(&two, "1-2.jpg", None, folder.path());
        let all = [three.clone(), two.clone(), one.clone()];
        assert_eq!(names(&all, folder.path()), ["1-3.jpg", "1-2.jpg", "1.jpg"], "in whatever order");

        std::fs::write(&one, b"taken again").unwrap();
        assert_eq!(names(std::slice::from_ref(&one), folder.path()), ["1.jpg"], "one file in a new version");
        std::fs::write(&three, b"u2").unwrap();
        assert_eq!(names(&[three], folder.path()), ["1-2.jpg"], "the same content, moved");
    }
}
