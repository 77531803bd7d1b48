//! The status of a store, as the console returns it and `planetstore status` shows it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::View;
use domain::row::{DebtRow, TotalsRow};
use eventlog::Log;
use events::Fact;
use events::content::ShardFault;
use ledger::{QuarantinedRow, StateError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shards::NodeView;

use super::basis::basis;
use super::filling::disk_status;
use super::growth::PerDay;
use super::node_status::{NodeStatus, node_status};
use super::ready::{Readiness, readiness};
use super::redundancy::{Redundancy, redundancy};
use super::routes::{answer, refuse};
use super::{Acked, ConsoleState, GatewayView};

/// The path of the status.
pub const STATUS_PATH: &str = "/api/v1/status";

/// The maximum number of listed contents that lack a shard, and of listed entries that are not facts.
const LISTED_MAX: usize = 100;

/// How long the log may take to return its last sequence.
pub(super) const LOG_TIME_MAX: Duration = Duration::from_secs(2);

/// The status of a store.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StoreStatus")]
pub struct Status {
    /// The release of the process.
    pub version: String,
    /// The highest level of facts that this release knows.
    #[serde(default)]
    pub known_level: u32,
    /// The region of the gateway.
    pub region: String,
    /// Seconds since the process started.
    pub uptime_seconds: u64,
    /// Whether the store is ready to serve requests.
    pub readiness: Readiness,
    /// The totals of stored objects; `null` while the state cannot be read.
    pub stored: Option<Stored>,
    /// The health of acknowledged contents.
    pub health: Health,
    /// The figures of the cache of hot contents.
    pub cache: CacheFigures,
    /// The storage nodes that have ever sent a heartbeat.
    pub nodes: Vec<NodeStatus>,
    /// Whether everything is fully redundant; `null` while the state cannot be read.
    #[serde(default)]
    pub redundancy: Option<Redundancy>,
    /// The event log.
    pub log: LogStatus,
    /// The projection of the log.
    pub ledger: LedgerStatus,
    /// The disk of the gateway's own data folder; `null` if it cannot be read.
    #[serde(default)]
    pub disk: Option<DiskStatus>,
}

/// A disk.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DiskStatus {
    /// Free bytes.
    pub free_bytes: u64,
    /// The size of the disk in bytes.
    pub total_bytes: u64,
    /// The days until the disk is full at the present rate; `null` if it does not fill, or if it was observed for too
    /// short a time.
    pub days_until_full: Option<f64>,
}

/// The health of acknowledged contents.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StoreHealth")]
pub struct Health {
    /// Contents that this gateway acknowledged and whose last shards are in flight, or are missing but not yet
    /// recorded.
    pub settling: usize,
    /// The log's sequence up to which every shard that this gateway owes is stored or recorded as owed.
    pub settled_sequence: u64,
    /// Whether contents that were acknowledged before this gateway's start are still being checked.
    pub scanning: bool,
    /// The owed shards that the log records; `null` while the state cannot be read.
    pub owed: Option<Owed>,
}

/// Shards that acknowledged contents lack.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OwedShards")]
pub struct Owed {
    /// Contents that lack a shard.
    pub contents: u64,
    /// Contents that would not survive the loss of a node.
    pub unsafe_contents: u64,
    /// Shards that are owed.
    pub shards: u64,
    /// The shards that each node owes.
    pub nodes: Vec<OwedByNode>,
    /// Some of these contents; all of them if they are few.
    pub listed: Vec<OwedContent>,
}

/// The shards that one node owes, by reason.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OwedByNode {
    /// The node.
    pub node: String,
    /// Shards that were never written.
    pub unwritten: u64,
    /// Shards that it does not have.
    pub missing: u64,
    /// Shards that are damaged.
    pub damaged: u64,
    /// Shards that its disk cannot read.
    pub unreadable: u64,
}

/// A content that lacks shards.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OwedContent {
    /// The digest of its bytes.
    pub sha256: String,
    /// The generation, which distinguishes contents with the same bytes.
    pub generation: String,
    /// The owed shards of the content.
    pub faults: Vec<ShardFault>,
}

