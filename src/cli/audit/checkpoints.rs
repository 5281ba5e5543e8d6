//! `audit checkpoints`: the signed ends of the audit's pieces, to be kept where nobody of the house can change them.

use std::io::Write;

use clap::Args;

use crate::api::problem::{Problem, code};
use crate::cli::remote::{self, Failure, visible};
use crate::cli::{Context, Exit, block_on};
use crate::client::Http;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Only the newest.
    #[arg(long)]
    last: bool,
    #[arg(long)]
    json: bool,
}

/// Prints the checkpoints, newest first.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    block_on(context, async { act(arguments, &remote::connect()?, &mut std::io::stdout().lock()).await })
}

async fn act(arguments: &Arguments, http: &Http, out: &mut dyn Write) -> Result<Exit, Failure> {
    let (mut cursor, mut last): (Option<String>, _) = (None, i64::MAX);
    loop {
        let page = http.audit_checkpoints(cursor.as_deref()).await?;
        for checkpoint in &page.items {
            if checkpoint.number >= last {
                return Err(Problem::new(200, code::NONSENSE, "the checkpoints are out of order").with("status", 200).into());
            }
            last = checkpoint.number;
            if arguments.json {
                serde_json::to_writer(&mut *out, checkpoint).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            } else {
                let at = checkpoint.made_at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string();
                // Number and root as `audit verify --anchor` takes them.
                writeln!(out, "{}:{}  {at}", checkpoint.number, visible(&checkpoint.root))?;
            }
            if arguments.last {
                return Ok(Exit::Done);
            }
        }
        match page.next {
            Some(next) if !page.items.is_empty() => cursor = Some(next),
            _ => return Ok(Exit::Done),
        }
    }
}
