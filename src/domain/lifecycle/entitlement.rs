//! Whether a student's capture is paid for: a fact beside the enrolment. Bought once, it serves every retake.

use serde::{Deserialize, Serialize};

use super::Refusal;

/// How a student stands with the fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Entitlement {
    #[default]
    Unpaid,
    Paid,
    /// Paid, and given back.
    Refunded,
    /// The school lets the student off.
    Waived,
    /// Paid in another way than through this house: at the unit's desk, with the tuition.
    Elsewhere,
}

/// What can happen to an entitlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EntitlementEvent {
    Pay,
    Refund,
    Waive,
    /// Somebody saw that it was paid elsewhere.
    SettleElsewhere,
    /// A waiver, or what was said of a payment elsewhere, was an error.
    Revoke,
}

/// What a season wants paid for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Guarded {
    /// The school pays, or nobody does.
    #[default]
    Nothing,
    /// No photo comes in before.
    Upload,
    /// A photo may come in and be standardized; it waits for nobody's review before.
    Submission,
}

impl EntitlementEvent {
    pub const ALL: [EntitlementEvent; 5] = [
        EntitlementEvent::Pay,
        EntitlementEvent::Refund,
        EntitlementEvent::Waive,
        EntitlementEvent::SettleElsewhere,
        EntitlementEvent::Revoke,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            EntitlementEvent::Pay => "pay",
            EntitlementEvent::Refund => "refund",
            EntitlementEvent::Waive => "waive",
            EntitlementEvent::SettleElsewhere => "settle_elsewhere",
            EntitlementEvent::Revoke => "revoke",
        }
    }
}

impl Entitlement {
    pub const ALL: [Entitlement; 5] =
        [Entitlement::Unpaid, Entitlement::Paid, Entitlement::Refunded, Entitlement::Waived, Entitlement::Elsewhere];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Entitlement::Unpaid => "unpaid",
            Entitlement::Paid => "paid",
            Entitlement::Refunded => "refunded",
            Entitlement::Waived => "waived",
            Entitlement::Elsewhere => "elsewhere",
        }
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// [`Refusal::NotPossible`]: nobody pays twice, and only what was paid here is given back.
    pub fn after(self, event: EntitlementEvent) -> Result<Entitlement, Refusal> {
        use Entitlement as S;
        use EntitlementEvent as E;
        match (self, event) {
            (S::Unpaid | S::Refunded, E::Pay) => Ok(S::Paid),
            (S::Paid, E::Refund) => Ok(S::Refunded),
            (S::Unpaid | S::Refunded, E::Waive) => Ok(S::Waived),
            (S::Unpaid | S::Refunded, E::SettleElsewhere) => Ok(S::Elsewhere),
            (S::Waived | S::Elsewhere, E::Revoke) => Ok(S::Unpaid),
            (S::Unpaid | S::Refunded, E::Refund | E::Revoke)
            | (S::Paid, E::Pay | E::Waive | E::SettleElsewhere | E::Revoke)
            | (S::Waived | S::Elsewhere, E::Pay | E::Refund | E::Waive | E::SettleElsewhere) => Err(Refusal::NotPossible),
        }
    }

    /// Whether photos may be taken on it.
    #[must_use]
    pub fn covers(self) -> bool {
        matches!(self, Entitlement::Paid | Entitlement::Waived | Entitlement::Elsewhere)
    }

    /// Lets the step pass, or not, in a season that guards `guarded`.
    ///
    /// # Errors
    /// [`Refusal::Unpaid`] where the season wants this step paid for and it is not.
    pub fn admit(self, step: Guarded, guarded: Guarded) -> Result<(), Refusal> {
        if step != guarded || guarded == Guarded::Nothing || self.covers() { Ok(()) } else { Err(Refusal::Unpaid) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    #[test]
    fn a_season_guards_the_step_it_names_and_no_other() {
        for state in Entitlement::ALL {
            assert_eq!(state.admit(Guarded::Upload, Guarded::Upload).is_ok(), state.covers());
            assert_eq!(state.admit(Guarded::Submission, Guarded::Submission).is_ok(), state.covers());
            for (step, guarded) in
                [(Guarded::Upload, Guarded::Submission), (Guarded::Upload, Guarded::Nothing), (Guarded::Submission, Guarded::Nothing)]
            {
                assert_eq!(state.admit(step, guarded), Ok(()));
            }
        }
    }

    proptest! {
        /// Money given back is money that came, and nobody pays while a payment stands.
        #[test]
        fn payments_and_refunds_alternate(events in proptest::collection::vec(select(EntitlementEvent::ALL.as_slice()), 0..200)) {
            let (mut state, mut paid) = (Entitlement::default(), 0i32);
            for event in events {
                if let Ok(next) = state.after(event) {
                    paid += i32::from(event == EntitlementEvent::Pay) - i32::from(event == EntitlementEvent::Refund);
                    state = next;
                }
                prop_assert_eq!(paid, i32::from(state == Entitlement::Paid));
            }
        }
    }
}
