//! A bundle from the asking to the opening, against a server that signs like one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

use super::{
    register::Register,
    sealed::Hardness,
    sync::{Settled, settle},
    take::{Taken, Wanted, take},
    *,
};
use crate::{
    api::{
        bundle::{BundleItem, BundleStatement, NewBundle},
        problem::MEDIA_TYPE,
        submission::{MaskedStudent, NewReview, ReviewOutcome},
    },
    client::{
        Http,
        outbox::{Act, Entry},
    },
    domain::{
        access::Role,
        check::Verdict,
        reason::Reason,
        review::{Decision, ReviewVerdict},
        season::SeasonRules,
    },
};

const PHRASE: &str = "ten characters";
const USER: Uuid = Uuid::from_u128(5);

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn detail(n: u128) -> Submission {
    Submission {
        summary: SubmissionSummary {
            id: Uuid::from_u128(n),
            season: "2027-summer".into(),
            unit: "A".into(),
            student: MaskedStudent { student_number: format!("2501{n:04}"), name: Some("张*".into()), id_number: None, phone: None },
            number: 1,
            status: Status::Pending,
            version: 3,
            submitted_at: now(),
            checks: Verdict::Pass,
            machine_reasons: vec![],
            measured: vec![],
            band: None,
            claimed_until: None,
            decision: None,
            held_until: None,
            reviewed_by_me: false,
        },
        report: None,
        comparison: None,
        rendition: Some(Uuid::from_u128(n + 100)),
        pictures: vec![PictureKind::Original, PictureKind::Preview, PictureKind::Standard, PictureKind::Portrait],
        decision_reasons: vec![],
        history: vec![],
        notices: vec![],
    }
}

/// Signs whatever it is asked for, like a house.
struct Signer {
    portraits: bool,
    asked: Arc<std::sync::Mutex<Vec<Uuid>>>,
}

impl Respond for Signer {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let new: NewBundle = request.body_json().unwrap();
        self.asked.lock().unwrap().push(new.id);
        let items = (1..=3u128)
            .map(|n| BundleItem { submission: Uuid::from_u128(n), version: 3, rendition: Some(Uuid::from_u128(n + 100)) })
            .collect();
        let statement = BundleStatement {
            id: new.id,
            school: "school".into(),
            season: new.season,
            unit: new.unit,
            reviewer: USER,
            device: new.device,
            issued_at: now(),
            expires_at: now() + SignedDuration::from_hours(72),
            portraits: self.portraits,
            items,
        };
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let signature = hexadecimal(pair.sign(&statement.message()).as_ref());
        let signed = SignedBundle { statement, signature, public_key: hexadecimal(pair.public_key().as_ref()) };
        ResponseTemplate::new(201).set_body_json(signed)
    }
}

/// Answers with pictures until it shall not.
struct Pictures(Arc<AtomicBool>);

impl Respond for Pictures {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        if self.0.load(Ordering::Relaxed) {
            let body = serde_json::to_vec(&Problem::new(403, problem::code::FORBIDDEN, "no")).unwrap();
            return ResponseTemplate::new(403).set_body_raw(body, MEDIA_TYPE);
        }
        ResponseTemplate::new(200).set_body_bytes(request.url.path().as_bytes())
    }
}

struct House {
    server: MockServer,
    http: Http,
    asked: Arc<std::sync::Mutex<Vec<Uuid>>>,
    fails: Arc<AtomicBool>,
    folder: tempfile::TempDir,
}

impl House {
    async fn open(portraits: bool) -> House {
        let server = MockServer::start().await;
        let (asked, fails) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let get = |path: &str, body: serde_json::Value| {
            Mock::given(matchers::method("GET"))
                .and(matchers::path(path.to_owned()))
                .respond_with(ResponseTemplate::new(200).set_body_json(body))
        };
        let json = |value: serde_json::Result<serde_json::Value>| value.unwrap();
        let user = User { id: USER, name: "li.wei".into(), role: Role::Reviewer, school: "school".into(), units: None };
        get("/v1/sessions/current", json(serde_json::to_value(&user))).mount(&server).await;
        let season = Season {
            code: "2027-summer".into(),
            name: "夏".into(),
            kind: Default::default(),
            rules: SeasonRules::default(),
            closes_at: None,
        };
        get("/v1/seasons", json(serde_json::to_value([season]))).mount(&server).await;
        let unit = UnitProgress { unit: Some("A".into()), unit_name: Some("A 分校".into()), ..UnitProgress::default() };
        get("/v1/progress", json(serde_json::to_value(Progress::of(vec![unit])))).mount(&server).await;
        for n in 1..=3 {
            get(&format!("/v1/submissions/{}", Uuid::from_u128(n)), json(serde_json::to_value(detail(n)))).mount(&server).await;
        }
        Mock::given(matchers::path_regex("/pictures/")).respond_with(Pictures(Arc::clone(&fails))).mount(&server).await;
        Mock::given(matchers::path("/v1/bundles")).respond_with(Signer { portraits, asked: Arc::clone(&asked) }).mount(&server).await;
        let http = Http::new(&server.uri(), None).unwrap();
        House { server, http, asked, fails, folder: tempfile::tempdir().unwrap() }
    }

