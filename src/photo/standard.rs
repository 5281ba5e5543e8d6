//! A photo standard: every number of it is data in `assets/standards/*.toml`, because rules change and the original was not found.

use serde::{Deserialize, Serialize};

use crate::domain::adjustment::{AdjustmentLimits, Adjustments, Span};
use crate::domain::check::{CheckId, Limit};

/// What a finished photo must be, and the limits its checks are held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// Such as `chsi-blue`.
    pub name: String,
    pub picture: PictureRule,
    pub file: FileRule,
    pub background: BackgroundRule,
    /// One entry a check that is judged.
    pub checks: Checks,
}

/// The size of the finished picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureRule {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Pixels per inch, written as the density of the file.
    pub dpi: u16,
}

/// The finished file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    pub min_bytes: usize,
    pub max_bytes: usize,
    /// The lowest JPEG quality allowed, 1–100.
    pub min_quality: u8,
}

/// The background of the finished picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackgroundRule {
    /// sRGB; what the engine takes by itself.
    pub rgb: [u8; 3],
    /// What people may take instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<[u8; 3]>,
}

/// The two limits of one check: outside `warn` warns, outside `fail` fails. An absent one never applies.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(default)]
    pub warn: Limit,
    #[serde(default)]
    pub fail: Limit,
}

/// The limits of every check by its code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Checks(std::collections::BTreeMap<CheckId, Limits>);

/// A standard's text that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StandardError {
    #[error("not a standard: {0}")]
    Syntax(String),
    #[error("the standard has no closed range of {0}")]
    NoRange(&'static str),
    #[error("the standard's {0} is out of bounds")]
    OutOfBounds(&'static str),
}

const BUILTIN: [(&str, &str); 4] = [
    ("chsi-blue", include_str!("../../assets/standards/chsi-blue.toml")),
    ("chsi-white", include_str!("../../assets/standards/chsi-white.toml")),
    ("chsi-grey", include_str!("../../assets/standards/chsi-grey.toml")),
    ("chsi-any", include_str!("../../assets/standards/chsi-any.toml")),
];

impl Standard {
    /// The names of the standards that are built in, the default one first.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        BUILTIN.iter().map(|(name, _)| *name).collect()
    }

    /// The built-in standard of this name.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Standard> {
        let (_, text) = BUILTIN.iter().find(|(builtin, _)| *builtin == name)?;
        Some(Standard::from_toml(text).expect("built-in standards are tested"))
    }

    /// Reads a standard and holds it against sense.
    ///
    /// # Errors
    /// A text that is no TOML or lacks a field, a geometry without closed ranges, sizes that cannot be.
    pub fn from_toml(text: &str) -> Result<Standard, StandardError> {
        let standard: Standard = toml::from_str(text).map_err(|error| StandardError::Syntax(error.to_string()))?;
        for id in [CheckId::HairTop, CheckId::EyeLine, CheckId::FaceWidth] {
            let limit = standard.limits(id).fail;
            if !matches!((limit.min, limit.max), (Some(min), Some(max)) if min < max) {
                return Err(StandardError::NoRange(id.code()));
            }
        }
        if standard.limits(CheckId::Centre).fail.max.is_none() {
            return Err(StandardError::NoRange(CheckId::Centre.code()));
        }
        let picture = standard.picture;
        if !(64..=4096).contains(&picture.width) || !(64..=4096).contains(&picture.height) || picture.dpi == 0 {
            return Err(StandardError::OutOfBounds("picture"));
        }
        let file = standard.file;
        if file.min_bytes >= file.max_bytes || !(1..=100).contains(&file.min_quality) {
            return Err(StandardError::OutOfBounds("file"));
        }
        Ok(standard)
    }

    /// The limits of one check; open ones where the standard says nothing.
    #[must_use]
    pub fn limits(&self, id: CheckId) -> Limits {
        self.checks.0.get(&id).copied().unwrap_or_default()
    }

    /// What people may adjust, and how far: the standard's own ranges say it, so that no number is made up.
    #[must_use]
    pub fn adjusting(&self) -> AdjustmentLimits {
        let (narrow, wide) = self.range(CheckId::FaceWidth);
        let (high, low) = self.range(CheckId::HairTop);
        let aside = self.limits(CheckId::Centre).fail.max.unwrap_or(0.0);
        let both = |most: f64| Span { min: -(most as i32), max: most as i32 };
        let bytes = |bytes: usize| i32::try_from(bytes).unwrap_or(i32::MAX);
        AdjustmentLimits {
            scale: Span { min: -((1000.0 * (1.0 - narrow / wide)) as i32), max: (1000.0 * (wide / narrow - 1.0)) as i32 },
            right: both(2.0 * aside),
            down: both(low - high),
            bytes: Span { min: bytes(self.file.min_bytes), max: bytes(self.file.max_bytes) },
            backgrounds: std::iter::once(self.background.rgb).chain(self.background.others.iter().copied()).collect(),
        }
    }

    /// The standard as a person narrowed it for one picture. What is asked for must lie within `adjusting`.
    #[must_use]
    pub(super) fn adjusted(&self, adjustments: &Adjustments) -> Standard {
        let mut narrowed = self.clone();
        if let Some(bytes) = adjustments.max_bytes {
            narrowed.file.max_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        if let Some(rgb) = adjustments.background {
            narrowed.background.rgb = rgb;
        }
        narrowed
    }

    /// The closed range of a check that `from_toml` has made sure of.
    #[must_use]
    pub(crate) fn range(&self, id: CheckId) -> (f64, f64) {
        let limit = self.limits(id).fail;
        (limit.min.unwrap_or(f64::NEG_INFINITY), limit.max.unwrap_or(f64::INFINITY))
    }
}

