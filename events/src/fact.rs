//! The one table of facts: variant, CloudEvents type, subject tokens.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;

use crate::ids::{BucketName, ObjectKey};
use crate::{
    bucket, checkpoint, consumer, content, group, key, kms_key, lease, link, lock, node, object, policy, quota, region,
    replication, secret,
};
use crate::{session, target, upload, user, worker};

/// The resource that a fact is about: a token of its subject, and its CloudEvents `source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The resource's collection, as in `source`.
    pub collection: Collection,
    /// The resource's name in the collection.
    pub name: &'a str,
}

/// The kinds of resources that facts are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is named after what it holds")]
pub enum Collection {
    Buckets,
    Users,
    Groups,
    Policies,
    KmsKeys,
    Nodes,
    Regions,
    Consumers,
    Targets,
    Links,
}

impl Collection {
    /// All collections.
    pub(crate) const ALL: [Self; 10] = [
        Self::Buckets,
        Self::Users,
        Self::Groups,
        Self::Policies,
        Self::KmsKeys,
        Self::Nodes,
        Self::Regions,
        Self::Consumers,
        Self::Targets,
        Self::Links,
    ];

    /// Its name in `source`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buckets => "buckets",
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Policies => "policies",
            Self::KmsKeys => "kms_keys",
            Self::Nodes => "nodes",
            Self::Regions => "regions",
            Self::Consumers => "consumers",
            Self::Targets => "targets",
            Self::Links => "links",
        }
    }

    /// The name of one of its members, as a parameter of a subject.
    pub(crate) const fn member(self) -> &'static str {
        match self {
            Self::Buckets => "bucket",
            Self::Users => "user",
            Self::Groups => "group",
            Self::Policies => "policy",
            Self::KmsKeys => "kms_key",
            Self::Nodes => "node",
            Self::Regions => "region",
            Self::Consumers => "consumer",
            Self::Targets => "target",
            Self::Links => "link",
        }
    }
}

/// The reason why an event's data is not a fact that this program knows.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The type is unknown: a newer release wrote it, or another program. The consumer decides whether to skip it.
    #[error("unknown event type {0:?}: a newer release wrote it")]
    UnknownType(String),
    /// The JSON does not have the shape its type promises.
    #[error("malformed {kind}: {source}")]
    Malformed {
        /// The event type, or [`ENVELOPE`].
        kind: String,
        /// The parser's error.
        source: serde_json::Error,
    },
}

/// The name that [`DecodeError::Malformed`] has for everything around the data.
const ENVELOPE: &str = "envelope";

impl DecodeError {
    /// The envelope is malformed.
    pub(crate) fn envelope(source: serde_json::Error) -> Self {
        Self::Malformed { kind: ENVELOPE.into(), source }
    }

    /// Whether the bytes do not even have the form of an event, of any type.
    pub fn is_no_event(&self) -> bool {
        matches!(self, Self::Malformed { kind, .. } if kind == ENVELOPE)
    }

    /// Whether a newer release may have written it: an unknown type, or an otherwise valid event whose data has an
    /// unknown value.
    pub fn is_newer(&self) -> bool {
        match self {
            Self::UnknownType(_) => true,
            Self::Malformed { source, .. } => !self.is_no_event() && source.is_data(),
        }
    }
}

/// One row of the table of facts.
#[derive(Debug)]
pub struct FactKind {
    /// CloudEvents `type`.
    pub event_type: &'static str,
    /// The noun: a subject token.
    pub noun: &'static str,
    /// The verb: a subject token.
    pub verb: &'static str,
    /// The collection of the resource that the fact is about.
    pub collection: Collection,
    /// Whether it is about an object's key, which is then the CloudEvents `subject`.
    pub keyed: bool,
    /// The level that a region needs before this kind may be written.
    pub level: u32,
    /// JSON Schema of `data`. The types it refers to remain in the generator, as definitions.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl FactKind {
    /// The type without the common prefix, such as `object.created.v1`: its name in files and schemas.
    pub fn name(&self) -> &'static str {
        self.event_type.strip_prefix(TYPE_ROOT).unwrap_or(self.event_type)
    }
}

