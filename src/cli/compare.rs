//! `compare A B`: do two pictures show one person? A band, never a verdict. Where B is a picture of an ID card its portrait counts, and with
//! `--record` what is written on it is held against the record. Names and numbers are never arguments and never printed whole.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::pictures::{self, Problem};
use super::record::{self, RecordError};
use super::{Context, Exit};
use crate::domain::comparison::Comparison;
use crate::domain::id_card::{self, CardMatch, CardRecord, CardVerdict};
use crate::domain::reason::Reason;
use crate::photo::{CompareError, Engine, IdCardReading, PhotoError, compare};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(value_name = "A")]
    photo: PathBuf,
    #[arg(value_name = "B")]
    portrait: PathBuf,
    /// Name and number that the card should show; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

/// Runs the command. Every band is an answer: only people decide what follows from it.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    match compare(arguments) {
        Ok(answer) => {
            if arguments.json {
                pictures::line(&answer.json().to_string());
            } else {
                answer.print(context);
            }
            Exit::Done
        }
        Err(failure) => {
            if arguments.json {
                pictures::line(&json!({"status": "error", "problem": failure.code, "which": failure.which}).to_string());
            } else {
                pictures::error_line(&failure.line(context));
            }
            failure.exit
        }
    }
}

struct Answer {
    comparison: Comparison,
    card: Option<Card>,
}

/// A card and how it stands against the record, if there is one.
struct Card {
    reading: IdCardReading,
    name: Option<CardMatch>,
    number: Option<CardMatch>,
}

impl Card {
    fn reasons(&self) -> Vec<Reason> {
        let matches: Vec<CardMatch> = self.name.into_iter().chain(self.number).collect();
        id_card::reasons(&self.reading.findings, &matches)
    }
}

impl Answer {
    fn json(&self) -> Value {
        let comparison = &self.comparison;
        let mut out = json!({
            "status": "ok", "score": comparison.score, "scale": comparison.scale, "band": comparison.band,
            "model": comparison.model, "bands": comparison.bands,
        });
        if let Some(card) = &self.card {
            let (reading, place) = (&card.reading, card.reading.card);
            let name = reading.name.as_ref().map(|read| json!({"masked": read.masked_name(), "confidence": read.confidence}));
            let number = reading.number.as_ref().map(|read| json!({"masked": read.masked_number(), "confidence": read.confidence}));
            out["card"] = json!({
                "quarter_turns": place.map(|place| place.quarter_turns), "corners": place.map(|place| place.corners),
                "sides": place.map(|place| place.sides), "name": name, "number": number,
                "matches": {"name": card.name, "number": card.number}, "faults": reading.findings,
                "reasons": card.reasons().iter().map(|reason| reason.code()).collect::<Vec<_>>(),
            });
        }
        out
    }

    fn print(&self, context: &Context) {
        let comparison = &self.comparison;
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
        let Some(card) = &self.card else { return };
        let shown = [
            ("name", card.reading.name.as_ref().map(id_card::Read::masked_name), card.name),
            ("number", card.reading.number.as_ref().map(id_card::Read::masked_number), card.number),
        ];
        for (field, masked, found) in shown {
            let read = masked.unwrap_or_else(|| context.text("cli.compare.not_read", &[]));
            let verdict = found.map_or(String::new(), |found| context.text(&format!("card_match.{}", found.code()), &[]));
            pictures::line(&context.text(&format!("cli.compare.{field}"), &[("read", &read), ("verdict", &verdict)]));
        }
        for finding in card.reading.findings.iter().filter(|finding| finding.verdict == CardVerdict::Present) {
            let fault = context.text(&format!("card_fault.{}", finding.fault.code()), &[]);
            pictures::line(&context.text("cli.compare.fault", &[("fault", &fault)]));
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

    fn of_record(error: RecordError) -> Failure {
        match error {
            RecordError::Read(error) => Failure::of_problem("record", &Problem::Read(error)),
            error @ (RecordError::Form | RecordError::Rows | RecordError::Encoding) => {
                Failure { which: "record", code: error.code(), parameters: Vec::new(), exit: Exit::Usage }
            }
        }
    }

    fn line(&self, context: &Context) -> String {
        let which = context.text(&format!("cli.compare.which.{}", self.which), &[]);
        format!("{which}: {}", pictures::problem_text(context, self.code, &self.parameters))
    }
}

fn compare(arguments: &Arguments) -> Result<Answer, Failure> {
    let record = arguments.record.as_deref().map(record::read).transpose().map_err(Failure::of_record)?;
    let read = |which, path: &Path| pictures::read(path).map_err(|problem| Failure::of_problem(which, &problem));
    let (photo, portrait) = (read("photo", &arguments.photo)?, read("portrait", &arguments.portrait)?);
    let broken = |error: PhotoError| Failure::of_problem("photo", &Problem::Photo(error));
    let engine = Engine::new().map_err(|error| broken(error.into()))?;
    let card = card(&engine, &portrait, record.as_ref())?;
    let portrait = card.as_ref().and_then(|card| card.reading.portrait.as_deref()).unwrap_or(&portrait);
    let comparison = engine.compare(&photo, portrait, &compare::default_bands()).map_err(|error| match error {
        CompareError::Photo(error) => Failure::of_problem("photo", &Problem::Photo(error)),
        CompareError::Portrait(error) => Failure::of_problem("portrait", &Problem::Photo(error)),
        CompareError::OtherModel { .. } => Failure { which: "photo", code: error.code(), parameters: Vec::new(), exit: Exit::Failed },
    })?;
    Ok(Answer { comparison, card })
}

/// The card in a picture, or `None` where it is a portrait. Whoever names a record means a card and learns why it cannot be read; otherwise
/// the picture is compared as any other.
fn card(engine: &Engine, picture: &[u8], record: Option<&CardRecord>) -> Result<Option<Card>, Failure> {
    let reading = match engine.read_id_card(picture) {
        Ok(reading) if reading.portrait.is_none() => {
            return Err(Failure { which: "portrait", code: "reversed_side", parameters: Vec::new(), exit: Exit::Refused });
        }
        Ok(reading) => reading,
        Err(PhotoError::NoSingleFace { found }) if record.is_none() && found > 1 => return Ok(None),
        Err(error) => return Err(Failure::of_problem("portrait", &Problem::Photo(error))),
    };
    if reading.card.is_none() && record.is_none() {
        return Ok(None);
    }
    let (name, number) = match record {
        Some(record) => {
            let (name, number) = engine.against_record(&reading, record);
            (record.name.as_ref().map(|_| name), record.number.as_ref().map(|_| number))
        }
        None => (None, None),
    };
    Ok(Some(Card { reading, name, number }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn errors_name_the_file_and_not_the_argument() {
        let failures = [
            (Failure::of_problem("photo", &Problem::Photo(PhotoError::Empty)), "The photo: "),
            (Failure::of_problem("portrait", &Problem::Photo(PhotoError::Empty)), "The ID picture: "),
            (Failure::of_record(RecordError::Form), "The record: "),
            (Failure::of_record(RecordError::Rows), "The record: "),
            (Failure::of_record(RecordError::Encoding), "The record: "),
        ];
        for (failure, start) in failures {
            let line = failure.line(&Context { language: Language::English });
            assert!(line.starts_with(start), "{line}");
            for language in Language::ALL {
                let line = failure.line(&Context { language });
                assert!(!line.contains("cli.") && !line.contains("problem.") && !line.contains("%{"), "{line}");
            }
        }
        assert_eq!(Failure::of_record(RecordError::Rows).exit, Exit::Usage);
    }
}
