//! An attempt inside a writing transaction: loaded within scope, moved along its table of states, with counters and event.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    counters::{self, Delta},
    database::{Row, Spelling, Write, locked, sql},
    days::{self, Happened},
    golden, values,
};
use crate::{
    backend::store::{StoreError, StoreResult},
    domain::{
        access::Principal,
        comparison::Band,
        lifecycle::attempt::{AttemptEvent, AttemptState, Status},
        reason::Reason,
        review::Decision,
    },
};

/// What deciding needs to know of an attempt.
#[derive(Debug, Clone)]
pub struct AttemptRow {
    pub id: Uuid,
    pub school: String,
    pub season: String,
    pub unit: String,
    pub student: Uuid,
    /// The student's first photo is 1.
    pub number: i64,
    pub state: AttemptState,
    pub version: i64,
    pub band: Option<Band>,
    pub rendition: Option<Uuid>,
    pub reviews_needed: u8,
    pub decided_by: Option<Uuid>,
    pub decision_reasons: Vec<Reason>,
    pub held_until: Option<Timestamp>,
    /// Only for who leads reviews.
    pub for_lead: bool,
    /// Who has it on the screen, and since when.
    pub leased: Option<(Uuid, Timestamp)>,
    /// Whose golden item it is; nobody else sees it.
    pub golden_for: Option<Uuid>,
}

/// A decision as it is first held.
#[derive(Debug, Clone)]
pub struct Holding {
    pub reasons: Vec<Reason>,
    pub decided_by: Uuid,
    pub until: Timestamp,
}

const COLUMNS: Spelling = locked!(
    "SELECT id, school, season, unit, student, number, status, version, band, rendition, reviews_needed, decision, decision_reasons,
     decided_by, refused_by_machine, held_until, for_lead, leased_at, lease_user, golden_for FROM attempts WHERE id = ?1"
);

const IN_SCOPE: Spelling = locked!(
    "SELECT id, school, season, unit, student, number, status, version, band, rendition, reviews_needed, decision, decision_reasons,
     decided_by, refused_by_machine, held_until, for_lead, leased_at, lease_user, golden_for FROM attempts
     WHERE id = ?1 AND school = ?2 AND (?3 IS NULL OR unit IN (SELECT value FROM json_each(?3)))
         AND (golden_for IS NULL OR golden_for = ?4)"
);

/// Loads an attempt for the machine; nobody else writes it until the end of the transaction.
pub async fn load(write: &mut Write, id: Uuid) -> StoreResult<Option<AttemptRow>> {
    let row = sql(COLUMNS).bind(values::id(id)).fetch_optional(&mut *write).await?;
    row.as_ref().map(attempt).transpose()
}

/// Loads an attempt for a person; nobody else writes it until the end of the transaction.
///
/// # Errors
/// [`StoreError::NotFound`] where it is not there or not in scope.
pub async fn load_in_scope(write: &mut Write, principal: &Principal, id: Uuid) -> StoreResult<AttemptRow> {
    let row = sql(IN_SCOPE)
        .bind(values::id(id))
        .bind(&principal.school)
        .bind(values::scope(principal)?)
        .bind(values::id(principal.user))
        .fetch_optional(&mut *write)
        .await?;
    attempt(&row.ok_or(StoreError::NotFound)?)
}

fn attempt(row: &Row) -> StoreResult<AttemptRow> {
    let status: Status = row.code("status")?;
    let decision: Option<Decision> = row.code_or_null("decision")?;
    Ok(AttemptRow {
        id: row.id("id")?,
        school: row.text("school")?,
        season: row.text("season")?,
        unit: row.text("unit")?,
        student: row.id("student")?,
        number: row.number("number")?,
        state: state(status, decision, row.number("refused_by_machine")? != 0)?,
        version: row.number("version")?,
        band: row.code_or_null("band")?,
        rendition: row.id_or_null("rendition")?,
        reviews_needed: u8::try_from(row.number("reviews_needed")?).unwrap_or(u8::MAX),
        decided_by: row.id_or_null("decided_by")?,
        decision_reasons: row.json("decision_reasons")?,
        held_until: row.time_or_null("held_until")?,
        for_lead: row.number("for_lead")? != 0,
        leased: row.id_or_null("lease_user")?.zip(row.time_or_null("leased_at")?),
        golden_for: row.id_or_null("golden_for")?,
    })
}

