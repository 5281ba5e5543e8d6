//! Users, their sessions and invitations.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SCHOOL, SqlStore,
    audit::{self, Line},
    database::{Row, Write, sql},
    values,
};
use crate::{
    api::people::{NewUser, User},
    backend::store::{
        StoreError, StoreResult,
        types::{Credentials, FoundSession, Hash, NewInvitation, NewSession},
    },
    domain::access::Principal,
};

fn user(row: &Row) -> StoreResult<User> {
    Ok(User {
        id: row.id("id")?,
        name: row.text("name")?,
        role: row.code("role")?,
        school: row.text("school")?,
        units: row.json_or_null("units")?,
    })
}

/// Users, their sessions and invitations.
#[async_trait]
pub trait People: Send + Sync {
    /// Whether anybody was ever added.
    async fn has_users(&self) -> StoreResult<bool>;
    /// The user of a name, for checking a password.
    async fn credentials(&self, name: &str) -> StoreResult<Option<Credentials>>;
    async fn open_session(&self, user: Uuid, session: NewSession) -> StoreResult<()>;
    /// The session of a token, unless it has expired.
    async fn session(&self, token_hash: &Hash, now: Timestamp) -> StoreResult<Option<FoundSession>>;
    async fn close_session(&self, token_hash: &Hash) -> StoreResult<()>;
    /// Ends every session of a user of the asker's school, whoever holds it; says how many there were.
    async fn end_sessions(&self, principal: &Principal, user: Uuid, now: Timestamp) -> StoreResult<u64>;
    /// The users of the asker's school, by name.
    async fn users(&self, principal: &Principal) -> StoreResult<Vec<User>>;
    /// Adds a user with an invitation. A user who never redeemed one gets the new role, scope and invitation; without a principal the machine's
    /// owner asks.
    async fn add_user(&self, principal: Option<&Principal>, user: &NewUser, invitation: NewInvitation) -> StoreResult<User>;
    /// Uses up an invitation, sets the password and opens a session, all or nothing.
    async fn redeem(&self, code_hash: &Hash, password_hash: &str, session: NewSession) -> StoreResult<User>;
}

#[async_trait]
impl People for SqlStore {
    async fn has_users(&self) -> StoreResult<bool> {
        sql("SELECT EXISTS (SELECT 1 FROM users)").fetch_value(&self.database).await
    }

    async fn credentials(&self, name: &str) -> StoreResult<Option<Credentials>> {
        let row = sql("SELECT id, school, name, role, units, password FROM users WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.database)
            .await?;
        row.map(|row| Ok(Credentials { user: user(&row)?, password_hash: row.text_or_null("password")? })).transpose()
    }

    async fn open_session(&self, user: Uuid, session: NewSession) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        insert_session(&mut write, user, session).await?;
        write.commit().await
    }

    async fn session(&self, token_hash: &Hash, now: Timestamp) -> StoreResult<Option<FoundSession>> {
        let row = sql("SELECT u.id, u.school, u.name, u.role, u.units, s.expires_at FROM sessions s JOIN users u ON u.id = s.\"user\"
             WHERE s.token_hash = ? AND s.expires_at > ?")
        .bind(token_hash.as_slice())
        .bind(values::time(now))
        .fetch_optional(&self.database)
        .await?;
        row.map(|row| Ok(FoundSession { user: user(&row)?, expires_at: row.time("expires_at")? })).transpose()
    }

    async fn close_session(&self, token_hash: &Hash) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        sql("DELETE FROM sessions WHERE token_hash = ?").bind(token_hash.as_slice()).execute(&mut write).await?;
        write.commit().await
    }

