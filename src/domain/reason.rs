//! The reasons for which a photo is refused: one code each, the same in the engine, the API, the desk and the notice.
//!
//! The list is `standard.md` §3 of the field. Texts (at most 20 Chinese characters, plus a longer help) live in `locales/` under `reason.<code>`.

use serde::{Deserialize, Serialize};

/// Who can find a reason: the machine, a human, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finder {
    Machine,
    Human,
    Both,
}

/// The part of the standard a reason belongs to; the reason sheet is ordered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    File,
    Geometry,
    Background,
    Face,
    Light,
    Authenticity,
    Identity,
}

macro_rules! reasons {
    ($($variant:ident, $code:literal, $group:ident, $finder:ident;)*) => {
        /// A reason for refusing a photo.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $(#[doc = concat!("`", $code, "`")] $variant,)* }

        impl Reason {
            /// Every reason, in the order of the standard.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The stable code, as it travels in JSON, in the store and in exports.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Reason::$variant => $code,)* }
            }

            /// The part of the standard it belongs to.
            #[must_use]
            pub fn group(self) -> Group {
                match self { $(Reason::$variant => Group::$group,)* }
            }

            /// Who can find it.
            #[must_use]
            pub fn finder(self) -> Finder {
                match self { $(Reason::$variant => Finder::$finder,)* }
            }
        }
    };
}

reasons! {
    Greyscale, "greyscale", File, Machine;
    TooSmall, "too_small", File, Machine;
    Size, "size", File, Machine;
    Bytes, "bytes", File, Machine;
    Unreadable, "unreadable", File, Machine;
    Blur, "blur", File, Machine;
    HairTop, "hair_top", Geometry, Machine;
    EyeLine, "eye_line", Geometry, Machine;
    FaceWidth, "face_width", Geometry, Machine;
    OffCentre, "off_centre", Geometry, Machine;
    CutOff, "cut_off", Geometry, Machine;
    Tilted, "tilted", Geometry, Machine;
    NotFrontal, "not_frontal", Geometry, Both;
    Shoulders, "shoulders", Geometry, Both;
    Background, "background", Background, Both;
    MatteEdge, "matte_edge", Background, Both;
    ClothesBlend, "clothes_blend", Background, Both;
    Clothes, "clothes", Background, Human;
    HeadCover, "head_cover", Face, Both;
    TintedGlasses, "tinted_glasses", Face, Both;
    ForeheadHidden, "forehead_hidden", Face, Human;
    Expression, "expression", Face, Human;
    HairOverFace, "hair_over_face", Face, Human;
    EarsHidden, "ears_hidden", Face, Human;
    Glasses, "glasses", Face, Both;
    Lenses, "lenses", Face, Human;
    Accessories, "accessories", Face, Human;
    MouthOpen, "mouth_open", Face, Both;
    EyesClosed, "eyes_closed", Face, Machine;
    UnevenLight, "uneven_light", Light, Both;
    Overexposed, "overexposed", Light, Machine;
    Underexposed, "underexposed", Light, Machine;
    ColourCast, "colour_cast", Light, Machine;
    RedEye, "red_eye", Light, Machine;
    MakeUp, "make_up", Authenticity, Human;
    Retouched, "retouched", Authenticity, Human;
    Rephotographed, "rephotographed", Authenticity, Both;
    Selfie, "selfie", Authenticity, Human;
    OldPhoto, "old_photo", Authenticity, Both;
    FaceCount, "face_count", Authenticity, Machine;
    TextOrFrame, "text_or_frame", Authenticity, Both;
    Mirrored, "mirrored", Authenticity, Machine;
    NotSamePerson, "not_same_person", Identity, Both;
    IdUnclear, "id_unclear", Identity, Both;
    IdMismatch, "id_mismatch", Identity, Machine;
    NotEligible, "not_eligible", Identity, Human;
}

/// A word that is no reason's code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no reason has the code {0:?}")]
pub struct UnknownReason(pub String);

impl std::str::FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Reason::ALL.iter().copied().find(|reason| reason.code() == code).ok_or_else(|| UnknownReason(code.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_one_reason_everywhere() {
        for reason in Reason::ALL {
            assert_eq!(reason.code().parse::<Reason>().as_ref(), Ok(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
        }
        assert!("no_such_thing".parse::<Reason>().is_err());
    }

    #[test]
    fn the_order_is_the_standards() {
        assert!(Reason::ALL.windows(2).all(|pair| pair[0].group() <= pair[1].group()));
    }
}
