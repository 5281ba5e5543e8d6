//! Claims: photos reserved for one reviewer while they are on the screen.

use axum::{Json, extract::State as Shared, http::StatusCode};
use uuid::Uuid;

use crate::{
    api::{
        problem::Problem,
        submission::{Claim, NewClaim},
    },
    backend::{
        extract::{InPath, JsonBody, SignedIn},
        problems::Failure,
        state::State,
    },
    domain::lifecycle::attempt::Status,
};

/// Reserves photos for the asker, the longest free first, or the named ones.
///
/// A lease is advice and ends by time alone: it keeps two people from looking at one photo, and the version decides who may judge it. An answer
/// without items says why: nothing waits, all are on other screens until `all_claimed_until`, or none is for the asker.
#[utoipa::path(post, path = "/v1/claims",
    extensions(("x-problem-codes" = json!(["not_found", "season_unknown"]))),
    security(("token" = [])), request_body = NewClaim,
    responses((status = 201, body = Claim), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn add(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    JsonBody(wanted): JsonBody<NewClaim>,
) -> Result<(StatusCode, Json<Claim>), Failure> {
    if !matches!(wanted.status, Status::Pending | Status::MachineRefused) {
        return Err(Failure::bad_request("only photos that wait for people can be claimed").with("field", "status"));
    }
    let claim = state.store.claim(&signed_in.principal(), &wanted, Uuid::new_v4(), state.clock.now()).await?;
    state.metrics.count_claim(&claim);
    Ok((StatusCode::CREATED, Json(claim)))
}

/// A sign of life: prolongs what is still held under the token.
///
/// Sent now and then while photos are on the screen. What others hold meanwhile is not in the answer.
#[utoipa::path(put, path = "/v1/claims/{token}", security(("token" = [])), params(("token" = Uuid, Path)),
    responses((status = 200, body = Claim), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn heartbeat(Shared(state): Shared<State>, signed_in: SignedIn, InPath(token): InPath<Uuid>) -> Result<Json<Claim>, Failure> {
    Ok(Json(state.store.heartbeat(&signed_in.principal(), token, state.clock.now()).await?))
}

/// Gives back what is held under the token.
///
/// Said again it is the same; a token that nobody knows is none that holds anything.
#[utoipa::path(delete, path = "/v1/claims/{token}", security(("token" = [])), params(("token" = Uuid, Path)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn release(Shared(state): Shared<State>, signed_in: SignedIn, InPath(token): InPath<Uuid>) -> Result<StatusCode, Failure> {
    state.store.release(&signed_in.principal(), token).await?;
    Ok(StatusCode::NO_CONTENT)
}
