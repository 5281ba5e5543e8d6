//! Problems, users, sessions, the audit.

use serde_json::json;

use super::{
    Example, example,
    story::{LEAD, SUBMISSION, UNIT, reviewer},
};
use crate::api::{
    health::{DatabaseHealth, HealthDetails, PicturesHealth, Readiness, WorkerHealth},
    people::{
        AccessPolicy, BeginCodes, ChangedUser, CodesSecret, CodesState, Invitation, KnownUser, NewUser, OwnSession, RecoveryCodes, Redeem,
        Session, ShownCode, SignIn, User,
    },
    problem::Problem,
    progress::AuditEntry,
};

pub fn examples() -> Vec<Example> {
    vec![
        example::<Problem>(json!({
            "code": "stale_version", "title": "version 4 stands now", "status": 412, "parameters": {"status": "held", "version": "4"},
        })),
        example::<SignIn>(json!({"name": "li.wei", "password": "correct horse battery"})),
        example::<Redeem>(json!({"invitation": "3f9c1c6be0a14f6f9f0a", "password": "correct horse battery"})),
        example::<Session>(json!({
            "token": "q7Jm0o2xq3cVbQ6m1yq8cG0d2lq9r4s5t6u7v8w9x0y", "expires_at": "2027-05-01T20:00:00Z", "user": reviewer(),
        })),
        example::<User>(reviewer()),
        example::<KnownUser>(known_user()),
        example::<ChangedUser>(json!({"role": "lead_reviewer", "units": [UNIT], "disabled": false})),
        example::<OwnSession>(json!({
            "id": "0197f3c2-1c2d-7e3f-8a4b-5c6d7e8f9a0b", "client": "zhaoshen/0.1 desk", "opened_at": "2027-05-01T08:00:00Z",
            "seen_at": "2027-05-01T11:55:00Z", "expires_at": "2027-05-01T20:00:00Z", "current": true,
        })),
        example::<CodesState>(json!({"confirmed": true, "required": true, "recovery_codes_left": 9})),
        example::<BeginCodes>(json!({"password": "correct horse battery"})),
        example::<CodesSecret>(json!({
            "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "uri": "otpauth://totp/zhaoshen:li.wei?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=zhaoshen",
        })),
        example::<ShownCode>(json!({"code": "492039"})),
        example::<RecoveryCodes>(json!({"codes": ["7kq2-m9xw", "p4dn-c8vt"]})),
        example::<AccessPolicy>(json!({"codes_required_for": ["admin", "registrar"]})),
        example::<DatabaseHealth>(json!({"engine": "postgres", "tables": 11, "current": true})),
        example::<PicturesHealth>(json!({"immutable": true, "listed_at_once": true})),
        example::<WorkerHealth>(json!({"worker": "pictures", "seen_at": "2027-05-01T08:00:00Z"})),
        example::<HealthDetails>(health()),
        example::<Readiness>(json!({"ready": true, "details": health()})),
        example::<NewUser>(json!({"name": "li.wei", "role": "reviewer", "units": [UNIT]})),
        example::<Invitation>(json!({"code": "3f9c1c6be0a14f6f9f0a", "expires_at": "2027-05-08T08:00:00Z", "user": reviewer()})),
        example::<AuditEntry>(json!({
            "sequence": 4711, "at": "2027-05-01T08:00:00Z", "actor": LEAD, "action": "review.approve", "submission": SUBMISSION,
            "details": {"version": "3"},
        })),
    ]
}

fn health() -> serde_json::Value {
    json!({
        "program": "0.4.0", "database": {"engine": "postgres", "tables": 11, "current": true},
        "pictures": {"immutable": true, "listed_at_once": true}, "workers": [{"worker": "pictures", "seen_at": "2027-05-01T08:00:00Z"}],
    })
}

/// As an admin sees one: flattened, so that the fields of both stand side by side.
fn known_user() -> serde_json::Value {
    let mut user = reviewer();
    for (name, value) in [("joined", true), ("disabled", false), ("totp", true)] {
        user[name] = value.into();
    }
    user
}
