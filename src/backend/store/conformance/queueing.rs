//! The queue: fair order with head starts, three answers to who gets nothing, skips, leads, second looks.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use uuid::Uuid;

use super::world::{SEASON, World, claim_of, intention, reject, student};
use crate::{
    api::{
        reviewing::{NewSkip, UnitDeadline},
        roster::Season,
        submission::{Claim, NewClaim, NothingToClaim},
    },
    backend::store::{
        Store, StoreError,
        conformance::fairness::{Hold, overtakings},
        types::{GivenReview, NewStudent},
    },
    domain::{
        access::Principal,
        comparison::Band,
        lifecycle::attempt::Status,
        queueing::{NoteError, SkipReason, place},
        review::{Decision, ReviewVerdict, drawn},
        season::{SeasonKind, SeasonRules},
    },
};

async fn claim(world: &World, who: &Principal, count: u8) -> Claim {
    world.store.claim(who, &claim_of(count), Uuid::new_v4(), world.now()).await.unwrap()
}

fn ids(claim: &Claim) -> Vec<Uuid> {
    claim.items.iter().map(|item| item.id).collect()
}

fn skip(reason: SkipReason) -> NewSkip {
    NewSkip { reason, note: None, ask_lead: false }
}

pub async fn nothing_has_three_reasons(world: &mut World) {
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    assert_eq!(claim(world, &one, 5).await.nothing, Some(NothingToClaim::NothingWaits));
    let id = world.pending(1, Some(Band::Doubtful)).await;
    let first = claim(world, &one, 5).await;
    assert_eq!((ids(&first), first.nothing), (vec![id], None));
    let taken = claim(world, &two, 5).await;
    assert_eq!((taken.nothing, taken.all_claimed_until), (Some(NothingToClaim::AllClaimed), Some(first.until)));
    world.review(&one, id, reject()).await.unwrap();
    let own = claim(world, &one, 5).await;
    assert_eq!((own.items.len(), own.nothing, own.all_claimed_until), (0, Some(NothingToClaim::NoneForYou), None));
    assert_eq!(ids(&claim(world, &two, 5).await), [id]);
    world.review(&two, id, reject()).await.unwrap();
    assert_eq!(claim(world, &two, 5).await.nothing, Some(NothingToClaim::NothingWaits));
}

pub async fn nobody_holds_more_than_twenty(world: &mut World) {
    let one = world.reviewers[0].clone();
    let rows: Vec<NewStudent> = (10..40).map(|index| student(index, "A")).collect();
    assert!(world.take(&rows).await.unwrap().taken);
    for index in 10..40 {
        world.capture(index).await.unwrap();
    }
    world.develop(None, false).await;
    let first = claim(world, &one, 255).await;
    assert_eq!(first.items.len(), 20);
    let more = NewClaim { keep: ids(&first), ..claim_of(5) };
    assert_eq!(world.store.claim(&one, &more, Uuid::new_v4(), world.now()).await.unwrap().items.len(), 20);
    // Moving on gives back what is not kept.
    let three = NewClaim { keep: ids(&first)[..3].to_vec(), ..claim_of(5) };
    assert_eq!(world.store.claim(&one, &three, Uuid::new_v4(), world.now()).await.unwrap().items.len(), 8);
    assert_eq!(claim(world, &world.reviewers[1].clone(), 255).await.items.len(), 20);
}

pub async fn time_alone_ends_a_lease_and_the_place_stays(world: &mut World) {
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let old = world.pending(1, None).await;
    let held = claim(world, &one, 1).await;
    world.clock.advance(299);
    let young = world.pending(2, None).await;
    // The lease ran out after the younger one came in, and nothing has swept: the older is still the first.
    world.clock.advance(2);
    assert!(matches!(world.store.heartbeat(&one, held.token, world.now()).await, Err(StoreError::NotFound)));
    assert_eq!(ids(&claim(world, &two, 1).await), [old]);
    assert_eq!(ids(&claim(world, &one, 1).await), [young]);
}

