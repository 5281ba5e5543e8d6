//! Progress: one wide row of counters a unit, changed in the transaction that changes what it counts.

use async_trait::async_trait;

use super::{
    SqlStore,
    database::{Row, Sql, Write, sql},
    golden, values,
};
use crate::{
    api::progress::{Deliveries, Enrolments, FirstAttempts, Prints, Progress, UnitProgress},
    backend::store::{StoreError, StoreResult},
    domain::{
        access::Principal,
        comparison::Band,
        lifecycle::{
            attempt::Status,
            delivery::{DeliveryState, PrintState},
            enrolment::EnrolmentState,
        },
    },
};

/// How a unit's counters change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    pub students: i64,
    pub captured_students: i64,
    pub done_students: i64,
    pub doubtful: i64,
    pub statuses: [i64; Status::ALL.len()],
    /// Of first attempts, those that stand approved and rejected.
    pub first: [i64; 2],
    pub enrolments: [i64; EnrolmentState::ALL.len()],
    pub deliveries: [i64; DeliveryState::ALL.len()],
    pub prints: [i64; PrintState::ALL.len()],
}

fn place<T: PartialEq>(all: &[T], one: T) -> usize {
    all.iter().position(|known| *known == one).expect("every state is in its list")
}

impl Delta {
    /// `by` more attempts of this number stand at `status`.
    #[must_use]
    pub fn attempts(mut self, status: Status, number: i64, band: Option<Band>, by: i64) -> Delta {
        self.statuses[place(&Status::ALL, status)] += by;
        if matches!(status, Status::Pending | Status::MachineRefused) && matches!(band, Some(Band::Doubtful | Band::Different)) {
            self.doubtful += by;
        }
        match status {
            Status::Approved if number == 1 => self.first[0] += by,
            Status::Rejected if number == 1 => self.first[1] += by,
            _ => {}
        }
        self
    }

    /// `by` more students stand at `state` in the season.
    #[must_use]
    pub fn enrolments(mut self, state: EnrolmentState, by: i64) -> Delta {
        self.enrolments[place(&EnrolmentState::ALL, state)] += by;
        self
    }

    /// `by` more approved photos stand at `state` on their way to CHSI.
    #[must_use]
    pub fn deliveries(mut self, state: DeliveryState, by: i64) -> Delta {
        self.deliveries[place(&DeliveryState::ALL, state)] += by;
        self
    }

    /// `by` more prints stand at `state`.
    #[must_use]
    pub fn prints(mut self, state: PrintState, by: i64) -> Delta {
        self.prints[place(&PrintState::ALL, state)] += by;
        self
    }

    /// This change and another one.
    pub fn add(&mut self, other: &Delta) {
        self.each_with(other, |mine, theirs| mine + theirs);
    }

    /// The opposite change.
    #[must_use]
    pub fn negated(&self) -> Delta {
        let mut none = Delta::default();
        none.each_with(self, |zero, mine| zero - mine);
        none
    }

    /// What leads from one count of a unit to another.
    #[must_use]
    pub fn between(from: &UnitProgress, to: &UnitProgress) -> Delta {
        let mut delta = Delta::of(to);
        delta.each_with(&Delta::of(from), |to, from| to - from);
        delta
    }

    fn of(unit: &UnitProgress) -> Delta {
        let (enrolments, deliveries, prints) = (&unit.enrolments, &unit.deliveries, &unit.prints);
        Delta {
            students: unit.students,
            captured_students: unit.captured_students,
            done_students: unit.done_students,
            doubtful: unit.doubtful,
            statuses: [
                unit.captured,
                unit.standardized,
                unit.machine_refused,
                unit.pending,
                unit.correction_requested,
                unit.held,
                unit.approved,
                unit.rejected,
                unit.withdrawn,
            ],
            first: [unit.first_attempts.approved, unit.first_attempts.rejected],
            enrolments: [
                enrolments.invited,
                enrolments.verified,
                enrolments.done,
                enrolments.withdrawn,
                enrolments.ineligible,
                enrolments.lapsed,
                enrolments.erased,
            ],
            deliveries: [
                deliveries.ready,
                deliveries.exported,
                deliveries.uploaded,
                deliveries.accepted,
                deliveries.returned,
                deliveries.retake,
            ],
            prints: [prints.queued, prints.printed, prints.packed, prints.mailed, prints.received, prints.missing],
        }
    }

