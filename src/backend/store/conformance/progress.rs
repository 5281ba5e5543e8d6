//! Progress beyond the attempts: parts in the season that end and open again, last days, the course of the days, seasons of capture codes.

use std::time::Duration;

use super::world::{SEASON, World, blob, outcome, reject, student};
use crate::{
    api::{columns::ColumnMapping, progress::UnitProgress, reviewing::UnitDeadline, roster::Season, submission::PictureKind},
    backend::{
        roster::Standing,
        store::{
            StoreError,
            reconcile::{AT_A_CHORE, night_of},
            types::{JobKind, NewAttempt, NewStudent},
        },
    },
    domain::{access::Principal, lifecycle::Refusal, review::ReviewVerdict, season::SeasonKind},
};

fn standing(index: u32, standing: Standing) -> NewStudent {
    NewStudent { standing: Some(standing), ..student(index, "A") }
}

async fn unit_a(world: &World) -> UnitProgress {
    let progress = world.store.progress(&world.admin, SEASON).await.unwrap().derived(world.now());
    progress.units.into_iter().find(|unit| unit.unit.as_deref() == Some("A")).unwrap()
}

async fn approved(world: &mut World, index: u32) {
    let (one, id) = (world.reviewers[0].clone(), world.pending(index, None).await);
    world.review(&one, id, ReviewVerdict::Approve).await.unwrap();
    world.freeze_later().await;
}

pub async fn a_roster_ends_parts_in_a_season_and_opens_them_again(world: &mut World) {
    world.pending(2, None).await;
    let taken = world.take(&[standing(1, Standing::Withdrawn), standing(2, Standing::Ineligible)]).await.unwrap();
    assert_eq!((taken.taken, taken.updated), (true, 2));
    let unit = unit_a(world).await;
    assert_eq!((unit.students, unit.invited, unit.enrolments.withdrawn, unit.enrolments.ineligible), (3, 1, 1, 1));
    assert!(matches!(world.capture(1).await, Err(StoreError::Refused(Refusal::Withdrawn))));
    let again = world.take(&[standing(1, Standing::Withdrawn)]).await.unwrap();
    assert_eq!((again.updated, again.unchanged), (0, 1), "once is enough");
    // Named again without a word, both are back; who had handed in a photo is known.
    world.take(&[student(1, "A"), student(2, "A")]).await.unwrap();
    let unit = unit_a(world).await;
    assert_eq!((unit.invited, unit.enrolments.invited, unit.enrolments.verified), (3, 2, 1));
    world.capture(1).await.unwrap();
    world.assert_counters().await;
}

pub async fn who_has_an_approved_photo_does_not_withdraw_by_roster(world: &mut World) {
    approved(world, 1).await;
    let refused = world.take(&[standing(1, Standing::Withdrawn), standing(2, Standing::Withdrawn)]).await.unwrap();
    assert_eq!((refused.taken, refused.errors.len(), refused.errors[0].code.as_str()), (false, 1, "standing_impossible"));
    assert_eq!(unit_a(world).await.enrolments.withdrawn, 0, "nothing was half taken");
    assert!(world.take(&[standing(1, Standing::Ineligible)]).await.unwrap().taken);
    world.take(&[standing(1, Standing::Active)]).await.unwrap();
    assert_eq!(unit_a(world).await.enrolments.done, 1, "the photo is still approved");
    world.assert_counters().await;
}

pub async fn a_new_student_may_come_without_taking_part(world: &mut World) {
    let new = NewStudent { unit_code: "C".into(), ..standing(9, Standing::Ineligible) };
    assert_eq!(world.take(&[new]).await.unwrap().new, 1);
    let whole = world.store.progress(&world.admin, SEASON).await.unwrap().derived(world.now()).whole;
    assert_eq!((whole.students, whole.invited), (7, 6));
    world.assert_counters().await;
}

