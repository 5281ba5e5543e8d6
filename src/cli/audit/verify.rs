//! `audit verify`: whether the audit is what was sealed, in the house itself or in a file that `audit export` made of it.
//!
//! A file begins with a line that names the school and the public key; each checkpoint follows the rows it covers.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::PathBuf,
};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::{
    backend::{
        chain::{Anchor, ChainError, ChainedEntry, Checkpoint, Walk},
        clock::{Clock, SystemClock},
        folder::DataFolder,
        store::{SCHOOL, StoreError, checkpoints::Sealing as _},
        vault::{from_hexadecimal, hexadecimal},
    },
    cli::{
        Context, Exit,
        whereabouts::{OptionalWhereabouts, in_house},
    },
};

/// The most rows that one checkpoint of a file may cover; more is no file of ours.
const LONGEST_PIECE: usize = 100_000;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A file of `audit export` instead of a house.
    #[arg(long, value_name = "FILE", conflicts_with = "data", requires = "public_key")]
    file: Option<PathBuf>,
    #[arg(long, value_name = "HEX")]
    public_key: Option<String>,
    /// Roots that were kept elsewhere.
    #[arg(long, value_name = "NUMBER:ROOT", value_parser = parse_anchor)]
    anchor: Vec<Anchor>,
    #[arg(long, default_value = SCHOOL)]
    school: String,
    #[command(flatten)]
    whereabouts: OptionalWhereabouts,
}

#[derive(Debug, Args)]
pub struct ExportArguments {
    #[arg(long, default_value = SCHOOL)]
    school: String,
    #[command(flatten)]
    whereabouts: OptionalWhereabouts,
}

/// A line of an exported file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Head { school: String, public_key: String },
    Entry(ChainedEntry),
    Checkpoint(Checkpoint),
}

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
enum VerifyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("the file is no export of an audit: line {0}")]
    Line(u64),
    #[error("the public key is 64 hexadecimal digits")]
    PublicKey,
}

/// What was found.
struct Found {
    verdict: Result<i64, ChainError>,
    /// Rows after the last checkpoint.
    open: u64,
    last: Option<Anchor>,
    public_key: Vec<u8>,
}

fn parse_anchor(text: &str) -> Result<Anchor, String> {
    let parse = || {
        let (number, root) = text.split_once(':')?;
        let root = from_hexadecimal(root).filter(|root| root.len() == 32)?;
        Some(Anchor { number: number.parse().ok()?, root })
    };
    parse().ok_or_else(|| "NUMBER:ROOT".to_owned())
}

/// Verifies; ends with 1 where something was changed.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    let found = match &arguments.file {
        Some(file) => File::open(file).map_err(VerifyError::from).and_then(|file| {
            let key = arguments.public_key.as_deref().and_then(from_hexadecimal).filter(|key| key.len() == 32);
            verify_file(BufReader::new(file), &arguments.school, &key.ok_or(VerifyError::PublicKey)?, &arguments.anchor)
        }),
        None => match in_house(arguments.whereabouts.read(context), context, async |folder: &DataFolder| {
            verify_house(folder, &arguments.school, &arguments.anchor).await
        }) {
            Ok(found) => found,
            Err(exit) => return exit,
        },
    };
    match found {
        Ok(found) => tell(&found, context),
        Err(error) => failed(&error, context),
    }
}

/// Writes the sealed audit of a school to stdout.
pub fn export(arguments: &ExportArguments, context: &Context) -> Exit {
    let written = in_house(arguments.whereabouts.read(context), context, async |folder: &DataFolder| {
        write_out(folder, &arguments.school, &mut io::BufWriter::new(io::stdout().lock())).await
    });
    match written {
        Ok(Ok(())) => Exit::Done,
        Ok(Err(error)) => failed(&error, context),
        Err(exit) => exit,
    }
}

fn tell(found: &Found, context: &Context) -> Exit {
    let key = hexadecimal(&found.public_key);
    match &found.verdict {
        Ok(checkpoints) => {
            let (checkpoints, open) = (checkpoints.to_string(), found.open.to_string());
            println!("{}", context.text("cli.audit.verify.whole", &[("checkpoints", &checkpoints), ("open", &open), ("key", &key)]));
            if let Some(last) = &found.last {
                println!("{}:{}", last.number, hexadecimal(&last.root));
            }
            Exit::Done
        }
        Err(error) => {
            eprintln!("{}", context.text(&format!("chain.{}", error.code()), &[("number", &error.number().to_string())]));
            Exit::Refused
        }
    }
}

