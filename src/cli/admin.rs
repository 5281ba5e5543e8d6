//! `admin verify`: every picture held against the database, on the server's machine, while it serves.

use std::io::Write;

use clap::{Args, Subcommand};

use super::{Context, Exit, user::folder_text, whereabouts::WhereaboutsArguments};
use crate::backend::{
    blobs::BlobKind,
    clock::{Clock, SystemClock},
    folder::{self, FolderError},
    upkeep::{self, Finding, Looked, UpkeepError},
    whereabouts::Whereabouts,
};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Verify(VerifyArguments),
}

#[derive(Debug, Args)]
struct VerifyArguments {
    #[command(flatten)]
    whereabouts: WhereaboutsArguments,
    #[arg(long)]
    remove_orphans: bool,
    #[arg(long)]
    json: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum VerifyError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Upkeep(#[from] UpkeepError),
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    let Action::Verify(arguments) = &arguments.action;
    let whereabouts = match arguments.whereabouts.read(context) {
        Ok(whereabouts) => whereabouts,
        Err(text) => {
            eprintln!("{text}");
            return Exit::Usage;
        }
    };
    let failed = |error: &dyn std::error::Error| {
        eprintln!("{}", context.text("cli.admin.verify.failed", &[("error", &error.to_string())]));
        Exit::Failed
    };
    match super::on_a_runtime(verify(arguments, &whereabouts, context)) {
        Ok(Ok(looked)) => tell(arguments, looked, context),
        Ok(Err(VerifyError::Folder(error))) => {
            eprintln!("{}", folder_text(&error, &whereabouts.data, context));
            Exit::Failed
        }
        Ok(Err(VerifyError::Upkeep(error))) => failed(&error),
        Err(error) => failed(&error),
    }
}

async fn verify(arguments: &VerifyArguments, whereabouts: &Whereabouts, context: &Context) -> Result<Looked, VerifyError> {
    let now = SystemClock.now();
    let (store, blobs) = folder::open_beside(whereabouts, now).await?;
    let mut told = |finding: &Finding| {
        let line = if arguments.json { object(finding).to_string() } else { line(finding, context) };
        // Whoever stopped reading still gets the exit code.
        let _ = writeln!(std::io::stdout(), "{line}");
    };
    let looked = upkeep::look_at_all(&store, &blobs, now, arguments.remove_orphans, &mut told).await;
    store.close().await;
    Ok(looked?)
}

fn tell(arguments: &VerifyArguments, looked: Looked, context: &Context) -> Exit {
    if arguments.json {
        println!("{}", serde_json::json!({ "finding": null, "whole": looked }));
    } else {
        let numbers = [
            ("named", looked.named),
            ("missing", looked.missing),
            ("damaged", looked.damaged),
            ("orphans", looked.orphans),
            ("removed", looked.removed),
        ];
        let parameters = numbers.map(|(name, number)| (name, number.to_string()));
        let parameters = parameters.each_ref().map(|(name, number)| (*name, number.as_str()));
        println!("{}", context.text("cli.admin.verify.whole", &parameters));
    }
    let lost = looked.missing + looked.damaged;
    if lost > 0 {
        eprintln!("{}", context.text("cli.admin.verify.hint", &[]));
    }
    if lost > 0 || looked.orphans > looked.removed { Exit::Refused } else { Exit::Done }
}

fn line(finding: &Finding, context: &Context) -> String {
    let of_photo = |code: &str, name: &str, attempt: &uuid::Uuid, kind: &BlobKind| {
        let parameters = [("name", name), ("attempt", &attempt.to_string()), ("kind", kind.code())];
        context.text(&format!("cli.admin.verify.{code}"), &parameters)
    };
    match finding {
        Finding::Missing { name, attempt, kind } => of_photo("missing", name, attempt, kind),
        Finding::Damaged { name, attempt, kind } => of_photo("damaged", name, attempt, kind),
        Finding::Orphan { name, bytes, removed } => {
            let code = if *removed { "removed" } else { "orphan" };
            context.text(&format!("cli.admin.verify.{code}"), &[("name", name), ("bytes", &bytes.to_string())])
        }
    }
}

fn object(finding: &Finding) -> serde_json::Value {
    match finding {
        Finding::Missing { name, attempt, kind } => {
            serde_json::json!({ "finding": "missing", "name": name, "attempt": attempt, "kind": kind.code() })
        }
        Finding::Damaged { name, attempt, kind } => {
            serde_json::json!({ "finding": "damaged", "name": name, "attempt": attempt, "kind": kind.code() })
        }
        Finding::Orphan { name, bytes, removed } => {
            serde_json::json!({ "finding": "orphan", "name": name, "bytes": bytes, "removed": removed })
        }
    }
}
