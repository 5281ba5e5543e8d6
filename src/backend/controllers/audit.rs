//! The audit, newest first.

use axum::{Json, extract::State as Shared};
use serde::Deserialize;

use super::page_length;
use crate::{
    api::{
        problem::Problem,
        progress::{AuditCheckpoint, AuditEntry},
        submission::Page,
    },
    backend::{
        extract::{Arguments, SignedIn},
        problems::Failure,
        state::State,
    },
};

/// Which part of the audit is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Reading {
    /// Absent: everything of the school.
    pub season: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

/// A page of the audit.
///
/// Who did what to which thing, newest first. Nothing personal is in it.
#[utoipa::path(get, path = "/v1/audit", security(("token" = [])), params(Reading),
    responses((status = 200, body = Page<AuditEntry>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(reading): Arguments<Reading>,
) -> Result<Json<Page<AuditEntry>>, Failure> {
    let limit = page_length(reading.limit);
    Ok(Json(state.store.audit(&signed_in.principal(), reading.season.as_deref(), reading.cursor.as_deref(), limit).await?))
}

/// Which page of the checkpoints is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReadingCheckpoints {
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

/// A page of the audit's checkpoints, newest first.
#[utoipa::path(get, path = "/v1/audit/checkpoints", security(("token" = [])), params(ReadingCheckpoints),
    responses((status = 200, body = Page<AuditCheckpoint>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn checkpoints(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(reading): Arguments<ReadingCheckpoints>,
) -> Result<Json<Page<AuditCheckpoint>>, Failure> {
    let limit = page_length(reading.limit);
    Ok(Json(state.store.audit_checkpoints(&signed_in.principal(), reading.cursor.as_deref(), limit).await?))
}
