//! Rosters: a table comes in, is read, and is taken whole or not at all.

use std::sync::Arc;

use axum::{
    Json,
    extract::State as Shared,
    http::{HeaderMap, header},
};
use serde::Deserialize;

use crate::{
    api::{
        problem::Problem,
        roster::{ColumnMatch, RosterReport, RowError},
    },
    backend::{
        extract::{Arguments, Body, SignedIn},
        problems::Failure,
        state::State,
        store::types::NewStudent,
    },
};

/// Reads tables.
pub trait RosterReader: Send + Sync {
    /// Reads a file by its content; the content type is a hint.
    ///
    /// # Errors
    /// The problem of a file that is no roster at all.
    fn read(&self, bytes: &[u8], content_type: Option<&str>) -> Result<ReadRoster, Problem>;
}

/// A roster as it was read.
#[derive(Debug, Clone, Default)]
pub struct ReadRoster {
    /// The rows without errors.
    pub rows: Vec<NewStudent>,
    /// All rows with anything in them.
    pub total: u32,
    pub columns: Vec<ColumnMatch>,
    pub encoding: String,
    pub errors: Vec<RowError>,
}

/// What `POST /v1/rosters` may say beside the file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct Taking {
    pub season: String,
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// Takes a roster (`.xlsx` or a text table as the raw body).
#[utoipa::path(post, path = "/v1/rosters", security(("token" = [])), params(Taking),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = RosterReport), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn take(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(taking): Arguments<Taking>,
    headers: HeaderMap,
    Body(bytes): Body,
) -> Result<Json<RosterReport>, Failure> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let reader = Arc::clone(&state.parts.rosters);
    let read = tokio::task::spawn_blocking(move || reader.read(&bytes, content_type.as_deref()))
        .await
        .map_err(|error| Failure::internal(&error))?
        .map_err(Failure)?;
    // Rows that were read are tried even beside wrong ones, so that one answer names every error there is.
    let dry_run = taking.dry_run || !read.errors.is_empty();
    let taken = state.store.take_roster(&signed_in.principal(), &taking.season, &read.rows, dry_run, state.clock.now()).await?;
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
        errors,
    }))
}
