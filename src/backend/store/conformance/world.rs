//! A small house to test in: a season with two units, people of every role, a clock, and the machine played by hand.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    api::{
        people::NewUser,
        roster::Season,
        submission::{NewClaim, PictureKind, ReviewOutcome, Submission},
    },
    backend::{
        auth,
        blobs::{BlobKind, StoredBlob},
        clock::{Clock, ManualClock},
        store::{
            Store, StoreResult,
            deliveries::WayFilter,
            types::{GivenReview, Intention, Job, JobKind, MachineOutcome, NewAttempt, NewStudent, StudentDetails},
        },
    },
    domain::{
        access::{Principal, Role, UnitScope},
        check::Verdict,
        comparison::{Band, Bands, Comparison, Scale},
        lifecycle::attempt::Status,
        reason::Reason,
        report::{Report, SourceFacts},
        resident_id::ResidentId,
        review::ReviewVerdict,
        season::{SeasonKind, SeasonRules},
    },
};

pub const SEASON: &str = "2027-summer";

pub struct World {
    pub store: Arc<dyn Store>,
    pub clock: ManualClock,
    pub registrar: Principal,
    pub admin: Principal,
    /// Reviewers of every unit.
    pub reviewers: Vec<Principal>,
    /// A reviewer of unit A alone.
    pub of_a: Principal,
    photos: u32,
}

impl World {
    pub async fn found(store: Arc<dyn Store>) -> World {
        let clock = ManualClock::at("2027-05-01T08:00:00Z".parse().unwrap());
        let mut people = vec![];
        for (name, role, units) in [
            ("registrar", Role::Registrar, None),
            ("admin", Role::Admin, None),
            ("one", Role::Reviewer, None),
            ("two", Role::Reviewer, None),
            ("three", Role::Reviewer, None),
            ("of-a", Role::Reviewer, Some(vec!["A".to_owned()])),
        ] {
            let new = NewUser { name: name.to_owned(), role, units };
            let user = store.add_user(None, &new, auth::new_invitation(clock.now()).unwrap().1).await.unwrap();
            people.push(Principal { user: user.id, role, school: user.school.clone(), units: user.scope() });
        }
        let of_a = people.pop().unwrap();
        let reviewers = people.split_off(2);
        let admin = people.pop().unwrap();
        let registrar = people.pop().unwrap();
        let world = World { store, clock, registrar, admin, reviewers, of_a, photos: 0 };
        world.set_rules(SeasonRules::default()).await;
        let rows: Vec<NewStudent> = (1..=6).map(|index| student(index, if index <= 3 { "A" } else { "B" })).collect();
        assert!(world.take(&rows).await.unwrap().taken);
        world
    }

    /// One more reviewer of every unit.
    pub async fn reviewer(&self, name: &str) -> Principal {
        let new = NewUser { name: name.to_owned(), role: Role::Reviewer, units: None };
        let user = self.store.add_user(None, &new, auth::new_invitation(self.now()).unwrap().1).await.unwrap();
        Principal { user: user.id, role: user.role, school: user.school.clone(), units: user.scope() }
    }

    pub async fn set_rules(&self, rules: SeasonRules) {
        let season = Season { code: SEASON.into(), name: "夏季".into(), kind: SeasonKind::Roster, rules, closes_at: None };
        self.store.put_season(&self.registrar, &season, self.now()).await.unwrap();
    }

