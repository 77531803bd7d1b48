//! How far the shards of a streamed content are. Pure: the writer waits for it to change and decides by it.

use domain::durability::survives_any_node;
use events::ids::{Layout, NodeId};

/// Pieces of a shard that may be under way while the next stripe is sent, if the shard keeps up.
const AHEAD_PIECES: usize = 2;

/// Pieces of a slow shard that may be under way while the others go on. Then all wait for it, until it
/// catches up or its deadline passes.
pub(crate) const LAG_PIECES_MAX: usize = 4;

/// Where one shard goes, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShardProgress {
    pub(crate) node: NodeId,
    pub(crate) under_way: usize,
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

/// What becomes of the content as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Undecided,
    /// It was acked: a shard that fails from now on is owed.
    Acked,
    /// It was given up: every shard is to be discarded.
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
        let shard = |node| ShardProgress { node, under_way: 0, phase: Phase::Writing };
        Self { shards: nodes.into_iter().map(shard).collect(), failed_nodes: Vec::new(), outcome: Outcome::Undecided }
    }

    /// The shards that are durable make the content safe.
    pub(crate) fn is_safe(&self) -> bool {
        self.survives(|shard| shard.phase == Phase::Sealed)
    }

    /// So many shards failed that the rest cannot make the content safe.
    pub(crate) fn is_hopeless(&self) -> bool {
        !self.survives(|shard| shard.phase != Phase::Failed)
    }

    /// Another stripe may be sent: enough shards keep up, and none lags too far.
    pub(crate) fn may_send(&self) -> bool {
        let live = |shard: &&ShardProgress| shard.phase != Phase::Failed;
        self.survives(|shard| live(&shard) && shard.under_way < AHEAD_PIECES)
            && self.shards.iter().filter(live).all(|shard| shard.under_way < LAG_PIECES_MAX)
    }

    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        self.shards.iter().map(|shard| shard.node.clone()).collect()
    }

    pub(crate) fn count(&self, phase: Phase) -> usize {
        self.shards.iter().filter(|shard| shard.phase == phase).count()
    }

    fn survives(&self, which: impl Fn(&ShardProgress) -> bool + Clone) -> bool {
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
        progress.shards[3].under_way = LAG_PIECES_MAX - 1;
        assert!(progress.may_send());
        progress.shards[4].under_way = AHEAD_PIECES;
        assert!(!progress.may_send(), "two are behind");
        progress.shards[4].under_way = 0;
        progress.shards[3].under_way = LAG_PIECES_MAX;
        assert!(!progress.may_send(), "one is too far behind");
        progress.shards[3].phase = Phase::Failed;
        assert!(progress.may_send(), "it is given up");
    }

    #[test]
    fn five_sealed_are_safe_and_two_failed_are_hopeless() {
        let mut progress = progress();
        progress.shards[..4].iter_mut().for_each(|shard| shard.phase = Phase::Sealed);
        assert!(!progress.is_safe() && !progress.is_hopeless());
        progress.shards[4].phase = Phase::Failed;
        assert!(!progress.is_safe() && !progress.is_hopeless());
        progress.shards[5].phase = Phase::Sealed;
        assert!(progress.is_safe());
        progress.shards[5].phase = Phase::Failed;
        assert!(progress.is_hopeless());
    }
}
