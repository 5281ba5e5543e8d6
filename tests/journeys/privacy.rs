//! Personal data as people outside meet it: masked in every answer, shown with a reason, given out, erased down to the disk; keys that change
//! under a house, and an audit that cannot be changed unseen.

use std::{fs, io::Read as _, io::Write as _, path::Path, process::Stdio};

use reqwest::StatusCode;
use serde_json::{Value, json};
use zhaoshen::backend::{jobs::chores, router::routes};

use crate::{
    api::house::{House as Api, SEASON as API_SEASON, photo},
    support::{
        PROGRAM,
        house::{House, Person, SEASON, students},
    },
};

/// What must never be in an answer that is not a reveal or an export.
const PERSONAL: [&str; 3] = ["欧阳某某", "990000199001010017", "13912345678"];

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.push(name.clone());
            strings(value, found);
        }),
        _ => {}
    }
}

fn assert_masked(what: &str, body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    let mut all = vec![text.to_string()];
    // Escapes would hide it from a search in the text.
    for line in text.lines() {
        if let Ok(value) = serde_json::from_str(line.strip_prefix("data:").unwrap_or(line)) {
            strings(&value, &mut all);
        }
    }
    for personal in PERSONAL {
        assert!(!all.iter().any(|text| text.contains(personal)), "{what} says {personal}");
    }
}

