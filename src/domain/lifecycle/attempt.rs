//! The life of one attempt: one photo, numbered; its inputs never change. A retake is a new attempt.
//!
//! captured → standardized | machine_refused → pending → held → approved | rejected, with undo while held and reopening after approval.

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::domain::review::Decision;

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptState {
    /// The photo is here; the engine has not judged it.
    Captured,
    /// Standardized, but its student has not submitted it.
    Standardized,
    /// The engine could make no photo of it; people may still reject it, ask for a retake or rework it.
    MachineRefused,
    /// Waits for reviews.
    Pending,
    /// Asked to be corrected by its student; reviews wait.
    CorrectionRequested,
    /// Decided, and may be undone for a while. `refused_by_machine` says where an undo leads.
    Held {
        decision: Decision,
        refused_by_machine: bool,
    },
    Approved,
    Rejected,
    Withdrawn,
}

/// What can happen to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptEvent {
    /// The engine made a standardized photo.
    Standardize,
    /// The engine refused.
    RefuseByMachine,
    /// The student, or an import, hands it in.
    Submit,
    /// The reviews are in, and decide.
    Decide(Decision),
    /// One review of several is in; more are needed.
    AskAnother,
    /// The reviewer takes the held decision back.
    Undo,
    /// The time in which it could be undone is over.
    Freeze,
    /// Two people and a reason take an approval back, before upload.
    Reopen,
    /// People made a rendition that meets the standard.
    Rework,
    /// The student takes it back before a decision.
    Withdraw,
    /// The student asks for a correction before a decision.
    RequestCorrection,
    /// The correction is done.
    Resume,
}

impl AttemptEvent {
    /// Every event, for walking the table.
    pub const ALL: [AttemptEvent; 13] = [
        AttemptEvent::Standardize,
        AttemptEvent::RefuseByMachine,
        AttemptEvent::Submit,
        AttemptEvent::Decide(Decision::Approve),
        AttemptEvent::Decide(Decision::Reject),
        AttemptEvent::AskAnother,
        AttemptEvent::Undo,
        AttemptEvent::Freeze,
        AttemptEvent::Reopen,
        AttemptEvent::Rework,
        AttemptEvent::Withdraw,
        AttemptEvent::RequestCorrection,
        AttemptEvent::Resume,
    ];

    /// Whether it is the student's, whoever carries it out: the closing of the season stops these and no others.
    #[must_use]
    pub fn is_students(self) -> bool {
        matches!(self, AttemptEvent::Submit | AttemptEvent::Withdraw | AttemptEvent::RequestCorrection)
    }
}

impl AttemptState {
    /// Every state there is: an approval of what the machine refused can be written down, but nothing leads to it.
    pub const ALL: [AttemptState; 11] = [
        AttemptState::Captured,
        AttemptState::Standardized,
        AttemptState::MachineRefused,
        AttemptState::Pending,
        AttemptState::CorrectionRequested,
        AttemptState::Held { decision: Decision::Approve, refused_by_machine: false },
        AttemptState::Held { decision: Decision::Reject, refused_by_machine: false },
        AttemptState::Held { decision: Decision::Reject, refused_by_machine: true },
        AttemptState::Approved,
        AttemptState::Rejected,
        AttemptState::Withdrawn,
    ];

    /// The state after `event`.
    ///
    /// # Errors
    /// The named refusal where the event is not possible.
    pub fn after(self, event: AttemptEvent) -> Result<AttemptState, Refusal> {
        use AttemptEvent as E;
        use AttemptState as S;
        match (self, event) {
            (S::Captured, E::Standardize) => Ok(S::Standardized),
            (S::Captured, E::RefuseByMachine) => Ok(S::MachineRefused),
            (S::Standardized, E::Submit) => Ok(S::Pending),
            (S::Pending, E::Decide(decision)) => Ok(S::Held { decision, refused_by_machine: false }),
            (S::MachineRefused, E::Decide(Decision::Reject)) => Ok(S::Held { decision: Decision::Reject, refused_by_machine: true }),
            (S::MachineRefused, E::Decide(Decision::Approve)) => Err(Refusal::NoRendition),
            (S::MachineRefused | S::Pending, E::AskAnother) => Ok(self),
            (S::MachineRefused | S::Pending, E::Rework) => Ok(S::Pending),
            (S::Held { refused_by_machine: false, .. }, E::Undo) => Ok(S::Pending),
            (S::Held { refused_by_machine: true, .. }, E::Undo) => Ok(S::MachineRefused),
            (S::Held { decision: Decision::Approve, .. }, E::Freeze) => Ok(S::Approved),
            (S::Held { decision: Decision::Reject, .. }, E::Freeze) => Ok(S::Rejected),
            (S::Approved, E::Reopen) => Ok(S::Pending),
            (S::Captured | S::Standardized | S::MachineRefused | S::Pending | S::CorrectionRequested, E::Withdraw) => Ok(S::Withdrawn),
            (S::Pending, E::RequestCorrection) => Ok(S::CorrectionRequested),
            (S::CorrectionRequested, E::Resume) => Ok(S::Pending),

            (S::Withdrawn, _) => Err(Refusal::Withdrawn),
            (S::Captured, _) => Err(Refusal::NotStandardized),
            (
                S::Approved | S::Rejected,
                E::Undo | E::Decide(_) | E::AskAnother | E::Withdraw | E::RequestCorrection | E::Rework | E::Freeze,
            ) => Err(Refusal::AlreadyDecided),
            (S::Held { .. }, E::Decide(_) | E::AskAnother | E::Withdraw | E::RequestCorrection | E::Rework) => Err(Refusal::AlreadyDecided),
            (_, E::Standardize | E::RefuseByMachine | E::Submit) => Err(Refusal::AlreadySubmitted),
            (_, E::Undo | E::Freeze) => Err(Refusal::NotHeld),
            (_, E::Reopen) => Err(Refusal::NotApproved),
            (_, E::Resume) => Err(Refusal::NoCorrection),
            (S::Standardized | S::CorrectionRequested, E::Decide(_) | E::AskAnother | E::Rework) => Err(Refusal::NotPending),
            (S::MachineRefused | S::Standardized | S::CorrectionRequested, E::RequestCorrection) => Err(Refusal::NotPending),
        }
    }

