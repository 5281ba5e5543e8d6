//! A person's own data, as typed calls: consent, what is shown unmasked, what is given out, erasure, storage times.

use reqwest::Method;
use uuid::Uuid;

use super::http::{Http, read_bytes};
use crate::api::{
    person::{Consent, Erased, Erasure, NewConsent, PersonAsked, RetentionReport, Reveal, Revealed},
    problem::Problem,
};

impl Http {
    /// Records what a student agreed to, or did not. `POST /v1/consents`
    pub async fn record_consent(&self, consent: &NewConsent) -> Result<Consent, Problem> {
        self.json(self.request(Method::POST, &["consents"])?.json(consent)).await
    }

    /// Shows what is masked. `POST /v1/submissions/{id}/reveal`
    pub async fn reveal(&self, id: Uuid, asked: &Reveal) -> Result<Revealed, Problem> {
        self.json(self.request(Method::POST, &["submissions", &id.to_string(), "reveal"])?.json(asked)).await
    }

    /// Everything that is kept of a person, as a ZIP archive. `POST /v1/persons/export`
    pub async fn export_person(&self, asked: &PersonAsked) -> Result<Vec<u8>, Problem> {
        read_bytes(self.send(self.request(Method::POST, &["persons", "export"])?.json(asked)).await?).await
    }

    /// Erases a person. `POST /v1/persons/erasure`
    pub async fn erase_person(&self, asked: &Erasure) -> Result<Erased, Problem> {
        self.json(self.request(Method::POST, &["persons", "erasure"])?.json(asked)).await
    }

    /// How a season's storage times are kept. `GET /v1/retention`
    pub async fn retention(&self, season: &str) -> Result<RetentionReport, Problem> {
        self.json(self.request(Method::GET, &["retention"])?.query(&[("season", season)])).await
    }
}
