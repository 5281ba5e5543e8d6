//! A person's own data: consent, what is shown unmasked and why, what is given out to them, and erasure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{lifecycle::attempt::Status, reason::Reason, retention::RetentionClass, review::Decision};

/// What a student is asked to agree to, each apart from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// That the photo is taken and processed.
    Photo,
    /// That the machine compares the face with the ID card. Who declines is compared by people.
    FaceComparison,
}

impl ConsentKind {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ConsentKind::Photo => "photo",
            ConsentKind::FaceComparison => "face_comparison",
        }
    }
}

/// A student's answer (`POST /v1/consents`). The newest of a kind counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewConsent {
    pub season: String,
    /// Student number, student key or ID number.
    pub student: String,
    pub kind: ConsentKind,
    /// False: declined, or withdrawn.
    pub given: bool,
    /// The version of the text that was shown.
    pub version: String,
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Consent {
    pub kind: ConsentKind,
    pub given: bool,
    pub version: String,
    pub at: Timestamp,
}

/// A field of a student that is masked everywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MaskedField {
    Name,
    IdNumber,
    Phone,
}

impl MaskedField {
    /// The stable code, also the column.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            MaskedField::Name => "name",
            MaskedField::IdNumber => "id_number",
            MaskedField::Phone => "phone",
        }
    }
}

/// Why something is to be shown unmasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RevealReason {
    /// Photo and ID card do not settle who this is.
    CheckIdentity,
    /// The student must be called.
    ContactStudent,
    /// The student says that the record is wrong.
    CheckRecord,
    /// An authority asks.
    Authority,
}

impl RevealReason {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            RevealReason::CheckIdentity => "check_identity",
            RevealReason::ContactStudent => "contact_student",
            RevealReason::CheckRecord => "check_record",
            RevealReason::Authority => "authority",
        }
    }
}

/// A request to see unmasked what is masked (`POST /v1/submissions/{id}/reveal`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Reveal {
    /// Each once.
    pub fields: Vec<MaskedField>,
    pub reason: RevealReason,
}

/// What was asked for, unmasked; what the record does not have is absent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Revealed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// How many more this user may see within the hour.
    pub left: u32,
}

/// A person in a season (`POST /v1/persons/export`). In the body, because what names a person does not belong into an address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PersonAsked {
    pub season: String,
    /// Student number, student key or ID number.
    pub student: String,
}

/// Why a person is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErasureReason {
    PersonAsked,
    ConsentWithdrawn,
    EnteredByMistake,
}

impl ErasureReason {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ErasureReason::PersonAsked => "person_asked",
            ErasureReason::ConsentWithdrawn => "consent_withdrawn",
            ErasureReason::EnteredByMistake => "entered_by_mistake",
        }
    }
}

/// A request to erase a person (`POST /v1/persons/erasure`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Erasure {
    pub season: String,
    /// Student number, student key or ID number.
    pub student: String,
    pub reason: ErasureReason,
}

/// What an erasure did; its pictures are removed from the storage within the minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Erased {
    /// What stands for the person from now on.
    pub student: Uuid,
    pub attempts: u32,
    pub pictures: u32,
}

/// Everything that is kept of a person in a season: `data.json` of the archive that `POST /v1/persons/export` gives, whose other files are the
/// pictures. Unmasked: it is for the person.
#[derive(Clone, Serialize, Deserialize)]
pub struct PersonRecord {
    pub season: String,
    pub unit: String,
    pub student_number: Option<String>,
    pub student_key: String,
    pub name: Option<String>,
    pub id_number: Option<String>,
    pub phone: Option<String>,
    /// What else the roster said.
    pub details: serde_json::Value,
    pub enrolment: String,
    pub consents: Vec<Consent>,
    pub attempts: Vec<PersonAttempt>,
    /// Who did what about this person, without who it was: other people's names are theirs.
    pub events: Vec<PersonEvent>,
}

/// An attempt as the person gets it.
#[derive(Clone, Serialize, Deserialize)]
pub struct PersonAttempt {
    pub number: i64,
    pub status: Status,
    pub submitted_at: Timestamp,
    /// What the machine measured.
    pub report: Option<serde_json::Value>,
    pub comparison: Option<serde_json::Value>,
    pub decision: Option<Decision>,
    pub reasons: Vec<Reason>,
    pub pictures: Vec<PersonPicture>,
}

/// A picture as the person gets it.
#[derive(Clone, Serialize, Deserialize)]
pub struct PersonPicture {
    pub kind: String,
    /// The file in the archive; absent where the picture was purged.
    pub file: Option<String>,
    pub purged_at: Option<Timestamp>,
}

/// Something that was done about the person.
#[derive(Clone, Serialize, Deserialize)]
pub struct PersonEvent {
    pub at: Timestamp,
    pub action: String,
    pub details: BTreeMap<String, String>,
}

/// How the storage times of a season are kept (`GET /v1/retention?season=…`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RetentionReport {
    pub season: String,
    pub classes: Vec<ClassRetention>,
    /// People whose faces are stored in the whole house, counted once a day; absent before the first count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faces: Option<FacesStored>,
}

/// One class of a season.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ClassRetention {
    pub class: RetentionClass,
    /// The rule.
    pub days: u16,
    /// Pictures that are kept, or people for the class `identity`.
    pub kept: i64,
    /// Of these, the ones whose time is over: the next night takes them, unless the photo is still on its way to the register.
    pub due: i64,
    /// Pictures that were purged, or people that were erased.
    pub purged: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_purged_at: Option<Timestamp>,
}

/// How many people's faces are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct FacesStored {
    pub people: i64,
    pub counted_at: Timestamp,
    /// From this number on it is time to prepare the filing with the authority.
    pub warn_at: i64,
    /// At this number the filing is due.
    pub file_at: i64,
}

impl FacesStored {
    /// Whether people must be told.
    #[must_use]
    pub fn warns(&self) -> bool {
        self.people >= self.warn_at
    }
}
