//! Which author may write which fact, and on which state. The fold checks every fact of another process, once its
//! author is verified. If two programs judged differently, the state would fork: so a change of these rules waits for a
//! level of the region (ADR 13).

use events::ids::AuthType;
use events::object::Deleted;
use events::upload::{Aborted, PartsReleased};
use events::{Author, Event, Fact};
use jiff::Timestamp;

use crate::command::Context;
use crate::decide::{Decision, Refused, ended, given_up, release};
use crate::view::View;

/// The greatest number of a key. Older keys are derived from newer ones, starting with this one.
pub const KEY_NUMBER_MAX: u32 = 1_023;

/// The greatest number of a master key: every process, and every key file, holds all that there were.
pub const MASTER_KEY_NUMBER_MAX: u32 = 255;

/// Whether an author may write facts of this kind. A new fact must not compile until this is decided for it.
#[deny(clippy::wildcard_enum_match_arm, reason = "a new fact needs a word on who writes it")]
pub fn may_write(author: Author, fact: &Fact) -> bool {
    match author {
        // A gateway does what clients and operators request, and applies lifecycle rules where no other process does.
        Author::Gateway => true,
        Author::Lifecycle => lifecycle_may_write(fact),
    }
}

#[deny(clippy::wildcard_enum_match_arm, reason = "a new fact needs a word on who writes it")]
fn lifecycle_may_write(fact: &Fact) -> bool {
    match fact {
        Fact::ObjectDeleted(_)
        | Fact::DeleteMarkerCreated(_)
        | Fact::UploadAborted(_)
        | Fact::UploadPartsReleased(_) => true,
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
        | Fact::QuotaChanged(_)
        | Fact::QuotaThresholdReached(_)
        | Fact::ObjectCreated(_)
        | Fact::ObjectAclChanged(_)
        | Fact::ObjectTagsChanged(_)
        | Fact::ObjectRenamed(_)
        | Fact::ObjectAppended(_)
        | Fact::ObjectRetentionChanged(_)
        | Fact::ObjectLegalHoldChanged(_)
        | Fact::ContentHealthChanged(_)
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
        | Fact::SessionOpened(_)
        | Fact::SessionRefreshed(_)
        | Fact::SessionRevoked(_)
        | Fact::RegionUpgraded(_)
        | Fact::RegionKeyChanged(_)
        | Fact::RegionMasterKeyChanged(_)
        | Fact::RegionLeaseTaken(_)
        | Fact::RegionLeaseReleased(_)
        | Fact::RegionWorkerChanged(_)
        | Fact::SecretKept(_)
        | Fact::SecretsResealed(_)
        | Fact::KmsKeyResealed(_)
        | Fact::UserLoggedIn(_)
        | Fact::UserLoggedOut(_) => false,
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
    let context = Context { now: said, fresh: event.id.0 };
    let decided = match &event.fact {
        Fact::ObjectDeleted(Deleted { bucket, key, version_id, lifecycle_rule: Some(rule), .. }) => {
            ended(view, (bucket, key), Some(*version_id), rule, context)
        }
        Fact::DeleteMarkerCreated(fact) => match &fact.lifecycle_rule {
            Some(rule) => ended(view, (&fact.bucket, &fact.key), None, rule, context),
            None => return Ok(false),
        },
        Fact::UploadAborted(Aborted { bucket, key, upload_id, lifecycle_rule: Some(rule) }) => {
            given_up(view, (bucket, key), *upload_id, rule)
        }
        Fact::UploadPartsReleased(PartsReleased { max, .. }) => release(view, *max),
        _ => return Ok(false),
    };
    match decided {
        Ok(Decision { fact, .. }) => Ok(fact.as_ref() == Some(&event.fact)),
        Err(Refused::Rejected(_)) => Ok(false),
        Err(Refused::View(error)) => Err(error),
    }
}
