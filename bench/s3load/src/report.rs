use std::time::Duration;

use serde_json::json;

use crate::options::Options;
use crate::worker::Tally;

/// Bytes in a GB and an MB, as disks and networks count them.
const GB: f64 = 1e9;
const MB: f64 = 1e6;

/// The results of a run.
#[derive(Debug)]
pub struct Report {
    operation: &'static str,
    size: usize,
    concurrency: u64,
    took: Duration,
    /// In microseconds, ascending.
    latencies: Vec<u32>,
    bytes: u64,
    errors: u64,
    cpu_seconds: f64,
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
impl Report {
    pub fn new(options: &Options, tally: Tally, took: Duration, cpu_seconds: f64) -> Self {
        let Tally { mut latencies, bytes, errors, answers: _ } = tally;
        latencies.sort_unstable();
        let (operation, size, concurrency) = (options.op.name(), options.size, options.concurrency);
        Self { operation, size, concurrency, took, latencies, bytes, errors, cpu_seconds }
    }

    /// A percentile of the latencies in ms; 0 without requests.
    fn percentile(&self, percent: usize) -> f64 {
        let rank = self.latencies.len() * percent / 100;
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(rank.min(last)).map_or(0.0, |micros| f64::from(*micros) / 1e3)
    }

    fn cpu_seconds_per(&self, amount: f64) -> f64 {
        if amount > 0.0 { rounded(self.cpu_seconds / amount, 2) } else { 0.0 }
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        let (requests, bytes, seconds) = (self.latencies.len() as f64, self.bytes as f64, self.took.as_secs_f64());
        json!({
            "op": self.operation,
            "size": self.size,
            "concurrency": self.concurrency,
            "seconds": rounded(seconds, 2),
            "requests": self.latencies.len(),
            "errors": self.errors,
            "req_per_s": rounded(requests / seconds, 0),
            "mb_per_s": rounded(bytes / seconds / MB, 1),
            "p50_ms": self.percentile(50),
            "p90_ms": self.percentile(90),
            "p99_ms": self.percentile(99),
            "max_ms": self.percentile(100),
            "server_cpu_s_per_gb": self.cpu_seconds_per(bytes / GB),
            "server_cpu_s_per_1k_req": self.cpu_seconds_per(requests / 1e3),
        })
        .to_string()
    }
}

fn rounded(value: f64, digits: i32) -> f64 {
    let factor = 10_f64.powi(digits);
    (value * factor).round() / factor
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(latencies: Vec<u32>) -> Report {
        let took = Duration::from_secs(2);
        Report {
            operation: "put",
            size: 1,
            concurrency: 1,
            took,
            latencies,
            bytes: 4_000_000,
            errors: 0,
            cpu_seconds: 1.0,
        }
    }

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let report = report((1..=100).map(|ms| ms * 1000).collect());
        assert!((report.percentile(50) - 51.0).abs() < 0.01);
        assert!((report.percentile(99) - 100.0).abs() < 0.01);
        assert!((report.percentile(100) - 100.0).abs() < 0.01);
    }

    #[test]
    fn a_run_without_requests_divides_by_nothing() {
        let json = report(Vec::new()).to_json();
        assert!(json.contains("\"p50_ms\":0.0") && json.contains("\"mb_per_s\":2.0"), "{json}");
        assert!(json.contains("\"server_cpu_s_per_1k_req\":0.0"), "{json}");
    }
}
