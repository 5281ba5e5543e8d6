//! Users: added by an admin, with a one-time invitation that is shown once.

use axum::{Json, extract::State as Shared, http::StatusCode};
use uuid::Uuid;

use crate::{
    api::{
        people::{Invitation, NewUser, User},
        problem::Problem,
    },
    backend::{
        auth,
        extract::{InPath, JsonBody, SignedIn},
        problems::Failure,
        state::State,
    },
    domain::access::{Principal, UnitScope},
};

/// Whether a name can be a user's: short, visible, without spaces around it.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.chars().count()) && name.trim() == name && !name.chars().any(char::is_control)
}

/// The users of the school.
///
/// With their roles and the units in their scope.
#[utoipa::path(get, path = "/v1/users", security(("token" = [])),
    responses((status = 200, body = [User]), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(Shared(state): Shared<State>, signed_in: SignedIn) -> Result<Json<Vec<User>>, Failure> {
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
    if asked.role.needs_units() && asked.units.as_ref().is_none_or(Vec::is_empty) {
        return Err(Failure::bad_request("the role belongs to some units").with("field", "units"));
    }
    if !within(&principal, asked.units.as_deref()) {
        return Err(Failure::forbidden());
    }
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

/// Nobody gives away a scope that is not theirs.
fn within(principal: &Principal, units: Option<&[String]>) -> bool {
    match (&principal.units, units) {
        (UnitScope::All, _) => true,
        (UnitScope::Only(_), None) => false,
        (scope, Some(units)) => units.iter().all(|unit| scope.covers(unit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Role;

    #[test]
    fn a_scope_is_given_on_only_in_part() {
        let principal = |units| Principal { user: Uuid::nil(), role: Role::Admin, school: "school".into(), units };
        let (a, b) = (["A".to_owned()], ["B".to_owned()]);
        let only_a = principal(UnitScope::Only(a.to_vec()));
        assert!(within(&only_a, Some(&a)) && !within(&only_a, Some(&b)) && !within(&only_a, None));
        assert!(within(&principal(UnitScope::All), None));
    }

    #[test]
    fn names_are_visible_and_short() {
        assert!(is_name("li.wei") && is_name("李老师"));
        assert!(!is_name("") && !is_name(" li") && !is_name("li\u{1b}[2J") && !is_name(&"x".repeat(65)));
    }
}
