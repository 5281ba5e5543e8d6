//! For tests: a desk with a server in memory. Effects are answered at once, or held back where a test wants to see what happens meanwhile.

mod screen;

use std::collections::{HashMap, VecDeque};

use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use crate::{
    api::{
        problem::{Problem, code},
        progress::{DayProgress, Deliveries, Prints, Progress, UnitProgress},
        reviewing::{Agreement, DayOfReviews, Pace, ReviewerStatistics},
        roster::Season,
        submission::{Claim, MaskedStudent, Measured, Page, PastAttempt, PictureKind, ReviewOutcome, Submission, SubmissionSummary},
    },
    client::outbox::{Act, Conflict, Contents, Entry, Line, undo_version},
    desk::{
        keymap::{Code, Key},
        message::{Effect, Event, Exported, Message, Moment, OutboxEvent},
        model::{Model, Start, TryEnd},
        picture::{Picture, policy::Graphics},
        theme::Theme,
        update::update,
        view,
    },
    domain::{
        check::{Check, CheckId, Limit, Verdict, Why},
        comparison::{Band, Bands, Comparison, Scale},
        lifecycle::attempt::Status,
        reason::Reason,
        report::{OutputFacts, Report, SourceFacts},
        season::{SeasonKind, SeasonRules},
    },
    language::Language,
};

pub use screen::{draw, text_of};

pub const NOON: i64 = 1_750_000_000;

fn second(offset: i64) -> Timestamp {
    Timestamp::from_second(NOON + offset).unwrap()
}

pub fn row(n: u32, status: Status) -> SubmissionSummary {
    let bad = n % 4 == 1;
    SubmissionSummary {
        id: Uuid::from_u128(u128::from(n) + 1),
        season: "2027-summer".into(),
        unit: "xa".into(),
        student: MaskedStudent {
            student_number: format!("2027{n:06}"),
            name: Some(["张*", "欧阳**", "李*"][n as usize % 3].into()),
            id_number: Some(format!("9900**********{n:04}")),
            phone: None,
        },
        number: if n % 5 == 2 { 2 } else { 1 },
        status,
        version: 3,
        submitted_at: second(i64::from(n) * 60 - 86_400),
        checks: if bad { Verdict::Fail } else { Verdict::Pass },
        machine_reasons: if bad { vec![Reason::UnevenLight] } else { vec![] },
        measured: vec![],
        band: Some(if n % 7 == 3 { Band::Doubtful } else { Band::Same }),
        claimed_until: None,
        decision: None,
        held_until: None,
        reviewed_by_me: false,
    }
}

fn checks(bad: bool) -> Vec<Check> {
    let limit = |min, max| Limit { min, max };
    let mut checks: Vec<Check> = [
        (CheckId::FaceCount, 1.0, limit(Some(1.0), Some(1.0))),
        (CheckId::HairTop, 78.2, limit(Some(50.0), Some(110.0))),
        (CheckId::EyeLine, 243.1, limit(Some(200.0), Some(300.0))),
        (CheckId::FaceWidth, 231.5, limit(Some(180.0), Some(300.0))),
        (CheckId::Centre, 3.4, limit(None, Some(24.0))),
        (CheckId::Roll, -1.2, limit(Some(-8.0), Some(8.0))),
        (CheckId::Blur, 0.83, limit(Some(0.4), None)),
        (CheckId::UnevenLight, if bad { 1.92 } else { 1.1 }, limit(None, Some(1.6))),
        (CheckId::EyesOpen, 0.29, limit(Some(0.2), None)),
        (CheckId::FileBytes, 34_816.0, limit(Some(30_720.0), Some(40_000.0))),
    ]
    .into_iter()
    .map(|(id, value, limit)| Check::judge(id, value, limit, limit))
    .collect();
    checks.push(Check::judge(CheckId::Yaw, 9.1, limit(Some(-8.0), Some(8.0)), limit(Some(-15.0), Some(15.0))));
    checks.push(Check::unknown(CheckId::SourceBackground, Why::NotJudged));
    checks
}