pub async fn overdue_counts_from_the_last_day_of_the_unit_or_the_season(world: &mut World) {
    approved(world, 1).await;
    assert_eq!(unit_a(world).await.overdue, 0, "a season without a last day has nobody overdue");
    let season = world.store.seasons(&world.admin).await.unwrap().remove(0);
    let closing = Season { closes_at: Some(world.now() + Duration::from_secs(10)), ..season };
    world.store.put_season(&world.registrar, &closing, world.now()).await.unwrap();
    assert_eq!(unit_a(world).await.overdue, 0);
    world.clock.advance(10);
    assert_eq!(unit_a(world).await.overdue, 2);
    let later = world.now() + Duration::from_secs(60);
    let deadline = UnitDeadline { closes_at: Some(later) };
    world.store.put_deadline(&world.registrar, SEASON, "A", &deadline, world.now()).await.unwrap();
    let progress = world.store.progress(&world.admin, SEASON).await.unwrap().derived(world.now());
    assert_eq!(progress.units.iter().map(|unit| unit.overdue).collect::<Vec<_>>(), [0, 3]);
    assert_eq!((progress.whole.overdue, progress.units[0].closes_at), (3, Some(later)));
}

pub async fn first_attempts_are_told_from_retakes(world: &mut World) {
    approved(world, 1).await;
    let (one, id) = (world.reviewers[0].clone(), world.pending(2, None).await);
    world.review(&one, id, reject()).await.unwrap();
    world.freeze_later().await;
    approved(world, 2).await;
    let unit = unit_a(world).await;
    assert_eq!((unit.approved, unit.rejected, unit.first_attempts.approved, unit.first_attempts.rejected), (2, 1, 1, 1));
    assert_eq!((unit.rates.first_pass, unit.rates.pass), (Some(0.5), Some(2.0 / 3.0)));
    world.assert_counters().await;
}

pub async fn the_days_tell_the_course_and_stay_where_things_happened(world: &mut World) {
    // The world begins at eight in the morning UTC, four in the afternoon in China.
    approved(world, 1).await;
    world.clock.advance(8 * 3600);
    let id = world.pending(4, None).await;
    let days = world.store.days(&world.admin, SEASON, None).await.unwrap();
    let told: Vec<(String, i64, i64)> = days.iter().map(|day| (day.day.to_string(), day.captured, day.decided)).collect();
    assert_eq!(told, [("2027-05-01".into(), 1, 1), ("2027-05-02".into(), 1, 0)]);
    // Moving takes the counts along, not the days.
    world.take(&[student(4, "A")]).await.unwrap();
    world.review(&world.reviewers[0].clone(), id, reject()).await.unwrap();
    world.freeze_later().await;
    let store = &world.store;
    let last = async |unit| {
        let days = store.days(&world.admin, SEASON, Some(unit)).await.unwrap();
        days.last().map(|day| (day.captured, day.decided))
    };
    assert_eq!((last("A").await, last("B").await), (Some((0, 1)), Some((1, 0))));
    assert_eq!(store.days(&world.of_a, SEASON, None).await.unwrap().len(), 2);
    assert!(matches!(store.days(&world.of_a, SEASON, Some("B")).await, Err(StoreError::NotFound)));
}

pub async fn a_season_of_capture_codes_knows_students_by_key_and_shows_masks(world: &mut World) {
    const CODES: &str = "2027-codes";
    let (kind, rules) = (SeasonKind::CaptureCode, Default::default());
    let season = Season { code: CODES.into(), name: "码".into(), kind, rules, closes_at: None };
    world.store.put_season(&world.registrar, &season, world.now()).await.unwrap();
    let coded = |key: &str, row: u32| NewStudent {
        row,
        student_number: None,
        student_key: Some(key.into()),
        name: Some("张*".into()),
        id_number: None,
        masked_id_number: Some("9900**********0017".into()),
        ..student(1, "A")
    };
    // Two people may have the same mask; the key tells them apart.
    let rows = [coded("K001", 2), coded("K002", 3)];
    let take = async |rows: &[NewStudent]| world.store.take_roster(&world.registrar, CODES, rows, false, world.now()).await.unwrap();
    assert_eq!((take(&rows).await.new, take(&rows).await.unchanged), (2, 2));
    assert_eq!(take(&[NewStudent { unit_code: "B".into(), ..coded("K002", 2) }]).await.updated, 1);
    let found = world.store.find_student(&world.registrar, CODES, "K002").await.unwrap();
    assert_eq!(found.unit, "B");
    let id = uuid::Uuid::now_v7();
    let attempt = NewAttempt {
        id,
        season: CODES.into(),
        student: found.id,
        photo_hash: world.store.photo_hash(found.id, b"photo"),
        blobs: vec![blob(id, PictureKind::Original)],
    };
    world.store.add_submission(&world.registrar, &attempt, world.now()).await.unwrap();
    let shown = world.see(&world.admin, id).await.summary.student;
    assert_eq!((shown.name.as_deref(), shown.id_number.as_deref()), (Some("张*"), Some("9900**********0017")));
    // What is masked is nothing to compare a card with.
    let job = world.job(JobKind::Standardize).await.unwrap();
    let record = world.store.attempt_work(&job, world.now()).await.unwrap().unwrap().record;
    assert_eq!((record.name, record.number), (None, None));
}

