//! One-time codes beside the password: the sealed secret of each user, the step of the last code that was accepted, recovery codes by keyed
//! hash, and which roles of a school need them. A code is accepted once, whichever process it is told.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    audit::{self, Line},
    database::{Write, locked, sql},
    managing, values,
};
use crate::{
    api::people::{AccessPolicy, CodesState},
    backend::{
        store::{StoreError, StoreResult, types::Hash},
        totp::{self, Typed},
    },
    domain::access::{Principal, UnitScope},
};

/// One-time codes.
#[async_trait]
pub trait OneTimeCodes: Send + Sync {
    /// How the asker stands with one-time codes.
    async fn codes_state(&self, principal: &Principal) -> StoreResult<CodesState>;
    /// Keeps a secret that is to be confirmed, in place of one that never was.
    async fn begin_codes(&self, principal: &Principal, secret: &[u8], now: Timestamp) -> StoreResult<()>;
    /// Confirms the secret with a code of it. From now on signing in asks for codes; other sessions than `current`, opened without one, end.
    async fn confirm_codes(
        &self,
        principal: &Principal,
        code: &str,
        recovery: &[String],
        current: &Hash,
        now: Timestamp,
    ) -> StoreResult<()>;
    /// Uses up a code or a recovery code.
    async fn use_code(&self, user: Uuid, code: &str, now: Timestamp) -> StoreResult<()>;
    /// Forgets the asker's codes, against one of them.
    async fn remove_codes(&self, principal: &Principal, code: &str, now: Timestamp) -> StoreResult<()>;
    /// Forgets the codes of a user who has lost them, and ends every session of theirs.
    async fn reset_codes(&self, principal: &Principal, user: Uuid, now: Timestamp) -> StoreResult<()>;
    async fn access_policy(&self, principal: &Principal) -> StoreResult<AccessPolicy>;
    async fn put_access_policy(&self, principal: &Principal, policy: &AccessPolicy, now: Timestamp) -> StoreResult<()>;
}

#[async_trait]
impl OneTimeCodes for SqlStore {
    async fn codes_state(&self, principal: &Principal) -> StoreResult<CodesState> {
        let row = sql("SELECT c.totp_roles, t.confirmed_at, (SELECT count(*) FROM recovery_codes r WHERE r.\"user\" = ?1) AS left_over
             FROM schools c LEFT JOIN totp t ON t.\"user\" = ?1 WHERE c.code = ?2")
        .bind(values::id(principal.user))
        .bind(&principal.school)
        .fetch_one(&self.database)
        .await?;
        let policy = AccessPolicy { codes_required_for: row.json("totp_roles")? };
        Ok(CodesState {
            confirmed: row.time_or_null("confirmed_at")?.is_some(),
            required: policy.codes_required_for.contains(&principal.role),
            recovery_codes_left: u32::try_from(row.number("left_over")?).unwrap_or(0),
        })
    }

    async fn begin_codes(&self, principal: &Principal, secret: &[u8], now: Timestamp) -> StoreResult<()> {
        self.ready_key(&principal.school, now).await?;
        let sealed = self.seal_totp(principal, secret)?;
        let mut write = self.database.write().await?;
        let begun = sql("INSERT INTO totp (\"user\", school, secret, begun_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (\"user\") DO UPDATE SET secret = excluded.secret, begun_at = excluded.begun_at, last_step = 0
                 WHERE totp.confirmed_at IS NULL")
        .bind(values::id(principal.user))
        .bind(&principal.school)
        .bind(sealed)
        .bind(values::time(now))
        .execute(&mut write)
        .await?;
        if begun.rows_affected() == 0 {
            return Err(StoreError::CodesConfirmed);
        }
        write.commit().await
    }

    async fn confirm_codes(
        &self,
        principal: &Principal,
        code: &str,
        recovery: &[String],
        current: &Hash,
        now: Timestamp,
    ) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        let confirmed: Option<Option<i64>> = sql(locked!("SELECT confirmed_at FROM totp WHERE \"user\" = ?"))
            .bind(values::id(principal.user))
            .fetch_value_optional(&mut write)
            .await?;
        match confirmed {
            None => return Err(StoreError::NotFound),
            Some(Some(_)) => return Err(StoreError::CodesConfirmed),
            Some(None) => {}
        }
        let Some(Typed::Shown(digits)) = totp::read(code) else { return Err(StoreError::WrongCode) };
        self.use_digits(&mut write, principal.user, &digits, now).await?;
        sql("UPDATE totp SET confirmed_at = ? WHERE \"user\" = ?")
            .bind(values::time(now))
            .bind(values::id(principal.user))
            .execute(&mut write)
            .await?;
        sql("DELETE FROM recovery_codes WHERE \"user\" = ?").bind(values::id(principal.user)).execute(&mut write).await?;
        for code in recovery {
            let Some(Typed::Recovery(code)) = totp::read(code) else { return Err(StoreError::Corrupt("a recovery code that is none")) };
            sql("INSERT INTO recovery_codes (\"user\", code_hash) VALUES (?, ?)")
                .bind(values::id(principal.user))
                .bind(self.recovery_hash(principal.user, &code))
                .execute(&mut write)
                .await?;
        }
        sql("DELETE FROM sessions WHERE \"user\" = ? AND token_hash <> ?")
            .bind(values::id(principal.user))
            .bind(current.as_slice())
            .execute(&mut write)
            .await?;
        told(&mut write, principal, "totp.confirmed", now).await?;
        write.commit().await
    }

    async fn use_code(&self, user: Uuid, code: &str, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        self.use_up(&mut write, user, code, now).await?;
        write.commit().await
    }

