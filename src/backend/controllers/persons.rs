//! A person's own data: consent, what is shown unmasked, what is given out, erasure, storage times. Everything that names a person comes in a
//! body.

use std::io::{Cursor, Write as _};

use axum::{
    Json,
    extract::State as Shared,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use uuid::Uuid;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::OfSeason;
use crate::{
    api::{
        person::{Consent, Erased, Erasure, NewConsent, PersonAsked, RetentionReport, Reveal, Revealed},
        problem::Problem,
    },
    backend::{
        blobs::BlobError,
        extract::{Arguments, InPath, JsonBody, SignedIn},
        problems::Failure,
        state::State,
    },
};

/// The longest name of a version of a text.
const LONGEST_VERSION: usize = 40;

/// Records what a student agreed to, or did not. Who declines the comparison of faces is compared by people; what was compared is removed.
#[utoipa::path(post, path = "/v1/consents", security(("token" = [])), request_body = NewConsent,
    extensions(("x-problem-codes" = json!(["season_unknown", "student_unknown"]))),
    responses((status = 201, body = Consent), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn consent(Shared(state): Shared<State>, signed_in: SignedIn, JsonBody(new): JsonBody<NewConsent>) -> Result<Response, Failure> {
    let known = (1..=LONGEST_VERSION).contains(&new.version.chars().count()) && !new.version.chars().any(char::is_control);
    if !known {
        return Err(Failure::bad_request("a version has 1 to 40 visible characters").with("field", "version"));
    }
    let consent = state.store.record_consent(&signed_in.principal(), &new, state.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(consent)).into_response())
}

/// Shows name, ID number or phone unmasked. To whom and why is written down first; an hour allows 20 of these.
#[utoipa::path(post, path = "/v1/submissions/{id}/reveal", security(("token" = [])), request_body = Reveal, params(("id" = Uuid, Path)),
    extensions(("x-problem-codes" = json!(["reveal_limit"]))),
    responses((status = 200, body = Revealed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn reveal(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    JsonBody(asked): JsonBody<Reveal>,
) -> Result<Json<Revealed>, Failure> {
    if asked.fields.is_empty() || asked.fields.len() > 3 {
        return Err(Failure::bad_request("one to three fields").with("field", "fields"));
    }
    Ok(Json(state.store.reveal(&signed_in.principal(), id, &asked, state.clock.now()).await?))
}

/// Everything that is kept of a person in a season, for that person: a ZIP archive of `data.json` and the pictures.
#[utoipa::path(post, path = "/v1/persons/export", security(("token" = [])), request_body = PersonAsked,
    extensions(("x-problem-codes" = json!(["season_unknown", "student_unknown"]))),
    responses((status = 200, content_type = "application/zip"), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn export(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    JsonBody(asked): JsonBody<PersonAsked>,
) -> Result<Response, Failure> {
    let (record, pictures) = state.store.export_person(&signed_in.principal(), &asked, state.clock.now()).await?;
    let data = serde_json::to_vec_pretty(&record).map_err(|error| Failure::internal(&error))?;
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    // Pictures are compressed already.
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut put = |name: &str, bytes: &[u8]| -> Result<(), Failure> {
        archive.start_file(name, stored).map_err(|error| Failure::internal(&error))?;
        archive.write_all(bytes).map_err(|error| Failure::internal(&error))
    };
    put("data.json", &data)?;
    for picture in pictures {
        match state.blobs.get(&picture.name).await {
            Ok(bytes) => put(&format!("{}.{}", picture.file, extension(&bytes)), &bytes)?,
            // Purged since the record was read.
            Err(BlobError::Missing) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let archive = archive.finish().map_err(|error| Failure::internal(&error))?.into_inner();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok((headers, archive).into_response())
}

/// Erases a person in a season: what names them at once, their pictures within the minute. What is counted stays, without them.
///
/// Refused with `already_submitted` while a photo is under way, and with `on_its_way` while the register still needs it.
#[utoipa::path(post, path = "/v1/persons/erasure", security(("token" = [])), request_body = Erasure,
    extensions(("x-problem-codes" = json!(["season_unknown", "student_unknown", "already_submitted", "on_its_way", "closed"]))),
    responses((status = 200, body = Erased), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn erase(Shared(state): Shared<State>, signed_in: SignedIn, JsonBody(asked): JsonBody<Erasure>) -> Result<Json<Erased>, Failure> {
    Ok(Json(state.store.erase_person(&signed_in.principal(), &asked, state.clock.now()).await?))
}

/// How the storage times of a season are kept, class by class.
#[utoipa::path(get, path = "/v1/retention", security(("token" = [])), params(OfSeason),
    responses((status = 200, body = RetentionReport), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn retention(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(asked): Arguments<OfSeason>,
) -> Result<Json<RetentionReport>, Failure> {
    Ok(Json(state.store.retention(&signed_in.principal(), &asked.season, state.clock.now()).await?))
}

fn extension(bytes: &[u8]) -> &'static str {
    match super::pictures::media_type(bytes) {
        "image/png" => "png",
        "image/webp" => "webp",
        _ => "jpg",
    }
}
