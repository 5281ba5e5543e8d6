//! The backend over a real socket: the real router, store, blobs and jobs; only the darkroom and the gateway of the notices are played.

mod access;
pub mod house;
mod matrix;

use house::{House, SEASON, photo};
use reqwest::StatusCode;
use serde_json::{Value, json};
use zhaoshen::{
    api::{
        problem::{MEDIA_TYPE, code},
        submission::{Claim, ReviewOutcome, Submission},
    },
    domain::{lifecycle::attempt::Status, review::Decision},
};

#[tokio::test]
async fn a_photo_goes_all_the_way_and_every_step_is_in_the_audit() {
    let house = House::open().await;
    let id = house.submit(1, &photo("same")).await;
    house.work().await;
    let reviewer = house.token("one");
    let claim: Claim =
        house.post(&reviewer, "/v1/claims", &json!({"season": SEASON, "status": "pending", "count": 5})).await.json().await.unwrap();
    assert_eq!(claim.items.iter().map(|item| item.id).collect::<Vec<_>>(), [id]);
    let (seen, version) = house.see(&reviewer, id).await;
    assert_eq!(seen.pictures.len(), 5);
    for kind in ["original", "preview", "thumb", "standard", "portrait"] {
        let answer = house.get(&reviewer, &format!("/v1/submissions/{id}/pictures/{kind}")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{kind}");
        assert_eq!(answer.headers()["cache-control"], "private, no-store");
    }
    let card = house.get(&reviewer, &format!("/v1/submissions/{id}/pictures/id_card")).await;
    assert_eq!(card.status(), StatusCode::NOT_FOUND);

    let held: ReviewOutcome =
        house.review(&reviewer, &seen, version, &json!({"verdict": "reject", "reasons": ["blur"]})).await.json().await.unwrap();
    assert_eq!((held.status, held.decision), (Status::Held, Some(Decision::Reject)));
    house.clock.advance(601);
    house.work().await;
    assert_eq!(house.see(&reviewer, id).await.0.summary.status, Status::Rejected);
    assert_eq!(house.carried(), 1);
    let again = house.post(&reviewer, &format!("/v1/submissions/{id}/retake-notice"), &json!({})).await;
    assert_eq!(again.status(), StatusCode::OK);
    house.work().await;
    assert_eq!(house.carried(), 2);
    let audit: Value = house.get(&house.token("registrar"), &format!("/v1/audit?season={SEASON}")).await.json().await.unwrap();
    let actions: Vec<&str> = audit["items"].as_array().unwrap().iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["season.set", "roster.taken", "submission.captured", "machine.standardized", "decision.held", "decision.frozen", "notice.retake"]
    );
    house.close().await;
}

#[tokio::test]
async fn a_unit_that_is_not_in_scope_is_no_unit() {
    let house = House::open().await;
    for path in ["/v1/submissions?season=2027-summer&unit=B", "/v1/notices/calls?season=2027-summer&unit=B"] {
        let name = if path.contains("calls") { "registrar-of-a" } else { "of-a" };
        assert_problem(house.get(&house.token(name), path).await, StatusCode::NOT_FOUND, code::NOT_FOUND).await;
    }
    let progress: Value = house.get(&house.token("of-a"), &format!("/v1/units?season={SEASON}")).await.json().await.unwrap();
    assert_eq!(progress.as_array().unwrap().len(), 1);
    house.close().await;
}

#[tokio::test]
async fn the_contracts_of_deciding_hold_over_http() {
    let house = House::open().await;
    let id = house.submit(1, &photo("none")).await;
    house.work().await;
    let (one, two) = (house.token("one"), house.token("two"));
    let (seen, version) = house.see(&one, id).await;
    let body = json!({"verdict": "approve", "rendition": seen.rendition});
    let path = format!("/v1/submissions/{id}/reviews");
    let key = uuid::Uuid::now_v7().to_string();
    let send = |token: &str, tag: Option<&str>, key: Option<&str>, body: &Value| {
        let mut request = house.request("POST", Some(token), &path).json(body);
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        async { request.send().await.unwrap() }
    };
    assert_problem(send(&one, None, Some(&key), &body).await, StatusCode::PRECONDITION_REQUIRED, code::VERSION_REQUIRED).await;
    assert_problem(send(&one, Some(&version), None, &body).await, StatusCode::BAD_REQUEST, code::KEY_REQUIRED).await;
    assert_problem(send(&one, Some("\"99\""), Some(&key), &body).await, StatusCode::PRECONDITION_FAILED, code::STALE_VERSION).await;
    let no_reason = json!({"verdict": "reject", "reasons": []});
    assert_problem(send(&one, Some(&version), Some(&key), &no_reason).await, StatusCode::BAD_REQUEST, code::BAD_REQUEST).await;
    let first: ReviewOutcome = send(&one, Some(&version), Some(&key), &body).await.json().await.unwrap();
    let again: ReviewOutcome = send(&one, Some(&version), Some(&key), &body).await.json().await.unwrap();
    assert_eq!(first, again);
    let other = json!({"verdict": "reject", "reasons": ["blur"], "rendition": seen.rendition});
    assert_problem(send(&one, Some(&version), Some(&key), &other).await, StatusCode::UNPROCESSABLE_ENTITY, code::KEY_REUSED).await;
    assert_problem(send(&two, Some(&version), Some(&key), &body).await, StatusCode::PRECONDITION_FAILED, code::STALE_VERSION).await;
    let current = format!("\"{}\"", first.version);
    let late = send(&two, Some(&current), Some(&key), &body).await;
    assert_problem(late, StatusCode::CONFLICT, "already_decided").await;
    house.close().await;
}

