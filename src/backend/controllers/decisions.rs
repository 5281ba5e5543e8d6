//! Reviews, undoing, retake notices. Each carries the contracts of deciding in its headers.

use axum::{
    Json,
    extract::State as Shared,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use super::batches;
use crate::{
    api::{
        batch::{Batch, BatchResults, BatchedReview, ItemResult},
        headers::version_tag,
        problem::Problem,
        submission::{NewReview, ReviewOutcome},
    },
    backend::{
        extract::{Body, InPath, JsonBody, SignedIn, bundle, has_key, intended, intention},
        problems::Failure,
        state::State,
        store::types::GivenReview,
    },
};

/// Reviews a photo. `decision` is absent while more reviews are needed.
#[utoipa::path(post, path = "/v1/submissions/{id}/reviews",
    extensions(("x-problem-codes" = json!(["not_standardized", "no_rendition", "not_pending", "already_decided", "withdrawn", "already_reviewed",
        "lead_needed", "bundle_expired", "bundle_ended", "bundle_foreign", "erased"]))),
    security(("token" = [])), request_body = NewReview,
    params(("id" = Uuid, Path), ("if-match" = String, Header), ("idempotency-key" = Uuid, Header), ("lease-token" = Option<Uuid>, Header),
        ("bundle" = Option<Uuid>, Header)),
    responses((status = 200, body = ReviewOutcome), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn review(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    headers: HeaderMap,
    Body(bytes): Body,
) -> Result<Response, Failure> {
    let (review, intention): (NewReview, _) = intended(&headers, b"review", id, &bytes)?;
    let review = GivenReview { intention, verdict: review.verdict, rendition: review.rendition };
    let (principal, now) = (signed_in.principal(), state.clock.now());
    let outcome = match bundle(&headers)? {
        Some(bundle) => state.store.review_from_bundle(&principal, id, &review, bundle, now).await?,
        None => state.store.review(&principal, id, &review, now).await?,
    };
    state.metrics.count_review(&outcome);
    answer(&outcome)
}

/// Takes a held decision back.
///
/// By who decided, until `held_until`; the photo waits for reviews again.
#[utoipa::path(post, path = "/v1/submissions/{id}/undo",
    extensions(("x-problem-codes" = json!(["not_standardized", "not_held", "already_decided", "withdrawn"]))),
    security(("token" = [])),
    params(("id" = Uuid, Path), ("if-match" = String, Header), ("idempotency-key" = Uuid, Header)),
    responses((status = 200, body = ReviewOutcome), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn undo(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let intention = intention(&headers, &[b"undo", id.as_bytes()])?;
    let outcome = state.store.undo(&signed_in.principal(), id, &intention, state.clock.now()).await?;
    state.metrics.count_undone();
    answer(&outcome)
}

/// Says a rejection once more. With an `Idempotency-Key` (and then `If-Match`) a repeated request is one notice.
#[utoipa::path(post, path = "/v1/submissions/{id}/retake-notice",
    extensions(("x-problem-codes" = json!(["not_rejected", "already_submitted", "notice_limit"]))),
    security(("token" = [])),
    params(("id" = Uuid, Path), ("if-match" = Option<String>, Header), ("idempotency-key" = Option<Uuid>, Header)),
    responses((status = 200, body = ReviewOutcome), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn retake_notice(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let intention = has_key(&headers).then(|| intention(&headers, &[b"retake-notice", id.as_bytes()])).transpose()?;
    let outcome = state.store.retake_notice(&signed_in.principal(), id, intention.as_ref(), state.clock.now()).await?;
    state.work.notify_waiters();
    answer(&outcome)
}

/// Reviews many photos at once. Each item costs and does what it would alone; one that is refused, or makes no sense, touches no other. Sent again,
/// what was done answers `again` with its first answer.
#[utoipa::path(post, path = "/v1/decisions", security(("token" = [])), request_body = Batch<BatchedReview>,
    responses((status = 200, body = BatchResults<ReviewOutcome>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn batch(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    JsonBody(batch): JsonBody<Batch<serde_json::Value>>,
) -> Result<Json<BatchResults<ReviewOutcome>>, Failure> {
    let (principal, now) = (signed_in.principal(), state.clock.now());
    let items = batches::items::<BatchedReview>(batch)?;
    let prepare = |item: BatchedReview| {
        let review = NewReview { verdict: item.verdict, rendition: item.rendition };
        let intention = batches::intention(b"review", item.submission, &review, item.version, item.key);
        (item.submission, GivenReview { intention, verdict: review.verdict, rendition: review.rendition })
    };
    let results = batches::each(items, prepare, async |work| state.store.review_each(&principal, &work, now).await).await;
    for item in &results.items {
        if let ItemResult::Done { outcome } = item {
            state.metrics.count_review(outcome);
        }
    }
    Ok(Json(results))
}

pub(super) fn answer(outcome: &ReviewOutcome) -> Result<Response, Failure> {
    let mut response = (StatusCode::OK, Json(outcome)).into_response();
    let tag = HeaderValue::from_str(&version_tag(outcome.version)).map_err(|error| Failure::internal(&error))?;
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}
