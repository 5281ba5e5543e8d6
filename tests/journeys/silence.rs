//! A season from roster to notice, with people who type personal data where none belongs: nothing of it is in the logs (at their most talkative),
//! in the metrics, in the audit, or in the name of any file.

use std::{fs, path::Path};

use reqwest::{Client, Method, StatusCode};
use uuid::Uuid;
use zhaoshen::{
    api::submission::{NewClaim, NewReview},
    client::http::Intention,
    domain::{lifecycle::attempt::Status, reason::Reason, review::ReviewVerdict},
};

use crate::support::{
    files,
    house::{House, SEASON, notices, students},
    wait_until,
};

#[test]
fn nothing_personal_is_in_logs_metrics_audit_or_names_of_files() {
    let (mut house, [registrar, reviewer, admin]) = House::open([("registrar", None), ("reviewer", None), ("admin", None)]);
    let log = house.data().with_file_name("log");
    house.kill_9();
    house.start_telling("trace", &log);
    house.put_season(&registrar, 1);
    // Among them one that the machine refuses.
    let cohort = students(&[0, 1, 2, 14]);
    registrar.import(&cohort);

    let wanted = NewClaim { season: SEASON.into(), unit: None, status: Status::Pending, count: 10, only: vec![], keep: vec![] };
    let claim = house.ask(reviewer.http.claim(&wanted));
    assert!(claim.items.len() > 1);
    for (place, item) in claim.items.iter().enumerate() {
        let seen = house.ask(reviewer.http.submission(item.id));
        let verdict =
            if place == 0 { ReviewVerdict::Reject { reasons: vec![Reason::Blur].try_into().unwrap() } } else { ReviewVerdict::Approve };
        let intention = Intention { version: seen.summary.version, key: Uuid::now_v7(), lease: Some(claim.token) };
        house.ask(reviewer.http.review(item.id, &NewReview { verdict, rendition: seen.rendition }, intention));
    }
    wait_until(|| "a notice each".to_owned(), || (notices(&house).len() == claim.items.len()).then_some(()));

    // People paste what they have into whatever is there.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    let token = House::token(&registrar);
    for student in &cohort.students {
        for personal in [student.name, student.id_number.reveal(), &student.phone] {
            let ask = |method: Method, path: &str, body: Option<serde_json::Value>| {
                let request = client.request(method, format!("{}{path}", house.address())).bearer_auth(&token);
                let request = request.header("user-agent", personal).header("referer", format!("http://x/{personal}"));
                let request = if personal.is_ascii() { request.header("x-request-id", personal) } else { request };
                let request = match body {
                    Some(body) => request.json(&body),
                    None => request,
                };
                runtime.block_on(async {
                    let answer = request.send().await.unwrap();
                    (answer.status(), answer.text().await.unwrap())
                })
            };
            for (method, path, body) in [
                (Method::GET, format!("/v1/submissions/{personal}"), None),
                (Method::GET, format!("/{personal}"), None),
                (Method::GET, format!("/v1/submissions?season={personal}&cursor={personal}"), None),
                (Method::GET, format!("/v1/progress/days?season={SEASON}&unit={personal}"), None),
                (Method::POST, "/v1/claims".into(), Some(serde_json::json!({"season": personal, "count": personal}))),
                (Method::PUT, format!("/v1/claims/{personal}"), None),
            ] {
                let (status, answer) = ask(method, &path, body);
                assert!(!status.is_server_error(), "{path}: {status} {answer}");
                assert!(!answer.contains(personal), "{path}: {answer}");
            }
        }
    }
    let wrong = serde_json::json!({"name": cohort.students[0].name, "password": cohort.students[0].id_number.reveal()});
    let sign_in = client.post(format!("{}/v1/sessions", house.address())).json(&wrong);
    assert_eq!(runtime.block_on(sign_in.send()).unwrap().status(), StatusCode::UNAUTHORIZED);

    let metrics =
        runtime.block_on(async { client.get(format!("{}/metrics", house.address())).send().await.unwrap().text().await.unwrap() });
    for counted in [
        "zhaoshen_request_seconds_bucket{route=\"/v1/submissions/{id}/reviews\",status=\"2xx\",le=\"+Inf\"} ",
        "zhaoshen_job_seconds_count{kind=\"standardize\"} 4\n",
        "zhaoshen_claims_total{outcome=\"given\"} 1\n",
        "zhaoshen_reviews_total{outcome=\"reject\"} 1\n",
        "zhaoshen_photos{status=\"machine_refused\"} 1\n",
        "zhaoshen_jobs_failing{kind=\"notify\"} 0\n",
    ] {
        assert!(metrics.contains(counted), "{counted}:\n{metrics}");
    }
    let audit = admin.run(&["audit", "--season", SEASON, "--json"]);
    assert_eq!(audit.code, Some(0), "{audit:?}");
    house.stop();

    let logged = fs::read_to_string(&log).unwrap();
    let answered = logged.lines().filter(|line| line.contains("answered")).count();
    assert!(answered > 72, "it was talkative: {answered} of {} lines", logged.lines().count());
    let names: String = [house.data(), house.pictures()]
        .iter()
        .flat_map(|folder| files(folder))
        .map(|file| format!("{}\n", Path::new(&file).display()))
        .collect();
    assert!(names.contains("notices.jsonl") || names.contains("master.key"));
    for (place, text) in [("the logs", &logged), ("the metrics", &metrics), ("the audit", &audit.out), ("names of files", &names)] {
        for student in &cohort.students {
            for personal in [student.name, student.id_number.reveal(), &student.phone] {
                let line = text.lines().find(|line| line.contains(personal));
                assert!(line.is_none(), "{personal} is in {place}: {line:?}");
            }
        }
        for secret in [token.as_str(), "correct horse battery"] {
            assert!(!text.contains(secret), "a secret is in {place}");
        }
    }
}
