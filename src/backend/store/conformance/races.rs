//! Sixteen people and machines at one student's photo, everything at random: whatever they do to each other, the audit is a true history. Replayed
//! through the pure lifecycles it gives exactly what is stored.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use uuid::Uuid;

use super::world::{SEASON, World, intention, number, outcome, reject};
use crate::{
    api::{correction::NewCorrection, progress::AuditEntry},
    backend::store::{
        Store, StoreError, StoreResult,
        corrections::Asker,
        deliveries::WayFilter,
        types::{GivenReview, JobKind, NewAttempt},
    },
    domain::{
        access::Principal,
        comparison::Band,
        lifecycle::{
            attempt::{AttemptEvent, AttemptState},
            delivery::{DeliveryEvent, DeliveryState, PrintEvent},
            reopening::ReopeningReason,
        },
        review::{Decision, ReviewVerdict},
    },
};

const TASKS: u64 = 16;
const STEPS: u32 = 30;

/// A small generator of our own, one a task.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides).unwrap()
    }
}

/// What all of them share: the photos of one student, and a clock that only moves on.
struct Scene {
    store: Arc<dyn Store>,
    people: Vec<Principal>,
    student: Uuid,
    photos: Mutex<Vec<Uuid>>,
    clock: AtomicI64,
    band: Option<Band>,
}

impl Scene {
    fn later(&self, seconds: i64) -> Timestamp {
        let before = self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
        Timestamp::from_microsecond(before + seconds * 1_000_000).unwrap()
    }

    fn photo(&self, dice: &mut Dice) -> Uuid {
        let photos = self.photos.lock().unwrap();
        if dice.roll(8) == 0 { photos[dice.roll(photos.len() as u64)] } else { *photos.last().unwrap() }
    }

    async fn step(&self, dice: &mut Dice) -> StoreResult<()> {
        let who = &self.people[dice.roll(self.people.len() as u64)];
        let id = self.photo(dice);
        let seen = self.store.submission(who, id, self.later(1)).await?;
        let key = intention(seen.summary.version);
        match dice.roll(16) {
            0..=3 => {
                let verdict = if dice.roll(3) == 0 { reject() } else { ReviewVerdict::Approve };
                let review = GivenReview { intention: key, verdict, rendition: seen.rendition };
                self.store.review(who, id, &review, self.later(1)).await.map(drop)
            }
            4 => self.store.undo(who, id, &key, self.later(1)).await.map(drop),
            5 | 6 => {
                let now = self.later(601);
                match self.store.next_job(JobKind::Freeze, now, now + Duration::from_secs(30)).await? {
                    Some(job) => self.store.freeze(&job, now).await,
                    None => Ok(()),
                }
            }
            7 => {
                let wanted = if dice.roll(2) == 0 {
                    NewCorrection { name: Some("李四".into()), ..NewCorrection::default() }
                } else {
                    NewCorrection { phone: Some("13900000000".into()), ..NewCorrection::default() }
                };
                self.store.request_correction(Asker::Staff(who), id, &wanted, &key, self.later(1)).await.map(drop)
            }
            8 | 9 => self.store.resume(who, id, dice.roll(2) == 0, &key, self.later(1)).await.map(drop),
            10 if dice.roll(3) == 0 => self.store.withdraw(Asker::Staff(who), id, &key, self.later(1)).await.map(drop),
            11 => self.store.ask_reopening(who, id, ReopeningReason::SpotCheck, &key, self.later(1)).await.map(drop),
            12 => {
                let open = self.store.reopenings(who, SEASON, None, 5, self.later(1)).await?;
                match open.items.first() {
                    Some(asked) if dice.roll(6) == 0 => self.store.drop_reopening(who, asked.submission, asked.id, self.later(1)).await,
                    Some(asked) => self.store.confirm_reopening(who, asked.submission, asked.id, &key, self.later(1)).await.map(drop),
                    None => Ok(()),
                }
            }
            13 => {
                let filter = WayFilter { season: SEASON.into(), limit: 50, ..WayFilter::default() };
                let Some(way) = self.store.deliveries(who, &filter).await?.items.pop() else { return Ok(()) };
                let event = DeliveryEvent::ALL[dice.roll(DeliveryEvent::ALL.len() as u64)];
                self.store.move_delivery(who, way.id, event, &intention(way.version), self.later(1)).await.map(drop)
            }
            14 => {
                let filter = WayFilter { season: SEASON.into(), limit: 50, ..WayFilter::default() };
                let Some(way) = self.store.prints(who, &filter).await?.items.pop() else { return Ok(()) };
                let event = PrintEvent::ALL[dice.roll(PrintEvent::ALL.len() as u64)];
                self.store.move_print(who, way.id, event, &intention(way.version), self.later(1)).await.map(drop)
            }
            _ => self.hand_in(who).await,
        }
    }

    /// A new photo, where the student may hand one in, and the machine's work on whatever waits for it.
    async fn hand_in(&self, who: &Principal) -> StoreResult<()> {
        let id = Uuid::now_v7();
        let new = NewAttempt {
            id,
            season: SEASON.into(),
            student: self.student,
            photo_hash: self.store.photo_hash(self.student, id.as_bytes()),
            blobs: vec![],
        };
        let added = self.store.add_submission(who, &new, self.later(1)).await;
        if added.is_ok() {
            self.photos.lock().unwrap().push(id);
        }
        let now = self.later(1);
        while let Some(job) = self.store.next_job(JobKind::Standardize, now, now + Duration::from_secs(600)).await? {
            self.store.save_outcome(&job, &outcome(job.subject, self.band, false), now).await?;
        }
        added.map(drop)
    }
}