fn failed(error: &VerifyError, context: &Context) -> Exit {
    eprintln!("{}", context.text("cli.audit.verify.failed", &[("error", &error.to_string())]));
    Exit::Failed
}

async fn verify_house(folder: &DataFolder, school: &str, anchors: &[Anchor]) -> Result<Found, VerifyError> {
    let store = &folder.store;
    // What nobody sealed yet nobody can vouch for: seal it now, where nobody else does.
    store.seal_audit(SystemClock.now()).await?;
    let public_key = store.vault().public_key().map_err(StoreError::from)?;
    let (mut walk, mut number, mut last) = (Walk::new(school, &public_key, anchors), 0, None);
    loop {
        let checkpoints = store.checkpoints_after(school, number).await?;
        let Some(newest) = checkpoints.last() else { break };
        number = newest.number;
        for checkpoint in &checkpoints {
            // One more than it should have is enough to see that there are too many.
            let rows = checkpoint.entries.saturating_add(1);
            let entries = store.audit_rows(school, walk.through(), checkpoint.through_sequence, rows).await?;
            if let Err(error) = walk.step(checkpoint, &entries) {
                return Ok(Found { verdict: Err(error), open: 0, last, public_key: public_key.clone() });
            }
            last = Some(Anchor { number: checkpoint.number, root: checkpoint.root.clone() });
        }
    }
    let open = store.audit_rows(school, walk.through(), i64::MAX, 10_000).await?.len() as u64;
    Ok(Found { verdict: walk.end(), open, last, public_key: public_key.clone() })
}

async fn write_out(folder: &DataFolder, school: &str, out: &mut impl Write) -> Result<(), VerifyError> {
    let store = &folder.store;
    store.seal_audit(SystemClock.now()).await?;
    let mut line = |line: &Line| -> io::Result<()> {
        serde_json::to_writer(&mut *out, line)?;
        out.write_all(b"\n")
    };
    let public_key = hexadecimal(&store.vault().public_key().map_err(StoreError::from)?);
    line(&Line::Head { school: school.to_owned(), public_key })?;
    let (mut number, mut through) = (0, 0);
    loop {
        let checkpoints = store.checkpoints_after(school, number).await?;
        let Some(newest) = checkpoints.last() else { break };
        number = newest.number;
        for checkpoint in checkpoints {
            for entry in store.audit_rows(school, through, checkpoint.through_sequence, i64::MAX).await? {
                line(&Line::Entry(entry))?;
            }
            through = checkpoint.through_sequence;
            line(&Line::Checkpoint(checkpoint))?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Verifies a file. The key in it proves nothing, so that the one to go by is an argument.
fn verify_file(file: impl BufRead, school: &str, public_key: &[u8], anchors: &[Anchor]) -> Result<Found, VerifyError> {
    let (mut walk, mut entries, mut last) = (Walk::new(school, public_key, anchors), vec![], None);
    for (number, line) in (1u64..).zip(file.lines()) {
        match serde_json::from_str(&line?).map_err(|_| VerifyError::Line(number))? {
            Line::Head { .. } if number == 1 => {}
            Line::Entry(entry) if number > 1 && entries.len() < LONGEST_PIECE => entries.push(entry),
            Line::Checkpoint(checkpoint) if number > 1 => {
                if let Err(error) = walk.step(&checkpoint, &entries) {
                    return Ok(Found { verdict: Err(error), open: 0, last, public_key: public_key.to_vec() });
                }
                entries.clear();
                last = Some(Anchor { number: checkpoint.number, root: checkpoint.root });
            }
            Line::Head { .. } | Line::Entry(_) | Line::Checkpoint(_) => return Err(VerifyError::Line(number)),
        }
    }
    Ok(Found { verdict: walk.end(), open: entries.len() as u64, last, public_key: public_key.to_vec() })
}
