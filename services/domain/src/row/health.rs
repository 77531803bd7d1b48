use std::collections::BTreeMap;

use events::content::{Fault, ShardFault};
use events::ids::NodeId;
use serde::{Deserialize, Serialize};

/// What is known to be wrong with the shards of a content. Without such a row nothing is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FaultsRow {
    /// Every shard with a fault, in order of the shards.
    pub faults: Vec<ShardFault>,
}

/// What all contents lack together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DebtRow {
    /// Contents that have faults.
    pub contents: u64,
    /// Those of them that would not survive the loss of any node: they get no further reference.
    pub unsafe_contents: u64,
    /// How many shards of each node have which fault.
    pub nodes: BTreeMap<NodeId, FaultCounts>,
}

/// How many shards have which fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the kinds of faults")]
pub struct FaultCounts {
    pub unwritten: u64,
    pub missing: u64,
    pub damaged: u64,
    pub unreadable: u64,
}

impl FaultCounts {
    /// Those with one fault.
    pub(crate) fn of(&mut self, fault: Fault) -> &mut u64 {
        match fault {
            Fault::Unwritten => &mut self.unwritten,
            Fault::Missing => &mut self.missing,
            Fault::Damaged => &mut self.damaged,
            Fault::Unreadable => &mut self.unreadable,
        }
    }

    /// All of them.
    pub fn sum(&self) -> u64 {
        self.unwritten + self.missing + self.damaged + self.unreadable
    }
}

impl DebtRow {
    /// Shards that have a fault.
    pub fn shards(&self) -> u64 {
        self.nodes.values().map(FaultCounts::sum).sum()
    }
}
