//! `standardize FILE_OR_DIR… -o DIR`: brings photos to the standard, or says why not; takes up where an earlier run was cut short.

mod journal;
mod record;
mod report;
mod summary;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use self::journal::{Journal, JournalError};
use self::record::{Done, Record, Status};
use self::report::Previews;
use self::summary::Summary;
use super::batch::{self, Batch, Worked};
use super::budget::Budget;
use super::interrupt::Stop;
use super::pictures::{self, Problem};
use super::{Context, Exit};
use crate::photo::{self, Engine, Outcome, PhotoError, Standard};

/// Arguments of `standardize`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(required = true, value_name = "FILE|DIR")]
    inputs: Vec<PathBuf>,
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    #[arg(long, value_name = "NAME", default_value = "chsi-blue", value_parser = clap::builder::PossibleValuesParser::new(Standard::names()))]
    standard: String,
    #[arg(long)]
    no_report: bool,
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    let named = pictures::collect(&arguments.inputs);
    if named.is_empty() {
        eprintln!("{}", context.text("cli.pictures.none", &[]));
        return Exit::Usage;
    }
    let folder = &arguments.output;
    let journal = match prepare(folder) {
        Ok(journal) => journal,
        Err(JournalError::Busy) => {
            eprintln!("{}", context.text("batch.busy", &[]));
            return Exit::Failed;
        }
        Err(JournalError::Io(error)) => {
            eprintln!("{}", Problem::Write(error).text(context));
            return Exit::Failed;
        }
    };
    let files = without_own(named, &arguments.inputs, folder, &journal);
    let engine = match Engine::new() {
        Ok(engine) => engine,
        Err(error) => {
            eprintln!("{error}");
            return Exit::Failed;
        }
    };
    let standard = Standard::builtin(&arguments.standard).unwrap_or_default();
    let start = Instant::now();
    let worker = Worker {
        engine: &engine,
        identity: photo::identity(&standard),
        standard: &standard,
        folder,
        names: output_names(&files, folder),
        journal: &journal,
        previews: (!arguments.no_report).then(|| Previews::new(folder)),
        budget: Budget::for_cores(batch::cores()),
        stop: Stop::on_interrupt(context),
    };
    let seen = Mutex::new((Summary::default(), HashMap::new()));
    let print = |path: &Path, done: Done| {
        pictures::line(&if arguments.json { done.json_line(path, folder) } else { done.human_line(path, folder, context) });
        let (summary, unwritten) = &mut *seen.lock().expect("no holder of this lock panics");
        summary.add(&done);
        let exit = done.exit;
        if exit == Exit::Failed {
            unwritten.insert(summary.files() - 1, done.record);
        }
        exit
    };
    let batch = Batch { files: &files, context, stop: &worker.stop, bar: !arguments.json };
    let ended = batch.run(|index, path| worker.work(index, path), print);
    let (summary, unwritten) = seen.into_inner().expect("no holder of this lock panics");
    let mut exit = ended.worst;
    // What could not be read or written is no more done than what was not begun.
    let stopped = (ended.done < files.len()).then(|| stopped(ended.done - unwritten.len(), files.len(), context));
    if let Some(previews) = &worker.previews {
        let records = worker.names[..ended.done].iter().enumerate();
        let records = records.filter_map(|(index, name)| unwritten.get(&index).cloned().or_else(|| journal.last(name)));
        if let Err(problem) = report::write(previews, &standard, &summary, stopped.as_deref(), records, context) {
            eprintln!("{}", problem.text(context));
            exit = Exit::Failed;
        }
    }
    if !arguments.json && files.len() > 1 {
        let _ = summary.write(start.elapsed(), context, &mut io::stdout().lock());
        if exit != Exit::Failed
            && let Some(previews) = &worker.previews
        {
            pictures::line(&context.text("batch.report_at", &[("path", &pictures::shown(&previews.page()))]));
        }
    }
    if let Some(stopped) = stopped {
        eprintln!("{stopped}");
        exit = Exit::Failed;
    }
    exit
}

/// How far a run came that ended early, and how to go on.
fn stopped(done: usize, files: usize, context: &Context) -> String {
    context.text("batch.stopped", &[("done", &done.to_string()), ("files", &files.to_string())])
}

/// Makes the output folder, takes its journal, and clears away what a run that was killed left half written.
fn prepare(folder: &Path) -> Result<Journal, JournalError> {
    std::fs::create_dir_all(folder)?;
    let journal = Journal::open(folder)?;
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(pictures::UNFINISHED) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(journal)
}

/// Leaves out finished photos of earlier runs, where the output folder is also one of those that are looked through.
fn without_own(files: Vec<PathBuf>, inputs: &[PathBuf], folder: &Path, journal: &Journal) -> Vec<PathBuf> {
    let Ok(own) = folder.canonicalize() else { return files };
    let is_own = |file: &PathBuf| {
        let named = inputs.contains(file);
        let here = file.parent().and_then(|parent| parent.canonicalize().ok()).is_some_and(|parent| parent == own);
        !named && here && file.file_name().is_some_and(|name| journal.made(&name.to_string_lossy()))
    };
    files.into_iter().filter(|file| !is_own(file)).collect()
}

