//! How long what is kept: by class, the most sensitive first. The days are a season's rules; what they are for is here.
//!
//! Source: 个人信息保护法 arts. 19 and 47 (the shortest time that the purpose needs), 人脸识别技术应用安全管理办法 art. 12. The days are our proposal; each
//! school sets its own.

use serde::{Deserialize, Serialize};

use super::lifecycle::attempt::Status;

/// A class of personal data with a storage time of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetentionClass {
    /// Pictures of ID cards and the portraits cut from them.
    IdCard,
    /// All pictures of photos that were rejected or taken back.
    Refused,
    /// The photos as they came, of those that were approved.
    Source,
    /// The standardized photos.
    Result,
    /// Names, ID numbers and phones.
    Identity,
}

impl RetentionClass {
    pub const ALL: [RetentionClass; 5] =
        [RetentionClass::IdCard, RetentionClass::Refused, RetentionClass::Source, RetentionClass::Result, RetentionClass::Identity];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            RetentionClass::IdCard => "id_card",
            RetentionClass::Refused => "refused",
            RetentionClass::Source => "source",
            RetentionClass::Result => "result",
            RetentionClass::Identity => "identity",
        }
    }

    /// The codes of the pictures in the class.
    #[must_use]
    pub fn pictures(self) -> &'static [&'static str] {
        match self {
            RetentionClass::IdCard => &["id_card", "portrait"],
            RetentionClass::Refused => &["original", "preview", "thumb", "standard"],
            RetentionClass::Source => &["original", "preview", "thumb"],
            RetentionClass::Result => &["standard"],
            RetentionClass::Identity => &[],
        }
    }

    /// Where an attempt stands whose pictures are in the class.
    #[must_use]
    pub fn statuses(self) -> &'static [Status] {
        match self {
            RetentionClass::IdCard => &[Status::Approved, Status::Rejected, Status::Withdrawn],
            RetentionClass::Refused => &[Status::Rejected, Status::Withdrawn],
            RetentionClass::Source | RetentionClass::Result => &[Status::Approved],
            RetentionClass::Identity => &[],
        }
    }
}

/// The days of each class. Of pictures they are counted from the end of the attempt, of identities from the end of the season.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Retention {
    pub id_card_days: u16,
    pub refused_days: u16,
    pub source_days: u16,
    pub result_days: u16,
    pub identity_days: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Retention { id_card_days: 30, refused_days: 30, source_days: 180, result_days: 3 * 365, identity_days: 3 * 365 }
    }
}

impl Retention {
    /// The days of a class.
    #[must_use]
    pub fn days(&self, class: RetentionClass) -> u16 {
        match class {
            RetentionClass::IdCard => self.id_card_days,
            RetentionClass::Refused => self.refused_days,
            RetentionClass::Source => self.source_days,
            RetentionClass::Result => self.result_days,
            RetentionClass::Identity => self.identity_days,
        }
    }
}

/// Whether a season compares faces by machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FaceComparison {
    /// Of everybody who did not decline or withdraw consent; for schools that collect consent with the enrolment.
    #[default]
    UnlessDeclined,
    /// Only of those whose consent is recorded here.
    WithConsent,
    /// Of nobody: people compare.
    Never,
}

impl FaceComparison {
    /// Whether the machine may compare, given what is recorded: nothing, a consent that stands, or one declined or withdrawn.
    #[must_use]
    pub fn allows(self, consented: Option<bool>) -> bool {
        match self {
            FaceComparison::UnlessDeclined => consented.unwrap_or(true),
            FaceComparison::WithConsent => consented.unwrap_or(false),
            FaceComparison::Never => false,
        }
    }
}

/// How many people's faces may be stored before the authority must be told (人脸识别技术应用安全管理办法 art. 15).
pub const FACES_TO_FILE: i64 = 100_000;
/// From here on it is time to prepare that.
pub const FACES_TO_WARN: i64 = 80_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_of_an_ended_attempt_is_in_one_class_at_least() {
        for status in [Status::Approved, Status::Rejected, Status::Withdrawn] {
            for picture in ["original", "preview", "thumb", "standard", "portrait", "id_card"] {
                let classes = RetentionClass::ALL
                    .into_iter()
                    .filter(|class| class.statuses().contains(&status) && class.pictures().contains(&picture));
                assert_eq!(classes.count(), 1, "{status:?} {picture}");
            }
        }
    }

    #[test]
    fn what_was_declined_is_never_compared_and_silence_depends_on_the_season() {
        for rule in [FaceComparison::UnlessDeclined, FaceComparison::WithConsent, FaceComparison::Never] {
            assert!(!rule.allows(Some(false)));
            assert_eq!(rule.allows(Some(true)), rule != FaceComparison::Never);
            assert_eq!(rule.allows(None), rule == FaceComparison::UnlessDeclined);
        }
    }

    #[test]
    fn the_most_sensitive_goes_first() {
        let days: Vec<u16> = RetentionClass::ALL.into_iter().map(|class| Retention::default().days(class)).collect();
        assert!(days.is_sorted(), "{days:?}");
    }
}
