//! A night's purge dies again and again, at each of its steps: at the end what was due is gone, what was not due is there, the tombstones are
//! whole, and the audit says each thing once.
//!
//! A season is made once. Each death has a copy of it, in which a process of its own does the chores of a night years ahead: this very test
//! program, started again. After its death the same night is gone on with, a while later.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan as _};
use sqlx::Connection as _;
use uuid::Uuid;
use zhaoshen::{
    api::roster::Season,
    backend::{
        blobs::BlobsAddress,
        clock::ManualClock,
        entrance::Entrance,
        gateways::{GatewayError, Message, Messages, Receipt, code},
        jobs::Duty,
        jobs::{
            chores,
            standardize::{Darkroom, Developed, NotReworked, Reworked},
        },
        serve::{self, Config},
        state::Parts,
        whereabouts::{DatabaseAddress, MasterKeyPlace, Whereabouts},
    },
    domain::{adjustment::Adjustments, id_card::CardRecord, lifecycle::attempt::Status, reason::Reason, review::ReviewVerdict},
};

use super::{Pair, Point, Stage, Trace, Victim, count_files, difference, is_waited_at, texts, trap};
use crate::support::{
    PATIENCE, PROGRAM,
    house::{SEASON, rules, students},
    pair, s3,
};

/// The tables in the order in which the chores write into them.
pub const TABLES: [&str; 11] = [
    "nights",
    "blobs",
    "golden_items",
    "audit",
    "students",
    "enrolments",
    "unit_counters",
    "renditions",
    "skips",
    "house_facts",
    "audit_checkpoints",
];

/// Says to the process that it does the chores: the data folder, the master key, and when, with commas between.
const CHORES: &str = "ZHAOSHEN_TEST_CHORES";
/// What a process that did them all says at the end.
const DONE: &str = "all chores are done";

/// A season that is over, kept whole for copies.
struct Original {
    stage: Stage,
    /// The storage in which its pictures are, on the cluster.
    pictures: Option<s3::Place>,
    /// What must be gone, and what must be there.
    due: BTreeSet<String>,
    kept: BTreeSet<String>,
    /// Whose photos were rejected, or taken back: nobody needs them any more.
    people: usize,
    at: Timestamp,
}

/// One copy of it.
struct Copy {
    data: PathBuf,
    key: PathBuf,
    database: Option<String>,
    place: Option<s3::Place>,
    /// Where the files of its pictures are.
    pictures: PathBuf,
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("an own folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("a readable folder")) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("an own file");
        }
    }
}

impl Original {
    fn make(pair: Pair) -> Option<Original> {
        let (mut stage, [registrar, reviewer]) = Stage::open(pair, [("registrar", None), ("reviewer", None)])?;
        stage.house.put_rules(&registrar, rules(0));
        registrar.import(&students(&[0, 2, 16, 32, 17]));
        let waiting: Vec<Uuid> =
            stage.house.submissions(&registrar).into_iter().filter(|photo| photo.status == Status::Pending).map(|photo| photo.id).collect();
        assert!(waiting.len() >= 4, "{} photos", waiting.len());
        // The last stays undecided: it is nobody's to purge.
        for (place, id) in waiting[..waiting.len() - 1].iter().enumerate() {
            let verdict = if place == 0 {
                ReviewVerdict::Approve
            } else {
                ReviewVerdict::Reject { reasons: vec![Reason::Blur].try_into().expect("one reason") }
            };
            stage.house.wait_for(super::notices::decide(reviewer.http.clone(), *id, verdict));
        }
        let people = waiting.len() - 2;
        stage.house.wait_progress(&registrar, "decisions", |whole| (whole.approved, whole.rejected) == (1, people as i64));
        // From here on the season is over, so that the identities are due some time too.
        let closes_at = Some(Timestamp::now() + 1.second());
        let season = Season { code: SEASON.into(), name: "二〇二七".into(), kind: Default::default(), rules: rules(0), closes_at };
        stage.house.ask(registrar.http.put_season(&season));
        crate::support::wait_until(|| "notices".to_owned(), || (stage.count("jobs", "1 = 1") == 0).then_some(()));

        let (mut due, mut kept) = (BTreeSet::new(), BTreeSet::new());
        for row in stage.texts("SELECT b.name || ' ' || b.kind || ' ' || a.status FROM blobs b JOIN attempts a ON a.id = b.attempt") {
            let [name, kind, status] = row.split(' ').collect::<Vec<_>>().try_into().expect("three fields");
            // The register has not taken the approved photo yet: but for the card it stays, however old it is.
            let is_due = status == "rejected" || status == "approved" && ["id_card", "portrait"].contains(&kind);
            if is_due { &mut due } else { &mut kept }.insert(name.to_owned());
        }
        assert!(due.len() > 10 && kept.len() > 4, "{} due, {} kept", due.len(), kept.len());
        stage.house.stop();
        // Noon in China, so that a while later it is the same night still; beyond every storage time.
        let days = (Timestamp::now().as_second() / 86_400 + 3 * 365 + 30) * 86_400;
        let at = Timestamp::from_second(days + 4 * 3600).expect("a day to come");
        let pictures = stage.house.place();
        Some(Original { stage, pictures, due, kept, people, at })
    }

