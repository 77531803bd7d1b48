//! Facts about leases: which process does what only one may do at a time.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Fact;
use crate::ids::{ProcessId, RegionName};

/// Work that one process of the region does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lease {
    /// Rebuilding shards that are missing or damaged, and moving those that lie on the wrong node.
    Repair,
    /// Reclaiming contents that nothing refers to, and discarding shards that no event names.
    Gc,
    /// Finding contents that are stored twice.
    Dedup,
    /// Recording the states of the storage nodes.
    Nodes,
    /// Sending events to targets.
    Notify,
    /// Signing the log.
    Notary,
    /// Sending versions of buckets to other regions.
    Replicate,
    /// Committing the commands of all processes of the region.
    Committer,
}

impl Lease {
    /// All leases.
    pub const ALL: [Self; 8] = [
        Self::Repair,
        Self::Gc,
        Self::Dedup,
        Self::Nodes,
        Self::Notify,
        Self::Notary,
        Self::Replicate,
        Self::Committer,
    ];

    /// The lease's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Repair => "repair",
            Self::Gc => "gc",
            Self::Dedup => "dedup",
            Self::Nodes => "nodes",
            Self::Notify => "notify",
            Self::Notary => "notary",
            Self::Replicate => "replicate",
            Self::Committer => "committer",
        }
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A process that owns a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// The run of the process.
    pub process: ProcessId,
    /// The name of the process for people, such as `gateway on host-1`. No decision depends on it.
    pub name: String,
}

/// A term of a lease: the time from one change of owner to the next. A fact that only the owner of a lease may write
/// names the term, so that every process that projects the fact can see that the term was the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Term {
    /// The lease.
    pub lease: Lease,
    /// The number of the term. The first term is 1, and each further term adds one.
    pub epoch: u64,
}

/// A process took a lease. Commits that name an earlier epoch of this lease are refused from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Taken {
    /// The region.
    pub region: RegionName,
    /// The lease.
    pub lease: Lease,
    /// The process that owns the lease from here on.
    pub owner: Owner,
    /// The number of the term. The first term is 1, and each further term adds one.
    pub epoch: u64,
}

/// The owner of a lease gave it back. Nobody owns the lease until a process takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Released {
    /// The region.
    pub region: RegionName,
    /// The lease.
    pub lease: Lease,
    /// The number of the term that ended.
    pub epoch: u64,
}

impl Fact {
    /// The term under which the fact was written, if its kind has one.
    pub fn term(&self) -> Option<Term> {
        match self {
            Self::ContentHealthChanged(fact) => fact.term,
            Self::ContentPlaced(fact) => fact.term,
            Self::ContentReclaimed(fact) => fact.term,
            Self::RegionHorizonMoved(fact) => fact.term,
            Self::RegionCheckpointed(fact) => fact.term,
            Self::RegionNotaryKeyChanged(fact) => fact.term,
            Self::NodeOnline(fact) => fact.term,
            Self::NodeOffline(fact) => fact.term,
            Self::NodeFull(fact) => fact.term,
            Self::NodeFailing(fact) => fact.term,
            Self::NodeRecovered(fact) => fact.term,
            Self::TargetsAdvanced(fact) => fact.term,
            Self::ReplicationCompleted(fact) => fact.term,
            Self::ReplicationFailed(fact) => fact.term,
            Self::ReplicationCompared(fact) => fact.term,
            Self::LinkIdentitiesSent(fact) => fact.term,
            _ => None,
        }
    }

    /// The same fact, written under a term. A fact of a kind that has none stays as it is.
    #[must_use]
    pub fn under(mut self, term: Term) -> Self {
        let field = match &mut self {
            Self::ContentHealthChanged(fact) => &mut fact.term,
            Self::ContentPlaced(fact) => &mut fact.term,
            Self::ContentReclaimed(fact) => &mut fact.term,
            Self::RegionHorizonMoved(fact) => &mut fact.term,
            Self::RegionCheckpointed(fact) => &mut fact.term,
            Self::RegionNotaryKeyChanged(fact) => &mut fact.term,
            Self::NodeOnline(fact) => &mut fact.term,
            Self::NodeOffline(fact) => &mut fact.term,
            Self::NodeFull(fact) => &mut fact.term,
            Self::NodeFailing(fact) => &mut fact.term,
            Self::NodeRecovered(fact) => &mut fact.term,
            Self::TargetsAdvanced(fact) => &mut fact.term,
            Self::ReplicationCompleted(fact) => &mut fact.term,
            Self::ReplicationFailed(fact) => &mut fact.term,
            Self::ReplicationCompared(fact) => &mut fact.term,
            Self::LinkIdentitiesSent(fact) => &mut fact.term,
            _ => return self,
        };
        *field = Some(term);
        self
    }
}
