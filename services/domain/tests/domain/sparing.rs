//! Commands that end no version, whatever became of the bucket since they were made.

use domain::{Command, Rejection};
use events::bucket::Versioning::{self, Enabled, Suspended};

use crate::given::*;

fn sparing(command: Command) -> Command {
    Command::Sparing(Box::new(command))
}

fn given(versionings: &[Versioning], more: &[Command]) -> Vec<Command> {
    let switches = versionings.iter().map(|to| versioning(*to));
    [create_bucket()].into_iter().chain(switches).chain(more.iter().cloned()).collect()
}

/// The number of versions and delete markers.
fn versions(given: &[Command], command: &Command) -> usize {
    let mut fold = crate::fold::Fold::new();
    for (place, command) in (1..).zip(given.iter().chain([command])) {
        fold.command(command, context(place)).unwrap();
    }
    fold.model.current.len() + fold.model.versions.len()
}

#[test]
fn where_versions_are_kept_one_is_added() {
    let there = given(&[Enabled], &[put(b'a')]);
    assert_eq!(versions(&there, &sparing(put(b'b'))), 2);
    assert_eq!(versions(&there, &sparing(delete(None))), 2, "a delete marker");
}

#[test]
fn versioning_that_was_suspended_meanwhile_costs_no_version() {
    // The null version of now would be replaced: by a version, or by a delete marker.
    let there = given(&[Enabled, Suspended], &[put(b'a')]);
    for command in [put(b'b'), delete(None)] {
        rejected(&there, &sparing(command), Rejection::WouldEndAVersion);
    }
    // A version with an id stays.
    let mut there = given(&[Enabled], &[put(b'a')]);
    there.push(versioning(Suspended));
    assert_eq!(versions(&there, &sparing(put(b'b'))), 2);
    assert_eq!(versions(&there, &sparing(delete(None))), 2);
}

#[test]
fn an_object_that_was_written_meanwhile_is_not_replaced() {
    assert_eq!(versions(&given(&[], &[]), &sparing(put(b'a'))), 1);
    for command in [put(b'b'), delete(None)] {
        rejected(&given(&[], &[put(b'a')]), &sparing(command), Rejection::WouldEndAVersion);
    }
    // A delete of a version ends it, wherever versions are kept.
    let named = sparing(delete(Some(id(3))));
    rejected(&given(&[Enabled], &[put(b'a')]), &named, Rejection::WouldEndAVersion);
}
