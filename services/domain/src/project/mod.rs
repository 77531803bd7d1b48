//! The changes of a fact: the fold of the log.

mod access;
mod append;
mod audit;
mod bucket;
mod checkpoint;
mod consumer;
mod content;
mod draft;
mod growth;
mod health;
mod identity;
mod lease;
mod link;
mod lock;
mod node;
mod object;
mod policy;
mod region;
mod release;
mod rename;
mod replication;
mod secret;
mod setting;
mod shared;
mod target;
mod upload;
mod worker;

use events::{Event, Fact};

use crate::change::Change;
use crate::view::View;

use audit::Who;
use draft::Draft;
pub use region::ENDED_FORGOTTEN_MAX;
pub use release::FREED_AT_ONCE_MAX;

/// The reason why a fact cannot be applied. The log or the state is damaged: stop, never skip.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError<E> {
    /// The state could not be read.
    #[error("the state cannot be read")]
    View(#[source] E),
    /// The fact refers to something that is not in the state.
    #[error("the event at sequence {sequence} contradicts the state: {what}")]
    Contradiction {
        /// The event.
        sequence: u64,
        /// A description of what is missing.
        what: &'static str,
    },
}

/// The rows that `event` writes and removes, on the state before it. A secret that is kept apart is taken from the
/// previous event.
pub fn project<V: View>(view: &V, event: &Event) -> Result<Vec<Change>, ProjectError<V::Error>> {
    if !event.fact.lacks_secret() {
        return fold(view, event);
    }
    let before = view.secret().map_err(ProjectError::View)?.filter(|row| row.sequence + 1 == event.sequence);
    let what = "its secret is not in the previous event";
    let row = before.ok_or(ProjectError::Contradiction { sequence: event.sequence, what })?;
    fold(view, &Event { fact: event.fact.clone().joined(&row.secret), ..event.clone() })
}

