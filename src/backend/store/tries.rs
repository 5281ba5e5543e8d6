//! How often somebody may try to sign in, counted for all processes together. Counted before the password is looked at, so that guessing costs
//! the guesser more than the house; names and addresses are kept as keyed hashes only.

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{SqlStore, database::sql, values};
use crate::backend::store::StoreResult;

/// Failures count for this long after the first.
pub const WINDOW: Duration = Duration::from_mins(15);
/// Failures of one name from one address.
pub const PER_NAME_AND_ADDRESS: i64 = 8;
/// Failures of one name from anywhere: more than one person's, so that a stranger does not lock the owner out at once.
pub const PER_NAME: i64 = 50;
/// Failures from one address, whatever the name.
pub const PER_ADDRESS: i64 = 100;

const TAKE_BACK: &str = "UPDATE tries SET failures = failures - 1 WHERE who = ? AND failures > 0";

/// Counting tries.
#[async_trait]
pub trait Trying: Send + Sync {
    /// Counts a try, or says when the next one is allowed. Without a name (an invitation) only the address counts.
    async fn begin_try(&self, name: &str, address: IpAddr, now: Timestamp) -> StoreResult<Option<Timestamp>>;
    /// Takes back what was counted for a try that was right so far and is asked for more; failures before it stay.
    async fn try_unfinished(&self, name: &str, address: IpAddr) -> StoreResult<()>;
    /// Takes back what was counted for a try that succeeded, and forgets the failures before it.
    async fn try_succeeded(&self, name: &str, address: IpAddr) -> StoreResult<()>;
}

impl SqlStore {
    /// The counters of a try and how far each may go. Always in this order: two tries must not wait for each other.
    fn counters_of(&self, name: &str, address: IpAddr) -> Vec<([u8; 32], i64)> {
        let place = place_of(address);
        let hash = |kind: &str, parts: &[&[u8]]| self.vault.hash(kind, parts);
        let mut counters = vec![(hash("tries of a name from an address", &[name.as_bytes(), &place]), PER_NAME_AND_ADDRESS)];
        if !name.is_empty() {
            counters.push((hash("tries of a name", &[name.as_bytes()]), PER_NAME));
        }
        counters.push((hash("tries from an address", &[&place]), PER_ADDRESS));
        counters
    }
}

/// What counts as one address: of IPv6 the network, because whoever has one address there has them all.
pub fn place_of(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets()[..8].to_vec(),
    }
}

#[async_trait]
impl Trying for SqlStore {
    async fn begin_try(&self, name: &str, address: IpAddr, now: Timestamp) -> StoreResult<Option<Timestamp>> {
        let mut write = self.database.write().await?;
        for (who, most) in self.counters_of(name, address) {
            let row = sql("INSERT INTO tries (who, began, failures) VALUES (?1, ?2, 1) ON CONFLICT (who) DO UPDATE SET
                 failures = CASE WHEN tries.began <= ?3 THEN 1 ELSE tries.failures + 1 END,
                 began = CASE WHEN tries.began <= ?3 THEN excluded.began ELSE tries.began END
                 RETURNING began, failures")
            .bind(who.as_slice())
            .bind(values::time(now))
            .bind(values::time(now - WINDOW))
            .fetch_one(&mut write)
            .await?;
            if row.number("failures")? > most {
                // Not committed: a blocked try costs no write and prolongs nothing.
                return Ok(Some(row.time("began")? + WINDOW));
            }
        }
        write.commit().await?;
        Ok(None)
    }

    async fn try_unfinished(&self, name: &str, address: IpAddr) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        for (who, _) in self.counters_of(name, address) {
            sql(TAKE_BACK).bind(who.as_slice()).execute(&mut write).await?;
        }
        write.commit().await
    }

    async fn try_succeeded(&self, name: &str, address: IpAddr) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        for (who, most) in self.counters_of(name, address) {
            let text = if most == PER_NAME_AND_ADDRESS { "DELETE FROM tries WHERE who = ?" } else { TAKE_BACK };
            sql(text).bind(who.as_slice()).execute(&mut write).await?;
        }
        write.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_place_and_a_mapped_address_is_its_own() {
        let place = |address: &str| place_of(address.parse().unwrap());
        assert_eq!(place("2001:db8:0:1::1"), place("2001:db8:0:1:ffff::2"));
        assert_ne!(place("2001:db8:0:1::1"), place("2001:db8:0:2::1"));
        assert_eq!(place("::ffff:192.0.2.1"), place("192.0.2.1"));
    }
}
