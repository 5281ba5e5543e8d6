//! The API as typed calls. Every failure is a [`Problem`]: the server's own, or one of the client's where no sensible answer came.
//!
//! Knows paths and headers; knows no screen and keeps no state but the address and the token.

use std::sync::PoisonError;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, header};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::pin::{self, Fingerprint, Seen};
use crate::api::{
    columns::ColumnMapping,
    headers,
    people::{Invitation, NewUser, Redeem, Session, SignIn, User},
    problem::{self, Problem, code},
    progress::{AuditCheckpoint, AuditEntry, DayProgress, Progress},
    roster::{RosterReport, Season},
    submission::{Claim, NewClaim, NewReview, NewSubmission, Page, PictureKind, ReviewOutcome, Submission, SubmissionSummary},
};
use crate::domain::{check::CheckId, lifecycle::attempt::Status};
use crate::language::Language;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(30);
/// A picture or a list is never larger; more is nonsense and is not read to its end.
const LARGEST_ANSWER: usize = 48 << 20;

/// A bearer token. Never printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    #[must_use]
    pub fn new(token: impl Into<String>) -> Token {
        Token(token.into())
    }

    /// The token itself, for the `Authorization` header and for the file it is saved in.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Which submissions a list asks for.
#[derive(Debug, Clone, Default)]
pub struct SubmissionQuery {
    pub season: String,
    pub unit: Option<String>,
    pub status: Option<Status>,
    /// The checks that each row shall tell of.
    pub measured: Vec<CheckId>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

/// From the first day to the last; without one from the beginning, to the end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Days {
    pub from: Option<jiff::civil::Date>,
    pub to: Option<jiff::civil::Date>,
}

impl Days {
    pub(super) fn of(self, season: &str) -> Vec<(&'static str, String)> {
        let day = |name, day: Option<jiff::civil::Date>| day.map(|day| (name, day.to_string()));
        [Some(("season", season.to_owned())), day("from", self.from), day("to", self.to)].into_iter().flatten().collect()
    }
}

/// What a decision is made on: the version seen, the key of the intention, the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intention {
    pub version: i64,
    /// UUIDv7, made once for one intention and kept through every repetition.
    pub key: Uuid,
    pub lease: Option<Uuid>,
}

/// A backend at an address.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    base: Url,
    token: Option<Token>,
}

impl Http {
    /// A client for the backend at `base`.
    ///
    /// # Errors
    /// `bad_address` when it is no http(s) address, `secret_in_address` when it carries a user, a password, a query or a fragment:
    /// those end in shell histories and process lists. `plain_address` when it is not on this machine and not https.
    pub fn new(base: &str, token: Option<Token>) -> Result<Http, Problem> {
        Http::over(base, token, None)
    }

