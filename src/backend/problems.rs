//! Every way things go wrong, as a problem: one code, one status, no personal data.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use jiff::Timestamp;

use super::{auth::PasswordError, blobs::BlobError, store::StoreError, vault::VaultError};
use crate::{
    api::problem::{MEDIA_TYPE, Problem, code},
    domain::{
        lifecycle::reopening::NoConfirmation,
        queueing::{LONGEST_NOTE, NoteError},
    },
};

/// The parameter that also becomes the header `Retry-After`.
const RETRY_AFTER: &str = "retry_after";

/// A problem on its way out.
#[derive(Debug)]
pub struct Failure(pub Problem);

impl Failure {
    #[must_use]
    pub fn new(status: StatusCode, code: &str, title: &str) -> Failure {
        Failure(Problem::new(status.as_u16(), code, title))
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn with(self, name: &str, value: impl ToString) -> Failure {
        Failure(self.0.with(name, value))
    }

    /// A request that makes no sense; `what` is English, for developers.
    #[must_use]
    pub fn bad_request(what: &str) -> Failure {
        Failure::new(StatusCode::BAD_REQUEST, code::BAD_REQUEST, what)
    }

    #[must_use]
    pub fn forbidden() -> Failure {
        Failure::new(StatusCode::FORBIDDEN, code::FORBIDDEN, "the role may not do this")
    }

    #[must_use]
    pub fn sign_in() -> Failure {
        Failure::new(StatusCode::UNAUTHORIZED, code::SIGN_IN, "a valid token is needed")
    }

    #[must_use]
    pub fn not_found() -> Failure {
        Failure::new(StatusCode::NOT_FOUND, code::NOT_FOUND, "there is no such thing in the asker's scope")
    }

    #[must_use]
    pub fn too_large() -> Failure {
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE, "the body is too large")
    }

    /// Somebody who has to wait before the next try.
    #[must_use]
    pub fn too_many_tries(until: Timestamp, now: Timestamp) -> Failure {
        let seconds = until.duration_since(now).as_secs().max(1);
        Failure::new(StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY_TRIES, "too many failed tries")
            .with("until", until)
            .with(RETRY_AFTER, seconds)
    }

    /// Somebody, or an address, that has used up what it may ask for now.
    #[must_use]
    pub fn too_many_requests(until: Timestamp, now: Timestamp) -> Failure {
        let seconds = until.duration_since(now).as_secs().max(1);
        Failure::new(StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY_REQUESTS, "too many requests").with(RETRY_AFTER, seconds)
    }

    /// A password that is right, and a one-time code that is asked for beside it.
    #[must_use]
    pub fn code_needed() -> Failure {
        Failure::new(StatusCode::UNAUTHORIZED, code::CODE_NEEDED, "a one-time code is needed beside the password")
    }

    /// A role that needs one-time codes, before they are set up.
    #[must_use]
    pub fn codes_first() -> Failure {
        Failure::new(StatusCode::FORBIDDEN, code::CODES_FIRST, "the role needs one-time codes, which must be set up first")
    }

