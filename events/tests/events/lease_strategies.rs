//! Arbitrary facts of leases, background workers and checkpoints.

use std::num::NonZeroU64;

use events::checkpoint::{Checkpointed, KeyChanged};
use events::ids::{NotaryKey, NotarySignature, ProcessId, Sha256Digest};
use events::lease::{Lease, Owner, Released, Taken, Term};
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
        checkpointed(),
        key_changed(),
        (region(), worker()).prop_map(|(region, worker)| Fact::RegionWorkerAsked(worker::Asked { region, worker })),
        (region(), worker(), any::<bool>(), option::of(any::<NonZeroU64>())).prop_map(
            |(region, worker, paused, rate)| {
                Fact::RegionWorkerChanged(worker::Changed { region, worker, paused, rate })
            }
        ),
    ]
}

fn term() -> impl Strategy<Value = Option<Term>> {
    option::of((prop::sample::select(&Lease::ALL[..]), any::<u64>()).prop_map(|(lease, epoch)| Term { lease, epoch }))
}

fn key() -> impl Strategy<Value = NotaryKey> {
    any::<[u8; 32]>().prop_map(NotaryKey)
}

fn signature() -> impl Strategy<Value = NotarySignature> {
    prop::collection::vec(any::<u8>(), 64).prop_map(|bytes| NotarySignature(bytes.try_into().unwrap()))
}

fn checkpointed() -> impl Strategy<Value = Fact> {
    let digest = || any::<[u8; 32]>().prop_map(Sha256Digest);
    let range = (any::<u64>(), any::<u64>(), any::<u64>());
    (crate::strategies::region(), range, (digest(), digest(), digest()), key(), signature(), term()).prop_map(
        |(region, (first, last, count), (root, head, previous), key, signature, term)| {
            let fact = Checkpointed { region, first, last, count, root, head, previous, key, signature, term };
            Fact::RegionCheckpointed(fact)
        },
    )
}

fn key_changed() -> impl Strategy<Value = Fact> {
    (crate::strategies::region(), key(), option::of(key()), signature(), term()).prop_map(
        |(region, key, former, signature, term)| {
            Fact::RegionNotaryKeyChanged(KeyChanged { region, key, former, signature, term })
        },
    )
}
