//! Notices go out: the texts are put together here, a courier carries them, every try is recorded.
//!
//! What cannot be delivered ends on the unit's call list; nothing is lost silently.

use crate::{
    backend::{
        gateways::{GatewayError, LONGEST_BODY, LONGEST_TITLE, Message, MessageError, code},
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

/// Sends one notice, if one waits. Says whether one did.
///
/// # Errors
/// When the store fails; the job then comes back.
pub async fn one(state: &State) -> StoreResult<bool> {
    let Some(job) = super::take(state, JobKind::Notify).await? else { return Ok(false) };
    let Some(work) = state.store.notice_work(&job, state.clock.now()).await? else { return Ok(true) };
    let gateway = &state.parts.messages;
    let sent = match message(work) {
        Ok(message) => super::alive(state, &job, gateway.send(&message)).await,
        Err(_) => Err(GatewayError::Permanent { code: code::REFUSED }),
    };
    let end = match sent {
        Ok(receipt) => SendingEnd::Delivered { reference: if receipt.repeated { "repeated" } else { "taken" }.to_owned() },
        Err(GatewayError::Passing { code }) if job.tries < MOST_TRIES => {
            SendingEnd::Again { code: code.to_owned(), at: state.clock.now() + super::backoff(job.tries) }
        }
        Err(error) => SendingEnd::CallNeeded { code: error.code().to_owned() },
    };
    state.store.record_sending(&job, gateway.name(), &end, state.clock.now()).await?;
    Ok(true)
}

/// The notice in words. Students are written to in Chinese.
fn message(work: NoticeWork) -> Result<Message, MessageError> {
    let language = Language::Chinese;
    let kind = work.kind.code();
    let title = text(language, &format!("notice.{kind}.title"), &[]);
    let reasons =
        work.reasons.iter().map(|reason| text(language, &format!("reason.{}.short", reason.code()), &[])).collect::<Vec<_>>().join("、");
    let body = text(language, &format!("notice.{kind}.body"), &[("season", &work.season_name), ("reasons", &reasons)]);
    Message::new(work.notice, work.phone, work.kind, cut(&title, LONGEST_TITLE), cut(&body, LONGEST_BODY))
}

/// Cuts a text to its field; the sign of the cut belongs to the length.
fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest { text.to_owned() } else { text.chars().take(longest - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{api::submission::NoticeKind, domain::reason::Reason, language::has_text};

    #[test]
    fn texts_fit_their_fields_whatever_the_reasons() {
        let work = NoticeWork {
            notice: Uuid::nil(),
            kind: NoticeKind::Rejected,
            season_name: "2027 年夏季毕业照片采集".to_owned(),
            student_number: "2501".to_owned(),
            name: None,
            phone: Some("13812345678".to_owned()),
            reasons: Reason::ALL.to_vec(),
        };
        assert!(message(work).is_ok());
        let long = "理由".repeat(50);
        let short = cut(&long, LONGEST_BODY);
        assert_eq!((short.chars().count(), short.ends_with('…')), (LONGEST_BODY, true));
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
