//! Personal data: seen with a reason, compared with consent, purged in time, given out and erased.

use jiff::ToSpan as _;

use super::world::{SEASON, World, intention, number};
use crate::{
    api::{
        person::{ConsentKind, Erasure, ErasureReason, MaskedField, NewConsent, PersonAsked, Reveal, RevealReason},
        submission::PictureKind,
    },
    backend::store::{StoreError, consents::REVEALS_AN_HOUR, deliveries::WayFilter, types::JobKind},
    domain::{
        comparison::Band,
        lifecycle::{Refusal, attempt::Status, delivery::DeliveryEvent},
        retention::{FaceComparison, Retention, RetentionClass},
        season::SeasonRules,
    },
};
use uuid::Uuid;

fn reveal(fields: &[MaskedField]) -> Reveal {
    Reveal { fields: fields.to_vec(), reason: RevealReason::CheckIdentity }
}

fn consent(student: u32, given: bool) -> NewConsent {
    NewConsent { season: SEASON.into(), student: number(student), kind: ConsentKind::FaceComparison, given, version: "2027-1".into() }
}

fn erasure(student: u32) -> Erasure {
    Erasure { season: SEASON.into(), student: number(student), reason: ErasureReason::PersonAsked }
}

/// The register takes the photo.
async fn upload(world: &World, id: Uuid) {
    let filter = WayFilter { season: SEASON.into(), unit: None, state: None, cursor: None, limit: 50 };
    let ways = world.store.deliveries(&world.registrar, &filter).await.unwrap().items;
    let way = ways.into_iter().find(|way| way.submission == id).unwrap();
    for (version, event) in (way.version..).zip([DeliveryEvent::Export, DeliveryEvent::Upload]) {
        world.store.move_delivery(&world.registrar, way.id, event, &intention(version), world.now()).await.unwrap();
    }
}

/// Nights until nothing more is due.
async fn purge(world: &World) -> Vec<String> {
    while world.store.mark_due(world.now()).await.unwrap() > 0 {}
    let names = world.store.marked(1000).await.unwrap();
    world.store.purged(&names, world.now()).await.unwrap();
    assert!(world.store.marked(10).await.unwrap().is_empty());
    names
}

async fn pictures(world: &World, id: Uuid) -> Vec<PictureKind> {
    world.see(&world.registrar, id).await.pictures
}

pub async fn what_is_masked_is_shown_with_a_reason_that_is_written_down(world: &mut World) {
    let (one, of_a) = (world.reviewers[0].clone(), world.of_a.clone());
    let (id, theirs) = (world.pending(1, None).await, world.pending(4, None).await);
    let seen = world.store.reveal(&one, id, &reveal(&[MaskedField::Name, MaskedField::IdNumber]), world.now()).await.unwrap();
    assert_eq!((seen.name.as_deref(), seen.id_number.as_deref(), seen.phone), (Some("张三1"), Some("990000199001010017"), None));
    assert_eq!(seen.left, REVEALS_AN_HOUR - 1);
    assert!(matches!(world.store.reveal(&of_a, theirs, &reveal(&[MaskedField::Name]), world.now()).await, Err(StoreError::NotFound)));
    let line = world.store.audit(&world.registrar, Some(SEASON), None, 1).await.unwrap().items.remove(0);
    assert_eq!((line.action.as_str(), line.submission, line.actor.as_deref()), ("student.revealed", Some(id), Some("one")));
    assert_eq!((line.details["fields"].as_str(), line.details["reason"].as_str()), ("name,id_number", "check_identity"));
    assert!(!serde_json::to_string(&line).unwrap().contains("张三"));
}

pub async fn an_hour_allows_so_many_to_one_user(world: &mut World) {
    let (one, two, id) = (world.reviewers[0].clone(), world.reviewers[1].clone(), world.pending(1, None).await);
    let began = world.now();
    let phone = reveal(&[MaskedField::Phone]);
    for left in (0..REVEALS_AN_HOUR).rev() {
        assert_eq!(world.store.reveal(&one, id, &phone, world.now()).await.unwrap().left, left);
        world.clock.advance(1);
    }
    let error = world.store.reveal(&one, id, &phone, world.now()).await.err().unwrap();
    assert!(matches!(error, StoreError::RevealLimit { until } if until == began + 1.hour()), "{error}");
    assert!(world.store.reveal(&two, id, &phone, world.now()).await.is_ok());
    world.clock.advance(3600 - i64::from(REVEALS_AN_HOUR) + 1);
    assert!(world.store.reveal(&one, id, &phone, world.now()).await.is_ok(), "the first of them is an hour old");
}

