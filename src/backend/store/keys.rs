//! The keys that seal, find and sign: rows wrapped with the master key, brought into the vault when the store is opened and again while it is open.
//!
//! A rotated key is active a while after it was made, when every process has learned of it, so that no value is met whose key nobody here knows.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    audit::{self, Line},
    database::{Engine, Row, Write, locked, sql},
    values,
};
use crate::backend::{
    store::{StoreError, StoreResult},
    vault::{self, KeyPurpose, MasterKey, VaultError, WrappedKey},
};

/// How often a process looks for keys that others made.
pub const LOOKED_FOR: Duration = Duration::from_secs(20);
/// How long after its making a key seals where other processes may have the database open.
const LEARNED: Duration = Duration::from_secs(60);

/// A key as whoever keeps the house sees it: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    pub number: u32,
    pub school: String,
    pub purpose: KeyPurpose,
    pub made_at: Timestamp,
    pub active_from: Timestamp,
    pub retired_at: Option<Timestamp>,
    /// Whether it seals for its school now.
    pub current: bool,
}

/// What a walk over sealed values did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    pub looked_at: u64,
    pub sealed_anew: u64,
    /// The last row looked at, where there may be more.
    pub next: Option<Uuid>,
}

/// Keeping the vault up to date.
#[async_trait]
pub trait KeyKeeping: Send + Sync {
    /// Brings in the keys that other processes made meanwhile.
    async fn refresh_keys(&self, now: Timestamp) -> StoreResult<()>;
}

#[async_trait]
impl KeyKeeping for SqlStore {
    async fn refresh_keys(&self, now: Timestamp) -> StoreResult<()> {
        let rows =
            sql("SELECT number, school, purpose, wrapped, under, active_from FROM data_keys WHERE retired_at IS NULL OR retired_at > ?1
             ORDER BY number")
            .bind(values::time(now - Duration::from_hours(1)))
            .fetch_all(&self.database)
            .await?;
        self.take_keys(&rows, now)
    }
}

impl SqlStore {
    /// Makes the keys that every house has, and fills the vault.
    pub(super) async fn found_keys(&self, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        write.alone_with("data keys").await?;
        let known: i64 = sql("SELECT count(*) FROM data_keys WHERE purpose = 'lookup'").fetch_value(&mut write).await?;
        if known == 0 {
            let [sealing, lookup] = self.vault.derived_keys(2)?;
            let mark: Option<Vec<u8>> = sql("SELECT mark FROM vault_mark WHERE one = 1").fetch_value_optional(&mut write).await?;
            if let Some(mark) = mark {
                // A house from before keys were wrapped: what its master key derived goes on, if this is that master key.
                if self.vault.derived_hash(MARK, &[]) != mark.as_slice() {
                    return Err(VaultError::OtherKey.into());
                }
                insert(&mut write, &sealing, now, now).await?;
                insert(&mut write, &lookup, now, now).await?;
            } else {
                insert(&mut write, &self.vault.make_key(2, "", KeyPurpose::Lookup)?, now, now).await?;
            }
            insert(&mut write, &self.vault.make_key(3, "", KeyPurpose::Sign)?, now, now).await?;
        }
        let schools = sql("SELECT code FROM schools ORDER BY code").fetch_all(&mut write).await?;
        for school in &schools {
            self.make_first_key(&mut write, &school.text("code")?, now).await?;
        }
        let rows =
            sql("SELECT number, school, purpose, wrapped, under, active_from FROM data_keys ORDER BY number").fetch_all(&mut write).await?;
        self.take_keys(&rows, now)?;
        let mark = self.vault.hash(MARK, &[]);
        sql("INSERT INTO vault_mark (one, mark) VALUES (1, ?) ON CONFLICT DO NOTHING").bind(mark.as_slice()).execute(&mut write).await?;
        let known: Vec<u8> = sql("SELECT mark FROM vault_mark WHERE one = 1").fetch_value(&mut write).await?;
        write.commit().await?;
        // A wrong key must be found at the door: hashes made with it would find nobody and take everybody twice.
        if known == mark { Ok(()) } else { Err(VaultError::OtherKey.into()) }
    }

    /// Sees to it that the school has a key that seals.
    pub(super) async fn ready_key(&self, school: &str, now: Timestamp) -> StoreResult<()> {
        if self.vault.current(school).is_some() {
            return Ok(());
        }
        let mut write = self.database.write().await?;
        write.alone_with("data keys").await?;
        self.make_first_key(&mut write, school, now).await?;
        write.commit().await?;
        self.refresh_keys(now).await
    }

    async fn make_first_key(&self, write: &mut Write, school: &str, now: Timestamp) -> StoreResult<()> {
        let text = "SELECT count(*) FROM data_keys WHERE school = ? AND purpose = 'seal' AND retired_at IS NULL";
        let known: i64 = sql(text).bind(school).fetch_value(&mut *write).await?;
        if known == 0 {
            let key = self.vault.make_key(next_number(write).await?, school, KeyPurpose::Seal)?;
            insert(write, &key, now, now).await?;
        }
        Ok(())
    }

