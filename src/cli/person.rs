//! `person`: what a person may ask for: everything that is kept of them, their erasure, their answer about consent. Whom it is about is read from
//! the terminal or a pipe, never from an argument: every user of the machine can read those.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::private::{self, Unwritten};
use super::remote::{self, Failure, visible};
use super::{Context, Exit, block_on};
use crate::api::person::{ConsentKind, Erasure, ErasureReason, NewConsent, PersonAsked};
use crate::api::problem::Problem;
use crate::client::Http;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Export {
        #[arg(long)]
        season: Option<String>,
        #[arg(long, short, value_name = "FILE.zip")]
        out: PathBuf,
    },
    Erase {
        #[arg(long)]
        season: Option<String>,
        #[arg(long)]
        reason: Why,
    },
    Consent {
        #[arg(long)]
        season: Option<String>,
        #[arg(long, default_value = "face-comparison")]
        kind: Kind,
        /// Declined or withdrawn.
        #[arg(long)]
        declined: bool,
        /// The version of the text that was shown.
        #[arg(long = "text-version", value_name = "VERSION")]
        text_version: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Why {
    PersonAsked,
    ConsentWithdrawn,
    EnteredByMistake,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Photo,
    FaceComparison,
}

/// Does what a person asks for.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    let mut input = io::stdin().lock();
    if io::stdin().is_terminal() {
        eprint!("{}", context.text("output.person.whom", &[]));
    }
    block_on(context, async { act(arguments, context, &remote::connect()?, &mut input, &mut io::stdout().lock()).await })
}

async fn act(
    arguments: &Arguments,
    context: &Context,
    http: &Http,
    input: &mut impl BufRead,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let (Action::Export { season, .. } | Action::Erase { season, .. } | Action::Consent { season, .. }) = &arguments.action;
    let season = remote::choose_season(http, season.as_deref()).await?;
    let mut student = String::new();
    input.read_line(&mut student)?;
    let student = student.trim().to_owned();
    let text = match &arguments.action {
        Action::Export { out, .. } => {
            let archive = http.export_person(&PersonAsked { season, student }).await?;
            let path = out.display().to_string();
            let problem = |code: &str, title: &str| Problem::new(0, code, title).with("path", &path);
            private::write(out, &archive).map_err(|unwritten| match unwritten {
                Unwritten::Exists => problem("export_file_exists", "the file exists already"),
                Unwritten::Failed => problem("path_unreadable", "the file cannot be written"),
            })?;
            context.text("output.export.written", &[("path", &path)])
        }
        Action::Erase { reason, .. } => {
            let reason = match reason {
                Why::PersonAsked => ErasureReason::PersonAsked,
                Why::ConsentWithdrawn => ErasureReason::ConsentWithdrawn,
                Why::EnteredByMistake => ErasureReason::EnteredByMistake,
            };
            let erased = http.erase_person(&Erasure { season, student, reason }).await?;
            let (pictures, id) = (erased.pictures.to_string(), erased.student.simple().to_string());
            context.text("output.person.erased", &[("pictures", &pictures), ("id", &id)])
        }
        Action::Consent { kind, declined, text_version, .. } => {
            let kind = match kind {
                Kind::Photo => ConsentKind::Photo,
                Kind::FaceComparison => ConsentKind::FaceComparison,
            };
            http.record_consent(&NewConsent { season, student, kind, given: !declined, version: text_version.clone() }).await?;
            context.text(if *declined { "output.person.declined" } else { "output.person.agreed" }, &[])
        }
    };
    writeln!(out, "{}", visible(&text))?;
    Ok(Exit::Done)
}