pub fn detail(row: &SubmissionSummary) -> Submission {
    let refused = row.status == Status::MachineRefused;
    let bands = Bands { cohort: "specimen".into(), model: "m".into(), same: 0.9, doubtful: 0.8 };
    let mut pictures = vec![PictureKind::Original, PictureKind::Preview, PictureKind::Portrait];
    pictures.extend((!refused).then_some(PictureKind::Standard));
    Submission {
        summary: row.clone(),
        report: Some(Report {
            engine: "0.1.0".into(),
            standard: "chsi-blue".into(),
            source: SourceFacts { format: "jpeg".into(), width: 900, height: 1200, bytes: 1, orientation: 1, colour_converted: false },
            geometry: None,
            transform: None,
            output: (!refused).then(|| OutputFacts { width: 480, height: 640, bytes: 34_816, quality: 88, sampling: "4:2:0".into() }),
            checks: checks(row.checks == Verdict::Fail),
            weights: Default::default(),
            rework: None,
        }),
        comparison: row.band.map(|band| Comparison { score: 0.9, scale: Scale { min: -1.0, max: 1.0 }, band, model: "m".into(), bands }),
        rendition: (!refused).then(|| Uuid::from_u128(row.id.as_u128() + 1_000_000)),
        pictures,
        decision_reasons: vec![],
        history: past(row),
        notices: vec![],
    }
}

/// A retake has an attempt before it.
fn past(row: &SubmissionSummary) -> Vec<PastAttempt> {
    let past = |number: u32| PastAttempt {
        id: Uuid::from_u128(row.id.as_u128() + 2_000_000 + u128::from(number)),
        number,
        status: Status::Rejected,
        submitted_at: second(-200_000),
        reasons: vec![Reason::Blur, Reason::UnevenLight],
    };
    (1..row.number).map(past).collect()
}

fn mine() -> ReviewerStatistics {
    let pace = |measured, seconds| Pace { measured, median_seconds: Some(seconds) };
    let day = |n: i8, reviews| DayOfReviews { day: jiff::civil::date(2025, 6, n), reviews, pace: pace(reviews, 3.0) };
    ReviewerStatistics {
        reviewer: Uuid::from_u128(9),
        name: Some("lin".into()),
        reviews: 412,
        approvals: 371,
        rejections: 41,
        undone: 5,
        skipped: 7,
        pace: pace(398, 3.4),
        days: vec![day(13, 120), day(14, 212), day(15, 80)],
        reasons: vec![],
        against_final: Agreement { both: 60, same: 57, kappa: Some(0.87), undefined: None },
        golden: None,
    }
}

pub fn start(language: Language, size: (u16, u16)) -> Start {
    Start {
        language,
        theme: Theme::dark(Default::default()),
        user: "lin".into(),
        size,
        facts: Default::default(),
        graphics: Graphics::Auto,
        zone: TimeZone::UTC,
        season: None,
        unit: None,
        views: Some(vec![]),
        away: None,
    }
}

/// A desk, its time, its server.
#[derive(Clone)]
pub struct Bench {
    pub model: Model,
    pub ms: u64,
    pub rows: Vec<SubmissionSummary>,
    /// Effects that were asked for and not answered yet.
    pub pending: VecDeque<Effect>,
    /// Every effect there was.
    pub effects: Vec<Effect>,
    /// Every message there was.
    pub messages: Vec<Message>,
    /// The server does not answer to decisions.
    pub offline: bool,
    /// Nothing can be written down.
    pub full: bool,
    /// What is written down and not answered.
    pub outbox: Contents,
    /// The server refuses every decision.
    pub refusing: bool,
    /// Whether a decision needs somebody else.
    pub blind: bool,
    pub keys_of_acts: u128,
    /// How often a photo was reworked.
    pub reworks: HashMap<Uuid, u128>,
}

impl Bench {
    pub fn new(language: Language, size: (u16, u16), rows: u32) -> Bench {
        let status = |n: u32| if n % 10 == 9 { Status::MachineRefused } else { Status::Pending };
        Bench {
            model: Model::new(start(language, size)),
            ms: 0,
            rows: (0..rows).map(|n| row(n, status(n))).collect(),
            pending: VecDeque::new(),
            effects: vec![],
            messages: vec![],
            offline: false,
            full: false,
            outbox: Contents::default(),
            refusing: false,
            blind: false,
            keys_of_acts: 0,
            reworks: HashMap::new(),
        }
    }

