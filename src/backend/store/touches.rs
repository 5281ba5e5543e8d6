//! How many rows PostgreSQL touches to answer what is asked all day, in a season of twenty thousand: as many as it shows, whatever the season
//! holds. Counted by the server itself, so that it holds for whatever plan it made, and for plans that know no values as well.
//!
//! One connection serves all: what would need two at once never ends here.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    SqlStore,
    conformance::world::{SEASON, World, blob, claim_of, intention},
    database::sql,
    deliveries::WayFilter,
    tests::fresh_on_postgres,
    types::{GivenReview, JobKind, NewAttempt, QueueFilter},
};
use crate::{
    api::submission::PictureKind,
    backend::vault::MasterKey,
    domain::{access::UnitScope, lifecycle::attempt::Status, review::ReviewVerdict},
};

/// Students, each with one photo: three of five wait, two of five are approved.
const STUDENTS: i64 = 20_000;
/// What a question may touch: what it shows, rights, the hundred units and their counters, one unit's two hundred photos; not the season.
const FEW: i64 = 1_800;

const FILLING: [&str; 14] = [
    "INSERT INTO units (school, season, code, name) SELECT 'school', '2027-summer', 'u' || i, 'unit ' || i FROM generate_series(1, 100) AS n (i)",
    "INSERT INTO unit_counters (school, season, unit) SELECT 'school', '2027-summer', 'u' || i FROM generate_series(1, 100) AS n (i)",
    "INSERT INTO students (id, school, season, unit, student_key, student_number, fingerprint, created_at, updated_at)
     SELECT decode(lpad(to_hex(i), 32, '0'), 'hex'), 'school', '2027-summer', 'u' || ((i - 1) / 200 + 1), 'k' || i, 'k' || i, '\\x00', 0, 0
     FROM generate_series(1, 20000) AS n (i)",
    "INSERT INTO enrolments (student, school, season, state, updated_at)
     SELECT id, school, season, CASE WHEN get_byte(id, 15) % 5 < 3 THEN 'verified' ELSE 'invited' END, 0 FROM students WHERE student_key LIKE 'k%'",
    "INSERT INTO attempts (id, school, season, unit, student, number, status, version, submitted_at, visible_at, place_at, photo_hash, decision, ended_at)
     SELECT id, school, season, unit, id, 1, CASE WHEN done THEN 'approved' ELSE 'pending' END, 3, at, at, at, id,
         CASE WHEN done THEN 'approve' END, CASE WHEN done THEN at END
     FROM (SELECT *, get_byte(id, 15) % 5 >= 3 AS done, 1800000000000000 + get_byte(id, 14) * 256 + get_byte(id, 15) AS at
         FROM students WHERE student_key LIKE 'k%') s",
    "INSERT INTO blobs (name, school, season, attempt, kind, bytes, created_at)
     SELECT encode(a.id, 'hex') || kind, a.school, a.season, a.id, kind, 3, 0
     FROM attempts a CROSS JOIN (VALUES ('original'), ('standard')) AS k (kind) WHERE length(a.photo_hash) = 16",
    "INSERT INTO deliveries (id, school, season, unit, student, attempt, state, created_at, updated_at)
     SELECT id, school, season, unit, student, id, 'ready', 0, 0 FROM attempts WHERE status = 'approved'",
    "INSERT INTO prints (id, school, season, unit, student, attempt, state, created_at, updated_at)
     SELECT id, school, season, unit, student, id, 'queued', 0, 0 FROM attempts WHERE status = 'approved'",
    "INSERT INTO audit (school, season, unit, at, action, attempt)
     SELECT school, season, unit, submitted_at, 'submission.captured', id FROM attempts ORDER BY id",
    "INSERT INTO notices (id, school, season, unit, student, attempt, kind, state, created_at, delivered_at)
     SELECT id, school, season, unit, student, id, 'approved', 'delivered', 0, 0 FROM attempts WHERE status = 'approved'",
    "INSERT INTO reviews (id, school, season, attempt, reviewer, round, verdict, reasons, at)
     SELECT a.id, a.school, a.season, a.id, u.id, 1, 'approve', '[]', 0 FROM attempts a JOIN users u ON u.name = 'one' WHERE a.status = 'approved'",
    "INSERT INTO skips (id, school, season, unit, attempt, reviewer, reason, at, until)
     SELECT a.id, a.school, a.season, a.unit, a.id, u.id, 'other', 0, 0 FROM attempts a JOIN users u ON u.name = 'one' WHERE a.status = 'pending'",
    "INSERT INTO events (school, season, unit, kind, attempt, version, at, transaction_id)
     SELECT school, season, unit, 'pending', id, 1, 0, 1 FROM attempts",
    "INSERT INTO jobs (school, season, kind, subject, visible_at, created_at)
     SELECT school, season, 'freeze', id, 9000000000000000, 0 FROM attempts WHERE status = 'pending'",
];

