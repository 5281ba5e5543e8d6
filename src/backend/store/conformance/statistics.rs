//! How people review: agreement and pace, out of the reviews.

use std::time::Duration;

use uuid::Uuid;

use super::world::{SEASON, World, claim_of, reject};
use crate::{
    api::reviewing::{NewSkip, Pace},
    backend::store::{StoreError, statistics::Period},
    domain::{comparison::Band, queueing::SkipReason, reason::Reason, review::ReviewVerdict},
};

fn always() -> Period {
    Period { season: SEASON.into(), from: None, to: None }
}

pub async fn agreement_is_counted_by_pair_and_against_the_decision(world: &mut World) {
    let [one, two, three] = [0, 1, 2].map(|index| world.reviewers[index].clone());
    // (one, two): both approve once, both reject twice, one approval alone: 3 of 4, by chance a half.
    for (index, (first, second)) in [(true, true), (true, false), (false, false), (false, false)].into_iter().enumerate() {
        let id = world.pending(u32::try_from(index).unwrap() + 1, Some(Band::Doubtful)).await;
        let say = |approve: bool| if approve { ReviewVerdict::Approve } else { reject() };
        world.review(&one, id, say(first)).await.unwrap();
        world.review(&two, id, say(second)).await.unwrap();
        if first != second {
            world.review(&three, id, reject()).await.unwrap();
        }
    }
    // A review that decided by itself says nothing of agreement.
    let alone = world.pending(5, None).await;
    world.review(&one, alone, ReviewVerdict::Approve).await.unwrap();
    world.freeze_later().await;
    let statistics = world.store.reviewer_statistics(&world.admin, &always()).await.unwrap();
    let pair = |a: Uuid, b: Uuid| {
        let (first, second) = (a.min(b), a.max(b));
        statistics.pairs.iter().find(|pair| (pair.first, pair.second) == (first, second)).map(|pair| pair.agreement.clone()).unwrap()
    };
    let both = pair(one.user, two.user);
    assert_eq!((both.both, both.same), (4, 3));
    assert!((both.kappa.unwrap() - 0.5).abs() < 1e-9);
    let apart = pair(one.user, three.user);
    assert_eq!((apart.both, apart.same, apart.kappa), (1, 0, Some(0.0)));
    assert_eq!(pair(two.user, three.user).undefined.as_deref(), Some("one_verdict"));
    let of = |id: Uuid| statistics.reviewers.iter().find(|one| one.reviewer == id).unwrap();
    assert_eq!((of(one.user).reviews, of(one.user).approvals, of(one.user).name.as_deref()), (5, 3, Some("one")));
    let finals = (&of(one.user).against_final, &of(two.user).against_final);
    assert_eq!((finals.0.both, finals.0.same, finals.1.both, finals.1.same), (4, 3, 4, 4));
    assert_eq!(finals.1.kappa, Some(1.0));
    assert!(matches!(
        world.store.reviewer_statistics(&world.admin, &Period { season: "none".into(), ..always() }).await,
        Err(StoreError::SeasonUnknown)
    ));
    // Scope: B's reviews are not of_a's to read.
    let of_a = world.store.reviewer_statistics(&world.of_a, &always()).await.unwrap();
    assert_eq!(of_a.reviewers.iter().find(|other| other.reviewer == one.user).unwrap().reviews, 3);
}

pub async fn pace_is_measured_from_lease_and_review_and_pauses_are_not(world: &mut World) {
    let one = world.reviewers[0].clone();
    let mut ids = vec![];
    for index in 1..=5 {
        ids.push(world.pending(index, None).await);
    }
    // Leased ahead: the second counts from the review before it.
    let claim = world.store.claim(&one, &claim_of(4), Uuid::new_v4(), world.now()).await.unwrap();
    assert_eq!(claim.items.len(), 4);
    for (id, seconds, verdict) in
        [(ids[0], 5, reject()), (ids[1], 9, reject()), (ids[2], 7, ReviewVerdict::Approve), (ids[3], 1000, reject())]
    {
        world.clock.advance(seconds);
        world.review(&one, id, verdict).await.unwrap();
    }
    let skip = NewSkip { reason: SkipReason::Unsure, note: None, ask_lead: false };
    world.store.skip(&one, ids[4], &skip, world.now()).await.unwrap();
    let own = world.store.own_statistics(&one, &always()).await.unwrap();
    assert_eq!((own.reviews, own.rejections, own.skipped), (4, 3, 1));
    assert_eq!(own.pace, Pace { measured: 3, median_seconds: Some(7.0) });
    assert_eq!(own.reasons.len(), 1);
    let blur = &own.reasons[0];
    assert_eq!((blur.reason, blur.reviews, blur.pace), (Reason::Blur, 3, Pace { measured: 2, median_seconds: Some(7.0) }));
    // The clock stands at four in the afternoon in China; eight hours later it is the next day there.
    assert_eq!(own.days.iter().map(|day| (day.day.to_string(), day.reviews)).collect::<Vec<_>>(), [("2027-05-01".to_owned(), 4)]);
    world.clock.advance(8 * 3600);
    world.review(&one, ids[4], reject()).await.unwrap();
    let own = world.store.own_statistics(&one, &always()).await.unwrap();
    assert_eq!(own.days.iter().map(|day| day.day.to_string()).collect::<Vec<_>>(), ["2027-05-01", "2027-05-02"]);
    let today = Period { from: Some(world.now() - Duration::from_secs(60)), ..always() };
    assert_eq!(world.store.own_statistics(&one, &today).await.unwrap().reviews, 1);
    let nobody = world.store.own_statistics(&world.reviewers[1].clone(), &always()).await.unwrap();
    assert_eq!((nobody.reviews, nobody.against_final.undefined.as_deref()), (0, Some("nothing")));
}
