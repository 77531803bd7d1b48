//! What repair has counted, and what else has to be done before shards move for the sake of even fills alone.

use std::fmt;
use std::sync::Arc;

use domain::View;
use domain::row::{Duty, Presence};
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
    /// Contents with faults that cannot be repaired as long as nothing else happens: nobody can wait for them.
    hopeless: u64,
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
    /// Contents would not survive the loss of one more node.
    Unsafe,
    /// Shards are placed on a node that is offline or removed.
    Node(NodeId),
    /// Shards are placed on a node that is being emptied.
    Drained(NodeId),
}

impl First {
    /// Whether what has been begun is given up for it. Else that comes to its end, and nothing else begins.
    pub(crate) fn is_urgent(&self) -> bool {
        match self {
            Self::Unsafe | Self::Node(_) => true,
            Self::Count | Self::Owed | Self::Drained(_) => false,
        }
    }
}

impl fmt::Display for First {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("repair has not counted yet what is owed"),
            Self::Owed => f.write_str("contents are owed shards, and repair goes first"),
            Self::Unsafe => f.write_str("contents would not survive the loss of one more node, and repair goes first"),
            Self::Node(node) => write!(f, "shards are placed on {node}, which is offline or removed"),
            Self::Drained(node) => write!(f, "shards are placed on {node}, which is being emptied"),
        }
    }
}

impl Counted {
    /// All contents were gone through. `at`: the last event that was known then. `hopeless`: so many with faults cannot be
    /// repaired now.
    pub(crate) fn set(&self, is_nothing_owed: bool, hopeless: u64, at: u64) {
        let count = Some(Count { is_nothing_owed, hopeless, at });
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
        let count = *self.count.borrow();
        let hopeless = count.map_or(0, |count| count.hopeless);
        let debt = snapshot.debt()?;
        if debt.unsafe_contents > hopeless {
            return Ok(Some(First::Unsafe));
        }
        let mut drained = None;
        for (node, row) in snapshot.list_nodes()? {
            let is_away = row.presence.is != Presence::Online || row.duty.is == Duty::Removed;
            if (is_away || row.duty.is == Duty::Drain) && snapshot.node_usage(&node)?.shards > 0 {
                if is_away {
                    return Ok(Some(First::Node(node)));
                }
                drained = Some(node);
            }
        }
        if debt.contents > hopeless {
            return Ok(Some(First::Owed));
        }
        if let Some(node) = drained {
            return Ok(Some(First::Drained(node)));
        }
        let nodes_changed = snapshot.totals()?.nodes_changed;
        Ok(match count.filter(|count| count.at >= nodes_changed) {
            None => Some(First::Count),
            Some(count) => (!count.is_nothing_owed).then_some(First::Owed),
        })
    }
}
