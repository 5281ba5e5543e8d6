//! Signing in and out, one's own sessions, and the first sign-in with an invitation.

use std::net::IpAddr;

use axum::{Json, extract::State as Shared, http::StatusCode};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    api::{
        people::{OwnSession, Redeem, Session, SignIn, User},
        problem::{Problem, code},
    },
    backend::{
        auth,
        controllers::users::is_name,
        extract::{Client, From, InPath, JsonBody, SignedIn},
        problems::Failure,
        state::State,
        store::types::{Credentials, NewSession},
    },
};

/// Signs a user in.
///
/// The token goes into `Authorization: Bearer …` of every other request. Too many wrong tries of a name or from an address are answered 429 with
/// `Retry-After`, whatever the password is. Who has one-time codes is told `code_needed` once the password was right, and asks again with one.
#[utoipa::path(post, path = "/v1/sessions",
    extensions(("x-problem-codes" = json!(["wrong_password", "too_many_tries", "code_needed", "wrong_code", "user_disabled"]))),
    request_body = SignIn,
    responses((status = 201, body = Session), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn sign_in(
    Shared(state): Shared<State>,
    From(address): From,
    Client(client): Client,
    JsonBody(asked): JsonBody<SignIn>,
) -> Result<(StatusCode, Json<Session>), Failure> {
    let now = state.clock.now();
    let known = with_password(&state, &asked.name, address, asked.password, now).await?;
    if known.disabled {
        state.store.try_unfinished(&asked.name, address).await?;
        return Err(Failure::new(StatusCode::FORBIDDEN, code::USER_DISABLED, "the user is let in no more"));
    }
    if known.needs_code {
        let Some(typed) = asked.code else {
            state.store.try_unfinished(&asked.name, address).await?;
            return Err(Failure::code_needed());
        };
        state.store.use_code(known.user.id, &typed, now).await?;
    }
    state.store.try_succeeded(&asked.name, address).await?;
    let (token, session) = auth::new_session(now)?;
    let expires_at = session.expires_at;
    state.store.open_session(known.user.id, NewSession { client, ..session }).await?;
    Ok((StatusCode::CREATED, Json(Session { token, expires_at, user: known.user })))
}

/// The user of that name, if the password is theirs. The try is counted, and whoever goes on takes that back.
pub(super) async fn with_password(
    state: &State,
    name: &str,
    address: IpAddr,
    password: String,
    now: Timestamp,
) -> Result<Credentials, Failure> {
    let wrong = || Failure::new(StatusCode::UNAUTHORIZED, code::WRONG_PASSWORD, "the name or the password is wrong");
    // What is no name is nobody's, and nothing to remember.
    if !is_name(name) {
        return Err(wrong());
    }
    // Counted before the password is looked at: hashing is what a guesser would have us do.
    if let Some(until) = state.store.begin_try(name, address, now).await? {
        return Err(Failure::too_many_tries(until, now));
    }
    let known = state.store.credentials(name).await?;
    let hash = known.as_ref().and_then(|known| known.password_hash.clone());
    let fits = tokio::task::spawn_blocking(move || auth::password_fits(&password, hash.as_deref()))
        .await
        .map_err(|error| Failure::internal(&error))?;
    known.filter(|_| fits).ok_or_else(wrong)
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

/// The caller's sessions, the one used last first.
///
/// With what the client called itself; never a token.
#[utoipa::path(get, path = "/v1/sessions", security(("token" = [])),
    responses((status = 200, body = [OwnSession]), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(Shared(state): Shared<State>, signed_in: SignedIn) -> Result<Json<Vec<OwnSession>>, Failure> {
    Ok(Json(state.store.own_sessions(&signed_in.principal(), &signed_in.token_hash, state.clock.now()).await?))
}

/// Ends one of the caller's sessions.
///
/// For a machine that is lost or was left signed in.
#[utoipa::path(delete, path = "/v1/sessions/{id}", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn end(Shared(state): Shared<State>, signed_in: SignedIn, InPath(id): InPath<Uuid>) -> Result<StatusCode, Failure> {
    state.store.close_own_session(&signed_in.principal(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Uses a one-time invitation, sets the password, signs in.
///
/// A password has at least 10 characters. An invitation works once and for a limited time.
#[utoipa::path(post, path = "/v1/invitations/redeem",
    extensions(("x-problem-codes" = json!(["invitation_invalid", "weak_password", "too_many_tries", "code_needed", "wrong_code", "user_disabled"]))),
    request_body = Redeem,
    responses((status = 201, body = Session), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn redeem(
    Shared(state): Shared<State>,
    From(address): From,
    Client(client): Client,
    JsonBody(asked): JsonBody<Redeem>,
) -> Result<(StatusCode, Json<Session>), Failure> {
    let now = state.clock.now();
    if let Some(until) = state.store.begin_try("", address, now).await? {
        return Err(Failure::too_many_tries(until, now));
    }
    let invitation = auth::hash_of(&asked.invitation);
    let password = asked.password;
    let hash = tokio::task::spawn_blocking(move || auth::hash_password(&password)).await.map_err(|error| Failure::internal(&error))??;
    // A link that resets a password does not stand in for the one-time codes of who has them.
    if let Some(invited) = state.store.invited(&invitation, now).await?.filter(|invited| invited.needs_code) {
        let Some(typed) = asked.code else {
            state.store.try_unfinished("", address).await?;
            return Err(Failure::code_needed());
        };
        if let Some(until) = state.store.begin_try(&invited.user.name, address, now).await? {
            return Err(Failure::too_many_tries(until, now));
        }
        state.store.use_code(invited.user.id, &typed, now).await?;
        state.store.try_succeeded(&invited.user.name, address).await?;
    }
    let (token, session) = auth::new_session(now)?;
    let expires_at = session.expires_at;
    let user = state.store.redeem(&invitation, &hash, NewSession { client, ..session }).await?;
    state.store.try_succeeded("", address).await?;
    Ok((StatusCode::CREATED, Json(Session { token, expires_at, user })))
}
