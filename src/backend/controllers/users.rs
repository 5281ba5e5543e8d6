//! Users: added by an admin, with a one-time invitation that is shown once; changed, shut out, let in again; and how they must sign in.

use axum::{Json, extract::State as Shared, http::StatusCode};
use uuid::Uuid;

use crate::{
    api::{
        people::{AccessPolicy, ChangedUser, Invitation, KnownUser, NewUser},
        problem::Problem,
    },
    backend::{
        auth,
        extract::{InPath, JsonBody, SignedIn},
        problems::Failure,
        state::State,
    },
    domain::access::{Principal, Role},
};

/// Whether a name can be a user's: short, visible, without spaces around it.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.chars().count()) && name.trim() == name && !name.chars().any(char::is_control)
}

/// The users of the school.
///
/// With their roles and the units in their scope, as far as the asker's units go.
#[utoipa::path(get, path = "/v1/users", security(("token" = [])),
    responses((status = 200, body = [KnownUser]), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(Shared(state): Shared<State>, signed_in: SignedIn) -> Result<Json<Vec<KnownUser>>, Failure> {
    Ok(Json(state.store.users(&signed_in.principal()).await?))
}

/// Adds a user, or invites again one who never came.
///
/// Nobody gives away a role or units that are not theirs. The code is shown once; only its hash is kept.
#[utoipa::path(post, path = "/v1/users",
    extensions(("x-problem-codes" = json!(["user_exists"]))),
    security(("token" = [])), request_body = NewUser,
    responses((status = 201, body = Invitation), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn add(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    JsonBody(asked): JsonBody<NewUser>,
) -> Result<(StatusCode, Json<Invitation>), Failure> {
    let principal = signed_in.principal();
    if !is_name(&asked.name) {
        return Err(Failure::bad_request("a name has 1 to 64 visible characters").with("field", "name"));
    }
    givable(&principal, asked.role, asked.units.as_deref())?;
    let (code, invitation) = auth::new_invitation(state.clock.now())?;
    let user = state.store.add_user(Some(&principal), &asked, invitation).await?;
    Ok((StatusCode::CREATED, Json(Invitation { code, expires_at: invitation.expires_at, user })))
}

/// Ends every session of a user, for who lost a machine or left.
///
/// The user may sign in again.
#[utoipa::path(delete, path = "/v1/users/{id}/sessions", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn end_sessions(Shared(state): Shared<State>, signed_in: SignedIn, InPath(id): InPath<Uuid>) -> Result<StatusCode, Failure> {
    state.store.end_sessions(&signed_in.principal(), id, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a user another role, scope or standing.
///
/// What is left out of it is not kept. It holds from the user's next request on, on every replica.
#[utoipa::path(put, path = "/v1/users/{id}", security(("token" = [])), params(("id" = Uuid, Path)), request_body = ChangedUser,
    extensions(("x-problem-codes" = json!(["own_account"]))),
    responses((status = 200, body = KnownUser), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn change(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    JsonBody(asked): JsonBody<ChangedUser>,
) -> Result<Json<KnownUser>, Failure> {
    let principal = signed_in.principal();
    givable(&principal, asked.role, asked.units.as_deref())?;
    Ok(Json(state.store.change_user(&principal, id, &asked, state.clock.now()).await?))
}

/// Gives a one-time link to choose a new password.
///
/// The old one and all sessions end with it. One-time codes stay.
#[utoipa::path(post, path = "/v1/users/{id}/invitations",
    extensions(("x-problem-codes" = json!(["own_account"]))),
    security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 201, body = Invitation), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn reset_password(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
) -> Result<(StatusCode, Json<Invitation>), Failure> {
    let (code, invitation) = auth::new_invitation(state.clock.now())?;
    let user = state.store.reset_password(&signed_in.principal(), id, invitation).await?;
    Ok((StatusCode::CREATED, Json(Invitation { code, expires_at: invitation.expires_at, user })))
}

/// Forgets the one-time codes of a user.
///
/// For who has lost phone and recovery codes; their sessions end.
#[utoipa::path(delete, path = "/v1/users/{id}/totp",
    extensions(("x-problem-codes" = json!(["own_account"]))),
    security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn reset_codes(Shared(state): Shared<State>, signed_in: SignedIn, InPath(id): InPath<Uuid>) -> Result<StatusCode, Failure> {
    state.store.reset_codes(&signed_in.principal(), id, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which roles need one-time codes.
///
/// Of the whole school.
#[utoipa::path(get, path = "/v1/access-policy", security(("token" = [])),
    responses((status = 200, body = AccessPolicy), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn policy(Shared(state): Shared<State>, signed_in: SignedIn) -> Result<Json<AccessPolicy>, Failure> {
    Ok(Json(state.store.access_policy(&signed_in.principal()).await?))
}

/// Says which roles need one-time codes.
///
/// Whoever has such a role and no codes can do nothing but set them up, from the next request on.
#[utoipa::path(put, path = "/v1/access-policy", security(("token" = [])), request_body = AccessPolicy,
    responses((status = 200, body = AccessPolicy), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn put_policy(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    JsonBody(mut asked): JsonBody<AccessPolicy>,
) -> Result<Json<AccessPolicy>, Failure> {
    asked.codes_required_for.sort_by_key(|role| role.code());
    asked.codes_required_for.dedup();
    state.store.put_access_policy(&signed_in.principal(), &asked, state.clock.now()).await?;
    Ok(Json(asked))
}

/// A scope that the asker can give to that role.
fn givable(principal: &Principal, role: Role, units: Option<&[String]>) -> Result<(), Failure> {
    if role.needs_units() && units.is_none_or(<[String]>::is_empty) {
        return Err(Failure::bad_request("the role belongs to some units").with("field", "units"));
    }
    // Nobody gives away a scope that is not theirs.
    if principal.units.holds(units) { Ok(()) } else { Err(Failure::forbidden()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::UnitScope;

    #[test]
    fn a_scope_is_given_on_only_in_part() {
        let principal = |units| Principal { user: Uuid::nil(), role: Role::Admin, school: "school".into(), units };
        let (a, b) = (["A".to_owned()], ["B".to_owned()]);
        let only_a = principal(UnitScope::Only(a.to_vec()));
        let given = |asker: &Principal, units| givable(asker, Role::Reviewer, units).is_ok();
        assert!(given(&only_a, Some(&a)) && !given(&only_a, Some(&b)) && !given(&only_a, None));
        assert!(given(&principal(UnitScope::All), None));
        assert!(givable(&principal(UnitScope::All), Role::UnitStaff, None).is_err());
    }

    #[test]
    fn names_are_visible_and_short() {
        assert!(is_name("li.wei") && is_name("李老师"));
        assert!(!is_name("") && !is_name(" li") && !is_name("li\u{1b}[2J") && !is_name(&"x".repeat(65)));
    }
}
