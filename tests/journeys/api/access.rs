//! Signing in with one-time codes, sessions and users that are managed, and limits: over HTTP, with a clock that is moved by hand.

use reqwest::StatusCode;
use serde_json::{Value, json};
use zhaoshen::{
    api::{
        people::{KnownUser, OwnSession},
        problem::code,
    },
    backend::{clock::Clock as _, entrance::Entrance, limits::Limits},
    domain::access::Role,
};

use super::{
    assert_problem,
    house::{House, SEASON},
};

const PASSWORD: &str = "long enough now";

/// Somebody who came by an invitation, and their token.
async fn joined(house: &House, name: &str, role: &str) -> String {
    let invitation: Value =
        house.post(&house.token("admin"), "/v1/users", &json!({"name": name, "role": role})).await.json().await.unwrap();
    token_of(redeem(house, &invitation, None).await).await
}

async fn redeem(house: &House, invitation: &Value, code: Option<&str>) -> reqwest::Response {
    let body = json!({"invitation": invitation["code"], "password": PASSWORD, "code": code});
    house.request("POST", None, "/v1/invitations/redeem").json(&body).send().await.unwrap()
}

async fn sign_in(house: &House, name: &str, code: Option<&str>) -> reqwest::Response {
    let body = json!({"name": name, "password": PASSWORD, "code": code});
    house.request("POST", None, "/v1/sessions").header("user-agent", "desk/1").json(&body).send().await.unwrap()
}

