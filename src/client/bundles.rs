//! Bundles as typed calls: taken, listed, looked at when they come back, ended.

use reqwest::Method;
use uuid::Uuid;

use super::http::{Http, Intention, intend};
use crate::api::{
    bundle::{BundleStanding, NewBundle, OpenBundle, SignedBundle},
    headers,
    problem::Problem,
    submission::{NewReview, Page, ReviewOutcome},
};

impl Http {
    /// Reserves photos to be taken along. `POST /v1/bundles`
    pub async fn take_bundle(&self, wanted: &NewBundle) -> Result<SignedBundle, Problem> {
        self.json(self.request(Method::POST, &["bundles"])?.json(wanted)).await
    }

    /// What is out of the house. `GET /v1/bundles`
    pub async fn bundles(&self, season: &str, cursor: Option<&str>) -> Result<Page<OpenBundle>, Problem> {
        let mut pairs = vec![("season", season)];
        pairs.extend(cursor.map(|cursor| ("cursor", cursor)));
        self.json(self.request(Method::GET, &["bundles"])?.query(&pairs)).await
    }

    /// How a bundle stands that comes back. `POST /v1/bundles/{id}/check`
    pub async fn check_bundle(&self, signed: &SignedBundle) -> Result<BundleStanding, Problem> {
        self.json(self.request(Method::POST, &["bundles", &signed.statement.id.to_string(), "check"])?.json(signed)).await
    }

    /// Ends a bundle. `DELETE /v1/bundles/{id}`
    pub async fn end_bundle(&self, id: Uuid) -> Result<(), Problem> {
        self.empty(self.request(Method::DELETE, &["bundles", &id.to_string()])?).await
    }

    /// A review that was given without a network. `POST /v1/submissions/{id}/reviews`
    pub async fn review_from(&self, bundle: Uuid, id: Uuid, review: &NewReview, intention: Intention) -> Result<ReviewOutcome, Problem> {
        let request = self.request(Method::POST, &["submissions", &id.to_string(), "reviews"])?.json(review);
        self.json(intend(request, intention).header(headers::BUNDLE, bundle.to_string())).await
    }
}
