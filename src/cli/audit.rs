//! `audit`: who did what in a season, newest first; and whether what is written there is what was written.

use std::io::Write;

use clap::{Args, Subcommand};

use super::remote::{self, Failure, visible};
use super::{Context, Exit, block_on};
use crate::api::problem::{Problem, code};
use crate::api::progress::AuditEntry;
use crate::client::Http;

mod checkpoints;
#[cfg(feature = "server")]
mod verify;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[arg(long)]
    season: Option<String>,
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    Checkpoints(checkpoints::Arguments),
    #[cfg(feature = "server")]
    Verify(verify::Arguments),
    #[cfg(feature = "server")]
    Export(verify::ExportArguments),
}

/// Prints the audit of a season, all pages of it; or what the subcommand does.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    match &arguments.action {
        None => {}
        Some(Action::Checkpoints(arguments)) => return checkpoints::run(arguments, context),
        #[cfg(feature = "server")]
        Some(Action::Verify(arguments)) => return verify::run(arguments, context),
        #[cfg(feature = "server")]
        Some(Action::Export(arguments)) => return verify::export(arguments, context),
    }
    block_on(context, async { act(arguments, context, &remote::connect()?, &mut std::io::stdout().lock()).await })
}

async fn act(arguments: &Arguments, context: &Context, http: &Http, out: &mut dyn Write) -> Result<Exit, Failure> {
    let season = remote::choose_season(http, arguments.season.as_deref()).await?;
    let mut cursor: Option<String> = None;
    let mut last = i64::MAX;
    loop {
        let page = http.audit(&season, cursor.as_deref()).await?;
        for entry in &page.items {
            // Without this a server that repeats itself would be listened to for ever.
            if entry.sequence >= last {
                return Err(Problem::new(200, code::NONSENSE, "the audit is out of order").with("status", 200).into());
            }
            last = entry.sequence;
            if arguments.json {
                serde_json::to_writer(&mut *out, entry).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            } else {
                writeln!(out, "{}", line(entry, context))?;
            }
        }
        out.flush()?;
        match page.next {
            Some(next) if !page.items.is_empty() => cursor = Some(next),
            _ => return Ok(Exit::Done),
        }
    }
}

fn line(entry: &AuditEntry, context: &Context) -> String {
    let at = entry.at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S");
    let actor = entry.actor.clone().unwrap_or_else(|| context.text("output.audit.machine", &[]));
    let submission = entry.submission.map(|id| id.to_string());
    let details = entry.details.iter().map(|(name, value)| format!("{name}={value}"));
    let parts = [at.to_string(), actor, entry.action.clone()].into_iter().chain(submission).chain(details);
    visible(&parts.collect::<Vec<_>>().join("  "))
}

#[cfg(test)]
mod tests {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

    use super::*;
    use crate::language::Language;

    const CONTEXT: Context = Context { language: Language::English };

    fn page(sequences: &[i64], next: Option<&str>) -> ResponseTemplate {
        let item = |sequence: &i64| serde_json::json!({"sequence": sequence, "at": "2027-06-01T08:00:00Z", "action": "decision.held", "details": {"verdict": "reject\u{1b}[2J"}});
        ResponseTemplate::new(200).set_body_json(serde_json::json!({"items": sequences.iter().map(item).collect::<Vec<_>>(), "next": next}))
    }

    async fn run_against(server: &MockServer, json: bool) -> (Result<Exit, Failure>, String) {
        let mut out = Vec::new();
        let http = Http::new(&server.uri(), None).unwrap();
        let result = act(&Arguments { season: Some("s".into()), json, action: None }, &CONTEXT, &http, &mut out).await;
        (result, String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn all_pages_are_printed_newest_first() {
        let server = MockServer::start().await;
        let path = || Mock::given(matchers::path("/v1/audit"));
        path().and(matchers::query_param("cursor", "c 2")).respond_with(page(&[1], None)).mount(&server).await;
        path().and(matchers::query_param_is_missing("cursor")).respond_with(page(&[3, 2], Some("c 2"))).mount(&server).await;
        let (result, out) = run_against(&server, true).await;
        assert_eq!(result.unwrap(), Exit::Done);
        let sequences: Vec<i64> = out.lines().map(|line| serde_json::from_str::<AuditEntry>(line).unwrap().sequence).collect();
        assert_eq!(sequences, [3, 2, 1]);
        let (_, text) = run_against(&server, false).await;
        assert!(text.lines().count() == 3 && text.contains("decision.held") && !text.contains('\u{1b}'), "{text}");
    }

    #[tokio::test]
    async fn a_server_that_repeats_itself_is_not_listened_to_for_ever() {
        let server = MockServer::start().await;
        Mock::given(matchers::path("/v1/audit")).respond_with(page(&[3, 2], Some("again"))).mount(&server).await;
        let (result, _) = run_against(&server, true).await;
        assert!(matches!(result, Err(Failure::Problem(problem)) if problem.code == code::NONSENSE));
    }
}