/// Rows read from tables and from indexes, since ever; what this connection counted is told first.
async fn touched(store: &SqlStore) -> i64 {
    sql("SELECT pg_stat_force_next_flush()").execute(&store.database).await.unwrap();
    sql("SELECT ((SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables)
             + (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes))::bigint")
    .fetch_value(&store.database)
    .await
    .unwrap()
}

/// A filled season over one connection whose plans are made as `mode` says, and what counts on it; `None` where no server is installed.
async fn filled(mode: &'static str) -> Option<(SqlStore, World)> {
    let (store, url) = fresh_on_postgres().await?;
    let mut world = World::found(Arc::new(store.clone())).await;
    for statement in FILLING {
        sql(statement).execute(&store.database).await.unwrap();
    }
    assert_eq!(world.store.reconcile(world.now()).await.unwrap().len(), 100);
    for statement in ["ANALYZE", mode] {
        sql(statement).execute(&store.database).await.unwrap();
    }
    store.close().await;
    let narrow = SqlStore::on_postgres(&url, 1, MasterKey::from_bytes(&[5; 32]).unwrap(), world.now()).await.unwrap();
    world.store = Arc::new(narrow.clone());
    Some((narrow, world))
}

/// Asks everything that is asked all day, and checks what each touched.
async fn assert_few_are_touched(mode: &'static str) {
    let Some((counting, world)) = filled(mode).await else { return };
    let store = Arc::clone(&world.store);
    let mut many = vec![];
    macro_rules! touches {
        ($what:literal, $ask:expr) => {{
            let before = touched(&counting).await;
            let answer = $ask.await.unwrap();
            let rows = touched(&counting).await - before;
            if rows > FEW {
                many.push(($what, rows));
            }
            answer
        }};
    }
    let (admin, reader) = (world.admin.clone(), world.reviewers[0].clone());
    let mut of_unit = reader.clone();
    of_unit.units = UnitScope::Only(vec!["u7".into()]);
    let now = world.now();

    let season = QueueFilter { season: SEASON.into(), status: Some(Status::Pending), limit: 50, ..QueueFilter::default() };
    let page = touches!("a page of the season", store.submissions(&reader, &season, now));
    assert_eq!(page.items.len(), 50);
    let next = QueueFilter { cursor: page.next.clone(), ..season.clone() };
    touches!("the page after it", store.submissions(&reader, &next, now));
    let unit = QueueFilter { unit: Some("u7".into()), ..season.clone() };
    touches!("a page of a unit", store.submissions(&reader, &unit, now));
    touches!("a page of whoever sees one unit", store.submissions(&of_unit, &season, now));
    touches!("a page of all standings", store.submissions(&reader, &QueueFilter { status: None, ..season.clone() }, now));
    let item = &page.items[7];
    touches!("a submission", store.submission(&reader, item.id, now));
    touches!("a picture", store.picture(&reader, item.id, PictureKind::Original));
    touches!("a position in the queue", store.queue_position(&admin, item.id));
    touches!("the lengths of the queue", store.queue_lengths(&admin, SEASON));

    let claim = touches!("a claim", store.claim(&reader, &claim_of(20), Uuid::now_v7(), world.now()));
    assert_eq!(claim.items.len(), 20);
    touches!("a heartbeat", store.heartbeat(&reader, claim.token, world.now()));
    let of_one = touches!("a claim in one unit", store.claim(&of_unit, &claim_of(5), Uuid::now_v7(), world.now()));
    assert_eq!(of_one.items.len(), 5);
    let photo = &of_one.items[0];
    let given = GivenReview { intention: intention(photo.version), verdict: ReviewVerdict::Approve, rendition: None };
    let held = touches!("a decision", store.review(&reader, photo.id, &given, world.now()));
    let back = touches!("an undoing", store.undo(&reader, photo.id, &intention(held.version), world.now()));
    let again = GivenReview { intention: intention(back.version), ..given };
    touches!("another decision", store.review(&reader, photo.id, &again, world.now()));
    touches!("a claim given back", store.release(&reader, claim.token));
    world.clock.advance(601);
    let job = touches!("the next work", store.next_job(JobKind::Freeze, world.now(), world.now())).expect("a decision to freeze");
    touches!("a freezing", store.freeze(&job, world.now()));
    let notice = touches!("the next notice", store.next_job(JobKind::Notify, world.now(), world.now())).expect("a notice to send");
    touches!("a notice", store.notice_work(&notice, world.now()));

    touches!("the progress", store.progress(&admin, SEASON));
    touches!("a unit counted anew", counting.correct("school", SEASON, "u7", world.now()));
    touches!("the days", store.days(&admin, SEASON, None));
    touches!("the days of a unit", store.days(&admin, SEASON, Some("u7")));
    touches!("the photos that wait", store.photos_waiting());
    let ways = WayFilter { season: SEASON.into(), limit: 50, ..WayFilter::default() };
    let deliveries = touches!("deliveries", store.deliveries(&admin, &ways));
    assert_eq!(deliveries.items.len(), 50);
    touches!("more deliveries", store.deliveries(&admin, &WayFilter { cursor: deliveries.next, unit: Some("u7".into()), ..ways }));
    let ways = WayFilter { season: SEASON.into(), limit: 50, ..WayFilter::default() };
    touches!("prints", store.prints(&admin, &ways));
    let audit = touches!("the audit", store.audit(&admin, Some(SEASON), None, 50));
    touches!("more of the audit", store.audit(&admin, Some(SEASON), audit.next.as_deref(), 50));
    touches!("the audit of the school", store.audit(&admin, None, None, 50));
    touches!("calls to make", store.calls(&admin, SEASON, None, world.now()));
    touches!("corrections", store.corrections(&admin, SEASON, None, 50));
    touches!("what happened", store.events_after(&reader, SEASON, None, "0-0".parse().unwrap(), 50));
    touches!("what changes in a unit", store.progress_of(&reader, SEASON, &["u7".into()]));
    touches!("names of pictures", store.named_pictures("", "g", 50));

    let student = touches!("a student", store.find_student(&admin, SEASON, "k4711"));
    touches!("whether a photo is known", store.attempt_of_photo(&admin, student.id, &[1; 32]));
    let (id, student) = (Uuid::now_v7(), store.find_student(&admin, SEASON, "25010001").await.unwrap());
    let photo_hash = store.photo_hash(student.id, b"photo");
    let attempt = NewAttempt { id, season: SEASON.into(), student: student.id, photo_hash, blobs: vec![blob(id, PictureKind::Original)] };
    touches!("a photo that comes in", store.add_submission(&admin, &attempt, world.now()));
    let job = touches!("the machine's next work", store.next_job(JobKind::Standardize, world.now(), world.now())).expect("a photo to make");
    touches!("the machine's work", store.attempt_work(&job, world.now()));
    let outcome = super::conformance::world::outcome(id, None, false);
    touches!("what the machine made", store.save_outcome(&job, &outcome, world.now()));
    touches!("a row of a roster", world.take(&[super::conformance::world::student(6, "B")]));
    touches!("pictures to remove", store.marked(100));
    touches!("what was left behind", store.sweep(world.now()));
    assert!(many.is_empty(), "touched too many rows, {mode}: {many:#?}");
    assert!(touched(&counting).await > 0 && STUDENTS > 10 * FEW, "the server counts");
}

#[tokio::test]
async fn what_is_asked_all_day_touches_few_rows() {
    assert_few_are_touched("SELECT 1").await;
}

#[tokio::test]
async fn plans_that_know_no_values_touch_few_rows_too() {
    assert_few_are_touched(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET plan_cache_mode = force_generic_plan', current_database()); END $$",
    )
    .await;
}