#[tokio::test]
async fn every_answer_is_masked_and_what_is_shown_is_asked_for() {
    let house = Api::open().await;
    let registrar = house.token("registrar");
    let roster = format!("学号,姓名,身份证号,手机,单位代码,办学单位\n25010001,{},{},{},A,A 分校\n", PERSONAL[0], PERSONAL[1], PERSONAL[2]);
    let taken = house.request("POST", Some(&registrar), &format!("/v1/rosters?season={API_SEASON}")).body(roster).send().await.unwrap();
    let report = taken.bytes().await.unwrap();
    assert_masked("the roster's report", &report);
    assert_eq!(serde_json::from_slice::<Value>(&report).unwrap()["updated"], 1);
    let answer = house.upload(1, &photo("doubtful"), Some(&photo("card"))).await;
    let body = answer.bytes().await.unwrap();
    assert_masked("the upload", &body);
    let id = serde_json::from_slice::<Value>(&body).unwrap()["id"].as_str().unwrap().to_owned();
    house.work().await;
    let corrected = house.post(&registrar, "/v1/claims", &json!({"season": API_SEASON, "status": "pending", "count": 5})).await;
    assert_masked("a refused claim", &corrected.bytes().await.unwrap());
    let claim = house.post(&house.token("two"), "/v1/claims", &json!({"season": API_SEASON, "status": "pending", "count": 5})).await;
    assert_masked("a claim", &claim.bytes().await.unwrap());
    // Everything that can be read, by everybody.
    let mut read = 0;
    for route in routes().into_iter().filter(|route| route.method == "GET" && route.path != "/v1/events") {
        let path = route.path.replace("{id}", &id).replace("{code}", API_SEASON).replace("{kind}", "preview");
        let path = format!("{path}?season={API_SEASON}&unit=A&status=pending");
        for name in ["one", "lead", "registrar", "staff", "support", "auditor", "admin"] {
            let answer = house.get(&house.token(name), &path).await;
            let (status, url) = (answer.status(), answer.url().to_string());
            if path.starts_with("/v1/notices/calls") {
                // The call list is for calling: it holds names and phones, and nothing else of the three.
                assert!(!String::from_utf8_lossy(&answer.bytes().await.unwrap()).contains(PERSONAL[1]));
                continue;
            }
            assert_masked(&format!("{name} {url}"), &answer.bytes().await.unwrap());
            read += usize::from(status == StatusCode::OK);
        }
    }
    assert!(read > 60, "only {read} answers were read");
    // With a reason, and only what was asked for.
    let path = format!("/v1/submissions/{id}/reveal");
    let shown = house.post(&house.token("one"), &path, &json!({"fields": ["id_number"], "reason": "check_identity"})).await;
    assert_eq!(shown.json::<Value>().await.unwrap(), json!({"id_number": PERSONAL[1], "left": 19}));
    for (body, status) in [
        (json!({"fields": ["id_number"]}), StatusCode::BAD_REQUEST),
        (json!({"fields": ["id_number"], "reason": "curiosity"}), StatusCode::BAD_REQUEST),
        (json!({"fields": [], "reason": "authority"}), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(house.post(&house.token("one"), &path, &body).await.status(), status, "{body}");
    }
    assert_eq!(house.post(&house.token("auditor"), &path, &json!({})).await.status(), StatusCode::FORBIDDEN);
    let audit = house.get(&house.token("auditor"), &format!("/v1/audit?season={API_SEASON}&limit=200")).await.bytes().await.unwrap();
    assert_masked("the audit", &audit);
    assert!(String::from_utf8_lossy(&audit).contains("student.revealed"));
    house.close().await;
}

#[tokio::test]
async fn a_person_leaves_with_everything_and_nothing_stays_on_the_disk() {
    let house = Api::open().await;
    let (registrar, one) = (house.token("registrar"), house.token("one"));
    let answer = house.upload(1, &photo("same"), Some(&photo("card"))).await;
    let id: uuid::Uuid = serde_json::from_value(answer.json::<Value>().await.unwrap()["id"].clone()).unwrap();
    house.work().await;
    let asked = json!({"season": API_SEASON, "student": "25010001"});
    let archive = house.post(&registrar, "/v1/persons/export", &asked).await;
    assert_eq!((archive.status(), &archive.headers()["cache-control"]), (StatusCode::OK, &"private, no-store".parse().unwrap()));
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive.bytes().await.unwrap())).unwrap();
    let mut names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    assert_eq!(
        names,
        ["1-id_card-1.jpg", "1-original-1.jpg", "1-portrait-1.jpg", "1-preview-1.jpg", "1-standard-1.jpg", "1-thumb-1.jpg", "data.json"]
    );
    let mut data = String::new();
    archive.by_name("data.json").unwrap().read_to_string(&mut data).unwrap();
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!((&data["name"], &data["phone"]), (&json!("张三"), &json!("13800000000")));
    let mut card = vec![];
    archive.by_name("1-id_card-1.jpg").unwrap().read_to_end(&mut card).unwrap();
    assert_eq!(card, photo("card"));
    assert_eq!(house.post(&one, "/v1/persons/export", &asked).await.status(), StatusCode::FORBIDDEN);

    let erasure = json!({"season": API_SEASON, "student": "25010001", "reason": "person_asked"});
    let refused = house.post(&registrar, "/v1/persons/erasure", &erasure).await;
    assert_eq!((refused.status(), &refused.json::<Value>().await.unwrap()["code"]), (StatusCode::CONFLICT, &json!("already_submitted")));
    let (seen, version) = house.see(&one, id).await;
    house.review(&one, &seen, version, &json!({"verdict": "reject", "reasons": ["blur"]})).await;
    house.clock.advance(601);
    house.work().await;
    let erased: Value = house.post(&registrar, "/v1/persons/erasure", &erasure).await.json().await.unwrap();
    assert_eq!((&erased["attempts"], &erased["pictures"]), (&json!(1), &json!(6)));
    assert_eq!(house.get(&one, &format!("/v1/submissions/{id}/pictures/original")).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(house.blobs().await, 6, "still there, shown to nobody");
    chores::round(house.state()).await.unwrap();
    assert_eq!(house.blobs().await, 0);
    assert_eq!(house.post(&registrar, "/v1/persons/export", &asked).await.status(), StatusCode::NOT_FOUND);
    // A chain of what was done, for whoever audits.
    let checkpoints: Value = house.get(&house.token("auditor"), "/v1/audit/checkpoints").await.json().await.unwrap();
    assert_eq!(checkpoints["items"][0]["number"], 1);
    assert_eq!(house.get(&one, "/v1/audit/checkpoints").await.status(), StatusCode::FORBIDDEN);
    house.close().await;
}