/// The prefix of all event types.
const TYPE_ROOT: &str = "io.planetstore.";

/// The CloudEvents type of a noun and a verb. Another major version of a fact is another row.
macro_rules! event_type {
    ($noun:literal $verb:literal) => {
        concat!("io.planetstore.", $noun, ".", $verb, ".v1")
    };
}

fn read_data<T: DeserializeOwned>(event_type: &str, data: Option<&RawValue>) -> Result<T, DecodeError> {
    let read =
        data.map_or_else(|| Err(serde_json::Error::missing_field("data")), |data| serde_json::from_str(data.get()));
    read.map_err(|source| DecodeError::Malformed { kind: event_type.into(), source })
}

/// The parts of a fact that depend on its resource. An object is in a bucket and also has a key.
macro_rules! about {
    (object, keyed) => {
        true
    };
    ($other:ident, keyed) => {
        false
    };
    (object, key of $data:ident) => {
        Some(&$data.key)
    };
    ($other:ident, key of $data:ident) => {{
        let _ = $data;
        None
    }};
    (object, bucket of $data:ident) => {
        Some(&$data.bucket)
    };
    (bucket, bucket of $data:ident) => {
        Some(&$data.bucket)
    };
    ($other:ident, bucket of $data:ident) => {{
        let _ = $data;
        None
    }};
    (object, name of $data:ident) => {
        $data.bucket.as_str()
    };
    ($field:ident, name of $data:ident) => {
        $data.$field.as_str()
    };
    (object, collection) => {
        Collection::Buckets
    };
    (bucket, collection) => {
        Collection::Buckets
    };
    (user, collection) => {
        Collection::Users
    };
    (group, collection) => {
        Collection::Groups
    };
    (policy, collection) => {
        Collection::Policies
    };
    (kms_key, collection) => {
        Collection::KmsKeys
    };
    (node, collection) => {
        Collection::Nodes
    };
    (region, collection) => {
        Collection::Regions
    };
    (consumer, collection) => {
        Collection::Consumers
    };
    (target, collection) => {
        Collection::Targets
    };
    (link, collection) => {
        Collection::Links
    };
}

/// Writes `Fact` and everything with an arm per fact from the rows below: `Variant(data): noun verb, about`, and the
/// level of a fact newer than level 0.
macro_rules! facts {
    ($($variant:ident($data:ty): $noun:literal $verb:literal, $about:ident $(, level $level:literal)?;)+) => {
        /// A fact: a change that happened. Refused requests are not facts.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Fact {
            $(
                #[doc = concat!("`", event_type!($noun $verb), "`")]
                $variant($data),
            )+
        }

        /// The index of each kind in [`Fact::KINDS`].
        #[derive(Clone, Copy)]
        enum Row { $($variant,)+ }

        impl Fact {
            /// Every kind of fact.
            pub const KINDS: &[FactKind] = &[$(FactKind {
                event_type: event_type!($noun $verb),
                noun: $noun,
                verb: $verb,
                collection: about!($about, collection),
                keyed: about!($about, keyed),
                level: 0 $(+ $level)?,
                schema: <$data as JsonSchema>::json_schema,
            },)+];

            /// The row of this fact in [`Self::KINDS`].
            pub const fn kind(&self) -> &'static FactKind {
                let row = match self { $(Self::$variant(_) => Row::$variant,)+ };
                &Self::KINDS[row as usize]
            }

            /// Decodes the data of an event of a type.
            pub(crate) fn decode(event_type: &str, data: Option<&RawValue>) -> Result<Self, DecodeError> {
                match event_type {
                    $(event_type!($noun $verb) => read_data(event_type, data).map(Self::$variant),)+
                    _ => Err(DecodeError::UnknownType(event_type.into())),
                }
            }
        }

        impl Fact {
            /// The collection of the resource that the fact is about.
            pub fn scope(&self) -> Scope<'_> {
                let name = match self { $(Self::$variant(data) => about!($about, name of data),)+ };
                Scope { collection: self.kind().collection, name }
            }

            /// The bucket that the fact, or its object, belongs to.
            pub fn bucket(&self) -> Option<&BucketName> {
                match self { $(Self::$variant(data) => about!($about, bucket of data),)+ }
            }

            /// The key of the object that the fact is about.
            pub fn key(&self) -> Option<&ObjectKey> {
                match self { $(Self::$variant(data) => about!($about, key of data),)+ }
            }
        }
    };
}

