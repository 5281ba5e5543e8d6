//! What a check says about a photo: a value, the limits it was held against, and a verdict in words.
//!
//! Only `Verdict::Fail` on one of the refusing checks keeps a photo from being standardized; every other failure is a finding
//! that a reviewer sees. What cannot be judged is `Unknown`, never a pass.

use serde::{Deserialize, Serialize};

use super::reason::Reason;

macro_rules! checks {
    ($($variant:ident, $code:literal, $unit:ident, $reason:ident;)*) => {
        /// Something that is measured on a photo.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum CheckId { $(#[doc = concat!("`", $code, "`")] $variant,)* }

        impl CheckId {
            /// Every check, in the order in which people read them.
            pub const ALL: &'static [CheckId] = &[$(CheckId::$variant,)*];

            /// The stable code; texts are in `locales/` under `check.<code>`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(CheckId::$variant => $code,)* }
            }

            /// The unit of its value and limits.
            #[must_use]
            pub fn unit(self) -> Unit {
                match self { $(CheckId::$variant => Unit::$unit,)* }
            }

            /// The reason it would be refused for; a check with two sides (exposure) says which by its value.
            #[must_use]
            pub fn reason(self) -> Reason {
                match self { $(CheckId::$variant => Reason::$reason,)* }
            }
        }
    };
}

checks! {
    FaceCount, "face_count", Count, FaceCount;
    SourceFaceSize, "source_face_size", Pixels, TooSmall;
    HairTop, "hair_top", Pixels, HairTop;
    EyeLine, "eye_line", Pixels, EyeLine;
    FaceWidth, "face_width", Pixels, FaceWidth;
    Centre, "centre", Pixels, OffCentre;
    CutOff, "cut_off", Pixels, CutOff;
    Enlarging, "enlarging", Ratio, TooSmall;
    Roll, "roll", Degrees, Tilted;
    Yaw, "yaw", Degrees, NotFrontal;
    Pitch, "pitch", Degrees, NotFrontal;
    Blur, "blur", Ratio, Blur;
    Overexposed, "overexposed", Ratio, Overexposed;
    Underexposed, "underexposed", Level, Underexposed;
    UnevenLight, "uneven_light", Ratio, UnevenLight;
    ColourCast, "colour_cast", Level, ColourCast;
    Greyscale, "greyscale", Level, Greyscale;
    Compression, "compression", Ratio, Blur;
    EyesOpen, "eyes_open", Ratio, EyesClosed;
    RedEye, "red_eye", Level, RedEye;
    TintedGlasses, "tinted_glasses", Ratio, TintedGlasses;
    GlassesGlare, "glasses_glare", Ratio, Glasses;
    MouthOpen, "mouth_open", Ratio, MouthOpen;
    Shoulders, "shoulders", Degrees, Shoulders;
    SourceBackground, "source_background", Level, Background;
    MatteConfidence, "matte_confidence", Ratio, MatteEdge;
    ClothesBlend, "clothes_blend", Level, ClothesBlend;
    Frame, "frame", Ratio, TextOrFrame;
    Rephotographed, "rephotographed", Ratio, Rephotographed;
    PictureSize, "picture_size", Pixels, Size;
    FileBytes, "file_bytes", Bytes, Bytes;
    Density, "density", Dpi, Size;
    Background, "background", Level, Background;
    MatteEdge, "matte_edge", Level, MatteEdge;
}

impl CheckId {
    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<CheckId> {
        CheckId::ALL.iter().copied().find(|check| check.code() == code)
    }

    /// The name of the quality measure of ISO/IEC 29794-5:2025 that looks at the same thing, as its reference implementation (BSI's OFIQ)
    /// spells it; `None` where that standard has none. The same thing, not the same scale: values here are held against `assets/standards`.
    #[must_use]
    pub fn iso_name(self) -> Option<&'static str> {
        Some(match self {
            CheckId::FaceCount => "SingleFacePresent",
            CheckId::SourceFaceSize => "InterEyeDistance",
            CheckId::FaceWidth => "HeadSize",
            CheckId::Roll => "HeadPoseRoll",
            CheckId::Yaw => "HeadPoseYaw",
            CheckId::Pitch => "HeadPosePitch",
            CheckId::Blur => "Sharpness",
            CheckId::Overexposed => "OverExposurePrevention",
            CheckId::Underexposed => "UnderExposurePrevention",
            CheckId::UnevenLight => "IlluminationUniformity",
            CheckId::ColourCast => "NaturalColour",
            CheckId::Compression => "CompressionArtifacts",
            CheckId::EyesOpen => "EyesOpen",
            CheckId::TintedGlasses | CheckId::GlassesGlare => "EyesVisible",
            CheckId::MouthOpen => "MouthClosed",
            CheckId::SourceBackground | CheckId::Background => "BackgroundUniformity",
            CheckId::HairTop
            | CheckId::EyeLine
            | CheckId::Centre
            | CheckId::CutOff
            | CheckId::Enlarging
            | CheckId::Greyscale
            | CheckId::RedEye
            | CheckId::Shoulders
            | CheckId::MatteConfidence
            | CheckId::ClothesBlend
            | CheckId::Frame
            | CheckId::Rephotographed
            | CheckId::PictureSize
            | CheckId::FileBytes
            | CheckId::Density
            | CheckId::MatteEdge => return None,
        })
    }
}

/// The unit of a check's value. `Ratio` has no dimension; `Level` is in 8-bit colour levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Pixels,
    Degrees,
    Ratio,
    Level,
    Bytes,
    Count,
    Dpi,
}

