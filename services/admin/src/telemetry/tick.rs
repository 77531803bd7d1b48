use ::telemetry::{ByKind, Errors, OperationFigures, Percentiles, Traffic};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened in some seconds, and how things are at their end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tick {
    /// Their end.
    #[schemars(with = "String")]
    pub(crate) time: Timestamp,
    /// How many they are: counts divided by it are rates.
    pub(crate) seconds: f64,
    /// Requests by what they do.
    pub(crate) requests: ByKind,
    /// Requests that were refused or failed.
    pub(crate) errors: Errors,
    /// Bytes of bodies that came in.
    pub(crate) bytes_in: u64,
    /// Bytes of bodies that went out.
    pub(crate) bytes_out: u64,
    /// What half of the answers did not take longer than.
    pub(crate) p50_ms: Percentiles,
    /// What 99 in a hundred did not take longer than.
    pub(crate) p99_ms: Percentiles,
    /// The operations with the most requests.
    pub(crate) operations: Vec<OperationFigures>,
    /// The storage nodes.
    pub(crate) nodes: Vec<NodeFigures>,
    /// Users with a request in the last five minutes.
    pub(crate) active_users: usize,
    /// The sequence of the event as of which the next three are exact.
    pub(crate) sequence: u64,
    /// Versions of objects; `None` if the state could not be read.
    pub(crate) objects: Option<u64>,
    /// Bytes of all versions.
    pub(crate) bytes: Option<u64>,
    /// Bytes of all shards.
    pub(crate) stored_bytes: Option<u64>,
}

/// A storage node, by its heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct NodeFigures {
    /// Its name.
    pub(crate) node: String,
    /// What half of its disk's reads, or else syncs, did not take longer than.
    pub(crate) p50_ms: Option<f64>,
    /// What 99 in a hundred did not take longer than.
    pub(crate) p99_ms: Option<f64>,
    /// Free bytes of its disk.
    pub(crate) free_bytes: u64,
    /// Bytes of its disk.
    pub(crate) total_bytes: u64,
}

/// How things are, beside what was served.
#[derive(Debug, Clone, Default)]
pub(super) struct Present {
    pub(super) nodes: Vec<NodeFigures>,
    pub(super) active_users: usize,
    pub(super) sequence: u64,
    /// Objects, their bytes, and those of shards.
    pub(super) totals: Option<(u64, u64, u64)>,
}

impl Tick {
    pub(super) fn of(time: Timestamp, seconds: f64, traffic: Traffic, present: &Present) -> Self {
        let Traffic { requests, errors, bytes_in, bytes_out, p50_ms, p99_ms, operations } = traffic;
        let Present { nodes, active_users, sequence, totals } = present;
        Self {
            time,
            seconds: (seconds * 1_000.0).round() / 1_000.0,
            requests,
            errors,
            bytes_in,
            bytes_out,
            p50_ms,
            p99_ms,
            operations,
            nodes: nodes.clone(),
            active_users: *active_users,
            sequence: *sequence,
            objects: totals.map(|(objects, _, _)| objects),
            bytes: totals.map(|(_, bytes, _)| bytes),
            stored_bytes: totals.map(|(_, _, stored)| stored),
        }
    }
}