    /// A client for the one server at `base` that has the certificate of this fingerprint.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn pinned(base: &str, token: Option<Token>, fingerprint: &Fingerprint) -> Result<Http, Problem> {
        Http::over(base, token, Some(pin::pinned(fingerprint)))
    }

    /// The fingerprint of the certificate that the server at `base` shows. Nothing is sent to it.
    ///
    /// # Errors
    /// As [`Http::new`], and where nobody answers.
    pub async fn fingerprint(base: &str) -> Result<Fingerprint, Problem> {
        let seen = Seen::default();
        let told = Http::over(base, None, Some(pin::looking(&seen)))?.greet().await;
        let found = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        found.ok_or_else(|| told.err().unwrap_or_else(|| nonsense(0)))
    }

    fn over(base: &str, token: Option<Token>, tls: Option<Result<rustls::ClientConfig, rustls::Error>>) -> Result<Http, Problem> {
        let mut base = Url::parse(base.trim()).map_err(|_| Problem::new(0, "bad_address", "not an address"))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(Problem::new(0, "bad_address", "only http and https addresses are understood"));
        }
        if base.scheme() == "http" && !is_loopback(&base) {
            return Err(Problem::new(0, pin::code::PLAIN_ADDRESS, "without TLS only a server on this machine is talked to"));
        }
        if !base.username().is_empty() || base.password().is_some() || base.query().is_some() || base.fragment().is_some() {
            return Err(Problem::new(0, "secret_in_address", "no user, password, query or fragment belongs into the address"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let no_client = || Problem::new(0, code::INTERNAL, "the HTTP client could not be built");
        let builder = reqwest::Client::builder();
        let builder = match tls {
            Some(config) => builder.tls_backend_preconfigured(config.map_err(|_| no_client())?),
            None => builder,
        };
        // What stays on this machine goes through no proxy, whatever the environment says.
        let builder = if is_loopback(&base) { builder.no_proxy() } else { builder };
        let client = builder
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("zhaoshen/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| no_client())?;
        Ok(Http { client, base, token })
    }

    /// The same backend with a token.
    #[must_use]
    pub fn signed_in(&self, token: Token) -> Http {
        Http { token: Some(token), ..self.clone() }
    }

    /// The address without its last slash, for people and for the session file.
    #[must_use]
    pub fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Whether somebody answers whose certificate is accepted. `GET /healthz`
    pub async fn greet(&self) -> Result<(), Problem> {
        let url = self.base.join("healthz").map_err(|_| Problem::new(0, "bad_address", "the address cannot carry a path"))?;
        self.client.get(url).send().await.map(drop).map_err(|error| unreachable(&error))
    }

    /// Signs in. `POST /v1/sessions`
    pub async fn sign_in(&self, sign_in: &SignIn) -> Result<Session, Problem> {
        self.json(self.request(Method::POST, &["sessions"])?.json(sign_in)).await
    }

    /// Uses an invitation. `POST /v1/invitations/redeem`
    pub async fn redeem(&self, redeem: &Redeem) -> Result<Session, Problem> {
        self.json(self.request(Method::POST, &["invitations", "redeem"])?.json(redeem)).await
    }

    /// Ends the session. `DELETE /v1/sessions`
    pub async fn sign_out(&self) -> Result<(), Problem> {
        self.empty(self.request(Method::DELETE, &["sessions"])?).await
    }

    /// Who is signed in. `GET /v1/sessions/current`
    pub async fn me(&self) -> Result<User, Problem> {
        self.json(self.request(Method::GET, &["sessions", "current"])?).await
    }

    /// Adds a user. `POST /v1/users`
    pub async fn add_user(&self, user: &NewUser) -> Result<Invitation, Problem> {
        self.json(self.request(Method::POST, &["users"])?.json(user)).await
    }

    /// The seasons in scope. `GET /v1/seasons`
    pub async fn seasons(&self) -> Result<Vec<Season>, Problem> {
        self.json(self.request(Method::GET, &["seasons"])?).await
    }

    /// Creates a season or changes its name and rules. `PUT /v1/seasons/{code}`
    pub async fn put_season(&self, season: &Season) -> Result<Season, Problem> {
        self.json(self.request(Method::PUT, &["seasons", &season.code])?.json(season)).await
    }

    /// Takes a roster file, or says what taking it would do. `POST /v1/rosters`
    pub async fn roster(&self, season: &str, file: Vec<u8>, columns: &ColumnMapping, dry_run: bool) -> Result<RosterReport, Problem> {
        let columns =
            serde_json::to_string(columns).map_err(|_| Problem::new(0, code::INTERNAL, "the columns could not be written as JSON"))?;
        let mut request =
            self.request(Method::POST, &["rosters"])?.query(&[("season", season), ("dry_run", if dry_run { "true" } else { "false" })]);
        if columns != "{}" {
            request = request.query(&[("columns", columns.as_str())]);
        }
        self.json(request.header(header::CONTENT_TYPE, "application/octet-stream").body(file).timeout(ANSWER * 4)).await
    }

    /// Hands in a photo, with the picture of the ID card if there is one; `true` when the attempt is new. `POST /v1/submissions`
    pub async fn submit(
        &self,
        about: &NewSubmission,
        photo: Vec<u8>,
        id_card: Option<Vec<u8>>,
    ) -> Result<(SubmissionSummary, bool), Problem> {
        let about =
            serde_json::to_string(about).map_err(|_| Problem::new(0, code::INTERNAL, "the submission could not be written as JSON"))?;
        // File names are not sent: they are ID numbers.
        let mut form = reqwest::multipart::Form::new().text("about", about).part("photo", reqwest::multipart::Part::bytes(photo));
        if let Some(id_card) = id_card {
            form = form.part("id_card", reqwest::multipart::Part::bytes(id_card));
        }
        let response = self.send(self.request(Method::POST, &["submissions"])?.multipart(form).timeout(ANSWER * 4)).await?;
        let created = response.status() == StatusCode::CREATED;
        Ok((read_json(response).await?, created))
    }

    /// One page of submissions. `GET /v1/submissions`
    pub async fn submissions(&self, query: &SubmissionQuery) -> Result<Page<SubmissionSummary>, Problem> {
        let limit = query.limit.map(|limit| limit.to_string());
        let measured = query.measured.iter().map(|check| check.code()).collect::<Vec<_>>().join(",");
        let pairs = [
            ("season", Some(query.season.as_str())),
            ("unit", query.unit.as_deref()),
            ("status", query.status.map(Status::code)),
            ("measured", Some(measured.as_str()).filter(|measured| !measured.is_empty())),
            ("cursor", query.cursor.as_deref()),
            ("limit", limit.as_deref()),
        ];
        let pairs: Vec<(&str, &str)> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.json(self.request(Method::GET, &["submissions"])?.query(&pairs)).await
    }

    /// One submission whole. `GET /v1/submissions/{id}`
    pub async fn submission(&self, id: Uuid) -> Result<Submission, Problem> {
        self.json(self.request(Method::GET, &["submissions", &id.to_string()])?).await
    }

    /// The bytes of one of its pictures. `GET /v1/submissions/{id}/pictures/{kind}`
    pub async fn picture(&self, id: Uuid, kind: PictureKind) -> Result<Vec<u8>, Problem> {
        let response = self.send(self.request(Method::GET, &["submissions", &id.to_string(), "pictures", kind.code()])?).await?;
        read_bytes(response).await
    }

    /// Reserves photos. `POST /v1/claims`
    pub async fn claim(&self, claim: &NewClaim) -> Result<Claim, Problem> {
        self.json(self.request(Method::POST, &["claims"])?.json(claim)).await
    }

    /// Keeps a claim alive. `PUT /v1/claims/{token}`
    pub async fn keep_claim(&self, token: Uuid) -> Result<Claim, Problem> {
        self.json(self.request(Method::PUT, &["claims", &token.to_string()])?).await
    }

    /// Gives a claim back. `DELETE /v1/claims/{token}`
    pub async fn release_claim(&self, token: Uuid) -> Result<(), Problem> {
        self.empty(self.request(Method::DELETE, &["claims", &token.to_string()])?).await
    }

    /// Reviews a submission. `POST /v1/submissions/{id}/reviews`
    pub async fn review(&self, id: Uuid, review: &NewReview, intention: Intention) -> Result<ReviewOutcome, Problem> {
        let request = self.request(Method::POST, &["submissions", &id.to_string(), "reviews"])?.json(review);
        self.json(intend(request, intention)).await
    }

    /// Takes a held decision back. `POST /v1/submissions/{id}/undo`
    pub async fn undo(&self, id: Uuid, intention: Intention) -> Result<ReviewOutcome, Problem> {
        self.json(intend(self.request(Method::POST, &["submissions", &id.to_string(), "undo"])?, intention)).await
    }

    /// Sends the notice of a rejection once more. `POST /v1/submissions/{id}/retake-notice`
    pub async fn retake_notice(&self, id: Uuid, intention: Intention) -> Result<ReviewOutcome, Problem> {
        self.json(intend(self.request(Method::POST, &["submissions", &id.to_string(), "retake-notice"])?, intention)).await
    }

    /// Progress of a season. `GET /v1/progress`
    pub async fn progress(&self, season: &str) -> Result<Progress, Problem> {
        self.json(self.request(Method::GET, &["progress"])?.query(&[("season", season)])).await
    }

    /// The same as a table for a spreadsheet, its headings in a language. `GET /v1/progress?format=csv|xlsx`
    pub async fn progress_table(&self, season: &str, format: &str, language: Language) -> Result<Vec<u8>, Problem> {
        let request = self.request(Method::GET, &["progress"])?.query(&[("season", season), ("format", format)]);
        read_bytes(self.send(request.header(header::ACCEPT_LANGUAGE, language.tag())).await?).await
    }

    /// What happened on each day of a season. `GET /v1/progress/days`
    pub async fn progress_days(&self, season: &str, unit: Option<&str>) -> Result<Vec<DayProgress>, Problem> {
        let pairs = [Some(("season", season)), unit.map(|unit| ("unit", unit))];
        self.json(self.request(Method::GET, &["progress", "days"])?.query(&pairs.into_iter().flatten().collect::<Vec<_>>())).await
    }

    /// One page of the audit. `GET /v1/audit`
    pub async fn audit(&self, season: &str, cursor: Option<&str>) -> Result<Page<AuditEntry>, Problem> {
        let mut pairs = vec![("season", season)];
        pairs.extend(cursor.map(|cursor| ("cursor", cursor)));
        self.json(self.request(Method::GET, &["audit"])?.query(&pairs)).await
    }

    /// One page of the audit's checkpoints. `GET /v1/audit/checkpoints`
    pub async fn audit_checkpoints(&self, cursor: Option<&str>) -> Result<Page<AuditCheckpoint>, Problem> {
        let pairs: Vec<_> = cursor.map(|cursor| ("cursor", cursor)).into_iter().collect();
        self.json(self.request(Method::GET, &["audit", "checkpoints"])?.query(&pairs)).await
    }

    /// The call list of a unit as CSV. `GET /v1/notices/calls`
    pub async fn call_list(&self, season: &str, unit: &str) -> Result<Vec<u8>, Problem> {
        let request = self.request(Method::GET, &["notices", "calls"])?.query(&[("season", season), ("unit", unit)]);
        read_bytes(self.send(request).await?).await
    }

    pub(super) fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Problem> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Problem::new(0, "bad_address", "the address cannot carry a path"))?
            .pop_if_empty()
            .push("v1")
            .extend(path);
        let request = self.client.request(method, url);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        })
    }

    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, Problem> {
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let is_problem = content_type(&response) == problem::MEDIA_TYPE;
        let body = read_bytes(response).await?;
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) if is_problem => Err(problem),
            _ => Err(nonsense(status)),
        }
    }

    pub(super) async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Problem> {
        read_json(self.send(request).await?).await
    }

    pub(super) async fn empty(&self, request: RequestBuilder) -> Result<(), Problem> {
        self.send(request).await.map(drop)
    }
}

