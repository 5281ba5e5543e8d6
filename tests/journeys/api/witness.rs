//! Stands between a journey and its server and holds every answer against the API's description: a status and a code that the operation names, of
//! a media type that it names, and a body that is of its schema. An answer that is not described is answered 599 with what is wrong.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use reqwest::Client;
use serde_json::Value;
use tokio::net::TcpListener;
use zhaoshen::api::problem::MEDIA_TYPE;

#[path = "../../support/schema.rs"]
mod schema;

/// A running witness; gone when dropped.
pub struct Witness {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Witness {
    /// Before the server at `address`.
    pub async fn before(address: SocketAddr) -> Witness {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let own = listener.local_addr().expect("it listens");
        let client = Client::new();
        let document = client.get(format!("http://{address}/openapi.json")).send().await.expect("the server answers");
        let document: Value = document.json().await.expect("a description is JSON");
        let app = axum::Router::new().fallback(pass).with_state((client, address, Arc::new(document)));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Witness { address: own, task }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn pass(State((client, address, document)): State<(Client, SocketAddr, Arc<Value>)>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let url = format!("http://{address}{}", head.uri.path_and_query().expect("a request has a path"));
    let mut headers = head.headers;
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    let body = to_bytes(body, usize::MAX).await.expect("a journey sends all of it");
    let answer = client.request(head.method.clone(), url).headers(headers).body(body).send().await.expect("the server answers");
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::CONNECTION);
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default().to_owned();
    if media.starts_with("text/event-stream") {
        return (status, headers, Body::from_stream(answer.bytes_stream())).into_response();
    }
    let body = answer.bytes().await.expect("a whole answer");
    match undescribed(&document, head.method.as_str(), &path, status, &media, &body) {
        None => (status, headers, body).into_response(),
        Some(wrong) => {
            let wrong = format!("not as described: {} {path}: {wrong}", head.method);
            eprintln!("{wrong}");
            (StatusCode::from_u16(599).expect("a status"), wrong).into_response()
        }
    }
}

/// What the description does not say of an answer. Of what no route serves it says nothing.
fn undescribed(document: &Value, method: &str, path: &str, status: StatusCode, media: &str, body: &[u8]) -> Option<String> {
    let operation = &document["paths"].as_object()?.iter().find(|(known, _)| fits(document, known, path))?.1[method.to_lowercase()];
    if operation.is_null() {
        return None;
    }
    let Some(answer) = operation["responses"].get(status.as_str()) else {
        return Some(format!("no answer {status} is described; {}", String::from_utf8_lossy(body)));
    };
    let answer = answer["$ref"].as_str().map_or(Some(answer), |path| document.pointer(path.trim_start_matches('#')))?;
    let media = media.split(';').next().unwrap_or_default();
    let content = answer["content"].as_object();
    if body.is_empty() && content.is_none() {
        return None;
    }
    let Some(said) = content.and_then(|content| content.get(media)) else { return Some(format!("{status} is not said to be {media:?}")) };
    if media != "application/json" && media != MEDIA_TYPE {
        return None;
    }
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return Some(error.to_string()),
    };
    let faults = schema::faults(&value, &said["schema"], document);
    (!faults.is_empty()).then(|| format!("{status}: {}; {value}", faults.join("; ")))
}

/// Whether a path is one that a route describes; none that is written out hides behind one with parameters.
fn fits(document: &Value, route: &str, path: &str) -> bool {
    let written = |path: &str| document["paths"].get(path).is_some();
    let (parts, of_path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    let same = parts.len() == of_path.len() && parts.iter().zip(&of_path).all(|(part, of_path)| part.starts_with('{') || part == of_path);
    same && (route == path || !written(path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_described_is_told() {
        let schema = json!({"type": "object", "required": ["code"], "properties": {"code": {"enum": ["not_found"]}}});
        let answer = json!({"content": {MEDIA_TYPE: {"schema": schema}}});
        let document = json!({
            "paths": {"/v1/things/{id}": {"get": {"responses": {"404": {"$ref": "#/components/responses/404"}, "204": {}}}}},
            "components": {"responses": {"404": answer}},
        });
        let told = |status: u16, media: &str, body: &str| {
            undescribed(&document, "GET", "/v1/things/7", StatusCode::from_u16(status).unwrap(), media, body.as_bytes())
        };
        assert_eq!(told(404, MEDIA_TYPE, r#"{"code":"not_found"}"#), None);
        assert_eq!(told(204, "", ""), None);
        for (status, media, body) in [
            (409, MEDIA_TYPE, r#"{"code":"not_found"}"#),
            (404, MEDIA_TYPE, r#"{"code":"gone"}"#),
            (404, MEDIA_TYPE, "{}"),
            (404, "text/plain", "not found"),
            (204, "text/plain", "more than nothing"),
        ] {
            assert!(told(status, media, body).is_some(), "{status} {media} {body}");
        }
        assert_eq!(undescribed(&document, "GET", "/nothing", StatusCode::NOT_FOUND, "", b""), None, "no route's");
    }
}