async fn token_of(answer: reqwest::Response) -> String {
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

/// What the phone shows now.
fn shown(house: &House, uri: &str) -> String {
    totp_rs::Totp::from_url(uri).unwrap().generate(house.clock.now().as_second().unsigned_abs()).to_string()
}

async fn user_id(house: &House, name: &str) -> String {
    let users: Vec<KnownUser> = house.get(&house.token("admin"), "/v1/users").await.json().await.unwrap();
    users.into_iter().find(|known| known.user.name == name).unwrap().user.id.to_string()
}

#[tokio::test]
async fn one_time_codes_are_set_up_asked_for_and_recovered() {
    let house = House::open().await;
    let token = joined(&house, "late", "reviewer").await;
    let begin = async |password: &str| house.post(&token, "/v1/totp", &json!({"password": password})).await;
    assert_problem(begin("not the one").await, StatusCode::UNAUTHORIZED, code::WRONG_PASSWORD).await;
    let secret: Value = begin(PASSWORD).await.json().await.unwrap();
    let uri = secret["uri"].as_str().unwrap();
    assert!(uri.contains(secret["secret"].as_str().unwrap()) && uri.contains("zhaoshen") && uri.contains("late"));
    // Nothing is asked for before it is known that the secret arrived.
    token_of(sign_in(&house, "late", None).await).await;
    let confirm = async |code: &str| house.post(&token, "/v1/totp/confirmation", &json!({"code": code})).await;
    assert_problem(confirm("000000").await, StatusCode::UNAUTHORIZED, code::WRONG_CODE).await;
    let recovery: Value = confirm(&shown(&house, uri)).await.json().await.unwrap();
    let recovery: Vec<String> = serde_json::from_value(recovery["codes"].clone()).unwrap();
    assert_eq!(recovery.len(), 10);
    let sessions: Vec<OwnSession> = house.get(&token, "/v1/sessions").await.json().await.unwrap();
    assert_eq!(sessions.len(), 1, "what was opened without a code is over");

    assert_problem(sign_in(&house, "late", None).await, StatusCode::UNAUTHORIZED, code::CODE_NEEDED).await;
    assert_problem(begin(PASSWORD).await, StatusCode::CONFLICT, code::CODES_CONFIRMED).await;
    let used = shown(&house, uri);
    assert_problem(sign_in(&house, "late", Some(&used)).await, StatusCode::UNAUTHORIZED, code::WRONG_CODE).await;
    house.clock.advance(30);
    token_of(sign_in(&house, "late", Some(&shown(&house, uri))).await).await;
    token_of(sign_in(&house, "late", Some(&recovery[0])).await).await;
    assert_problem(sign_in(&house, "late", Some(&recovery[0])).await, StatusCode::UNAUTHORIZED, code::WRONG_CODE).await;
    let state: Value = house.get(&token, "/v1/totp").await.json().await.unwrap();
    assert_eq!(state, json!({"confirmed": true, "required": false, "recovery_codes_left": 9}));

    // A link for a new password does not stand in for the phone.
    let id = user_id(&house, "late").await;
    let invitation: Value =
        house.post(&house.token("admin"), &format!("/v1/users/{id}/invitations"), &json!({})).await.json().await.unwrap();
    assert_problem(house.get(&token, "/v1/sessions/current").await, StatusCode::UNAUTHORIZED, code::SIGN_IN).await;
    assert_problem(redeem(&house, &invitation, None).await, StatusCode::UNAUTHORIZED, code::CODE_NEEDED).await;
    assert_problem(redeem(&house, &invitation, Some("000000")).await, StatusCode::UNAUTHORIZED, code::WRONG_CODE).await;
    token_of(redeem(&house, &invitation, Some(&recovery[1])).await).await;

    // Who has lost everything is helped by an admin.
    let reset = house.ask("DELETE", Some(&house.token("admin")), &format!("/v1/users/{id}/totp")).await;
    assert_eq!(reset.status(), StatusCode::NO_CONTENT);
    token_of(sign_in(&house, "late", None).await).await;
    house.close().await;
}

#[tokio::test]
async fn codes_are_guessed_no_more_often_than_passwords() {
    let house = House::open().await;
    let token = joined(&house, "late", "reviewer").await;
    let secret: Value = house.post(&token, "/v1/totp", &json!({"password": PASSWORD})).await.json().await.unwrap();
    let uri = secret["uri"].as_str().unwrap();
    assert_eq!(house.post(&token, "/v1/totp/confirmation", &json!({"code": shown(&house, uri)})).await.status(), StatusCode::CREATED);
    for guess in 0..8 {
        // Asking without a code in between takes nothing back.
        assert_problem(sign_in(&house, "late", None).await, StatusCode::UNAUTHORIZED, code::CODE_NEEDED).await;
        let code = format!("{guess:06}");
        assert_problem(sign_in(&house, "late", Some(&code)).await, StatusCode::UNAUTHORIZED, code::WRONG_CODE).await;
    }
    house.clock.advance(30);
    let right = shown(&house, uri);
    let answer = sign_in(&house, "late", Some(&right)).await;
    assert!(answer.headers().contains_key("retry-after"));
    assert_problem(answer, StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY_TRIES).await;
    house.close().await;
}

#[tokio::test]
async fn a_role_that_needs_codes_does_nothing_before_they_are_set_up() {
    let house = House::open().await;
    let token = joined(&house, "late", "registrar").await;
    let policy = json!({"codes_required_for": ["registrar", "admin", "registrar"]});
    let put = async |who: &str| house.request("PUT", Some(&house.token(who)), "/v1/access-policy").json(&policy).send().await.unwrap();
    assert_problem(put("of-a").await, StatusCode::FORBIDDEN, code::FORBIDDEN).await;
    let kept: Value = put("admin").await.json().await.unwrap();
    assert_eq!(kept, json!({"codes_required_for": ["admin", "registrar"]}));
    let path = format!("/v1/progress?season={SEASON}");
    assert_problem(house.get(&token, &path).await, StatusCode::FORBIDDEN, code::CODES_FIRST).await;
    assert_problem(house.get(&house.token("admin"), "/v1/users").await, StatusCode::FORBIDDEN, code::CODES_FIRST).await;
    assert_eq!(house.get(&house.token("one"), &path).await.status(), StatusCode::OK, "others are not meant");
    assert_eq!(house.get(&token, "/v1/sessions/current").await.status(), StatusCode::OK);
    let secret: Value = house.post(&token, "/v1/totp", &json!({"password": PASSWORD})).await.json().await.unwrap();
    let code = shown(&house, secret["uri"].as_str().unwrap());
    assert_eq!(house.post(&token, "/v1/totp/confirmation", &json!({"code": code})).await.status(), StatusCode::CREATED);
    assert_eq!(house.get(&token, &path).await.status(), StatusCode::OK);
    house.close().await;
}

#[tokio::test]
async fn users_are_shut_out_let_in_and_given_another_role() {
    let house = House::open().await;
    let token = joined(&house, "late", "reviewer").await;
    let id = user_id(&house, "late").await;
    let put =
        async |body: Value| house.request("PUT", Some(&house.token("admin")), &format!("/v1/users/{id}")).json(&body).send().await.unwrap();
    let known: KnownUser = put(json!({"role": "auditor"})).await.json().await.unwrap();
    assert_eq!((known.user.role, known.joined, known.disabled, known.totp), (Role::Auditor, true, false, false));
    assert_eq!(house.get(&token, "/v1/audit").await.status(), StatusCode::OK, "it holds from the next request on");
    assert_problem(house.get(&token, &format!("/v1/submissions?season={SEASON}")).await, StatusCode::FORBIDDEN, code::FORBIDDEN).await;
    assert_eq!(put(json!({"role": "unit_staff"})).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(put(json!({"role": "auditor", "disabled": true})).await.status(), StatusCode::OK);
    assert_problem(house.get(&token, "/v1/audit").await, StatusCode::UNAUTHORIZED, code::SIGN_IN).await;
    assert_problem(sign_in(&house, "late", None).await, StatusCode::FORBIDDEN, code::USER_DISABLED).await;
    assert_eq!(put(json!({"role": "auditor"})).await.status(), StatusCode::OK);
    token_of(sign_in(&house, "late", None).await).await;
    let own = house.store().credentials("admin").await.unwrap().unwrap().user.id;
    let oneself = house.request("PUT", Some(&house.token("admin")), &format!("/v1/users/{own}")).json(&json!({"role": "reviewer"}));
    assert_problem(oneself.send().await.unwrap(), StatusCode::CONFLICT, code::OWN_ACCOUNT).await;
    house.close().await;
}

#[tokio::test]
async fn sessions_are_seen_by_their_owner_and_ended_from_afar() {
    let house = House::open().await;
    let first = joined(&house, "late", "reviewer").await;
    house.clock.advance(60);
    let lost = token_of(sign_in(&house, "late", None).await).await;
    let list = async || house.get(&first, "/v1/sessions").await;
    let text = list().await.text().await.unwrap();
    assert!(!text.contains(&first) && !text.contains(&lost), "no token is told");
    house.clock.advance(301);
    assert_eq!(house.get(&first, "/v1/sessions/current").await.status(), StatusCode::OK);
    let sessions: Vec<OwnSession> = list().await.json().await.unwrap();
    let told: Vec<_> = sessions.iter().map(|session| (session.current, session.seen_at == house.clock.now())).collect();
    assert_eq!(told, [(true, true), (false, false)]);
    let theirs = sessions.iter().find(|session| !session.current).unwrap();
    assert_eq!(theirs.client, "desk/1");
    let end = async |token: &str| house.ask("DELETE", Some(token), &format!("/v1/sessions/{}", theirs.id)).await;
    assert_problem(end(&house.token("admin")).await, StatusCode::NOT_FOUND, code::NOT_FOUND).await;
    assert_eq!(end(&first).await.status(), StatusCode::NO_CONTENT);
    assert_problem(house.get(&lost, "/v1/sessions/current").await, StatusCode::UNAUTHORIZED, code::SIGN_IN).await;
    assert_eq!(house.get(&first, "/v1/sessions/current").await.status(), StatusCode::OK);
    house.close().await;
}

#[tokio::test]
async fn whoever_asks_too_often_waits_for_the_next_minute() {
    let limits = Limits { session: 40, address: 0 };
    let house = House::open_with(Entrance { limits, ..Entrance::default() }).await;
    let (one, two) = (house.token("one"), house.token("two"));
    let ask = async |token: &str| house.get(token, "/v1/sessions/current").await;
    let mut passed = 0;
    let refused = loop {
        let answer = ask(&one).await;
        if answer.status() != StatusCode::OK {
            break answer;
        }
        passed += 1;
    };
    assert_eq!(passed, 40);
    let wait: i64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_problem(refused, StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY_REQUESTS).await;
    assert_eq!(ask(&two).await.status(), StatusCode::OK, "another session");
    house.clock.advance(wait);
    assert_eq!(ask(&one).await.status(), StatusCode::OK);
    // What is costly is counted by the person, through all sessions.
    let auditor = house.store().credentials("auditor").await.unwrap().unwrap().user.id;
    let path = format!("/v1/progress?season={SEASON}&format=csv");
    let mut exports = 0;
    loop {
        let token = house.session(auditor).await;
        let answer = house.get(&token, &path).await;
        if answer.status() != StatusCode::OK {
            assert_problem(answer, StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY_REQUESTS).await;
            assert_eq!(house.get(&token, &format!("/v1/progress?season={SEASON}")).await.status(), StatusCode::OK, "only the table");
            break;
        }
        exports += 1;
    }
    assert_eq!(exports, 30);
    house.close().await;
    let limits = Limits { session: 0, address: 60 };
    let house = House::open_with(Entrance { limits, ..Entrance::default() }).await;
    house.clock.advance(60);
    let mut passed = 0;
    while house.get(&house.token("one"), "/v1/sessions/current").await.status() == StatusCode::OK {
        passed += 1;
    }
    assert_eq!(passed, 60);
    let stranger = house.ask("GET", None, "/v1/users").await;
    assert_problem(stranger, StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY_REQUESTS).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(house.ask("GET", None, path).await.status(), StatusCode::OK, "who watches is never refused");
    }
    house.close().await;
}
