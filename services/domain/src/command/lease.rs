use events::ids::RegionName;
use events::lease::{Lease, Owner, Term};
use serde::{Deserialize, Serialize};

use super::Command;

/// Do something as the owner of a lease. It is refused once another term has begun or the lease was given back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Leased {
    /// The asker's term.
    pub term: Term,
    /// The command.
    pub command: Box<Command>,
}

/// Begin a term of a lease. Of several processes that ask at once one gets it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TakeLease {
    /// The region.
    pub region: RegionName,
    /// The lease.
    pub lease: Lease,
    /// The process that asks.
    pub owner: Owner,
    /// The number of the term that this one follows; 0 if the lease was never taken.
    pub after: u64,
}

/// Give a lease back, if it is still the asker's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReleaseLease {
    /// The region.
    pub region: RegionName,
    /// The lease.
    pub lease: Lease,
    /// The number of the asker's term.
    pub epoch: u64,
}

impl From<Leased> for Command {
    fn from(leased: Leased) -> Self {
        Self::Leased(leased)
    }
}

impl From<TakeLease> for Command {
    fn from(take: TakeLease) -> Self {
        Self::TakeLease(Box::new(take))
    }
}

impl From<ReleaseLease> for Command {
    fn from(release: ReleaseLease) -> Self {
        Self::ReleaseLease(release)
    }
}
