//! Storage times: what is due is marked, its pictures removed by a job, and the marks stay as tombstones.
//!
//! Two steps, so that a process may die between them: from the mark on nobody is shown the picture, and whoever comes next removes it. An approved
//! photo is not taken while the register may still ask for it, and nothing whose copy a reviewer has before them as a golden item.

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use super::{
    SqlStore,
    audit::{self, Line},
    database::{Row, Write, sql},
    values,
};
use crate::{
    api::person::{ClassRetention, FacesStored, RetentionReport},
    backend::{
        store::{StoreResult, persons},
        vault::{hexadecimal, sha256},
    },
    domain::{
        access::Principal,
        lifecycle::attempt::Status,
        retention::{FACES_TO_FILE, FACES_TO_WARN, RetentionClass},
        season::SeasonRules,
    },
};

/// What one round marks or erases at most: a transaction of pictures, a call's worth of people.
const ROUND: u32 = 500;
/// The name of the fact.
const FACES: &str = "faces";
/// The rule that a picture was purged for when its person was erased.
pub(super) const ERASURE: &str = "erasure";

/// Keeping the storage times.
#[async_trait]
pub trait Retaining: Send + Sync {
    /// Marks pictures whose time is over, round by round, and erases a round of people whose time is over; says how many.
    async fn mark_due(&self, now: Timestamp) -> StoreResult<u64>;
    /// Pictures that are marked and may still be in the storage.
    async fn marked(&self, limit: u32) -> StoreResult<Vec<String>>;
    /// Records that these are gone.
    async fn purged(&self, names: &[String], now: Timestamp) -> StoreResult<()>;
    /// Counts whose faces are stored, for the whole house.
    async fn count_faces(&self, now: Timestamp) -> StoreResult<FacesStored>;
    /// How a season's storage times are kept.
    async fn retention(&self, principal: &Principal, season: &str, now: Timestamp) -> StoreResult<RetentionReport>;
}

#[async_trait]
impl Retaining for SqlStore {
    async fn mark_due(&self, now: Timestamp) -> StoreResult<u64> {
        let seasons = sql("SELECT school, code, rules, closes_at FROM seasons WHERE code NOT LIKE '%~%' ORDER BY school, code")
            .fetch_all(&self.database)
            .await?;
        let mut marked = 0;
        for row in &seasons {
            let season = Season::read(row)?;
            for class in RetentionClass::ALL {
                marked += match class {
                    RetentionClass::Identity => self.forget_identities(&season, now, ROUND).await?,
                    _ => self.mark_class(&season, class, now).await?,
                };
            }
        }
        Ok(marked)
    }

    async fn marked(&self, limit: u32) -> StoreResult<Vec<String>> {
        let rows = sql("SELECT name FROM blobs WHERE purging_at IS NOT NULL AND purged_at IS NULL ORDER BY purging_at, name LIMIT ?")
            .bind(i64::from(limit))
            .fetch_all(&self.database)
            .await?;
        rows.iter().map(|row| row.text("name")).collect()
    }