    async fn end_sessions(&self, principal: &Principal, user: Uuid, now: Timestamp) -> StoreResult<u64> {
        let mut write = self.database.write().await?;
        let known: Option<Vec<u8>> = sql("SELECT id FROM users WHERE id = ? AND school = ?")
            .bind(values::id(user))
            .bind(&principal.school)
            .fetch_value_optional(&mut write)
            .await?;
        if known.is_none() {
            return Err(StoreError::NotFound);
        }
        let ended = sql("DELETE FROM sessions WHERE \"user\" = ?").bind(values::id(user)).execute(&mut write).await?.rows_affected();
        let line = Line {
            actor: Some(principal.user),
            details: vec![("user", user.to_string()), ("sessions", ended.to_string())],
            ..Line::of(&principal.school, "sessions.ended")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        Ok(ended)
    }

    async fn users(&self, principal: &Principal) -> StoreResult<Vec<User>> {
        let rows = sql("SELECT id, school, name, role, units FROM users WHERE school = ? ORDER BY name")
            .bind(&principal.school)
            .fetch_all(&self.database)
            .await?;
        rows.iter().map(user).collect()
    }

    async fn add_user(&self, principal: Option<&Principal>, new: &NewUser, invitation: NewInvitation) -> StoreResult<User> {
        let school = principal.map_or(SCHOOL, |principal| &principal.school);
        let mut write = self.database.write().await?;
        let known = sql("SELECT id, school, password IS NOT NULL AS settled FROM users WHERE name = ?")
            .bind(&new.name)
            .fetch_optional(&mut write)
            .await?;
        let id = match known {
            Some(row) if row.flag("settled")? || row.text("school")? != school => return Err(StoreError::UserExists),
            Some(row) => row.id("id")?,
            None => Uuid::now_v7(),
        };
        let units = new.units.as_ref().map(values::json).transpose()?;
        sql("INSERT INTO users (id, school, name, role, units, created_at) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET role = excluded.role, units = excluded.units")
        .bind(values::id(id))
        .bind(school)
        .bind(&new.name)
        .bind(new.role.code())
        .bind(units)
        .bind(values::time(invitation.made_at))
        .execute(&mut write)
        .await?;
        // An older invitation of the same user must not open a second door.
        sql("DELETE FROM invitations WHERE \"user\" = ? AND used_at IS NULL").bind(values::id(id)).execute(&mut write).await?;
        sql("INSERT INTO invitations (code_hash, \"user\", created_at, expires_at) VALUES (?, ?, ?, ?)")
            .bind(invitation.code_hash.as_slice())
            .bind(values::id(id))
            .bind(values::time(invitation.made_at))
            .bind(values::time(invitation.expires_at))
            .execute(&mut write)
            .await?;
        let line = Line {
            actor: principal.map(|principal| principal.user),
            details: vec![("user", id.to_string()), ("role", new.role.code().to_owned())],
            ..Line::of(school, "user.invited")
        };
        audit::append(&mut write, invitation.made_at, line).await?;
        write.commit().await?;
        Ok(User { id, name: new.name.clone(), role: new.role, school: school.to_owned(), units: new.units.clone() })
    }

    async fn redeem(&self, code_hash: &Hash, password_hash: &str, session: NewSession) -> StoreResult<User> {
        let mut write = self.database.write().await?;
        let used: Option<Vec<u8>> =
            sql("UPDATE invitations SET used_at = ?2 WHERE code_hash = ?1 AND used_at IS NULL AND expires_at > ?2 RETURNING \"user\"")
                .bind(code_hash.as_slice())
                .bind(values::time(session.opened_at))
                .fetch_value_optional(&mut write)
                .await?;
        let id = used.ok_or(StoreError::InvitationInvalid)?;
        let row = sql("UPDATE users SET password = ? WHERE id = ? RETURNING id, school, name, role, units")
            .bind(password_hash)
            .bind(id)
            .fetch_one(&mut write)
            .await?;
        let user = user(&row)?;
        insert_session(&mut write, user.id, session).await?;
        let line = Line { actor: Some(user.id), ..Line::of(&user.school, "user.joined") };
        audit::append(&mut write, session.opened_at, line).await?;
        write.commit().await?;
        Ok(user)
    }
}

async fn insert_session(write: &mut Write, user: Uuid, session: NewSession) -> StoreResult<()> {
    sql("INSERT INTO sessions (token_hash, \"user\", created_at, expires_at) VALUES (?, ?, ?, ?)")
        .bind(session.token_hash.to_vec())
        .bind(values::id(user))
        .bind(values::time(session.opened_at))
        .bind(values::time(session.expires_at))
        .execute(&mut *write)
        .await?;
    Ok(())
}
