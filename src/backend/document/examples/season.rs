//! Seasons, rosters, progress, deliveries and prints.

use serde_json::{Value, json};

use super::{
    Example, example,
    story::{KEY, SEASON, SUBMISSION, UNIT, student},
};
use crate::{
    api::{
        delivery::{Delivery, MovedDelivery, MovedPrint, NewDeliveryEvent, NewPrintEvent, Print},
        live::Moved,
        progress::{DayProgress, Deliveries, Enrolments, FirstAttempts, Prints, Progress, UnitProgress},
        reviewing::UnitDeadline,
        roster::{RosterReport, Season},
    },
    domain::season::SeasonRules,
};

const DELIVERY: &str = "0197f3c9-0a1b-7c2d-8e3f-405162738495";

pub fn examples() -> Vec<Example> {
    let unit = unit();
    vec![
        example::<Season>(json!({
            "code": SEASON, "name": "2027 夏季", "kind": "roster", "rules": written(&SeasonRules::default()), "closes_at": "2027-06-30T16:00:00Z",
        })),
        example::<RosterReport>(json!({
            "rows": 2, "taken": false, "new": 1, "updated": 0, "unchanged": 0, "encoding": "GB18030",
            "columns": [
                {"heading": "编号", "field": "student_number", "by": "given"},
                {"heading": "SFZH", "field": "id_number", "by": "heading"},
            ],
            "mapping": {"student_number": "编号"},
            "errors": [{"row": 3, "column": "SFZH", "code": "id_number_check", "parameters": {"value": "checksum"}}],
        })),
        example::<Progress>(written(&Progress::of(vec![unit.clone()]).derived(jiff::Timestamp::UNIX_EPOCH))),
        example::<UnitProgress>(written(&unit.derived(jiff::Timestamp::UNIX_EPOCH))),
        example::<DayProgress>(json!({"day": "2027-05-01", "captured": 812, "decided": 640})),
        example::<UnitDeadline>(json!({"closes_at": "2027-06-15T16:00:00Z"})),
        example::<Moved>(json!({
            "submission": SUBMISSION, "unit": UNIT, "kind": "attempt.held", "version": 4, "at": "2027-05-01T08:00:00Z",
        })),
        example::<Delivery>(on_its_way("uploaded")),
        example::<Print>(on_its_way("packed")),
        example::<NewDeliveryEvent>(json!({"id": DELIVERY, "version": 3, "key": KEY, "event": "accept"})),
        example::<NewPrintEvent>(json!({"id": DELIVERY, "version": 3, "key": KEY, "event": "mail"})),
        example::<MovedDelivery>(json!({"id": DELIVERY, "submission": SUBMISSION, "state": "accepted", "version": 4})),
        example::<MovedPrint>(json!({"id": DELIVERY, "submission": SUBMISSION, "state": "mailed", "version": 4})),
    ]
}

fn unit() -> UnitProgress {
    UnitProgress {
        unit: Some(UNIT.into()),
        unit_name: Some("城东分校".into()),
        closes_at: "2027-06-30T16:00:00Z".parse().ok(),
        students: 1200,
        captured_students: 900,
        done_students: 700,
        pending: 120,
        doubtful: 9,
        held: 14,
        approved: 700,
        rejected: 66,
        first_attempts: FirstAttempts { approved: 655, rejected: 64 },
        enrolments: Enrolments { invited: 300, verified: 195, done: 700, ineligible: 5, ..Enrolments::default() },
        deliveries: Deliveries { ready: 80, uploaded: 220, accepted: 400, ..Deliveries::default() },
        prints: Prints { queued: 700, ..Prints::default() },
        ..UnitProgress::default()
    }
}

fn on_its_way(state: &str) -> Value {
    json!({
        "id": DELIVERY, "submission": SUBMISSION, "unit": UNIT, "student": student(), "state": state, "version": 3,
        "updated_at": "2027-05-02T08:00:00Z",
    })
}

fn written(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("a type of the API is JSON")
}
