//! Claims: leases on photos. A lease is advice, a column of the attempt; it only says whom the photo is offered to meanwhile.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    database::{Spelling, Write, sql},
    seasons, values,
};
use crate::{
    api::submission::{Claim, NewClaim},
    backend::store::{StoreError, StoreResult},
    domain::access::Principal,
};

/// How many photos one person may hold.
const MOST: i64 = 20;

/// Free photos, the longest free first: `visible_at` is when they came in, or when a lease on them ran out. On Postgres past those that
/// others are taking at this moment.
pub(super) const FREE_OF_SEASON: Spelling = Spelling::Each {
    sqlite: "UPDATE attempts SET lease_user = ?1, lease_token = ?2, visible_at = ?3 WHERE id IN (
         SELECT a.id FROM attempts a WHERE a.school = ?4 AND a.season = ?5 AND a.status = ?6 AND a.visible_at <= ?7
             AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.attempt = a.id AND r.reviewer = ?1 AND r.withdrawn_at IS NULL)
         ORDER BY a.visible_at, a.id LIMIT ?8)",
    postgres: "UPDATE attempts SET lease_user = ?1, lease_token = ?2, visible_at = ?3 WHERE id = ANY (ARRAY (
         SELECT a.id FROM attempts a WHERE a.school = ?4 AND a.season = ?5 AND a.status = ?6 AND a.visible_at <= ?7
             AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.attempt = a.id AND r.reviewer = ?1 AND r.withdrawn_at IS NULL)
         ORDER BY a.visible_at, a.id LIMIT ?8 FOR UPDATE OF a SKIP LOCKED))",
};

pub(super) const FREE_OF_UNITS: Spelling = Spelling::Each {
    sqlite: "UPDATE attempts SET lease_user = ?1, lease_token = ?2, visible_at = ?3 WHERE id IN (
         SELECT c.id FROM json_each(?9) u CROSS JOIN attempts c ON c.id IN (
             SELECT a.id FROM attempts a WHERE a.school = ?4 AND a.season = ?5 AND a.unit = u.value AND a.status = ?6 AND a.visible_at <= ?7
                 AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.attempt = a.id AND r.reviewer = ?1 AND r.withdrawn_at IS NULL)
             ORDER BY a.visible_at, a.id LIMIT ?8)
         ORDER BY c.visible_at, c.id LIMIT ?8)",
    // A photo that another takes between the two looks is left out; there are more.
    postgres: "UPDATE attempts SET lease_user = ?1, lease_token = ?2, visible_at = ?3 WHERE id = ANY (ARRAY (
         SELECT x.id FROM attempts x WHERE x.id = ANY (ARRAY (
             SELECT c.id FROM json_each(?9) u CROSS JOIN LATERAL (
                 SELECT a.id, a.visible_at FROM attempts a
                 WHERE a.school = ?4 AND a.season = ?5 AND a.unit = u.value AND a.status = ?6 AND a.visible_at <= ?7
                     AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.attempt = a.id AND r.reviewer = ?1 AND r.withdrawn_at IS NULL)
                 ORDER BY a.visible_at, a.id LIMIT ?8) c
             ORDER BY c.visible_at, c.id LIMIT ?8 * 4))
             AND x.status = ?6 AND x.visible_at <= ?7
         ORDER BY x.visible_at, x.id LIMIT ?8 FOR UPDATE SKIP LOCKED))",
};

/// The named ones among the free.
const FREE_AND_NAMED: Spelling = Spelling::Each {
    sqlite: "UPDATE attempts SET lease_user = ?1, lease_token = ?2, visible_at = ?3
         WHERE id IN (SELECT unhex(value) FROM json_each(?9)) AND school = ?4 AND season = ?5 AND status = ?6 AND visible_at <= ?7
             AND (?10 IS NULL OR unit IN (SELECT value FROM json_each(?10)))
             AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.attempt = attempts.id AND r.reviewer = ?1 AND r.withdrawn_at IS NULL)
             AND ?8 > 0",
    postgres: "UPDATE attempts SET lease_user = ?1, lease_token = ?2, visible_at = ?3 WHERE id = ANY (ARRAY (
         SELECT a.id FROM attempts a WHERE a.id = ANY (ARRAY (SELECT unhex(value) FROM json_each(?9)))
             AND a.school = ?4 AND a.season = ?5 AND a.status = ?6 AND a.visible_at <= ?7
             AND (?10 IS NULL OR a.unit IN (SELECT value FROM json_each(?10)))
             AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.attempt = a.id AND r.reviewer = ?1 AND r.withdrawn_at IS NULL)
         ORDER BY a.id LIMIT ?8 FOR UPDATE OF a SKIP LOCKED))",
};

