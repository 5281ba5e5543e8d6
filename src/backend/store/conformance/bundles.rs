//! Bundles: what is out is nobody else's, counts by the server's clock alone, and never brings anybody back.

use std::time::Duration;

use uuid::Uuid;

use super::world::{SEASON, World, claim_of, intention, number, reject};
use crate::{
    api::{
        bundle::{NewBundle, SignedBundle},
        person::{Erasure, ErasureReason},
        submission::NothingToClaim,
    },
    backend::store::{StoreError, StoreResult, types::GivenReview},
    domain::{access::Principal, review::ReviewVerdict, season::SeasonRules},
};

fn of_a(count: u16) -> NewBundle {
    NewBundle { id: Uuid::now_v7(), season: SEASON.into(), unit: "A".into(), count, device: Uuid::from_u128(7) }
}

async fn take(world: &World, who: &Principal, count: u16) -> SignedBundle {
    world.store.take_bundle(who, &of_a(count), world.now()).await.unwrap()
}

async fn bring_back(
    world: &World,
    who: &Principal,
    bundle: &SignedBundle,
    index: usize,
    verdict: ReviewVerdict,
) -> StoreResult<crate::api::submission::ReviewOutcome> {
    let item = &bundle.statement.items[index];
    let review = GivenReview { intention: intention(item.version), verdict, rendition: item.rendition };
    world.store.review_from_bundle(who, item.submission, &review, bundle.statement.id, world.now()).await
}

async fn actions(world: &World) -> Vec<String> {
    let audit = world.store.audit(&world.admin, Some(SEASON), None, 200).await.unwrap();
    audit.items.into_iter().map(|entry| entry.action).collect()
}

