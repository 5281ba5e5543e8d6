//! Consent, what is shown unmasked, erasure, storage times, the audit's checkpoints.

use serde_json::json;

use super::{Example, example, story::SEASON};
use crate::api::{
    person::{ClassRetention, Consent, Erased, Erasure, FacesStored, NewConsent, PersonAsked, RetentionReport, Reveal, Revealed},
    progress::AuditCheckpoint,
};

pub fn examples() -> Vec<Example> {
    let faces = json!({"people": 20_417, "counted_at": "2027-05-31T19:00:00Z", "warn_at": 80_000, "file_at": 100_000});
    let class = json!({"class": "id_card", "days": 30, "kept": 312, "due": 12, "purged": 18_204, "last_purged_at": "2027-05-31T19:00:00Z"});
    vec![
        example::<NewConsent>(json!({
            "season": SEASON, "student": "250100001", "kind": "face_comparison", "given": false, "version": "2027-1",
        })),
        example::<Consent>(json!({"kind": "face_comparison", "given": false, "version": "2027-1", "at": "2027-05-01T08:00:00Z"})),
        example::<Reveal>(json!({"fields": ["name"], "reason": "check_identity"})),
        example::<Revealed>(json!({"name": "张三", "left": 19})),
        example::<PersonAsked>(json!({"season": SEASON, "student": "250100001"})),
        example::<Erasure>(json!({"season": SEASON, "student": "250100001", "reason": "person_asked"})),
        example::<Erased>(json!({"student": "0197f3c2-5a31-7cc0-b9d5-2f4f6f1a9c3e", "attempts": 2, "pictures": 9})),
        example::<FacesStored>(faces.clone()),
        example::<ClassRetention>(class.clone()),
        example::<RetentionReport>(json!({"season": SEASON, "classes": [class], "faces": faces})),
        example::<AuditCheckpoint>(json!({
            "number": 1024, "through_sequence": 4711, "entries": 6, "root": "5f".repeat(32), "made_at": "2027-05-01T08:00:00Z",
            "signature": "a0".repeat(64), "public_key": "c3".repeat(32),
        })),
    ]
}
