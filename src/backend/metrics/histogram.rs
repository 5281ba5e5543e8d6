//! How long things took, as Prometheus counts it: how many took at most so long, for a row of bounds.

use std::{fmt::Write as _, time::Duration};

/// The bounds in seconds: from a list out of memory to a request that is given up.
const BOUNDS: [f64; 15] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// Durations of one kind of thing.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    /// By the first bound that is not passed; the last one has none.
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        self.counts[bucket] += 1;
        self.sum += took;
    }

    /// Writes it; `labels` are those that tell it from its siblings.
    pub fn write(&self, page: &mut String, name: &str, labels: &str) {
        let mut total = 0;
        for (index, count) in self.counts.iter().enumerate() {
            total += count;
            let bound = BOUNDS.get(index).map_or_else(|| "+Inf".to_owned(), f64::to_string);
            let _ = writeln!(page, "{name}_bucket{{{labels},le=\"{bound}\"}} {total}");
        }
        let _ = writeln!(page, "{name}_sum{{{labels}}} {}\n{name}_count{{{labels}}} {total}", self.sum.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up_and_the_last_one_holds_all() {
        let mut histogram = Histogram::default();
        for milliseconds in [1, 3, 3, 40, 500_000] {
            histogram.observe(Duration::from_millis(milliseconds));
        }
        let mut page = String::new();
        histogram.write(&mut page, "x_seconds", "route=\"/\"");
        for line in [
            "x_seconds_bucket{route=\"/\",le=\"0.001\"} 1",
            "x_seconds_bucket{route=\"/\",le=\"0.0025\"} 1",
            "x_seconds_bucket{route=\"/\",le=\"0.005\"} 3",
            "x_seconds_bucket{route=\"/\",le=\"0.05\"} 4",
            "x_seconds_bucket{route=\"/\",le=\"120\"} 4",
            "x_seconds_bucket{route=\"/\",le=\"+Inf\"} 5",
            "x_seconds_sum{route=\"/\"} 500.047",
            "x_seconds_count{route=\"/\"} 5",
        ] {
            assert!(page.contains(&format!("{line}\n")), "{line}:\n{page}");
        }
    }
}
