//! What may come before a decision and what follows it, over HTTP: batches, reopening by two, corrections, withdrawals, deliveries and prints.

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;
use zhaoshen::{
    api::{
        batch::{BatchedReview, ItemResult},
        correction::{NewCorrection, Resumption},
        delivery::{NewDeliveryEvent, NewPrintEvent},
        problem::Problem,
        reopening::NewReopening,
        submission::NoticeDelivery,
    },
    client::{
        Http,
        http::{Intention, Token},
    },
    domain::{
        lifecycle::{
            attempt::Status,
            correction::CorrectedField,
            delivery::{DeliveryEvent, DeliveryState, PrintEvent, PrintState},
            reopening::{ReopeningReason, ReopeningState},
        },
        reason::Reason,
        review::ReviewVerdict,
    },
};

use crate::api::house::{House, SEASON, photo};

fn as_person(house: &House, name: &str) -> Http {
    Http::new(&house.address(), Some(Token::new(house.token(name)))).unwrap()
}

fn intention(version: i64) -> Intention {
    Intention { version, key: Uuid::now_v7(), lease: None }
}

fn code(answer: Result<impl Sized, Problem>) -> String {
    answer.err().map(|problem| problem.code).unwrap_or_default()
}

async fn approved(house: &House, student: u32, picture: &str) -> Uuid {
    let id = house.submit(student, &photo(picture)).await;
    house.work().await;
    let one = house.token("one");
    let (seen, version) = house.see(&one, id).await;
    assert_eq!(house.review(&one, &seen, version, &json!({"verdict": "approve"})).await.status(), StatusCode::OK);
    house.clock.advance(601);
    house.work().await;
    id
}

#[tokio::test]
async fn an_approval_is_reopened_by_two_and_goes_its_way_again() {
    let house = House::open().await;
    let id = approved(&house, 1, "same").await;
    assert_eq!(house.carried(), 1);
    let (registrar, admin, reviewer) = (as_person(&house, "registrar"), as_person(&house, "admin"), as_person(&house, "one"));
    let version = registrar.submission(id).await.unwrap().summary.version;
    let new = NewReopening { reason: ReopeningReason::WrongPerson };
    assert_eq!(code(reviewer.ask_reopening(id, new, intention(version)).await), "forbidden");
    assert_eq!(code(registrar.ask_reopening(id, new, intention(version - 1)).await), "stale_version");
    let asked = registrar.ask_reopening(id, new, intention(version)).await.unwrap();
    assert_eq!((asked.state, asked.reason), (ReopeningState::Asked, ReopeningReason::WrongPerson));
    assert_eq!(code(registrar.confirm_reopening(id, asked.id, intention(version)).await), "own_reopening");
    assert_eq!(code(admin.ask_reopening(id, new, intention(version)).await), "reopening_open");
    let open = admin.reopenings(SEASON, None).await.unwrap();
    assert_eq!(open.items.iter().map(|item| item.id).collect::<Vec<_>>(), [asked.id]);
    assert_eq!(as_person(&house, "of-a").reopenings(SEASON, None).await.unwrap().items.len(), 1);
    let key = intention(version);
    let confirmed = admin.confirm_reopening(id, asked.id, key).await.unwrap();
    assert_eq!((confirmed.status, confirmed.version), (Status::Pending, version + 1));
    assert_eq!(admin.confirm_reopening(id, asked.id, key).await.unwrap(), confirmed);
    assert_eq!(code(admin.confirm_reopening(id, asked.id, intention(version + 1)).await), "reopening_ended");
    // The approval had been told: the student hears that it does not stand.
    house.work().await;
    assert_eq!(house.carried(), 2);
    assert_eq!(admin.progress(SEASON).await.unwrap().whole.done_students, 0);
    assert!(admin.deliveries(SEASON, None, None, None).await.unwrap().items.is_empty());
    let (seen, tag) = house.see(&house.token("one"), id).await;
    assert!(seen.notices.iter().all(|notice| notice.state == NoticeDelivery::Delivered));
    assert_eq!(house.review(&house.token("one"), &seen, tag, &json!({"verdict": "reject", "reasons": ["blur"]})).await.status(), 200);
    let audit = registrar.audit(SEASON, None).await.unwrap();
    let actions: Vec<&str> = audit.items.iter().take(3).map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["decision.held", "reopening.confirmed", "reopening.asked"]);
    house.close().await;
}

