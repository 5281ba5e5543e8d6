//! `verify OUT --source IN`: was inside the face anything changed but scale, background and compression?

use std::path::{Path, PathBuf};

use serde_json::json;

use super::pictures::{self, Problem, Readers};
use super::{Context, Exit};
use crate::photo::{Engine, Finding, Proof, ProofVerdict, VerifyError};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(value_name = "OUT")]
    finished: PathBuf,
    #[arg(long, value_name = "IN")]
    source: PathBuf,
    #[arg(long, value_name = "FILE.png")]
    difference: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

/// Which file could not be worked on, and why.
struct Failure {
    which: &'static str,
    problem: Problem,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    match verify(arguments) {
        Ok(proof) => {
            pictures::line(&if arguments.json { json_line(&proof) } else { human(&proof, context) });
            if let Err(problem) = write_difference(arguments, &proof) {
                eprintln!("{}: {}", context.text("cli.verify.which.difference", &[]), problem.text(context));
                return Exit::Failed;
            }
            if proof.verdict == ProofVerdict::Ok { Exit::Done } else { Exit::Refused }
        }
        Err(Failure { which, problem }) => {
            if arguments.json {
                let line = json!({"status": "error", "transform": null, "findings": [], "problem": problem.code(), "which": which});
                pictures::line(&line.to_string());
            } else {
                eprintln!("{}: {}", context.text(&format!("cli.verify.which.{which}"), &[]), problem.text(context));
            }
            // Nothing was proved, whatever the reason.
            Exit::Failed
        }
    }
}

fn verify(arguments: &Arguments) -> Result<Proof, Failure> {
    let read = |which: &'static str, path: &Path| pictures::read(path).map_err(|problem| Failure { which, problem });
    let (finished, source) = (read("finished", &arguments.finished)?, read("source", &arguments.source)?);
    let engine = Engine::new().map_err(|error| Failure { which: "finished", problem: Problem::Photo(error.into()) })?;
    engine.verify(&finished, &source).map_err(|error| match error {
        VerifyError::Finished(error) => Failure { which: "finished", problem: Problem::Photo(error) },
        VerifyError::Source(error) => Failure { which: "source", problem: Problem::Photo(error) },
    })
}

/// Writes the picture of the difference, which shows a face: for its owner alone, and never over one of the two pictures.
fn write_difference(arguments: &Arguments, proof: &Proof) -> Result<(), Problem> {
    let Some(path) = &arguments.difference else { return Ok(()) };
    let same = |other: &Path| path.canonicalize().is_ok_and(|path| other.canonicalize().is_ok_and(|other| path == other));
    if same(&arguments.finished) || same(&arguments.source) {
        return Err(Problem::Write(std::io::ErrorKind::AlreadyExists.into()));
    }
    let png = proof.difference_png()?;
    pictures::write_with(path, Readers::OwnerAlone, |file| std::io::Write::write_all(file, &png))
}

fn json_line(proof: &Proof) -> String {
    json!({"status": proof.verdict, "transform": proof.transform, "findings": proof.findings, "measures": proof.measures}).to_string()
}

/// The verdict, the crop, and a line for every finding.
fn human(proof: &Proof, context: &Context) -> String {
    let (mark, word) = match proof.verdict {
        ProofVerdict::Ok => ("✓", "ok"),
        ProofVerdict::Edited => ("✗", "edited"),
        ProofVerdict::Other => ("✗", "other"),
    };
    let mut text = format!("{mark} {}", context.text(&format!("cli.verify.{word}"), &[]));
    if proof.verdict != ProofVerdict::Other {
        let crop = context.text(
            "cli.verify.transform",
            &[
                ("x", &format!("{:.1}", proof.transform.x)),
                ("y", &format!("{:.1}", proof.transform.y)),
                ("scale", &format!("{:.4}", proof.transform.scale)),
                ("angle", &format!("{:.2}", proof.measures.rotation_deg)),
                ("accuracy", &format!("{:.2}", proof.measures.rotation_accuracy_deg)),
            ],
        );
        text.push_str(&format!("\n    {crop}"));
    }
    for finding in &proof.findings {
        text.push_str(&format!("\n    ✗ {}", finding_text(finding, context)));
    }
    text
}

fn finding_text(finding: &Finding, context: &Context) -> String {
    let number = |value: f64| format!("{value:.2}");
    let words =
        context.text(&format!("edit.{}", finding.code.code()), &[("value", &number(finding.value)), ("limit", &number(finding.limit))]);
    match finding.region {
        Some(region) => {
            let place = [region.x, region.y, region.width, region.height].map(|value| format!("{value:.0}"));
            let [x, y, width, height] = &place;
            format!("{words} {}", context.text("cli.verify.region", &[("x", x), ("y", y), ("width", width), ("height", height)]))
        }
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use crate::language::{Language, has_text};
    use crate::photo::Edit;

    #[test]
    fn every_edit_has_words_in_both_languages() {
        for edit in Edit::ALL {
            for language in Language::ALL {
                assert!(has_text(language, &format!("edit.{}", edit.code())), "{} {}", language.tag(), edit.code());
            }
        }
    }
}
