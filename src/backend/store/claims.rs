//! Claims: leases on photos. A lease is advice, a column of the attempt; it only says whom the photo is offered to meanwhile.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    database::{Row, Spelling, Sql, Value, Write, sql},
    golden, seasons, values,
};
use crate::{
    api::{
        bundle::NewBundle,
        submission::{Claim, NewClaim, NothingToClaim},
    },
    backend::store::{StoreError, StoreResult},
    domain::{
        access::{Permission, Principal},
        lifecycle::attempt::Status,
        season::SeasonRules,
    },
};

/// How many photos one person may hold.
const MOST: i64 = 20;
/// How often a claim looks again for what was free when others took the rest.
const LOOKS: u32 = 4;

/// Which of the attempts `a` may be offered to somebody: for leads only what is theirs, and nothing that the asker has reviewed or just skipped.
macro_rules! offered {
    ($user:literal, $now:literal, $leads:literal) => {
        concat!(
            "(a.for_lead = 0 OR ",
            $leads,
            " = 1)
             AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.attempt = a.id AND r.reviewer = ",
            $user,
            " AND r.withdrawn_at IS NULL)
             AND NOT EXISTS (SELECT 1 FROM skips k WHERE k.attempt = a.id AND k.reviewer = ",
            $user,
            " AND k.until > ",
            $now,
            ")"
        )
    };
}

/// Takes what the condition finds.
macro_rules! take {
    ($($found:expr),*) => {
        concat!("UPDATE attempts SET lease_user = ?1, lease_token = ?2, visible_at = ?3, leased_at = ?7 WHERE ", $($found),*, " RETURNING id, season, unit, place_at")
    };
}

/// Free photos in the order of their places: `visible_at` is the place while nobody has them. On Postgres past those that others are taking at
/// this moment.
pub(super) const FREE_OF_SEASON: Spelling = Spelling::Each {
    sqlite: take!(
        "id IN (SELECT a.id FROM attempts a WHERE a.school = ?4 AND a.season = ?5 AND a.status = ?6 AND a.visible_at <= ?7 AND ",
        offered!("?1", "?7", "?9"),
        " ORDER BY a.visible_at, a.id LIMIT ?8)"
    ),
    postgres: take!(
        "id = ANY (ARRAY (SELECT a.id FROM attempts a WHERE a.school = ?4 AND a.season = ?5 AND a.status = ?6 AND a.visible_at <= ?7 AND ",
        offered!("?1", "?7", "?9"),
        " ORDER BY a.visible_at, a.id LIMIT ?8 FOR UPDATE OF a SKIP LOCKED))"
    ),
};

pub(super) const FREE_OF_UNITS: Spelling = Spelling::Each {
    sqlite: take!(
        "id IN (SELECT c.id FROM json_each(?10) u CROSS JOIN attempts c ON c.id IN (
             SELECT a.id FROM attempts a WHERE a.school = ?4 AND a.season = ?5 AND a.unit = u.value AND a.status = ?6 AND a.visible_at <= ?7 AND ",
        offered!("?1", "?7", "?9"),
        " ORDER BY a.visible_at, a.id LIMIT ?8) ORDER BY c.visible_at, c.id LIMIT ?8)"
    ),
    // A photo that another takes between the two looks is left out; the claim looks again.
    postgres: take!(
        "id = ANY (ARRAY (SELECT x.id FROM attempts x WHERE x.id = ANY (ARRAY (
             SELECT c.id FROM json_each(?10) u CROSS JOIN LATERAL (
                 SELECT a.id, a.visible_at FROM attempts a
                 WHERE a.school = ?4 AND a.season = ?5 AND a.unit = u.value AND a.status = ?6 AND a.visible_at <= ?7 AND ",
        offered!("?1", "?7", "?9"),
        " ORDER BY a.visible_at, a.id LIMIT ?8 * 4) c
             ORDER BY c.visible_at, c.id LIMIT ?8 * 4))
             AND x.status = ?6 AND x.visible_at <= ?7
         ORDER BY x.visible_at, x.id LIMIT ?8 FOR UPDATE SKIP LOCKED))"
    ),
};