async fn race(world: &mut World, band: Option<Band>) {
    let first = world.pending(1, band).await;
    let scene = Arc::new(Scene {
        store: Arc::clone(&world.store),
        people: world.reviewers.iter().chain([&world.registrar, &world.admin]).cloned().collect(),
        student: world.store.find_student(&world.registrar, SEASON, &number(1)).await.unwrap().id,
        photos: Mutex::new(vec![first]),
        clock: AtomicI64::new(world.now().as_microsecond()),
        band,
    });
    let tasks: Vec<_> = (1..=TASKS)
        .map(|seed| {
            let scene = Arc::clone(&scene);
            tokio::spawn(async move {
                let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let mut done = 0;
                for _ in 0..STEPS {
                    match scene.step(&mut dice).await {
                        Ok(()) => done += 1,
                        Err(
                            StoreError::Stale { .. }
                            | StoreError::StaleWay { .. }
                            | StoreError::Refused(_)
                            | StoreError::AlreadyReviewed
                            | StoreError::OtherRendition
                            | StoreError::Forbidden
                            | StoreError::NotFound
                            | StoreError::ReopeningOpen
                            | StoreError::NoConfirmation(_),
                        ) => {}
                        // Nobody may wait for each other in a circle, and nothing else may go wrong.
                        Err(other) => panic!("{other:?}"),
                    }
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap();
    }
    assert!(done > 50, "hardly anything happened: {done}");
    world.assert_counters().await;
    let photos = scene.photos.lock().unwrap().clone();
    assert_the_audit_is_a_true_history(world, &photos).await;
}

pub async fn sixteen_at_one_photo_leave_a_true_history(world: &mut World) {
    race(world, None).await;
}

pub async fn sixteen_at_a_doubtful_photo_leave_a_true_history(world: &mut World) {
    race(world, Some(Band::Doubtful)).await;
}

async fn audit_of(world: &World) -> Vec<AuditEntry> {
    let (mut all, mut cursor) = (vec![], None);
    loop {
        let page = world.store.audit(&world.admin, Some(SEASON), cursor.as_deref(), 200).await.unwrap();
        all.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            all.reverse();
            return all;
        }
    }
}

/// What a line of the audit says happened to its photo.
fn events(line: &AuditEntry) -> Vec<AttemptEvent> {
    match line.action.as_str() {
        "machine.standardized" => vec![AttemptEvent::Standardize, AttemptEvent::Submit],
        "machine.refused" => vec![AttemptEvent::RefuseByMachine],
        "decision.held" if line.details["decision"] == "approve" => vec![AttemptEvent::Decide(Decision::Approve)],
        "decision.held" => vec![AttemptEvent::Decide(Decision::Reject)],
        "decision.undone" => vec![AttemptEvent::Undo],
        "decision.frozen" => vec![AttemptEvent::Freeze],
        "reopening.confirmed" => vec![AttemptEvent::Reopen],
        "correction.requested" => vec![AttemptEvent::RequestCorrection],
        "correction.resumed" => vec![AttemptEvent::Resume],
        "submission.withdrawn" => vec![AttemptEvent::Withdraw],
        _ => vec![],
    }
}

async fn assert_the_audit_is_a_true_history(world: &World, photos: &[Uuid]) {
    struct Told {
        state: AttemptState,
        version: i64,
        delivery: Option<DeliveryState>,
    }
    let mut told: BTreeMap<Uuid, Told> = BTreeMap::new();
    for line in audit_of(world).await {
        let Some(id) = line.submission else { continue };
        if line.action == "submission.captured" {
            assert!(told.insert(id, Told { state: AttemptState::Captured, version: 1, delivery: None }).is_none());
        }
        let photo = told.get_mut(&id).unwrap();
        for event in events(&line) {
            photo.state = photo.state.after(event).unwrap_or_else(|refusal| panic!("{refusal:?} in {line:?}"));
            photo.version += 1;
            photo.delivery = match (event, photo.state) {
                (AttemptEvent::Freeze, AttemptState::Approved) => Some(DeliveryState::Ready),
                (AttemptEvent::Reopen, _) => None,
                _ => photo.delivery,
            };
        }
        if line.action == "delivery.moved" {
            let event: DeliveryEvent = serde_json::from_value(line.details["event"].clone().into()).unwrap();
            photo.delivery = Some(photo.delivery.unwrap().after(event).unwrap());
        }
    }
    let filter = WayFilter { season: SEASON.into(), limit: 200, ..WayFilter::default() };
    let deliveries = world.store.deliveries(&world.admin, &filter).await.unwrap().items;
    for id in photos {
        let (seen, told) = (world.see(&world.admin, *id).await.summary, &told[id]);
        assert_eq!((seen.status, seen.version), (told.state.status(), told.version));
        let delivery = deliveries.iter().find(|delivery| delivery.submission == *id).map(|delivery| delivery.state);
        assert_eq!(delivery, told.delivery);
        assert_eq!(delivery.is_some(), told.state == AttemptState::Approved);
    }
}
