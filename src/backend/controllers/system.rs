//! What is asked without signing in: whether the server lives, what it offers, and a page for people who come with a browser.

use std::time::Duration;

use axum::{
    Json,
    extract::State as Shared,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use crate::{
    api::{
        health::{DatabaseHealth, HealthDetails, PicturesHealth, Readiness, WorkerHealth},
        problem::{Problem, code},
    },
    backend::{
        blobs::Guarantees,
        extract::Peer,
        health::{Health, Worker},
        metrics::Looked,
        problems::Failure,
        state::State,
        store::{database::Engine, upkeep::Standing},
    },
    language::{Language, text},
};

/// A database that takes longer to answer is as good as away for whoever asks whether to send people here.
const PROBED: Duration = Duration::from_secs(2);

/// The process answers.
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = String)))]
pub async fn healthy() -> &'static str {
    "ok"
}

/// Requests may come here: the database answers and the process is not about to stop. With details for who may read the metrics.
#[utoipa::path(get, path = "/readyz", responses((status = 200, body = Readiness),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "`stopping` or `not_ready`")))]
pub async fn ready(Shared(state): Shared<State>, Peer(peer): Peer, headers: HeaderMap) -> Result<Json<Readiness>, Failure> {
    if state.health.is_stopping() {
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, code::STOPPING, "the server is about to stop"));
    }
    let standing = match tokio::time::timeout(PROBED, state.store.standing()).await {
        Ok(Ok(standing)) => standing,
        failed => {
            let error = failed.map(|failed| failed.map_err(|error| error.to_string()));
            tracing::warn!(?error, "not ready: the database does not answer");
            return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, code::NOT_READY, "the database does not answer"));
        }
    };
    // Older tables lack something; newer ones are those of the program that is about to take over.
    if standing.tables < standing.newest {
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, code::NOT_READY, "the database's tables are older than the program"));
    }
    let details = state.entrance.opens_metrics(peer, &headers).then(|| details(&state.health, standing));
    Ok(Json(Readiness { ready: true, details }))
}

fn details(health: &Health, standing: Standing) -> HealthDetails {
    let engine = match standing.engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    };
    let Guarantees { immutable, listed_at_once } = health.guarantees;
    HealthDetails {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        database: DatabaseHealth { engine: engine.to_owned(), tables: standing.tables, current: standing.tables == standing.newest },
        pictures: PicturesHealth { immutable, listed_at_once },
        workers: Worker::ALL.map(|worker| WorkerHealth { worker: worker.code().to_owned(), seen_at: health.last_seen(worker) }).to_vec(),
    }
}

/// Counts, for Prometheus: on the server's own machine, or with the token of its configuration.
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String)))]
pub async fn metrics(Shared(state): Shared<State>, Peer(peer): Peer, headers: HeaderMap) -> Result<Response, Failure> {
    if !state.entrance.opens_metrics(peer, &headers) {
        return Err(Failure::not_found());
    }
    let now = state.clock.now();
    let (jobs, photos) = (state.store.queue_depth(now).await?, state.store.photos_waiting().await?);
    let page = state.metrics.page(&Looked { jobs: &jobs, photos: &photos, health: &state.health, now });
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response())
}

/// This API, described.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, body = serde_json::Value)))]
pub async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(crate::backend::document::document())
}

/// What this is and how to sign in.
#[utoipa::path(get, path = "/", responses((status = 200, body = String, content_type = "text/html")))]
pub async fn front(Shared(state): Shared<State>, headers: HeaderMap) -> Response {
    page(state.entrance.transport.scheme(), &headers, "front")
}

/// Where a one-time link leads: how to redeem it. The code is after `#` and never reaches the server here.
#[utoipa::path(get, path = "/invite", responses((status = 200, body = String, content_type = "text/html")))]
pub async fn invite(Shared(state): Shared<State>, headers: HeaderMap) -> Response {
    page(state.entrance.transport.scheme(), &headers, "invite")
}

fn page(scheme: &str, headers: &HeaderMap, name: &str) -> Response {
    let language = language_of(headers);
    let address = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_address(host)).unwrap_or("127.0.0.1");
    let part = |part: &str| escape(&text(language, &format!("page.{name}.{part}"), &[("address", &format!("{scheme}://{address}"))]));
    let html = format!(
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><h1>{title}</h1><p>{}</p><pre>{}</pre>\n",
        language.tag(),
        part("about"),
        part("command"),
        title = part("title"),
    );
    let mut response = Html(html).into_response();
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

/// The first language of `Accept-Language` that has texts; Chinese where none has.
#[must_use]
pub fn language_of(headers: &HeaderMap) -> Language {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').filter_map(|tag| tag.split(';').next()).find_map(|tag| Language::from_tag(tag.trim())).unwrap_or_default()
}

fn is_address(host: &str) -> bool {
    host.len() <= 255 && host.chars().all(|c| c.is_ascii_alphanumeric() || ".:-[]".contains(c))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_with_texts_is_taken() {
        let language = |value: &str| language_of(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_str(value).unwrap())]));
        assert_eq!(language("fr, en-GB;q=0.8, zh;q=0.5"), Language::English);
        assert_eq!(language("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(language_of(&HeaderMap::new()), Language::Chinese);
    }

    #[test]
    fn a_host_that_is_no_address_is_not_repeated() {
        assert!(is_address("127.0.0.1:8420") && is_address("[::1]:80"));
        assert!(!is_address("<script>") && !is_address("a b"));
    }
}