/// The named ones among the free, golden items of the asker's own season included.
const FREE_AND_NAMED: Spelling = Spelling::Each {
    sqlite: take!(
        "id IN (SELECT a.id FROM attempts a WHERE a.id IN (SELECT unhex(value) FROM json_each(?10)) AND a.school = ?4
             AND a.season IN (SELECT value FROM json_each(?5)) AND a.status = ?6 AND a.visible_at <= ?7
             AND (?11 IS NULL OR a.unit IN (SELECT value FROM json_each(?11))) AND ",
        offered!("?1", "?7", "?9"),
        " ORDER BY a.id LIMIT ?8)"
    ),
    postgres: take!(
        "id = ANY (ARRAY (SELECT a.id FROM attempts a WHERE a.id = ANY (ARRAY (SELECT unhex(value) FROM json_each(?10))) AND a.school = ?4
             AND a.season IN (SELECT value FROM json_each(?5)) AND a.status = ?6 AND a.visible_at <= ?7
             AND (?11 IS NULL OR a.unit IN (SELECT value FROM json_each(?11))) AND ",
        offered!("?1", "?7", "?9"),
        " ORDER BY a.id LIMIT ?8 FOR UPDATE OF a SKIP LOCKED))"
    ),
};

/// What would be offered to the asker in each unit: the first that is free, and the first whose lease ends.
pub(super) const OFFERED_NEXT: &str = concat!(
    "SELECT min(free) AS free, min(leased) AS leased FROM (SELECT
         (SELECT min(a.visible_at) FROM attempts a WHERE a.school = ?1 AND a.season = ?2 AND a.unit = u.code AND a.status = ?3
             AND a.visible_at <= ?4 AND ",
    offered!("?5", "?4", "?7"),
    ") AS free,
         (SELECT min(a.visible_at) FROM attempts a WHERE a.school = ?1 AND a.season = ?2 AND a.unit = u.code AND a.status = ?3
             AND a.visible_at > ?4 AND ",
    offered!("?5", "?4", "?7"),
    ") AS leased
     FROM units u WHERE u.school = ?1 AND u.season = ?2 AND (?6 IS NULL OR u.code IN (SELECT value FROM json_each(?6)))) soonest"
);

const ANY_WAIT: &str = "SELECT EXISTS (SELECT 1 FROM units u WHERE u.school = ?1 AND u.season = ?2
     AND (?4 IS NULL OR u.code IN (SELECT value FROM json_each(?4)))
     AND EXISTS (SELECT 1 FROM attempts a WHERE a.school = ?1 AND a.season = ?2 AND a.unit = u.code AND a.status = ?3))";

/// What is free of the asker's own season; nobody else takes from there.
const OWN_FREE: &str = concat!(
    "SELECT a.id, a.season, a.unit, a.place_at FROM attempts a WHERE a.school = ?1 AND a.season = ?2 AND a.status = ?3 AND a.visible_at <= ?4
         AND (?6 IS NULL OR a.unit IN (SELECT value FROM json_each(?6))) AND ",
    offered!("?5", "?4", "?7"),
    " ORDER BY a.visible_at, a.id LIMIT ?8"
);

/// Leases that ran out, back to their places: time alone ends a lease, and nobody loses a place by one.
const RAN_OUT: Spelling = Spelling::Each {
    sqlite: "UPDATE attempts SET lease_user = NULL, lease_token = NULL, leased_at = NULL, visible_at = place_at WHERE id IN (
         SELECT id FROM attempts WHERE school = ?1 AND season = ?2 AND lease_user IS NOT NULL AND visible_at <= ?3 LIMIT 500)",
    postgres: "UPDATE attempts SET lease_user = NULL, lease_token = NULL, leased_at = NULL, visible_at = place_at WHERE id = ANY (ARRAY (
         SELECT id FROM attempts WHERE school = ?1 AND season = ?2 AND lease_user IS NOT NULL AND visible_at <= ?3 LIMIT 500
         FOR UPDATE SKIP LOCKED))",
};

/// The end of a lease, as every statement that ends one writes it.
macro_rules! free {
    ($which:literal) => {
        concat!("UPDATE attempts SET lease_user = NULL, lease_token = NULL, leased_at = NULL, visible_at = place_at WHERE ", $which)
    };
}

/// Ends the lease of one person on one photo; another's says nothing of that.
pub async fn end_lease(write: &mut Write, attempt: Uuid, holder: Uuid) -> StoreResult<()> {
    sql(free!("id = ? AND lease_user = ?")).bind(values::id(attempt)).bind(values::id(holder)).execute(&mut *write).await?;
    Ok(())
}

/// Ends the leases that one person has under one token.
pub async fn end_token(write: &mut Write, token: Uuid, holder: Uuid) -> StoreResult<()> {
    sql(free!("lease_user = ? AND lease_token = ?")).bind(values::id(holder)).bind(values::id(token)).execute(&mut *write).await?;
    Ok(())
}

