//! Errors as they travel: `application/problem+json` with a stable code and parameters.
//!
//! The same codes reach the command line and the desk; texts are in `locales/` under `problem.<code>`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error answer (RFC 9457). `title` is English and for developers; people read the text of `code` in their language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[error("{code}: {title}")]
pub struct Problem {
    pub code: String,
    pub title: String,
    pub status: u16,
    /// Values for the text, never personal data.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

impl Problem {
    #[must_use]
    pub fn new(status: u16, code: impl Into<String>, title: impl Into<String>) -> Problem {
        Problem { code: code.into(), title: title.into(), status, parameters: BTreeMap::new() }
    }

    /// The same problem with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Problem {
        self.parameters.insert(name.to_owned(), value.to_string());
        self
    }
}

/// Codes that the API itself gives; refusals of the lifecycles, of pictures and of rosters come beside them with codes of their own.
pub mod code {
    pub const BAD_REQUEST: &str = "bad_request";
    pub const SIGN_IN: &str = "sign_in";
    pub const WRONG_PASSWORD: &str = "wrong_password";
    pub const WEAK_PASSWORD: &str = "weak_password";
    pub const INVITATION_INVALID: &str = "invitation_invalid";
    pub const TOO_MANY_TRIES: &str = "too_many_tries";
    pub const TOO_MANY_REQUESTS: &str = "too_many_requests";
    /// The password is right; the same again with a one-time code.
    pub const CODE_NEEDED: &str = "code_needed";
    pub const WRONG_CODE: &str = "wrong_code";
    /// The role needs one-time codes that are not set up yet.
    pub const CODES_FIRST: &str = "codes_first";
    pub const CODES_CONFIRMED: &str = "codes_confirmed";
    pub const USER_DISABLED: &str = "user_disabled";
    pub const OWN_ACCOUNT: &str = "own_account";
    pub const FORBIDDEN: &str = "forbidden";
    pub const NOT_FOUND: &str = "not_found";
    pub const METHOD_UNKNOWN: &str = "method_unknown";
    pub const MEDIA_TYPE_UNKNOWN: &str = "media_type";
    pub const VERSION_REQUIRED: &str = "version_required";
    pub const STALE_VERSION: &str = "stale_version";
    pub const KEY_REQUIRED: &str = "key_required";
    pub const KEY_REUSED: &str = "key_reused";
    pub const ALREADY_REVIEWED: &str = "already_reviewed";
    pub const LEAD_NEEDED: &str = "lead_needed";
    pub const GOLDEN_CONTRADICTS: &str = "golden_contradicts";
    /// An adjustment beyond what the standard allows; `check` says of which.
    pub const BEYOND_LIMITS: &str = "beyond_limits";
    /// The engine refuses the photo finished so; `reasons` are codes.
    pub const REWORK_REFUSED: &str = "rework_refused";
    /// Nobody could prove that only what was asked for was changed.
    pub const NOT_PROVED: &str = "not_proved";
    /// The server's engine made another picture of it than the one that was looked at.
    pub const ENGINES_DIFFER: &str = "engines_differ";
    pub const NOTE_PERSONAL: &str = "note_personal";
    pub const NOTE_INVALID: &str = "note_invalid";
    pub const NOTICE_LIMIT: &str = "notice_limit";
    pub const REVEAL_LIMIT: &str = "reveal_limit";
    pub const REOPENING_OPEN: &str = "reopening_open";
    pub const OWN_REOPENING: &str = "own_reopening";
    pub const REOPENING_LATE: &str = "reopening_late";
    pub const REOPENING_ENDED: &str = "reopening_ended";
    /// Of a delivery or of prints.
    pub const STALE_WAY: &str = "stale_way";
    /// Nothing in the unit can be taken along now; `why` says which nothing.
    pub const BUNDLE_EMPTY: &str = "bundle_empty";
    /// The season lets nothing out of the house.
    pub const BUNDLES_OFF: &str = "bundles_off";
    pub const BUNDLE_LIMIT: &str = "bundle_limit";
    pub const BUNDLE_EXPIRED: &str = "bundle_expired";
    /// Dropped by its reviewer or revoked by somebody who may.
    pub const BUNDLE_ENDED: &str = "bundle_ended";
    /// Another person's or another house's, or without this photo.
    pub const BUNDLE_FOREIGN: &str = "bundle_foreign";
    /// Not what the server signed.
    pub const BUNDLE_FORGED: &str = "bundle_forged";
    /// The person in the photo was erased: nothing that is sent of them counts, and nothing of them may stay.
    pub const ERASED: &str = "erased";
    pub const USER_EXISTS: &str = "user_exists";
    pub const SEASON_UNKNOWN: &str = "season_unknown";
    pub const STUDENT_UNKNOWN: &str = "student_unknown";
    pub const TOO_LARGE: &str = "too_large";
    pub const BUSY: &str = "busy";
    pub const STORAGE_FULL: &str = "storage_full";
    pub const INTERNAL: &str = "internal";
    /// The server is about to stop; another one answers, or this one soon again.
    pub const STOPPING: &str = "stopping";
    /// The server runs, but cannot answer anything that matters.
    pub const NOT_READY: &str = "not_ready";
    /// Given by the client when no answer came.
    pub const UNREACHABLE: &str = "unreachable";
    /// Given by the client when the answer made no sense.
    pub const NONSENSE: &str = "nonsense";

    pub const ALL: [&str; 56] = [
        BAD_REQUEST,
        SIGN_IN,
        WRONG_PASSWORD,
        WEAK_PASSWORD,
        INVITATION_INVALID,
        TOO_MANY_TRIES,
        TOO_MANY_REQUESTS,
        CODE_NEEDED,
        WRONG_CODE,
        CODES_FIRST,
        CODES_CONFIRMED,
        USER_DISABLED,
        OWN_ACCOUNT,
        FORBIDDEN,
        NOT_FOUND,
        METHOD_UNKNOWN,
        MEDIA_TYPE_UNKNOWN,
        VERSION_REQUIRED,
        STALE_VERSION,
        KEY_REQUIRED,
        KEY_REUSED,
        ALREADY_REVIEWED,
        LEAD_NEEDED,
        GOLDEN_CONTRADICTS,
        BEYOND_LIMITS,
        REWORK_REFUSED,
        NOT_PROVED,
        ENGINES_DIFFER,
        NOTE_PERSONAL,
        NOTE_INVALID,
        NOTICE_LIMIT,
        REVEAL_LIMIT,
        REOPENING_OPEN,
        OWN_REOPENING,
        REOPENING_LATE,
        REOPENING_ENDED,
        STALE_WAY,
        BUNDLE_EMPTY,
        BUNDLES_OFF,
        BUNDLE_LIMIT,
        BUNDLE_EXPIRED,
        BUNDLE_ENDED,
        BUNDLE_FOREIGN,
        BUNDLE_FORGED,
        ERASED,
        USER_EXISTS,
        SEASON_UNKNOWN,
        STUDENT_UNKNOWN,
        TOO_LARGE,
        BUSY,
        STORAGE_FULL,
        INTERNAL,
        STOPPING,
        NOT_READY,
        UNREACHABLE,
        NONSENSE,
    ];
}
