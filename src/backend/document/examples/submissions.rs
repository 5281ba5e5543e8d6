//! Submissions as they come in and are met, and what is asked and said about one.

use serde_json::{Value, json};

use super::{
    Example, example, object,
    story::{KEY, LEAD, RENDITION, SEASON, SUBMISSION, TOKEN, UNIT, student},
};
use crate::api::{
    batch::BatchedReview,
    correction::{Correction, NewCorrection, Resumption},
    reopening::{NewReopening, Reopening},
    rework::NewRendition,
    submission::{Claim, NewClaim, NewReview, NewSubmission, ReviewOutcome, Submission, SubmissionSummary},
};

pub fn examples() -> Vec<Example> {
    vec![
        example::<NewSubmission>(json!({"season": SEASON, "student": "25010001"})),
        example::<SubmissionSummary>(summary()),
        example::<Submission>(whole()),
        example::<NewClaim>(json!({"season": SEASON, "unit": UNIT, "status": "pending", "count": 5})),
        example::<Claim>(json!({"token": TOKEN, "until": "2027-05-01T08:05:00Z", "items": [summary()]})),
        example::<NewReview>(json!({"verdict": "approve", "rendition": RENDITION})),
        example::<NewRendition>(json!({
            "adjustments": {"scale": -20, "right": 0, "down": 6, "matte": "usual"},
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        })),
        example::<BatchedReview>(json!({
            "submission": SUBMISSION, "version": 3, "key": KEY, "verdict": "reject", "reasons": ["expression"], "rendition": RENDITION,
        })),
        example::<ReviewOutcome>(json!({
            "submission": SUBMISSION, "status": "held", "version": 4, "decision": "approve", "held_until": "2027-05-01T08:12:00Z",
        })),
        example::<NewCorrection>(json!({"name": "李四", "id_number": "99000019950615004X", "phone": "13900000000"})),
        example::<Correction>(json!({
            "id": "0197f3c4-1c2d-7e3f-8a4b-5c6d7e8f9a0b", "submission": SUBMISSION, "unit": UNIT, "version": 4, "fields": ["name"],
            "state": "requested", "requested_at": "2027-05-01T08:02:00Z", "name": "李*",
        })),
        example::<Resumption>(json!({"accept": true})),
        example::<NewReopening>(json!({"reason": "wrong_person"})),
        example::<Reopening>(json!({
            "id": "0197f3c2-91d0-7b52-8f0e-3c5a7be2d410", "submission": SUBMISSION, "reason": "wrong_person", "state": "asked", "asked_by": LEAD,
            "asked_at": "2027-05-03T08:00:00Z", "expires_at": "2027-05-04T08:00:00Z",
        })),
    ]
}

fn summary() -> Value {
    json!({
        "id": SUBMISSION, "season": SEASON, "unit": UNIT, "student": student(), "number": 1, "status": "pending", "version": 3,
        "submitted_at": "2027-05-01T08:00:00Z", "checks": "warn", "machine_reasons": [], "band": "same", "reviewed_by_me": false,
    })
}

fn whole() -> Value {
    let more = json!({
        "report": {
            "engine": "0.1.0", "standard": "chsi-blue",
            "source": {"format": "jpeg", "width": 3024, "height": 4032, "bytes": 2_411_724, "orientation": 6, "colour_converted": true},
            "geometry": {"hair_top": 71.0, "eye_line": 251.5, "face_width": 221.0, "centre_x": 240.5, "roll_deg": 3.4},
            "transform": {"x": 612.0, "y": 804.0, "scale": 0.271},
            "output": {"width": 480, "height": 640, "bytes": 34_816, "quality": 91, "sampling": "4:4:4"},
            "checks": [
                {"id": "eye_line", "value": 251.5, "unit": "pixels", "limit": {"min": 200.0, "max": 300.0}, "margin": 48.5, "verdict": "pass", "why": "within"},
                {"id": "roll", "value": 3.4, "unit": "degrees", "limit": {"min": -8.0, "max": 8.0}, "margin": 4.6, "verdict": "warn", "why": "near_limit"},
            ],
            "weights": {},
        },
        "comparison": {
            "score": 0.71, "scale": {"min": -1.0, "max": 1.0}, "band": "same", "model": "sface-2021dec",
            "bands": {"cohort": "default", "model": "sface-2021dec", "same": 0.45, "doubtful": 0.3},
        },
        "rendition": RENDITION, "pictures": ["original", "preview", "thumb", "standard", "portrait"], "decision_reasons": [], "history": [],
        "notices": [],
    });
    [summary(), more].into_iter().filter_map(object).flatten().collect::<serde_json::Map<_, _>>().into()
}