pub async fn mappings_are_remembered_by_school_and_headings(world: &mut World) {
    let set = |digit: char| digit.to_string().repeat(64);
    let mapping = |pair: &str| ColumnMapping::from_pairs([pair]).unwrap();
    assert!(world.store.column_mappings(&world.registrar).await.unwrap().is_empty());
    for (set, pair) in [(set('1'), "phone=a"), (set('2'), "phone=b"), (set('1'), "phone=c")] {
        world.store.remember_columns(&world.registrar, &set, &mapping(pair), world.now()).await.unwrap();
    }
    let known = world.store.column_mappings(&world.registrar).await.unwrap();
    assert_eq!((known.len(), &known[&set('1')], &known[&set('2')]), (2, &mapping("phone=c"), &mapping("phone=b")));
    let stranger = Principal { school: "elsewhere".into(), ..world.registrar.clone() };
    assert!(world.store.column_mappings(&stranger).await.unwrap().is_empty());
    world.store.remember_columns(&world.registrar, &set('1'), &ColumnMapping::default(), world.now()).await.unwrap();
    assert_eq!(world.store.column_mappings(&world.registrar).await.unwrap().len(), 1);
}

pub async fn one_of_many_does_a_nightly_chore(world: &mut World) {
    let night = night_of(world.now());
    let now = world.now();
    let asked = futures_util::future::join_all((0..8).map(|_| world.store.is_ours_tonight("reconcile", night, now))).await;
    assert_eq!(asked.into_iter().filter(|answer| *answer.as_ref().unwrap()).count(), 1);
    assert!(world.store.is_ours_tonight("another", night, now).await.unwrap());
    assert!(!world.store.is_ours_tonight("reconcile", night - 1, now).await.unwrap(), "a clock behind the others does nothing twice");
    // Whoever had it has died: the night is not lost.
    let later = now + AT_A_CHORE;
    let asked = futures_util::future::join_all((0..8).map(|_| world.store.is_ours_tonight("reconcile", night, later))).await;
    assert_eq!(asked.into_iter().filter(|answer| *answer.as_ref().unwrap()).count(), 1);
    world.store.done_tonight("reconcile", night).await.unwrap();
    assert!(!world.store.is_ours_tonight("reconcile", night, later + AT_A_CHORE).await.unwrap(), "done is done");
    world.store.done_tonight("reconcile", night - 1).await.unwrap();
    assert!(!world.store.is_ours_tonight("reconcile", night, later + AT_A_CHORE).await.unwrap());
    assert!(world.store.is_ours_tonight("reconcile", night + 1, now).await.unwrap());
}

pub async fn reconciling_while_people_work_finds_nothing_wrong(world: &mut World) {
    for index in 1..=6 {
        world.capture(index).await.unwrap();
    }
    let (store, registrar, now) = (&world.store, &world.registrar, world.now());
    let moving = |index: u32| async move {
        for round in 0..12 {
            let row = student(index, ["A", "B", "C"][round % 3]);
            assert!(store.take_roster(registrar, SEASON, &[row], false, now).await.unwrap().taken);
        }
    };
    let working = async {
        while let Some(job) = store.next_job(JobKind::Standardize, now, now + Duration::from_secs(600)).await.unwrap() {
            let work = store.attempt_work(&job, world.now()).await.unwrap().unwrap();
            store.save_outcome(&job, &outcome(work.attempt, None, false), now).await.unwrap();
        }
    };
    let reconciling = async {
        for _ in 0..12 {
            assert_eq!(store.reconcile(now).await.unwrap(), []);
        }
    };
    futures_util::join!(moving(1), moving(2), moving(3), working, reconciling);
    world.assert_counters().await;
}
