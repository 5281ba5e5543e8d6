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
    domain::access::{Principal, Role},
};

/// A user out of a row that has these columns.
pub(super) fn user(row: &Row) -> StoreResult<User> {
    Ok(User {
        id: row.id("id")?,
        name: row.text("name")?,
        role: row.code("role")?,
        school: row.text("school")?,
        units: row.json_or_null("units")?,
    })
}

fn credentials(row: &Row) -> StoreResult<Credentials> {
    Ok(Credentials {
        user: user(row)?,
        password_hash: row.text_or_null("password")?,
        needs_code: row.time_or_null("confirmed_at")?.is_some(),
        disabled: row.time_or_null("disabled_at")?.is_some(),
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
    /// Adds a user with an invitation. A user who never redeemed one gets the new role, scope and invitation; without a principal the machine's
    /// owner asks.
    async fn add_user(&self, principal: Option<&Principal>, user: &NewUser, invitation: NewInvitation) -> StoreResult<User>;
    /// Whom an invitation that can still be used is for.
    async fn invited(&self, code_hash: &Hash, now: Timestamp) -> StoreResult<Option<Credentials>>;
    /// Uses up an invitation, sets the password and opens a session, all or nothing.
    async fn redeem(&self, code_hash: &Hash, password_hash: &str, session: NewSession) -> StoreResult<User>;
}

#[async_trait]
impl People for SqlStore {
    async fn has_users(&self) -> StoreResult<bool> {
        sql("SELECT EXISTS (SELECT 1 FROM users)").fetch_value(&self.database).await
    }

    async fn credentials(&self, name: &str) -> StoreResult<Option<Credentials>> {
        let row = sql("SELECT u.id, u.school, u.name, u.role, u.units, u.password, u.disabled_at, t.confirmed_at
             FROM users u LEFT JOIN totp t ON t.\"user\" = u.id WHERE u.name = ?")
        .bind(name)
        .fetch_optional(&self.database)
        .await?;
        row.as_ref().map(credentials).transpose()
    }

    async fn invited(&self, code_hash: &Hash, now: Timestamp) -> StoreResult<Option<Credentials>> {
        let row = sql("SELECT u.id, u.school, u.name, u.role, u.units, u.password, u.disabled_at, t.confirmed_at
             FROM invitations i JOIN users u ON u.id = i.\"user\" LEFT JOIN totp t ON t.\"user\" = u.id
             WHERE i.code_hash = ? AND i.used_at IS NULL AND i.expires_at > ?")
        .bind(code_hash.as_slice())
        .bind(values::time(now))
        .fetch_optional(&self.database)
        .await?;
        row.as_ref().map(credentials).transpose()
    }

    async fn open_session(&self, user: Uuid, session: NewSession) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        insert_session(&mut write, user, session).await?;
        write.commit().await
    }

    async fn session(&self, token_hash: &Hash, now: Timestamp) -> StoreResult<Option<FoundSession>> {
        let row = sql("SELECT u.id, u.school, u.name, u.role, u.units, s.expires_at, s.seen_at, c.totp_roles, t.confirmed_at
             FROM sessions s JOIN users u ON u.id = s.\"user\" JOIN schools c ON c.code = u.school LEFT JOIN totp t ON t.\"user\" = u.id
             WHERE s.token_hash = ? AND s.expires_at > ? AND u.disabled_at IS NULL")
        .bind(token_hash.as_slice())
        .bind(values::time(now))
        .fetch_optional(&self.database)
        .await?;
        row.map(|row| {
            let user = user(&row)?;
            let needed: Vec<Role> = row.json("totp_roles")?;
            let owes_codes = needed.contains(&user.role) && row.time_or_null("confirmed_at")?.is_none();
            Ok(FoundSession { user, expires_at: row.time("expires_at")?, seen_at: row.time("seen_at")?, owes_codes })
        })
        .transpose()
    }

    async fn close_session(&self, token_hash: &Hash) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        sql("DELETE FROM sessions WHERE token_hash = ?").bind(token_hash.as_slice()).execute(&mut write).await?;
        write.commit().await
    }

    async fn add_user(&self, principal: Option<&Principal>, new: &NewUser, invitation: NewInvitation) -> StoreResult<User> {
        let school = principal.map_or(SCHOOL, |principal| &principal.school);
        let mut write = self.database.write().await?;
        let known = sql("SELECT id, school, units, (password IS NOT NULL OR disabled_at IS NOT NULL OR EXISTS (SELECT 1 FROM invitations i
                 WHERE i.\"user\" = users.id AND i.used_at IS NOT NULL)) AS settled
             FROM users WHERE name = ?")
        .bind(&new.name)
        .fetch_optional(&mut write)
        .await?;
        let id = match known {
            Some(row) if row.flag("settled")? || row.text("school")? != school => return Err(StoreError::UserExists),
            Some(row) => {
                // Who was invited to more than the asker has is not the asker's to invite again.
                let units: Option<Vec<String>> = row.json_or_null("units")?;
                if principal.is_some_and(|asker| !asker.units.holds(units.as_deref())) {
                    return Err(StoreError::UserExists);
                }
                row.id("id")?
            }
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
        insert_invitation(&mut write, id, invitation).await?;
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
        let row = sql("UPDATE users SET password = ? WHERE id = ? AND disabled_at IS NULL RETURNING id, school, name, role, units")
            .bind(password_hash)
            .bind(id)
            .fetch_optional(&mut write)
            .await?
            .ok_or(StoreError::InvitationInvalid)?;
        let user = user(&row)?;
        let opened_at = session.opened_at;
        insert_session(&mut write, user.id, session).await?;
        let line = Line { actor: Some(user.id), ..Line::of(&user.school, "user.joined") };
        audit::append(&mut write, opened_at, line).await?;
        write.commit().await?;
        Ok(user)
    }
}

/// Keeps an invitation in place of those of the same user that were not used.
pub(super) async fn insert_invitation(write: &mut Write, user: Uuid, invitation: NewInvitation) -> StoreResult<()> {
    // An older one must not open a second door.
    sql("DELETE FROM invitations WHERE \"user\" = ? AND used_at IS NULL").bind(values::id(user)).execute(&mut *write).await?;
    sql("INSERT INTO invitations (code_hash, \"user\", created_at, expires_at) VALUES (?, ?, ?, ?)")
        .bind(invitation.code_hash.as_slice())
        .bind(values::id(user))
        .bind(values::time(invitation.made_at))
        .bind(values::time(invitation.expires_at))
        .execute(&mut *write)
        .await?;
    Ok(())
}

async fn insert_session(write: &mut Write, user: Uuid, session: NewSession) -> StoreResult<()> {
    sql("INSERT INTO sessions (id, token_hash, \"user\", client, created_at, seen_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)")
        .bind(values::id(session.id))
        .bind(session.token_hash.to_vec())
        .bind(values::id(user))
        .bind(session.client)
        .bind(values::time(session.opened_at))
        .bind(values::time(session.expires_at))
        .execute(&mut *write)
        .await?;
    Ok(())
}
