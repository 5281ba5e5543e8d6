//! Sixteen people at one unit, over real HTTP, each claiming, deciding, giving back and taking back as fast as the server lets them.
//!
//! `ZHAOSHEN_LONG_SECONDS` says for how long (60 where it says nothing). On PostgreSQL with `ZHAOSHEN_TEST_PAIR=cluster`.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use uuid::Uuid;
use zhaoshen::{
    api::submission::{NewClaim, NewReview, NothingToClaim},
    client::{Http, http::Intention},
    domain::{lifecycle::attempt::Status, reason::Reason, review::ReviewVerdict, season::SeasonRules},
};

use super::support::{
    house::{House, SEASON, free_port, rules, students},
    pair, s3,
};

#[path = "../support/fairness.rs"]
mod fairness;

use fairness::{Hold, overtakings};

type Place = (Timestamp, Uuid);

/// The place in the cohort of a file that is no picture; an import that meets it ends with a refusal.
const NO_PICTURE: usize = 10;

/// What one person did: every hold, and every decision by the version it was made on.
#[derive(Debug, Default)]
struct Run {
    holds: Vec<Hold<Place>>,
    decided: Vec<(Uuid, i64)>,
    claims: usize,
    waits: usize,
}

fn reject() -> ReviewVerdict {
    ReviewVerdict::Reject { reasons: vec![Reason::Blur].try_into().expect("one reason") }
}

async fn race(http: Http, unit: String, clock: Arc<AtomicU64>, end: Instant, mut turn: usize) -> Run {
    let tick = || clock.fetch_add(1, Ordering::SeqCst);
    let mut run = Run::default();
    while Instant::now() < end {
        let count = u8::try_from(turn % 2 + 1).expect("one or two");
        let (only, keep) = (vec![], vec![]);
        let wanted = NewClaim { season: SEASON.into(), unit: Some(unit.clone()), status: Status::Pending, count, only, keep };
        let sent = tick();
        let claim = http.claim(&wanted).await.expect("a claim is answered");
        let given = (sent, tick());
        run.claims += 1;
        turn += 1;
        if let Some(nothing) = claim.nothing {
            // Whatever waits is on others' screens, or decided and not yet taken back.
            assert!(matches!(nothing, NothingToClaim::AllClaimed | NothingToClaim::NothingWaits), "{nothing:?}");
            run.waits += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        }
        let place = |item: &zhaoshen::api::submission::SubmissionSummary| (item.submitted_at, item.id);
        assert!(claim.items.iter().map(place).is_sorted());
        if turn.is_multiple_of(5) {
            http.release_claim(claim.token).await.expect("a release is answered");
            let released = Some((given.1, tick()));
            run.holds.extend(claim.items.iter().map(|item| Hold { photo: place(item), given, released }));
            continue;
        }
        for item in &claim.items {
            assert_eq!((item.status, item.claimed_until), (Status::Pending, None), "what is decided is not offered, nor another's");
            if turn.is_multiple_of(3) {
                let alive = http.keep_claim(claim.token).await.expect("a lease that lives is kept");
                assert!(alive.items.iter().any(|kept| kept.id == item.id), "the lease was lost");
            }
            let seen = http.submission(item.id).await.expect("what is held is seen");
            let intention = |version| Intention { version, key: Uuid::now_v7(), lease: Some(claim.token) };
            let review = NewReview { verdict: reject(), rendition: seen.rendition };
            let held = http.review(item.id, &review, intention(item.version)).await.expect("who holds the lease decides");
            run.decided.push((item.id, item.version));
            let sent = tick();
            http.undo(item.id, intention(held.version)).await.expect("who decided takes it back");
            run.holds.push(Hold { photo: place(item), given, released: Some((sent, tick())) });
        }
    }
    run
}

