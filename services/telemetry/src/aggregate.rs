use std::time::Duration;

use events::ids::{BucketName, UserName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Latency;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It reads an object.
    Read,
    /// It stores bytes or a version.
    Write,
    /// It lists buckets, keys or uploads.
    List,
    /// It deletes.
    Delete,
    /// Anything else, and what was refused before it was known.
    Other,
}

/// What a process counted in about a second.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    /// The end of that second, by the clock of the process.
    pub time: Timestamp,
    /// Bytes of request bodies.
    pub bytes_in: u64,
    /// Bytes of response bodies.
    pub bytes_out: u64,
    /// The requests by operation.
    pub operations: Vec<OperationCount>,
    /// Who asked.
    pub users: Vec<UserCount>,
    /// Who read of which bucket. Older releases do not say it.
    #[serde(default)]
    pub readers: Vec<ReaderCount>,
}

/// A request that lasts for longer than the second of an aggregate is in several of them.
const SECOND: Duration = Duration::from_secs(1);

/// So many bytes of bodies in a second keep a process as busy as a request that is under way for all of it: how long an
/// answer takes is counted up to its head.
const REQUEST_BYTES: f64 = 64.0 * 1024.0 * 1024.0;

impl Aggregate {
    /// How many requests were under way, on average, or as many as the bytes that went by stand for.
    #[expect(clippy::cast_precision_loss, reason = "a count of bytes need not be exact")]
    pub fn under_way(&self) -> f64 {
        let seconds: f64 = self.operations.iter().map(|operation| operation.took.sum_seconds(SECOND)).sum();
        seconds + (self.bytes_in as f64 + self.bytes_out as f64) / REQUEST_BYTES
    }
}

/// What somebody read of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderCount {
    /// The bucket.
    pub bucket: BucketName,
    /// The name of the user; `anonymous` for all who sign nothing.
    pub reader: String,
    /// How many requests.
    pub requests: u64,
    /// Bytes of response bodies.
    pub bytes: u64,
}

/// Requests for one operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationCount {
    /// Its name.
    pub operation: String,
    /// The kind of the operation.
    pub kind: Kind,
    /// How many were answered.
    pub count: u64,
    /// How many of them with a status of 400 to 499.
    pub client_errors: u64,
    /// How many of them with a status of 500 or more.
    pub server_errors: u64,
    /// How long the answers took, up to their heads.
    pub took: Latency,
}

/// Requests of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserCount {
    /// Whose key it is.
    pub user: UserName,
    /// The access key, if it was one.
    pub key: Option<String>,
    /// How many requests.
    pub requests: u64,
}
