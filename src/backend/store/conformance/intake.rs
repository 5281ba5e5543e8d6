//! Rosters and photos coming in, the machine's outcomes, notices going out.

use super::world::{SEASON, World, number, outcome, reject, student};
use crate::{
    api::submission::{NoticeDelivery, PictureKind},
    backend::store::{
        StoreError,
        types::{JobKind, NewStudent, SendingEnd},
    },
    domain::lifecycle::{Refusal, attempt::Status},
};

pub async fn a_roster_is_taken_whole_or_not_at_all(world: &mut World) {
    let before = world.store.progress(&world.admin, SEASON).await.unwrap();
    // Student 9 is new, but brings student 1's ID number.
    let double = NewStudent { id_number: student(1, "A").id_number, ..student(9, "C") };
    let report = world.take(&[student(8, "C"), double]).await.unwrap();
    assert!(!report.taken);
    assert_eq!(report.errors.iter().map(|error| (error.row, error.code.as_str())).collect::<Vec<_>>(), [(10, "id_number_taken")]);
    assert_eq!(world.store.progress(&world.admin, SEASON).await.unwrap(), before);
    let dry = world.store.take_roster(&world.registrar, SEASON, &[student(8, "C")], true, world.now()).await.unwrap();
    assert_eq!((dry.taken, dry.new), (false, 1));
    assert_eq!(world.store.progress(&world.admin, SEASON).await.unwrap(), before);
    let beyond = world.store.take_roster(&world.of_a, SEASON, &[student(8, "B")], false, world.now()).await.unwrap();
    assert_eq!(beyond.errors[0].code, "unit_out_of_scope");
}

pub async fn a_roster_again_changes_nothing(world: &mut World) {
    let rows: Vec<NewStudent> = (1..=3).map(|index| student(index, "A")).collect();
    let again = world.take(&rows).await.unwrap();
    assert_eq!((again.new, again.updated, again.unchanged), (0, 0, 3));
    let renamed = NewStudent { name: Some("李四".into()), ..student(1, "A") };
    let changed = world.take(&[renamed]).await.unwrap();
    assert_eq!((changed.new, changed.updated, changed.unchanged), (0, 1, 0));
}

pub async fn what_a_later_roster_does_not_say_it_does_not_take_away(world: &mut World) {
    let units_alone = NewStudent { name: None, id_number: None, phone: None, ..student(1, "B") };
    assert_eq!(world.take(&[units_alone]).await.unwrap().updated, 1);
    let found = world.store.find_student(&world.registrar, SEASON, "990000199001010017").await.unwrap();
    assert_eq!(found.unit, "B");
    let seen = world.pending(1, None).await;
    let student = world.see(&world.admin.clone(), seen).await.summary.student;
    assert!(student.name.is_some() && student.phone.is_some() && student.id_number.is_some(), "{student:?}");
}

pub async fn a_student_who_moves_takes_the_counts_along(world: &mut World) {
    let id = world.pending(1, Some(crate::domain::comparison::Band::Doubtful)).await;
    assert_eq!(world.take(&[student(1, "B")]).await.unwrap().updated, 1);
    world.assert_counters().await;
    assert!(matches!(world.store.submission(&world.of_a, id, world.now()).await, Err(StoreError::NotFound)));
    let units = world.store.progress(&world.admin, SEASON).await.unwrap().units;
    assert_eq!(units.iter().map(|unit| (unit.students, unit.pending, unit.doubtful)).collect::<Vec<_>>(), [(2, 0, 0), (4, 1, 1)]);
}

pub async fn a_student_is_found_by_every_name_within_scope(world: &mut World) {
    let by_number = world.store.find_student(&world.registrar, SEASON, &number(1)).await.unwrap();
    let by_id_number = world.store.find_student(&world.registrar, SEASON, "990000199001010017").await.unwrap();
    assert_eq!(by_number, by_id_number);
    assert!(matches!(world.store.find_student(&world.registrar, SEASON, "990000199001010018").await, Err(StoreError::StudentUnknown)));
    assert!(matches!(world.store.find_student(&world.of_a, SEASON, &number(4)).await, Err(StoreError::StudentUnknown)));
    assert!(matches!(world.store.find_student(&world.registrar, "none", &number(1)).await, Err(StoreError::SeasonUnknown)));
}

pub async fn the_same_photo_is_the_same_attempt(world: &mut World) {
    let first = world.capture_photo(1, b"one").await.unwrap();
    assert_eq!(world.capture_photo(1, b"one").await.unwrap(), first);
    assert!(matches!(world.capture_photo(1, b"two").await, Err(StoreError::Refused(Refusal::AlreadySubmitted))));
    // The same bytes of another student are another photo.
    assert_ne!(world.capture_photo(2, b"one").await.unwrap(), first);
    world.assert_counters().await;
}

