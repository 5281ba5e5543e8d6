//! Every route × every role × own or another school × every unit, the right one or another: asked of a real server, and its answer held
//! against what the table of routes and the roles say. A route without an example here fails the test, and what is in no table is refused.

use std::collections::BTreeSet;

use reqwest::{
    StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use uuid::Uuid;
use zhaoshen::{
    api::{people::AccessPolicy, problem::code},
    backend::router::{Access, routes},
    domain::access::{Principal, Role},
};

use super::{
    assert_problem,
    house::{House, Person, SEASON, photo},
};

/// From where somebody asks for what lies in unit A of the own school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Whole,
    OwnUnit,
    OtherUnit,
    OtherSchool,
}

const PLACES: [Place; 4] = [Place::Whole, Place::OwnUnit, Place::OtherUnit, Place::OtherSchool];

/// What whoever may use the route gets from one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// Gets to the thing itself, whatever its state then says.
    Reaches,
    /// As if it were not there.
    Missing,
    /// A list without any trace of it.
    Nothing,
    /// There, and not for somebody with that scope.
    Forbidden,
}

use Expect::{Forbidden, Missing, Nothing, Reaches};

/// About whoever asks, wherever they are.
const OWN: [Expect; 4] = [Reaches; 4];
/// Names what is not there.
const ABSENT: [Expect; 4] = [Missing; 4];
/// One thing of unit A.
const THING: [Expect; 4] = [Reaches, Reaches, Missing, Missing];
/// Things of a season.
const SEASONAL: [Expect; 4] = [Reaches, Reaches, Nothing, Missing];
/// Things of a school that units are told apart in.
const SCHOOL: [Expect; 4] = [Reaches, Reaches, Nothing, Nothing];
/// Only for the whole school; elsewhere it is the other school's own.
const WHOLE: [Expect; 4] = [Reaches, Forbidden, Forbidden, Reaches];

