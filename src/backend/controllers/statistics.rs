//! How people review, and the golden items that try it.

use axum::{Json, extract::State as Shared, http::StatusCode};
use jiff::{
    Timestamp,
    civil::Date,
    tz::{Offset, TimeZone},
};
use serde::Deserialize;
use uuid::Uuid;

use super::page_length;
use crate::{
    api::{
        problem::Problem,
        reviewing::{GoldenItem, NewGolden, ReviewStatistics, ReviewerStatistics},
        submission::Page,
    },
    backend::{
        extract::{Arguments, InPath, JsonBody, SignedIn},
        problems::Failure,
        state::State,
        store::statistics::Period,
    },
};

/// Whose days: China's.
const CHINA: Offset = jiff::tz::offset(8);

/// Which reviews are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfPeriod {
    pub season: String,
    /// The first day, such as `2027-05-01`; days are China's.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
}

impl TryFrom<OfPeriod> for Period {
    type Error = Failure;

    fn try_from(of: OfPeriod) -> Result<Period, Failure> {
        let begins = |day: Date| -> Result<Timestamp, Failure> {
            let midnight = day.to_zoned(TimeZone::fixed(CHINA)).map_err(|_| Failure::bad_request("a day out of range"))?;
            Ok(midnight.timestamp())
        };
        let after = |day: Date| day.tomorrow().map_err(|_| Failure::bad_request("a day out of range").with("field", "to"));
        Ok(Period { season: of.season, from: of.from.map(begins).transpose()?, to: of.to.map(after).transpose()?.map(begins).transpose()? })
    }
}

/// Everybody's reviewing.
///
/// Pace by person, day and reason, agreement of every pair (Cohen's kappa) and of each with the final decision, golden items. Seconds are from
/// the lease of a photo, or the same person's review before where that is later, to the review; more than ten minutes are a pause and not
/// measured.
#[utoipa::path(get, path = "/v1/statistics/reviewers", security(("token" = [])), params(OfPeriod),
    responses((status = 200, body = ReviewStatistics), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn reviewers(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(of): Arguments<OfPeriod>,
) -> Result<Json<ReviewStatistics>, Failure> {
    Ok(Json(state.store.reviewer_statistics(&signed_in.principal(), &of.try_into()?).await?))
}

/// The asker's own reviewing.
///
/// The same as among everybody's, without what golden items found.
#[utoipa::path(get, path = "/v1/statistics/me", security(("token" = [])), params(OfPeriod),
    responses((status = 200, body = ReviewerStatistics), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn me(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(of): Arguments<OfPeriod>,
) -> Result<Json<ReviewerStatistics>, Failure> {
    Ok(Json(state.store.own_statistics(&signed_in.principal(), &of.try_into()?).await?))
}

/// Makes a decided photo a golden item; the same one again changes its reasons.
///
/// Its verdict must be the one that stands. How often the season mixes one in is its rule `golden_share`.
#[utoipa::path(post, path = "/v1/golden",
    extensions(("x-problem-codes" = json!(["not_found", "no_rendition", "golden_contradicts"]))),
    security(("token" = [])), request_body = NewGolden,
    responses((status = 201, body = GoldenItem), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn add_golden(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    JsonBody(new): JsonBody<NewGolden>,
) -> Result<(StatusCode, Json<GoldenItem>), Failure> {
    Ok((StatusCode::CREATED, Json(state.store.add_golden(&signed_in.principal(), &new, state.clock.now()).await?)))
}

/// Which golden items are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GoldenListing {
    pub season: String,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// At most 200; 50 where nobody says.
    pub limit: Option<u32>,
}

/// The golden items of a season, and how often they were answered right.
///
/// A golden item is a decided photo that is shown to reviewers as if it waited; nobody can tell.
#[utoipa::path(get, path = "/v1/golden", security(("token" = [])), params(GoldenListing),
    responses((status = 200, body = Page<GoldenItem>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn golden(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(asked): Arguments<GoldenListing>,
) -> Result<Json<Page<GoldenItem>>, Failure> {
    let limit = page_length(asked.limit);
    Ok(Json(state.store.golden_items(&signed_in.principal(), &asked.season, asked.cursor.as_deref(), limit).await?))
}

/// Gives a golden item to nobody any more.
///
/// What was answered stays in the statistics.
#[utoipa::path(delete, path = "/v1/golden/{id}", security(("token" = [])), params(("id" = Uuid, Path)),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn retire_golden(Shared(state): Shared<State>, signed_in: SignedIn, InPath(id): InPath<Uuid>) -> Result<StatusCode, Failure> {
    state.store.retire_golden(&signed_in.principal(), id, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
