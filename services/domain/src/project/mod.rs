//! What a fact changes: the fold of the log.

mod access;
mod append;
mod bucket;
mod draft;
mod identity;
mod lock;
mod object;
mod rename;
mod setting;
mod upload;

use events::{Event, Fact};

use crate::change::Change;
use crate::view::View;

use draft::Draft;

/// Why a fact cannot be folded. The log or the state is damaged: stop, never skip.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError<E> {
    /// The state could not be read.
    #[error("the state cannot be read")]
    View(#[source] E),
    /// The fact speaks of something the state does not hold.
    #[error("the event at sequence {sequence} contradicts the state: {what}")]
    Contradiction {
        /// The event.
        sequence: u64,
        /// What is missing.
        what: &'static str,
    },
}

/// The rows that `event` writes and drops, on the state before it.
pub fn project<V: View>(view: &V, event: &Event) -> Result<Vec<Change>, ProjectError<V::Error>> {
    let mut draft = Draft::new(view, event);
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
        Fact::QuotaChanged(fact) => bucket::quota_changed(&mut draft, fact)?,
        Fact::QuotaThresholdReached(fact) => bucket::quota_threshold_reached(&mut draft, fact)?,
        Fact::ObjectAclChanged(fact) => access::object_acl_changed(&mut draft, fact)?,
        Fact::ObjectTagsChanged(fact) => object::tags_changed(&mut draft, fact)?,
        Fact::ObjectCreated(fact) => object::created(&mut draft, fact)?,
        Fact::ObjectDeleted(fact) => object::deleted(&mut draft, fact)?,
        Fact::ObjectAppended(fact) => append::appended(&mut draft, fact)?,
        Fact::ObjectRenamed(fact) => rename::renamed(&mut draft, fact)?,
        Fact::DeleteMarkerCreated(fact) => object::delete_marker_created(&mut draft, fact)?,
        Fact::UploadCreated(fact) => upload::created(&mut draft, fact)?,
        Fact::UploadPartStored(fact) => upload::part_stored(&mut draft, fact)?,
        Fact::UploadAborted(fact) => upload::aborted(&mut draft, fact)?,
        Fact::RegionUpgraded(fact) => draft.raise_level(fact.level)?,
        fact => identity::changed(&mut draft, fact)?,
    }
    draft.finish()
}
