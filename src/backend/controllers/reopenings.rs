//! Reopenings: one asks that an approval be taken back, another confirms.

use axum::{
    Json,
    extract::State as Shared,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{decisions::answer, page_length};
use crate::{
    api::{
        problem::Problem,
        reopening::{NewReopening, Reopening},
        submission::{Page, ReviewOutcome},
    },
    backend::{
        extract::{Arguments, Body, InPath, SignedIn, intention, read_json},
        problems::Failure,
        state::State,
    },
};

/// Which open questions are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OpenOnes {
    pub season: String,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// At most 200; 50 where nobody says.
    pub limit: Option<u32>,
}

/// Asks that an approval be taken back. Nothing changes until somebody else confirms, in the time that the season gives.
///
/// Refused with `not_approved`, `on_its_way` once photo or print has left, `reopening_open` where somebody has asked already.
#[utoipa::path(post, path = "/v1/submissions/{id}/reopenings",
    extensions(("x-problem-codes" = json!(["not_standardized", "not_approved", "withdrawn", "on_its_way", "reopening_open"]))),
    security(("token" = [])), request_body = NewReopening,
    params(("id" = Uuid, Path), ("if-match" = String, Header), ("idempotency-key" = Uuid, Header)),
    responses((status = 201, body = Reopening), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn ask(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    headers: HeaderMap,
    Body(bytes): Body,
) -> Result<(StatusCode, Json<Reopening>), Failure> {
    let intention = intention(&headers, &[b"reopening", id.as_bytes(), &bytes])?;
    let new: NewReopening = read_json(&bytes)?;
    let asked = state.store.ask_reopening(&signed_in.principal(), id, new.reason, &intention, state.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(asked)))
}

/// Confirms what another person asked.
///
/// The photo waits for reviews again, those that were given no longer count, the student is no longer done, and what was told is stopped or
/// corrected. Refused with `own_reopening`, `reopening_late`, `reopening_ended`, `on_its_way`.
#[utoipa::path(post, path = "/v1/submissions/{id}/reopenings/{reopening}/confirmation",
    extensions(("x-problem-codes" = json!(["not_standardized", "not_approved", "withdrawn", "on_its_way", "own_reopening", "reopening_late",
        "reopening_ended"]))),
    security(("token" = [])),
    params(("id" = Uuid, Path), ("reopening" = Uuid, Path), ("if-match" = String, Header), ("idempotency-key" = Uuid, Header)),
    responses((status = 200, body = ReviewOutcome), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn confirm(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath((id, reopening)): InPath<(Uuid, Uuid)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let intention = intention(&headers, &[b"confirmation", id.as_bytes(), reopening.as_bytes()])?;
    let outcome = state.store.confirm_reopening(&signed_in.principal(), id, reopening, &intention, state.clock.now()).await?;
    state.work.notify_waiters();
    answer(&outcome)
}

/// Drops the question: who asked takes it back, or another refuses it.
///
/// Nothing has changed, and the approval stands.
#[utoipa::path(delete, path = "/v1/submissions/{id}/reopenings/{reopening}",
    extensions(("x-problem-codes" = json!(["reopening_ended"]))),
    security(("token" = [])),
    params(("id" = Uuid, Path), ("reopening" = Uuid, Path)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn drop(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath((id, reopening)): InPath<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    state.store.drop_reopening(&signed_in.principal(), id, reopening, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Questions that wait for a second person, oldest first.
///
/// Those that expired are not among them.
#[utoipa::path(get, path = "/v1/reopenings", security(("token" = [])), params(OpenOnes),
    responses((status = 200, body = Page<Reopening>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(asked): Arguments<OpenOnes>,
) -> Result<Json<Page<Reopening>>, Failure> {
    let (principal, limit) = (signed_in.principal(), page_length(asked.limit));
    Ok(Json(state.store.reopenings(&principal, &asked.season, asked.cursor.as_deref(), limit, state.clock.now()).await?))
}
