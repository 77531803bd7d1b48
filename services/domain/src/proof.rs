//! Which author may write which fact, and on which state. The fold checks every fact of another process, once its
//! author is verified. If two programs judged differently, the state would fork: so a change of these rules waits for a
//! level of the region (ADR 13).

use events::content::{HealthChanged, Placed, Reclaimed};
use events::ids::{AuthType, NodeId};
use events::lease::{Lease, Released, Taken};
use events::link::IdentitiesSent;
use events::node::Offline;
use events::object::Deleted;
use events::region::HorizonMoved;
use events::replication::{Compared, Completed, Failed};
use events::target::Advanced;
use events::upload::{Aborted, PartsReleased};
use events::{Author, Event, Fact};
use jiff::Timestamp;

use crate::command::{
    ChangeNode, Command, Context, Finding, Leased, LinkCommand, MoveHorizon, NodeChange, NoteHealth, NoteReplicated,
    PlaceShards, ReclaimContents, Rejection, ReleaseLease, ReplicationResult, TakeLease, TargetCommand,
};
use crate::decide::{Decision, Refused, decide, ended, given_up, release};
use crate::row::PlacedShard;
use crate::view::View;

/// The greatest number of a key. Older keys are derived from newer ones, starting with this one.
pub const KEY_NUMBER_MAX: u32 = 1_023;

/// The greatest number of a master key: every process, and every key file, holds all that there were.
pub const MASTER_KEY_NUMBER_MAX: u32 = 255;

/// Whether an author may write facts of this kind. A gateway does what clients and operators request, and what a service
/// does where no other process does it. Only a gateway commits for others: what it commits is proven by its own key.
pub fn may_write(author: Author, fact: &Fact) -> bool {
    let is_of_gateways = matches!(
        fact,
        Fact::RegionLeaseTaken(Taken { lease: Lease::Committer, .. })
            | Fact::RegionLeaseReleased(Released { lease: Lease::Committer, .. })
    );
    author == Author::Gateway || (!is_of_gateways && service_of(fact) == Some(author))
}

/// The author beside gateways that may write facts of this kind. A new fact must not compile until this is decided for it.
#[deny(clippy::wildcard_enum_match_arm, reason = "a new fact needs a word on who writes it")]
#[expect(clippy::too_many_lines, reason = "a line for each fact")]
fn service_of(fact: &Fact) -> Option<Author> {
    match fact {
        Fact::ObjectDeleted(_)
        | Fact::DeleteMarkerCreated(_)
        | Fact::UploadAborted(_)
        | Fact::UploadPartsReleased(_) => Some(Author::Lifecycle),
        Fact::ContentHealthChanged(_)
        | Fact::ContentPlaced(_)
        | Fact::ContentReclaimed(_)
        | Fact::NodeOnline(_)
        | Fact::NodeOffline(_)
        | Fact::NodeFull(_)
        | Fact::NodeFailing(_)
        | Fact::NodeRecovered(_)
        | Fact::RegionHorizonMoved(_)
        | Fact::RegionCheckpointed(_)
        | Fact::RegionNotaryKeyChanged(_)
        | Fact::RegionLeaseTaken(_)
        | Fact::RegionLeaseReleased(_)
        | Fact::TargetsAdvanced(_)
        | Fact::ReplicationCompleted(_)
        | Fact::ReplicationFailed(_)
        | Fact::ReplicationCompared(_)
        | Fact::LinkIdentitiesSent(_) => Some(Author::Maintenance),
        Fact::BucketCreated(_)
        | Fact::BucketDeleted(_)
        | Fact::BucketVersioningChanged(_)
        | Fact::BucketPolicyChanged(_)
        | Fact::BucketAclChanged(_)
        | Fact::BucketPublicAccessChanged(_)
        | Fact::BucketOwnershipChanged(_)
        | Fact::BucketTagsChanged(_)
        | Fact::BucketCorsChanged(_)
        | Fact::BucketLifecycleChanged(_)
        | Fact::BucketObjectLockChanged(_)
        | Fact::BucketEncryptionChanged(_)
        | Fact::BucketNotificationsChanged(_)
        | Fact::BucketLoggingChanged(_)
        | Fact::BucketReplicationChanged(_)
        | Fact::ReplicationResyncAsked(_)
        | Fact::QuotaChanged(_)
        | Fact::QuotaThresholdReached(_)
        | Fact::ObjectCreated(_)
        | Fact::ObjectAclChanged(_)
        | Fact::ObjectTagsChanged(_)
        | Fact::ObjectRenamed(_)
        | Fact::ObjectAppended(_)
        | Fact::ObjectRetentionChanged(_)
        | Fact::ObjectLegalHoldChanged(_)
        | Fact::UploadCreated(_)
        | Fact::UploadPartStored(_)
        | Fact::UserCreated(_)
        | Fact::UserChanged(_)
        | Fact::UserPasswordChanged(_)
        | Fact::UserDeleted(_)
        | Fact::KeyCreated(_)
        | Fact::KeyChanged(_)
        | Fact::KeyDeleted(_)
        | Fact::GroupCreated(_)
        | Fact::GroupDeleted(_)
        | Fact::GroupMemberAdded(_)
        | Fact::GroupMemberRemoved(_)
        | Fact::PolicyStored(_)
        | Fact::PolicyDeleted(_)
        | Fact::PolicyAttached(_)
        | Fact::PolicyDetached(_)
        | Fact::KmsKeyCreated(_)
        | Fact::KmsKeyChanged(_)
        | Fact::NodeJoined(_)
        | Fact::NodeDraining(_)
        | Fact::NodeResumed(_)
        | Fact::NodeStraysConfirmed(_)
        | Fact::NodeRemoved(_)
        | Fact::SessionOpened(_)
        | Fact::SessionRefreshed(_)
        | Fact::SessionRevoked(_)
        | Fact::RegionUpgraded(_)
        | Fact::RegionKeyChanged(_)
        | Fact::RegionMasterKeyChanged(_)
        | Fact::RegionWorkerChanged(_)
        | Fact::RegionWorkerAsked(_)
        | Fact::ConsumerAdded(_)
        | Fact::ConsumerRemoved(_)
        | Fact::TargetCreated(_)
        | Fact::TargetChanged(_)
        | Fact::TargetDeleted(_)
        | Fact::TargetTestAsked(_)
        | Fact::TargetRedeliveryAsked(_)
        | Fact::TargetDeadDiscarded(_)
        | Fact::TargetResealed(_)
        | Fact::LinkAdded(_)
        | Fact::LinkRemoved(_)
        | Fact::LinkResealed(_)
        | Fact::SecretKept(_)
        | Fact::SecretsResealed(_)
        | Fact::KmsKeyResealed(_)
        | Fact::UserLoggedIn(_)
        | Fact::UserLoggedOut(_) => None,
    }
}