    fn take_keys(&self, rows: &[Row], now: Timestamp) -> StoreResult<()> {
        for row in rows {
            let key = wrapped(row)?;
            self.vault.add(std::slice::from_ref(&key))?;
            if key.purpose == KeyPurpose::Seal && !key.school.is_empty() && row.time("active_from")? <= now {
                // In the order of their numbers: the last one that is active seals.
                self.vault.seal_with(&key.school, key.number);
            }
        }
        Ok(())
    }

    /// The keys of the house, for whoever keeps it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keys(&self) -> StoreResult<Vec<KnownKey>> {
        let rows = sql("SELECT number, school, purpose, made_at, active_from, retired_at FROM data_keys ORDER BY number")
            .fetch_all(&self.database)
            .await?;
        let key = |row: &Row| {
            let (number, school) = (key_number(row)?, row.text("school")?);
            let current = self.vault.current(&school) == Some(number);
            Ok(KnownKey {
                number,
                purpose: purpose(row)?,
                made_at: row.time("made_at")?,
                active_from: row.time("active_from")?,
                retired_at: row.time_or_null("retired_at")?,
                current,
                school,
            })
        };
        rows.iter().map(key).collect()
    }

    /// Makes a school's next key and says from when it seals; whoever keeps the house then seals anew what is sealed with those before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown school; when the store fails.
    pub async fn rotate_key(&self, school: &str, now: Timestamp) -> StoreResult<(u32, Timestamp)> {
        let mut write = self.database.write().await?;
        write.alone_with("data keys").await?;
        let known: i64 = sql("SELECT count(*) FROM schools WHERE code = ?").bind(school).fetch_value(&mut write).await?;
        if known == 0 {
            return Err(StoreError::NotFound);
        }
        // SQLite's file is this process's alone.
        let active = if self.database.engine() == Engine::Sqlite { now } else { now + LEARNED };
        let key = self.vault.make_key(next_number(&mut write).await?, school, KeyPurpose::Seal)?;
        insert(&mut write, &key, now, active).await?;
        let line = Line { details: vec![("key", key.number.to_string())], ..Line::of(school, "key.rotated") };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        self.refresh_keys(now).await?;
        Ok((key.number, active))
    }

    /// Wraps every key with another master key; from then on the house opens with that one only.
    ///
    /// # Errors
    /// [`VaultError::OtherKey`] when a key is not wrapped with the master key that the house was opened with.
    pub async fn rewrap_keys(&self, next: &MasterKey, now: Timestamp) -> StoreResult<u64> {
        let mut write = self.database.write().await?;
        write.alone_with("data keys").await?;
        let rows =
            sql(locked!("SELECT number, school, purpose, wrapped, under FROM data_keys ORDER BY number")).fetch_all(&mut write).await?;
        for row in &rows {
            let key = self.vault.rewrap(&wrapped(row)?, next)?;
            sql("UPDATE data_keys SET wrapped = ?, under = ? WHERE number = ?")
                .bind(key.wrapped)
                .bind(key.under.as_slice())
                .bind(i64::from(key.number))
                .execute(&mut write)
                .await?;
        }
        audit::append(&mut write, now, Line::of(super::SCHOOL, "key.rewrapped")).await?;
        write.commit().await?;
        Ok(rows.len() as u64)
    }

