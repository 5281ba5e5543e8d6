//! Sends what the outbox holds, in order, until each has its answer. A submission whose intention has to wait holds up only itself.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc::UnboundedSender},
    task::spawn_blocking,
};
use uuid::Uuid;

use crate::{
    api::{
        problem::{Problem, code},
        submission::ReviewOutcome,
    },
    client::{
        Http,
        bundle::{
            Bundle,
            register::Register,
            sync::{Settled, settle, standing},
        },
        outbox::{self, Conflict, Entry, Outbox},
    },
    desk::message::{Event, OutboxEvent},
};

/// First and longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(20));

/// Who sends.
pub struct Sender {
    pub http: Http,
    pub outbox: Arc<Mutex<Outbox>>,
    pub wake: Arc<Notify>,
    pub events: UnboundedSender<Event>,
    /// The one that this desk works on.
    pub bundle: Option<Arc<Bundle>>,
    pub register: Register,
    /// Bundles whose standing the server has told since this desk opened.
    pub checked: HashSet<Uuid>,
}

impl Sender {
    /// Works for ever.
    pub async fn work(mut self) {
        let mut pause = PAUSES.0;
        loop {
            let round = self.lock().unsent().to_vec();
            if round.is_empty() {
                self.wake.notified().await;
                continue;
            }
            let mut held_up: Vec<Uuid> = Vec::new();
            let mut problem = None;
            for Entry { key, submission, .. } in round {
                if held_up.contains(&submission) {
                    continue;
                }
                // What was answered since may have told it its version; it may have been taken back, or have nothing left to do.
                let Some(entry) = self.begin(key) else { continue };
                match self.settled(&entry).await {
                    Ok(settled) => {
                        pause = PAUSES.0;
                        self.tell(entry, settled).await;
                    }
                    Err(passing) => {
                        held_up.push(entry.submission);
                        if passing.parameters.get("why").is_some_and(|why| why == "connect") {
                            self.lock().never_left(entry.key);
                        }
                        let nobody_there = passing.code == code::UNREACHABLE;
                        problem = Some(passing);
                        if nobody_there {
                            break;
                        }
                    }
                }
            }
            if let Some(problem) = problem {
                let unsent = self.lock().unsent().len();
                self.say(OutboxEvent::Waiting { problem, unsent });
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An intention as it stands now, from here on one that the server may have.
    fn begin(&self, key: Uuid) -> Option<Entry> {
        let mut outbox = self.lock();
        let entry = outbox.waiting(key).cloned()?;
        outbox.begin(key).then_some(entry)
    }

    fn say(&self, event: OutboxEvent) {
        let _ = self.events.send(Event::Outbox(event));
    }

    /// Sends one intention. Of a bundle the server is asked first how it stands: whether it is what was signed there, and who was erased.
    async fn settled(&mut self, entry: &Entry) -> Result<Settled, Problem> {
        if let Some(bundle) = entry.bundle.filter(|bundle| !self.checked.contains(bundle)) {
            match standing(&self.http, &self.register, bundle).await {
                Ok(stands) => {
                    self.checked.insert(bundle);
                    if let Some(stands) = stands.filter(|stands| !stands.erased.is_empty()) {
                        if let Some(open) = self.bundle.as_ref().filter(|open| open.id() == bundle) {
                            open.forget(&stands.erased);
                        }
                        let _ = self.events.send(Event::Erased(stands.erased));
                    }
                }
                Err(passing) if outbox::stays(&passing) => return Err(passing),
                Err(refusal) => return Ok(Settled::Refused(refusal)),
            }
        }
        settle(&self.http, entry).await
    }

    async fn tell(&self, entry: Entry, settled: Settled) {
        let (submission, key) = (entry.submission, entry.key);
        let event = match settled {
            Settled::Done(outcome) => {
                self.remember(&entry, &outcome).await;
                let undo = outbox::undo_version(&outcome);
                let unsent = self.write(move |outbox| outbox.done(key, undo)).await;
                OutboxEvent::Sent { submission, act: entry.act, outcome, unsent }
            }
            Settled::Same(outcome) => {
                self.remember(&entry, &outcome).await;
                let unsent = self.write(move |outbox| outbox.done(key, None)).await;
                OutboxEvent::Same { submission, outcome, unsent }
            }
            Settled::Refused(problem) => {
                let kept = problem.clone();
                let unsent = self.write(move |outbox| outbox.refused(key, kept)).await;
                OutboxEvent::Refused { conflict: Conflict { entry, problem }, unsent }
            }
        };
        self.say(event);
        let oldest = self.lock().oldest();
        self.say(OutboxEvent::Oldest(oldest));
    }

    /// What a bundle's photo has become, so that a desk opened on it again does not offer it anew.
    async fn remember(&self, entry: &Entry, outcome: &ReviewOutcome) {
        // What was decided once more, over the network, is of the open bundle all the same.
        let Some(bundle) = entry.bundle.or_else(|| self.bundle.as_ref().map(|open| open.id())) else { return };
        if let Some(open) = self.bundle.as_ref().filter(|open| open.id() == bundle) {
            open.settle(outcome);
        }
        let (register, outcome) = (self.register.clone(), outcome.clone());
        let written = spawn_blocking(move || register.settle(bundle, &outcome)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!("what became of a bundle's photo cannot be written down");
        }
    }

    /// Changes the outbox off the loop; returns how many are unsent then.
    async fn write(&self, change: impl FnOnce(&mut Outbox) -> std::io::Result<()> + Send + 'static) -> usize {
        let outbox = Arc::clone(&self.outbox);
        let changed = spawn_blocking(move || {
            let mut outbox = outbox.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = change(&mut outbox) {
                tracing::warn!(%error, "the outbox cannot be written");
            }
            outbox.unsent().len()
        });
        changed.await.unwrap_or(0)
    }
}
