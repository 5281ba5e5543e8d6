//! Deliveries and prints: begun by an approval, moved by version, side by side; batches.

use super::world::{SEASON, World, intention, reject};
use crate::{
    api::submission::NoticeKind,
    backend::store::{
        StoreError,
        deliveries::WayFilter,
        types::{GivenReview, Intention},
    },
    domain::{
        lifecycle::{
            Refusal,
            attempt::Status,
            delivery::{DeliveryEvent, DeliveryState, PrintEvent, PrintState},
        },
        review::ReviewVerdict,
    },
};

fn all<S>() -> WayFilter<S> {
    WayFilter { season: SEASON.into(), unit: None, state: None, cursor: None, limit: 50 }
}

pub async fn an_approval_begins_both_ways_and_a_rejection_none(world: &mut World) {
    let (registrar, one) = (world.registrar.clone(), world.reviewers[0].clone());
    let approved = world.approved(1).await;
    let rejected = world.pending(2, None).await;
    world.review(&one, rejected, reject()).await.unwrap();
    world.freeze_later().await;
    let deliveries = world.store.deliveries(&registrar, &all()).await.unwrap().items;
    assert_eq!(
        deliveries.iter().map(|item| (item.submission, item.state, item.version)).collect::<Vec<_>>(),
        [(approved, DeliveryState::Ready, 1)]
    );
    assert_eq!(deliveries[0].student.name.as_deref(), Some("张**"));
    let prints = world.store.prints(&registrar, &all()).await.unwrap().items;
    assert_eq!(prints.iter().map(|item| (item.submission, item.state)).collect::<Vec<_>>(), [(approved, PrintState::Queued)]);
}

pub async fn a_delivery_moves_by_its_version_and_once_a_key(world: &mut World) {
    let registrar = world.registrar.clone();
    let id = world.approved(1).await;
    let delivery = world.store.deliveries(&registrar, &all()).await.unwrap().items.remove(0);
    let key = intention(delivery.version);
    let step = async |event, key: &Intention| world.store.move_delivery(&registrar, delivery.id, event, key, world.now()).await;
    assert!(matches!(step(DeliveryEvent::Upload, &key).await, Err(StoreError::Refused(Refusal::NotPossible))));
    let first = step(DeliveryEvent::Export, &key).await.unwrap();
    assert_eq!((first.outcome.state, first.outcome.version, first.again), (DeliveryState::Exported, 2, false));
    let again = step(DeliveryEvent::Export, &key).await.unwrap();
    assert_eq!((again.outcome, again.again), (first.outcome, true));
    assert!(matches!(step(DeliveryEvent::Upload, &intention(1)).await, Err(StoreError::StaleWay { state: "exported", version: 2 })));
    step(DeliveryEvent::Upload, &intention(2)).await.unwrap();
    let accepted = step(DeliveryEvent::Accept, &intention(3)).await.unwrap();
    assert_eq!(accepted.outcome.state, DeliveryState::Accepted);
    // The photo stays what it was: frozen, at its version.
    let before = world.see(&registrar, id).await.summary.version;
    step(DeliveryEvent::Return, &intention(4)).await.unwrap();
    assert_eq!((world.status(id).await, world.see(&registrar, id).await.summary.version), (Status::Approved, before));
    let of_a = world.of_a.clone();
    let theirs = world.approved(4).await;
    let way = world.store.deliveries(&registrar, &all()).await.unwrap().items.into_iter().find(|item| item.submission == theirs).unwrap();
    assert!(matches!(
        world.store.move_delivery(&of_a, way.id, DeliveryEvent::Export, &intention(1), world.now()).await,
        Err(StoreError::NotFound)
    ));
    assert_eq!(world.store.deliveries(&of_a, &all()).await.unwrap().items.len(), 1);
    assert!(matches!(world.store.deliveries(&of_a, &WayFilter { unit: Some("B".into()), ..all() }).await, Err(StoreError::NotFound)));
    world.assert_counters().await;
}

pub async fn a_returned_photo_opens_the_way_for_a_new_one(world: &mut World) {
    let (registrar, one, id) = (world.registrar.clone(), world.reviewers[0].clone(), world.approved(1).await);
    assert!(matches!(world.capture(1).await, Err(StoreError::Refused(Refusal::AlreadyDecided))));
    let delivery = world.store.deliveries(&registrar, &all()).await.unwrap().items.remove(0);
    for (version, event) in
        [DeliveryEvent::Export, DeliveryEvent::Upload, DeliveryEvent::Return, DeliveryEvent::AskRetake].into_iter().enumerate()
    {
        let key = intention(i64::try_from(version).unwrap() + 1);
        world.store.move_delivery(&registrar, delivery.id, event, &key, world.now()).await.unwrap();
    }
    assert_eq!(world.store.progress(&registrar, SEASON).await.unwrap().whole.done_students, 0);
    let kinds: Vec<_> = world.see(&registrar, id).await.notices.iter().map(|notice| notice.kind).collect();
    assert_eq!(kinds, [NoticeKind::Approved, NoticeKind::Returned]);
    world.assert_counters().await;
    let second = world.pending(1, None).await;
    let seen = world.see(&registrar, second).await;
    assert_eq!((seen.summary.number, seen.history[0].status), (2, Status::Approved));
    // Only one photo is under way at a time, still.
    assert!(matches!(world.capture(1).await, Err(StoreError::Refused(Refusal::AlreadySubmitted))));
    world.review(&one, second, ReviewVerdict::Approve).await.unwrap();
    world.freeze_later().await;
    assert_eq!(world.store.progress(&registrar, SEASON).await.unwrap().whole.done_students, 1);
    assert_eq!(world.status(id).await, Status::Approved);
    world.assert_counters().await;
}

