//! Journeys of the intake commands as a person or a script runs them: the binary itself, its standard streams, its exit codes.
//!
//! The backend is a small HTTP server with its own memory, so that what survives a killed client can be counted.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

const TOKEN: &str = "t0ken-of-the-registrar";

#[derive(Clone, Default)]
struct Backend {
    students: Arc<Mutex<BTreeSet<String>>>,
    /// How slowly a photo is taken.
    delay: Arc<Mutex<Duration>>,
}

impl Respond for Backend {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let ok = |body: Value| ResponseTemplate::new(200).set_body_json(body);
        let user = json!({"id": "018f0000-0000-7000-8000-000000000000", "name": "li", "role": "registrar", "school": "x"});
        if request.url.path() == "/v1/sessions" {
            return ok(json!({"token": TOKEN, "expires_at": "2099-01-01T00:00:00Z", "user": user}));
        }
        if request.headers.get("authorization").is_none_or(|value| value.as_bytes() != format!("Bearer {TOKEN}").as_bytes()) {
            let problem = json!({"code": "sign_in", "title": "sign in", "status": 401});
            return ResponseTemplate::new(401).set_body_raw(problem.to_string(), "application/problem+json");
        }
        match (request.method.as_str(), request.url.path()) {
            ("GET", "/v1/sessions/current") => ok(user),
            ("DELETE", "/v1/sessions") => ResponseTemplate::new(204),
            ("GET", "/v1/seasons") => ok(json!([{"code": "s", "name": "s"}])),
            ("POST", "/v1/rosters") => ok(
                json!({"rows": 40, "taken": true, "new": 40, "updated": 0, "unchanged": 0, "encoding": "UTF-8", "columns": [], "errors": []}),
            ),
            ("POST", "/v1/submissions") => {
                let body = String::from_utf8_lossy(&request.body);
                let student = body.split("\"student\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
                let status = if self.students.lock().unwrap().insert(student.clone()) { 201 } else { 200 };
                let submission = json!({"id": "018f0000-0000-7000-8000-000000000000", "season": "s", "unit": "u", "student": {"student_number": student},
                    "number": 1, "status": "captured", "version": 1, "submitted_at": "2027-06-01T00:00:00Z", "checks": "unknown", "machine_reasons": []});
                ResponseTemplate::new(status).set_body_json(submission).set_delay(*self.delay.lock().unwrap())
            }
            ("GET", "/v1/progress") => {
                let captured = self.students.lock().unwrap().len();
                let whole = json!({"unit": null, "students": 40, "captured_students": captured, "done_students": 0, "captured": 0, "standardized": 0,
                    "machine_refused": 0, "pending": captured, "correction_requested": 0, "held": 0, "approved": 0, "rejected": 0, "withdrawn": 0, "doubtful": 0});
                ok(json!({"units": [], "whole": whole}))
            }
            other => panic!("nobody asks for {other:?}"),
        }
    }
}

async fn start() -> (MockServer, Backend) {
    let (server, backend) = (MockServer::start().await, Backend::default());
    Mock::given(wiremock::matchers::any()).respond_with(backend.clone()).mount(&server).await;
    (server, backend)
}

fn zhaoshen(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zhaoshen"));
    for name in ["ZHAOSHEN_SERVER", "ZHAOSHEN_TOKEN", "ZHAOSHEN_TOKEN_FILE"] {
        command.env_remove(name);
    }
    command.env("ZHAOSHEN_CONFIG_DIR", home.join("config")).env("ZHAOSHEN_LANG", "en").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(home: &Path, arguments: &[&str], typed: &str) -> (Option<i32>, String, String) {
    let mut child = zhaoshen(home, arguments).spawn().unwrap();
    // A command that asks nothing may be gone before it is told anything.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn make_import(home: &Path) -> Vec<String> {
    let (roster, photos) = (home.join("roster.csv"), home.join("photos"));
    std::fs::create_dir(&photos).unwrap();
    let mut text = String::from("学号,办学单位\n");
    for number in 0..40 {
        text.push_str(&format!("23{number:03},城东\n"));
        std::fs::write(photos.join(format!("23{number:03}.jpg")), number.to_string()).unwrap();
    }
    std::fs::write(&roster, text).unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    ["import".into(), "--season".into(), "s".into(), "--roster".into(), path(&roster), "--photos".into(), path(&photos), "--json".into()]
        .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_goes_on_where_it_was() {
    let (server, backend) = start().await;
    let home = tempfile::tempdir().unwrap();
    let (code, _, errors) = run(home.path(), &["login", &server.uri()], "li\na long password\n");
    assert_eq!(code, Some(0), "{errors}");
    let arguments = make_import(home.path());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();

    *backend.delay.lock().unwrap() = Duration::from_millis(50);
    let mut child = zhaoshen(home.path(), &arguments).spawn().unwrap();
    while backend.students.lock().unwrap().len() < 10 {
        assert!(child.try_wait().unwrap().is_none(), "the import ended before it could be killed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What was under way arrives or not; nothing more comes.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let arrived = backend.students.lock().unwrap().len();
    assert!((10..40).contains(&arrived), "{arrived} arrived");

    *backend.delay.lock().unwrap() = Duration::ZERO;
    let (code, out, errors) = run(home.path(), &arguments, "");
    assert_eq!(code, Some(0), "{errors}");
    let summary: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((summary["uploaded"].as_u64(), summary["exists"].as_u64()), (Some(40 - arrived as u64), Some(arrived as u64)));
    assert_eq!(backend.students.lock().unwrap().len(), 40);

    let (code, out, _) = run(home.path(), &["progress", "--json"], "");
    let whole: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((code, whole["captured_students"].as_i64()), (Some(0), Some(40)));

    assert_eq!(run(home.path(), &["logout"], "").0, Some(0));
    assert_eq!(run(home.path(), &["progress"], "").0, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stay_out_of_arguments_and_open_files() {
    let (server, _) = start().await;
    let home = tempfile::tempdir().unwrap();
    let with_password = server.uri().replace("http://", "http://li:secret@");
    let (code, _, errors) = run(home.path(), &["login", &with_password], "");
    assert!(code == Some(2) && !errors.contains("secret@"), "{errors}");

    let file = home.path().join("token");
    std::fs::write(&file, TOKEN).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let login = ["login", &server.uri(), "--token-file", file.to_str().unwrap()];
    let (code, _, errors) = run(home.path(), &login, "");
    assert!(code == Some(3) && errors.contains("chmod 600"), "{errors}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (code, out, _) = run(home.path(), &login, "");
    assert!(code == Some(0) && out.contains("registrar") && !out.contains(TOKEN), "{out}");
    let saved = std::fs::metadata(home.path().join("config/sessions.json")).unwrap().permissions().mode();
    assert_eq!(saved & 0o777, 0o600);

    let mut command = zhaoshen(home.path(), &["progress", "--season", "s", "--json"]);
    command.env("ZHAOSHEN_SERVER", server.uri()).env("ZHAOSHEN_TOKEN", "wrong");
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
}
