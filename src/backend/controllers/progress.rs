//! How the season stands, by unit.

use axum::{Json, extract::State as Shared};

use super::OfSeason;
use crate::{
    api::{
        problem::Problem,
        progress::{Progress, UnitProgress},
    },
    backend::{
        extract::{Arguments, SignedIn},
        problems::Failure,
        state::State,
    },
};

/// The units in scope and their sum.
#[utoipa::path(get, path = "/v1/progress", security(("token" = [])), params(OfSeason),
    responses((status = 200, body = Progress), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn progress(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(of): Arguments<OfSeason>,
) -> Result<Json<Progress>, Failure> {
    Ok(Json(state.store.progress(&signed_in.principal(), &of.season).await?))
}

/// The units in scope, each with its counts.
#[utoipa::path(get, path = "/v1/units", security(("token" = [])), params(OfSeason),
    responses((status = 200, body = [UnitProgress]), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn units(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(of): Arguments<OfSeason>,
) -> Result<Json<Vec<UnitProgress>>, Failure> {
    Ok(Json(state.store.progress(&signed_in.principal(), &of.season).await?.units))
}
