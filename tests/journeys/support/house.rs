//! A school's server with its data in a folder of its own, its people at machines of their own, and small seasons of demo students.
//!
//! Everything is the real thing: users come by `user add`, sign in by `login`, photos come by `import`. Only a season's rules go through the
//! client library, because no command sets them.

use std::{
    borrow::Cow,
    fs,
    io::Write as _,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::Value;
use zhaoshen::{
    api::{
        problem::Problem,
        progress::{AuditEntry, Progress, UnitProgress},
        roster::Season,
        submission::SubmissionSummary,
    },
    cli::demo::cohort::{self, Cohort, Photo, Student},
    client::{
        Http,
        http::{SubmissionQuery, Token},
        session::Sessions,
    },
    domain::season::SeasonRules,
};

use super::{
    PROGRAM,
    desk::{Desk, Terminal},
    home::TempHome,
    pair, s3,
    server::Server,
    wait_until,
};

/// The season of every house, and its name as the desk shows it.
pub const SEASON: &str = "demo";
/// Everybody's.
pub const PASSWORD: &str = "correct horse battery";

/// A school: its server, and the folder that must survive whatever happens to the server.
pub struct House {
    home: TempHome,
    port: u16,
    /// The port that people use, where it is not the server's own.
    front: Option<u16>,
    /// Where PostgreSQL keeps the data, in a run that is on it.
    database: Option<String>,
    /// Where pictures are kept, in the same run.
    pictures: Option<s3::Place>,
    server: Option<Server>,
    /// What else its server is told.
    settings: Vec<(&'static str, &'static str)>,
    runtime: tokio::runtime::Runtime,
}

/// Somebody who works for the school, signed in from a machine of their own.
pub struct Person {
    pub home: TempHome,
    pub http: Http,
}

/// How a command ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub errors: String,
}

impl Ended {
    /// The objects it printed, one a line.
    pub fn objects(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        let text = |bytes| String::from_utf8(bytes).expect("commands write UTF-8");
        Ended { code: output.status.code(), out: text(output.stdout), errors: text(output.stderr) }
    }
}

impl House {
    /// Founds a school with people of these roles and units, starts its server, and lets everybody sign in.
    pub fn open<const N: usize>(people: [(&str, Option<&str>); N]) -> (House, [Person; N]) {
        House::open_at(free_port(), None, pair::database(), pair::on_cluster().then(s3::place), people)
    }

    /// The same with its data and its ports where they are said to be.
    pub fn open_at<const N: usize>(
        port: u16,
        front: Option<u16>,
        database: Option<String>,
        pictures: Option<s3::Place>,
        people: [(&str, Option<&str>); N],
    ) -> (House, [Person; N]) {
        House::open_told(port, front, database, pictures, vec![], people)
    }

