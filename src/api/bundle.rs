//! Offline bundles: photos that leave the house for a while, reserved for one reviewer at one device, and how they stand when they come back.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most photos of one bundle.
pub const LARGEST: u16 = 500;
/// How many bundles of one person may be out at once.
pub const MOST_OPEN: i64 = 3;

/// `POST /v1/bundles`: reserves photos that wait in a unit until the bundle expires, those first that have waited longest.
///
/// The same `id` again, by the same person for the same unit and device, is the same bundle: what broke off goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewBundle {
    /// A UUIDv7 made by the caller for one intention.
    pub id: Uuid,
    pub season: String,
    pub unit: String,
    /// 1 to 500.
    #[cfg_attr(feature = "server", schema(minimum = 1, maximum = 500))]
    pub count: u16,
    /// The device's own name: derived from its key, and nothing that tells whose it is.
    pub device: Uuid,
}

/// A photo as it was when the bundle was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BundleItem {
    pub submission: Uuid,
    pub version: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendition: Option<Uuid>,
}

/// What the server says of a bundle, and signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BundleStatement {
    pub id: Uuid,
    pub school: String,
    pub season: String,
    pub unit: String,
    pub reviewer: Uuid,
    pub device: Uuid,
    pub issued_at: Timestamp,
    /// By the server's clock: later than this it takes no decision from the bundle.
    pub expires_at: Timestamp,
    /// Whether the season lets portraits cut from ID cards out of the house.
    pub portraits: bool,
    pub items: Vec<BundleItem>,
}

impl BundleStatement {
    /// The bytes that are signed: one field a line, texts as JSON writes them, so that no two statements share them.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let mut message = format!(
            "zhaoshen bundle 1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n",
            self.id,
            text(&self.school),
            text(&self.season),
            text(&self.unit),
            self.reviewer,
            self.device,
            self.issued_at.as_microsecond(),
            self.expires_at.as_microsecond(),
            self.portraits,
            self.items.len()
        );
        for item in &self.items {
            let rendition = item.rendition.map_or_else(|| "-".to_owned(), |rendition| rendition.to_string());
            let _ = writeln!(message, "{} {} {rendition}", item.submission, item.version);
        }
        message.into_bytes()
    }
}

/// A bundle's statement with the house's signature (Ed25519) of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SignedBundle {
    pub statement: BundleStatement,
    /// Of [`BundleStatement::message`], in hexadecimal digits.
    pub signature: String,
    /// The key it is verified with, in hexadecimal digits; the one that also signs the audit's checkpoints.
    pub public_key: String,
}

/// `POST /v1/bundles/{id}/check`: how a bundle stands that comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BundleStanding {
    pub id: Uuid,
    /// The server's clock, which is the one that counts.
    pub now: Timestamp,
    pub expires_at: Timestamp,
    /// No decision is taken from it any more: it has expired, or somebody ended it.
    pub over: bool,
    /// Photos of people who were erased meanwhile: what the device has of them must go.
    pub erased: Vec<Uuid>,
}

/// A bundle that is out (`GET /v1/bundles?season=…`): one's own, or everybody's for who manages rosters or leads reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct OpenBundle {
    pub id: Uuid,
    pub unit: String,
    pub reviewer: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub device: Uuid,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub photos: i64,
    /// Of those, how many are still reserved for it.
    pub reserved: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> BundleStatement {
        BundleStatement {
            id: Uuid::from_u128(1),
            school: "school".into(),
            season: "2027-summer".into(),
            unit: "A".into(),
            reviewer: Uuid::from_u128(2),
            device: Uuid::from_u128(3),
            issued_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::from_second(9).unwrap(),
            portraits: true,
            items: vec![BundleItem { submission: Uuid::from_u128(4), version: 3, rendition: None }],
        }
    }

    #[test]
    fn whatever_changes_changes_the_message() {
        let one = statement();
        let item = BundleItem { version: 4, ..one.items[0].clone() };
        let others = [
            BundleStatement { school: "schoo".into(), season: "l2027-summer".into(), ..one.clone() },
            BundleStatement { unit: "A\"\n\"B".into(), ..one.clone() },
            BundleStatement { expires_at: Timestamp::from_second(10).unwrap(), ..one.clone() },
            BundleStatement { reviewer: Uuid::from_u128(9), ..one.clone() },
            BundleStatement { device: Uuid::from_u128(9), ..one.clone() },
            BundleStatement { portraits: false, ..one.clone() },
            BundleStatement { items: vec![item], ..one.clone() },
            BundleStatement { items: vec![], ..one.clone() },
        ];
        assert!(others.iter().all(|other| other.message() != one.message()));
        // A statement that went over the wire is the same.
        let read: BundleStatement = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        assert_eq!(read.message(), one.message());
    }
}
