//! Arbitrary facts about contents.

use events::Fact;
use events::content::{
    ContentPlaced, Fault, HealthChanged, PlaceCause, Placed, ReclaimCause, Reclaimed, ShardFault, ShardPlace,
    ShardPlaced,
};
use events::ids::{NodeId, SHARDS};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{bucket_name, content};

pub(crate) fn health_changed() -> impl Strategy<Value = Fact> {
    let fault = prop::sample::select(vec![Fault::Unwritten, Fault::Missing, Fault::Damaged, Fault::Unreadable]);
    let fault = (0_u8..6, node(), fault).prop_map(|(shard, node, fault)| ShardFault { shard, node, fault });
    (bucket_name(), content(), vec(fault, 0..=SHARDS)).prop_map(|(bucket, content, faults)| {
        Fact::ContentHealthChanged(HealthChanged { bucket, content, faults, term: None })
    })
}

fn node() -> impl Strategy<Value = NodeId> {
    "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?".prop_map(|name| name.parse::<NodeId>().unwrap())
}

fn place() -> impl Strategy<Value = ShardPlace> {
    (node(), content()).prop_map(|(node, content)| ShardPlace { node, generation: content.generation })
}

pub(crate) fn placed() -> impl Strategy<Value = Fact> {
    let causes = vec![
        PlaceCause::Fault,
        PlaceCause::NodeLost,
        PlaceCause::NodeDraining,
        PlaceCause::Spread,
        PlaceCause::Balance,
    ];
    let shard = (0_u8..6, place(), place(), prop::sample::select(causes))
        .prop_map(|(shard, from, to, cause)| ShardPlaced { shard, from, to, cause });
    let moved = (content(), vec(shard, 0..4)).prop_map(|(content, shards)| ContentPlaced { content, shards });
    (bucket_name(), vec(moved, 0..4), any::<u64>()).prop_map(|(bucket, contents, chosen_at)| {
        Fact::ContentPlaced(Placed { bucket, contents, chosen_at, term: None })
    })
}

pub(crate) fn reclaimed() -> impl Strategy<Value = Fact> {
    (bucket_name(), vec(content(), 0..9), any::<u64>()).prop_map(|(bucket, contents, up_to)| {
        Fact::ContentReclaimed(Reclaimed { bucket, contents, up_to, cause: ReclaimCause::Unreferenced, term: None })
    })
}
