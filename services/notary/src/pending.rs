//! Entries of the log that no checkpoint covers yet.

use events::ids::Sha256Digest;
use events::{CHAIN_START, chain_hash, quarantine_hash};
use evidence::{Tree, leaf_hash};
use ledger::LoggedEntry;
use serde::Deserialize;
use tokio::time::Instant;

/// What the notary writes itself. A checkpoint does not call for another one.
const OWN: &str = "io.planetstore.region.checkpointed.v1";

/// The entries behind the last checkpoint, as they were read so far: a tree, and no entry.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    /// The sequence of the first.
    pub(crate) first: u64,
    pub(crate) tree: Tree,
    /// The hash by which the next entry refers to the last one.
    pub(crate) head: Sha256Digest,
    /// The bytes of all of them.
    pub(crate) bytes: usize,
    /// When the first was read that is no checkpoint; `None` if there is none.
    pub(crate) since: Option<Instant>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    event_type: std::borrow::Cow<'a, str>,
}

impl Pending {
    pub(crate) fn from(first: u64) -> Self {
        Self { first, tree: Tree::default(), head: CHAIN_START, bytes: 0, since: None }
    }

    /// The sequence of the next entry.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.tree.leaves()
    }

    pub(crate) fn push(&mut self, entry: &LoggedEntry, now: Instant) {
        self.tree.push(leaf_hash(&entry.bytes));
        self.head = if entry.is_fact { chain_hash(&entry.bytes) } else { quarantine_hash(&entry.bytes) };
        self.bytes = self.bytes.saturating_add(entry.bytes.len());
        if self.since.is_none() && !is_own(entry) {
            self.since = Some(now);
        }
    }
}

fn is_own(entry: &LoggedEntry) -> bool {
    let kind = serde_json::from_slice::<Kind<'_>>(&entry.bytes);
    entry.is_fact && kind.is_ok_and(|kind| kind.event_type == OWN)
}
