//! Signing in and out, and the first sign-in with an invitation.

use axum::{Json, extract::State as Shared, http::StatusCode};

use crate::{
    api::{
        people::{Redeem, Session, SignIn, User},
        problem::{Problem, code},
    },
    backend::{
        auth,
        controllers::users::is_name,
        extract::{From, JsonBody, SignedIn},
        problems::Failure,
        state::State,
    },
};

/// Signs a user in.
///
/// The token goes into `Authorization: Bearer …` of every other request. Too many wrong tries of a name or from an address are answered 429 with
/// `Retry-After`, whatever the password is.
#[utoipa::path(post, path = "/v1/sessions",
    extensions(("x-problem-codes" = json!(["wrong_password", "too_many_tries"]))),
    request_body = SignIn,
    responses((status = 201, body = Session), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn sign_in(
    Shared(state): Shared<State>,
    From(address): From,
    JsonBody(asked): JsonBody<SignIn>,
) -> Result<(StatusCode, Json<Session>), Failure> {
    let now = state.clock.now();
    // What is no name is nobody's, and nothing to remember.
    if !is_name(&asked.name) {
        return Err(Failure::new(StatusCode::UNAUTHORIZED, code::WRONG_PASSWORD, "the name or the password is wrong"));
    }
    // Counted before the password is looked at: hashing is what a guesser would have us do.
    if let Some(until) = state.store.begin_try(&asked.name, address, now).await? {
        return Err(Failure::too_many_tries(until, now));
    }
    let known = state.store.credentials(&asked.name).await?;
    let hash = known.as_ref().and_then(|known| known.password_hash.clone());
    let password = asked.password;
    let fits = tokio::task::spawn_blocking(move || auth::password_fits(&password, hash.as_deref()))
        .await
        .map_err(|error| Failure::internal(&error))?;
    let Some(known) = known.filter(|_| fits) else {
        return Err(Failure::new(StatusCode::UNAUTHORIZED, code::WRONG_PASSWORD, "the name or the password is wrong"));
    };
    state.store.try_succeeded(&asked.name, address).await?;
    let (token, session) = auth::new_session(now)?;
    state.store.open_session(known.user.id, session).await?;
    Ok((StatusCode::CREATED, Json(Session { token, expires_at: session.expires_at, user: known.user })))
}

/// Signs the caller out.
///
/// The token is worthless from then on; other sessions of the same user live on.
#[utoipa::path(delete, path = "/v1/sessions", security(("token" = [])),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn sign_out(Shared(state): Shared<State>, signed_in: SignedIn) -> Result<StatusCode, Failure> {
    state.store.close_session(&signed_in.token_hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is signed in.
///
/// With the role and the units in scope: what a client asks first, to know what it may offer.
#[utoipa::path(get, path = "/v1/sessions/current", security(("token" = [])),
    responses((status = 200, body = User), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn current(signed_in: SignedIn) -> Json<User> {
    Json(signed_in.session.user)
}

/// Uses a one-time invitation, sets the password, signs in.
///
/// A password has at least 10 characters. An invitation works once and for a limited time.
#[utoipa::path(post, path = "/v1/invitations/redeem",
    extensions(("x-problem-codes" = json!(["invitation_invalid", "weak_password", "too_many_tries"]))),
    request_body = Redeem,
    responses((status = 201, body = Session), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn redeem(
    Shared(state): Shared<State>,
    From(address): From,
    JsonBody(asked): JsonBody<Redeem>,
) -> Result<(StatusCode, Json<Session>), Failure> {
    let now = state.clock.now();
    if let Some(until) = state.store.begin_try("", address, now).await? {
        return Err(Failure::too_many_tries(until, now));
    }
    let password = asked.password;
    let hash = tokio::task::spawn_blocking(move || auth::hash_password(&password)).await.map_err(|error| Failure::internal(&error))??;
    let (token, session) = auth::new_session(now)?;
    let user = state.store.redeem(&auth::hash_of(&asked.invitation), &hash, session).await?;
    state.store.try_succeeded("", address).await?;
    Ok((StatusCode::CREATED, Json(Session { token, expires_at: session.expires_at, user })))
}
