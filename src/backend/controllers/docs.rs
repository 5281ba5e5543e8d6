//! The API's description as a page for people.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;

use super::system::language_of;
use crate::{
    backend::{document::page, extract::Arguments, problems::Failure},
    language::Language,
};

/// In which words the page is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Reading {
    /// `zh-CN` or `en`; counts before `Accept-Language`.
    #[param(example = "en")]
    pub language: Option<String>,
}

/// This API, described for people.
///
/// One page that needs nothing from elsewhere: every operation with its parameters, examples and problems, searchable.
#[utoipa::path(get, path = "/docs", tag = "system", params(Reading), extensions(("x-problem-codes" = json!(["bad_request"]))),
    responses((status = 200, body = String, content_type = "text/html", example = "<!doctype html><html lang=\"en\">…")))]
pub async fn docs(Arguments(reading): Arguments<Reading>, headers: HeaderMap) -> Result<Response, Failure> {
    let asked = reading.language.as_deref().and_then(Language::from_tag);
    let mut response = Html(page::page(asked.unwrap_or_else(|| language_of(&headers)))).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::policy()));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-language"));
    Ok(response)
}