/// The totals of stored objects.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StoredTotals")]
pub struct Stored {
    /// The region's level: facts up to it may be written.
    #[serde(default)]
    pub level: u32,
    /// Buckets.
    pub buckets: u64,
    /// Versions of objects; delete markers do not count.
    pub objects: u64,
    /// Bytes of these versions, as clients count them.
    pub logical_bytes: u64,
    /// Contents, each counted once.
    pub contents: u64,
    /// Bytes of the contents, each counted once. They include contents that nothing refers to any more but that are not
    /// reclaimed yet.
    pub content_bytes: u64,
    /// Bytes of the contents that something refers to, each counted once.
    #[serde(default)]
    pub referenced_bytes: u64,
    /// Bytes of the contents' shards.
    pub shard_bytes: u64,
    /// Bytes of objects and parts per byte of the contents that they refer to.
    pub dedup_ratio: f64,
}

/// The figures of the cache of hot contents.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CacheFigures {
    /// Reads answered from it.
    pub hits: u64,
    /// Reads that had to ask the nodes.
    pub misses: u64,
    /// Bytes in the cache.
    pub bytes: u64,
    /// Contents in the cache.
    pub entries: u64,
}

/// The event log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LogStatus {
    /// Whether this gateway is connected to the log.
    pub connected: bool,
    /// The last sequence; `null` if the log does not answer.
    pub last_sequence: Option<u64>,
    /// Whether every sequence has an event.
    pub dense: Option<bool>,
    /// The bytes of the log; `null` if the log does not answer.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// The bytes by which the log grows in a day; `null` if it was observed for too short a time.
    #[serde(default)]
    pub growth_bytes_per_day: Option<f64>,
}

/// The projection of the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LedgerStatus {
    /// The sequence up to which the log is projected.
    pub sequence: u64,
    /// The reason why the ledger stopped, if it did.
    pub failed: Option<String>,
    /// Entries of the log that are not facts.
    #[serde(default)]
    pub quarantined: Quarantined,
}

/// Entries of the log that are not facts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Quarantined {
    /// The number of these entries.
    pub count: u64,
    /// Some of them, the newest first.
    pub newest: Vec<Stray>,
}

/// An entry of the log that is not a fact.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Stray {
    /// Its sequence on the log.
    pub sequence: u64,
    /// The reason why it is not a fact.
    pub reason: String,
    /// The subject it was published on, possibly truncated.
    pub subject: String,
    /// Its length.
    pub bytes: u64,
}

pub(super) async fn get(State(state): State<Arc<ConsoleState>>) -> Response {
    match state.gateway() {
        Ok(gateway) => answer(StatusCode::OK, &status(&state, gateway).await),
        Err((status, why)) => refuse(status, why),
    }
}

