//! Why nothing ends any more until an operator has looked.

use std::fmt;

use domain::View;
use domain::row::Duty;
use events::ids::{FolderId, NodeId};
use ledger::{Snapshot, StateError};
use worker::Trouble;

/// Why the garbage collector has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The references differ from what the rows say.
    Miscounted {
        /// The event up to which the state had all.
        sequence: u64,
        /// In how many of the 256 parts of all names.
        parts: usize,
    },
    /// A node holds too much of which the log says nothing.
    Strays(Strays),
}

/// What a node holds of which the log says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strays {
    pub(crate) node: NodeId,
    pub(crate) folder: FolderId,
    /// Shards of which the log says nothing.
    pub(crate) unnamed: u64,
    /// All shards that the node holds.
    pub(crate) held: u64,
    /// The event by which an operator confirmed shards of the node, as it was known when they were counted.
    pub(crate) confirmed: u64,
}

impl Stopped {
    /// What that is for whoever runs the worker. Another process may have a projection that is right; of a log that is the
    /// wrong one it would find the same.
    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Self::Miscounted { .. } => Trouble::Unfit(self.to_string()),
            Self::Strays(_) => Trouble::Halted(self.to_string()),
        }
    }
}

impl Strays {
    /// Whether it is for nobody to look at any more: an operator has said since that so many need not be kept, or has given
    /// the folder or the node up.
    pub(crate) fn is_settled(&self, snapshot: &Snapshot) -> Result<bool, StateError> {
        Ok(snapshot.node(&self.node)?.is_none_or(|row| {
            let confirmed = row.strays_confirmed;
            row.folder != self.folder
                || row.duty.is == Duty::Removed
                || (confirmed.sequence > self.confirmed && confirmed.is >= self.unnamed)
        }))
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Miscounted { sequence, parts } => write!(
                f,
                "the references counted at event {sequence} differ from this process's projection of the log, in {parts} of \
                 256 parts, so it deletes nothing: stop the process, move `projection` out of its data folder, start it \
                 again; `planetstore worker run gc` has them counted again"
            ),
            Self::Strays(Strays { node, unnamed, held, .. }) => write!(
                f,
                "the log says nothing of {unnamed} of the {held} shards on node {node}, so nothing is deleted: if this is \
                 the right log and they are not needed, say so (`planetstore gc confirm {node} --shards {unnamed}`)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use worker::TEXT_CHARS_MAX;

    use super::*;

    #[test]
    fn a_report_shows_the_whole_text() {
        let (node, folder) = ("n".repeat(32).parse().unwrap(), FolderId(Uuid::nil()));
        let million_million = 1_000_000_000_000;
        let strays = Strays { node, folder, unnamed: million_million, held: million_million, confirmed: 0 };
        for stopped in [Stopped::Miscounted { sequence: million_million, parts: 256 }, Stopped::Strays(strays)] {
            let text = stopped.to_string();
            assert!(text.chars().count() <= TEXT_CHARS_MAX, "{} characters: {text}", text.chars().count());
        }
    }
}
