//! The commands that record in the log how far a destination has come.

use std::collections::BTreeMap;

use domain::{NOTED_VERSIONS_MAX, NoteReplicated, ReplicationResult};
use events::ids::BucketName;
use events::replication::{Destination, ReplicatedVersion};

use crate::flow::Following;
use crate::resync::Found;

/// What the log is to say of a comparison.
pub(crate) fn compared(following: &mut Following, is_due: bool) -> Option<NoteReplicated> {
    let Found { missing, up_to } = following.resync.as_mut()?.say(is_due)?;
    if up_to.is_none() {
        following.resync = None;
    }
    let (bucket, destination) = (following.route.name.clone(), following.route.destination.clone());
    Some(NoteReplicated { bucket, destination, versions: missing, result: ReplicationResult::Missing { up_to } })
}

/// What the log is to say of a destination. Where it is comes last: if the rest is not said, it is sent again.
pub(crate) fn noted(
    (bucket, destination): (&BucketName, &Destination),
    completed: &[ReplicatedVersion],
    failed: Vec<(ReplicatedVersion, String)>,
    (said, position): (u64, u64),
) -> Vec<NoteReplicated> {
    let note = |versions: Vec<ReplicatedVersion>, result| NoteReplicated {
        bucket: bucket.clone(),
        destination: destination.clone(),
        versions,
        result,
    };
    let mut by_reason: BTreeMap<String, Vec<ReplicatedVersion>> = BTreeMap::new();
    for (version, reason) in failed {
        by_reason.entry(reason).or_default().push(version);
    }
    let mut notes = Vec::new();
    for (reason, versions) in by_reason {
        for versions in versions.chunks(NOTED_VERSIONS_MAX) {
            notes.push(note(versions.to_vec(), ReplicationResult::Failed { reason: reason.clone() }));
        }
    }
    let mut chunks = completed.chunks(NOTED_VERSIONS_MAX).peekable();
    loop {
        let versions = chunks.next().unwrap_or_default().to_vec();
        let is_last = chunks.peek().is_none();
        let up_to = if is_last { position } else { said };
        notes.push(note(versions, ReplicationResult::Completed { up_to }));
        if is_last {
            return notes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_destination_is_is_said_after_all_that_arrived() {
        let version = |n: usize| ReplicatedVersion {
            key: format!("k{n}").parse().unwrap(),
            version_id: events::ids::VersionId::from_u128(n as u128),
        };
        let (bucket, destination): (BucketName, _) =
            ("here".parse().unwrap(), Destination { bucket: "there".parse().unwrap(), region: None });
        let said = |completed: usize, failed: &[&str]| {
            let completed: Vec<_> = (0..completed).map(version).collect();
            let failed = failed.iter().map(|reason| (version(0), (*reason).to_owned())).collect();
            let notes = noted((&bucket, &destination), &completed, failed, (7, 9));
            let shown = notes.into_iter().map(|note| match note.result {
                ReplicationResult::Completed { up_to } => (note.versions.len(), up_to.to_string()),
                ReplicationResult::Failed { reason } => (note.versions.len(), reason),
                ReplicationResult::Missing { .. } => unreachable!("nothing was compared"),
            });
            shown.collect::<Vec<_>>()
        };
        let text = |n: usize, what: &str| (n, what.to_owned());
        assert_eq!(said(0, &[]), [text(0, "9")]);
        assert_eq!(said(256, &[]), [text(256, "9")]);
        assert_eq!(said(257, &["b", "a", "b"]), [text(1, "a"), text(2, "b"), text(256, "7"), text(1, "9")]);
    }
}
