//! What a journey's house keeps its data with: SQLite and files, or PostgreSQL and S3-compatible storage.
//!
//! `ZHAOSHEN_TEST_PAIR=cluster` asks for the second; `tests/run --all` runs every journey with both.

use std::{process::Command, sync::OnceLock};

#[path = "../../support/postgres.rs"]
mod postgres;

pub use postgres::Cluster;

use super::PROGRAM;

/// Whether this run is on PostgreSQL.
pub fn on_cluster() -> bool {
    std::env::var("ZHAOSHEN_TEST_PAIR").is_ok_and(|pair| pair == "cluster")
}

/// A migrated database of its own, where this run is on PostgreSQL.
pub fn database() -> Option<String> {
    on_cluster().then(|| fresh_database().expect("the run was asked for on PostgreSQL, which is not installed"))
}

/// A migrated database of its own; `None`, and the test is left out, where no server is installed.
pub fn fresh_database() -> Option<String> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| {
        let cluster = Cluster::start()?;
        migrate(&cluster.url("template1"));
        Some(cluster)
    });
    let Some(cluster) = cluster else {
        assert!(std::env::var_os("ZHAOSHEN_TEST_ALL").is_none(), "PostgreSQL is not installed, and nothing may be left out");
        super::left_out("no PostgreSQL");
        return None;
    };
    Some(create_database(cluster))
}

/// Brings the tables at `url` up to date as an operator would.
pub fn migrate(url: &str) {
    let migrated = Command::new(PROGRAM).args(["migrate", "--database", url]).output().expect("the program runs");
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
}

/// A new database made like the cluster's template.
pub fn create_database(cluster: &Cluster) -> String {
    create_like(cluster, "template1")
}

/// A copy of a database that nobody uses.
pub fn copy_database(cluster: &Cluster, url: &str) -> String {
    let name = url.rsplit('/').next().and_then(|rest| rest.split('?').next()).expect("an address ends with a name");
    // By files, between two checkpoints: in a copy by the log, a sequence goes back to where it was copied when the server is killed.
    create_like(cluster, &format!("{name} STRATEGY FILE_COPY"))
}

fn create_like(cluster: &Cluster, template: &str) -> String {
    let name = format!("j{}", uuid::Uuid::now_v7().simple());
    let (server, statement) = (cluster.url("postgres"), format!("CREATE DATABASE {name} TEMPLATE {template}"));
    // Journeys with tasks of their own call this too: a runtime may not be started inside another.
    let created = std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async {
            for _ in 0..400 {
                let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&server).await?;
                match sqlx::query(sqlx::AssertSqlSafe(statement.clone())).execute(&mut connection).await {
                    // Copies of one template are made one after the other.
                    Err(error) if error.to_string().contains("being accessed") => tokio::time::sleep(super::MOMENT).await,
                    done => return done.map(|_| ()),
                }
            }
            panic!("the template was busy for ever")
        })
    });
    created.join().expect("no panic").expect("a database can be made");
    cluster.url(&name)
}
