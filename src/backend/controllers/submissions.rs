//! Submissions: photos coming in, pages of the queue, one whole.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Multipart, State as Shared},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::page_length;
use crate::{
    api::{
        headers::version_tag,
        problem::Problem,
        submission::{NewSubmission, Page, PictureKind, Submission, SubmissionSummary},
    },
    backend::{
        blobs::{BlobKind, StoredBlob},
        extract::{Arguments, InPath, Parts, SignedIn, read_json},
        problems::Failure,
        state::State,
        store::{
            StoreError,
            types::{NewAttempt, QueueFilter},
        },
    },
    domain::{check::CheckId, lifecycle::attempt::Status},
};

/// Which part of the queue is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Listing {
    pub season: String,
    pub unit: Option<String>,
    pub status: Option<Status>,
    /// Codes of checks, such as `blur,roll`: each row then tells what these said.
    pub measured: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// At most 200; 50 where nobody says.
    pub limit: Option<u32>,
}

/// A page of the queue, oldest first.
///
/// Students are masked. A page that is not the last names the `next` cursor. With `measured`, rows tell what the named checks said.
#[utoipa::path(get, path = "/v1/submissions", security(("token" = [])), params(Listing),
    responses((status = 200, body = Page<SubmissionSummary>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(listing): Arguments<Listing>,
) -> Result<Json<Page<SubmissionSummary>>, Failure> {
    let measured = listing.measured.as_deref().unwrap_or_default();
    let measured = measured.split(',').filter(|code| !code.is_empty()).map(|code| CheckId::from_code(code).ok_or(code));
    let measured = measured.collect::<Result<_, _>>().map_err(|_| Failure::bad_request("`measured` names a check that there is not"))?;
    let filter = QueueFilter {
        season: listing.season,
        unit: listing.unit,
        status: listing.status,
        measured,
        cursor: listing.cursor,
        limit: page_length(listing.limit),
    };
    Ok(Json(state.store.submissions(&signed_in.principal(), &filter, state.clock.now()).await?))
}

/// A submission whole; its version is the `ETag`.
///
/// With what the engine found, the comparison with the ID card as a band, earlier attempts, and which pictures can be asked for.
#[utoipa::path(get, path = "/v1/submissions/{id}", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Submission), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn one(Shared(state): Shared<State>, signed_in: SignedIn, InPath(id): InPath<Uuid>) -> Result<Response, Failure> {
    let submission = state.store.submission(&signed_in.principal(), id, state.clock.now()).await?;
    answer(StatusCode::OK, &submission)
}

/// The parts of an upload.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes the parts for the API document")]
struct Upload {
    about: NewSubmission,
    #[schema(value_type = String, format = Binary, example = "(the bytes of the JPEG)")]
    photo: Vec<u8>,
    /// A photo of the portrait side of the ID card; only its portrait is ever shown.
    #[schema(value_type = Option<String>, format = Binary)]
    id_card: Option<Vec<u8>>,
}

