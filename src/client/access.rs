//! Calls about people and how they sign in: one's own sessions and one-time codes, and what an admin does to users.

use reqwest::Method;
use uuid::Uuid;

use super::Http;
use crate::api::{
    people::{AccessPolicy, BeginCodes, ChangedUser, CodesSecret, CodesState, Invitation, KnownUser, OwnSession, RecoveryCodes, ShownCode},
    problem::Problem,
};

impl Http {
    /// The caller's sessions. `GET /v1/sessions`
    pub async fn own_sessions(&self) -> Result<Vec<OwnSession>, Problem> {
        self.json(self.request(Method::GET, &["sessions"])?).await
    }

    /// Ends one of them. `DELETE /v1/sessions/{id}`
    pub async fn end_own_session(&self, id: Uuid) -> Result<(), Problem> {
        self.empty(self.request(Method::DELETE, &["sessions", &id.to_string()])?).await
    }

    /// How the caller stands with one-time codes. `GET /v1/totp`
    pub async fn codes_state(&self) -> Result<CodesState, Problem> {
        self.json(self.request(Method::GET, &["totp"])?).await
    }

    /// Begins to set them up. `POST /v1/totp`
    pub async fn begin_codes(&self, password: String) -> Result<CodesSecret, Problem> {
        self.json(self.request(Method::POST, &["totp"])?.json(&BeginCodes { password })).await
    }

    /// Confirms them. `POST /v1/totp/confirmation`
    pub async fn confirm_codes(&self, code: String) -> Result<RecoveryCodes, Problem> {
        self.json(self.request(Method::POST, &["totp", "confirmation"])?.json(&ShownCode { code })).await
    }

    /// Removes them. `POST /v1/totp/removal`
    pub async fn remove_codes(&self, code: String) -> Result<(), Problem> {
        self.empty(self.request(Method::POST, &["totp", "removal"])?.json(&ShownCode { code })).await
    }

    /// The users in scope. `GET /v1/users`
    pub async fn users(&self) -> Result<Vec<KnownUser>, Problem> {
        self.json(self.request(Method::GET, &["users"])?).await
    }

    /// Gives a user role, scope and standing. `PUT /v1/users/{id}`
    pub async fn change_user(&self, id: Uuid, change: &ChangedUser) -> Result<KnownUser, Problem> {
        self.json(self.request(Method::PUT, &["users", &id.to_string()])?.json(change)).await
    }

    /// Takes a user's password away and gives a one-time link. `POST /v1/users/{id}/invitations`
    pub async fn reset_password(&self, id: Uuid) -> Result<Invitation, Problem> {
        self.json(self.request(Method::POST, &["users", &id.to_string(), "invitations"])?).await
    }

    /// Forgets a user's one-time codes. `DELETE /v1/users/{id}/totp`
    pub async fn reset_codes(&self, id: Uuid) -> Result<(), Problem> {
        self.empty(self.request(Method::DELETE, &["users", &id.to_string(), "totp"])?).await
    }

    /// Ends every session of a user. `DELETE /v1/users/{id}/sessions`
    pub async fn end_sessions(&self, id: Uuid) -> Result<(), Problem> {
        self.empty(self.request(Method::DELETE, &["users", &id.to_string(), "sessions"])?).await
    }

    /// Which roles need one-time codes. `GET /v1/access-policy`
    pub async fn access_policy(&self) -> Result<AccessPolicy, Problem> {
        self.json(self.request(Method::GET, &["access-policy"])?).await
    }

    /// Says which roles need them. `PUT /v1/access-policy`
    pub async fn put_access_policy(&self, policy: &AccessPolicy) -> Result<AccessPolicy, Problem> {
        self.json(self.request(Method::PUT, &["access-policy"])?.json(policy)).await
    }
}
