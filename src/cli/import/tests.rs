//! An import against servers that are well, slow, full of nonsense, or gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

use super::*;
use crate::api::problem::{MEDIA_TYPE, code};
use crate::language::{Language, has_text};

const PACE: Pace = Pace { patience: Patience { tries: 3, first: Duration::from_millis(1) }, look: Duration::from_millis(1), still: 20 };
const ROSTER: &str = "学号,身份证号,分院\n23001,990000199001010017,城东\n23002,990000199001010025,城东\n23003,,城西\n23004,,城西\n";

/// A backend in small: knows students by both numbers, keeps photos by student.
#[derive(Default)]
struct Backend {
    seasons: Mutex<BTreeSet<String>>,
    photos: Mutex<BTreeMap<String, usize>>,
    /// Photos the engine has not judged; one fewer at each look.
    unjudged: AtomicUsize,
    /// Submissions that are answered before the server dies.
    lives: Mutex<Option<usize>>,
    /// What the roster is answered with in place of a report.
    faults: Mutex<Vec<Value>>,
    cards: AtomicUsize,
}

#[derive(Clone)]
struct Answer(Arc<Backend>);

fn refusal(status: u16, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(serde_json::to_vec(&Problem::new(status, code, "no")).unwrap(), MEDIA_TYPE)
}

impl Respond for Answer {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let backend = &*self.0;
        let ok = |body: Value| ResponseTemplate::new(200).set_body_json(body);
        match (request.method.as_str(), request.url.path()) {
            ("GET", "/v1/seasons") => ok(backend.seasons.lock().unwrap().iter().map(|code| json!({"code": code, "name": code})).collect()),
            ("PUT", path) => {
                backend.seasons.lock().unwrap().insert(path.rsplit('/').next().unwrap().to_owned());
                ok(serde_json::from_slice(&request.body).unwrap())
            }
            ("POST", "/v1/rosters") => {
                let faults = backend.faults.lock().unwrap().clone();
                let dry = request.url.query().unwrap().contains("dry_run=true");
                let columns = json!([{"heading": "学号", "field": "student_number"}]);
                ok(
                    json!({"rows": 4, "taken": faults.is_empty() && !dry, "new": 4, "updated": 0, "unchanged": 0, "encoding": "UTF-8", "columns": columns, "errors": faults}),
                )
            }
            ("POST", "/v1/submissions") => backend.submission(&String::from_utf8_lossy(&request.body)),
            ("GET", "/v1/progress") => {
                let captured = backend.unjudged.load(Ordering::SeqCst);
                backend.unjudged.store(captured.saturating_sub(1), Ordering::SeqCst);
                let photos = backend.photos.lock().unwrap().len();
                let counts = json!({"students": 4, "captured_students": photos, "done_students": 0, "captured": captured, "standardized": 0, "machine_refused": 1,
                    "pending": photos, "correction_requested": 0, "held": 0, "approved": 0, "rejected": 0, "withdrawn": 0, "doubtful": 0});
                let with = |unit: Value| {
                    let mut counts = counts.clone();
                    counts["unit"] = unit;
                    counts
                };
                ok(json!({"units": [with(json!("城东"))], "whole": with(Value::Null)}))
            }
            other => panic!("nobody asks for {other:?}"),
        }
    }
}

