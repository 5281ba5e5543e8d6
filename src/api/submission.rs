//! Submissions: attempts as a reviewer meets them, the claims that reserve them, the reviews that decide them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    check::{CheckId, Verdict},
    comparison::{Band, Comparison},
    lifecycle::attempt::Status,
    reason::Reason,
    report::Report,
    review::{Decision, ReviewVerdict},
};

/// One page of a list; `next` is absent on the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins, for `cursor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(example = "AAYkAB0XWAABl_PCWjF8wLnVL09vGpw-"))]
    pub next: Option<String>,
}

/// The student as lists show one: masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct MaskedStudent {
    pub student_number: String,
    /// `张*`; absent in a capture-code season that gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `6101**********0017`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// A row of the queue (`GET /v1/submissions?season=…&unit=…&status=…&measured=…&cursor=…&limit=…`), oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SubmissionSummary {
    pub id: Uuid,
    pub season: String,
    pub unit: String,
    pub student: MaskedStudent,
    /// The number of the attempt; more than 1 is a retake.
    pub number: u32,
    pub status: Status,
    pub version: i64,
    pub submitted_at: Timestamp,
    /// Worst verdict among the machine's checks.
    pub checks: Verdict,
    /// Reasons of the machine's failed checks, for preselection and sorting.
    pub machine_reasons: Vec<Reason>,
    /// What those checks said that were asked for (`measured=blur,roll`), as far as they were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<Band>,
    /// Until when somebody else has it on the screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_until: Option<Timestamp>,
    /// While held: what was decided. A second reviewer of a blind review never sees another's verdict here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
    /// Whether the asking user has reviewed it and it waits for others.
    #[serde(default)]
    pub reviewed_by_me: bool,
}

/// One check of a row: what is needed to find rows by it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Measured {
    pub check: CheckId,
    /// In the check's own unit; absent where nothing could be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    pub verdict: Verdict,
}

/// A submission whole (`GET /v1/submissions/{id}`); its version is also the `ETag`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Submission {
    #[serde(flatten)]
    pub summary: SubmissionSummary,
    /// What the engine said; absent while the photo waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// The rendition a review would speak of; absent on a refused attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendition: Option<Uuid>,
    /// The pictures that can be asked for.
    pub pictures: Vec<PictureKind>,
    /// Reasons of the decision, once decided and visible to the asking user.
    #[serde(default)]
    pub decision_reasons: Vec<Reason>,
    /// Other attempts of the same student, oldest first.
    #[serde(default)]
    pub history: Vec<PastAttempt>,
    /// Retake notices sent for this rejection.
    #[serde(default)]
    pub notices: Vec<NoticeState>,
}

/// Another attempt of the same student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PastAttempt {
    pub id: Uuid,
    pub number: u32,
    pub status: Status,
    pub submitted_at: Timestamp,
    pub reasons: Vec<Reason>,
}

/// One of a submission's pictures: `GET /v1/submissions/{id}/pictures/{kind}` gives a JPEG (the original: its own type).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PictureKind {
    /// The student's photo as it came, without its location.
    Original,
    /// The same, at most 900×1200, upright.
    Preview,
    /// The same, at most 120×160.
    Thumb,
    /// The standardized photo.
    Standard,
    /// The portrait cut from the ID card.
    Portrait,
}

impl PictureKind {
    pub const ALL: [PictureKind; 5] =
        [PictureKind::Original, PictureKind::Preview, PictureKind::Thumb, PictureKind::Standard, PictureKind::Portrait];

    /// The code in the path.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            PictureKind::Original => "original",
            PictureKind::Preview => "preview",
            PictureKind::Thumb => "thumb",
            PictureKind::Standard => "standard",
            PictureKind::Portrait => "portrait",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<PictureKind> {
        PictureKind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The JSON part `about` of `POST /v1/submissions` (multipart; the files are the parts `photo` and `id_card`). Made for imports:
/// the student is found by ID number or student number, the attempt is submitted as soon as the engine has judged it.
///
/// The same photo of the same student again answers 200 with the attempt that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewSubmission {
    pub season: String,
    /// A student number, a student key or an ID number: what the photo's file is named by.
    pub student: String,
}

/// `POST /v1/claims`: reserves photos for the asker, oldest first, or the named ones. At most 20.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewClaim {
    pub season: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// `pending` or `machine_refused`.
    pub status: Status,
    pub count: u8,
    /// Claim just these, as far as nobody else has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Uuid>,
    /// Photos the asker already holds are kept when named here, and released when not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Uuid>,
}

/// The answer: what the asker now holds, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Claim {
    /// For `Lease-Token`, the heartbeat (`PUT /v1/claims/{token}`) and the release (`DELETE`).
    pub token: Uuid,
    pub until: Timestamp,
    pub items: Vec<SubmissionSummary>,
    /// With no items: the earliest time at which somebody else's lease ends. Absent: there is nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_claimed_until: Option<Timestamp>,
    /// With no items: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nothing: Option<NothingToClaim>,
}

/// Why a claim came back empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NothingToClaim {
    /// The queue is empty.
    NothingWaits,
    /// Others have them all on their screens, until `all_claimed_until`.
    AllClaimed,
    /// What waits, the asker has reviewed or skipped, or it waits for somebody who leads reviews.
    NoneForYou,
}

impl NothingToClaim {
    /// The code, as JSON has it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            NothingToClaim::NothingWaits => "nothing_waits",
            NothingToClaim::AllClaimed => "all_claimed",
            NothingToClaim::NoneForYou => "none_for_you",
        }
    }
}

/// `POST /v1/submissions/{id}/reviews` with `If-Match`, `Idempotency-Key` and, if there is one, `Lease-Token`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewReview {
    #[serde(flatten)]
    pub verdict: ReviewVerdict,
    /// The rendition that was on the screen; absent on a refused attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendition: Option<Uuid>,
}

/// What a review, an undo or a notice did. `decision` is absent while more reviews are needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ReviewOutcome {
    pub submission: Uuid,
    pub status: Status,
    pub version: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
}

/// One sending of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NoticeState {
    pub id: Uuid,
    pub kind: NoticeKind,
    pub state: NoticeDelivery,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
}

/// What a notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    Approved,
    Rejected,
    /// The rejection said once more.
    Retake,
    /// The approval that was told does not stand: the photo is looked at again.
    Reopened,
    /// The register sent the approved photo back: a new one is to be taken.
    Returned,
}

impl NoticeKind {
    pub const ALL: [NoticeKind; 5] =
        [NoticeKind::Approved, NoticeKind::Rejected, NoticeKind::Retake, NoticeKind::Reopened, NoticeKind::Returned];

    /// The stable code; texts are in `locales/` under `notice.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            NoticeKind::Approved => "approved",
            NoticeKind::Rejected => "rejected",
            NoticeKind::Retake => "retake",
            NoticeKind::Reopened => "reopened",
            NoticeKind::Returned => "returned",
        }
    }
}

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeDelivery {
    Waiting,
    Delivered,
    /// Every way failed or there is no phone: the unit must call.
    CallNeeded,
    /// What it says no longer holds, and it was never sent.
    Stopped,
}

impl NoticeDelivery {
    pub const ALL: [NoticeDelivery; 4] =
        [NoticeDelivery::Waiting, NoticeDelivery::Delivered, NoticeDelivery::CallNeeded, NoticeDelivery::Stopped];

    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            NoticeDelivery::Waiting => "waiting",
            NoticeDelivery::Delivered => "delivered",
            NoticeDelivery::CallNeeded => "call_needed",
            NoticeDelivery::Stopped => "stopped",
        }
    }
}