    /// Something that is ours to mend; `error` goes to the log, not to the caller.
    #[must_use]
    pub fn internal(error: &dyn std::fmt::Display) -> Failure {
        tracing::error!(%error, "internal error");
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, "internal error")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self.0)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.0.parameters.get(RETRY_AFTER).and_then(|seconds| HeaderValue::from_str(seconds).ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let title = error.to_string();
        let failure = |status: StatusCode, code: &str| Failure::new(status, code, &title);
        match error {
            StoreError::NotFound => Failure::not_found(),
            StoreError::Forbidden => Failure::forbidden(),
            StoreError::SeasonUnknown => failure(StatusCode::NOT_FOUND, code::SEASON_UNKNOWN),
            StoreError::StudentUnknown => failure(StatusCode::NOT_FOUND, code::STUDENT_UNKNOWN),
            StoreError::Stale { status, version } => {
                failure(StatusCode::PRECONDITION_FAILED, code::STALE_VERSION).with("status", status.code()).with("version", version)
            }
            StoreError::Refused(refusal) => failure(StatusCode::CONFLICT, refusal.code()),
            StoreError::AlreadyReviewed => failure(StatusCode::CONFLICT, code::ALREADY_REVIEWED),
            StoreError::LeadNeeded => failure(StatusCode::CONFLICT, code::LEAD_NEEDED),
            StoreError::GoldenContradicts => failure(StatusCode::CONFLICT, code::GOLDEN_CONTRADICTS),
            StoreError::Note(NoteError::Personal) => failure(StatusCode::UNPROCESSABLE_ENTITY, code::NOTE_PERSONAL),
            StoreError::Note(NoteError::Shape) | StoreError::NoteNeeded => {
                failure(StatusCode::UNPROCESSABLE_ENTITY, code::NOTE_INVALID).with("longest", LONGEST_NOTE)
            }
            StoreError::OtherRendition => failure(StatusCode::BAD_REQUEST, code::BAD_REQUEST).with("field", "rendition"),
            StoreError::ReopeningOpen => failure(StatusCode::CONFLICT, code::REOPENING_OPEN),
            StoreError::NoConfirmation(NoConfirmation::Own) => failure(StatusCode::CONFLICT, code::OWN_REOPENING),
            StoreError::NoConfirmation(NoConfirmation::Late) => failure(StatusCode::CONFLICT, code::REOPENING_LATE),
            StoreError::NoConfirmation(NoConfirmation::Ended) => failure(StatusCode::CONFLICT, code::REOPENING_ENDED),
            StoreError::StaleWay { state, version } => {
                failure(StatusCode::PRECONDITION_FAILED, code::STALE_WAY).with("state", state).with("version", version)
            }
            StoreError::IdNumberTaken => failure(StatusCode::CONFLICT, "id_number_taken"),
            StoreError::KeyReused => failure(StatusCode::UNPROCESSABLE_ENTITY, code::KEY_REUSED),
            StoreError::NoticeLimit { limit } => failure(StatusCode::CONFLICT, code::NOTICE_LIMIT).with("limit", limit),
            StoreError::RevealLimit { until } => failure(StatusCode::TOO_MANY_REQUESTS, code::REVEAL_LIMIT).with("until", until),
            StoreError::BundleEmpty { why, until } => {
                let failure = failure(StatusCode::CONFLICT, code::BUNDLE_EMPTY).with("why", why.code());
                until.into_iter().fold(failure, |failure, until| failure.with("until", until))
            }
            StoreError::BundlesOff => failure(StatusCode::CONFLICT, code::BUNDLES_OFF),
            StoreError::BundleLimit { limit } => failure(StatusCode::CONFLICT, code::BUNDLE_LIMIT).with("limit", limit),
            StoreError::BundleExpired { at } => failure(StatusCode::CONFLICT, code::BUNDLE_EXPIRED).with("at", at),
            StoreError::BundleEnded => failure(StatusCode::CONFLICT, code::BUNDLE_ENDED),
            StoreError::BundleForeign => failure(StatusCode::CONFLICT, code::BUNDLE_FOREIGN),
            StoreError::BundleForged => failure(StatusCode::UNPROCESSABLE_ENTITY, code::BUNDLE_FORGED),
            StoreError::Erased => failure(StatusCode::CONFLICT, code::ERASED),
            StoreError::UserExists => failure(StatusCode::CONFLICT, code::USER_EXISTS),
            StoreError::OwnAccount => failure(StatusCode::CONFLICT, code::OWN_ACCOUNT),
            StoreError::CodesConfirmed => failure(StatusCode::CONFLICT, code::CODES_CONFIRMED),
            StoreError::WrongCode => failure(StatusCode::UNAUTHORIZED, code::WRONG_CODE),
            StoreError::InvitationInvalid => failure(StatusCode::NOT_FOUND, code::INVITATION_INVALID),
            StoreError::Cursor => failure(StatusCode::BAD_REQUEST, code::BAD_REQUEST).with("field", "cursor"),
            StoreError::Full => failure(StatusCode::INSUFFICIENT_STORAGE, code::STORAGE_FULL),
            StoreError::Busy | StoreError::Unreachable | StoreError::Vault(VaultError::UnknownKey(_)) => {
                failure(StatusCode::SERVICE_UNAVAILABLE, code::BUSY)
            }
            StoreError::Corrupt(_)
            | StoreError::Vault(_)
            | StoreError::Database(_)
            | StoreError::NotMigrated { .. }
            | StoreError::NewerDatabase { .. } => Failure::internal(&title),
        }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Failure {
        match error {
            BlobError::Full => Failure::new(StatusCode::INSUFFICIENT_STORAGE, code::STORAGE_FULL, "no room is left for pictures"),
            BlobError::Away | BlobError::Vault(VaultError::UnknownKey(_)) => {
                Failure::new(StatusCode::SERVICE_UNAVAILABLE, code::BUSY, "the storage of pictures does not answer")
            }
            other => Failure::internal(&other),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Failure {
        Failure::internal(&error)
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Failure {
        match error {
            PasswordError::Weak => Failure::new(StatusCode::UNPROCESSABLE_ENTITY, code::WEAK_PASSWORD, "the password is too short")
                .with("shortest", super::auth::SHORTEST_PASSWORD),
            PasswordError::Provider => Failure::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::problem::code,
        domain::lifecycle::Refusal,
        language::{Language, has_text},
    };

    #[test]
    fn every_code_has_a_text_in_every_language() {
        let own = ["unit_out_of_scope", "student_number_taken", "id_number_taken"];
        let codes = code::ALL.into_iter().chain(Refusal::ALL.iter().map(|refusal| refusal.code())).chain(own);
        for code in codes {
            for language in Language::ALL {
                assert!(has_text(language, &format!("problem.{code}")), "{} has no text for problem.{code}", language.tag());
            }
        }
    }
}
