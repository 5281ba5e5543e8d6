//! What controllers take from a request, with our problems for whatever is wrong with it.

use std::net::IpAddr;

use axum::{
    body::Bytes,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Multipart, Path, Query, Request},
    http::{HeaderMap, StatusCode, header::USER_AGENT, request::Parts as Head},
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    problems::Failure,
    state::State,
    store::types::{FoundSession, Hash, Intention},
    vault,
};
use crate::{
    api::{
        headers::{BUNDLE, IDEMPOTENCY_KEY, IF_MATCH, LEASE_TOKEN, read_version},
        problem::code,
    },
    domain::access::Principal,
};

/// The character that PostgreSQL keeps in no text, as JSON and as addresses spell it.
const NUL_IN_JSON: &[u8] = br"\u0000";
const NUL_IN_ADDRESS: &str = "%00";
/// Characters of a client's name that are kept.
const LONGEST_CLIENT: usize = 64;

/// Who is signed in; put into the request by the router, which lets nobody else through.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub session: FoundSession,
    pub token_hash: Hash,
}

impl SignedIn {
    #[must_use]
    pub fn principal(&self) -> Principal {
        self.session.principal()
    }
}

impl FromRequestParts<State> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Head, _: &State) -> Result<Self, Failure> {
        parts.extensions.get::<SignedIn>().cloned().ok_or_else(Failure::sign_in)
    }
}

/// A whole body, as large as its route allows.
pub struct Body(pub Bytes);

impl FromRequest<State> for Body {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        Bytes::from_request(request, state).await.map(Body).map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Failure::too_large()
            } else {
                Failure::bad_request("the body broke off")
            }
        })
    }
}

/// A JSON body. What is wrong with it is told by its place, never by its content.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<State> for JsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        read_json(&Body::from_request(request, state).await?.0).map(JsonBody)
    }
}

/// Reads JSON.
///
/// # Errors
/// A problem that names line and column.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // One engine would keep it, the other would break off: neither is asked. A text that spells the escape out is refused with it.
    if bytes.windows(NUL_IN_JSON.len()).any(|window| window == NUL_IN_JSON) {
        return Err(Failure::bad_request("a text holds the character NUL"));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let what = if error.is_data() { "the JSON has another shape than this request takes" } else { "the body is no JSON" };
        Failure::bad_request(what).with("line", error.line()).with("column", error.column())
    })
}

/// The parts of a form with files.
pub struct Parts(pub Multipart);

impl FromRequest<State> for Parts {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        Multipart::from_request(request, state).await.map(Parts).map_err(|_| {
            Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code::MEDIA_TYPE_UNKNOWN, "the body is no multipart/form-data with a boundary")
        })
    }
}

/// Parameters of the query string.
pub struct Arguments<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<State> for Arguments<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Head, state: &State) -> Result<Self, Failure> {
        if parts.uri.query().is_some_and(|query| query.contains(NUL_IN_ADDRESS)) {
            return Err(Failure::bad_request("a text holds the character NUL"));
        }
        Query::from_request_parts(parts, state)
            .await
            .map(|Query(arguments)| Arguments(arguments))
            .map_err(|_| Failure::bad_request("the query string lacks something or has a value of the wrong kind"))
    }
}

/// Parameters of the path; one that cannot be read names nothing that exists.
pub struct InPath<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<State> for InPath<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Head, state: &State) -> Result<Self, Failure> {
        if parts.uri.path().contains(NUL_IN_ADDRESS) {
            return Err(Failure::not_found());
        }
        Path::from_request_parts(parts, state).await.map(|Path(value)| InPath(value)).map_err(|_| Failure::not_found())
    }
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl FromRequestParts<State> for Peer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Head, _: &State) -> Result<Self, Failure> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| info.0);
        peer.ok_or_else(|| Failure::internal(&"a request without an address"))
    }
}

/// Where the request came from, as far as trusted proxies say.
pub struct From(pub IpAddr);

impl FromRequestParts<State> for From {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Head, state: &State) -> Result<Self, Failure> {
        let peer = Peer::from_request_parts(parts, state).await?;
        Ok(From(state.entrance.origin(peer.0, &parts.headers)))
    }
}

/// What the client calls itself, as far as it can be shown.
pub struct Client(pub String);

impl FromRequestParts<State> for Client {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Head, _: &State) -> Result<Self, Failure> {
        let said = header(&parts.headers, USER_AGENT.as_str()).unwrap_or_default();
        Ok(Client(said.chars().filter(|c| !c.is_control()).take(LONGEST_CLIENT).collect()))
    }
}

/// Reads the contracts of deciding; `parts` is what the request asks for, so that a key can be told from its misuse.
///
/// # Errors
/// 428 without a version, 400 without a key, and for either in the wrong form.
pub fn intention(headers: &HeaderMap, parts: &[&[u8]]) -> Result<Intention, Failure> {
    let version = header(headers, IF_MATCH)
        .ok_or_else(|| Failure::new(StatusCode::PRECONDITION_REQUIRED, code::VERSION_REQUIRED, "If-Match is needed"))?;
    let version = read_version(version).ok_or_else(|| Failure::bad_request("If-Match is no version in quotes"))?;
    let key = header(headers, IDEMPOTENCY_KEY)
        .ok_or_else(|| Failure::new(StatusCode::BAD_REQUEST, code::KEY_REQUIRED, "Idempotency-Key is needed"))?;
    let key = Uuid::parse_str(key).map_err(|_| Failure::bad_request("Idempotency-Key is no UUID"))?;
    let version_bytes = version.to_be_bytes();
    let all: Vec<&[u8]> = parts.iter().copied().chain([version_bytes.as_slice()]).collect();
    Ok(Intention { version, key, request_hash: vault::sha256(&all) })
}

/// Reads what a request for one photo wants, with the contracts of deciding. What was read is hashed, not how it was written: alone or in a
/// batch, it is one intention.
///
/// # Errors
/// As [`read_json`], [`intention`] and [`lease`]: a lease is advice, one that makes no sense is told, one that ran out is not.
pub fn intended<T: DeserializeOwned + Serialize>(
    headers: &HeaderMap,
    purpose: &[u8],
    id: Uuid,
    bytes: &[u8],
) -> Result<(T, Intention), Failure> {
    lease(headers)?;
    let wanted: T = read_json(bytes)?;
    let asked = serde_json::to_vec(&wanted).map_err(|error| Failure::internal(&error))?;
    let intention = intention(headers, &[purpose, id.as_bytes(), &asked])?;
    Ok((wanted, intention))
}

/// Whether the request carries a contract of deciding at all.
#[must_use]
pub fn has_key(headers: &HeaderMap) -> bool {
    headers.contains_key(IDEMPOTENCY_KEY)
}

/// The lease under which the caller acts, if it says so.
///
/// # Errors
/// For something that is no token.
pub fn lease(headers: &HeaderMap) -> Result<Option<Uuid>, Failure> {
    header(headers, LEASE_TOKEN).map(|token| Uuid::parse_str(token).map_err(|_| Failure::bad_request("Lease-Token is no UUID"))).transpose()
}

/// The bundle that a review comes back from, if it says so.
///
/// # Errors
/// For something that is no bundle's id.
pub fn bundle(headers: &HeaderMap) -> Result<Option<Uuid>, Failure> {
    header(headers, BUNDLE).map(|id| Uuid::parse_str(id).map_err(|_| Failure::bad_request("Bundle is no UUID"))).transpose()
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
