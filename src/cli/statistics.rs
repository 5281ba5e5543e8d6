//! `statistics`: how people review, or how one does oneself.

use std::io::Write;

use clap::Args;
use jiff::civil::Date;

use super::remote::{self, Failure};
use super::table::{Align, Table};
use super::{Context, Exit, block_on};
use crate::api::reviewing::{Agreement, ReviewerStatistics};
use crate::client::{Http, http::Days};

#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(long)]
    season: Option<String>,
    #[arg(long)]
    mine: bool,
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<Date>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<Date>,
    #[arg(long)]
    json: bool,
}

/// Prints how people review in a season.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    block_on(context, async { act(arguments, context, &remote::connect()?, &mut std::io::stdout().lock()).await })
}

async fn act(arguments: &Arguments, context: &Context, http: &Http, out: &mut dyn Write) -> Result<Exit, Failure> {
    let season = remote::choose_season(http, arguments.season.as_deref()).await?;
    let days = Days { from: arguments.from, to: arguments.to };
    let (reviewers, pairs) = if arguments.mine {
        (vec![http.own_statistics(&season, days).await?], vec![])
    } else {
        let all = http.review_statistics(&season, days).await?;
        (all.reviewers, all.pairs)
    };
    if arguments.json {
        for reviewer in &reviewers {
            serde_json::to_writer(&mut *out, reviewer).map_err(std::io::Error::from)?;
            out.write_all(b"\n")?;
        }
        for pair in &pairs {
            serde_json::to_writer(&mut *out, pair).map_err(std::io::Error::from)?;
            out.write_all(b"\n")?;
        }
    } else {
        people(&reviewers, context).write(out)?;
        if !pairs.is_empty() {
            writeln!(out)?;
            let name = |id: uuid::Uuid| {
                let known = reviewers.iter().find(|one| one.reviewer == id).and_then(|one| one.name.clone());
                known.unwrap_or_else(|| id.to_string())
            };
            let mut table = Table::new(headings(context, &["first", "second", "both", "same", "kappa"], 2));
            for pair in &pairs {
                let figures = [pair.agreement.both.to_string(), pair.agreement.same.to_string(), kappa(&pair.agreement, context)];
                table.push([name(pair.first), name(pair.second)].into_iter().chain(figures).collect());
            }
            table.write(out)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn headings(context: &Context, names: &[&str], texts: usize) -> Vec<(String, Align)> {
    let heading = |(index, name): (usize, &&str)| {
        let align = if index < texts { Align::Left } else { Align::Right };
        (context.text(&format!("output.statistics.{name}"), &[]), align)
    };
    names.iter().enumerate().map(heading).collect()
}

fn people(reviewers: &[ReviewerStatistics], context: &Context) -> Table {
    let names = ["reviewer", "reviews", "approvals", "rejections", "undone", "skipped", "seconds", "final", "golden"];
    let mut table = Table::new(headings(context, &names, 1));
    for one in reviewers {
        let seconds = one.pace.median_seconds.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.1}"));
        let golden =
            one.golden.as_ref().map_or_else(|| "–".to_owned(), |golden| format!("{}/{}", golden.agreement.same, golden.agreement.both));
        let counts = [one.reviews, one.approvals, one.rejections, one.undone, one.skipped].map(|count| count.to_string());
        let name = one.name.clone().unwrap_or_else(|| context.text("output.statistics.me", &[]));
        table.push([name].into_iter().chain(counts).chain([seconds, kappa(&one.against_final, context), golden]).collect());
    }
    table
}

fn kappa(agreement: &Agreement, context: &Context) -> String {
    match (agreement.kappa, &agreement.undefined) {
        (Some(kappa), _) => format!("{kappa:.2}"),
        (None, Some(why)) => context.text(&format!("kappa.{why}"), &[]),
        (None, None) => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

    use super::*;
    use crate::api::reviewing::{GoldenScore, Pace, PairAgreement, ReviewStatistics};
    use crate::domain::agreement::Judged;
    use crate::language::Language;

    fn statistics() -> ReviewStatistics {
        let judged = Judged { both_approved: 20, only_first_approved: 5, only_second_approved: 10, both_rejected: 15 };
        let reviewer = |number, name: &str, golden| ReviewerStatistics {
            reviewer: Uuid::from_u128(number),
            name: Some(name.into()),
            reviews: 50,
            approvals: 25,
            rejections: 25,
            undone: 1,
            skipped: 2,
            pace: Pace { measured: 40, median_seconds: Some(6.25) },
            days: vec![],
            reasons: vec![],
            against_final: Judged::default().into(),
            golden,
        };
        let score = GoldenScore { agreement: Judged { both_rejected: 3, ..Judged::default() }.into(), reason_named: 2, rejected_right: 3 };
        let pair = PairAgreement { first: Uuid::from_u128(1), second: Uuid::from_u128(2), agreement: judged.into() };
        ReviewStatistics { reviewers: vec![reviewer(1, "甲", Some(score)), reviewer(2, "乙", None)], pairs: vec![pair] }
    }

    async fn run_against(json: bool) -> String {
        let server = MockServer::start().await;
        Mock::given(matchers::path("/v1/statistics/reviewers"))
            .and(matchers::query_param("season", "s"))
            .and(matchers::query_param("from", "2027-05-01"))
            .respond_with(ResponseTemplate::new(200).set_body_json(statistics()))
            .mount(&server)
            .await;
        let arguments = Arguments { season: Some("s".into()), mine: false, from: Some(Date::constant(2027, 5, 1)), to: None, json };
        let (http, mut out) = (Http::new(&server.uri(), None).unwrap(), Vec::new());
        let context = Context { language: Language::English };
        assert_eq!(act(&arguments, &context, &http, &mut out).await.unwrap(), Exit::Done);
        String::from_utf8(out).unwrap()
    }

    #[tokio::test]
    async fn people_get_tables_with_kappa_or_why_there_is_none() {
        let out = run_against(false).await;
        assert!(out.contains("6.2") && out.contains("3/3") && out.contains("0.40") && out.contains("nothing in common"), "{out}");
    }

    #[tokio::test]
    async fn programs_get_one_object_a_person_and_a_pair() {
        let out = run_against(true).await;
        let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), lines[0]["median_seconds"].as_f64(), lines[2]["both"].as_u64()), (3, Some(6.25), Some(50)));
    }
}
