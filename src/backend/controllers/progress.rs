//! How the season stands, by unit: as JSON for programs, as a table for people and their spreadsheets.

use axum::{
    Json,
    extract::State as Shared,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::OfSeason;
use crate::{
    api::{
        problem::Problem,
        progress::{DayProgress, Progress, UnitProgress},
    },
    backend::{
        extract::{Arguments, SignedIn},
        problems::Failure,
        sheet::{self, Format, Value},
        state::State,
    },
    language::{Language, text},
};

/// What `GET /v1/progress` may say.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asking {
    pub season: String,
    /// `json`, `csv` or `xlsx`; counts before `Accept`.
    #[serde(default)]
    pub format: Option<String>,
}

/// What `GET /v1/progress/days` may say.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfDays {
    pub season: String,
    /// One unit; all in scope together where it is left out.
    #[serde(default)]
    pub unit: Option<String>,
}

/// The units in scope and their sum, with what is overdue and the shares. As CSV (UTF-8 with a mark) or as a workbook the headings are in the
/// language of `Accept-Language` and the sum is the last row.
#[utoipa::path(get, path = "/v1/progress", security(("token" = [])), params(Asking),
    responses((status = 200, content(
            (Progress = "application/json"),
            (String = "text/csv", example = "\u{feff}单位,单位名称,截止,学生\n101,城东分校,2027-06-30T16:00:00Z,1200\n"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn progress(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(asking): Arguments<Asking>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let format = wanted(asking.format.as_deref(), &headers)?;
    let progress = state.store.progress(&signed_in.principal(), &asking.season).await?.derived(state.clock.now());
    let Some(format) = format else { return Ok(Json(progress).into_response()) };
    let language = super::system::language_of(&headers);
    let headings: Vec<String> = COLUMNS.iter().map(|column| text(language, &format!("progress.column.{column}"), &[])).collect();
    let rows: Vec<Vec<Value>> = progress.units.iter().chain([&progress.whole]).map(|unit| row(unit, language)).collect();
    let table = sheet::write(format, &headings, &rows).map_err(|error| Failure::internal(&error))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        (header::VARY, HeaderValue::from_static("accept, accept-language")),
    ];
    Ok((headers, table).into_response())
}

/// The units in scope, each with its counts.
///
/// The same counts as `GET /v1/progress` without the sum.
#[utoipa::path(get, path = "/v1/units", security(("token" = [])), params(OfSeason),
    responses((status = 200, body = [UnitProgress]), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn units(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(of): Arguments<OfSeason>,
) -> Result<Json<Vec<UnitProgress>>, Failure> {
    let progress = state.store.progress(&signed_in.principal(), &of.season).await?;
    Ok(Json(progress.derived(state.clock.now()).units))
}

/// The course of the season: what happened on each day, oldest first. Days without anything are left out.
///
/// Days are China's.
#[utoipa::path(get, path = "/v1/progress/days", security(("token" = [])), params(OfDays),
    responses((status = 200, body = [DayProgress]), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn days(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(of): Arguments<OfDays>,
) -> Result<Json<Vec<DayProgress>>, Failure> {
    Ok(Json(state.store.days(&signed_in.principal(), &of.season, of.unit.as_deref()).await?))
}

/// The kind of answer asked for; `None` for JSON.
fn wanted(format: Option<&str>, headers: &HeaderMap) -> Result<Option<Format>, Failure> {
    match format {
        Some("json") => return Ok(None),
        Some("csv") => return Ok(Some(Format::Csv)),
        Some("xlsx") => return Ok(Some(Format::Xlsx)),
        Some(_) => return Err(Failure::bad_request("format is json, csv or xlsx").with("field", "format")),
        None => {}
    }
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = accepted.split(',').filter_map(|kind| match kind.split(';').next().unwrap_or_default().trim() {
        "application/json" | "application/*" | "*/*" => Some(None),
        "text/csv" => Some(Some(Format::Csv)),
        kind if kind == Format::Xlsx.media_type() => Some(Some(Format::Xlsx)),
        _ => None,
    });
    Ok(known.take(1).next().unwrap_or_default())
}

/// The columns of the table; their headings are under `progress.column`.
const COLUMNS: [&str; 30] = [
    "unit",
    "unit_name",
    "closes_at",
    "students",
    "invited",
    "captured_students",
    "captured",
    "standardized",
    "machine_refused",
    "pending",
    "doubtful",
    "correction_requested",
    "held",
    "approved",
    "rejected",
    "withdrawn",
    "done_students",
    "ready",
    "exported",
    "uploaded",
    "accepted",
    "returned",
    "printed",
    "mailed",
    "received",
    "missing",
    "overdue",
    "upload_rate",
    "pass_rate",
    "first_pass_rate",
];

fn row(unit: &UnitProgress, language: Language) -> Vec<Value> {
    let whole = || text(language, "output.progress.whole", &[]);
    let names = [
        unit.unit.clone().unwrap_or_else(whole),
        unit.unit_name.clone().unwrap_or_default(),
        unit.closes_at.map(|closes_at| closes_at.to_string()).unwrap_or_default(),
    ];
    let counts = [
        unit.students,
        unit.invited,
        unit.captured_students,
        unit.captured,
        unit.standardized,
        unit.machine_refused,
        unit.pending,
        unit.doubtful,
        unit.correction_requested,
        unit.held,
        unit.approved,
        unit.rejected,
        unit.withdrawn,
        unit.done_students,
        unit.deliveries.ready,
        unit.deliveries.exported,
        unit.deliveries.uploaded,
        unit.deliveries.accepted,
        unit.deliveries.returned,
        unit.prints.printed,
        unit.prints.mailed,
        unit.prints.received,
        unit.prints.missing,
        unit.overdue,
    ];
    let shares = [unit.rates.upload, unit.rates.pass, unit.rates.first_pass];
    names.map(Value::Text).into_iter().chain(counts.map(Value::Number)).chain(shares.map(Value::Share)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_its_heading_and_its_cell() {
        for column in COLUMNS {
            let key = format!("progress.column.{column}");
            assert!(Language::ALL.iter().all(|language| crate::language::has_text(*language, &key)), "{key}");
        }
        assert_eq!(row(&UnitProgress::default(), Language::Chinese).len(), COLUMNS.len());
    }

    #[test]
    fn the_parameter_counts_before_the_header_and_json_before_nothing() {
        let accept = |value: &'static str| HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))]);
        for (format, headers, expected) in [
            (None, HeaderMap::new(), None),
            (None, accept("text/html, text/csv;q=0.9"), Some(Format::Csv)),
            (None, accept(Format::Xlsx.media_type()), Some(Format::Xlsx)),
            (None, accept("*/*, text/csv"), None),
            (Some("csv"), accept("application/json"), Some(Format::Csv)),
            (Some("json"), accept("text/csv"), None),
        ] {
            assert_eq!(wanted(format, &headers).unwrap(), expected);
        }
        assert!(wanted(Some("pdf"), &HeaderMap::new()).is_err());
    }
}
