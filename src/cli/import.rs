//! `import`: a roster and a folder of photos become a season's queue.
//!
//! A client of the API like any other: it may be stopped at any moment and run again, because the backend knows which photos it has.

mod folder;
mod report;
mod roster;
#[cfg(test)]
mod tests;
mod upload;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use self::folder::{Folder, Photo};
use self::report::Report;
use self::upload::{Outcome, Patience};
use super::remote::{self, Failure};
use super::{Context, Exit, block_on};
use crate::api::problem::Problem;
use crate::api::progress::Progress;
use crate::client::Http;
use crate::client::http::is_passing;

#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[arg(long)]
    season: String,
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,
    #[arg(long, value_name = "DIR")]
    photos: PathBuf,
    #[arg(long, value_name = "DIR")]
    id_cards: Option<PathBuf>,
    /// A TOML table of fields and headings.
    #[arg(long, value_name = "FILE")]
    columns: Option<PathBuf>,
    /// Counts before the file of columns.
    #[arg(long, value_name = "FIELD=HEADING")]
    column: Vec<String>,
    /// Where the roster goes with what is wrong with its rows.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    no_wait: bool,
    #[arg(long)]
    json: bool,
}

/// How an import waits.
#[derive(Debug, Clone, Copy)]
struct Pace {
    patience: Patience,
    /// Between two looks at the engine's work.
    look: Duration,
    /// Looks without any change after which the engine is taken for stopped.
    still: u32,
}

impl Pace {
    const DEFAULT: Pace = Pace { patience: Patience::DEFAULT, look: Duration::from_secs(1), still: 600 };
}

/// Imports a roster and its photos.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    block_on(context, async {
        let http = remote::connect()?;
        let mut out = io::stdout().lock();
        act(arguments, &http, Pace::DEFAULT, &mut Report::new(context, arguments.json, &mut out)).await
    })
}

/// Exit: refused when the roster has errors or any file was left behind. What the engine refuses is work for reviewers, not a failed import.
async fn act(arguments: &Arguments, http: &Http, pace: Pace, report: &mut Report<'_>) -> Result<Exit, Failure> {
    // Everything that can be wrong on this machine is found before anything is sent.
    let roster = roster::Roster::read(arguments)?;
    let scan = |path: &PathBuf| folder::scan(path).map_err(|_| unreadable(path));
    let photos = scan(&arguments.photos)?;
    let cards = arguments.id_cards.as_ref().map(scan).transpose()?.unwrap_or_default();

    let result = match roster.take(arguments, http, pace, report).await {
        Ok(taken) => {
            left_behind(&photos, &cards, report)?;
            match (taken, arguments.dry_run) {
                (false, _) => return Ok(Exit::Refused),
                (true, true) => {
                    report.say("output.import.would_send", &[("count", &photos.photos.len().to_string())])?;
                    return Ok(if report.tally.is_clean() { Exit::Done } else { Exit::Refused });
                }
                (true, false) => send(arguments, http, &photos.photos, cards.photos, pace, report).await,
            }
        }
        Err(failure) => Err(failure),
    };
    report.bar.finish_and_clear();
    let result = match result {
        Ok(()) => Ok(if report.tally.is_clean() { Exit::Done } else { Exit::Refused }),
        Err(failure) => Err(failure),
    };
    if let Err(Failure::Problem(problem)) = &result
        && is_passing(problem)
    {
        let safe = report.tally.uploaded + report.tally.exists;
        remote::complain(&report.context.text("output.import.interrupted", &[("safe", &safe.to_string())]));
    }
    result
}

/// Tells of the files whose names alone say that they cannot be sent.
fn left_behind(photos: &Folder, cards: &Folder, report: &mut Report<'_>) -> io::Result<()> {
    for path in photos.unsupported.iter().chain(&cards.unsupported) {
        report.tally.unsupported += 1;
        report.photo(path, "unsupported", None, None)?;
    }
    for path in photos.twice.iter().chain(&cards.twice).flatten() {
        report.tally.twice += 1;
        report.photo(path, "twice", None, None)?;
    }
    Ok(())
}