    fn copy(&self) -> Copy {
        let data = self.stage.house.data().with_extension(Uuid::now_v7().simple().to_string());
        copy_folder(&self.stage.house.data(), &data);
        let key = data.join("master.key");
        let place = self.pictures.as_ref().map(s3::Place::copy);
        let pictures = place.as_ref().map_or_else(|| data.join("blobs"), |place| place.folder().to_owned());
        let database = self.stage.database.as_ref().map(|url| {
            let cluster = self.stage.cluster.as_ref().expect("where the database is");
            pair::copy_database(cluster, url)
        });
        Copy { data, key, database, place, pictures }
    }
}

impl Copy {
    fn environment(&self) -> Vec<(&'static str, String)> {
        let database = self.database.iter().map(|url| ("ZHAOSHEN_DATABASE", url.clone()));
        database.chain(self.place.iter().flat_map(s3::Place::environment)).collect()
    }

    /// Starts the chores of the night at `at`; under strace where a call is to be its end.
    fn work(&self, at: Timestamp, point: Option<Point>) -> Child {
        let itself = std::env::current_exe().expect("this program has a file");
        let mut command = match point {
            Some(Point::Call(name, nth)) => {
                let mut strace = trap(name, nth);
                strace.arg(itself);
                strace
            }
            _ => Command::new(itself),
        };
        command.args(["--exact", "support::killing::purge::this_program_does_chores_when_it_is_asked_to", "--nocapture"]);
        command.env(CHORES, format!("{},{},{}", self.data.display(), self.key.display(), at.as_second())).envs(self.environment());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("this program runs")
    }

    fn texts(&self, stage: &Stage, question: &str) -> Vec<String> {
        texts(&stage.house, self.database.as_deref(), &self.data, question)
    }
}

/// Whether a process did all its chores.
fn has_done(work: Child) -> bool {
    let output = work.wait_with_output().expect("an own child");
    output.status.success() && String::from_utf8_lossy(&output.stdout).contains(DONE)
}

/// One death for each of these, but for calls that never come.
pub fn survive(pair: Pair, plan: &[(Victim, Point)]) {
    let Some(mut original) = Original::make(pair) else { return };
    let mut dice = super::Dice(7);
    for (victim, point) in plan.iter().copied() {
        if original.stage.tally.is_through(point) {
            continue;
        }
        let copy = original.copy();
        let reached = kill(&mut original.stage, &copy, original.at, victim, point);
        original.stage.tally.count(victim, point, reached);
        // Some time later in the same night, and once more: whoever comes finds nothing to do.
        let later = original.at + 3600.seconds();
        for at in [later, later + i64::try_from(60 + dice.below(600)).expect("small").seconds()] {
            assert!(has_done(copy.work(at, None)), "{victim:?}, {point:?}");
        }
        original.assert_purged(&copy, &format!("{victim:?}, {point:?}"));
        original.drop_copy(copy);
    }
    let Original { stage, due, kept, people, .. } = &original;
    println!(
        "purge, {pair:?}: {} deaths, {} at their points, each of {} due pictures, {} others and {people} people\n{}",
        stage.tally.all(),
        stage.tally.reached(),
        due.len(),
        kept.len(),
        stage.tally
    );
}

