//! The queue and how people review, as typed calls: skips, places, deadlines, golden items, statistics.

use reqwest::Method;
use uuid::Uuid;

use super::http::{Days, Http};
use crate::api::{
    problem::Problem,
    reviewing::{GoldenItem, NewGolden, NewSkip, QueueLength, QueuePosition, ReviewStatistics, ReviewerStatistics, Skip, UnitDeadline},
    submission::Page,
};

impl Http {
    /// Passes a photo on. `POST /v1/submissions/{id}/skip`
    pub async fn skip(&self, id: Uuid, skip: &NewSkip) -> Result<(), Problem> {
        self.empty(self.request(Method::POST, &["submissions", &id.to_string(), "skip"])?.json(skip)).await
    }

    /// What was passed on, for who leads reviews. `GET /v1/skips`
    pub async fn skips(&self, season: &str, asks_lead: bool, cursor: Option<&str>) -> Result<Page<Skip>, Problem> {
        let mut pairs = vec![("season", season), ("asks_lead", if asks_lead { "true" } else { "false" })];
        pairs.extend(cursor.map(|cursor| ("cursor", cursor)));
        self.json(self.request(Method::GET, &["skips"])?.query(&pairs)).await
    }

    /// How long each unit's queue is. `GET /v1/queue`
    pub async fn queue(&self, season: &str) -> Result<Vec<QueueLength>, Problem> {
        self.json(self.request(Method::GET, &["queue"])?.query(&[("season", season)])).await
    }

    /// How many photos come before one that waits. `GET /v1/submissions/{id}/position`
    pub async fn position(&self, id: Uuid) -> Result<QueuePosition, Problem> {
        self.json(self.request(Method::GET, &["submissions", &id.to_string(), "position"])?).await
    }

    /// Sets a unit's own deadline. `PUT /v1/seasons/{code}/units/{unit}/deadline`
    pub async fn put_deadline(&self, season: &str, unit: &str, deadline: UnitDeadline) -> Result<(), Problem> {
        self.empty(self.request(Method::PUT, &["seasons", season, "units", unit, "deadline"])?.json(&deadline)).await
    }

    /// How everybody reviews. `GET /v1/statistics/reviewers`
    pub async fn review_statistics(&self, season: &str, days: Days) -> Result<ReviewStatistics, Problem> {
        self.json(self.request(Method::GET, &["statistics", "reviewers"])?.query(&days.of(season))).await
    }

    /// How the asker reviews. `GET /v1/statistics/me`
    pub async fn own_statistics(&self, season: &str, days: Days) -> Result<ReviewerStatistics, Problem> {
        self.json(self.request(Method::GET, &["statistics", "me"])?.query(&days.of(season))).await
    }

    /// Makes a decided photo a golden item. `POST /v1/golden`
    pub async fn add_golden(&self, new: &NewGolden) -> Result<GoldenItem, Problem> {
        self.json(self.request(Method::POST, &["golden"])?.json(new)).await
    }

    /// The golden items of a season. `GET /v1/golden`
    pub async fn golden_items(&self, season: &str, cursor: Option<&str>) -> Result<Page<GoldenItem>, Problem> {
        let mut pairs = vec![("season", season)];
        pairs.extend(cursor.map(|cursor| ("cursor", cursor)));
        self.json(self.request(Method::GET, &["golden"])?.query(&pairs)).await
    }

    /// Gives a golden item to nobody any more. `DELETE /v1/golden/{id}`
    pub async fn retire_golden(&self, id: Uuid) -> Result<(), Problem> {
        self.empty(self.request(Method::DELETE, &["golden", &id.to_string()])?).await
    }
}
