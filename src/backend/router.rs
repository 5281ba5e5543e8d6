//! One table of routes: method, path, who may, how large a body. The router is made from it, so that nothing is served that is not in it, and
//! nobody passes whom it does not name.

use std::time::Duration;

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State as Shared},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodRouter, delete, get, post, put},
};
use jiff::Timestamp;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use super::{
    auth,
    controllers::{
        audit, bundles, claims, corrections, decisions, deliveries, docs, events, notices, persons, pictures, progress, queue, renditions,
        reopenings, rosters, seasons, sessions, statistics, submissions, system, totp, users,
    },
    entrance::Transport,
    extract::{Peer, SignedIn},
    jobs::Duty,
    limits::Cost,
    problems::Failure,
    request_id::{self, RequestId},
    state::State,
    store::{allowances::Spender, sessions::SEEN_EVERY},
};
use crate::{api::problem::code, domain::access::Permission};

/// Bytes of an ordinary body.
const SMALL: usize = 1 << 20;
/// Bytes of a roster.
const TABLE: usize = 20 << 20;
/// Bytes of a submission: a photo of 12 megapixels and an ID card, with room.
const PHOTOS: usize = 45 << 20;
/// What a person may do a minute of what is costly or tells much: rosters read, tables written, names and numbers told whole, batches, photos.
const ROSTERS: u32 = 30;
const EXPORTS: u32 = 30;
const REVEALS: u32 = 30;
const BATCHES: u32 = 120;
const BUNDLES: u32 = 10;
const PHOTOS_A_MINUTE: u32 = 6_000;
/// Photos that a person may have reworked a minute: each costs the engine what standardizing costs.
const REWORKS: u32 = 60;
/// What operators and their machines ask of every process.
const OPERATORS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// A request that takes longer is given up.
const LONGEST_REQUEST: Duration = Duration::from_mins(2);

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Anybody,
    /// Whoever is signed in, also while the one-time codes that the role needs are still to be set up.
    BeforeCodes,
    SignedIn,
    Allowed(Permission),
}

/// A route of the API.
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
    pub cost: Cost,
    body_limit: usize,
    handler: MethodRouter<State>,
}

