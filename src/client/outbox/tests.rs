//! The outbox on a real disk: what is kept, in which order, and what a crash leaves.

use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::*;
use crate::domain::{adjustment::Adjustments, lifecycle::attempt::Status, review::ReviewVerdict};

const SERVER: &str = "http://127.0.0.1:8080";

fn entry() -> Entry {
    let review = NewReview { verdict: ReviewVerdict::Approve, rendition: Some(Uuid::from_u128(9)) };
    Entry { submission: Uuid::from_u128(1), version: 3, key: Uuid::now_v7(), lease: None, bundle: None, act: Act::Review(review) }
}

fn open(folder: &Path) -> Outbox {
    Outbox::open(folder, SERVER, Uuid::nil()).unwrap()
}

#[test]
fn a_decision_survives_and_an_answered_one_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (entry(), entry());
    let mut outbox = open(folder.path());
    outbox.add(first.clone()).unwrap();
    outbox.add(second.clone()).unwrap();
    outbox.done(first.key, None).unwrap();
    drop(outbox);
    assert_eq!(open(folder.path()).unsent(), [second]);
}

#[test]
fn a_rework_survives_like_a_decision_and_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let new = NewRendition { adjustments: Adjustments { scale: -20, ..Adjustments::default() }, sha256: "00".repeat(32) };
    let rework = Entry { act: Act::Rework(new), ..entry() };
    let approval = entry();
    let mut outbox = open(folder.path());
    outbox.add(rework.clone()).unwrap();
    outbox.add(approval.clone()).unwrap();
    drop(outbox);
    assert_eq!(open(folder.path()).unsent(), [rework, approval]);
}

#[test]
fn a_torn_last_line_costs_nothing_but_itself() {
    let folder = tempfile::tempdir().unwrap();
    let kept = entry();
    let mut outbox = open(folder.path());
    outbox.add(kept.clone()).unwrap();
    outbox.file.write_all(br#"{"line":"add","entry":{"subm"#).unwrap();
    drop(outbox);
    let mut outbox = open(folder.path());
    assert_eq!(outbox.unsent(), std::slice::from_ref(&kept));
    // What comes after the tear is a line of its own.
    let later = entry();
    outbox.add(later.clone()).unwrap();
    drop(outbox);
    assert_eq!(open(folder.path()).unsent(), [kept, later]);
}

#[test]
fn a_refusal_waits_for_its_reviewer() {
    let folder = tempfile::tempdir().unwrap();
    let refused = entry();
    let mut outbox = open(folder.path());
    outbox.add(refused.clone()).unwrap();
    outbox.refused(refused.key, Problem::new(412, code::STALE_VERSION, "stale")).unwrap();
    drop(outbox);
    let mut outbox = open(folder.path());
    assert!(outbox.unsent().is_empty());
    assert_eq!(outbox.conflicts()[0].entry, refused);
    outbox.seen(refused.key).unwrap();
    drop(outbox);
    assert!(open(folder.path()).conflicts().is_empty());
}

#[test]
fn what_is_taken_back_before_its_answer_waits_for_it_and_outlives_a_crash() {
    for (answer, left) in [(Some(4), Some(4)), (None, None)] {
        let folder = tempfile::tempdir().unwrap();
        let (decided, other) = (entry(), Entry { submission: Uuid::from_u128(2), ..entry() });
        let undoing = Entry { key: Uuid::now_v7(), act: Act::Undo, ..decided.clone() };
        let mut outbox = open(folder.path());
        for entry in [&decided, &other, &undoing] {
            outbox.add(entry.clone()).unwrap();
        }
        drop(outbox);
        let mut outbox = open(folder.path());
        assert_eq!(outbox.unsent(), [decided.clone(), other.clone(), undoing.clone()]);
        // Another's answer says nothing of it; its own decision's does.
        outbox.done(other.key, Some(9)).unwrap();
        assert_eq!(outbox.waiting(undoing.key), Some(&undoing));
        outbox.done(decided.key, answer).unwrap();
        drop(outbox);
        let outbox = open(folder.path());
        assert_eq!(outbox.unsent().iter().map(|entry| entry.version).collect::<Vec<_>>(), Vec::from_iter(left));
        assert!(outbox.unsent().iter().all(|entry| entry.key == undoing.key));
    }
}

#[test]
fn an_undoing_that_crosses_the_answer_speaks_of_what_the_answer_made() {
    let folder = tempfile::tempdir().unwrap();
    for (answer, left) in [(Some(4), Some(4)), (None, None)] {
        let decided = entry();
        let mut outbox = open(folder.path());
        outbox.add(decided.clone()).unwrap();
        outbox.done(decided.key, answer).unwrap();
        outbox.add(Entry { key: Uuid::now_v7(), act: Act::Undo, ..decided.clone() }).unwrap();
        assert_eq!(outbox.unsent().first().map(|undoing| undoing.version), left);
        // One that has heard of it is left as it is.
        let heard = Entry { key: Uuid::now_v7(), act: Act::Undo, version: 4, ..decided };
        outbox.add(heard.clone()).unwrap();
        assert_eq!(outbox.unsent().last(), Some(&heard));
        outbox.unsent().to_vec().into_iter().for_each(|undoing| outbox.done(undoing.key, None).unwrap());
    }
}

#[test]
fn a_refused_decision_leaves_nothing_to_take_back() {
    let folder = tempfile::tempdir().unwrap();
    let decided = entry();
    let mut outbox = open(folder.path());
    outbox.add(decided.clone()).unwrap();
    outbox.add(Entry { key: Uuid::now_v7(), act: Act::Undo, ..decided.clone() }).unwrap();
    outbox.refused(decided.key, Problem::new(412, code::STALE_VERSION, "stale")).unwrap();
    assert_eq!((outbox.unsent().len(), outbox.conflicts().len()), (0, 1));
}

#[test]
fn what_never_left_is_taken_back_and_what_was_begun_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (entry(), Entry { submission: Uuid::from_u128(2), ..entry() });
    let mut outbox = open(folder.path());
    outbox.add(first.clone()).unwrap();
    outbox.add(second.clone()).unwrap();
    assert!(outbox.begin(first.key) && !outbox.take_back(first.submission).unwrap());
    outbox.never_left(first.key);
    assert!(outbox.take_back(first.submission).unwrap() && !outbox.begin(first.key));
    assert!(!outbox.take_back(first.submission).unwrap());
    assert_eq!(peek(folder.path(), SERVER, Uuid::nil()).unwrap().unsent(), std::slice::from_ref(&second), "beside who writes it");
    drop(outbox);
    assert_eq!(open(folder.path()).unsent(), [second]);
}

