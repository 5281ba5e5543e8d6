//! How much may be asked for: by each session and from each address every minute, and by each person of what is costly or tells much.
//!
//! What holds across replicas is counted in the store, but not request by request. A replica gives everybody a small share of the allowance
//! from its own memory. Only who goes on draws on the store, in portions of the same size, and what the share gave is drawn along. So whoever
//! works as people do costs no round trip, and nobody gets more in a minute than the allowance and one share a replica.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use super::store::{
    Store,
    allowances::{Spender, WINDOW},
};

/// The allowance has so many shares.
const SHARES: u32 = 20;
/// More spenders than this are not remembered at once; whoever is forgotten gets a share anew.
const MOST_SPENDERS: usize = 65_536;

/// Requests a minute; 0 for any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of one session: far above what a desk or an import asks for, far below what a server answers.
    pub session: u32,
    /// From one address: a whole university may be behind one.
    pub address: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { session: 6_000, address: 60_000 }
    }
}

/// What a request costs whoever makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Asked for by machines that watch over the server: never refused.
    Nothing,
    /// One of the session's and one of the address's allowance.
    Ordinary,
    /// The same, and one of so many a minute that a person has of this kind, each counted in the store.
    Counted(u32),
    /// Counted where the query has this parameter, and ordinary without it.
    CountedWith(&'static str, u32),
}

impl Cost {
    /// How many a minute a person has of a request with this query, where that is counted.
    #[must_use]
    pub fn counted(self, query: Option<&str>) -> Option<u32> {
        match self {
            Cost::Nothing | Cost::Ordinary => None,
            Cost::Counted(most) => Some(most),
            Cost::CountedWith(parameter, most) => {
                let has = |query: &str| query.split('&').any(|pair| pair.split('=').next() == Some(parameter));
                query.is_some_and(has).then_some(most)
            }
        }
    }
}

/// What this replica knows of a spender in the window it is in.
#[derive(Debug, Clone, Copy)]
struct Known {
    began: i64,
    /// Given from the share.
    shared: u32,
    /// Drawn from the store and not spent yet; `None` before anything was drawn.
    drawn: Option<u32>,
    /// The store had no more.
    over: bool,
}

/// The allowances as this replica knows them.
#[derive(Debug)]
pub struct Allowances {
    limits: Limits,
    known: Mutex<HashMap<Spender, Known>>,
}

/// What is to be done about a request.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Pass,
    Refuse,
    /// Draw so much, of which so much was spent before.
    Draw {
        wanted: u32,
        owed: u32,
    },
}

impl Allowances {
    #[must_use]
    pub fn new(limits: Limits) -> Allowances {
        Allowances { limits, known: Mutex::default() }
    }

    /// Spends one of the address's allowance; says until when there is none.
    pub async fn of_address(&self, store: &dyn Store, address: IpAddr, now: Timestamp) -> Option<Timestamp> {
        self.shared(store, Spender::at(address), self.limits.address, now).await
    }

    /// Spends one of the session's allowance; says until when there is none.
    pub async fn of_session(&self, store: &dyn Store, session: Spender, now: Timestamp) -> Option<Timestamp> {
        self.shared(store, session, self.limits.session, now).await
    }

    /// Spends one of what a person has of something counted; says until when there is none. Without limits nothing is counted.
    pub async fn of_person(&self, store: &dyn Store, person: Spender, most: u32, now: Timestamp) -> Option<Timestamp> {
        if self.limits.session == 0 {
            return None;
        }
        let began = window_of(&person, now);
        if self.with(&person, began, |known| known.over) {
            return Some(end_of(began));
        }
        match store.spend(&person, at(began), 1, most).await {
            Ok(1..) => None,
            Ok(0) => {
                self.with(&person, began, |known| known.over = true);
                Some(end_of(began))
            }
            Err(error) => unknown(&error),
        }
    }

    async fn shared(&self, store: &dyn Store, who: Spender, most: u32, now: Timestamp) -> Option<Timestamp> {
        if most == 0 {
            return None;
        }
        let began = window_of(&who, now);
        let share = (most / SHARES).max(1);
        let (wanted, owed) = match self.with(&who, began, |known| step(known, share)) {
            Step::Pass => return None,
            Step::Refuse => return Some(end_of(began)),
            Step::Draw { wanted, owed } => (wanted, owed),
        };
        match store.spend(&who, at(began), wanted, most).await {
            Ok(given) => self.with(&who, began, |known| take(known, given, owed)).then(|| end_of(began)),
            Err(error) => unknown(&error),
        }
    }

