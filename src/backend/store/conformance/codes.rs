//! One-time codes: set up, used once, recovered, reset, asked for by a policy.

use super::world::World;
use crate::{
    api::people::AccessPolicy,
    backend::{
        auth,
        store::{StoreError, tries::PER_NAME_AND_ADDRESS, types::Hash},
        totp,
    },
    domain::access::{Principal, Role, UnitScope},
};

/// Gives a reviewer confirmed codes; the clock stands in the step that was used.
async fn set_up(world: &World, who: &Principal, recovery: &[String]) -> Vec<u8> {
    let secret = totp::new_secret().unwrap();
    world.store.begin_codes(who, &secret, world.now()).await.unwrap();
    let digits = totp::digits_at(&secret, world.now());
    world.store.confirm_codes(who, &digits, recovery, &[0; 32], world.now()).await.unwrap();
    secret
}

async fn open_session(world: &World, who: &Principal) -> Hash {
    let (token, session) = auth::new_session(world.now()).unwrap();
    world.store.open_session(who.user, session).await.unwrap();
    auth::hash_of(&token)
}

pub async fn a_secret_is_confirmed_by_a_code_and_lies_sealed(world: &mut World) {
    let who = world.reviewers[0].clone();
    let (kept, other) = (open_session(world, &who).await, open_session(world, &who).await);
    let confirm = async |code: &str| world.store.confirm_codes(&who, code, &[], &kept, world.now()).await;
    assert!(matches!(confirm("123456").await, Err(StoreError::NotFound)), "nothing was begun");
    let first = totp::new_secret().unwrap();
    world.store.begin_codes(&who, &first, world.now()).await.unwrap();
    let second = totp::new_secret().unwrap();
    world.store.begin_codes(&who, &second, world.now()).await.unwrap();
    let (old, new) = (totp::digits_at(&first, world.now()), totp::digits_at(&second, world.now()));
    assert!(matches!(confirm(&old).await, Err(StoreError::WrongCode)), "begun again, only the last secret counts");
    assert!(!world.store.credentials("one").await.unwrap().unwrap().needs_code);
    confirm(&new).await.unwrap();
    assert!(world.store.credentials("one").await.unwrap().unwrap().needs_code);
    assert!(matches!(confirm(&new).await, Err(StoreError::CodesConfirmed)));
    assert!(matches!(world.store.begin_codes(&who, &first, world.now()).await, Err(StoreError::CodesConfirmed)));
    assert!(world.store.session(&kept, world.now()).await.unwrap().is_some());
    assert!(world.store.session(&other, world.now()).await.unwrap().is_none(), "what was opened without a code is over");
}

pub async fn no_code_is_accepted_twice(world: &mut World) {
    let who = world.reviewers[0].clone();
    let secret = set_up(world, &who, &[]).await;
    let digits = totp::digits_at(&secret, world.now());
    assert!(matches!(world.store.use_code(who.user, &digits, world.now()).await, Err(StoreError::WrongCode)), "it confirmed");
    world.clock.advance(30);
    let (now, digits) = (world.now(), totp::digits_at(&secret, world.now()));
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let (store, digits) = (std::sync::Arc::clone(&world.store), digits.clone());
            tokio::spawn(async move { store.use_code(who.user, &digits, now).await })
        })
        .collect();
    let mut accepted = 0;
    for task in tries {
        match task.await.unwrap() {
            Ok(()) => accepted += 1,
            Err(error) => assert!(matches!(error, StoreError::WrongCode), "{error}"),
        }
    }
    assert_eq!(accepted, 1);
    // One step early is accepted, and then what lies before it no more.
    let early = totp::digits_at(&secret, now + std::time::Duration::from_secs(30));
    world.store.use_code(who.user, &early, now).await.unwrap();
    world.clock.advance(30);
    assert!(matches!(world.store.use_code(who.user, &early, world.now()).await, Err(StoreError::WrongCode)));
    world.clock.advance(90);
    let late = totp::digits_at(&secret, world.now() - std::time::Duration::from_secs(60));
    assert!(matches!(world.store.use_code(who.user, &late, world.now()).await, Err(StoreError::WrongCode)), "two steps late");
    for nonsense in ["", "12345", "abcdef", "１２３"] {
        assert!(matches!(world.store.use_code(who.user, nonsense, world.now()).await, Err(StoreError::WrongCode)), "{nonsense}");
    }
    let nobody = world.reviewers[1].user;
    assert!(matches!(world.store.use_code(nobody, "123456", world.now()).await, Err(StoreError::WrongCode)));
}

