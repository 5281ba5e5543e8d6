//! A submission's pictures: unsealed for the one who may see them, kept by nobody on the way.

use axum::{
    extract::State as Shared,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use crate::{
    api::{problem::Problem, submission::PictureKind},
    backend::{
        extract::{InPath, SignedIn},
        problems::Failure,
        state::State,
    },
};

/// One picture: JPEG; the original in its own type.
///
/// Nobody on the way may keep it. ID cards are never given out, only the portrait cut from one.
#[utoipa::path(get, path = "/v1/submissions/{id}/pictures/{kind}", security(("token" = [])),
    params(("id" = Uuid, Path), ("kind" = PictureKind, Path)),
    responses((status = 200, content_type = "image/jpeg"), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn one(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath((id, kind)): InPath<(Uuid, PictureKind)>,
) -> Result<Response, Failure> {
    let name = state.store.picture(&signed_in.principal(), id, kind).await?;
    let bytes = state.blobs.get(&name).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type(&bytes))),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, bytes).into_response())
}

/// By content: names and types that came with a file prove nothing.
pub(super) fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_content() {
        assert_eq!(media_type(b"\xff\xd8\xff\xe0"), "image/jpeg");
        assert_eq!(media_type(b"\x89PNG\r\n"), "image/png");
        assert_eq!(media_type(b"RIFF1234WEBPVP8 "), "image/webp");
        assert_eq!(media_type(b"<svg onload="), "application/octet-stream");
    }
}
