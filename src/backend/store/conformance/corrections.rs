//! Corrections and withdrawals before a decision; lapsing after the closing; what must be paid for first.

use super::world::{SEASON, World, intention, number, reject};
use crate::{
    api::{correction::NewCorrection, roster::Season},
    backend::store::{
        StoreError,
        corrections::Asker,
        types::{GivenReview, JobKind},
    },
    domain::{
        comparison::Band,
        lifecycle::{
            Refusal,
            attempt::Status,
            entitlement::{Entitlement, EntitlementEvent, Guarded},
        },
        review::{Decision, ReviewVerdict},
        season::{SeasonKind, SeasonRules},
    },
};
use uuid::Uuid;

fn wanted_name() -> NewCorrection {
    NewCorrection { name: Some("李四".into()), ..NewCorrection::default() }
}

fn wanted_phone() -> NewCorrection {
    NewCorrection { phone: Some("13900000000".into()), ..NewCorrection::default() }
}

async fn request(world: &World, id: Uuid, wanted: &NewCorrection) -> i64 {
    let version = world.see(&world.registrar, id).await.summary.version;
    let asked = world.store.request_correction(Asker::Staff(&world.registrar), id, wanted, &intention(version), world.now()).await.unwrap();
    assert_eq!(asked.status, Status::CorrectionRequested);
    asked.version
}

pub async fn while_a_correction_is_open_reviews_wait(world: &mut World) {
    let (one, id) = (world.reviewers[0].clone(), world.pending(1, None).await);
    let seen = world.see(&one, id).await;
    let key = intention(seen.summary.version);
    let asker = Asker::Staff(&world.registrar);
    let asked = world.store.request_correction(asker, id, &wanted_name(), &key, world.now()).await.unwrap();
    assert_eq!(world.store.request_correction(asker, id, &wanted_name(), &key, world.now()).await.unwrap(), asked);
    // The version that the reviewer saw is gone, the new one cannot be decided, and the photo is offered to nobody.
    let review = |version| GivenReview { intention: intention(version), verdict: ReviewVerdict::Approve, rendition: seen.rendition };
    assert!(matches!(world.store.review(&one, id, &review(seen.summary.version), world.now()).await, Err(StoreError::Stale { .. })));
    assert!(matches!(
        world.store.review(&one, id, &review(asked.version), world.now()).await,
        Err(StoreError::Refused(Refusal::NotPending))
    ));
    let claim = world.store.claim(&one, &super::world::claim_of(5), Uuid::new_v4(), world.now()).await.unwrap();
    assert!(claim.items.is_empty());
    let open = world.store.corrections(&world.registrar, SEASON, None, 10).await.unwrap();
    assert_eq!((open.items.len(), open.items[0].name.as_deref(), open.items[0].version), (1, Some("李*"), asked.version));
    let (other, theirs) = (world.of_a.clone(), world.pending(4, None).await);
    assert!(matches!(
        world.store.request_correction(Asker::Staff(&other), theirs, &wanted_name(), &key, world.now()).await,
        Err(StoreError::NotFound)
    ));

    let resumed = world.store.resume(&world.registrar, id, true, &intention(asked.version), world.now()).await.unwrap();
    assert_eq!((resumed.status, resumed.version), (Status::Pending, asked.version + 1));
    let corrected = world.see(&one, id).await.summary;
    assert_eq!((corrected.student.name.as_deref(), corrected.submitted_at), (Some("李*"), seen.summary.submitted_at));
    assert!(world.store.corrections(&world.registrar, SEASON, None, 10).await.unwrap().items.is_empty());
    assert!(matches!(
        world.store.resume(&world.registrar, id, true, &intention(resumed.version), world.now()).await,
        Err(StoreError::Refused(Refusal::NoCorrection))
    ));
    // The same roster again does not bring the error back.
    world.take(&[super::world::student(1, "A")]).await.unwrap();
    assert_eq!(world.see(&one, id).await.summary.student.name.as_deref(), Some("李*"));
    world.assert_counters().await;
}

pub async fn reviews_outlive_a_new_phone_but_not_a_new_name(world: &mut World) {
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    for (index, wanted, accept, kept) in [(1, wanted_phone(), true, true), (2, wanted_name(), false, true), (3, wanted_name(), true, false)]
    {
        let id = world.pending(index, Some(Band::Doubtful)).await;
        assert_eq!(world.review(&one, id, reject()).await.unwrap().decision, None);
        let version = request(world, id, &wanted).await;
        world.store.resume(&world.registrar, id, accept, &intention(version), world.now()).await.unwrap();
        assert_eq!(world.see(&one, id).await.summary.reviewed_by_me, kept, "{wanted:?}");
        let second = world.review(&two, id, reject()).await.unwrap();
        assert_eq!(second.decision, kept.then_some(Decision::Reject), "{wanted:?}");
    }
    world.assert_counters().await;
}

