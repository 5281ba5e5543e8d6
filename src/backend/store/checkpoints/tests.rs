//! Sealing the audit on both engines, under tampering that goes past the triggers, and past a commit that comes late.

use std::sync::Arc;

use super::*;
use crate::backend::{
    chain::{Anchor, ChainError, Walk},
    store::{
        audit::{self, Auditing as _, Line},
        conformance::World,
        tests::{fresh, fresh_on_postgres},
    },
};

async fn verify(store: &SqlStore, anchors: &[Anchor]) -> Result<i64, ChainError> {
    let key = store.vault.public_key().unwrap();
    let mut walk = Walk::new("school", &key, anchors);
    for checkpoint in store.checkpoints_after("school", 0).await.unwrap() {
        let rows = store.audit_rows("school", walk.through(), checkpoint.through_sequence, i64::MAX).await.unwrap();
        walk.step(&checkpoint, &rows)?;
    }
    walk.end()
}

/// Other tests' transactions in the same cluster may hold the end back.
async fn seal(store: &SqlStore, now: Timestamp) {
    store.seal_audit(now).await.unwrap();
}

async fn run(store: &SqlStore, text: &'static str) {
    let mut write = store.database.write().await.unwrap();
    sql(text).execute(&mut write).await.unwrap();
    write.commit().await.unwrap();
}

async fn every_line_is_sealed_once_and_a_change_is_found(store: SqlStore, free: &'static [&'static str], bound: &'static str) {
    let mut world = World::found(Arc::new(store.clone())).await;
    seal(&store, world.now()).await;
    let id = world.approved(1).await;
    seal(&store, world.now()).await;
    seal(&store, world.now()).await;
    let checkpoints = store.checkpoints_after("school", 0).await.unwrap();
    assert_eq!(checkpoints.len(), 2, "nothing new makes no checkpoint");
    let lines = store.audit(&world.admin, None, None, 200).await.unwrap().items;
    assert_eq!(checkpoints.iter().map(|checkpoint| checkpoint.entries).sum::<i64>(), lines.len() as i64);
    assert!(lines.iter().any(|line| line.submission == Some(id)));
    let kept = Anchor { number: 2, root: checkpoints[1].root.clone() };
    assert_eq!(verify(&store, std::slice::from_ref(&kept)).await, Ok(2));
    let page = store.audit_checkpoints(&world.registrar, None, 1).await.unwrap();
    assert_eq!((page.items[0].number, page.next.as_deref()), (2, Some("2")));
    let page = store.audit_checkpoints(&world.registrar, page.next.as_deref(), 1).await.unwrap();
    assert_eq!((page.items[0].number, page.next), (1, None));
    // Somebody with the database in hand, past its triggers.
    for text in free {
        run(&store, text).await;
    }
    run(&store, "UPDATE audit SET action = action || '!' WHERE sequence = (SELECT min(sequence) FROM audit)").await;
    assert_eq!(verify(&store, &[]).await.unwrap_err().code(), "rows");
    run(&store, "UPDATE audit SET action = replace(action, '!', '') WHERE sequence = (SELECT min(sequence) FROM audit)").await;
    assert_eq!(verify(&store, &[]).await, Ok(2), "put back");
    run(&store, "DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)").await;
    assert_eq!(verify(&store, &[]).await, Err(ChainError::Rows { number: 2, through: checkpoints[1].through_sequence }));
    run(&store, "DELETE FROM audit_checkpoints WHERE number = 2").await;
    assert_eq!(verify(&store, &[]).await, Ok(1), "a chain that was cut is found by what was kept elsewhere alone");
    assert_eq!(verify(&store, &[kept]).await, Err(ChainError::Gap { number: 2 }));
    run(&store, bound).await;
}

#[tokio::test]
async fn every_line_is_sealed_once_and_a_change_is_found_on_sqlite() {
    let (store, _folder) = fresh().await;
    let free =
        &["DROP TRIGGER audit_is_never_changed", "DROP TRIGGER audit_is_never_deleted", "DROP TRIGGER audit_checkpoints_are_never_deleted"];
    every_line_is_sealed_once_and_a_change_is_found(store, free, "SELECT 1").await;
}

#[tokio::test]
async fn every_line_is_sealed_once_and_a_change_is_found_on_postgres() {
    let Some((store, _url)) = fresh_on_postgres().await else { return };
    let free = &["ALTER TABLE audit DISABLE TRIGGER ALL", "ALTER TABLE audit_checkpoints DISABLE TRIGGER ALL"];
    every_line_is_sealed_once_and_a_change_is_found(store, free, "ALTER TABLE audit ENABLE TRIGGER ALL").await;
}

#[tokio::test]
async fn checkpoints_are_append_only_too() {
    for store in [Some(fresh().await.0), fresh_on_postgres().await.map(|(store, _)| store)].into_iter().flatten() {
        let world = World::found(Arc::new(store.clone())).await;
        seal(&store, world.now()).await;
        for change in ["UPDATE audit_checkpoints SET entries = 1", "DELETE FROM audit_checkpoints"] {
            let mut write = store.database.write().await.unwrap();
            let error = sql(change).execute(&mut write).await.unwrap_err();
            assert!(error.to_string().contains("append only"), "{change}: {error}");
        }
    }
}

#[tokio::test]
async fn a_line_that_is_committed_late_is_not_passed_over() {
    let Some((store, _url)) = fresh_on_postgres().await else { return };
    let world = World::found(Arc::new(store.clone())).await;
    seal(&store, world.now()).await;
    // Numbered first, committed last.
    let mut late = store.database.write().await.unwrap();
    audit::append(&mut late, world.now(), Line::of("school", "late")).await.unwrap();
    let mut soon = store.database.write().await.unwrap();
    audit::append(&mut soon, world.now(), Line::of("school", "soon")).await.unwrap();
    soon.commit().await.unwrap();
    let sealing = tokio::spawn({
        let (store, now) = (store.clone(), world.now());
        async move { store.seal_audit(now).await }
    });
    tokio::time::sleep(LOOK * 6).await;
    assert!(!sealing.is_finished(), "it waits for the transaction that has the lower number");
    late.commit().await.unwrap();
    sealing.await.unwrap().unwrap();
    assert!(verify(&store, &[]).await.is_ok());
    let sealed: i64 = store.checkpoints_after("school", 0).await.unwrap().iter().map(|checkpoint| checkpoint.entries).sum();
    let written: i64 = sql("SELECT count(*) FROM audit").fetch_value(&store.database).await.unwrap();
    assert_eq!(sealed, written);
}
