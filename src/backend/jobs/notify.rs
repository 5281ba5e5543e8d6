//! Notices go out: the texts are put together here, a courier carries them, every try is recorded.
//!
//! What cannot be delivered ends on the unit's call list; nothing is lost silently.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    api::submission::NoticeKind,
    backend::{
        state::State,
        store::{
            StoreResult,
            types::{JobKind, NoticeWork, SendingEnd},
        },
    },
    language::{Language, text},
};

/// After this many tries somebody must call.
const MOST_TRIES: u32 = 5;
/// Characters of a title: the `thing` field of a WeChat subscription message.
pub const LONGEST_TITLE: usize = 20;
/// Characters of a body: one SMS.
pub const LONGEST_BODY: usize = 70;

/// Carries notices out of the house.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Its name, for the record of sendings.
    fn name(&self) -> &'static str;

    /// Hands one notice over. The same id again is delivered once, as far as the way allows.
    ///
    /// # Errors
    /// Whether another try may help, and the code of what went wrong.
    async fn carry(&self, parcel: &Parcel) -> Result<String, Undelivered>;
}

/// A notice with its texts. Holds personal data: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Parcel {
    pub notice: Uuid,
    pub kind: NoticeKind,
    pub phone: String,
    /// At most [`LONGEST_TITLE`] characters.
    pub title: String,
    /// At most [`LONGEST_BODY`] characters.
    pub body: String,
}

/// Why a notice was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undelivered {
    /// Another try may help.
    Passing { code: String },
    /// No other try will.
    Permanent { code: String },
}

/// Sends one notice, if one waits. Says whether one did.
///
/// # Errors
/// When the store fails; the job then comes back.
pub async fn one(state: &State) -> StoreResult<bool> {
    let Some(job) = super::take(state, JobKind::Notify).await? else { return Ok(false) };
    let Some(work) = state.store.notice_work(&job).await? else { return Ok(true) };
    let courier = &state.parts.courier;
    let end = match parcel(work) {
        None => SendingEnd::CallNeeded { code: "no_phone".to_owned() },
        Some(parcel) => match courier.carry(&parcel).await {
            Ok(reference) => SendingEnd::Delivered { reference },
            Err(Undelivered::Passing { code }) if job.tries < MOST_TRIES => {
                SendingEnd::Again { code, at: state.clock.now() + super::backoff(job.tries) }
            }
            Err(Undelivered::Passing { code } | Undelivered::Permanent { code }) => SendingEnd::CallNeeded { code },
        },
    };
    state.store.record_sending(&job, courier.name(), &end, state.clock.now()).await?;
    Ok(true)
}

/// The notice in words; `None` without a phone. Students are written to in Chinese.
fn parcel(work: NoticeWork) -> Option<Parcel> {
    let phone = work.phone.filter(|phone| !phone.is_empty())?;
    let language = Language::Chinese;
    let code = work.kind.code();
    let title = text(language, &format!("notice.{code}.title"), &[]);
    let reasons =
        work.reasons.iter().map(|reason| text(language, &format!("reason.{}.short", reason.code()), &[])).collect::<Vec<_>>().join("、");
    let body = text(language, &format!("notice.{code}.body"), &[("season", &work.season_name), ("reasons", &reasons)]);
    Some(Parcel { notice: work.notice, kind: work.kind, phone, title: cut(&title, LONGEST_TITLE), body: cut(&body, LONGEST_BODY) })
}

/// Cuts a text to its field; the sign of the cut belongs to the length.
fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest { text.to_owned() } else { text.chars().take(longest - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::reason::Reason, language::has_text};

    fn work(phone: Option<&str>) -> NoticeWork {
        NoticeWork {
            notice: Uuid::nil(),
            kind: NoticeKind::Rejected,
            season_name: "2027 年夏季毕业照片采集".to_owned(),
            student_number: "2501".to_owned(),
            name: None,
            phone: phone.map(str::to_owned),
            reasons: Reason::ALL.to_vec(),
        }
    }

    #[test]
    fn without_a_phone_there_is_nothing_to_send() {
        assert!(parcel(work(None)).is_none());
        assert!(parcel(work(Some(""))).is_none());
    }

    #[test]
    fn texts_fit_their_fields_whatever_the_reasons() {
        let parcel = parcel(work(Some("13812345678"))).unwrap();
        assert!(parcel.title.chars().count() <= LONGEST_TITLE);
        assert_eq!(parcel.body.chars().count(), LONGEST_BODY);
        assert!(parcel.body.ends_with('…'));
    }

    #[test]
    fn every_notice_has_its_texts() {
        for kind in NoticeKind::ALL {
            for part in ["title", "body"] {
                let key = format!("notice.{}.{part}", kind.code());
                assert!(Language::ALL.iter().all(|language| has_text(*language, &key)), "{key}");
            }
            let title = text(Language::Chinese, &format!("notice.{}.title", kind.code()), &[]);
            assert!(title.chars().count() <= LONGEST_TITLE);
        }
    }
}
