//! Deciding: held, undone, frozen; idempotent; blind.

use super::world::{SEASON, World, intention, reject};
use crate::{
    api::submission::{NoticeDelivery, NoticeKind},
    backend::store::{
        StoreError,
        types::{GivenReview, Intention, JobKind, QueueFilter},
    },
    domain::{
        comparison::Band,
        lifecycle::{Refusal, attempt::Status},
        review::{Decision, ReviewVerdict},
    },
};

pub async fn a_decision_is_held_undone_and_frozen(world: &mut World) {
    let (one, id) = (world.reviewers[0].clone(), world.pending(1, None).await);
    let held = world.review(&one, id, reject()).await.unwrap();
    assert_eq!((held.status, held.decision), (Status::Held, Some(Decision::Reject)));
    let undone = world.undo(&one, id).await.unwrap();
    assert_eq!((undone.status, undone.decision, undone.version), (Status::Pending, None, held.version + 1));
    world.review(&one, id, ReviewVerdict::Approve).await.unwrap();
    world.freeze().await;
    assert_eq!(world.status(id).await, Status::Held);
    world.freeze_later().await;
    let seen = world.see(&one, id).await;
    assert_eq!((seen.summary.status, seen.summary.held_until), (Status::Approved, None));
    assert_eq!(seen.notices.iter().map(|notice| notice.kind).collect::<Vec<_>>(), [NoticeKind::Approved]);
    assert_eq!(world.store.progress(&one, SEASON).await.unwrap().whole.done_students, 1);
    world.assert_counters().await;
    let audit = world.store.audit(&world.admin, Some(SEASON), None, 10).await.unwrap();
    let actions: Vec<&str> = audit.items.iter().map(|entry| entry.action.as_str()).take(5).collect();
    assert_eq!(actions, ["decision.frozen", "decision.held", "decision.undone", "decision.held", "machine.standardized"]);
}

pub async fn a_late_undo_is_refused(world: &mut World) {
    let (one, id) = (world.reviewers[0].clone(), world.pending(1, None).await);
    world.review(&one, id, reject()).await.unwrap();
    world.clock.advance(600);
    assert!(matches!(world.undo(&one, id).await, Err(StoreError::Refused(Refusal::AlreadyDecided))));
    world.freeze().await;
    assert!(matches!(world.undo(&one, id).await, Err(StoreError::Refused(Refusal::AlreadyDecided))));
}

pub async fn keys_belong_to_actor_and_request(world: &mut World) {
    let (one, two, id) = (world.reviewers[0].clone(), world.reviewers[1].clone(), world.pending(1, None).await);
    let seen = world.see(&one, id).await;
    let review = GivenReview { intention: intention(seen.summary.version), verdict: reject(), rendition: seen.rendition };
    let first = world.store.review(&one, id, &review, world.now()).await.unwrap();
    world.clock.advance(30);
    assert_eq!(world.store.review(&one, id, &review, world.now()).await.unwrap(), first);
    let other_body = GivenReview { intention: Intention { request_hash: [2; 32], ..review.intention.clone() }, ..review.clone() };
    assert!(matches!(world.store.review(&one, id, &other_body, world.now()).await, Err(StoreError::KeyReused)));
    // Another actor's key is unknown: the request is judged for itself, and comes too late.
    assert!(matches!(world.store.review(&two, id, &review, world.now()).await, Err(StoreError::Stale { .. })));
}

pub async fn a_stale_version_says_what_stands_but_no_verdict(world: &mut World) {
    let (one, two, id) = (world.reviewers[0].clone(), world.reviewers[1].clone(), world.pending(1, None).await);
    let seen = world.see(&two, id).await;
    let held = world.review(&one, id, reject()).await.unwrap();
    let late = GivenReview { intention: intention(seen.summary.version), verdict: ReviewVerdict::Approve, rendition: seen.rendition };
    match world.store.review(&two, id, &late, world.now()).await {
        Err(StoreError::Stale { status: Status::Held, version }) => assert_eq!(version, held.version),
        other => panic!("{other:?}"),
    }
}

pub async fn a_doubtful_comparison_needs_two_who_do_not_see_each_other(world: &mut World) {
    let (one, two, id) = (world.reviewers[0].clone(), world.reviewers[1].clone(), world.pending(1, Some(Band::Doubtful)).await);
    let before = (world.see(&two, id).await, page(world, &two).await, world.store.progress(&two, SEASON).await.unwrap());
    let first = world.review(&one, id, reject()).await.unwrap();
    assert_eq!((first.status, first.decision, first.version), (Status::Pending, None, before.0.summary.version));
    // Nothing that the second reviewer can read has changed.
    assert_eq!(world.see(&two, id).await, before.0);
    assert_eq!(page(world, &two).await, before.1);
    assert_eq!(world.store.progress(&two, SEASON).await.unwrap(), before.2);
    let stale = GivenReview { intention: intention(99), verdict: reject(), rendition: before.0.rendition };
    assert!(matches!(
        world.store.review(&two, id, &stale, world.now()).await,
        Err(StoreError::Stale { status: Status::Pending, version }) if version == first.version
    ));
    // Not even an admin, who reads the audit and may be the second, learns the verdict there.
    let audit = world.store.audit(&world.admin, Some(SEASON), None, 1).await.unwrap();
    assert_eq!(audit.items[0].action, "review.given");
    assert!(audit.items[0].details.is_empty());
    assert!(world.see(&one, id).await.summary.reviewed_by_me);
    assert!(matches!(world.review(&one, id, reject()).await, Err(StoreError::AlreadyReviewed)));
    let second = world.review(&two, id, reject()).await.unwrap();
    assert_eq!((second.status, second.decision), (Status::Held, Some(Decision::Reject)));
    world.assert_counters().await;
}