/// Starts the chores and kills them at a point; says whether it came.
fn kill(stage: &mut Stage, copy: &Copy, at: Timestamp, victim: Victim, point: Point) -> bool {
    let mut gate = match (point, &copy.database) {
        (Point::Writing(table), Some(url)) => Some(stage.house.wait_for(super::close(url, table))),
        _ => None,
    };
    let (began, before) = (Instant::now(), count_files(&copy.pictures));
    let mut work = copy.work(at, Some(point));
    let reached = loop {
        let is_there = match (point, &mut gate) {
            (Point::After(milliseconds), _) => began.elapsed() >= Duration::from_millis(milliseconds),
            (Point::Seen(Trace::Pictures), _) => count_files(&copy.pictures) < before,
            (Point::Writing(table), Some(gate)) => stage.house.wait_for(is_waited_at(gate, table)),
            _ => false,
        };
        if is_there || work.try_wait().expect("an own child").is_some() {
            break is_there;
        }
        assert!(began.elapsed() < PATIENCE, "neither {point:?} nor an end came");
        std::thread::sleep(Duration::from_millis(1));
    };
    if victim != Victim::Server
        && let Some(cluster) = &mut stage.cluster
    {
        cluster.kill_9();
    }
    // With its database gone it ends by itself, or is killed like the rest.
    let _ = work.kill();
    if let Some(gate) = gate {
        let _ = stage.house.wait_for(gate.close());
    }
    let finished = has_done(work);
    if let Some(cluster) = &mut stage.cluster
        && cluster.is_killed()
    {
        cluster.restart();
    }
    if matches!(point, Point::Call(..)) { !finished } else { reached }
}

impl Original {
    fn assert_purged(&self, copy: &Copy, what: &str) {
        let stage = &self.stage;
        let others = difference(&copy.pictures, &self.kept);
        let wrong = others.iter().any(|name| self.due.contains(name) || self.kept.contains(name));
        assert!(!wrong, "{what}: due and there, or not due and gone: {others:?}");
        // What was being written when it died, such as the picture by which the storage is tried out, is the sweep's.
        let mut verify = Command::new(PROGRAM);
        verify.args(["admin", "verify", "--remove-orphans", "--json", "--data"]).arg(&copy.data).envs(copy.environment());
        super::age(&copy.pictures);
        let swept = verify.output().expect("the program runs");
        assert!(swept.status.success(), "{what}: {}", String::from_utf8_lossy(&swept.stdout));
        assert_eq!(difference(&copy.pictures, &self.kept), Vec::<String>::new(), "{what}: the pictures after the sweep");
        let tombstones = copy.texts(
            stage,
            "SELECT name FROM blobs WHERE purging_at IS NOT NULL AND purged_at IS NOT NULL AND bytes = 0
             AND purged_for IS NOT NULL",
        );
        assert_eq!(tombstones.into_iter().collect::<BTreeSet<_>>(), self.due, "{what}: the tombstones");
        let untouched = copy.texts(stage, "SELECT name FROM blobs WHERE purging_at IS NULL AND purged_at IS NULL AND bytes > 0");
        assert_eq!(untouched.into_iter().collect::<BTreeSet<_>>(), self.kept, "{what}: what is kept");
        let erased = copy.texts(stage, "SELECT e.state FROM enrolments e JOIN students s ON s.id = e.student WHERE s.name IS NULL");
        assert!(erased.len() == self.people && erased.iter().all(|state| state == "erased"), "{what}: {erased:?}");
        let counted = copy.texts(stage, "SELECT CAST(sum(enrolled_erased) AS TEXT) FROM unit_counters");
        assert_eq!(counted, [self.people.to_string()], "{what}: counters");

        let lines = copy.texts(
            stage,
            "SELECT action || ' ' || details FROM audit WHERE action IN ('retention.purged', 'retention.erased', 'counters.corrected')",
        );
        // Each class of pictures in one line, each person in one.
        let (mut classes, mut people) = (BTreeMap::new(), BTreeSet::new());
        for line in &lines {
            let (action, details) = line.split_once(' ').expect("two parts");
            let details: serde_json::Value = serde_json::from_str(details).expect("an object");
            let is_new = match action {
                "retention.erased" => people.insert(details["student"].as_str().expect("a person").to_owned()),
                _ => {
                    let pictures = details["pictures"].as_str().and_then(|number| number.parse::<usize>().ok());
                    let class = details["class"].as_str().unwrap_or_else(|| panic!("{what}: {line}"));
                    classes.insert(class.to_owned(), pictures.expect("a number")).is_none()
                }
            };
            assert!(is_new, "{what}: said twice: {lines:?}");
        }
        assert_eq!((people.len(), classes.values().sum::<usize>()), (self.people, self.due.len()), "{what}: {lines:?}");

        let mut verify = Command::new(PROGRAM);
        verify.args(["audit", "verify", "--data"]).arg(&copy.data).envs(copy.environment());
        let verified = verify.output().expect("the program runs");
        assert!(verified.status.success(), "{what}: {}", String::from_utf8_lossy(&verified.stderr));
    }