fn is_loopback(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

pub(super) fn intend(request: RequestBuilder, intention: Intention) -> RequestBuilder {
    let request = request
        .header(headers::IF_MATCH, headers::version_tag(intention.version))
        .header(headers::IDEMPOTENCY_KEY, intention.key.to_string());
    match intention.lease {
        Some(lease) => request.header(headers::LEASE_TOKEN, lease.to_string()),
        None => request,
    }
}

fn content_type(response: &Response) -> String {
    let value = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub(super) async fn read_bytes(mut response: Response) -> Result<Vec<u8>, Problem> {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(nonsense(status));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn read_json<T: DeserializeOwned>(response: Response) -> Result<T, Problem> {
    let status = response.status().as_u16();
    let body = read_bytes(response).await?;
    serde_json::from_slice(&body).map_err(|_| nonsense(status))
}

/// The text of a transport error may hold the address with its query: only its kind is told.
pub(super) fn unreachable(error: &reqwest::Error) -> Problem {
    if let Some(problem) = pin::certificate_problem(error) {
        return problem;
    }
    let why = if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else {
        "broken"
    };
    Problem::new(0, code::UNREACHABLE, "no answer from the server").with("why", why)
}

pub(super) fn nonsense(status: u16) -> Problem {
    Problem::new(status, code::NONSENSE, "the server's answer is not understood").with("status", status)
}

/// How long a refusal asks to wait before the same is tried again.
#[must_use]
pub fn asked_to_wait(problem: &Problem) -> Duration {
    let seconds = (problem.status == 429).then(|| problem.parameters.get("retry_after")?.parse().ok()).flatten();
    Duration::from_secs(seconds.unwrap_or(0)).min(ANSWER * 4)
}

/// Whether the same request may succeed later without anybody changing anything.
#[must_use]
pub fn is_passing(problem: &Problem) -> bool {
    matches!(problem.code.as_str(), code::UNREACHABLE | code::NONSENSE | code::BUSY | code::TOO_MANY_REQUESTS)
        || matches!(problem.status, 500 | 502..=504)
}

#[cfg(test)]
mod tests;