    /// The same with a server that is told more.
    pub fn open_told<const N: usize>(
        port: u16,
        front: Option<u16>,
        database: Option<String>,
        pictures: Option<s3::Place>,
        settings: Vec<(&'static str, &'static str)>,
        people: [(&str, Option<&str>); N],
    ) -> (House, [Person; N]) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let mut house = House { home: TempHome::new(), port, front, database, pictures, server: None, settings, runtime };
        let mut number = 0;
        let links = people.map(|(role, units)| {
            number += 1;
            house.invite(&format!("{role}-{number}"), role, units)
        });
        house.start();
        let people = links.map(|link| house.sign_in(&link));
        (house, people)
    }

    /// The folder of the server's data.
    pub fn data(&self) -> PathBuf {
        self.home.path("data/school")
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.front.unwrap_or(self.port))
    }

    /// What says to the server where its data is, beside its folder.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let database = self.database.iter().map(|url| ("ZHAOSHEN_DATABASE", url.clone()));
        database.chain(self.pictures.iter().flat_map(s3::Place::environment)).collect()
    }

    fn invite(&self, name: &str, role: &str, units: Option<&str>) -> String {
        let mut command = self.home.command(PROGRAM);
        command.envs(self.environment());
        command.args(["user", "add", name, "--role", role, "--address", &self.address()]).arg("--data").arg(self.data());
        command.args(units.map(|units| ["--units", units]).into_iter().flatten());
        let ended = Ended::from(command.output().expect("the program runs"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.out.trim().to_owned()
    }

    /// Invites somebody more, who comes by the link that this gives. The server is closed meanwhile.
    pub fn invite_more(&mut self, name: &str, role: &str) -> String {
        self.server.take().expect("a server that runs").stop();
        let link = self.invite(name, role, None);
        self.start();
        link
    }

    fn sign_in(&self, link: &str) -> Person {
        let home = TempHome::new();
        let typed = format!("{link}\n{PASSWORD}\n{PASSWORD}\n");
        let ended = run(home.command(PROGRAM).args(["login", &self.address()]), &typed);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let session = Sessions::in_folder(home.path("config/zhaoshen")).load(None, jiff::Timestamp::now()).expect("a saved session");
        Person { http: session.http().expect("its address is one"), home }
    }

    /// Somebody whose session has ended signs in again.
    pub fn sign_in_again(&self, person: &mut Person, name: &str) {
        let ended = run(person.home.command(PROGRAM).args(["login", &self.address()]), &format!("{name}\n{PASSWORD}\n"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let session = Sessions::in_folder(person.home.path("config/zhaoshen")).load(None, jiff::Timestamp::now()).expect("a saved session");
        person.http = session.http().expect("its address is one");
    }

    /// Starts the server where it always is.
    pub fn start(&mut self) {
        self.start_on(&self.data());
    }

    /// Starts it with its data in another folder.
    pub fn start_on(&mut self, data: &Path) {
        self.server = Some(Server::spawn(self.server_command(data, self.port)));
    }

    /// The same, saying all it knows into a file of its own.
    pub fn start_telling(&mut self, level: &str, log: &Path) {
        let mut command = self.server_command(&self.data(), self.port);
        command.env("ZHAOSHEN_LOG", level).stderr(fs::File::create(log).expect("an own folder"));
        self.server = Some(Server::spawn(command));
    }

    /// Ends the server as its operator would.
    pub fn stop(&mut self) {
        assert!(self.server.take().expect("a server that runs").stop().success());
    }

    /// The folder in which this house's pictures lie, whoever keeps them.
    pub fn pictures(&self) -> PathBuf {
        self.pictures.as_ref().map_or_else(|| self.data().join("blobs"), |place| place.folder().to_owned())
    }

    /// The token of somebody's session.
    pub fn token(person: &Person) -> String {
        Sessions::in_folder(person.home.path("config/zhaoshen")).load(None, jiff::Timestamp::now()).expect("a saved session").token
    }

    /// Runs the program in English on the server's machine, to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        run(self.home.command(PROGRAM).envs(self.environment()).env("ZHAOSHEN_LANG", "en").args(arguments), "")
    }

    /// What serves this house's data on a port, with a folder of its own.
    pub fn server_command(&self, data: &Path, port: u16) -> Command {
        let mut command = self.home.command(PROGRAM);
        // What it logs is for whoever looks into a failed journey; a killed server's readers are gone.
        command.arg("serve").arg("--data").arg(data).args(["--listen", &format!("127.0.0.1:{port}")]);
        command.env("ZHAOSHEN_LOG", "warn").envs(self.environment()).envs(self.settings.clone());
        command
    }

    /// The server's process.
    pub fn process(&self) -> u32 {
        self.server.as_ref().expect("a server that runs").process()
    }

    /// Whether the server's process has ended by itself.
    pub fn has_died(&mut self) -> bool {
        self.server.as_mut().is_some_and(Server::has_ended)
    }

    /// Whether it has a server, dead or alive.
    pub fn is_served(&self) -> bool {
        self.server.is_some()
    }

    /// The place of its pictures, where a server of its own keeps them.
    pub fn place(&self) -> Option<s3::Place> {
        self.pictures.clone()
    }

    /// Ends the server as a power cut would.
    pub fn kill_9(&mut self) {
        self.server.take().expect("a server that runs").kill_9();
    }

    /// A command of whoever keeps the house, on its data.
    pub fn keeper(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(PROGRAM);
        command.args(arguments).arg("--data").arg(self.data()).envs(self.environment());
        command
    }

    /// Waits for an answer of the API.
    pub fn ask<T>(&self, call: impl Future<Output = Result<T, Problem>>) -> T {
        self.runtime.block_on(call).expect("the server answers")
    }

    /// Waits for whatever it comes to.
    pub fn wait_for<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// Gives the season [`rules`]; creates it where there is none.
    pub fn put_season(&self, registrar: &Person, held_seconds: u32) {
        self.put_rules(registrar, rules(held_seconds));
    }

    /// Sets the season's rules.
    pub fn put_rules(&self, registrar: &Person, rules: SeasonRules) {
        let season = Season { code: SEASON.into(), name: "二〇二七".into(), kind: Default::default(), rules, closes_at: None };
        self.ask(registrar.http.put_season(&season));
    }

    /// Waits until the season's counts are as `wanted` says. A server that is not there yet is waited for.
    pub fn wait_progress(&self, person: &Person, what: &str, wanted: impl Fn(&UnitProgress) -> bool) -> Progress {
        let look = || self.runtime.block_on(person.http.progress(SEASON));
        wait_until(
            || format!("{what}; progress is {:?}", look().map(|progress| progress.whole)),
            || look().ok().filter(|progress| wanted(&progress.whole)),
        )
    }

    /// Every submission of the season that the person sees.
    pub fn submissions(&self, person: &Person) -> Vec<SubmissionSummary> {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let query = SubmissionQuery { season: SEASON.into(), cursor: cursor.take(), ..SubmissionQuery::default() };
            let page = self.ask(person.http.submissions(&query));
            all.extend(page.items);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return all,
            }
        }
    }

    /// The season's audit, newest first.
    pub fn audit(&self, registrar: &Person) -> Vec<AuditEntry> {
        let page = self.ask(registrar.http.audit(SEASON, None));
        assert_eq!(page.next, None, "a journey's audit fits one page");
        page.items
    }

    /// The same over all its pages.
    pub fn whole_audit(&self, registrar: &Person) -> Vec<AuditEntry> {
        let (mut audit, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = self.ask(registrar.http.audit(SEASON, cursor.as_deref()));
            audit.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return audit;
            }
        }
    }

    /// Holds the counters against what they count.
    pub fn assert_counted(&self, registrar: &Person) {
        let whole = self.ask(registrar.http.progress(SEASON)).whole;
        let submissions = self.submissions(registrar);
        let count = |code: &str| submissions.iter().filter(|submission| submission.status.code() == code).count() as i64;
        for (code, counted) in [
            ("captured", whole.captured),
            ("machine_refused", whole.machine_refused),
            ("pending", whole.pending),
            ("held", whole.held),
            ("approved", whole.approved),
            ("rejected", whole.rejected),
        ] {
            assert_eq!(counted, count(code), "{code} of {whole:?}");
        }
    }
}