    /// A desk in the review of the first photo, its pictures shown.
    pub fn reviewing(language: Language, size: (u16, u16), rows: u32) -> Bench {
        let mut bench = Bench::new(language, size, rows);
        bench.happen(Event::Started);
        bench.settle();
        for _ in 0..2 {
            bench.key(Code::Enter);
            bench.settle();
        }
        bench
    }

    pub fn happen(&mut self, event: Event) {
        let wall = Timestamp::from_millisecond(NOON * 1000 + i64::try_from(self.ms).unwrap()).unwrap();
        let message = Message { at: Moment { ms: self.ms, wall }, event };
        self.messages.push(message.clone());
        let effects = update(&mut self.model, message);
        self.effects.extend(effects.iter().cloned());
        self.pending.extend(effects);
    }

    pub fn key(&mut self, code: Code) {
        self.happen(Event::Key(Key::new(code)));
    }

    pub fn char(&mut self, c: char) {
        self.key(Code::Char(c));
    }

    /// Types with a second between keys, everything answered in between.
    pub fn slowly(&mut self, keys: &str) {
        for c in keys.chars() {
            self.pass(1000);
            self.char(c);
            self.settle();
        }
    }

    pub fn pass(&mut self, ms: u64) {
        self.ms += ms;
        self.happen(Event::Tick);
    }

    /// Answers everything, and shows the frame.
    pub fn settle(&mut self) {
        for _ in 0..200 {
            while let Some(effect) = self.pending.pop_front() {
                for event in self.answer(effect) {
                    self.happen(event);
                }
            }
            match self.frame().1.complete.filter(|id| self.model.review.shown.is_none_or(|(shown, _)| shown != *id)) {
                Some(id) => self.happen(Event::Shown(id)),
                None => {
                    let seen = |(id, version): &(Uuid, i64)| self.model.grid.seen.get(id).is_some_and(|seen| seen.version == *version);
                    let tiles: Vec<_> = self.frame().1.tiles.into_iter().filter(|tile| !seen(tile)).collect();
                    if tiles.is_empty() {
                        return;
                    }
                    self.happen(Event::TilesShown(tiles));
                }
            }
        }
        panic!("the desk never comes to rest");
    }

    /// Draws, and checks what always holds of a frame.
    pub fn frame(&self) -> (ratatui::buffer::Buffer, view::Drawn) {
        draw(&self.model)
    }

    pub fn acts(&self) -> Vec<(Uuid, i64, Act)> {
        let act = |effect: &Effect| match effect {
            Effect::Act { submission, version, act, .. } => Some((*submission, *version, act.clone())),
            _ => None,
        };
        self.effects.iter().filter_map(act).collect()
    }

    fn find(&mut self, id: Uuid) -> &mut SubmissionSummary {
        self.rows.iter_mut().find(|row| row.id == id).unwrap()
    }