    fn register(&self) -> Register {
        Register::of(&self.folder.path().join("state"))
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("a.bundle")
    }

    async fn take(&self) -> Result<Taken, Problem> {
        let hardness = Hardness { memory_kib: 64, passes: 1 };
        let wanted = Wanted { season: "2027-summer".into(), unit: "A".into(), count: 3, file: self.file(), hardness };
        take(&self.http, &self.register(), &wanted, PHRASE, now(), |_, _| {}).await
    }

    fn open_at(&self, phrase: &str, at: Timestamp) -> Result<Bundle, Problem> {
        let register = self.register();
        let id = sealed::header(&self.file())?.id;
        let record = register.find(id).unwrap().unwrap();
        Bundle::open(&self.file(), &register.device().unwrap(), &record, phrase, at)
    }
}

#[tokio::test]
async fn what_was_taken_opens_and_is_what_the_server_gave() {
    let house = House::open(true).await;
    let taken = house.take().await.unwrap();
    assert_eq!((taken.photos, taken.left_out), (3, 0));
    let bundle = house.open_at(PHRASE, now()).unwrap();
    let query = SubmissionQuery { season: "2027-summer".into(), status: Some(Status::Pending), ..SubmissionQuery::default() };
    let rows = bundle.submissions(&query).items;
    assert_eq!(rows.iter().map(|row| row.id.as_u128()).collect::<Vec<_>>(), [1, 2, 3]);
    let portrait = bundle.picture(rows[1].id, PictureKind::Portrait).unwrap();
    assert_eq!(String::from_utf8(portrait).unwrap(), format!("/v1/submissions/{}/pictures/portrait", rows[1].id));
    assert_eq!(bundle.picture(rows[1].id, PictureKind::Original).unwrap_err().code, code::NOT_HERE, "originals stay in the house");
    assert!(!bundle.submission(rows[0].id).unwrap().pictures.contains(&PictureKind::Original));
    assert_eq!((bundle.progress().whole.pending, bundle.photos()), (3, 3));
    // What became of one is remembered; who was erased is nobody's.
    let outcome =
        ReviewOutcome { submission: rows[0].id, status: Status::Held, version: 4, decision: Some(Decision::Approve), held_until: None };
    bundle.settle(&outcome);
    bundle.forget(&[rows[2].id]);
    assert_eq!(bundle.submissions(&query).items.len(), 1);
    assert!(bundle.picture(rows[2].id, PictureKind::Standard).is_err() && bundle.submission(rows[2].id).is_err());
    // Nothing of it lies open on the disk.
    let bytes = std::fs::read(house.file()).unwrap();
    for plain in ["2501", "张*", "li.wei", "/v1/"] {
        assert!(!bytes.windows(plain.len()).any(|window| window == plain.as_bytes()), "{plain}");
    }
}

#[tokio::test]
async fn a_bundle_opens_to_its_owner_on_its_device_in_its_time() {
    let house = House::open(true).await;
    house.take().await.unwrap();
    let code_at = |phrase: &str, at| house.open_at(phrase, at).unwrap_err().code;
    assert_eq!(code_at("another phrase", now()), code::LOCKED);
    assert_eq!(code_at(PHRASE, now() + SignedDuration::from_hours(72)), problem::code::BUNDLE_EXPIRED);
    assert_eq!(code_at(PHRASE, now() - SignedDuration::from_hours(1)), code::CLOCK);
    assert!(house.open_at(PHRASE, now() - SignedDuration::from_mins(5)).is_ok(), "clocks of two machines");
    let register = house.register();
    let id = sealed::header(&house.file()).unwrap().id;
    let record = register.find(id).unwrap().unwrap();
    let elsewhere = Register::of(&house.folder.path().join("elsewhere")).device().unwrap();
    assert_eq!(Bundle::open(&house.file(), &elsewhere, &record, PHRASE, now()).unwrap_err().code, code::ELSEWHERE);
    let other = register::Record { user: Uuid::nil(), ..record.clone() };
    let device = register.device().unwrap();
    assert_eq!(Bundle::open(&house.file(), &device, &other, PHRASE, now()).unwrap_err().code, problem::code::BUNDLE_FORGED);
    // Once it is dropped no copy opens, whoever knows the passphrase.
    register.forget(id).unwrap();
    assert!(register.find(id).unwrap().is_none());
}

