//! Which problems an operation can answer: what follows from its shape, and the codes that it names as its own. Every code has one status.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::complete::CODES;
use crate::{
    api::problem::{MEDIA_TYPE, code},
    backend::{roster::RosterError, router::Access},
    domain::lifecycle::Refusal,
    language::{Language, text},
};

/// Why a file that comes in is no picture that can be taken.
const NO_PICTURE: [&str; 9] = [
    "empty",
    "file_too_large",
    "not_a_picture",
    "unsupported_format",
    "heic",
    "unsupported_jpeg",
    "truncated",
    "damaged",
    "too_many_pixels",
];

/// The status with which a code travels; `None` for what no server says.
#[must_use]
pub fn status(code: &str) -> Option<u16> {
    Some(match code {
        code::BAD_REQUEST | code::KEY_REQUIRED => 400,
        code::SIGN_IN | code::WRONG_PASSWORD | code::CODE_NEEDED | code::WRONG_CODE => 401,
        code::FORBIDDEN | code::CODES_FIRST | code::USER_DISABLED => 403,
        code::NOT_FOUND | code::SEASON_UNKNOWN | code::STUDENT_UNKNOWN | code::INVITATION_INVALID => 404,
        code::METHOD_UNKNOWN => 405,
        code::ALREADY_REVIEWED
        | code::LEAD_NEEDED
        | code::GOLDEN_CONTRADICTS
        | code::REWORK_REFUSED
        | code::NOT_PROVED
        | code::ENGINES_DIFFER
        | code::NOTICE_LIMIT
        | code::REOPENING_OPEN
        | code::OWN_REOPENING
        | code::REOPENING_LATE
        | code::REOPENING_ENDED
        | code::BUNDLE_EMPTY
        | code::BUNDLES_OFF
        | code::BUNDLE_LIMIT
        | code::BUNDLE_EXPIRED
        | code::BUNDLE_ENDED
        | code::BUNDLE_FOREIGN
        | code::ERASED
        | code::USER_EXISTS
        | code::OWN_ACCOUNT
        | code::CODES_CONFIRMED
        | "id_number_taken" => 409,
        code::STALE_VERSION | code::STALE_WAY => 412,
        code::TOO_LARGE => 413,
        code::MEDIA_TYPE_UNKNOWN => 415,
        code::WEAK_PASSWORD | code::KEY_REUSED | code::NOTE_PERSONAL | code::NOTE_INVALID | code::BEYOND_LIMITS | code::BUNDLE_FORGED => {
            422
        }
        code::VERSION_REQUIRED => 428,
        code::TOO_MANY_TRIES | code::TOO_MANY_REQUESTS | code::REVEAL_LIMIT => 429,
        code::INTERNAL => 500,
        code::BUSY | code::STOPPING | code::NOT_READY => 503,
        code::STORAGE_FULL => 507,
        _ if Refusal::ALL.iter().any(|refusal| refusal.code() == code) => 409,
        _ if NO_PICTURE.contains(&code) => 422,
        _ => return RosterError::all().iter().find(|error| error.code() == code).map(|error| error.problem().status),
    })
}

/// Codes that follow from what an operation takes and who may ask.
fn usual(operation: &Map<String, Value>, method: &str, path: &str, access: Access) -> BTreeSet<&'static str> {
    let mut codes = BTreeSet::new();
    // What watches the server is told in plain words, and pages ask the store nothing.
    if !path.starts_with("/v1/") {
        return codes;
    }
    let parameters = || operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let takes = |place: &str, name: Option<&str>| {
        parameters().any(|parameter| parameter["in"] == place && name.is_none_or(|name| parameter["name"] == name))
    };
    codes.extend([code::INTERNAL, code::BUSY, code::TOO_MANY_REQUESTS]);
    if access != Access::Anybody {
        codes.insert(code::SIGN_IN);
    }
    if matches!(access, Access::Allowed(_) | Access::SignedIn) {
        codes.insert(code::CODES_FIRST);
    }
    if matches!(access, Access::Allowed(_)) {
        codes.insert(code::FORBIDDEN);
    }
    if takes("path", None) || takes("query", Some("unit")) {
        codes.insert(code::NOT_FOUND);
    }
    if takes("query", None) || takes("header", None) {
        codes.insert(code::BAD_REQUEST);
    }
    if takes("query", Some("season")) {
        codes.insert(code::SEASON_UNKNOWN);
    }
    if operation.contains_key("requestBody") {
        codes.extend([code::BAD_REQUEST, code::TOO_LARGE]);
    }
    if takes("header", Some("if-match")) {
        codes.extend([code::VERSION_REQUIRED, code::KEY_REQUIRED, code::STALE_VERSION, code::KEY_REUSED]);
    }
    if method != "GET" {
        codes.insert(code::STORAGE_FULL);
    }
    codes
}

/// Puts one answer for each status in the place of the annotation's `default`. Answers that say the same are written once, under
/// `components/responses`.
pub fn put(operation: &mut Map<String, Value>, method: &str, path: &str, access: Access, shared: &mut Map<String, Value>) {
    let own: Vec<String> =
        operation.get(CODES).and_then(Value::as_array).into_iter().flatten().filter_map(|code| code.as_str().map(str::to_owned)).collect();
    let codes: BTreeSet<&str> = usual(operation, method, path, access).into_iter().chain(own.iter().map(String::as_str)).collect();
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in &codes {
        // A code without a status is told by a test.
        if let Some(status) = status(code) {
            by_status.entry(status).or_default().push(code);
        }
    }
    let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    let told = codes.iter().map(|code| Value::from(*code)).collect();
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    responses.remove("default");
    for (status, codes) in by_status {
        let name = match format!("{status}-{}", codes.join("-")) {
            name if name.len() <= 60 => name,
            _ => format!("{status}-{id}"),
        };
        shared.entry(&name).or_insert_with(|| response(status, &codes));
        responses.insert(status.to_string(), json!({"$ref": format!("#/components/responses/{name}")}));
    }
    operation.insert(CODES.into(), told);
}

fn response(status: u16, codes: &[&str]) -> Value {
    // Parameters of the text are those of the problem.
    let say = |code: &str| text(Language::English, &format!("problem.{code}"), &[]).replace("%{", "{");
    let lines: Vec<String> = codes.iter().map(|code| format!("- `{code}`: {}", say(code))).collect();
    let schema = json!({"allOf": [
        {"$ref": "#/components/schemas/Problem"},
        {"type": "object", "properties": {"code": {"enum": codes}, "status": {"const": status}}},
    ]});
    let example = json!({"code": codes[0], "title": say(codes[0]), "status": status});
    let mut response = json!({
        "description": lines.join("\n"),
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    });
    let header =
        |name: &str, about: &str, example: &str| json!({name: {"description": about, "schema": {"type": "string"}, "example": example}});
    match status {
        401 => response["headers"] = header("WWW-Authenticate", "How to sign in.", "Bearer"),
        429 => response["headers"] = header("Retry-After", "Seconds until the next try.", "30"),
        _ => {}
    }
    response
}
