//! `keys`: what the data is sealed with. Lists the keys, gives a school its next one and seals everything anew, wraps all keys with another
//! master key.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    Context, Exit,
    whereabouts::{WhereaboutsArguments, in_house},
};
use crate::backend::{
    blobs::BlobError,
    clock::{Clock, SystemClock},
    folder::DataFolder,
    store::{SCHOOL, StoreError, keys::KeyKeeping as _},
    vault::{MasterKey, VaultError, hexadecimal},
};

/// Rows that are sealed anew in one transaction.
const ROWS: u32 = 200;

#[derive(Debug, Args)]
pub struct KeysArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List {
        #[command(flatten)]
        whereabouts: WhereaboutsArguments,
    },
    Rotate {
        #[arg(long, default_value = SCHOOL)]
        school: String,
        /// Goes on with what an interrupted rotation left, without another key.
        #[arg(long)]
        resume: bool,
        #[command(flatten)]
        whereabouts: WhereaboutsArguments,
    },
    Rewrap {
        #[arg(long, value_name = "FILE")]
        next: PathBuf,
        #[command(flatten)]
        whereabouts: WhereaboutsArguments,
    },
}

/// Why it did not work.
#[derive(Debug, thiserror::Error)]
enum KeysError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blobs(#[from] BlobError),
    #[error("the next master key: {0}")]
    Next(VaultError),
    #[error("the house was opened with this master key already")]
    SameKey,
}

/// Runs the command.
pub fn run(arguments: KeysArguments, context: &Context) -> Exit {
    let (Action::List { whereabouts } | Action::Rotate { whereabouts, .. } | Action::Rewrap { whereabouts, .. }) = &arguments.action;
    let done = in_house(whereabouts.read(context), context, async |folder: &DataFolder| act(&arguments.action, folder, context).await);
    match done {
        Ok(Ok(exit)) | Err(exit) => exit,
        Ok(Err(KeysError::Store(StoreError::NotFound))) => {
            eprintln!("{}", context.text("cli.keys.no_school", &[]));
            Exit::Usage
        }
        Ok(Err(error)) => {
            eprintln!("{}", context.text("cli.keys.failed", &[("error", &error.to_string())]));
            Exit::Failed
        }
    }
}

async fn act(action: &Action, folder: &DataFolder, context: &Context) -> Result<Exit, KeysError> {
    match action {
        Action::List { .. } => list(folder, context).await,
        Action::Rotate { school, resume, .. } => {
            if !resume {
                let (number, active) = folder.store.rotate_key(school, SystemClock.now()).await?;
                eprintln!("{}", context.text("cli.keys.made", &[("number", &number.to_string()), ("school", school)]));
                let wait = active.duration_since(SystemClock.now());
                if let Ok(wait) = std::time::Duration::try_from(wait) {
                    eprintln!("{}", context.text("cli.keys.waiting", &[("seconds", &wait.as_secs().to_string())]));
                    tokio::time::sleep(wait).await;
                }
            }
            folder.store.refresh_keys(SystemClock.now()).await?;
            reseal(folder, school, context).await
        }
        Action::Rewrap { next, .. } => {
            let next = MasterKey::open(next).map_err(KeysError::Next)?;
            if next.fingerprint() == folder.store.vault().master().fingerprint() {
                return Err(KeysError::SameKey);
            }
            let keys = folder.store.rewrap_keys(&next, SystemClock.now()).await?;
            let fingerprint = hexadecimal(&next.fingerprint());
            println!("{}", context.text("cli.keys.rewrapped", &[("keys", &keys.to_string()), ("fingerprint", &fingerprint)]));
            Ok(Exit::Done)
        }
    }
}

async fn list(folder: &DataFolder, context: &Context) -> Result<Exit, KeysError> {
    println!("{}", context.text("cli.keys.master", &[("fingerprint", &hexadecimal(&folder.store.vault().master().fingerprint()))]));
    for key in folder.store.keys().await? {
        let state = match (key.retired_at, key.current) {
            (Some(_), _) => "retired",
            (None, true) => "current",
            (None, false) => "open",
        };
        let purpose = context.text(&format!("cli.keys.purpose.{}", key.purpose.code()), &[]);
        let state = if key.purpose.code() == "seal" { context.text(&format!("cli.keys.state.{state}"), &[]) } else { String::new() };
        let school = if key.school.is_empty() { "-" } else { &key.school };
        println!("{}\t{school}\t{purpose}\t{}\t{state}", key.number, key.made_at.strftime("%Y-%m-%d"));
    }
    Ok(Exit::Done)
}

/// Seals everything of the school with its current key. May be interrupted and begun again: what is sealed with it already is passed over.
async fn reseal(folder: &DataFolder, school: &str, context: &Context) -> Result<Exit, KeysError> {
    // Until a walk finds nothing left: other processes may have sealed with the key before for a moment longer.
    let unreadable = loop {
        let values = reseal_values(folder, school).await?;
        let (pictures, unreadable) = reseal_pictures(folder, school).await?;
        let parameters = [("values", values.to_string()), ("pictures", pictures.to_string())];
        println!("{}", context.text("cli.keys.resealed", &parameters.each_ref().map(|(name, value)| (*name, value.as_str()))));
        if values + pictures == 0 {
            break unreadable;
        }
    };
    if unreadable > 0 {
        eprintln!("{}", context.text("cli.keys.unreadable", &[("pictures", &unreadable.to_string())]));
        return Ok(Exit::Refused);
    }
    let retired = folder.store.retire_keys(school, SystemClock.now()).await?;
    let numbers = retired.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    if !retired.is_empty() {
        println!("{}", context.text("cli.keys.retired", &[("numbers", &numbers)]));
    }
    Ok(Exit::Done)
}

async fn reseal_values(folder: &DataFolder, school: &str) -> Result<u64, KeysError> {
    let (mut values, mut after) = (0, None);
    loop {
        let done = folder.store.reseal(school, after, ROWS).await?;
        values += done.sealed_anew;
        match done.next {
            Some(next) => after = Some(next),
            None => return Ok(values),
        }
    }
}

/// How many were sealed anew, and how many could not be read.
async fn reseal_pictures(folder: &DataFolder, school: &str) -> Result<(u64, u64), KeysError> {
    let (mut pictures, mut unreadable, mut name) = (0, 0, String::new());
    loop {
        let names = folder.store.blob_names(school, &name, ROWS).await?;
        let Some(last) = names.last() else { return Ok((pictures, unreadable)) };
        name.clone_from(last);
        for blob in &names {
            match folder.blobs.reseal(school, blob).await {
                Ok(anew) => pictures += u64::from(anew),
                // It was purged meanwhile, or the disk lost it: `admin verify` says which.
                Err(BlobError::Missing | BlobError::Vault(_)) => unreadable += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
