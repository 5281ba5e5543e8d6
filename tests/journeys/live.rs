//! Watching other people work: the stream of events, over breaks and restarts.

use std::time::Duration;

use reqwest::StatusCode;
use zhaoshen::{
    api::live::Live,
    client::{Http, http::Token},
};

use crate::api::house::{House, SEASON, photo};

/// The next events until one is the wanted one.
async fn until(following: &mut zhaoshen::client::live::Following, wanted: impl Fn(&Live) -> bool) -> Live {
    tokio::time::timeout(crate::support::PATIENCE, async {
        loop {
            match following.next().await.unwrap() {
                Some(event) if wanted(&event) => return event,
                Some(_) => {}
                None => panic!("the stream ended"),
            }
        }
    })
    .await
    .expect("the event comes")
}

#[tokio::test]
async fn other_peoples_work_is_told_and_nothing_is_missed_over_a_break() {
    let house = House::open().await;
    let watcher = Http::new(&house.address(), Some(Token::new(house.token("registrar")))).unwrap();
    let mut following = watcher.follow(SEASON, None, None).await.unwrap();
    assert_eq!(until(&mut following, |_| true).await, Live::Ready);

    let first = house.submit(1, &photo("good")).await;
    house.work().await;
    let seen = until(&mut following, |event| matches!(event, Live::Submission(moved) if moved.kind == "attempt.pending")).await;
    let Live::Submission(moved) = seen else { unreachable!() };
    assert_eq!((moved.submission, moved.unit.as_str()), (first, "A"));
    let Live::Progress(unit) = until(&mut following, |event| matches!(event, Live::Progress(_))).await else { unreachable!() };
    assert_eq!((unit.unit.as_deref(), unit.pending, unit.captured_students), (Some("A"), 1, 1));

    // The line breaks; what happens meanwhile is told to who comes back.
    let last = following.last_id().unwrap().to_owned();
    drop(following);
    let second = house.submit(4, &photo("good")).await;
    house.work().await;
    let mut again = watcher.follow(SEASON, None, Some(&last)).await.unwrap();
    let missed = until(&mut again, |event| matches!(event, Live::Submission(moved) if moved.kind == "attempt.pending")).await;
    assert!(matches!(missed, Live::Submission(moved) if moved.submission == second));

    // Of another unit's work nothing is told, whatever is asked for.
    let of_a = Http::new(&house.address(), Some(Token::new(house.token("of-a")))).unwrap();
    assert_eq!(of_a.follow(SEASON, Some("B"), None).await.err().map(|problem| problem.status), Some(404));
    let mut narrow = of_a.follow(SEASON, None, Some(&last)).await.unwrap();
    house.submit(2, &photo("good")).await;
    house.work().await;
    let only = until(&mut narrow, |event| matches!(event, Live::Submission(_))).await;
    assert!(matches!(only, Live::Submission(moved) if moved.unit == "A"));

    let nonsense = house.request("GET", Some(&house.token("one")), &format!("/v1/events?season={SEASON}"));
    assert_eq!(nonsense.header("last-event-id", "yesterday").send().await.unwrap().status(), StatusCode::BAD_REQUEST);

    // A server that stops ends its streams at once instead of waiting for them.
    let stopping = tokio::time::timeout(Duration::from_secs(25), house.close());
    let (stopped, ended) = tokio::join!(stopping, async { while let Ok(Some(_)) = again.next().await {} });
    stopped.expect("nobody waits for a stream");
    let () = ended;
}