facts! {
    BucketCreated(bucket::Created): "bucket" "created", bucket;
    BucketDeleted(bucket::Deleted): "bucket" "deleted", bucket;
    BucketVersioningChanged(bucket::VersioningChanged): "bucket" "versioning_changed", bucket;
    BucketPolicyChanged(bucket::PolicyChanged): "bucket" "policy_changed", bucket;
    BucketAclChanged(bucket::AclChanged): "bucket" "acl_changed", bucket;
    BucketPublicAccessChanged(bucket::PublicAccessChanged): "bucket" "public_access_changed", bucket;
    BucketOwnershipChanged(bucket::OwnershipChanged): "bucket" "ownership_changed", bucket;
    BucketTagsChanged(bucket::TagsChanged): "bucket" "tags_changed", bucket;
    BucketCorsChanged(bucket::CorsChanged): "bucket" "cors_changed", bucket;
    BucketLifecycleChanged(bucket::LifecycleChanged): "bucket" "lifecycle_changed", bucket;
    BucketObjectLockChanged(lock::BucketChanged): "bucket" "object_lock_changed", bucket;
    BucketEncryptionChanged(bucket::EncryptionChanged): "bucket" "encryption_changed", bucket;
    BucketNotificationsChanged(bucket::NotificationsChanged): "bucket" "notifications_changed", bucket, level 2;
    BucketLoggingChanged(bucket::LoggingChanged): "bucket" "logging_changed", bucket, level 2;
    BucketReplicationChanged(replication::BucketChanged): "bucket" "replication_changed", bucket, level 2;
    QuotaChanged(quota::Changed): "quota" "changed", bucket;
    QuotaThresholdReached(quota::ThresholdReached): "quota" "threshold_reached", bucket;
    ObjectCreated(object::Created): "object" "created", object;
    ObjectDeleted(object::Deleted): "object" "deleted", object;
    DeleteMarkerCreated(object::DeleteMarkerCreated): "object" "delete_marker_created", object;
    ObjectAclChanged(object::AclChanged): "object" "acl_changed", object;
    ObjectTagsChanged(object::TagsChanged): "object" "tags_changed", object;
    ObjectRenamed(object::Renamed): "object" "renamed", object;
    ObjectAppended(object::Appended): "object" "appended", object;
    ObjectRetentionChanged(lock::RetentionChanged): "object" "retention_changed", object;
    ObjectLegalHoldChanged(lock::LegalHoldChanged): "object" "legal_hold_changed", object;
    ContentHealthChanged(content::HealthChanged): "content" "health_changed", bucket;
    ContentPlaced(content::Placed): "content" "placed", bucket, level 2;
    ContentReclaimed(content::Reclaimed): "content" "reclaimed", bucket, level 2;
    UploadCreated(upload::Created): "upload" "created", object;
    UploadPartStored(upload::PartStored): "upload" "part_stored", object;
    UploadAborted(upload::Aborted): "upload" "aborted", object;
    UploadPartsReleased(upload::PartsReleased): "upload" "parts_released", bucket;
    UserCreated(user::Created): "user" "created", user;
    UserChanged(user::Changed): "user" "changed", user;
    UserPasswordChanged(user::PasswordChanged): "user" "password_changed", user;
    UserDeleted(user::Deleted): "user" "deleted", user;
    KeyCreated(key::Created): "key" "created", user;
    KeyChanged(key::Changed): "key" "changed", user;
    KeyDeleted(key::Deleted): "key" "deleted", user;
    GroupCreated(group::Created): "group" "created", group;
    GroupDeleted(group::Deleted): "group" "deleted", group;
    GroupMemberAdded(group::MemberAdded): "group" "member_added", group;
    GroupMemberRemoved(group::MemberRemoved): "group" "member_removed", group;
    PolicyStored(policy::Stored): "policy" "stored", policy;
    PolicyDeleted(policy::Deleted): "policy" "deleted", policy;
    PolicyAttached(policy::Attached): "policy" "attached", policy;
    PolicyDetached(policy::Detached): "policy" "detached", policy;
    KmsKeyCreated(kms_key::Created): "kms_key" "created", kms_key;
    KmsKeyChanged(kms_key::Changed): "kms_key" "changed", kms_key;
    NodeJoined(node::Joined): "node" "joined", node;
    NodeOnline(node::Online): "node" "online", node, level 2;
    NodeOffline(node::Offline): "node" "offline", node, level 2;
    NodeDraining(node::Draining): "node" "draining", node, level 2;
    NodeResumed(node::Resumed): "node" "resumed", node, level 2;
    NodeStraysConfirmed(node::StraysConfirmed): "node" "strays_confirmed", node, level 2;
    NodeFull(node::Full): "node" "full", node, level 2;
    NodeFailing(node::Failing): "node" "failing", node, level 2;
    NodeRecovered(node::Recovered): "node" "recovered", node, level 2;
    NodeRemoved(node::Removed): "node" "removed", node, level 2;
    SessionOpened(session::Opened): "session" "opened", user;
    SessionRefreshed(session::Refreshed): "session" "refreshed", user;
    SessionRevoked(session::Revoked): "session" "revoked", user;
    RegionUpgraded(region::Upgraded): "region" "upgraded", region;
    RegionKeyChanged(region::KeyChanged): "region" "key_changed", region, level 2;
    RegionMasterKeyChanged(region::MasterKeyChanged): "region" "master_key_changed", region, level 2;
    RegionLeaseTaken(lease::Taken): "region" "lease_taken", region, level 2;
    RegionLeaseReleased(lease::Released): "region" "lease_released", region, level 2;
    RegionWorkerChanged(worker::Changed): "region" "worker_changed", region, level 2;
    RegionWorkerAsked(worker::Asked): "region" "worker_asked", region, level 2;
    RegionHorizonMoved(region::HorizonMoved): "region" "horizon_moved", region, level 2;
    TargetCreated(target::Created): "target" "created", target, level 2;
    TargetChanged(target::Changed): "target" "changed", target, level 2;
    TargetDeleted(target::Deleted): "target" "deleted", target, level 2;
    TargetTestAsked(target::TestAsked): "target" "test_asked", target, level 2;
    TargetRedeliveryAsked(target::RedeliveryAsked): "target" "redelivery_asked", target, level 2;
    TargetDeadDiscarded(target::DeadDiscarded): "target" "dead_discarded", target, level 2;
    TargetsAdvanced(target::Advanced): "target" "advanced", region, level 2;
    RegionCheckpointed(checkpoint::Checkpointed): "region" "checkpointed", region, level 2;
    RegionNotaryKeyChanged(checkpoint::KeyChanged): "region" "notary_key_changed", region, level 2;
    SecretKept(secret::Kept): "secret" "kept", region, level 2;
    SecretsResealed(secret::Resealed): "secret" "resealed", user, level 2;
    KmsKeyResealed(secret::KmsKeyResealed): "secret" "kms_key_resealed", kms_key, level 2;
    TargetResealed(secret::TargetResealed): "secret" "target_resealed", target, level 2;
    UserLoggedIn(user::LoggedIn): "user" "logged_in", user, level 2;
    UserLoggedOut(user::LoggedOut): "user" "logged_out", user, level 2;
    ConsumerAdded(consumer::Added): "consumer" "added", consumer, level 2;
    ConsumerRemoved(consumer::Removed): "consumer" "removed", consumer, level 2;
    ReplicationCompleted(replication::Completed): "replication" "completed", bucket, level 2;
    ReplicationFailed(replication::Failed): "replication" "failed", bucket, level 2;
    ReplicationResyncAsked(replication::ResyncAsked): "replication" "resync_asked", bucket, level 2;
    ReplicationCompared(replication::Compared): "replication" "compared", bucket, level 2;
    LinkAdded(link::Added): "link" "added", link, level 2;
    LinkRemoved(link::Removed): "link" "removed", link, level 2;
    LinkIdentitiesSent(link::IdentitiesSent): "link" "identities_sent", link, level 2;
    LinkResealed(secret::LinkResealed): "secret" "link_resealed", link, level 2;
}