/// Every route.
#[must_use]
pub fn routes() -> Vec<Route> {
    use Access::{Allowed, Anybody, BeforeCodes, SignedIn};
    use Permission as P;
    let route = |method, path, access, handler| Route { method, path, access, cost: Cost::Ordinary, body_limit: SMALL, handler };
    let counted = |most, route| Route { cost: Cost::Counted(most), ..route };
    let unlimited = |route| Route { cost: Cost::Nothing, ..route };
    vec![
        route("GET", "/", Anybody, get(system::front)),
        route("GET", "/invite", Anybody, get(system::invite)),
        unlimited(route("GET", "/healthz", Anybody, get(system::healthy))),
        unlimited(route("GET", "/readyz", Anybody, get(system::ready))),
        unlimited(route("GET", "/metrics", Anybody, get(system::metrics))),
        route("GET", "/openapi.json", Anybody, get(system::document)),
        route("GET", "/docs", Anybody, get(docs::docs)),
        route("POST", "/v1/sessions", Anybody, post(sessions::sign_in)),
        route("GET", "/v1/sessions", SignedIn, get(sessions::list)),
        route("DELETE", "/v1/sessions", BeforeCodes, delete(sessions::sign_out)),
        route("GET", "/v1/sessions/current", BeforeCodes, get(sessions::current)),
        route("DELETE", "/v1/sessions/{id}", SignedIn, delete(sessions::end)),
        route("GET", "/v1/totp", BeforeCodes, get(totp::state)),
        route("POST", "/v1/totp", BeforeCodes, post(totp::begin)),
        route("POST", "/v1/totp/confirmation", BeforeCodes, post(totp::confirm)),
        route("POST", "/v1/totp/removal", SignedIn, post(totp::remove)),
        route("POST", "/v1/invitations/redeem", Anybody, post(sessions::redeem)),
        route("GET", "/v1/users", Allowed(P::ManageUsers), get(users::list)),
        route("POST", "/v1/users", Allowed(P::ManageUsers), post(users::add)),
        route("PUT", "/v1/users/{id}", Allowed(P::ManageUsers), put(users::change)),
        route("POST", "/v1/users/{id}/invitations", Allowed(P::ManageUsers), post(users::reset_password)),
        route("DELETE", "/v1/users/{id}/totp", Allowed(P::ManageUsers), delete(users::reset_codes)),
        route("GET", "/v1/access-policy", Allowed(P::ManageUsers), get(users::policy)),
        route("PUT", "/v1/access-policy", Allowed(P::ManageUsers), put(users::put_policy)),
        route("DELETE", "/v1/users/{id}/sessions", Allowed(P::ManageUsers), delete(users::end_sessions)),
        route("GET", "/v1/seasons", SignedIn, get(seasons::list)),
        route("PUT", "/v1/seasons/{code}", Allowed(P::ManageRoster), put(seasons::put)),
        Route { body_limit: TABLE, ..counted(ROSTERS, route("POST", "/v1/rosters", Allowed(P::ManageRoster), post(rosters::take))) },
        route("GET", "/v1/units", Allowed(P::ReadProgress), get(progress::units)),
        Route {
            cost: Cost::CountedWith("format", EXPORTS),
            ..route("GET", "/v1/progress", Allowed(P::ReadProgress), get(progress::progress))
        },
        route("GET", "/v1/progress/days", Allowed(P::ReadProgress), get(progress::days)),
        Route {
            body_limit: PHOTOS,
            ..counted(PHOTOS_A_MINUTE, route("POST", "/v1/submissions", Allowed(P::Submit), post(submissions::add)))
        },
        route("GET", "/v1/submissions", Allowed(P::ReadSubmissions), get(submissions::list)),
        route("GET", "/v1/submissions/{id}", Allowed(P::ReadSubmissions), get(submissions::one)),
        route("GET", "/v1/submissions/{id}/pictures/{kind}", Allowed(P::SeePictures), get(pictures::one)),
        route("POST", "/v1/submissions/{id}/reviews", Allowed(P::Review), post(decisions::review)),
        counted(REWORKS, route("POST", "/v1/submissions/{id}/renditions", Allowed(P::Review), post(renditions::add))),
        route("POST", "/v1/submissions/{id}/undo", Allowed(P::Review), post(decisions::undo)),
        route("POST", "/v1/submissions/{id}/retake-notice", Allowed(P::SendNotice), post(decisions::retake_notice)),
        route("POST", "/v1/submissions/{id}/skip", Allowed(P::Review), post(queue::skip)),
        route("GET", "/v1/submissions/{id}/position", Allowed(P::ReadSubmissions), get(queue::position)),
        route("GET", "/v1/queue", Allowed(P::ReadProgress), get(queue::lengths)),
        route("GET", "/v1/skips", Allowed(P::LeadReviews), get(queue::skips)),
        route("GET", "/v1/statistics/reviewers", Allowed(P::ReadReviewStatistics), get(statistics::reviewers)),
        route("GET", "/v1/statistics/me", Allowed(P::Review), get(statistics::me)),
        route("POST", "/v1/golden", Allowed(P::LeadReviews), post(statistics::add_golden)),
        route("GET", "/v1/golden", Allowed(P::LeadReviews), get(statistics::golden)),
        route("DELETE", "/v1/golden/{id}", Allowed(P::LeadReviews), delete(statistics::retire_golden)),
        route("PUT", "/v1/seasons/{code}/units/{unit}/deadline", Allowed(P::ManageRoster), put(queue::put_deadline)),
        counted(BATCHES, route("POST", "/v1/decisions", Allowed(P::Review), post(decisions::batch))),
        route("POST", "/v1/submissions/{id}/reopenings", Allowed(P::Reopen), post(reopenings::ask)),
        route("DELETE", "/v1/submissions/{id}/reopenings/{reopening}", Allowed(P::Reopen), delete(reopenings::drop)),
        route("POST", "/v1/submissions/{id}/reopenings/{reopening}/confirmation", Allowed(P::Reopen), post(reopenings::confirm)),
        route("GET", "/v1/reopenings", Allowed(P::Reopen), get(reopenings::list)),
        route("POST", "/v1/submissions/{id}/corrections", Allowed(P::ActForStudents), post(corrections::request)),
        route("POST", "/v1/submissions/{id}/withdrawal", Allowed(P::ActForStudents), post(corrections::withdraw)),
        route("POST", "/v1/submissions/{id}/resumption", Allowed(P::PutRecordsRight), post(corrections::resume)),
        route("GET", "/v1/corrections", Allowed(P::ActForStudents), get(corrections::list)),
        route("GET", "/v1/deliveries", Allowed(P::Deliver), get(deliveries::list)),
        counted(BATCHES, route("POST", "/v1/deliveries/events", Allowed(P::Deliver), post(deliveries::happen))),
        route("GET", "/v1/prints", Allowed(P::Deliver), get(deliveries::prints)),
        counted(BATCHES, route("POST", "/v1/prints/events", Allowed(P::Deliver), post(deliveries::happen_to_prints))),
        route("POST", "/v1/claims", Allowed(P::Review), post(claims::add)),
        route("PUT", "/v1/claims/{token}", Allowed(P::Review), put(claims::heartbeat)),
        route("DELETE", "/v1/claims/{token}", Allowed(P::Review), delete(claims::release)),
        counted(BUNDLES, route("POST", "/v1/bundles", Allowed(P::Review), post(bundles::take))),
        route("GET", "/v1/bundles", Allowed(P::SeePictures), get(bundles::list)),
        route("DELETE", "/v1/bundles/{id}", Allowed(P::SeePictures), delete(bundles::end)),
        route("POST", "/v1/bundles/{id}/check", Allowed(P::Review), post(bundles::check)),
        route("GET", "/v1/events", Allowed(P::ReadProgress), get(events::follow)),
        route("GET", "/v1/audit", Allowed(P::ReadAudit), get(audit::list)),
        route("GET", "/v1/audit/checkpoints", Allowed(P::ReadAudit), get(audit::checkpoints)),
        route("POST", "/v1/consents", Allowed(P::ActForStudents), post(persons::consent)),
        counted(REVEALS, route("POST", "/v1/submissions/{id}/reveal", Allowed(P::Reveal), post(persons::reveal))),
        counted(EXPORTS, route("POST", "/v1/persons/export", Allowed(P::ServePersons), post(persons::export))),
        counted(EXPORTS, route("POST", "/v1/persons/erasure", Allowed(P::ServePersons), post(persons::erase))),
        route("GET", "/v1/retention", Allowed(P::ReadAudit), get(persons::retention)),
        counted(REVEALS, route("GET", "/v1/notices/calls", Allowed(P::ReadCallList), get(notices::calls))),
    ]
}

