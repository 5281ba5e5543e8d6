//! Golden items: decided attempts whose right answer is known, mixed among what a reviewer gets, and never told apart from it.
//!
//! What a reviewer gets is an attempt like any other, with an id, a student and times of its own, that goes the way every attempt goes: it comes
//! in at the end of the queue, is judged by the machine's turn, waits, is held and frozen, and its notice is said to be sent. It stands in a
//! season of that reviewer's own (`SEASON~REVIEWER`), so that whatever belongs to a season (counters, lists, notices, exports) cannot meet it.
//! To this reviewer the two seasons are one: [`seasons_of`] is asked wherever one reads. Its student is made up out of masks only, so that
//! nothing unsealed from it could reach or name anybody.
//!
//! When one comes is drawn by keyed hash of reviewer and photo claimed, at a moment drawn likewise, so that it is no answer to what the
//! reviewer just did.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    attempts::{self, AttemptRow, Holding},
    audit::{self, Line},
    counters::{self, Delta},
    database::{Row, Spelling, Write, locked, sql},
    days::{self, Happened},
    jobs, places, seasons, values,
};
use crate::{
    api::{
        reviewing::{GoldenItem, NewGolden},
        submission::Page,
    },
    backend::store::{
        StoreError, StoreResult,
        types::{Hash, Job, JobKind},
    },
    domain::{
        access::{Permission, Principal},
        lifecycle::{
            Refusal,
            attempt::{AttemptEvent, AttemptState, Status},
            enrolment::EnrolmentState,
        },
        reason::Reason,
        resident_id::{mask_name, mask_number, mask_phone},
        review::{Decision, ReviewVerdict, drawn, reviews_needed_by_draw},
        season::SeasonRules,
    },
};

mod offers;

pub use offers::end_notice;
use offers::{FOR_REVIEWER, FOUND_SEASON, OFFER, Offer, POSSIBLE, TO_SETTLE, between, eight, other_digits};

/// Between the code of a season and the reviewer whose own it is. No season that people name has it.
const OWN: char = '~';
/// The soonest and the latest that an item comes after it was drawn, in seconds.
const COMES: (u64, u64) = (20, 900);
/// How long the machine seems to look at it, in milliseconds.
const JUDGED: (u64, u64) = (700, 2_600);
/// How long others seem to take for their review of it, in seconds.
const OTHERS: (u64, u64) = (600, 7_200);
/// What nobody has looked at for so long, somebody else seems to have decided.
const LEFT: Duration = Duration::from_hours(72);

/// The season that people name.
pub fn shared(season: &str) -> &str {
    season.split_once(OWN).map_or(season, |(shared, _)| shared)
}

/// Whether people may name this season.
pub fn is_shared(season: &str) -> bool {
    !season.contains(OWN)
}

/// The season of one reviewer's own.
pub fn own(season: &str, reviewer: Uuid) -> String {
    format!("{season}{OWN}{}", reviewer.simple())
}

/// Golden items are for those who review and do not lead: who leads makes them.
pub fn is_tried(principal: &Principal) -> bool {
    principal.may(Permission::Review) && !principal.may(Permission::LeadReviews)
}

/// The seasons that are one to this person.
pub fn seasons_of(principal: &Principal, season: &str) -> Vec<String> {
    let mut seasons = vec![season.to_owned()];
    if is_tried(principal) {
        seasons.push(own(season, principal.user));
    }
    seasons
}

/// Golden items, as those keep them who lead reviews.
#[async_trait]
pub trait Golden: Send + Sync {
    async fn add_golden(&self, principal: &Principal, new: &NewGolden, now: Timestamp) -> StoreResult<GoldenItem>;
    /// Those of a season with what became of them, oldest first.
    async fn golden_items(&self, principal: &Principal, season: &str, cursor: Option<&str>, limit: u32) -> StoreResult<Page<GoldenItem>>;
    /// Gives it to nobody any more; who has it keeps it.
    async fn retire_golden(&self, principal: &Principal, id: Uuid, now: Timestamp) -> StoreResult<()>;
}

