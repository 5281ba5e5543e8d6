//! Decisions become final and are told while the house dies again and again: nothing that was confirmed stays untold, nothing is told twice.
//!
//! The gateway is the file. It promises each notice once across restarts, by the notice's id; what happens between its line and the record of it
//! is told again under the same id, and recorded as repeated.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;
use zhaoshen::{
    api::submission::NewReview,
    client::{Http, http::Intention},
    domain::{lifecycle::attempt::Status, reason::Reason, review::ReviewVerdict, season::SeasonRules},
};

use super::{Pair, Point, Stage, Victim};
use crate::support::{
    house::{notices, rules, students},
    replicas::until_answered,
    wait_until,
};

/// The tables in the order in which a decision and its notice write into them.
pub const TABLES: [&str; 9] =
    ["reviews", "attempts", "unit_counters", "audit", "idempotency_keys", "jobs", "notices", "sendings", "deliveries"];

/// The place in the cohort of a file that is no picture; an import that meets it ends with a refusal.
const NO_PICTURE: usize = 10;

/// Those that only decisions write into.
const OF_DECISIONS: [&str; 4] = ["reviews", "attempts", "unit_counters", "deliveries"];

/// Decides one photo; each intention is repeated under its key until it is answered.
pub(super) async fn decide(http: Http, id: Uuid, verdict: ReviewVerdict) {
    let seen = until_answered(|| http.submission(id)).await.expect("it is there");
    let intention = Intention { version: seen.summary.version, key: Uuid::now_v7(), lease: None };
    let review = NewReview { verdict, rendition: seen.rendition };
    until_answered(|| http.review(id, &review, intention)).await.expect("it is decided");
}

/// Tells a student once more.
async fn tell_again(http: Http, id: Uuid) {
    let seen = until_answered(|| http.submission(id)).await.expect("it is there");
    let intention = Intention { version: seen.summary.version, key: Uuid::now_v7(), lease: None };
    until_answered(|| http.retake_notice(id, intention)).await.expect("it is told again");
}

fn reject() -> ReviewVerdict {
    ReviewVerdict::Reject { reasons: vec![Reason::Blur].try_into().expect("one reason") }
}

/// One death for each of these, each while two students are told again and, as long as there are photos, one is decided.
pub fn survive(pair: Pair, plan: &[(Victim, Point)]) {
    let Some((mut stage, [registrar, reviewer])) = Stage::open(pair, [("registrar", None), ("reviewer", None)]) else { return };
    let at_once = SeasonRules { notices_per_rejection: u8::MAX, ..rules(0) };
    stage.house.put_rules(&registrar, at_once);
    let decisions = plan.iter().filter(|(_, point)| matches!(point, Point::Writing(table) if OF_DECISIONS.contains(table))).count();
    // Some of them the machine refuses.
    registrar.import(&students(&(0..48).filter(|place| place % 16 < 3 + decisions && *place != NO_PICTURE).collect::<Vec<_>>()));
    let mut pending: Vec<Uuid> =
        stage.house.submissions(&registrar).into_iter().filter(|photo| photo.status == Status::Pending).map(|photo| photo.id).collect();
    assert!(pending.len() >= 5, "{} photos to decide", pending.len());
    let rejected = pending.split_off(pending.len() - 4);
    for id in &rejected {
        stage.house.wait_for(decide(reviewer.http.clone(), *id, reject()));
    }
    stage.house.wait_progress(&registrar, "four rejections", |whole| whole.rejected == 4);

    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let (mut decided, mut told_again) = (4, 0);
    for (cycle, (victim, point)) in plan.iter().copied().enumerate() {
        if stage.tally.is_through(point) {
            continue;
        }
        let armed = stage.arm(point);
        let mut hands = vec![];
        for place in [cycle % 4, (cycle + 1) % 4] {
            hands.push(runtime.spawn(tell_again(reviewer.http.clone(), rejected[place])));
            told_again += 1;
        }
        let of_decisions = matches!(point, Point::Writing(table) if OF_DECISIONS.contains(&table));
        if (of_decisions || cycle.is_multiple_of(10))
            && let Some(id) = pending.pop()
        {
            let verdict = if of_decisions || cycle % 20 == 0 { ReviewVerdict::Approve } else { reject() };
            hands.push(runtime.spawn(decide(reviewer.http.clone(), id, verdict)));
            decided += 1;
        }
        let reached = stage.strike(armed, victim, |stage| {
            hands.iter().all(tokio::task::JoinHandle::is_finished)
                && stage.house.is_served()
                && stage.count("jobs", "taken = 1 OR tries = 0") == 0
        });
        stage.tally.count(victim, point, reached);
        stage.revive();
        for hand in hands {
            runtime.block_on(hand).expect("no hand panics");
        }
    }
    wait_until(|| "all notices to be delivered".to_owned(), || (stage.count("jobs", "1 = 1") == 0).then_some(()));

    let id = stage.hex("id");
    let rows = stage.texts(&format!("SELECT {id} || ' ' || kind || ' ' || state FROM notices"));
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for row in &rows {
        let fields: Vec<&str> = row.split(' ').collect();
        assert_eq!(fields[2], "delivered", "{row}");
        known.insert(Uuid::parse_str(fields[0]).expect("an id"));
        *kinds.entry(fields[1]).or_default() += 1;
    }
    let lines = notices(&stage.house);
    let sent: BTreeSet<Uuid> = lines.iter().map(|line| line["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")).collect();
    assert_eq!(sent.len(), lines.len(), "no notice is in the file twice");
    assert_eq!(sent, known, "every notice is in the file, and nothing else");
    assert_eq!(kinds.get("retake"), Some(&told_again), "{kinds:?}");
    assert_eq!(kinds.get("approved").unwrap_or(&0) + kinds.get("rejected").unwrap_or(&0), decided, "{kinds:?}");
    let notice = stage.hex("notice");
    let once = stage.texts(&format!("SELECT CAST(count(*) AS TEXT) FROM sendings WHERE sent = 1 GROUP BY {notice}"));
    assert!(once.len() == rows.len() && once.iter().all(|count| count == "1"), "each sending is recorded once");
    let repeated = stage.count("sendings", "outcome = 'repeated'");
    let audit = stage.house.whole_audit(&registrar);
    let number = |action: &str| audit.iter().filter(|line| line.action == action).count();
    assert_eq!((number("notice.retake"), number("decision.frozen")), (told_again, decided));
    println!(
        "notices, {pair:?}: {} deaths, {} at their points, {} notices, {repeated} of them written when their record was lost\n{}",
        stage.tally.all(),
        stage.tally.reached(),
        rows.len(),
        stage.tally
    );
    stage.assert_sound(&registrar);
}
