//! Counts for `/metrics`, in the text format of Prometheus. Routes, never paths: a path may name a submission. Labels are codes of this program
//! alone, so that no value of a request can become one.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    health::{Health, Worker},
    store::types::{JobKind, QueueDepth},
};
use crate::{
    api::submission::{Claim, NothingToClaim, ReviewOutcome},
    domain::{lifecycle::attempt::Status, review::Decision},
};

mod histogram;

use histogram::Histogram;

/// What is counted while the process lives.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Requests by method, route and status.
    requests: BTreeMap<(String, String, u16), u64>,
    /// How long they took, by route and class of status.
    request_seconds: BTreeMap<(String, u16), Histogram>,
    job_seconds: BTreeMap<&'static str, Histogram>,
    /// Claims by what came of them, and the photos that were given.
    claims: BTreeMap<&'static str, u64>,
    claimed_photos: u64,
    /// Reviews by what came of them.
    reviews: BTreeMap<&'static str, u64>,
    undone: u64,
    /// Units whose counters were found wrong.
    corrected: u64,
}

/// What is not counted but looked up when it is asked for.
#[derive(Debug)]
pub struct Looked<'a> {
    pub jobs: &'a [QueueDepth],
    pub photos: &'a [(Status, i64)],
    pub health: &'a Health,
    pub now: Timestamp,
}

impl Metrics {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one answered request.
    pub fn count(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut counts = self.counts();
        *counts.requests.entry((method.to_owned(), route.to_owned(), status)).or_insert(0) += 1;
        counts.request_seconds.entry((route.to_owned(), status / 100)).or_default().observe(took);
    }

    /// Counts a job that was done.
    pub fn count_job(&self, kind: JobKind, took: Duration) {
        self.counts().job_seconds.entry(kind.code()).or_default().observe(took);
    }

    /// Counts a claim by what came of it.
    pub fn count_claim(&self, claim: &Claim) {
        let came_of_it = match (claim.items.is_empty(), claim.nothing) {
            (false, _) => "given",
            (true, Some(NothingToClaim::AllClaimed)) => "all_claimed",
            (true, Some(NothingToClaim::NoneForYou)) => "none_for_you",
            (true, _) => "empty",
        };
        let mut counts = self.counts();
        *counts.claims.entry(came_of_it).or_insert(0) += 1;
        counts.claimed_photos += claim.items.len() as u64;
    }

    /// Counts a review by what came of it. Which way reviews go that decide nothing yet is nobody's to know.
    pub fn count_review(&self, outcome: &ReviewOutcome) {
        let came_of_it = match outcome.decision {
            Some(Decision::Approve) => "approve",
            Some(Decision::Reject) => "reject",
            None => "undecided",
        };
        *self.counts().reviews.entry(came_of_it).or_insert(0) += 1;
    }

    /// Counts a decision that was taken back.
    pub fn count_undone(&self) {
        self.counts().undone += 1;
    }

    /// Counts units whose counters were found wrong and mended.
    pub fn count_corrected(&self, units: usize) {
        self.counts().corrected += units as u64;
    }

    /// The page.
    #[must_use]
    pub fn page(&self, looked: &Looked) -> String {
        let counts = self.counts();
        let mut page = String::with_capacity(16 << 10);
        head(&mut page, "requests_total", "counter", "Requests that were answered.");
        for ((method, route, status), count) in &counts.requests {
            let _ = writeln!(page, "zhaoshen_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}");
        }
        head(&mut page, "request_seconds", "histogram", "How long answers took to their first byte.");
        for ((route, class), histogram) in &counts.request_seconds {
            histogram.write(&mut page, "zhaoshen_request_seconds", &format!("route=\"{route}\",status=\"{class}xx\""));
        }
        head(&mut page, "job_seconds", "histogram", "How long jobs took that were done here.");
        for (kind, histogram) in &counts.job_seconds {
            histogram.write(&mut page, "zhaoshen_job_seconds", &format!("kind=\"{kind}\""));
        }
        head(&mut page, "claims_total", "counter", "Claims by what came of them.");
        labelled(&mut page, "claims_total", "outcome", counts.claims.iter().map(|(code, count)| (*code, *count)));
        plain(&mut page, "claimed_photos_total", "counter", "Photos that were given to reviewers.", counts.claimed_photos);
        head(&mut page, "reviews_total", "counter", "Reviews by what came of them.");
        labelled(&mut page, "reviews_total", "outcome", counts.reviews.iter().map(|(code, count)| (*code, *count)));
        plain(&mut page, "decisions_undone_total", "counter", "Decisions that were taken back.", counts.undone);
        plain(&mut page, "units_corrected_total", "counter", "Units whose counters were wrong.", counts.corrected);
        drop(counts);
        look(&mut page, looked);
        page
    }
}

