//! Where and how a house dies: after a while, at a call that its process makes to the system, at the first row that it writes into a table, or
//! when a change of its files is seen. The program under test knows of none of this: calls are counted by `strace`, tables are locked by a
//! connection of the test's own.
//!
//! Import, notices and purge have a soak each, run in short by the journeys and for long by `tests/long`.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

use sqlx::{ConnectOptions as _, Connection as _};

use super::{
    PATIENCE, files,
    house::{House, Person, free_port},
    pair::{self, Cluster},
    s3, wait_until,
};

pub mod import;
pub mod notices;
pub mod purge;

/// What a house keeps its data with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    /// SQLite and files.
    Folder,
    /// PostgreSQL and S3-compatible storage.
    Cluster,
}

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The process that serves or works.
    Server,
    /// PostgreSQL.
    Database,
    /// Both at once, as when the machine loses its power.
    Both,
}

/// When.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// After so many milliseconds.
    After(u64),
    /// Before one of its threads makes its nth call of these names. Kills the process by itself.
    Call(&'static str, u32),
    /// When it waits to write its first row into this table; what its transaction did before is done. PostgreSQL only.
    Writing(&'static str),
    /// When its pictures or its notices are others than before.
    Seen(Trace),
}

/// Files that tell from outside how far a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    Pictures,
    Notices,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Point::After(_) => f.write_str("at random"),
            Point::Call(name, _) => write!(f, "call {name}"),
            Point::Writing(table) => write!(f, "writing {table}"),
            Point::Seen(trace) => write!(f, "seen {trace:?}"),
        }
    }
}

/// Deaths by whom and where: those at their point, and those of which the point never came.
#[derive(Debug, Default)]
pub struct Tally {
    deaths: BTreeMap<String, (u32, u32)>,
    /// How often a call of these names did not come.
    never: BTreeMap<&'static str, u32>,
}

impl Tally {
    pub fn count(&mut self, victim: Victim, point: Point, reached: bool) {
        let victim = if matches!(point, Point::Call(..)) { Victim::Server } else { victim };
        if let (Point::Call(names, _), false) = (point, reached) {
            *self.never.entry(names).or_default() += 1;
        }
        let (there, elsewhere) = self.deaths.entry(format!("{victim:?}, {point}")).or_default();
        *(if reached { there } else { elsewhere }) += 1;
    }

    /// How many there were at their points.
    pub fn reached(&self) -> u32 {
        self.deaths.values().map(|(there, _)| there).sum()
    }

    /// How many there were.
    pub fn all(&self) -> u32 {
        self.deaths.values().map(|(there, elsewhere)| there + elsewhere).sum()
    }

    /// Whether a point need not be tried: two numbers of a call did not come, so that higher ones will not either.
    pub fn is_through(&self, point: Point) -> bool {
        matches!(point, Point::Call(names, _) if self.never.get(names).is_some_and(|never| *never >= 2))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, (there, elsewhere)) in &self.deaths {
            writeln!(f, "  {what}: {there} there, {elsewhere} after the work was over")?;
        }
        Ok(())
    }
}

/// Numbers that are the same on every run, and no rhythm.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Whether calls can be counted here: by `strace`, of processes that are not its own children.
pub fn can_count_calls() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let Ok(mut sleep) = Command::new("sleep").arg("60").spawn() else { return false };
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=unlink", "-p", &sleep.id().to_string()]);
        let traced = strace.stdin(Stdio::null()).stderr(Stdio::null()).spawn().is_ok_and(|mut strace| {
            let began = Instant::now();
            let traced = loop {
                if is_traced(sleep.id()) {
                    break true;
                }
                if began.elapsed() > PATIENCE || strace.try_wait().is_ok_and(|end| end.is_some()) {
                    break false;
                }
                std::thread::sleep(super::MOMENT);
            };
            let _ = (strace.kill(), strace.wait());
            traced
        });
        let _ = (sleep.kill(), sleep.wait());
        traced
    })
}

/// Whether somebody traces every thread of a process.
fn is_traced(process: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return false };
    let mut threads = threads.flatten().peekable();
    threads.peek().is_some()
        && threads.all(|thread| {
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0"))
        })
}

/// What `strace` is told, so that the process dies before its nth call of a name.
fn trap(name: &str, nth: u32) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={name}")]);
    strace.args(["-e", &format!("inject={name}:signal=SIGKILL:when={nth}")]);
    strace
}

/// A point that is waited for.
pub struct Armed {
    point: Point,
    began: Instant,
    /// Holds the table.
    gate: Option<sqlx::PgConnection>,
    /// Counts the calls.
    trap: Option<Child>,
    /// What was seen before.
    before: u64,
}

