//! How much somebody may ask for in a window of time, counted for all processes together. Whose an allowance is, is known by keyed hash alone.

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{SqlStore, database::sql, tries::place_of, values};
use crate::backend::store::{StoreResult, types::Hash};

/// An allowance is for so long, and then anew.
pub const WINDOW: Duration = Duration::from_mins(1);

/// Whose allowance it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Spender {
    Session(Hash),
    /// What counts as one address.
    Place(Vec<u8>),
    /// A person at one kind of request, through however many sessions.
    Person(Uuid, &'static str),
}

impl Spender {
    /// The spender that an address is.
    #[must_use]
    pub fn at(address: IpAddr) -> Spender {
        Spender::Place(place_of(address))
    }

    /// What names it, before it is hashed.
    #[must_use]
    pub fn parts(&self) -> (&'static str, Vec<u8>) {
        match self {
            Spender::Session(token_hash) => ("allowance of a session", token_hash.to_vec()),
            Spender::Place(place) => ("allowance of an address", place.clone()),
            Spender::Person(user, route) => ("allowance of a person", [user.as_bytes(), route.as_bytes()].concat()),
        }
    }
}

/// Spending allowances.
#[async_trait]
pub trait Spending: Send + Sync {
    /// Takes up to `wanted` out of the `most` that there are in the window that began then; says how much there was.
    async fn spend(&self, who: &Spender, began: Timestamp, wanted: u32, most: u32) -> StoreResult<u32>;
}

#[async_trait]
impl Spending for SqlStore {
    async fn spend(&self, who: &Spender, began: Timestamp, wanted: u32, most: u32) -> StoreResult<u32> {
        let (kind, name) = who.parts();
        let mut write = self.database.write().await?;
        // A process whose clock is behind spends from the window that others are in already.
        let used: i64 = sql("INSERT INTO allowances (who, began, used) VALUES (?1, ?2, ?3) ON CONFLICT (who) DO UPDATE SET
                 used = CASE WHEN allowances.began < excluded.began THEN excluded.used ELSE allowances.used + excluded.used END,
                 began = CASE WHEN allowances.began < excluded.began THEN excluded.began ELSE allowances.began END
             RETURNING used")
        .bind(self.vault.hash(kind, &[&name]).as_slice())
        .bind(values::time(began))
        .bind(wanted)
        .fetch_value(&mut write)
        .await?;
        let before = used - i64::from(wanted);
        let given = (i64::from(most) - before).clamp(0, i64::from(wanted));
        if given > 0 {
            write.commit().await?;
        }
        Ok(u32::try_from(given).unwrap_or(0))
    }
}