async fn status(state: &ConsoleState, gateway: &GatewayView) -> Status {
    let acked = gateway.figures.acked();
    let folded = match gateway.ledger.read().await {
        Ok(snapshot) => folded(&snapshot, gateway, acked).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let folded = folded.inspect_err(|error| tracing::warn!(%error, "the status has no usage figures")).ok();
    let (stored, owed, redundancy) = match folded {
        Some((stored, owed, redundancy)) => (Some(stored), Some(owed), Some(redundancy)),
        None => (None, None, None),
    };
    let quarantined = quarantined(&gateway.ledger.latest())
        .inspect_err(|error| tracing::warn!(%error, "the status has no quarantined entries"))
        .unwrap_or_default();
    let rows = gateway.ledger.latest().list_nodes();
    let rows = rows.inspect_err(|error| tracing::warn!(%error, "the status has no recorded node states"));
    let rows: BTreeMap<_, _> = rows.unwrap_or_default().into_iter().collect();
    let tail = tokio::time::timeout(LOG_TIME_MAX, gateway.log.tail()).await.ok().and_then(Result::ok);
    let progress = gateway.ledger.progress().borrow().clone();
    let now = tokio::time::Instant::now();
    let log_bytes = tail.as_ref().map(|tail| tail.bytes);
    let disk = disk_status(&gateway.folder, &state.growth, now);
    let views = gateway.membership.nodes();
    let node = |view: &NodeView| node_status(view, rows.get(&view.heartbeat.node), &state.growth, now);
    let growth = log_bytes.and_then(|bytes| state.growth.of_log(now, bytes));
    Status {
        version: env!("CARGO_PKG_VERSION").into(),
        known_level: Fact::LEVEL,
        region: gateway.region.to_string(),
        uptime_seconds: state.started.elapsed().as_secs(),
        readiness: readiness(state),
        stored,
        health: Health {
            settling: acked.settling,
            settled_sequence: acked.settled_sequence,
            scanning: acked.is_scanning,
            owed,
        },
        cache: gateway.figures.cache(),
        nodes: views.iter().map(node).collect(),
        redundancy,
        log: LogStatus {
            connected: gateway.log.connection().borrow().connected,
            last_sequence: tail.as_ref().map(|tail| tail.last_sequence),
            dense: tail.map(|tail| tail.is_dense()),
            bytes: log_bytes,
            growth_bytes_per_day: growth.map(|PerDay(bytes)| bytes.round()),
        },
        ledger: LedgerStatus {
            sequence: progress.cursor.sequence,
            failed: progress.failed.map(|reason| reason.to_string()),
            quarantined,
        },
        disk,
    }
}

fn quarantined(snapshot: &ledger::Snapshot) -> Result<Quarantined, StateError> {
    let newest = snapshot.quarantined(LISTED_MAX)?.into_iter().map(|(sequence, row)| {
        let QuarantinedRow { reason, subject, bytes } = row;
        Stray { sequence, reason: reason.to_string(), subject, bytes }
    });
    Ok(Quarantined { count: snapshot.count_quarantined()?, newest: newest.collect() })
}

fn folded(
    snapshot: &ledger::Snapshot,
    gateway: &GatewayView,
    acked: Acked,
) -> Result<(Stored, Owed, Redundancy), StateError> {
    let mut basis = basis(snapshot, &gateway.membership.nodes(), &gateway.workers.reports())?;
    (basis.settling, basis.is_scanning) = (acked.settling, acked.is_scanning);
    Ok((stored(snapshot)?, owed(snapshot)?, redundancy(&basis)))
}

fn stored(snapshot: &ledger::Snapshot) -> Result<Stored, StateError> {
    let TotalsRow {
        objects,
        logical_bytes,
        parts_bytes,
        stored_bytes,
        contents,
        content_bytes,
        shard_bytes,
        level,
        ..
    } = snapshot.totals()?;
    Ok(Stored {
        level,
        buckets: snapshot.count_buckets()?,
        objects,
        logical_bytes,
        contents,
        content_bytes,
        referenced_bytes: stored_bytes,
        shard_bytes,
        dedup_ratio: dedup_ratio(logical_bytes + parts_bytes, stored_bytes),
    })
}

fn owed(snapshot: &ledger::Snapshot) -> Result<Owed, StateError> {
    let debt = snapshot.debt()?;
    let listed = snapshot.faulty(None, LISTED_MAX)?.into_iter().map(|(content, row)| OwedContent {
        sha256: content.sha256.to_string(),
        generation: content.generation.to_string(),
        faults: row.faults,
    });
    let (shards, listed) = (debt.shards(), listed.collect());
    let DebtRow { contents, unsafe_contents, nodes } = debt;
    let nodes = nodes.into_iter().map(|(node, counts)| OwedByNode {
        node: node.to_string(),
        unwritten: counts.unwritten,
        missing: counts.missing,
        damaged: counts.damaged,
        unreadable: counts.unreadable,
    });
    Ok(Owed { contents, unsafe_contents, shards, nodes: nodes.collect(), listed })
}

/// The number of logical bytes per stored byte; 1 while nothing is stored.
#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn dedup_ratio(logical_bytes: u64, stored_bytes: u64) -> f64 {
    if stored_bytes == 0 { 1.0 } else { logical_bytes as f64 / stored_bytes as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_one_until_something_is_stored_twice() {
        for (logical, stored, ratio) in [(0, 0, 1.0), (10, 10, 1.0), (30, 10, 3.0)] {
            assert!((dedup_ratio(logical, stored) - ratio).abs() < f64::EPSILON);
        }
    }
}
