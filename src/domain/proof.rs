//! What the proof says: whether inside the face anything was changed but scale, background and compression. `photo::proof` finds it out.

use serde::{Deserialize, Serialize};

use super::{
    check::{Region, Unit},
    report::Transform,
};

/// A change beyond scale, background and compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// The picture was not made from this source.
    NotThisSource,
    /// Left and right are exchanged.
    Mirrored,
    /// Turned, also by less than eyes see.
    Rotated,
    /// A part of the face lies elsewhere than it did.
    Warped,
    /// Light or colour of the face changed.
    Recoloured,
    /// Something on the face is gone, or new.
    Retouched,
    /// Skin has lost detail that compression would have left.
    Smoothed,
    /// Skin has more contrast in its detail than the source.
    Sharpened,
}

impl Edit {
    /// Every edit.
    pub const ALL: [Edit; 8] = [
        Edit::NotThisSource,
        Edit::Mirrored,
        Edit::Rotated,
        Edit::Warped,
        Edit::Recoloured,
        Edit::Retouched,
        Edit::Smoothed,
        Edit::Sharpened,
    ];

    /// The stable code; its text is `edit.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Edit::NotThisSource => "not_this_source",
            Edit::Mirrored => "mirrored",
            Edit::Rotated => "rotated",
            Edit::Warped => "warped",
            Edit::Recoloured => "recoloured",
            Edit::Retouched => "retouched",
            Edit::Smoothed => "smoothed",
            Edit::Sharpened => "sharpened",
        }
    }

    /// The unit of its value and limit.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Edit::NotThisSource | Edit::Mirrored | Edit::Smoothed | Edit::Sharpened => Unit::Ratio,
            Edit::Rotated => Unit::Degrees,
            Edit::Warped => Unit::Pixels,
            Edit::Recoloured | Edit::Retouched => Unit::Level,
        }
    }

    /// What honest pictures keep to; `docs/proof.md` has the figures. A floor for likeness and kept detail, a ceiling for the others.
    #[must_use]
    pub fn limit(self) -> f64 {
        match self {
            Edit::NotThisSource | Edit::Mirrored => LIKENESS,
            Edit::Rotated => 0.15,
            Edit::Warped => 0.45,
            Edit::Recoloured | Edit::Retouched => 3.0,
            Edit::Smoothed => 0.7,
            Edit::Sharpened => 1.25,
        }
    }
}

/// How alike a finished face and its own source are at the least, after the crop is found: edits leave .93, another person has up to .65.
pub const LIKENESS: f64 = 0.8;

/// One edit that was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ProofFinding {
    pub code: Edit,
    /// In `unit`.
    pub value: f64,
    pub limit: f64,
    pub unit: Unit,
    /// In pixels of the finished picture; absent where the whole face is meant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub region: Option<Region>,
}

/// The verdict in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProofVerdict {
    /// Inside the face nothing but scale, background and compression changed.
    Ok,
    /// Made from this source, and edited.
    Edited,
    /// Not made from this source.
    Other,
}

/// What was measured, whether or not it is a finding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ProofMeasures {
    /// How alike the details of the two faces are: 1 the same.
    pub likeness: f64,
    /// Degrees, clockwise; and how far it may be off.
    pub rotation_deg: f64,
    pub rotation_accuracy_deg: f64,
    /// Pixels, levels, levels, shares: as `Edit` has them.
    pub warp: f64,
    pub tone: f64,
    pub spot: f64,
    pub detail_least: f64,
    pub detail_most: f64,
}

/// A proof as it is kept beside the picture it speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ProofRecord {
    pub verdict: ProofVerdict,
    /// The crop that was found from the two pictures alone.
    pub transform: Transform,
    pub findings: Vec<ProofFinding>,
    pub measures: ProofMeasures,
}
