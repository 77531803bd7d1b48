//! Samples of replication between regions.

use events::ids::ObjectKey;
use events::lease::{Lease, Term};
use events::lock::{Retention, RetentionMode, RetentionState};
use events::replication::{
    BucketChanged, Changes, Compared, Completed, Configuration, Destination, Failed, Origin, ReplicaOf,
    ReplicatedVersion, ResyncAsked, Rule,
};
use events::{Fact, object};

use crate::samples::{delete_marker_created, object_created, object_deleted, version};

/// As [`crate::placed_samples::facts`].
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    let Fact::ObjectCreated(created) = object_created() else { unreachable!("it is made so") };
    let Fact::ObjectDeleted(gone) = object_deleted() else { unreachable!("it is made so") };
    let Fact::DeleteMarkerCreated(marker) = delete_marker_created() else { unreachable!("it is made so") };
    let retention = Retention { mode: RetentionMode::Compliance, until: time("2028-01-01T00:00:00Z") };
    let state = RetentionState {
        reset: Some(time("2026-11-22T13:02:09.000001Z")),
        governance: Some(time("2027-01-01T00:00:00Z")),
        compliance: Some(retention.until),
    };
    let changes = Changes {
        tags: Some(time("2026-11-22T13:02:09Z")),
        legal_hold: Some(time("2026-11-22T13:02:10Z")),
        retention: Some(state),
    };
    let retained = events::lock::RetentionChanged {
        bucket: created.bucket.clone(),
        key: created.key.clone(),
        version_id: created.version_id,
        null_version: false,
        retention: Some(retention),
        governance_bypassed: false,
        replica: Some(replica(Changes { retention: Some(state), ..Changes::default() })),
    };
    let tagged = object::TagsChanged {
        bucket: created.bucket.clone(),
        key: created.key.clone(),
        version_id: created.version_id,
        null_version: false,
        tags: [("keep".to_owned(), "yes".to_owned())].into(),
        replica: Some(replica(Changes { tags: changes.tags, ..Changes::default() })),
    };
    let held = events::lock::LegalHoldChanged {
        bucket: created.bucket.clone(),
        key: created.key.clone(),
        version_id: created.version_id,
        null_version: false,
        legal_hold: events::lock::LegalHold::On,
        replica: Some(replica(Changes { legal_hold: changes.legal_hold, ..Changes::default() })),
    };
    let replicated = object::Created { replica: Some(replica(changes)), ..created };
    let removed = object::Deleted { replica: Some(replica(Changes::default())), ..gone };
    let marked = object::DeleteMarkerCreated { replica: Some(replica(Changes::default())), ..marker };
    let term = Some(Term { lease: Lease::Replicate, epoch: 3 });
    let (bucket, versions) = ("photos".parse().unwrap(), vec![a_version()]);
    let completed = Completed { bucket, destination: destination(), versions, up_to: 1_060, term };
    let Completed { bucket, versions, .. } = completed.clone();
    let reason = "409 InvalidBucketState: a bucket without versioning receives no replicas".into();
    let missing = vec![a_version()];
    let compared =
        Compared { bucket: bucket.clone(), destination: destination(), missing, up_to: Some(a_version()), term };
    let asked = ResyncAsked { bucket: bucket.clone(), destination: destination() };
    let failed = Failed { bucket, destination: destination(), versions, reason, term };
    vec![
        (223, "", Fact::BucketReplicationChanged(configured())),
        (224, "", Fact::ReplicationCompleted(completed)),
        (225, "", Fact::ReplicationFailed(failed)),
        (226, ".replica", Fact::ObjectCreated(replicated)),
        (227, ".replica", Fact::ObjectDeleted(removed)),
        (228, ".replica", Fact::DeleteMarkerCreated(marked)),
        (229, ".replica", Fact::ObjectRetentionChanged(retained)),
        (230, ".replica", Fact::ObjectTagsChanged(tagged)),
        (231, ".replica", Fact::ObjectLegalHoldChanged(held)),
        (235, "", Fact::ReplicationResyncAsked(asked)),
        (236, "", Fact::ReplicationCompared(compared)),
    ]
}

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn replica(changes: Changes) -> Box<ReplicaOf> {
    let origin = Origin { region: "us-1".parse().unwrap(), sequence: 2_077 };
    Box::new(ReplicaOf { origin, at: time("2026-11-22T13:02:08.5Z"), changes })
}

fn a_version() -> ReplicatedVersion {
    ReplicatedVersion { key: ObjectKey::from_bytes(*b"2026/11/cat.jpg").unwrap(), version_id: version(0x101) }
}

fn destination() -> Destination {
    Destination { bucket: "photos-copy".parse().unwrap(), region: Some("us-1".parse().unwrap()) }
}

fn configured() -> BucketChanged {
    let rule = Rule {
        id: "to-us".into(),
        priority: Some(1),
        enabled: true,
        prefix: "2026/".into(),
        tags: [("keep".to_owned(), "yes".to_owned())].into(),
        delete_markers: false,
        existing_objects: Some(true),
        replica_modifications: Some(true),
        removals: None,
        destination: destination(),
        storage_class: None,
    };
    let configuration = Configuration { role: "arn:aws:iam::000000000000:role/replication".into(), rules: vec![rule] };
    BucketChanged { bucket: "photos".parse().unwrap(), configuration: Some(configuration) }
}