#[tokio::test]
async fn a_second_reviewer_learns_the_first_verdict_from_nothing() {
    let house = House::open().await;
    let id = house.submit(1, &photo("doubtful")).await;
    house.work().await;
    let (one, two) = (house.token("one"), house.token("two"));
    let look = async || {
        let (seen, version) = house.see(&two, id).await;
        let list = house.get(&two, &format!("/v1/submissions?season={SEASON}")).await.text().await.unwrap();
        let progress = house.get(&two, &format!("/v1/progress?season={SEASON}")).await.text().await.unwrap();
        let stale = house.review(&two, &seen, "\"99\"".to_owned(), &json!({"verdict": "approve"})).await.text().await.unwrap();
        (seen, version, list, progress, stale)
    };
    let before = look().await;
    let (seen, version) = house.see(&one, id).await;
    let first: ReviewOutcome =
        house.review(&one, &seen, version, &json!({"verdict": "reject", "reasons": ["not_same_person"]})).await.json().await.unwrap();
    assert_eq!((first.status, first.decision), (Status::Pending, None));
    assert_eq!(look().await, before);
    let second: ReviewOutcome = house.review(&two, &before.0, before.1, &json!({"verdict": "approve"})).await.json().await.unwrap();
    assert_eq!((second.status, second.decision), (Status::Pending, None), "they disagree: a third is asked");
    house.close().await;
}

