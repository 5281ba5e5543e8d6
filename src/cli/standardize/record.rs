//! What became of one file, as it is kept in the journal, printed, and shown in the report.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::pictures::{self, Problem};
use crate::cli::{Context, Exit, check};
use crate::domain::check::Verdict;
use crate::domain::reason::Reason;
use crate::domain::report::Report;
use crate::photo::Outcome;

/// How a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    Refused,
    Error,
}

impl Status {
    /// The word in `--json`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Refused => "refused",
            Status::Error => "error",
        }
    }
}

/// A problem by its code, with what its text is filled with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemWords {
    pub code: String,
    pub parameters: BTreeMap<String, String>,
}

/// Everything about one file that outlives the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The file as the user named it.
    pub input: String,
    /// The name that its finished photo has, or would have had, in the output folder.
    pub name: String,
    /// SHA-256 of where the input lies, as `names::place` tells it.
    #[serde(default)]
    pub place: String,
    /// SHA-256 of the input.
    pub input_sha256: String,
    /// `photo::identity`: engine, weights and standard.
    pub identity: String,
    pub status: Status,
    pub reasons: Vec<Reason>,
    pub problem: Option<ProblemWords>,
    /// SHA-256 of the finished photo.
    pub output_sha256: Option<String>,
    /// Measures, checks, transform and hashes of the weights.
    pub report: Option<Report>,
    pub ms: u64,
}

impl Record {
    /// A record without a result yet: an error nobody has explained.
    #[must_use]
    pub fn of(input: &Path, name: &str, input_sha256: String, identity: &str) -> Record {
        Record {
            input: input.to_string_lossy().into_owned(),
            name: name.to_owned(),
            place: String::new(),
            input_sha256,
            identity: identity.to_owned(),
            status: Status::Error,
            reasons: Vec::new(),
            problem: None,
            output_sha256: None,
            report: None,
            ms: 0,
        }
    }

    /// Fills in what the engine said. The finished photo itself is not kept.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome, output_sha256: Option<String>) -> Record {
        match outcome {
            Outcome::Standardized { report, .. } => {
                (self.status, self.report, self.output_sha256) = (Status::Ok, Some(report), output_sha256);
            }
            Outcome::Refused { reasons, report } => {
                (self.status, self.report, self.reasons) = (Status::Refused, Some(report), reasons);
            }
        }
        self
    }

    /// Fills in why there is no result.
    #[must_use]
    pub fn with_problem(mut self, problem: &Problem) -> Record {
        let parameters = problem.parameters().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.status = Status::Error;
        self.problem = Some(ProblemWords { code: problem.code().to_owned(), parameters });
        self
    }

    /// Whether the finished photo has a failed or doubtful check.
    #[must_use]
    pub fn has_findings(&self) -> bool {
        self.report.iter().flat_map(|report| &report.checks).any(|check| check.verdict >= Verdict::Warn)
    }

    /// What to tell about the problem, if there is one.
    #[must_use]
    pub fn problem_text(&self, context: &Context) -> Option<String> {
        let problem = self.problem.as_ref()?;
        let parameters: Vec<(&str, &str)> = problem.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Some(context.text(&format!("problem.{}", problem.code), &parameters))
    }

    /// The short texts of the reasons.
    #[must_use]
    pub fn reason_texts(&self, context: &Context) -> Vec<String> {
        self.reasons.iter().map(|reason| context.text(&format!("reason.{}.short", reason.code()), &[])).collect()
    }

    /// The measures of a finished photo in words; empty without one.
    #[must_use]
    pub fn measures(&self, context: &Context) -> String {
        let report = self.report.as_ref().filter(|_| self.status == Status::Ok);
        let Some((geometry, output)) = report.and_then(|report| Some((report.geometry?, report.output.as_ref()?))) else {
            return String::new();
        };
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
}

/// A file's record in this run.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub record: Record,
    /// Its result is from an earlier run and still holds.
    pub resumed: bool,
    pub exit: Exit,
}

impl Done {
    /// The file's object for programs.
    #[must_use]
    pub fn json_line(&self, input: &Path, folder: &Path) -> String {
        let record = &self.record;
        let report = record.report.as_ref();
        let output = report.and_then(|report| report.output.as_ref());
        let mut line = json!({
            "input": input.to_string_lossy(),
            "output": (record.status == Status::Ok).then(|| folder.join(&record.name).to_string_lossy().into_owned()),
            "status": record.status.word(),
            "reasons": record.reasons.iter().map(|reason| reason.code()).collect::<Vec<_>>(),
            "geometry": report.and_then(|report| report.geometry),
            "transform": report.and_then(|report| report.transform),
            "weights": report.map(|report| &report.weights),
            "bytes": output.map(|output| output.bytes),
            "quality": output.map(|output| output.quality),
            "checks": report.map_or(&[][..], |report| &report.checks),
            "ms": record.ms,
            "resumed": self.resumed,
        });
        if let Some(problem) = &record.problem {
            line["problem"] = json!(problem.code);
        }
        line.to_string()
    }

    /// The file's lines for people.
    #[must_use]
    pub fn human_line(&self, input: &Path, folder: &Path, context: &Context) -> String {
        let (record, name) = (&self.record, pictures::shown(input));
        let earlier = if self.resumed { context.text("batch.earlier", &[]) } else { String::new() };
        let findings = |least| record.report.as_ref().map_or_else(String::new, |report| check::findings(&report.checks, least, context));
        match record.status {
            Status::Ok => {
                let output = pictures::shown(&folder.join(&record.name));
                format!("✓ {name} → {output}  {}{earlier}{}", record.measures(context), findings(Verdict::Warn))
            }
            Status::Refused => format!("✗ {name}  {}{earlier}{}", record.reason_texts(context).join(" · "), findings(Verdict::Fail)),
            Status::Error => format!("! {name}  {}{earlier}", record.problem_text(context).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {

    use crate::domain::report::Geometry;

    #[test]
    fn numbers_come_back_to_the_last_digit() {
        let mut state = 7u64;
        for _ in 0..1000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = (state >> 11) as f64 / (1u64 << 44) as f64;
            let geometry =
                Geometry { hair_top: number, eye_line: number / 3.0, face_width: number * 7.1, centre_x: -number, roll_deg: 1.0 / number };
            let text = serde_json::to_string(&geometry).unwrap();
            assert_eq!(serde_json::from_str::<Geometry>(&text).unwrap(), geometry, "a result taken up again is the one that was told");
        }
    }
}
