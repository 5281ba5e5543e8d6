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
    /// A one-time code or a recovery code; after `code_needed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// `POST /v1/invitations/redeem`: uses a one-time invitation, sets the password, signs in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Redeem {
    /// The code of the one-time link: what stands after `#`.
    pub invitation: String,
    pub password: String,
    /// A one-time code or a recovery code, where the link resets the password of somebody who has them; after `code_needed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
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

/// A user as an admin sees one (`GET /v1/users`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct KnownUser {
    #[serde(flatten)]
    pub user: User,
    /// Whether there is a password: an invitation was redeemed, and not reset since.
    pub joined: bool,
    /// Whether the user is let in no more.
    pub disabled: bool,
    /// Whether signing in asks for one-time codes.
    pub totp: bool,
}

/// `PUT /v1/users/{id}`: what a user is from now on. Who is disabled is signed out at once and holds no photo any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ChangedUser {
    pub role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Vec<String>>,
    #[serde(default)]
    pub disabled: bool,
}

/// One of the caller's own sessions (`GET /v1/sessions`). Its token is told to nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct OwnSession {
    pub id: Uuid,
    /// What the client called itself when it signed in.
    pub client: String,
    pub opened_at: Timestamp,
    /// When it was last used, to a few minutes.
    pub seen_at: Timestamp,
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// How the caller stands with one-time codes (`GET /v1/totp`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CodesState {
    /// Whether signing in asks for them.
    pub confirmed: bool,
    /// Whether the role needs them.
    pub required: bool,
    pub recovery_codes_left: u32,
}

/// `POST /v1/totp`: begins to set up one-time codes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BeginCodes {
    /// The caller's own: a stolen token sets up nothing.
    pub password: String,
}

/// The secret of the codes. Shown once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CodesSecret {
    /// In Base32, for typing.
    pub secret: String,
    /// `otpauth://…`, for a camera.
    pub uri: String,
}

/// `POST /v1/totp/confirmation` and `POST /v1/totp/removal`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ShownCode {
    pub code: String,
}

/// Each stands in for a code once. Shown once; only hashes are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    pub codes: Vec<String>,
}

/// Who must sign in how (`GET` and `PUT /v1/access-policy`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AccessPolicy {
    /// Whoever has one of these roles sets up one-time codes before anything else.
    pub codes_required_for: Vec<Role>,
}
