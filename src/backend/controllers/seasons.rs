//! Seasons and their rules.

use axum::{Json, extract::State as Shared};

use crate::{
    api::{problem::Problem, roster::Season},
    backend::{
        extract::{InPath, JsonBody, SignedIn},
        problems::Failure,
        state::State,
    },
    photo::Standard,
};

/// The sets of comparison bands that the engine has.
const COHORTS: [&str; 2] = ["default", "specimen"];

/// The seasons of the school, newest first.
#[utoipa::path(get, path = "/v1/seasons", security(("token" = [])),
    responses((status = 200, body = [Season]), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(Shared(state): Shared<State>, signed_in: SignedIn) -> Result<Json<Vec<Season>>, Failure> {
    Ok(Json(state.store.seasons(&signed_in.principal()).await?))
}

/// Makes a season or sets its rules.
#[utoipa::path(put, path = "/v1/seasons/{code}", security(("token" = [])), params(("code" = String, Path)), request_body = Season,
    responses((status = 200, body = Season), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(code): InPath<String>,
    JsonBody(season): JsonBody<Season>,
) -> Result<Json<Season>, Failure> {
    if code != season.code {
        return Err(Failure::bad_request("the code in the path is not the season's").with("field", "code"));
    }
    let ascii = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if code.is_empty() || code.len() > 64 || !code.chars().all(ascii) {
        return Err(Failure::bad_request("a season's code has 1 to 64 ASCII letters, digits, '-', '_' or '.'").with("field", "code"));
    }
    if season.rules.lease_seconds == 0 || season.rules.reviews_needed == 0 {
        return Err(Failure::bad_request("a season needs a lease of at least a second and at least one review").with("field", "rules"));
    }
    let share = |share: f64| (0.0..=1.0).contains(&share);
    if !share(season.rules.second_review_share) || !share(season.rules.golden_share) {
        return Err(Failure::bad_request("a share is a number from 0 to 1").with("field", "rules"));
    }
    // Every photo of a season that names what does not exist would be refused, for good.
    if Standard::builtin(&season.rules.standard).is_none() || !COHORTS.contains(&season.rules.cohort.as_str()) {
        return Err(Failure::bad_request("there is no such standard or no such set of comparison bands").with("field", "rules"));
    }
    Ok(Json(state.store.put_season(&signed_in.principal(), &season, state.clock.now()).await?))
}
