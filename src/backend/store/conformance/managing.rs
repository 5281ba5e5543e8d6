//! What an admin does to users, and what people see of their own sessions.

use super::world::{SEASON, World};
use crate::{
    api::{
        people::{ChangedUser, NewUser},
        submission::NewClaim,
    },
    backend::{
        auth,
        store::{
            StoreError,
            types::{Hash, NewSession},
        },
    },
    domain::{
        access::{Principal, Role, UnitScope},
        lifecycle::attempt::Status,
    },
};

async fn open_session(world: &World, who: &Principal) -> Hash {
    let (token, session) = auth::new_session(world.now()).unwrap();
    world.store.open_session(who.user, session).await.unwrap();
    auth::hash_of(&token)
}

fn as_is(who: &Principal) -> ChangedUser {
    let units = match &who.units {
        UnitScope::All => None,
        UnitScope::Only(units) => Some(units.clone()),
    };
    ChangedUser { role: who.role, units, disabled: false }
}

pub async fn who_is_disabled_is_out_at_once_and_holds_nothing(world: &mut World) {
    let id = world.pending(1, None).await;
    let (one, two) = (world.reviewers[0].clone(), world.reviewers[1].clone());
    let claim = NewClaim { season: SEASON.into(), unit: None, status: Status::Pending, count: 5, keep: vec![], only: vec![] };
    let held = async |who: &Principal| {
        let token = uuid::Uuid::now_v7();
        world.store.claim(who, &claim, token, world.now()).await.unwrap().items.iter().map(|item| item.id).collect::<Vec<_>>()
    };
    assert_eq!(held(&one).await, [id]);
    assert!(held(&two).await.is_empty());
    let session = open_session(world, &one).await;
    let disabled = ChangedUser { disabled: true, ..as_is(&one) };
    let known = world.store.change_user(&world.admin, one.user, &disabled, world.now()).await.unwrap();
    assert!(known.disabled);
    assert!(world.store.session(&session, world.now()).await.unwrap().is_none());
    assert!(world.store.credentials("one").await.unwrap().unwrap().disabled);
    // A session that was being opened at that moment opens nothing.
    let late = open_session(world, &one).await;
    assert!(world.store.session(&late, world.now()).await.unwrap().is_none());
    assert_eq!(held(&two).await, [id], "what was reserved is free");
    let again = world.store.change_user(&world.admin, one.user, &as_is(&one), world.now()).await.unwrap();
    assert!(!again.disabled);
    assert!(world.store.session(&open_session(world, &one).await, world.now()).await.unwrap().is_some());
    let page = world.store.audit(&world.admin, None, None, 2).await.unwrap();
    let actions: Vec<&str> = page.items.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["user.enabled", "user.disabled"]);
}

pub async fn a_new_role_and_scope_hold_from_the_next_request(world: &mut World) {
    let who = world.of_a.clone();
    let session = open_session(world, &who).await;
    let change = ChangedUser { role: Role::UnitStaff, units: Some(vec!["B".into()]), disabled: false };
    let known = world.store.change_user(&world.admin, who.user, &change, world.now()).await.unwrap();
    assert_eq!((known.user.role, known.user.units.as_deref()), (Role::UnitStaff, Some(&["B".to_owned()][..])));
    let found = world.store.session(&session, world.now()).await.unwrap().unwrap().principal();
    assert_eq!((found.role, found.units), (Role::UnitStaff, UnitScope::Only(vec!["B".into()])));
}

pub async fn a_password_is_reset_by_a_link(world: &mut World) {
    let now = world.now();
    let new = NewUser { name: "late".into(), role: Role::Reviewer, units: None };
    let (code, invitation) = auth::new_invitation(now).unwrap();
    let user = world.store.add_user(Some(&world.admin), &new, invitation).await.unwrap();
    world.store.redeem(&auth::hash_of(&code), "old", auth::new_session(now).unwrap().1).await.unwrap();
    let (token, session) = auth::new_session(now).unwrap();
    world.store.open_session(user.id, session).await.unwrap();
    let (code, invitation) = auth::new_invitation(now).unwrap();
    assert_eq!(world.store.reset_password(&world.admin, user.id, invitation).await.unwrap(), user);
    assert_eq!(world.store.credentials("late").await.unwrap().unwrap().password_hash, None, "the old one opens nothing");
    assert!(world.store.session(&auth::hash_of(&token), now).await.unwrap().is_none());
    let again = auth::new_invitation(now).unwrap().1;
    let added = world.store.add_user(None, &NewUser { role: Role::Admin, ..new }, again).await;
    assert!(matches!(added, Err(StoreError::UserExists)), "who has come once is not added again");
    assert_eq!(world.store.invited(&auth::hash_of(&code), now).await.unwrap().unwrap().user, user);
    world.store.redeem(&auth::hash_of(&code), "new", auth::new_session(now).unwrap().1).await.unwrap();
    assert_eq!(world.store.credentials("late").await.unwrap().unwrap().password_hash.as_deref(), Some("new"));
    assert!(world.store.invited(&auth::hash_of(&code), now).await.unwrap().is_none());
    // Who is shut out is not let in by a link that lay about.
    let (code, invitation) = auth::new_invitation(now).unwrap();
    world.store.reset_password(&world.admin, user.id, invitation).await.unwrap();
    let disabled = ChangedUser { role: Role::Reviewer, units: None, disabled: true };
    world.store.change_user(&world.admin, user.id, &disabled, now).await.unwrap();
    let redeemed = world.store.redeem(&auth::hash_of(&code), "new", auth::new_session(now).unwrap().1).await;
    assert!(matches!(redeemed, Err(StoreError::InvitationInvalid)));
}

