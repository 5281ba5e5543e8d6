//! How reviewing goes on: queues and places, photos passed on, golden items, agreement and pace.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{agreement::Judged, lifecycle::attempt::Status, queueing::SkipReason, reason::Reason, review::ReviewVerdict};

/// A unit's queue (`GET /v1/queue?season=…`), out of its counters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct QueueLength {
    pub unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// Photos that wait for reviews.
    pub waiting: i64,
    pub machine_refused: i64,
    /// Of both, those whose comparison is doubtful or different.
    pub doubtful: i64,
    /// When the one that has waited longest came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// The unit's own deadline; absent where the season's counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Timestamp>,
}

/// How many photos of the same unit come before one that waits (`GET /v1/submissions/{id}/position`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct QueuePosition {
    pub ahead: i64,
    /// It is further back than is counted.
    pub further: bool,
}

/// A unit's own deadline (`PUT /v1/seasons/{code}/units/{unit}/deadline`); without one the season's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct UnitDeadline {
    #[serde(default)]
    pub closes_at: Option<Timestamp>,
}

/// `POST /v1/submissions/{id}/skip`: passes a photo on. It is not offered to the same person again for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewSkip {
    pub reason: SkipReason,
    /// At most 60 characters, without names or numbers; needed with `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// From now on only who leads reviews is offered the photo.
    #[serde(default)]
    pub ask_lead: bool,
}

/// A photo that was passed on (`GET /v1/skips?season=…&asks_lead=…&cursor=…`), newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Skip {
    pub id: Uuid,
    pub submission: Uuid,
    /// Where the photo stands now.
    pub status: Status,
    pub unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
    pub reason: SkipReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub asks_lead: bool,
    pub at: Timestamp,
    /// Until when it is not offered to the same person.
    pub until: Timestamp,
}

/// How people review (`GET /v1/statistics/reviewers?season=…&from=…&to=…`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ReviewStatistics {
    pub reviewers: Vec<ReviewerStatistics>,
    /// Every two who reviewed the same photos.
    pub pairs: Vec<PairAgreement>,
}

/// How one person reviews; one's own under `GET /v1/statistics/me`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ReviewerStatistics {
    pub reviewer: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Reviews given, those taken back later included.
    pub reviews: i64,
    pub approvals: i64,
    pub rejections: i64,
    pub undone: i64,
    pub skipped: i64,
    #[serde(flatten)]
    pub pace: Pace,
    pub days: Vec<DayOfReviews>,
    pub reasons: Vec<ReasonOfReviews>,
    /// With the final decision, of photos that somebody else reviewed too: of the others the review was the decision.
    pub against_final: Agreement,
    /// With the known answers of golden items; told to those who may read everybody's statistics only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub golden: Option<GoldenScore>,
}

/// How long a look took: from the lease of the photo, or from the same person's review before where that is later, to the review. A look of
/// more than ten minutes is a pause and is not measured.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Pace {
    /// Of how many reviews the time is known.
    pub measured: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_seconds: Option<f64>,
}

/// A day's reviews; days are China's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct DayOfReviews {
    /// Such as `2027-05-01`.
    pub day: jiff::civil::Date,
    pub reviews: i64,
    #[serde(flatten)]
    pub pace: Pace,
}

/// Rejections with one reason among theirs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ReasonOfReviews {
    pub reason: Reason,
    pub reviews: i64,
    #[serde(flatten)]
    pub pace: Pace,
}

/// How far two judges agree.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Agreement {
    /// Photos that both judged.
    pub both: u64,
    /// Of those, with the same verdict.
    pub same: u64,
    /// Cohen's kappa.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kappa: Option<f64>,
    /// Why there is none: `nothing` or `one_verdict`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undefined: Option<String>,
}

impl From<Judged> for Agreement {
    fn from(judged: Judged) -> Agreement {
        let kappa = judged.kappa();
        Agreement { both: judged.all(), same: judged.same(), kappa: kappa.ok(), undefined: kappa.err().map(|why| why.code().to_owned()) }
    }
}

/// How far two people agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PairAgreement {
    pub first: Uuid,
    pub second: Uuid,
    #[serde(flatten)]
    pub agreement: Agreement,
}

/// What somebody made of golden items.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct GoldenScore {
    /// Of those answered.
    #[serde(flatten)]
    pub agreement: Agreement,
    /// Right rejections that also named one of the known reasons.
    pub reason_named: i64,
    /// Right rejections.
    pub rejected_right: i64,
}

/// `POST /v1/golden`: makes a decided attempt a golden item. Its verdict must be the one that stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewGolden {
    pub submission: Uuid,
    #[serde(flatten)]
    pub verdict: ReviewVerdict,
}

/// A golden item (`GET /v1/golden?season=…`), oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct GoldenItem {
    pub id: Uuid,
    pub submission: Uuid,
    #[serde(flatten)]
    pub verdict: ReviewVerdict,
    pub made_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// How many reviewers have it, or have had it.
    pub given: i64,
    pub answered: i64,
    pub right: i64,
}
