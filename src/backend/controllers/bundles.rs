//! Offline bundles: photos taken along, what is out, how it stands when it comes back.

use axum::{Json, extract::State as Shared, http::StatusCode};
use serde::Deserialize;
use uuid::Uuid;

use super::page_length;
use crate::{
    api::{
        bundle::{BundleStanding, LARGEST, NewBundle, OpenBundle, SignedBundle},
        problem::Problem,
        submission::Page,
    },
    backend::{
        extract::{Arguments, InPath, JsonBody, SignedIn},
        problems::Failure,
        state::State,
    },
};

/// Takes photos along: reserves those that have waited longest in a unit until the bundle expires, and signs for them.
///
/// How long that is says the season. Nobody else is offered them meanwhile; the version still decides who may judge. The same `id` again is the
/// same bundle. What is told of the photos and their pictures are read one by one, as ever.
#[utoipa::path(post, path = "/v1/bundles",
    extensions(("x-problem-codes" = json!(["not_found", "season_unknown", "key_reused", "bundle_empty", "bundles_off", "bundle_limit",
        "bundle_expired", "bundle_ended"]))),
    security(("token" = [])), request_body = NewBundle,
    responses((status = 201, body = SignedBundle), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn take(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    JsonBody(wanted): JsonBody<NewBundle>,
) -> Result<(StatusCode, Json<SignedBundle>), Failure> {
    if !(1..=LARGEST).contains(&wanted.count) {
        return Err(Failure::bad_request("a bundle has 1 to 500 photos").with("field", "count"));
    }
    let bundle = state.store.take_bundle(&signed_in.principal(), &wanted, state.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(bundle)))
}

/// Which bundles are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Open {
    pub season: String,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// At most 200; 50 where nobody says.
    pub limit: Option<u32>,
}

/// What is out of the house.
///
/// One's own bundles; everybody's within scope for who manages rosters or leads reviews. Expired and ended ones are not among them.
#[utoipa::path(get, path = "/v1/bundles", security(("token" = [])), params(Open),
    responses((status = 200, body = Page<OpenBundle>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(asked): Arguments<Open>,
) -> Result<Json<Page<OpenBundle>>, Failure> {
    let (limit, now) = (page_length(asked.limit), state.clock.now());
    Ok(Json(state.store.open_bundles(&signed_in.principal(), &asked.season, asked.cursor.as_deref(), limit, now).await?))
}

/// Says how a bundle stands that comes back.
///
/// What was not signed here is refused, and what is another person's. Photos of people who were erased meanwhile are named, so that the device
/// lets go of them.
#[utoipa::path(post, path = "/v1/bundles/{id}/check",
    extensions(("x-problem-codes" = json!(["bundle_forged", "bundle_foreign"]))),
    security(("token" = [])), params(("id" = Uuid, Path)), request_body = SignedBundle,
    responses((status = 200, body = BundleStanding), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn check(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    JsonBody(bundle): JsonBody<SignedBundle>,
) -> Result<Json<BundleStanding>, Failure> {
    Ok(Json(state.store.check_bundle(&signed_in.principal(), id, &bundle, state.clock.now()).await?))
}

/// Ends a bundle: its photos are free again, and no decision is taken from it any more.
///
/// By its reviewer, or by who manages rosters or leads reviews where the unit is in scope. Said again it is the same.
#[utoipa::path(delete, path = "/v1/bundles/{id}", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn end(Shared(state): Shared<State>, signed_in: SignedIn, InPath(id): InPath<Uuid>) -> Result<StatusCode, Failure> {
    state.store.end_bundle(&signed_in.principal(), id, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