/// Whether an author's event holds on the state before it. A fact that the author may write only in certain states is
/// decided again, and the result must be the very same fact.
///
/// `said` is the time of the newest fact of a gateway. Locks are measured by it, because an untrusted author could put
/// any time into its own events. Whether a rule is due is not checked, because there is no time to measure it by.
///
/// # Errors
/// The state cannot be read.
pub fn stands<V: View>(view: &V, author: Author, event: &Event, said: Timestamp) -> Result<bool, V::Error> {
    if author == Author::Gateway {
        return Ok(true);
    }
    if !may_write(author, &event.fact) || event.origin.principal.kind != AuthType::System {
        return Ok(false);
    }
    // No checkpoint covers what is not there yet.
    if matches!(&event.fact, Fact::RegionCheckpointed(checkpoint) if checkpoint.last >= event.sequence) {
        return Ok(false);
    }
    let context = Context { now: said, fresh: event.id.0 };
    let decided = match author {
        Author::Gateway => return Ok(true),
        Author::Lifecycle => decided_of_lifecycle(view, &event.fact, context),
        Author::Maintenance => decided_of_maintenance(view, &event.fact, context),
    };
    match decided {
        Ok(Decision { fact, .. }) => Ok(fact.as_ref() == Some(&event.fact)),
        Err(Refused::Rejected(_)) => Ok(false),
        Err(Refused::View(error)) => Err(error),
    }
}

/// What is decided of the fact of a lifecycle rule.
fn decided_of_lifecycle<V: View>(view: &V, fact: &Fact, context: Context) -> Result<Decision, Refused<V::Error>> {
    match fact {
        Fact::ObjectDeleted(Deleted { bucket, key, version_id, lifecycle_rule: Some(rule), .. }) => {
            ended(view, (bucket, key), Some(*version_id), rule, context)
        }
        Fact::DeleteMarkerCreated(fact) => match &fact.lifecycle_rule {
            Some(rule) => ended(view, (&fact.bucket, &fact.key), None, rule, context),
            None => Err(Rejection::NotAuthor.into()),
        },
        Fact::UploadAborted(Aborted { bucket, key, upload_id, lifecycle_rule: Some(rule) }) => {
            given_up(view, (bucket, key), *upload_id, rule)
        }
        Fact::UploadPartsReleased(PartsReleased { max, .. }) => release(view, *max),
        _ => Err(Rejection::NotAuthor.into()),
    }
}

