//! The plans SQLite makes for the questions that are asked all day: none may read a whole table or sort more than it shows.

use std::sync::Arc;

use sqlx::Row;

use super::{SqliteStore, claims, queue};
use crate::backend::vault::Vault;

async fn plan(sql: &'static str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(Vault::from_key(&[3; 32]).unwrap());
    let store = SqliteStore::open(&folder.path().join("plans.db"), vault, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(&store.writer).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

fn reads_a_whole_table(step: &str) -> bool {
    let lists = ["json_each", "VIRTUAL TABLE", "CONSTANT ROW", "(subquery"];
    step.starts_with("SCAN")
        && !lists.iter().any(|list| step.contains(list))
        && !step.starts_with("SCAN st")
        && !step.starts_with("SCAN u ")
}

async fn assert_searches(sql: &'static str, index: &str) {
    let steps = plan(sql).await;
    assert!(steps.iter().any(|step| step.contains(index)), "{index} is not used: {steps:#?}");
    assert!(!steps.iter().any(|step| reads_a_whole_table(step)), "a whole table is read: {steps:#?}");
}

#[tokio::test]
async fn the_queue_is_read_from_an_index() {
    assert_searches(
        queue::PAGE_OF_SEASON,
        "USING COVERING INDEX attempts_of_season (school=? AND season=? AND status=? AND (submitted_at,id)>(?,?))",
    )
    .await;
    assert_searches(
        queue::PAGE_OF_UNITS,
        "USING COVERING INDEX attempts_of_unit (school=? AND season=? AND unit=? AND status=? AND (submitted_at,id)>(?,?))",
    )
    .await;
}

#[tokio::test]
async fn a_claim_is_read_from_an_index() {
    assert_searches(claims::FREE_OF_SEASON, "USING COVERING INDEX attempts_to_claim (school=? AND season=? AND status=? AND visible_at<?)")
        .await;
    assert_searches(
        claims::FREE_OF_UNITS,
        "USING COVERING INDEX attempts_to_claim_in_unit (school=? AND season=? AND unit=? AND status=? AND visible_at<?)",
    )
    .await;
    assert_searches(claims::FREE_NEXT, "attempts_to_claim_in_unit").await;
}

#[tokio::test]
async fn progress_is_read_from_one_row_a_unit() {
    assert_searches(super::counters::COUNTERS, "SEARCH c USING PRIMARY KEY").await;
}