pub async fn who_declines_is_compared_by_people(world: &mut World) {
    let cohort = async |world: &World| {
        let job = world.job(JobKind::Standardize).await.unwrap();
        let work = world.store.attempt_work(&job, world.now()).await.unwrap().unwrap();
        let outcome = super::world::outcome(work.attempt, None, false);
        world.store.save_outcome(&job, &outcome, world.now()).await.unwrap();
        work.cohort
    };
    let doubtful = world.pending(1, Some(Band::Doubtful)).await;
    world.store.record_consent(&world.registrar, &consent(1, false), world.now()).await.unwrap();
    let seen = world.see(&world.registrar, doubtful).await;
    assert_eq!((seen.comparison, seen.summary.band), (None, None), "what was compared is gone");
    world.assert_counters().await;
    for (rule, compares) in [
        (FaceComparison::UnlessDeclined, [true, true, false]),
        (FaceComparison::WithConsent, [false, true, false]),
        (FaceComparison::Never, [false, false, false]),
    ] {
        world.set_rules(SeasonRules { face_comparison: rule, ..SeasonRules::default() }).await;
        // Silent, agreed, changed their mind.
        for (student, answers, compares) in [(3u32, &[][..], compares[0]), (4, &[true], compares[1]), (5, &[true, false], compares[2])] {
            for given in answers {
                world.store.record_consent(&world.registrar, &consent(student, *given), world.now()).await.unwrap();
            }
            let id = world.capture(student).await.unwrap();
            assert_eq!(cohort(world).await.is_some(), compares, "{rule:?} {student}");
            // Their next photo belongs to the next rule.
            let one = world.reviewers[0].clone();
            world.review(&one, id, super::world::reject()).await.unwrap();
            world.freeze_later().await;
        }
    }
    world.assert_counters().await;
}

pub async fn pictures_go_when_their_time_is_over(world: &mut World) {
    let retention = Retention { id_card_days: 1, refused_days: 5, source_days: 10, result_days: 20, identity_days: 1000 };
    world.set_rules(SeasonRules { retention, ..SeasonRules::default() }).await;
    let (approved, waiting, one) = (world.approved(1).await, world.approved(2).await, world.reviewers[0].clone());
    let rejected = world.pending(3, None).await;
    world.review(&one, rejected, super::world::reject()).await.unwrap();
    world.freeze_later().await;
    let open = world.pending(4, None).await;
    upload(world, approved).await;
    assert_eq!(purge(world).await.len(), 0, "nothing is due on the first day");
    world.clock.advance(5 * 86_400);
    assert_eq!(purge(world).await.len(), 4, "what was rejected");
    assert_eq!(pictures(world, rejected).await, []);
    assert!(matches!(world.store.picture(&one, rejected, PictureKind::Original).await, Err(StoreError::NotFound)));
    world.clock.advance(5 * 86_400);
    assert_eq!(purge(world).await.len(), 3);
    assert_eq!(pictures(world, approved).await, [PictureKind::Standard]);
    world.clock.advance(10 * 86_400);
    assert_eq!(purge(world).await.len(), 1);
    assert_eq!(pictures(world, approved).await, []);
    // What the register has not taken, and what is not decided, stays.
    assert_eq!((pictures(world, waiting).await.len(), pictures(world, open).await.len()), (4, 4));
    upload(world, waiting).await;
    assert_eq!(purge(world).await.len(), 4);
    let report = world.store.retention(&world.registrar, SEASON, world.now()).await.unwrap();
    let class = |class| report.classes.iter().find(|known| known.class == class).unwrap();
    assert_eq!((class(RetentionClass::Refused).purged, class(RetentionClass::Refused).kept), (4, 0));
    assert_eq!((class(RetentionClass::Source).purged, class(RetentionClass::Result).purged), (6, 2));
    assert_eq!((class(RetentionClass::Identity).kept, class(RetentionClass::Identity).due), (6, 0));
    let lines = world.store.audit(&world.registrar, Some(SEASON), None, 100).await.unwrap().items;
    let purges: Vec<_> = lines.iter().filter(|line| line.action == "retention.purged").map(|line| line.details["class"].as_str()).collect();
    assert_eq!(purges, ["result", "source", "result", "source", "refused"]);
    assert_eq!(world.store.count_faces(world.now()).await.unwrap().people, 1, "the one that is not decided");
    world.assert_counters().await;
}