/// One name an input: its stem, numbered where another input has the same, and never an input itself.
fn output_names(inputs: &[PathBuf], folder: &Path) -> Vec<String> {
    let sources: HashSet<PathBuf> = inputs.iter().filter_map(|input| input.canonicalize().ok()).collect();
    // Folders that ignore case would let A.jpg overwrite a.jpg.
    let mut taken = HashSet::new();
    // Where to begin counting: a thousand folders with a 1.jpg each would be counted through a thousand times.
    let mut next: HashMap<String, usize> = HashMap::new();
    let names = inputs.iter().map(|input| {
        let stem = input.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let number = next.entry(stem.to_lowercase()).or_insert(1);
        loop {
            let name = if *number == 1 { format!("{stem}.jpg") } else { format!("{stem}-{number}.jpg") };
            *number += 1;
            let is_source = folder.join(&name).canonicalize().is_ok_and(|path| sources.contains(&path));
            if !is_source && taken.insert(name.to_lowercase()) {
                return name;
            }
        }
    });
    names.collect()
}

/// What every thread of a run shares.
struct Worker<'a> {
    engine: &'a Engine,
    /// What a result depends on beside its source.
    identity: String,
    standard: &'a Standard,
    folder: &'a Path,
    /// The finished photos' names, one a file.
    names: Vec<String>,
    journal: &'a Journal,
    previews: Option<Previews>,
    budget: Budget,
    stop: Stop,
}

impl Worker<'_> {
    fn work(&self, index: usize, path: &Path) -> Worked<Done> {
        let (start, name) = (Instant::now(), &self.names[index]);
        let failed = |hash: String, problem: &Problem| {
            if let Problem::Write(error) = problem
                && pictures::is_full(error)
            {
                // No later file could be written either.
                self.stop.ask();
            }
            let mut record = Record::of(path, name, hash, &self.identity).with_problem(problem);
            record.ms = start.elapsed().as_millis() as u64;
            Worked { result: Done { record, resumed: false, exit: Exit::Failed }, anew: true }
        };
        let bytes = match pictures::read(path) {
            Ok(bytes) => bytes,
            Err(problem) => return failed(String::new(), &problem),
        };
        let hash = photo::content_hash(&bytes);
        if let Some(record) = self.journal.finished(name, &hash, &self.identity) {
            let record = Record { input: path.to_string_lossy().into_owned(), ..record };
            self.preview(&bytes, &hash);
            let exit = exit_of(&record);
            return Worked { result: Done { record, resumed: true, exit }, anew: false };
        }
        match self.standardize(path, name, &bytes, hash.clone(), start) {
            Ok(record) => {
                let exit = exit_of(&record);
                Worked { result: Done { record, resumed: false, exit }, anew: true }
            }
            Err(problem) => failed(hash, &problem),
        }
    }

    /// Does one file and writes down what became of it.
    fn standardize(&self, path: &Path, name: &str, bytes: &[u8], hash: String, start: Instant) -> Result<Record, Problem> {
        let mut record = Record::of(path, name, hash, &self.identity);
        let outcome = {
            let _permit = self.budget.take(photo::pixels(bytes).unwrap_or(0));
            let outcome = self.engine.standardize(bytes, self.standard);
            if outcome.is_ok() {
                self.write_preview(bytes, &record.input_sha256);
            }
            outcome
        };
        record = match outcome {
            Ok(outcome) => {
                let output = match &outcome {
                    Outcome::Standardized { jpeg, .. } => {
                        pictures::write(&self.folder.join(name), jpeg)?;
                        Some(photo::content_hash(jpeg))
                    }
                    Outcome::Refused { .. } => None,
                };
                record.with_outcome(outcome, output)
            }
            // The machine's fault and not the photo's: worth another try.
            Err(error @ PhotoError::Inference { .. }) => return Err(error.into()),
            Err(error) => record.with_problem(&Problem::Photo(error)),
        };
        if record.status != Status::Ok {
            self.journal.remove_outdated(name).map_err(Problem::Write)?;
        }
        record.ms = start.elapsed().as_millis() as u64;
        self.journal.append(&record).map_err(Problem::Write)?;
        Ok(record)
    }

    /// Makes sure of a preview of a file that was done in an earlier run, perhaps one without a report.
    fn preview(&self, bytes: &[u8], hash: &str) {
        if self.previews.as_ref().is_some_and(|previews| !previews.path(hash).exists()) {
            let _permit = self.budget.take(photo::pixels(bytes).unwrap_or(0));
            self.write_preview(bytes, hash);
        }
    }

    /// A report without one of its small pictures is still a report.
    fn write_preview(&self, bytes: &[u8], hash: &str) {
        if let Some(previews) = &self.previews {
            let _ = previews.write(bytes, hash);
        }
    }
}

/// A picture that is none was refused; what the machine could not do never gets as far as a journal.
fn exit_of(record: &Record) -> Exit {
    if record.status == Status::Ok { Exit::Done } else { Exit::Refused }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_inputs_share_an_output_and_no_input_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("a.jpg");
        std::fs::write(&own, b"x").unwrap();
        let inputs = [own.clone(), "other/a.png".into(), "third/A.webp".into(), "b.tar.gz".into(), "x/a-2.png".into()];
        let names = output_names(&inputs, folder.path());
        assert_eq!(names[..4], ["a-2.jpg", "a-3.jpg", "A-4.jpg", "b.tar.jpg"]);
        let distinct: HashSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn finished_photos_in_a_folder_are_no_inputs_but_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.jpg", "a-2.jpg"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let journal = Journal::open(folder.path()).unwrap();
        let mut record = Record::of(Path::new("a.jpg"), "a-2.jpg", String::new(), "");
        record.output_sha256 = Some(photo::content_hash(b"a-2.jpg"));
        journal.append(&record).unwrap();
        let inputs = [folder.path().to_owned()];
        let files = without_own(pictures::collect(&inputs), &inputs, folder.path(), &journal);
        assert_eq!(files, [folder.path().join("a.jpg")]);
        let named = [folder.path().join("a-2.jpg")];
        assert_eq!(without_own(pictures::collect(&named), &named, folder.path(), &journal), named);
    }
}