/// Ends every lease of a person who goes, or whose scope changes.
pub async fn end_leases(write: &mut Write, holder: Uuid) -> StoreResult<()> {
    sql(free!("lease_user = ?")).bind(values::id(holder)).execute(&mut *write).await?;
    Ok(())
}

/// Who looks at what meanwhile.
#[async_trait]
pub trait Claims: Send + Sync {
    async fn claim(&self, principal: &Principal, wanted: &NewClaim, token: Uuid, now: Timestamp) -> StoreResult<Claim>;
    /// A sign of life: prolongs the lease of everything still held under the token.
    async fn heartbeat(&self, principal: &Principal, token: Uuid, now: Timestamp) -> StoreResult<Claim>;
    async fn release(&self, principal: &Principal, token: Uuid) -> StoreResult<()>;
}

#[async_trait]
impl Claims for SqlStore {
    async fn claim(&self, principal: &Principal, wanted: &NewClaim, token: Uuid, now: Timestamp) -> StoreResult<Claim> {
        let units = self.units_wanted(principal, &wanted.season, wanted.unit.as_deref()).await?;
        let mut write = self.database.write().await?;
        let rules = seasons::rules(&mut write, &principal.school, &wanted.season).await?;
        let until = now + Duration::from_secs(rules.lease_seconds.into());

        // Two desks of one person share one allowance.
        write.alone_with(&format!("claims {}", principal.user)).await?;
        let kept = self.keep_only(&mut write, principal, &wanted.keep, token, until).await?;
        let room = (MOST - kept).max(0);
        let asked = Asked { principal, wanted, units: &units, token, until, now };
        for season in golden::seasons_of(principal, &wanted.season) {
            sql(RAN_OUT).bind(&principal.school).bind(season).bind(values::time(now)).execute(&mut write).await?;
        }
        let (mut nothing, mut taken) = (None, vec![]);
        if wanted.only.is_empty() {
            let room = room.min(i64::from(wanted.count));
            for _ in 0..LOOKS {
                taken = asked.take_free(&mut write, room).await?;
                nothing = if !taken.is_empty() || kept > 0 || room == 0 { None } else { Some(asked.why_nothing(&mut write).await?) };
                if !taken.is_empty() || !matches!(nothing, Some(Nothing::Missed)) {
                    break;
                }
            }
        } else {
            taken = asked.take_named(&mut write, room).await?;
            nothing = if !taken.is_empty() || kept > 0 { None } else { Some(asked.why_nothing(&mut write).await?) };
        }
        let claimed: Vec<(Uuid, String)> =
            taken.into_iter().filter(|taken| golden::is_shared(&taken.season)).map(|taken| (taken.id, taken.unit)).collect();
        self.plan_golden(&mut write, principal, &wanted.season, &rules, &claimed, now).await?;
        let items = self.leased(&mut write, principal, token, now).await?;
        write.commit().await?;
        let nothing = nothing.filter(|_| items.is_empty());
        Ok(Claim { token, until, items, all_claimed_until: nothing.and_then(Nothing::until), nothing: nothing.map(Nothing::told) })
    }

    async fn heartbeat(&self, principal: &Principal, token: Uuid, now: Timestamp) -> StoreResult<Claim> {
        let mut write = self.database.write().await?;
        // What ran out is not brought back: it may be on somebody else's screen by now.
        let season = sql("SELECT season FROM attempts WHERE lease_user = ? AND lease_token = ? AND visible_at > ? LIMIT 1")
            .bind(values::id(principal.user))
            .bind(values::id(token))
            .bind(values::time(now))
            .fetch_optional(&mut write)
            .await?
            .ok_or(StoreError::NotFound)?
            .text("season")?;
        let rules = seasons::rules(&mut write, &principal.school, &season).await?;
        let until = now + Duration::from_secs(rules.lease_seconds.into());
        sql("UPDATE attempts SET visible_at = ?1 WHERE lease_user = ?2 AND lease_token = ?3 AND visible_at > ?4")
            .bind(values::time(until))
            .bind(values::id(principal.user))
            .bind(values::id(token))
            .bind(values::time(now))
            .execute(&mut write)
            .await?;
        let items = self.leased(&mut write, principal, token, now).await?;
        write.commit().await?;
        Ok(Claim { token, until, items, all_claimed_until: None, nothing: None })
    }

    async fn release(&self, principal: &Principal, token: Uuid) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        sql(free!("lease_user = ? AND lease_token = ?"))
            .bind(values::id(principal.user))
            .bind(values::id(token))
            .execute(&mut write)
            .await?;
        write.commit().await
    }
}