impl Backend {
    fn submission(&self, body: &str) -> ResponseTemplate {
        if let Some(lives) = self.lives.lock().unwrap().as_mut() {
            if *lives == 0 {
                return ResponseTemplate::new(502).set_body_string("<html>bad gateway</html>");
            }
            *lives -= 1;
        }
        assert!(!body.contains("filename="), "file names are ID numbers");
        self.cards.fetch_add(usize::from(body.contains("name=\"id_card\"")), Ordering::SeqCst);
        let student = body.split("\"student\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let number = match student.as_str() {
            "D-23005" => "D-23005",
            "990000199001010017" | "23001" => "23001",
            "990000199001010025" | "23002" => "23002",
            "23003" => return refusal(422, "unreadable_picture"),
            "23004" => "23004",
            _ => return refusal(404, code::STUDENT_UNKNOWN),
        };
        let mut photos = self.photos.lock().unwrap();
        let status = if photos.contains_key(number) { 200 } else { 201 };
        *photos.entry(number.to_owned()).or_default() += 1;
        ResponseTemplate::new(status).set_body_json(json!({"id": "018f0000-0000-7000-8000-000000000000", "season": "s", "unit": "城东", "student": {"student_number": number},
            "number": 1, "status": "captured", "version": 1, "submitted_at": "2027-06-01T00:00:00Z", "checks": "unknown", "machine_reasons": [], "reviewed_by_me": false}))
    }
}

struct Bench {
    server: MockServer,
    backend: Arc<Backend>,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new(photos: &[&str]) -> Bench {
        let (server, backend, folder) = (MockServer::start().await, Arc::new(Backend::default()), tempfile::tempdir().unwrap());
        Mock::given(matchers::any()).respond_with(Answer(backend.clone())).mount(&server).await;
        std::fs::write(folder.path().join("roster.csv"), ROSTER).unwrap();
        std::fs::create_dir(folder.path().join("photos")).unwrap();
        for photo in photos {
            std::fs::write(folder.path().join("photos").join(photo), photo).unwrap();
        }
        Bench { server, backend, folder }
    }

    fn arguments(&self) -> Arguments {
        let path = |name: &str| self.folder.path().join(name);
        Arguments {
            season: "s".into(),
            roster: path("roster.csv"),
            photos: path("photos"),
            id_cards: None,
            columns: None,
            column: Vec::new(),
            errors: None,
            dry_run: false,
            no_wait: false,
            json: false,
        }
    }

    async fn run(&self, arguments: &Arguments) -> (Result<Exit, Failure>, String) {
        let (mut out, context) = (Vec::new(), Context { language: Language::Chinese });
        let http = Http::new(&self.server.uri(), None).unwrap();
        let result = act(arguments, &http, PACE, &mut Report::new(&context, arguments.json, &mut out)).await;
        (result, String::from_utf8(out).unwrap())
    }

    /// The same bench with another server before it.
    async fn run_behind(&self, server: &MockServer) -> (Result<Exit, Failure>, String) {
        let (mut out, context) = (Vec::new(), Context { language: Language::English });
        let http = Http::new(&server.uri(), None).unwrap();
        let result = act(&self.arguments(), &http, PACE, &mut Report::new(&context, false, &mut out)).await;
        (result, String::from_utf8(out).unwrap())
    }

    fn photos(&self) -> usize {
        self.backend.photos.lock().unwrap().len()
    }
}

fn objects(out: &str, event: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|object| object["event"] == event).collect()
}

fn problem_of(result: Result<Exit, Failure>) -> Problem {
    match result {
        Err(Failure::Problem(problem)) => problem,
        other => panic!("no problem: {other:?}"),
    }
}

#[tokio::test]
async fn photos_reach_their_students_and_the_engine_is_waited_for() {
    let bench = Bench::new(&["990000199001010017.jpg", "23002.PNG", "23004.webp"]).await;
    bench.backend.unjudged.store(3, Ordering::SeqCst);
    let (result, out) = bench.run(&bench.arguments()).await;
    assert_eq!((result.unwrap(), bench.photos(), bench.backend.unjudged.load(Ordering::SeqCst)), (Exit::Done, 3, 0));
    assert!(out.contains("采集季 s 不存在，已新建") && out.contains("本次上传 3 张") && out.contains("还有 1 名学生没有照片"), "{out}");
}