/// What the database and the process say now.
fn look(page: &mut String, looked: &Looked) {
    head(page, "photos", "gauge", "Photos of all seasons that wait, by where they wait.");
    labelled(page, "photos", "status", looked.photos.iter().map(|(status, number)| (status.code(), *number)));
    /// A gauge: its name, what it is, and where it is found.
    type Gauge = (&'static str, &'static str, fn(&QueueDepth) -> i64);
    let gauges: [Gauge; 4] = [
        ("jobs_waiting", "Jobs that are not done yet.", |depth| depth.waiting),
        ("jobs_due", "Jobs that are being done or should be.", |depth| depth.due),
        ("jobs_taken", "Jobs that a worker has.", |depth| depth.taken),
        ("jobs_failing", "Jobs whose last try failed.", |depth| depth.failing),
    ];
    for (name, what, number) in gauges {
        head(page, name, "gauge", what);
        labelled(page, name, "kind", looked.jobs.iter().map(|depth| (depth.kind.code(), number(depth))));
    }
    head(page, "worker_silent_seconds", "gauge", "How long no worker of this process gave a sign of life.");
    let silent = Worker::ALL.into_iter().filter_map(|worker| {
        let seen = looked.health.last_seen(worker)?;
        Some((worker.code(), looked.now.duration_since(seen).as_secs_f64().max(0.0)))
    });
    labelled(page, "worker_silent_seconds", "worker", silent);
    plain(page, "stopping", "gauge", "Whether this process is about to stop.", u8::from(looked.health.is_stopping()));
}

fn head(page: &mut String, name: &str, kind: &str, what: &str) {
    let _ = writeln!(page, "# HELP zhaoshen_{name} {what}\n# TYPE zhaoshen_{name} {kind}");
}

fn plain(page: &mut String, name: &str, kind: &str, what: &str, value: impl Display) {
    head(page, name, kind, what);
    let _ = writeln!(page, "zhaoshen_{name} {value}");
}

fn labelled<V: Display>(page: &mut String, name: &str, label: &str, values: impl Iterator<Item = (&'static str, V)>) {
    for (code, value) in values {
        let _ = writeln!(page, "zhaoshen_{name}{{{label}=\"{code}\"}} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::blobs::Guarantees;

    #[test]
    fn everything_is_added_up_by_its_own_codes() {
        let metrics = Metrics::default();
        let moment = Duration::from_millis(2);
        metrics.count("GET", "/v1/submissions/{id}", 200, moment);
        metrics.count("GET", "/v1/submissions/{id}", 200, moment);
        metrics.count("GET", "/v1/submissions/{id}", 404, moment);
        metrics.count_corrected(2);
        metrics.count_job(JobKind::Standardize, Duration::from_secs(3));
        let health = Health::new(Guarantees { immutable: true, listed_at_once: true });
        let now = Timestamp::from_second(100).unwrap();
        health.saw(Worker::News, Timestamp::from_second(90).unwrap());
        let jobs = [QueueDepth { kind: JobKind::Freeze, waiting: 4, due: 3, taken: 2, failing: 1 }];
        let page = metrics.page(&Looked { jobs: &jobs, photos: &[(Status::Pending, 7)], health: &health, now });
        for line in [
            "zhaoshen_requests_total{method=\"GET\",route=\"/v1/submissions/{id}\",status=\"200\"} 2",
            "zhaoshen_request_seconds_count{route=\"/v1/submissions/{id}\",status=\"2xx\"} 2",
            "zhaoshen_request_seconds_count{route=\"/v1/submissions/{id}\",status=\"4xx\"} 1",
            "zhaoshen_job_seconds_bucket{kind=\"standardize\",le=\"2.5\"} 0",
            "zhaoshen_job_seconds_bucket{kind=\"standardize\",le=\"5\"} 1",
            "zhaoshen_units_corrected_total 2",
            "zhaoshen_photos{status=\"pending\"} 7",
            "zhaoshen_jobs_waiting{kind=\"freeze\"} 4",
            "zhaoshen_jobs_due{kind=\"freeze\"} 3",
            "zhaoshen_jobs_taken{kind=\"freeze\"} 2",
            "zhaoshen_jobs_failing{kind=\"freeze\"} 1",
            "zhaoshen_worker_silent_seconds{worker=\"news\"} 10",
            "zhaoshen_stopping 0",
        ] {
            assert!(page.contains(&format!("{line}\n")), "{line}:\n{page}");
        }
    }
}