#[tokio::test]
async fn what_comes_in_wrong_is_told_and_leaves_nothing() {
    let house = House::open().await;
    let registrar = house.token("registrar");
    assert_problem(house.upload(1, b"no picture", None).await, StatusCode::UNPROCESSABLE_ENTITY, "not_a_picture").await;
    assert_problem(house.upload(99, &photo("same"), None).await, StatusCode::NOT_FOUND, code::STUDENT_UNKNOWN).await;
    assert_problem(house.upload(1, &vec![0xff; 46 << 20], None).await, StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE).await;
    let first = house.upload(1, &photo("same"), None).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let again = house.upload(1, &photo("same"), None).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(first.json::<Submission>().await.unwrap().summary.id, again.json::<Submission>().await.unwrap().summary.id);
    assert_problem(house.upload(1, &photo("other"), None).await, StatusCode::CONFLICT, "already_submitted").await;
    for (method, path, body, status) in [
        ("POST", "/v1/claims", "{", StatusCode::BAD_REQUEST),
        ("POST", "/v1/claims", "{\"season\":1}", StatusCode::BAD_REQUEST),
        ("GET", "/v1/nothing", "", StatusCode::NOT_FOUND),
        ("DELETE", "/v1/units", "", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/v1/submissions", "", StatusCode::BAD_REQUEST),
        ("GET", "/v1/submissions/not-an-id", "", StatusCode::NOT_FOUND),
        ("GET", "/v1/progress?season=none", "", StatusCode::NOT_FOUND),
    ] {
        let answer = house.request(method, Some(&house.token("admin")), path).body(body).send().await.unwrap();
        assert_eq!((answer.status(), answer.headers()["content-type"].to_str().unwrap()), (status, MEDIA_TYPE), "{method} {path}");
    }
    let big = house.request("POST", Some(&house.token("one")), "/v1/claims").body(vec![b' '; 2 << 20]).send().await.unwrap();
    assert_problem(big, StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE).await;
    let report: Value = house
        .request("POST", Some(&registrar), "/v1/rosters?season=2027-summer&dry_run=true")
        .body("学号,办学单位\n25019999,A\n")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((report["taken"].as_bool(), report["new"].as_u64()), (Some(false), Some(1)));
    house.close().await;
}

#[tokio::test]
async fn what_the_machine_cannot_use_waits_for_people_and_a_panic_is_no_end() {
    let house = House::open().await;
    let refused = house.submit(1, &photo("refused")).await;
    let panics = house.submit(2, &photo("panic")).await;
    house.work().await;
    let (seen, _) = house.see(&house.token("one"), refused).await;
    assert_eq!((seen.summary.status, seen.rendition), (Status::MachineRefused, None));
    assert!(!seen.summary.machine_reasons.is_empty());
    for _ in 0..6 {
        house.clock.advance(3600);
        house.work().await;
    }
    assert_eq!(house.see(&house.token("one"), panics).await.0.summary.status, Status::MachineRefused);
    house.close().await;
}

#[tokio::test]
async fn a_process_that_dies_in_the_darkroom_repeats_itself_harmlessly() {
    let house = House::open().await;
    let id = house.submit(1, &photo("stuck")).await;
    let house = house.die_while_stuck().await;
    // Alone on its data the next process knows; beside others it waits until nobody gives a sign of life.
    house.clock.advance(31);
    house.work().await;
    let (seen, _) = house.see(&house.token("one"), id).await;
    assert_eq!(seen.summary.status, Status::Pending);
    assert_eq!(seen.summary.version, 3, "standardized and submitted once");
    house.close().await;
}

#[tokio::test]
async fn signing_in_is_slow_to_guess_and_invitations_open_once() {
    let house = House::open().await;
    let sign_in = async |name: &str, password: &str| {
        house.request("POST", None, "/v1/sessions").json(&json!({"name": name, "password": password})).send().await.unwrap()
    };
    let invitation: Value =
        house.post(&house.token("admin"), "/v1/users", &json!({"name": "late", "role": "reviewer"})).await.json().await.unwrap();
    let redeem = async |password: &str| {
        let body = json!({"invitation": invitation["code"], "password": password});
        house.request("POST", None, "/v1/invitations/redeem").json(&body).send().await.unwrap()
    };
    assert_problem(redeem("short").await, StatusCode::UNPROCESSABLE_ENTITY, code::WEAK_PASSWORD).await;
    assert_eq!(redeem("long enough now").await.status(), StatusCode::CREATED);
    assert_problem(redeem("long enough now").await, StatusCode::NOT_FOUND, code::INVITATION_INVALID).await;
    let session: Value = sign_in("late", "long enough now").await.json().await.unwrap();
    let token = session["token"].as_str().unwrap();
    assert_eq!(house.get(token, "/v1/sessions/current").await.status(), StatusCode::OK);
    assert_eq!(house.ask("DELETE", Some(token), "/v1/sessions").await.status(), StatusCode::NO_CONTENT);
    assert_problem(house.get(token, "/v1/sessions/current").await, StatusCode::UNAUTHORIZED, code::SIGN_IN).await;
    for _ in 0..8 {
        assert_problem(sign_in("nobody", "long enough now").await, StatusCode::UNAUTHORIZED, code::WRONG_PASSWORD).await;
    }
    assert_problem(sign_in("nobody", "long enough now").await, StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY_TRIES).await;
    assert!(sign_in("nobody", "long enough now").await.headers().contains_key("retry-after"));
    let session: Value = sign_in("late", "long enough now").await.json().await.unwrap();
    let token = session["token"].as_str().unwrap();
    let path = format!("/v1/users/{}/sessions", session["user"]["id"].as_str().unwrap());
    assert_eq!(house.ask("DELETE", Some(&house.token("admin")), &path).await.status(), StatusCode::NO_CONTENT);
    assert_problem(house.get(token, "/v1/sessions/current").await, StatusCode::UNAUTHORIZED, code::SIGN_IN).await;
    let nobody = json!({"name": "staff-of-all", "role": "unit_staff"});
    assert_eq!(house.post(&house.token("admin"), "/v1/users", &nobody).await.status(), StatusCode::BAD_REQUEST);
    house.close().await;
}

#[tokio::test]
async fn whoever_comes_with_a_browser_is_told_what_this_is() {
    let house = House::open().await;
    let english = house.request("GET", None, "/").header("accept-language", "en").send().await.unwrap().text().await.unwrap();
    assert!(english.contains("lang=\"en\"") && english.contains("zhaoshen login http://127.0.0.1:"));
    let chinese = house.request("GET", None, "/invite").send().await.unwrap().text().await.unwrap();
    assert!(chinese.contains("lang=\"zh-CN\"") && chinese.contains("邀请"));
    for path in ["/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(house.ask("GET", None, path).await.status(), StatusCode::OK, "{path}");
    }
    let metrics = house.ask("GET", None, "/metrics").await.text().await.unwrap();
    assert!(metrics.contains("route=\"/healthz\",status=\"200\"} 1") && metrics.contains("zhaoshen_jobs_waiting{kind=\"notify\"} 0"));
    house.close().await;
}

async fn assert_problem(answer: reqwest::Response, status: StatusCode, code: &str) {
    let (was, media) = (answer.status(), answer.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned()));
    let body = answer.text().await.unwrap();
    assert_eq!((was, media.as_deref()), (status, Some(MEDIA_TYPE)), "{body}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["code"], code, "{body}");
}
