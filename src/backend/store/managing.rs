//! What an admin does to users: their role and scope, letting them in no more, a new password by a one-time link. Whoever has some units
//! manages the people of those units alone, and nobody the account they act with, so that a school is not left without an admin.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    audit::{self, Line},
    claims,
    database::{Row, Spelling, Write, sql},
    people, values,
};
use crate::{
    api::people::{ChangedUser, KnownUser, User},
    backend::store::{StoreError, StoreResult, types::NewInvitation},
    domain::access::Principal,
};

/// Users of a school within some units, the rest of the statement behind it.
macro_rules! known {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.school, u.name, u.role, u.units, u.password IS NOT NULL AS joined, u.disabled_at IS NOT NULL AS disabled,
                 t.confirmed_at IS NOT NULL AS totp
             FROM users u LEFT JOIN totp t ON t.\"user\" = u.id
             WHERE u.school = ?1 AND (?2 IS NULL OR (u.units IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM json_each(u.units) given WHERE given.value NOT IN (SELECT own.value FROM json_each(?2) own)))) ",
            $rest
        )
    };
}

fn known(row: &Row) -> StoreResult<KnownUser> {
    Ok(KnownUser { user: people::user(row)?, joined: row.flag("joined")?, disabled: row.flag("disabled")?, totp: row.flag("totp")? })
}

/// Managing users.
#[async_trait]
pub trait Managing: Send + Sync {
    /// The users of the asker's school and units, by name.
    async fn users(&self, principal: &Principal) -> StoreResult<Vec<KnownUser>>;
    /// Gives a user role, scope and standing. Who is disabled loses every session and lease in the same transaction.
    async fn change_user(&self, principal: &Principal, user: Uuid, change: &ChangedUser, now: Timestamp) -> StoreResult<KnownUser>;
    /// Takes a user's password and sessions away and invites them to choose a new one.
    async fn reset_password(&self, principal: &Principal, user: Uuid, invitation: NewInvitation) -> StoreResult<User>;
    /// Ends every session of a user, whoever holds it; says how many there were.
    async fn end_sessions(&self, principal: &Principal, user: Uuid, now: Timestamp) -> StoreResult<u64>;
}

#[async_trait]
impl Managing for SqlStore {
    async fn users(&self, principal: &Principal) -> StoreResult<Vec<KnownUser>> {
        let rows = sql(known!("ORDER BY u.name")).bind(&principal.school).bind(values::scope(principal)?).fetch_all(&self.database).await?;
        rows.iter().map(known).collect()
    }

    async fn change_user(&self, principal: &Principal, user: Uuid, change: &ChangedUser, now: Timestamp) -> StoreResult<KnownUser> {
        let mut write = self.database.write().await?;
        let before = managed(&mut write, principal, user).await?;
        if user == principal.user {
            return Err(StoreError::OwnAccount);
        }
        sql("UPDATE users SET role = ?1, units = ?2, disabled_at = CASE WHEN ?3 = 0 THEN NULL ELSE coalesce(disabled_at, ?4) END
             WHERE id = ?5")
        .bind(change.role.code())
        .bind(change.units.as_ref().map(values::json).transpose()?)
        .bind(change.disabled)
        .bind(values::time(now))
        .bind(values::id(user))
        .execute(&mut write)
        .await?;
        if change.disabled {
            shut_out(&mut write, user).await?;
        }
        if change.role != before.user.role || change.units != before.user.units {
            // What was reserved under the old scope may lie outside the new one.
            claims::end_leases(&mut write, user).await?;
        }
        let action = match (before.disabled, change.disabled) {
            (false, true) => "user.disabled",
            (true, false) => "user.enabled",
            _ => "user.changed",
        };
        let line = Line {
            actor: Some(principal.user),
            details: vec![("user", user.to_string()), ("role", change.role.code().to_owned())],
            ..Line::of(&principal.school, action)
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        let user = User { role: change.role, units: change.units.clone(), ..before.user };
        Ok(KnownUser { user, disabled: change.disabled, ..before })
    }

    async fn reset_password(&self, principal: &Principal, user: Uuid, invitation: NewInvitation) -> StoreResult<User> {
        let mut write = self.database.write().await?;
        let before = managed(&mut write, principal, user).await?;
        if user == principal.user {
            return Err(StoreError::OwnAccount);
        }
        // The old password may be why a new one is needed: it opens nothing from now on.
        sql("UPDATE users SET password = NULL WHERE id = ?").bind(values::id(user)).execute(&mut write).await?;
        shut_out(&mut write, user).await?;
        people::insert_invitation(&mut write, user, invitation).await?;
        let line = Line {
            actor: Some(principal.user),
            details: vec![("user", user.to_string())],
            ..Line::of(&principal.school, "user.password_reset")
        };
        audit::append(&mut write, invitation.made_at, line).await?;
        write.commit().await?;
        Ok(before.user)
    }

    async fn end_sessions(&self, principal: &Principal, user: Uuid, now: Timestamp) -> StoreResult<u64> {
        let mut write = self.database.write().await?;
        managed(&mut write, principal, user).await?;
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
}

/// A user whom the asker manages.
///
/// # Errors
/// [`StoreError::NotFound`] for one of another school, or of more units than the asker's.
pub(super) async fn managed(write: &mut Write, principal: &Principal, user: Uuid) -> StoreResult<KnownUser> {
    let which = Spelling::Each { sqlite: known!("AND u.id = ?3"), postgres: known!("AND u.id = ?3 FOR UPDATE OF u") };
    let row = sql(which).bind(&principal.school).bind(values::scope(principal)?).bind(values::id(user)).fetch_optional(&mut *write).await?;
    known(&row.ok_or(StoreError::NotFound)?)
}

/// Ends every session, lease and unused invitation of a user.
pub(super) async fn shut_out(write: &mut Write, user: Uuid) -> StoreResult<()> {
    sql("DELETE FROM sessions WHERE \"user\" = ?").bind(values::id(user)).execute(&mut *write).await?;
    sql("DELETE FROM invitations WHERE \"user\" = ? AND used_at IS NULL").bind(values::id(user)).execute(&mut *write).await?;
    claims::end_leases(write, user).await
}
