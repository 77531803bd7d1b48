//! Rows about checkpoints of the log.

use events::CHAIN_START;
use events::ids::{NotaryKey, Sha256Digest};
use serde::{Deserialize, Serialize};

/// How far the log is signed, and with which key. A region has one such row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotaryRow {
    /// The key in use; `None` before the first.
    pub key: Option<NotaryKey>,
    /// The sequences of the events that put each key in use.
    pub key_changes: Vec<u64>,
    /// The last entry that a checkpoint covers; 0 before the first.
    pub last: u64,
    /// The hash of the newest checkpoint, to which the next one refers.
    pub hash: Sha256Digest,
}

impl Default for NotaryRow {
    fn default() -> Self {
        Self { key: None, key_changes: Vec::new(), last: 0, hash: CHAIN_START }
    }
}

/// A checkpoint, by the last entry that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointRow {
    /// The first entry that it covers.
    pub first: u64,
    /// The sequence of its event.
    pub sequence: u64,
}