enum Body {
    None,
    Json(Value),
    Text(&'static str),
    /// The photo of a student of unit A, as it was handed in before.
    Photo,
}

/// One request of a route, well formed, and what it gets from each place.
struct Example {
    route: (&'static str, &'static str),
    path: String,
    body: Body,
    expect: [Expect; 4],
}

/// What lies in unit A.
struct Things {
    pending: Uuid,
    delivery: String,
    print: String,
    user: Uuid,
}

/// One example of every route that is not anybody's. Versions are such that nothing is changed by whoever gets there.
fn examples(things: &Things) -> Vec<Example> {
    let (id, user) = (things.pending.to_string(), things.user.to_string());
    let nowhere = Uuid::nil().to_string();
    let fill =
        |path: &str| path.replace("{code}", SEASON).replace("{unit}", "A").replace("{kind}", "original").replace("{token}", &nowhere);
    let of = |method, route: &'static str, body: Body, expect| Example { route: (method, route), path: fill(route), body, expect };
    let at = |method, route: &'static str, id: &str, body, expect| {
        let one = of(method, route, body, expect);
        Example { path: one.path.replace("{id}", id).replace("{reopening}", &nowhere), ..one }
    };
    let list = |route: &'static str, query: &str, expect| {
        let one = of("GET", route, Body::None, expect);
        Example { path: format!("{}?{query}", one.path), ..one }
    };
    let season = format!("season={SEASON}");
    let item = |id: &str, more: Value| {
        let mut item = json!({"version": 999, "key": Uuid::now_v7()});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item[if more.get("verdict").is_some() { "submission" } else { "id" }] = json!(id);
        Body::Json(json!({"items": [item]}))
    };
    let of_student = |mut more: Value| {
        more["season"] = json!(SEASON);
        more["student"] = json!("25010001");
        Body::Json(more)
    };
    let policy = || Body::Json(json!({"codes_required_for": []}));
    let roster = || Body::Text("学号,办学单位\n25019999,A\n");
    vec![
        of("GET", "/v1/sessions", Body::None, OWN),
        of("DELETE", "/v1/sessions", Body::None, OWN),
        of("GET", "/v1/sessions/current", Body::None, OWN),
        at("DELETE", "/v1/sessions/{id}", &nowhere, Body::None, ABSENT),
        of("GET", "/v1/totp", Body::None, OWN),
        of("POST", "/v1/totp", Body::Json(json!({"password": "not the one"})), OWN),
        of("POST", "/v1/totp/confirmation", Body::Json(json!({"code": "000000"})), ABSENT),
        of("POST", "/v1/totp/removal", Body::Json(json!({"code": "000000"})), OWN),
        of("GET", "/v1/users", Body::None, SCHOOL),
        of(
            "POST",
            "/v1/users",
            Body::Json(json!({"name": Uuid::now_v7(), "role": "reviewer", "units": ["A"]})),
            [Reaches, Reaches, Forbidden, Reaches],
        ),
        at("PUT", "/v1/users/{id}", &user, Body::Json(json!({"role": "reviewer", "units": ["A"]})), [Reaches, Reaches, Forbidden, Missing]),
        at("POST", "/v1/users/{id}/invitations", &user, Body::None, THING),
        at("DELETE", "/v1/users/{id}/totp", &user, Body::None, THING),
        at("DELETE", "/v1/users/{id}/sessions", &user, Body::None, THING),
        of("GET", "/v1/access-policy", Body::None, OWN),
        of("PUT", "/v1/access-policy", policy(), WHOLE),
        of("GET", "/v1/seasons", Body::None, [Reaches, Reaches, Reaches, Nothing]),
        Example {
            path: "/v1/seasons/2030-matrix".into(),
            ..of("PUT", "/v1/seasons/{code}", Body::Json(json!({"code": "2030-matrix", "name": "冬季"})), WHOLE)
        },
        Example {
            path: format!("/v1/rosters?{season}&dry_run=true"),
            ..of("POST", "/v1/rosters", roster(), [Reaches, Reaches, Reaches, Missing])
        },
        list("/v1/units", &season, SEASONAL),
        list("/v1/progress", &season, SEASONAL),
        list("/v1/progress/days", &season, SEASONAL),
        of("POST", "/v1/submissions", Body::Photo, THING),
        list("/v1/submissions", &season, SEASONAL),
        at("GET", "/v1/submissions/{id}", &id, Body::None, THING),
        at("GET", "/v1/submissions/{id}/pictures/{kind}", &id, Body::None, THING),
        at("POST", "/v1/submissions/{id}/reviews", &id, Body::Json(json!({"verdict": "approve"})), THING),
        at("POST", "/v1/submissions/{id}/renditions", &id, Body::Json(json!({"adjustments": {}, "sha256": "00"})), THING),
        at("POST", "/v1/submissions/{id}/undo", &id, Body::Json(json!({})), THING),
        at("POST", "/v1/submissions/{id}/retake-notice", &id, Body::Json(json!({})), THING),
        at("POST", "/v1/submissions/{id}/skip", &id, Body::Json(json!({"reason": "unsure"})), THING),
        at("GET", "/v1/submissions/{id}/position", &id, Body::None, THING),
        list("/v1/queue", &season, SEASONAL),
        list("/v1/skips", &season, SEASONAL),
        list("/v1/statistics/reviewers", &season, SEASONAL),
        list("/v1/statistics/me", &season, [Reaches, Reaches, Reaches, Missing]),
        of("POST", "/v1/golden", Body::Json(json!({"submission": things.pending, "verdict": "approve"})), THING),
        list("/v1/golden", &season, SEASONAL),
        at("DELETE", "/v1/golden/{id}", &nowhere, Body::None, ABSENT),
        of("PUT", "/v1/seasons/{code}/units/{unit}/deadline", Body::Json(json!({})), THING),
        of("POST", "/v1/decisions", item(&id, json!({"verdict": "approve"})), THING),
        at("POST", "/v1/submissions/{id}/reopenings", &id, Body::Json(json!({"reason": "complaint"})), THING),
        at("DELETE", "/v1/submissions/{id}/reopenings/{reopening}", &id, Body::None, ABSENT),
        at("POST", "/v1/submissions/{id}/reopenings/{reopening}/confirmation", &id, Body::None, ABSENT),
        list("/v1/reopenings", &season, SEASONAL),
        at("POST", "/v1/submissions/{id}/corrections", &id, Body::Json(json!({"phone": "13800000000"})), THING),
        at("POST", "/v1/submissions/{id}/withdrawal", &id, Body::None, THING),
        at("POST", "/v1/submissions/{id}/resumption", &id, Body::Json(json!({"accept": true})), THING),
        list("/v1/corrections", &season, SEASONAL),
        list("/v1/deliveries", &season, SEASONAL),
        of("POST", "/v1/deliveries/events", item(&things.delivery, json!({"event": "export"})), THING),
        list("/v1/prints", &season, SEASONAL),
        of("POST", "/v1/prints/events", item(&things.print, json!({"event": "print"})), THING),
        of("POST", "/v1/claims", Body::Json(json!({"season": SEASON, "status": "pending", "count": 1})), SEASONAL),
        of("PUT", "/v1/claims/{token}", Body::None, ABSENT),
        of("DELETE", "/v1/claims/{token}", Body::None, OWN),
        of(
            "POST",
            "/v1/bundles",
            Body::Json(json!({"id": Uuid::now_v7(), "season": SEASON, "unit": "A", "count": 1, "device": nowhere})),
            THING,
        ),
        list("/v1/bundles", &season, SEASONAL),
        at("DELETE", "/v1/bundles/{id}", &nowhere, Body::None, ABSENT),
        at("POST", "/v1/bundles/{id}/check", &nowhere, Body::Json(forged()), OWN),
        list("/v1/events", &season, [Reaches, Reaches, Reaches, Missing]),
        list("/v1/audit", &season, SCHOOL),
        of("GET", "/v1/audit/checkpoints", Body::None, OWN),
        of("POST", "/v1/consents", of_student(json!({"kind": "photo", "given": true, "version": "1"})), THING),
        at("POST", "/v1/submissions/{id}/reveal", &id, Body::Json(json!({"fields": ["name"], "reason": "check_identity"})), THING),
        of("POST", "/v1/persons/export", of_student(json!({})), THING),
        of("POST", "/v1/persons/erasure", of_student(json!({"reason": "person_asked"})), THING),
        list("/v1/retention", &season, SEASONAL),
        list("/v1/notices/calls", &format!("{season}&unit=A"), THING),
    ]
}

