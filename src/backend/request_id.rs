//! By which a request is found again in the logs of everything it went through.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header in which it comes and goes.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The name of a request.
///
/// It stands in logs, so only what cannot be about a person is taken from outside: 32 hexadecimal digits, with or without the hyphens of a
/// UUID. ID numbers, phone numbers and names never look like that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Uuid);

impl RequestId {
    /// The one that came with the request, if it is well formed; else a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> RequestId {
        let said = headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|value| [32, 36].contains(&value.len()));
        RequestId(said.and_then(|value| Uuid::try_parse(value).ok()).unwrap_or_else(Uuid::now_v7))
    }

    /// For the answer.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).expect("hexadecimal digits and hyphens")
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_about_a_person_is_taken_from_outside() {
        let of = |value: &str| RequestId::of(&HeaderMap::from_iter([(HEADER, HeaderValue::from_str(value).unwrap())])).to_string();
        let hyphens = "0190163d-8694-739b-aea5-966c26f8ad91";
        assert_eq!(of(hyphens), hyphens);
        assert_eq!(of(&hyphens.replace('-', "").to_uppercase()), hyphens);
        for wrong in ["", "11010519491231002X", "13812345678", "zhang.san", &"x".repeat(36), &format!("{{{hyphens}}}")] {
            let made = of(wrong);
            assert!(made != wrong && made.len() == 36, "{wrong}: {made}");
        }
        assert_ne!(RequestId::of(&HeaderMap::new()), RequestId::of(&HeaderMap::new()));
    }
}