impl Person {
    /// The token that the person's commands use.
    pub fn token(&self) -> Token {
        let saved = Sessions::in_folder(self.home.path("config/zhaoshen")).load(None, jiff::Timestamp::now());
        Token::new(saved.expect("a saved session").token)
    }

    /// The same, with what is typed.
    pub fn type_into(&self, arguments: &[&str], typed: &str) -> Ended {
        run(self.home.command(PROGRAM).args(arguments), typed)
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        run(self.home.command(PROGRAM).args(arguments), "")
    }

    /// The same in English.
    pub fn run_in_english(&self, arguments: &[&str]) -> Ended {
        run(self.home.command(PROGRAM).env("ZHAOSHEN_LANG", "en").args(arguments), "")
    }

    /// Lays the students' roster and photos down and starts to import them.
    pub fn start_import(&self, students: &Cohort) -> Child {
        students.write_to(&self.home.path("season")).expect("files in an own folder");
        let mut command = self.home.command(PROGRAM);
        command.args(["import", "--season", SEASON, "--roster", "season/roster.csv", "--photos", "season/photos"]);
        command.args(["--id-cards", "season/id-cards", "--json"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    /// Imports the students and waits until the engine has judged all of them; returns the summary.
    pub fn import(&self, students: &Cohort) -> Value {
        let ended = Ended::from(self.start_import(students).wait_with_output().expect("an own child"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.objects().pop().expect("a summary")
    }

    /// Opens the review desk in a terminal.
    pub fn desk(&self, terminal: Terminal) -> Desk {
        Desk::spawn(PROGRAM, &["review"], &self.home, terminal)
    }
}

fn run(command: &mut Command, typed: &str) -> Ended {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    // A command that asks nothing may be gone before it is told anything.
    let _ = child.stdin.take().expect("it is piped").write_all(typed.as_bytes());
    child.wait_with_output().expect("an own child").into()
}

/// The rules of most journeys: specimens, one review each, decisions held for so long.
pub fn rules(held_seconds: u32) -> SeasonRules {
    SeasonRules {
        cohort: "specimen".into(),
        held_seconds,
        reviews_needed_when_doubtful: 1,
        preview_approval: true,
        ..SeasonRules::default()
    }
}

/// A port that stays ours through restarts: below the range that the system gives to others, and no two journeys get the same.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    (0..1000)
        .map(|_| {
            let turn = NEXT.fetch_add(1, Ordering::Relaxed);
            u16::try_from(20_000 + (std::process::id().wrapping_mul(97) + turn) % 12_000).expect("small")
        })
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("one of a thousand ports is free")
}

/// Some of the demo's students, by their place in it.
pub fn students(places: &[usize]) -> Cohort {
    let whole = cohort::season();
    let students = places
        .iter()
        .map(|place| {
            let student = &whole.students[*place];
            Student {
                unit: student.unit,
                number: student.number.clone(),
                name: student.name,
                sex: student.sex,
                id_number: student.id_number.clone(),
                phone: student.phone.clone(),
                photo: Photo { bytes: Cow::Owned(student.photo.bytes.to_vec()), extension: student.photo.extension },
                id_portrait: student.id_portrait,
                card: student.card,
                finding: student.finding,
            }
        })
        .collect();
    Cohort { season: whole.season, units: whole.units, students }
}

/// The notices that were sent, out of the file that is their way here.
pub fn notices(house: &House) -> Vec<Value> {
    let text = fs::read_to_string(house.data().join("notices.jsonl")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
