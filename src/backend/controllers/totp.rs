//! The caller's one-time codes: set up with the password, confirmed with a code, removed with one.

use axum::{Json, extract::State as Shared, http::StatusCode};

use super::sessions::with_password;
use crate::{
    api::{
        people::{BeginCodes, CodesSecret, CodesState, RecoveryCodes, ShownCode},
        problem::Problem,
    },
    backend::{
        extract::{From, JsonBody, SignedIn},
        problems::Failure,
        state::State,
        totp,
    },
};

/// How the caller stands with one-time codes.
///
/// Whether they are set up, whether the role needs them, and how many recovery codes are left.
#[utoipa::path(get, path = "/v1/totp", security(("token" = [])),
    responses((status = 200, body = CodesState), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn state(Shared(state): Shared<State>, signed_in: SignedIn) -> Result<Json<CodesState>, Failure> {
    Ok(Json(state.store.codes_state(&signed_in.principal()).await?))
}

/// Makes the secret of one-time codes.
///
/// SHA-1, six digits, 30 seconds; shown this once. Nothing asks for codes before it is confirmed with one.
#[utoipa::path(post, path = "/v1/totp", security(("token" = [])), request_body = BeginCodes,
    extensions(("x-problem-codes" = json!(["wrong_password", "too_many_tries", "codes_confirmed"]))),
    responses((status = 201, body = CodesSecret), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn begin(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    From(address): From,
    JsonBody(asked): JsonBody<BeginCodes>,
) -> Result<(StatusCode, Json<CodesSecret>), Failure> {
    let now = state.clock.now();
    let name = &signed_in.session.user.name;
    with_password(&state, name, address, asked.password, now).await?;
    state.store.try_succeeded(name, address).await?;
    let secret = totp::new_secret()?;
    state.store.begin_codes(&signed_in.principal(), &secret, now).await?;
    Ok((StatusCode::CREATED, Json(CodesSecret { secret: totp::base32(&secret), uri: totp::uri(&secret, name)? })))
}

/// Confirms the secret with a code of it and gives recovery codes.
///
/// They are shown this once. The caller's other sessions end.
#[utoipa::path(post, path = "/v1/totp/confirmation", security(("token" = [])), request_body = ShownCode,
    extensions(("x-problem-codes" = json!(["wrong_code", "codes_confirmed", "not_found"]))),
    responses((status = 201, body = RecoveryCodes), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn confirm(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    JsonBody(asked): JsonBody<ShownCode>,
) -> Result<(StatusCode, Json<RecoveryCodes>), Failure> {
    let codes = totp::new_recovery_codes()?;
    state.store.confirm_codes(&signed_in.principal(), &asked.code, &codes, &signed_in.token_hash, state.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(RecoveryCodes { codes })))
}

/// Forgets the caller's codes, against one of them.
///
/// Before a new phone, or for good where no policy asks for them.
#[utoipa::path(post, path = "/v1/totp/removal", security(("token" = [])), request_body = ShownCode,
    extensions(("x-problem-codes" = json!(["wrong_code", "too_many_tries"]))),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn remove(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    From(address): From,
    JsonBody(asked): JsonBody<ShownCode>,
) -> Result<StatusCode, Failure> {
    let now = state.clock.now();
    let name = &signed_in.session.user.name;
    // A stolen token must not guess codes.
    if let Some(until) = state.store.begin_try(name, address, now).await? {
        return Err(Failure::too_many_tries(until, now));
    }
    state.store.remove_codes(&signed_in.principal(), &asked.code, now).await?;
    state.store.try_succeeded(name, address).await?;
    Ok(StatusCode::NO_CONTENT)
}
