//! Deliveries to the register and paper prints: approved photos on their two ways out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::submission::MaskedStudent;
use crate::domain::lifecycle::delivery::{DeliveryEvent, DeliveryState, PrintEvent, PrintState};

/// An approved photo on its way to the register (`GET /v1/deliveries?season=…&unit=…&state=…&cursor=…&limit=…`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Delivery {
    pub id: Uuid,
    pub submission: Uuid,
    pub unit: String,
    pub student: MaskedStudent,
    pub state: DeliveryState,
    /// Its own version, for the next event.
    pub version: i64,
    pub updated_at: Timestamp,
}

/// The paper prints of an approved photo (`GET /v1/prints?…`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Print {
    pub id: Uuid,
    pub submission: Uuid,
    pub unit: String,
    pub student: MaskedStudent,
    pub state: PrintState,
    /// Its own version, for the next event.
    pub version: i64,
    pub updated_at: Timestamp,
}

/// One item of `POST /v1/deliveries/events`: what happened to a delivery, at the version that was seen, under a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewDeliveryEvent {
    pub id: Uuid,
    pub version: i64,
    pub key: Uuid,
    pub event: DeliveryEvent,
}

/// One item of `POST /v1/prints/events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewPrintEvent {
    pub id: Uuid,
    pub version: i64,
    pub key: Uuid,
    pub event: PrintEvent,
}

/// Where a delivery stands after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct MovedDelivery {
    pub id: Uuid,
    pub submission: Uuid,
    pub state: DeliveryState,
    pub version: i64,
}

/// Where prints stand after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct MovedPrint {
    pub id: Uuid,
    pub submission: Uuid,
    pub state: PrintState,
    pub version: i64,
}
