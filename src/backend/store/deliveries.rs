//! Deliveries to the register and paper prints: an approved photo's two ways out of the house, side by side.
//!
//! Both begin when an approval freezes and are gone when it is reopened. Each has a version of its own. Whoever moves one locks the attempt first,
//! so that a reopening and an export never pass each other.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    SqlStore,
    attempts::{self, AttemptRow},
    audit::{self, Line},
    counters::{self, Delta},
    database::{Row, Spelling, Write, locked, sql},
    deciding::line_of,
    idempotency, intake, notices, values,
};
use crate::{
    api::{
        delivery::{Delivery, MovedDelivery, MovedPrint, Print},
        submission::{NoticeKind, Page},
    },
    backend::store::{
        StoreError, StoreResult,
        types::{Answered, Intention},
    },
    domain::{
        access::Principal,
        lifecycle::{
            Refusal,
            delivery::{DeliveryEvent, DeliveryState, PrintEvent, PrintState},
            enrolment::EnrolmentEvent,
        },
    },
};

/// Which deliveries or prints are asked for.
#[derive(Debug, Clone)]
pub struct WayFilter<S> {
    pub season: String,
    pub unit: Option<String>,
    pub state: Option<S>,
    pub cursor: Option<String>,
    pub limit: u32,
}

impl<S> Default for WayFilter<S> {
    fn default() -> WayFilter<S> {
        WayFilter { season: String::new(), unit: None, state: None, cursor: None, limit: 0 }
    }
}

/// Approved photos on their ways out.
#[async_trait]
pub trait Deliveries: Send + Sync {
    async fn deliveries(&self, principal: &Principal, filter: &WayFilter<DeliveryState>) -> StoreResult<Page<Delivery>>;
    /// Moves a delivery. `ask_retake` opens the way for a new attempt and tells the student.
    async fn move_delivery(
        &self,
        principal: &Principal,
        id: Uuid,
        event: DeliveryEvent,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<Answered<MovedDelivery>>;
    async fn prints(&self, principal: &Principal, filter: &WayFilter<PrintState>) -> StoreResult<Page<Print>>;
    async fn move_print(
        &self,
        principal: &Principal,
        id: Uuid,
        event: PrintEvent,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<Answered<MovedPrint>>;
}

/// One of the two ways: its table, its states, its words.
trait Way: Send + Sync {
    type State: Copy + Send + Sync + DeserializeOwned;
    type Event: Copy + Send + Sync;
    type Moved: Serialize + DeserializeOwned + Send + Sync;

    const ATTEMPT: &'static str;
    const ONE: Spelling;
    const OF_ATTEMPT: Spelling;
    const BEGIN: &'static str;
    const MOVE: &'static str;
    const REMOVE: &'static str;
    const PAGE: &'static str;
    const ACTION: &'static str;
    const FIRST: Self::State;

    fn after(state: Self::State, event: Self::Event) -> Result<Self::State, Refusal>;
    fn code(state: Self::State) -> &'static str;
    fn event_code(event: Self::Event) -> &'static str;
    fn count(delta: Delta, state: Self::State, by: i64) -> Delta;
    fn moved(id: Uuid, submission: Uuid, state: Self::State, version: i64) -> Self::Moved;
}

macro_rules! way {
    ($name:ident, $table:literal, $states:ident, $events:ident, $moved:ident, $first:ident, $count:ident, $action:literal) => {
        struct $name;

        impl Way for $name {
            type State = $states;
            type Event = $events;
            type Moved = $moved;

            const ATTEMPT: &'static str = concat!("SELECT attempt FROM ", $table, " WHERE id = ?");
            const ONE: Spelling = locked!(concat!("SELECT state, version FROM ", $table, " WHERE id = ? AND attempt = ?"));
            const OF_ATTEMPT: Spelling = locked!(concat!("SELECT state FROM ", $table, " WHERE attempt = ?"));
            const BEGIN: &'static str = concat!(
                "INSERT INTO ",
                $table,
                " (id, school, season, unit, student, attempt, state, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            );
            const MOVE: &'static str =
                concat!("UPDATE ", $table, " SET state = ?, version = version + 1, updated_at = ? WHERE id = ? AND version = ?");
            const REMOVE: &'static str = concat!("DELETE FROM ", $table, " WHERE attempt = ?");
            const PAGE: &'static str = concat!(
                "SELECT d.id, d.attempt, d.unit, d.state, d.version, d.updated_at, s.id AS student, s.student_number, s.name, s.id_number,
                     s.phone
                 FROM ",
                $table,
                " d JOIN students s ON s.id = d.student
                 WHERE d.school = ?1 AND d.season = ?2 AND (?3 IS NULL OR d.state = ?3)
                     AND (?4 IS NULL OR d.unit IN (SELECT value FROM json_each(?4))) AND d.id > ?5
                 ORDER BY d.id LIMIT ?6"
            );
            const ACTION: &'static str = $action;
            const FIRST: $states = $states::$first;

            fn after(state: $states, event: $events) -> Result<$states, Refusal> {
                state.after(event)
            }

            fn code(state: $states) -> &'static str {
                state.code()
            }

            fn event_code(event: $events) -> &'static str {
                event.code()
            }

            fn count(delta: Delta, state: $states, by: i64) -> Delta {
                delta.$count(state, by)
            }

            fn moved(id: Uuid, submission: Uuid, state: $states, version: i64) -> $moved {
                $moved { id, submission, state, version }
            }
        }
    };
}
way!(Register, "deliveries", DeliveryState, DeliveryEvent, MovedDelivery, Ready, deliveries, "delivery.moved");
way!(Paper, "prints", PrintState, PrintEvent, MovedPrint, Queued, prints, "print.moved");

