//! `standardize FILE_OR_DIR… -o DIR`: brings photos to the standard, or says why not; takes up where an earlier run was cut short.

mod journal;
mod names;
mod pages;
mod record;
mod report;
mod summary;

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use self::journal::{Journal, JournalError};
use self::names::Named;
use self::pages::{Pages, Previews};
use self::record::{Done, Record, Status};
use self::summary::Summary;
use super::batch::{self, Batch, Worked};
use super::budget::Budget;
use super::interrupt::Stop;
use super::pictures::{self, Problem, Readers, Whole, error_line};
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
        error_line(&context.text("cli.pictures.none", &[]));
        return Exit::Usage;
    }
    let folder = &arguments.output;
    let journal = match prepare(folder) {
        Ok(journal) => journal,
        Err(JournalError::Busy) => {
            error_line(&context.text("batch.busy", &[]));
            return Exit::Failed;
        }
        Err(JournalError::Io(error)) => {
            error_line(&Problem::Write(error).text(context));
            return Exit::Failed;
        }
    };
    let files = names::without_own(named, &arguments.inputs, folder, &journal);
    if files.is_empty() {
        let nothing = context.text("batch.nothing", &[]);
        if arguments.json {
            error_line(&nothing)
        } else {
            pictures::line(&nothing)
        }
        return Exit::Done;
    }
    let engine = match Engine::new() {
        Ok(engine) => engine,
        Err(error) => {
            error_line(&error.to_string());
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
        names: names::assign(&files, folder, &journal),
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
    let pages = Pages::of(folder);
    let written = match &worker.previews {
        Some(previews) => {
            let records = files.iter().zip(&worker.names).enumerate().take(ended.done).filter_map(|(index, (file, named))| {
                let record = unwritten.get(&index).cloned().or_else(|| journal.last(&named.name))?;
                // As it is called in this run, whatever it was called when it was done.
                Some(Record { input: file.to_string_lossy().into_owned(), ..record })
            });
            report::write(previews, &pages, &standard, &summary, stopped.as_deref(), records, context)
        }
        // What an earlier run's page told may no longer be so.
        None => pages.remove().map_err(Problem::Write),
    };
    if let Err(problem) = written {
        error_line(&problem.text(context));
        exit = Exit::Failed;
    }
    if !arguments.json && files.len() > 1 {
        let _ = summary.write(start.elapsed(), context, &mut io::stdout().lock());
        if exit != Exit::Failed && !arguments.no_report {
            pictures::line(&context.text("batch.report_at", &[("path", &pictures::shown(pages.page()))]));
        }
    }
    if let Some(stopped) = stopped {
        error_line(&stopped);
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
    pictures::remove_unfinished(folder)?;
    Ok(journal)
}

/// What every thread of a run shares.
struct Worker<'a> {
    engine: &'a Engine,
    /// What a result depends on beside its source.
    identity: String,
    standard: &'a Standard,
    folder: &'a Path,
    /// The finished photos' names, one a file.
    names: Vec<Named>,
    journal: &'a Journal,
    previews: Option<Previews>,
    budget: Budget,
    stop: Stop,
}

impl Worker<'_> {
    fn work(&self, index: usize, path: &Path) -> Worked<Done> {
        let (start, named) = (Instant::now(), &self.names[index]);
        let failed = |hash: String, problem: &Problem| {
            if let Problem::Write(error) = problem
                && pictures::is_full(error)
            {
                // No later file could be written either.
                self.stop.ask();
            }
            let mut record = self.record(path, named, hash).with_problem(problem);
            record.ms = start.elapsed().as_millis() as u64;
            Worked { result: Done { record, resumed: false, exit: Exit::Failed }, anew: true }
        };
        let bytes = match pictures::read(path) {
            Ok(bytes) => bytes,
            Err(problem) => return failed(String::new(), &problem),
        };
        let hash = photo::content_hash(&bytes);
        if let Some(record) = self.journal.finished(&named.name, &hash, &self.identity) {
            let moved = record.place != named.place;
            let record = Record { input: path.to_string_lossy().into_owned(), place: named.place.clone(), ..record };
            if moved {
                // The name goes with its source, else a new version of that would get another. What cannot be written down is told next time.
                let _ = self.journal.append(&record);
            }
            self.preview(&bytes, &hash);
            let exit = exit_of(&record);
            return Worked { result: Done { record, resumed: true, exit }, anew: false };
        }
        match self.standardize(path, named, &bytes, hash.clone(), start) {
            Ok(record) => {
                let exit = exit_of(&record);
                Worked { result: Done { record, resumed: false, exit }, anew: true }
            }
            Err(problem) => {
                // What an earlier run made of another source, or by other rules, must not be taken for this one's.
                let _ = self.journal.remove_outdated(&named.name);
                failed(hash, &problem)
            }
        }
    }

    /// A record of a file of this run.
    fn record(&self, path: &Path, named: &Named, hash: String) -> Record {
        Record { place: named.place.clone(), ..Record::of(path, &named.name, hash, &self.identity) }
    }

    /// Does one file and writes down what became of it.
    fn standardize(&self, path: &Path, named: &Named, bytes: &[u8], hash: String, start: Instant) -> Result<Record, Problem> {
        let record = self.record(path, named, hash);
        let outcome = {
            let _permit = self.budget.take(photo::pixels(bytes).unwrap_or(0));
            let outcome = self.engine.standardize(bytes, self.standard);
            if outcome.is_ok() {
                self.write_preview(bytes, &record.input_sha256);
            }
            outcome
        };
        let target = self.folder.join(&named.name);
        let (mut record, photo) = match outcome {
            Ok(outcome) => {
                let (photo, output) = match &outcome {
                    Outcome::Standardized { jpeg, .. } => {
                        let photo = Whole::write(&target, Readers::Everybody, |file| file.write_all(jpeg))?;
                        (Some(photo), Some(photo::content_hash(jpeg)))
                    }
                    Outcome::Refused { .. } => (None, None),
                };
                (record.with_outcome(outcome, output), photo)
            }
            // The machine's fault and not the photo's: worth another try.
            Err(error @ PhotoError::Inference { .. }) => return Err(error.into()),
            Err(error) => (record.with_problem(&Problem::Photo(error)), None),
        };
        if photo.is_none() {
            self.journal.remove_outdated(&named.name).map_err(Problem::Write)?;
        } else if !self.journal.is_free(&named.name) {
            // Somebody put a file there while the run went on. The next run finds another name.
            return Err(Problem::Write(io::ErrorKind::AlreadyExists.into()));
        }
        record.ms = start.elapsed().as_millis() as u64;
        // First the line, then the photo: who is killed between them leaves no photo that nobody knows.
        self.journal.append(&record).map_err(Problem::Write)?;
        photo.map_or(Ok(()), Whole::put_in_place)?;
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