impl Default for Standard {
    fn default() -> Self {
        Standard::builtin(BUILTIN[0].0).expect("the first built-in standard exists")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_reads_and_bears_its_name() {
        for name in Standard::names() {
            assert_eq!(Standard::builtin(name).unwrap().name, name);
        }
        assert_eq!(Standard::default().name, "chsi-blue");
        assert!(Standard::builtin("no-such").is_none());
    }

    #[test]
    fn the_numbers_are_the_regulations() {
        let blue = Standard::default();
        assert_eq!((blue.picture.width, blue.picture.height, blue.picture.dpi), (480, 640, 300));
        assert_eq!((blue.file.min_bytes, blue.file.max_bytes, blue.file.min_quality), (30_720, 40_000, 60));
        assert_eq!(blue.background.rgb, [100, 197, 255]);
        assert_eq!(blue.range(CheckId::HairTop), (50.0, 110.0));
        assert_eq!(blue.range(CheckId::EyeLine), (200.0, 300.0));
        assert_eq!(blue.range(CheckId::FaceWidth), (180.0, 300.0));
        assert_eq!(Standard::builtin("chsi-white").unwrap().background.rgb, [255; 3]);
        assert_eq!(Standard::builtin("chsi-grey").unwrap().background.rgb, [240; 3]);
    }

    #[test]
    fn how_far_people_may_adjust_follows_from_the_regulations_ranges() {
        let limits = Standard::default().adjusting();
        assert_eq!(limits.scale, Span { min: -400, max: 666 });
        assert_eq!((limits.right, limits.down), (Span { min: -48, max: 48 }, Span { min: -60, max: 60 }));
        assert_eq!(limits.bytes, Span { min: 30_720, max: 40_000 });
        assert_eq!(limits.backgrounds, [[100, 197, 255]], "a province that allows one background allows no other");
        let any = Standard::builtin("chsi-any").unwrap().adjusting();
        assert_eq!(any.backgrounds, [[100, 197, 255], [255; 3], [240; 3]]);
    }

    #[test]
    fn every_check_has_limits_in_every_builtin() {
        for name in Standard::names() {
            let standard = Standard::builtin(name).unwrap();
            for id in CheckId::ALL {
                assert_ne!(standard.limits(*id), Limits::default(), "{name} says nothing of {}", id.code());
            }
        }
    }

    #[test]
    fn nonsense_is_named() {
        assert!(matches!(Standard::from_toml("x = 1"), Err(StandardError::Syntax(_))));
        let text = BUILTIN[0].1.replace("min_bytes = 30720", "min_bytes = 50000");
        assert_eq!(Standard::from_toml(&text), Err(StandardError::OutOfBounds("file")));
    }
}
