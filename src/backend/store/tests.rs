//! The conformance suite on real files and on a real server, and what only one engine can promise.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use jiff::Timestamp;
use tempfile::TempDir;

use super::{
    SqlStore,
    database::{Database, postgres::Postgres, sql},
    live::{Happened, Watching as _},
};
use crate::backend::{store::conformance::conformance, vault::MasterKey};

#[path = "../../../tests/support/postgres.rs"]
#[allow(dead_code, reason = "the journeys use the rest of it")]
mod postgres;

fn master() -> MasterKey {
    MasterKey::from_bytes(&[5; 32]).unwrap()
}

async fn open(path: &Path) -> SqlStore {
    SqlStore::on_sqlite(&path.join("zhaoshen.db"), master(), Timestamp::UNIX_EPOCH).await.unwrap()
}

pub(super) async fn fresh() -> (SqlStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (open(folder.path()).await, folder)
}

/// A database of its own in the cluster of this run; `None` where there is no server to run.
pub async fn fresh_on_postgres() -> Option<(SqlStore, String)> {
    static CLUSTER: OnceLock<Option<postgres::Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| {
        let cluster = postgres::Cluster::start();
        if let Some(cluster) = &cluster {
            let url = cluster.url("template1");
            // On a thread of its own: this one runs the test's tasks.
            let migrated = std::thread::spawn(move || tokio::runtime::Runtime::new().unwrap().block_on(Postgres::migrate(&url)));
            migrated.join().unwrap().unwrap();
        }
        cluster
    });
    let Some(cluster) = cluster else {
        assert!(std::env::var_os("ZHAOSHEN_TEST_ALL").is_none(), "PostgreSQL is not installed, and nothing may be left out");
        if let Some(list) = std::env::var_os("ZHAOSHEN_TEST_LEFT_OUT") {
            use std::io::Write as _;
            let mut list = std::fs::File::options().create(true).append(true).open(list).unwrap();
            writeln!(list, "the store on PostgreSQL: no server is installed").unwrap();
        }
        return None;
    };
    let name = format!("t{}", uuid::Uuid::now_v7().simple());
    let maker = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&cluster.url("postgres")).await.unwrap();
    // Copies of one template are made one after the other.
    for tries in 0.. {
        match sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&maker).await {
            Ok(_) => break,
            Err(error) if tries < 200 && error.to_string().contains("being accessed") => {
                tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    maker.close().await;
    let url = cluster.url(&name);
    Some((SqlStore::on_postgres(&url, 12, master(), Timestamp::UNIX_EPOCH).await.unwrap(), url))
}

mod on_sqlite {
    async fn fresh() -> Option<(super::SqlStore, super::TempDir)> {
        Some(super::fresh().await)
    }
    super::conformance!(super::fresh);
}

mod on_postgres {
    super::conformance!(super::super::fresh_on_postgres);
}

#[tokio::test]
async fn the_audit_is_append_only() {
    let (store, _folder) = fresh().await;
    let write = async |text: &'static str| {
        let mut write = store.database.write().await?;
        sql(text).execute(&mut write).await?;
        write.commit().await
    };
    write("INSERT INTO audit (school, at, action) VALUES ('school', 0, 'test')").await.unwrap();
    for change in [
        "UPDATE audit SET action = 'other'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit (sequence, school, at, action) VALUES (1, 'school', 0, 'other')",
    ] {
        let error = write(change).await.unwrap_err();
        assert!(error.to_string().contains("append only"), "{change}: {error}");
    }
}

