//! What one node has listed so far, and was not compared yet.

use std::collections::BTreeMap;

use events::ids::NodeId;
use shards::protocol::{ListedShard, ShardPage, ShardState};
use uuid::Uuid;

/// The most times in a row that a node may fail to answer; then it is not asked any more in this walk.
const FAILURES_MAX: u32 = 3;

/// What a node has listed.
#[derive(Debug)]
pub(crate) struct NodePage {
    pub(crate) node: NodeId,
    /// Shards that were listed and not compared yet.
    listed: BTreeMap<Uuid, ListedShard>,
    /// All shards up to this one were listed.
    until: Uuid,
    /// How often in a row the node did not answer.
    failures: u32,
}

impl NodePage {
    /// Nothing of a node, whose shards behind `after` are of interest.
    pub(crate) fn new(node: NodeId, after: Uuid) -> Self {
        Self { node, listed: BTreeMap::new(), until: after, failures: 0 }
    }

    /// Up to where the node has listed its shards.
    pub(crate) fn until(&self) -> Uuid {
        self.until
    }

    /// Whether the node is still asked.
    pub(crate) fn is_asked(&self) -> bool {
        self.failures < FAILURES_MAX
    }

    /// Takes in the next page.
    pub(crate) fn add(&mut self, page: ShardPage) {
        self.failures = 0;
        self.until = page.next.unwrap_or(Uuid::max());
        // What is staged does not count as held: the node drops it by itself.
        let held = page.shards.into_iter().filter(|listed| listed.state != ShardState::Staged);
        self.listed.extend(held.map(|listed| (listed.shard, listed)));
    }

    /// The node did not answer. What it listed before counts no more once it is not asked any more.
    pub(crate) fn fail(&mut self) {
        self.failures += 1;
        if !self.is_asked() {
            self.listed.clear();
        }
    }

    /// Forgets what was listed: it is asked for again from `after` on.
    pub(crate) fn restart(&mut self, after: Uuid) {
        self.listed.clear();
        self.until = after;
    }

    /// Takes out a shard, if the node listed it.
    pub(crate) fn take(&mut self, shard: Uuid) -> Option<ListedShard> {
        self.listed.remove(&shard)
    }

    /// Takes out all shards up to one, in order.
    pub(crate) fn take_until(&mut self, until: Uuid) -> Vec<ListedShard> {
        let behind = until.as_u128().checked_add(1).map(|next| self.listed.split_off(&Uuid::from_u128(next)));
        let taken = std::mem::replace(&mut self.listed, behind.unwrap_or_default());
        taken.into_values().collect()
    }
}
