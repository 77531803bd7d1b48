//! Random histories of what is replicated to other regions, and how that went.

use domain::model::Model;
use domain::{Command, NoteReplicated, ReplicationResult, Resync, Setting};
use events::replication::{Configuration, Destination, ReplicatedVersion, Rule};
use events::tags::Tags;
use proptest::option;
use proptest::prelude::*;

use crate::random::settings::{BUCKETS, id, key, name};

/// One change. Buckets and keys are indexes, and destinations numbers.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// To which destination a bucket is replicated.
    Configure(usize, Option<u8>),
    /// A version that arrived, or was refused.
    Note { bucket: usize, at: usize, n: u8, arrived: bool },
    /// That a bucket is compared with a destination.
    Resync { bucket: usize, n: u8 },
    /// A version that a destination of the bucket lacks, and whether it is the last one.
    Compare { bucket: usize, at: usize, is_last: bool },
}

fn destination(n: u8) -> Destination {
    Destination { bucket: format!("copy-{n}").parse().unwrap(), region: Some("eu-2".parse().unwrap()) }
}

fn rule(n: u8) -> Rule {
    Rule {
        id: format!("rule-{n}"),
        priority: Some(1),
        enabled: true,
        prefix: String::new(),
        tags: Tags::new(),
        delete_markers: true,
        existing_objects: Some(n == 0),
        replica_modifications: None,
        removals: None,
        destination: destination(n),
        storage_class: None,
    }
}

/// The command of a step in a state; `None` if its object does not exist.
pub(crate) fn command(model: &Model, step: &Step) -> Option<Command> {
    Some(match *step {
        Step::Configure(bucket, n) => {
            let of = |n| Configuration { role: "arn:aws:iam::0:role/replication".into(), rules: vec![rule(n)] };
            Command::SetBucketSetting { bucket: name(bucket), setting: Setting::Replication(n.map(of)) }
        }
        Step::Note { bucket, at, n, arrived } => {
            let row = model.current.get(&(id(model, bucket), key(at)))?;
            let replication = model.bucket_settings.get(&id(model, bucket)).and_then(|row| row.replication.as_ref());
            let known = replication.and_then(|row| row.configuration.rules.first()).map(|rule| &rule.destination);
            // One destination in three is not configured.
            let destination = known.filter(|_| n < 2).cloned().unwrap_or_else(|| destination(n));
            let result = if arrived {
                ReplicationResult::Completed { up_to: row.sequence }
            } else {
                ReplicationResult::Failed { reason: "the answer was 409 Conflict".into() }
            };
            let versions = vec![ReplicatedVersion { key: key(at), version_id: row.version }];
            NoteReplicated { bucket: name(bucket), destination, versions, result }.into()
        }
        Step::Resync { bucket, n } => Resync { bucket: name(bucket), destination: destination(n) }.into(),
        Step::Compare { bucket, at, is_last } => {
            let row = model.current.get(&(id(model, bucket), key(at)))?;
            let replication = model.bucket_settings.get(&id(model, bucket))?.replication.as_ref()?;
            let destination = replication.configuration.rules.first()?.destination.clone();
            let version = ReplicatedVersion { key: key(at), version_id: row.version };
            let result = ReplicationResult::Missing { up_to: (!is_last).then(|| version.clone()) };
            NoteReplicated { bucket: name(bucket), destination, versions: vec![version], result }.into()
        }
    })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    // Only a bucket with versioning is replicated.
    let bucket = || prop_oneof![1 => Just(0), 4 => Just(BUCKETS.len() - 1)];
    prop_oneof![
        (bucket(), option::weighted(0.9, 0..2_u8)).prop_map(|(bucket, n)| Step::Configure(bucket, n)),
        (bucket(), 0..3_usize, 0..3_u8, any::<bool>()).prop_map(|(bucket, at, n, arrived)| Step::Note {
            bucket,
            at,
            n,
            arrived
        }),
        (bucket(), 0..2_u8).prop_map(|(bucket, n)| Step::Resync { bucket, n }),
        (bucket(), 0..3_usize, any::<bool>()).prop_map(|(bucket, at, is_last)| Step::Compare { bucket, at, is_last }),
    ]
}
