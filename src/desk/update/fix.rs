//! Fix & accept: what becomes of a photo that was finished anew.

use uuid::Uuid;

use super::say;
use crate::desk::model::{Model, Tone};

/// The server holds the new rendition: only now may it be judged, and only once its own picture is on the screen.
pub fn sent(model: &mut Model, submission: Uuid) {
    model.pictures.retain(|request, _| request.submission != submission);
    model.wanted.clear();
    model.review.shown = None;
    say(model, Tone::Plain, "desk.fix.news.sent", vec![]);
}