#[async_trait]
impl Deliveries for SqlStore {
    async fn deliveries(&self, principal: &Principal, filter: &WayFilter<DeliveryState>) -> StoreResult<Page<Delivery>> {
        let rows = self.page_of::<Register>(principal, filter).await?;
        let items = rows
            .iter()
            .map(|row| {
                Ok(Delivery {
                    id: row.id("id")?,
                    submission: row.id("attempt")?,
                    unit: row.text("unit")?,
                    student: self.masked_student(row)?,
                    state: row.code("state")?,
                    version: row.number("version")?,
                    updated_at: row.time("updated_at")?,
                })
            })
            .collect::<StoreResult<_>>()?;
        Ok(values::page(items, filter.limit, |last: &Delivery| last.id))
    }

    async fn move_delivery(
        &self,
        principal: &Principal,
        id: Uuid,
        event: DeliveryEvent,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<Answered<MovedDelivery>> {
        self.step::<Register>(principal, id, event, intention, now).await
    }

    async fn prints(&self, principal: &Principal, filter: &WayFilter<PrintState>) -> StoreResult<Page<Print>> {
        let rows = self.page_of::<Paper>(principal, filter).await?;
        let items = rows
            .iter()
            .map(|row| {
                Ok(Print {
                    id: row.id("id")?,
                    submission: row.id("attempt")?,
                    unit: row.text("unit")?,
                    student: self.masked_student(row)?,
                    state: row.code("state")?,
                    version: row.number("version")?,
                    updated_at: row.time("updated_at")?,
                })
            })
            .collect::<StoreResult<_>>()?;
        Ok(values::page(items, filter.limit, |last: &Print| last.id))
    }

    async fn move_print(
        &self,
        principal: &Principal,
        id: Uuid,
        event: PrintEvent,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<Answered<MovedPrint>> {
        self.step::<Paper>(principal, id, event, intention, now).await
    }
}

impl SqlStore {
    async fn page_of<W: Way>(&self, principal: &Principal, filter: &WayFilter<W::State>) -> StoreResult<Vec<Row>> {
        let units = self.units_wanted(principal, &filter.season, filter.unit.as_deref()).await?;
        sql(W::PAGE)
            .bind(&principal.school)
            .bind(&filter.season)
            .bind(filter.state.map(W::code))
            .bind(&units)
            .bind(values::after(filter.cursor.as_deref())?)
            .bind(i64::from(filter.limit) + 1)
            .fetch_all(&self.database)
            .await
    }

    async fn step<W: Way>(
        &self,
        principal: &Principal,
        id: Uuid,
        event: W::Event,
        intention: &Intention,
        now: Timestamp,
    ) -> StoreResult<Answered<W::Moved>> {
        let mut write = self.database.write().await?;
        if let Some(answer) = idempotency::answered(&mut write, principal, intention).await? {
            return Ok(Answered { outcome: answer, again: true });
        }
        let attempt: Option<Vec<u8>> = sql(W::ATTEMPT).bind(values::id(id)).fetch_value_optional(&mut write).await?;
        let attempt = attempt.and_then(|attempt| Uuid::from_slice(&attempt).ok()).ok_or(StoreError::NotFound)?;
        let attempt = attempts::load_in_scope(&mut write, principal, attempt).await?;
        // A reopening may have been faster.
        let enrolment = intake::enrolment(&mut write, attempt.student).await?;
        let row = sql(W::ONE).bind(values::id(id)).bind(values::id(attempt.id)).fetch_optional(&mut write).await?;
        let row = row.ok_or(StoreError::NotFound)?;
        let (state, version): (W::State, i64) = (row.code("state")?, row.number("version")?);
        if version != intention.version {
            return Err(StoreError::StaleWay { state: W::code(state), version });
        }
        let next = W::after(state, event)?;
        sql(W::MOVE).bind(W::code(next)).bind(values::time(now)).bind(values::id(id)).bind(version).execute(&mut write).await?;
        let mut delta = W::count(W::count(Delta::default(), state, -1), next, 1);
        if W::event_code(event) == DeliveryEvent::AskRetake.code() {
            supersede(&mut write, &attempt, now).await?;
            delta.done_students -= 1;
            if let Ok(state) = enrolment.after(EnrolmentEvent::Reopen) {
                intake::set_enrolment(&mut write, attempt.student, state, now).await?;
            }
            notices::enqueue(&mut write, &attempt, NoticeKind::Returned, now).await?;
        }
        counters::apply(&mut write, &attempt.school, &attempt.season, &attempt.unit, &delta).await?;
        attempt.tell(&mut write, W::ACTION, now).await?;
        let line = Line {
            actor: Some(principal.user),
            details: vec![("event", W::event_code(event).to_owned()), ("to", W::code(next).to_owned())],
            ..line_of(&attempt, W::ACTION)
        };
        audit::append(&mut write, now, line).await?;
        let moved = W::moved(id, attempt.id, next, version + 1);
        idempotency::keep(&mut write, principal, intention, &moved, now).await?;
        write.commit().await?;
        Ok(Answered { outcome: moved, again: false })
    }
}

/// The approved photo stays, and a new attempt may begin.
async fn supersede(write: &mut Write, attempt: &AttemptRow, now: Timestamp) -> StoreResult<()> {
    sql("UPDATE attempts SET superseded_at = ? WHERE id = ?")
        .bind(values::time(now))
        .bind(values::id(attempt.id))
        .execute(&mut *write)
        .await?;
    Ok(())
}

/// Begins both ways of an approval that has just frozen.
pub async fn begin(write: &mut Write, attempt: &AttemptRow, now: Timestamp) -> StoreResult<()> {
    begin_way::<Register>(write, attempt, now).await?;
    begin_way::<Paper>(write, attempt, now).await?;
    let delta = Register::count(Paper::count(Delta::default(), Paper::FIRST, 1), Register::FIRST, 1);
    counters::apply(write, &attempt.school, &attempt.season, &attempt.unit, &delta).await
}

async fn begin_way<W: Way>(write: &mut Write, attempt: &AttemptRow, now: Timestamp) -> StoreResult<()> {
    sql(W::BEGIN)
        .bind(values::id(Uuid::now_v7()))
        .bind(&attempt.school)
        .bind(&attempt.season)
        .bind(&attempt.unit)
        .bind(values::id(attempt.student))
        .bind(values::id(attempt.id))
        .bind(W::code(W::FIRST))
        .bind(values::time(now))
        .bind(values::time(now))
        .execute(&mut *write)
        .await?;
    Ok(())
}

/// Where both ways of an attempt stand, if it has them; nobody else moves them until the end of the transaction.
pub async fn standing(write: &mut Write, attempt: Uuid) -> StoreResult<(Option<DeliveryState>, Option<PrintState>)> {
    Ok((standing_on::<Register>(write, attempt).await?, standing_on::<Paper>(write, attempt).await?))
}

async fn standing_on<W: Way>(write: &mut Write, attempt: Uuid) -> StoreResult<Option<W::State>> {
    let row = sql(W::OF_ATTEMPT).bind(values::id(attempt)).fetch_optional(&mut *write).await?;
    row.map(|row| row.code("state")).transpose()
}

/// Removes both ways of an approval that is reopened, where they stood so.
pub async fn remove(
    write: &mut Write,
    attempt: &AttemptRow,
    delivery: Option<DeliveryState>,
    prints: Option<PrintState>,
) -> StoreResult<()> {
    for text in [Register::REMOVE, Paper::REMOVE] {
        sql(text).bind(values::id(attempt.id)).execute(&mut *write).await?;
    }
    let mut delta = Delta::default();
    delta = delivery.map_or(delta.clone(), |state| Register::count(delta, state, -1));
    delta = prints.map_or(delta.clone(), |state| Paper::count(delta, state, -1));
    counters::apply(write, &attempt.school, &attempt.season, &attempt.unit, &delta).await
}

/// A student who changes units takes both ways along; gives what that takes from one unit and brings to the other.
pub async fn move_student(write: &mut Write, student: Uuid, to: &str) -> StoreResult<Delta> {
    let delta =
        count_of::<Register>(write, locked!("SELECT state FROM deliveries WHERE student = ? ORDER BY id"), student, Delta::default())
            .await?;
    let delta = count_of::<Paper>(write, locked!("SELECT state FROM prints WHERE student = ? ORDER BY id"), student, delta).await?;
    for text in ["UPDATE deliveries SET unit = ? WHERE student = ?", "UPDATE prints SET unit = ? WHERE student = ?"] {
        sql(text).bind(to).bind(values::id(student)).execute(&mut *write).await?;
    }
    Ok(delta)
}

async fn count_of<W: Way>(write: &mut Write, text: Spelling, student: Uuid, delta: Delta) -> StoreResult<Delta> {
    let rows = sql(text).bind(values::id(student)).fetch_all(&mut *write).await?;
    rows.iter().try_fold(delta, |delta, row| Ok(W::count(delta, row.code("state")?, 1)))
}