#[tokio::test]
async fn a_question_is_dropped_or_expires() {
    let house = House::open().await;
    let id = approved(&house, 1, "same").await;
    let (registrar, admin) = (as_person(&house, "registrar"), as_person(&house, "admin"));
    let mut season = registrar.seasons().await.unwrap().remove(0);
    season.rules.reopening_seconds = 3600;
    registrar.put_season(&season).await.unwrap();
    let version = registrar.submission(id).await.unwrap().summary.version;
    let new = NewReopening { reason: ReopeningReason::Complaint };
    let first = registrar.ask_reopening(id, new, intention(version)).await.unwrap();
    admin.drop_reopening(id, first.id).await.unwrap();
    assert_eq!(code(admin.confirm_reopening(id, first.id, intention(version)).await), "reopening_ended");
    let second = registrar.ask_reopening(id, new, intention(version)).await.unwrap();
    house.clock.advance(3600);
    assert_eq!(code(admin.confirm_reopening(id, second.id, intention(version)).await), "reopening_late");
    assert_eq!(registrar.submission(id).await.unwrap().summary.status, Status::Approved);
    house.close().await;
}

#[tokio::test]
async fn a_correction_stops_reviews_until_it_is_resumed_or_the_photo_withdrawn() {
    let house = House::open().await;
    let id = house.submit(1, &photo("same")).await;
    house.work().await;
    let (registrar, reviewer) = (as_person(&house, "registrar"), house.token("one"));
    let (seen, tag) = house.see(&reviewer, id).await;
    let wanted = NewCorrection { name: Some("李四".into()), ..NewCorrection::default() };
    assert_eq!(code(registrar.request_correction(id, &NewCorrection::default(), intention(1)).await), "bad_request");
    let key = intention(seen.summary.version);
    let asked = registrar.request_correction(id, &wanted, key).await.unwrap();
    assert_eq!(asked.status, Status::CorrectionRequested);
    assert_eq!(registrar.request_correction(id, &wanted, key).await.unwrap(), asked);
    // The key's other body is told, though the server keeps nothing of what was wanted in the clear.
    let other = NewCorrection { name: Some("王五".into()), ..NewCorrection::default() };
    assert_eq!(code(registrar.request_correction(id, &other, key).await), "key_reused");
    let late = house.review(&reviewer, &seen, tag, &json!({"verdict": "approve"})).await;
    assert_eq!(late.status(), StatusCode::PRECONDITION_FAILED);
    let claim = json!({"season": SEASON, "status": "pending", "count": 5});
    let claimed: Value = house.post(&reviewer, "/v1/claims", &claim).await.json().await.unwrap();
    assert_eq!(claimed["items"].as_array().unwrap().len(), 0);
    let open = registrar.corrections(SEASON, None).await.unwrap();
    assert_eq!((open.items[0].fields.as_slice(), open.items[0].name.as_deref()), ([CorrectedField::Name].as_slice(), Some("李*")));
    let resumed = registrar.resume(id, Resumption { accept: true }, intention(asked.version)).await.unwrap();
    assert_eq!(resumed.status, Status::Pending);
    assert_eq!(registrar.submission(id).await.unwrap().summary.student.name.as_deref(), Some("李*"));
    let gone = registrar.withdraw(id, intention(resumed.version)).await.unwrap();
    assert_eq!(gone.status, Status::Withdrawn);
    house.submit(1, &photo("doubtful")).await;
    house.close().await;
}

