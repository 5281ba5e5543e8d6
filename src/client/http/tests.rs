//! Addresses, and what a server says that is none.

use super::*;

#[test]
fn an_address_with_a_secret_is_refused() {
    for address in ["http://u:p@127.0.0.1:1", "http://127.0.0.1:1/#code", "http://127.0.0.1:1/?token=1"] {
        assert_eq!(Http::new(address, None).unwrap_err().code, "secret_in_address", "{address}");
    }
    for address in ["127.0.0.1:80", "ftp://127.0.0.1", "", "http://"] {
        assert_eq!(Http::new(address, None).unwrap_err().code, "bad_address", "{address}");
    }
}

#[test]
fn without_tls_only_this_machine_is_talked_to() {
    for address in ["http://192.0.2.1:8420", "http://example.test", "http://localhost.example.test"] {
        assert_eq!(Http::new(address, None).unwrap_err().code, pin::code::PLAIN_ADDRESS, "{address}");
    }
    for address in ["http://localhost:1", "http://127.9.9.9", "http://[::1]:8420", "https://example.test"] {
        assert!(Http::new(address, None).is_ok(), "{address}");
    }
}

#[test]
fn a_path_in_front_is_kept_and_a_segment_cannot_escape() {
    let http = Http::new("https://example.test/zhaoshen", None).unwrap();
    let request = http.request(Method::GET, &["seasons", "../x y"]).unwrap().build().unwrap();
    assert_eq!(request.url().as_str(), "https://example.test/zhaoshen/v1/seasons/..%2Fx%20y");
    assert_eq!(http.address(), "https://example.test/zhaoshen");
}

#[test]
fn a_token_is_never_printed() {
    let http = Http::new("http://127.0.0.1:1", Some(Token::new("secret"))).unwrap();
    assert!(!format!("{http:?}").contains("secret"));
}

#[tokio::test]
async fn nobody_there_is_a_problem_like_any_other() {
    let http = Http::new("http://127.0.0.1:1", None).unwrap();
    let problem = http.me().await.unwrap_err();
    assert_eq!((problem.code.as_str(), is_passing(&problem)), (code::UNREACHABLE, true));
}

#[tokio::test]
async fn nonsense_is_told_from_a_problem() {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers};
    let server = MockServer::start().await;
    Mock::given(matchers::path("/v1/seasons")).respond_with(ResponseTemplate::new(200).set_body_string("<html>")).mount(&server).await;
    let refusal = serde_json::to_vec(&Problem::new(404, code::NOT_FOUND, "no")).unwrap();
    Mock::given(matchers::path("/v1/progress"))
        .respond_with(ResponseTemplate::new(404).set_body_raw(refusal, problem::MEDIA_TYPE))
        .mount(&server)
        .await;
    let http = Http::new(&server.uri(), None).unwrap();
    assert_eq!(http.seasons().await.unwrap_err().code, code::NONSENSE);
    assert_eq!(http.progress("s").await.unwrap_err().code, code::NOT_FOUND);
}
