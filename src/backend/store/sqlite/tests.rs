//! The conformance suite on real files, and what only SQLite can promise.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use tempfile::TempDir;

use super::SqliteStore;
use crate::backend::{store::conformance::conformance, vault::Vault};

async fn open(path: &Path) -> SqliteStore {
    let vault = Arc::new(Vault::from_key(&[5; 32]).unwrap());
    SqliteStore::open(&path.join("zhaoshen.db"), vault, Timestamp::UNIX_EPOCH).await.unwrap()
}

async fn fresh() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (open(folder.path()).await, folder)
}

conformance!(super::fresh);

#[tokio::test]
async fn the_audit_is_append_only() {
    let (store, _folder) = fresh().await;
    sqlx::query("INSERT INTO audit (school, at, action) VALUES ('school', 0, 'test')").execute(&store.writer).await.unwrap();
    for change in [
        "UPDATE audit SET action = 'other'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit (sequence, school, at, action) VALUES (1, 'school', 0, 'other')",
    ] {
        let error = sqlx::query(change).execute(&store.writer).await.unwrap_err();
        assert!(error.to_string().contains("append only"), "{change}: {error}");
    }
}

#[tokio::test]
async fn nothing_personal_lies_open_in_the_file() {
    let (store, folder) = fresh().await;
    let world = crate::backend::store::conformance::World::found(Arc::new(store.clone())).await;
    drop(world);
    store.close().await;
    let bytes = std::fs::read(folder.path().join("zhaoshen.db")).unwrap();
    for personal in ["张三1", "990000199001010017", "13800000001"] {
        assert!(!bytes.windows(personal.len()).any(|window| window == personal.as_bytes()), "{personal}");
    }
}

#[tokio::test]
async fn a_commit_is_on_the_disk_and_the_journal_is_a_log() {
    let (store, _folder) = fresh().await;
    for (pragma, expected) in [("PRAGMA synchronous", "2"), ("PRAGMA foreign_keys", "1")] {
        let value: i64 = sqlx::query_scalar(pragma).fetch_one(&store.writer).await.unwrap();
        assert_eq!(value.to_string(), expected, "{pragma}");
    }
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&store.writer).await.unwrap();
    assert_eq!(journal, "wal");
}
