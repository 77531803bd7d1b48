//! Metrics.

use events::ids::RegionName;
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::route::Route;

const SENT: &str = "planetstore_replication_changes_total";
const SENT_BYTES: &str = "planetstore_replication_bytes_total";
const FAILED: &str = "planetstore_replication_failed_total";
const IDENTITIES: &str = "planetstore_replication_identities_total";
const IDENTITIES_REFUSED: &str = "planetstore_replication_identities_refused_total";
const LAG_EVENTS: &str = "planetstore_replication_lag_events";
const LAG_BYTES: &str = "planetstore_replication_lag_bytes";
const LAG_SECONDS: &str = "planetstore_replication_lag_seconds";

pub(crate) fn describe() {
    describe_counter!(SENT, Unit::Count, "Changes that are at their destination.");
    describe_counter!(SENT_BYTES, Unit::Bytes, "Bytes of versions that are at their destination.");
    describe_counter!(FAILED, Unit::Count, "Versions that were given up because the destination refuses them.");
    describe_counter!(IDENTITIES, Unit::Count, "Users, keys, groups and policies that were sent to another region.");
    describe_counter!(IDENTITIES_REFUSED, Unit::Count, "Those that it refuses, which were left out.");
    describe_gauge!(LAG_EVENTS, Unit::Count, "Events of the log that a destination may still need.");
    describe_gauge!(
        LAG_BYTES,
        Unit::Bytes,
        "Bytes of the versions among the changes that were read and are not there."
    );
    describe_gauge!(LAG_SECONDS, Unit::Seconds, "Age of the oldest change that is not at its destination.");
}

fn labels(route: &Route) -> [(&'static str, String); 3] {
    let region = route.destination.region.as_ref().map(ToString::to_string).unwrap_or_default();
    [("bucket", route.name.to_string()), ("destination", route.destination.bucket.to_string()), ("region", region)]
}

pub(crate) fn sent(route: &Route, bytes: u64) {
    counter!(SENT, &labels(route)).increment(1);
    counter!(SENT_BYTES, &labels(route)).increment(bytes);
}

pub(crate) fn identities_sent(region: &RegionName, names: usize) {
    counter!(IDENTITIES, "region" => region.to_string()).increment(names as u64);
}

pub(crate) fn identity_refused(region: &RegionName) {
    counter!(IDENTITIES_REFUSED, "region" => region.to_string()).increment(1);
}

pub(crate) fn failed(route: &Route) {
    counter!(FAILED, &labels(route)).increment(1);
}

/// How far a destination is behind.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Behind {
    /// Events of the log that it may still need.
    pub(crate) events: u64,
    /// Changes that were read and are not there.
    pub(crate) changes: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
}

#[expect(clippy::cast_precision_loss, reason = "gauges")]
pub(crate) fn lag(route: &Route, lag: Behind) {
    gauge!(LAG_EVENTS, &labels(route)).set(lag.events as f64);
    gauge!(LAG_BYTES, &labels(route)).set(lag.bytes as f64);
    gauge!(LAG_SECONDS, &labels(route)).set(lag.seconds);
}
