//! The outside world behind traits: today the ways a notice reaches a student.
//!
//! A gateway sends what it is given and says how that went; texts, repetition and what to do when no way works are the jobs' business.

pub mod file;
pub mod webhook;

use std::fmt;

use async_trait::async_trait;
use uuid::Uuid;

use crate::api::submission::NoticeKind;
use crate::domain::resident_id::mask_phone;

/// The longest title, in characters: a WeChat `thing` field.
pub const LONGEST_TITLE: usize = 20;
/// The longest body, in characters: one SMS.
pub const LONGEST_BODY: usize = 70;

/// A way to reach students.
#[async_trait]
pub trait Messages: Send + Sync {
    /// Hands the message over. The same message id again is delivered once, as far as the way allows.
    ///
    /// # Errors
    /// [`GatewayError::Passing`] when trying again may help, [`GatewayError::Permanent`] when it cannot.
    async fn send(&self, message: &Message) -> Result<Receipt, GatewayError>;

    /// The way's name, for logs and the state of a notice.
    fn name(&self) -> &'static str;
}

/// A message with its texts ready-made, short enough for every way.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    id: Uuid,
    phone: Option<String>,
    kind: NoticeKind,
    title: String,
    body: String,
}

/// A text that does not fit; its length in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("a title has at most {LONGEST_TITLE} characters, this has {0}")]
    Title(usize),
    #[error("a body has at most {LONGEST_BODY} characters, this has {0}")]
    Body(usize),
}

impl Message {
    /// A message. `id` stays the same however often it is sent: it is what makes sending idempotent.
    ///
    /// # Errors
    /// When a text is too long for one of the ways.
    pub fn new(id: Uuid, phone: Option<String>, kind: NoticeKind, title: String, body: String) -> Result<Message, MessageError> {
        let (title_length, body_length) = (title.chars().count(), body.chars().count());
        if title_length > LONGEST_TITLE {
            return Err(MessageError::Title(title_length));
        }
        if body_length > LONGEST_BODY {
            return Err(MessageError::Body(body_length));
        }
        Ok(Message { id, phone, kind, title, body })
    }

    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    #[must_use]
    pub fn kind(&self) -> NoticeKind {
        self.kind
    }

    /// What a gateway that sends to phones writes: never without a phone.
    fn envelope(&self) -> Result<Envelope<'_>, GatewayError> {
        let phone = self.phone.as_deref().filter(|phone| !phone.is_empty()).ok_or(GatewayError::Permanent { code: code::NO_PHONE })?;
        Ok(Envelope { id: self.id, kind: self.kind, phone, title: &self.title, body: &self.body })
    }
}

/// The phone is masked and the texts are left out: they may name the student.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phone = self.phone.as_deref().map(mask_phone);
        f.debug_struct("Message").field("id", &self.id).field("kind", &self.kind).field("phone", &phone).finish_non_exhaustive()
    }
}

#[derive(serde::Serialize)]
struct Envelope<'a> {
    id: Uuid,
    kind: NoticeKind,
    phone: &'a str,
    title: &'a str,
    body: &'a str,
}

/// The gateway has the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The name of the gateway.
    pub gateway: &'static str,
    /// Whether it had the message already.
    pub repeated: bool,
}

/// Why a message was not delivered. The code goes into the notice's state and the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    #[error("{code}: may pass")]
    Passing { code: &'static str },
    #[error("{code}: will not pass")]
    Permanent { code: &'static str },
}

impl GatewayError {
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            GatewayError::Passing { code } | GatewayError::Permanent { code } => code,
        }
    }
}

/// Codes of [`GatewayError`]; texts are in `locales/` under `problem.<code>`.
pub mod code {
    /// There is nobody to send to.
    pub const NO_PHONE: &str = "no_phone";
    /// The file of the `file` gateway could not be written.
    pub const NOT_WRITTEN: &str = "gateway_not_written";
    /// No answer in time.
    pub const TIMEOUT: &str = "gateway_timeout";
    /// No answer at all.
    pub const AWAY: &str = "gateway_away";
    /// The gateway is there and says that it cannot now (or answered something else than it should).
    pub const TROUBLE: &str = "gateway_trouble";
    /// The gateway does not want this message.
    pub const REFUSED: &str = "gateway_refused";

    pub const ALL: [&str; 6] = [NO_PHONE, NOT_WRITTEN, TIMEOUT, AWAY, TROUBLE, REFUSED];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Language, has_text};

    #[test]
    fn a_message_fits_every_way() {
        let message = |title: &str, body: &str| Message::new(Uuid::nil(), None, NoticeKind::Rejected, title.into(), body.into());
        assert!(message(&"照".repeat(20), &"片".repeat(70)).is_ok());
        assert_eq!(message(&"照".repeat(21), ""), Err(MessageError::Title(21)));
        assert_eq!(message("", &"片".repeat(71)), Err(MessageError::Body(71)));
    }

    #[test]
    fn a_message_prints_nothing_personal() {
        let message = Message::new(Uuid::nil(), Some("13812345678".into()), NoticeKind::Rejected, "张三".into(), "李四".into()).unwrap();
        let printed = format!("{message:?}");
        assert!(
            printed.contains("138****5678") && !printed.contains("13812345678") && !printed.contains("张三") && !printed.contains("李四")
        );
    }

    #[test]
    fn every_code_has_a_text_in_every_language() {
        for code in code::ALL {
            assert!(Language::ALL.iter().all(|language| has_text(*language, &format!("problem.{code}"))), "{code}");
        }
    }
}