/// Every fact has its own arm, and no match on a [`Fact`] in `project` may have a wildcard: a new fact must not compile
/// until its changes are defined.
#[deny(clippy::wildcard_enum_match_arm, reason = "a new fact needs an arm of its own")]
#[expect(clippy::too_many_lines, reason = "an arm for each fact")]
fn fold<V: View>(view: &V, event: &Event) -> Result<Vec<Change>, ProjectError<V::Error>> {
    let mut draft = Draft::new(view, event);
    if event.fact.identity_replica().is_some() {
        shared::remember_deletions(&mut draft)?;
    }
    match &event.fact {
        Fact::BucketCreated(fact) => bucket::created(&mut draft, fact),
        Fact::BucketDeleted(fact) => bucket::deleted(&mut draft, fact)?,
        Fact::BucketVersioningChanged(fact) => bucket::versioning_changed(&mut draft, fact)?,
        Fact::BucketPolicyChanged(fact) => access::policy_changed(&mut draft, fact)?,
        Fact::BucketAclChanged(fact) => access::acl_changed(&mut draft, fact)?,
        Fact::BucketPublicAccessChanged(fact) => access::public_access_changed(&mut draft, fact)?,
        Fact::BucketOwnershipChanged(fact) => access::ownership_changed(&mut draft, fact)?,
        Fact::BucketCorsChanged(fact) => setting::cors_changed(&mut draft, fact)?,
        Fact::BucketTagsChanged(fact) => setting::tags_changed(&mut draft, fact)?,
        Fact::BucketLifecycleChanged(fact) => setting::lifecycle_changed(&mut draft, fact)?,
        Fact::BucketObjectLockChanged(fact) => setting::object_lock_changed(&mut draft, fact)?,
        Fact::ObjectRetentionChanged(fact) => lock::retention_changed(&mut draft, fact)?,
        Fact::ObjectLegalHoldChanged(fact) => lock::legal_hold_changed(&mut draft, fact)?,
        Fact::BucketEncryptionChanged(fact) => setting::encryption_changed(&mut draft, fact)?,
        Fact::BucketNotificationsChanged(fact) => setting::notifications_changed(&mut draft, fact)?,
        Fact::BucketLoggingChanged(fact) => setting::logging_changed(&mut draft, fact)?,
        Fact::BucketReplicationChanged(fact) => replication::bucket_changed(&mut draft, fact)?,
        Fact::ReplicationCompleted(fact) => replication::completed(&mut draft, fact)?,
        Fact::ReplicationFailed(fact) => replication::failed(&mut draft, fact)?,
        Fact::ReplicationResyncAsked(fact) => replication::resync_asked(&mut draft, fact)?,
        Fact::ReplicationCompared(fact) => replication::compared(&mut draft, fact)?,
        Fact::QuotaChanged(fact) => bucket::quota_changed(&mut draft, fact)?,
        Fact::QuotaThresholdReached(fact) => bucket::quota_threshold_reached(&mut draft, fact)?,
        Fact::ObjectAclChanged(fact) => access::object_acl_changed(&mut draft, fact)?,
        Fact::ObjectTagsChanged(fact) => object::tags_changed(&mut draft, fact)?,
        Fact::ObjectCreated(fact) => object::created(&mut draft, fact)?,
        Fact::ObjectDeleted(fact) => object::deleted(&mut draft, fact)?,
        Fact::ObjectAppended(fact) => append::appended(&mut draft, fact)?,
        Fact::ObjectRenamed(fact) => rename::renamed(&mut draft, fact)?,
        Fact::DeleteMarkerCreated(fact) => object::delete_marker_created(&mut draft, fact)?,
        Fact::ContentHealthChanged(fact) => health::health_changed(&mut draft, fact)?,
        Fact::ContentPlaced(fact) => content::placed(&mut draft, fact)?,
        Fact::ContentReclaimed(fact) => content::reclaimed(&mut draft, fact)?,
        Fact::UploadCreated(fact) => upload::created(&mut draft, fact)?,
        Fact::UploadPartStored(fact) => upload::part_stored(&mut draft, fact)?,
        Fact::UploadAborted(fact) => upload::aborted(&mut draft, fact)?,
        Fact::UploadPartsReleased(fact) => release::parts_released(&mut draft, fact)?,
        Fact::UserCreated(fact) => identity::user_created(&mut draft, fact)?,
        Fact::UserChanged(fact) => identity::user_changed(&mut draft, fact)?,
        Fact::UserPasswordChanged(fact) => identity::password_changed(&mut draft, fact)?,
        Fact::UserDeleted(fact) => identity::user_deleted(&mut draft, fact)?,
        Fact::KeyCreated(fact) => identity::key_created(&mut draft, fact)?,
        Fact::KeyChanged(fact) => identity::key_changed(&mut draft, fact)?,
        Fact::KeyDeleted(fact) => identity::key_deleted(&mut draft, fact)?,
        Fact::GroupCreated(fact) => identity::group_created(&mut draft, fact)?,
        Fact::GroupDeleted(fact) => identity::group_deleted(&mut draft, fact)?,
        Fact::GroupMemberAdded(fact) => identity::member_added(&mut draft, fact)?,
        Fact::GroupMemberRemoved(fact) => identity::member_removed(&mut draft, fact)?,
        Fact::PolicyStored(fact) => policy::stored(&mut draft, fact)?,
        Fact::PolicyDeleted(fact) => policy::deleted(&mut draft, fact)?,
        Fact::PolicyAttached(fact) => policy::attached(&mut draft, fact)?,
        Fact::PolicyDetached(fact) => policy::detached(&mut draft, fact)?,
        Fact::KmsKeyCreated(fact) => identity::kms_key_created(&mut draft, fact),
        Fact::KmsKeyChanged(fact) => identity::kms_key_changed(&mut draft, fact)?,
        Fact::NodeJoined(fact) => node::joined(&mut draft, fact)?,
        Fact::NodeOnline(fact) => node::online(&mut draft, fact)?,
        Fact::NodeOffline(fact) => node::offline(&mut draft, fact)?,
        Fact::NodeDraining(fact) => node::draining(&mut draft, fact)?,
        Fact::NodeResumed(fact) => node::resumed(&mut draft, fact)?,
        Fact::NodeStraysConfirmed(fact) => node::strays_confirmed(&mut draft, fact)?,
        Fact::NodeFull(fact) => node::full(&mut draft, fact)?,
        Fact::NodeFailing(fact) => node::failing(&mut draft, fact)?,
        Fact::NodeRecovered(fact) => node::recovered(&mut draft, fact)?,
        Fact::NodeRemoved(fact) => node::removed(&mut draft, fact)?,
        Fact::SessionOpened(fact) => identity::session_opened(&mut draft, fact)?,
        Fact::SessionRefreshed(fact) => identity::session_refreshed(&mut draft, fact)?,
        Fact::SessionRevoked(fact) => identity::session_revoked(&mut draft, fact)?,
        Fact::RegionUpgraded(fact) => draft.raise_level(fact.level)?,
        Fact::RegionKeyChanged(fact) => draft.change_key(fact.author, fact.number)?,
        Fact::RegionHorizonMoved(fact) => region::horizon_moved(&mut draft, fact)?,
        Fact::RegionCheckpointed(fact) => checkpoint::checkpointed(&mut draft, fact)?,
        Fact::RegionNotaryKeyChanged(fact) => checkpoint::key_changed(&mut draft, fact)?,
        Fact::RegionMasterKeyChanged(fact) => draft.change_master_key(fact)?,
        Fact::RegionLeaseTaken(fact) => lease::taken(&mut draft, fact),
        Fact::RegionLeaseReleased(fact) => lease::released(&mut draft, fact),
        Fact::RegionWorkerChanged(fact) => worker::changed(&mut draft, fact)?,
        Fact::RegionWorkerAsked(fact) => worker::asked(&mut draft, fact)?,
        Fact::ConsumerAdded(fact) => consumer::added(&mut draft, fact),
        Fact::ConsumerRemoved(fact) => consumer::removed(&mut draft, fact),
        Fact::TargetCreated(fact) => target::created(&mut draft, fact),
        Fact::TargetChanged(fact) => target::changed(&mut draft, fact)?,
        Fact::TargetDeleted(fact) => target::deleted(&mut draft, fact)?,
        Fact::TargetRedeliveryAsked(fact) => target::redelivery_asked(&mut draft, fact)?,
        Fact::TargetDeadDiscarded(fact) => target::dead_discarded(&mut draft, fact)?,
        Fact::TargetsAdvanced(fact) => target::advanced(&mut draft, fact)?,
        Fact::TargetResealed(fact) => target::resealed(&mut draft, fact)?,
        Fact::LinkAdded(fact) => link::added(&mut draft, fact)?,
        Fact::LinkRemoved(fact) => link::removed(&mut draft, fact),
        Fact::LinkIdentitiesSent(fact) => link::identities_sent(&mut draft, fact)?,
        Fact::LinkResealed(fact) => link::resealed(&mut draft, fact)?,
        Fact::SecretKept(fact) => secret::kept(&mut draft, fact),
        Fact::SecretsResealed(fact) => secret::resealed(&mut draft, fact)?,
        Fact::KmsKeyResealed(fact) => secret::kms_key_resealed(&mut draft, fact)?,
        // These are for consumers: the facts of the sessions change the state, and a target gets the test as any event.
        Fact::UserLoggedIn(_) | Fact::UserLoggedOut(_) | Fact::TargetTestAsked(_) => {}
    }
    let who = Who::of(view, event)?;
    growth::of_writer(&mut draft, who.writer())?;
    audit::note(&mut draft, who)?;
    draft.finish()
}
