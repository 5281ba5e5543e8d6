//! The roster of an import: brought to the season, and given back with its errors where it has any.

use std::path::{Path, PathBuf};

use super::report::Report;
use super::{Arguments, Pace, folder, unreadable};
use crate::api::columns::ColumnMapping;
use crate::api::problem::Problem;
use crate::api::roster::{RosterReport, Season};
use crate::cli::private::{self, Unwritten};
use crate::cli::remote::Failure;
use crate::client::Http;
use crate::domain::season::SeasonKind;
use crate::language::Language;

/// A roster's file and what was said about its columns.
pub(super) struct Roster {
    bytes: Vec<u8>,
    columns: ColumnMapping,
}

impl Roster {
    /// Reads everything that is on this machine.
    ///
    /// # Errors
    /// For files that cannot be read, columns that make no sense, and a file of errors that is there already.
    pub(super) fn read(arguments: &Arguments) -> Result<Roster, Problem> {
        let bytes = std::fs::read(&arguments.roster).map_err(|_| unreadable(&arguments.roster))?;
        let of_file = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).map_err(|_| unreadable(path))?;
            ColumnMapping::from_toml(&text).map_err(|error| error.problem())
        };
        let of_file = arguments.columns.as_ref().map(of_file).transpose()?.unwrap_or_default();
        let pairs = ColumnMapping::from_pairs(arguments.column.iter().map(String::as_str)).map_err(|error| error.problem())?;
        match &arguments.errors {
            Some(path) if path.symlink_metadata().is_ok() => return Err(exists(path)),
            Some(_) if cfg!(not(feature = "server")) => return Err(Problem::new(0, "errors_not_here", "built without the backend")),
            _ => {}
        }
        Ok(Roster { bytes, columns: of_file.merged(&pairs) })
    }

    /// Brings the roster to the season; `false` when it has errors. A season that does not exist is made, unless this is a dry run.
    pub(super) async fn take(&self, arguments: &Arguments, http: &Http, pace: Pace, report: &mut Report<'_>) -> Result<bool, Failure> {
        let (season, dry_run) = (&arguments.season, arguments.dry_run);
        let seasons = pace.patience.with(|| http.seasons()).await?;
        let known = seasons.into_iter().find(|known| known.code == *season);
        let kind = known.as_ref().map(|season| season.kind).unwrap_or_default();
        let taken = if known.is_some() || !dry_run {
            if known.is_none() {
                let new = Season { code: season.clone(), name: season.clone(), kind, rules: Default::default(), closes_at: None };
                pace.patience.with(|| http.put_season(&new)).await?;
                report.say("output.import.season_made", &[("season", season)])?;
                report.object(&serde_json::json!({"event": "season", "season": season, "created": true}))?;
            }
            pace.patience.with(|| http.roster(season, self.bytes.clone(), &self.columns, dry_run)).await?
        } else {
            report.say("output.import.season_would", &[("season", season)])?;
            read_here(&self.bytes, &self.columns)?
        };
        report.roster(&taken, dry_run)?;
        if let Some(path) = &arguments.errors
            && !taken.errors.is_empty()
        {
            let table = with_errors(&self.bytes, kind, &taken, report.context.language, path)?;
            private::write(path, &table).map_err(|unwritten| match unwritten {
                Unwritten::Exists => exists(path),
                Unwritten::Failed => unreadable(path),
            })?;
            let path = folder::shown(path);
            report.say("output.import.errors_written", &[("path", &path)])?;
            report.object(&serde_json::json!({"event": "errors_file", "file": path}))?;
        }
        Ok(taken.errors.is_empty())
    }
}

fn exists(path: &Path) -> Problem {
    Problem::new(0, "errors_file_exists", "the file of errors exists already").with("path", folder::shown(path))
}

/// A dry run must not make the season that the backend would need to read the roster for; so it is read here, by the same code.
#[cfg(feature = "server")]
fn read_here(bytes: &[u8], given: &ColumnMapping) -> Result<RosterReport, Problem> {
    use crate::backend::roster::{self, ParsedRoster, Reading, Remembered};
    let reading = Reading { kind: SeasonKind::default(), given, remembered: &Remembered::new() };
    let parsed = roster::parse(bytes, &reading).map_err(|error| error.problem())?;
    let new = if parsed.errors.is_empty() { u32::try_from(parsed.rows.len()).unwrap_or(u32::MAX) } else { 0 };
    let ParsedRoster { columns, mapping, encoding, errors, total, .. } = parsed;
    Ok(RosterReport { rows: total, taken: false, new, updated: 0, unchanged: 0, encoding, columns, mapping, errors })
}

#[cfg(not(feature = "server"))]
fn read_here(_: &[u8], _: &ColumnMapping) -> Result<RosterReport, Problem> {
    Err(Problem::new(404, crate::api::problem::code::SEASON_UNKNOWN, "the season does not exist"))
}

/// The same table with its errors. What the backend remembered of the columns stands in its report.
#[cfg(feature = "server")]
fn with_errors(bytes: &[u8], kind: SeasonKind, report: &RosterReport, language: Language, path: &Path) -> Result<Vec<u8>, Problem> {
    use crate::backend::roster::{Format, Reading, Remembered, give_back};
    let reading = Reading { kind, given: &report.mapping, remembered: &Remembered::new() };
    give_back(bytes, &reading, &report.errors, language, Format::of_name(path)).map_err(|error| error.problem())
}

#[cfg(not(feature = "server"))]
fn with_errors(_: &[u8], _: SeasonKind, _: &RosterReport, _: Language, _: &Path) -> Result<Vec<u8>, Problem> {
    Err(Problem::new(0, "errors_not_here", "built without the backend"))
}
