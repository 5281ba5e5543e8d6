//! Bundles on this device: listed, looked at, dropped. Needs no passphrase; only dropping asks the server, if it answers.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{record_of, when};
use crate::api::problem::Problem;
use crate::cli::remote::{self, Failure, visible};
use crate::cli::table::{Align, Table};
use crate::cli::{Context, Exit};
use crate::client::bundle::code;
use crate::client::bundle::register::{Record, Register};
use crate::client::outbox;

/// What is known of a bundle without opening it.
#[derive(Debug, Serialize)]
struct Known<'a> {
    id: Uuid,
    file: String,
    server: &'a str,
    season: &'a str,
    unit: &'a str,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    photos: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    expired: bool,
    unsent: usize,
    conflicts: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_unsent: Option<Timestamp>,
}

fn known<'a>(folder: &Path, record: &'a Record) -> Result<Known<'a>, Problem> {
    let left = outbox::peek(folder, &record.server, record.user).map_err(|_| unreadable())?;
    let of: Vec<_> = left.unsent().iter().filter(|entry| entry.bundle == Some(record.id)).collect();
    let statement = record.signed.as_ref().map(|signed| &signed.statement);
    let expires_at = statement.map(|statement| statement.expires_at);
    Ok(Known {
        id: record.id,
        file: record.file.display().to_string(),
        server: &record.server,
        season: &record.season,
        unit: &record.unit,
        complete: record.complete,
        photos: statement.map(|statement| statement.items.len()),
        expires_at,
        expired: expires_at.is_some_and(|at| at <= Timestamp::now()),
        unsent: of.len(),
        conflicts: left.conflicts().iter().filter(|conflict| conflict.entry.bundle == Some(record.id)).count(),
        oldest_unsent: of.iter().filter_map(|entry| entry.decided_at()).min(),
    })
}

fn unreadable() -> Problem {
    Problem::new(0, code::UNREADABLE, "the state folder cannot be read")
}

/// Every bundle of this device.
pub fn list(context: &Context, folder: &Path, json: bool, out: &mut dyn Write) -> Result<Exit, Failure> {
    let records = Register::of(folder).all().map_err(|_| unreadable())?;
    let text = |name: &str| context.text(&format!("output.bundle.{name}"), &[]);
    let headings =
        [("file", Align::Left), ("unit", Align::Left), ("photos", Align::Right), ("until", Align::Left), ("unsent", Align::Right)];
    let mut table = Table::new(headings.map(|(name, align)| (text(name), align)).to_vec());
    for record in &records {
        let known = known(folder, record)?;
        if json {
            write_json(&known, out)?;
            continue;
        }
        let until = match (known.expires_at, known.expired) {
            _ if !known.complete => text("unfinished"),
            (_, true) => text("expired"),
            (Some(at), false) => when(at),
            (None, _) => String::new(),
        };
        let photos = known.photos.map(|photos| photos.to_string()).unwrap_or_default();
        table.push(vec![known.file.clone(), known.unit.to_owned(), photos, until, known.unsent.to_string()]);
    }
    if !json && records.is_empty() {
        writeln!(out, "{}", text("none"))?;
    } else if !json {
        table.write(out)?;
    }
    Ok(Exit::Done)
}

/// One bundle.
pub fn show(context: &Context, folder: &Path, file: &Path, json: bool, out: &mut dyn Write) -> Result<Exit, Failure> {
    let record = record_of(folder, file)?;
    let known = known(folder, &record)?;
    if json {
        write_json(&known, out)?;
        return Ok(Exit::Done);
    }
    let mut line = |name: &str, value: &str| writeln!(out, "{}  {}", context.text(&format!("output.bundle.{name}"), &[]), visible(value));
    line("server", known.server)?;
    line("unit", &format!("{} / {}", known.season, known.unit))?;
    line("photos", &known.photos.unwrap_or(0).to_string())?;
    line("until", &known.expires_at.map(when).unwrap_or_default())?;
    line("unsent", &known.unsent.to_string())?;
    if let Some(at) = known.oldest_unsent {
        line("oldest", &when(at))?;
    }
    line("conflicts", &known.conflicts.to_string())?;
    if known.expired {
        writeln!(out, "{}", context.text("output.bundle.expired", &[]))?;
    }
    Ok(Exit::Done)
}

/// Wipes a bundle: its key first, so that no copy of the file opens any more. What it has reserved is given back if the server answers.
pub async fn drop(context: &Context, folder: &Path, file: &Path, discard: bool, out: &mut dyn Write) -> Result<Exit, Failure> {
    let record = record_of(folder, file)?;
    let unsent = known(folder, &record)?.unsent;
    if unsent > 0 && !discard {
        return Err(Problem::new(0, "bundle_unsent", "decisions are not sent yet").with("count", unsent).into());
    }
    let given_back = match remote::connect() {
        Ok(http) if http.address() == record.server => http.end_bundle(record.id).await.is_ok(),
        _ => false,
    };
    wipe(folder, &record, file)?;
    let key = if given_back { "output.bundle.dropped" } else { "output.bundle.dropped_here" };
    writeln!(out, "{}", context.text(key, &[]))?;
    Ok(Exit::Done)
}

/// Removes key and file.
///
/// # Errors
/// Where something of it cannot be removed.
pub fn wipe(folder: &Path, record: &Record, file: &Path) -> Result<(), Problem> {
    let unwritten = |error: std::io::Error| Problem::new(0, code::UNWRITTEN, "the bundle cannot be removed").with("why", error.kind());
    Register::of(folder).forget(record.id).map_err(unwritten)?;
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unwritten(error)),
        _ => Ok(()),
    }
}

pub fn write_json(value: &impl Serialize, out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
