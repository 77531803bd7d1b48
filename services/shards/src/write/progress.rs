//! The progress of the shards of a streamed content. Pure: the writer waits for changes and decides by it.

use domain::durability::survives_any_node;
use events::ids::{Layout, NodeId};

/// The most pieces in flight of a shard that keeps up, for the next stripe to be sent.
const AHEAD_PIECES: usize = 2;

/// The most pieces in flight of a slow shard while the others go on. Beyond that all wait for it, until it catches up
/// or its deadline passes.
pub(crate) const LAG_PIECES_MAX: usize = 4;

/// The node and the progress of one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShardProgress {
    pub(crate) node: NodeId,
    pub(crate) in_flight: usize,
    pub(crate) phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Pieces are being sent.
    Writing,
    /// The shard is durable.
    Sealed,
    /// The shard will not be stored.
    Failed,
}

/// The outcome of the write as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Undecided,
    /// The write is acknowledged: a shard that fails from now on is missing.
    Acknowledged,
    /// The write is abandoned: every shard is to be discarded.
    Abandoned,
}

#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(crate) shards: Vec<ShardProgress>,
    /// Nodes that failed and were replaced.
    pub(crate) failed_nodes: Vec<NodeId>,
    pub(crate) outcome: Outcome,
}

impl Progress {
    pub(crate) fn new(nodes: Vec<NodeId>) -> Self {
        let shard = |node| ShardProgress { node, in_flight: 0, phase: Phase::Writing };
        Self { shards: nodes.into_iter().map(shard).collect(), failed_nodes: Vec::new(), outcome: Outcome::Undecided }
    }

    /// Whether the durable shards are a quorum.
    pub(crate) fn has_quorum(&self) -> bool {
        self.is_quorum(|shard| shard.phase == Phase::Sealed)
    }

    /// Whether so many shards have failed that the others cannot be a quorum.
    pub(crate) fn cannot_reach_quorum(&self) -> bool {
        !self.is_quorum(|shard| shard.phase != Phase::Failed)
    }

    /// Whether another stripe may be sent: a quorum of shards keeps up, and no shard lags too far behind.
    pub(crate) fn may_send(&self) -> bool {
        let live = |shard: &&ShardProgress| shard.phase != Phase::Failed;
        self.is_quorum(|shard| live(&shard) && shard.in_flight < AHEAD_PIECES)
            && self.shards.iter().filter(live).all(|shard| shard.in_flight < LAG_PIECES_MAX)
    }

    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        self.shards.iter().map(|shard| shard.node.clone()).collect()
    }

    pub(crate) fn count(&self, phase: Phase) -> usize {
        self.shards.iter().filter(|shard| shard.phase == phase).count()
    }

    fn is_quorum(&self, which: impl Fn(&ShardProgress) -> bool + Clone) -> bool {
        let shards = self.shards.iter().filter(|shard| which(shard));
        survives_any_node(Layout::Striped, shards.map(|shard| &shard.node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        Progress::new((1..=6).map(|n| format!("n{n}").parse().unwrap()).collect())
    }

    #[test]
    fn one_slow_shard_does_not_stop_the_others_at_once() {
        let mut progress = progress();
        progress.shards[3].in_flight = LAG_PIECES_MAX - 1;
        assert!(progress.may_send());
        progress.shards[4].in_flight = AHEAD_PIECES;
        assert!(!progress.may_send(), "two are behind");
        progress.shards[4].in_flight = 0;
        progress.shards[3].in_flight = LAG_PIECES_MAX;
        assert!(!progress.may_send(), "one is too far behind");
        progress.shards[3].phase = Phase::Failed;
        assert!(progress.may_send(), "it is given up");
    }

    #[test]
    fn five_sealed_are_a_quorum_and_two_failed_prevent_one() {
        let mut progress = progress();
        progress.shards[..4].iter_mut().for_each(|shard| shard.phase = Phase::Sealed);
        assert!(!progress.has_quorum() && !progress.cannot_reach_quorum());
        progress.shards[4].phase = Phase::Failed;
        assert!(!progress.has_quorum() && !progress.cannot_reach_quorum());
        progress.shards[5].phase = Phase::Sealed;
        assert!(progress.has_quorum());
        progress.shards[5].phase = Phase::Failed;
        assert!(progress.cannot_reach_quorum());
    }
}
