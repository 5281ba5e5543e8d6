//! Queues, photos passed on, golden items, statistics.

use serde_json::{Value, json};

use super::{
    Example, example,
    story::{LEAD, REVIEWER, SUBMISSION, UNIT},
};
use crate::api::reviewing::{GoldenItem, NewGolden, NewSkip, QueueLength, QueuePosition, ReviewStatistics, ReviewerStatistics, Skip};

pub fn examples() -> Vec<Example> {
    vec![
        example::<QueueLength>(json!({
            "unit": UNIT, "unit_name": "城东分校", "waiting": 120, "machine_refused": 4, "doubtful": 9, "oldest": "2027-04-30T02:10:00Z",
            "closes_at": "2027-06-15T16:00:00Z",
        })),
        example::<QueuePosition>(json!({"ahead": 17, "further": false})),
        example::<NewSkip>(json!({"reason": "exception", "note": "头巾，可能是宗教原因", "ask_lead": true})),
        example::<Skip>(json!({
            "id": "0197f3c3-aaaa-7bbb-8ccc-ddddeeeeffff", "submission": SUBMISSION, "status": "pending", "unit": UNIT, "reviewer": "li.wei",
            "reason": "exception", "note": "头巾，可能是宗教原因", "asks_lead": true, "at": "2027-05-01T08:01:00Z", "until": "2027-05-01T12:01:00Z",
        })),
        example::<NewGolden>(json!({"submission": SUBMISSION, "verdict": "reject", "reasons": ["background"]})),
        example::<GoldenItem>(json!({
            "id": "0197f3d0-1234-7567-89ab-cdef01234567", "submission": SUBMISSION, "verdict": "reject", "reasons": ["background"],
            "made_at": "2027-05-02T08:00:00Z", "given": 6, "answered": 5, "right": 4,
        })),
        example::<ReviewerStatistics>(reviewer()),
        example::<ReviewStatistics>(json!({
            "reviewers": [reviewer()],
            "pairs": [{"first": REVIEWER, "second": LEAD, "both": 40, "same": 37, "kappa": 0.81}],
        })),
    ]
}

fn reviewer() -> Value {
    json!({
        "reviewer": REVIEWER, "name": "li.wei", "reviews": 412, "approvals": 371, "rejections": 41, "undone": 2, "skipped": 3,
        "measured": 400, "median_seconds": 5.5,
        "days": [{"day": "2027-05-01", "reviews": 412, "measured": 400, "median_seconds": 5.5}],
        "reasons": [{"reason": "background", "reviews": 12, "measured": 12, "median_seconds": 9.0}],
        "against_final": {"both": 60, "same": 57, "kappa": 0.84},
        "golden": {"both": 20, "same": 19, "kappa": 0.9, "reason_named": 8, "rejected_right": 9},
    })
}