pub async fn retakes_and_near_deadlines_come_ahead_and_nobody_overtakes_within_a_kind(world: &mut World) {
    let rules = SeasonRules { retake_head_start_minutes: 60, deadline_head_start_minutes: 120, ..SeasonRules::default() };
    world.set_rules(rules.clone()).await;
    let one = world.reviewers[0].clone();
    let first = world.pending(1, None).await;
    world.review(&one, first, reject()).await.unwrap();
    world.freeze_later().await;
    let plain = world.pending(2, None).await;
    world.clock.advance(60);
    let later = world.pending(4, None).await;
    world.clock.advance(60);
    let retake = world.pending(1, None).await;
    let all = claim(world, &one, 9).await;
    assert_eq!(ids(&all), [retake, plain, later], "a retake has an hour's start");
    world.store.release(&one, all.token).await.unwrap();
    // The deadline of B comes near: who came in late there passes A's, but not B's own.
    world.clock.advance(60);
    let latest = world.pending(5, None).await;
    let deadline = UnitDeadline { closes_at: Some(world.now() + Duration::from_secs(60)) };
    world.store.put_deadline(&world.registrar, SEASON, "B", &deadline, world.now()).await.unwrap();
    let near = claim(world, &one, 9).await;
    assert_eq!(ids(&near), [later, latest, retake, plain]);
    for item in &near.items {
        let deadline = if item.unit == "B" { deadline.closes_at } else { None };
        let position = world.store.queue_position(&one, item.id).await.unwrap();
        let expected = near.items.iter().filter(|other| {
            let place = |of: &crate::api::submission::SubmissionSummary| place(&rules, of.number > 1, of.submitted_at, deadline);
            other.unit == item.unit && (place(other), other.id) < (place(item), item.id)
        });
        assert_eq!((position.ahead, position.further), (i64::try_from(expected.count()).unwrap(), false));
    }
    world.store.release(&one, near.token).await.unwrap();
    // Without weights the oldest comes first again.
    world.set_rules(SeasonRules { retake_head_start_minutes: 0, deadline_head_start_minutes: 0, ..rules }).await;
    assert_eq!(ids(&claim(world, &one, 9).await), [plain, later, retake, latest]);
    let lengths = world.store.queue_lengths(&one, SEASON).await.unwrap();
    let waiting: Vec<(&str, i64)> = lengths.iter().map(|length| (length.unit.as_str(), length.waiting)).collect();
    assert_eq!(waiting, [("A", 2), ("B", 2)]);
    assert!(lengths.iter().all(|length| length.oldest.is_some()));
    assert_eq!((lengths[0].closes_at, lengths[1].closes_at), (None, deadline.closes_at));
    assert!(matches!(world.store.put_deadline(&world.of_a, SEASON, "B", &deadline, world.now()).await, Err(StoreError::NotFound)));
}

pub async fn a_season_that_closes_moves_places(world: &mut World) {
    let one = world.reviewers[0].clone();
    let rules = SeasonRules { deadline_head_start_minutes: 60, retake_head_start_minutes: 90, ..SeasonRules::default() };
    world.set_rules(rules.clone()).await;
    let rejected = world.pending(1, None).await;
    world.review(&one, rejected, reject()).await.unwrap();
    world.freeze_later().await;
    let waiting = [world.pending(2, None).await, world.pending(4, None).await, world.pending(1, None).await];
    let closes_at = world.now() + Duration::from_secs(1500);
    let season =
        Season { code: SEASON.into(), name: "夏季".into(), kind: SeasonKind::Roster, rules: rules.clone(), closes_at: Some(closes_at) };
    world.store.put_season(&world.registrar, &season, world.now()).await.unwrap();
    let all = claim(world, &one, 9).await;
    let mut expected: Vec<(Timestamp, Uuid)> =
        all.items.iter().map(|item| (place(&rules, item.number > 1, item.submitted_at, Some(closes_at)), item.id)).collect();
    expected.sort();
    assert_eq!(ids(&all), expected.iter().map(|(_, id)| *id).collect::<Vec<_>>());
    assert_eq!(ids(&all).into_iter().collect::<HashSet<_>>(), waiting.into_iter().collect());
}