/// The router, every route behind its access and its limit; who only works answers only what operators ask.
pub fn router(state: State, duty: Duty) -> Router {
    routes()
        .into_iter()
        .filter(|route| duty.answers() || OPERATORS.contains(&route.path))
        .fold(Router::new(), |router, route| {
            let guard = Guard { access: route.access, cost: route.cost, path: route.path };
            let guarded = route
                .handler
                .layer(DefaultBodyLimit::max(route.body_limit))
                .layer(middleware::from_fn_with_state(state.clone(), move |shared: Shared<State>, request: Request, next: Next| {
                    admit(guard, shared, request, next)
                }));
            router.route(route.path, guarded)
        })
        .fallback(async || Failure::not_found())
        .method_not_allowed_fallback(async || {
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, code::METHOD_UNKNOWN, "the resource does not know this method")
        })
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| Failure::internal(&"a controller panicked").into_response()))
        .layer(middleware::from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

/// What stands before a route.
#[derive(Clone, Copy)]
struct Guard {
    access: Access,
    cost: Cost,
    path: &'static str,
}

/// Lets through whom the route names, as often as it may be asked; leaves who it is in the request.
async fn admit(guard: Guard, Shared(state): Shared<State>, mut request: Request, next: Next) -> Response {
    let now = state.clock.now();
    // The address first: who guesses tokens is not to cost the store a look each time.
    if guard.cost != Cost::Nothing
        && let Some(Peer(peer)) = request.extensions().get::<ConnectInfo<Peer>>().map(|info| info.0)
        && let Some(until) = state.allowances.of_address(state.store.as_ref(), state.entrance.origin(peer, request.headers()), now).await
    {
        return Failure::too_many_requests(until, now).into_response();
    }
    if guard.access == Access::Anybody {
        return next.run(request).await;
    }
    match signed_in(&state, request.headers()).await {
        Err(failure) => failure.into_response(),
        Ok(signed_in) => match guard.access {
            Access::Allowed(permission) if !signed_in.principal().may(permission) => Failure::forbidden().into_response(),
            Access::Allowed(_) | Access::SignedIn if signed_in.session.owes_codes => Failure::codes_first().into_response(),
            _ => {
                if let Some(until) = over_allowance(&state, guard, &signed_in, request.uri().query(), now).await {
                    return Failure::too_many_requests(until, now).into_response();
                }
                request.extensions_mut().insert(signed_in);
                next.run(request).await
            }
        },
    }
}

/// Until when whoever is signed in has asked for enough.
async fn over_allowance(state: &State, guard: Guard, who: &SignedIn, query: Option<&str>, now: Timestamp) -> Option<Timestamp> {
    let store = state.store.as_ref();
    if let Some(until) = state.allowances.of_session(store, Spender::Session(who.token_hash), now).await {
        return Some(until);
    }
    let most = guard.cost.counted(query)?;
    state.allowances.of_person(store, Spender::Person(who.session.user.id, guard.path), most, now).await
}

async fn signed_in(state: &State, headers: &HeaderMap) -> Result<SignedIn, Failure> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(Failure::sign_in)?;
    let (scheme, token) = value.split_once(' ').ok_or_else(Failure::sign_in)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Failure::sign_in());
    }
    let token_hash = auth::hash_of(token.trim());
    let now = state.clock.now();
    let session = state.store.session(&token_hash, now).await?.ok_or_else(Failure::sign_in)?;
    // Once in a while, so that reading costs no writing; nobody is turned away because it did not work.
    if now - SEEN_EVERY >= session.seen_at
        && let Err(error) = state.store.see_session(&token_hash, now).await
    {
        tracing::warn!(%error, "a session's use was not noted");
    }
    Ok(SignedIn { session, token_hash })
}