#[test]
fn a_clock_that_jumps_changes_no_order_and_costs_nothing() {
    let at = |second| Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, second, 0));
    let folder = tempfile::tempdir().unwrap();
    // Years ahead, then back before the first.
    let seconds = [1_800_000_000, 4_000_000_000, 1, 1_800_000_100];
    let entries: Vec<_> =
        (1..).zip(seconds).map(|(n, at_second)| Entry { submission: Uuid::from_u128(n), key: at(at_second), ..entry() }).collect();
    let mut outbox = open(folder.path());
    for entry in &entries {
        outbox.add(entry.clone()).unwrap();
    }
    drop(outbox);
    let outbox = open(folder.path());
    assert_eq!(outbox.unsent(), entries, "in the order in which they were made");
    assert_eq!(outbox.oldest(), Some(jiff::Timestamp::from_second(1).unwrap()));
}

#[test]
fn two_desks_do_not_share_a_journal_and_a_left_one_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (open(folder.path()), open(folder.path()));
    let (first, second) = (entry(), entry());
    one.add(first.clone()).unwrap();
    two.add(second.clone()).unwrap();
    drop(two);
    drop(one);
    assert_eq!(open(folder.path()).unsent(), [first, second]);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("state"));
    assert_eq!(fs::metadata(&outbox.path).unwrap().permissions().mode() & 0o777, 0o600);
    let another = Outbox::open(&folder.path().join("state"), "http://other", Uuid::nil()).unwrap();
    assert_ne!(outbox.path, another.path);
}

#[tokio::test]
async fn a_repetition_after_a_restart_has_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let server = MockServer::start().await;
    let outcome = ReviewOutcome { submission: Uuid::from_u128(1), status: Status::Held, version: 4, decision: None, held_until: None };
    Mock::given(matchers::method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(&outcome)).mount(&server).await;
    let http = Http::new(&server.uri(), None).unwrap();
    let mut outbox = open(folder.path());
    outbox.add(entry()).unwrap();
    // Sent, but killed before the answer was written down.
    outbox.unsent()[0].send(&http).await.unwrap();
    drop(outbox);
    open(folder.path()).unsent()[0].send(&http).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let keys: Vec<_> = requests.iter().map(|request| request.headers["idempotency-key"].clone()).collect();
    assert_eq!((keys.len(), &keys[0], requests[0].body == requests[1].body), (2, &keys[1], true));
}

#[test]
fn only_what_may_change_by_itself_stays() {
    for (status, code, expected) in [
        (0, code::UNREACHABLE, true),
        (503, code::BUSY, true),
        (401, code::SIGN_IN, true),
        (507, code::STORAGE_FULL, true),
        (412, code::STALE_VERSION, false),
        (409, code::ALREADY_REVIEWED, false),
        (422, code::KEY_REUSED, false),
        (404, code::NOT_FOUND, false),
    ] {
        assert_eq!(stays(&Problem::new(status, code, "")), expected, "{code}");
    }
}
