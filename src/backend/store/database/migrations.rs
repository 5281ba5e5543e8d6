//! Every migration of both engines, in order; each is in the binary.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// A migration's name and its text for each engine.
macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_str!(concat!("../../../../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../../../../migrations/postgres/", $name, ".sql")),
        )),*]
    };
}

/// The files in `migrations/sqlite` and `migrations/postgres`: the number is the version, the rest its name.
const ALL: &[(&str, &str, &str)] = &migrations![
    "0001_house",
    "0002_queue",
    "0003_decisions",
    "0004_access",
    "0006_live",
    "0007_roster_and_progress",
    "0008_keys",
    "0009_audit_checkpoints",
    "0010_access",
    "0011_privacy",
    "0012_renditions",
    "0013_bundles",
];

/// The migrations of SQLite.
pub fn sqlite() -> Migrator {
    migrator(|(_, sqlite, _)| sqlite)
}

/// The migrations of Postgres.
pub fn postgres() -> Migrator {
    migrator(|(_, _, postgres)| postgres)
}

/// The newest version there is.
pub fn newest() -> i64 {
    versions().max().unwrap_or(0)
}

/// How a database stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Current,
    /// Some migration has not been applied, whatever its number.
    Behind,
    /// Some migration is unknown here: a newer program was at it.
    Ahead,
}

/// Compares what was applied with what there is, one by one: two lines of work may have numbered side by side, and the higher number may have
/// come first.
pub fn standing(applied: &[i64]) -> Standing {
    let known: Vec<i64> = versions().collect();
    if applied.iter().any(|version| !known.contains(version)) {
        Standing::Ahead
    } else if known.iter().any(|version| !applied.contains(version)) {
        Standing::Behind
    } else {
        Standing::Current
    }
}

fn versions() -> impl Iterator<Item = i64> {
    ALL.iter().map(|(name, ..)| version(name))
}

/// All but one, for tests of what comes in later.
#[cfg(test)]
pub fn without(left_out: &str, engine: super::Engine) -> Migrator {
    let text = |migration: &(&'static str, &'static str, &'static str)| match engine {
        super::Engine::Sqlite => migration.1,
        super::Engine::Postgres => migration.2,
    };
    let all = migrator(text).iter().filter(|migration| migration.version != version(left_out)).cloned().collect();
    Migrator::with_migrations(all)
}

fn migrator(text: impl Fn(&(&'static str, &'static str, &'static str)) -> &'static str) -> Migrator {
    let all = ALL.iter().map(|migration| {
        let name = migration.0;
        let label = name.split_once('_').map_or(name, |(_, label)| label);
        Migration::new(version(name), label.into(), MigrationType::Simple, text(migration).into_sql_str(), false)
    });
    Migrator::with_migrations(all.collect())
}

fn version(name: &str) -> i64 {
    name.split('_').next().and_then(|number| number.parse().ok()).expect("a migration's name begins with its number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::store::{
        StoreError,
        database::{Database, Engine},
    };

    #[test]
    fn one_that_is_missing_below_the_newest_is_noticed() {
        let all: Vec<i64> = versions().collect();
        assert_eq!(standing(&all), Standing::Current);
        for left_out in &all {
            let rest: Vec<i64> = all.iter().copied().filter(|version| version != left_out).collect();
            assert_eq!(standing(&rest), Standing::Behind, "{left_out}");
        }
        let more: Vec<i64> = all.iter().copied().chain([newest() + 1]).collect();
        assert_eq!(standing(&more), Standing::Ahead);
        assert_eq!(standing(&[]), Standing::Behind);
    }

    /// Left out first and applied last; what is in it shows that it came.
    const LATE: (&str, &str) = ("0006_live", "SELECT count(*) FROM events_forgotten WHERE one <> 1");

    #[tokio::test]
    async fn one_that_comes_in_late_is_applied_on_sqlite() {
        use sqlx::{ConnectOptions as _, Connection as _};
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("zhaoshen.db");
        let mut before = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true).connect().await.unwrap();
        without(LATE.0, Engine::Sqlite).run_direct(None, &mut before, false).await.unwrap();
        assert!(sqlx::query(LATE.1).execute(&mut before).await.is_err());
        before.close().await.unwrap();
        let sqlite = super::super::sqlite::Sqlite::open(&file).await.unwrap();
        let events: i64 = sqlx::query_scalar(LATE.1).fetch_one(sqlite.readers()).await.unwrap();
        assert_eq!(events, 0);
        sqlite.close().await;
    }

    #[tokio::test]
    async fn one_that_comes_in_late_is_noticed_and_applied_on_postgres() {
        use super::super::postgres::Postgres;
        let Some((store, url)) = crate::backend::store::tests::fresh_on_postgres().await else { return };
        let Database::Postgres(other) = store.database() else { panic!("it was asked for on Postgres") };
        let (server, name) = url.rsplit_once('/').unwrap();
        let bare = name.split('?').next().unwrap().replacen('t', "bare", 1);
        let make = sqlx::AssertSqlSafe(format!("CREATE DATABASE {bare} TEMPLATE template0"));
        sqlx::query(make).execute(other.pool()).await.unwrap();
        let address = format!("{server}/{}", name.replacen('t', "bare", 1));
        let pool = sqlx::PgPool::connect(&address).await.unwrap();
        without(LATE.0, Engine::Postgres).run(&pool).await.unwrap();
        let error = Postgres::open(&address, 2).await.unwrap_err();
        assert!(matches!(error, StoreError::NotMigrated { have, .. } if have == newest()), "the highest number hides nothing: {error}");
        let migrated = Postgres::migrate(&address).await.unwrap();
        assert_eq!((migrated.before, migrated.after, migrated.applied), (newest(), newest(), 1));
        let opened = Postgres::open(&address, 2).await.unwrap();
        let events: i64 = sqlx::query_scalar(LATE.1).fetch_one(opened.pool()).await.unwrap();
        assert_eq!(events, 0);
    }

    #[test]
    fn versions_rise_and_every_file_is_listed() {
        let versions: Vec<i64> = ALL.iter().map(|(name, ..)| version(name)).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
        for engine in ["sqlite", "postgres"] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
            let mut files: Vec<String> =
                std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            files.sort();
            assert_eq!(files, ALL.iter().map(|(name, ..)| format!("{name}.sql")).collect::<Vec<_>>(), "{engine}");
        }
    }
}
