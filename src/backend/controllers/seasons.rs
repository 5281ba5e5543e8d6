//! Seasons and their rules.

use std::time::Duration;

use axum::{Json, extract::State as Shared};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    api::{problem::Problem, roster::Season},
    backend::{
        extract::{InPath, JsonBody, SignedIn},
        problems::Failure,
        state::State,
    },
    domain::season::SeasonRules,
    photo::Standard,
};

/// The sets of comparison bands that the engine has.
const COHORTS: [&str; 2] = ["default", "specimen"];

/// The longest time that a rule may give. Nothing a season does takes longer, and times can always be reckoned with.
const LONGEST: Duration = Duration::from_hours(366 * 24);

fn longest(rules: &SeasonRules) -> Duration {
    let seconds =
        [rules.held_seconds, rules.lease_seconds, rules.skip_seconds, rules.reopening_seconds, rules.bundle_seconds].map(u64::from);
    let minutes = [rules.retake_head_start_minutes, rules.deadline_head_start_minutes].map(|minutes| 60 * u64::from(minutes));
    Duration::from_secs(seconds.into_iter().chain(minutes).max().unwrap_or_default())
}

/// Whether a last day is one that times can be reckoned from.
pub(super) fn is_day_of_a_season(day: Option<Timestamp>) -> bool {
    day.is_none_or(|day| (2000..3000).contains(&day.to_zoned(TimeZone::UTC).year()))
}

/// The seasons of the school, newest first.
///
/// With their rules: how many reviews, how long a decision may be undone, which standard photos are held to.
#[utoipa::path(get, path = "/v1/seasons", security(("token" = [])),
    responses((status = 200, body = [Season]), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(Shared(state): Shared<State>, signed_in: SignedIn) -> Result<Json<Vec<Season>>, Failure> {
    Ok(Json(state.store.seasons(&signed_in.principal()).await?))
}

/// Makes a season or sets its rules.
///
/// Rules hold from then on; what was decided before stays decided. What is left out is set to its default.
#[utoipa::path(put, path = "/v1/seasons/{code}", security(("token" = [])), params(("code" = String, Path)), request_body = Season,
    responses((status = 200, body = Season), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(code): InPath<String>,
    JsonBody(season): JsonBody<Season>,
) -> Result<Json<Season>, Failure> {
    if code != season.code {
        return Err(Failure::bad_request("the code in the path is not the season's").with("field", "code"));
    }
    let ascii = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if code.is_empty() || code.len() > 64 || !code.chars().all(ascii) {
        return Err(Failure::bad_request("a season's code has 1 to 64 ASCII letters, digits, '-', '_' or '.'").with("field", "code"));
    }
    if season.rules.lease_seconds == 0 || season.rules.reviews_needed == 0 {
        return Err(Failure::bad_request("a season needs a lease of at least a second and at least one review").with("field", "rules"));
    }
    let share = |share: f64| (0.0..=1.0).contains(&share);
    if !share(season.rules.second_review_share) || !share(season.rules.golden_share) {
        return Err(Failure::bad_request("a share is a number from 0 to 1").with("field", "rules"));
    }
    if longest(&season.rules) > LONGEST || !is_day_of_a_season(season.closes_at) {
        return Err(
            Failure::bad_request("a season's times are at most a year, and its last day is in this millennium").with("field", "rules")
        );
    }
    // Every photo of a season that names what does not exist would be refused, for good.
    if Standard::builtin(&season.rules.standard).is_none() || !COHORTS.contains(&season.rules.cohort.as_str()) {
        return Err(Failure::bad_request("there is no such standard or no such set of comparison bands").with("field", "rules"));
    }
    Ok(Json(state.store.put_season(&signed_in.principal(), &season, state.clock.now()).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_season_are_times_that_can_be_reckoned_with() {
        assert!(longest(&SeasonRules::default()) < LONGEST);
        assert!(longest(&SeasonRules { retake_head_start_minutes: u32::MAX, ..SeasonRules::default() }) > LONGEST);
        let day = |text: &str| is_day_of_a_season(text.parse().ok());
        assert!(is_day_of_a_season(None) && day("2027-06-30T16:00:00Z"));
        assert!(!day("9999-12-30T00:00:00Z") && !day("0001-01-01T00:00:00Z"));
    }
}
