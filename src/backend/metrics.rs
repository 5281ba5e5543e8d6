//! Counts for `/metrics`, in the text format of Prometheus. Routes, never paths: a path may name a submission.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::store::types::QueueDepth;

/// What is counted while the process lives.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests by method, route and status.
    requests: Mutex<BTreeMap<(String, String, u16), u64>>,
    /// Units whose counters were found wrong.
    corrected: AtomicU64,
}

impl Metrics {
    /// Counts one answered request.
    pub fn count(&self, method: &str, route: &str, status: u16) {
        let mut counts = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((method.to_owned(), route.to_owned(), status)).or_insert(0) += 1;
    }

    /// Counts units whose counters were found wrong and mended.
    pub fn count_corrected(&self, units: usize) {
        self.corrected.fetch_add(units as u64, Ordering::Relaxed);
    }

    /// The page.
    #[must_use]
    pub fn page(&self, queue: &[QueueDepth]) -> String {
        let mut page = String::from("# TYPE zhaoshen_requests_total counter\n");
        for ((method, route, status), count) in self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = writeln!(page, "zhaoshen_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}");
        }
        let corrected = self.corrected.load(Ordering::Relaxed);
        let _ = writeln!(page, "# TYPE zhaoshen_units_corrected_total counter\nzhaoshen_units_corrected_total {corrected}");
        for (name, number) in [("waiting", (|depth| depth.waiting) as fn(&QueueDepth) -> i64), ("due", |depth| depth.due)] {
            let _ = writeln!(page, "# TYPE zhaoshen_jobs_{name} gauge");
            for depth in queue {
                let _ = writeln!(page, "zhaoshen_jobs_{name}{{kind=\"{}\"}} {}", depth.kind.code(), number(depth));
            }
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::store::types::JobKind;

    #[test]
    fn requests_of_one_route_are_added_up() {
        let metrics = Metrics::default();
        metrics.count("GET", "/v1/submissions/{id}", 200);
        metrics.count("GET", "/v1/submissions/{id}", 200);
        metrics.count_corrected(2);
        let page = metrics.page(&[QueueDepth { kind: JobKind::Freeze, waiting: 4, due: 1 }]);
        assert!(page.contains("zhaoshen_requests_total{method=\"GET\",route=\"/v1/submissions/{id}\",status=\"200\"} 2\n"));
        assert!(page.contains("zhaoshen_units_corrected_total 2\n"));
        assert!(page.contains("zhaoshen_jobs_waiting{kind=\"freeze\"} 4\n"));
    }
}
