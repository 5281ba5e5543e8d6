//! Reopening: two people, a reason, in time, before the photo has left; and everything that hung on the approval goes back.

use super::world::{SEASON, World, intention, reject};
use crate::{
    api::submission::{NoticeDelivery, NoticeKind},
    backend::store::{
        StoreError, StoreResult,
        deliveries::WayFilter,
        types::{JobKind, SendingEnd},
    },
    domain::{
        lifecycle::{
            Refusal,
            attempt::Status,
            delivery::{DeliveryEvent, PrintEvent},
            reopening::{NoConfirmation, ReopeningReason},
        },
        review::{Decision, ReviewVerdict},
    },
};
use uuid::Uuid;

async fn ask(world: &World, who: &crate::domain::access::Principal, id: Uuid) -> StoreResult<Uuid> {
    let version = world.see(who, id).await.summary.version;
    let asked = world.store.ask_reopening(who, id, ReopeningReason::SpotCheck, &intention(version), world.now()).await?;
    Ok(asked.id)
}

async fn confirm(world: &World, who: &crate::domain::access::Principal, id: Uuid, reopening: Uuid) -> StoreResult<Status> {
    let version = world.see(who, id).await.summary.version;
    let outcome = world.store.confirm_reopening(who, id, reopening, &intention(version), world.now()).await?;
    Ok(outcome.status)
}

pub async fn it_takes_two_people_in_time(world: &mut World) {
    let (one, two, id) = (world.registrar.clone(), world.admin.clone(), world.approved(1).await);
    let before = world.see(&one, id).await;
    let key = intention(before.summary.version);
    let asked = world.store.ask_reopening(&one, id, ReopeningReason::Complaint, &key, world.now()).await.unwrap();
    // The question changes nothing; asked again under its key it is the same, under another it is one too many.
    assert_eq!(world.see(&one, id).await, before);
    assert_eq!(world.store.ask_reopening(&one, id, ReopeningReason::Complaint, &key, world.now()).await.unwrap(), asked);
    assert!(matches!(ask(world, &two, id).await, Err(StoreError::ReopeningOpen)));
    assert!(matches!(confirm(world, &one, id, asked.id).await, Err(StoreError::NoConfirmation(NoConfirmation::Own))));
    let open = world.store.reopenings(&two, SEASON, None, 10, world.now()).await.unwrap();
    assert_eq!(open.items.as_slice(), std::slice::from_ref(&asked));
    world.clock.advance(24 * 60 * 60);
    assert!(matches!(confirm(world, &two, id, asked.id).await, Err(StoreError::NoConfirmation(NoConfirmation::Late))));
    assert!(world.store.reopenings(&two, SEASON, None, 10, world.now()).await.unwrap().items.is_empty());
    // What nobody answered is asked anew.
    let again = ask(world, &two, id).await.unwrap();
    assert_eq!(confirm(world, &one, id, again).await.unwrap(), Status::Pending);
    assert!(matches!(confirm(world, &one, id, again).await, Err(StoreError::NoConfirmation(NoConfirmation::Ended))));
    assert!(matches!(ask(world, &two, id).await, Err(StoreError::Refused(Refusal::NotApproved))));
}

pub async fn everything_that_hung_on_the_approval_goes_back(world: &mut World) {
    let (one, two, id) = (world.registrar.clone(), world.admin.clone(), world.approved(1).await);
    let approved_at = world.see(&one, id).await.summary.version;
    assert_eq!(world.store.progress(&one, SEASON).await.unwrap().whole.done_students, 1);
    assert_eq!(world.ways(id).await, (1, 1));
    let asked = ask(world, &one, id).await.unwrap();
    confirm(world, &two, id, asked).await.unwrap();
    let seen = world.see(&one, id).await;
    assert_eq!((seen.summary.status, seen.summary.version), (Status::Pending, approved_at + 1));
    assert!(seen.decision_reasons.is_empty() && seen.summary.decision.is_none());
    assert_eq!(world.store.progress(&one, SEASON).await.unwrap().whole.done_students, 0);
    assert_eq!(world.ways(id).await, (0, 0));
    // What was told but not sent is stopped: its job is gone, and nobody calls.
    assert_eq!(seen.notices.iter().map(|notice| notice.state).collect::<Vec<_>>(), [NoticeDelivery::Stopped]);
    assert!(world.job(JobKind::Notify).await.is_none());
    world.assert_counters().await;
    // The same reviewer may judge again, and the photo goes its whole way once more.
    let reviewer = world.reviewers[0].clone();
    assert_eq!(world.review(&reviewer, id, ReviewVerdict::Approve).await.unwrap().decision, Some(Decision::Approve));
    world.freeze_later().await;
    assert_eq!((world.status(id).await, world.ways(id).await), (Status::Approved, (1, 1)));
    assert_eq!(world.store.progress(&one, SEASON).await.unwrap().whole.done_students, 1);
    world.assert_counters().await;
}

pub async fn a_reopened_photo_may_be_rejected_and_taken_anew(world: &mut World) {
    let (one, two, id) = (world.registrar.clone(), world.admin.clone(), world.approved(1).await);
    let asked = ask(world, &one, id).await.unwrap();
    confirm(world, &two, id, asked).await.unwrap();
    let reviewer = world.reviewers[1].clone();
    world.review(&reviewer, id, reject()).await.unwrap();
    world.freeze_later().await;
    assert_eq!(world.status(id).await, Status::Rejected);
    let second = world.capture(1).await.unwrap();
    assert_ne!(second, id);
    world.assert_counters().await;
}

