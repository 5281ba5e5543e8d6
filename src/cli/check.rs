//! `check FILE_OR_DIR… [--stage source|result]`: measures photos without writing anything.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::batch::{self, Batch, Worked};
use super::budget::Budget;
use super::interrupt::Stop;
use super::pictures::{self, Problem};
use super::{Context, Exit};
use crate::domain::check::{Check, Unit, Verdict, worst};
use crate::domain::report::Report;
use crate::language;
use crate::photo::{self, Engine, Stage, Standard};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(required = true, value_name = "FILE|DIR")]
    inputs: Vec<PathBuf>,
    #[arg(long, value_enum, default_value = "source")]
    stage: StageWord,
    #[arg(long, value_name = "NAME", default_value = "chsi-blue", value_parser = clap::builder::PossibleValuesParser::new(Standard::names()))]
    standard: String,
    #[arg(long)]
    json: bool,
}

/// The words of `--stage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum StageWord {
    Source,
    Result,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    let files = pictures::collect(&arguments.inputs);
    if files.is_empty() {
        eprintln!("{}", context.text("cli.pictures.none", &[]));
        return Exit::Usage;
    }
    let standard = Standard::builtin(&arguments.standard).unwrap_or_default();
    let engine = match Engine::new() {
        Ok(engine) => engine,
        Err(error) => {
            eprintln!("{error}");
            return Exit::Failed;
        }
    };
    let (stage, stage_word) = match arguments.stage {
        StageWord::Source => (Stage::Source, "source"),
        StageWord::Result => (Stage::Result, "result"),
    };
    let budget = Budget::for_cores(batch::cores());
    let look = |path: &Path| -> Result<Report, Problem> {
        let bytes = pictures::read(path)?;
        let _permit = budget.take(photo::pixels(&bytes)?);
        Ok(engine.check(&bytes, stage, &standard)?)
    };
    let work = |_: usize, path: &Path| Worked { result: look(path), anew: true };
    let print = |path: &Path, result: Result<Report, Problem>| {
        let line = if arguments.json { json_line(path, stage_word, &result) } else { human_line(path, &result, context) };
        pictures::line(&line);
        match &result {
            Ok(report) if worst(&report.checks) == Verdict::Fail => Exit::Refused,
            Ok(_) => Exit::Done,
            Err(problem) => problem.exit(),
        }
    };
    let stop = Stop::on_interrupt(context);
    let ended = Batch { files: &files, context, stop: &stop, bar: !arguments.json }.run(work, print);
    if ended.done < files.len() { Exit::Failed } else { ended.worst }
}

/// The word for a whole photo. What could not be judged is no pass: somebody should look.
fn status(report: &Report) -> &'static str {
    match worst(&report.checks) {
        Verdict::Pass => "pass",
        Verdict::Unknown | Verdict::Warn => "warn",
        Verdict::Fail => "fail",
    }
}

fn json_line(path: &Path, stage: &str, result: &Result<Report, Problem>) -> String {
    match result {
        Ok(report) => json!({"input": path.to_string_lossy(), "stage": stage, "status": status(report), "checks": report.checks}),
        Err(problem) => {
            json!({"input": path.to_string_lossy(), "stage": stage, "status": "error", "checks": [], "problem": problem.code()})
        }
    }
    .to_string()
}

fn human_line(path: &Path, result: &Result<Report, Problem>, context: &Context) -> String {
    let name = pictures::shown(path);
    match result {
        Ok(report) => {
            let mark = match status(report) {
                "pass" => "✓",
                "warn" => "△",
                _ => "✗",
            };
            format!("{mark} {name}{}", findings(&report.checks, Verdict::Unknown, context))
        }
        Err(problem) => format!("! {name}  {}", problem.text(context)),
    }
}

/// One indented line for every check at least as bad as `least`.
pub fn findings(checks: &[Check], least: Verdict, context: &Context) -> String {
    checks.iter().filter(|check| check.verdict >= least).map(|check| format!("\n    {}", finding(check, context))).collect()
}

/// A check in one line: mark, name, value, limits, why.
pub fn finding(check: &Check, context: &Context) -> String {
    let mark = match check.verdict {
        Verdict::Pass => "✓",
        Verdict::Unknown => "?",
        Verdict::Warn => "△",
        Verdict::Fail => "✗",
    };
    let name = context.text(&format!("check.{}", check.id.code()), &[]);
    let why = language::why(context.language, check);
    let Some(value) = check.value else { return format!("{mark} {name}: {why}") };
    let digits = language::digits(check);
    let degrees = if check.unit == Unit::Degrees { "°" } else { "" };
    let number = |value: f64| format!("{value:.digits$}{degrees}");
    let limit = match (check.limit.min, check.limit.max) {
        (Some(min), Some(max)) if min == max => number(min),
        (Some(min), Some(max)) => format!("{}–{}", number(min), number(max)),
        (Some(min), None) => format!("≥ {}", number(min)),
        (None, Some(max)) => format!("≤ {}", number(max)),
        (None, None) => String::new(),
    };
    format!("{mark} {name}: {} ({limit}) {why}", number(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::{CheckId, Limit};
    use crate::language::Language;

    #[test]
    fn a_finding_tells_value_limit_and_verdict() {
        let fail = Limit { min: Some(200.0), max: Some(300.0) };
        let check = Check::judge(CheckId::EyeLine, 318.2, Limit::default(), fail);
        let text = finding(&check, &Context { language: Language::English });
        assert!(text.starts_with('✗') && text.contains("318 (200–300)"), "{text}");
    }
}
