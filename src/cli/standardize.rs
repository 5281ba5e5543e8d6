//! `standardize FILE_OR_DIR… -o DIR`: brings photos to the standard, or says why not.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::pictures::{self, Problem};
use super::{Context, Exit};
use crate::domain::check::Verdict;
use crate::domain::report::Report;
use crate::photo::{Engine, Outcome, Standard};

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
    json: bool,
}

/// What became of one file.
struct Done {
    result: Result<Outcome, Problem>,
    output: Option<PathBuf>,
    ms: u128,
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
    if let Err(error) = std::fs::create_dir_all(&arguments.output) {
        eprintln!("{}", Problem::Write(error).text(context));
        return Exit::Failed;
    }
    let outputs = output_paths(&files, &arguments.output);
    let work = |index: usize, path: &Path| {
        let start = Instant::now();
        let (result, output) = match standardize(&engine, path, &outputs[index], &standard) {
            Ok(outcome) => {
                let output = matches!(outcome, Outcome::Standardized { .. }).then(|| outputs[index].clone());
                (Ok(outcome), output)
            }
            Err(problem) => (Err(problem), None),
        };
        Done { result, output, ms: start.elapsed().as_millis() }
    };
    let print = |path: &Path, done: Done| {
        pictures::line(&if arguments.json { json_line(path, &done) } else { human_line(path, &done, context) });
        match &done.result {
            Ok(Outcome::Standardized { .. }) => Exit::Done,
            Ok(Outcome::Refused { .. }) => Exit::Refused,
            Err(problem) => problem.exit(),
        }
    };
    pictures::batch(&files, work, print)
}

fn standardize(engine: &Engine, input: &Path, output: &Path, standard: &Standard) -> Result<Outcome, Problem> {
    let outcome = engine.standardize(&pictures::read(input)?, standard)?;
    if let Outcome::Standardized { jpeg, .. } = &outcome {
        pictures::write(output, jpeg)?;
    }
    Ok(outcome)
}

/// One name an input: its stem, numbered where another input has the same, and never an input itself.
fn output_paths(inputs: &[PathBuf], folder: &Path) -> Vec<PathBuf> {
    let sources: HashSet<PathBuf> = inputs.iter().filter_map(|input| input.canonicalize().ok()).collect();
    // Folders that ignore case would let A.jpg overwrite a.jpg.
    let mut taken = HashSet::new();
    inputs
        .iter()
        .map(|input| {
            let stem = input.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (1..)
                .map(|number| folder.join(if number == 1 { format!("{stem}.jpg") } else { format!("{stem}-{number}.jpg") }))
                .find(|path| {
                    !path.canonicalize().is_ok_and(|path| sources.contains(&path)) && taken.insert(path.to_string_lossy().to_lowercase())
                })
                .expect("there is always another number")
        })
        .collect()
}

fn json_line(path: &Path, done: &Done) -> String {
    let (status, reasons, report) = match &done.result {
        Ok(Outcome::Standardized { report, .. }) => ("ok", Vec::new(), Some(report)),
        Ok(Outcome::Refused { reasons, report }) => ("refused", reasons.iter().map(|reason| reason.code()).collect(), Some(report)),
        Err(_) => ("error", Vec::new(), None),
    };
    let mut line = json!({
        "input": path.to_string_lossy(),
        "output": done.output.as_ref().map(|path| path.to_string_lossy()),
        "status": status,
        "reasons": reasons,
        "geometry": report.and_then(|report| report.geometry),
        "transform": report.and_then(|report| report.transform),
        "weights": report.map(|report| &report.weights),
        "bytes": report.and_then(|report| report.output.as_ref()).map(|output| output.bytes),
        "quality": report.and_then(|report| report.output.as_ref()).map(|output| output.quality),
        "checks": report.map_or(&[][..], |report| &report.checks),
        "ms": done.ms as u64,
    });
    if let Err(problem) = &done.result {
        line["problem"] = json!(problem.code());
    }
    line.to_string()
}

fn human_line(path: &Path, done: &Done, context: &Context) -> String {
    let name = pictures::shown(path);
    match &done.result {
        Ok(Outcome::Standardized { report, .. }) => {
            let output = done.output.as_ref().map(|path| pictures::shown(path)).unwrap_or_default();
            format!("✓ {name} → {output}  {}{}", measures(report, context), super::check::findings(&report.checks, Verdict::Warn, context))
        }
        Ok(Outcome::Refused { reasons, report }) => {
            let words: Vec<String> = reasons.iter().map(|reason| context.text(&format!("reason.{}.short", reason.code()), &[])).collect();
            format!("✗ {name}  {}{}", words.join(" · "), super::check::findings(&report.checks, Verdict::Fail, context))
        }
        Err(problem) => format!("! {name}  {}", problem.text(context)),
    }
}

fn measures(report: &Report, context: &Context) -> String {
    let (Some(geometry), Some(output)) = (&report.geometry, &report.output) else { return String::new() };
    let pixels = |value: f64| format!("{value:.0}");
    context.text(
        "cli.standardize.measures",
        &[
            ("hair_top", &pixels(geometry.hair_top)),
            ("eye_line", &pixels(geometry.eye_line)),
            ("face_width", &pixels(geometry.face_width)),
            ("bytes", &output.bytes.to_string()),
            ("quality", &output.quality.to_string()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_inputs_share_an_output_and_no_input_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("a.jpg");
        std::fs::write(&own, b"x").unwrap();
        let outputs = output_paths(&[own.clone(), "other/a.png".into(), "third/A.webp".into(), "b.tar.gz".into()], folder.path());
        let names: Vec<_> = outputs.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["a-2.jpg", "a-3.jpg", "A.jpg", "b.tar.jpg"]);
        let distinct: HashSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(distinct.len(), 4);
    }
}