async fn page(world: &World, who: &crate::domain::access::Principal) -> Vec<crate::api::submission::SubmissionSummary> {
    let filter = QueueFilter { season: SEASON.into(), limit: 50, ..QueueFilter::default() };
    world.store.submissions(who, &filter, world.now()).await.unwrap().items
}

pub async fn two_who_disagree_ask_a_third(world: &mut World) {
    let id = world.pending(1, Some(Band::Different)).await;
    let [one, two, three] = [0, 1, 2].map(|index| world.reviewers[index].clone());
    assert_eq!(world.review(&one, id, reject()).await.unwrap().decision, None);
    assert_eq!(world.review(&two, id, ReviewVerdict::Approve).await.unwrap().decision, None);
    assert_eq!(world.review(&three, id, ReviewVerdict::Approve).await.unwrap().decision, Some(Decision::Approve));
}

pub async fn an_undo_takes_back_one_voice_only(world: &mut World) {
    let id = world.pending(1, Some(Band::Doubtful)).await;
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    world.review(&one, id, reject()).await.unwrap();
    world.review(&two, id, reject()).await.unwrap();
    world.undo(&two, id).await.unwrap();
    assert!(matches!(world.review(&one, id, reject()).await, Err(StoreError::AlreadyReviewed)));
    assert_eq!(world.review(&two, id, reject()).await.unwrap().decision, Some(Decision::Reject));
    world.assert_counters().await;
}

pub async fn only_who_decided_or_an_admin_undoes(world: &mut World) {
    let (one, two, id) = (world.reviewers[0].clone(), world.reviewers[1].clone(), world.pending(1, None).await);
    world.review(&one, id, reject()).await.unwrap();
    assert!(matches!(world.undo(&two, id).await, Err(StoreError::Forbidden)));
    let admin = world.admin.clone();
    assert_eq!(world.undo(&admin, id).await.unwrap().status, Status::Pending);
    assert!(matches!(world.undo(&one, id).await, Err(StoreError::Refused(Refusal::NotHeld))));
}

pub async fn what_the_machine_refused_is_rejected_but_not_approved(world: &mut World) {
    let (one, id) = (world.reviewers[0].clone(), world.capture(1).await.unwrap());
    world.develop(None, true).await;
    assert_eq!(world.status(id).await, Status::MachineRefused);
    assert!(matches!(world.review(&one, id, ReviewVerdict::Approve).await, Err(StoreError::Refused(Refusal::NoRendition))));
    world.review(&one, id, reject()).await.unwrap();
    assert_eq!(world.undo(&one, id).await.unwrap().status, Status::MachineRefused);
    world.review(&one, id, reject()).await.unwrap();
    world.freeze_later().await;
    assert_eq!(world.status(id).await, Status::Rejected);
    world.assert_counters().await;
}

pub async fn retake_notices_are_limited_and_recorded(world: &mut World) {
    let (one, id) = (world.reviewers[0].clone(), world.pending(1, None).await);
    assert!(matches!(world.store.retake_notice(&one, id, None, world.now()).await, Err(StoreError::Refused(Refusal::NotRejected))));
    world.review(&one, id, reject()).await.unwrap();
    world.freeze_later().await;
    let version = world.see(&one, id).await.summary.version;
    let same = intention(version);
    for _ in 0..2 {
        world.store.retake_notice(&one, id, Some(&same), world.now()).await.unwrap();
    }
    for _ in 0..2 {
        world.store.retake_notice(&one, id, None, world.now()).await.unwrap();
    }
    assert!(matches!(world.store.retake_notice(&one, id, None, world.now()).await, Err(StoreError::NoticeLimit { limit: 3 })));
    let notices = world.see(&one, id).await.notices;
    assert_eq!(notices.len(), 4);
    assert!(notices.iter().all(|notice| notice.state == NoticeDelivery::Waiting));
    // A new photo makes the notice pointless.
    world.capture(1).await.unwrap();
    assert!(matches!(world.store.retake_notice(&one, id, None, world.now()).await, Err(StoreError::Refused(Refusal::AlreadySubmitted))));
}

pub async fn a_refusal_leaves_nothing_behind(world: &mut World) {
    let (one, id) = (world.reviewers[0].clone(), world.pending(1, None).await);
    let before = (world.see(&one, id).await, world.store.audit(&world.admin, Some(SEASON), None, 100).await.unwrap());
    let wrong_rendition =
        GivenReview { intention: intention(before.0.summary.version), verdict: reject(), rendition: Some(uuid::Uuid::nil()) };
    assert!(matches!(world.store.review(&one, id, &wrong_rendition, world.now()).await, Err(StoreError::OtherRendition)));
    assert_eq!((world.see(&one, id).await, world.store.audit(&world.admin, Some(SEASON), None, 100).await.unwrap()), before);
    assert!(world.job(JobKind::Freeze).await.is_none());
    // The key was not used up by a refusal.
    let right = GivenReview { rendition: before.0.rendition, ..wrong_rendition };
    assert!(world.store.review(&one, id, &right, world.now()).await.is_ok());
}
