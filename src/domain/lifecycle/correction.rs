//! Corrections: before a decision a student may ask that the record be put right. Reviews wait meanwhile.

use serde::{Deserialize, Serialize};

/// What of a student's record may be corrected. The photo is not among it: an attempt's inputs never change, a withdrawal makes room for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CorrectedField {
    Name,
    IdNumber,
    Phone,
}

/// How a correction ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CorrectionState {
    Requested,
    /// The record was put right, and the photo waits for reviews again.
    Accepted,
    /// The record was right as it stood, and the photo waits for reviews again.
    Declined,
    /// The photo was taken back.
    Withdrawn,
}

impl CorrectedField {
    pub const ALL: [CorrectedField; 3] = [CorrectedField::Name, CorrectedField::IdNumber, CorrectedField::Phone];

    /// The stable code; texts are in `locales/` under `correction.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            CorrectedField::Name => "name",
            CorrectedField::IdNumber => "id_number",
            CorrectedField::Phone => "phone",
        }
    }
}

/// Whether the reviews given before no longer count once these fields were corrected: who judged the photo against another name or number judged
/// another question. A phone number changes no verdict.
#[must_use]
pub fn voids_reviews(corrected: &[CorrectedField]) -> bool {
    corrected.iter().any(|field| matches!(field, CorrectedField::Name | CorrectedField::IdNumber))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reviews_outlive_a_new_phone_but_not_a_new_name() {
        assert!(!voids_reviews(&[]));
        assert!(!voids_reviews(&[CorrectedField::Phone]));
        assert!(voids_reviews(&[CorrectedField::Phone, CorrectedField::Name]));
        assert!(voids_reviews(&[CorrectedField::IdNumber]));
    }
}
