//! `compare A B`: do two pictures show one person? A band, never a verdict.

use std::path::PathBuf;

use serde_json::json;

use super::pictures::{self, Problem};
use super::{Context, Exit};
use crate::domain::comparison::Comparison;
use crate::photo::{CompareError, Engine, PhotoError, compare};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(value_name = "A")]
    photo: PathBuf,
    #[arg(value_name = "B")]
    portrait: PathBuf,
    #[arg(long)]
    json: bool,
}

/// Runs the command. Every band is an answer: only people decide what follows from it.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    match compare(arguments) {
        Ok(comparison) if arguments.json => {
            pictures::line(
                &json!({
                    "status": "ok", "score": comparison.score, "scale": comparison.scale, "band": comparison.band,
                    "model": comparison.model, "bands": comparison.bands,
                })
                .to_string(),
            );
            Exit::Done
        }
        Ok(comparison) => {
            let band = context.text(&format!("band.{}", comparison.band.code()), &[]);
            pictures::line(&context.text(
                "cli.compare.result",
                &[
                    ("band", &band),
                    ("score", &format!("{:.3}", comparison.score)),
                    ("min", &format!("{}", comparison.scale.min)),
                    ("max", &format!("{}", comparison.scale.max)),
                    ("model", &comparison.model),
                ],
            ));
            Exit::Done
        }
        Err(failure) => {
            if arguments.json {
                pictures::line(&json!({"status": "error", "problem": failure.code, "which": failure.which}).to_string());
            } else {
                eprintln!("{}: {}", context.text(&format!("cli.compare.{}", failure.which), &[]), failure.text(context));
            }
            failure.exit
        }
    }
}

/// What could not be compared, and why.
struct Failure {
    which: &'static str,
    code: &'static str,
    parameters: Vec<(&'static str, String)>,
    exit: Exit,
}

impl Failure {
    fn of_problem(which: &'static str, problem: &Problem) -> Failure {
        let parameters = match problem {
            Problem::Photo(error) => error.parameters(),
            Problem::Read(error) | Problem::Write(error) => vec![("error", error.to_string())],
        };
        Failure { which, code: problem.code(), parameters, exit: problem.exit() }
    }

    fn text(&self, context: &Context) -> String {
        pictures::problem_text(context, self.code, &self.parameters)
    }
}

fn compare(arguments: &Arguments) -> Result<Comparison, Failure> {
    let photo = pictures::read(&arguments.photo).map_err(|problem| Failure::of_problem("photo", &problem))?;
    let portrait = pictures::read(&arguments.portrait).map_err(|problem| Failure::of_problem("portrait", &problem))?;
    let broken = |error: PhotoError| Failure::of_problem("photo", &Problem::Photo(error));
    let engine = Engine::new().map_err(|error| broken(error.into()))?;
    engine.compare(&photo, &portrait, &compare::default_bands()).map_err(|error| match error {
        CompareError::Photo(error) => Failure::of_problem("photo", &Problem::Photo(error)),
        CompareError::Portrait(error) => Failure::of_problem("portrait", &Problem::Photo(error)),
        CompareError::OtherModel { .. } => Failure { which: "photo", code: error.code(), parameters: Vec::new(), exit: Exit::Failed },
    })
}