#[tokio::test]
async fn where_the_season_says_so_portraits_stay_in_the_house() {
    let house = House::open(false).await;
    house.take().await.unwrap();
    let bundle = house.open_at(PHRASE, now()).unwrap();
    let id = Uuid::from_u128(1);
    assert_eq!(bundle.submission(id).unwrap().pictures, [PictureKind::Preview, PictureKind::Standard]);
    assert_eq!(bundle.picture(id, PictureKind::Portrait).unwrap_err().code, code::NOT_HERE);
    let requests = house.server.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| !request.url.path().ends_with("portrait")), "not even asked for");
}

#[tokio::test]
async fn what_broke_off_leaves_nothing_half_and_goes_on_with_the_same_photos() {
    let house = House::open(true).await;
    house.fails.store(true, Ordering::Relaxed);
    assert_eq!(house.take().await.unwrap_err().code, problem::code::FORBIDDEN);
    let left: Vec<_> = std::fs::read_dir(house.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["state"], "no file and no half of one");
    // Killed in the middle it would have left its unfinished file: the next try begins it anew.
    std::fs::write(house.folder.path().join(".a.bundle.taking"), b"half of one").unwrap();
    house.fails.store(false, Ordering::Relaxed);
    house.take().await.unwrap();
    let asked = house.asked.lock().unwrap().clone();
    assert!(asked.len() == 2 && asked[0] == asked[1], "one intention, one reservation");
    assert_eq!(house.register().all().unwrap().len(), 1);
    assert!(house.open_at(PHRASE, now()).is_ok());
    assert_eq!(house.take().await.unwrap_err().code, code::FILE_EXISTS, "nothing is written over");
}

#[tokio::test]
async fn where_nothing_can_be_written_the_server_is_not_asked() {
    let house = House::open(true).await;
    let wanted = Wanted {
        season: "2027-summer".into(),
        unit: "A".into(),
        count: 3,
        file: house.folder.path().join("none/a.bundle"),
        hardness: Hardness { memory_kib: 64, passes: 1 },
    };
    let refused = |phrase: &'static str| {
        let (http, register, wanted) = (house.http.clone(), house.register(), wanted.clone());
        async move { take(&http, &register, &wanted, phrase, now(), |_, _| {}).await.unwrap_err().code }
    };
    assert_eq!(refused(PHRASE).await, code::UNWRITTEN);
    assert_eq!(refused("九个字的口令不够长").await, code::PASSPHRASE_SHORT);
    assert!(house.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_same_is_done_and_anything_else_is_a_conflict() {
    let approve = || ReviewVerdict::Approve;
    let reject = |reason| ReviewVerdict::Reject { reasons: vec![reason].try_into().unwrap() };
    let rejected = |reason| (Status::Rejected, None, vec![reason]);
    for (mine, (status, decision, reasons), same) in [
        (approve(), (Status::Approved, None, vec![]), true),
        (approve(), (Status::Held, Some(Decision::Approve), vec![]), true),
        (approve(), rejected(Reason::Blur), false),
        (reject(Reason::Blur), rejected(Reason::Blur), true),
        (reject(Reason::Blur), rejected(Reason::FaceCount), false),
        (approve(), (Status::Pending, None, vec![]), false),
        // Held, and not for these eyes to know how.
        (approve(), (Status::Held, None, vec![]), false),
    ] {
        let server = MockServer::start().await;
        let stale = serde_json::to_vec(&Problem::new(412, problem::code::STALE_VERSION, "stale")).unwrap();
        Mock::given(matchers::method("POST"))
            .and(matchers::header("bundle", Uuid::from_u128(9).to_string().as_str()))
            .respond_with(ResponseTemplate::new(412).set_body_raw(stale, MEDIA_TYPE))
            .mount(&server)
            .await;
        let mut stands = detail(1);
        (stands.summary.status, stands.summary.decision, stands.decision_reasons, stands.summary.version) = (status, decision, reasons, 5);
        Mock::given(matchers::method("GET")).respond_with(ResponseTemplate::new(200).set_body_json(&stands)).mount(&server).await;
        let http = Http::new(&server.uri(), None).unwrap();
        let review = NewReview { verdict: mine, rendition: Some(Uuid::from_u128(101)) };
        let entry = |bundle, rendition| Entry {
            submission: Uuid::from_u128(1),
            version: 3,
            key: Uuid::now_v7(),
            lease: None,
            bundle,
            act: Act::Review(NewReview { rendition, ..review.clone() }),
        };
        let settled = settle(&http, &entry(Some(Uuid::from_u128(9)), review.rendition)).await.unwrap();
        assert_eq!(matches!(settled, Settled::Same(_)), same, "{review:?} where {status:?} {decision:?} stands: {settled:?}");
        let other = settle(&http, &entry(Some(Uuid::from_u128(9)), Some(Uuid::nil()))).await.unwrap();
        assert!(matches!(other, Settled::Refused(_)), "another rendition was judged");
    }
}
