//! The process's metrics: the recorder, the buckets of its histograms, and the gauges that are set when they are read.

use std::time::Duration;

use domain::View;
use ledger::{Ledger, Snapshot};
use metrics::{SetRecorderError, counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use rustix::param::{clock_ticks_per_second, page_size};
use shards::NodeView;

use crate::console::{GatewayView, NodeState};

/// Seconds, from an fsync of a good disk to a request that is far too slow.
const SECONDS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bytes, from a small object to a large part.
const BYTES: [f64; 9] =
    [1_024.0, 4_096.0, 32_768.0, 262_144.0, 1_048_576.0, 8_388_608.0, 67_108_864.0, 536_870_912.0, 4_294_967_296.0];

/// Sizes of batches.
const COUNTS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// How long the state may take to be read for the metrics.
const STATE_TIME_MAX: Duration = Duration::from_secs(2);

/// How often samples are moved into their histograms when no collector reads them.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Why no metrics are recorded.
#[derive(Debug, thiserror::Error)]
pub enum MetersError {
    /// A histogram cannot be made.
    #[error("the metrics cannot be made: {0}")]
    Build(#[from] BuildError),
    /// There is a recorder already.
    #[error("the metrics were started twice")]
    Twice(#[from] SetRecorderError<PrometheusRecorder>),
}

/// Starts to record, for the whole process. Called once.
pub(crate) fn install() -> Result<PrometheusHandle, MetersError> {
    let sized = |builder: PrometheusBuilder, suffix: &str, buckets: &[f64]| {
        builder.set_buckets_for_metric(Matcher::Suffix(suffix.into()), buckets)
    };
    let mut builder = PrometheusBuilder::new();
    for (suffix, buckets) in [("_seconds", &SECONDS[..]), ("_bytes", &BYTES)] {
        builder = sized(builder, suffix, buckets)?;
    }
    for suffix in ["_events", "_commands", "_jobs", "_records", "_requests"] {
        builder = sized(builder, suffix, &COUNTS)?;
    }
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    describe();
    gauge!("planetstore_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut turns = tokio::time::interval(UPKEEP_INTERVAL);
        loop {
            turns.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

fn describe() {
    describe_gauge!("planetstore_build_info", "1, with the version of this process");
    describe_gauge!("process_resident_memory_bytes", "Resident memory of this process");
    describe_gauge!("process_cpu_seconds_total", "User and system CPU time of this process");
    describe_gauge!("planetstore_nats_server_resident_memory_bytes", "The same of the private nats-server");
    describe_gauge!("planetstore_nats_server_cpu_seconds_total", "The same of the private nats-server");
    describe_gauge!("planetstore_logical_bytes", "Bytes of all versions, as clients count them");
    describe_gauge!("planetstore_content_bytes", "Bytes of all contents, each counted once");
    describe_gauge!("planetstore_shard_bytes", "Bytes of all shards");
    describe_gauge!("planetstore_objects", "Versions of objects in all buckets");
    describe_gauge!("planetstore_log_connected", "1 while connected to the log");
    describe_gauge!("planetstore_ledger_failed", "1 once the ledger has stopped");
    describe_gauge!("planetstore_ledger_is_committer", "1 while this process commits for all that append to the log");
    describe_gauge!("planetstore_ledger_quarantined", "Entries of the log that are not facts");
    describe_gauge!("planetstore_nodes", "Nodes by state");
    describe_gauge!("planetstore_node_free_bytes", "Bytes that a node can still store");
    describe_gauge!("planetstore_node_stored_bytes", "Bytes that shards take on a node");
    describe_gauge!("planetstore_cache_bytes", "Bytes in the gateway's cache");
    describe_counter!("planetstore_cache_hits_total", "Reads of whole contents that the cache served");
    describe_counter!("planetstore_cache_misses_total", "Reads of whole contents that it did not");
}

/// Sets the resources that this process uses.
pub(crate) fn observe_process() {
    if let Some(usage) = Usage::of(std::process::id()) {
        gauge!("process_resident_memory_bytes").set(usage.resident_bytes);
        gauge!("process_cpu_seconds_total").set(usage.cpu_seconds);
    }
}

/// Sets the resources that the private nats-server uses.
pub fn observe_server(pid: u32) {
    if let Some(usage) = Usage::of(pid) {
        gauge!("planetstore_nats_server_resident_memory_bytes").set(usage.resident_bytes);
        gauge!("planetstore_nats_server_cpu_seconds_total").set(usage.cpu_seconds);
    }
}

/// Sets the state of the log and the ledger.
#[expect(clippy::cast_precision_loss, reason = "Prometheus has floating point numbers only")]
pub fn observe_ledger(is_connected: bool, ledger: &Ledger) {
    gauge!("planetstore_log_connected").set(f64::from(u8::from(is_connected)));
    let failed = ledger.progress().borrow().failed.is_some();
    gauge!("planetstore_ledger_failed").set(f64::from(u8::from(failed)));
    gauge!("planetstore_ledger_is_committer").set(f64::from(u8::from(ledger.is_committer())));
    match ledger.latest().count_quarantined() {
        Ok(count) => gauge!("planetstore_ledger_quarantined").set(count as f64),
        Err(error) => tracing::warn!(%error, "cannot read the number of quarantined entries for the metrics"),
    }
}

/// Sets the state of the nodes.
#[expect(clippy::cast_precision_loss, reason = "Prometheus has floating point numbers only")]
pub fn observe_nodes(nodes: &[NodeView]) {
    for state in NodeState::ALL {
        let count = nodes.iter().filter(|node| NodeState::of(node) == state).count();
        gauge!("planetstore_nodes", "state" => state.as_str()).set(count as f64);
    }
    for node in nodes {
        let name = node.heartbeat.node.to_string();
        gauge!("planetstore_node_free_bytes", "node" => name.clone()).set(node.heartbeat.free_bytes as f64);
        gauge!("planetstore_node_stored_bytes", "node" => name).set(node.heartbeat.stored_bytes as f64);
    }
}

/// Sets the figures of a gateway's cache and of the stored objects.
#[expect(clippy::cast_precision_loss, reason = "Prometheus has floating point numbers only")]
pub(crate) async fn observe_gateway(view: &GatewayView) {
    let figures = view.figures.cache();
    counter!("planetstore_cache_hits_total").absolute(figures.hits);
    counter!("planetstore_cache_misses_total").absolute(figures.misses);
    gauge!("planetstore_cache_bytes").set(figures.bytes as f64);
    // Without a log the barrier may not be reached in time, and that is when the metrics matter most.
    if let Ok(Ok(snapshot)) = tokio::time::timeout(STATE_TIME_MAX, view.ledger.read()).await {
        observe_totals(&snapshot);
    } else {
        tracing::debug!("the totals cannot be read in time; the metrics keep the previous values");
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has floating point numbers only")]
fn observe_totals(snapshot: &Snapshot) {
    match snapshot.totals() {
        Ok(totals) => {
            gauge!("planetstore_logical_bytes").set(totals.logical_bytes as f64);
            gauge!("planetstore_content_bytes").set(totals.content_bytes as f64);
            gauge!("planetstore_shard_bytes").set(totals.shard_bytes as f64);
            gauge!("planetstore_objects").set(totals.objects as f64);
        }
        Err(error) => tracing::warn!(%error, "cannot read the totals for the metrics"),
    }
}

/// The resources that a process uses.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Usage {
    resident_bytes: f64,
    cpu_seconds: f64,
}

impl Usage {
    fn of(pid: u32) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Parses the fields `utime`, `stime` and `rss`; the name before them may contain anything.
    ///
    /// Source: `proc_pid_stat(5)`.
    #[expect(clippy::cast_precision_loss, reason = "a gauge")]
    fn parse(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        // The first field after the name is the third of the file.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let ticks = field(14)? + field(15)?;
        Some(Self {
            resident_bytes: field(24)? as f64 * page_size() as f64,
            cpu_seconds: ticks as f64 / clock_ticks_per_second() as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_behind_its_name() {
        let fields: Vec<String> = (4..=52).map(|n| n.to_string()).collect();
        let usage = Usage::parse(&format!("7 (a) b) S {}", fields.join(" "))).unwrap();
        let (pages, ticks) = (u32::try_from(page_size()).unwrap(), u32::try_from(clock_ticks_per_second()).unwrap());
        let expected = Usage { resident_bytes: 24.0 * f64::from(pages), cpu_seconds: 29.0 / f64::from(ticks) };
        assert_eq!(usage, expected);
        assert!(Usage::of(std::process::id()).unwrap().resident_bytes > 0.0);
        assert!(Usage::parse("7 (a) S 1").is_none());
    }
}
