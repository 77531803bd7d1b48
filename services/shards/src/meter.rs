//! The metrics of this crate, each named once.

use std::time::Duration;

use crate::inspect::IncidentKind;

/// A request to a node ended.
pub(crate) fn request(kind: &'static str, outcome: &'static str, took: Duration) {
    metrics::counter!("planetstore_shards_requests_total", "kind" => kind, "outcome" => outcome).increment(1);
    metrics::histogram!("planetstore_shards_request_seconds", "kind" => kind).record(took.as_secs_f64());
}

/// Bytes of messages were sent to nodes.
pub(crate) fn sent(bytes: usize) {
    metrics::counter!("planetstore_shards_sent_bytes_total").increment(bytes as u64);
}

/// Bytes were received from nodes, as messages or read from their files.
pub(crate) fn received(bytes: usize, how: &'static str) {
    metrics::counter!("planetstore_shards_received_bytes_total", "how" => how).increment(bytes as u64);
}

/// Shards were requested because others were late.
pub(crate) fn hedged(shards: u32) {
    metrics::counter!("planetstore_shards_hedges_total").increment(u64::from(shards));
}

/// A late shard was not hedged because the hedge budget was empty.
pub(crate) fn hedge_denied() {
    metrics::counter!("planetstore_shards_hedges_denied_total").increment(1);
}

/// A stripe was decoded because a data piece was not available.
pub(crate) fn decoded() {
    metrics::counter!("planetstore_shards_degraded_reads_total").increment(1);
}

/// A shard is missing or damaged.
pub(crate) fn incident(kind: IncidentKind) {
    metrics::counter!("planetstore_shards_incidents_total", "kind" => kind.as_str()).increment(1);
}

/// An incident was dropped: its receiver is gone or behind.
pub(crate) fn incident_dropped() {
    metrics::counter!("planetstore_shards_incidents_dropped_total").increment(1);
}

/// A content did not match its hash, or a piece its tag, although the checksums match.
pub(crate) fn altered() {
    metrics::counter!("planetstore_shards_altered_reads_total").increment(1);
}

/// A write ended.
pub(crate) fn write(outcome: &'static str) {
    metrics::counter!("planetstore_shards_writes_total", "outcome" => outcome).increment(1);
}

/// Shards of a content were written anew, or not.
pub(crate) fn rebuilt(outcome: &'static str) {
    metrics::counter!("planetstore_shards_rebuilds_total", "outcome" => outcome).increment(1);
}

/// A heartbeat was refused.
pub(crate) fn heartbeat_refused(reason: &'static str) {
    metrics::counter!("planetstore_shards_heartbeats_refused_total", "reason" => reason).increment(1);
}

/// A file of a node on this host was not read directly.
pub(crate) fn local_refused(reason: &'static str) {
    metrics::counter!("planetstore_shards_local_refused_total", "reason" => reason).increment(1);
}