pub(super) const FREE_NEXT: &str = "SELECT min(visible_at) FROM (
     SELECT (SELECT min(a.visible_at) FROM attempts a WHERE a.school = ?1 AND a.season = ?2 AND a.unit = u.code AND a.status = ?3
         AND a.visible_at > ?4 AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.attempt = a.id AND r.reviewer = ?5 AND r.withdrawn_at IS NULL))
         AS visible_at
     FROM units u WHERE u.school = ?1 AND u.season = ?2 AND (?6 IS NULL OR u.code IN (SELECT value FROM json_each(?6)))) soonest";

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
        let (text, count) = match (&units, wanted.only.is_empty()) {
            (_, false) => (FREE_AND_NAMED, room),
            (None, true) => (FREE_OF_SEASON, room.min(i64::from(wanted.count))),
            (Some(_), true) => (FREE_OF_UNITS, room.min(i64::from(wanted.count))),
        };
        let mut query = sql(text)
            .bind(values::id(principal.user))
            .bind(values::id(token))
            .bind(values::time(until))
            .bind(&principal.school)
            .bind(&wanted.season)
            .bind(wanted.status.code())
            .bind(values::time(now))
            .bind(count);
        if wanted.only.is_empty() {
            if let Some(units) = &units {
                query = query.bind(units);
            }
        } else {
            let named = &wanted.only[..wanted.only.len().min(usize::try_from(room).unwrap_or(0))];
            query = query.bind(hexadecimal(named)?).bind(&units);
        }
        query.execute(&mut write).await?;

        let items = self.leased(&mut write, principal, token, now).await?;
        let all_claimed_until = if items.is_empty() {
            let next: Option<i64> = sql(FREE_NEXT)
                .bind(&principal.school)
                .bind(&wanted.season)
                .bind(wanted.status.code())
                .bind(values::time(now))
                .bind(values::id(principal.user))
                .bind(&units)
                .fetch_value(&mut write)
                .await?;
            next.and_then(|at| Timestamp::from_microsecond(at).ok())
        } else {
            None
        };
        write.commit().await?;
        Ok(Claim { token, until, items, all_claimed_until })
    }

    async fn heartbeat(&self, principal: &Principal, token: Uuid, now: Timestamp) -> StoreResult<Claim> {
        let mut write = self.database.write().await?;
        let season = sql("SELECT season FROM attempts WHERE lease_user = ? AND lease_token = ? LIMIT 1")
            .bind(values::id(principal.user))
            .bind(values::id(token))
            .fetch_optional(&mut write)
            .await?
            .ok_or(StoreError::NotFound)?
            .text("season")?;
        let rules = seasons::rules(&mut write, &principal.school, &season).await?;
        let until = now + Duration::from_secs(rules.lease_seconds.into());
        sql("UPDATE attempts SET visible_at = ? WHERE lease_user = ? AND lease_token = ?")
            .bind(values::time(until))
            .bind(values::id(principal.user))
            .bind(values::id(token))
            .execute(&mut write)
            .await?;
        let items = self.leased(&mut write, principal, token, now).await?;
        write.commit().await?;
        Ok(Claim { token, until, items, all_claimed_until: None })
    }

    async fn release(&self, principal: &Principal, token: Uuid) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        sql(
            "UPDATE attempts SET lease_user = NULL, lease_token = NULL, visible_at = submitted_at WHERE lease_user = ? AND lease_token = ?",
        )
        .bind(values::id(principal.user))
        .bind(values::id(token))
        .execute(&mut write)
        .await?;
        write.commit().await
    }
}

impl SqlStore {
    /// Of what the asker holds, prolongs what is to be kept and frees the rest. Gives how many were kept.
    async fn keep_only(&self, write: &mut Write, principal: &Principal, keep: &[Uuid], token: Uuid, until: Timestamp) -> StoreResult<i64> {
        sql("UPDATE attempts SET lease_user = NULL, lease_token = NULL, visible_at = submitted_at
             WHERE lease_user = ? AND id NOT IN (SELECT unhex(value) FROM json_each(?))")
        .bind(values::id(principal.user))
        .bind(hexadecimal(keep)?)
        .execute(&mut *write)
        .await?;
        let kept = sql("UPDATE attempts SET lease_token = ?, visible_at = ? WHERE lease_user = ?")
            .bind(values::id(token))
            .bind(values::time(until))
            .bind(values::id(principal.user))
            .execute(&mut *write)
            .await?;
        Ok(i64::try_from(kept.rows_affected()).unwrap_or(MOST))
    }
}

fn hexadecimal(ids: &[Uuid]) -> StoreResult<String> {
    values::json(&ids.iter().map(|id| id.simple().to_string()).collect::<Vec<_>>())
}