impl Fact {
    /// All keys that the fact is about: that of its object, and the old one of an object that was renamed.
    pub fn keys(&self) -> impl Iterator<Item = &ObjectKey> {
        let former = if let Self::ObjectRenamed(renamed) = self { Some(&renamed.source_key) } else { None };
        self.key().into_iter().chain(former)
    }

    /// The highest level that this program knows: it reads and writes facts of this level and of all below. A release
    /// with new facts raises it by one, and all its new facts have that level.
    pub const LEVEL: u32 = 2;

    /// From this level of a region on, only facts of [`crate::SECRET_NOUNS`] hold secrets.
    pub const SECRETS_LEVEL: u32 = 2;

    /// From this level of a region on, an entry without a valid proof of its author is not a fact.
    pub const PROOF_LEVEL: u32 = 2;

    /// From this level of a region on, contents are stored with tags (ADR 16), because every process can read them.
    pub const TAGS_LEVEL: u32 = 2;

    /// From this level of a region on, changes that were made in other regions are written, because every program puts
    /// them where they belong (ADR 44).
    pub const REPLICAS_LEVEL: u32 = 2;

    /// What the fact says of the region that the change was made in; `None` if it was made in this one.
    pub fn replica(&self) -> Option<&replication::ReplicaOf> {
        match self {
            Self::ObjectCreated(fact) => fact.replica.as_deref(),
            Self::DeleteMarkerCreated(fact) => fact.replica.as_deref(),
            Self::ObjectDeleted(fact) => fact.replica.as_deref(),
            Self::ObjectTagsChanged(fact) => fact.replica.as_deref(),
            Self::ObjectRetentionChanged(fact) => fact.replica.as_deref(),
            Self::ObjectLegalHoldChanged(fact) => fact.replica.as_deref(),
            _ => None,
        }
    }

