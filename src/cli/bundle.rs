//! `bundle`: photos taken along in a sealed file, to be reviewed without a network, and how decisions come back.
//!
//! The passphrase comes from the terminal, a pipe or a file of mode 0600 (`ZHAOSHEN_PASSPHRASE_FILE`); never from arguments.

mod back;
mod here;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use uuid::Uuid;

use super::asking::{self, Asker, answered};
use super::remote::{self, Failure, visible};
use super::{Context, Exit, block_on, state};
use crate::api::bundle::LARGEST;
use crate::api::problem::Problem;
use crate::client::bundle::code;
use crate::client::bundle::register::{Record, Register};
use crate::client::bundle::sealed::{self, Hardness};
use crate::client::bundle::take::{Wanted, take};
use crate::client::session;

/// Photos of a bundle where nobody says how many.
const PHOTOS: u16 = 100;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Take(TakeArguments),
    List(ListArguments),
    Show(ShowArguments),
    Sync(SyncArguments),
    Drop(DropArguments),
    Out(OutArguments),
    Revoke(RevokeArguments),
}

#[derive(Debug, Args)]
struct TakeArguments {
    #[arg(long)]
    unit: String,
    #[arg(long)]
    season: Option<String>,
    #[arg(long, short, value_name = "N", default_value_t = PHOTOS, value_parser = clap::value_parser!(u16).range(1..=i64::from(LARGEST)))]
    n: u16,
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ListArguments {
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ShowArguments {
    file: PathBuf,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct SyncArguments {
    file: PathBuf,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct DropArguments {
    file: PathBuf,
    #[arg(long)]
    discard: bool,
}

#[derive(Debug, Args)]
struct OutArguments {
    #[arg(long)]
    season: Option<String>,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct RevokeArguments {
    id: Uuid,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    block_on(context, async {
        let out = &mut io::stdout().lock();
        match &arguments.what {
            What::Take(arguments) => along(arguments, context, asking::of_stdin().as_mut(), out).await,
            What::List(arguments) => here::list(context, &state::folder()?, arguments.json, out),
            What::Show(arguments) => here::show(context, &state::folder()?, &arguments.file, arguments.json, out),
            What::Sync(arguments) => back::sync(context, &state::folder()?, &arguments.file, arguments.json, out).await,
            What::Drop(arguments) => here::drop(context, &state::folder()?, &arguments.file, arguments.discard, out).await,
            What::Out(arguments) => back::out(context, arguments.season.as_deref(), arguments.json, out).await,
            What::Revoke(arguments) => {
                remote::connect()?.end_bundle(arguments.id).await?;
                writeln!(out, "{}", context.text("output.bundle.revoked", &[]))?;
                Ok(Exit::Done)
            }
        }
    })
}

async fn along(arguments: &TakeArguments, context: &Context, asker: &mut dyn Asker, out: &mut dyn Write) -> Result<Exit, Failure> {
    let http = remote::connect()?;
    let season = remote::choose_season(&http, arguments.season.as_deref()).await?;
    let passphrase = new_passphrase(context, asker)?;
    // Named by what is no secret: codes of season and unit.
    let plain = |code: &str| code.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect::<String>();
    let named = || PathBuf::from(format!("{}-{}.bundle", plain(&season), plain(&arguments.unit)));
    let file = arguments.out.clone().unwrap_or_else(named);
    let wanted = Wanted { season, unit: arguments.unit.clone(), count: arguments.n, file, hardness: Hardness::default() };
    let bar = indicatif::ProgressBar::new(u64::from(arguments.n));
    let told = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let taken = take(&http, &Register::of(&state::folder()?), &wanted, &passphrase, Timestamp::now(), told).await;
    bar.finish_and_clear();
    let taken = taken?;
    let (photos, left_out) = (taken.photos.to_string(), taken.left_out.to_string());
    let (path, until) = (visible(&wanted.file.display().to_string()), when(taken.signed.statement.expires_at));
    writeln!(out, "{}", context.text("output.bundle.taken", &[("photos", &photos), ("path", &path), ("until", &until)]))?;
    if taken.left_out > 0 {
        writeln!(out, "{}", context.text("output.bundle.left_out", &[("count", &left_out)]))?;
    }
    Ok(Exit::Done)
}

/// The passphrase of a bundle that is there: from the file that the environment names, or asked for.
///
/// # Errors
/// What is wrong with the file, or that nobody answered.
pub fn passphrase(context: &Context, asker: &mut dyn Asker) -> Result<String, Problem> {
    match std::env::var_os("ZHAOSHEN_PASSPHRASE_FILE").filter(|path| !path.is_empty()) {
        Some(path) => session::read_secret(Path::new(&path)),
        None => answered(asker.secret(&context.text("output.bundle.passphrase", &[]))),
    }
}

/// A new passphrase, typed twice where it is typed.
fn new_passphrase(context: &Context, asker: &mut dyn Asker) -> Result<String, Problem> {
    let first = passphrase(context, asker)?;
    let typed = std::env::var_os("ZHAOSHEN_PASSPHRASE_FILE").is_none_or(|path| path.is_empty()) && asker.patience() > 1;
    if typed && answered(asker.secret(&context.text("output.bundle.passphrase_again", &[])))? != first {
        return Err(Problem::new(0, "passwords_differ", "the two are not the same"));
    }
    Ok(first)
}

/// What this device remembers of a bundle's file.
///
/// # Errors
/// Where the file is no bundle, or none of this device.
pub fn record_of(folder: &Path, file: &Path) -> Result<Record, Problem> {
    let header = sealed::header(file)?;
    let unreadable = |_| Problem::new(0, code::UNREADABLE, "the state folder cannot be read");
    Register::of(folder)
        .find(header.id)
        .map_err(unreadable)?
        .ok_or_else(|| Problem::new(0, code::ELSEWHERE, "the bundle is none of this device, or its key is gone"))
}

/// A time of day for people, in their own zone.
fn when(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}