/// Names, counts and logs every request by its route, never its path; gives up what takes too long.
async fn observe(shared: Shared<State>, request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    // Of the highest level, so that every line has it that is written at all.
    let span = tracing::error_span!("request", %id, otel.name = tracing::field::Empty);
    #[cfg(feature = "otel")]
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        span.record("otel.name", format!("{} {}", request.method(), route.as_str()));
    }
    let mut response = answer(shared, request, next).instrument(span).await;
    response.headers_mut().insert(request_id::HEADER, id.header());
    response
}

async fn answer(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let started = std::time::Instant::now();
    let mut response = tokio::time::timeout(LONGEST_REQUEST, next.run(request))
        .await
        .unwrap_or_else(|_| Failure::new(StatusCode::SERVICE_UNAVAILABLE, code::BUSY, "the request took too long").into_response());
    protect(response.headers_mut(), state.entrance.transport);
    let status = response.status().as_u16();
    let known = routes_know(method.as_str());
    let took = started.elapsed();
    let method = if known { method.as_str() } else { "other" };
    state.metrics.count(method, &route, status, took);
    tracing::info!(method, route, status, milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "answered");
    response
}

/// What browsers are told about every answer.
fn protect(headers: &mut HeaderMap, transport: Transport) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    // With a certificate of our own making it would shut out whoever comes with a browser.
    if transport == Transport::Certified {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

/// Made-up methods must not make up rows of the metrics.
fn routes_know(method: &str) -> bool {
    ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"].contains(&method)
}
