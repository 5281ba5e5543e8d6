//! The API described: every route with its types, out of the handlers themselves.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::controllers::{
    audit, claims, corrections, decisions, deliveries, events, notices, persons, pictures, progress, queue, reopenings, rosters, seasons,
    sessions, statistics, submissions, system, totp, users,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "zhaoshen", description = "Capture backend: certificate photos from intake to a reviewer's decision."),
    modifiers(&Token),
    paths(
        system::front, system::invite, system::healthy, system::ready, system::metrics, system::document,
        sessions::sign_in, sessions::sign_out, sessions::current, sessions::redeem, sessions::list, sessions::end,
        totp::state, totp::begin, totp::confirm, totp::remove,
        users::list, users::add, users::end_sessions, users::change, users::reset_password, users::reset_codes,
        users::policy, users::put_policy,
        seasons::list, seasons::put, rosters::take, progress::units, progress::progress, progress::days,
        submissions::add, submissions::list, submissions::one, pictures::one,
        decisions::review, decisions::undo, decisions::retake_notice, decisions::batch,
        reopenings::ask, reopenings::drop, reopenings::confirm, reopenings::list,
        corrections::request, corrections::withdraw, corrections::resume, corrections::list,
        deliveries::list, deliveries::happen, deliveries::prints, deliveries::happen_to_prints,
        queue::skip, queue::position, queue::lengths, queue::skips, queue::put_deadline,
        statistics::reviewers, statistics::me, statistics::add_golden, statistics::golden, statistics::retire_golden,
        claims::add, claims::heartbeat, claims::release, audit::list, audit::checkpoints, events::follow, notices::calls,
        persons::consent, persons::reveal, persons::export, persons::erase, persons::retention,
    )
)]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// The document served at `/openapi.json`.
#[must_use]
pub fn document() -> openapi::OpenApi {
    Document::openapi()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::backend::router::{Access, routes};

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let json = serde_json::to_value(document()).unwrap();
        let described: BTreeSet<(String, String)> = json["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone())))
            .collect();
        let served: BTreeSet<(String, String)> =
            routes().into_iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
        assert_eq!(described, served);
    }

    #[test]
    fn what_needs_a_token_says_so() {
        let json = serde_json::to_value(document()).unwrap();
        for route in routes() {
            let operation = &json["paths"][route.path][route.method.to_lowercase()];
            assert_eq!(operation["security"].is_array(), route.access != Access::Anybody, "{} {}", route.method, route.path);
        }
    }
}
