//! Leases: advice that is kept, ends, and never outlives its use.

use std::{collections::HashSet, sync::Arc};

use uuid::Uuid;

use super::world::{SEASON, World, claim_of, everywhere, intention, reject};
use crate::{
    api::submission::{NewClaim, PictureKind},
    backend::store::{
        StoreError,
        types::{GivenReview, QueueFilter},
    },
    domain::{lifecycle::attempt::Status, review::ReviewVerdict},
};

pub async fn photos_go_to_one_reviewer_at_a_time(world: &mut World) {
    for index in 1..=4 {
        world.pending(index, None).await;
    }
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let first = world.store.claim(&one, &claim_of(3), Uuid::new_v4(), world.now()).await.unwrap();
    let second = world.store.claim(&two, &claim_of(3), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!((first.items.len(), second.items.len()), (3, 1));
    let oldest: Vec<_> = first.items.iter().map(|item| item.submitted_at).collect();
    assert!(oldest.is_sorted() && oldest[2] < second.items[0].submitted_at);
    let theirs = first.items[0].id;
    assert_eq!(world.see(&two, theirs).await.summary.claimed_until, Some(first.until));
    assert_eq!(world.see(&one, theirs).await.summary.claimed_until, None);
    // A lease is advice, the version is the law: whoever sees it may decide. Deciding ends the lease; giving back frees the rest.
    world.review(&two, theirs, reject()).await.unwrap();
    assert!(world.review(&one, theirs, ReviewVerdict::Approve).await.is_err());
    world.store.release(&one, first.token).await.unwrap();
    let third = world.store.claim(&two, &NewClaim { keep: vec![second.items[0].id], ..claim_of(9) }, Uuid::new_v4(), world.now()).await;
    assert_eq!(third.unwrap().items.len(), 3);
}

pub async fn eight_reviewers_decide_no_photo_twice(world: &mut World) {
    let mut ids = HashSet::new();
    for index in 1..=6 {
        ids.insert(world.pending(index, None).await);
    }
    let (store, now) = (Arc::clone(&world.store), world.now());
    let tasks: Vec<_> = (0..8)
        .map(|index| {
            let (store, who) = (Arc::clone(&store), world.reviewers[index % 3].clone());
            tokio::spawn(async move {
                let mut decided = vec![];
                loop {
                    let claim = store.claim(&who, &claim_of(1), Uuid::new_v4(), now).await.unwrap();
                    let Some(item) = claim.items.first() else { break };
                    let seen = store.submission(&who, item.id, now).await.unwrap();
                    let review =
                        GivenReview { intention: intention(item.version), verdict: ReviewVerdict::Approve, rendition: seen.rendition };
                    match store.review(&who, item.id, &review, now).await {
                        Ok(_) => decided.push(item.id),
                        Err(StoreError::Stale { .. } | StoreError::Refused(_) | StoreError::OtherRendition) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
                decided
            })
        })
        .collect();
    let mut decided = vec![];
    for task in tasks {
        decided.extend(task.await.unwrap());
    }
    assert_eq!(decided.len(), 6);
    assert_eq!(decided.into_iter().collect::<HashSet<_>>(), ids);
    let audit = world.store.audit(&world.admin, Some(SEASON), None, 200).await.unwrap();
    assert_eq!(audit.items.iter().filter(|entry| entry.action == "decision.held").count(), 6);
    world.assert_counters().await;
}

pub async fn a_lease_ends_and_is_told(world: &mut World) {
    world.pending(1, None).await;
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let first = world.store.claim(&one, &claim_of(1), Uuid::new_v4(), world.now()).await.unwrap();
    let nothing = world.store.claim(&two, &claim_of(1), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!((nothing.items.len(), nothing.all_claimed_until), (0, Some(first.until)));
    world.clock.advance(200);
    let prolonged = world.store.heartbeat(&one, first.token, world.now()).await.unwrap();
    assert!(prolonged.until > first.until);
    assert!(matches!(world.store.heartbeat(&two, first.token, world.now()).await, Err(StoreError::NotFound)));
    world.clock.advance(301);
    let second = world.store.claim(&two, &claim_of(1), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!(second.items.len(), 1);
    assert!(matches!(world.store.heartbeat(&one, first.token, world.now()).await, Err(StoreError::NotFound)));
    world.review(&two, second.items[0].id, reject()).await.unwrap();
    let none = world.store.claim(&one, &claim_of(1), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!((none.items.len(), none.all_claimed_until), (0, None));
}

pub async fn kept_photos_stay_and_others_are_freed(world: &mut World) {
    for index in 1..=3 {
        world.pending(index, None).await;
    }
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let first = world.store.claim(&one, &claim_of(2), Uuid::new_v4(), world.now()).await.unwrap();
    let keep = first.items[1].id;
    let next = NewClaim { keep: vec![keep], only: vec![first.items[0].id], ..claim_of(0) };
    let second = world.store.claim(&one, &next, Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!(second.items.len(), 2);
    let only = world.store.claim(&one, &NewClaim { keep: vec![keep], ..claim_of(0) }, Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!(only.items.iter().map(|item| item.id).collect::<Vec<_>>(), [keep]);
    assert_eq!(world.store.claim(&two, &claim_of(5), Uuid::new_v4(), world.now()).await.unwrap().items.len(), 2);
}

pub async fn another_scope_sees_nothing(world: &mut World) {
    let (mine, theirs) = (world.pending(1, None).await, world.pending(4, None).await);
    let (store, of_a, now) = (&world.store, &world.of_a, world.now());
    assert!(everywhere(&world.admin) && !everywhere(of_a));
    let filter = |unit: Option<&str>| QueueFilter { season: SEASON.into(), unit: unit.map(Into::into), limit: 9, ..QueueFilter::default() };
    let page = store.submissions(of_a, &filter(None), now).await.unwrap();
    assert_eq!(page.items.iter().map(|item| item.id).collect::<Vec<_>>(), [mine]);
    for unit in ["B", "none"] {
        assert!(matches!(store.submissions(of_a, &filter(Some(unit)), now).await, Err(StoreError::NotFound)));
    }
    assert!(matches!(store.submission(of_a, theirs, now).await, Err(StoreError::NotFound)));
    assert!(matches!(store.picture(of_a, theirs, PictureKind::Original).await, Err(StoreError::NotFound)));
    let seen = world.see(&world.admin, theirs).await;
    let review = GivenReview { intention: intention(seen.summary.version), verdict: reject(), rendition: seen.rendition };
    assert!(matches!(store.review(of_a, theirs, &review, now).await, Err(StoreError::NotFound)));
    assert!(matches!(store.undo(of_a, theirs, &intention(1), now).await, Err(StoreError::NotFound)));
    assert!(matches!(store.retake_notice(of_a, theirs, None, now).await, Err(StoreError::NotFound)));
    let claim = store.claim(of_a, &NewClaim { only: vec![mine, theirs], ..claim_of(9) }, Uuid::new_v4(), now).await.unwrap();
    assert_eq!(claim.items.iter().map(|item| item.id).collect::<Vec<_>>(), [mine]);
    let claim = store.claim(of_a, &claim_of(9), Uuid::new_v4(), now).await.unwrap();
    assert_eq!(claim.items.iter().map(|item| (item.id, item.status)).collect::<Vec<_>>(), [(mine, Status::Pending)]);
    let progress = store.progress(of_a, SEASON).await.unwrap();
    assert_eq!((progress.units.len(), progress.whole.students), (1, 3));
    assert!(matches!(store.calls(of_a, SEASON, Some("B"), now).await, Err(StoreError::NotFound)));
    assert!(store.audit(of_a, Some(SEASON), None, 50).await.unwrap().items.iter().all(|entry| entry.submission != Some(theirs)));
}
