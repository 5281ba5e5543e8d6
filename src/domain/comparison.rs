//! Person–ID comparison in bands: a raw score keeps its scale and its model; people see a word, never a bare number.
//!
//! A machine never rejects a person: doubtful and different always go to people. The limits of the bands are data, keyed by model and cohort.

use serde::{Deserialize, Serialize};

/// The word a reviewer sees: 一致 · 存疑 · 不一致.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Band {
    Same,
    Doubtful,
    Different,
}

impl Band {
    /// The stable code; texts are in `locales/` under `band.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Band::Same => "same",
            Band::Doubtful => "doubtful",
            Band::Different => "different",
        }
    }
}

/// The limits between bands for one model and one cohort: `score ≥ same` is the same person, `score < doubtful` a different one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Bands {
    /// Name of the set, such as `default` or `specimen`.
    pub cohort: String,
    /// The model whose scores these limits were found with.
    pub model: String,
    pub same: f64,
    pub doubtful: f64,
}

impl Bands {
    /// The band of a score of this model.
    #[must_use]
    pub fn band(&self, score: f64) -> Band {
        if score >= self.same {
            Band::Same
        } else if score >= self.doubtful {
            Band::Doubtful
        } else {
            // A score that is not a number falls here too: nothing unknown may read as the same person.
            Band::Different
        }
    }
}

/// The ends of a model's scale, since vendors' differ (0–1, 0–100, −1–1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Scale {
    pub min: f64,
    pub max: f64,
}

/// The result of comparing two faces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Comparison {
    pub score: f64,
    pub scale: Scale,
    pub band: Band,
    /// Model and version of its weights.
    pub model: String,
    pub bands: Bands,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_belong_to_the_better_band_and_nothing_unknown_is_the_same() {
        let bands = Bands { cohort: "default".into(), model: "m".into(), same: 0.5, doubtful: 0.3 };
        assert_eq!(bands.band(0.5), Band::Same);
        assert_eq!(bands.band(0.3), Band::Doubtful);
        assert_eq!(bands.band(0.299), Band::Different);
        assert_eq!(bands.band(f64::NAN), Band::Different);
    }
}
