//! What operators are told of pictures, photos and jobs.

use super::{
    World,
    world::{SEASON, number, reject},
};
use crate::{
    api::{
        person::{Erasure, ErasureReason},
        submission::PictureKind,
    },
    backend::{
        blobs::BlobKind,
        store::{
            database::newest_version,
            types::{JobKind, PANICKED},
        },
    },
    domain::lifecycle::attempt::Status,
};

pub async fn pictures_are_named_in_order_and_part_by_part(world: &mut World) {
    let (one, two) = (world.pending(1, None).await, world.capture(4).await.unwrap());
    let whole = world.store.named_pictures("", "g", 100).await.unwrap();
    assert!(whole.is_sorted_by(|a, b| a.name < b.name));
    let of = |attempt| whole.iter().filter(|picture| picture.attempt == attempt).count();
    assert_eq!((whole.len(), of(one), of(two)), (5, 4, 1));
    assert!(whole.iter().any(|picture| picture.kind == BlobKind::Picture(PictureKind::Standard) && picture.bytes == 3));

    let mut paged = vec![];
    let mut after = String::new();
    loop {
        let page = world.store.named_pictures(&after, "g", 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after.clone_from(&last.name);
        paged.extend(page);
    }
    assert_eq!(paged, whole);
    let parts = [("", "8"), ("8", "g")].map(|(after, below)| world.store.named_pictures(after, below, 100));
    let parts = futures_util::future::try_join_all(parts).await.unwrap().concat();
    assert_eq!(parts, whole);
    assert!(world.store.is_named(&whole[0].name).await.unwrap() && !world.store.is_named("none").await.unwrap());
}

pub async fn what_is_purged_is_wanted_no_more_and_then_named_no_more(world: &mut World) {
    let (id, reviewer) = (world.pending(4, None).await, world.reviewers[0].clone());
    world.review(&reviewer, id, reject()).await.unwrap();
    world.freeze_later().await;
    let one = world.store.named_pictures("", "g", 100).await.unwrap().remove(0);
    assert!(world.store.is_wanted(&one.name).await.unwrap());
    let erasure = Erasure { season: SEASON.into(), student: number(4), reason: ErasureReason::PersonAsked };
    world.store.erase_person(&world.admin, &erasure, world.now()).await.unwrap();
    // Its purge is under way: nobody misses it, and nobody else removes it.
    let known = async |world: &World| {
        let listed = world.store.named_pictures("", "g", 100).await.unwrap().len();
        (listed, world.store.is_wanted(&one.name).await.unwrap(), world.store.is_named(&one.name).await.unwrap())
    };
    assert_eq!(known(world).await, (0, false, true));
    world.store.purged(std::slice::from_ref(&one.name), world.now()).await.unwrap();
    assert_eq!(known(world).await, (0, false, false));
}

pub async fn what_waits_is_told_to_operators(world: &mut World) {
    let standing = world.store.standing().await.unwrap();
    assert_eq!((standing.tables, standing.newest), (newest_version(), newest_version()));
    assert_eq!(world.store.machine_waits_since().await.unwrap(), None);
    world.pending(1, None).await;
    world.capture(2).await.unwrap();
    let since = world.now();
    world.clock.advance(60);
    world.capture(4).await.unwrap();
    assert_eq!(world.store.machine_waits_since().await.unwrap(), Some(since));
    let photos = world.store.photos_waiting().await.unwrap();
    let number = |status| photos.iter().find(|(known, _)| *known == status).map(|(_, number)| *number);
    assert_eq!((number(Status::Captured), number(Status::Pending), number(Status::Held)), (Some(2), Some(1), Some(0)));

    let job = world.job(JobKind::Standardize).await.unwrap();
    let depth = async |world: &World| {
        let depths = world.store.queue_depth(world.now()).await.unwrap();
        let depth = depths.into_iter().find(|depth| depth.kind == JobKind::Standardize).unwrap();
        (depth.waiting, depth.due, depth.taken, depth.failing)
    };
    assert_eq!(depth(world).await, (2, 2, 1, 0));
    world.store.postpone_job(&job, world.now() + std::time::Duration::from_secs(60), PANICKED).await.unwrap();
    assert_eq!(depth(world).await, (2, 1, 0, 1));
}