    async fn purged(&self, names: &[String], now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        sql("UPDATE blobs SET purged_at = ?1, bytes = 0 WHERE purging_at IS NOT NULL AND purged_at IS NULL
             AND name IN (SELECT value FROM json_each(?2))")
        .bind(values::time(now))
        .bind(values::json(&names)?)
        .execute(&mut write)
        .await?;
        write.commit().await
    }

    async fn count_faces(&self, now: Timestamp) -> StoreResult<FacesStored> {
        // The whole table, once a night.
        let people: i64 =
            sql("SELECT count(DISTINCT a.student) FROM blobs b JOIN attempts a ON a.id = b.attempt WHERE b.purging_at IS NULL")
                .fetch_value(&self.database)
                .await?;
        let mut write = self.database.write().await?;
        sql("INSERT INTO house_facts (name, value, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at")
        .bind(FACES)
        .bind(people)
        .bind(values::time(now))
        .execute(&mut write)
        .await?;
        write.commit().await?;
        Ok(faces(people, now))
    }

    async fn retention(&self, principal: &Principal, season: &str, now: Timestamp) -> StoreResult<RetentionReport> {
        self.know_season(principal, season).await?;
        let row = sql("SELECT school, code, rules, closes_at FROM seasons WHERE school = ? AND code = ?")
            .bind(&principal.school)
            .bind(season)
            .fetch_one(&self.database)
            .await?;
        let known = Season::read(&row)?;
        let mut classes = vec![];
        for class in RetentionClass::ALL {
            classes.push(match class {
                RetentionClass::Identity => self.identities(principal, &known, now).await?,
                _ => self.class(principal, &known, class, now).await?,
            });
        }
        let fact = sql("SELECT value, at FROM house_facts WHERE name = ?").bind(FACES).fetch_optional(&self.database).await?;
        let faces = fact.map(|row| Ok::<_, super::StoreError>(faces(row.number("value")?, row.time("at")?))).transpose()?;
        Ok(RetentionReport { season: season.to_owned(), classes, faces })
    }
}

fn faces(people: i64, counted_at: Timestamp) -> FacesStored {
    FacesStored { people, counted_at, warn_at: FACES_TO_WARN, file_at: FACES_TO_FILE }
}

struct Season {
    school: String,
    code: String,
    rules: SeasonRules,
    closes_at: Option<Timestamp>,
}

impl Season {
    fn read(row: &Row) -> StoreResult<Season> {
        Ok(Season {
            school: row.text("school")?,
            code: row.text("code")?,
            rules: row.json("rules")?,
            closes_at: row.time_or_null("closes_at")?,
        })
    }

    /// What ended before this is due.
    fn due(&self, class: RetentionClass, now: Timestamp) -> i64 {
        values::time(now - (i64::from(self.rules.retention.days(class)) * 24).hours())
    }

    /// Whether the season itself ended long enough ago.
    fn identities_are_due(&self, now: Timestamp) -> bool {
        self.closes_at.is_some_and(|closed| values::time(closed) <= self.due(RetentionClass::Identity, now))
    }
}

fn codes(class: RetentionClass) -> StoreResult<(String, String)> {
    let statuses: Vec<&str> = class.statuses().iter().map(|status| Status::code(*status)).collect();
    Ok((values::json(&statuses)?, values::json(&class.pictures())?))
}

/// The pictures of a class that are due. An approval that the register has not taken keeps everything that it may be asked for again.
/// Read on from where the last round ended, so that a season is walked once however much is due.
pub(super) const DUE: &str = "SELECT b.name, a.ended_at FROM attempts a JOIN blobs b ON b.attempt = a.id
     WHERE a.school = ?1 AND a.season = ?2 AND a.ended_at >= ?7 AND a.ended_at <= ?3
         AND (a.ended_at > ?7 OR b.name > ?8) AND a.status IN (SELECT value FROM json_each(?4))
         AND b.kind IN (SELECT value FROM json_each(?5)) AND b.purging_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.attempt = a.id AND d.state IN ('ready', 'exported', 'returned')
             AND b.kind IN ('original', 'preview', 'thumb', 'standard'))
         AND NOT EXISTS (SELECT 1 FROM attempts g WHERE g.golden_source = a.id AND g.status IN ('captured', 'standardized', 'pending', 'held'))
     ORDER BY a.ended_at, b.name LIMIT ?6";

impl SqlStore {
    async fn mark_class(&self, season: &Season, class: RetentionClass, now: Timestamp) -> StoreResult<u64> {
        let (mut marked, mut read) = (0, Some((i64::MIN, String::new())));
        while let Some(after) = read {
            let (more, next) = self.mark_round(season, class, &after, now).await?;
            marked += more;
            read = next;
        }
        Ok(marked)
    }

