//! Notices to the school's own message service by HTTP: JSON, signed.
//!
//! The receiver checks `Zhaoshen-Signature`: `v1=` and the hexadecimal HMAC-SHA-256 of `<Zhaoshen-Timestamp>.<body>` under the shared secret;
//! it should refuse timestamps older than five minutes, and use `Idempotency-Key` to deliver once what comes twice.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use jiff::Timestamp;
use reqwest::{StatusCode, Url, header, redirect};

use super::{GatewayError, Message, Messages, Receipt, code};
use crate::api::headers::IDEMPOTENCY_KEY;

/// Unix seconds at which the request was signed.
pub const TIMESTAMP: &str = "zhaoshen-timestamp";
/// `v1=` and the signature in hexadecimal.
pub const SIGNATURE: &str = "zhaoshen-signature";
/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// A shorter secret is no secret, in bytes.
const SHORTEST_SECRET: usize = 16;
const LARGEST_SECRET_FILE: u64 = 4096;

/// The secret shared with the receiver. Never printed.
pub struct Secret(hmac::Key);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a webhook cannot be used as configured.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("the address is no https address")]
    Address,
    #[error("the secret's file cannot be read")]
    Unreadable,
    #[error("the secret's file can be read by others")]
    Open,
    #[error("the secret has fewer than {SHORTEST_SECRET} bytes")]
    Short,
    #[error("the HTTP client could not be built")]
    Client,
}

impl WebhookError {
    pub const ALL: [WebhookError; 5] =
        [WebhookError::Address, WebhookError::Unreadable, WebhookError::Open, WebhookError::Short, WebhookError::Client];

    /// The stable code; texts are in `locales/` under `problem.<code>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            WebhookError::Address => "webhook_address",
            WebhookError::Unreadable => "webhook_secret_unreadable",
            WebhookError::Open => "webhook_secret_open",
            WebhookError::Short => "webhook_secret_short",
            WebhookError::Client => "webhook_client",
        }
    }
}

impl Secret {
    /// Reads a secret out of its file, without the line end that editors add.
    ///
    /// # Errors
    /// When it cannot be read, may be read by others than its owner, or is too short.
    pub fn read(path: &Path) -> Result<Secret, WebhookError> {
        let file = std::fs::File::open(path).map_err(|_| WebhookError::Unreadable)?;
        #[cfg(unix)]
        {
            let mode = file.metadata().map(|about| std::os::unix::fs::PermissionsExt::mode(&about.permissions()));
            if mode.map_err(|_| WebhookError::Unreadable)? & 0o077 != 0 {
                return Err(WebhookError::Open);
            }
        }
        let mut bytes = Vec::new();
        file.take(LARGEST_SECRET_FILE).read_to_end(&mut bytes).map_err(|_| WebhookError::Unreadable)?;
        Secret::new(bytes.trim_ascii_end())
    }

