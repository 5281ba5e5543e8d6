//! Reworking: another rendition of the same photo, and what becomes of what was said about the one before.

use uuid::Uuid;

use super::{
    golden,
    world::{World, claim_of, intention, outcome, reject},
};
use crate::{
    api::submission::{PictureKind, ReviewOutcome},
    backend::{
        blobs::{BlobKind, StoredBlob},
        store::{
            StoreError, StoreResult,
            rework::BeforeRework,
            types::{GivenRendition, GivenReview, ReworkWork},
        },
    },
    domain::{
        access::Principal,
        adjustment::Adjustments,
        comparison::Band,
        lifecycle::{Refusal, attempt::Status, entitlement::Guarded},
        proof::{ProofMeasures, ProofRecord, ProofVerdict},
        report::{Rework, Transform},
        review::{Decision, ReviewVerdict},
        season::SeasonRules,
    },
};

/// What the engine made: its picture lies under `owner`, and no other has this name.
fn made(owner: Uuid, version: i64, name: &str) -> GivenRendition {
    let measures = ProofMeasures {
        likeness: 1.0,
        rotation_deg: 0.0,
        rotation_accuracy_deg: 0.0,
        warp: 0.0,
        tone: 0.0,
        spot: 0.0,
        detail_least: 1.0,
        detail_most: 1.0,
    };
    let transform = Transform { x: 0.0, y: 0.0, scale: 1.0 };
    let proof = ProofRecord { verdict: ProofVerdict::Ok, transform, findings: vec![], measures };
    let mut report = outcome(owner, None, false).report.unwrap();
    report.rework = Some(Rework { adjustments: Adjustments { down: 4, ..Adjustments::default() }, proof });
    let blob = StoredBlob { kind: BlobKind::Picture(PictureKind::Standard), name: format!("{}{name}", owner.simple()), bytes: 3 };
    GivenRendition { intention: intention(version), report, blob }
}

async fn work(world: &World, who: &Principal, id: Uuid, version: i64) -> StoreResult<ReworkWork> {
    match world.store.before_rework(who, id, &intention(version)).await? {
        BeforeRework::Work(work) => Ok(work),
        BeforeRework::Answered(outcome) => panic!("answered before: {outcome:?}"),
    }
}

async fn rework(world: &World, who: &Principal, id: Uuid, name: &str) -> StoreResult<ReviewOutcome> {
    let version = world.see(who, id).await.summary.version;
    let work = work(world, who, id, version).await?;
    world.store.rework(who, id, &made(work.owner, version, name), world.now()).await
}

pub async fn a_rework_is_a_new_rendition_and_the_old_one_stays(world: &mut World) {
    let (one, id) = (world.reviewers[0].clone(), world.pending(1, None).await);
    let before = world.see(&one, id).await;
    let old = world.store.picture(&one, id, PictureKind::Standard).await.unwrap();
    let asked = work(world, &one, id, before.summary.version).await.unwrap();
    assert_eq!((asked.owner, asked.standard.as_str()), (id, "chsi-blue"));
    assert_eq!(asked.original, world.store.picture(&one, id, PictureKind::Original).await.unwrap());
    let outcome = rework(world, &one, id, "new").await.unwrap();
    assert_eq!((outcome.status, outcome.version, outcome.decision), (Status::Pending, before.summary.version + 1, None));
    let after = world.see(&one, id).await;
    assert!(after.rendition.is_some() && after.rendition != before.rendition);
    assert_eq!(after.report.unwrap().rework.unwrap().adjustments.down, 4);
    let new = world.store.picture(&one, id, PictureKind::Standard).await.unwrap();
    assert!(new.ends_with("new"), "{new}");
    assert!(world.store.keeps_blob(&old).await.unwrap() && !world.store.keeps_blob("nobody's").await.unwrap());
    let line =
        world.store.audit(&world.admin, None, None, 50).await.unwrap().items.into_iter().find(|line| line.action == "rendition.reworked");
    assert_eq!(line.map(|line| line.submission), Some(Some(id)), "who reworked is written down");
    // The approval speaks of the new one.
    assert_eq!(world.review(&one, id, ReviewVerdict::Approve).await.unwrap().decision, Some(Decision::Approve));
    world.assert_counters().await;
}

pub async fn what_the_machine_refused_waits_for_people_once_it_is_reworked(world: &mut World) {
    let one = world.reviewers[0].clone();
    let id = world.capture(1).await.unwrap();
    world.develop(None, true).await;
    assert_eq!(world.status(id).await, Status::MachineRefused);
    assert!(matches!(world.review(&one, id, ReviewVerdict::Approve).await, Err(StoreError::Refused(Refusal::NoRendition))));
    assert_eq!(rework(world, &one, id, "new").await.unwrap().status, Status::Pending);
    let seen = world.see(&one, id).await;
    assert!(seen.rendition.is_some() && seen.summary.machine_reasons.is_empty() && seen.pictures.contains(&PictureKind::Standard));
    world.assert_counters().await;
    assert_eq!(world.review(&one, id, ReviewVerdict::Approve).await.unwrap().decision, Some(Decision::Approve));
    world.freeze_later().await;
    assert_eq!(world.status(id).await, Status::Approved);
    assert_eq!(world.ways(id).await, (1, 1));
    world.assert_counters().await;
    // Where photos wait for a payment before they are submitted, a rework is no way round it.
    world.set_rules(SeasonRules { guarded: Guarded::Submission, ..SeasonRules::default() }).await;
    let unpaid = world.capture(2).await.unwrap();
    world.develop(None, true).await;
    assert!(matches!(rework(world, &one, unpaid, "new").await, Err(StoreError::Refused(Refusal::Unpaid))));
}