const ITEMS: &str = "SELECT g.*, (SELECT count(f.attempt) FROM golden_offers f WHERE f.golden = g.id) AS given,
         (SELECT count(*) FROM golden_offers f JOIN reviews r ON r.attempt = f.attempt AND r.reviewer = f.reviewer AND r.withdrawn_at IS NULL
             WHERE f.golden = g.id) AS answered,
         (SELECT count(*) FROM golden_offers f JOIN reviews r ON r.attempt = f.attempt AND r.reviewer = f.reviewer AND r.withdrawn_at IS NULL
             WHERE f.golden = g.id AND r.verdict = g.verdict) AS known
     FROM golden_items g JOIN attempts a ON a.id = g.attempt
     WHERE g.school = ?1 AND (?2 IS NULL OR g.season = ?2) AND (?3 IS NULL OR g.id > ?3) AND (?4 IS NULL OR g.id = ?4)
         AND (?5 IS NULL OR a.unit IN (SELECT value FROM json_each(?5))) ORDER BY g.id LIMIT ?6";

fn item(row: &Row) -> StoreResult<GoldenItem> {
    Ok(GoldenItem {
        id: row.id("id")?,
        submission: row.id("attempt")?,
        verdict: verdict(row)?,
        made_at: row.time("made_at")?,
        retired_at: row.time_or_null("retired_at")?,
        given: row.number("given")?,
        answered: row.number("answered")?,
        right: row.number("known")?,
    })
}

fn verdict(row: &Row) -> StoreResult<ReviewVerdict> {
    Ok(match row.code::<Decision>("verdict")? {
        Decision::Approve => ReviewVerdict::Approve,
        Decision::Reject => ReviewVerdict::Reject { reasons: row.json("reasons")? },
    })
}