fn state(status: Status, decision: Option<Decision>, refused_by_machine: bool) -> StoreResult<AttemptState> {
    Ok(match status {
        Status::Captured => AttemptState::Captured,
        Status::Standardized => AttemptState::Standardized,
        Status::MachineRefused => AttemptState::MachineRefused,
        Status::Pending => AttemptState::Pending,
        Status::CorrectionRequested => AttemptState::CorrectionRequested,
        // Nothing leads there: an approval needs a rendition.
        Status::Held if refused_by_machine && decision == Some(Decision::Approve) => {
            return Err(StoreError::Corrupt("an approval of what the machine refused"));
        }
        Status::Held => {
            AttemptState::Held { decision: decision.ok_or(StoreError::Corrupt("held without a decision"))?, refused_by_machine }
        }
        Status::Approved => AttemptState::Approved,
        Status::Rejected => AttemptState::Rejected,
        Status::Withdrawn => AttemptState::Withdrawn,
    })
}

impl AttemptRow {
    pub fn decision(&self) -> Option<Decision> {
        match self.state {
            AttemptState::Held { decision, .. } => Some(decision),
            AttemptState::Approved => Some(Decision::Approve),
            AttemptState::Rejected => Some(Decision::Reject),
            _ => None,
        }
    }

    /// Refuses a version that no longer stands, saying what does; never a verdict.
    pub fn demand(&self, version: i64) -> StoreResult<()> {
        if self.version == version { Ok(()) } else { Err(StoreError::Stale { status: self.state.status(), version: self.version }) }
    }

    /// Moves the attempt: state, version, end of the lease, counters and event. `holding` comes with a decision and only then.
    pub async fn advance(&mut self, write: &mut Write, event: AttemptEvent, holding: Option<Holding>, now: Timestamp) -> StoreResult<()> {
        let before = self.state.status();
        self.state = self.state.after(event)?;
        let after = self.state.status();
        match (holding, after) {
            (Some(holding), Status::Held) => {
                self.decision_reasons = holding.reasons;
                self.decided_by = Some(holding.decided_by);
                self.held_until = Some(holding.until);
            }
            (None, Status::Approved | Status::Rejected) => self.held_until = None,
            (None, _) => {
                self.decision_reasons.clear();
                self.decided_by = None;
                self.held_until = None;
            }
            (Some(_), _) => return Err(StoreError::Corrupt("a decision that is not held")),
        }
        let refused_by_machine = matches!(self.state, AttemptState::Held { refused_by_machine: true, .. });
        let moved = sql("UPDATE attempts SET status = ?, version = version + 1, decision = ?, decision_reasons = ?, decided_by = ?,
                 refused_by_machine = ?, held_until = ?, ended_at = ?, visible_at = place_at, lease_user = NULL, lease_token = NULL, leased_at = NULL
             WHERE id = ? AND version = ?")
        .bind(after.code())
        .bind(self.decision().as_ref().map(values::code).transpose()?)
        .bind(values::json(&self.decision_reasons)?)
        .bind(self.decided_by.map(values::id))
        .bind(refused_by_machine)
        .bind(self.held_until.map(values::time))
        .bind(matches!(after, Status::Approved | Status::Rejected | Status::Withdrawn).then(|| values::time(now)))
        .bind(values::id(self.id))
        .bind(self.version)
        .execute(&mut *write)
        .await?;
        if moved.rows_affected() != 1 {
            return Err(StoreError::Corrupt("an attempt moved under its writer"));
        }
        self.version += 1;
        let mut delta = Delta::default().attempts(before, self.number, self.band, -1).attempts(after, self.number, self.band, 1);
        delta.done_students = i64::from(after == Status::Approved) - i64::from(before == Status::Approved);
        counters::apply(write, &self.school, &self.season, &self.unit, &delta).await?;
        if event == AttemptEvent::Freeze {
            days::count(write, &self.school, &self.season, &self.unit, now, Happened { decided: 1, ..Happened::default() }).await?;
        }
        self.tell(write, &format!("attempt.{}", after.code()), now).await
    }

    /// Appends an event of this attempt: of the season people name, and of a golden item to its reviewer alone.
    pub async fn tell(&self, write: &mut Write, kind: &str, now: Timestamp) -> StoreResult<()> {
        sql("INSERT INTO events (school, season, unit, kind, attempt, version, at, only_for) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(&self.school)
            .bind(golden::shared(&self.season))
            .bind(&self.unit)
            .bind(kind)
            .bind(values::id(self.id))
            .bind(self.version)
            .bind(values::time(now))
            .bind(self.golden_for.map(values::id))
            .execute(&mut *write)
            .await?;
        Ok(())
    }
}
