//! Golden items: hidden in everything their reviewer reads, seen by nobody else, harmless to every student, scored for who leads.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::world::{SEASON, World, claim_of, intention, reject, student};
use crate::{
    api::{
        reviewing::{GoldenItem, NewGolden},
        submission::{NewClaim, NothingToClaim, PictureKind, Submission, SubmissionSummary},
    },
    backend::store::{
        StoreError,
        live::Happened,
        statistics::Period,
        types::{JobKind, NewStudent, QueueFilter, SendingEnd},
    },
    domain::{
        access::Principal,
        lifecycle::attempt::Status,
        reason::Reason,
        review::{Decision, ReviewVerdict},
        season::SeasonRules,
    },
};

async fn list(world: &World, who: &Principal) -> Vec<SubmissionSummary> {
    let filter = QueueFilter { season: SEASON.into(), limit: 200, ..QueueFilter::default() };
    world.store.submissions(who, &filter, world.now()).await.unwrap().items
}

/// What lists and progress say must be the same to everybody.
async fn assert_coherent(world: &World, who: &Principal) {
    let listed = list(world, who).await;
    let progress = world.store.progress(who, SEASON).await.unwrap();
    assert_eq!(progress, world.store.recount(who, SEASON).await.unwrap());
    for unit in &progress.units {
        let count = |status: Status| listed.iter().filter(|item| unit.unit.as_deref() == Some(&item.unit) && item.status == status).count();
        let told = [unit.captured, unit.pending, unit.held, unit.approved, unit.rejected];
        let statuses = [Status::Captured, Status::Pending, Status::Held, Status::Approved, Status::Rejected];
        assert_eq!(told.map(|count| usize::try_from(count).unwrap()), statuses.map(count), "{:?}", unit.unit);
        assert!(unit.captured_students <= unit.students);
    }
    for length in world.store.queue_lengths(who, SEASON).await.unwrap() {
        let waiting = listed.iter().filter(|item| item.unit == length.unit && item.status == Status::Pending);
        assert_eq!(length.oldest, waiting.map(|item| item.submitted_at).min());
    }
}

/// The names of everything that is told, however deep.
fn shape(told: &impl serde::Serialize) -> BTreeSet<String> {
    fn walk(value: &serde_json::Value, path: &str, into: &mut BTreeSet<String>) {
        if let serde_json::Value::Object(fields) = value {
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                walk(value, &path, into);
                into.insert(path);
            }
        }
    }
    let mut names = BTreeSet::new();
    walk(&serde_json::to_value(told).unwrap(), "", &mut names);
    names
}

/// A photo of student 4 that is rejected for good, as a golden item.
async fn made(world: &mut World) -> GoldenItem {
    let (lead, source) = (world.admin.clone(), world.pending(4, None).await);
    let answer = NewGolden { submission: source, verdict: reject() };
    assert!(matches!(world.store.add_golden(&lead, &answer, world.now()).await, Err(StoreError::GoldenContradicts)));
    world.review(&lead, source, reject()).await.unwrap();
    world.freeze_later().await;
    let wrong = NewGolden { submission: source, verdict: ReviewVerdict::Approve };
    assert!(matches!(world.store.add_golden(&lead, &wrong, world.now()).await, Err(StoreError::GoldenContradicts)));
    let made = world.store.add_golden(&lead, &answer, world.now()).await.unwrap();
    assert_eq!(world.store.add_golden(&lead, &answer, world.now()).await.unwrap().id, made.id, "the same photo is the same item");
    made
}

