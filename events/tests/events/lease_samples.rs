//! Samples of leases and background workers.

use std::num::NonZeroU64;

use events::ids::ProcessId;
use events::lease::{Lease, Owner, Released, Taken};
use events::{Fact, worker};

/// As [`crate::placed_samples::facts`].
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    let region = crate::samples::region;
    let process = ProcessId("0b7c9a52-4a4e-4a58-9a57-6d0f4c1d2e3f".parse().unwrap());
    let owner = Owner { process, name: "gateway on host-1".into() };
    let changed = |paused, rate| {
        let worker = "lifecycle".parse().unwrap();
        Fact::RegionWorkerChanged(worker::Changed { region: region(), worker, paused, rate })
    };
    vec![
        (200, "", Fact::RegionLeaseTaken(Taken { region: region(), lease: Lease::Repair, owner, epoch: 3 })),
        (201, "", Fact::RegionLeaseReleased(Released { region: region(), lease: Lease::Repair, epoch: 3 })),
        (202, "", changed(true, None)),
        (203, ".limited", changed(false, NonZeroU64::new(50_000_000))),
        (204, "", Fact::RegionWorkerAsked(worker::Asked { region: region(), worker: "gc".parse().unwrap() })),
    ]
}
