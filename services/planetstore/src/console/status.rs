//! The figures of a store, as the console tells them and `planetstore status` shows them.

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
use serde::{Deserialize, Serialize};
use shards::telemetry::Trouble;
use shards::{Admission, NodeView};

use super::ready::{Readiness, readiness};
use super::routes::{answer, refuse};
use super::{ConsoleState, GatewayView};
use crate::roles::node_refusal;

/// Where the figures are.
pub(crate) const STATUS_PATH: &str = "/api/v1/status";

/// Contents that lack a shard and are listed by name, and entries that are no facts, at most of each.
const LISTED_MAX: usize = 100;

/// How long the log may take to say where it ends.
const LOG_TIME_MAX: Duration = Duration::from_secs(2);

/// The figures of a store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) version: String,
    /// The greatest level of facts that this release knows.
    #[serde(default)]
    pub(crate) known_level: u32,
    pub(crate) region: String,
    pub(crate) uptime_seconds: u64,
    pub(crate) readiness: Readiness,
    /// `None` while the state cannot be read.
    pub(crate) stored: Option<Stored>,
    pub(crate) health: Health,
    pub(crate) cache: CacheFigures,
    pub(crate) nodes: Vec<NodeStatus>,
    pub(crate) log: LogStatus,
    pub(crate) ledger: LedgerStatus,
}

/// How whole is what was acked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Health {
    /// Contents that this gateway acked and whose last shards are under way, or so lately owed that it is no fact yet.
    pub(crate) settling: usize,
    /// The log's sequence up to which all that this gateway acked is settled: there, or among what is owed.
    pub(crate) settled_sequence: u64,
    /// What was acked before this gateway's start is still being looked at.
    pub(crate) scanning: bool,
    /// What the log says is owed; `None` while the state cannot be read.
    pub(crate) owed: Option<Owed>,
}

/// Shards that acked contents lack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Owed {
    /// Contents that lack a shard.
    pub(crate) contents: u64,
    /// Those that would not survive the loss of a node.
    pub(crate) unsafe_contents: u64,
    pub(crate) shards: u64,
    /// What each node owes.
    pub(crate) nodes: Vec<OwedByNode>,
    /// Some of the contents, all if they are few.
    pub(crate) listed: Vec<OwedContent>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OwedByNode {
    pub(crate) node: String,
    pub(crate) unwritten: u64,
    pub(crate) missing: u64,
    pub(crate) damaged: u64,
    pub(crate) unreadable: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OwedContent {
    pub(crate) sha256: String,
    pub(crate) generation: String,
    pub(crate) faults: Vec<ShardFault>,
}

/// What is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// The region's level: facts up to it may be written.
    #[serde(default)]
    pub(crate) level: u32,
    pub(crate) buckets: u64,
    /// Versions of objects; delete markers do not count.
    pub(crate) objects: u64,
    /// Bytes of those, as clients count them.
    pub(crate) logical_bytes: u64,
    pub(crate) contents: u64,
    /// Bytes of the contents, each once.
    pub(crate) content_bytes: u64,
    /// Bytes of the contents' shards.
    pub(crate) shard_bytes: u64,
    /// Logical bytes for each content byte.
    pub(crate) dedup_ratio: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CacheFigures {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) bytes: u64,
    pub(crate) entries: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NodeStatus {
    pub(crate) node: String,
    pub(crate) zone: String,
    pub(crate) state: NodeState,
    pub(crate) free_bytes: u64,
    pub(crate) total_bytes: u64,
    /// Bytes that shards take on its disk.
    pub(crate) stored_bytes: u64,
    pub(crate) shards: u64,
    pub(crate) heard_seconds_ago: u64,
    /// The data folder it serves from; `None` if it does not say.
    #[serde(default)]
    pub(crate) folder: Option<String>,
    /// Why it is not the node it says it is, or takes no writes.
    #[serde(default)]
    pub(crate) why: Option<String>,
}

/// What can be done with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NodeState {
    /// It reads and writes.
    Online,
    /// Its disk failed; it may still read.
    Failed,
    /// Its disk has not answered a write for seconds.
    Stalled,
    /// It serves from another data folder than the one known for its name, or is a second process of that name.
    Refused,
    /// Its data folder has not joined yet.
    Undecided,
    /// It is not heard.
    Offline,
}

