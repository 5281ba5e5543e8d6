//! `backup` and `restore`: a copy of a house, taken while it is served, and brought back into an empty folder.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Context, Exit, whereabouts::WhereaboutsArguments};
use crate::backend::{
    clock::{Clock, SystemClock},
    copies::{self, CopyError, Manifest, Why},
    whereabouts::{MasterKeyPlace, Whereabouts},
};

/// Only the first of many faults are named.
const NAMED: usize = 20;

#[derive(Debug, Args)]
pub struct BackupArguments {
    copy: PathBuf,
    #[command(flatten)]
    whereabouts: WhereaboutsArguments,
    #[arg(long, value_name = "COPY")]
    previous: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct RestoreArguments {
    copy: PathBuf,
    #[command(flatten)]
    whereabouts: WhereaboutsArguments,
    #[arg(long)]
    json: bool,
}

/// Takes a copy.
pub fn run_backup(arguments: &BackupArguments, context: &Context) -> Exit {
    let whereabouts = match whereabouts(&arguments.whereabouts, "cli.backup.postgres", context) {
        Ok(whereabouts) => whereabouts,
        Err(exit) => return exit,
    };
    let taking = copies::take(&whereabouts, &arguments.copy, arguments.previous.as_deref(), SystemClock.now());
    let manifest = match super::on_a_runtime(taking) {
        Ok(Ok(manifest)) => manifest,
        Ok(Err(error)) => return tell(&error, context),
        Err(error) => return failed(&error, context),
    };
    let missing = manifest.absent.iter().filter(|absent| absent.why == Why::Missing).count();
    if arguments.json {
        println!("{}", object(&manifest, &arguments.copy));
    } else {
        println!("{}", said("cli.backup.done", &manifest, &arguments.copy, context));
    }
    if missing > 0 {
        eprintln!("{}", context.text("cli.backup.missing", &[("number", &missing.to_string())]));
    }
    let key = key_of(&whereabouts);
    eprintln!("{}", context.text("cli.backup.key", &[("key", &key)]));
    if missing > 0 { Exit::Refused } else { Exit::Done }
}

/// Brings a copy back.
pub fn run_restore(arguments: &RestoreArguments, context: &Context) -> Exit {
    let whereabouts = match whereabouts(&arguments.whereabouts, "cli.restore.postgres", context) {
        Ok(whereabouts) => whereabouts,
        Err(exit) => return exit,
    };
    let brought = match super::on_a_runtime(copies::bring_back(&arguments.copy, &whereabouts)) {
        Ok(Ok(brought)) => brought,
        Ok(Err(error)) => return tell(&error, context),
        Err(error) => return failed(&error, context),
    };
    let manifest = &brought.manifest;
    if arguments.json {
        println!("{}", object(manifest, &whereabouts.data));
    } else {
        println!("{}", said("cli.restore.done", manifest, &whereabouts.data, context));
    }
    if !manifest.absent.is_empty() {
        eprintln!("{}", context.text("cli.restore.absent", &[("number", &manifest.absent.len().to_string())]));
    }
    if !brought.key_is_there {
        let key = key_of(&whereabouts);
        eprintln!("{}", context.text("cli.restore.key", &[("key", &key)]));
    }
    eprintln!("{}", context.text("cli.restore.sessions", &[]));
    Exit::Done
}

fn whereabouts(arguments: &WhereaboutsArguments, postgres: &str, context: &Context) -> Result<Whereabouts, Exit> {
    let told = |text: String| {
        eprintln!("{text}");
        Exit::Usage
    };
    let whereabouts = arguments.read(context).map_err(told)?;
    if whereabouts.database.is_some() { Err(told(context.text(postgres, &[]))) } else { Ok(whereabouts) }
}

/// Where the master key is, for people.
fn key_of(whereabouts: &Whereabouts) -> String {
    match &whereabouts.master_key {
        MasterKeyPlace::Value(_) => "ZHAOSHEN_MASTER_KEY".to_owned(),
        MasterKeyPlace::Folder | MasterKeyPlace::File(_) => whereabouts.key_file().display().to_string(),
    }
}

fn said(key: &str, manifest: &Manifest, path: &Path, context: &Context) -> String {
    let count = |name: &str| manifest.counts.get(name).copied().unwrap_or(0).to_string();
    let parameters = [
        ("path", path.display().to_string()),
        ("made_at", manifest.made_at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()),
        ("students", count("students")),
        ("attempts", count("attempts")),
        ("pictures", manifest.pictures.number.to_string()),
        ("shared", manifest.pictures.shared.to_string()),
        ("megabytes", (manifest.pictures.bytes + manifest.database.bytes).div_ceil(1 << 20).to_string()),
    ];
    context.text(key, &parameters.each_ref().map(|(name, value)| (*name, value.as_str())))
}

fn object(manifest: &Manifest, path: &Path) -> serde_json::Value {
    serde_json::json!({ "path": path.display().to_string(), "manifest": manifest })
}

/// Says what is wrong, and with which files.
fn tell(error: &CopyError, context: &Context) -> Exit {
    let path = error.path().map(|path| path.display().to_string()).unwrap_or_default();
    let parameters = [("path", path.as_str()), ("error", &error.to_string())];
    eprintln!("{}", context.text(&format!("copy.{}", error.code()), &parameters));
    let faults = error.faults();
    for fault in faults.iter().take(NAMED) {
        eprintln!("  {}: {}", fault.path, context.text(&format!("copy.fault.{}", fault.what.code()), &[]));
    }
    if let Some(more) = faults.len().checked_sub(NAMED).filter(|more| *more > 0) {
        eprintln!("  {}", context.text("copy.fault.more", &[("number", &more.to_string())]));
    }
    match error {
        CopyError::Damaged(_) | CopyError::NotEmpty(_) | CopyError::OtherKey | CopyError::Newer | CopyError::Inside => Exit::Refused,
        _ => Exit::Failed,
    }
}

fn failed(error: &std::io::Error, context: &Context) -> Exit {
    eprintln!("{}", context.text("copy.file", &[("path", ""), ("error", &error.to_string())]));
    Exit::Failed
}