pub async fn what_is_out_is_offered_to_nobody_and_comes_back(world: &mut World) {
    let mut ids = vec![];
    for index in 1..=3 {
        ids.push(world.pending(index, None).await);
    }
    let elsewhere = world.pending(4, None).await;
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let bundle = take(world, &one, 2).await;
    let taken: Vec<_> = bundle.statement.items.iter().map(|item| item.submission).collect();
    assert_eq!(taken, ids[..2], "of the unit, the oldest first");
    assert_eq!(bundle.statement.expires_at, world.now() + Duration::from_secs(72 * 3600));
    assert_eq!(world.see(&two, taken[0]).await.summary.claimed_until, Some(bundle.statement.expires_at));

    // What the same person does at the desk meanwhile leaves it alone.
    let desk = world.store.claim(&one, &claim_of(9), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!(desk.items.iter().map(|item| item.id).collect::<Vec<_>>(), [ids[2], elsewhere]);
    world.store.claim(&one, &claim_of(0), Uuid::new_v4(), world.now()).await.unwrap();
    let others = world.store.claim(&two, &claim_of(9), Uuid::new_v4(), world.now()).await.unwrap();
    assert!(others.items.iter().all(|item| !taken.contains(&item.id)));

    world.clock.advance(48 * 3600);
    assert_eq!(bring_back(world, &one, &bundle, 0, reject()).await.unwrap().decision, Some(crate::domain::review::Decision::Reject));
    assert!(matches!(bring_back(world, &two, &bundle, 1, reject()).await, Err(StoreError::BundleForeign)));
    let open = world.store.open_bundles(&one, SEASON, None, 9, world.now()).await.unwrap().items;
    assert_eq!((open.len(), open[0].photos, open[0].reserved), (1, 2, 1));
    assert!(world.store.open_bundles(&two, SEASON, None, 9, world.now()).await.unwrap().items.is_empty(), "others' are not told");

    world.store.end_bundle(&one, bundle.statement.id, world.now()).await.unwrap();
    world.store.end_bundle(&one, bundle.statement.id, world.now()).await.unwrap();
    let free = world.store.claim(&two, &claim_of(9), Uuid::new_v4(), world.now()).await.unwrap();
    assert!(free.items.iter().any(|item| item.id == taken[1]));
    assert!(matches!(bring_back(world, &one, &bundle, 1, reject()).await, Err(StoreError::BundleEnded)));
    let actions = actions(world).await;
    let of_bundles: Vec<_> = actions.iter().filter(|action| action.starts_with("bundle.")).collect();
    assert_eq!(of_bundles, ["bundle.dropped", "bundle.taken"]);
    world.assert_counters().await;
}

pub async fn the_same_intention_is_the_same_bundle(world: &mut World) {
    for index in 1..=3 {
        world.pending(index, None).await;
    }
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let wanted = of_a(1);
    let first = world.store.take_bundle(&one, &wanted, world.now()).await.unwrap();
    world.clock.advance(60);
    assert_eq!(world.store.take_bundle(&one, &wanted, world.now()).await.unwrap(), first, "what broke off goes on");
    let other = NewBundle { device: Uuid::from_u128(8), ..wanted.clone() };
    assert!(matches!(world.store.take_bundle(&one, &other, world.now()).await, Err(StoreError::KeyReused)));
    assert!(matches!(world.store.take_bundle(&two, &wanted, world.now()).await, Err(StoreError::KeyReused)));
    take(world, &one, 1).await;
    take(world, &one, 1).await;
    assert!(matches!(world.store.take_bundle(&one, &of_a(1), world.now()).await, Err(StoreError::BundleLimit { .. })));
    let nothing = world.store.take_bundle(&two, &of_a(1), world.now()).await;
    assert!(matches!(nothing, Err(StoreError::BundleEmpty { why: NothingToClaim::AllClaimed, until: Some(_) })), "{nothing:?}");
    world.set_rules(SeasonRules { bundle_seconds: 0, ..SeasonRules::default() }).await;
    assert!(matches!(world.store.take_bundle(&two, &of_a(1), world.now()).await, Err(StoreError::BundlesOff)));
    let b = NewBundle { unit: "B".into(), ..of_a(1) };
    assert!(matches!(world.store.take_bundle(&world.of_a, &b, world.now()).await, Err(StoreError::NotFound)));
}

pub async fn the_servers_clock_ends_it_but_an_answer_stays_an_answer(world: &mut World) {
    for index in 1..=2 {
        world.pending(index, None).await;
    }
    let one = world.reviewers[0].clone();
    let bundle = take(world, &one, 2).await;
    let item = bundle.statement.items[0].clone();
    let review = GivenReview { intention: intention(item.version), verdict: reject(), rendition: item.rendition };
    let send = async |world: &World| world.store.review_from_bundle(&one, item.submission, &review, bundle.statement.id, world.now()).await;
    let answer = send(world).await.unwrap();
    world.clock.advance(72 * 3600);
    assert_eq!(send(world).await.unwrap(), answer, "sent again because the first answer was lost");
    assert!(matches!(bring_back(world, &one, &bundle, 1, reject()).await, Err(StoreError::BundleExpired { .. })));
    let standing = world.store.check_bundle(&one, bundle.statement.id, &bundle, world.now()).await.unwrap();
    assert!(standing.over && standing.erased.is_empty());
    // Its photo waits again for whoever comes.
    let free = world.store.claim(&world.reviewers[1], &claim_of(9), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!(free.items.len(), 1);
}

pub async fn what_was_not_signed_here_is_refused_by_name(world: &mut World) {
    for index in 1..=2 {
        world.pending(index, None).await;
    }
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let bundle = take(world, &one, 1).await;
    let id = bundle.statement.id;
    assert!(!world.store.check_bundle(&one, id, &bundle, world.now()).await.unwrap().over);
    assert!(matches!(world.store.check_bundle(&two, id, &bundle, world.now()).await, Err(StoreError::BundleForeign)));
    let mut longer = bundle.clone();
    longer.statement.expires_at += Duration::from_secs(3600);
    let mut unsigned = bundle.clone();
    unsigned.signature = "00".repeat(64);
    for forged in [longer, unsigned] {
        assert!(matches!(world.store.check_bundle(&one, id, &forged, world.now()).await, Err(StoreError::BundleForged)));
    }
    assert!(matches!(world.store.check_bundle(&one, Uuid::nil(), &bundle, world.now()).await, Err(StoreError::BundleForged)));
    // A photo that is not in it.
    let other = world.pending(3, None).await;
    let seen = world.see(&one, other).await;
    let review = GivenReview { intention: intention(seen.summary.version), verdict: reject(), rendition: seen.rendition };
    let answer = world.store.review_from_bundle(&one, other, &review, id, world.now()).await;
    assert!(matches!(answer, Err(StoreError::BundleForeign)));
}

pub async fn a_registrar_revokes_what_is_out(world: &mut World) {
    world.pending(1, None).await;
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let bundle = take(world, &one, 1).await;
    let id = bundle.statement.id;
    let open = world.store.open_bundles(&world.registrar, SEASON, None, 9, world.now()).await.unwrap().items;
    assert_eq!((open.len(), open[0].reviewer, open[0].name.as_deref()), (1, one.user, Some("one")));
    assert!(matches!(world.store.end_bundle(&two, id, world.now()).await, Err(StoreError::NotFound)));
    world.store.end_bundle(&world.registrar, id, world.now()).await.unwrap();
    assert!(matches!(bring_back(world, &one, &bundle, 0, reject()).await, Err(StoreError::BundleEnded)));
    assert!(actions(world).await.contains(&"bundle.revoked".to_owned()));
}

pub async fn a_bundle_brings_nobody_back(world: &mut World) {
    let id = world.pending(1, None).await;
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let bundle = take(world, &one, 1).await;
    // Decided by somebody else meanwhile, and the person asks to be forgotten.
    world.review(&two, id, reject()).await.unwrap();
    world.freeze_later().await;
    let erasure = Erasure { season: SEASON.into(), student: number(1), reason: ErasureReason::PersonAsked };
    world.store.erase_person(&world.registrar, &erasure, world.now()).await.unwrap();
    assert!(matches!(bring_back(world, &one, &bundle, 0, ReviewVerdict::Approve).await, Err(StoreError::Erased)));
    let standing = world.store.check_bundle(&one, bundle.statement.id, &bundle, world.now()).await.unwrap();
    assert_eq!(standing.erased, [id]);
}
