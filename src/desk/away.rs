//! What a bundle answers in the server's place, for a desk without a network. Reads the sealed file; asks nobody.

use crate::{
    api::problem::{Problem, code},
    client::{bundle::Bundle, http::SubmissionQuery},
    desk::message::{Effect, Event},
};

/// The answers to what is asked of the server and the bundle knows; `None` for what is left to others.
#[must_use]
pub fn answer(bundle: &Bundle, effect: &Effect) -> Option<Vec<Event>> {
    Some(match effect {
        Effect::LoadSeasons => vec![Event::Seasons(Ok(vec![bundle.season().clone()]))],
        Effect::LoadProgress { .. } => vec![Event::Progress(Box::new(Ok(bundle.progress())))],
        Effect::LoadPage { ticket, season, unit, status, .. } => {
            let query = SubmissionQuery { season: season.clone(), unit: unit.clone(), status: *status, ..SubmissionQuery::default() };
            vec![Event::Page { ticket: *ticket, page: Ok(bundle.submissions(&query)) }]
        }
        Effect::LoadDetail { submission } => {
            vec![Event::Detail { submission: *submission, detail: bundle.submission(*submission).map(Box::new) }]
        }
        // What is in the bundle is reserved as it is.
        Effect::Claim(_) | Effect::KeepClaim { .. } => {
            vec![Event::Claimed(Err(Problem::new(0, code::UNREACHABLE, "a bundle is reserved already")))]
        }
        Effect::ReleaseClaim { .. } => vec![],
        _ => return None,
    })
}