#[test]
fn sixteen_at_one_unit_decide_nothing_twice_and_nobody_waits_behind_a_younger() {
    let seconds: u64 = std::env::var("ZHAOSHEN_LONG_SECONDS").ok().and_then(|number| number.parse().ok()).unwrap_or(60);
    let mut roles = [("reviewer", None); 17];
    roles[16] = ("registrar", None);
    // Sixteen who never rest ask for more than anybody may.
    let settings = vec![("ZHAOSHEN_LIMIT_SESSION", "0"), ("ZHAOSHEN_LIMIT_ADDRESS", "0")];
    let (house, people) = House::open_told(free_port(), None, pair::database(), pair::on_cluster().then(s3::place), settings, roles);
    let registrar = &people[16];
    // Every photo at the place where it came in: the order can be read off what is told.
    house.put_rules(registrar, SeasonRules { retake_head_start_minutes: 0, deadline_head_start_minutes: 0, ..rules(86_400) });
    let mut cohort = students(&(0..25).filter(|number| *number != NO_PICTURE).collect::<Vec<_>>());
    let unit = cohort.students[0].unit;
    cohort.students.iter_mut().for_each(|student| student.unit = unit);
    registrar.import(&cohort);
    let waiting: Vec<_> = house.submissions(registrar).into_iter().filter(|photo| photo.status == Status::Pending).collect();
    assert!(waiting.len() > 8, "too few photos to race for: {}", waiting.len());
    let photos: Vec<Place> = waiting.iter().map(|photo| (photo.submitted_at, photo.id)).collect();

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let (clock, end) = (Arc::new(AtomicU64::new(0)), Instant::now() + Duration::from_secs(seconds));
    let runs: Vec<_> = people[..16]
        .iter()
        .enumerate()
        .map(|(turn, person)| runtime.spawn(race(person.http.clone(), waiting[0].unit.clone(), Arc::clone(&clock), end, turn)))
        .collect();
    let runs: Vec<Run> = runs.into_iter().map(|run| runtime.block_on(run).expect("no runner is refused")).collect();

    let decided: Vec<(Uuid, i64)> = runs.iter().flat_map(|run| run.decided.iter().copied()).collect();
    assert_eq!(decided.iter().collect::<HashSet<_>>().len(), decided.len(), "a version was decided twice");
    // Two holds on one photo at the same time: neither can have ended before the other was given, whenever in between each was really given.
    let holds: Vec<Hold<Place>> = runs.iter().flat_map(|run| run.holds.iter().copied()).collect();
    let mut by_photo: HashMap<Uuid, Vec<&Hold<Place>>> = HashMap::new();
    holds.iter().for_each(|hold| by_photo.entry(hold.photo.1).or_default().push(hold));
    let may_be_over = |one: &Hold<Place>, other: &Hold<Place>| one.released.expect("every hold of this race ends").0 < other.given.1;
    for held in by_photo.values() {
        for (place, one) in held.iter().enumerate() {
            for other in &held[..place] {
                assert!(may_be_over(one, other) || may_be_over(other, one), "two held one photo: {one:?} {other:?}");
            }
        }
    }
    assert_eq!(overtakings(&photos, &holds), [], "somebody waited behind a younger");
    let lines = |action: &str| {
        let (mut number, mut cursor): (usize, Option<String>) = (0, None);
        loop {
            let page = house.ask(registrar.http.audit(SEASON, cursor.as_deref()));
            number += page.items.iter().filter(|line| line.action == action).count();
            cursor = page.next;
            if cursor.is_none() {
                return number;
            }
        }
    };
    assert_eq!((lines("decision.held"), lines("decision.undone")), (decided.len(), decided.len()));
    house.assert_counted(registrar);
    let sum = |of: fn(&Run) -> usize| runs.iter().map(of).sum::<usize>();
    println!(
        "{seconds} s, 16 people, {} photos: {} claims ({} found nothing free), {} holds, {} decisions, each taken back; none twice, none overtaken",
        photos.len(),
        sum(|run| run.claims),
        sum(|run| run.waits),
        holds.len(),
        decided.len()
    );
}
