//! What the engine says about one photo: facts of the source, geometry, checks, the transform, facts of the output, hashes of the weights.
//!
//! Stored with every rendition, so that a result can be shown, argued about and repeated years later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{adjustment::Adjustments, check::Check, proof::ProofRecord};

/// The source as it was decoded, after its EXIF orientation was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SourceFacts {
    /// `jpeg`, `png`, `webp` or `heic`, by content and not by name.
    pub format: String,
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
    /// EXIF orientation 1–8 that was applied; 1 where none was given, and for HEIC, whose container turns the picture itself.
    pub orientation: u8,
    /// Whether an ICC profile was converted to sRGB.
    pub colour_converted: bool,
}

/// The geometry of the finished photo in its own pixels, as `design.md` (Judging) defines each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Geometry {
    pub hair_top: f64,
    pub eye_line: f64,
    pub face_width: f64,
    pub centre_x: f64,
    /// Degrees, positive when the subject's left eye is lower in the picture.
    pub roll_deg: f64,
}

/// How source pixels became output pixels: `output = (source − (x, y)) × scale`, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Transform {
    /// Left edge of the crop in source pixels; negative where the canvas was extended with background.
    pub x: f64,
    /// Top edge of the crop in source pixels; negative likewise.
    pub y: f64,
    pub scale: f64,
}

/// The file that was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct OutputFacts {
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
    /// JPEG quality 1–100.
    pub quality: u8,
    /// Chroma sampling, such as `4:4:4`.
    pub sampling: String,
}

/// How a person had a photo finished, and the proof that nothing else was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Rework {
    pub adjustments: Adjustments,
    pub proof: ProofRecord,
}

/// Everything the engine knows about one photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Report {
    /// Version of the engine.
    pub engine: String,
    /// Name of the standard, such as `chsi-blue`.
    pub standard: String,
    pub source: SourceFacts,
    pub geometry: Option<Geometry>,
    pub transform: Option<Transform>,
    pub output: Option<OutputFacts>,
    pub checks: Vec<Check>,
    /// SHA-256 in hexadecimal of each weights file that was used, by file name.
    pub weights: BTreeMap<String, String>,
    /// Absent where the engine finished it by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rework: Option<Rework>,
}
