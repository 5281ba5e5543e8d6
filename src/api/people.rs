//! Users and their sessions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::access::{Role, UnitScope};

/// `POST /v1/sessions`: signs a user in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SignIn {
    pub name: String,
    pub password: String,
}

/// `POST /v1/invitations/redeem`: uses a one-time invitation, sets the password, signs in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Redeem {
    /// The code of the one-time link: what stands after `#`.
    pub invitation: String,
    pub password: String,
}

/// The answer to both: an opaque token for `Authorization: Bearer`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Session {
    pub token: String,
    pub expires_at: Timestamp,
    pub user: User,
}

/// Who is signed in (`GET /v1/sessions/current`), and each user for an admin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct User {
    pub id: Uuid,
    pub name: String,
    pub role: Role,
    pub school: String,
    /// Codes of the units in scope; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Vec<String>>,
}

impl User {
    /// The user's scope as the domain reads it.
    #[must_use]
    pub fn scope(&self) -> UnitScope {
        self.units.clone().map_or(UnitScope::All, UnitScope::Only)
    }
}

/// `POST /v1/users`: adds a user, who redeems the invitation to choose a password.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewUser {
    pub name: String,
    pub role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Vec<String>>,
}

/// A one-time invitation. Shown once; only its hash is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Invitation {
    pub code: String,
    pub expires_at: Timestamp,
    pub user: User,
}
