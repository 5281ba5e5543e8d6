//! What the store costs at 10,000, 100,000 and 1,000,000 submissions, on SQLite and on PostgreSQL, beside the bare driver and pgbench in the
//! same run. Prints the tables of `docs/scale.md`:
//!
//! `ZHAOSHEN_BENCH_ROWS=1000000 cargo bench --bench backend`

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use uuid::Uuid;
use zhaoshen::{
    api::{
        people::NewUser,
        roster::Season,
        submission::{NewClaim, NewReview},
    },
    backend::{
        auth,
        clock::{Clock as _, SystemClock},
        entrance::Entrance,
        jobs::Duty,
        limits::Limits,
        production,
        serve::{self, Config},
        store::{
            SqlStore,
            claims::Claims as _,
            counters::Counting as _,
            database::{Engine, Spelling, postgres::Postgres, sql},
            deciding::Deciding as _,
            people::People as _,
            queue::Queue as _,
            reconcile::Reconciling as _,
            seasons::Seasons as _,
            types::{GivenReview, Intention, QueueFilter},
        },
        vault::MasterKey,
        whereabouts::{DatabaseAddress, Whereabouts},
    },
    client::{
        Http,
        http::{SubmissionQuery, Token},
    },
    domain::{
        access::{Principal, Role},
        lifecycle::attempt::Status,
        review::ReviewVerdict,
        season::{SeasonKind, SeasonRules},
    },
};

#[path = "../tests/support/postgres.rs"]
#[allow(dead_code, reason = "the journeys use the rest of it")]
mod postgres;

const SEASON: &str = "bench";
/// Submissions of a unit.
const A_UNIT: i64 = 200;
/// How long each rate is measured.
const A_WHILE: Duration = Duration::from_secs(5);

/// What fills a season: a text for each engine, run once with the number of rows.
fn filling() -> [Spelling; 5] {
    macro_rules! each {
        ($columns:literal, $select:literal) => {
            Spelling::Each {
                sqlite: concat!(
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT INTO ",
                    $columns,
                    " SELECT ",
                    $select,
                    " FROM n"
                ),
                postgres: concat!("INSERT INTO ", $columns, " SELECT ", $select, " FROM generate_series(1, ?1) AS n (i)"),
            }
        };
    }
    [
        each!("units (school, season, code, name)", "'school', 'bench', 'u' || i, 'unit ' || i"),
        each!("unit_counters (school, season, unit)", "'school', 'bench', 'u' || i"),
        Spelling::Each {
            sqlite: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                INSERT INTO students (id, school, season, unit, student_key, student_number, fingerprint, created_at, updated_at)
                SELECT unhex(printf('%032x', i)), 'school', 'bench', 'u' || ((i - 1) / 200 + 1), 'k' || i, 'k' || i, x'00', 0, 0 FROM n",
            postgres: "INSERT INTO students (id, school, season, unit, student_key, student_number, fingerprint, created_at, updated_at)
                SELECT decode(lpad(to_hex(i), 32, '0'), 'hex'), 'school', 'bench', 'u' || ((i - 1) / 200 + 1), 'k' || i, 'k' || i, '\\x00', 0, 0
                FROM generate_series(1, ?1) AS n (i)",
        },
        Spelling::Common(
            "INSERT INTO enrolments (student, school, season, state, updated_at)
             SELECT id, school, season, 'verified', ?1 FROM students WHERE season = 'bench'",
        ),
        Spelling::Common(
            "INSERT INTO attempts (id, school, season, unit, student, number, status, version, submitted_at, visible_at, place_at, photo_hash)
             SELECT id, school, season, unit, id, 1, 'pending', 3, ?1 + length(student_key), ?1 + length(student_key), ?1 + length(student_key), id
             FROM students WHERE season = 'bench'",
        ),
    ]
}

/// The middle of repeated times, in microseconds.
async fn middle<F: Future<Output = ()>>(times: usize, mut ask: impl FnMut() -> F) -> f64 {
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        ask().await;
        taken.push(began.elapsed());
    }
    taken.sort_unstable();
    taken[times / 2].as_secs_f64() * 1e6
}

fn row(name: &str, value: f64, unit: &str) {
    println!("| {name} | {value:.0} {unit} |");
}