pub async fn what_is_skipped_is_not_offered_to_the_same_person_for_a_while(world: &mut World) {
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let id = world.pending(1, None).await;
    let before = world.see(&two, id).await;
    claim(world, &one, 1).await;
    let note = |text: &str| NewSkip { reason: SkipReason::Other, note: Some(text.into()), ask_lead: false };
    for (wrong, personal) in [("张三1 的姐姐", true), ("25010001", true), ("", false)] {
        match world.store.skip(&one, id, &note(wrong), world.now()).await {
            Err(StoreError::Note(NoteError::Personal)) => assert!(personal, "{wrong}"),
            Err(StoreError::Note(NoteError::Shape)) => assert!(!personal, "{wrong}"),
            other => panic!("{wrong}: {other:?}"),
        }
    }
    assert!(matches!(world.store.skip(&one, id, &skip(SkipReason::Other), world.now()).await, Err(StoreError::NoteNeeded)));
    world.store.skip(&one, id, &note("光线很怪"), world.now()).await.unwrap();
    assert_eq!(world.see(&two, id).await, before, "others see nothing of it");
    assert_eq!(claim(world, &one, 1).await.nothing, Some(NothingToClaim::NoneForYou));
    assert_eq!(ids(&claim(world, &two, 1).await), [id], "its lease ended with it");
    world.clock.advance(4 * 3600);
    assert_eq!(ids(&claim(world, &one, 1).await), [id]);
    let page = world.store.skips(&world.admin, SEASON, false, None, 9).await.unwrap();
    let seen = &page.items[0];
    assert_eq!((page.items.len(), seen.submission, seen.note.as_deref(), seen.reviewer.as_deref()), (1, id, Some("光线很怪"), Some("one")));
    world.review(&two, id, reject()).await.unwrap();
    assert!(world.store.skip(&one, id, &skip(SkipReason::Unsure), world.now()).await.is_err(), "what is decided cannot be passed on");
    assert!(matches!(
        world.store.skip(&world.of_a, world_b(world).await, &skip(SkipReason::Unsure), world.now()).await,
        Err(StoreError::NotFound)
    ));
}

async fn world_b(world: &World) -> Uuid {
    let student = world.store.find_student(&world.registrar, SEASON, &super::world::number(5)).await.unwrap();
    let id = Uuid::now_v7();
    let new =
        crate::backend::store::types::NewAttempt { id, season: SEASON.into(), student: student.id, photo_hash: [9; 32], blobs: vec![] };
    world.store.add_submission(&world.registrar, &new, world.now()).await.unwrap().id
}

pub async fn a_lead_who_is_asked_for_is_the_only_one_who_judges(world: &mut World) {
    let ([one, two], lead) = ([0, 1].map(|index| world.reviewers[index].clone()), world.admin.clone());
    let id = world.pending(1, None).await;
    world.store.skip(&one, id, &NewSkip { ask_lead: true, ..skip(SkipReason::KnowsPerson) }, world.now()).await.unwrap();
    assert_eq!(claim(world, &two, 1).await.nothing, Some(NothingToClaim::NoneForYou));
    assert!(matches!(world.review(&two, id, reject()).await, Err(StoreError::LeadNeeded)));
    let asked = world.store.skips(&lead, SEASON, true, None, 9).await.unwrap().items;
    assert_eq!(asked.iter().map(|skip| skip.submission).collect::<Vec<_>>(), [id]);
    assert_eq!(ids(&claim(world, &lead, 1).await), [id]);
    assert_eq!(world.review(&lead, id, reject()).await.unwrap().decision, Some(Decision::Reject));
}

pub async fn a_disagreement_goes_to_a_lead_where_the_season_says_so(world: &mut World) {
    world.set_rules(SeasonRules { third_leads: true, ..SeasonRules::default() }).await;
    let ([one, two, three], lead) = ([0, 1, 2].map(|index| world.reviewers[index].clone()), world.admin.clone());
    let id = world.pending(1, Some(Band::Doubtful)).await;
    world.review(&one, id, reject()).await.unwrap();
    assert_eq!(world.review(&two, id, ReviewVerdict::Approve).await.unwrap().decision, None);
    assert_eq!(claim(world, &three, 1).await.nothing, Some(NothingToClaim::NoneForYou));
    assert!(matches!(world.review(&three, id, reject()).await, Err(StoreError::LeadNeeded)));
    assert_eq!(ids(&claim(world, &lead, 1).await), [id]);
    assert_eq!(world.review(&lead, id, ReviewVerdict::Approve).await.unwrap().decision, Some(Decision::Approve));
    world.assert_counters().await;
}

pub async fn a_share_of_the_others_gets_a_second_look_by_another(world: &mut World) {
    world.set_rules(SeasonRules { second_review_share: 0.5, ..SeasonRules::default() }).await;
    let [one, two] = [0, 1].map(|index| world.reviewers[index].clone());
    let rows: Vec<NewStudent> = (10..50).map(|index| student(index, "A")).collect();
    assert!(world.take(&rows).await.unwrap().taken);
    let mut second = 0;
    for index in 10..50 {
        let id = world.pending(index, None).await;
        if world.review(&one, id, reject()).await.unwrap().decision.is_none() {
            second += 1;
            assert!(matches!(world.review(&one, id, reject()).await, Err(StoreError::AlreadyReviewed)));
            assert!(!ids(&claim(world, &one, 20).await).contains(&id), "never the same reviewer twice");
            assert_eq!(world.review(&two, id, reject()).await.unwrap().decision, Some(Decision::Reject));
        }
    }
    // Forty tosses of a fair coin: fewer than 6 or more than 34 come once in a million runs.
    assert!((6..=34).contains(&second), "{second} of 40");
    assert!(drawn(&[0; 32], 0.5) && !drawn(&[255; 32], 0.5));
}

