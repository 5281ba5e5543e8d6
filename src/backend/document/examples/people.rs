//! Problems, users, sessions, the audit.

use serde_json::json;

use super::{
    Example, example,
    story::{LEAD, SUBMISSION, UNIT, reviewer},
};
use crate::api::{
    people::{Invitation, NewUser, Redeem, Session, SignIn, User},
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
        example::<NewUser>(json!({"name": "li.wei", "role": "reviewer", "units": [UNIT]})),
        example::<Invitation>(json!({"code": "3f9c1c6be0a14f6f9f0a", "expires_at": "2027-05-08T08:00:00Z", "user": reviewer()})),
        example::<AuditEntry>(json!({
            "sequence": 4711, "at": "2027-05-01T08:00:00Z", "actor": LEAD, "action": "review.approve", "submission": SUBMISSION,
            "details": {"version": "3"},
        })),
    ]
}
