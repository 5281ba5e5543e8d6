//! Offline bundles.

use serde_json::{Value, json};

use super::{
    Example, example,
    story::{RENDITION, REVIEWER, SEASON, SUBMISSION, UNIT},
};
use crate::api::bundle::{BundleStanding, NewBundle, OpenBundle, SignedBundle};

const BUNDLE: &str = "0197f3c4-2b1c-7a90-8d4e-5f6071829304";
const DEVICE: &str = "c0ffee00-1234-8567-89ab-cdef01234567";

pub fn examples() -> Vec<Example> {
    vec![
        example::<NewBundle>(json!({"id": BUNDLE, "season": SEASON, "unit": UNIT, "count": 200, "device": DEVICE})),
        example::<SignedBundle>(signed()),
        example::<BundleStanding>(json!({
            "id": BUNDLE, "now": "2027-05-02T09:00:00Z", "expires_at": "2027-05-04T08:00:00Z", "over": false, "erased": [],
        })),
        example::<OpenBundle>(json!({
            "id": BUNDLE, "unit": UNIT, "reviewer": REVIEWER, "name": "li.wei", "device": DEVICE, "issued_at": "2027-05-01T08:00:00Z",
            "expires_at": "2027-05-04T08:00:00Z", "photos": 200, "reserved": 168,
        })),
    ]
}

fn signed() -> Value {
    json!({
        "statement": {
            "id": BUNDLE, "school": "school", "season": SEASON, "unit": UNIT, "reviewer": REVIEWER, "device": DEVICE,
            "issued_at": "2027-05-01T08:00:00Z", "expires_at": "2027-05-04T08:00:00Z", "portraits": true,
            "items": [{"submission": SUBMISSION, "version": 3, "rendition": RENDITION}],
        },
        "signature": "8f".repeat(64),
        "public_key": "1d".repeat(32),
    })
}
