//! `retention`: how the storage times of a season are kept, and whether so many faces are stored that the authority must be told.

use std::io::Write;

use clap::Args;

use super::remote::{self, Failure};
use super::table::{Align, Table};
use super::{Context, Exit, block_on};
use crate::client::Http;

#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(long)]
    season: Option<String>,
    #[arg(long)]
    json: bool,
}

/// Prints how the storage times are kept.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    block_on(context, async { act(arguments, context, &remote::connect()?, &mut std::io::stdout().lock()).await })
}

async fn act(arguments: &Arguments, context: &Context, http: &Http, out: &mut dyn Write) -> Result<Exit, Failure> {
    let season = remote::choose_season(http, arguments.season.as_deref()).await?;
    let report = http.retention(&season).await?;
    if arguments.json {
        serde_json::to_writer(&mut *out, &report).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
        return Ok(Exit::Done);
    }
    let names = ["class", "days", "kept", "due", "purged"];
    let headings = names
        .iter()
        .enumerate()
        .map(|(index, name)| (context.text(&format!("output.retention.{name}"), &[]), if index == 0 { Align::Left } else { Align::Right }));
    let mut table = Table::new(headings.collect());
    for class in &report.classes {
        let name = context.text(&format!("retention.{}", class.class.code()), &[]);
        let numbers = [i64::from(class.days), class.kept, class.due, class.purged].map(|number| number.to_string());
        table.push([name].into_iter().chain(numbers).collect());
    }
    table.write(out)?;
    if let Some(faces) = &report.faces {
        let (people, file_at) = (faces.people.to_string(), faces.file_at.to_string());
        let key = if faces.warns() { "output.retention.faces_warning" } else { "output.retention.faces" };
        writeln!(out, "{}", context.text(key, &[("people", &people), ("file_at", &file_at)]))?;
    }
    Ok(Exit::Done)
}
