use ::telemetry::{ByKind, Errors, OperationFigures, Percentiles, Traffic};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A telemetry point: the activity during some seconds, and the totals at their end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tick {
    /// Their end.
    #[schemars(with = "String")]
    pub(crate) time: Timestamp,
    /// The number of seconds. A count divided by it is a rate.
    pub(crate) seconds: f64,
    /// Requests by kind of operation.
    pub(crate) requests: ByKind,
    /// Requests that were refused or failed.
    pub(crate) errors: Errors,
    /// Bytes of request bodies.
    pub(crate) bytes_in: u64,
    /// Bytes of response bodies.
    pub(crate) bytes_out: u64,
    /// The median latency, in milliseconds.
    pub(crate) p50_ms: Percentiles,
    /// The 99th percentile, in milliseconds.
    pub(crate) p99_ms: Percentiles,
    /// The operations with the most requests.
    pub(crate) operations: Vec<OperationFigures>,
    /// The storage nodes.
    pub(crate) nodes: Vec<NodeFigures>,
    /// Users with a request in the last five minutes.
    pub(crate) active_users: usize,
    /// The sequence of the event up to which the next three figures are exact.
    pub(crate) sequence: u64,
    /// Versions of objects; `null` if the state could not be read.
    pub(crate) objects: Option<u64>,
    /// Bytes of all versions.
    pub(crate) bytes: Option<u64>,
    /// Bytes of all shards.
    pub(crate) stored_bytes: Option<u64>,
}

/// The figures of a storage node, from its heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct NodeFigures {
    /// Its name.
    pub(crate) node: String,
    /// The median latency of its disk's reads, or of its syncs if there were no reads, in milliseconds.
    pub(crate) p50_ms: Option<f64>,
    /// The 99th percentile, in milliseconds.
    pub(crate) p99_ms: Option<f64>,
    /// Free bytes on its disk.
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

    /// Takes up the point behind it. The latencies of both together do not follow from theirs: of each the higher one is
    /// shown, which is never too low.
    pub(super) fn join(&mut self, later: Self) {
        *self = Self {
            seconds: self.seconds + later.seconds,
            requests: self.requests + later.requests,
            errors: self.errors + later.errors,
            bytes_in: self.bytes_in + later.bytes_in,
            bytes_out: self.bytes_out + later.bytes_out,
            p50_ms: self.p50_ms.max(later.p50_ms),
            p99_ms: self.p99_ms.max(later.p99_ms),
            ..later
        };
    }
}