#[tokio::test]
async fn the_audit_is_append_only_on_postgres() {
    let Some((store, _url)) = fresh_on_postgres().await else { return };
    sql("INSERT INTO audit (school, at, action) VALUES ('school', 0, 'test')").execute(&store.database).await.unwrap();
    for change in ["UPDATE audit SET action = 'other'", "DELETE FROM audit", "TRUNCATE audit"] {
        let error = sql(change).execute(&store.database).await.unwrap_err();
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
    let mut write = store.database.write().await.unwrap();
    for (pragma, expected) in [("PRAGMA synchronous", "2"), ("PRAGMA foreign_keys", "1")] {
        let value: i64 = sql(pragma).fetch_value(&mut write).await.unwrap();
        assert_eq!(value.to_string(), expected, "{pragma}");
    }
    let journal: String = sql("PRAGMA journal_mode").fetch_value(&mut write).await.unwrap();
    assert_eq!(journal, "wal");
}

#[tokio::test]
async fn turns_of_one_group_do_not_see_each_others_failures() {
    let (store, _folder) = fresh().await;
    let database = &store.database;
    let school = async |code: String, keep: bool| {
        let mut write = database.write().await?;
        sql("INSERT INTO schools (code, name, created_at) VALUES (?, '', 0)").bind(&code).execute(&mut write).await?;
        if keep {
            return write.commit().await;
        }
        // In the middle, as a request that its caller gave up.
        drop(write);
        Ok(())
    };
    let all = futures_util::future::join_all((0..200).map(|number| school(format!("s{number}"), number % 3 != 0))).await;
    assert!(all.iter().all(Result::is_ok));
    // A statement that fails takes back its own turn only.
    let twice = futures_util::future::join_all((0..20).map(|number| school(format!("s{}", number + 190), true))).await;
    let kept: i64 = sql("SELECT count(*) FROM schools WHERE code LIKE 's%' AND code <> 'school'").fetch_value(database).await.unwrap();
    let expected = (0..200).filter(|number| number % 3 != 0).count() + twice.iter().filter(|end| end.is_ok()).count();
    assert_eq!(usize::try_from(kept).unwrap(), expected);
    assert!(twice.iter().any(Result::is_ok) && twice.iter().any(Result::is_err));
}

#[tokio::test]
async fn a_database_that_was_not_migrated_is_not_opened() {
    let Some((store, url)) = fresh_on_postgres().await else { return };
    store.close().await;
    let bare = url.rsplit_once('/').map(|(server, _)| format!("{server}/postgres?sslmode=disable")).unwrap();
    let error = SqlStore::on_postgres(&bare, 2, master(), Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(matches!(error, super::StoreError::NotMigrated { have: 0, .. }), "{error}");
    let again = Postgres::migrate(&url).await.unwrap();
    assert_eq!(again.before, again.after, "a second time changes nothing");
    let Database::Postgres(newer) = SqlStore::on_postgres(&url, 2, master(), Timestamp::UNIX_EPOCH).await.unwrap().database else {
        panic!()
    };
    sqlx::query("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").execute(newer.pool()).await.unwrap();
    let error = SqlStore::on_postgres(&url, 2, master(), Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(matches!(error, super::StoreError::NewerDatabase { have: 9999, .. }), "{error}");
}

#[tokio::test]
async fn a_late_commit_is_skipped_by_no_reader() {
    let Some((store, _url)) = fresh_on_postgres().await else { return };
    let mut world = crate::backend::store::conformance::World::found(Arc::new(store.clone())).await;
    let admin = world.admin.clone();
    let season = crate::backend::store::conformance::SEASON;
    let start = store.events_end().await.unwrap();
    // An event that is numbered now and committed late, as by a slow machine.
    let mut slow = store.database.write().await.unwrap();
    sql("INSERT INTO events (school, season, unit, kind, attempt, version, at) VALUES (?, ?, 'A', 'attempt.late', ?, 1, 0)")
        .bind(super::SCHOOL)
        .bind(season)
        .bind(vec![0u8; 16])
        .execute(&mut slow)
        .await
        .unwrap();
    let early = world.pending(1, None).await;
    let kinds = async |after| match store.events_after(&admin, season, None, after, 50).await.unwrap() {
        Happened::Events { events, read, .. } => (events.into_iter().map(|(_, moved)| moved.kind).collect::<Vec<_>>(), read),
        Happened::Forgotten { .. } => panic!("nothing is forgotten"),
    };
    // What was committed meanwhile waits for it: told now, the late one would be below what was read.
    let (seen, read) = kinds(start).await;
    assert_eq!(seen, [] as [&str; 0]);
    slow.commit().await.unwrap();
    let (mut seen, mut read) = kinds(read).await;
    while seen.len() < 3 {
        let (more, further) = kinds(read).await;
        seen.extend(more);
        read = further;
    }
    assert_eq!(seen, ["attempt.late", "attempt.standardized", "attempt.pending"]);
    // And one that is taken back holds nobody up.
    let slow = store.database.write().await.unwrap();
    world.review(&admin, early, crate::backend::store::conformance::reject()).await.unwrap();
    slow.rollback().await.unwrap();
    let mut seen = vec![];
    while seen.is_empty() {
        (seen, read) = kinds(read).await;
    }
    assert_eq!(seen, ["attempt.held"]);
}

/// Somebody, or a forgotten line of code, changed a counter behind the store's back.
async fn a_damaged_counter_is_found_and_mended(store: SqlStore) {
    let mut world = crate::backend::store::conformance::World::found(Arc::new(store.clone())).await;
    world.pending(1, None).await;
    let (admin, season, now) = (world.admin.clone(), crate::backend::store::conformance::SEASON, world.now());
    let sound = world.store.progress(&admin, season).await.unwrap();
    assert_eq!(world.store.reconcile(now).await.unwrap(), []);
    let mut write = store.database.write().await.unwrap();
    let damage = "UPDATE unit_counters SET pending = pending + 4, enrolled_verified = 0, first_rejected = 7 WHERE unit = 'A'";
    sql(damage).execute(&mut write).await.unwrap();
    write.commit().await.unwrap();
    assert_ne!(world.store.progress(&admin, season).await.unwrap(), sound);
    let corrected = world.store.reconcile(now).await.unwrap();
    assert_eq!(corrected.iter().map(|unit| (unit.unit.as_str(), unit.counters)).collect::<Vec<_>>(), [("A", 3)]);
    assert_eq!(world.store.progress(&admin, season).await.unwrap(), sound);
    let line = world.store.audit(&admin, Some(season), None, 1).await.unwrap().items.remove(0);
    assert_eq!((line.action.as_str(), line.actor, line.details["counters"].as_str()), ("counters.corrected", None, "3"));
    assert_eq!(world.store.reconcile(now).await.unwrap(), [], "once mended it stays so");
}

#[tokio::test]
async fn a_damaged_counter_is_found_and_mended_on_sqlite() {
    let (store, _folder) = fresh().await;
    a_damaged_counter_is_found_and_mended(store).await;
}

#[tokio::test]
async fn a_damaged_counter_is_found_and_mended_on_postgres() {
    let Some((store, _url)) = fresh_on_postgres().await else { return };
    a_damaged_counter_is_found_and_mended(store).await;
}