/// Sends the photos with their ID cards, waits for the engine, and sums up.
async fn send(
    arguments: &Arguments,
    http: &Http,
    photos: &[Photo],
    cards: Vec<Photo>,
    pace: Pace,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let cards: HashMap<String, PathBuf> = cards.into_iter().map(|card| (folder::key(&card.student), card.path)).collect();
    let used = photos.iter().filter(|photo| cards.contains_key(&folder::key(&photo.student))).count();
    report.tally.cards_left = (cards.len() - used) as u64;

    report.start_bar(photos.len() as u64, "output.import.sending");
    // A student whose files are named by both numbers shows only in the backend's answers.
    let mut students: HashMap<String, PathBuf> = HashMap::new();
    let tell = |photo: &Photo, outcome: Outcome| -> Result<(), Failure> {
        report.bar.inc(1);
        let (result, submission, problem) = match outcome {
            Outcome::Uploaded(submission) => ("uploaded", Some(submission), None),
            Outcome::Exists(submission) => ("exists", Some(submission), None),
            Outcome::Unmatched => ("unmatched", None, None),
            Outcome::Refused(problem) => ("refused", None, Some(problem)),
            Outcome::Unreadable => ("unreadable", None, None),
        };
        let tally = &mut report.tally;
        *match result {
            "uploaded" => &mut tally.uploaded,
            "exists" => &mut tally.exists,
            "unmatched" => &mut tally.unmatched,
            "refused" => &mut tally.refused,
            _ => &mut tally.unreadable,
        } += 1;
        report.photo(&photo.path, result, submission.as_ref().map(|submission| submission.id), problem.as_ref())?;
        if let Some(submission) = submission
            && !submission.student.student_number.is_empty()
            && let Some(other) = students.insert(submission.student.student_number.clone(), photo.path.clone())
        {
            report.tally.twice += 1;
            report.say("output.import.photo_same_student", &[("file", &folder::shown(&photo.path)), ("other", &folder::shown(&other))])?;
            report.object(&serde_json::json!({
                "event": "same_student", "file": folder::shown(&photo.path), "other": folder::shown(&other),
            }))?;
        }
        Ok(())
    };
    upload::upload(http, &arguments.season, photos, &cards, pace.patience, tell).await?;
    let progress = if arguments.no_wait {
        pace.patience.with(|| http.progress(&arguments.season)).await?
    } else {
        wait(arguments, http, pace, report).await?
    };
    report.summary(&progress)?;
    Ok(())
}

/// Waits until the engine has judged every photo of the season.
async fn wait(arguments: &Arguments, http: &Http, pace: Pace, report: &mut Report<'_>) -> Result<Progress, Failure> {
    let mut before: Option<i64> = None;
    let mut still = 0;
    loop {
        let progress = pace.patience.with(|| http.progress(&arguments.season)).await?;
        let left = progress.whole.captured + progress.whole.standardized;
        if left <= 0 {
            return Ok(progress);
        }
        match before {
            None => report.start_bar(u64::try_from(left).unwrap_or(0), "output.import.waiting"),
            Some(before) if before == left => still += 1,
            Some(_) => still = 0,
        }
        if still >= pace.still {
            return Err(Problem::new(0, "engine_still", "the engine does not go on").with("left", left).into());
        }
        before = Some(left);
        let done = report.bar.length().unwrap_or(0).saturating_sub(u64::try_from(left).unwrap_or(0));
        report.bar.set_position(done);
        tokio::time::sleep(pace.look).await;
    }
}

fn unreadable(path: &std::path::Path) -> Problem {
    Problem::new(0, "path_unreadable", "a file or folder cannot be read").with("path", folder::shown(path))
}
