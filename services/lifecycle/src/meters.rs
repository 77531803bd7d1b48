//! The metrics.

use std::time::Duration;

use jiff::Timestamp;
use metrics::{counter, describe_counter, describe_gauge, gauge};

/// What a rule ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ended {
    Version,
    Upload,
}

impl Ended {
    fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Upload => "upload",
        }
    }
}

pub(crate) fn describe() {
    describe_counter!("planetstore_lifecycle_ended_total", "Versions and uploads that lifecycle rules ended");
    describe_counter!(
        "planetstore_lifecycle_kept_total",
        "Of those, versions and uploads that stay, because they changed meanwhile or are locked"
    );
    describe_gauge!("planetstore_lifecycle_lag_seconds", "Delay between the due time and the end of the last one");
    describe_gauge!("planetstore_lifecycle_walk_seconds", "How long the last walk through all buckets with rules took");
    describe_gauge!("planetstore_lifecycle_buckets", "Buckets with rules, at the last such walk");
    describe_counter!(
        "planetstore_lifecycle_retries_total",
        "Commands that the log or the ledger did not accept at once"
    );
}

pub(crate) fn ended(what: Ended, due: Timestamp, now: Timestamp) {
    counter!("planetstore_lifecycle_ended_total", "what" => what.name()).increment(1);
    gauge!("planetstore_lifecycle_lag_seconds").set(now.duration_since(due).as_secs_f64().max(0.0));
}

pub(crate) fn kept(what: Ended) {
    counter!("planetstore_lifecycle_kept_total", "what" => what.name()).increment(1);
}

pub(crate) fn retried() {
    counter!("planetstore_lifecycle_retries_total").increment(1);
}

pub(crate) fn walked(time: Duration, buckets: u32) {
    gauge!("planetstore_lifecycle_walk_seconds").set(time.as_secs_f64());
    gauge!("planetstore_lifecycle_buckets").set(f64::from(buckets));
}
