//! How a server says that it is well, that it is about to stop, and what one request left in its log.

use std::{fs, path::Path, process::Command};

use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

use crate::support::{
    PROGRAM,
    desk::signal,
    home::TempHome,
    left_out,
    pair::{self, Cluster},
    server::Server,
    wait_until,
};

struct Asked {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Asked {
    fn new() -> Asked {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        // Each request has a connection of its own, as probes have.
        Asked { runtime, client: Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap() }
    }

    fn get(&self, address: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.client.get(format!("{address}{path}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.runtime.block_on(request.send()).unwrap()
    }

    fn json(&self, answer: Response) -> (StatusCode, Value) {
        let status = answer.status();
        (status, self.runtime.block_on(answer.json()).unwrap())
    }
}

fn serve(home: &TempHome, log: &Path, more: &[(&str, &str)]) -> Server {
    let mut command: Command = home.command(PROGRAM);
    command.arg("serve").arg("--data").arg(home.path("data/school")).args(["--listen", "127.0.0.1:0"]);
    command.env("ZHAOSHEN_LOG", "info").env("ZHAOSHEN_LOG_FORMAT", "json").envs(more.iter().copied());
    Server::spawn({
        command.stderr(fs::File::create(log).unwrap());
        command
    })
}

#[test]
fn a_server_that_is_told_to_stop_says_so_first_and_ends_at_once_when_told_twice() {
    let (home, asked) = (TempHome::new(), Asked::new());
    let log = home.path("log");
    let server = serve(&home, &log, &[("ZHAOSHEN_DRAIN_SECONDS", "600")]);
    let address = server.address().to_owned();
    let ready = wait_until(
        || "workers that gave a sign of life".to_owned(),
        || {
            let (status, ready) = asked.json(asked.get(&address, "/readyz", &[]));
            assert_eq!(status, StatusCode::OK);
            let seen = |worker: &Value| worker["seen_at"].is_string();
            ready["details"]["workers"].as_array().unwrap().iter().all(seen).then_some(ready)
        },
    );
    let details = &ready["details"];
    assert_eq!((&details["database"]["engine"], &details["database"]["current"]), (&"sqlite".into(), &true.into()), "{ready}");
    assert_eq!((&details["pictures"]["immutable"], &details["pictures"]["listed_at_once"]), (&true.into(), &true.into()), "{ready}");
    assert_eq!(details["workers"].as_array().unwrap().len(), 4, "{ready}");
    // Who comes from elsewhere learns no more than where to send people.
    let (_, from_elsewhere) = asked.json(asked.get(&address, "/readyz", &[("x-forwarded-for", "192.0.2.1")]));
    assert_eq!(from_elsewhere, serde_json::json!({"ready": true}));

    // A request is found again by its name, in the answer and in the log; what is no name is not written down.
    let id = |answer: &Response| answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let named = asked.get(&address, "/nowhere", &[("x-request-id", "0190163d8694739baea5966c26f8ad91")]);
    assert_eq!((named.status(), id(&named).as_str()), (StatusCode::NOT_FOUND, "0190163d-8694-739b-aea5-966c26f8ad91"));
    let personal = asked.get(&address, "/v1/seasons", &[("x-request-id", "990000199001010017")]);
    assert_eq!((personal.status(), id(&personal).len()), (StatusCode::UNAUTHORIZED, 36));
    let lines: Vec<Value> = fs::read_to_string(&log).unwrap().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for id in [id(&named), id(&personal)] {
        let line = lines.iter().find(|line| line["span"]["id"] == id.as_str()).unwrap_or_else(|| panic!("no {id} in {lines:?}"));
        assert_eq!(line["fields"]["message"], "answered");
    }
    assert!(!fs::read_to_string(&log).unwrap().contains("990000199001010017"));

    signal(server.process(), "TERM");
    let (status, problem) = wait_until(
        || "a server that is about to stop".to_owned(),
        || Some(asked.json(asked.get(&address, "/readyz", &[]))).filter(|(status, _)| *status != StatusCode::OK),
    );
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"stopping".into()), "{problem}");
    // Whoever comes all the same is answered.
    assert_eq!(asked.get(&address, "/healthz", &[]).status(), StatusCode::OK);
    assert_eq!(server.stop().code(), Some(3));
}

#[test]
fn told_once_a_server_ends_in_order() {
    let home = TempHome::new();
    let log = home.path("log");
    let server = serve(&home, &log, &[]);
    assert!(server.stop().success());
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("\"stopped\""), "{log}");
}

#[test]
fn a_server_without_its_database_is_not_ready_and_is_again_when_it_comes_back() {
    let Some(mut cluster) = Cluster::start() else {
        assert!(std::env::var_os("ZHAOSHEN_TEST_ALL").is_none(), "PostgreSQL is not installed, and nothing may be left out");
        return left_out("no PostgreSQL");
    };
    pair::migrate(&cluster.url("template1"));
    let database = pair::create_database(&cluster);
    let (home, asked) = (TempHome::new(), Asked::new());
    let server = serve(&home, &home.path("log"), &[("ZHAOSHEN_DATABASE", &database)]);
    let ready = || asked.json(asked.get(server.address(), "/readyz", &[]));
    let (status, told) = ready();
    assert_eq!((status, &told["details"]["database"]["engine"]), (StatusCode::OK, &"postgres".into()), "{told}");
    cluster.kill_9();
    // Its children may answer for a moment longer.
    let (status, told) =
        wait_until(|| "a database that is gone".to_owned(), || Some(ready()).filter(|(status, _)| *status != StatusCode::OK));
    assert_eq!((status, &told["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"not_ready".into()), "{told}");
    assert_eq!(asked.get(server.address(), "/healthz", &[]).status(), StatusCode::OK);
    cluster.restart();
    wait_until(|| "the database again".to_owned(), || (ready().0 == StatusCode::OK).then_some(()));
}
