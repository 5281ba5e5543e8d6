//! Fix & accept: what a person may change of how a photo was finished, and within which limits.
//!
//! Only the crop's place and size, the background, the file's size and the way to the matte. What the regulation forbids (turning, mirroring,
//! warping, any change of the face) has no field here, so nobody can ask for it. Whole numbers, so that both ends of a line mean the same.

use serde::{Deserialize, Serialize};

use super::check::CheckId;

/// How a picture is to be finished otherwise than the engine would by itself; the default changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Adjustments {
    /// Thousandths by which the person is larger (the crop's margin smaller), around the middle of the eyes; negative smaller.
    pub scale: i32,
    /// Pixels of the finished picture by which the person moves to the picture's right; negative to its left.
    pub right: i32,
    /// Pixels of the finished picture by which the person moves down; negative up.
    pub down: i32,
    /// Another background that the standard permits, sRGB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<[u8; 3]>,
    /// The file has at most so many bytes, instead of the standard's most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u32>,
    pub matte: MatteWay,
}

/// How the person is parted from the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MatteWay {
    /// As the engine decides: net and colours, the finer net where they disagree.
    #[default]
    Usual,
    /// The net's answer alone, without the colours' word.
    Net,
    /// The finer net and the colours.
    Finer,
    /// The usual matte with a steeper edge.
    Harder,
    /// The usual matte with a flatter edge.
    Softer,
}

impl MatteWay {
    /// Every way, in the order in which a key goes through them.
    pub const ALL: [MatteWay; 5] = [MatteWay::Usual, MatteWay::Net, MatteWay::Finer, MatteWay::Harder, MatteWay::Softer];

    /// The stable code; texts are in `locales/` under `matte_way.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            MatteWay::Usual => "usual",
            MatteWay::Net => "net",
            MatteWay::Finer => "finer",
            MatteWay::Harder => "harder",
            MatteWay::Softer => "softer",
        }
    }
}

/// A closed range of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Span {
    pub min: i32,
    pub max: i32,
}

impl Span {
    /// Whether `value` lies within; both ends do.
    #[must_use]
    pub fn holds(self, value: i32) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// The value within that is nearest.
    #[must_use]
    pub fn nearest(self, value: i32) -> i32 {
        value.clamp(self.min, self.max)
    }
}

/// What adjustments must keep to, by the standard: beyond these no photo can keep the standard's own limits, and nobody need try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AdjustmentLimits {
    /// From the narrowest face that is allowed to the widest, and back.
    pub scale: Span,
    /// From one side of what centring allows to the other.
    pub right: Span,
    /// From one end to the other of where the hair may begin.
    pub down: Span,
    /// The standard's range of a file.
    pub bytes: Span,
    /// The standard's own background first.
    pub backgrounds: Vec<[u8; 3]>,
}

/// An adjustment that no limit of the standard allows, told by the check it would fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no {} of the standard is that far", .check.code())]
pub struct BeyondLimits {
    pub check: CheckId,
}

impl Adjustments {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Adjustments::default()
    }

    /// Whether the crop lies elsewhere than the engine would put it.
    #[must_use]
    pub fn moves(&self) -> bool {
        (self.scale, self.right, self.down) != (0, 0, 0)
    }

    /// Holds them against the limits of a standard.
    ///
    /// # Errors
    /// The first that is beyond, by its check.
    pub fn within(&self, limits: &AdjustmentLimits) -> Result<(), BeyondLimits> {
        let bytes = self.max_bytes.is_none_or(|bytes| i32::try_from(bytes).is_ok_and(|bytes| limits.bytes.holds(bytes)));
        let kept = [
            (CheckId::FaceWidth, limits.scale.holds(self.scale)),
            (CheckId::Centre, limits.right.holds(self.right)),
            (CheckId::HairTop, limits.down.holds(self.down)),
            (CheckId::FileBytes, bytes),
            (CheckId::Background, self.background.is_none_or(|rgb| limits.backgrounds.contains(&rgb))),
        ];
        kept.into_iter().find(|(_, kept)| !kept).map_or(Ok(()), |(check, _)| Err(BeyondLimits { check }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> AdjustmentLimits {
        AdjustmentLimits {
            scale: Span { min: -400, max: 667 },
            right: Span { min: -48, max: 48 },
            down: Span { min: -60, max: 60 },
            bytes: Span { min: 30_720, max: 40_000 },
            backgrounds: vec![[100, 197, 255]],
        }
    }

    #[test]
    fn nothing_changed_is_always_within() {
        let none = Adjustments::default();
        assert!(none.is_default() && !none.moves());
        assert_eq!(none.within(&limits()), Ok(()));
        assert_eq!(serde_json::from_str::<Adjustments>("{}").unwrap(), none);
    }

    #[test]
    fn what_is_beyond_is_told_by_its_check() {
        let beyond = |change: &dyn Fn(&mut Adjustments)| {
            let mut wanted = Adjustments::default();
            change(&mut wanted);
            wanted.within(&limits()).unwrap_err().check
        };
        assert_eq!(beyond(&|wanted| wanted.scale = 700), CheckId::FaceWidth);
        assert_eq!(beyond(&|wanted| wanted.right = -49), CheckId::Centre);
        assert_eq!(beyond(&|wanted| wanted.down = 61), CheckId::HairTop);
        assert_eq!(beyond(&|wanted| wanted.max_bytes = Some(30_719)), CheckId::FileBytes);
        assert_eq!(beyond(&|wanted| wanted.max_bytes = Some(u32::MAX)), CheckId::FileBytes);
        assert_eq!(beyond(&|wanted| wanted.background = Some([255; 3])), CheckId::Background);
        let ends = Adjustments { scale: -400, right: 48, down: -60, max_bytes: Some(40_000), ..Adjustments::default() };
        assert_eq!(ends.within(&limits()), Ok(()));
    }

    #[test]
    fn what_the_regulation_forbids_cannot_be_written_down() {
        for forbidden in ["rotate", "mirror", "smooth", "brightness", "warp"] {
            assert!(serde_json::from_str::<Adjustments>(&format!("{{\"{forbidden}\":1}}")).is_err());
        }
    }

    #[test]
    fn codes_are_what_json_says() {
        for way in MatteWay::ALL {
            assert_eq!(serde_json::to_value(way).unwrap(), way.code());
        }
    }
}
