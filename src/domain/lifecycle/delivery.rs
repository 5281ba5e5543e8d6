//! The way of an approved photo to 学信网, and beside it the way of its paper prints.

use serde::{Deserialize, Serialize};

use super::Refusal;

/// Where an approved attempt stands on its way to CHSI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Ready,
    Exported,
    Uploaded,
    Accepted,
    /// CHSI compared again and sent it back.
    Returned,
    /// The return led to a new attempt.
    Retake,
}

/// What can happen on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryEvent {
    Export,
    CancelExport,
    Upload,
    Accept,
    Return,
    /// The return was an error of the package: send again.
    SendAgain,
    /// The return was an error of the photo.
    AskRetake,
}

impl DeliveryEvent {
    /// Every event, for walking the table.
    pub const ALL: [DeliveryEvent; 7] = [
        DeliveryEvent::Export,
        DeliveryEvent::CancelExport,
        DeliveryEvent::Upload,
        DeliveryEvent::Accept,
        DeliveryEvent::Return,
        DeliveryEvent::SendAgain,
        DeliveryEvent::AskRetake,
    ];

    /// The stable code, in JSON and in the audit.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            DeliveryEvent::Export => "export",
            DeliveryEvent::CancelExport => "cancel_export",
            DeliveryEvent::Upload => "upload",
            DeliveryEvent::Accept => "accept",
            DeliveryEvent::Return => "return",
            DeliveryEvent::SendAgain => "send_again",
            DeliveryEvent::AskRetake => "ask_retake",
        }
    }
}

impl DeliveryState {
    pub const ALL: [DeliveryState; 6] = [
        DeliveryState::Ready,
        DeliveryState::Exported,
        DeliveryState::Uploaded,
        DeliveryState::Accepted,
        DeliveryState::Returned,
        DeliveryState::Retake,
    ];

    /// The stable code, in JSON and in the store.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            DeliveryState::Ready => "ready",
            DeliveryState::Exported => "exported",
            DeliveryState::Uploaded => "uploaded",
            DeliveryState::Accepted => "accepted",
            DeliveryState::Returned => "returned",
            DeliveryState::Retake => "retake",
        }
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// [`Refusal::NotPossible`] where the event is not possible, [`Refusal::Closed`] where the way has ended.
    pub fn after(self, event: DeliveryEvent) -> Result<DeliveryState, Refusal> {
        use DeliveryEvent as E;
        use DeliveryState as S;
        match (self, event) {
            (S::Ready, E::Export) => Ok(S::Exported),
            (S::Exported, E::CancelExport) | (S::Returned, E::SendAgain) => Ok(S::Ready),
            (S::Exported, E::Upload) => Ok(S::Uploaded),
            (S::Uploaded, E::Accept) => Ok(S::Accepted),
            (S::Uploaded | S::Accepted, E::Return) => Ok(S::Returned),
            (S::Returned, E::AskRetake) => Ok(S::Retake),
            (S::Retake, _) => Err(Refusal::Closed),
            _ => Err(Refusal::NotPossible),
        }
    }

    /// Whether an approval may still be reopened: never once the photo has left the house.
    #[must_use]
    pub fn may_reopen(self) -> bool {
        self == DeliveryState::Ready
    }
}

/// Where the paper prints of an approved attempt stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PrintState {
    Queued,
    Printed,
    Packed,
    Mailed,
    Received,
    Missing,
}

/// What can happen to prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PrintEvent {
    Print,
    Pack,
    Mail,
    Receive,
    Miss,
    /// Missing or spoilt prints are made again.
    Reprint,
}

impl PrintEvent {
    /// Every event, for walking the table.
    pub const ALL: [PrintEvent; 6] =
        [PrintEvent::Print, PrintEvent::Pack, PrintEvent::Mail, PrintEvent::Receive, PrintEvent::Miss, PrintEvent::Reprint];

    /// The stable code, in JSON and in the audit.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            PrintEvent::Print => "print",
            PrintEvent::Pack => "pack",
            PrintEvent::Mail => "mail",
            PrintEvent::Receive => "receive",
            PrintEvent::Miss => "miss",
            PrintEvent::Reprint => "reprint",
        }
    }
}