    fn with<T>(&self, who: &Spender, began: i64, use_it: impl FnOnce(&mut Known) -> T) -> T {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_SPENDERS && !all.contains_key(who) {
            let oldest = began - window_seconds();
            all.retain(|_, known| known.began > oldest);
            if all.len() >= MOST_SPENDERS {
                all.clear();
            }
        }
        let fresh = Known { began, shared: 0, drawn: None, over: false };
        let known = all.entry(who.clone()).or_insert(fresh);
        if known.began != began {
            *known = fresh;
        }
        use_it(known)
    }
}

/// A store that cannot say lets pass: a limit must not make an outage worse.
fn unknown(error: &dyn std::fmt::Display) -> Option<Timestamp> {
    tracing::warn!(%error, "an allowance could not be counted");
    None
}

/// Decides from memory, as far as it reaches.
fn step(known: &mut Known, share: u32) -> Step {
    if known.over {
        return Step::Refuse;
    }
    match &mut known.drawn {
        None if known.shared < share => {
            known.shared += 1;
            Step::Pass
        }
        None => {
            // Drawn along once: what others ask for meanwhile draws for itself.
            known.drawn = Some(0);
            Step::Draw { wanted: known.shared + share, owed: known.shared }
        }
        Some(0) => Step::Draw { wanted: share, owed: 0 },
        Some(left) => {
            *left -= 1;
            Step::Pass
        }
    }
}

/// Takes in what the store gave, and spends one of it; true where there was none left.
fn take(known: &mut Known, given: u32, owed: u32) -> bool {
    let left = given.saturating_sub(owed);
    if left == 0 {
        known.over = true;
        return true;
    }
    known.drawn = Some(known.drawn.unwrap_or(0) + left - 1);
    false
}

/// The second in which the spender's window began. Windows of different spenders begin at different seconds, so that not everybody draws at
/// once; every replica finds the same.
fn window_of(who: &Spender, now: Timestamp) -> i64 {
    let (kind, name) = who.parts();
    let sum = kind.bytes().chain(name).fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let length = window_seconds();
    let offset = i64::try_from(sum % length.unsigned_abs()).unwrap_or(0);
    (now.as_second() - offset).div_euclid(length) * length + offset
}

fn window_seconds() -> i64 {
    i64::try_from(WINDOW.as_secs()).unwrap_or(60)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn end_of(began: i64) -> Timestamp {
    at(began + window_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Known {
        Known { began: 0, shared: 0, drawn: None, over: false }
    }

    #[test]
    fn the_share_passes_without_the_store_and_is_drawn_along_later() {
        let mut known = fresh();
        for _ in 0..5 {
            assert_eq!(step(&mut known, 5), Step::Pass);
        }
        assert_eq!(step(&mut known, 5), Step::Draw { wanted: 10, owed: 5 });
        assert!(!take(&mut known, 10, 5));
        for _ in 0..4 {
            assert_eq!(step(&mut known, 5), Step::Pass);
        }
        assert_eq!(step(&mut known, 5), Step::Draw { wanted: 5, owed: 0 });
        assert!(take(&mut known, 0, 0));
        assert_eq!(step(&mut known, 5), Step::Refuse);
    }

    #[test]
    fn whoever_spent_more_than_there_is_gets_no_more() {
        let mut known = fresh();
        for _ in 0..5 {
            step(&mut known, 5);
        }
        assert_eq!(step(&mut known, 5), Step::Draw { wanted: 10, owed: 5 });
        assert!(take(&mut known, 3, 5), "others had spent it");
    }

    #[test]
    fn a_window_is_a_minute_and_the_same_everywhere() {
        let who = Spender::at("192.0.2.1".parse().unwrap());
        let began = window_of(&who, at(1_000_000));
        assert!((1_000_000 - 59..=1_000_000).contains(&began));
        assert_eq!(window_of(&who, at(began)), began);
        assert_eq!(window_of(&who, at(began + 59)), began);
        assert_eq!(window_of(&who, at(began + 60)), began + 60);
        let begins: std::collections::BTreeSet<i64> =
            (0..=255).map(|last| window_of(&Spender::at([192, 0, 2, last].into()), at(1_000_000))).collect();
        assert!(begins.len() > 30, "not everybody begins at once");
    }

    #[test]
    fn what_is_counted_is_told_by_the_query() {
        let cost = Cost::CountedWith("format", 7);
        assert_eq!(cost.counted(Some("season=s&format=csv")), Some(7));
        for query in [None, Some(""), Some("season=format"), Some("formats=1")] {
            assert_eq!(cost.counted(query), None, "{query:?}");
        }
        assert_eq!((Cost::Counted(3).counted(None), Cost::Ordinary.counted(None)), (Some(3), None));
    }
}