#[tokio::test]
async fn files_left_behind_are_named_but_no_id_number_is_shown() {
    let bench = Bench::new(&["990000199001010017.jpg", "99000019950615004X.jpg", "23003.jpg", "23004.jpg", "23004.png", "x.avif"]).await;
    let (result, out) = bench.run(&Arguments { json: true, ..bench.arguments() }).await;
    assert_eq!(result.unwrap(), Exit::Refused);
    let mut results: Vec<(String, String)> = objects(&out, "photo")
        .iter()
        .map(|photo| (photo["file"].as_str().unwrap().to_owned(), photo["result"].as_str().unwrap().to_owned()))
        .collect();
    results.sort();
    let expected = [
        ("23003.jpg", "refused"),
        ("23004.jpg", "twice"),
        ("23004.png", "twice"),
        ("9900**********0017.jpg", "uploaded"),
        ("9900**********004X.jpg", "unmatched"),
        ("x.avif", "unsupported"),
    ];
    assert_eq!(results, expected.map(|(file, result)| (file.to_owned(), result.to_owned())));
    let summary = &objects(&out, "summary")[0];
    assert_eq!(
        (summary["uploaded"].as_u64(), summary["twice"].as_u64(), summary["students_without_photo"].as_i64()),
        (Some(1), Some(2), Some(3))
    );
    assert_eq!((summary["machine_refused"].as_i64(), objects(&out, "unit").len()), (Some(1), 1));
    assert!(!out.contains("990000199001010017"));
}

#[tokio::test]
async fn a_name_that_lost_its_case_finds_its_student() {
    let bench = Bench::new(&["d-23005.jpg"]).await;
    assert_eq!((bench.run(&bench.arguments()).await.0.unwrap(), bench.photos()), (Exit::Done, 1));
}

