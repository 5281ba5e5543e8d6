//! `progress`: how a season stands, unit by unit.

use std::io::Write;

use clap::Args;
use jiff::{Span, civil::Date};

use super::remote::{self, Failure};
use super::table::{Align, Table};
use super::{Context, Exit, block_on};
use crate::api::progress::{DayProgress, Progress, UnitProgress};
use crate::client::Http;

#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(long)]
    season: Option<String>,
    #[arg(long)]
    json: bool,
}

/// Prints the progress of a season.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    block_on(context, async { act(arguments, context, &remote::connect()?, &mut std::io::stdout().lock()).await })
}

async fn act(arguments: &Arguments, context: &Context, http: &Http, out: &mut dyn Write) -> Result<Exit, Failure> {
    let season = remote::choose_season(http, arguments.season.as_deref()).await?;
    let progress = http.progress(&season).await?;
    if arguments.json {
        write_json(&progress, out)?
    } else {
        table(&progress, context).write(out)?;
        if let Some((from, to, line)) = course(&http.progress_days(&season, None).await?) {
            let (from, to) = (from.to_string(), to.to_string());
            writeln!(out, "{}", context.text("output.progress.days", &[("from", &from), ("to", &to), ("line", &line)]))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// One object a unit, the last one the whole with `"unit":null`.
fn write_json(progress: &Progress, out: &mut dyn Write) -> std::io::Result<()> {
    for unit in progress.units.iter().chain([&progress.whole]) {
        serde_json::to_writer(&mut *out, unit)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The progress for people; the whole is the last row.
pub(super) fn table(progress: &Progress, context: &Context) -> Table {
    let word = |name: &str| context.text(&format!("output.progress.{name}"), &[]);
    let names = [
        "invited",
        "captured_students",
        "missing",
        "waiting",
        "machine_refused",
        "pending",
        "doubtful",
        "held",
        "rejected",
        "done",
        "uploaded",
        "overdue",
        "upload_rate",
        "pass_rate",
    ];
    let headings = names.iter().map(|name| (word(name), Align::Right));
    let mut table = Table::new(std::iter::once((word("unit"), Align::Left)).chain(headings).collect());
    for unit in progress.units.iter().chain([&progress.whole]) {
        let name = match (&unit.unit, &unit.unit_name) {
            (None, _) => word("whole"),
            (Some(code), None) => code.clone(),
            (Some(code), Some(name)) if code == name => name.clone(),
            (Some(code), Some(name)) => format!("{code} {name}"),
        };
        let shares = [unit.rates.upload, unit.rates.pass];
        let shares = shares.map(|share| share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}", share * 100.0)));
        table.push(std::iter::once(name).chain(figures(unit).map(|figure| figure.to_string())).chain(shares).collect());
    }
    table
}

fn figures(unit: &UnitProgress) -> [i64; 12] {
    [
        unit.invited,
        unit.captured_students,
        (unit.invited - unit.captured_students).max(0),
        unit.captured + unit.standardized,
        unit.machine_refused,
        unit.pending + unit.correction_requested,
        unit.doubtful,
        unit.held,
        unit.rejected,
        unit.done_students,
        unit.deliveries.uploaded + unit.deliveries.accepted,
        unit.overdue,
    ]
}

/// The photos of each day as a line of bars; days without any are there too. `None` where there is nothing to draw.
fn course(days: &[DayProgress]) -> Option<(Date, Date, String)> {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    /// A season of two months fits a line.
    const MOST: usize = 60;
    let (first, last) = (days.first()?.day, days.last()?.day);
    let most = days.iter().map(|day| day.captured).max().filter(|most| *most > 0)?;
    let all: Vec<Date> = first.series(Span::new().days(1)).take_while(|day| *day <= last).collect();
    let shown = &all[all.len().saturating_sub(MOST)..];
    let bar = |day: &Date| match days.iter().find(|known| known.day == *day).map_or(0, |known| known.captured) {
        0 => ' ',
        captured => BARS[usize::try_from((captured * 8 - 1) / most).unwrap_or(0).min(7)],
    };
    Some((*shown.first()?, last, shown.iter().map(bar).collect()))
}

#[cfg(test)]
mod tests {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

    use super::*;
    use crate::api::problem::code;
    use crate::api::progress::Enrolments;
    use crate::language::Language;

    const CONTEXT: Context = Context { language: Language::Chinese };

    async fn run_against(answer: ResponseTemplate, json: bool) -> (Result<Exit, Failure>, String) {
        let server = MockServer::start().await;
        let days =
            serde_json::json!([{"day": "2027-05-01", "captured": 8, "decided": 0}, {"day": "2027-05-03", "captured": 1, "decided": 9}]);
        let days = ResponseTemplate::new(200).set_body_json(days);
        Mock::given(matchers::path("/v1/progress/days")).respond_with(days).mount(&server).await;
        Mock::given(matchers::path("/v1/progress")).and(matchers::query_param("season", "s")).respond_with(answer).mount(&server).await;
        let http = Http::new(&server.uri(), None).unwrap();
        let mut out = Vec::new();
        let result = act(&Arguments { season: Some("s".into()), json }, &CONTEXT, &http, &mut out).await;
        (result, String::from_utf8(out).unwrap())
    }

    fn progress() -> Progress {
        let unit = |code: &str, name: &str, students| UnitProgress {
            unit: Some(code.into()),
            unit_name: Some(name.into()),
            students,
            enrolments: Enrolments { invited: students, ..Enrolments::default() },
            captured_students: 2,
            pending: 2,
            ..UnitProgress::default()
        };
        Progress::of(vec![unit("01", "城东学习中心", 12), unit("西", "西", 3)]).derived(jiff::Timestamp::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn programs_get_one_object_a_unit_and_the_whole_last() {
        let (result, out) = run_against(ResponseTemplate::new(200).set_body_json(progress()), true).await;
        assert_eq!(result.unwrap(), Exit::Done);
        let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), lines[0]["unit"].as_str(), lines[2]["students"].as_i64()), (3, Some("01"), Some(15)));
        assert!(lines[2].as_object().unwrap().contains_key("unit") && lines[2]["unit"].is_null());
    }

    #[tokio::test]
    async fn people_get_a_table() {
        let (_, out) = run_against(ResponseTemplate::new(200).set_body_json(progress()), false).await;
        let widths: Vec<usize> = out.lines().take(4).map(unicode_width::UnicodeWidthStr::width).collect();
        assert_eq!(out.lines().count(), 5);
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{out}");
        assert!(out.contains("01 城东学习中心") && out.lines().nth(3).unwrap().contains("15"));
        assert!(out.lines().last().unwrap().contains("2027-05-01 至 2027-05-03") && out.contains("█ ▁"), "{out}");
    }

    #[tokio::test]
    async fn a_server_in_trouble_is_a_problem_and_prints_nothing() {
        for answer in [ResponseTemplate::new(500), ResponseTemplate::new(200).set_body_string("<html>"), ResponseTemplate::new(302)] {
            let (result, out) = run_against(answer, true).await;
            assert!(matches!(result, Err(Failure::Problem(problem)) if problem.code == code::NONSENSE));
            assert_eq!(out, "");
        }
    }

    #[tokio::test]
    async fn without_a_season_the_only_one_is_taken() {
        for (codes, expected) in [(&["a"][..], Ok("a")), (&[], Err("season_none")), (&["a", "b"], Err("season_needed"))] {
            let server = MockServer::start().await;
            let seasons: Vec<serde_json::Value> = codes.iter().map(|code| serde_json::json!({"code": code, "name": code})).collect();
            Mock::given(matchers::path("/v1/seasons")).respond_with(ResponseTemplate::new(200).set_body_json(seasons)).mount(&server).await;
            let chosen = remote::choose_season(&Http::new(&server.uri(), None).unwrap(), None).await;
            assert_eq!(chosen.as_deref().map_err(|problem| problem.code.as_str()), expected);
        }
    }
}