    pub async fn take(&self, rows: &[NewStudent]) -> StoreResult<crate::backend::store::types::TakenRoster> {
        self.store.take_roster(&self.registrar, SEASON, rows, false, self.now()).await
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new photo of the student with this index.
    pub async fn capture(&mut self, index: u32) -> StoreResult<Uuid> {
        self.photos += 1;
        let photo = self.photos.to_be_bytes();
        self.capture_photo(index, &photo).await
    }

    pub async fn capture_photo(&self, index: u32, photo: &[u8]) -> StoreResult<Uuid> {
        let student = self.store.find_student(&self.registrar, SEASON, &number(index)).await?;
        let id = Uuid::now_v7();
        let attempt = NewAttempt {
            id,
            season: SEASON.into(),
            student: student.id,
            photo_hash: self.store.photo_hash(student.id, photo),
            blobs: vec![blob(id, PictureKind::Original)],
        };
        // Times in the queue differ.
        self.clock.advance(1);
        Ok(self.store.add_submission(&self.registrar, &attempt, self.now()).await?.id)
    }

    pub async fn job(&self, kind: JobKind) -> Option<Job> {
        let now = self.now();
        self.store.next_job(kind, now, now + std::time::Duration::from_secs(600)).await.unwrap()
    }

    /// The machine works off everything that waits, with this outcome for each photo.
    pub async fn develop(&self, band: Option<Band>, refused: bool) {
        while let Some(job) = self.job(JobKind::Standardize).await {
            // Golden items are the store's own work.
            let Some(work) = self.store.attempt_work(&job, self.now()).await.unwrap() else { continue };
            self.store.save_outcome(&job, &outcome(work.attempt, band, refused), self.now()).await.unwrap();
        }
    }

    /// A photo that waits for people.
    pub async fn pending(&mut self, index: u32, band: Option<Band>) -> Uuid {
        let id = self.capture(index).await.unwrap();
        self.develop(band, false).await;
        id
    }

    /// An approved photo, frozen.
    pub async fn approved(&mut self, index: u32) -> Uuid {
        let id = self.pending(index, None).await;
        let reviewer = self.reviewers[2].clone();
        self.review(&reviewer, id, ReviewVerdict::Approve).await.unwrap();
        self.freeze_later().await;
        id
    }

    /// How many deliveries and prints a photo has.
    pub async fn ways(&self, id: Uuid) -> (usize, usize) {
        let deliveries = WayFilter { season: SEASON.into(), limit: 100, ..WayFilter::default() };
        let prints = WayFilter { season: SEASON.into(), limit: 100, ..WayFilter::default() };
        let deliveries = self.store.deliveries(&self.admin, &deliveries).await.unwrap().items;
        let prints = self.store.prints(&self.admin, &prints).await.unwrap().items;
        let of = |submission: Uuid| usize::from(submission == id);
        (deliveries.iter().map(|item| of(item.submission)).sum(), prints.iter().map(|item| of(item.submission)).sum())
    }

    /// Freezes every decision whose time is over.
    pub async fn freeze(&self) {
        while let Some(job) = self.job(JobKind::Freeze).await {
            self.store.freeze(&job, self.now()).await.unwrap();
        }
    }

    /// The same after the longest a decision is held.
    pub async fn freeze_later(&self) {
        self.clock.advance(601);
        self.freeze().await;
    }

    pub async fn see(&self, who: &Principal, id: Uuid) -> Submission {
        self.store.submission(who, id, self.now()).await.unwrap()
    }

    pub async fn review(&self, who: &Principal, id: Uuid, verdict: ReviewVerdict) -> StoreResult<ReviewOutcome> {
        let seen = self.see(who, id).await;
        let review = GivenReview { intention: intention(seen.summary.version), verdict, rendition: seen.rendition };
        self.store.review(who, id, &review, self.now()).await
    }

    pub async fn undo(&self, who: &Principal, id: Uuid) -> StoreResult<ReviewOutcome> {
        let version = self.see(who, id).await.summary.version;
        self.store.undo(who, id, &intention(version), self.now()).await
    }

    pub async fn status(&self, id: Uuid) -> Status {
        self.see(&self.admin, id).await.summary.status
    }

    pub async fn assert_counters(&self) {
        let (kept, counted) =
            (self.store.progress(&self.admin, SEASON).await.unwrap(), self.store.recount(&self.admin, SEASON).await.unwrap());
        assert_eq!(kept, counted);
    }
}

pub fn intention(version: i64) -> Intention {
    Intention { version, key: Uuid::now_v7(), request_hash: [1; 32] }
}

pub fn reject() -> ReviewVerdict {
    ReviewVerdict::Reject { reasons: vec![Reason::Blur].try_into().unwrap() }
}

pub fn number(index: u32) -> String {
    format!("2501{index:04}")
}

pub fn student(index: u32, unit: &str) -> NewStudent {
    const ID_NUMBERS: [&str; 5] =
        ["990000199001010017", "990000199001010025", "990000200002290175", "990000198512311239", "99000019950615004X"];
    NewStudent {
        row: index + 1,
        student_number: Some(number(index)),
        student_key: None,
        name: Some(format!("张三{index}")),
        id_number: ID_NUMBERS.get(index as usize - 1).map(|number| ResidentId::parse(number).unwrap()),
        phone: (index != 2).then(|| format!("1380000{index:04}")),
        unit_code: unit.to_owned(),
        unit_name: format!("{unit} 分校"),
        masked_id_number: None,
        details: StudentDetails::default(),
        standing: None,
    }
}

pub fn claim_of(count: u8) -> NewClaim {
    NewClaim { season: SEASON.into(), unit: None, status: Status::Pending, count, only: vec![], keep: vec![] }
}

pub fn everywhere(principal: &Principal) -> bool {
    principal.units == UnitScope::All
}

pub fn blob(attempt: Uuid, kind: PictureKind) -> StoredBlob {
    StoredBlob { kind: BlobKind::Picture(kind), name: format!("{}{}", attempt.simple(), kind.code()), bytes: 3 }
}

pub fn outcome(attempt: Uuid, band: Option<Band>, refused: bool) -> MachineOutcome {
    let bands = Bands { cohort: "default".into(), model: "m".into(), same: 0.5, doubtful: 0.3 };
    let kinds: &[PictureKind] =
        if refused { &[PictureKind::Preview] } else { &[PictureKind::Preview, PictureKind::Thumb, PictureKind::Standard] };
    MachineOutcome {
        standardized: !refused,
        report: Some(Report {
            engine: "test".into(),
            standard: "chsi-blue".into(),
            source: SourceFacts { format: "jpeg".into(), width: 1, height: 1, bytes: 1, orientation: 1, colour_converted: false },
            geometry: None,
            transform: None,
            output: None,
            checks: vec![],
            weights: BTreeMap::new(),
            rework: None,
        }),
        checks: if refused { Verdict::Fail } else { Verdict::Pass },
        reasons: if refused { vec![Reason::FaceCount] } else { vec![] },
        comparison: band.map(|band| Comparison { score: 0.4, scale: Scale { min: 0.0, max: 1.0 }, band, model: "m".into(), bands }),
        blobs: kinds.iter().map(|kind| blob(attempt, *kind)).collect(),
    }
}