async fn measure(store: SqlStore, whereabouts: Whereabouts, rows: i64) {
    let now = SystemClock.now();
    let user = NewUser { name: "bench".into(), role: Role::Admin, units: None };
    let user = store.add_user(None, &user, auth::new_invitation(now).expect("randomness").1).await.expect("a user");
    let admin = Principal { user: user.id, role: Role::Admin, school: user.school.clone(), units: user.scope() };
    let rules = SeasonRules { held_seconds: 86_400, ..SeasonRules::default() };
    let season = Season { code: SEASON.into(), name: SEASON.into(), kind: SeasonKind::Roster, rules, closes_at: None };
    store.put_season(&admin, &season, now).await.expect("a season");
    let began = Instant::now();
    let units = rows / A_UNIT;
    for (index, statement) in filling().into_iter().enumerate() {
        let mut write = store.database().write().await.expect("a writer");
        let number = [units, units, rows, 0, now.as_microsecond() - 3_600_000_000][index];
        sql(statement).bind(number).execute(&mut write).await.expect("filling works");
        write.commit().await.expect("filling lasts");
    }
    if store.database().engine() == Engine::Postgres {
        sql("ANALYZE").execute(store.database()).await.expect("statistics");
    }
    // As every night, so that no chore of the server is in the way of what is measured.
    assert_eq!(store.reconcile(now).await.expect("counters").len() as i64, units);
    println!("\n{:?}, {rows} submissions in {units} units (filled in {:.0} s)\n", store.database().engine(), began.elapsed().as_secs_f64());
    println!("| what | middle |\n|---|---|");

    let bare = Spelling::Common(
        "SELECT id, unit, number, status, version, submitted_at FROM attempts
         WHERE school = 'school' AND season = 'bench' AND status = 'pending' ORDER BY submitted_at, id LIMIT 50",
    );
    row("50 rows by the bare driver", middle(300, async || drop(sql(bare).fetch_all(store.database()).await.expect("rows"))).await, "µs");
    let filter = QueueFilter { season: SEASON.into(), status: Some(Status::Pending), limit: 50, ..QueueFilter::default() };
    let page = async |filter: &QueueFilter| store.submissions(&admin, filter, now).await.expect("a page");
    row("a page of 50 of the season", middle(300, async || drop(page(&filter).await)).await, "µs");
    let in_unit = QueueFilter { unit: Some("u7".into()), ..filter.clone() };
    row("a page of 50 of a unit", middle(300, async || drop(page(&in_unit).await)).await, "µs");
    let mut deep = filter.clone();
    for _ in 0..20 {
        deep.cursor = page(&deep).await.next.or(deep.cursor);
    }
    row("the 21st page", middle(300, async || drop(page(&deep).await)).await, "µs");
    row("progress of all units", middle(30, async || drop(store.progress(&admin, SEASON).await.expect("progress"))).await, "µs");
    row("the same by a scan", middle(3, async || drop(store.recount(&admin, SEASON).await.expect("a scan"))).await, "µs");
    let wanted = NewClaim { season: SEASON.into(), unit: None, status: Status::Pending, count: 10, only: vec![], keep: vec![] };
    let claim = async || drop(store.claim(&admin, &wanted, Uuid::now_v7(), SystemClock.now()).await.expect("a claim"));
    row("a claim of 10", middle(200, claim).await, "µs");

    for hands in [1usize, 16] {
        row(&format!("decisions a second, {hands} at once"), decide(&store, &admin, hands, rows).await, "/s");
    }
    let (token, session) = auth::new_session(SystemClock.now()).expect("randomness");
    store.open_session(user.id, session).await.expect("a session");
    store.close().await;
    over_http(whereabouts, token).await;
}

