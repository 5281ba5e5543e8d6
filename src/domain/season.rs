//! A season: one graduation, its rules as data.

use serde::{Deserialize, Serialize};

use super::{
    lifecycle::entitlement::Guarded,
    retention::{FaceComparison, Retention},
};

/// How students are known in a season. The rule changed in 2023.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SeasonKind {
    /// Names and ID numbers come from the school.
    #[default]
    Roster,
    /// Each student brings a CHSI capture code with a student key and masked data.
    CaptureCode,
}

impl SeasonKind {
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            SeasonKind::Roster => "roster",
            SeasonKind::CaptureCode => "capture_code",
        }
    }
}

/// The rules of a season that code reads. Stored as JSON, so that a rule can be added without a migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct SeasonRules {
    /// Name of the photo standard.
    pub standard: String,
    /// Name of the set of comparison bands.
    pub cohort: String,
    /// How long a decision may be undone before its notice is sent, in seconds.
    #[cfg_attr(feature = "server", schema(maximum = 31_622_400))]
    pub held_seconds: u32,
    /// How many reviews decide an attempt.
    #[cfg_attr(feature = "server", schema(minimum = 1))]
    pub reviews_needed: u8,
    /// How many reviews decide an attempt whose comparison is doubtful or different (our proposal).
    pub reviews_needed_when_doubtful: u8,
    /// How many retake notices one rejection may cause in all.
    pub notices_per_rejection: u8,
    /// How long a claim is kept without a sign of life, in seconds.
    #[cfg_attr(feature = "server", schema(minimum = 1, maximum = 31_622_400))]
    pub lease_seconds: u32,
    /// By how many minutes a retake is placed ahead of when it came in.
    #[cfg_attr(feature = "server", schema(maximum = 527_040))]
    pub retake_head_start_minutes: u32,
    /// How many of the last minutes before a deadline count as one moment: who comes in within them is placed where they begin.
    #[cfg_attr(feature = "server", schema(maximum = 527_040))]
    pub deadline_head_start_minutes: u32,
    /// How long a photo is not offered again to who skipped it, in seconds.
    #[cfg_attr(feature = "server", schema(maximum = 31_622_400))]
    pub skip_seconds: u32,
    /// The share of the attempts without doubt that get a second review all the same, from 0 to 1. Drawn by a keyed hash of the attempt.
    #[cfg_attr(feature = "server", schema(minimum = 0, maximum = 1))]
    pub second_review_share: f64,
    /// Whether a disagreement is settled by somebody who leads reviews.
    pub third_leads: bool,
    /// The share of golden items among what a reviewer gets, from 0 to 1.
    #[cfg_attr(feature = "server", schema(minimum = 0, maximum = 1))]
    pub golden_share: f64,
    /// Whether a photo may be approved on a preview of fewer dots than a third of its own; else the real picture has to be opened before.
    pub preview_approval: bool,
    /// Within how many seconds a second person must confirm that an approval is reopened.
    #[cfg_attr(feature = "server", schema(maximum = 31_622_400))]
    pub reopening_seconds: u32,
    /// How long photos may be out of the house in an offline bundle, in seconds; 0 where none may.
    #[cfg_attr(feature = "server", schema(maximum = 31_622_400))]
    pub bundle_seconds: u32,
    /// Whether portraits cut from ID cards may go along in a bundle.
    pub bundle_portraits: bool,
    /// What the capture must be paid for before.
    pub guarded: Guarded,
    /// Whether the machine compares faces.
    pub face_comparison: FaceComparison,
    /// How long what is kept.
    pub retention: Retention,
}

impl Default for SeasonRules {
    fn default() -> Self {
        SeasonRules {
            standard: "chsi-blue".into(),
            cohort: "default".into(),
            held_seconds: 600,
            reviews_needed: 1,
            reviews_needed_when_doubtful: 2,
            notices_per_rejection: 3,
            lease_seconds: 300,
            retake_head_start_minutes: 24 * 60,
            deadline_head_start_minutes: 48 * 60,
            skip_seconds: 4 * 60 * 60,
            second_review_share: 0.0,
            third_leads: false,
            golden_share: 0.0,
            preview_approval: false,
            reopening_seconds: 24 * 60 * 60,
            bundle_seconds: 72 * 60 * 60,
            bundle_portraits: true,
            guarded: Guarded::Nothing,
            face_comparison: FaceComparison::default(),
            retention: Retention::default(),
        }
    }
}
