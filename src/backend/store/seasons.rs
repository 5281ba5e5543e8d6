//! Seasons: their rules are data.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    SqlStore,
    audit::{self, Line},
    database::{Row, Write, sql},
    golden, places, values,
};
use crate::{
    api::roster::Season,
    backend::store::{StoreError, StoreResult},
    domain::{
        access::{Principal, UnitScope},
        lifecycle::{Refusal, attempt::AttemptEvent},
        season::SeasonRules,
    },
};

fn season(row: &Row) -> StoreResult<Season> {
    Ok(Season {
        code: row.text("code")?,
        name: row.text("name")?,
        kind: row.code("kind")?,
        rules: row.json("rules")?,
        closes_at: row.time_or_null("closes_at")?,
    })
}

/// The rules of a season; a reviewer's own has those of the one it belongs to.
///
/// # Errors
/// [`StoreError::SeasonUnknown`] where the school has no such season.
pub async fn rules(write: &mut Write, school: &str, code: &str) -> StoreResult<SeasonRules> {
    let row = sql("SELECT rules FROM seasons WHERE school = ? AND code = ?")
        .bind(school)
        .bind(golden::shared(code))
        .fetch_optional(&mut *write)
        .await?;
    row.ok_or(StoreError::SeasonUnknown)?.json("rules")
}

/// Lets an event pass in a season that may have closed: closing stops what is the students', never reviewers or the machine.
///
/// # Errors
/// [`Refusal::SeasonClosed`].
pub async fn admit(write: &mut Write, school: &str, code: &str, event: AttemptEvent, now: Timestamp) -> StoreResult<()> {
    let row = sql("SELECT closes_at FROM seasons WHERE school = ? AND code = ?").bind(school).bind(code).fetch_one(&mut *write).await?;
    let closed = row.time_or_null("closes_at")?.is_some_and(|closes_at| closes_at <= now);
    if closed && event.is_students() { Err(Refusal::SeasonClosed.into()) } else { Ok(()) }
}

/// Seasons and their rules.
#[async_trait]
pub trait Seasons: Send + Sync {
    async fn seasons(&self, principal: &Principal) -> StoreResult<Vec<Season>>;
    async fn put_season(&self, principal: &Principal, season: &Season, now: Timestamp) -> StoreResult<Season>;
}

#[async_trait]
impl Seasons for SqlStore {
    async fn seasons(&self, principal: &Principal) -> StoreResult<Vec<Season>> {
        let rows = sql("SELECT code, name, kind, rules, closes_at FROM seasons WHERE school = ? AND code NOT LIKE '%~%' ORDER BY created_at DESC, code")
            .bind(&principal.school)
            .fetch_all(&self.database)
            .await?;
        rows.iter().map(season).collect()
    }

    async fn put_season(&self, principal: &Principal, new: &Season, now: Timestamp) -> StoreResult<Season> {
        // A season is the whole school's: who has only some units does not set its rules.
        if principal.units != UnitScope::All {
            return Err(StoreError::Forbidden);
        }
        let mut write = self.database.write().await?;
        let row = sql("INSERT INTO seasons (school, code, name, kind, rules, closes_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (school, code) DO UPDATE SET name = excluded.name, kind = excluded.kind, rules = excluded.rules,
                 closes_at = excluded.closes_at
             RETURNING code, name, kind, rules, closes_at")
        .bind(&principal.school)
        .bind(&new.code)
        .bind(&new.name)
        .bind(new.kind.code())
        .bind(values::json(&new.rules)?)
        .bind(new.closes_at.map(values::time))
        .bind(values::time(now))
        .fetch_one(&mut write)
        .await?;
        let kept = season(&row)?;
        places::replace(&mut write, &principal.school, &new.code, None, &kept.rules).await?;
        let line = Line { season: Some(&new.code), actor: Some(principal.user), ..Line::of(&principal.school, "season.set") };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        Ok(kept)
    }
}

impl SqlStore {
    pub(super) async fn know_season(&self, principal: &Principal, code: &str) -> StoreResult<()> {
        if !golden::is_shared(code) {
            return Err(StoreError::SeasonUnknown);
        }
        let known: bool = sql("SELECT EXISTS (SELECT 1 FROM seasons WHERE school = ? AND code = ?)")
            .bind(&principal.school)
            .bind(code)
            .fetch_value(&self.database)
            .await?;
        if known { Ok(()) } else { Err(StoreError::SeasonUnknown) }
    }

    /// The units a list is to be read from; `None` for the whole school.
    ///
    /// # Errors
    /// [`StoreError::SeasonUnknown`]; [`StoreError::NotFound`] for a unit that is not there or not in scope.
    pub(super) async fn units_wanted(&self, principal: &Principal, code: &str, unit: Option<&str>) -> StoreResult<Option<String>> {
        self.know_season(principal, code).await?;
        let Some(unit) = unit else { return values::scope(principal) };
        let known: bool = sql("SELECT EXISTS (SELECT 1 FROM units WHERE school = ?1 AND season = ?2 AND code = ?3
                 AND (?4 IS NULL OR code IN (SELECT value FROM json_each(?4))))")
        .bind(&principal.school)
        .bind(code)
        .bind(unit)
        .bind(values::scope(principal)?)
        .fetch_value(&self.database)
        .await?;
        if known { values::json(&[unit]).map(Some) } else { Err(StoreError::NotFound) }
    }
}
