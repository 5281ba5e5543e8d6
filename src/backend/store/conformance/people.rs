//! Users, sessions, invitations; pages of lists.

use super::world::{SEASON, World};
use crate::{
    api::people::NewUser,
    backend::{
        auth,
        store::{
            StoreError,
            tries::{PER_NAME, PER_NAME_AND_ADDRESS, WINDOW},
            types::QueueFilter,
        },
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

pub async fn all_sessions_of_a_user_end_at_once(world: &mut World) {
    let now = world.now();
    let open = async |user| {
        let (token, session) = auth::new_session(now).unwrap();
        world.store.open_session(user, session).await.unwrap();
        auth::hash_of(&token)
    };
    let (first, second, other) = (open(world.of_a.user).await, open(world.of_a.user).await, open(world.admin.user).await);
    assert_eq!(world.store.end_sessions(&world.admin, world.of_a.user, now).await.unwrap(), 2);
    for (hash, lives) in [(first, false), (second, false), (other, true)] {
        assert_eq!(world.store.session(&hash, now).await.unwrap().is_some(), lives);
    }
    let elsewhere = crate::domain::access::Principal { school: "elsewhere".into(), ..world.admin.clone() };
    assert!(matches!(world.store.end_sessions(&elsewhere, world.admin.user, now).await, Err(StoreError::NotFound)));
    assert!(world.store.session(&other, now).await.unwrap().is_some());
}

pub async fn tries_are_counted_for_all_together_and_forgotten(world: &mut World) {
    let now = world.now();
    let address = |last: u8| std::net::IpAddr::from([192, 0, 2, last]);
    // Sixteen at once, and no more than the limit gets to the password.
    let tries = (0..16).map(|_| {
        let store = std::sync::Arc::clone(&world.store);
        tokio::spawn(async move { store.begin_try("li", address(1), now).await.unwrap() })
    });
    let mut let_in = 0;
    for task in tries.collect::<Vec<_>>() {
        match task.await.unwrap() {
            None => let_in += 1,
            Some(until) => assert_eq!(until, now + WINDOW),
        }
    }
    assert_eq!(let_in, PER_NAME_AND_ADDRESS);
    assert_eq!(world.store.begin_try("wang", address(1), now).await.unwrap(), None, "another name");
    assert_eq!(world.store.begin_try("li", address(2), now).await.unwrap(), None, "another address");
    world.store.try_succeeded("li", address(2)).await.unwrap();
    // From ever new addresses a name is tried only so often; a right password in between costs nothing.
    let mut last = 10;
    while world.store.begin_try("li", address(last), now).await.unwrap().is_none() {
        last += 1;
    }
    assert_eq!(i64::from(last - 10), PER_NAME - PER_NAME_AND_ADDRESS);
    world.clock.advance(15 * 60);
    assert_eq!(world.store.begin_try("li", address(1), world.now()).await.unwrap(), None, "the window is over");
}

pub async fn every_role_is_kept(world: &mut World) {
    for role in Role::ALL {
        let new = NewUser { name: role.code().into(), role, units: Some(vec!["A".into()]) };
        world.store.add_user(Some(&world.admin), &new, auth::new_invitation(world.now()).unwrap().1).await.unwrap();
        assert_eq!(world.store.credentials(role.code()).await.unwrap().unwrap().user.role, role);
    }
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
