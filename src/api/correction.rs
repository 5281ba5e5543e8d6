//! Corrections of a student's record before a decision, and withdrawals.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::lifecycle::correction::{CorrectedField, CorrectionState};

/// `POST /v1/submissions/{id}/corrections` with `If-Match` and `Idempotency-Key`: what the record should say. At least one field; this is the one
/// place where personal data comes in by JSON, and it never goes out again but masked.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewCorrection {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl std::fmt::Debug for NewCorrection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("NewCorrection").field(&self.fields()).finish()
    }
}

impl NewCorrection {
    /// Which fields it speaks of.
    #[must_use]
    pub fn fields(&self) -> Vec<CorrectedField> {
        let said = [
            (CorrectedField::Name, self.name.is_some()),
            (CorrectedField::IdNumber, self.id_number.is_some()),
            (CorrectedField::Phone, self.phone.is_some()),
        ];
        said.into_iter().filter_map(|(field, said)| said.then_some(field)).collect()
    }
}

/// `POST /v1/submissions/{id}/resumption` with `If-Match` and `Idempotency-Key`: how an open correction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Resumption {
    /// Whether the record is put right as asked. Reviews given before count on, unless a name or an ID number was put right.
    pub accept: bool,
}

/// A correction that was asked for. Values are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Correction {
    pub id: Uuid,
    pub submission: Uuid,
    pub unit: String,
    /// The submission's version, for resuming.
    pub version: i64,
    pub fields: Vec<CorrectedField>,
    pub state: CorrectionState,
    pub requested_at: Timestamp,
    /// What the record would say, masked; absent once the question is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}