pub async fn a_corrected_id_number_is_nobody_elses(world: &mut World) {
    let id = world.pending(1, None).await;
    let taken = NewCorrection { id_number: Some("990000199001010025".into()), ..NewCorrection::default() };
    let version = request(world, id, &taken).await;
    assert!(matches!(
        world.store.resume(&world.registrar, id, true, &intention(version), world.now()).await,
        Err(StoreError::IdNumberTaken)
    ));
    world.store.resume(&world.registrar, id, false, &intention(version), world.now()).await.unwrap();
    let free = NewCorrection { id_number: Some("990000200310010018".into()), ..NewCorrection::default() };
    if crate::domain::resident_id::ResidentId::parse("990000200310010018").is_ok() {
        let version = request(world, id, &free).await;
        world.store.resume(&world.registrar, id, true, &intention(version), world.now()).await.unwrap();
    }
    // Found by a number that a roster brought, as before.
    let found = world.store.find_student(&world.registrar, SEASON, "990000199001010025").await.unwrap();
    assert_eq!(found, world.store.find_student(&world.registrar, SEASON, &number(2)).await.unwrap());
}

pub async fn a_photo_taken_back_makes_room_for_another(world: &mut World) {
    let (one, id) = (world.reviewers[0].clone(), world.pending(1, None).await);
    let version = request(world, id, &wanted_name()).await;
    let gone = world.store.withdraw(Asker::Staff(&world.registrar), id, &intention(version), world.now()).await.unwrap();
    assert_eq!((gone.status, gone.version), (Status::Withdrawn, version + 1));
    assert!(world.store.corrections(&world.registrar, SEASON, None, 10).await.unwrap().items.is_empty());
    assert!(matches!(world.review(&one, id, reject()).await, Err(StoreError::Refused(Refusal::Withdrawn))));
    // One that the machine has not looked at goes as well, and its job with it.
    let second = world.capture(1).await.unwrap();
    let version = world.see(&one, second).await.summary.version;
    world.store.withdraw(Asker::Staff(&world.registrar), second, &intention(version), world.now()).await.unwrap();
    assert!(world.job(JobKind::Standardize).await.is_none());
    let third = world.pending(1, None).await;
    world.review(&one, third, ReviewVerdict::Approve).await.unwrap();
    let version = world.see(&one, third).await.summary.version;
    assert!(matches!(
        world.store.withdraw(Asker::Staff(&world.registrar), third, &intention(version), world.now()).await,
        Err(StoreError::Refused(Refusal::AlreadyDecided))
    ));
    world.assert_counters().await;
}

pub async fn a_student_reaches_their_own_photo_alone(world: &mut World) {
    let (mine, theirs) = (world.pending(1, None).await, world.pending(2, None).await);
    let me = world.store.find_student(&world.registrar, SEASON, &number(1)).await.unwrap().id;
    let school = world.registrar.school.clone();
    let asker = Asker::Student { id: me, school: &school };
    let version = world.see(&world.registrar, theirs).await.summary.version;
    assert!(matches!(world.store.withdraw(asker, theirs, &intention(version), world.now()).await, Err(StoreError::NotFound)));
    let elsewhere = Asker::Student { id: me, school: "another" };
    assert!(matches!(world.store.withdraw(elsewhere, mine, &intention(version), world.now()).await, Err(StoreError::NotFound)));
    let key = intention(version);
    let asked = world.store.request_correction(asker, mine, &wanted_phone(), &key, world.now()).await.unwrap();
    assert_eq!(world.store.request_correction(asker, mine, &wanted_phone(), &key, world.now()).await.unwrap(), asked);
    let gone = world.store.withdraw(asker, mine, &intention(asked.version), world.now()).await.unwrap();
    assert_eq!(gone.status, Status::Withdrawn);
}

async fn close(world: &World, at: Option<jiff::Timestamp>) {
    let rules = SeasonRules::default();
    let season = Season { code: SEASON.into(), name: "夏季".into(), kind: SeasonKind::Roster, rules, closes_at: at };
    world.store.put_season(&world.registrar, &season, world.now()).await.unwrap();
}

async fn lapse(world: &World) -> u64 {
    let mut lapsed = 0;
    loop {
        match world.store.lapse(world.now()).await.unwrap() {
            0 => return lapsed,
            more => lapsed += more,
        }
    }
}