/// Runs a command of whoever keeps the house, which is not served meanwhile.
fn keep(house: &House, arguments: &[&str]) -> (Option<i32>, String, String) {
    let ended = house.keeper(arguments).output().unwrap();
    (ended.status.code(), String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap())
}

fn with_input(person: &Person, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut command = person.home.command(PROGRAM);
    let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    (ended.status.code(), format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr)))
}

#[test]
fn keys_change_under_a_house_and_its_audit_is_verified() {
    let (mut house, [registrar]) = House::open([("registrar", None)]);
    house.put_season(&registrar, 600);
    let cohort = students(&[0, 1]);
    registrar.import(&cohort);
    house.wait_progress(&registrar, "two judged photos", |unit| unit.captured + unit.standardized == 0 && unit.captured_students == 2);
    let before = house.submissions(&registrar);
    assert_eq!(before.len(), 2);
    let (code, told) = with_input(&registrar, &["retention", "--season", SEASON], "");
    assert!(code == Some(0) && told.contains("身份证照"), "{told}");
    house.stop();

    let (code, out, errors) = keep(&house, &["keys", "rotate"]);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(out.contains("重新封存：0 项，照片 0 张"), "until nothing is left: {out}");
    let next = house.data().parent().unwrap().join("next.key");
    let (code, out, errors) = keep(&house, &["keys", "rewrap", "--next", next.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{out}{errors}");
    let (code, _, errors) = keep(&house, &["keys", "list"]);
    assert_eq!(code, Some(3), "the old master key opens nothing: {errors}");
    fs::rename(&next, house.data().join("master.key")).unwrap();
    let (code, out, _) = keep(&house, &["keys", "list"]);
    assert!(code == Some(0) && out.contains("已停用") && out.contains("当前使用"), "{out}");

    let (code, out, errors) = keep(&house, &["audit", "verify"]);
    assert_eq!(code, Some(0), "{out}{errors}");
    let anchor = out.lines().last().unwrap().to_owned();
    let key = out.split("公钥 ").nth(1).unwrap()[..64].to_owned();
    let (code, exported, _) = keep(&house, &["audit", "export"]);
    assert_eq!(code, Some(0));
    assert!(exported.contains("roster.taken") && !exported.contains("张"), "{exported}");
    let file = registrar.home.path("audit.jsonl");
    let verify = |text: &str| {
        fs::write(&file, text).unwrap();
        with_input(&registrar, &["audit", "verify", "--file", "audit.jsonl", "--public-key", &key, "--anchor", &anchor], "")
    };
    assert_eq!(verify(&exported).0, Some(0));
    let (code, told) = verify(&exported.replacen("roster.taken", "roster.token", 1));
    assert!(code == Some(1) && told.contains("与封存时不一致"), "{told}");
    let cut: Vec<&str> = exported.lines().take(1).collect();
    assert_eq!(verify(&format!("{}\n", cut[0])).0, Some(1), "cut short");
    assert_eq!(verify("nonsense\n").0, Some(3));

    // Under its new keys the house is what it was.
    house.start();
    let after = house.submissions(&registrar);
    let names = |all: &[zhaoshen::api::submission::SubmissionSummary]| all.iter().map(|one| one.student.clone()).collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before));
    let number = after[0].student.student_number.clone();
    let (code, told) = with_input(&registrar, &["person", "export", "--season", SEASON, "-o", "person.zip"], &format!("{number}\n"));
    assert!(code == Some(0), "{told}");
    let archive = fs::read(registrar.home.path("person.zip")).unwrap();
    let archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
    assert!(archive.file_names().any(|name| name.unwrap().starts_with("1-original")), "pictures open under the new key");
    let (code, told) = with_input(&registrar, &["person", "erase", "--season", SEASON, "--reason", "person-asked"], &format!("{number}\n"));
    assert!(code == Some(1) && told.contains("照片"), "still under way: {told}");
    let (code, told) = with_input(&registrar, &["audit", "checkpoints", "--last"], "");
    assert!(code == Some(0) && told.lines().count() == 1, "{told}");
    assert!(Path::new(&file).exists());
}