    /// Marks one round of what is due after a place; says how many that were and where the next round begins, if there may be one.
    async fn mark_round(
        &self,
        season: &Season,
        class: RetentionClass,
        after: &(i64, String),
        now: Timestamp,
    ) -> StoreResult<(u64, Option<(i64, String)>)> {
        let (statuses, pictures) = codes(class)?;
        let mut write = self.database.write().await?;
        let rows = sql(DUE)
            .bind(&season.school)
            .bind(&season.code)
            .bind(season.due(class, now))
            .bind(statuses)
            .bind(pictures)
            .bind(ROUND)
            .bind(after.0)
            .bind(&after.1)
            .fetch_all(&mut write)
            .await?;
        let names = rows.iter().map(|row| row.text("name")).collect::<StoreResult<Vec<_>>>()?;
        let Some((last, name)) = rows.last().zip(names.last()) else { return Ok((0, None)) };
        let next = Some((last.number("ended_at")?, name.clone()));
        let marked = mark(&mut write, &names, class.code(), now).await?;
        if marked > 0 {
            let line = Line {
                season: Some(&season.code),
                details: vec![
                    ("class", class.code().to_owned()),
                    ("days", season.rules.retention.days(class).to_string()),
                    ("pictures", marked.to_string()),
                    // Of the names, which say nothing of anybody: enough to show later which pictures these were.
                    ("names", hexadecimal(&sha256(&names.iter().map(String::as_bytes).collect::<Vec<_>>()))),
                ],
                ..Line::of(&season.school, "retention.purged")
            };
            audit::append(&mut write, now, line).await?;
        }
        write.commit().await?;
        Ok((marked, next))
    }