    /// Retires the school's keys before the current one, once nothing is sealed with them any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn retire_keys(&self, school: &str, now: Timestamp) -> StoreResult<Vec<u32>> {
        let Some(current) = self.vault.current(school) else { return Ok(vec![]) };
        let mut write = self.database.write().await?;
        let rows =
            sql(locked!("SELECT number FROM data_keys WHERE school = ?1 AND purpose = 'seal' AND number < ?2 AND retired_at IS NULL"))
                .bind(school)
                .bind(i64::from(current))
                .fetch_all(&mut write)
                .await?;
        let numbers = rows.iter().map(key_number).collect::<StoreResult<Vec<u32>>>()?;
        for number in &numbers {
            sql("UPDATE data_keys SET retired_at = ? WHERE number = ?")
                .bind(values::time(now))
                .bind(i64::from(*number))
                .execute(&mut write)
                .await?;
            let line = Line { details: vec![("key", number.to_string())], ..Line::of(school, "key.retired") };
            audit::append(&mut write, now, line).await?;
        }
        write.commit().await?;
        Ok(numbers)
    }

    /// Seals anew what a school's rows hold that is sealed with another than the current key, some rows at a time.
    ///
    /// # Errors
    /// [`VaultError::Sealed`] for a value that does not open: it is left as it is, and nothing of this walk is kept.
    pub async fn reseal(&self, school: &str, after: Option<Uuid>, rows: u32) -> StoreResult<Resealed> {
        let current = self.vault.current(school).ok_or(VaultError::NoKey)?;
        let mut write = self.database.write().await?;
        let found = sql(locked!("SELECT id, name, id_number, phone FROM students WHERE school = ?1 AND id > ?2 ORDER BY id LIMIT ?3"))
            .bind(school)
            .bind(values::id(after.unwrap_or(Uuid::nil())))
            .bind(i64::from(rows))
            .fetch_all(&mut write)
            .await?;
        let mut done = Resealed::default();
        for row in &found {
            let id = row.id("id")?;
            done.looked_at += 1;
            for (column, text) in [
                ("name", "UPDATE students SET name = ? WHERE id = ?"),
                ("id_number", "UPDATE students SET id_number = ? WHERE id = ?"),
                ("phone", "UPDATE students SET phone = ? WHERE id = ?"),
            ] {
                let place: [&[u8]; 3] = [b"students", column.as_bytes(), id.as_bytes()];
                if let Some(sealed) = self.anew(school, current, &place, row.bytes_or_null(column)?)? {
                    sql(text).bind(sealed).bind(values::id(id)).execute(&mut write).await?;
                    done.sealed_anew += 1;
                }
            }
        }
        if found.len() < rows as usize {
            done.sealed_anew += self.reseal_corrections(&mut write, school, current).await?;
        } else {
            done.next = found.last().map(|row| row.id("id")).transpose()?;
        }
        write.commit().await?;
        Ok(done)
    }

    /// Open corrections are few.
    async fn reseal_corrections(&self, write: &mut Write, school: &str, current: u32) -> StoreResult<u64> {
        let rows = sql(locked!("SELECT id, wanted FROM corrections WHERE school = ? AND wanted IS NOT NULL ORDER BY id"))
            .bind(school)
            .fetch_all(&mut *write)
            .await?;
        let mut done = 0;
        for row in &rows {
            let id = row.id("id")?;
            if let Some(sealed) = self.anew(school, current, &[b"corrections", id.as_bytes()], row.bytes_or_null("wanted")?)? {
                sql("UPDATE corrections SET wanted = ? WHERE id = ?").bind(sealed).bind(values::id(id)).execute(&mut *write).await?;
                done += 1;
            }
        }
        Ok(done)
    }

    /// The value sealed with the current key, where it is sealed with another.
    pub(super) fn anew(&self, school: &str, current: u32, place: &[&[u8]], sealed: Option<Vec<u8>>) -> StoreResult<Option<Vec<u8>>> {
        let Some(sealed) = sealed.filter(|sealed| vault::key_number(sealed) != Some(current)) else { return Ok(None) };
        Ok(Some(self.vault.seal(school, place, &self.vault.open_sealed(place, &sealed)?)?))
    }

    /// The names of a school's blobs after a name, for sealing them anew.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn blob_names(&self, school: &str, after: &str, limit: u32) -> StoreResult<Vec<String>> {
        let rows = sql("SELECT name FROM blobs WHERE school = ?1 AND name > ?2 AND purged_at IS NULL ORDER BY name LIMIT ?3")
            .bind(school)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.database)
            .await?;
        rows.iter().map(|row| row.text("name")).collect()
    }
}

/// What the mark in the database is the hash of.
pub(super) const MARK: &str = "mark of the key";

async fn next_number(write: &mut Write) -> StoreResult<u32> {
    // 1 is the derived key's, also where there is none.
    let number: i64 = sql("SELECT coalesce(max(number), 1) + 1 FROM data_keys").fetch_value(write).await?;
    u32::try_from(number).map_err(|_| StoreError::Corrupt("a key's number out of range"))
}

async fn insert(write: &mut Write, key: &WrappedKey, now: Timestamp, active: Timestamp) -> StoreResult<()> {
    sql("INSERT INTO data_keys (number, school, purpose, wrapped, under, made_at, active_from) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(i64::from(key.number))
        .bind(&key.school)
        .bind(key.purpose.code())
        .bind(key.wrapped.as_slice())
        .bind(key.under.as_slice())
        .bind(values::time(now))
        .bind(values::time(active))
        .execute(write)
        .await?;
    Ok(())
}

fn wrapped(row: &Row) -> StoreResult<WrappedKey> {
    let under = row.bytes_or_null("under")?.unwrap_or_default();
    Ok(WrappedKey {
        number: key_number(row)?,
        school: row.text("school")?,
        purpose: purpose(row)?,
        wrapped: row.bytes_or_null("wrapped")?.unwrap_or_default(),
        under: under.try_into().map_err(|_| StoreError::Corrupt("a fingerprint of another length"))?,
    })
}

fn key_number(row: &Row) -> StoreResult<u32> {
    u32::try_from(row.number("number")?).map_err(|_| StoreError::Corrupt("a key's number out of range"))
}

fn purpose(row: &Row) -> StoreResult<KeyPurpose> {
    KeyPurpose::from_code(&row.text("purpose")?).ok_or(StoreError::Corrupt("a key for nothing known"))
}

#[cfg(test)]
mod tests;
