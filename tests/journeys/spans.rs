//! A server that is built for it sends its spans to a collector, named by routes. `cargo test --features otel --test journeys spans`.

use reqwest::Client;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use crate::support::{PROGRAM, home::TempHome, server::Server};

#[test]
fn a_collector_is_told_of_requests_by_their_routes_and_of_nothing_personal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let collector = runtime.block_on(async {
        let collector = MockServer::start().await;
        let taken = Mock::given(matchers::method("POST")).and(matchers::path("/v1/traces")).respond_with(ResponseTemplate::new(200));
        taken.mount(&collector).await;
        collector
    });
    let home = TempHome::new();
    let mut command = home.command(PROGRAM);
    command.arg("serve").arg("--data").arg(home.path("data/school")).args(["--listen", "127.0.0.1:0"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.uri());
    let server = Server::spawn(command);
    let client = Client::builder().no_proxy().build().unwrap();
    for path in ["/healthz", "/v1/submissions/990000199001010017", "/v1/seasons?who=13812345678"] {
        runtime.block_on(client.get(format!("{}{path}", server.address())).send()).unwrap();
    }
    // What was not sent yet is sent before it ends.
    assert!(server.stop().success());
    let requests = runtime.block_on(collector.received_requests()).unwrap();
    let sent: Vec<u8> = requests.into_iter().flat_map(|request| request.body).collect();
    let has = |text: &str| sent.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("GET /healthz") && has("GET /v1/submissions/{id}") && has("zhaoshen"), "{}", String::from_utf8_lossy(&sent));
    assert!(!has("990000199001010017") && !has("13812345678"));
}