    /// A secret out of its bytes.
    ///
    /// # Errors
    /// When it is too short.
    pub fn new(bytes: &[u8]) -> Result<Secret, WebhookError> {
        if bytes.len() < SHORTEST_SECRET {
            return Err(WebhookError::Short);
        }
        Ok(Secret(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// `v1=…` over `<timestamp>.<body>`.
    fn sign(&self, timestamp: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(timestamp.to_string().as_bytes());
        context.update(b".");
        context.update(body);
        let tag = context.sign();
        tag.as_ref().iter().fold("v1=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
    }
}

/// Posts notices to one address.
#[derive(Debug)]
pub struct Webhook {
    client: reqwest::Client,
    address: Url,
    secret: Secret,
}

impl Webhook {
    /// A webhook. `patience` is how long one answer may take ([`PATIENCE`]).
    ///
    /// # Errors
    /// When the address is not https (plain http is for this machine alone), or carries a user or a password.
    pub fn new(address: &str, secret: Secret, patience: Duration) -> Result<Webhook, WebhookError> {
        let address = Url::parse(address).map_err(|_| WebhookError::Address)?;
        let plain_is_safe = address.scheme() == "http" && is_loopback(&address);
        if !(address.scheme() == "https" || plain_is_safe) || !address.username().is_empty() || address.password().is_some() {
            return Err(WebhookError::Address);
        }
        // A redirect would carry phones to somewhere nobody configured.
        let builder = reqwest::Client::builder();
        // What stays on this machine goes through no proxy, whatever the environment says.
        let builder = if is_loopback(&address) { builder.no_proxy() } else { builder };
        let client = builder
            .timeout(patience)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("zhaoshen/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| WebhookError::Client)?;
        Ok(Webhook { client, address, secret })
    }
}

fn is_loopback(address: &Url) -> bool {
    match address.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

#[async_trait]
impl Messages for Webhook {
    async fn send(&self, message: &Message) -> Result<Receipt, GatewayError> {
        let body = serde_json::to_vec(&message.envelope()?).map_err(|_| GatewayError::Permanent { code: code::REFUSED })?;
        let timestamp = Timestamp::now().as_second();
        let request = self
            .client
            .post(self.address.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(IDEMPOTENCY_KEY, message.id().to_string())
            .header(TIMESTAMP, timestamp)
            .header(SIGNATURE, self.secret.sign(timestamp, &body))
            .body(body);
        let response = request
            .send()
            .await
            .map_err(|error| GatewayError::Passing { code: if error.is_timeout() { code::TIMEOUT } else { code::AWAY } })?;
        judge(response.status()).map(|()| Receipt { gateway: self.name(), repeated: false })
    }

    fn name(&self) -> &'static str {
        "webhook"
    }
}

/// 2xx has it, 4xx does not want it, but for the three that say "later" (408, 425, 429); everything else may pass.
fn judge(status: StatusCode) -> Result<(), GatewayError> {
    let later = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS);
    if status.is_success() {
        Ok(())
    } else if status.is_client_error() && !later {
        Err(GatewayError::Permanent { code: code::REFUSED })
    } else {
        Err(GatewayError::Passing { code: code::TROUBLE })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

    use super::*;
    use crate::api::submission::NoticeKind;
    use crate::language::{Language, has_text};

    const SECRET: &[u8] = b"a secret of the school";

    fn message(phone: Option<&str>) -> Message {
        Message::new(Uuid::from_u128(7), phone.map(str::to_owned), NoticeKind::Retake, "请重拍".into(), "背景不纯".into()).unwrap()
    }

    fn webhook(address: &str) -> Webhook {
        Webhook::new(address, Secret::new(SECRET).unwrap(), Duration::from_millis(300)).unwrap()
    }

    /// Checks a request as the school's service would.
    fn is_signed(request: &Request) -> bool {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let signed = [header(TIMESTAMP).as_bytes(), b".", &request.body].concat();
        let signature = header(SIGNATURE);
        let tag: Vec<u8> = signature
            .strip_prefix("v1=")
            .unwrap_or_default()
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), &signed, &tag).is_ok()
    }

    #[test]
    fn the_signature_is_the_one_of_rfc_4231() {
        // Test case 2 of RFC 4231 has another key and no timestamp; the construction is checked against it byte for byte.
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        let tag = hmac::sign(&key, b"what do ya want for nothing?");
        assert_eq!(tag.as_ref()[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        let signed = Secret::new(SECRET).unwrap().sign(12, b"{}");
        let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), b"12.{}");
        assert_eq!(signed, "v1=".to_owned() + &expected.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }

    #[tokio::test]
    async fn a_notice_arrives_signed_and_whole() {
        let server = MockServer::start().await;
        Mock::given(matchers::method("POST"))
            .and(matchers::path("/notices"))
            .and(matchers::header(IDEMPOTENCY_KEY, Uuid::from_u128(7).to_string().as_str()))
            .and(is_signed)
            .and(matchers::body_partial_json(
                serde_json::json!({"kind": "retake", "phone": "13800000000", "title": "请重拍", "body": "背景不纯"}),
            ))
            .respond_with(ResponseTemplate::new(202))
            .expect(1)
            .mount(&server)
            .await;
        let receipt = webhook(&format!("{}/notices", server.uri())).send(&message(Some("13800000000"))).await.unwrap();
        assert_eq!(receipt.gateway, "webhook");
        assert_eq!(webhook(&server.uri()).send(&message(None)).await, Err(GatewayError::Permanent { code: code::NO_PHONE }));
    }

    #[tokio::test]
    async fn what_may_pass_is_told_from_what_will_not() {
        let passing = |code| GatewayError::Passing { code };
        let permanent = GatewayError::Permanent { code: code::REFUSED };
        for (status, error) in [
            (400, permanent),
            (404, permanent),
            (422, permanent),
            (408, passing(code::TROUBLE)),
            (429, passing(code::TROUBLE)),
            (500, passing(code::TROUBLE)),
            (503, passing(code::TROUBLE)),
        ] {
            let server = MockServer::start().await;
            Mock::given(matchers::any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
            assert_eq!(webhook(&server.uri()).send(&message(Some("13800000000"))).await, Err(error), "{status}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let (server, elsewhere) = (MockServer::start().await, MockServer::start().await);
        Mock::given(matchers::any()).respond_with(ResponseTemplate::new(200)).expect(0).mount(&elsewhere).await;
        let to = ResponseTemplate::new(307).insert_header("location", elsewhere.uri().as_str());
        Mock::given(matchers::any()).respond_with(to).mount(&server).await;
        assert_eq!(webhook(&server.uri()).send(&message(Some("13800000000"))).await, Err(GatewayError::Passing { code: code::TROUBLE }));
    }

    #[tokio::test]
    async fn a_service_that_is_slow_or_away_may_come_back() {
        let server = MockServer::start().await;
        let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
        Mock::given(matchers::any()).respond_with(slow).mount(&server).await;
        assert_eq!(webhook(&server.uri()).send(&message(Some("1"))).await, Err(GatewayError::Passing { code: code::TIMEOUT }));
        assert_eq!(webhook("http://127.0.0.1:1").send(&message(Some("1"))).await, Err(GatewayError::Passing { code: code::AWAY }));
    }

    #[test]
    fn only_https_leaves_this_machine() {
        let make = |address: &str| Webhook::new(address, Secret::new(SECRET).unwrap(), PATIENCE).map(drop);
        for address in ["https://example.test/x", "http://127.0.0.1:8080", "http://[::1]/", "http://localhost/n"] {
            assert_eq!(make(address), Ok(()), "{address}");
        }
        for address in ["http://example.test", "http://127.0.0.1.example.test", "ftp://127.0.0.1", "https://u:p@example.test", "example"] {
            assert_eq!(make(address), Err(WebhookError::Address), "{address}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_others_can_read_is_none() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"a secret of the school\n").unwrap();
        let secret = Secret::read(file.path()).unwrap();
        assert_eq!(secret.sign(1, b""), Secret::new(SECRET).unwrap().sign(1, b""));
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(Secret::read(file.path()).unwrap_err(), WebhookError::Open);
        assert_eq!(Secret::new(b"short").unwrap_err(), WebhookError::Short);
    }

    #[test]
    fn every_code_has_a_text_in_every_language() {
        for error in WebhookError::ALL {
            let key = format!("problem.{}", error.code());
            assert!(Language::ALL.iter().all(|language| has_text(*language, &key)), "{key}");
        }
    }
}