impl SqlStore {
    /// Reserves photos of one unit until a bundle expires, those first that have waited longest; nothing else that the asker holds is touched.
    ///
    /// # Errors
    /// [`StoreError::BundleEmpty`] where there is nothing to take.
    pub(super) async fn reserve(
        &self,
        write: &mut Write,
        principal: &Principal,
        wanted: &NewBundle,
        (rules, units): (&SeasonRules, &Option<String>),
        (now, until): (Timestamp, Timestamp),
    ) -> StoreResult<()> {
        let claim = NewClaim {
            season: wanted.season.clone(),
            unit: Some(wanted.unit.clone()),
            status: Status::Pending,
            count: 0,
            only: vec![],
            keep: vec![],
        };
        let asked = Asked { principal, wanted: &claim, units, token: wanted.id, until, now };
        for season in golden::seasons_of(principal, &wanted.season) {
            sql(RAN_OUT).bind(&principal.school).bind(season).bind(values::time(now)).execute(&mut *write).await?;
        }
        for look in 1.. {
            let taken = asked.take_free(write, i64::from(wanted.count)).await?;
            if !taken.is_empty() {
                let claimed: Vec<(Uuid, String)> =
                    taken.into_iter().filter(|taken| golden::is_shared(&taken.season)).map(|taken| (taken.id, taken.unit)).collect();
                return self.plan_golden(write, principal, &wanted.season, rules, &claimed, now).await;
            }
            let nothing = asked.why_nothing(write).await?;
            if look == LOOKS || !matches!(nothing, Nothing::Missed) {
                return Err(StoreError::BundleEmpty { why: nothing.told(), until: nothing.until() });
            }
        }
        Ok(())
    }

    /// Of what the asker holds, prolongs what is to be kept and frees the rest. Gives how many were kept.
    async fn keep_only(&self, write: &mut Write, principal: &Principal, keep: &[Uuid], token: Uuid, until: Timestamp) -> StoreResult<i64> {
        // What is out in a bundle of theirs is no affair of the desk.
        sql(free!(
            "lease_user = ?1 AND id NOT IN (SELECT unhex(value) FROM json_each(?2))
             AND lease_token NOT IN (SELECT id FROM bundles WHERE reviewer = ?1 AND ended_at IS NULL)"
        ))
        .bind(values::id(principal.user))
        .bind(hexadecimal(keep)?)
        .execute(&mut *write)
        .await?;
        let kept = sql("UPDATE attempts SET lease_token = ?1, visible_at = ?2 WHERE lease_user = ?3
                 AND lease_token NOT IN (SELECT id FROM bundles WHERE reviewer = ?3 AND ended_at IS NULL)")
        .bind(values::id(token))
        .bind(values::time(until))
        .bind(values::id(principal.user))
        .execute(&mut *write)
        .await?;
        Ok(i64::try_from(kept.rows_affected()).unwrap_or(MOST))
    }
}

/// Why a claim came back empty.
#[derive(Debug, Clone, Copy)]
enum Nothing {
    Empty,
    AllClaimed(Timestamp),
    NoneForYou,
    /// Something was free: others took what was looked at.
    Missed,
}

impl Nothing {
    fn until(self) -> Option<Timestamp> {
        if let Nothing::AllClaimed(until) = self { Some(until) } else { None }
    }

    fn told(self) -> NothingToClaim {
        match self {
            Nothing::Empty => NothingToClaim::NothingWaits,
            Nothing::AllClaimed(_) | Nothing::Missed => NothingToClaim::AllClaimed,
            Nothing::NoneForYou => NothingToClaim::NoneForYou,
        }
    }
}

/// A photo that was taken.
struct Taken {
    id: Uuid,
    season: String,
    unit: String,
    place: i64,
}

impl Taken {
    fn read(rows: &[Row]) -> StoreResult<Vec<Taken>> {
        let taken = |row: &Row| {
            Ok(Taken { id: row.id("id")?, season: row.text("season")?, unit: row.text("unit")?, place: row.number("place_at")? })
        };
        rows.iter().map(taken).collect()
    }
}

/// A claim that is being made.
struct Asked<'a> {
    principal: &'a Principal,
    wanted: &'a NewClaim,
    units: &'a Option<String>,
    token: Uuid,
    until: Timestamp,
    now: Timestamp,
}