/// A house that may be killed, and its database with it.
pub struct Stage {
    pub house: House,
    pub cluster: Option<Cluster>,
    /// The address of its database, on PostgreSQL.
    pub database: Option<String>,
    pub tally: Tally,
}

impl Stage {
    /// Founds a house with people of these roles; `None`, and the test is left out, where no PostgreSQL is installed.
    pub fn open<const N: usize>(pair: Pair, people: [(&str, Option<&str>); N]) -> Option<(Stage, [Person; N])> {
        let cluster = match pair {
            Pair::Folder => None,
            Pair::Cluster => {
                let Some(cluster) = Cluster::start() else {
                    assert!(std::env::var_os("ZHAOSHEN_TEST_ALL").is_none(), "PostgreSQL is not installed, and nothing may be left out");
                    super::left_out("no PostgreSQL");
                    return None;
                };
                pair::migrate(&cluster.url("template1"));
                Some(cluster)
            }
        };
        let database = cluster.as_ref().map(pair::create_database);
        // Whoever asks again while nobody answers asks for more than anybody may.
        let settings = vec![("ZHAOSHEN_LIMIT_SESSION", "0"), ("ZHAOSHEN_LIMIT_ADDRESS", "0")];
        let pictures = cluster.is_some().then(s3::place);
        let (house, people) = House::open_told(free_port(), None, database.clone(), pictures, settings, people);
        Some((Stage { house, cluster, database, tally: Tally::default() }, people))
    }

    /// Gets ready for a death at this point. What follows runs into it.
    pub fn arm(&mut self, point: Point) -> Armed {
        let mut armed = Armed { point, began: Instant::now(), gate: None, trap: None, before: self.seen(point) };
        match point {
            Point::Writing(table) => {
                armed.gate = {
                    let url = self.database.as_deref().expect("tables are held on PostgreSQL alone");
                    Some(self.house.wait_for(close(url, table)))
                }
            }
            Point::Call(name, nth) => {
                let process = self.house.process();
                let strace = trap(name, nth).args(["-p", &process.to_string()]).stdin(Stdio::null()).stderr(Stdio::null()).spawn();
                armed.trap = Some(strace.expect("strace runs"));
                // The work of before may run into it at once.
                wait_until(|| "strace".to_owned(), || (is_traced(process) || self.house.has_died()).then_some(()));
            }
            Point::After(_) | Point::Seen(_) => {}
        }
        armed
    }

    /// Waits for the point, or until what leads to it is over; then kills. Says whether the point came.
    pub fn strike(&mut self, mut armed: Armed, victim: Victim, mut over: impl FnMut(&Stage) -> bool) -> bool {
        let began = Instant::now();
        let reached = loop {
            if self.is_reached(&mut armed) {
                break true;
            }
            if over(self) {
                break false;
            }
            assert!(began.elapsed() < PATIENCE * 2, "neither {:?} nor an end came", armed.point);
            std::thread::sleep(Duration::from_millis(2));
        };
        if victim != Victim::Server
            && let Some(cluster) = &mut self.cluster
        {
            cluster.kill_9();
        }
        if victim != Victim::Database || armed.trap.is_some() || self.cluster.is_none() {
            self.house.kill_9();
        }
        self.let_go(armed);
        reached
    }

    fn is_reached(&mut self, armed: &mut Armed) -> bool {
        match armed.point {
            Point::After(milliseconds) => armed.began.elapsed() >= Duration::from_millis(milliseconds),
            Point::Call(..) => self.house.has_died(),
            Point::Seen(_) => self.seen(armed.point) != armed.before,
            Point::Writing(table) => {
                let gate = armed.gate.as_mut().expect("it was closed");
                self.house.wait_for(is_waited_at(gate, table))
            }
        }
    }

    fn let_go(&self, armed: Armed) {
        if let Some(gate) = armed.gate {
            // Its server may be gone.
            let _ = self.house.wait_for(gate.close());
        }
        if let Some(mut trap) = armed.trap {
            super::desk::signal(trap.id(), "TERM");
            let _ = trap.wait();
        }
    }

    fn seen(&self, point: Point) -> u64 {
        match point {
            Point::Seen(Trace::Pictures) => count_files(&self.house.pictures()),
            Point::Seen(Trace::Notices) => fs::metadata(self.house.data().join("notices.jsonl")).map_or(0, |file| file.len()),
            _ => 0,
        }
    }

    /// Brings back what was killed. The thirty seconds for which a dead process has its jobs still are not waited out: they are over by what
    /// the database is told while nobody serves.
    pub fn revive(&mut self) {
        if let Some(cluster) = &mut self.cluster
            && cluster.is_killed()
        {
            cluster.restart();
        }
        if self.house.is_served() {
            return;
        }
        if let Some(url) = &self.database {
            self.house.wait_for(async {
                let mut connection = sqlx::PgConnection::connect(url).await.expect("the database answers");
                let text = "UPDATE jobs SET visible_at = 0, taken = 0 WHERE taken = 1";
                sqlx::query(text).execute(&mut connection).await.expect("jobs come back");
            });
        }
        self.house.start();
    }

