//! Arbitrary facts of replication between regions.

use events::Fact;
use events::lease::{Lease, Term};
use events::lock::RetentionState;
use events::replication::{
    BucketChanged, Changes, Compared, Completed, Configuration, Destination, Failed, Origin, ReplicaOf,
    ReplicatedVersion, ResyncAsked, Rule,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::strategies::{bucket_name, key, region, text, time, version};

pub(crate) fn replica() -> impl Strategy<Value = Option<Box<ReplicaOf>>> {
    let state = (option::of(time()), option::of(time()), option::of(time()))
        .prop_map(|(reset, governance, compliance)| RetentionState { reset, governance, compliance });
    let changes = (option::of(time()), option::of(time()), option::of(state))
        .prop_map(|(tags, legal_hold, retention)| Changes { tags, legal_hold, retention });
    let replica = (region(), any::<u64>(), time(), changes).prop_map(|(region, sequence, at, changes)| {
        Box::new(ReplicaOf { origin: Origin { region, sequence }, at, changes })
    });
    option::of(replica)
}

fn destination() -> impl Strategy<Value = Destination> {
    (bucket_name(), option::of(region())).prop_map(|(bucket, region)| Destination { bucket, region })
}

fn rule() -> impl Strategy<Value = Rule> {
    let about = (text(), option::of(any::<i32>()), text(), btree_map(text(), text(), 0..3));
    let what = (any::<[bool; 2]>(), option::of(any::<bool>()), option::of(any::<bool>()));
    (about, what, destination(), option::of(text())).prop_map(|(about, what, destination, storage_class)| {
        let (id, priority, prefix, tags) = about;
        let ([enabled, delete_markers], existing_objects, replica_modifications) = what;
        Rule {
            id,
            priority,
            enabled,
            prefix,
            tags,
            delete_markers,
            existing_objects,
            replica_modifications,
            removals: replica_modifications,
            destination,
            storage_class,
        }
    })
}

pub(crate) fn fact() -> impl Strategy<Value = Fact> {
    let configuration = (text(), vec(rule(), 0..3)).prop_map(|(role, rules)| Configuration { role, rules });
    let versions = || vec((key(), version()).prop_map(|(key, version_id)| ReplicatedVersion { key, version_id }), 0..3);
    let term = || option::of(any::<u64>().prop_map(|epoch| Term { lease: Lease::Replicate, epoch }));
    prop_oneof![
        (bucket_name(), option::of(configuration)).prop_map(|(bucket, configuration)| {
            Fact::BucketReplicationChanged(BucketChanged { bucket, configuration })
        }),
        (bucket_name(), destination(), versions(), any::<u64>(), term()).prop_map(
            |(bucket, destination, versions, up_to, term)| {
                Fact::ReplicationCompleted(Completed { bucket, destination, versions, up_to, term })
            }
        ),
        (bucket_name(), destination(), versions(), text(), term()).prop_map(
            |(bucket, destination, versions, reason, term)| {
                Fact::ReplicationFailed(Failed { bucket, destination, versions, reason, term })
            }
        ),
        (bucket_name(), destination())
            .prop_map(|(bucket, destination)| { Fact::ReplicationResyncAsked(ResyncAsked { bucket, destination }) }),
        (bucket_name(), destination(), versions(), option::of((key(), version())), term()).prop_map(
            |(bucket, destination, missing, last, term)| {
                let up_to = last.map(|(key, version_id)| ReplicatedVersion { key, version_id });
                Fact::ReplicationCompared(Compared { bucket, destination, missing, up_to, term })
            }
        ),
    ]
}