pub async fn what_was_told_is_corrected(world: &mut World) {
    let (one, two, id) = (world.registrar.clone(), world.admin.clone(), world.approved(1).await);
    let job = world.job(JobKind::Notify).await.unwrap();
    world.store.record_sending(&job, "test", &SendingEnd::Delivered { reference: "1".into() }, world.now()).await.unwrap();
    let asked = ask(world, &one, id).await.unwrap();
    confirm(world, &two, id, asked).await.unwrap();
    let kinds =
        |seen: &crate::api::submission::Submission| seen.notices.iter().map(|notice| (notice.kind, notice.state)).collect::<Vec<_>>();
    let seen = world.see(&one, id).await;
    assert_eq!(kinds(&seen), [(NoticeKind::Approved, NoticeDelivery::Delivered), (NoticeKind::Reopened, NoticeDelivery::Waiting)]);
}

pub async fn a_notice_that_was_under_way_is_corrected_too(world: &mut World) {
    let (one, two, id) = (world.registrar.clone(), world.admin.clone(), world.approved(1).await);
    // The gateway has it when the approval is reopened, and says afterwards that it arrived.
    let job = world.job(JobKind::Notify).await.unwrap();
    assert!(world.store.notice_work(&job, world.now()).await.unwrap().is_some());
    let asked = ask(world, &one, id).await.unwrap();
    confirm(world, &two, id, asked).await.unwrap();
    world.store.record_sending(&job, "test", &SendingEnd::Delivered { reference: "1".into() }, world.now()).await.unwrap();
    let kinds: Vec<_> = world.see(&one, id).await.notices.iter().map(|notice| notice.kind).collect();
    assert_eq!(kinds, [NoticeKind::Approved, NoticeKind::Reopened]);
}

pub async fn what_has_left_the_house_is_not_reopened(world: &mut World) {
    let (one, two, id) = (world.registrar.clone(), world.admin.clone(), world.approved(1).await);
    let asked = ask(world, &one, id).await.unwrap();
    let delivery = world.store.deliveries(&one, &filter()).await.unwrap().items.remove(0);
    let key = intention(delivery.version);
    let exported = world.store.move_delivery(&one, delivery.id, DeliveryEvent::Export, &key, world.now()).await.unwrap();
    assert!(matches!(confirm(world, &two, id, asked).await, Err(StoreError::Refused(Refusal::OnItsWay))));
    let back = intention(exported.outcome.version);
    world.store.move_delivery(&one, delivery.id, DeliveryEvent::CancelExport, &back, world.now()).await.unwrap();
    // Prints that were only made are thrown away; prints in a parcel are not.
    let print =
        world.store.prints(&one, &WayFilter { season: SEASON.into(), limit: 9, ..WayFilter::default() }).await.unwrap().items.remove(0);
    let printed = world.store.move_print(&one, print.id, PrintEvent::Print, &intention(print.version), world.now()).await.unwrap();
    let packed = world.store.move_print(&one, print.id, PrintEvent::Pack, &intention(printed.outcome.version), world.now()).await.unwrap();
    assert!(matches!(confirm(world, &two, id, asked).await, Err(StoreError::Refused(Refusal::OnItsWay))));
    world.store.move_print(&one, print.id, PrintEvent::Reprint, &intention(packed.outcome.version), world.now()).await.unwrap();
    assert_eq!(confirm(world, &two, id, asked).await.unwrap(), Status::Pending);
    world.assert_counters().await;
}

pub async fn a_dropped_question_is_over(world: &mut World) {
    let (one, two, id) = (world.registrar.clone(), world.admin.clone(), world.approved(1).await);
    let asked = ask(world, &one, id).await.unwrap();
    world.store.drop_reopening(&two, id, asked, world.now()).await.unwrap();
    world.store.drop_reopening(&two, id, asked, world.now()).await.unwrap();
    assert!(matches!(confirm(world, &two, id, asked).await, Err(StoreError::NoConfirmation(NoConfirmation::Ended))));
    assert_eq!(world.status(id).await, Status::Approved);
    // Another unit's people see neither photo nor question.
    let theirs = world.approved(4).await;
    let question = ask(world, &one, theirs).await.unwrap();
    let of_a = world.of_a.clone();
    let key = intention(1);
    assert!(matches!(world.store.confirm_reopening(&of_a, theirs, question, &key, world.now()).await, Err(StoreError::NotFound)));
    assert!(matches!(world.store.drop_reopening(&of_a, theirs, question, world.now()).await, Err(StoreError::NotFound)));
    assert!(world.store.reopenings(&of_a, SEASON, None, 10, world.now()).await.unwrap().items.is_empty());
    // A question about another photo answers nothing about this one.
    assert!(matches!(confirm(world, &two, id, question).await, Err(StoreError::NotFound)));
}

fn filter() -> WayFilter<crate::domain::lifecycle::delivery::DeliveryState> {
    WayFilter { season: SEASON.into(), limit: 9, ..WayFilter::default() }
}
