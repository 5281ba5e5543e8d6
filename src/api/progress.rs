//! Progress per unit, and the audit.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How a unit stands (`GET /v1/progress?season=…`); the whole has no `unit` and is the sum of the units.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct UnitProgress {
    /// Code of the unit; `null` on the whole.
    pub unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// The unit's last day, or the season's where it has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Timestamp>,
    /// Students on the roster.
    pub students: i64,
    /// Students of whom at least one photo came.
    pub captured_students: i64,
    /// Students with an approved photo.
    pub done_students: i64,
    /// Attempts by where they stand now.
    pub captured: i64,
    pub standardized: i64,
    pub machine_refused: i64,
    pub pending: i64,
    pub correction_requested: i64,
    pub held: i64,
    pub approved: i64,
    pub rejected: i64,
    pub withdrawn: i64,
    /// Attempts waiting for reviews whose comparison is doubtful or different.
    pub doubtful: i64,
    /// First attempts that were decided.
    #[serde(default)]
    pub first_attempts: FirstAttempts,
    /// Students by where they stand in the season.
    #[serde(default)]
    pub enrolments: Enrolments,
    /// Approved photos by where they stand on their way to CHSI.
    #[serde(default)]
    pub deliveries: Deliveries,
    /// Approved photos by where their prints stand.
    #[serde(default)]
    pub prints: Prints,
    /// Students who are to have a photo: all of the roster but those who withdrew, are not eligible or were erased. Derived.
    #[serde(default)]
    pub invited: i64,
    /// Of these, who has no approved photo though the last day has passed. Derived.
    #[serde(default)]
    pub overdue: i64,
    /// Shares of what is counted. Derived.
    #[serde(default)]
    pub rates: Rates,
}

/// First attempts that stand approved and rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct FirstAttempts {
    pub approved: i64,
    pub rejected: i64,
}

/// Students by where they stand in the season.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Enrolments {
    pub invited: i64,
    pub verified: i64,
    pub done: i64,
    pub withdrawn: i64,
    pub ineligible: i64,
    pub lapsed: i64,
    pub erased: i64,
}

/// Approved photos by where they stand on their way to CHSI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Deliveries {
    pub ready: i64,
    pub exported: i64,
    pub uploaded: i64,
    pub accepted: i64,
    pub returned: i64,
    pub retake: i64,
}

/// Approved photos by where their paper prints stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Prints {
    pub queued: i64,
    pub printed: i64,
    pub packed: i64,
    pub mailed: i64,
    pub received: i64,
    pub missing: i64,
}

/// Shares between 0 and 1; absent where there is nothing to have a share of.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Rates {
    /// 上网率: photos uploaded or accepted, of the students who are to have one.
    pub upload: Option<f64>,
    /// 合格率: approved attempts, of those that were decided.
    pub pass: Option<f64>,
    /// Students approved at their first attempt, of those whose first attempt was decided.
    pub first_pass: Option<f64>,
}

/// The progress of a season.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Progress {
    pub units: Vec<UnitProgress>,
    pub whole: UnitProgress,
}

impl Progress {
    /// The units and their sum.
    #[must_use]
    pub fn of(units: Vec<UnitProgress>) -> Progress {
        let mut whole = UnitProgress::default();
        units.iter().for_each(|unit| whole.add(unit));
        Progress { units, whole }
    }

    /// The same with what follows from the counts at this time.
    #[must_use]
    pub fn derived(mut self, now: Timestamp) -> Progress {
        self.units.iter_mut().for_each(|unit| unit.derive(now));
        let mut derived = Progress::of(self.units);
        derived.whole.derive_rates();
        derived
    }
}

impl UnitProgress {
    /// Adds another unit's counts; names, last days and rates are left alone.
    pub fn add(&mut self, other: &UnitProgress) {
        self.students += other.students;
        self.captured_students += other.captured_students;
        self.done_students += other.done_students;
        self.captured += other.captured;
        self.standardized += other.standardized;
        self.machine_refused += other.machine_refused;
        self.pending += other.pending;
        self.correction_requested += other.correction_requested;
        self.held += other.held;
        self.approved += other.approved;
        self.rejected += other.rejected;
        self.withdrawn += other.withdrawn;
        self.doubtful += other.doubtful;
        self.first_attempts.approved += other.first_attempts.approved;
        self.first_attempts.rejected += other.first_attempts.rejected;
        let (mine, theirs) = (&mut self.enrolments, &other.enrolments);
        mine.invited += theirs.invited;
        mine.verified += theirs.verified;
        mine.done += theirs.done;
        mine.withdrawn += theirs.withdrawn;
        mine.ineligible += theirs.ineligible;
        mine.lapsed += theirs.lapsed;
        mine.erased += theirs.erased;
        let (mine, theirs) = (&mut self.deliveries, &other.deliveries);
        mine.ready += theirs.ready;
        mine.exported += theirs.exported;
        mine.uploaded += theirs.uploaded;
        mine.accepted += theirs.accepted;
        mine.returned += theirs.returned;
        mine.retake += theirs.retake;
        let (mine, theirs) = (&mut self.prints, &other.prints);
        mine.queued += theirs.queued;
        mine.printed += theirs.printed;
        mine.packed += theirs.packed;
        mine.mailed += theirs.mailed;
        mine.received += theirs.received;
        mine.missing += theirs.missing;
        self.invited += other.invited;
        self.overdue += other.overdue;
    }

