//! What comes back: decisions sent one by one in the order in which they were made, and what is out of the house at all.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::here::{wipe, write_json};
use super::{record_of, when};
use crate::api::bundle::OpenBundle;
use crate::api::problem::{Problem, code};
use crate::cli::remote::{self, Failure};
use crate::cli::table::{Align, Table};
use crate::cli::{Context, Exit};
use crate::client::Http;
use crate::client::bundle::register::Register;
use crate::client::bundle::sync::{Settled, settle, standing};
use crate::client::outbox::{self, Entry, Outbox};

/// Sends what was decided on a bundle. A decision that was sent and whose answer was lost is answered again and never done twice.
pub async fn sync(context: &Context, folder: &Path, file: &Path, json: bool, out: &mut dyn Write) -> Result<Exit, Failure> {
    let record = record_of(folder, file)?;
    let http = remote::connect()?;
    let foreign = || Problem::new(0, code::BUNDLE_FOREIGN, "the bundle is another server's or another person's");
    if http.address() != record.server || http.me().await?.id != record.user {
        return Err(foreign().into());
    }
    let register = Register::of(folder);
    let stands = standing(&http, &register, record.id).await?;
    let unwritten = |_| Problem::new(0, crate::client::bundle::code::UNWRITTEN, "the outbox cannot be written");
    let mut outbox = Outbox::open(folder, &record.server, record.user).map_err(unwritten)?;
    let entries: Vec<Entry> = outbox.unsent().iter().filter(|entry| entry.bundle == Some(record.id)).cloned().collect();
    let (mut accepted, mut same) = (0, 0);
    for entry in entries {
        let settled = settled(&http, &entry).await?;
        let (word, problem) = match &settled {
            Settled::Done(_) => ("accepted", None),
            Settled::Same(_) => ("same", None),
            Settled::Refused(problem) => ("conflict", Some(problem.clone())),
        };
        match settled {
            Settled::Done(outcome) => {
                accepted += 1;
                register.settle(record.id, &outcome).map_err(unwritten)?;
                outbox.done(entry.key, outbox::undo_version(&outcome)).map_err(unwritten)?;
            }
            Settled::Same(outcome) => {
                same += 1;
                register.settle(record.id, &outcome).map_err(unwritten)?;
                outbox.done(entry.key, None).map_err(unwritten)?;
            }
            Settled::Refused(problem) => outbox.refused(entry.key, problem).map_err(unwritten)?,
        }
        if json {
            let line = json!({"submission": entry.submission, "result": word, "problem": problem.as_ref().map(|problem| &problem.code)});
            write_json(&line, out)?;
        }
    }
    let conflicts: Vec<_> = outbox.conflicts().iter().filter(|conflict| conflict.entry.bundle == Some(record.id)).cloned().collect();
    if !json {
        let numbers = [("accepted", accepted.to_string()), ("same", same.to_string()), ("conflicts", conflicts.len().to_string())];
        let numbers = numbers.each_ref().map(|(name, number)| (*name, number.as_str()));
        writeln!(out, "{}", context.text("output.bundle.synced", &numbers))?;
        for conflict in &conflicts {
            writeln!(out, "  {}  {}", conflict.entry.submission, remote::problem_text(context, &conflict.problem))?;
        }
        if !conflicts.is_empty() {
            writeln!(out, "{}", context.text("output.bundle.conflicts_hint", &[]))?;
        }
    }
    // Nothing of a person who was erased may stay, and a part of a sealed file cannot go alone.
    if let Some(stands) = stands.filter(|stands| !stands.erased.is_empty()) {
        if !stands.over {
            http.end_bundle(record.id).await?;
        }
        wipe(folder, &record, file)?;
        if !json {
            writeln!(out, "{}", context.text("output.bundle.erased", &[]))?;
        }
    }
    Ok(if conflicts.is_empty() { Exit::Done } else { Exit::Refused })
}

/// Sends one intention; waits where the server asks for that.
async fn settled(http: &Http, entry: &Entry) -> Result<Settled, Problem> {
    loop {
        match settle(http, entry).await {
            Err(problem) if problem.status == 429 => {
                tokio::time::sleep(crate::client::http::asked_to_wait(&problem).max(std::time::Duration::from_secs(1))).await;
            }
            other => return other,
        }
    }
}

/// What is out of the house: one's own, or everybody's for who may revoke it.
pub async fn out(context: &Context, season: Option<&str>, json: bool, out: &mut dyn Write) -> Result<Exit, Failure> {
    let http = remote::connect()?;
    let season = remote::choose_season(&http, season).await?;
    let (mut open, mut cursor) = (Vec::<OpenBundle>::new(), None::<String>);
    loop {
        let page = http.bundles(&season, cursor.as_deref()).await?;
        open.extend(page.items);
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    if json {
        for bundle in &open {
            write_json(bundle, out)?;
        }
        return Ok(Exit::Done);
    }
    let headings = [
        ("id", Align::Left),
        ("reviewer", Align::Left),
        ("unit", Align::Left),
        ("photos", Align::Right),
        ("reserved", Align::Right),
        ("until", Align::Left),
    ];
    let mut table = Table::new(headings.map(|(name, align)| (context.text(&format!("output.bundle.{name}"), &[]), align)).to_vec());
    for bundle in open {
        let name = bundle.name.unwrap_or_else(|| bundle.reviewer.to_string());
        let numbers = [bundle.photos, bundle.reserved].map(|number| number.to_string());
        let [photos, reserved] = numbers;
        table.push(vec![bundle.id.to_string(), name, bundle.unit, photos, reserved, when(bundle.expires_at)]);
    }
    table.write(out)?;
    Ok(Exit::Done)
}