/// Takes a photo. The same photo of the same student again answers 200 with the attempt that exists.
#[utoipa::path(post, path = "/v1/submissions",
    extensions(("x-problem-codes" = json!(["season_unknown", "student_unknown", "already_submitted", "already_decided", "withdrawn", "closed",
        "season_closed", "unpaid", "not_possible", "media_type", "empty", "file_too_large", "not_a_picture", "unsupported_format", "heic", "unsupported_jpeg",
        "truncated", "damaged", "too_many_pixels"]))),
    security(("token" = [])), request_body(content = Upload, content_type = "multipart/form-data"),
    responses((status = 201, body = Submission), (status = 200, body = Submission),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn add(Shared(state): Shared<State>, signed_in: SignedIn, Parts(parts): Parts) -> Result<Response, Failure> {
    let principal = signed_in.principal();
    let (about, photo, id_card) = read_parts(parts).await?;
    let student = state.store.find_student(&principal, &about.season, &about.student).await?;
    let photo_hash = state.store.photo_hash(student.id, &photo);
    let now = state.clock.now();
    if let Some(known) = state.store.attempt_of_photo(&principal, student.id, &photo_hash).await? {
        return answer(StatusCode::OK, &state.store.submission(&principal, known, now).await?);
    }
    let id = Uuid::now_v7();
    let blobs = keep(&state, &principal.school, id, photo, id_card).await?;
    let attempt = NewAttempt { id, season: about.season, student: student.id, photo_hash, blobs };
    let taken = state.store.add_submission(&principal, &attempt, now).await;
    // Faces that belong to no attempt could never be found again to be erased. After a failure nobody knows what was kept: then they stay.
    let refused = matches!(&taken, Err(StoreError::Refused(_) | StoreError::StudentUnknown | StoreError::NotFound));
    if refused || taken.as_ref().is_ok_and(|taken| !taken.new) {
        for blob in &attempt.blobs {
            if let Err(error) = state.blobs.remove(&blob.name).await {
                tracing::warn!(%error, "a blob that no attempt owns could not be removed; the sweep of blobs finds it");
            }
        }
    }
    let taken = taken?;
    state.work.notify_waiters();
    let status = if taken.new { StatusCode::CREATED } else { StatusCode::OK };
    answer(status, &state.store.submission(&principal, taken.id, now).await?)
}

fn answer(status: StatusCode, submission: &Submission) -> Result<Response, Failure> {
    let mut response = (status, Json(submission)).into_response();
    let tag = HeaderValue::from_str(&version_tag(submission.summary.version)).map_err(|error| Failure::internal(&error))?;
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

type Read = (NewSubmission, Vec<u8>, Option<Vec<u8>>);

async fn read_parts(mut parts: Multipart) -> Result<Read, Failure> {
    let (mut about, mut photo, mut id_card) = (None, None, None);
    let broken = |error: axum::extract::multipart::MultipartError| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Failure::too_large()
        } else {
            Failure::bad_request("the parts cannot be read")
        }
    };
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(broken)?;
        match name.as_str() {
            "about" => about = Some(read_json(&bytes)?),
            "photo" => photo = Some(bytes.to_vec()),
            "id_card" => id_card = Some(bytes.to_vec()),
            _ => return Err(Failure::bad_request("a part that is neither about, photo nor id_card")),
        }
    }
    let about = about.ok_or_else(|| Failure::bad_request("the part is missing").with("field", "about"))?;
    let photo = photo.ok_or_else(|| Failure::bad_request("the part is missing").with("field", "photo"))?;
    Ok((about, photo, id_card))
}

/// Takes the places out of both pictures and puts them on the disk.
async fn keep(state: &State, school: &str, attempt: Uuid, photo: Vec<u8>, id_card: Option<Vec<u8>>) -> Result<Vec<StoredBlob>, Failure> {
    let darkroom = Arc::clone(&state.parts.darkroom);
    let cleaned = tokio::task::spawn_blocking(move || {
        let refused = |part: &'static str| move |code: &'static str| (part, code);
        let photo = darkroom.without_location(&photo).map_err(refused("photo"))?;
        let id_card = id_card.map(|card| darkroom.without_location(&card).map_err(refused("id_card"))).transpose()?;
        Ok((photo, id_card))
    });
    let (photo, id_card) = cleaned.await.map_err(|error| Failure::internal(&error))?.map_err(|(part, code)| {
        Failure::new(StatusCode::UNPROCESSABLE_ENTITY, code, "the file is no picture that can be taken").with("part", part)
    })?;
    let mut stored = vec![state.blobs.put(school, attempt, BlobKind::Picture(PictureKind::Original), &photo).await?];
    if let Some(id_card) = id_card {
        stored.push(state.blobs.put(school, attempt, BlobKind::IdCard, &id_card).await?);
    }
    Ok(stored)
}