impl Asked<'_> {
    fn take(&self, text: Spelling, season: impl Into<Value>, room: i64) -> Sql {
        sql(text)
            .bind(values::id(self.principal.user))
            .bind(values::id(self.token))
            .bind(values::time(self.until))
            .bind(&self.principal.school)
            .bind(season)
            .bind(self.wanted.status.code())
            .bind(values::time(self.now))
            .bind(room)
            .bind(self.principal.may(Permission::LeadReviews))
    }

    /// The first free ones in the order of their places.
    async fn take_free(&self, write: &mut Write, room: i64) -> StoreResult<Vec<Taken>> {
        let season = &self.wanted.season;
        let take = match self.units {
            None => self.take(FREE_OF_SEASON, season, room),
            Some(units) => self.take(FREE_OF_UNITS, season, room).bind(units),
        };
        let taken = Taken::read(&take.fetch_all(&mut *write).await?)?;
        if golden::is_tried(self.principal) { self.take_own_too(write, taken, room).await } else { Ok(taken) }
    }

    /// Those of the asker's own season among the others, each at its place; for each that comes in one that goes beyond the room is given back.
    async fn take_own_too(&self, write: &mut Write, taken: Vec<Taken>, room: i64) -> StoreResult<Vec<Taken>> {
        let own = sql(OWN_FREE)
            .bind(&self.principal.school)
            .bind(golden::own(&self.wanted.season, self.principal.user))
            .bind(self.wanted.status.code())
            .bind(values::time(self.now))
            .bind(values::id(self.principal.user))
            .bind(self.units)
            .bind(self.principal.may(Permission::LeadReviews))
            .bind(room)
            .fetch_all(&mut *write)
            .await?;
        if own.is_empty() {
            return Ok(taken);
        }
        let mut all = taken;
        all.extend(Taken::read(&own)?);
        all.sort_by_key(|taken| (taken.place, taken.id));
        let beyond = all.split_off(all.len().min(usize::try_from(room).unwrap_or(0)));
        let ids = |of: &[Taken], shared: bool| {
            let ids: Vec<Uuid> = of.iter().filter(|taken| golden::is_shared(&taken.season) == shared).map(|taken| taken.id).collect();
            hexadecimal(&ids)
        };
        sql(free!("id IN (SELECT unhex(value) FROM json_each(?))")).bind(ids(&beyond, true)?).execute(&mut *write).await?;
        sql("UPDATE attempts SET lease_user = ?1, lease_token = ?2, visible_at = ?3, leased_at = ?4
             WHERE id IN (SELECT unhex(value) FROM json_each(?5))")
        .bind(values::id(self.principal.user))
        .bind(values::id(self.token))
        .bind(values::time(self.until))
        .bind(values::time(self.now))
        .bind(ids(&all, false)?)
        .execute(&mut *write)
        .await?;
        Ok(all)
    }

    async fn take_named(&self, write: &mut Write, room: i64) -> StoreResult<Vec<Taken>> {
        let named = &self.wanted.only[..self.wanted.only.len().min(usize::try_from(room).unwrap_or(0))];
        let seasons = values::json(&golden::seasons_of(self.principal, &self.wanted.season))?;
        let take = self.take(FREE_AND_NAMED, seasons, room).bind(hexadecimal(named)?).bind(self.units);
        Taken::read(&take.fetch_all(&mut *write).await?)
    }

    async fn why_nothing(&self, write: &mut Write) -> StoreResult<Nothing> {
        let (school, season, status) = (&self.principal.school, &self.wanted.season, self.wanted.status.code());
        let seasons = golden::seasons_of(self.principal, season);
        let next = sql(OFFERED_NEXT)
            .bind(school)
            .bind(season)
            .bind(status)
            .bind(values::time(self.now))
            .bind(values::id(self.principal.user))
            .bind(self.units)
            .bind(self.principal.may(Permission::LeadReviews))
            .fetch_one(&mut *write)
            .await?;
        if next.number_or_null("free")?.is_some() {
            return Ok(Nothing::Missed);
        }
        if let Some(until) = next.time_or_null("leased")? {
            return Ok(Nothing::AllClaimed(until));
        }
        for season in seasons {
            let any = sql(ANY_WAIT).bind(school).bind(season).bind(status).bind(self.units);
            if any.fetch_value(&mut *write).await? {
                return Ok(Nothing::NoneForYou);
            }
        }
        Ok(Nothing::Empty)
    }
}

fn hexadecimal(ids: &[Uuid]) -> StoreResult<String> {
    values::json(&ids.iter().map(|id| id.simple().to_string()).collect::<Vec<_>>())
}
