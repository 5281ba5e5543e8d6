//! Taking a roster: whole or not at all. What is personal is sealed here, before it meets SQL.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    audit::{self, Line},
    counters::{self, Delta},
    database::{Row as Found, Write, locked, sql},
    intake, seasons, values,
};
use crate::{
    api::roster::RowError,
    backend::{
        store::{
            StoreError, StoreResult,
            types::{Hash, NewStudent, TakenRoster},
        },
        vault::hexadecimal,
    },
    domain::{
        access::Principal,
        comparison::Band,
        lifecycle::{
            attempt::Status,
            enrolment::{EnrolmentEvent, EnrolmentState},
        },
    },
};

/// What became of one row.
enum Row {
    New,
    Updated,
    Unchanged,
    Wrong(&'static str),
}

/// Where the rows go, and who brings them.
struct Taking<'a> {
    principal: &'a Principal,
    season: &'a str,
    now: Timestamp,
    /// What it does to the counters of each unit. Applied once, in the order of the units, so that writers who meet never wait for each other.
    counts: BTreeMap<String, Delta>,
}

/// Rosters coming in.
#[async_trait]
pub trait Rosters: Send + Sync {
    /// Takes a roster whole, or not at all where any row has an error or `dry_run` is set.
    async fn take_roster(
        &self,
        principal: &Principal,
        season: &str,
        rows: &[NewStudent],
        dry_run: bool,
        now: Timestamp,
    ) -> StoreResult<TakenRoster>;
}

#[async_trait]
impl Rosters for SqlStore {
    async fn take_roster(
        &self,
        principal: &Principal,
        season: &str,
        rows: &[NewStudent],
        dry_run: bool,
        now: Timestamp,
    ) -> StoreResult<TakenRoster> {
        let mut taking = Taking { principal, season, now, counts: BTreeMap::new() };
        let mut write = self.database.write().await?;
        seasons::rules(&mut write, &principal.school, season).await?;
        // Two rosters of a season at once would each miss what the other brings.
        write.alone_with(&format!("roster {} {season}", principal.school)).await?;
        let mut report = TakenRoster::default();
        let mut units: HashMap<String, String> = HashMap::new();
        for row in rows {
            let outcome = if principal.units.covers(&row.unit_code) {
                if units.get(&row.unit_code) != Some(&row.unit_name) {
                    taking.know_unit(&mut write, row).await?;
                    units.insert(row.unit_code.clone(), row.unit_name.clone());
                }
                self.take_row(&mut taking, &mut write, row).await?
            } else {
                Row::Wrong("unit_out_of_scope")
            };
            match outcome {
                Row::New => report.new += 1,
                Row::Updated => report.updated += 1,
                Row::Unchanged => report.unchanged += 1,
                Row::Wrong(code) => {
                    report.errors.push(RowError { row: row.row, column: None, code: code.to_owned(), parameters: BTreeMap::new() });
                }
            }
        }
        if dry_run || !report.errors.is_empty() {
            write.rollback().await?;
            return Ok(report);
        }
        for (unit, delta) in &taking.counts {
            counters::apply(&mut write, &principal.school, season, unit, delta).await?;
        }
        let line = Line {
            season: Some(season),
            actor: Some(principal.user),
            details: vec![
                ("new", report.new.to_string()),
                ("updated", report.updated.to_string()),
                ("unchanged", report.unchanged.to_string()),
            ],
            ..Line::of(&principal.school, "roster.taken")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        report.taken = true;
        Ok(report)
    }
}

impl SqlStore {
    async fn take_row(&self, taking: &mut Taking<'_>, write: &mut Write, new: &NewStudent) -> StoreResult<Row> {
        let school = &taking.principal.school;
        let id_number_hash = new.id_number.as_ref().map(|number| self.id_number_hash(school, taking.season, number));
        let Some(key) = student_key(new, id_number_hash.as_ref()) else { return Ok(Row::Wrong("student_unnamed")) };
        let fingerprint = self.fingerprint(new)?;

        let claimants = sql(
            "SELECT id, unit, fingerprint, student_key, student_number FROM students WHERE school = ?1 AND season = ?2 AND student_key = ?3
             UNION SELECT id, unit, fingerprint, student_key, student_number FROM students
             WHERE school = ?1 AND season = ?2 AND student_number = ?4
             UNION SELECT id, unit, fingerprint, student_key, student_number FROM students
             WHERE school = ?1 AND season = ?2 AND id_number_hash = ?5 AND ?5 IS NOT NULL",
        )
        .bind(school)
        .bind(taking.season)
        .bind(&key)
        .bind(&new.student_number)
        .bind(id_number_hash.as_ref().map(|hash| hash.to_vec()))
        .fetch_all(&mut *write)
        .await?;
        let known = match claimants.as_slice() {
            [] => None,
            [one] => match refuse_claimant(one, &key, new)? {
                Some(code) => return Ok(Row::Wrong(code)),
                None => Some(one),
            },
            // The number is one student's and the ID number another's.
            _ => return Ok(Row::Wrong("id_number_taken")),
        };
        let Some(known) = known else {
            self.insert_student(taking, write, &key, new, id_number_hash, fingerprint).await?;
            return Ok(Row::New);
        };
        let (id, unit) = (known.id("id")?, known.text("unit")?);
        if !taking.principal.units.covers(&unit) {
            return Ok(Row::Wrong("unit_out_of_scope"));
        }
        let reinstated = reinstate(write, id, taking.now).await?;
        if known.bytes_or_null("fingerprint")?.as_deref() == Some(fingerprint.as_slice()) {
            return Ok(if reinstated { Row::Updated } else { Row::Unchanged });
        }
        self.update_student(taking, write, id, new, id_number_hash, fingerprint).await?;
        if unit != new.unit_code {
            taking.move_student(write, id, &unit, &new.unit_code).await?;
        }
        Ok(Row::Updated)
    }

