//! What repair has counted, and what else has to be done before shards move for the sake of even fills alone.

use std::fmt;
use std::sync::Arc;

use domain::View;
use domain::row::{Duty, NodeRow, Presence};
use events::ids::NodeId;
use ledger::{Snapshot, StateError};
use tokio::sync::watch;

use crate::claims::Claims;

/// What repair tells whoever moves shards beside it: whether it found anything to be owed when it last went through all
/// contents, and which contents it has taken up. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    count: Arc<watch::Sender<Option<Count>>>,
    pub(crate) claims: Claims,
}

/// What a walk through all contents came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    is_nothing_owed: bool,
    /// The last event that was known when it began.
    at: u64,
}

/// What comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum First {
    /// Repair has not gone through all contents since nodes joined or left.
    Count,
    /// Contents are owed shards.
    Owed,
    /// Shards are placed on a node that is offline, removed or being emptied.
    Node(NodeId),
}

impl fmt::Display for First {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("repair has not counted yet what is owed"),
            Self::Owed => f.write_str("contents are owed shards, and repair goes first"),
            Self::Node(node) => write!(f, "shards are placed on {node}, which is offline, removed or being emptied"),
        }
    }
}

impl Counted {
    /// All contents were gone through. `at`: the last event that was known then.
    pub(crate) fn set(&self, is_nothing_owed: bool, at: u64) {
        let count = Some(Count { is_nothing_owed, at });
        self.count.send_if_modified(|known| std::mem::replace(known, count) != count);
    }

    /// A receiver that wakes when something else was counted than the last time.
    pub(crate) fn changes(&self) -> watch::Receiver<Option<Count>> {
        self.count.subscribe()
    }

    /// What has to be done before shards may move for the sake of even fills; `None` if that is nothing.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn first(&self, snapshot: &Snapshot) -> Result<Option<First>, StateError> {
        if snapshot.debt()?.contents > 0 {
            return Ok(Some(First::Owed));
        }
        let may_stay = |row: &NodeRow| row.duty.is == Duty::Serve && row.presence.is == Presence::Online;
        for (node, _) in snapshot.list_nodes()?.into_iter().filter(|(_, row)| !may_stay(row)) {
            if snapshot.node_usage(&node)?.shards > 0 {
                return Ok(Some(First::Node(node)));
            }
        }
        let nodes_changed = snapshot.totals()?.nodes_changed;
        let count = *self.count.borrow();
        Ok(match count.filter(|count| count.at >= nodes_changed) {
            None => Some(First::Count),
            Some(count) => (!count.is_nothing_owed).then_some(First::Owed),
        })
    }
}