    fn each_with(&mut self, other: &Delta, change: impl Fn(i64, i64) -> i64) {
        let theirs: Vec<i64> = other.numbers().collect();
        let Delta { students, captured_students, done_students, doubtful, statuses, first, enrolments, deliveries, prints } = self;
        let lists = statuses.iter_mut().chain(first).chain(enrolments).chain(deliveries).chain(prints);
        let mine = [students, captured_students, done_students, doubtful].into_iter().chain(lists);
        mine.zip(theirs).for_each(|(mine, theirs)| *mine = change(*mine, theirs));
    }

    /// In the order of the statement in [`apply`].
    pub(super) fn numbers(&self) -> impl Iterator<Item = i64> + '_ {
        let lists = self.statuses.iter().chain(&self.first).chain(&self.enrolments).chain(&self.deliveries).chain(&self.prints);
        [self.students, self.captured_students, self.done_students, self.doubtful].into_iter().chain(lists.copied())
    }
}

/// Changes a unit's counters. Whoever changes what they count calls this in the same transaction, and last of all where it locks more than this row.
pub async fn apply(write: &mut Write, school: &str, season: &str, unit: &str, delta: &Delta) -> StoreResult<()> {
    if *delta == Delta::default() {
        return Ok(());
    }
    // In the order of `Delta::numbers`.
    let query = sql(
        "UPDATE unit_counters SET students = students + ?, captured_students = captured_students + ?, done_students = done_students + ?,
             doubtful = doubtful + ?, captured = captured + ?, standardized = standardized + ?, machine_refused = machine_refused + ?,
             pending = pending + ?, correction_requested = correction_requested + ?, held = held + ?, approved = approved + ?,
             rejected = rejected + ?, withdrawn = withdrawn + ?, first_approved = first_approved + ?, first_rejected = first_rejected + ?,
             enrolled_invited = enrolled_invited + ?, enrolled_verified = enrolled_verified + ?, enrolled_done = enrolled_done + ?,
             enrolled_withdrawn = enrolled_withdrawn + ?, enrolled_ineligible = enrolled_ineligible + ?, enrolled_lapsed =
             enrolled_lapsed + ?, enrolled_erased = enrolled_erased + ?, delivery_ready = delivery_ready + ?, delivery_exported =
             delivery_exported + ?, delivery_uploaded = delivery_uploaded + ?, delivery_accepted = delivery_accepted + ?,
             delivery_returned = delivery_returned + ?, delivery_retake = delivery_retake + ?, prints_queued = prints_queued + ?,
             prints_printed = prints_printed + ?, prints_packed = prints_packed + ?, prints_mailed = prints_mailed + ?,
             prints_received = prints_received + ?, prints_missing = prints_missing + ?
         WHERE school = ? AND season = ? AND unit = ?",
    );
    let query = delta.numbers().fold(query, Sql::bind);
    let done = query.bind(school).bind(season).bind(unit).execute(&mut *write).await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Corrupt("a unit without counters")) }
}

pub(super) const COUNTERS: &str = "SELECT u.code, u.name, coalesce(u.closes_at, n.closes_at) AS closes_at, c.* FROM units u
     JOIN seasons n ON n.school = u.school AND n.code = u.season
     JOIN unit_counters c ON c.school = u.school AND c.season = u.season AND c.unit = u.code
     WHERE u.school = ?1 AND u.season = ?2 AND (?3 IS NULL OR u.code IN (SELECT value FROM json_each(?3))) ORDER BY u.code";