    fn fingerprint(&self, new: &NewStudent) -> StoreResult<Hash> {
        let details = values::json(&new.details)?;
        let optional = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), |text| format!("+{text}"));
        let parts = [
            optional(new.student_key.as_deref()),
            optional(new.student_number.as_deref()),
            new.unit_code.clone(),
            optional(new.name.as_deref()),
            optional(new.id_number.as_ref().map(|number| number.reveal())),
            optional(new.phone.as_deref()),
            details,
        ];
        Ok(self.vault.hash("student", &parts.each_ref().map(|part| part.as_bytes())))
    }

    fn seal(&self, column: &str, student: Uuid, plain: Option<&str>) -> StoreResult<Option<Vec<u8>>> {
        Ok(plain.map(|plain| self.vault.seal(&[b"students", column.as_bytes(), student.as_bytes()], plain.as_bytes())).transpose()?)
    }

    async fn insert_student(
        &self,
        taking: &mut Taking<'_>,
        write: &mut Write,
        key: &str,
        new: &NewStudent,
        id_number_hash: Option<Hash>,
        fingerprint: Hash,
    ) -> StoreResult<()> {
        let id = Uuid::now_v7();
        let (school, now) = (&taking.principal.school, values::time(taking.now));
        sql("INSERT INTO students (id, school, season, unit, student_key, student_number, name, id_number, id_number_hash, phone, details,
                 fingerprint, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(values::id(id))
        .bind(school)
        .bind(taking.season)
        .bind(&new.unit_code)
        .bind(key)
        .bind(&new.student_number)
        .bind(self.seal("name", id, new.name.as_deref())?)
        .bind(self.seal("id_number", id, new.id_number.as_ref().map(|number| number.reveal()))?)
        .bind(id_number_hash.map(|hash| hash.to_vec()))
        .bind(self.seal("phone", id, new.phone.as_deref())?)
        .bind(values::json(&new.details)?)
        .bind(fingerprint.to_vec())
        .bind(now)
        .bind(now)
        .execute(&mut *write)
        .await?;
        sql("INSERT INTO enrolments (student, school, season, state, updated_at) VALUES (?, ?, ?, 'invited', ?)")
            .bind(values::id(id))
            .bind(school)
            .bind(taking.season)
            .bind(now)
            .execute(&mut *write)
            .await?;
        taking.count(&new.unit_code, &Delta { students: 1, ..Delta::default() });
        Ok(())
    }

    async fn update_student(
        &self,
        taking: &Taking<'_>,
        write: &mut Write,
        id: Uuid,
        new: &NewStudent,
        id_number_hash: Option<Hash>,
        fingerprint: Hash,
    ) -> StoreResult<()> {
        sql(
            // What a later roster does not say, it does not take away: a list of units alone must not cost anybody their phone.
            "UPDATE students SET unit = ?, student_number = coalesce(?, student_number), name = coalesce(?, name), id_number = coalesce(?, id_number),
                 id_number_hash = coalesce(?, id_number_hash), phone = coalesce(?, phone), details = json_patch(details, ?), fingerprint = ?, updated_at = ?
             WHERE id = ?",
        )
        .bind(&new.unit_code)
        .bind(&new.student_number)
        .bind(self.seal("name", id, new.name.as_deref())?)
        .bind(self.seal("id_number", id, new.id_number.as_ref().map(|number| number.reveal()))?)
        .bind(id_number_hash.map(|hash| hash.to_vec()))
        .bind(self.seal("phone", id, new.phone.as_deref())?)
        .bind(values::json(&new.details)?)
        .bind(fingerprint.to_vec())
        .bind(values::time(taking.now))
        .bind(values::id(id))
        .execute(&mut *write)
        .await?;
        Ok(())
    }
}

