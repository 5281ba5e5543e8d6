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
#[utoipa::path(post, path = "/v1/claims", security(("token" = [])), request_body = NewClaim,
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
#[utoipa::path(put, path = "/v1/claims/{token}", security(("token" = [])), params(("token" = Uuid, Path)),
    responses((status = 200, body = Claim), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn heartbeat(Shared(state): Shared<State>, signed_in: SignedIn, InPath(token): InPath<Uuid>) -> Result<Json<Claim>, Failure> {
    Ok(Json(state.store.heartbeat(&signed_in.principal(), token, state.clock.now()).await?))
}

/// Gives back what is held under the token.
#[utoipa::path(delete, path = "/v1/claims/{token}", security(("token" = [])), params(("token" = Uuid, Path)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn release(Shared(state): Shared<State>, signed_in: SignedIn, InPath(token): InPath<Uuid>) -> Result<StatusCode, Failure> {
    state.store.release(&signed_in.principal(), token).await?;
    Ok(StatusCode::NO_CONTENT)
}
