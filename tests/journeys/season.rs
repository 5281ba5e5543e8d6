//! The demo's season through the engine, by its command: what a truthful machine finds is what it finds.

use std::collections::BTreeMap;

use serde::Deserialize;
use zhaoshen::{
    cli::demo::cohort::{self, Finding},
    domain::{
        check::{Check, Verdict},
        reason::Reason,
    },
};

use crate::support::{PROGRAM, home::TempHome};

/// A line of `standardize --json`, as far as this journey reads it.
#[derive(Deserialize)]
struct Line {
    input: String,
    status: String,
    #[serde(default)]
    reasons: Vec<Reason>,
    #[serde(default)]
    checks: Vec<Check>,
}

impl Line {
    fn standardized(&self) -> bool {
        self.status == "ok"
    }

    /// Whether a check failed or nearly did that stands for one of `reasons`.
    fn says(&self, reasons: &[Reason]) -> bool {
        self.checks.iter().any(|check| matches!(check.verdict, Verdict::Warn | Verdict::Fail) && reasons.contains(&check.id.reason()))
    }

    fn refused_for(&self, reasons: &[Reason]) -> bool {
        let unreadable = self.status == "error" && reasons.contains(&Reason::Unreadable);
        unreadable || (self.status == "refused" && self.reasons.iter().any(|reason| reasons.contains(reason)))
    }

    fn agrees(&self, finding: Finding) -> bool {
        match finding {
            Finding::Nothing => self.standardized() && self.checks.iter().all(|check| check.verdict != Verdict::Fail),
            Finding::Refused(reasons) => self.refused_for(reasons),
            Finding::Machine(reasons) => self.standardized() && self.says(reasons),
            Finding::MachineOrRefused(reasons) => self.refused_for(reasons) || (self.standardized() && self.says(reasons)),
            Finding::Person(_) => self.standardized(),
        }
    }
}

#[test]
fn the_machine_finds_in_the_season_what_is_there() {
    let home = TempHome::new();
    let season = cohort::season();
    season.write_to(&home.path("season")).unwrap();
    let output = home.command(PROGRAM).args(["standardize", "season/photos", "-o", "out", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "a batch ends with its worst: some are refused, and one is no picture");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: BTreeMap<String, Line> = text
        .lines()
        .map(|line| serde_json::from_str::<Line>(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .map(|line| {
            let name = line.input.rsplit('/').next().unwrap_or_default();
            (name.split('.').next().unwrap_or_default().to_owned(), line)
        })
        .collect();
    assert_eq!(lines.len(), season.students.len());
    let wrong: Vec<String> = season
        .students
        .iter()
        .filter(|student| !lines[&student.number].agrees(student.finding))
        .map(|student| {
            let line = &lines[&student.number];
            let said: Vec<_> =
                line.checks.iter().filter(|check| check.verdict != Verdict::Pass).map(|check| (check.id, check.value)).collect();
            format!("{}: {:?} was found {} for {:?}; not passed: {said:?}", student.number, student.finding, line.status, line.reasons)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