/// Decides ever other photos for a while; gives decisions a second.
async fn decide(store: &SqlStore, admin: &Principal, hands: usize, rows: i64) -> f64 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let began = Instant::now();
    let tasks: Vec<_> = (0..hands)
        .map(|_| {
            let (store, admin) = (store.clone(), admin.clone());
            tokio::spawn(async move {
                let mut done = 0u32;
                while began.elapsed() < A_WHILE {
                    // Spread over the units as reviewers of many units are.
                    let turn = NEXT.fetch_add(1, Ordering::Relaxed) as i64;
                    let number = (turn * 7919) % rows + 1;
                    let id = Uuid::from_u128(u128::try_from(number).expect("positive"));
                    let intention = Intention { version: 3, key: Uuid::now_v7(), request_hash: [1; 32] };
                    let review = GivenReview { intention, verdict: ReviewVerdict::Approve, rendition: None };
                    if store.review(&admin, id, &review, SystemClock.now()).await.is_ok() {
                        done += 1;
                    }
                }
                done
            })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("no panic");
    }
    f64::from(sum) / began.elapsed().as_secs_f64()
}

/// The same through the whole server.
async fn over_http(whereabouts: Whereabouts, token: String) {
    let config = Config {
        whereabouts,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        duty: Duty::Both,
        parts: Box::new(production::parts),
        clock: Arc::new(SystemClock),
        tls: None,
        entrance: Entrance { limits: Limits { session: 0, address: 0 }, ..Entrance::default() },
    };
    let running = serve::start(config).await.expect("a server");
    let http = Http::new(&format!("http://{}", running.address()), Some(Token::new(token))).expect("an address");
    let query = SubmissionQuery { season: SEASON.into(), status: Some(Status::Pending), limit: Some(50), ..SubmissionQuery::default() };
    row("a page of 50 over HTTP", middle(300, async || drop(http.submissions(&query).await.expect("a page"))).await, "µs");
    let (began, mut done, review) = (Instant::now(), 0u32, NewReview { verdict: ReviewVerdict::Approve, rendition: None });
    while began.elapsed() < A_WHILE {
        for item in http.submissions(&query).await.expect("a page").items {
            let intention = zhaoshen::client::http::Intention { version: item.version, key: Uuid::now_v7(), lease: None };
            http.review(item.id, &review, intention).await.expect("a decision");
            done += 1;
        }
    }
    row("decisions a second over HTTP, 1 at once", f64::from(done) / began.elapsed().as_secs_f64(), "/s");
    running.stop().await;
}

fn master(data: &Path) -> MasterKey {
    std::fs::create_dir_all(data).expect("a folder");
    MasterKey::open(&data.join("master.key")).expect("a key")
}

/// The database's own measure: the bare page and a bare decision, by pgbench.
fn pgbench(cluster: &postgres::Cluster) {
    let Some(program) = postgres::Cluster::program("pgbench") else {
        return println!("| pgbench | not installed |");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("page.sql");
    let page = "SELECT id, unit, number, status, version, submitted_at FROM attempts WHERE school = 'school' AND season = 'bench' \
                AND status = 'pending' ORDER BY submitted_at, id LIMIT 50;\n";
    std::fs::write(&script, page).expect("an own file");
    for clients in ["1", "16"] {
        let output = std::process::Command::new(&program)
            .args(["-n", "-T", "5", "-M", "prepared", "-c", clients, "-j", "2", "-f"])
            .arg(&script)
            .arg(cluster.url("postgres"))
            .output()
            .expect("pgbench runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let rate =
            text.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        row(&format!("pgbench: bare pages a second, {clients} at once"), rate.unwrap_or(f64::NAN), "/s");
    }
}

fn main() {
    let rows: i64 = std::env::var("ZHAOSHEN_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("sqlite");
    runtime.block_on(async {
        let master = master(&data);
        let store = SqlStore::on_sqlite(&data.join("zhaoshen.db"), master, Timestamp::UNIX_EPOCH).await.expect("a store");
        measure(store, Whereabouts::folder(data.clone()), rows).await;
    });
    let Some(cluster) = postgres::Cluster::start() else { return println!("\nno PostgreSQL is installed: its half is left out") };
    let (url, data) = (cluster.url("postgres"), folder.path().join("postgres"));
    runtime.block_on(async {
        Postgres::migrate(&url).await.expect("tables");
        let store = SqlStore::on_postgres(&url, 20, master(&data), Timestamp::UNIX_EPOCH).await.expect("a store");
        let database = Some(DatabaseAddress::parse(&url).expect("an address"));
        measure(store, Whereabouts { database, ..Whereabouts::folder(data.clone()) }, rows).await;
    });
    pgbench(&cluster);
}
