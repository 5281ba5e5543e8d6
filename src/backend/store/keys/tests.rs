//! Keys on both engines: rotation while people work, another master key, houses from before.

use std::sync::Arc;

use jiff::ToSpan as _;

use super::*;
use crate::backend::store::{
    codes::OneTimeCodes as _,
    conformance::World,
    intake::Intake as _,
    queue::Queue as _,
    tests::{fresh, fresh_on_postgres},
};

/// The number of the key that each sealed value of a student is sealed with.
async fn numbers(store: &SqlStore) -> Vec<u32> {
    let rows = sql("SELECT name, id_number, phone FROM students ORDER BY id").fetch_all(&store.database).await.unwrap();
    let columns = rows.iter().flat_map(|row| ["name", "id_number", "phone"].map(|column| row.bytes_or_null(column).unwrap()));
    columns.flatten().map(|sealed| vault::key_number(&sealed).unwrap()).collect()
}

async fn reseal_all(store: &SqlStore) -> u64 {
    let (mut done, mut after) = (0, None);
    loop {
        let walk = store.reseal("school", after, 4).await.unwrap();
        done += walk.sealed_anew;
        match walk.next {
            Some(next) => after = Some(next),
            None => return done,
        }
    }
}

async fn a_rotated_key_takes_over(store: SqlStore) {
    let mut world = World::found(Arc::new(store.clone())).await;
    let id = world.pending(1, None).await;
    let before = store.vault.current("school").unwrap();
    let secret = crate::backend::totp::new_secret().unwrap();
    store.begin_codes(&world.admin, &secret, world.now()).await.unwrap();
    assert!(numbers(&store).await.iter().all(|number| *number == before));
    let (number, active) = store.rotate_key("school", world.now()).await.unwrap();
    store.refresh_keys(active).await.unwrap();
    assert_eq!(store.vault.current("school"), Some(number));
    // And the secret of one person's codes.
    let values = numbers(&store).await.len() as u64 + 1;
    assert_eq!(reseal_all(&store).await, values);
    assert_eq!(reseal_all(&store).await, 0, "once is enough");
    assert!(numbers(&store).await.iter().all(|sealed_with| *sealed_with == number));
    assert_eq!(store.retire_keys("school", active).await.unwrap(), [before]);
    // What was resealed reads as it did.
    let digits = crate::backend::totp::digits_at(&secret, world.now());
    store.confirm_codes(&world.admin, &digits, &[], &[0; 32], world.now()).await.unwrap();
    let seen = store.submission(&world.registrar, id, world.now()).await.unwrap();
    assert_eq!(seen.summary.student.name.as_deref(), Some("张**"));
    assert!(matches!(store.rotate_key("nobody's", active).await, Err(StoreError::NotFound)));
    assert!(matches!(store.reseal("nobody's", None, 4).await, Err(StoreError::Vault(VaultError::NoKey))));
    let keys = store.keys().await.unwrap();
    let states: Vec<_> =
        keys.iter().filter(|key| key.school == "school").map(|key| (key.number, key.retired_at.is_some(), key.current)).collect();
    assert_eq!(states, [(before, true, false), (number, false, true)]);
}

#[tokio::test]
async fn a_rotated_key_takes_over_on_sqlite() {
    let (store, _folder) = fresh().await;
    a_rotated_key_takes_over(store).await;
}

#[tokio::test]
async fn a_rotated_key_takes_over_on_postgres() {
    let Some((store, _url)) = fresh_on_postgres().await else { return };
    a_rotated_key_takes_over(store).await;
}

#[tokio::test]
async fn every_process_has_learned_of_a_key_before_anything_is_sealed_with_it() {
    let Some((one, url)) = fresh_on_postgres().await else { return };
    let master = MasterKey::from_bytes(&[5; 32]).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let other = SqlStore::on_postgres(&url, 2, master, now).await.unwrap();
    let before = other.vault.current("school").unwrap();
    let (number, active) = one.rotate_key("school", now).await.unwrap();
    assert!(active > now && one.vault.current("school") == Some(before));
    // Learned, not used.
    other.refresh_keys(now + 20.seconds()).await.unwrap();
    assert_eq!(other.vault.current("school"), Some(before));
    one.refresh_keys(active).await.unwrap();
    let sealed = one.vault.seal("school", &[b"x"], b"value").unwrap();
    assert_eq!((vault::key_number(&sealed), other.vault.open_sealed(&[b"x"], &sealed).unwrap()), (Some(number), b"value".to_vec()));
    // A school that is new on one process is learned by the other when it looks.
    one.ready_key("new", now).await.unwrap();
    let sealed = one.vault.seal("new", &[b"x"], b"value").unwrap();
    assert!(matches!(other.vault.open_sealed(&[b"x"], &sealed), Err(VaultError::UnknownKey(_))));
    other.refresh_keys(now).await.unwrap();
    assert!(other.vault.open_sealed(&[b"x"], &sealed).is_ok());
}

#[tokio::test]
async fn a_house_opens_with_the_master_key_its_keys_are_wrapped_with() {
    let (store, folder) = fresh().await;
    let file = folder.path().join("zhaoshen.db");
    let world = World::found(Arc::new(store.clone())).await;
    let keys = store.keys().await.unwrap().len() as u64;
    let open = async |bytes: [u8; 32]| SqlStore::on_sqlite(&file, MasterKey::from_bytes(&bytes).unwrap(), world.now()).await;
    assert_eq!(store.rewrap_keys(&MasterKey::from_bytes(&[6; 32]).unwrap(), world.now()).await.unwrap(), keys);
    assert!(matches!(open([5; 32]).await, Err(StoreError::Vault(VaultError::OtherKey))));
    let after = open([6; 32]).await.unwrap();
    let student = after.find_student(&world.registrar, crate::backend::store::conformance::SEASON, "25010001").await;
    assert!(student.is_ok(), "found by the same hashes");
    // A process that was opened before goes on, and cannot wrap what it no longer knows.
    assert!(store.refresh_keys(world.now()).await.is_ok());
    let again = store.rewrap_keys(&MasterKey::from_bytes(&[7; 32]).unwrap(), world.now()).await;
    assert!(matches!(again, Err(StoreError::Vault(VaultError::OtherKey))));
}

#[tokio::test]
async fn a_house_from_before_keys_were_wrapped_goes_on() {
    let (store, folder) = fresh().await;
    let file = folder.path().join("zhaoshen.db");
    let mark = store.vault.derived_hash(MARK, &[]);
    let mut write = store.database.write().await.unwrap();
    sql("DELETE FROM data_keys").execute(&mut write).await.unwrap();
    sql("UPDATE vault_mark SET mark = ?").bind(mark.as_slice()).execute(&mut write).await.unwrap();
    write.commit().await.unwrap();
    store.close().await;
    let open = async |bytes: [u8; 32]| SqlStore::on_sqlite(&file, MasterKey::from_bytes(&bytes).unwrap(), Timestamp::UNIX_EPOCH).await;
    assert!(matches!(open([6; 32]).await, Err(StoreError::Vault(VaultError::OtherKey))));
    for _ in 0..2 {
        let store = open([5; 32]).await.unwrap();
        assert_eq!(store.vault.hash("x", &[b"y"]), store.vault.derived_hash("x", &[b"y"]), "what was found before is found again");
        assert!(store.keys().await.unwrap().iter().any(|key| key.number == vault::DERIVED_NUMBER));
        store.close().await;
    }
}