/// What nobody signed.
fn forged() -> Value {
    let nil = Uuid::nil();
    let statement = json!({
        "id": nil, "school": "school", "season": SEASON, "unit": "A", "reviewer": nil, "device": nil, "portraits": true,
        "issued_at": "2027-05-01T08:00:00Z", "expires_at": "2027-05-04T08:00:00Z", "items": [],
    });
    json!({"statement": statement, "signature": "00", "public_key": "00"})
}

async fn send(house: &House, token: Option<&str>, example: &Example) -> reqwest::Response {
    let request = house
        .request(example.route.0, token, &example.path)
        .header("if-match", "\"999\"")
        .header("idempotency-key", Uuid::now_v7().to_string());
    let request = match &example.body {
        Body::None => request,
        Body::Json(body) if example.path == "/v1/users" => {
            let mut body = body.clone();
            // A name is taken once.
            body["name"] = json!(Uuid::now_v7().to_string());
            request.json(&body)
        }
        Body::Json(body) => request.json(body),
        Body::Text(text) => request.body(*text),
        Body::Photo => {
            let about = json!({"season": SEASON, "student": "25010001"}).to_string();
            request.multipart(Form::new().text("about", about).part("photo", Part::bytes(photo("same"))))
        }
    };
    request.send().await.unwrap()
}

/// What an answer amounts to, and its text.
async fn amounts_to(answer: reqwest::Response) -> (StatusCode, Option<String>, String) {
    let status = answer.status();
    // A stream has no end.
    let streams = answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let text = if streams { String::new() } else { String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned() };
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let item = &body["items"][0]["problem"];
    let problem = if status.is_success() { item } else { &body };
    (status, problem["code"].as_str().map(str::to_owned), text)
}

fn holds(expect: Expect, status: StatusCode, code: Option<&str>, text: &str, traces: &[String]) -> bool {
    let missing = [code::NOT_FOUND, code::SEASON_UNKNOWN, code::STUDENT_UNKNOWN];
    let is_missing = code.is_some_and(|code| missing.contains(&code));
    match expect {
        Missing => is_missing,
        Forbidden => status == StatusCode::FORBIDDEN && code == Some(code::FORBIDDEN),
        Nothing => status.is_success() && !is_missing && !traces.iter().any(|trace| text.contains(trace.as_str())),
        Reaches => {
            let passed = [code::SIGN_IN, code::FORBIDDEN, code::CODES_FIRST, code::BAD_REQUEST, code::TOO_MANY_REQUESTS];
            !is_missing && !status.is_server_error() && code.is_none_or(|code| passed.iter().all(|known| *known != code))
        }
    }
}

