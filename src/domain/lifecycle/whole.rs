//! The lifecycles together, as the store joins them, under long random sequences of events: what must hold of one student's case whatever
//! happens in whatever order.

use proptest::{prelude::*, sample::select};

use super::{
    attempt::{AttemptEvent, AttemptState},
    delivery::{DeliveryEvent, DeliveryState, PrintEvent, PrintState, may_reopen},
    enrolment::{EnrolmentEvent, EnrolmentState},
};
use crate::domain::review::Decision;

/// One student's case. Earlier attempts are over.
#[derive(Debug, Clone)]
struct Case {
    enrolment: EnrolmentState,
    attempts: Vec<Attempt>,
}

#[derive(Debug, Clone, PartialEq)]
struct Attempt {
    state: AttemptState,
    delivery: Option<DeliveryState>,
    prints: Option<PrintState>,
    /// The register sent it back and a new one is to be taken.
    superseded: bool,
}

impl Attempt {
    fn makes_room(&self) -> bool {
        matches!(self.state, AttemptState::Rejected | AttemptState::Withdrawn) || self.superseded
    }
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Capture,
    Attempt(AttemptEvent),
    Delivery(DeliveryEvent),
    Print(PrintEvent),
    Enrolment(EnrolmentEvent),
}

impl Case {
    fn new() -> Case {
        Case { enrolment: EnrolmentState::Invited, attempts: vec![] }
    }

    fn move_enrolment(&mut self, event: EnrolmentEvent) {
        self.enrolment = self.enrolment.after(event).unwrap_or(self.enrolment);
    }

    /// What the store does in one transaction; nothing where it refuses.
    fn happen(&mut self, event: Event) {
        match event {
            Event::Capture => {
                if self.attempts.last().is_none_or(Attempt::makes_room)
                    && let Ok(verified) = self.enrolment.after(EnrolmentEvent::Verify)
                {
                    self.enrolment = verified;
                    self.attempts.push(Attempt { state: AttemptState::Captured, delivery: None, prints: None, superseded: false });
                }
            }
            Event::Attempt(event) => {
                let Some(attempt) = self.attempts.last_mut() else { return };
                if event == AttemptEvent::Reopen && may_reopen(attempt.delivery, attempt.prints).is_err() {
                    return;
                }
                let Ok(next) = attempt.state.after(event) else { return };
                attempt.state = next;
                match (event, next) {
                    (AttemptEvent::Freeze, AttemptState::Approved) => {
                        (attempt.delivery, attempt.prints) = (Some(DeliveryState::Ready), Some(PrintState::Queued));
                        self.move_enrolment(EnrolmentEvent::Finish);
                    }
                    (AttemptEvent::Reopen, _) => {
                        (attempt.delivery, attempt.prints) = (None, None);
                        self.move_enrolment(EnrolmentEvent::Reopen);
                    }
                    _ => {}
                }
            }
            Event::Delivery(event) => {
                let Some(attempt) = self.attempts.last_mut() else { return };
                let Some(Ok(next)) = attempt.delivery.map(|state| state.after(event)) else { return };
                attempt.delivery = Some(next);
                if next == DeliveryState::Retake {
                    attempt.superseded = true;
                    self.move_enrolment(EnrolmentEvent::Reopen);
                }
            }
            Event::Print(event) => {
                let Some(attempt) = self.attempts.last_mut() else { return };
                if let Some(Ok(next)) = attempt.prints.map(|state| state.after(event)) {
                    attempt.prints = Some(next);
                }
            }
            // Done and reopened follow from the photo; nobody says them.
            Event::Enrolment(EnrolmentEvent::Finish | EnrolmentEvent::Reopen) => {}
            Event::Enrolment(event) => self.move_enrolment(event),
        }
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => Just(Event::Capture),
        12 => select(AttemptEvent::ALL.as_slice()).prop_map(Event::Attempt),
        6 => select(DeliveryEvent::ALL.as_slice()).prop_map(Event::Delivery),
        3 => select(PrintEvent::ALL.as_slice()).prop_map(Event::Print),
        1 => select(EnrolmentEvent::ALL.as_slice()).prop_map(Event::Enrolment),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_was_frozen_stays_and_ends_are_ends(events in proptest::collection::vec(any_event(), 1..600)) {
        let mut case = Case::new();
        for event in events {
            let before = case.clone();
            case.happen(event);
            // Earlier attempts are history.
            prop_assert!(before.attempts.len() <= case.attempts.len());
            for (index, old) in before.attempts.iter().enumerate() {
                let new = &case.attempts[index];
                if index + 1 < case.attempts.len() {
                    prop_assert_eq!(new, old);
                }
                match old.state {
                    AttemptState::Rejected | AttemptState::Withdrawn => prop_assert_eq!(new.state, old.state),
                    AttemptState::Approved => {
                        let reopened = new.state == AttemptState::Pending && may_reopen(old.delivery, old.prints).is_ok();
                        prop_assert!(new.state == old.state || reopened);
                    }
                    _ => {}
                }
                if old.delivery == Some(DeliveryState::Retake) {
                    prop_assert_eq!(new.delivery, old.delivery);
                }
            }
            if before.enrolment == EnrolmentState::Erased {
                prop_assert_eq!(case.enrolment, EnrolmentState::Erased);
            }
            // A delivery and prints are there exactly as long as the approval stands.
            for attempt in &case.attempts {
                let approved = attempt.state == AttemptState::Approved;
                prop_assert_eq!((attempt.delivery.is_some(), attempt.prints.is_some()), (approved, approved));
            }
            // At most one photo counts, and nobody is done without it.
            let counting = case.attempts.iter().filter(|attempt| !attempt.makes_room()).count();
            prop_assert!(counting <= 1);
            if case.enrolment == EnrolmentState::Done {
                let approved = case.attempts.last().is_some_and(|last| last.state == AttemptState::Approved && !last.superseded);
                prop_assert!(approved);
            }
        }
    }

    /// Prints know nothing of the delivery: however the two are mixed, each goes its way as if alone.
    #[test]
    fn prints_run_beside_the_delivery(
        deliveries in proptest::collection::vec(select(DeliveryEvent::ALL.as_slice()), 0..60),
        prints in proptest::collection::vec(select(PrintEvent::ALL.as_slice()), 0..60),
        mix in proptest::collection::vec(any::<bool>(), 120),
    ) {
        let mut case = Case::new();
        case.happen(Event::Capture);
        for event in [AttemptEvent::Standardize, AttemptEvent::Submit, AttemptEvent::Decide(Decision::Approve), AttemptEvent::Freeze] {
            case.happen(Event::Attempt(event));
        }
        let (mut one, mut other) = (deliveries.iter(), prints.iter());
        for first in mix {
            let event = if first { one.next().map(|event| Event::Delivery(*event)) } else { other.next().map(|event| Event::Print(*event)) };
            if let Some(event) = event {
                case.happen(event);
            }
        }
        one.for_each(|event| case.happen(Event::Delivery(*event)));
        other.for_each(|event| case.happen(Event::Print(*event)));
        let delivery = deliveries.iter().fold(DeliveryState::Ready, |state, event| state.after(*event).unwrap_or(state));
        let print = prints.iter().fold(PrintState::Queued, |state, event| state.after(*event).unwrap_or(state));
        prop_assert_eq!((case.attempts[0].delivery, case.attempts[0].prints), (Some(delivery), Some(print)));
    }
}