    /// The part of the queue in which people find it.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            AttemptState::Captured => Status::Captured,
            AttemptState::Standardized => Status::Standardized,
            AttemptState::MachineRefused => Status::MachineRefused,
            AttemptState::Pending => Status::Pending,
            AttemptState::CorrectionRequested => Status::CorrectionRequested,
            AttemptState::Held { .. } => Status::Held,
            AttemptState::Approved => Status::Approved,
            AttemptState::Rejected => Status::Rejected,
            AttemptState::Withdrawn => Status::Withdrawn,
        }
    }
}

/// A state without its details: what lists filter by and counters count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Captured,
    Standardized,
    MachineRefused,
    Pending,
    CorrectionRequested,
    Held,
    Approved,
    Rejected,
    Withdrawn,
}

impl Status {
    pub const ALL: [Status; 9] = [
        Status::Captured,
        Status::Standardized,
        Status::MachineRefused,
        Status::Pending,
        Status::CorrectionRequested,
        Status::Held,
        Status::Approved,
        Status::Rejected,
        Status::Withdrawn,
    ];

    /// The stable code; texts are in `locales/` under `status.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Status::Captured => "captured",
            Status::Standardized => "standardized",
            Status::MachineRefused => "machine_refused",
            Status::Pending => "pending",
            Status::CorrectionRequested => "correction_requested",
            Status::Held => "held",
            Status::Approved => "approved",
            Status::Rejected => "rejected",
            Status::Withdrawn => "withdrawn",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    #[test]
    fn the_way_through() {
        let mut state = AttemptState::Captured;
        for event in [
            AttemptEvent::Standardize,
            AttemptEvent::Submit,
            AttemptEvent::Decide(Decision::Reject),
            AttemptEvent::Undo,
            AttemptEvent::Decide(Decision::Approve),
            AttemptEvent::Freeze,
        ] {
            state = state.after(event).unwrap();
        }
        assert_eq!(state, AttemptState::Approved);
    }

    #[test]
    fn what_the_machine_refused_people_may_reject_but_not_approve() {
        let refused = AttemptState::MachineRefused;
        assert_eq!(refused.after(AttemptEvent::Decide(Decision::Approve)), Err(Refusal::NoRendition));
        let held = refused.after(AttemptEvent::Decide(Decision::Reject)).unwrap();
        assert_eq!(held.after(AttemptEvent::Undo), Ok(AttemptState::MachineRefused));
    }

    #[test]
    fn frozen_is_frozen_but_for_a_reopening() {
        for event in AttemptEvent::ALL {
            let allowed = event == AttemptEvent::Reopen;
            assert_eq!(AttemptState::Approved.after(event).is_ok(), allowed, "{event:?}");
            assert!(AttemptState::Rejected.after(event).is_err());
            assert_eq!(AttemptState::Withdrawn.after(event), Err(Refusal::Withdrawn));
        }
    }

    #[test]
    fn every_state_is_reached_and_no_other() {
        let mut reached = vec![AttemptState::Captured];
        for index in 0.. {
            let Some(state) = reached.get(index).copied() else { break };
            for event in AttemptEvent::ALL {
                reached.extend(state.after(event).ok().filter(|next| !reached.contains(next)));
            }
        }
        assert!(AttemptState::ALL.iter().all(|state| reached.contains(state)), "{reached:?}");
        assert_eq!(reached.len(), AttemptState::ALL.len());
    }

    #[test]
    fn the_closing_of_a_season_stops_no_reviewer_and_no_machine() {
        let students: Vec<AttemptEvent> = AttemptEvent::ALL.into_iter().filter(|event| event.is_students()).collect();
        assert_eq!(students, [AttemptEvent::Submit, AttemptEvent::Withdraw, AttemptEvent::RequestCorrection]);
    }

    #[test]
    fn while_a_correction_is_asked_for_nothing_is_decided() {
        let asked = AttemptState::Pending.after(AttemptEvent::RequestCorrection).unwrap();
        for event in AttemptEvent::ALL {
            let allowed = matches!(event, AttemptEvent::Resume | AttemptEvent::Withdraw);
            assert_eq!(asked.after(event).is_ok(), allowed, "{event:?}");
        }
    }

    proptest! {
        /// Whatever happens in whatever order, an approval was held first and a photo that the machine refused was reworked first.
        #[test]
        fn no_way_round_the_rules(events in proptest::collection::vec(select(AttemptEvent::ALL.as_slice()), 0..400)) {
            let (mut state, mut rendition) = (AttemptState::Captured, false);
            for event in events {
                let before = state;
                if let Ok(next) = state.after(event) {
                    rendition |= matches!(event, AttemptEvent::Standardize | AttemptEvent::Rework);
                    if next == AttemptState::Approved {
                        let held_first = matches!(before, AttemptState::Held { decision: Decision::Approve, .. });
                        prop_assert!(held_first);
                        prop_assert!(rendition);
                    }
                    state = next;
                }
            }
        }
    }
}
