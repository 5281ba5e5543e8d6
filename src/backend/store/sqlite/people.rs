//! Users, their sessions and invitations.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{
    SCHOOL, SqliteStore,
    audit::{self, Line},
    values::{self, Read},
};
use crate::{
    api::people::{NewUser, User},
    backend::store::{
        StoreError, StoreResult,
        types::{Credentials, FoundSession, Hash, NewInvitation, NewSession},
    },
    domain::access::Principal,
};

fn user(row: &SqliteRow) -> StoreResult<User> {
    Ok(User {
        id: row.id("id")?,
        name: row.text("name")?,
        role: row.code("role")?,
        school: row.text("school")?,
        units: row.json_or_null("units")?,
    })
}

impl SqliteStore {
    pub(super) async fn any_user(&self) -> StoreResult<bool> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users)").fetch_one(&self.readers).await?)
    }

    pub(super) async fn user_by_name(&self, name: &str) -> StoreResult<Option<Credentials>> {
        let row = sqlx::query("SELECT id, school, name, role, units, password FROM users WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| Ok(Credentials { user: user(&row)?, password_hash: row.text_or_null("password")? })).transpose()
    }

    pub(super) async fn insert_session(&self, user: Uuid, session: NewSession) -> StoreResult<()> {
        let mut write = self.write().await?;
        insert_session(&mut write, user, session).await?;
        Ok(write.commit().await?)
    }

    pub(super) async fn live_session(&self, token_hash: &Hash, now: Timestamp) -> StoreResult<Option<FoundSession>> {
        let row = sqlx::query(
            "SELECT u.id, u.school, u.name, u.role, u.units, s.expires_at FROM sessions s JOIN users u ON u.id = s.user
             WHERE s.token_hash = ? AND s.expires_at > ?",
        )
        .bind(token_hash.as_slice())
        .bind(values::time(now))
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| Ok(FoundSession { user: user(&row)?, expires_at: row.time("expires_at")? })).transpose()
    }

    pub(super) async fn delete_session(&self, token_hash: &Hash) -> StoreResult<()> {
        sqlx::query("DELETE FROM sessions WHERE token_hash = ?").bind(token_hash.as_slice()).execute(&self.writer).await?;
        Ok(())
    }

    pub(super) async fn users_of_school(&self, principal: &Principal) -> StoreResult<Vec<User>> {
        let rows = sqlx::query("SELECT id, school, name, role, units FROM users WHERE school = ? ORDER BY name")
            .bind(&principal.school)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(user).collect()
    }

    pub(super) async fn invite(&self, principal: Option<&Principal>, new: &NewUser, invitation: NewInvitation) -> StoreResult<User> {
        let school = principal.map_or(SCHOOL, |principal| &principal.school);
        let mut write = self.write().await?;
        let known = sqlx::query("SELECT id, school, password IS NOT NULL AS settled FROM users WHERE name = ?")
            .bind(&new.name)
            .fetch_optional(&mut *write)
            .await?;
        let id = match known {
            Some(row) if row.number("settled")? != 0 || row.text("school")? != school => return Err(StoreError::UserExists),
            Some(row) => row.id("id")?,
            None => Uuid::now_v7(),
        };
        let units = new.units.as_ref().map(values::json).transpose()?;
        sqlx::query(
            "INSERT INTO users (id, school, name, role, units, created_at) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET role = excluded.role, units = excluded.units",
        )
        .bind(values::id(id))
        .bind(school)
        .bind(&new.name)
        .bind(new.role.code())
        .bind(units)
        .bind(values::time(invitation.made_at))
        .execute(&mut *write)
        .await?;
        // An older invitation of the same user must not open a second door.
        sqlx::query("DELETE FROM invitations WHERE user = ? AND used_at IS NULL").bind(values::id(id)).execute(&mut *write).await?;
        sqlx::query("INSERT INTO invitations (code_hash, user, created_at, expires_at) VALUES (?, ?, ?, ?)")
            .bind(invitation.code_hash.as_slice())
            .bind(values::id(id))
            .bind(values::time(invitation.made_at))
            .bind(values::time(invitation.expires_at))
            .execute(&mut *write)
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

    pub(super) async fn redeem_invitation(&self, code_hash: &Hash, password_hash: &str, session: NewSession) -> StoreResult<User> {
        let mut write = self.write().await?;
        let used: Option<Vec<u8>> = sqlx::query_scalar(
            "UPDATE invitations SET used_at = ?2 WHERE code_hash = ?1 AND used_at IS NULL AND expires_at > ?2 RETURNING user",
        )
        .bind(code_hash.as_slice())
        .bind(values::time(session.opened_at))
        .fetch_optional(&mut *write)
        .await?;
        let id = used.ok_or(StoreError::InvitationInvalid)?;
        let row = sqlx::query("UPDATE users SET password = ? WHERE id = ? RETURNING id, school, name, role, units")
            .bind(password_hash)
            .bind(id)
            .fetch_one(&mut *write)
            .await?;
        let user = user(&row)?;
        insert_session(&mut write, user.id, session).await?;
        let line = Line { actor: Some(user.id), ..Line::of(&user.school, "user.joined") };
        audit::append(&mut write, session.opened_at, line).await?;
        write.commit().await?;
        Ok(user)
    }
}

async fn insert_session(write: &mut super::Write, user: Uuid, session: NewSession) -> StoreResult<()> {
    sqlx::query("INSERT INTO sessions (token_hash, user, created_at, expires_at) VALUES (?, ?, ?, ?)")
        .bind(session.token_hash.to_vec())
        .bind(values::id(user))
        .bind(values::time(session.opened_at))
        .bind(values::time(session.expires_at))
        .execute(&mut **write)
        .await?;
    Ok(())
}
