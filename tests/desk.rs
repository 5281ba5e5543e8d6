//! The desk in a real pseudo-terminal, before a stub of the backend: it starts, is quick, decides, and always gives the terminal back.
#![cfg(all(feature = "desk", unix))]

use std::{
    io::{Read, Write},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

const PATIENCE: Duration = Duration::from_secs(30);

/// The program in a terminal of 80×24 that answers to nothing.
struct Desk {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    _terminal: Box<dyn MasterPty + Send>,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn open(server: &str, environment: &[(&str, &str)]) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "a-token").unwrap();
        std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_zhaoshen"));
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("ZHAOSHEN_LANG", "zh-CN");
        command.env("ZHAOSHEN_SERVER", server);
        command.env("ZHAOSHEN_TOKEN_FILE", &token);
        command.env("ZHAOSHEN_STATE_DIR", folder.path().join("state"));
        environment.iter().for_each(|(name, value)| command.env(name, value));
        command.arg("review");
        let child = pair.slave.spawn_command(command).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0)));
        let (mut output, writing) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                writing.lock().unwrap().process(&bytes[..count]);
            }
        });
        Desk { child, keys: pair.master.take_writer().unwrap(), screen, _terminal: pair.master, _folder: folder }
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn see(&self, words: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.text().contains(words) {
            assert!(Instant::now() < until, "never saw {words:?} in:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Presses a key, once a second, until it has shown its effect.
    async fn press_until(&mut self, key: &str, words: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.text().contains(words) {
            assert!(Instant::now() < until, "never saw {words:?} in:\n{}", self.text());
            self.press(key);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Waits for the end; returns the exit code.
    fn end(&mut self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                std::thread::sleep(Duration::from_millis(100));
                return status.exit_code();
            }
            assert!(Instant::now() < until, "the desk does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn restored(&self) -> bool {
        let parser = self.screen.lock().unwrap();
        !parser.screen().alternate_screen() && !parser.screen().hide_cursor() && !parser.screen().bracketed_paste()
    }
}

fn id(n: usize) -> String {
    format!("00000000-0000-0000-0000-{n:012}")
}

fn summary(n: usize, name: &str) -> Value {
    json!({
        "id": id(n), "season": "s", "unit": "xa", "number": 1, "status": "pending", "version": 3, "submitted_at": "2027-03-01T08:00:00Z",
        "student": {"student_number": format!("2027{n:04}"), "name": name}, "checks": "pass", "machine_reasons": [], "band": "same",
    })
}

/// A backend of one unit with three photos, which takes every review.
async fn stub() -> MockServer {
    let server = MockServer::start().await;
    let get = |path: &str| Mock::given(matchers::method("GET")).and(matchers::path(path));
    let ok = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    let mut jpeg = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(90, 120, image::Rgb([100, 197, 255])).write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    let counts = json!({"unit": "xa", "unit_name": "西安分校", "students": 9, "captured_students": 3, "done_students": 0, "captured": 0,
        "standardized": 0, "machine_refused": 0, "pending": 3, "correction_requested": 0, "held": 0, "approved": 0, "rejected": 0,
        "withdrawn": 0, "doubtful": 0});
    let user = json!({"id": id(900), "name": "lin", "role": "reviewer", "school": "s"});
    get("/v1/sessions/current").respond_with(ok(user)).mount(&server).await;
    get("/v1/seasons").respond_with(ok(json!([{"code": "s", "name": "2027 夏"}]))).mount(&server).await;
    get("/v1/progress").respond_with(ok(json!({"units": [counts.clone()], "whole": counts}))).mount(&server).await;
    let rows: Vec<Value> = (1..=3).map(|n| summary(n, if n == 2 { "\u{1b}[2J\u{7}王*" } else { "张*" })).collect();
    get("/v1/submissions").respond_with(ok(json!({"items": rows.clone()}))).mount(&server).await;
    for (n, row) in (1..).zip(&rows) {
        let mut detail = row.clone();
        detail["pictures"] = json!(["preview", "standard", "portrait"]);
        detail["rendition"] = json!(id(500 + n));
        get(&format!("/v1/submissions/{}", id(n))).respond_with(ok(detail)).mount(&server).await;
    }
    Mock::given(matchers::path_regex("/pictures/"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(jpeg.into_inner(), "image/jpeg"))
        .mount(&server)
        .await;
    let claim = json!({"token": id(700), "until": "2099-01-01T00:00:00Z", "items": rows});
    Mock::given(matchers::method("POST")).and(matchers::path("/v1/claims")).respond_with(ok(claim)).mount(&server).await;
    Mock::given(matchers::method("POST"))
        .and(matchers::path_regex("/reviews$"))
        .respond_with(|request: &Request| {
            let submission = request.url.path().split('/').nth(3).unwrap().to_owned();
            let review: Value = request.body_json().unwrap();
            ResponseTemplate::new(200).set_body_json(json!({"submission": submission, "status": "held", "version": 4,
                "decision": review["verdict"], "held_until": "2099-01-01T00:00:00Z"}))
        })
        .mount(&server)
        .await;
    server
}

/// Waits until so many reviews have reached the server.
async fn until_reviewed(server: &MockServer, count: usize) -> Vec<Request> {
    let until = Instant::now() + PATIENCE;
    loop {
        let requests = server.received_requests().await.unwrap();
        let reviews: Vec<Request> = requests.into_iter().filter(|request| request.url.path().ends_with("/reviews")).collect();
        if reviews.len() >= count {
            return reviews;
        }
        assert!(Instant::now() < until, "only {} reviews arrived", reviews.len());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_decides_by_keys_alone_in_a_terminal_that_answers_nothing() {
    let server = stub().await;
    let mut desk = Desk::open(&server.uri(), &[]);
    desk.see("西安分校");
    desk.press("\r");
    desk.see("20270001");
    desk.press("\r");
    desk.see("标准照");
    // A press before the pictures are there is refused with words, so it is pressed until it counts; a second one would be another photo's.
    desk.press_until("a", "20270002").await;
    // The second one's name is an attack, and only a name.
    desk.see("␛[2J␇王*");
    desk.press_until("x", "退回理由").await;
    desk.press("06\r");
    let reviews = until_reviewed(&server, 2).await;
    assert_eq!(reviews[0].headers["if-match"], "\"3\"");
    let body: Value = reviews[1].body_json().unwrap();
    assert_eq!((&body["verdict"], &body["reasons"]), (&json!("reject"), &json!(["blur"])));
    assert_ne!(reviews[0].headers["idempotency-key"], reviews[1].headers["idempotency-key"]);
    desk.see("暂存 2");
    desk.press("\x03");
    assert_eq!(desk.end(), 0);
    assert!(desk.restored());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_typed_while_the_terminal_is_asked_are_not_lost() {
    let server = stub().await;
    let mut desk = Desk::open(&server.uri(), &[]);
    desk.press("?");
    desk.see("这里的按键");
    desk.press("\x1b");
    desk.see("办学单位");
    desk.press("\x03");
    assert_eq!(desk.end(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_gives_the_terminal_back() {
    let server = stub().await;
    let mut desk = Desk::open(&server.uri(), &[]);
    desk.see("西安分校");
    assert!(!desk.restored());
    let process = rustix::process::Pid::from_raw(i32::try_from(desk.child.process_id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    desk.end();
    assert!(desk.restored());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_said_in_words() {
    let mut desk = Desk::open("http://127.0.0.1:1", &[]);
    assert_eq!(desk.end(), 3);
    assert!(desk.restored());
}

#[test]
fn without_a_terminal_there_is_no_desk() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_zhaoshen"))
        .arg("review")
        .env("ZHAOSHEN_LANG", "zh-CN")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("终端"));
}
