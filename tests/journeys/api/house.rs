//! A house to test in: a running backend on a free port, a season, students 1–3 in unit A and 4–6 in B, and somebody of every role.

use std::{
    collections::{BTreeMap, HashMap},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use reqwest::{
    Client, Method, RequestBuilder, Response,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use zhaoshen::{
    api::{people::NewUser, submission::Submission},
    backend::{
        auth,
        clock::{Clock, ManualClock},
        entrance::Entrance,
        gateways::{GatewayError, Message, Messages, Receipt},
        jobs::Duty,
        jobs::{
            self,
            standardize::{Darkroom, Developed, NotReworked, Reworked},
        },
        serve::{self, Config, Running},
        state::{Parts, State},
        store::Store,
        whereabouts::{DatabaseAddress, Whereabouts},
    },
    domain::{
        access::{Principal, Role, UnitScope},
        adjustment::Adjustments,
        comparison::{Band, Bands, Comparison, Scale},
        id_card::CardRecord,
        proof::{ProofMeasures, ProofRecord, ProofVerdict},
        reason::Reason,
        report::{Report, Rework, SourceFacts, Transform},
    },
};

use super::witness::Witness;
use crate::support::pair;

pub const SEASON: &str = "2027-summer";

pub struct House {
    folder: Arc<TempDir>,
    database: Option<String>,
    running: Running,
    /// Everything that is asked goes through it.
    witness: Witness,
    client: Client,
    tokens: HashMap<&'static str, String>,
    carried: Arc<AtomicUsize>,
    pub clock: Arc<ManualClock>,
}

/// Somebody, signed in.
pub struct Person {
    pub user: Uuid,
    pub token: String,
}

/// Students 1–3 of unit A and 4–6 of B.
fn roster_file() -> String {
    let row = |index: u32| format!("{},张三,13800000000,{unit},{unit} 分校\n", number(index), unit = if index <= 3 { "A" } else { "B" });
    format!("学号,姓名,手机,单位代码,办学单位\n{}", (1..=6).map(row).collect::<String>())
}

/// A photo that the played darkroom reads its part from.
pub fn photo(part: &str) -> Vec<u8> {
    [b"\xff\xd8\xff", part.as_bytes()].concat()
}

impl House {
    pub async fn open() -> House {
        House::open_with(Entrance::default()).await
    }

    /// The same with another way in.
    pub async fn open_with(entrance: Entrance) -> House {
        let clock = Arc::new(ManualClock::at("2027-05-01T08:00:00Z".parse().unwrap()));
        let mut house = House::start(Arc::new(tempfile::tempdir().unwrap()), pair::database(), clock, Arc::default(), entrance).await;
        let only_a = || Some(vec!["A".to_owned()]);
        for (name, role, units) in [
            ("one", Role::Reviewer, None),
            ("two", Role::Reviewer, None),
            ("of-a", Role::Admin, only_a()),
            ("registrar", Role::Registrar, None),
            ("registrar-of-a", Role::Registrar, only_a()),
            ("admin", Role::Admin, None),
            ("lead", Role::LeadReviewer, None),
            ("staff", Role::UnitStaff, only_a()),
            ("support", Role::Support, None),
            ("auditor", Role::Auditor, None),
        ] {
            let user = house.running.invite(&NewUser { name: name.to_owned(), role, units }).await.unwrap().user;
            let (token, session) = auth::new_session(house.clock.now()).unwrap();
            house.running.store().open_session(user.id, session).await.unwrap();
            house.tokens.insert(name, token);
        }
        let season = json!({"code": SEASON, "name": "夏季"});
        let put =
            house.request("PUT", Some(&house.token("registrar")), &format!("/v1/seasons/{SEASON}")).json(&season).send().await.unwrap();
        assert!(put.status().is_success());
        let roster = house
            .request("POST", Some(&house.token("registrar")), &format!("/v1/rosters?season={SEASON}"))
            .body(roster_file())
            .send()
            .await
            .unwrap();
        assert_eq!(roster.json::<Value>().await.unwrap()["new"], 6);
        house
    }

    async fn start(
        folder: Arc<TempDir>,
        database: Option<String>,
        clock: Arc<ManualClock>,
        carried: Arc<AtomicUsize>,
        entrance: Entrance,
    ) -> House {
        let count = Arc::clone(&carried);
        let parts =
            Box::new(move |_: &Path| Ok(Parts { darkroom: Arc::new(Played), messages: Arc::new(Counter(count, Mutex::default())) }));
        let config = Config {
            whereabouts: Whereabouts {
                database: database.as_deref().map(|url| DatabaseAddress::parse(url).unwrap()),
                ..Whereabouts::folder(folder.path().join("data"))
            },
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            duty: Duty::Both,
            parts,
            clock: clock.clone(),
            tls: None,
            entrance,
        };
        let running = serve::start(config).await.unwrap();
        let witness = Witness::before(running.address()).await;
        House { folder, database, running, witness, client: Client::new(), tokens: HashMap::new(), carried, clock }
    }

    /// One more person, signed in; of another school where one is named.
    pub async fn person(&self, name: &str, role: Role, unit: Option<&str>, school: Option<&str>) -> Person {
        let asker =
            school.map(|school| Principal { user: Uuid::nil(), role: Role::Admin, school: school.to_owned(), units: UnitScope::All });
        let new = NewUser { name: name.to_owned(), role, units: unit.map(|unit| vec![unit.to_owned()]) };
        let invitation = auth::new_invitation(self.clock.now()).unwrap().1;
        let user = self.store().add_user(asker.as_ref(), &new, invitation).await.unwrap().id;
        Person { user, token: self.session(user).await }
    }

    /// One more session of somebody.
    pub async fn session(&self, user: Uuid) -> String {
        let (token, session) = auth::new_session(self.clock.now()).unwrap();
        self.store().open_session(user, session).await.unwrap();
        token
    }

    pub fn store(&self) -> Arc<dyn Store> {
        self.running.store()
    }

    /// One more school, which nobody can found through the API.
    pub async fn found_school(&self, code: &str) {
        use sqlx::{ConnectOptions as _, Connection as _};
        let text = format!("INSERT INTO schools (code, name, created_at) VALUES ('{code}', '', 0)");
        match &self.database {
            Some(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
            }
            None => {
                let file = self.folder.path().join("data/zhaoshen.db");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).busy_timeout(crate::support::PATIENCE);
                let mut connection = options.connect().await.unwrap();
                sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
            }
        }
    }

    pub async fn close(self) {
        self.running.stop().await;
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.witness.address())
    }

    pub fn token(&self, name: &str) -> String {
        self.tokens[name].clone()
    }

    pub fn state(&self) -> &State {
        self.running.state()
    }

    /// How many pictures the storage has.
    pub async fn blobs(&self) -> usize {
        self.state().blobs.list().await.unwrap().len()
    }

    pub fn carried(&self) -> usize {
        self.carried.load(Ordering::SeqCst)
    }

    /// Waits until the machine has nothing left to do now. The workers may be at it at the same time.
    pub async fn work(&self) {
        let state = self.running.state();
        loop {
            jobs::run_due(state).await.unwrap();
            if state.store.queue_depth(self.clock.now()).await.unwrap().iter().all(|depth| depth.due == 0) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Waits until a photo is stuck in the darkroom, and dies as a killed process does: without a word to anybody.
    pub async fn die_while_stuck(self) -> House {
        while !STUCK.load(Ordering::SeqCst) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let (folder, database, clock, carried, tokens) = (self.folder, self.database, self.clock, self.carried, self.tokens);
        drop(self.running);
        FREE.store(true, Ordering::SeqCst);
        House { tokens, ..House::start(folder, database, clock, carried, Entrance::default()).await }
    }

    pub fn request(&self, method: &str, token: Option<&str>, path: &str) -> RequestBuilder {
        let request =
            self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("http://{}{path}", self.witness.address()));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn ask(&self, method: &str, token: Option<&str>, path: &str) -> Response {
        self.request(method, token, path).send().await.unwrap()
    }

    pub async fn get(&self, token: &str, path: &str) -> Response {
        self.ask("GET", Some(token), path).await
    }

    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Response {
        self.request("POST", Some(token), path).json(body).send().await.unwrap()
    }

    pub async fn upload(&self, student: u32, photo: &[u8], id_card: Option<&[u8]>) -> Response {
        let about = json!({"season": SEASON, "student": number(student)}).to_string();
        let mut form = Form::new().text("about", about).part("photo", Part::bytes(photo.to_vec()));
        if let Some(id_card) = id_card {
            form = form.part("id_card", Part::bytes(id_card.to_vec()));
        }
        self.request("POST", Some(&self.token("registrar")), "/v1/submissions").multipart(form).send().await.unwrap()
    }

    pub async fn submit(&self, student: u32, photo: &[u8]) -> Uuid {
        let answer = self.upload(student, photo, Some(b"\xff\xd8\xffcard")).await;
        assert_eq!(answer.status().as_u16(), 201);
        answer.json::<Submission>().await.unwrap().summary.id
    }

    pub async fn see(&self, token: &str, id: Uuid) -> (Submission, String) {
        let answer = self.get(token, &format!("/v1/submissions/{id}")).await;
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        (answer.json().await.unwrap(), tag)
    }

    pub async fn review(&self, token: &str, seen: &Submission, version: String, verdict: &Value) -> Response {
        let mut body = verdict.clone();
        body["rendition"] = json!(seen.rendition);
        self.request("POST", Some(token), &format!("/v1/submissions/{}/reviews", seen.summary.id))
            .header("if-match", version)
            .header("idempotency-key", Uuid::now_v7().to_string())
            .json(&body)
            .send()
            .await
            .unwrap()
    }
}

fn number(student: u32) -> String {
    format!("2501{student:04}")
}

/// Whether a photo is stuck in the darkroom, and whether it may leave. One test uses them.
static STUCK: AtomicBool = AtomicBool::new(false);
static FREE: AtomicBool = AtomicBool::new(false);

struct Played;

fn played(standard: &str) -> Report {
    Report {
        engine: "played".into(),
        standard: standard.to_owned(),
        source: SourceFacts { format: "jpeg".into(), width: 1, height: 1, bytes: 1, orientation: 1, colour_converted: false },
        geometry: None,
        transform: None,
        output: None,
        checks: vec![],
        weights: BTreeMap::new(),
        rework: None,
    }
}

/// What the played darkroom makes of an original.
pub fn reworked(original: &[u8], wanted: &Adjustments) -> Vec<u8> {
    [original, format!("{} {} {}", wanted.scale, wanted.right, wanted.down).as_bytes()].concat()
}

impl Darkroom for Played {
    fn without_location(&self, photo: &[u8]) -> Result<Vec<u8>, &'static str> {
        if photo.starts_with(b"\xff\xd8\xff") { Ok(photo.to_vec()) } else { Err("not_a_picture") }
    }

    /// The picture says how it was wanted; one that is wanted 13 pixels down is refused.
    fn rework(&self, original: &[u8], standard: &str, wanted: &Adjustments) -> Result<Reworked, NotReworked> {
        if wanted.down == 13 {
            return Err(NotReworked::Refused(vec![Reason::HairTop]));
        }
        wanted.within(&zhaoshen::photo::Standard::default().adjusting()).map_err(|beyond| NotReworked::Beyond(beyond.check))?;
        let proof = ProofRecord {
            verdict: ProofVerdict::Ok,
            transform: Transform { x: 0.0, y: 0.0, scale: 1.0 },
            findings: vec![],
            measures: ProofMeasures {
                likeness: 1.0,
                rotation_deg: 0.0,
                rotation_accuracy_deg: 0.0,
                warp: 0.0,
                tone: 0.0,
                spot: 0.0,
                detail_least: 1.0,
                detail_most: 1.0,
            },
        };
        let report = Report { rework: Some(Rework { adjustments: *wanted, proof }), ..played(standard) };
        Ok(Reworked { jpeg: reworked(original, wanted), report })
    }

    fn process(&self, photo: &[u8], id_card: Option<&[u8]>, _: &CardRecord, standard: &str, cohort: Option<&str>) -> Developed {
        let part = std::str::from_utf8(&photo[3..]).unwrap();
        assert_ne!(part, "panic", "played to panic");
        if part == "stuck" {
            STUCK.store(true, Ordering::SeqCst);
            while !FREE.load(Ordering::SeqCst) {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        let picture = |name: &str| Some([b"\xff\xd8\xff", name.as_bytes()].concat());
        let seen =
            Developed { preview: picture("preview"), thumb: picture("thumb"), report: Some(played(standard)), ..Developed::default() };
        if part == "refused" {
            return Developed { reasons: vec![Reason::FaceCount], ..seen };
        }
        let band = if part == "doubtful" { Band::Doubtful } else { Band::Same };
        let comparison = |cohort: &str| {
            let bands = Bands { cohort: cohort.to_owned(), model: "m".into(), same: 0.5, doubtful: 0.3 };
            Comparison { score: 0.4, scale: Scale { min: 0.0, max: 1.0 }, band, model: "m".into(), bands }
        };
        let portrait = id_card.and_then(|_| picture("portrait"));
        let comparison = id_card.and(cohort).map(comparison);
        Developed { standard: picture("standard"), portrait, comparison, ..seen }
    }
}

struct Counter(Arc<AtomicUsize>, Mutex<Vec<Uuid>>);

#[async_trait]
impl Messages for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    async fn send(&self, message: &Message) -> Result<Receipt, GatewayError> {
        let mut known = self.1.lock().unwrap();
        assert!(!known.contains(&message.id()), "a notice went out twice");
        known.push(message.id());
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Receipt { gateway: "counter", repeated: false })
    }
}