impl NodeState {
    /// Every one.
    pub(crate) const ALL: [Self; 6] =
        [Self::Online, Self::Failed, Self::Stalled, Self::Refused, Self::Undecided, Self::Offline];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Failed => "failed",
            Self::Stalled => "stalled",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
            Self::Offline => "offline",
        }
    }

    pub(crate) fn of(node: &NodeView) -> Self {
        match (node.reachable, node.admission) {
            (false, _) => Self::Offline,
            (true, Admission::Refused { .. } | Admission::Double { .. }) => Self::Refused,
            (true, Admission::Undecided) => Self::Undecided,
            (true, Admission::Accepted) if node.is_online() => Self::Online,
            (true, Admission::Accepted) if node.heartbeat.trouble == Some(Trouble::Stalled) => Self::Stalled,
            (true, Admission::Accepted) => Self::Failed,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LogStatus {
    pub(crate) connected: bool,
    /// The last sequence; `None` if the log does not say.
    pub(crate) last_sequence: Option<u64>,
    /// Every sequence has its event.
    pub(crate) dense: Option<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LedgerStatus {
    /// How far the log is folded.
    pub(crate) sequence: u64,
    /// Why the ledger stopped, if it did.
    pub(crate) failed: Option<String>,
    /// What is on the log and is no fact.
    #[serde(default)]
    pub(crate) quarantined: Quarantined,
}

/// Entries of the log that are no facts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Quarantined {
    pub(crate) count: u64,
    /// Some of them, the newest first.
    pub(crate) newest: Vec<Stray>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stray {
    pub(crate) sequence: u64,
    pub(crate) reason: String,
    /// What it was published on, or how that begins.
    pub(crate) subject: String,
    pub(crate) bytes: u64,
}

pub(super) async fn get(State(state): State<Arc<ConsoleState>>) -> Response {
    match state.gateway() {
        Ok(gateway) => answer(StatusCode::OK, &status(&state, gateway).await),
        Err((status, why)) => refuse(status, why),
    }
}

async fn status(state: &ConsoleState, gateway: &GatewayView) -> Status {
    let folded = match gateway.ledger.read().await {
        Ok(snapshot) => folded(&snapshot).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let folded = folded.inspect_err(|error| tracing::warn!(%error, "the status has no usage figures")).ok();
    let (stored, owed) = folded.unzip();
    let quarantined = quarantined(&gateway.ledger.latest())
        .inspect_err(|error| tracing::warn!(%error, "the status has no quarantined entries"))
        .unwrap_or_default();
    let kept = *gateway.health.borrow();
    let tail = tokio::time::timeout(LOG_TIME_MAX, gateway.log.tail()).await.ok().and_then(Result::ok);
    let figures = gateway.gateway.cache_figures();
    let progress = gateway.ledger.progress().borrow().clone();
    let now = tokio::time::Instant::now();
    Status {
        version: env!("CARGO_PKG_VERSION").into(),
        known_level: Fact::LEVEL,
        region: gateway.region.to_string(),
        uptime_seconds: state.started.elapsed().as_secs(),
        readiness: readiness(state),
        stored,
        health: Health {
            settling: gateway.pending_writes.count(),
            settled_sequence: kept.settled_sequence,
            scanning: kept.is_scanning,
            owed,
        },
        cache: CacheFigures {
            hits: figures.hits,
            misses: figures.misses,
            bytes: figures.bytes,
            entries: figures.entries,
        },
        nodes: gateway.membership.nodes().iter().map(|node| node_status(node, now)).collect(),
        log: LogStatus {
            connected: gateway.log.connection().borrow().connected,
            last_sequence: tail.as_ref().map(|tail| tail.last_sequence),
            dense: tail.map(|tail| tail.is_dense()),
        },
        ledger: LedgerStatus {
            sequence: progress.cursor.sequence,
            failed: progress.failed.map(|reason| reason.to_string()),
            quarantined,
        },
    }
}

fn quarantined(snapshot: &ledger::Snapshot) -> Result<Quarantined, StateError> {
    let newest = snapshot.quarantined(LISTED_MAX)?.into_iter().map(|(sequence, row)| {
        let QuarantinedRow { reason, subject, bytes } = row;
        Stray { sequence, reason: reason.to_string(), subject, bytes }
    });
    Ok(Quarantined { count: snapshot.count_quarantined()?, newest: newest.collect() })
}

fn folded(snapshot: &ledger::Snapshot) -> Result<(Stored, Owed), StateError> {
    Ok((stored(snapshot)?, owed(snapshot)?))
}

fn stored(snapshot: &ledger::Snapshot) -> Result<Stored, StateError> {
    let TotalsRow { objects, logical_bytes, contents, content_bytes, shard_bytes, level, .. } = snapshot.totals()?;
    let buckets = snapshot.count_buckets()?;
    let dedup_ratio = dedup_ratio(logical_bytes, content_bytes);
    Ok(Stored { level, buckets, objects, logical_bytes, contents, content_bytes, shard_bytes, dedup_ratio })
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

/// How many bytes each stored byte stands for; 1 as long as nothing is stored.
#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
pub(crate) fn dedup_ratio(logical_bytes: u64, content_bytes: u64) -> f64 {
    if content_bytes == 0 { 1.0 } else { logical_bytes as f64 / content_bytes as f64 }
}

fn node_status(node: &NodeView, now: tokio::time::Instant) -> NodeStatus {
    let heartbeat = &node.heartbeat;
    let state = NodeState::of(node);
    let why = match state {
        NodeState::Stalled => Some("its disk has not answered a write for seconds".to_owned()),
        NodeState::Offline => None,
        _ => node_refusal(node),
    };
    NodeStatus {
        node: heartbeat.node.to_string(),
        zone: heartbeat.zone.clone(),
        state,
        free_bytes: heartbeat.free_bytes,
        total_bytes: heartbeat.total_bytes,
        stored_bytes: heartbeat.stored_bytes,
        shards: heartbeat.shards,
        heard_seconds_ago: now.saturating_duration_since(node.last_heartbeat).as_secs(),
        folder: heartbeat.folder.map(|folder| folder.to_string()),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_one_until_something_is_stored_twice() {
        for (logical, content, ratio) in [(0, 0, 1.0), (10, 10, 1.0), (30, 10, 3.0)] {
            assert!((dedup_ratio(logical, content) - ratio).abs() < f64::EPSILON);
        }
    }
}