impl Taking<'_> {
    fn count(&mut self, unit: &str, delta: &Delta) {
        self.counts.entry(unit.to_owned()).or_default().add(delta);
    }

    async fn know_unit(&self, write: &mut Write, row: &NewStudent) -> StoreResult<()> {
        let school = &self.principal.school;
        sql(
            "INSERT INTO units (school, season, code, name) VALUES (?, ?, ?, ?) ON CONFLICT (school, season, code) DO UPDATE SET name = excluded.name",
        )
        .bind(school)
        .bind(self.season)
        .bind(&row.unit_code)
        .bind(&row.unit_name)
        .execute(&mut *write)
        .await?;
        sql("INSERT INTO unit_counters (school, season, unit) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(school)
            .bind(self.season)
            .bind(&row.unit_code)
            .execute(&mut *write)
            .await?;
        Ok(())
    }

    /// A student who changes units takes all attempts and their counts along.
    async fn move_student(&mut self, write: &mut Write, student: Uuid, from: &str, to: &str) -> StoreResult<()> {
        let attempts = sql(locked!("SELECT status, band FROM attempts WHERE student = ? ORDER BY id"))
            .bind(values::id(student))
            .fetch_all(&mut *write)
            .await?;
        let mut delta = Delta { students: 1, captured_students: i64::from(!attempts.is_empty()), ..Delta::default() };
        for row in &attempts {
            let (status, band) = (row.code::<Status>("status")?, row.code_or_null::<Band>("band")?);
            delta.done_students += i64::from(status == Status::Approved);
            delta = delta.attempts(status, band, 1);
        }
        sql("UPDATE attempts SET unit = ?, lease_user = NULL, lease_token = NULL, leased_at = NULL, visible_at = place_at WHERE student = ?")
            .bind(to)
            .bind(values::id(student))
            .execute(&mut *write)
            .await?;
        sql("UPDATE notices SET unit = ? WHERE student = ?").bind(to).bind(values::id(student)).execute(&mut *write).await?;
        self.count(from, &delta.negated());
        self.count(to, &delta);
        Ok(())
    }
}

/// What a student is known by in the season, for ever: the season's key, the student number, or a keyed hash of the ID number.
fn student_key(new: &NewStudent, id_number_hash: Option<&Hash>) -> Option<String> {
    new.student_key.clone().or_else(|| new.student_number.clone()).or_else(|| id_number_hash.map(|hash| hexadecimal(&hash[..16])))
}

/// Why a row cannot speak of the one student who matches it, if it cannot.
fn refuse_claimant(known: &Found, key: &str, new: &NewStudent) -> StoreResult<Option<&'static str>> {
    let (known_key, number) = (known.text("student_key")?, known.text_or_null("student_number")?);
    Ok(match (&number, &new.student_number) {
        _ if known_key == key => None,
        (Some(known), Some(new_number)) if known == new_number => new.student_key.is_some().then_some("student_number_taken"),
        // Found by the ID number alone: the same person where one side says no number, else somebody else's.
        (Some(_), Some(_)) => Some("id_number_taken"),
        _ => None,
    })
}

/// A later roster that names the student again opens a part in the season that was over.
async fn reinstate(write: &mut Write, student: Uuid, now: Timestamp) -> StoreResult<bool> {
    let state: String =
        sql(locked!("SELECT state FROM enrolments WHERE student = ?")).bind(values::id(student)).fetch_value(&mut *write).await?;
    let state = EnrolmentState::from_code(&state).ok_or(StoreError::Corrupt("an enrolment state nobody knows"))?;
    match state.after(EnrolmentEvent::Reinstate) {
        Ok(state) => {
            intake::set_enrolment(write, student, state, now).await?;
            Ok(true)
        }
        Err(_) => Ok(false),
    }
}