pub async fn a_recovery_code_stands_in_once(world: &mut World) {
    let who = world.reviewers[0].clone();
    let codes = totp::new_recovery_codes().unwrap();
    set_up(world, &who, &codes).await;
    let left = async || world.store.codes_state(&who).await.unwrap().recovery_codes_left;
    assert_eq!(left().await, 10);
    world.store.use_code(who.user, &codes[3].to_uppercase(), world.now()).await.unwrap();
    assert!(matches!(world.store.use_code(who.user, &codes[3], world.now()).await, Err(StoreError::WrongCode)));
    let another = world.reviewers[1].clone();
    set_up(world, &another, &[]).await;
    assert!(matches!(world.store.use_code(another.user, &codes[4], world.now()).await, Err(StoreError::WrongCode)), "another's");
    assert_eq!(left().await, 9);
    world.store.remove_codes(&who, &codes[5], world.now()).await.unwrap();
    let state = world.store.codes_state(&who).await.unwrap();
    assert_eq!((state.confirmed, state.recovery_codes_left), (false, 0));
}

pub async fn a_role_that_needs_codes_owes_them(world: &mut World) {
    let who = world.reviewers[0].clone();
    let session = open_session(world, &who).await;
    let owes = async || world.store.session(&session, world.now()).await.unwrap().unwrap().owes_codes;
    assert!(!owes().await);
    let policy = AccessPolicy { codes_required_for: vec![Role::Reviewer] };
    let of_some = Principal { units: UnitScope::Only(vec!["A".into()]), ..world.admin.clone() };
    assert!(matches!(world.store.put_access_policy(&of_some, &policy, world.now()).await, Err(StoreError::Forbidden)));
    world.store.put_access_policy(&world.admin, &policy, world.now()).await.unwrap();
    assert_eq!(world.store.access_policy(&world.admin).await.unwrap(), policy);
    assert!(owes().await);
    assert!(world.store.codes_state(&who).await.unwrap().required);
    let secret = totp::new_secret().unwrap();
    world.store.begin_codes(&who, &secret, world.now()).await.unwrap();
    assert!(owes().await, "begun is not done");
    world.store.confirm_codes(&who, &totp::digits_at(&secret, world.now()), &[], &session, world.now()).await.unwrap();
    assert!(!owes().await);
}

pub async fn a_lost_phone_is_reset_by_an_admin(world: &mut World) {
    let who = world.of_a.clone();
    let codes = totp::new_recovery_codes().unwrap();
    let secret = set_up(world, &who, &codes).await;
    let session = open_session(world, &who).await;
    let of_b = Principal { units: UnitScope::Only(vec!["B".into()]), ..world.admin.clone() };
    let elsewhere = Principal { school: "elsewhere".into(), ..world.admin.clone() };
    for stranger in [of_b, elsewhere] {
        assert!(matches!(world.store.reset_codes(&stranger, who.user, world.now()).await, Err(StoreError::NotFound)));
    }
    let own = world.store.reset_codes(&world.admin, world.admin.user, world.now()).await;
    assert!(matches!(own, Err(StoreError::OwnAccount)), "a stolen token must not take the codes away");
    world.store.reset_codes(&world.admin, who.user, world.now()).await.unwrap();
    assert!(world.store.session(&session, world.now()).await.unwrap().is_none());
    assert!(!world.store.credentials("of-a").await.unwrap().unwrap().needs_code);
    world.clock.advance(30);
    for code in [totp::digits_at(&secret, world.now()), codes[0].clone()] {
        assert!(matches!(world.store.use_code(who.user, &code, world.now()).await, Err(StoreError::WrongCode)));
    }
}

pub async fn a_try_that_is_half_right_costs_nothing(world: &mut World) {
    let (now, address) = (world.now(), std::net::IpAddr::from([192, 0, 2, 1]));
    for _ in 0..PER_NAME_AND_ADDRESS - 1 {
        assert_eq!(world.store.begin_try("li", address, now).await.unwrap(), None);
    }
    // Asked for a code over and over: neither counted nor forgiven.
    for _ in 0..3 {
        assert_eq!(world.store.begin_try("li", address, now).await.unwrap(), None);
        world.store.try_unfinished("li", address).await.unwrap();
    }
    assert_eq!(world.store.begin_try("li", address, now).await.unwrap(), None);
    assert!(world.store.begin_try("li", address, now).await.unwrap().is_some());
}