#[async_trait]
impl Golden for SqlStore {
    async fn add_golden(&self, principal: &Principal, new: &NewGolden, now: Timestamp) -> StoreResult<GoldenItem> {
        let mut write = self.database.write().await?;
        let attempt = attempts::load_in_scope(&mut write, principal, new.submission).await?;
        // A key that contradicts what stands would score right answers wrong: such a decision is to be reopened first.
        let frozen = matches!(attempt.state, AttemptState::Approved | AttemptState::Rejected) && attempt.golden_for.is_none();
        if !frozen || attempt.decision() != Some(new.verdict.decision()) {
            return Err(StoreError::GoldenContradicts);
        }
        if attempt.rendition.is_none() {
            return Err(Refusal::NoRendition.into());
        }
        let id = Uuid::now_v7();
        sql("INSERT INTO golden_items (id, school, season, attempt, verdict, reasons, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (attempt) DO UPDATE SET verdict = excluded.verdict, reasons = excluded.reasons, made_by = excluded.made_by,
                 retired_at = NULL")
        .bind(values::id(id))
        .bind(&attempt.school)
        .bind(&attempt.season)
        .bind(values::id(attempt.id))
        .bind(values::code(&new.verdict.decision())?)
        .bind(values::json(&new.verdict.reasons())?)
        .bind(values::id(principal.user))
        .bind(values::time(now))
        .execute(&mut write)
        .await?;
        let kept =
            sql("SELECT id FROM golden_items WHERE attempt = ?").bind(values::id(attempt.id)).fetch_one(&mut write).await?.id("id")?;
        let row = sql(ITEMS)
            .bind(&attempt.school)
            .bind(None::<String>)
            .bind(None::<Vec<u8>>)
            .bind(values::id(kept))
            .bind(None::<String>)
            .bind(1i64)
            .fetch_one(&mut write)
            .await?;
        let line = Line {
            season: Some(&attempt.season),
            unit: Some(&attempt.unit),
            attempt: Some(attempt.id),
            actor: Some(principal.user),
            ..Line::of(&attempt.school, "golden.made")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        item(&row)
    }

    async fn golden_items(&self, principal: &Principal, season: &str, cursor: Option<&str>, limit: u32) -> StoreResult<Page<GoldenItem>> {
        self.know_season(principal, season).await?;
        let after = cursor.map(|cursor| Uuid::parse_str(cursor).map_err(|_| StoreError::Cursor)).transpose()?;
        let rows = sql(ITEMS)
            .bind(&principal.school)
            .bind(season)
            .bind(after.map(values::id))
            .bind(None::<Vec<u8>>)
            .bind(values::scope(principal)?)
            .bind(i64::from(limit) + 1)
            .fetch_all(&self.database)
            .await?;
        let items = rows.iter().map(item).collect::<StoreResult<Vec<_>>>()?;
        Ok(values::page(items, limit, |last| last.id))
    }

    async fn retire_golden(&self, principal: &Principal, id: Uuid, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        let row = sql("SELECT g.season, a.unit, a.id AS attempt FROM golden_items g JOIN attempts a ON a.id = g.attempt
             WHERE g.id = ?1 AND g.school = ?2 AND (?3 IS NULL OR a.unit IN (SELECT value FROM json_each(?3)))")
        .bind(values::id(id))
        .bind(&principal.school)
        .bind(values::scope(principal)?)
        .fetch_optional(&mut write)
        .await?
        .ok_or(StoreError::NotFound)?;
        sql("UPDATE golden_items SET retired_at = coalesce(retired_at, ?) WHERE id = ?")
            .bind(values::time(now))
            .bind(values::id(id))
            .execute(&mut write)
            .await?;
        let (season, unit) = (row.text("season")?, row.text("unit")?);
        let line = Line {
            season: Some(&season),
            unit: Some(&unit),
            attempt: Some(row.id("attempt")?),
            actor: Some(principal.user),
            ..Line::of(&principal.school, "golden.retired")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await
    }
}

impl SqlStore {
    /// Draws, for each photo that a reviewer has just claimed, whether a golden item is to come, and plans it.
    pub(super) async fn plan_golden(
        &self,
        write: &mut Write,
        principal: &Principal,
        season: &str,
        rules: &SeasonRules,
        claimed: &[(Uuid, String)],
        now: Timestamp,
    ) -> StoreResult<()> {
        if rules.golden_share <= 0.0 || !is_tried(principal) {
            return Ok(());
        }
        for (photo, unit) in claimed {
            let draw = self.vault.hash("golden", &[principal.user.as_bytes(), photo.as_bytes()]);
            if !drawn(&draw, rules.golden_share) {
                continue;
            }
            let planned: bool = sql("SELECT EXISTS (SELECT 1 FROM golden_offers WHERE reviewer = ? AND drawn_by = ?)")
                .bind(values::id(principal.user))
                .bind(values::id(*photo))
                .fetch_value(&mut *write)
                .await?;
            if planned {
                continue;
            }
            let candidates = sql(FOR_REVIEWER)
                .bind(&principal.school)
                .bind(season)
                .bind(values::id(principal.user))
                .bind(unit)
                .fetch_all(&mut *write)
                .await?;
            if candidates.is_empty() {
                return Ok(());
            }
            let chosen = candidates[usize::from(draw[8]) % candidates.len()].id("id")?;
            let (id, due) = (Uuid::now_v7(), now + Duration::from_secs(between(&draw, 12, COMES)));
            sql("INSERT INTO golden_offers (id, school, season, unit, golden, reviewer, drawn_by, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
                .bind(values::id(id))
                .bind(&principal.school)
                .bind(season)
                .bind(unit)
                .bind(values::id(chosen))
                .bind(values::id(principal.user))
                .bind(values::id(*photo))
                .bind(values::time(due))
                .execute(&mut *write)
                .await?;
            jobs::enqueue(write, &principal.school, season, JobKind::Standardize, id, due, now).await?;
        }
        Ok(())
    }

    /// The machine's turn of a golden item: it comes in, or is judged. Says whether the job was one.
    pub(super) async fn golden_work(&self, write: &mut Write, job: &Job, now: Timestamp) -> StoreResult<bool> {
        let Some(row) = sql(OFFER).bind(values::id(job.subject)).fetch_optional(&mut *write).await? else { return Ok(false) };
        let offer = Offer::read(&row)?;
        match offer.attempt {
            None => {
                if self.arrive(write, &offer, now).await? {
                    let draw = self.vault.hash("golden turn", &[offer.id.as_bytes()]);
                    let judged = now + Duration::from_millis(between(&draw, 0, JUDGED));
                    jobs::put_back(write, job, judged, None).await?;
                } else {
                    // It may come to the same reviewer another time.
                    sql("DELETE FROM golden_offers WHERE id = ?").bind(values::id(offer.id)).execute(&mut *write).await?;
                    jobs::finish(write, job).await?;
                }
            }
            Some(attempt) => {
                if let Some(attempt) = attempts::load(&mut *write, attempt).await?
                    && attempt.state == AttemptState::Captured
                {
                    self.judge(write, attempt, now).await?;
                }
                jobs::finish(write, job).await?;
            }
        }
        Ok(true)
    }

    /// Comes in like a photo that somebody handed in just now; not where nobody could have.
    async fn arrive(&self, write: &mut Write, offer: &Offer, now: Timestamp) -> StoreResult<bool> {
        let possible = sql(POSSIBLE)
            .bind(&offer.school)
            .bind(&offer.season)
            .bind(&offer.unit)
            .bind(values::id(offer.golden))
            .bind(own(&offer.season, offer.reviewer))
            .bind(values::time(now))
            .fetch_optional(&mut *write)
            .await?;
        let Some(source) = possible else { return Ok(false) };
        let (id, season) = (Uuid::now_v7(), own(&offer.season, offer.reviewer));
        for (text, unit) in FOUND_SEASON {
            let mut found = sql(text).bind(&season).bind(&offer.school).bind(&offer.season);
            if unit {
                found = found.bind(&offer.unit);
            }
            found.execute(&mut *write).await?;
        }
        let student = self.make_up_student(write, offer, &season, &source, now).await?;
        let place = places::place(write, &offer.school, &offer.season, &offer.unit, false, now).await?;
        sql("INSERT INTO attempts (id, school, season, unit, student, number, status, submitted_at, place_at, visible_at, photo_hash,
                 golden_for, golden_source)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, 'captured', ?6, ?7, ?7, ?8, ?9, ?10)")
        .bind(values::id(id))
        .bind(&offer.school)
        .bind(&season)
        .bind(&offer.unit)
        .bind(values::id(student))
        .bind(values::time(now))
        .bind(values::time(place))
        .bind(self.vault.hash("golden photo", &[id.as_bytes()]).as_slice())
        .bind(values::id(offer.reviewer))
        .bind(values::id(source.id("source")?))
        .execute(&mut *write)
        .await?;
        sql("UPDATE golden_offers SET attempt = ? WHERE id = ?")
            .bind(values::id(id))
            .bind(values::id(offer.id))
            .execute(&mut *write)
            .await?;
        let mut delta = Delta::default().attempts(Status::Captured, 1, None, 1).enrolments(EnrolmentState::Verified, 1);
        (delta.students, delta.captured_students) = (1, 1);
        counters::apply(write, &offer.school, &season, &offer.unit, &delta).await?;
        let happened = Happened { captured: 1, ..Happened::default() };
        days::count(write, &offer.school, &season, &offer.unit, now, happened).await?;
        Ok(true)
    }

    /// A student whom nobody is: a number like the unit's others that nobody has, and of everything else only what a mask leaves.
    async fn make_up_student(&self, write: &mut Write, offer: &Offer, season: &str, source: &Row, now: Timestamp) -> StoreResult<Uuid> {
        let id = Uuid::now_v7();
        let draw = self.vault.hash("golden student", &[id.as_bytes()]);
        let like = source.text_or_null("like_number")?;
        let mut number = None;
        for tries in 0..50u64 {
            let Some(like) = &like else { break };
            let candidate = other_digits(like, u64::from_be_bytes(eight(&draw, 8)).wrapping_add(tries));
            let taken: bool =
                sql("SELECT EXISTS (SELECT 1 FROM students WHERE school = ?1 AND season IN (?2, ?3) AND student_number = ?4)")
                    .bind(&offer.school)
                    .bind(&offer.season)
                    .bind(season)
                    .bind(&candidate)
                    .fetch_value(&mut *write)
                    .await?;
            if !taken {
                number = Some(candidate);
                break;
            }
        }
        let of_source = source.id("student")?;
        // Only what is known of the unit's others: where nobody has a phone, one that has is told apart.
        let masked = |column: &str, with: &str, mask: fn(&str) -> String| -> StoreResult<Option<String>> {
            let plain = if source.flag(with)? { self.unseal(source, column, of_source)? } else { None };
            Ok(plain.map(|plain| mask(&plain)))
        };
        // The last digits would lead from a list to the student whose photo this is.
        let digits = u64::from_be_bytes(eight(&draw, 16));
        let (name, id_number, phone) = (
            masked("name", "with_name", mask_name)?,
            masked("id_number", "with_id_number", mask_number)?.map(|number| other_digits(&number, digits)),
            masked("phone", "with_phone", mask_phone)?.map(|phone| other_digits(&phone, digits / 10_000)),
        );
        let seal = |column: &str, value: Option<String>| -> StoreResult<Option<Vec<u8>>> {
            Ok(value
                .map(|value| self.vault.seal(&offer.school, &[b"students", column.as_bytes(), id.as_bytes()], value.as_bytes()))
                .transpose()?)
        };
        sql("INSERT INTO students (id, school, season, unit, student_key, student_number, name, id_number, phone, fingerprint, created_at,
                 updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)")
        .bind(values::id(id))
        .bind(&offer.school)
        .bind(season)
        .bind(&offer.unit)
        .bind(id.simple().to_string())
        .bind(number)
        .bind(seal("name", name)?)
        .bind(seal("id_number", id_number)?)
        .bind(seal("phone", phone)?)
        .bind(draw.as_slice())
        .bind(values::time(now))
        .execute(&mut *write)
        .await?;
        sql("INSERT INTO enrolments (student, school, season, state, updated_at) VALUES (?, ?, ?, 'verified', ?)")
            .bind(values::id(id))
            .bind(&offer.school)
            .bind(season)
            .bind(values::time(now))
            .execute(&mut *write)
            .await?;
        Ok(id)
    }

    /// The machine says of it what it said of the photo it shows.
    async fn judge(&self, write: &mut Write, mut attempt: AttemptRow, now: Timestamp) -> StoreResult<()> {
        let rules = seasons::rules(&mut *write, &attempt.school, &attempt.season).await?;
        let band = sql("SELECT s.band FROM attempts a JOIN attempts s ON s.id = a.golden_source WHERE a.id = ?")
            .bind(values::id(attempt.id))
            .fetch_one(&mut *write)
            .await?;
        attempt.band = band.code_or_null("band")?;
        attempt.rendition = Some(Uuid::now_v7());
        let needed = reviews_needed_by_draw(&rules, attempt.band, &self.second_review_draw(attempt.id));
        sql("UPDATE attempts SET report = s.report, checks = s.checks, machine_reasons = s.machine_reasons, comparison = s.comparison,
                 band = s.band, rendition = ?2, reviews_needed = ?3
             FROM (SELECT id AS source, report, checks, machine_reasons, comparison, band FROM attempts) s
             WHERE attempts.id = ?1 AND s.source = attempts.golden_source")
        .bind(values::id(attempt.id))
        .bind(attempt.rendition.map(values::id))
        .bind(i64::from(needed))
        .execute(&mut *write)
        .await?;
        attempt.advance(write, AttemptEvent::Standardize, None, now).await?;
        attempt.advance(write, AttemptEvent::Submit, None, now).await
    }

    /// The draw whether an attempt is looked at twice.
    pub(super) fn second_review_draw(&self, attempt: Uuid) -> Hash {
        self.vault.hash("second review", &[attempt.as_bytes()])
    }

    /// Says of golden items what others would have said by now: their part of a review that needs more than one, what a lead was asked for,
    /// and what the reviewer left lying.
    pub(super) async fn settle_golden(&self, write: &mut Write, now: Timestamp) -> StoreResult<u64> {
        let rows = sql(TO_SETTLE).bind(values::time(now - LEFT)).fetch_all(&mut *write).await?;
        let mut settled = 0;
        for row in &rows {
            let (id, since) = (row.id("id")?, row.time_or_null("since")?);
            let draw = self.vault.hash("golden others", &[id.as_bytes()]);
            let due = since.map(|since| since + Duration::from_secs(between(&draw, 0, OTHERS)));
            if due.is_some_and(|due| due > now) {
                continue;
            }
            let Some(mut attempt) = attempts::load(&mut *write, id).await? else { continue };
            let (answer, made_by) = (verdict(row)?, row.id("made_by")?);
            if attempt.state.after(AttemptEvent::Decide(answer.decision())).is_err() {
                continue;
            }
            let at = due.unwrap_or(now);
            let rules = seasons::rules(&mut *write, &attempt.school, &attempt.season).await?;
            sql("INSERT INTO reviews (id, school, season, attempt, reviewer, round, verdict, reasons, rendition, at)
                 VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(values::id(Uuid::now_v7()))
            .bind(&attempt.school)
            .bind(&attempt.season)
            .bind(values::id(id))
            .bind(values::id(made_by))
            .bind(values::code(&answer.decision())?)
            .bind(values::json(&answer.reasons())?)
            .bind(attempt.rendition.map(values::id))
            .bind(values::time(at))
            .execute(&mut *write)
            .await?;
            let until = at + Duration::from_secs(rules.held_seconds.into());
            let reasons: Vec<Reason> = answer.reasons().to_vec();
            let holding = Holding { reasons, decided_by: made_by, until };
            attempt.advance(write, AttemptEvent::Decide(answer.decision()), Some(holding), at).await?;
            jobs::enqueue(write, &attempt.school, &attempt.season, JobKind::Freeze, id, until, now).await?;
            settled += 1;
        }
        Ok(settled)
    }
}