pub async fn a_student_who_moves_takes_the_ways_along(world: &mut World) {
    let registrar = world.registrar.clone();
    world.approved(1).await;
    world.take(&[super::world::student(1, "B")]).await.unwrap();
    let of = |unit: &str| WayFilter { unit: Some(unit.into()), ..all() };
    assert_eq!(world.store.deliveries(&registrar, &of("A")).await.unwrap().items.len(), 0);
    assert_eq!(world.store.deliveries(&registrar, &of("B")).await.unwrap().items.len(), 1);
    assert_eq!(world.store.prints(&registrar, &WayFilter { unit: Some("B".into()), ..all() }).await.unwrap().items.len(), 1);
    world.assert_counters().await;
}

pub async fn pages_of_deliveries_join_without_gaps(world: &mut World) {
    let registrar = world.registrar.clone();
    for index in 1..=5 {
        world.approved(index).await;
    }
    let mut seen = vec![];
    let mut cursor = None;
    loop {
        let filter = WayFilter { state: Some(DeliveryState::Ready), cursor: cursor.take(), limit: 2, ..all() };
        let page = world.store.deliveries(&registrar, &filter).await.unwrap();
        seen.extend(page.items.into_iter().map(|item| item.id));
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert!(seen.len() == 5 && seen.is_sorted());
    let none = WayFilter { state: Some(DeliveryState::Exported), ..all() };
    assert!(world.store.deliveries(&registrar, &none).await.unwrap().items.is_empty());
    assert!(matches!(
        world.store.deliveries(&registrar, &WayFilter { cursor: Some("nonsense".into()), ..all() }).await,
        Err(StoreError::Cursor)
    ));
}

pub async fn one_bad_item_spoils_no_other(world: &mut World) {
    let one = world.reviewers[0].clone();
    let mut items = vec![];
    for index in 1..=6 {
        let id = world.pending(index, None).await;
        let seen = world.see(&one, id).await;
        let review = GivenReview { intention: intention(seen.summary.version), verdict: reject(), rendition: seen.rendition };
        items.push((id, review));
    }
    items[1].1.intention.version = 99;
    items[3].1.rendition = None;
    items[4].0 = uuid::Uuid::nil();
    // The same thing twice, under two keys: the second is stale.
    let mut twice = items[0].clone();
    twice.1.intention = intention(twice.1.intention.version);
    items.push(twice);
    let results = world.store.review_each(&one, &items, world.now()).await;
    let told: Vec<&str> = results
        .iter()
        .map(|result| match result {
            Ok(answered) if answered.again => "again",
            Ok(_) => "done",
            Err(StoreError::Stale { .. }) => "stale",
            Err(StoreError::OtherRendition) => "rendition",
            Err(StoreError::NotFound) => "unknown",
            Err(other) => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["done", "stale", "done", "rendition", "unknown", "done", "stale"]);
    let again = world.store.review_each(&one, &items, world.now()).await;
    for (index, (first, second)) in results.iter().zip(&again).enumerate() {
        if let Ok(first) = first {
            let second = second.as_ref().unwrap();
            assert!(second.again, "{index}");
            assert_eq!(first.outcome, second.outcome);
        }
    }
    let audit = world.store.audit(&world.admin, Some(SEASON), None, 100).await.unwrap();
    assert_eq!(audit.items.iter().filter(|entry| entry.action == "decision.held").count(), 3);
    world.assert_counters().await;
}

pub async fn a_list_moves_deliveries_and_prints(world: &mut World) {
    let registrar = world.registrar.clone();
    for index in 1..=4 {
        world.approved(index).await;
    }
    let deliveries = world.store.deliveries(&registrar, &all()).await.unwrap().items;
    let mut items: Vec<_> = deliveries.iter().map(|item| (item.id, DeliveryEvent::Export, intention(item.version))).collect();
    items[2].1 = DeliveryEvent::Accept;
    // Two steps of one delivery keep their order.
    items.push((items[0].0, DeliveryEvent::Upload, intention(2)));
    let results = world.store.move_each_delivery(&registrar, &items, world.now()).await;
    let states: Vec<_> = results.iter().map(|result| result.as_ref().ok().map(|answered| answered.outcome.state)).collect();
    let exported = Some(DeliveryState::Exported);
    assert_eq!(states, [exported, exported, None, exported, Some(DeliveryState::Uploaded)]);
    let prints = world.store.prints(&registrar, &all()).await.unwrap().items;
    let items: Vec<_> = prints.iter().map(|item| (item.id, PrintEvent::Print, intention(item.version))).collect();
    let results = world.store.move_each_print(&registrar, &items, world.now()).await;
    assert!(results.iter().all(|result| result.as_ref().is_ok_and(|answered| answered.outcome.state == PrintState::Printed)));
    world.assert_counters().await;
}
