//! What watchers are told: everything, once, in an order that holds, within their scope, and no verdict of a review that is still open.

use std::collections::HashSet;

use super::world::{SEASON, World, reject};
use crate::{
    backend::store::{
        StoreError,
        live::{Happened, Position},
    },
    domain::{access::Principal, comparison::Band, review::ReviewVerdict},
};

async fn after(world: &World, who: &Principal, position: Position, limit: u32) -> (Vec<String>, Position) {
    match world.store.events_after(who, SEASON, None, position, limit).await.unwrap() {
        Happened::Events { events, read, .. } => (events.into_iter().map(|(_, moved)| moved.kind).collect(), read),
        Happened::Forgotten { .. } => panic!("nothing is forgotten yet"),
    }
}

/// Reads until this many events have come: on Postgres a stranger's transaction in the same cluster may hold them up for a moment.
async fn told(world: &World, who: &Principal, position: Position, count: usize) -> (Vec<String>, Position) {
    let (mut kinds, mut position) = after(world, who, position, 50).await;
    while kinds.len() < count {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let (more, read) = after(world, who, position, 50).await;
        kinds.extend(more);
        position = read;
    }
    (kinds, position)
}

pub async fn what_happens_is_told_once_and_in_order(world: &mut World) {
    let one = world.reviewers[0].clone();
    let start = world.store.events_end().await.unwrap();
    assert_eq!(after(world, &one, start, 50).await.0, [] as [&str; 0]);
    let id = world.pending(1, None).await;
    world.review(&one, id, reject()).await.unwrap();
    let (kinds, read) = told(world, &one, start, 3).await;
    assert_eq!(kinds, ["attempt.standardized", "attempt.pending", "attempt.held"]);
    assert_eq!(after(world, &one, read, 50).await.0, [] as [&str; 0]);
    // In pieces it is the same.
    let (mut position, mut pieces) = (start, vec![]);
    for _ in 0..3 {
        let (kinds, read) = after(world, &one, position, 1).await;
        pieces.extend(kinds);
        position = read;
    }
    assert_eq!(pieces, kinds);
    assert_eq!(read.to_string().parse::<Position>().unwrap(), read);
    assert!(matches!("nonsense".parse::<Position>(), Err(StoreError::Cursor)));
}

pub async fn watchers_see_their_scope_and_no_open_review(world: &mut World) {
    let start = world.store.events_end().await.unwrap();
    let (in_a, in_b) = (world.pending(1, Some(Band::Doubtful)).await, world.pending(4, None).await);
    told(world, &world.admin.clone(), start, 4).await;
    let seen = |happened: Happened| match happened {
        Happened::Events { events, .. } => events.into_iter().map(|(_, moved)| moved.submission).collect::<HashSet<_>>(),
        Happened::Forgotten { .. } => panic!("nothing is forgotten yet"),
    };
    let of_a = world.of_a.clone();
    assert_eq!(seen(world.store.events_after(&of_a, SEASON, None, start, 50).await.unwrap()), HashSet::from([in_a]));
    assert!(matches!(world.store.events_after(&of_a, SEASON, Some("B"), start, 50).await, Err(StoreError::NotFound)));
    let admin = world.admin.clone();
    assert_eq!(seen(world.store.events_after(&admin, SEASON, Some("B"), start, 50).await.unwrap()), HashSet::from([in_b]));
    assert_eq!(world.store.progress_of(&of_a, SEASON, &["A".into(), "B".into()]).await.unwrap().len(), 1);

    // Two are needed here: the first one's review is told to nobody.
    let before = told(world, &admin, start, 4).await.1;
    let one = world.reviewers[0].clone();
    world.review(&one, in_a, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(after(world, &admin, before, 50).await.0, [] as [&str; 0]);
}

pub async fn who_comes_back_too_late_is_told_so(world: &mut World) {
    let start = world.store.events_end().await.unwrap();
    world.pending(1, None).await;
    world.clock.advance(8 * 24 * 3600);
    let recent = world.pending(2, None).await;
    let mut forgotten = 0;
    while forgotten < 2 {
        forgotten += world.store.forget_events(world.now()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(forgotten, 2);
    let admin = world.admin.clone();
    let Happened::Forgotten { read } = world.store.events_after(&admin, SEASON, None, start, 50).await.unwrap() else {
        panic!("two events are gone")
    };
    world.review(&admin, recent, reject()).await.unwrap();
    assert_eq!(told(world, &admin, read, 1).await.0.last().map(String::as_str), Some("attempt.held"));
    assert_eq!(world.store.forget_events(world.now()).await.unwrap(), 0);
    // A position that this database never gave.
    let elsewhere: Position = format!("{}-1", i64::MAX).parse().unwrap();
    assert!(matches!(world.store.events_after(&admin, SEASON, None, elsewhere, 50).await.unwrap(), Happened::Forgotten { .. }));
}
