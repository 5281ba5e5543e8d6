//! Deliveries to the register and paper prints: lists, and lists of what happened to them.

use axum::{Json, extract::State as Shared};
use serde::Deserialize;

use super::{batches, page_length};
use crate::{
    api::{
        batch::{Batch, BatchResults},
        delivery::{Delivery, MovedDelivery, MovedPrint, NewDeliveryEvent, NewPrintEvent, Print},
        problem::Problem,
        submission::Page,
    },
    backend::{
        extract::{Arguments, JsonBody, SignedIn},
        problems::Failure,
        state::State,
        store::deliveries::WayFilter,
    },
    domain::lifecycle::delivery::{DeliveryState, PrintState},
};

/// Which deliveries are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfDeliveries {
    pub season: String,
    pub unit: Option<String>,
    pub state: Option<DeliveryState>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// At most 200; 50 where nobody says.
    pub limit: Option<u32>,
}

/// Which prints are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfPrints {
    pub season: String,
    pub unit: Option<String>,
    pub state: Option<PrintState>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// At most 200; 50 where nobody says.
    pub limit: Option<u32>,
}

/// Approved photos on their way to the register, in the order of their approvals.
///
/// Each has a version of its own, for the events that say how it went.
#[utoipa::path(get, path = "/v1/deliveries", security(("token" = [])), params(OfDeliveries),
    responses((status = 200, body = Page<Delivery>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(asked): Arguments<OfDeliveries>,
) -> Result<Json<Page<Delivery>>, Failure> {
    let limit = page_length(asked.limit);
    let filter = WayFilter { season: asked.season, unit: asked.unit, state: asked.state, cursor: asked.cursor, limit };
    Ok(Json(state.store.deliveries(&signed_in.principal(), &filter).await?))
}

/// Says what happened to deliveries; each item is judged for itself. `ask_retake` opens the way for a new photo and tells the student.
#[utoipa::path(post, path = "/v1/deliveries/events", security(("token" = [])), request_body = Batch<NewDeliveryEvent>,
    responses((status = 200, body = BatchResults<MovedDelivery>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn happen(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    JsonBody(batch): JsonBody<Batch<serde_json::Value>>,
) -> Result<Json<BatchResults<MovedDelivery>>, Failure> {
    let (principal, now) = (signed_in.principal(), state.clock.now());
    let items = batches::items::<NewDeliveryEvent>(batch)?;
    let results = batches::each(
        items,
        |event| (event.id, event.event, batches::intention(b"delivery", event.id, &event, event.version, event.key)),
        async |work| state.store.move_each_delivery(&principal, &work, now).await,
    )
    .await;
    state.work.notify_waiters();
    Ok(Json(results))
}

/// Paper prints of approved photos, in the order of their approvals.
///
/// Prints go their own way beside the delivery to the register.
#[utoipa::path(get, path = "/v1/prints", security(("token" = [])), params(OfPrints),
    responses((status = 200, body = Page<Print>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn prints(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(asked): Arguments<OfPrints>,
) -> Result<Json<Page<Print>>, Failure> {
    let limit = page_length(asked.limit);
    let filter = WayFilter { season: asked.season, unit: asked.unit, state: asked.state, cursor: asked.cursor, limit };
    Ok(Json(state.store.prints(&signed_in.principal(), &filter).await?))
}

/// Says what happened to prints; each item is judged for itself.
///
/// At most 100. Sent again, what was done answers `again`.
#[utoipa::path(post, path = "/v1/prints/events", security(("token" = [])), request_body = Batch<NewPrintEvent>,
    responses((status = 200, body = BatchResults<MovedPrint>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn happen_to_prints(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    JsonBody(batch): JsonBody<Batch<serde_json::Value>>,
) -> Result<Json<BatchResults<MovedPrint>>, Failure> {
    let (principal, now) = (signed_in.principal(), state.clock.now());
    let items = batches::items::<NewPrintEvent>(batch)?;
    let results = batches::each(
        items,
        |event| (event.id, event.event, batches::intention(b"print", event.id, &event, event.version, event.key)),
        async |work| state.store.move_each_print(&principal, &work, now).await,
    )
    .await;
    Ok(Json(results))
}
