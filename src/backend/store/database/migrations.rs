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
    "0011_privacy",
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
    ALL.iter().map(|(name, ..)| version(name)).max().unwrap_or(0)
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
