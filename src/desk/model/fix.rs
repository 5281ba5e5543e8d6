//! Fix & accept: what is tried on the photo under review before anything is sent.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Model;
use crate::{
    api::{
        problem::Problem,
        submission::{PictureKind, Submission},
    },
    desk::picture::Making,
    domain::{
        adjustment::{AdjustmentLimits, Adjustments},
        reason::Reason,
        report::Report,
    },
};

/// A fix that is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    pub submission: Uuid,
    /// Name of the season's standard, as the photo's report has it.
    pub standard: String,
    pub limits: AdjustmentLimits,
    pub wanted: Adjustments,
    /// Of the newest try.
    pub ticket: u64,
    /// The newest try that came out; while `wanted` is worked on, an older one.
    pub tried: Option<Tried>,
    pub look: FixLook,
    /// The finished picture that the server holds; a photo that the machine refused has none.
    pub before: Option<Uuid>,
}

/// A try that came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    pub ticket: u64,
    pub end: TryEnd,
}

/// How a try came out. The picture itself stays with the engine that made it; here it is known by its hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TryEnd {
    Made {
        /// SHA-256 of the JPEG, in hexadecimal.
        sha256: String,
        report: Box<Report>,
    },
    /// The photo does not meet the standard so.
    Refused {
        reasons: Vec<Reason>,
        report: Box<Report>,
    },
    Failed(Problem),
}

impl TryEnd {
    /// What the engine measured.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            TryEnd::Made { report, .. } | TryEnd::Refused { report, .. } => Some(report),
            TryEnd::Failed(_) => None,
        }
    }
}

/// What stands in the finished picture's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixLook {
    After,
    Before,
    Difference,
}

impl Fix {
    /// Whether the engine is still at it.
    #[must_use]
    pub fn working(&self) -> bool {
        self.tried.as_ref().is_none_or(|tried| tried.ticket != self.ticket)
    }

    /// The ticket of the picture that can be looked at.
    #[must_use]
    pub fn made(&self) -> Option<u64> {
        self.tried.as_ref().filter(|tried| matches!(tried.end, TryEnd::Made { .. })).map(|tried| tried.ticket)
    }

    /// What is really shown: before the first try came out there is no other than the old picture.
    #[must_use]
    pub fn shows(&self) -> FixLook {
        match self.look {
            FixLook::Difference if self.before.is_none() => FixLook::After,
            look if self.tried.is_some() => look,
            _ => FixLook::Before,
        }
    }
}

impl Model {
    /// The fix of this photo, while its panel is open.
    #[must_use]
    pub fn fix_of(&self, submission: Uuid) -> Option<&Fix> {
        self.fix.as_ref().filter(|fix| fix.submission == submission)
    }

    /// Which making of a photo's picture is to be shown; `None` where there is none to be had.
    #[must_use]
    pub fn making(&self, detail: &Submission, kind: PictureKind) -> Option<Making> {
        let kept = || detail.pictures.contains(&kind).then(|| Making::Kept(detail.rendition.filter(|_| kind == PictureKind::Standard)));
        let Some(fix) = self.fix_of(detail.summary.id).filter(|_| kind == PictureKind::Standard) else { return kept() };
        match fix.shows() {
            FixLook::Before => kept(),
            FixLook::After => fix.made().map(Making::Tried),
            FixLook::Difference => fix.made().zip(fix.before).map(|(ticket, rendition)| Making::Difference { ticket, rendition }),
        }
    }
}