    pub fn answer(&mut self, effect: Effect) -> Vec<Event> {
        match effect {
            Effect::LoadSeasons => vec![Event::Seasons(Ok(vec![Season {
                code: "2027-summer".into(),
                name: "2027 夏".into(),
                kind: SeasonKind::Roster,
                rules: SeasonRules { preview_approval: true, ..SeasonRules::default() },
                closes_at: None,
            }]))],
            Effect::LoadProgress { .. } => vec![Event::Progress(Box::new(Ok(self.progress())))],
            Effect::LoadPage { ticket, unit, status, measured, cursor, .. } => {
                let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
                let wanted = |row: &&SubmissionSummary| {
                    status.is_none_or(|status| row.status == status) && unit.as_ref().is_none_or(|unit| row.unit == *unit)
                };
                let mut rows = self.rows.iter().filter(wanted).skip(from);
                let mut items: Vec<_> = rows.by_ref().take(100).cloned().collect();
                for row in &mut items {
                    let checks = checks(row.checks == Verdict::Fail).into_iter().filter(|check| measured.contains(&check.id));
                    row.measured = checks.map(|check| Measured { check: check.id, value: check.value, verdict: check.verdict }).collect();
                }
                let next = rows.next().map(|_| (from + 100).to_string());
                vec![Event::Page { ticket, page: Ok(Page { items, next }) }]
            }
            Effect::LoadDays { .. } => {
                let day =
                    |n: i8| DayProgress { day: jiff::civil::date(2025, 6, n), captured: i64::from(n % 5) * 40, decided: i64::from(n) * 3 };
                vec![Event::Days(Ok((1..=15).filter(|n| *n != 8).map(day).collect()))]
            }
            Effect::LoadMine { .. } => vec![Event::Mine(Box::new(Ok(mine())))],
            Effect::Export { path, .. } => vec![Event::Exported(if path.contains("taken") { Exported::Exists } else { Exported::Written })],
            Effect::LoadDetail { submission } => {
                let mut detail = detail(self.find(submission));
                // A reworked photo has another rendition.
                let reworks = self.reworks.get(&submission).copied().unwrap_or(0);
                detail.rendition = detail.rendition.map(|id| Uuid::from_u128(id.as_u128() + reworks * 1_000_000));
                vec![Event::Detail { submission, detail: Ok(Box::new(detail)) }]
            }
            Effect::Pictures(wanted) => {
                let picture = |request: crate::desk::picture::Request| {
                    let hash = request.submission.as_u128() as u64 * 16 + request.kind as u64;
                    let picture = Ok(Picture::stand_in(request.cells, hash));
                    Event::Picture { request, picture }
                };
                wanted.into_iter().map(picture).collect()
            }
            Effect::Fix { ticket, submission, wanted, .. } => {
                let mut report = detail(self.find(submission)).report.unwrap();
                let reasons = if wanted.down < -20 { vec![Reason::HairTop] } else { vec![] };
                report.output = Some(OutputFacts { width: 480, height: 640, bytes: 35_840, quality: 88, sampling: "4:4:4".into() });
                let sha256 = format!("{ticket:064x}");
                let report = Box::new(report);
                let end = if reasons.is_empty() { TryEnd::Made { sha256, report } } else { TryEnd::Refused { reasons, report } };
                vec![Event::Tried { ticket, end }]
            }
            Effect::Claim(claim) => {
                let now = self.model.now.wall;
                let free = |row: &&SubmissionSummary| row.claimed_until.is_none_or(|until| until <= now);
                let items = self.rows.iter().filter(free).filter(|row| claim.only.contains(&row.id)).cloned().collect();
                vec![Event::Claimed(Ok(Claim {
                    token: Uuid::from_u128(77),
                    until: second(300),
                    items,
                    all_claimed_until: None,
                    nothing: None,
                }))]
            }
            Effect::Act { submission, version, lease, act } => {
                self.keys_of_acts += 1;
                if self.full {
                    return vec![Event::Outbox(OutboxEvent::NotKept { submission, act })];
                }
                let key = Uuid::from_u128(self.keys_of_acts);
                self.write_down(Entry { submission, version, key, lease, bundle: None, act })
            }
            Effect::KeepMine { submission, version, act, .. } => {
                self.keys_of_acts += 1;
                let key = Uuid::from_u128(self.keys_of_acts);
                self.write_down(Entry { submission, version, key, lease: None, bundle: None, act })
            }
            // Nothing has left while the server does not answer.
            Effect::TakeBack { submission } => {
                let is = |entry: &&Entry| entry.submission == submission && matches!(entry.act, Act::Review(_));
                let key = self.outbox.unsent().iter().rfind(is).map(|entry| entry.key);
                if let Some(key) = key {
                    self.outbox.take(Line::Done { key, undo: None });
                }
                let unsent = self.outbox.unsent().len();
                vec![Event::Outbox(OutboxEvent::TakenBack { submission, done: key.is_some(), unsent })]
            }
            Effect::LoadStanding { submission } => {
                let detail = detail(self.find(submission));
                vec![Event::Stands { submission, detail: Ok(Box::new(detail)) }]
            }
            Effect::PassOn { submission, .. } => {
                let result = if self.refusing { Err(Problem::new(403, code::FORBIDDEN, "no")) } else { Ok(()) };
                vec![Event::PassedOn { submission, result }]
            }
            Effect::SavePicture { submission, version, .. } => {
                vec![Event::Saved { submission, version, place: Ok("/run/picture.jpg".into()) }]
            }
            Effect::KeepHabits(_) => vec![],
            Effect::KeepClaim { .. }
            | Effect::ReleaseClaim { .. }
            | Effect::Seen(_)
            | Effect::KeepViews(_)
            | Effect::Suspend
            | Effect::Quit => vec![],
        }
    }

