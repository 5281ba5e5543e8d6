//! Batches: many intentions in one request, each judged for itself, answers in the order of the questions.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::problem::Problem;
use crate::domain::review::ReviewVerdict;

/// The most items of a batch.
pub const LARGEST: usize = 100;

/// `POST /v1/decisions`: reviews of many photos. Each costs and does what it would alone; one that is refused touches no other.
///
/// The batch has no key of its own: sent again, every item that was done answers `again` with its first answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Batch<T> {
    /// At most 100.
    pub items: Vec<T>,
}

/// A review in a batch: what its own request says in headers and body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BatchedReview {
    pub submission: Uuid,
    /// The version that was seen.
    pub version: i64,
    /// UUIDv7, made once for one intention and kept through every repetition.
    pub key: Uuid,
    #[serde(flatten)]
    pub verdict: ReviewVerdict,
    /// The rendition that was on the screen; absent on a refused attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendition: Option<Uuid>,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum ItemResult<T> {
    /// It was done now.
    Done { outcome: T },
    /// It had been done before under the same key: the first answer again.
    Again { outcome: T },
    /// Another version stands; the problem says which.
    Stale { problem: Problem },
    /// It was not done; the problem says why.
    Refused { problem: Problem },
}

/// The answer to a batch: one result an item, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BatchResults<T> {
    pub items: Vec<ItemResult<T>>,
}