/// The word for a check's outcome, from best to worst; `Unknown` could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    Unknown,
    Warn,
    Fail,
}

/// The limits a value was held against; an absent end is open. Both ends belong to the allowed range.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Limit {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<f64>,
}

impl Limit {
    /// How far inside the limits a value lies, in the value's unit; negative when outside, `None` when nothing limits it.
    #[must_use]
    pub fn margin(self, value: f64) -> Option<f64> {
        let below = self.min.map(|min| value - min);
        let above = self.max.map(|max| max - value);
        match (below, above) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Whether the value lies within.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        self.margin(value).is_none_or(|margin| margin >= 0.0)
    }
}

/// A rectangle in pixels of the picture that was judged, for drawing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Region {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// Why a verdict is what it is: a code whose text is `why.<check>.<code>` in `locales/`, or `why.<code>` where the check has no words of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Why {
    Within,
    NearLimit,
    Below,
    Above,
    NoFace,
    NotJudged,
}

impl Why {
    /// The code under which the text is found.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Why::Within => "within",
            Why::NearLimit => "near_limit",
            Why::Below => "below",
            Why::Above => "above",
            Why::NoFace => "no_face",
            Why::NotJudged => "not_judged",
        }
    }
}

/// One check's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Check {
    pub id: CheckId,
    /// In `unit`; absent when it could not be measured.
    pub value: Option<f64>,
    pub unit: Unit,
    pub limit: Limit,
    /// Distance to the nearest limit in `unit`, negative outside.
    pub margin: Option<f64>,
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub region: Option<Region>,
    pub why: Why,
}

impl Check {
    /// Judges `value`: outside `fail` fails, outside `warn` warns. `limit` in the result is `fail`'s where it limits anything, else `warn`'s.
    #[must_use]
    pub fn judge(id: CheckId, value: f64, warn: Limit, fail: Limit) -> Check {
        let limit = if fail == Limit::default() { warn } else { fail };
        let side = |limit: Limit| if limit.min.is_some_and(|min| value < min) { Why::Below } else { Why::Above };
        let (verdict, why) = if !fail.holds(value) {
            (Verdict::Fail, side(fail))
        } else if !warn.holds(value) {
            (Verdict::Warn, if fail == Limit::default() { side(warn) } else { Why::NearLimit })
        } else {
            (Verdict::Pass, Why::Within)
        };
        Check { id, value: Some(value), unit: id.unit(), limit, margin: limit.margin(value), verdict, region: None, why }
    }

    /// A check that could not be judged.
    #[must_use]
    pub fn unknown(id: CheckId, why: Why) -> Check {
        Check { id, value: None, unit: id.unit(), limit: Limit::default(), margin: None, verdict: Verdict::Unknown, region: None, why }
    }

    /// The same check with the place in the picture it speaks of.
    #[must_use]
    pub fn at(self, region: Region) -> Check {
        Check { region: Some(region), ..self }
    }
}

/// The worst verdict among `checks`; `Pass` when there are none.
#[must_use]
pub fn worst(checks: &[Check]) -> Verdict {
    checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Pass)
}

/// The reasons of the failed checks, each once, in the order of the standard.
#[must_use]
pub fn failed_reasons(checks: &[Check]) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = checks.iter().filter(|check| check.verdict == Verdict::Fail).map(|check| check.id.reason()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARN: Limit = Limit { min: Some(210.0), max: Some(290.0) };
    const FAIL: Limit = Limit { min: Some(200.0), max: Some(300.0) };

    #[test]
    fn both_ends_belong_to_the_allowed_range() {
        assert_eq!(Check::judge(CheckId::EyeLine, 200.0, Limit::default(), FAIL).verdict, Verdict::Pass);
        assert_eq!(Check::judge(CheckId::EyeLine, 300.0, FAIL, FAIL).verdict, Verdict::Pass);
        assert_eq!(Check::judge(CheckId::EyeLine, 300.5, FAIL, FAIL).verdict, Verdict::Fail);
    }

    #[test]
    fn the_side_and_the_margin_are_told() {
        let high = Check::judge(CheckId::EyeLine, 318.0, WARN, FAIL);
        assert_eq!((high.verdict, high.why, high.margin), (Verdict::Fail, Why::Above, Some(-18.0)));
        let near = Check::judge(CheckId::EyeLine, 205.0, WARN, FAIL);
        assert_eq!((near.verdict, near.why, near.margin), (Verdict::Warn, Why::NearLimit, Some(5.0)));
    }

    #[test]
    fn a_warning_alone_never_fails() {
        let max = Limit { min: None, max: Some(1.0) };
        assert_eq!(Check::judge(CheckId::Enlarging, 9.0, max, Limit::default()).verdict, Verdict::Warn);
    }

    #[test]
    fn unknown_is_no_pass_and_no_failure() {
        let unknown = Check::unknown(CheckId::Yaw, Why::NoFace);
        assert_eq!(worst(std::slice::from_ref(&unknown)), Verdict::Unknown);
        assert!(failed_reasons(&[unknown]).is_empty());
    }

    #[test]
    fn names_of_the_iso_standard_are_written_as_it_writes_them() {
        let names: Vec<&str> = CheckId::ALL.iter().filter_map(|id| id.iso_name()).collect();
        assert!(names.iter().all(|name| name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphabetic)));
        assert_eq!(CheckId::ColourCast.iso_name(), Some("NaturalColour"));
        assert_eq!(CheckId::RedEye.iso_name(), None);
    }

    #[test]
    fn codes_are_what_json_says() {
        for id in CheckId::ALL {
            assert_eq!(serde_json::to_value(id).unwrap(), id.code());
        }
    }
}
