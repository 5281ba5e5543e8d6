//! What an import says: to people in sentences and tables, to programs one object a line.

use std::io::{self, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use super::folder::shown;
use crate::api::problem::Problem;
use crate::api::progress::Progress;
use crate::api::roster::{MatchedBy, RosterReport, RowError};
use crate::cli::table::{Align, Table};
use crate::cli::{Context, progress, remote};

/// How many files came to which end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    pub uploaded: u64,
    pub exists: u64,
    pub unmatched: u64,
    pub unsupported: u64,
    /// Files of which several stand for one student.
    pub twice: u64,
    pub refused: u64,
    pub unreadable: u64,
    /// ID cards for which there is no photo.
    pub cards_left: u64,
}

impl Tally {
    /// Whether any file was left behind.
    pub(super) fn is_clean(self) -> bool {
        self == Tally { uploaded: self.uploaded, exists: self.exists, ..Tally::default() }
    }
}

/// Where an import reports to.
pub(super) struct Report<'a> {
    pub context: &'a Context,
    pub json: bool,
    pub out: &'a mut dyn Write,
    pub tally: Tally,
    /// Drawn on stderr, on a terminal only.
    pub bar: ProgressBar,
}

impl<'a> Report<'a> {
    pub(super) fn new(context: &'a Context, json: bool, out: &'a mut dyn Write) -> Report<'a> {
        Report { context, json, out, tally: Tally::default(), bar: ProgressBar::hidden() }
    }

    /// Starts a bar in place of the one before.
    pub(super) fn start_bar(&mut self, length: u64, key: &str) {
        self.bar.finish_and_clear();
        let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar = ProgressBar::new(length).with_style(style).with_message(self.context.text(key, &[]));
    }

    /// A sentence for people; programs learn the same from objects.
    pub(super) fn say(&mut self, key: &str, parameters: &[(&str, &str)]) -> io::Result<()> {
        let text = self.context.text(key, parameters);
        self.line(|report, out| if report { Ok(()) } else { writeln!(out, "{}", remote::visible(&text)) })
    }

    pub(super) fn object(&mut self, object: &serde_json::Value) -> io::Result<()> {
        self.line(|json, out| if json { writeln!(out, "{object}") } else { Ok(()) })
    }

    /// The bar makes room for a line.
    fn line(&mut self, write: impl FnOnce(bool, &mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let (json, out) = (self.json, &mut *self.out);
        self.bar.suspend(|| {
            write(json, out)?;
            out.flush()
        })
    }

    /// The roster as the backend read it: columns, what taking it does, faults by row.
    pub(super) fn roster(&mut self, roster: &RosterReport, dry_run: bool) -> io::Result<()> {
        if self.json {
            for error in &roster.errors {
                self.object(&with_event("roster_error", error))?;
            }
            return self.object(&json!({
                "event": "roster", "dry_run": dry_run, "taken": roster.taken, "rows": roster.rows, "new": roster.new, "updated": roster.updated,
                "unchanged": roster.unchanged, "errors": roster.errors.len(), "encoding": roster.encoding, "columns": roster.columns,
            }));
        }
        let columns: Vec<String> =
            roster.columns.iter().map(|column| format!("{}→{}", column.heading, self.field(&column.field))).collect();
        let rows = roster.rows.to_string();
        self.say("output.import.roster_read", &[("rows", &rows), ("encoding", &roster.encoding), ("columns", &columns.join(", "))])?;
        let remembered = roster.columns.iter().filter(|column| column.by == MatchedBy::Remembered);
        let remembered: Vec<String> = remembered.map(|column| format!("{}→{}", column.heading, self.field(&column.field))).collect();
        if !remembered.is_empty() {
            self.say("output.import.columns_remembered", &[("columns", &remembered.join(", "))])?;
        }
        if !roster.errors.is_empty() {
            let table = self.errors(&roster.errors);
            table.write(self.out)?;
            return self.say("output.import.roster_refused", &[("errors", &roster.errors.len().to_string())]);
        }
        let key = if dry_run { "output.import.roster_would" } else { "output.import.roster_taken" };
        let figures = [roster.new, roster.updated, roster.unchanged].map(|figure| figure.to_string());
        self.say(key, &[("new", &figures[0]), ("updated", &figures[1]), ("unchanged", &figures[2])])
    }

    fn field(&self, field: &str) -> String {
        let key = format!("output.field.{field}");
        if crate::language::has_text(self.context.language, &key) { self.context.text(&key, &[]) } else { field.to_owned() }
    }

    fn errors(&self, errors: &[RowError]) -> Table {
        let word = |name: &str| (self.context.text(&format!("output.import.{name}"), &[]), Align::Left);
        let mut table = Table::new(vec![(word("row").0, Align::Right), word("column"), word("fault")]);
        for error in errors {
            let problem = Problem { code: error.code.clone(), title: String::new(), status: 422, parameters: error.parameters.clone() };
            let text = remote::problem_text(self.context, &problem);
            table.push(vec![error.row.to_string(), error.column.clone().unwrap_or_default(), text]);
        }
        table
    }

    /// One file. People hear only of those that were left behind.
    pub(super) fn photo(&mut self, path: &Path, result: &str, submission: Option<uuid::Uuid>, problem: Option<&Problem>) -> io::Result<()> {
        let name = shown(path);
        let why = problem.map(|problem| remote::problem_text(self.context, problem)).unwrap_or_default();
        if !matches!(result, "uploaded" | "exists") {
            self.say(&format!("output.import.photo_{result}"), &[("file", &name), ("why", &why)])?;
        }
        let mut object = json!({"event": "photo", "file": name, "result": result});
        if let Some(submission) = submission {
            object["submission"] = json!(submission);
        }
        if let Some(problem) = problem {
            object["code"] = json!(problem.code);
        }
        self.object(&object)
    }

    /// The end: what became of the files, and how each unit stands now.
    pub(super) fn summary(&mut self, progress: &Progress) -> io::Result<()> {
        self.bar.finish_and_clear();
        let whole = &progress.whole;
        if self.json {
            for unit in &progress.units {
                self.object(&with_event("unit", unit))?;
            }
            let mut summary = with_event("summary", &self.tally);
            summary["students_without_photo"] = json!(whole.students - whole.captured_students);
            summary["waiting"] = json!(whole.captured + whole.standardized);
            summary["machine_refused"] = json!(whole.machine_refused);
            summary["pending"] = json!(whole.pending);
            return self.object(&summary);
        }
        progress::table(progress, self.context).write(self.out)?;
        let tally = self.tally;
        let left = tally.unmatched + tally.unsupported + tally.twice + tally.refused + tally.unreadable;
        let figures = [tally.uploaded, tally.exists, left].map(|figure| figure.to_string());
        self.say("output.import.summary", &[("uploaded", &figures[0]), ("exists", &figures[1]), ("left", &figures[2])])?;
        if tally.cards_left > 0 {
            self.say("output.import.cards_left", &[("count", &tally.cards_left.to_string())])?;
        }
        let missing = whole.students - whole.captured_students;
        if missing > 0 {
            self.say("output.import.students_without_photo", &[("count", &missing.to_string())])?;
        }
        Ok(())
    }
}

/// A thing as an object that says which event it tells of.
fn with_event(event: &str, thing: &impl Serialize) -> serde_json::Value {
    let mut object = serde_json::to_value(thing).unwrap_or_else(|_| json!({}));
    object["event"] = json!(event);
    object
}
