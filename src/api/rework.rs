//! Fix & accept: a new rendition of a photo, made by the server's own engine from the sealed original.

use serde::{Deserialize, Serialize};

use crate::domain::adjustment::Adjustments;

/// `POST /v1/submissions/{id}/renditions` with `If-Match`, `Idempotency-Key` and, if there is one, `Lease-Token`. Answers as a review does; the
/// photo waits for reviews, and those that were given on the rendition before no longer count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewRendition {
    pub adjustments: Adjustments,
    /// SHA-256, in hexadecimal, of the JPEG that the reviewer's own engine made and the reviewer looked at.
    pub sha256: String,
}
