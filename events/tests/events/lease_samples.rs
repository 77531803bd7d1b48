//! Samples of leases, background workers and checkpoints.

use std::num::NonZeroU64;

use events::checkpoint::{Checkpointed, KeyChanged};
use events::ids::{NotaryKey, NotarySignature, ProcessId, Sha256Digest};
use events::lease::{Lease, Owner, Released, Taken};
use events::{Fact, worker};

use crate::shard_samples::term;

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
        (212, "", Fact::RegionNotaryKeyChanged(key_changed(None))),
        (213, ".rotated", Fact::RegionNotaryKeyChanged(key_changed(Some(NotaryKey([0xB1; 32]))))),
        (214, "", Fact::RegionCheckpointed(checkpointed())),
    ]
}

fn key_changed(former: Option<NotaryKey>) -> KeyChanged {
    let (key, signature) = (NotaryKey([0xB1 + u8::from(former.is_some()); 32]), NotarySignature([0xC0; 64]));
    let term = former.map(|_| term(Lease::Notary));
    KeyChanged { region: crate::samples::region(), key, former, signature, term }
}

fn checkpointed() -> Checkpointed {
    let digest = |byte| Sha256Digest([byte; 32]);
    Checkpointed {
        region: crate::samples::region(),
        first: 1_001,
        last: 2_040,
        count: 1_040,
        root: digest(0xA1),
        head: digest(0xA2),
        previous: digest(0xA3),
        key: NotaryKey([0xB2; 32]),
        signature: NotarySignature([0xC1; 64]),
        term: Some(term(Lease::Notary)),
    }
}
