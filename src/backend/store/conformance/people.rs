//! Users, sessions, invitations; pages of lists.

use super::world::{SEASON, World};
use crate::{
    api::people::NewUser,
    backend::{
        auth,
        store::{StoreError, types::QueueFilter},
    },
    domain::access::Role,
};

fn new_user() -> NewUser {
    NewUser { name: "late".into(), role: Role::Reviewer, units: None }
}

pub async fn an_invitation_opens_once(world: &mut World) {
    let now = world.now();
    let (code, invitation) = auth::new_invitation(now).unwrap();
    let user = world.store.add_user(Some(&world.admin), &new_user(), invitation).await.unwrap();
    let hash = auth::hash_of(&code);
    let mut opened = 0;
    for task in [0, 1, 2, 3].map(|_| {
        let store = std::sync::Arc::clone(&world.store);
        tokio::spawn(async move { store.redeem(&hash, "hash", auth::new_session(now).unwrap().1).await })
    }) {
        match task.await.unwrap() {
            Ok(redeemed) => {
                assert_eq!(redeemed, user);
                opened += 1;
            }
            Err(error) => assert!(matches!(error, StoreError::InvitationInvalid)),
        }
    }
    assert_eq!(opened, 1);
    assert_eq!(world.store.credentials("late").await.unwrap().unwrap().password_hash.as_deref(), Some("hash"));
    let again = auth::new_invitation(now).unwrap().1;
    assert!(matches!(world.store.add_user(Some(&world.admin), &new_user(), again).await, Err(StoreError::UserExists)));
}

pub async fn a_new_invitation_closes_the_old(world: &mut World) {
    let now = world.now();
    let (old, new) = (auth::new_invitation(now).unwrap(), auth::new_invitation(now).unwrap());
    world.store.add_user(None, &new_user(), old.1).await.unwrap();
    world.store.add_user(None, &new_user(), new.1).await.unwrap();
    let session = || auth::new_session(now).unwrap().1;
    assert!(matches!(world.store.redeem(&auth::hash_of(&old.0), "hash", session()).await, Err(StoreError::InvitationInvalid)));
    world.clock.advance(72 * 3600);
    let late = auth::new_session(world.now()).unwrap().1;
    assert!(matches!(world.store.redeem(&auth::hash_of(&new.0), "hash", late).await, Err(StoreError::InvitationInvalid)));
    assert_eq!(world.store.sweep(world.now()).await.unwrap().invitations, 7);
}

pub async fn sessions_end(world: &mut World) {
    let (token, session) = auth::new_session(world.now()).unwrap();
    let hash = auth::hash_of(&token);
    world.store.open_session(world.admin.user, session).await.unwrap();
    assert_eq!(world.store.session(&hash, world.now()).await.unwrap().unwrap().principal(), world.admin);
    world.clock.advance(12 * 3600);
    assert!(world.store.session(&hash, world.now()).await.unwrap().is_none());
    assert_eq!(world.store.sweep(world.now()).await.unwrap().sessions, 1);
    let (token, session) = auth::new_session(world.now()).unwrap();
    world.store.open_session(world.admin.user, session).await.unwrap();
    world.store.close_session(&auth::hash_of(&token)).await.unwrap();
    assert!(world.store.session(&auth::hash_of(&token), world.now()).await.unwrap().is_none());
}

pub async fn pages_join_without_gaps(world: &mut World) {
    let mut ids = vec![];
    for index in 1..=6 {
        ids.push(world.pending(index, None).await);
    }
    for who in [&world.admin, &world.of_a] {
        let (mut seen, mut cursor) = (vec![], None);
        loop {
            let filter = QueueFilter { season: SEASON.into(), limit: 2, cursor, ..QueueFilter::default() };
            let page = world.store.submissions(who, &filter, world.now()).await.unwrap();
            seen.extend(page.items.iter().map(|item| item.id));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let expected = if who.user == world.admin.user { &ids[..] } else { &ids[..3] };
        assert_eq!(seen, expected);
    }
    let wrong = QueueFilter { season: SEASON.into(), limit: 2, cursor: Some("x".into()), ..QueueFilter::default() };
    assert!(matches!(world.store.submissions(&world.admin, &wrong, world.now()).await, Err(StoreError::Cursor)));
}