pub async fn an_admin_of_some_units_manages_their_people_alone(world: &mut World) {
    let now = world.now();
    let of_a = Principal { units: UnitScope::Only(vec!["A".into()]), user: uuid::Uuid::now_v7(), ..world.admin.clone() };
    let names: Vec<String> = world.store.users(&of_a).await.unwrap().into_iter().map(|known| known.user.name).collect();
    assert_eq!(names, ["of-a"]);
    assert_eq!(world.store.users(&world.admin).await.unwrap().len(), 6);
    let elsewhere = Principal { school: "elsewhere".into(), ..world.admin.clone() };
    assert!(world.store.users(&elsewhere).await.unwrap().is_empty());
    let (theirs, others) = (world.of_a.clone(), world.reviewers[0].clone());
    for stranger in [&of_a, &elsewhere] {
        let invitation = || auth::new_invitation(now).unwrap().1;
        let store = &world.store;
        assert!(matches!(store.change_user(stranger, others.user, &as_is(&theirs), now).await, Err(StoreError::NotFound)));
        assert!(matches!(store.reset_password(stranger, others.user, invitation()).await, Err(StoreError::NotFound)));
        assert!(matches!(store.end_sessions(stranger, others.user, now).await, Err(StoreError::NotFound)));
    }
    world.store.change_user(&of_a, theirs.user, &as_is(&theirs), now).await.unwrap();
    // Nor are they invited again under a smaller scope.
    let smaller = NewUser { name: "one".into(), role: Role::Reviewer, units: Some(vec!["A".into()]) };
    let again = world.store.add_user(Some(&of_a), &smaller, auth::new_invitation(now).unwrap().1).await;
    assert!(matches!(again, Err(StoreError::UserExists)));
}

pub async fn nobody_manages_the_own_account(world: &mut World) {
    let now = world.now();
    let admin = world.admin.clone();
    let disabled = ChangedUser { disabled: true, ..as_is(&admin) };
    assert!(matches!(world.store.change_user(&admin, admin.user, &disabled, now).await, Err(StoreError::OwnAccount)));
    let invitation = auth::new_invitation(now).unwrap().1;
    assert!(matches!(world.store.reset_password(&admin, admin.user, invitation).await, Err(StoreError::OwnAccount)));
}

pub async fn ones_own_sessions_are_listed_and_ended(world: &mut World) {
    let who = world.reviewers[0].clone();
    let (token, session) = auth::new_session(world.now()).unwrap();
    let first = auth::hash_of(&token);
    world.store.open_session(who.user, NewSession { client: "desk".into(), ..session }).await.unwrap();
    world.clock.advance(600);
    let second = open_session(world, &who).await;
    let others = open_session(world, &world.admin.clone()).await;
    let list = async || world.store.own_sessions(&who, &second, world.now()).await.unwrap();
    let listed = list().await;
    assert_eq!(listed.iter().map(|session| (session.client.as_str(), session.current)).collect::<Vec<_>>(), [("", true), ("desk", false)]);
    world.clock.advance(1);
    world.store.see_session(&first, world.now()).await.unwrap();
    let listed = list().await;
    assert_eq!((listed[0].client.as_str(), listed[0].seen_at), ("desk", world.now()));
    assert_eq!(world.store.session(&first, world.now()).await.unwrap().unwrap().seen_at, world.now());
    let stranger = world.store.close_own_session(&world.admin, listed[0].id).await;
    assert!(matches!(stranger, Err(StoreError::NotFound)));
    world.store.close_own_session(&who, listed[0].id).await.unwrap();
    assert!(world.store.session(&first, world.now()).await.unwrap().is_none());
    assert_eq!(list().await.len(), 1);
    assert!(world.store.session(&others, world.now()).await.unwrap().is_some());
}
