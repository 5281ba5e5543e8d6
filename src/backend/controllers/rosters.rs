//! Rosters: a table comes in, is read, and is taken whole or not at all.

use axum::{Json, extract::State as Shared};
use serde::Deserialize;

use crate::{
    api::{columns::ColumnMapping, problem::Problem, roster::RosterReport},
    backend::{
        extract::{Arguments, Body, SignedIn},
        problems::Failure,
        roster::{self, Reading, RosterError, RosterRow},
        state::State,
        store::types::{NewStudent, StudentDetails},
    },
};

/// What `POST /v1/rosters` may say beside the file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Taking {
    pub season: String,
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
    /// Which columns hold what, where the headings do not say it: a JSON object of fields and headings, such as `{"student_number":"编号"}`.
    #[serde(default)]
    pub columns: Option<String>,
}

/// Takes a roster (`.xlsx`, `.dbf` or a text table as the raw body).
///
/// It is taken whole or not at all; the answer names every row that is wrong. What the columns hold is read from their headings, or said by
/// `columns` and remembered for later files with the same headings. Taken again it updates and doubles nobody.
#[utoipa::path(post, path = "/v1/rosters",
    extensions(("x-problem-codes" = json!(RosterError::all().iter().map(RosterError::code).collect::<Vec<_>>()))),
    security(("token" = [])), params(Taking),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file as it is",
        example = json!("学号,姓名,手机,单位代码,办学单位\n25010001,张三,13800000000,101,城东分校\n")),
    responses((status = 200, body = RosterReport), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn take(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(taking): Arguments<Taking>,
    Body(bytes): Body,
) -> Result<Json<RosterReport>, Failure> {
    let given = given(taking.columns.as_deref())?;
    let has_told = !given.is_empty();
    let seasons = state.store.seasons(&signed_in.principal()).await?;
    let kind = seasons.into_iter().find(|season| season.code == taking.season).map(|season| season.kind).unwrap_or_default();
    let remembered = state.store.column_mappings(&signed_in.principal()).await?;
    let read = tokio::task::spawn_blocking(move || roster::parse(&bytes, &Reading { kind, given: &given, remembered: &remembered }))
        .await
        .map_err(|error| Failure::internal(&error))?
        .map_err(|error| Failure(error.problem()))?;
    let rows: Vec<NewStudent> = read.rows.into_iter().map(student).collect();
    // Rows that were read are tried even beside wrong ones, so that one answer names every error there is.
    let dry_run = taking.dry_run || !read.errors.is_empty();
    let taken = state.store.take_roster(&signed_in.principal(), &taking.season, &rows, dry_run, state.clock.now()).await?;
    // Told once is told for good, whether or not the rows were right: the next try is with the same table.
    if has_told && !taking.dry_run {
        state.store.remember_columns(&signed_in.principal(), &read.heading_set, &read.mapping, state.clock.now()).await?;
    }
    let mut errors = read.errors;
    errors.extend(taken.errors);
    errors.sort_by_key(|error| error.row);
    Ok(Json(RosterReport {
        rows: read.total,
        taken: taken.taken,
        new: taken.new,
        updated: taken.updated,
        unchanged: taken.unchanged,
        encoding: read.encoding,
        columns: read.columns,
        mapping: read.mapping,
        errors,
    }))
}

fn given(columns: Option<&str>) -> Result<ColumnMapping, Failure> {
    let read = |columns| {
        serde_json::from_str(columns).map_err(|_| Failure::bad_request("columns is no JSON object of texts").with("field", "columns"))
    };
    columns.map_or_else(|| Ok(ColumnMapping::default()), read)
}

/// A row in the store's words. Who has no student number is known by the candidate number.
fn student(row: RosterRow) -> NewStudent {
    NewStudent {
        row: row.row,
        student_number: row.student_number.or(row.candidate_number),
        student_key: row.student_key,
        name: row.name,
        id_number: row.id_number,
        masked_id_number: row.masked_id_number,
        phone: row.phone,
        unit_code: row.unit_code,
        unit_name: row.unit_name,
        details: StudentDetails { major: row.major, level: row.level, intake: row.intake, class: row.class },
        standing: row.standing,
    }
}
