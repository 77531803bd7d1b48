use events::ids::FolderId;
use events::node::Failure;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A storage node, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    /// The data folder that is the node.
    pub folder: FolderId,
    /// The failure domain at the time of joining.
    pub zone: String,
    /// The time at which the folder joined.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub joined: Timestamp,
    /// The event with which it joined.
    pub sequence: u64,
    /// The last event that gave up the folder before this one, or kept new shards from this one: what was placed here on
    /// an earlier state may lie on what was given up.
    pub changed: u64,
    /// The event with which this folder took the place of another one; 0 if it is the first. What was placed here before
    /// that event lay on the former folder, which was given up.
    pub replaced: u64,
    /// Whether it is heard.
    pub presence: Since<Presence>,
    /// What operators want of it.
    pub duty: Since<Duty>,
    /// How it serves while it is heard.
    pub condition: Since<Condition>,
    /// So many shards on it of which the log says nothing are not needed, by the word of an operator, who spoke of those
    /// that were there at that time.
    pub strays_confirmed: Since<u64>,
    /// How often a process had begun to serve from the folder, at least.
    pub starts: u64,
    /// How far the folder was written, at least. One that comes back with less of either is an old copy.
    pub position: u64,
}

impl NodeRow {
    /// Whether new shards may be placed on it.
    pub fn takes_shards(&self) -> bool {
        self.duty.is == Duty::Serve && self.condition.is != Condition::Full
    }

    /// Whether a shard that the event `placed` placed here is lost, because its folder or the node was given up since.
    pub fn gave_up(&self, placed: u64) -> bool {
        self.duty.is == Duty::Removed || placed < self.replaced
    }
}

/// A state, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since<T> {
    /// The state.
    pub is: T,
    /// The event that brought it about.
    pub sequence: u64,
    /// The time of that event.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub time: Timestamp,
}

/// Whether a node is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// It is.
    Online,
    /// It is not.
    Offline {
        /// How far its segments were written when it was last heard.
        position: u64,
        /// How often a process had begun to serve from the folder by then.
        starts: u64,
    },
}

/// The duty of a node, which operators set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Duty {
    /// It holds shards, and takes new ones.
    Serve,
    /// It takes no new shards, and the ones it has move to other nodes.
    Drain,
    /// The node was removed, and its shards are given up.
    Removed,
}

/// How a node serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// As it should.
    Healthy,
    /// Its disk is full.
    Full,
    /// Not as it should.
    Failing(Failure),
}
