//! Who may write which fact, and on which state. The fold asks this of every fact that somebody else wrote, after it
//! was shown who that was. An answer that differs between two programs would fork the state: whatever makes it differ
//! waits for a level of the region, as ADR 13 has it.

use events::ids::AuthType;
use events::object::Deleted;
use events::upload::{Aborted, PartsReleased};
use events::{Author, Event, Fact};
use jiff::Timestamp;

use crate::command::Context;
use crate::decide::{Decision, Refused, ended, given_up, release};
use crate::view::View;

/// The greatest number of a key. Older keys are made of newer ones, one by one from this one down.
pub const KEY_NUMBER_MAX: u32 = 1_023;

/// The greatest number of a master key: every process holds all that there were, and so do the files that they are
/// handed over in.
pub const MASTER_KEY_NUMBER_MAX: u32 = 255;

/// Whether an author may write facts of this kind. A new fact must not compile until somebody has said so.
#[deny(clippy::wildcard_enum_match_arm, reason = "a new fact needs a word on who writes it")]
pub fn may_write(author: Author, fact: &Fact) -> bool {
    match author {
        // It does what clients and operators ask for, and follows lifecycle rules where no other process does.
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
        | Fact::SecretKept(_)
        | Fact::SecretsResealed(_)
        | Fact::KmsKeyResealed(_)
        | Fact::UserLoggedIn(_)
        | Fact::UserLoggedOut(_) => false,
    }
}

/// Whether what an author says holds on the state before it: what it may write only where the state permits is decided
/// once more, and must come to the very same fact.
///
/// `said` is the time of the newest fact of a gateway. Locks are measured by it, since whoever is not trusted could
/// give its own events any time. When a rule is due is not looked at, because there is no time to measure it by.
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