pub async fn a_retake_needs_the_rejection_first(world: &mut World) {
    let (one, first) = (world.reviewers[0].clone(), world.pending(1, None).await);
    world.review(&one, first, reject()).await.unwrap();
    assert!(matches!(world.capture(1).await, Err(StoreError::Refused(Refusal::AlreadySubmitted))));
    world.freeze_later().await;
    let second = world.pending(1, None).await;
    let seen = world.see(&one, second).await;
    assert_eq!((seen.summary.number, seen.history.len(), seen.history[0].status), (2, 1, Status::Rejected));
    world.review(&one, second, crate::domain::review::ReviewVerdict::Approve).await.unwrap();
    world.freeze_later().await;
    assert!(matches!(world.capture(1).await, Err(StoreError::Refused(Refusal::AlreadyDecided))));
    world.assert_counters().await;
}

pub async fn an_outcome_is_recorded_once(world: &mut World) {
    let id = world.capture(1).await.unwrap();
    let job = world.job(JobKind::Standardize).await.unwrap();
    for _ in 0..2 {
        world.store.save_outcome(&job, &outcome(id, None, false), world.now()).await.unwrap();
    }
    let seen = world.see(&world.admin, id).await;
    assert_eq!((seen.summary.status, seen.summary.version), (Status::Pending, 3));
    assert_eq!(seen.pictures, [PictureKind::Original, PictureKind::Preview, PictureKind::Thumb, PictureKind::Standard]);
    assert!(world.store.picture(&world.admin, id, PictureKind::Standard).await.is_ok());
    assert!(matches!(world.store.picture(&world.admin, id, PictureKind::Portrait).await, Err(StoreError::NotFound)));
    world.assert_counters().await;
}

pub async fn a_killed_process_loses_no_job(world: &mut World) {
    world.capture(1).await.unwrap();
    let first = world.job(JobKind::Standardize).await.unwrap();
    assert!(world.job(JobKind::Standardize).await.is_none());
    assert_eq!(world.store.requeue_taken(world.now()).await.unwrap(), 1);
    let again = world.job(JobKind::Standardize).await.unwrap();
    assert_eq!((again.id, again.tries), (first.id, 2));
    // Without a word from the worker it comes back by itself.
    world.clock.advance(601);
    assert_eq!(world.job(JobKind::Standardize).await.unwrap().tries, 3);
}

pub async fn a_notice_without_a_phone_becomes_a_call(world: &mut World) {
    let (one, id) = (world.reviewers[0].clone(), world.pending(2, None).await);
    world.review(&one, id, reject()).await.unwrap();
    world.freeze_later().await;
    let job = world.job(JobKind::Notify).await.unwrap();
    let work = world.store.notice_work(&job, world.now()).await.unwrap().unwrap();
    assert_eq!((work.phone, work.name.as_deref()), (None, Some("张三2")));
    let later = world.now() + std::time::Duration::from_secs(60);
    let again = SendingEnd::Again { code: "gateway_away".into(), at: later };
    world.store.record_sending(&job, "test", &again, world.now()).await.unwrap();
    assert!(world.job(JobKind::Notify).await.is_none());
    world.clock.advance(61);
    let job = world.job(JobKind::Notify).await.unwrap();
    world.store.record_sending(&job, "test", &SendingEnd::CallNeeded { code: "no_phone".into() }, world.now()).await.unwrap();
    assert_eq!(world.see(&one, id).await.notices[0].state, NoticeDelivery::CallNeeded);
    assert!(world.store.notice_work(&job, world.now()).await.unwrap().is_none());
    let calls = world.store.calls(&world.registrar, SEASON, Some("A"), world.now()).await.unwrap();
    assert_eq!(calls.iter().map(|line| line.name.as_deref()).collect::<Vec<_>>(), [Some("张三2")]);
    assert_eq!(world.store.audit(&world.admin, Some(SEASON), None, 1).await.unwrap().items[0].action, "calls.read");
    assert!(world.store.calls(&world.registrar, SEASON, Some("B"), world.now()).await.unwrap().is_empty());
}

pub async fn personal_data_leaves_masked(world: &mut World) {
    let id = world.pending(1, None).await;
    let told = serde_json::to_string(&world.see(&world.admin, id).await).unwrap();
    for personal in ["张三1", "990000199001010017", "13800000001"] {
        assert!(!told.contains(personal));
    }
    assert!(told.contains("张**") && told.contains("9900**********0017") && told.contains("138****0001"));
}