pub async fn closing_stops_students_and_not_reviewers(world: &mut World) {
    let (one, id, waiting) = (world.reviewers[0].clone(), world.pending(1, None).await, world.pending(2, None).await);
    let asked = request(world, waiting, &wanted_phone()).await;
    let captured = world.capture(3).await.unwrap();
    assert_eq!(lapse(world).await, 0, "an open season");
    close(world, Some(world.now())).await;
    let version = world.see(&one, id).await.summary.version;
    let registrar = world.registrar.clone();
    for refused in [
        world.store.withdraw(Asker::Staff(&registrar), id, &intention(version), world.now()).await,
        world.store.request_correction(Asker::Staff(&registrar), id, &wanted_phone(), &intention(version), world.now()).await,
    ] {
        assert!(matches!(refused, Err(StoreError::Refused(Refusal::SeasonClosed))), "{refused:?}");
    }
    world.review(&one, id, ReviewVerdict::Approve).await.unwrap();
    world.undo(&one, id).await.unwrap();
    world.review(&one, id, reject()).await.unwrap();
    world.store.resume(&registrar, waiting, true, &intention(asked), world.now()).await.unwrap();
    world.develop(None, false).await;
    assert_eq!(world.status(captured).await, Status::Pending);
    // Three handed something in; the other three lapse, once.
    assert_eq!((lapse(world).await, lapse(world).await), (3, 0));
    assert!(matches!(world.capture(4).await, Err(StoreError::Refused(Refusal::Closed))));
    world.freeze_later().await;
    assert_eq!(world.status(id).await, Status::Rejected);
    // Whom the registrar brings back stays, until the season closes another time.
    assert_eq!(world.take(&[super::world::student(4, "B")]).await.unwrap().updated, 1);
    assert_eq!(lapse(world).await, 0);
    close(world, None).await;
    let late = world.capture(4).await.unwrap();
    world.develop(None, false).await;
    let version = world.see(&one, late).await.summary.version;
    world.store.withdraw(Asker::Staff(&registrar), late, &intention(version), world.now()).await.unwrap();
    close(world, Some(world.now())).await;
    assert_eq!(lapse(world).await, 1, "who took everything back handed in nothing");
    world.assert_counters().await;
}

pub async fn paid_once_serves_every_retake(world: &mut World) {
    world.set_rules(SeasonRules { guarded: Guarded::Upload, ..SeasonRules::default() }).await;
    let (one, registrar) = (world.reviewers[0].clone(), world.registrar.clone());
    assert!(matches!(world.capture(1).await, Err(StoreError::Refused(Refusal::Unpaid))));
    let student = world.store.find_student(&registrar, SEASON, &number(1)).await.unwrap().id;
    assert_eq!(world.store.entitlement(&registrar, student).await.unwrap(), Entitlement::Unpaid);
    world.store.settle(&registrar, student, EntitlementEvent::Pay, world.now()).await.unwrap();
    assert!(matches!(
        world.store.settle(&registrar, student, EntitlementEvent::Pay, world.now()).await,
        Err(StoreError::Refused(Refusal::NotPossible))
    ));
    for _ in 0..3 {
        let id = world.pending(1, None).await;
        world.review(&one, id, reject()).await.unwrap();
        world.freeze_later().await;
    }
    assert_eq!(world.store.entitlement(&registrar, student).await.unwrap(), Entitlement::Paid);
    let theirs = world.store.find_student(&registrar, SEASON, &number(4)).await.unwrap().id;
    assert!(matches!(world.store.entitlement(&world.of_a, theirs).await, Err(StoreError::NotFound)));
    assert!(matches!(world.store.settle(&world.of_a, theirs, EntitlementEvent::Waive, world.now()).await, Err(StoreError::NotFound)));
}

pub async fn where_submission_is_guarded_a_photo_waits_for_the_payment(world: &mut World) {
    world.set_rules(SeasonRules { guarded: Guarded::Submission, ..SeasonRules::default() }).await;
    let registrar = world.registrar.clone();
    let id = world.capture(1).await.unwrap();
    world.develop(None, false).await;
    assert_eq!(world.status(id).await, Status::Standardized);
    let student = world.store.find_student(&registrar, SEASON, &number(1)).await.unwrap().id;
    world.store.settle(&registrar, student, EntitlementEvent::Waive, world.now()).await.unwrap();
    assert_eq!(world.status(id).await, Status::Pending);
    world.assert_counters().await;
    // Paid before, it does not wait.
    let student = world.store.find_student(&registrar, SEASON, &number(2)).await.unwrap().id;
    world.store.settle(&registrar, student, EntitlementEvent::SettleElsewhere, world.now()).await.unwrap();
    let paid = world.pending(2, None).await;
    assert_eq!(world.status(paid).await, Status::Pending);
}