#[tokio::test]
async fn a_student_named_by_both_numbers_is_noticed() {
    let bench = Bench::new(&["990000199001010017.jpg", "23001.jpg"]).await;
    let (result, out) = bench.run(&Arguments { json: true, ..bench.arguments() }).await;
    assert_eq!((result.unwrap(), objects(&out, "same_student").len()), (Exit::Refused, 1));
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_loses_nothing_and_the_second_run_sends_the_rest() {
    let bench = Bench::new(&["23001.jpg", "23002.jpg", "23004.jpg"]).await;
    *bench.backend.lives.lock().unwrap() = Some(2);
    let problem = problem_of(bench.run(&bench.arguments()).await.0);
    assert!(is_passing(&problem) && bench.photos() == 2, "{problem}");
    *bench.backend.lives.lock().unwrap() = None;
    let (result, out) = bench.run(&Arguments { json: true, ..bench.arguments() }).await;
    assert_eq!(result.unwrap(), Exit::Done);
    let summary = &objects(&out, "summary")[0];
    assert_eq!((summary["uploaded"].as_u64(), summary["exists"].as_u64()), (Some(1), Some(2)));
}

#[tokio::test]
async fn trouble_that_passes_is_sat_out() {
    let bench = Bench::new(&["23001.jpg"]).await;
    let server = MockServer::start().await;
    let busy = || ResponseTemplate::new(503);
    Mock::given(matchers::any()).respond_with(busy()).up_to_n_times(2).mount(&server).await;
    Mock::given(matchers::any()).respond_with(Answer(bench.backend.clone())).mount(&server).await;
    let (result, _) = bench.run_behind(&server).await;
    assert_eq!(result.unwrap(), Exit::Done);
}

#[tokio::test]
async fn a_roster_with_errors_is_shown_by_row_and_no_photo_is_sent() {
    let bench = Bench::new(&["23001.jpg"]).await;
    *bench.backend.faults.lock().unwrap() = vec![
        json!({"row": 3, "column": "身份证号", "code": "id_number_checksum"}),
        json!({"row": 12, "code": "duplicate_student", "parameters": {"first": "7"}}),
        json!({"row": 13, "code": "from_the_future"}),
    ];
    bench.backend.seasons.lock().unwrap().insert("s".into());
    for dry_run in [true, false] {
        let (result, out) = bench.run(&Arguments { dry_run, ..bench.arguments() }).await;
        assert_eq!((result.unwrap(), bench.photos()), (Exit::Refused, 0));
        assert!(
            out.contains(" 3  身份证号  身份证号校验码不符") && out.contains("与第 7 行是同一个学生") && out.contains("from_the_future"),
            "{out}"
        );
    }
}

#[cfg(all(feature = "server", unix))]
#[tokio::test]
async fn a_roster_with_errors_comes_back_for_its_owner_alone_and_over_nobodys_file() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new(&[]).await;
    *bench.backend.faults.lock().unwrap() = vec![json!({"row": 3, "column": "身份证号", "code": "id_number_checksum"})];
    let path = bench.folder.path().join("错误.csv");
    let arguments = Arguments { errors: Some(path.clone()), ..bench.arguments() };
    let (result, out) = bench.run(&arguments).await;
    assert_eq!(result.unwrap(), Exit::Refused);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(out.contains("错误.csv") && text.lines().nth(2).unwrap().contains("身份证号：身份证号校验码不符"), "{out}{text}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let asked = bench.server.received_requests().await.unwrap().len();
    assert_eq!(problem_of(bench.run(&arguments).await.0).code, "errors_file_exists");
    assert_eq!((bench.server.received_requests().await.unwrap().len(), std::fs::read_to_string(&path).unwrap()), (asked, text));
}

#[tokio::test]
async fn columns_told_by_hand_reach_the_backend_and_the_command_line_counts_before_the_file() {
    let bench = Bench::new(&[]).await;
    let file = bench.folder.path().join("columns.toml");
    std::fs::write(&file, "phone = \"电话\"\nunit = \"站\"\n").unwrap();
    let told = Arguments { columns: Some(file.clone()), column: vec!["unit=分院".into()], ..bench.arguments() };
    bench.run(&told).await.0.unwrap();
    let requests = bench.server.received_requests().await.unwrap();
    let roster = requests.iter().find(|request| request.url.path() == "/v1/rosters").unwrap();
    let columns = roster.url.query_pairs().find(|(name, _)| name == "columns").unwrap().1.into_owned();
    assert_eq!(columns, r#"{"phone":"电话","unit":"分院"}"#);
    std::fs::write(&file, "phone = 1\n").unwrap();
    for (arguments, code) in [(told, "columns_file"), (Arguments { column: vec!["x".into()], ..bench.arguments() }, "column_pair")] {
        assert_eq!(problem_of(bench.run(&arguments).await.0).code, code);
    }
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let bench = Bench::new(&["23001.jpg", "x.avif"]).await;
    let dry = Arguments { dry_run: true, ..bench.arguments() };
    let (result, out) = bench.run(&dry).await;
    // Without the season the roster is read here, and without the backend's code not at all.
    if cfg!(feature = "server") {
        assert_eq!(result.unwrap(), Exit::Refused);
        assert!(out.contains("将新增 4 人") && out.contains("将上传 1 张照片"), "{out}");
    } else {
        assert_eq!(problem_of(result).code, code::SEASON_UNKNOWN);
    }
    assert!(bench.backend.seasons.lock().unwrap().is_empty());
    bench.backend.seasons.lock().unwrap().insert("s".into());
    let (result, _) = bench.run(&dry).await;
    assert_eq!((result.unwrap(), bench.photos()), (Exit::Refused, 0));
}

#[tokio::test]
async fn id_cards_go_with_their_photos() {
    let bench = Bench::new(&["23001.jpg", "23002.jpg"]).await;
    let cards = bench.folder.path().join("cards");
    std::fs::create_dir(&cards).unwrap();
    for card in ["23001.png", "23004.png"] {
        std::fs::write(cards.join(card), card).unwrap();
    }
    let (result, out) = bench.run(&Arguments { id_cards: Some(cards), json: true, ..bench.arguments() }).await;
    assert_eq!((result.unwrap(), bench.backend.cards.load(Ordering::SeqCst)), (Exit::Refused, 1));
    assert_eq!(objects(&out, "summary")[0]["cards_left"].as_u64(), Some(1));
}

#[tokio::test]
async fn what_is_missing_here_is_found_before_anything_is_sent() {
    let bench = Bench::new(&[]).await;
    for arguments in [
        Arguments { roster: "/nowhere/roster.xlsx".into(), ..bench.arguments() },
        Arguments { photos: "/nowhere/photos".into(), ..bench.arguments() },
        Arguments { id_cards: Some("/nowhere/cards".into()), ..bench.arguments() },
    ] {
        assert_eq!(problem_of(bench.run(&arguments).await.0).code, "path_unreadable");
    }
    assert!(bench.server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn servers_that_are_gone_signed_out_or_talk_nonsense() {
    let bench = Bench::new(&["23001.jpg"]).await;
    for (answer, code) in [
        (refusal(401, code::SIGN_IN), code::SIGN_IN),
        (refusal(403, code::FORBIDDEN), code::FORBIDDEN),
        (ResponseTemplate::new(200).set_body_string("<html>"), code::NONSENSE),
        (ResponseTemplate::new(500), code::NONSENSE),
    ] {
        let server = MockServer::start().await;
        Mock::given(matchers::any()).respond_with(answer).mount(&server).await;
        assert_eq!(problem_of(bench.run_behind(&server).await.0).code, code);
    }
}

/// Accepts connections and cuts each after half an answer.
#[tokio::test]
async fn a_connection_that_is_cut_is_a_passing_problem() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let cutting = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[").await;
        }
    });
    let bench = Bench::new(&["23001.jpg"]).await;
    let context = Context { language: Language::English };
    let result =
        act(&bench.arguments(), &Http::new(&address, None).unwrap(), PACE, &mut Report::new(&context, false, &mut Vec::new())).await;
    cutting.abort();
    assert_eq!((problem_of(result).code.as_str(), connections.load(Ordering::SeqCst)), (code::UNREACHABLE, 3));
}

#[tokio::test]
async fn an_engine_that_stands_still_is_not_waited_for_for_ever() {
    let bench = Bench::new(&["23001.jpg"]).await;
    let server = MockServer::start().await;
    let still = json!({"students": 4, "captured_students": 1, "done_students": 0, "captured": 1, "standardized": 0, "machine_refused": 0, "pending": 0,
        "correction_requested": 0, "held": 0, "approved": 0, "rejected": 0, "withdrawn": 0, "doubtful": 0, "unit": null});
    let answer = ResponseTemplate::new(200).set_body_json(json!({"units": [], "whole": still}));
    Mock::given(matchers::path("/v1/progress")).respond_with(answer).mount(&server).await;
    Mock::given(matchers::any()).respond_with(Answer(bench.backend.clone())).mount(&server).await;
    let (result, _) = bench.run_behind(&server).await;
    assert_eq!(problem_of(result).code, "engine_still");
}

#[test]
fn every_word_has_a_text_in_every_language() {
    let photo =
        ["unmatched", "unsupported", "twice", "refused", "unreadable", "same_student"].map(|word| format!("output.import.photo_{word}"));
    let problems = [
        "path_unreadable",
        "photo_too_large",
        "engine_still",
        "output_failed",
        "season_none",
        "season_needed",
        "column_pair",
        "columns_file",
        "column_mapped_twice",
        "errors_file_exists",
        "errors_not_here",
    ];
    for key in photo.into_iter().chain(problems.map(|code| format!("problem.{code}"))) {
        assert!(Language::ALL.iter().all(|language| has_text(*language, &key)), "{key}");
    }
    assert!(!folder::shown(Path::new("990000199001010017.jpg")).contains("19900101"));
}