/// The same by counting everything there is, of the units that `$of` lets in.
macro_rules! scan {
    ($of:ident) => {
        concat!(
            "SELECT u.code, u.name, coalesce(u.closes_at, n.closes_at) AS closes_at, s.*, a.*, d.*, p.*
     FROM units u
     JOIN seasons n ON n.school = u.school AND n.code = u.season
     LEFT JOIN (SELECT t.unit AS s_unit, count(*) AS students,
             count(*) FILTER (WHERE EXISTS (SELECT 1 FROM attempts x WHERE x.student = t.id)) AS captured_students,
             count(*) FILTER (WHERE EXISTS (SELECT 1 FROM attempts x WHERE x.student = t.id AND x.status = 'approved'
                 AND x.superseded_at IS NULL)) AS done_students,
             count(*) FILTER (WHERE e.state = 'invited') AS enrolled_invited, count(*) FILTER (WHERE e.state = 'verified') AS
             enrolled_verified, count(*) FILTER (WHERE e.state = 'done') AS enrolled_done, count(*) FILTER (WHERE e.state =
             'withdrawn') AS enrolled_withdrawn, count(*) FILTER (WHERE e.state = 'ineligible') AS enrolled_ineligible, count(*)
             FILTER (WHERE e.state = 'lapsed') AS enrolled_lapsed, count(*) FILTER (WHERE e.state = 'erased') AS enrolled_erased
         FROM students t JOIN enrolments e ON e.student = t.id WHERE t.school = ?1 AND t.season = ?2
             AND ",
            $of!("t.unit"),
            " GROUP BY t.unit) s ON s.s_unit = u.code
     LEFT JOIN (SELECT unit AS a_unit, count(*) FILTER (WHERE status = 'captured') AS captured,
             count(*) FILTER (WHERE status = 'standardized') AS standardized,
             count(*) FILTER (WHERE status = 'machine_refused') AS machine_refused, count(*) FILTER (WHERE status = 'pending') AS pending,
             count(*) FILTER (WHERE status = 'correction_requested') AS correction_requested, count(*) FILTER (WHERE status = 'held') AS held,
             count(*) FILTER (WHERE status = 'approved') AS approved, count(*) FILTER (WHERE status = 'rejected') AS rejected,
             count(*) FILTER (WHERE status = 'withdrawn') AS withdrawn,
             count(*) FILTER (WHERE status = 'approved' AND number = 1) AS first_approved,
             count(*) FILTER (WHERE status = 'rejected' AND number = 1) AS first_rejected,
             count(*) FILTER (WHERE status IN ('pending', 'machine_refused') AND band IN ('doubtful', 'different')) AS doubtful
         FROM attempts WHERE school = ?1 AND season = ?2 AND ",
            $of!("unit"),
            " GROUP BY unit) a
         ON a.a_unit = u.code
     LEFT JOIN (SELECT unit AS d_unit, count(*) FILTER (WHERE state = 'ready') AS delivery_ready,
             count(*) FILTER (WHERE state = 'exported') AS delivery_exported,
             count(*) FILTER (WHERE state = 'uploaded') AS delivery_uploaded,
             count(*) FILTER (WHERE state = 'accepted') AS delivery_accepted,
             count(*) FILTER (WHERE state = 'returned') AS delivery_returned,
             count(*) FILTER (WHERE state = 'retake') AS delivery_retake
         FROM deliveries WHERE school = ?1 AND season = ?2 AND ",
            $of!("unit"),
            " GROUP BY unit) d
         ON d.d_unit = u.code
     LEFT JOIN (SELECT unit AS p_unit, count(*) FILTER (WHERE state = 'queued') AS prints_queued,
             count(*) FILTER (WHERE state = 'printed') AS prints_printed,
             count(*) FILTER (WHERE state = 'packed') AS prints_packed,
             count(*) FILTER (WHERE state = 'mailed') AS prints_mailed,
             count(*) FILTER (WHERE state = 'received') AS prints_received,
             count(*) FILTER (WHERE state = 'missing') AS prints_missing
         FROM prints WHERE school = ?1 AND season = ?2 AND ",
            $of!("unit"),
            " GROUP BY unit) p
         ON p.p_unit = u.code
     WHERE u.school = ?1 AND u.season = ?2 AND ",
            $of!("u.code"),
            " ORDER BY u.code",
        )
    };
}

macro_rules! of_scope {
    ($unit:literal) => {
        concat!("(?3 IS NULL OR ", $unit, " IN (SELECT value FROM json_each(?3)))")
    };
}

/// For one unit alone an index is used, which a condition that may let everything in prevents.
macro_rules! of_one {
    ($unit:literal) => {
        concat!($unit, " = ?3")
    };
}

pub(super) const SCAN: &str = scan!(of_scope);
pub(super) const SCAN_OF_ONE: &str = scan!(of_one);

pub fn unit(row: &Row) -> StoreResult<UnitProgress> {
    let count = |column: &str| Ok::<i64, StoreError>(row.number_or_null(column)?.unwrap_or(0));
    Ok(UnitProgress {
        unit: Some(row.text("code")?),
        unit_name: Some(row.text("name")?),
        closes_at: row.time_or_null("closes_at")?,
        students: count("students")?,
        captured_students: count("captured_students")?,
        done_students: count("done_students")?,
        captured: count("captured")?,
        standardized: count("standardized")?,
        machine_refused: count("machine_refused")?,
        pending: count("pending")?,
        correction_requested: count("correction_requested")?,
        held: count("held")?,
        approved: count("approved")?,
        rejected: count("rejected")?,
        withdrawn: count("withdrawn")?,
        doubtful: count("doubtful")?,
        first_attempts: FirstAttempts { approved: count("first_approved")?, rejected: count("first_rejected")? },
        enrolments: Enrolments {
            invited: count("enrolled_invited")?,
            verified: count("enrolled_verified")?,
            done: count("enrolled_done")?,
            withdrawn: count("enrolled_withdrawn")?,
            ineligible: count("enrolled_ineligible")?,
            lapsed: count("enrolled_lapsed")?,
            erased: count("enrolled_erased")?,
        },
        deliveries: Deliveries {
            ready: count("delivery_ready")?,
            exported: count("delivery_exported")?,
            uploaded: count("delivery_uploaded")?,
            accepted: count("delivery_accepted")?,
            returned: count("delivery_returned")?,
            retake: count("delivery_retake")?,
        },
        prints: Prints {
            queued: count("prints_queued")?,
            printed: count("prints_printed")?,
            packed: count("prints_packed")?,
            mailed: count("prints_mailed")?,
            received: count("prints_received")?,
            missing: count("prints_missing")?,
        },
        ..UnitProgress::default()
    })
}

/// What the counters of the units say.
#[async_trait]
pub trait Counting: Send + Sync {
    /// The counters of the units in scope and their sum; nothing is derived yet.
    async fn progress(&self, principal: &Principal, season: &str) -> StoreResult<Progress>;
    /// The same by counting everything: what the counters are held against.
    async fn recount(&self, principal: &Principal, season: &str) -> StoreResult<Progress>;
}

#[async_trait]
impl Counting for SqlStore {
    async fn progress(&self, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.progress_by(COUNTERS, principal, season).await
    }

    async fn recount(&self, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.progress_by(SCAN, principal, season).await
    }
}

impl SqlStore {
    async fn progress_by(&self, text: &'static str, principal: &Principal, season: &str) -> StoreResult<Progress> {
        self.know_season(principal, season).await?;
        Ok(Progress::of(self.unit_counters(text, principal, season, values::scope(principal)?).await?))
    }

    /// The counters of these units, in their order; a reviewer's golden items are counted as what they seem.
    pub(super) async fn unit_counters(
        &self,
        text: &'static str,
        principal: &Principal,
        season: &str,
        scope: Option<String>,
    ) -> StoreResult<Vec<UnitProgress>> {
        let rows = sql(text).bind(&principal.school).bind(season).bind(&scope).fetch_all(&self.database).await?;
        let mut units = rows.iter().map(unit).collect::<StoreResult<Vec<_>>>()?;
        if golden::is_tried(principal) {
            let own = sql(text).bind(&principal.school).bind(golden::own(season, principal.user)).bind(&scope);
            for row in own.fetch_all(&self.database).await? {
                // No roster names those students: they seem to be of those who were invited.
                let mut own = unit(&row)?;
                own.enrolments.invited -= std::mem::take(&mut own.students);
                if let Ok(at) = units.binary_search_by(|known| known.unit.cmp(&own.unit)) {
                    units[at].add(&own);
                }
            }
        }
        Ok(units)
    }
}