pub async fn identities_go_when_the_season_is_long_over(world: &mut World) {
    let rules = SeasonRules { retention: Retention { identity_days: 100, ..Retention::default() }, ..SeasonRules::default() };
    let closes_at = Some(world.now() + 1.hour());
    let season = crate::api::roster::Season { code: SEASON.into(), name: "夏季".into(), kind: Default::default(), rules, closes_at };
    let open = world.pending(1, None).await;
    world.store.put_season(&world.registrar, &season, world.now()).await.unwrap();
    world.clock.advance(99 * 86_400);
    purge(world).await;
    assert!(world.store.find_student(&world.registrar, SEASON, &number(2)).await.is_ok());
    world.clock.advance(2 * 86_400);
    purge(world).await;
    for index in 2..=6 {
        assert!(world.store.find_student(&world.registrar, SEASON, &number(index)).await.is_err(), "{index}");
    }
    assert_eq!(world.see(&world.registrar, open).await.summary.student.name.as_deref(), Some("张**"), "a photo under way is left");
    let report = world.store.retention(&world.registrar, SEASON, world.now()).await.unwrap();
    let identity = report.classes.iter().find(|class| class.class == RetentionClass::Identity).unwrap();
    assert_eq!((identity.kept, identity.due, identity.purged), (1, 1, 5));
    let lines = world.store.audit(&world.registrar, Some(SEASON), None, 100).await.unwrap().items;
    let erased: std::collections::HashSet<_> =
        lines.iter().filter(|line| line.action == "retention.erased").map(|line| &line.details["student"]).collect();
    assert_eq!(erased.len(), 5, "a line each");
    world.assert_counters().await;
}

pub async fn a_person_is_erased_and_the_counts_stay_true(world: &mut World) {
    let registrar = world.registrar.clone();
    let (id, one) = (world.pending(1, Some(Band::Same)).await, world.reviewers[2].clone());
    let erase = async |world: &World| world.store.erase_person(&registrar, &erasure(1), world.now()).await;
    assert!(matches!(erase(world).await, Err(StoreError::Refused(Refusal::AlreadySubmitted))));
    world.review(&one, id, crate::domain::review::ReviewVerdict::Approve).await.unwrap();
    assert!(matches!(erase(world).await, Err(StoreError::Refused(Refusal::AlreadySubmitted))));
    world.freeze_later().await;
    assert!(matches!(erase(world).await, Err(StoreError::Refused(Refusal::OnItsWay))), "the register has not got it yet");
    upload(world, id).await;
    let erased = erase(world).await.unwrap();
    assert_eq!((erased.attempts, erased.pictures), (1, 4));
    assert!(matches!(erase(world).await, Err(StoreError::StudentUnknown)));
    let seen = world.see(&registrar, id).await;
    assert_eq!((seen.summary.status, &seen.pictures[..]), (Status::Approved, &[][..]));
    assert_eq!((seen.summary.student.name, seen.report.is_none(), seen.comparison), (None, true, None));
    assert_eq!(purge(world).await.len(), 4);
    world.assert_counters().await;
    // The same roster again is another student: nothing leads back.
    let again = super::world::student(1, "A");
    assert!(world.take(&[again]).await.unwrap().taken);
    let export = PersonAsked { season: SEASON.into(), student: number(1) };
    let (record, files) = world.store.export_person(&registrar, &export, world.now()).await.unwrap();
    assert_eq!((record.attempts.len(), files.len(), record.enrolment.as_str()), (0, 0, "invited"));
    world.assert_counters().await;
}

pub async fn a_person_gets_everything_that_is_kept_of_them(world: &mut World) {
    let (registrar, of_a) = (world.registrar.clone(), world.of_a.clone());
    world.store.record_consent(&registrar, &consent(1, true), world.now()).await.unwrap();
    let id = world.approved(1).await;
    let asked = PersonAsked { season: SEASON.into(), student: "990000199001010017".into() };
    let (record, files) = world.store.export_person(&registrar, &asked, world.now()).await.unwrap();
    assert_eq!((record.name.as_deref(), record.phone.as_deref()), (Some("张三1"), Some("13800000001")));
    assert_eq!((record.consents.len(), record.attempts.len(), files.len()), (1, 1, 4));
    assert_eq!((record.attempts[0].status, record.attempts[0].pictures.len()), (Status::Approved, 4));
    assert!(record.events.iter().any(|event| event.action == "decision.frozen"));
    // Colleagues are persons too: nobody's name or id is in it.
    let text = serde_json::to_string(&record).unwrap();
    for person in [&registrar, &world.reviewers[2]] {
        assert!(!text.contains(&person.user.to_string()) && !text.contains(&person.user.simple().to_string()));
    }
    let line = world.store.audit(&registrar, Some(SEASON), None, 1).await.unwrap().items.remove(0);
    assert_eq!((line.action.as_str(), line.submission), ("person.exported", None));
    let theirs = PersonAsked { season: SEASON.into(), student: number(4) };
    assert!(matches!(world.store.export_person(&of_a, &theirs, world.now()).await, Err(StoreError::StudentUnknown)));
    // A verdict that is still held is nobody's to know.
    let held = world.pending(2, None).await;
    let one = world.reviewers[0].clone();
    world.review(&one, held, super::world::reject()).await.unwrap();
    let (record, _) = world.store.export_person(&registrar, &PersonAsked { student: number(2), ..asked }, world.now()).await.unwrap();
    assert_eq!((record.attempts[0].status, record.attempts[0].decision, record.events.len()), (Status::Pending, None, 0));
    assert!(world.see(&registrar, id).await.summary.version > 0);
}
