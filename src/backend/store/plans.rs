//! The plans SQLite makes for the questions that are asked all day: none may read a whole table or sort more than it shows.

use super::{
    SqlStore, claims,
    database::{Database, Spelling},
    queue,
};
use crate::backend::vault::MasterKey;

async fn plan(statement: Spelling) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let master = MasterKey::from_bytes(&[3; 32]).unwrap();
    let store = SqlStore::on_sqlite(&folder.path().join("plans.db"), master, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    let Database::Sqlite(sqlite) = store.database() else { unreachable!("it was opened on SQLite") };
    let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sqlite()));
    let rows = sqlx::query(explained).fetch_all(sqlite.readers()).await.unwrap();
    rows.iter().map(|row| sqlx::Row::get::<String, _>(row, "detail")).collect()
}

fn reads_a_whole_table(step: &str) -> bool {
    // Lists, and what a limited question inside has found.
    let lists = ["json_each", "VIRTUAL TABLE", "CONSTANT ROW", "(subquery", "SCAN free", "SCAN s LEFT-JOIN"];
    step.starts_with("SCAN")
        && !lists.iter().any(|list| step.contains(list))
        && !step.starts_with("SCAN st")
        && !step.starts_with("SCAN u ")
}

async fn assert_searches(statement: impl Into<Spelling>, index: &str) {
    let steps = plan(statement.into()).await;
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
    assert_searches(claims::OFFERED_NEXT, "attempts_to_claim_in_unit").await;
}

#[tokio::test]
async fn progress_is_read_from_one_row_a_unit() {
    assert_searches(super::counters::COUNTERS, "SEARCH c USING PRIMARY KEY").await;
    assert_searches(super::counters::SCAN_OF_ONE, "attempts_of_unit (school=? AND season=? AND unit=?").await;
}

#[tokio::test]
async fn the_course_of_a_unit_is_read_from_its_own_days() {
    assert_searches(super::days::DAYS_OF_UNITS, "SEARCH unit_days USING PRIMARY KEY (school=? AND season=? AND unit=?)").await;
    assert_searches(super::days::DAYS_OF_SEASON, "SEARCH unit_days USING PRIMARY KEY (school=? AND season=?)").await;
}

#[tokio::test]
async fn what_happened_is_read_from_where_somebody_was() {
    assert_searches(super::live::AFTER, "USING INDEX events_of_season (school=? AND season=? AND transaction_id>? AND transaction_id<?)")
        .await;
}

#[tokio::test]
async fn the_next_work_is_the_first_of_an_index() {
    assert_searches(super::jobs::TAKE, "USING COVERING INDEX jobs_due (kind=? AND visible_at<?)").await;
}

#[tokio::test]
async fn a_place_in_the_queue_counts_no_more_than_it_tells() {
    assert_searches(
        super::places::AHEAD,
        "attempts_to_claim_in_unit (school=? AND season=? AND unit=? AND status=? AND (visible_at,id)<(?,?))",
    )
    .await;
    assert_searches(super::places::OLDEST, "attempts_of_unit (school=? AND season=? AND unit=? AND status=?").await;
}

#[tokio::test]
async fn what_is_due_is_read_by_when_it_ended() {
    assert_searches(super::retention::DUE, "USING INDEX attempts_ended (school=? AND season=? AND ended_at>? AND ended_at<?)").await;
    assert_searches(super::lapse::CANDIDATES, "enrolments_open").await;
}

#[tokio::test]
async fn the_audit_is_sealed_from_where_the_last_piece_ended() {
    assert_searches(super::checkpoints::ENTRIES, "USING INDEX audit_of_school (school=? AND sequence>? AND sequence<?)").await;
}