    /// The same with what follows from the counts at this time.
    #[must_use]
    pub fn derived(mut self, now: Timestamp) -> UnitProgress {
        self.derive(now);
        self
    }

    fn derive(&mut self, now: Timestamp) {
        let Enrolments { invited, verified, done, withdrawn: _, ineligible: _, lapsed, erased: _ } = self.enrolments;
        self.invited = invited + verified + done + lapsed;
        self.overdue = if self.closes_at.is_some_and(|closes_at| closes_at <= now) { invited + verified + lapsed } else { 0 };
        self.derive_rates();
    }

    fn derive_rates(&mut self) {
        let share = |part: i64, of: i64| (of > 0).then(|| part as f64 / of as f64);
        self.rates = Rates {
            upload: share(self.deliveries.uploaded + self.deliveries.accepted, self.invited),
            pass: share(self.approved, self.approved + self.rejected),
            first_pass: share(self.first_attempts.approved, self.first_attempts.approved + self.first_attempts.rejected),
        };
    }
}

/// What happened on one day, in China's time (`GET /v1/progress/days?season=…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct DayProgress {
    #[cfg_attr(feature = "server", schema(value_type = String, format = Date, example = "2027-05-01"))]
    pub day: Date,
    /// Photos that came.
    pub captured: i64,
    /// Decisions that became final.
    pub decided: i64,
}

/// One line of the audit (`GET /v1/audit?season=…&cursor=…`), newest first: who did what to which thing. Never personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    pub sequence: i64,
    pub at: Timestamp,
    /// Absent for what the machine did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Such as `review.approve`, `decision.held`, `roster.taken`.
    pub action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<Uuid>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// The end of a piece of a school's audit, chained to the piece before and signed (`GET /v1/audit/checkpoints?cursor=…`), newest first. Whoever
/// keeps the number and root of one can show later that nothing before it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AuditCheckpoint {
    /// From 1, without gaps.
    pub number: i64,
    /// The last line it covers.
    pub through_sequence: i64,
    /// How many lines it covers.
    pub entries: i64,
    /// SHA-256 in hexadecimal digits.
    pub root: String,
    pub made_at: Timestamp,
    /// Ed25519 in hexadecimal digits.
    pub signature: String,
    /// The key that the signature is verified with, in hexadecimal digits.
    pub public_key: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(closes_at: &str, enrolments: Enrolments) -> UnitProgress {
        UnitProgress { closes_at: Some(closes_at.parse().unwrap()), students: 10, enrolments, ..UnitProgress::default() }
    }

    #[test]
    fn overdue_is_who_takes_part_and_has_no_approved_photo_once_the_last_day_is_over() {
        let enrolments = Enrolments { invited: 3, verified: 2, done: 1, withdrawn: 1, ineligible: 1, lapsed: 1, erased: 1 };
        let units = vec![unit("2027-06-01T00:00:00Z", enrolments), unit("2027-06-02T00:00:00Z", enrolments)];
        let progress = Progress::of(units).derived("2027-06-01T00:00:00Z".parse().unwrap());
        assert_eq!((progress.units[0].overdue, progress.units[1].overdue, progress.whole.overdue), (6, 0, 6));
        assert_eq!((progress.units[0].invited, progress.whole.invited, progress.whole.students), (7, 14, 20));
    }

    #[test]
    fn rates_are_of_sums_and_absent_where_nothing_is() {
        let mut left = unit("2027-06-01T00:00:00Z", Enrolments { done: 4, ..Enrolments::default() });
        left.deliveries = Deliveries { uploaded: 1, accepted: 2, returned: 1, ..Deliveries::default() };
        (left.approved, left.rejected) = (3, 1);
        let right = unit("2027-06-01T00:00:00Z", Enrolments { invited: 4, ..Enrolments::default() });
        let progress = Progress::of(vec![left, right]).derived("2027-05-01T00:00:00Z".parse().unwrap());
        assert_eq!((progress.units[0].rates.upload, progress.units[1].rates.upload), (Some(0.75), Some(0.0)));
        assert_eq!(
            (progress.whole.rates.upload, progress.whole.rates.pass, progress.whole.rates.first_pass),
            (Some(0.375), Some(0.75), None)
        );
    }
}
