//! Fix & accept: a photo finished anew by the server's own engine, from the sealed original, as a reviewer wants it and has seen it.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use uuid::Uuid;

use super::decisions;
use crate::{
    api::{
        problem::{Problem, code},
        rework::NewRendition,
        submission::{PictureKind, ReviewOutcome},
    },
    backend::{
        blobs::{BlobKind, StoredBlob},
        extract::{Body, InPath, SignedIn, intended},
        jobs::standardize::{NotReworked, Reworked},
        problems::Failure,
        state::State,
        store::{
            StoreError,
            rework::BeforeRework,
            types::{GivenRendition, Intention, ReworkWork},
        },
        vault,
    },
    domain::{access::Principal, adjustment::Adjustments},
};

/// Finishes a photo anew, within what the standard allows.
///
/// The server's engine works from the original, and runs every check and the proof again. What it makes must be, to the last byte, what the
/// reviewer saw: `engines_differ` otherwise. Reviews of the rendition before no longer count; older renditions stay. A photo that the machine
/// refused waits for reviews from then on.
#[utoipa::path(post, path = "/v1/submissions/{id}/renditions",
    extensions(("x-problem-codes" = json!(["not_standardized", "not_pending", "already_decided", "withdrawn", "unpaid", "lead_needed",
        "beyond_limits", "rework_refused", "not_proved", "engines_differ"]))),
    security(("token" = [])), request_body = NewRendition,
    params(("id" = Uuid, Path), ("if-match" = String, Header), ("idempotency-key" = Uuid, Header), ("lease-token" = Option<Uuid>, Header)),
    responses((status = 200, body = ReviewOutcome), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn add(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    headers: HeaderMap,
    Body(bytes): Body,
) -> Result<Response, Failure> {
    let (new, intention): (NewRendition, _) = intended(&headers, b"rendition", id, &bytes)?;
    let principal = signed_in.principal();
    let work = match state.store.before_rework(&principal, id, &intention).await? {
        BeforeRework::Answered(outcome) => return decisions::answer(&outcome),
        BeforeRework::Work(work) => work,
    };
    // Whoever hangs up does not undo what was begun: the same intention again finds its answer.
    let done = tokio::spawn(carry_out(state, principal, id, intention, new, work)).await;
    decisions::answer(&done.map_err(|error| Failure::internal(&error))??)
}

async fn carry_out(
    state: State,
    principal: Principal,
    id: Uuid,
    intention: Intention,
    new: NewRendition,
    work: ReworkWork,
) -> Result<ReviewOutcome, Failure> {
    let (school, owner) = (work.school.clone(), work.owner);
    let Reworked { jpeg, report } = finish(&state, work, new.adjustments).await?;
    if !vault::hexadecimal(&vault::sha256(&[&jpeg])).eq_ignore_ascii_case(&new.sha256) {
        return Err(Failure::new(StatusCode::CONFLICT, code::ENGINES_DIFFER, "the server's engine makes another picture of it"));
    }
    let blob = state.blobs.put(&school, owner, BlobKind::Picture(PictureKind::Standard), &jpeg).await?;
    let given = GivenRendition { intention, report, blob };
    match state.store.rework(&principal, id, &given, state.clock.now()).await {
        Ok(outcome) => Ok(outcome),
        Err(error) => {
            remove_unowned(&state, &given.blob, &error).await;
            Err(error.into())
        }
    }
}

/// The engine's work, on a thread of its own, a few at a time.
async fn finish(state: &State, work: ReworkWork, wanted: Adjustments) -> Result<Reworked, Failure> {
    let turn = state.reworks.acquire().await.map_err(|error| Failure::internal(&error))?;
    let original = state.blobs.get(&work.original).await?;
    let darkroom = Arc::clone(&state.parts.darkroom);
    let done = tokio::task::spawn_blocking(move || darkroom.rework(&original, &work.standard, &wanted)).await;
    drop(turn);
    done.map_err(|error| Failure::internal(&error))?.map_err(refused)
}

fn refused(why: NotReworked) -> Failure {
    let conflict = |code, title| Failure::new(StatusCode::CONFLICT, code, title);
    match why {
        NotReworked::Beyond(check) => {
            Failure::new(StatusCode::UNPROCESSABLE_ENTITY, code::BEYOND_LIMITS, "no limit of the standard is that far")
                .with("check", check.code())
        }
        NotReworked::Refused(reasons) => {
            let reasons: Vec<&str> = reasons.iter().map(|reason| reason.code()).collect();
            conflict(code::REWORK_REFUSED, "the photo finished so does not meet the standard").with("reasons", reasons.join(","))
        }
        NotReworked::NotProved => conflict(code::NOT_PROVED, "it could not be proved that nothing else was changed"),
        NotReworked::NoStandard => Failure::internal(&"a season without its standard"),
    }
}

/// A face that belongs to nothing could never be found again to be erased. After a failure nobody knows what was kept: then it stays.
async fn remove_unowned(state: &State, blob: &StoredBlob, error: &StoreError) {
    let told = matches!(error, StoreError::Stale { .. } | StoreError::Refused(_) | StoreError::NotFound | StoreError::LeadNeeded);
    if !told || !matches!(state.store.keeps_blob(&blob.name).await, Ok(false)) {
        return;
    }
    if let Err(error) = state.blobs.remove(&blob.name).await {
        tracing::warn!(%error, "a blob that no attempt owns could not be removed; the sweep of blobs finds it");
    }
}
