//! The outcome of a command that happened before: its fact is on the log, and whoever committed it could not say so.

use std::collections::BTreeSet;

use events::content::Placed;
use events::ids::{ContentId, ETag, VersionId};
use events::object::Body;
use events::{Event, Fact};

use crate::command::identity::IdentityCommand;
use crate::command::{Command, Leased, NewBody, Outcome, ReplicaChange};
use crate::view::VersionName;

/// Returns the outcome of a command that the log has this event of: the same that deciding it gave.
pub fn outcome_of(command: &Command, event: &Event) -> Outcome {
    match &event.fact {
        Fact::ObjectCreated(fact) => Outcome::Stored {
            version: (!fact.null_version).then(|| name(false, fact.version_id)),
            etag: fact.etag,
            modified: fact.replica.as_ref().map_or(event.time, |replica| replica.at),
            staged_in_use: is_in_use(command, &fact.body),
        },
        Fact::ObjectAppended(fact) => Outcome::Stored {
            version: None,
            etag: fact.etag,
            modified: event.time,
            staged_in_use: is_in_use(command, &fact.part.body),
        },
        Fact::UploadPartStored(fact) => Outcome::Stored {
            version: None,
            etag: ETag { md5: fact.md5, parts: None },
            modified: event.time,
            staged_in_use: is_in_use(command, &fact.body),
        },
        Fact::ObjectDeleted(fact) => {
            let version = match innermost(command) {
                Command::DeleteObject(delete) => delete.version,
                // A rule ends what it names.
                _ => Some(name(fact.null_version, fact.version_id)),
            };
            Outcome::Deleted { version, delete_marker: fact.delete_marker }
        }
        Fact::DeleteMarkerCreated(fact) => {
            let version = Some(name(fact.null_version, fact.version_id));
            Outcome::Deleted { version, delete_marker: true }
        }
        Fact::ContentPlaced(fact) => placed(command, fact),
        Fact::ContentReclaimed(fact) => Outcome::Reclaimed { contents: fact.contents.clone() },
        Fact::SessionRevoked(_) => match innermost(command) {
            Command::Identity(identity) if matches!(**identity, IdentityCommand::RefreshSession(_)) => {
                Outcome::SessionRevoked
            }
            _ => Outcome::Done,
        },
        _ => Outcome::Done,
    }
}

fn name(is_null: bool, version: VersionId) -> VersionName {
    if is_null { VersionName::Null } else { VersionName::Id(version) }
}

/// The command without the conditions around it.
fn innermost(command: &Command) -> &Command {
    match command {
        Command::Judged { command, .. } | Command::Leased(Leased { command, .. }) | Command::Sparing(command) => {
            innermost(command)
        }
        command => command,
    }
}

/// Whether the shards that the command staged are what the fact names.
fn is_in_use(command: &Command, body: &Body) -> bool {
    let new = match innermost(command) {
        Command::PutObject(put) => &put.body,
        Command::Replicate(replica) => match &replica.change {
            ReplicaChange::Version(version) => &version.body,
            _ => return false,
        },
        Command::AppendObject(append) => &append.body,
        Command::StorePart(store) => &store.body,
        // Its parts are.
        Command::CompleteUpload(_) => return true,
        _ => return false,
    };
    let named: Option<&ContentId> = match body {
        Body::Stored { content, .. } | Body::Known { content } => Some(content),
        Body::Empty | Body::Parts { .. } => None,
    };
    matches!(new, NewBody::Staged { content, .. } if named == Some(content))
}

/// The shards that were not moved are those that the fact does not name.
fn placed(command: &Command, fact: &Placed) -> Outcome {
    let Command::PlaceShards(wanted) = innermost(command) else { return Outcome::Done };
    let moved: BTreeSet<_> = fact
        .contents
        .iter()
        .flat_map(|placed| placed.shards.iter().map(|shard| (placed.content, shard.shard, shard.to.generation)))
        .collect();
    let asked = wanted
        .contents
        .iter()
        .flat_map(|placed| placed.shards.iter().map(|shard| (placed.content, shard.shard, shard.to.generation)));
    let refused = asked.filter(|shard| !moved.contains(shard)).map(|(.., generation)| generation).collect();
    Outcome::Placed { refused }
}
