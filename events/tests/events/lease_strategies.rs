//! Arbitrary facts of leases and background workers.

use std::num::NonZeroU64;

use events::ids::ProcessId;
use events::lease::{Lease, Owner, Released, Taken};
use events::{Fact, worker};
use proptest::option;
use proptest::prelude::*;

use crate::strategies::{text, uuid};

pub(crate) fn fact() -> impl Strategy<Value = Fact> {
    let region = crate::strategies::region;
    let owner = (uuid(), text()).prop_map(|(process, name)| Owner { process: ProcessId(process), name });
    let lease = || prop::sample::select(&Lease::ALL[..]);
    let worker = || "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?".prop_map(|name| name.parse().unwrap());
    prop_oneof![
        (region(), lease(), owner, any::<u64>())
            .prop_map(|(region, lease, owner, epoch)| Fact::RegionLeaseTaken(Taken { region, lease, owner, epoch })),
        (region(), lease(), any::<u64>()).prop_map(|(region, lease, epoch)| Fact::RegionLeaseReleased(Released {
            region,
            lease,
            epoch
        })),
        (region(), worker()).prop_map(|(region, worker)| Fact::RegionWorkerAsked(worker::Asked { region, worker })),
        (region(), worker(), any::<bool>(), option::of(any::<NonZeroU64>())).prop_map(
            |(region, worker, paused, rate)| {
                Fact::RegionWorkerChanged(worker::Changed { region, worker, paused, rate })
            }
        ),
    ]
}