    fn write_down(&mut self, entry: Entry) -> Vec<Event> {
        let meant = self.outbox.meant(entry);
        meant.into_iter().for_each(|entry| self.outbox.take(Line::Add { entry }));
        let kept = Event::Outbox(OutboxEvent::Kept { unsent: self.outbox.unsent().len() });
        [vec![kept], self.deliver()].concat()
    }

    /// Sends what the outbox holds.
    pub fn deliver(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(entry) = self.outbox.unsent().first().cloned() {
            if self.offline {
                let problem = Problem::new(0, code::UNREACHABLE, "no answer").with("why", "connect");
                events.push(Event::Outbox(OutboxEvent::Waiting { problem, unsent: self.outbox.unsent().len() }));
                break;
            }
            events.push(Event::Outbox(self.decide(entry)));
        }
        events
    }

    fn decide(&mut self, entry: Entry) -> OutboxEvent {
        let until = Timestamp::from_second(self.model.now.wall.as_second() + 600).unwrap();
        let blind = self.blind;
        let refusing = self.refusing;
        if matches!(entry.act, Act::Rework(_)) && !refusing {
            *self.reworks.entry(entry.submission).or_default() += 1;
        }
        let row = self.find(entry.submission);
        if refusing || row.version != entry.version {
            let problem = Problem::new(412, code::STALE_VERSION, "stale").with("status", "held");
            self.outbox.take(Line::Refused { key: entry.key, problem: problem.clone() });
            return OutboxEvent::Refused { conflict: Conflict { entry, problem }, unsent: self.outbox.unsent().len() };
        }
        let submission = entry.submission;
        match &entry.act {
            Act::Review(_) if blind => row.reviewed_by_me = true,
            Act::Review(review) => {
                row.version += 1;
                row.status = Status::Held;
                row.decision = Some(review.verdict.decision());
                row.held_until = Some(until);
            }
            Act::Rework(_) => {
                row.version += 1;
                row.status = Status::Pending;
            }
            Act::Undo => {
                row.version += 1;
                row.status = Status::Pending;
                row.decision = None;
                row.held_until = None;
            }
            Act::RetakeNotice => {}
        }
        let outcome =
            ReviewOutcome { submission, status: row.status, version: row.version, decision: row.decision, held_until: row.held_until };
        self.outbox.take(Line::Done { key: entry.key, undo: undo_version(&outcome) });
        OutboxEvent::Sent { submission, act: entry.act, outcome, unsent: self.outbox.unsent().len() }
    }

    fn progress(&self) -> Progress {
        let count = |status| self.rows.iter().filter(|row| row.status == status).count() as i64;
        let unit = UnitProgress {
            unit: Some("xa".into()),
            unit_name: Some("西安分校".into()),
            students: self.rows.len() as i64 + 12,
            captured_students: self.rows.len() as i64,
            invited: self.rows.len() as i64 + 10,
            overdue: 4,
            deliveries: Deliveries { uploaded: 4, accepted: 1, ..Deliveries::default() },
            prints: Prints { mailed: 2, ..Prints::default() },
            done_students: 6,
            pending: count(Status::Pending),
            machine_refused: count(Status::MachineRefused),
            held: count(Status::Held),
            rejected: count(Status::Rejected),
            ..UnitProgress::default()
        };
        let other =
            UnitProgress { unit: Some("yl".into()), unit_name: Some("榆林学习中心".into()), students: 9, ..UnitProgress::default() };
        let mut whole = unit.clone();
        whole.add(&other);
        (whole.unit, whole.unit_name) = (None, None);
        Progress { units: vec![unit, other], whole }
    }
}
