//! The metrics of this crate, each named once.

use domain::balance::Fills;
use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::backoff::Backoff;
use crate::owed::Margin;
use crate::tally::Tally;

pub(crate) fn describe() {
    describe_gauge!("planetstore_repair_owed_bytes", "Bytes of shards that contents are owed");
    describe_gauge!(
        "planetstore_repair_owed_contents",
        "Contents that are owed shards, by how many more nodes they may lose"
    );
    describe_gauge!("planetstore_repair_waiting_contents", "Contents that are left for a while, by the reason");
    describe_gauge!("planetstore_repair_stripes_max", "Stripes that repair has under way at most, as the nodes answer");
    describe_counter!("planetstore_repair_shards_total", "Shards that were written anew and are read there");
    describe_counter!("planetstore_repair_bytes_total", "Bytes of such shards");
    describe_counter!(
        "planetstore_repair_failures_total",
        "Contents that could not be repaired when it was tried, by the reason"
    );
    describe_gauge!(
        "planetstore_rebalance_left_bytes",
        "Bytes of shards that have to move until all nodes are filled alike"
    );
    describe_gauge!(
        "planetstore_rebalance_fill_ratio",
        "The fill of the emptiest and the fullest node, and the mean of all nodes, as a part of one"
    );
    describe_counter!("planetstore_rebalance_shards_total", "Shards that moved from a fuller node to an emptier one");
    describe_counter!("planetstore_rebalance_bytes_total", "Bytes of such shards");
    describe_counter!(
        "planetstore_rebalance_failures_total",
        "Contents of which no shard could be moved when it was tried, by the reason"
    );
    describe_counter!("planetstore_scan_shards_total", "Shards that nodes listed, and that were compared with the log");
    describe_counter!("planetstore_scan_findings_total", "Contents whose faulty shards turned out to be others");
    describe_counter!("planetstore_scan_passes_total", "Passes of the scan that ended");
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has floating point numbers only")]
pub(crate) fn owed(tally: &Tally, backoff: &Backoff, stripes_max: usize) {
    gauge!("planetstore_repair_owed_bytes").set(tally.bytes() as f64);
    for (margin, name) in [(Margin::None, "0"), (Margin::One, "1"), (Margin::Two, "2")] {
        gauge!("planetstore_repair_owed_contents", "margin" => name).set(tally.contents(margin) as f64);
    }
    for (reason, count) in backoff.counts() {
        gauge!("planetstore_repair_waiting_contents", "reason" => reason.as_str()).set(count as f64);
    }
    gauge!("planetstore_repair_stripes_max").set(stripes_max as f64);
}

pub(crate) fn repaired(shards: usize, bytes: u64) {
    counter!("planetstore_repair_shards_total").increment(shards as u64);
    counter!("planetstore_repair_bytes_total").increment(bytes);
}

pub(crate) fn failed(reason: &'static str) {
    counter!("planetstore_repair_failures_total", "reason" => reason).increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has floating point numbers only")]
pub(crate) fn filled(fills: Fills, left: u64) {
    gauge!("planetstore_rebalance_left_bytes").set(left as f64);
    for (of, fill) in [("emptiest", fills.lowest), ("mean", fills.mean), ("fullest", fills.highest)] {
        gauge!("planetstore_rebalance_fill_ratio", "of" => of).set(fill);
    }
}

pub(crate) fn moved(shards: usize, bytes: u64) {
    counter!("planetstore_rebalance_shards_total").increment(shards as u64);
    counter!("planetstore_rebalance_bytes_total").increment(bytes);
}

pub(crate) fn not_moved(reason: &'static str) {
    counter!("planetstore_rebalance_failures_total", "reason" => reason).increment(1);
}

pub(crate) fn scanned(shards: u64) {
    counter!("planetstore_scan_shards_total").increment(shards);
}

pub(crate) fn found(contents: usize) {
    counter!("planetstore_scan_findings_total").increment(contents as u64);
}

pub(crate) fn passed() {
    counter!("planetstore_scan_passes_total").increment(1);
}