    /// The level that a region needs before this very fact may be written.
    pub fn level(&self) -> u32 {
        // A field or value that a later release added to an existing kind gets an arm here: ADR 13.
        if self.lacks_secret() {
            Self::SECRETS_LEVEL
        } else if self.replica().is_some() || self.identity_replica().is_some() {
            Self::REPLICAS_LEVEL
        } else {
            self.kind().level
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_type_stands_once() {
        let types: BTreeSet<_> = Fact::KINDS.iter().map(|kind| kind.event_type).collect();
        assert_eq!(types.len(), Fact::KINDS.len());
        assert!(types.iter().all(|event_type| event_type.starts_with(TYPE_ROOT)));
    }

    /// The number of kinds of each level. A released level never changes: a region at that level has programs that know
    /// exactly these kinds.
    const KINDS_OF_LEVELS: [usize; 3] = [50, 0, 46];

    #[test]
    fn a_new_fact_has_a_new_level_so_that_programs_that_do_not_know_it_never_meet_it() {
        let of_level = |level| Fact::KINDS.iter().filter(|kind| kind.level == level).count();
        let kinds: Vec<_> = (0..=Fact::LEVEL).map(of_level).collect();
        assert_eq!(kinds, KINDS_OF_LEVELS, "a new kind of fact has the next release's level, and raises LEVEL: ADR 13");
        assert!(Fact::KINDS.iter().all(|kind| kind.level <= Fact::LEVEL));
    }

    #[test]
    fn a_fact_finds_its_own_row() {
        let fact = Fact::BucketDeleted(bucket::Deleted { bucket: "abc".parse().unwrap() });
        assert_eq!(fact.kind().event_type, "io.planetstore.bucket.deleted.v1");
        assert_eq!(fact.kind().name(), "bucket.deleted.v1");
        assert!(fact.key().is_none());
    }
}