/// What is decided of a fact about shards and nodes. None of these rules asks for the time, but that the horizon must
/// not lie beyond what gateways have said.
fn decided_of_maintenance<V: View>(view: &V, fact: &Fact, context: Context) -> Result<Decision, Refused<V::Error>> {
    let of_node = |node: &NodeId, folder, change| Command::from(ChangeNode { node: node.clone(), folder, change });
    let command = match fact {
        Fact::ContentHealthChanged(fact) => note_of(view, fact)?,
        Fact::ContentPlaced(Placed { bucket, contents, chosen_at, .. }) => {
            PlaceShards { bucket: bucket.clone(), contents: contents.clone(), chosen_at: *chosen_at }.into()
        }
        Fact::ContentReclaimed(Reclaimed { bucket, contents, up_to, cause, .. }) => {
            ReclaimContents { bucket: bucket.clone(), contents: contents.clone(), up_to: *up_to, cause: *cause }.into()
        }
        Fact::RegionHorizonMoved(HorizonMoved { region, before, upload_seconds, .. }) => {
            MoveHorizon { region: region.clone(), before: *before, upload_seconds: *upload_seconds }.into()
        }
        Fact::RegionCheckpointed(fact) => fact.clone().into(),
        Fact::RegionNotaryKeyChanged(fact) => fact.clone().into(),
        Fact::NodeOnline(fact) => of_node(&fact.node, fact.folder, NodeChange::Online),
        Fact::NodeOffline(Offline { node, folder, position, starts, .. }) => {
            of_node(node, *folder, NodeChange::Offline { position: *position, starts: *starts })
        }
        Fact::NodeFull(fact) => of_node(&fact.node, fact.folder, NodeChange::Full),
        Fact::NodeFailing(fact) => of_node(&fact.node, fact.folder, NodeChange::Failing(fact.cause)),
        Fact::NodeRecovered(fact) => of_node(&fact.node, fact.folder, NodeChange::Recovered),
        Fact::RegionLeaseTaken(Taken { region, lease, owner, epoch }) => {
            let (region, owner, after) = (region.clone(), owner.clone(), epoch.saturating_sub(1));
            TakeLease { region, lease: *lease, owner, after }.into()
        }
        Fact::RegionLeaseReleased(Released { region, lease, epoch }) => {
            ReleaseLease { region: region.clone(), lease: *lease, epoch: *epoch }.into()
        }
        Fact::TargetsAdvanced(Advanced { region, targets, .. }) => {
            TargetCommand::Advance { region: region.clone(), targets: targets.clone() }.into()
        }
        Fact::ReplicationCompleted(Completed { bucket, destination, versions, up_to, .. }) => NoteReplicated {
            bucket: bucket.clone(),
            destination: destination.clone(),
            versions: versions.clone(),
            result: ReplicationResult::Completed { up_to: *up_to },
        }
        .into(),
        Fact::ReplicationFailed(Failed { bucket, destination, versions, reason, .. }) => NoteReplicated {
            bucket: bucket.clone(),
            destination: destination.clone(),
            versions: versions.clone(),
            result: ReplicationResult::Failed { reason: reason.clone() },
        }
        .into(),
        Fact::ReplicationCompared(Compared { bucket, destination, missing, up_to, .. }) => NoteReplicated {
            bucket: bucket.clone(),
            destination: destination.clone(),
            versions: missing.clone(),
            result: ReplicationResult::Missing { up_to: up_to.clone() },
        }
        .into(),
        Fact::LinkIdentitiesSent(IdentitiesSent { link, added, up_to, .. }) => {
            LinkCommand::NoteIdentities { link: link.clone(), added: *added, up_to: *up_to }.into()
        }
        _ => return Err(Rejection::NotAuthor.into()),
    };
    match (fact.term(), lease_of(fact)) {
        (Some(term), Some(leases)) if leases.contains(&term.lease) => {
            decide(view, &Leased { term, command: Box::new(command) }.into(), context)
        }
        (None, None) => decide(view, &command, context),
        _ => Err(Rejection::NotAuthor.into()),
    }
}

/// The leases of which one is needed to write a fact; `None` if it takes none. A gateway may do without: it writes what
/// operators ask for, and what its own requests found.
fn lease_of(fact: &Fact) -> Option<&'static [Lease]> {
    match fact {
        Fact::ContentHealthChanged(_) => Some(&[Lease::Repair, Lease::Gc]),
        Fact::ContentPlaced(_) => Some(&[Lease::Repair]),
        Fact::ContentReclaimed(_) | Fact::RegionHorizonMoved(_) => Some(&[Lease::Gc]),
        Fact::RegionCheckpointed(_) | Fact::RegionNotaryKeyChanged(_) => Some(&[Lease::Notary]),
        Fact::NodeOnline(_)
        | Fact::NodeOffline(_)
        | Fact::NodeFull(_)
        | Fact::NodeFailing(_)
        | Fact::NodeRecovered(_) => Some(&[Lease::Nodes]),
        Fact::TargetsAdvanced(_) => Some(&[Lease::Notify]),
        Fact::ReplicationCompleted(_)
        | Fact::ReplicationFailed(_)
        | Fact::ReplicationCompared(_)
        | Fact::LinkIdentitiesSent(_) => Some(&[Lease::Replicate]),
        _ => None,
    }
}

/// The command that comes to this fact: a word on each shard there is.
fn note_of<V: View>(view: &V, fact: &HealthChanged) -> Result<Command, Refused<V::Error>> {
    let content = fact.content;
    let row = view.content(&content).map_err(Refused::View)?.ok_or(Rejection::ContentGone)?;
    let fault = |shard: u8| fact.faults.iter().find(|fault| fault.shard == shard).map(|fault| fault.fault);
    let finding =
        |PlacedShard { index: shard, node, generation }| Finding { shard, node, generation, fault: fault(shard) };
    let findings = row.shards(&content).map(finding).collect();
    Ok(Command::NoteHealth(Box::new(NoteHealth { content, findings })))
}
