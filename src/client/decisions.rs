//! What follows a decision and what may come before it, as typed calls: reopenings, corrections, withdrawals, batches, deliveries, prints.

use reqwest::Method;
use uuid::Uuid;

use super::http::{Http, Intention, intend};
use crate::{
    api::{
        batch::{Batch, BatchResults, BatchedReview},
        correction::{Correction, NewCorrection, Resumption},
        delivery::{Delivery, MovedDelivery, MovedPrint, NewDeliveryEvent, NewPrintEvent, Print},
        problem::Problem,
        reopening::{NewReopening, Reopening},
        rework::NewRendition,
        submission::{Page, ReviewOutcome},
    },
    domain::lifecycle::delivery::{DeliveryState, PrintState},
};

impl Http {
    /// Has a photo finished anew. `POST /v1/submissions/{id}/renditions`
    pub async fn rework(&self, id: Uuid, new: &NewRendition, intention: Intention) -> Result<ReviewOutcome, Problem> {
        let request = self.request(Method::POST, &["submissions", &id.to_string(), "renditions"])?.json(new);
        self.json(intend(request, intention)).await
    }

    /// Reviews many photos, each for itself. `POST /v1/decisions`
    pub async fn review_each(&self, items: Vec<BatchedReview>) -> Result<BatchResults<ReviewOutcome>, Problem> {
        self.json(self.request(Method::POST, &["decisions"])?.json(&Batch { items })).await
    }

    /// Asks that an approval be taken back. `POST /v1/submissions/{id}/reopenings`
    pub async fn ask_reopening(&self, id: Uuid, new: NewReopening, intention: Intention) -> Result<Reopening, Problem> {
        let request = self.request(Method::POST, &["submissions", &id.to_string(), "reopenings"])?.json(&new);
        self.json(intend(request, intention)).await
    }

    /// Confirms what another person asked. `POST /v1/submissions/{id}/reopenings/{reopening}/confirmation`
    pub async fn confirm_reopening(&self, id: Uuid, reopening: Uuid, intention: Intention) -> Result<ReviewOutcome, Problem> {
        let path = ["submissions", &id.to_string(), "reopenings", &reopening.to_string(), "confirmation"];
        self.json(intend(self.request(Method::POST, &path)?, intention)).await
    }

    /// Takes the question back, or refuses it. `DELETE /v1/submissions/{id}/reopenings/{reopening}`
    pub async fn drop_reopening(&self, id: Uuid, reopening: Uuid) -> Result<(), Problem> {
        self.empty(self.request(Method::DELETE, &["submissions", &id.to_string(), "reopenings", &reopening.to_string()])?).await
    }

    /// One page of the questions that wait for a second person. `GET /v1/reopenings`
    pub async fn reopenings(&self, season: &str, cursor: Option<&str>) -> Result<Page<Reopening>, Problem> {
        self.open_ones("reopenings", season, cursor).await
    }

    /// Asks that a record be put right. `POST /v1/submissions/{id}/corrections`
    pub async fn request_correction(&self, id: Uuid, wanted: &NewCorrection, intention: Intention) -> Result<ReviewOutcome, Problem> {
        let request = self.request(Method::POST, &["submissions", &id.to_string(), "corrections"])?.json(wanted);
        self.json(intend(request, intention)).await
    }

    /// Ends an open correction. `POST /v1/submissions/{id}/resumption`
    pub async fn resume(&self, id: Uuid, resumption: Resumption, intention: Intention) -> Result<ReviewOutcome, Problem> {
        let request = self.request(Method::POST, &["submissions", &id.to_string(), "resumption"])?.json(&resumption);
        self.json(intend(request, intention)).await
    }

    /// Takes a photo back before a decision. `POST /v1/submissions/{id}/withdrawal`
    pub async fn withdraw(&self, id: Uuid, intention: Intention) -> Result<ReviewOutcome, Problem> {
        self.json(intend(self.request(Method::POST, &["submissions", &id.to_string(), "withdrawal"])?, intention)).await
    }

    /// One page of the open corrections, masked. `GET /v1/corrections`
    pub async fn corrections(&self, season: &str, cursor: Option<&str>) -> Result<Page<Correction>, Problem> {
        self.open_ones("corrections", season, cursor).await
    }

    /// One page of deliveries. `GET /v1/deliveries`
    pub async fn deliveries(
        &self,
        season: &str,
        unit: Option<&str>,
        state: Option<DeliveryState>,
        cursor: Option<&str>,
    ) -> Result<Page<Delivery>, Problem> {
        self.ways("deliveries", season, unit, state.map(DeliveryState::code), cursor).await
    }

    /// Says what happened to deliveries. `POST /v1/deliveries/events`
    pub async fn move_deliveries(&self, items: Vec<NewDeliveryEvent>) -> Result<BatchResults<MovedDelivery>, Problem> {
        self.json(self.request(Method::POST, &["deliveries", "events"])?.json(&Batch { items })).await
    }

    /// One page of prints. `GET /v1/prints`
    pub async fn prints(
        &self,
        season: &str,
        unit: Option<&str>,
        state: Option<PrintState>,
        cursor: Option<&str>,
    ) -> Result<Page<Print>, Problem> {
        self.ways("prints", season, unit, state.map(PrintState::code), cursor).await
    }

    /// Says what happened to prints. `POST /v1/prints/events`
    pub async fn move_prints(&self, items: Vec<NewPrintEvent>) -> Result<BatchResults<MovedPrint>, Problem> {
        self.json(self.request(Method::POST, &["prints", "events"])?.json(&Batch { items })).await
    }

    async fn open_ones<T: serde::de::DeserializeOwned>(&self, of: &str, season: &str, cursor: Option<&str>) -> Result<Page<T>, Problem> {
        let mut pairs = vec![("season", season)];
        pairs.extend(cursor.map(|cursor| ("cursor", cursor)));
        self.json(self.request(Method::GET, &[of])?.query(&pairs)).await
    }

    async fn ways<T: serde::de::DeserializeOwned>(
        &self,
        way: &str,
        season: &str,
        unit: Option<&str>,
        state: Option<&str>,
        cursor: Option<&str>,
    ) -> Result<Page<T>, Problem> {
        let pairs = [("season", Some(season)), ("unit", unit), ("state", state), ("cursor", cursor)];
        let pairs: Vec<(&str, &str)> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.json(self.request(Method::GET, &[way])?.query(&pairs)).await
    }
}
