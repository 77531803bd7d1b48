//! Arbitrary facts about contents.

use events::Fact;
use events::content::{Fault, HealthChanged, ShardFault};
use events::ids::{NodeId, SHARDS};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{bucket_name, content};

pub(crate) fn health_changed() -> impl Strategy<Value = Fact> {
    let node = "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?".prop_map(|name| name.parse::<NodeId>().unwrap());
    let fault = prop::sample::select(vec![Fault::Unwritten, Fault::Missing, Fault::Damaged, Fault::Unreadable]);
    let fault = (0_u8..6, node, fault).prop_map(|(shard, node, fault)| ShardFault { shard, node, fault });
    (bucket_name(), content(), vec(fault, 0..=SHARDS))
        .prop_map(|(bucket, content, faults)| Fact::ContentHealthChanged(HealthChanged { bucket, content, faults }))
}