    async fn forget_identities(&self, season: &Season, now: Timestamp, round: u32) -> StoreResult<u64> {
        if !season.identities_are_due(now) {
            return Ok(0);
        }
        let (mut erased, mut after) = (0, Uuid::nil());
        // Those whose photo is still under way are left for another night; nobody behind them waits for it.
        while erased < u64::from(round) {
            let rows =
                sql("SELECT e.student FROM enrolments e WHERE e.school = ?1 AND e.season = ?2 AND e.state <> 'erased' AND e.student > ?3
                 ORDER BY e.student LIMIT ?4")
                .bind(&season.school)
                .bind(&season.code)
                .bind(values::id(after))
                .bind(round)
                .fetch_all(&self.database)
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.id("student")?;
            for row in &rows {
                erased += u64::from(self.forget(season, row.id("student")?, now).await?);
            }
        }
        Ok(erased)
    }

    /// Erases one person whose time is over, unless a photo of theirs is still under way; says whether.
    async fn forget(&self, season: &Season, student: Uuid, now: Timestamp) -> StoreResult<bool> {
        let mut write = self.database.write().await?;
        let Ok(gone) = persons::erase(&mut write, student, RetentionClass::Identity.code(), now).await? else { return Ok(false) };
        // A line each, with the erasure: one for all would have to come after them, and be lost with a process that dies in between.
        let line = Line {
            season: Some(&season.code),
            details: vec![
                ("class", RetentionClass::Identity.code().to_owned()),
                ("student", student.simple().to_string()),
                ("pictures", gone.pictures.to_string()),
            ],
            ..Line::of(&season.school, "retention.erased")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        Ok(true)
    }

    async fn class(&self, principal: &Principal, season: &Season, class: RetentionClass, now: Timestamp) -> StoreResult<ClassRetention> {
        let (statuses, pictures) = codes(class)?;
        let row = sql("SELECT count(*) FILTER (WHERE b.purging_at IS NULL) AS kept,
                 count(*) FILTER (WHERE b.purging_at IS NULL AND a.ended_at <= ?5) AS due,
                 count(*) FILTER (WHERE b.purged_at IS NOT NULL) AS purged, max(b.purged_at) AS last_purged_at
             FROM attempts a JOIN blobs b ON b.attempt = a.id
             WHERE a.school = ?1 AND a.season = ?2 AND a.ended_at IS NOT NULL AND a.status IN (SELECT value FROM json_each(?3))
                 AND b.kind IN (SELECT value FROM json_each(?4))
                 AND (?6 IS NULL OR a.unit IN (SELECT value FROM json_each(?6)))")
        .bind(&principal.school)
        .bind(&season.code)
        .bind(statuses)
        .bind(pictures)
        .bind(season.due(class, now))
        .bind(values::scope(principal)?)
        .fetch_one(&self.database)
        .await?;
        counted(class, season, &row)
    }

    async fn identities(&self, principal: &Principal, season: &Season, now: Timestamp) -> StoreResult<ClassRetention> {
        let row = sql("SELECT count(*) FILTER (WHERE e.state <> 'erased') AS kept,
                 count(*) FILTER (WHERE e.state <> 'erased' AND ?3 = 1) AS due, count(*) FILTER (WHERE e.state = 'erased') AS purged,
                 max(CASE WHEN e.state = 'erased' THEN e.updated_at END) AS last_purged_at
             FROM enrolments e JOIN students s ON s.id = e.student
             WHERE e.school = ?1 AND e.season = ?2 AND (?4 IS NULL OR s.unit IN (SELECT value FROM json_each(?4)))")
        .bind(&principal.school)
        .bind(&season.code)
        .bind(season.identities_are_due(now))
        .bind(values::scope(principal)?)
        .fetch_one(&self.database)
        .await?;
        counted(RetentionClass::Identity, season, &row)
    }
}

fn counted(class: RetentionClass, season: &Season, row: &Row) -> StoreResult<ClassRetention> {
    Ok(ClassRetention {
        class,
        days: season.rules.retention.days(class),
        kept: row.number("kept")?,
        due: row.number("due")?,
        purged: row.number("purged")?,
        last_purged_at: row.time_or_null("last_purged_at")?,
    })
}

/// Marks pictures: from now on nobody is shown them. A golden item whose picture is among them is no longer one.
pub(super) async fn mark(write: &mut Write, names: &[String], rule: &str, now: Timestamp) -> StoreResult<u64> {
    let names = values::json(&names)?;
    let marked =
        sql("UPDATE blobs SET purging_at = ?1, purged_for = ?2 WHERE purging_at IS NULL AND name IN (SELECT value FROM json_each(?3))")
            .bind(values::time(now))
            .bind(rule)
            .bind(&names)
            .execute(&mut *write)
            .await?;
    sql("UPDATE golden_items SET retired_at = ?1 WHERE retired_at IS NULL
         AND attempt IN (SELECT b.attempt FROM blobs b WHERE b.kind <> 'id_card' AND b.name IN (SELECT value FROM json_each(?2)))")
    .bind(values::time(now))
    .bind(&names)
    .execute(&mut *write)
    .await?;
    Ok(marked.rows_affected())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{super::tests::fresh, *};
    use crate::{
        api::roster::Season as NewSeason,
        backend::store::conformance::world::{SEASON, World},
    };

    #[tokio::test]
    async fn nobody_waits_behind_those_who_cannot_be_forgotten_yet() {
        let (store, _folder) = fresh().await;
        let mut world = World::found(Arc::new(store.clone())).await;
        for index in 1..=4 {
            world.pending(index, None).await;
        }
        let closes_at = Some(world.now() + 1.hour());
        let season =
            NewSeason { code: SEASON.into(), name: String::new(), kind: Default::default(), rules: SeasonRules::default(), closes_at };
        world.store.put_season(&world.registrar, &season, world.now()).await.unwrap();
        world.clock.advance(20 * 366 * 86_400);
        let row =
            sql("SELECT school, code, rules, closes_at FROM seasons WHERE code = ?").bind(SEASON).fetch_one(&store.database).await.unwrap();
        let season = Season::read(&row).unwrap();
        // The four whose photos are under way may well be the first by their ids, and fill a round twice over.
        let rounds = [
            store.forget_identities(&season, world.now(), 2).await.unwrap(),
            store.forget_identities(&season, world.now(), 2).await.unwrap(),
        ];
        assert_eq!(rounds, [2, 0]);
    }
}