#[tokio::test]
async fn a_batch_answers_each_item_for_itself() {
    let house = House::open().await;
    let (one, reviewer) = (house.token("one"), as_person(&house, "one"));
    let mut items = vec![];
    for student in 1..=5 {
        let id = house.submit(student, &photo("none")).await;
        house.work().await;
        let (seen, _) = house.see(&one, id).await;
        let verdict = if student % 2 == 0 {
            ReviewVerdict::Approve
        } else {
            ReviewVerdict::Reject { reasons: vec![Reason::Blur].try_into().unwrap() }
        };
        items.push(BatchedReview {
            submission: id,
            version: seen.summary.version,
            key: Uuid::now_v7(),
            verdict,
            rendition: seen.rendition,
        });
    }
    // One was decided alone before, under the same key, and its answer got lost.
    let alone = house
        .request("POST", Some(&one), &format!("/v1/submissions/{}/reviews", items[0].submission))
        .header("if-match", format!("\"{}\"", items[0].version))
        .header("idempotency-key", items[0].key.to_string())
        .json(&json!({"verdict": "reject", "reasons": ["blur"], "rendition": items[0].rendition}))
        .send()
        .await
        .unwrap();
    assert_eq!(alone.status(), StatusCode::OK);
    items[1].version = 99;
    items[2].rendition = None;
    let results = reviewer.review_each(items.clone()).await.unwrap().items;
    assert!(matches!(&results[0], ItemResult::Again { outcome } if outcome.submission == items[0].submission), "{:?}", results[0]);
    assert!(matches!(&results[1], ItemResult::Stale { problem } if problem.code == "stale_version"));
    assert!(matches!(&results[2], ItemResult::Refused { problem } if problem.code == "bad_request"));
    assert!(matches!(&results[3..], [ItemResult::Done { .. }, ItemResult::Done { .. }]));
    // The whole again: what was done is told again, what was refused is judged anew.
    let again = reviewer.review_each(items.clone()).await.unwrap().items;
    assert!(matches!(&again[3..], [ItemResult::Again { .. }, ItemResult::Again { .. }]));
    // An item that makes no sense is one item's trouble.
    let broken = json!({"items": [{"verdict": "reject", "reasons": []}, items[1]]});
    let told: Value = house.post(&one, "/v1/decisions", &broken).await.json().await.unwrap();
    assert_eq!((&told["items"][0]["result"], &told["items"][1]["result"]), (&json!("refused"), &json!("stale")));
    let too_many = json!({"items": vec![items[0].clone(); 101]});
    assert_eq!(house.post(&one, "/v1/decisions", &too_many).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(house.post(&house.token("registrar"), "/v1/decisions", &json!({"items": []})).await.status(), StatusCode::FORBIDDEN);
    house.close().await;
}

#[tokio::test]
async fn an_approved_photo_is_delivered_returned_and_taken_anew() {
    let house = House::open().await;
    let (first, second) = (approved(&house, 1, "same").await, approved(&house, 4, "same").await);
    let registrar = as_person(&house, "registrar");
    let page = registrar.deliveries(SEASON, None, Some(DeliveryState::Ready), None).await.unwrap().items;
    assert_eq!(page.iter().map(|item| item.submission).collect::<Vec<_>>(), [first, second]);
    assert_eq!(as_person(&house, "of-a").deliveries(SEASON, None, None, None).await.unwrap().items.len(), 1);
    let step = |id, version, event| NewDeliveryEvent { id, version, key: Uuid::now_v7(), event };
    let (one, other) = (page[0].id, page[1].id);
    let items = vec![step(one, 1, DeliveryEvent::Export), step(other, 1, DeliveryEvent::Accept), step(one, 1, DeliveryEvent::Upload)];
    let results = registrar.move_deliveries(items).await.unwrap().items;
    assert!(matches!(&results[0], ItemResult::Done { outcome } if outcome.state == DeliveryState::Exported));
    assert!(matches!(&results[1], ItemResult::Refused { problem } if problem.code == "not_possible"));
    assert!(matches!(&results[2], ItemResult::Stale { problem } if problem.code == "stale_way"));
    // Exported is out of the house: nobody reopens it.
    let version = registrar.submission(first).await.unwrap().summary.version;
    let new = NewReopening { reason: ReopeningReason::SpotCheck };
    assert_eq!(code(registrar.ask_reopening(first, new, intention(version)).await), "on_its_way");
    for (version, event) in [(2, DeliveryEvent::Upload), (3, DeliveryEvent::Return), (4, DeliveryEvent::AskRetake)] {
        let results = registrar.move_deliveries(vec![step(one, version, event)]).await.unwrap().items;
        assert!(matches!(results[0], ItemResult::Done { .. }), "{results:?}");
    }
    house.work().await;
    assert_eq!(house.carried(), 3, "two approvals and a return were told");
    house.submit(1, &photo("doubtful")).await;

    let prints = registrar.prints(SEASON, Some("A"), None, None).await.unwrap().items;
    assert_eq!(prints.len(), 1);
    let print = |version, event| NewPrintEvent { id: prints[0].id, version, key: Uuid::now_v7(), event };
    let items = vec![print(1, PrintEvent::Print), print(2, PrintEvent::Pack), print(3, PrintEvent::Mail), print(4, PrintEvent::Miss)];
    let results = registrar.move_prints(items).await.unwrap().items;
    assert!(matches!(&results[3], ItemResult::Done { outcome } if outcome.state == PrintState::Missing), "{results:?}");
    assert_eq!(code(as_person(&house, "one").move_prints(vec![]).await), "forbidden");
    house.close().await;
}