    async fn remove_codes(&self, principal: &Principal, code: &str, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        self.use_up(&mut write, principal.user, code, now).await?;
        forget(&mut write, principal.user).await?;
        told(&mut write, principal, "totp.removed", now).await?;
        write.commit().await
    }

    async fn reset_codes(&self, principal: &Principal, user: Uuid, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        managing::managed(&mut write, principal, user).await?;
        if user == principal.user {
            return Err(StoreError::OwnAccount);
        }
        forget(&mut write, user).await?;
        sql("DELETE FROM sessions WHERE \"user\" = ?").bind(values::id(user)).execute(&mut write).await?;
        let line =
            Line { actor: Some(principal.user), details: vec![("user", user.to_string())], ..Line::of(&principal.school, "totp.reset") };
        audit::append(&mut write, now, line).await?;
        write.commit().await
    }

    async fn access_policy(&self, principal: &Principal) -> StoreResult<AccessPolicy> {
        let row = sql("SELECT totp_roles FROM schools WHERE code = ?").bind(&principal.school).fetch_one(&self.database).await?;
        Ok(AccessPolicy { codes_required_for: row.json("totp_roles")? })
    }

    async fn put_access_policy(&self, principal: &Principal, policy: &AccessPolicy, now: Timestamp) -> StoreResult<()> {
        // It is the whole school's: who has only some units does not set it.
        if principal.units != UnitScope::All {
            return Err(StoreError::Forbidden);
        }
        let mut write = self.database.write().await?;
        sql("UPDATE schools SET totp_roles = ? WHERE code = ?")
            .bind(values::json(&policy.codes_required_for)?)
            .bind(&principal.school)
            .execute(&mut write)
            .await?;
        told(&mut write, principal, "access.policy_set", now).await?;
        write.commit().await
    }
}

impl SqlStore {
    async fn use_up(&self, write: &mut Write, user: Uuid, code: &str, now: Timestamp) -> StoreResult<()> {
        match totp::read(code).ok_or(StoreError::WrongCode)? {
            Typed::Shown(digits) => self.use_digits(write, user, &digits, now).await,
            Typed::Recovery(code) => {
                let used = sql("DELETE FROM recovery_codes WHERE \"user\" = ? AND code_hash = ?")
                    .bind(values::id(user))
                    .bind(self.recovery_hash(user, &code))
                    .execute(&mut *write)
                    .await?;
                if used.rows_affected() == 0 {
                    return Err(StoreError::WrongCode);
                }
                let school: String = sql("SELECT school FROM users WHERE id = ?").bind(values::id(user)).fetch_value(&mut *write).await?;
                let line = Line { actor: Some(user), ..Line::of(&school, "totp.recovery_code_used") };
                audit::append(write, now, line).await
            }
        }
    }

    /// Accepts the digits if they are of a later step than the last that were.
    async fn use_digits(&self, write: &mut Write, user: Uuid, digits: &str, now: Timestamp) -> StoreResult<()> {
        let sealed: Vec<u8> = sql("SELECT secret FROM totp WHERE \"user\" = ?")
            .bind(values::id(user))
            .fetch_value_optional(&mut *write)
            .await?
            .ok_or(StoreError::WrongCode)?;
        let step = totp::step_of(&self.unseal_totp(user, &sealed)?, digits, now).ok_or(StoreError::WrongCode)?;
        let used = sql("UPDATE totp SET last_step = ?1 WHERE \"user\" = ?2 AND last_step < ?1")
            .bind(step)
            .bind(values::id(user))
            .execute(&mut *write)
            .await?;
        if used.rows_affected() == 1 { Ok(()) } else { Err(StoreError::WrongCode) }
    }

    /// Seals anew the secrets of a school that are sealed with another than the current key. They are as few as its people.
    pub(super) async fn reseal_totp(&self, write: &mut Write, school: &str, current: u32) -> StoreResult<u64> {
        let rows = sql(locked!("SELECT \"user\" AS id, secret FROM totp WHERE school = ? ORDER BY \"user\""))
            .bind(school)
            .fetch_all(&mut *write)
            .await?;
        let mut done = 0;
        for row in &rows {
            let user = row.id("id")?;
            if let Some(sealed) = self.anew(school, current, &place(&user), row.bytes_or_null("secret")?)? {
                sql("UPDATE totp SET secret = ? WHERE \"user\" = ?").bind(sealed).bind(values::id(user)).execute(&mut *write).await?;
                done += 1;
            }
        }
        Ok(done)
    }

    fn recovery_hash(&self, user: Uuid, code: &str) -> Vec<u8> {
        self.vault.hash("recovery code", &[user.as_bytes(), code.as_bytes()]).to_vec()
    }

    fn seal_totp(&self, principal: &Principal, secret: &[u8]) -> StoreResult<Vec<u8>> {
        Ok(self.vault.seal(&principal.school, &place(&principal.user), secret)?)
    }

    fn unseal_totp(&self, user: Uuid, sealed: &[u8]) -> StoreResult<Vec<u8>> {
        Ok(self.vault.open_sealed(&place(&user), sealed)?)
    }
}

/// Where a user's secret belongs.
fn place(user: &Uuid) -> [&[u8]; 2] {
    [b"totp", user.as_bytes()]
}

async fn forget(write: &mut Write, user: Uuid) -> StoreResult<()> {
    sql("DELETE FROM recovery_codes WHERE \"user\" = ?").bind(values::id(user)).execute(&mut *write).await?;
    sql("DELETE FROM totp WHERE \"user\" = ?").bind(values::id(user)).execute(&mut *write).await?;
    Ok(())
}

async fn told(write: &mut Write, principal: &Principal, action: &'static str, now: Timestamp) -> StoreResult<()> {
    audit::append(write, now, Line { actor: Some(principal.user), ..Line::of(&principal.school, action) }).await
}
