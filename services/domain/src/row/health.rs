use std::collections::BTreeMap;

use events::content::{Fault, ShardFault};
use events::ids::NodeId;
use serde::{Deserialize, Serialize};

/// The known faults of a content's shards. Without such a row, the content is healthy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FaultsRow {
    /// All faulty shards, ordered by index.
    pub faults: Vec<ShardFault>,
}

/// The faulty shards of all contents, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DebtRow {
    /// Contents that have faults.
    pub contents: u64,
    /// The number of contents that would not survive the loss of any node. They get no further references.
    pub unsafe_contents: u64,
    /// The number of faulty shards by node and fault.
    pub nodes: BTreeMap<NodeId, FaultCounts>,
}

/// The number of shards by fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the kinds of faults")]
pub struct FaultCounts {
    pub unwritten: u64,
    pub missing: u64,
    pub damaged: u64,
    pub unreadable: u64,
}

impl FaultCounts {
    /// The count of one fault.
    pub(crate) fn of(&mut self, fault: Fault) -> &mut u64 {
        match fault {
            Fault::Unwritten => &mut self.unwritten,
            Fault::Missing => &mut self.missing,
            Fault::Damaged => &mut self.damaged,
            Fault::Unreadable => &mut self.unreadable,
        }
    }

    /// The sum of all counts.
    pub fn sum(&self) -> u64 {
        self.unwritten + self.missing + self.damaged + self.unreadable
    }
}

impl DebtRow {
    /// Shards with a fault.
    pub fn shards(&self) -> u64 {
        self.nodes.values().map(FaultCounts::sum).sum()
    }
}