#[tokio::test]
async fn every_route_answers_every_role_in_every_scope_as_the_tables_say() {
    let house = House::open().await;
    let approved = house.submit(2, &photo("same")).await;
    house.work().await;
    let (seen, version) = house.see(&house.token("one"), approved).await;
    house.review(&house.token("one"), &seen, version, &json!({"verdict": "approve"})).await;
    house.clock.advance(601);
    house.work().await;
    let pending = house.upload(1, &photo("same"), None).await.json::<Value>().await.unwrap()["id"].as_str().unwrap().parse().unwrap();
    house.work().await;
    let way = async |list: &str| {
        let page: Value = house.get(&house.token("admin"), &format!("/v1/{list}?season={SEASON}")).await.json().await.unwrap();
        page["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let target = house.person("somebody-of-a", Role::Reviewer, Some("A"), None).await;
    let things = Things { pending, delivery: way("deliveries").await, print: way("prints").await, user: target.user };
    let traces = [pending.to_string(), approved.to_string(), "25010001".to_owned(), "A 分校".to_owned(), "somebody-of-a".to_owned()];

    house.found_school("elsewhere").await;
    let mut people: Vec<(Role, Place, Person)> = vec![];
    for role in Role::ALL {
        for place in PLACES {
            let (units, school) = match place {
                Place::Whole => (None, None),
                Place::OwnUnit => (Some("A"), None),
                Place::OtherUnit => (Some("B"), None),
                Place::OtherSchool => (None, Some("elsewhere")),
            };
            let name = format!("{}-{place:?}", role.code());
            people.push((role, place, house.person(&name, role, units, school).await));
        }
    }

    let examples = examples(&things);
    let guarded: BTreeSet<_> =
        routes().iter().filter(|route| route.access != Access::Anybody).map(|route| (route.method, route.path)).collect();
    assert_eq!(examples.iter().map(|example| example.route).collect::<BTreeSet<_>>(), guarded, "every route has its example");
    let mut wrong = vec![];
    let mut asked = 0;
    for example in &examples {
        let access = routes().into_iter().find(|route| (route.method, route.path) == example.route).unwrap().access;
        assert_problem(send(&house, None, example).await, StatusCode::UNAUTHORIZED, code::SIGN_IN).await;
        for (role, place, person) in &people {
            // Signing out must not end what the next example needs.
            let token = if example.route == ("DELETE", "/v1/sessions") { house.session(person.user).await } else { person.token.clone() };
            let may = match access {
                Access::Allowed(permission) => role.may(permission),
                _ => true,
            };
            let expect = if may { example.expect[PLACES.iter().position(|known| known == place).unwrap()] } else { Forbidden };
            let (status, code, text) = amounts_to(send(&house, Some(&token), example).await).await;
            asked += 1;
            if !holds(expect, status, code.as_deref(), &text, &traces) {
                wrong.push(format!("{role:?} {place:?} {:?}: {expect:?}, not {status} {code:?}", example.route));
            }
        }
    }
    assert!(wrong.is_empty(), "of {asked} answers {} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(asked, examples.len() * Role::ALL.len() * PLACES.len());

    // Whoever owes one-time codes gets to nothing but to them.
    let admin = people.iter().find(|(role, place, _)| (*role, *place) == (Role::Admin, Place::OtherSchool)).unwrap();
    let principal =
        Principal { user: admin.2.user, role: Role::Admin, school: "elsewhere".into(), units: zhaoshen::domain::access::UnitScope::All };
    let policy = AccessPolicy { codes_required_for: Role::ALL.to_vec() };
    house.store().put_access_policy(&principal, &policy, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    for example in &examples {
        let access = routes().into_iter().find(|route| (route.method, route.path) == example.route).unwrap().access;
        let token = house.session(admin.2.user).await;
        let (_, code, _) = amounts_to(send(&house, Some(&token), example).await).await;
        assert_eq!(code.as_deref() == Some(code::CODES_FIRST), access != Access::BeforeCodes, "{:?} {code:?}", example.route);
    }
    house.close().await;
}

#[tokio::test]
async fn what_is_in_no_table_is_refused_to_everybody() {
    let house = House::open().await;
    let admin = house.token("admin");
    for token in [None, Some(admin.as_str())] {
        for path in ["/v1", "/v1/", "/v1/students", "/v2/users", "/v1/sessions/current/x", "/admin", "/.git/config"] {
            for method in ["GET", "POST", "PUT", "DELETE"] {
                assert_problem(house.ask(method, token, path).await, StatusCode::NOT_FOUND, code::NOT_FOUND).await;
            }
        }
        // A route that is known by other methods does nothing by these.
        for (method, path) in [("PATCH", "/v1/users"), ("DELETE", "/v1/audit"), ("PUT", "/v1/submissions"), ("TRACE", "/v1/seasons")] {
            let answer = house.ask(method, token, path).await;
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
    house.close().await;
}