pub async fn a_review_speaks_of_the_rendition_that_was_seen(world: &mut World) {
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let id = world.pending(1, Some(Band::Doubtful)).await;
    let before = world.see(&two, id).await;
    assert_eq!(world.review(&one, id, reject()).await.unwrap().decision, None);
    // The second has it reworked, learning nothing of the first one's verdict, and without deciding anything by it.
    let outcome = rework(world, &two, id, "new").await.unwrap();
    assert_eq!((outcome.status, outcome.decision, outcome.version), (Status::Pending, None, before.summary.version + 1));
    assert!(!world.see(&one, id).await.summary.reviewed_by_me, "what was said of the old rendition no longer counts");
    let old = GivenReview { intention: intention(outcome.version), verdict: ReviewVerdict::Approve, rendition: before.rendition };
    assert!(matches!(world.store.review(&two, id, &old, world.now()).await, Err(StoreError::OtherRendition)));
    // Two people judge the new one, as before; the first among them again.
    assert_eq!(world.review(&two, id, ReviewVerdict::Approve).await.unwrap().decision, None);
    assert_eq!(world.review(&one, id, ReviewVerdict::Approve).await.unwrap().decision, Some(Decision::Approve));
    world.assert_counters().await;
}

pub async fn a_rework_is_done_once_a_key_by_who_may_and_on_what_stands(world: &mut World) {
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let id = world.pending(1, None).await;
    let version = world.see(&one, id).await.summary.version;
    let given = made(id, version, "new");
    let first = world.store.rework(&one, id, &given, world.now()).await.unwrap();
    assert_eq!(world.store.rework(&one, id, &given, world.now()).await.unwrap(), first, "the same intention is done once");
    assert_eq!(world.store.before_rework(&one, id, &given.intention).await.unwrap(), BeforeRework::Answered(first.clone()));
    let mut other = given.clone();
    other.intention.request_hash = [2; 32];
    assert!(matches!(world.store.rework(&one, id, &other, world.now()).await, Err(StoreError::KeyReused)));
    // Somebody who saw the version before.
    assert!(matches!(work(world, &two, id, version).await, Err(StoreError::Stale { .. })));
    let late = world.store.rework(&two, id, &made(id, version, "late"), world.now()).await;
    assert!(matches!(late, Err(StoreError::Stale { version, .. }) if version == first.version));
    assert!(!world.store.keeps_blob(&format!("{}late", id.simple())).await.unwrap(), "a refusal leaves nothing behind");
    // Another unit's, and one that is decided.
    let theirs = world.pending(4, None).await;
    assert!(matches!(work(world, &world.of_a.clone(), theirs, 3).await, Err(StoreError::NotFound)));
    let held = world.review(&one, id, reject()).await.unwrap();
    assert!(matches!(work(world, &one, id, held.version).await, Err(StoreError::Refused(Refusal::AlreadyDecided))));
    world.assert_counters().await;
}

pub async fn who_reworks_keeps_the_photo_on_the_screen(world: &mut World) {
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let id = world.pending(1, None).await;
    let token = Uuid::new_v4();
    assert_eq!(world.store.claim(&one, &claim_of(1), token, world.now()).await.unwrap().items.len(), 1);
    rework(world, &one, id, "new").await.unwrap();
    let others = world.store.claim(&two, &claim_of(1), Uuid::new_v4(), world.now()).await.unwrap();
    assert!(others.items.is_empty() && others.all_claimed_until.is_some());
    assert_eq!(world.store.heartbeat(&one, token, world.now()).await.unwrap().items.len(), 1);
    // Without a lease it is offered as before.
    rework(world, &two, id, "newer").await.unwrap();
    assert_eq!(world.store.claim(&two, &claim_of(1), Uuid::new_v4(), world.now()).await.unwrap().items.len(), 1);
}

pub async fn a_golden_item_is_reworked_for_its_reviewer_alone(world: &mut World) {
    let (one, _, golden) = golden::mixed_in(world, SeasonRules::default()).await;
    let source =
        world.store.golden_items(&world.admin, crate::backend::store::conformance::SEASON, None, 9).await.unwrap().items[0].submission;
    let before = world.store.picture(&world.admin, source, PictureKind::Standard).await.unwrap();
    let id = golden.summary.id;
    assert_eq!(world.store.picture(&one, id, PictureKind::Standard).await.unwrap(), before);
    assert_eq!(rework(world, &one, id, "new").await.unwrap().status, Status::Pending);
    assert!(world.store.picture(&one, id, PictureKind::Standard).await.unwrap().ends_with("new"));
    assert_eq!(world.store.picture(&world.admin, source, PictureKind::Standard).await.unwrap(), before);
    assert_eq!(world.review(&one, id, ReviewVerdict::Approve).await.unwrap().decision, Some(Decision::Approve));
    world.assert_counters().await;
}
