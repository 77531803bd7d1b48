//! What is counted.

use std::time::Duration;

use events::ids::NodeId;
use jiff::Timestamp;
use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::sweep::Counts;

pub(crate) fn describe() {
    describe_counter!("planetstore_gc_reclaimed_contents_total", "Contents that ended");
    describe_counter!("planetstore_gc_reclaimed_bytes_total", "Bytes of these, without what protects them");
    describe_counter!("planetstore_gc_discarded_shards_total", "Shards that nodes discarded, by node");
    describe_gauge!("planetstore_gc_unreferenced_contents", "Contents without references, the grace period not over");
    describe_gauge!("planetstore_gc_lag_seconds", "How long the first of them has been due");
    describe_gauge!("planetstore_gc_horizon_seconds", "The time before which no upload can be named, since 1970");
    describe_gauge!("planetstore_gc_recount_seconds", "How long the last recount of all references took");
    describe_gauge!("planetstore_gc_recount_rows", "Rows that it read");
    describe_gauge!("planetstore_gc_unnamed_shards", "Shards of which the log says nothing, by node, at the last pass");
    describe_gauge!("planetstore_gc_foreign_shards", "Shards older than the joining of their node, by node");
    describe_gauge!("planetstore_gc_stopped", "1 if nothing is deleted until an operator has looked");
}

pub(crate) fn reclaimed(bytes: u64) {
    counter!("planetstore_gc_reclaimed_contents_total").increment(1);
    counter!("planetstore_gc_reclaimed_bytes_total").increment(bytes);
}

pub(crate) fn discarded(node: &NodeId, shards: usize) {
    counter!("planetstore_gc_discarded_shards_total", "node" => node.to_string()).increment(shards as u64);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge need not be exact")]
pub(crate) fn unreferenced(contents: u64) {
    gauge!("planetstore_gc_unreferenced_contents").set(contents as f64);
}

pub(crate) fn lag(time: Duration) {
    gauge!("planetstore_gc_lag_seconds").set(time.as_secs_f64());
}

#[expect(clippy::cast_precision_loss, reason = "a gauge need not be exact")]
pub(crate) fn horizon(before: Timestamp) {
    gauge!("planetstore_gc_horizon_seconds").set(before.as_second() as f64);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge need not be exact")]
pub(crate) fn recounted(rows: u64, took: Duration) {
    gauge!("planetstore_gc_recount_seconds").set(took.as_secs_f64());
    gauge!("planetstore_gc_recount_rows").set(rows as f64);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge need not be exact")]
pub(crate) fn swept(node: &NodeId, counts: Counts) {
    gauge!("planetstore_gc_unnamed_shards", "node" => node.to_string()).set(counts.unnamed as f64);
    gauge!("planetstore_gc_foreign_shards", "node" => node.to_string()).set(counts.foreign as f64);
}

/// Another process knows these from now on.
pub(crate) fn lost() {
    stopped(false);
    unreferenced(0);
    lag(Duration::ZERO);
}

pub(crate) fn stopped(is_stopped: bool) {
    gauge!("planetstore_gc_stopped").set(if is_stopped { 1.0 } else { 0.0 });
}
