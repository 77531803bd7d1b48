//! Metrics.

use events::ids::TargetName;
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

const DELIVERED: &str = "planetstore_target_events_total";
const FAILURES: &str = "planetstore_target_failures_total";
const DEAD: &str = "planetstore_target_dead_letters_total";
const LAG: &str = "planetstore_target_lag_events";

pub(crate) fn describe() {
    describe_counter!(DELIVERED, Unit::Count, "Events that a target took.");
    describe_counter!(FAILURES, Unit::Count, "Pages of events of which a target did not take all.");
    describe_counter!(DEAD, Unit::Count, "Events that were given up because a target refused them.");
    describe_gauge!(LAG, Unit::Count, "Entries of the log that were not looked at for a target yet.");
}

pub(crate) fn delivered(target: &TargetName, events: u64) {
    counter!(DELIVERED, "target" => target.to_string()).increment(events);
}

pub(crate) fn failed(target: &TargetName) {
    counter!(FAILURES, "target" => target.to_string()).increment(1);
}

pub(crate) fn died(target: &TargetName, events: u64) {
    counter!(DEAD, "target" => target.to_string()).increment(events);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge")]
pub(crate) fn lag(target: &TargetName, entries: u64) {
    gauge!(LAG, "target" => target.to_string()).set(entries as f64);
}
