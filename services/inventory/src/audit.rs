//! What an audit counted.

use std::collections::BTreeMap;

use events::content::Fault;
use events::ids::{BucketName, ContentId, Layout, NodeId, SHARDS};
use serde::{Deserialize, Serialize};

/// Contents that are short and named one by one, at most.
pub const EXAMPLES_MAX: usize = 20;

/// What an audit counted on the nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Whether the nodes read every bit.
    pub deep: bool,
    /// The log's sequence up to which the contents are all named.
    pub sequence: u64,
    /// How many contents the log names.
    pub contents: u64,
    /// How many contents of six shards have so many healthy ones, from none to six.
    pub of_six: [u64; SHARDS + 1],
    /// How many contents of three shards have so many healthy ones, from none to three.
    pub of_three: [u64; 4],
    /// Contents that lack a shard.
    pub short: u64,
    /// Contents that would not survive the loss of a node.
    pub endangered: u64,
    /// Contents that cannot be read now.
    pub unreadable: u64,
    /// Contents with two shards on a node although another one that answers and serves has none.
    pub crowded: u64,
    /// What was found on each node.
    pub nodes: BTreeMap<NodeId, NodeCounts>,
    /// Some of the contents that are short, all if they are few.
    pub examples: Vec<ShortContent>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// What was found on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeCounts {
    /// Whether it answered to the end.
    pub answered: bool,
    /// Shards that the log names there and that are healthy.
    pub healthy: u64,
    /// Shards that the node does not have.
    pub missing: u64,
    /// Shards that are not as they were written.
    pub damaged: u64,
    /// Shards that the disk does not return.
    pub unreadable: u64,
    /// Shards of which nothing is known, because the node did not answer.
    pub unanswered: u64,
    /// Shards that the node has and nobody names.
    pub strays: StrayCounts,
}

/// Shards that a node has and the log does not name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StrayCounts {
    /// Shards that no event will name: they will be discarded.
    pub dead: u64,
    /// Their bytes.
    pub dead_bytes: u64,
    /// Shards of uploads that may be under way.
    pub young: u64,
    /// Their bytes.
    pub young_bytes: u64,
}

/// A content that is short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortContent {
    /// The bucket to which it was uploaded.
    pub bucket: BucketName,
    /// The content.
    pub content: ContentId,
    /// Its size in bytes.
    pub size: u64,
    /// The number of its healthy shards.
    pub healthy: usize,
    /// The shards that it lacks.
    pub lacks: Vec<ShortShard>,
}

/// A shard that a content lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortShard {
    /// The index of the shard.
    pub shard: u8,
    /// The node that should have it.
    pub node: NodeId,
    /// What is wrong; nothing if the node did not answer.
    pub fault: Option<Fault>,
}

impl Audit {
    pub(crate) fn new(deep: bool) -> Self {
        Self {
            deep,
            sequence: 0,
            contents: 0,
            of_six: [0; SHARDS + 1],
            of_three: [0; 4],
            short: 0,
            endangered: 0,
            unreadable: 0,
            crowded: 0,
            nodes: BTreeMap::new(),
            examples: Vec::new(),
            seconds: 0.0,
        }
    }

    /// Whether every content has all its shards, as well spread as the nodes allow.
    pub fn is_clean(&self) -> bool {
        self.short == 0 && self.crowded == 0
    }

    /// The number of shards that contents lack.
    pub fn owed(&self) -> u64 {
        self.nodes.values().map(|node| node.missing + node.damaged + node.unreadable + node.unanswered).sum()
    }

    pub(crate) fn count_content(&mut self, layout: Layout, healthy: usize) {
        self.contents += 1;
        let counts: &mut [u64] = match layout {
            Layout::Striped => &mut self.of_six,
            Layout::Small => &mut self.of_three,
        };
        if let Some(count) = counts.get_mut(healthy) {
            *count += 1;
        }
    }
}