impl PrintState {
    pub const ALL: [PrintState; 6] =
        [PrintState::Queued, PrintState::Printed, PrintState::Packed, PrintState::Mailed, PrintState::Received, PrintState::Missing];

    /// The stable code, in JSON and in the store.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            PrintState::Queued => "queued",
            PrintState::Printed => "printed",
            PrintState::Packed => "packed",
            PrintState::Mailed => "mailed",
            PrintState::Received => "received",
            PrintState::Missing => "missing",
        }
    }

    /// Whether the approval may still be reopened: prints that were packed are on their way to somebody.
    #[must_use]
    pub fn may_reopen(self) -> bool {
        matches!(self, PrintState::Queued | PrintState::Printed)
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// [`Refusal::NotPossible`] where the event is not possible.
    pub fn after(self, event: PrintEvent) -> Result<PrintState, Refusal> {
        use PrintEvent as E;
        use PrintState as S;
        match (self, event) {
            (S::Queued, E::Print) => Ok(S::Printed),
            (S::Printed, E::Pack) => Ok(S::Packed),
            (S::Packed, E::Mail) => Ok(S::Mailed),
            (S::Mailed | S::Missing, E::Receive) => Ok(S::Received),
            (S::Mailed, E::Miss) => Ok(S::Missing),
            (S::Printed | S::Packed | S::Missing, E::Reprint) => Ok(S::Queued),
            _ => Err(Refusal::NotPossible),
        }
    }
}

/// Whether an approval with this delivery and these prints may be reopened.
///
/// # Errors
/// [`Refusal::OnItsWay`] once the photo or its print has left.
pub fn may_reopen(delivery: Option<DeliveryState>, prints: Option<PrintState>) -> Result<(), Refusal> {
    let here = delivery.is_none_or(DeliveryState::may_reopen) && prints.is_none_or(PrintState::may_reopen);
    if here { Ok(()) } else { Err(Refusal::OnItsWay) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_uploaded_that_was_not_exported() {
        for state in DeliveryState::ALL {
            assert_eq!(state.after(DeliveryEvent::Upload).is_ok(), state == DeliveryState::Exported);
        }
    }

    #[test]
    fn only_a_photo_still_in_the_house_may_be_reopened_and_a_retake_ends_the_way() {
        assert_eq!(DeliveryState::ALL.iter().filter(|state| state.may_reopen()).count(), 1);
        assert!(DeliveryEvent::ALL.iter().all(|event| DeliveryState::Retake.after(*event) == Err(Refusal::Closed)));
    }

    #[test]
    fn every_print_state_can_still_end_received() {
        let events = [PrintEvent::Print, PrintEvent::Pack, PrintEvent::Mail, PrintEvent::Receive];
        for start in PrintState::ALL {
            let mut state = start;
            for _ in 0..4 {
                state = events.iter().find_map(|event| state.after(*event).ok()).unwrap_or(state);
            }
            assert_eq!(state, PrintState::Received, "from {start:?}");
        }
    }

    #[test]
    fn every_state_of_both_ways_is_reached() {
        let mut deliveries = vec![DeliveryState::Ready];
        for index in 0..DeliveryState::ALL.len() {
            let state = deliveries[index];
            for event in DeliveryEvent::ALL {
                deliveries.extend(state.after(event).ok().filter(|next| !deliveries.contains(next)));
            }
        }
        let mut prints = vec![PrintState::Queued];
        for index in 0..PrintState::ALL.len() {
            let state = prints[index];
            for event in PrintEvent::ALL {
                prints.extend(state.after(event).ok().filter(|next| !prints.contains(next)));
            }
        }
        assert_eq!((deliveries.len(), prints.len()), (DeliveryState::ALL.len(), PrintState::ALL.len()));
    }

    #[test]
    fn codes_are_those_of_the_json() {
        for state in DeliveryState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.code());
        }
        for event in DeliveryEvent::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.code());
        }
        for state in PrintState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.code());
        }
        for event in PrintEvent::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.code());
        }
    }
}
