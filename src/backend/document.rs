//! The API described: every route with its types, out of the handlers themselves. What no handler says alone is added here, from one table each:
//! examples, problems by their codes, what parameters mean, who may ask.
//!
//! A new route is named under `paths` below. Its annotation says what is its own: types, a summary and more about it in its documentation, and
//! codes of problems beside the usual ones as `extensions(("x-problem-codes" = json!([…])))`. A type that is new in a body gets its example in
//! `document/examples`, a code its status in `document/refusals.rs`, a parameter's name its meaning in `document/words.rs`. What is missing fails
//! a test that says what and where.

use std::sync::LazyLock;

use serde_json::Value;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::controllers::{
    audit, bundles, claims, corrections, decisions, deliveries, docs, events, notices, persons, pictures, progress, queue, renditions,
    reopenings, rosters, seasons, sessions, statistics, submissions, system, totp, users,
};
use crate::api::live::Moved;

mod complete;
mod examples;
pub mod page;
mod refusals;
#[cfg(test)]
mod tests;
mod words;

#[derive(OpenApi)]
#[openapi(
    info(title = "zhaoshen", description = "照审: certificate photos of graduates from intake to the register. `docs/api.md` walks through the main \
        flow, and says what may change under `/v1` and what never does."),
    modifiers(&Token),
    components(schemas(Moved)),
    paths(
        system::front, system::invite, system::healthy, system::ready, system::metrics, system::document, docs::docs,
        sessions::sign_in, sessions::sign_out, sessions::current, sessions::redeem, sessions::list, sessions::end,
        totp::state, totp::begin, totp::confirm, totp::remove,
        users::list, users::add, users::end_sessions, users::change, users::reset_password, users::reset_codes,
        users::policy, users::put_policy,
        seasons::list, seasons::put, rosters::take, progress::units, progress::progress, progress::days,
        submissions::add, submissions::list, submissions::one, pictures::one,
        decisions::review, decisions::undo, decisions::retake_notice, decisions::batch,
        renditions::add,
        reopenings::ask, reopenings::drop, reopenings::confirm, reopenings::list,
        corrections::request, corrections::withdraw, corrections::resume, corrections::list,
        deliveries::list, deliveries::happen, deliveries::prints, deliveries::happen_to_prints,
        queue::skip, queue::position, queue::lengths, queue::skips, queue::put_deadline,
        statistics::reviewers, statistics::me, statistics::add_golden, statistics::golden, statistics::retire_golden,
        claims::add, claims::heartbeat, claims::release, bundles::take, bundles::list, bundles::check, bundles::end, audit::list, audit::checkpoints, events::follow, notices::calls,
        persons::consent, persons::reveal, persons::export, persons::erase, persons::retention,
    )
)]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description = Some("The opaque token of a session: `POST /v1/sessions` gives one.".to_owned());
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The document served at `/openapi.json`.
#[must_use]
pub fn document() -> &'static Value {
    static WHOLE: LazyLock<Value> =
        LazyLock::new(|| complete::complete(serde_json::to_value(Document::openapi()).expect("a description is JSON")));
    &WHOLE
}