/// Sixteen at one unit, each deciding what it claims, with releases, skips and undoings between: nothing is decided twice, nothing that is
/// decided is offered, no lease is lost to another, and at every claim the asker gets the first in the order of places.
pub async fn sixteen_race_and_the_order_is_fair(world: &mut World) {
    let rows: Vec<NewStudent> = (10..90).map(|index| student(index, "A")).collect();
    assert!(world.take(&rows).await.unwrap().taken);
    for index in 10..90 {
        world.capture(index).await.unwrap();
    }
    world.develop(None, false).await;
    let mut people = world.reviewers.clone();
    for index in people.len()..16 {
        people.push(world.reviewer(&format!("racer-{index}")).await);
    }
    let (store, now, clock) = (Arc::clone(&world.store), world.now(), Arc::new(AtomicU64::new(0)));
    let tasks: Vec<_> = people
        .into_iter()
        .enumerate()
        .map(|(index, who)| tokio::spawn(race(Arc::clone(&store), who, now, Arc::clone(&clock), index)))
        .collect();
    let (mut times, mut holds): (HashMap<Uuid, u32>, Vec<Hold<Place>>) = Default::default();
    for task in tasks {
        let (decided, held) = task.await.unwrap();
        decided.into_iter().for_each(|id| *times.entry(id).or_default() += 1);
        holds.extend(held);
    }
    assert_eq!((times.len(), times.values().max()), (80, Some(&1)));
    let photos: Vec<Place> = holds.iter().map(|hold| hold.photo).collect::<HashSet<_>>().into_iter().collect();
    assert_eq!(photos.len(), 80);
    assert_eq!(overtakings(&photos, &holds), [], "somebody waited behind a younger");
    let audit = world.store.audit(&world.admin, Some(SEASON), None, 1000).await.unwrap();
    let mut held: BTreeMap<Uuid, u32> = BTreeMap::new();
    for entry in audit.items.iter().filter(|entry| entry.action == "decision.held") {
        *held.entry(entry.submission.unwrap()).or_default() += 1;
    }
    assert_eq!((held.len(), held.values().max()), (80, Some(&1)));
    world.assert_counters().await;
}

type Place = (Timestamp, Uuid);

/// One runner: claims two, now and then gives them back, decides the rest. What was decided, and every hold.
async fn race(
    store: Arc<dyn Store>,
    who: Principal,
    now: Timestamp,
    clock: Arc<AtomicU64>,
    mut turn: usize,
) -> (Vec<Uuid>, Vec<Hold<Place>>) {
    let tick = || clock.fetch_add(1, Ordering::SeqCst);
    let (mut decided, mut holds) = (vec![], vec![]);
    loop {
        let sent = tick();
        let claim = store.claim(&who, &NewClaim { unit: Some("A".into()), ..claim_of(2) }, Uuid::new_v4(), now).await.unwrap();
        let given = (sent, tick());
        match claim.nothing {
            None => {}
            Some(NothingToClaim::AllClaimed) => {
                tokio::task::yield_now().await;
                continue;
            }
            Some(NothingToClaim::NothingWaits | NothingToClaim::NoneForYou) => return (decided, holds),
        }
        assert!(claim.items.iter().all(|item| item.status == Status::Pending), "a decided attempt is never offered");
        let places = claim.items.iter().map(|item| (item.submitted_at, item.id));
        assert!(places.clone().is_sorted());
        turn += 1;
        let mut released = None;
        if turn.is_multiple_of(7) {
            let sent = tick();
            store.release(&who, claim.token).await.unwrap();
            released = Some((sent, tick()));
        }
        holds.extend(places.map(|photo| Hold { photo, given, released }));
        for item in claim.items.iter().filter(|_| released.is_none()) {
            let seen = store.submission(&who, item.id, now).await.unwrap();
            assert_eq!((seen.summary.status, seen.summary.claimed_until), (Status::Pending, None), "the lease is the holder's");
            let intention = intention(item.version);
            let review = GivenReview { intention, verdict: ReviewVerdict::Approve, rendition: seen.rendition };
            store.review(&who, item.id, &review, now).await.unwrap();
            decided.push(item.id);
        }
    }
}