    fn drop_copy(&self, copy: Copy) {
        fs::remove_dir_all(&copy.data).expect("an own folder");
        if let Some(place) = &copy.place {
            fs::remove_dir_all(place.folder()).expect("an own folder");
        }
        if let (Some(url), Some(cluster)) = (&copy.database, &self.stage.cluster) {
            let name = url.rsplit('/').next().and_then(|rest| rest.split('?').next()).expect("its name").to_owned();
            self.stage.house.wait_for(async {
                let mut connection = sqlx::PgConnection::connect(&cluster.url("postgres")).await.expect("the database answers");
                let text = format!("DROP DATABASE {name} WITH (FORCE)");
                sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut connection).await.expect("it is dropped");
            });
        }
    }
}

/// Nobody works at pictures while they are purged, and nobody is told.
struct Nobody;

impl Darkroom for Nobody {
    fn without_location(&self, _: &[u8]) -> Result<Vec<u8>, &'static str> {
        Err("not_a_picture")
    }

    fn rework(&self, _: &[u8], _: &str, _: &Adjustments) -> Result<Reworked, NotReworked> {
        Err(NotReworked::Refused(vec![]))
    }

    fn process(&self, _: &[u8], _: Option<&[u8]>, _: &CardRecord, _: &str, _: Option<&str>) -> Developed {
        Developed::default()
    }
}

#[async_trait]
impl Messages for Nobody {
    async fn send(&self, _: &Message) -> Result<Receipt, GatewayError> {
        Err(GatewayError::Passing { code: code::AWAY })
    }

    fn name(&self) -> &'static str {
        "nobody"
    }
}

/// No test: with [`CHORES`] set this process does a night's chores.
#[test]
fn this_program_does_chores_when_it_is_asked_to() {
    let Ok(asked) = std::env::var(CHORES) else { return };
    let [data, key, at] = asked.split(',').collect::<Vec<_>>().try_into().expect("a folder, a key and a time");
    let of = |name: &str| std::env::var(name).ok();
    let whereabouts = Whereabouts {
        database: of("ZHAOSHEN_DATABASE").map(|url| DatabaseAddress::parse(&url).expect("an address")),
        blobs: of("ZHAOSHEN_BLOBS").map(|address| BlobsAddress::parse(&address).expect("an address")),
        master_key: MasterKeyPlace::File(key.into()),
        ..Whereabouts::folder(data.into())
    };
    let at = Timestamp::from_second(at.parse().expect("a time")).expect("a time");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let parts = Box::new(|_: &Path| Ok(Parts { darkroom: Arc::new(Nobody), messages: Arc::new(Nobody) }));
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let clock = Arc::new(ManualClock::at(at));
        let running =
            serve::start(Config { whereabouts, duty: Duty::Both, listen, parts, clock, tls: None, entrance: Entrance::default() }).await;
        let running = running.expect("the house opens");
        chores::round(running.state()).await.expect("chores are done");
        running.stop().await;
    });
    println!("{DONE}");
    std::process::exit(0);
}
