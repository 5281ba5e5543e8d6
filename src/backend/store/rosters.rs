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
    deliveries, intake, seasons, values,
};
use crate::{
    api::roster::RowError,
    backend::{
        roster::Standing,
        store::{
            StoreResult,
            types::{Hash, NewStudent, TakenRoster},
        },
        vault::hexadecimal,
    },
    domain::{
        access::Principal,
        comparison::Band,
        lifecycle::{
            Refusal,
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
    /// How many students came to stand where.
    standings: BTreeMap<&'static str, u32>,
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
        let mut taking = Taking { principal, season, now, counts: BTreeMap::new(), standings: BTreeMap::new() };
        self.ready_key(&principal.school, now).await?;
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
            details: [("new", report.new), ("updated", report.updated), ("unchanged", report.unchanged)]
                .into_iter()
                .chain(taking.standings.iter().map(|(state, students)| (*state, *students)))
                .map(|(name, number)| (name, number.to_string()))
                .collect(),
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
            let id = self.insert_student(taking, write, &key, new, id_number_hash, fingerprint).await?;
            // Nobody has handed in anything for a new student: every standing is possible.
            let _ = taking.stand(write, id, &new.unit_code, new.standing).await?;
            return Ok(Row::New);
        };
        let (id, unit) = (known.id("id")?, known.text("unit")?);
        if !taking.principal.units.covers(&unit) {
            return Ok(Row::Wrong("unit_out_of_scope"));
        }
        // The attempts before the enrolment, as everybody does who needs both.
        sql(locked!("SELECT id FROM attempts WHERE student = ? ORDER BY id")).bind(values::id(id)).fetch_all(&mut *write).await?;
        let stands = match taking.stand(write, id, &unit, new.standing).await? {
            Ok(changed) => changed,
            Err(_) => return Ok(Row::Wrong("standing_impossible")),
        };
        if known.bytes_or_null("fingerprint")?.as_deref() == Some(fingerprint.as_slice()) {
            return Ok(if stands { Row::Updated } else { Row::Unchanged });
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
            optional(new.shown_id_number()),
            optional(new.phone.as_deref()),
            details,
        ];
        Ok(self.vault.hash("student", &parts.each_ref().map(|part| part.as_bytes())))
    }

    pub(super) fn seal(&self, school: &str, column: &str, student: Uuid, plain: Option<&str>) -> StoreResult<Option<Vec<u8>>> {
        Ok(plain
            .map(|plain| self.vault.seal(school, &[b"students", column.as_bytes(), student.as_bytes()], plain.as_bytes()))
            .transpose()?)
    }

    async fn insert_student(
        &self,
        taking: &mut Taking<'_>,
        write: &mut Write,
        key: &str,
        new: &NewStudent,
        id_number_hash: Option<Hash>,
        fingerprint: Hash,
    ) -> StoreResult<Uuid> {
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
        .bind(self.seal(school, "name", id, new.name.as_deref())?)
        .bind(self.seal(school, "id_number", id, new.shown_id_number())?)
        .bind(id_number_hash.map(|hash| hash.to_vec()))
        .bind(self.seal(school, "phone", id, new.phone.as_deref())?)
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
        taking.count(&new.unit_code, &Delta { students: 1, ..Delta::default() }.enrolments(EnrolmentState::Invited, 1));
        Ok(id)
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
        let school = &taking.principal.school;
        sql(
            // What a later roster does not say, it does not take away: a list of units alone must not cost anybody their phone.
            "UPDATE students SET unit = ?, student_number = coalesce(?, student_number), name = coalesce(?, name), id_number = coalesce(?, id_number),
                 id_number_hash = coalesce(?, id_number_hash), phone = coalesce(?, phone), details = json_patch(details, ?), fingerprint = ?, updated_at = ?
             WHERE id = ?",
        )
        .bind(&new.unit_code)
        .bind(&new.student_number)
        .bind(self.seal(school, "name", id, new.name.as_deref())?)
        .bind(self.seal(school, "id_number", id, new.shown_id_number())?)
        .bind(id_number_hash.map(|hash| hash.to_vec()))
        .bind(self.seal(school, "phone", id, new.phone.as_deref())?)
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

    /// What a roster says of a student's part in the season; naming the student without a word opens a part that was over. Whether anything
    /// changed, or why it cannot.
    async fn stand(
        &mut self,
        write: &mut Write,
        student: Uuid,
        unit: &str,
        standing: Option<Standing>,
    ) -> StoreResult<Result<bool, Refusal>> {
        let before = intake::enrolment(write, student).await?;
        let after = match stand(before, standing) {
            // Who handed something in before is no stranger.
            Ok(EnrolmentState::Invited) if before != EnrolmentState::Invited => self.welcome_back(write, student).await?,
            Ok(after) => after,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let moved = intake::move_enrolment(write, student, after, self.now).await?;
        if let Some(delta) = &moved {
            self.count(unit, delta);
            *self.standings.entry(after.code()).or_default() += 1;
        }
        Ok(Ok(moved.is_some()))
    }

    async fn welcome_back(&self, write: &mut Write, student: Uuid) -> StoreResult<EnrolmentState> {
        let row =
            sql("SELECT count(*) AS attempts, count(*) FILTER (WHERE status = 'approved') AS approved FROM attempts WHERE student = ?")
                .bind(values::id(student))
                .fetch_one(&mut *write)
                .await?;
        Ok(match (row.number("attempts")?, row.number("approved")?) {
            (0, _) => EnrolmentState::Invited,
            (_, 0) => EnrolmentState::Verified,
            _ => EnrolmentState::Done,
        })
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
        let enrolment = intake::enrolment(write, student).await?;
        let attempts = sql(locked!("SELECT status, number, band, superseded_at FROM attempts WHERE student = ? ORDER BY id"))
            .bind(values::id(student))
            .fetch_all(&mut *write)
            .await?;
        let mut delta =
            Delta { students: 1, captured_students: i64::from(!attempts.is_empty()), ..Delta::default() }.enrolments(enrolment, 1);
        for row in &attempts {
            let (status, band) = (row.code::<Status>("status")?, row.code_or_null::<Band>("band")?);
            let superseded = row.number_or_null("superseded_at")?.is_some();
            delta.done_students += i64::from(status == Status::Approved && !superseded);
            delta = delta.attempts(status, row.number("number")?, band, 1);
        }
        sql("UPDATE attempts SET unit = ?, lease_user = NULL, lease_token = NULL, leased_at = NULL, visible_at = place_at WHERE student = ?")
            .bind(to)
            .bind(values::id(student))
            .execute(&mut *write)
            .await?;
        delta.add(&deliveries::move_student(write, student, to).await?);
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

/// Where a student stands after what a roster says.
fn stand(before: EnrolmentState, standing: Option<Standing>) -> Result<EnrolmentState, Refusal> {
    use EnrolmentState as S;
    let open = before.after(EnrolmentEvent::Reinstate).unwrap_or(before);
    match (standing, before) {
        (None | Some(Standing::Active), _) => Ok(open),
        (Some(Standing::Withdrawn), S::Withdrawn) | (Some(Standing::Ineligible), S::Ineligible) => Ok(before),
        (Some(Standing::Withdrawn), _) => open.after(EnrolmentEvent::Withdraw),
        (Some(Standing::Ineligible), _) => open.after(EnrolmentEvent::FindIneligible),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roster_opens_and_ends_parts_in_a_season_but_no_finished_or_erased_one_by_withdrawal() {
        use EnrolmentState as S;
        for state in [S::Withdrawn, S::Ineligible, S::Lapsed] {
            assert_eq!((stand(state, None), stand(state, Some(Standing::Active))), (Ok(S::Invited), Ok(S::Invited)));
        }
        for state in [S::Invited, S::Verified, S::Withdrawn, S::Ineligible, S::Lapsed] {
            assert_eq!(stand(state, Some(Standing::Withdrawn)), Ok(S::Withdrawn));
            assert_eq!(stand(state, Some(Standing::Ineligible)), Ok(S::Ineligible));
        }
        assert_eq!(stand(S::Done, Some(Standing::Withdrawn)), Err(Refusal::NotPossible));
        assert_eq!(stand(S::Done, Some(Standing::Ineligible)), Ok(S::Ineligible));
        assert_eq!((stand(S::Erased, None), stand(S::Verified, None), stand(S::Done, None)), (Ok(S::Erased), Ok(S::Verified), Ok(S::Done)));
    }
}
