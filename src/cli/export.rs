//! `export`: tables for other programs and people. One sub-command a table; each is a client of the API.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::private::{self, Unwritten};
use super::remote::{self, Failure};
use super::{Context, Exit, block_on};
use crate::api::problem::Problem;
use crate::client::Http;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Progress(ProgressArguments),
}

#[derive(Debug, Args)]
struct ProgressArguments {
    #[arg(long)]
    season: Option<String>,
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
}

/// Writes a table.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    block_on(context, async {
        match &arguments.what {
            What::Progress(arguments) => progress(arguments, context, &remote::connect()?, &mut std::io::stdout().lock()).await,
        }
    })
}

async fn progress(arguments: &ProgressArguments, context: &Context, http: &Http, out: &mut dyn Write) -> Result<Exit, Failure> {
    let path = arguments.out.display().to_string();
    let problem = |code: &str, title: &str| Problem::new(0, code, title).with("path", &path);
    let extension = arguments.out.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let format = match extension.as_deref() {
        Some(format @ ("csv" | "xlsx")) => format,
        _ => return Err(problem("export_format", "the name of the file says no format").into()),
    };
    let season = remote::choose_season(http, arguments.season.as_deref()).await?;
    let table = http.progress_table(&season, format, context.language).await?;
    private::write(&arguments.out, &table).map_err(|unwritten| match unwritten {
        Unwritten::Exists => problem("export_file_exists", "the file exists already"),
        Unwritten::Failed => problem("path_unreadable", "the file cannot be written"),
    })?;
    writeln!(out, "{}", remote::visible(&context.text("output.export.written", &[("path", &path)])))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

    use super::*;
    use crate::language::{Language, has_text};

    #[tokio::test]
    async fn the_progress_is_written_as_its_name_says_and_over_nothing() {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_bytes(b"table".as_slice());
        Mock::given(matchers::query_param("format", "xlsx"))
            .and(matchers::header("accept-language", "en"))
            .respond_with(answer)
            .mount(&server)
            .await;
        let folder = tempfile::tempdir().unwrap();
        let (http, context) = (Http::new(&server.uri(), None).unwrap(), Context { language: Language::English });
        let export = async |name: &str| {
            let arguments = ProgressArguments { season: Some("s".into()), out: folder.path().join(name) };
            progress(&arguments, &context, &http, &mut Vec::new()).await
        };
        assert_eq!(export("a.XLSX").await.unwrap(), Exit::Done);
        assert_eq!(std::fs::read(folder.path().join("a.XLSX")).unwrap(), b"table");
        for (name, code) in [("a.XLSX", "export_file_exists"), ("a.pdf", "export_format"), ("none/a.xlsx", "path_unreadable")] {
            assert!(matches!(export(name).await, Err(Failure::Problem(problem)) if problem.code == code), "{name}");
            assert!(Language::ALL.iter().all(|language| has_text(*language, &format!("problem.{code}"))));
        }
    }
}
