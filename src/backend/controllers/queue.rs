//! Queues: how long, who is where, photos passed on, deadlines that move places.

use axum::{Json, extract::State as Shared, http::StatusCode};
use serde::Deserialize;
use uuid::Uuid;

use super::{OfSeason, page_length, seasons};
use crate::{
    api::{
        problem::Problem,
        reviewing::{NewSkip, QueueLength, QueuePosition, Skip, UnitDeadline},
        submission::Page,
    },
    backend::{
        extract::{Arguments, InPath, JsonBody, SignedIn},
        problems::Failure,
        state::State,
    },
};

/// How long the queue of each unit in scope is.
///
/// Out of counters, whatever the length.
#[utoipa::path(get, path = "/v1/queue", security(("token" = [])), params(OfSeason),
    responses((status = 200, body = [QueueLength]), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn lengths(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(of): Arguments<OfSeason>,
) -> Result<Json<Vec<QueueLength>>, Failure> {
    Ok(Json(state.store.queue_lengths(&signed_in.principal(), &of.season).await?))
}

/// How many photos of the same unit come before one that waits. 409 `not_pending` for one that does not.
#[utoipa::path(get, path = "/v1/submissions/{id}/position",
    extensions(("x-problem-codes" = json!(["not_pending"]))),
    security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = QueuePosition), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn position(Shared(state): Shared<State>, signed_in: SignedIn, InPath(id): InPath<Uuid>) -> Result<Json<QueuePosition>, Failure> {
    Ok(Json(state.store.queue_position(&signed_in.principal(), id).await?))
}

/// Sets a unit's own deadline; those who come in shortly before it get a head start.
///
/// Without `closes_at` the season's own counts again.
#[utoipa::path(put, path = "/v1/seasons/{code}/units/{unit}/deadline",
    extensions(("x-problem-codes" = json!(["season_unknown"]))),
    security(("token" = [])),
    params(("code" = String, Path), ("unit" = String, Path)), request_body = UnitDeadline,
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn put_deadline(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath((code, unit)): InPath<(String, String)>,
    JsonBody(deadline): JsonBody<UnitDeadline>,
) -> Result<StatusCode, Failure> {
    if !seasons::is_day_of_a_season(deadline.closes_at) {
        return Err(Failure::bad_request("a last day is in this millennium").with("field", "closes_at"));
    }
    state.store.put_deadline(&signed_in.principal(), &code, &unit, &deadline, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Passes a photo on with a reason, and asks for a lead where `ask_lead` says so.
///
/// It is not offered to the same person for the time that the season gives. A note names nobody: no names, no numbers.
#[utoipa::path(post, path = "/v1/submissions/{id}/skip",
    extensions(("x-problem-codes" = json!(["not_standardized", "not_pending", "already_decided", "withdrawn", "note_personal", "note_invalid"]))),
    security(("token" = [])), params(("id" = Uuid, Path)), request_body = NewSkip,
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn skip(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    JsonBody(skip): JsonBody<NewSkip>,
) -> Result<StatusCode, Failure> {
    state.store.skip(&signed_in.principal(), id, &skip, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which part of what was passed on is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Skipped {
    pub season: String,
    /// Only those for which a lead was asked and that still wait for one.
    pub asks_lead: Option<bool>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// At most 200; 50 where nobody says.
    pub limit: Option<u32>,
}

/// What was passed on, newest first.
///
/// With `asks_lead` only what still waits for somebody who leads reviews.
#[utoipa::path(get, path = "/v1/skips", security(("token" = [])), params(Skipped),
    responses((status = 200, body = Page<Skip>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn skips(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(asked): Arguments<Skipped>,
) -> Result<Json<Page<Skip>>, Failure> {
    let (asks_lead, limit) = (asked.asks_lead.unwrap_or_default(), page_length(asked.limit));
    Ok(Json(state.store.skips(&signed_in.principal(), &asked.season, asks_lead, asked.cursor.as_deref(), limit).await?))
}
