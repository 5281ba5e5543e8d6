//! How a batch ended, in numbers.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use super::record::{Done, Status};
use crate::cli::Context;
use crate::cli::batch::{clock, rate};
use crate::cli::table::{Align, Table};
use crate::domain::reason::Reason;

/// Counts of files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    pub clean: usize,
    pub with_findings: usize,
    pub refused: usize,
    pub errors: usize,
    pub resumed: usize,
    /// A photo that was refused for two reasons counts for both.
    reasons: BTreeMap<Reason, usize>,
    problems: BTreeMap<String, usize>,
}

impl Summary {
    /// Counts one more.
    pub fn add(&mut self, done: &Done) {
        self.resumed += usize::from(done.resumed);
        match done.record.status {
            Status::Ok if done.record.has_findings() => self.with_findings += 1,
            Status::Ok => self.clean += 1,
            Status::Refused => {
                self.refused += 1;
                done.record.reasons.iter().for_each(|reason| *self.reasons.entry(*reason).or_default() += 1);
            }
            Status::Error => {
                self.errors += 1;
                if let Some(problem) = &done.record.problem {
                    *self.problems.entry(problem.code.clone()).or_default() += 1;
                }
            }
        }
    }

    /// All that was counted.
    #[must_use]
    pub fn files(&self) -> usize {
        self.clean + self.with_findings + self.refused + self.errors
    }

    /// Writes the numbers as a table, and how long it took.
    ///
    /// # Errors
    /// The output's.
    pub fn write(&self, took: Duration, context: &Context, out: &mut dyn Write) -> io::Result<()> {
        let word = |name: &str| context.text(&format!("batch.summary.{name}"), &[]);
        let mut table = Table::new(vec![(word("result"), Align::Left), (word("photos"), Align::Right)]);
        let mut row = |name: String, count: usize| table.push(vec![name, count.to_string()]);
        row(word("clean"), self.clean);
        row(word("with_findings"), self.with_findings);
        row(word("refused"), self.refused);
        for (reason, count) in &self.reasons {
            row(format!("  {}", context.text(&format!("reason.{}.short", reason.code()), &[])), *count);
        }
        row(word("errors"), self.errors);
        for (code, count) in &self.problems {
            row(format!("  {}", context.text(&format!("batch.problem.{code}"), &[])), *count);
        }
        row(word("files"), self.files());
        table.write(out)?;
        let anew = self.files() - self.resumed;
        let key = match (anew, self.resumed) {
            (_, 0) => "batch.summary.pace",
            (0, _) => "batch.summary.all_before",
            _ => "batch.summary.pace_resumed",
        };
        let rate = format!("{:.1}", rate(anew, took));
        let numbers = [("time", clock(took)), ("rate", rate), ("anew", anew.to_string()), ("resumed", self.resumed.to_string())];
        let numbers: Vec<(&str, &str)> = numbers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        writeln!(out, "{}", context.text(key, &numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;
    use crate::cli::pictures::Problem;
    use crate::cli::standardize::record::Record;
    use crate::language::Language;
    use crate::photo::PhotoError;
    use std::path::Path;

    #[test]
    fn every_file_counts_once_and_every_reason() {
        let record = || Record::of(Path::new("a.jpg"), "a.jpg", String::new(), "");
        let done = |record: Record, resumed| Done { record, resumed, exit: Exit::Done };
        let mut summary = Summary::default();
        let mut refused = record();
        (refused.status, refused.reasons) = (Status::Refused, vec![Reason::Tilted, Reason::CutOff]);
        summary.add(&done(refused.clone(), true));
        summary.add(&done(refused, false));
        summary.add(&done(record().with_problem(&Problem::Photo(PhotoError::Truncated)), false));
        let mut fine = record();
        fine.status = Status::Ok;
        summary.add(&done(fine, false));
        assert_eq!((summary.files(), summary.refused, summary.clean, summary.resumed), (4, 2, 1, 1));
        for language in Language::ALL {
            let mut out = Vec::new();
            summary.write(Duration::from_secs(2), &Context { language }, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(!text.contains("batch.") && !text.contains("%{") && text.contains("1.5"), "{text}");
        }
    }

    #[test]
    fn every_problem_has_a_short_name_in_both_languages() {
        let codes = ["empty", "file_too_large", "not_a_picture", "unsupported_format", "heic", "unsupported_jpeg", "truncated", "damaged"];
        let others = ["too_many_pixels", "inference", "file_not_found", "file_unreadable", "file_unwritable", "disk_full"];
        for language in Language::ALL {
            for code in codes.iter().chain(&others) {
                assert!(crate::language::has_text(language, &format!("batch.problem.{code}")), "{} {code}", language.tag());
            }
        }
    }
}