    /// One text a row of what the database says to a question with one column of text. The house is served meanwhile.
    pub fn texts(&self, question: &str) -> Vec<String> {
        texts(&self.house, self.database.as_deref(), &self.house.data(), question)
    }

    /// How many rows a table has in which something holds.
    pub fn count(&self, table: &str, holds: &str) -> i64 {
        let texts = self.texts(&format!("SELECT CAST(count(*) AS TEXT) FROM {table} WHERE {holds}"));
        texts.first().and_then(|text| text.parse().ok()).expect("a number")
    }

    /// An identifier as text.
    pub fn hex(&self, column: &str) -> String {
        if self.database.is_some() { format!("encode({column}, 'hex')") } else { format!("lower(hex({column}))") }
    }

    /// Holds a house against itself, when all its work is done: counters, audit, pictures.
    pub fn assert_sound(&mut self, registrar: &Person) {
        assert_eq!(self.count("jobs", "1 = 1"), 0, "all work is done");
        self.house.assert_counted(registrar);
        let audit = self.house.whole_audit(registrar);
        assert_eq!(audit.iter().map(|line| line.sequence).collect::<HashSet<_>>().len(), audit.len());
        assert!(!audit.iter().any(|line| line.action == "counters.corrected"), "no counter was ever wrong");
        let pictures = self.house.pictures();
        age(&pictures);
        let data = self.house.data();
        let ended = self.house.run(&["admin", "verify", "--remove-orphans", "--json", "--data", data.to_str().expect("an own folder")]);
        let whole = ended.objects().pop().unwrap_or_else(|| panic!("{ended:?}"))["whole"].clone();
        assert_eq!((ended.code, &whole["missing"], &whole["damaged"]), (Some(0), &0.into(), &0.into()), "{whole}");
        println!("  pictures that nothing named, removed by the sweep: {}", whole["removed"]);
        let named = self.texts("SELECT name FROM blobs WHERE purged_at IS NULL").into_iter().collect();
        assert_eq!(difference(&pictures, &named), Vec::<String>::new(), "one file each, and nothing else");
        self.house.stop();
        let verified = self.house.keeper(&["audit", "verify"]).output().expect("the program runs");
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        self.house.start();
    }
}

/// Holds everybody who writes into a table, and nobody who reads it.
async fn close(url: &str, table: &str) -> sqlx::PgConnection {
    let mut gate = sqlx::PgConnection::connect(url).await.expect("the database answers");
    for text in ["BEGIN".to_owned(), format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")] {
        sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut gate).await.expect("a table is locked");
    }
    gate
}

/// Whether anybody waits for a table that this connection holds.
async fn is_waited_at(gate: &mut sqlx::PgConnection, table: &str) -> bool {
    let text = format!("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND relation = '{table}'::regclass");
    sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(gate).await.expect("the database answers")
}

/// One text a row of what a house's database says.
fn texts(house: &House, database: Option<&str>, data: &Path, question: &str) -> Vec<String> {
    let question = sqlx::AssertSqlSafe(question.to_owned());
    house.wait_for(async {
        match database {
            Some(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.expect("the database answers");
                sqlx::query_scalar(question).fetch_all(&mut connection).await.expect("rows")
            }
            None => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("zhaoshen.db")).busy_timeout(PATIENCE);
                let mut connection = options.connect().await.expect("the database opens");
                let rows = sqlx::query_scalar(question).fetch_all(&mut connection).await.expect("rows");
                connection.close().await.expect("it closes");
                rows
            }
        }
    })
}

/// Makes all pictures older than a day, after which nobody can still be at what nothing names.
fn age(pictures: &Path) {
    for file in files(pictures) {
        let file = fs::File::options().write(true).open(file).expect("an own file");
        file.set_modified(SystemTime::now() - Duration::from_hours(25)).expect("an own file");
    }
}

/// The names that are below a folder or among those that should be, but not both.
fn difference(folder: &Path, wanted: &BTreeSet<String>) -> Vec<String> {
    let name = |file: &PathBuf| file.file_name().expect("a file has a name").to_string_lossy().into_owned();
    let there: BTreeSet<String> = files(folder).iter().map(name).collect();
    there.symmetric_difference(wanted).cloned().collect()
}

/// How many files there are below a folder that others may change meanwhile.
fn count_files(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { count_files(&entry.path()) } else { 1 }).sum()
}