/// One photo of A waits, one golden item came to the first reviewer: (the reviewer, the photo, the item as it is seen).
pub(super) async fn mixed_in(world: &mut World, rules: SeasonRules) -> (Principal, Submission, Submission) {
    let one = world.reviewers[0].clone();
    made(world).await;
    let rows: Vec<NewStudent> = (10..20).map(|index| student(index, "A")).collect();
    assert!(world.take(&rows).await.unwrap().taken);
    world.set_rules(SeasonRules { golden_share: 1.0, ..rules }).await;
    let real = world.pending(10, None).await;
    let before = list(world, &one).await;
    let claim = world.store.claim(&one, &claim_of(5), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!(claim.items.len(), 1);
    world.develop(None, false).await;
    assert_eq!(list(world, &one).await.len(), before.len(), "it is no answer to the claim");
    let asked = world.now();
    world.clock.advance(15 * 60 + 1);
    world.develop(None, false).await;
    assert_coherent(world, &one).await;
    let captured = list(world, &one).await.into_iter().filter(|item| item.status == Status::Captured).count();
    assert_eq!(captured, 1, "it comes in, and waits for the machine like any other");
    world.clock.advance(3);
    world.develop(None, false).await;
    let known: BTreeSet<Uuid> = before.iter().map(|item| item.id).collect();
    let new: Vec<SubmissionSummary> = list(world, &one).await.into_iter().filter(|item| !known.contains(&item.id)).collect();
    assert_eq!((new.len(), new[0].status), (1, Status::Pending));
    assert!(new[0].submitted_at > asked);
    (one.clone(), world.see(&one, real).await, world.see(&one, new[0].id).await)
}

pub async fn a_golden_item_is_told_from_nothing(world: &mut World) {
    let (one, real, golden) = mixed_in(world, SeasonRules::default()).await;
    let (two, id) = (world.reviewers[1].clone(), golden.summary.id);
    // To its reviewer it is like the other.
    assert_eq!(shape(&golden), shape(&real));
    let plain = |seen: &Submission| {
        (
            seen.summary.version,
            seen.summary.number,
            seen.summary.status,
            seen.summary.season.clone(),
            seen.summary.unit.clone(),
            seen.pictures.clone(),
            seen.history.len(),
            seen.notices.len(),
        )
    };
    assert_eq!(plain(&golden), plain(&real));
    assert!(id > real.summary.id && id.get_version_num() == 7 && golden.rendition.is_some());
    let (mine, theirs) = (&golden.summary.student, &real.summary.student);
    assert_eq!(mine.student_number.len(), theirs.student_number.len());
    assert!(mine.name.as_deref().is_some_and(|name| name.starts_with('张') && name.contains('*')));
    assert!(list(world, &one).await.iter().filter(|item| item.student.student_number == mine.student_number).count() == 1);
    assert!(world.store.picture(&one, id, PictureKind::Standard).await.is_ok());
    assert!(world.store.queue_position(&one, id).await.is_ok());
    // To everybody else it is not there.
    for other in [&two, &world.admin, &world.registrar, &world.of_a] {
        assert!(list(world, other).await.iter().all(|item| item.id != id));
        assert!(matches!(world.store.submission(other, id, world.now()).await, Err(StoreError::NotFound)));
        assert!(matches!(world.store.picture(other, id, PictureKind::Standard).await, Err(StoreError::NotFound)));
        assert_coherent(world, other).await;
    }
    let named = NewClaim { only: vec![id], ..claim_of(1) };
    assert!(world.store.claim(&two, &named, Uuid::new_v4(), world.now()).await.unwrap().items.is_empty());
    assert_eq!(world.store.seasons(&one).await.unwrap().len(), 1);
    let own = format!("{SEASON}~{}", one.user.simple());
    let filter = QueueFilter { season: own.clone(), limit: 9, ..QueueFilter::default() };
    assert!(matches!(world.store.submissions(&one, &filter, world.now()).await, Err(StoreError::SeasonUnknown)));
    assert!(matches!(world.store.progress(&one, &own).await, Err(StoreError::SeasonUnknown)));
    for (who, told) in [(&one, true), (&two, false)] {
        let all = world.store.events_after(who, SEASON, None, "0-0".parse().unwrap(), 200).await.unwrap();
        let Happened::Events { events, .. } = all else { panic!("nothing was forgotten") };
        let kinds =
            |of: Uuid| events.iter().filter(|(_, moved)| moved.submission == of).map(|(_, moved)| moved.kind.clone()).collect::<Vec<_>>();
        assert_eq!(kinds(id), if told { kinds(real.summary.id) } else { vec![] });
        let units = ["A".to_owned()];
        let whole = world.store.progress(who, SEASON).await.unwrap();
        assert_eq!(world.store.progress_of(who, SEASON, &units).await.unwrap(), whole.units[..1]);
    }
    // In a claim it stands at its place.
    let claim = world.store.claim(&one, &claim_of(5), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!(claim.items.iter().map(|item| item.id).collect::<Vec<_>>(), [real.summary.id, id]);
    let first = world.store.claim(&one, &claim_of(1), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!(first.items.iter().map(|item| item.id).collect::<Vec<_>>(), [real.summary.id]);
    let kept = NewClaim { keep: vec![real.summary.id], ..claim_of(5) };
    assert_eq!(world.store.claim(&one, &kept, Uuid::new_v4(), world.now()).await.unwrap().items.len(), 2);
}

pub async fn a_golden_items_review_changes_nobody_and_is_scored(world: &mut World) {
    let (one, real, golden) = mixed_in(world, SeasonRules::default()).await;
    let (id, lead) = (golden.summary.id, world.admin.clone());
    let before = (world.store.progress(&lead, SEASON).await.unwrap(), list(world, &lead).await);
    let outcome = world.review(&one, id, ReviewVerdict::Approve).await.unwrap();
    assert_eq!((outcome.status, outcome.decision, outcome.version), (Status::Held, Some(Decision::Approve), golden.summary.version + 1));
    assert_coherent(world, &one).await;
    assert_eq!(world.undo(&one, id).await.unwrap().status, Status::Pending);
    world.review(&one, id, ReviewVerdict::Approve).await.unwrap();
    assert!(matches!(world.store.undo(&one, id, &intention(1), world.now()).await, Err(StoreError::Stale { status: Status::Held, .. })));
    let told = world.review(&one, real.summary.id, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(shape(&told), shape(&outcome));
    world.undo(&one, real.summary.id).await.unwrap();
    assert_eq!(world.store.progress(&lead, SEASON).await.unwrap(), before.0);
    let unchanged = list(world, &lead).await;
    assert_eq!(unchanged.iter().map(|item| item.id).collect::<Vec<_>>(), before.1.iter().map(|item| item.id).collect::<Vec<_>>());
    // Both are frozen; the real one's notice goes out, the other's only seems to, and in the same way.
    world.review(&one, real.summary.id, ReviewVerdict::Approve).await.unwrap();
    world.freeze_later().await;
    let mut sent = vec![];
    for _ in 0..4 {
        while let Some(job) = world.job(JobKind::Notify).await {
            if let Some(work) = world.store.notice_work(&job, world.now()).await.unwrap() {
                sent.push(work.notice);
                let end = SendingEnd::CallNeeded { code: "no_phone".into() };
                world.store.record_sending(&job, "test", &end, world.now()).await.unwrap();
            }
        }
        world.clock.advance(61);
    }
    let (mine, theirs) = (world.see(&one, id).await, world.see(&one, real.summary.id).await);
    assert_eq!((mine.summary.status, theirs.summary.status), (Status::Approved, Status::Approved));
    assert_eq!(shape(&mine), shape(&theirs));
    assert_eq!((mine.notices.len(), mine.notices[0].state, mine.notices[0].kind), (1, theirs.notices[0].state, theirs.notices[0].kind));
    assert!(!sent.contains(&mine.notices[0].id) && sent.contains(&theirs.notices[0].id));
    let calls = world.store.calls(&world.registrar, SEASON, None, world.now()).await.unwrap();
    assert!(calls.iter().all(|line| line.student_number != mine.summary.student.student_number));
    assert_coherent(world, &one).await;
    assert_coherent(world, &lead).await;
    // Whoever leads sees the score, the reviewer only that two were reviewed.
    let period = Period { season: SEASON.into(), from: None, to: None };
    let everybody = world.store.reviewer_statistics(&lead, &period).await.unwrap();
    let scores: BTreeMap<Uuid, _> = everybody.reviewers.iter().map(|one| (one.reviewer, one)).collect();
    let score = scores[&one.user].golden.clone().unwrap();
    assert_eq!((score.agreement.both, score.agreement.same, score.rejected_right), (1, 0, 0));
    assert_eq!(scores[&one.user].reviews, 2, "of the real one, and again after it was taken back");
    let own = world.store.own_statistics(&one, &period).await.unwrap();
    assert_eq!((own.reviews, own.undone, own.golden), (4, 2, None));
    let items = world.store.golden_items(&lead, SEASON, None, 9).await.unwrap().items;
    assert_eq!((items.len(), items[0].given, items[0].answered, items[0].right), (1, 1, 1, 0));
    // Once each; and what is retired comes to nobody.
    world.store.retire_golden(&lead, items[0].id, world.now()).await.unwrap();
    assert!(world.store.golden_items(&lead, SEASON, None, 9).await.unwrap().items[0].retired_at.is_some());
    let two = world.reviewers[1].clone();
    world.pending(11, None).await;
    let listed = list(world, &two).await.len();
    world.store.claim(&two, &claim_of(5), Uuid::new_v4(), world.now()).await.unwrap();
    world.clock.advance(901);
    world.develop(None, false).await;
    assert_eq!(list(world, &two).await.len(), listed);
}

pub async fn a_golden_item_that_needs_two_is_decided_by_somebody_else(world: &mut World) {
    let (one, real, golden) = mixed_in(world, SeasonRules { second_review_share: 1.0, ..SeasonRules::default() }).await;
    let id = golden.summary.id;
    for id in [id, real.summary.id] {
        let told = world.review(&one, id, ReviewVerdict::Approve).await.unwrap();
        assert_eq!((told.status, told.decision), (Status::Pending, None));
        assert!(world.see(&one, id).await.summary.reviewed_by_me);
    }
    let nothing = world.store.claim(&one, &claim_of(5), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!(nothing.nothing, Some(NothingToClaim::NoneForYou));
    world.store.sweep(world.now()).await.unwrap();
    assert_eq!(world.see(&one, id).await.summary.status, Status::Pending, "others take their time");
    world.clock.advance(2 * 3600 + 1);
    world.store.sweep(world.now()).await.unwrap();
    let seen = world.see(&one, id).await;
    assert_eq!((seen.summary.status, seen.summary.decision), (Status::Held, Some(Decision::Reject)));
    world.freeze_later().await;
    let seen = world.see(&one, id).await;
    assert_eq!((seen.summary.status, seen.decision_reasons), (Status::Rejected, vec![Reason::Blur]));
    assert_coherent(world, &one).await;
}
