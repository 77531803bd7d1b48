//! Commands and their outcomes.

mod append;
mod checkpoint;
mod consumer;
mod content;
mod delete;
mod health;
pub(crate) mod identity;
mod judged;
mod lease;
pub(crate) mod lifecycle;
mod link;
mod lock;
mod node;
mod object;
mod precondition;
mod region;
mod rejection;
mod rename;
mod replica;
pub(crate) mod setting;
mod target;
mod twice;
mod upload;
mod worker;

use events::access::{Acl, ObjectOwnership, PublicAccessBlock};
use events::bucket::Versioning;
use events::checkpoint::{Checkpointed, KeyChanged};
use events::ids::{
    BucketName, ContentId, ETag, Generation, ObjectKey, Placement, RegionName, UploadId, UserId, VersionId,
};
use events::lease::Lease;
use events::quota::Quota;
use events::tags::Tags;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use append::{AppendObject, OBJECT_BYTES_MAX, PART_BYTES_MIN, PARTS_MAX};
pub use consumer::{AddConsumer, CONSUMERS_MAX, RemoveConsumer};
pub use content::{MoveHorizon, PlaceShards, ReclaimContents};
pub use delete::{DeleteObject, DeletePrecondition};
pub use health::{Finding, NoteHealth};
pub use judged::{Judged, JudgedBucket, JudgedCaller};
pub use lease::{Leased, ReleaseLease, TakeLease};
pub use link::{LINKS_MAX, LinkCommand, LinkRejection};
pub use lock::{SetLegalHold, SetRetention};
pub use node::{ChangeNode, JoinNode, NodeChange};
pub use object::PutObject;
pub use precondition::{ETags, Precondition};
pub use region::{ChangeKey, ChangeMasterKey};
pub use rejection::Rejection;
pub use rename::{CLIENT_TOKEN_BYTES_MAX, RenameObject};
pub use replica::{
    NOTED_VERSIONS_MAX, NoteReplicated, REPLICATION_REASON_BYTES_MAX, Replica, ReplicaChange, ReplicaVersion,
    ReplicationResult, Resync,
};
pub use target::{DEAD_LETTERS_MAX, SETTLED_AT_ONCE_MAX, TARGETS_MAX, TargetCommand, TargetRejection};
pub use upload::{CompleteUpload, CreateUpload, StorePart};
pub use worker::{AskWorker, ChangeWorker};

use crate::view::VersionName;
use identity::IdentityCommand;
use lifecycle::{AbortExpired, Expire};
use setting::Setting;

/// The inputs of `decide` besides the state: time and fresh ids.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The time.
    pub now: Timestamp,
    /// A fresh UUIDv7.
    pub fresh: Uuid,
}

/// A request for a change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Command {
    /// Create a bucket.
    CreateBucket {
        /// The name of the bucket.
        bucket: BucketName,
        /// The caller, who becomes the owner.
        owner: UserId,
        /// The ACL, unless it is private.
        acl: Option<Acl>,
        /// The object ownership, if the request specified it.
        ownership: Option<ObjectOwnership>,
        /// Whether object lock is enabled.
        object_lock: bool,
        /// The region, if the request names it.
        location: Option<RegionName>,
        /// The bucket's initial tags.
        tags: Tags,
    },
    /// Execute a command if the state that the caller's right depends on is unchanged.
    Judged {
        /// The state on which the right was judged.
        by: Box<Judged>,
        /// The command.
        command: Box<Command>,
    },
    /// Execute a command as the owner of a lease.
    Leased(Leased),
    /// Execute a command if no version ends by it, whatever the versioning of its bucket is then.
    Sparing(Box<Command>),
    /// Delete an empty bucket.
    DeleteBucket {
        /// The name of the bucket.
        bucket: BucketName,
    },
    /// Enable or suspend versioning.
    SetVersioning {
        /// The bucket.
        bucket: BucketName,
        /// The new setting.
        versioning: Versioning,
    },
    /// Set or remove a bucket's policy, which is well-formed.
    SetBucketPolicy {
        /// The bucket.
        bucket: BucketName,
        /// The JSON document.
        policy: Option<String>,
        /// Whether the policy is public.
        is_public: bool,
    },
    /// Set a bucket's ACL.
    SetBucketAcl {
        /// The bucket.
        bucket: BucketName,
        /// The new ACL.
        acl: Acl,
    },
    /// Set or remove a bucket's public access block.
    SetPublicAccess {
        /// The bucket.
        bucket: BucketName,
        /// The new setting.
        block: Option<PublicAccessBlock>,
    },
    /// Set or remove a bucket's object ownership.
    SetOwnership {
        /// The bucket.
        bucket: BucketName,
        /// The new setting.
        ownership: Option<ObjectOwnership>,
    },
    /// Set the ACL of an object's version.
    SetObjectAcl {
        /// The bucket.
        bucket: BucketName,
        /// The object's key.
        key: ObjectKey,
        /// The version whose owner was checked before.
        version: VersionId,
        /// The new ACL.
        acl: Acl,
    },
    /// Set the tags of an object's version.
    SetObjectTags {
        /// The bucket.
        bucket: BucketName,
        /// The object's key.
        key: ObjectKey,
        /// The version that was checked before.
        version: VersionId,
        /// The new tags; none removes all tags.
        tags: Tags,
    },
    /// Change one of a bucket's settings.
    SetBucketSetting {
        /// The bucket.
        bucket: BucketName,
        /// The new setting.
        setting: Setting,
    },
    /// Retain a version of an object.
    SetRetention(Box<SetRetention>),
    /// Set or lift the legal hold of a version.
    SetLegalHold(Box<SetLegalHold>),
    /// Set a bucket's quota.
    SetQuota {
        /// The bucket.
        bucket: BucketName,
        /// The new quota.
        quota: Quota,
    },
    /// Rotate the key with which an author proves its facts.
    ChangeKey(ChangeKey),
    /// Rotate the master key that seals secrets and proves facts.
    ChangeMasterKey(ChangeMasterKey),
    /// Allow facts up to a level. After that, programs that do not know the level cannot take part.
    UpgradeRegion {
        /// The region.
        region: RegionName,
        /// The level.
        level: u32,
        /// The release that requests it.
        release: String,
    },
    /// Begin a term of a lease.
    TakeLease(Box<TakeLease>),
    /// Give a lease back.
    ReleaseLease(ReleaseLease),
    /// Change settings of a background worker.
    ChangeWorker(Box<ChangeWorker>),
    /// Ask a background worker to look at all that it has to do.
    AskWorker(Box<AskWorker>),
    /// Add a durable consumer.
    AddConsumer(Box<AddConsumer>),
    /// Remove a durable consumer.
    RemoveConsumer(Box<RemoveConsumer>),
    /// Change targets, to which events are sent.
    Target(Box<TargetCommand>),
    /// Change links to other regions.
    Link(Box<LinkCommand>),
    /// Change users, keys, groups, policies or sessions.
    Identity(Box<IdentityCommand>),
    /// Let a node join with its data folder.
    JoinNode(Box<JoinNode>),
    /// Store a version of an object.
    PutObject(Box<PutObject>),
    /// Append bytes to an object.
    AppendObject(Box<AppendObject>),
    /// Delete an object, or one version of it.
    DeleteObject(Box<DeleteObject>),
    /// Expire a version, if a rule of its bucket does.
    Expire(Box<Expire>),
    /// Abort an upload, if a rule of its bucket does.
    AbortExpired(Box<AbortExpired>),
    /// Rename an object.
    RenameObject(Box<RenameObject>),
    /// Make a change that was made in another region.
    Replicate(Box<Replica>),
    /// Record how the replication of versions went.
    NoteReplicated(Box<NoteReplicated>),
    /// Compare a bucket with a destination, and send what is missing there.
    Resync(Box<Resync>),
    /// Record the state in which shards of a content were found.
    NoteHealth(Box<NoteHealth>),
    /// Move shards that were written anew: from now on they are read there. Shards that changed since are left out.
    PlaceShards(Box<PlaceShards>),
    /// End contents without references. Those that have a reference, or had one later, are left out.
    ReclaimContents(Box<ReclaimContents>),
    /// Move the region's horizon: no event may name a content that was uploaded before it.
    MoveHorizon(Box<MoveHorizon>),
    /// Record that a range of the log was signed.
    Checkpoint(Box<Checkpointed>),
    /// Put another key of the notary in use.
    ChangeNotaryKey(Box<KeyChanged>),
    /// Change the state of a node.
    ChangeNode(Box<ChangeNode>),
    /// Create a multipart upload.
    CreateUpload(Box<CreateUpload>),
    /// Store a part.
    StorePart(Box<StorePart>),
    /// Complete a multipart upload.
    CompleteUpload(Box<CompleteUpload>),
    /// Abort a multipart upload.
    AbortUpload {
        /// The bucket.
        bucket: BucketName,
        /// The key that the object would have had.
        key: ObjectKey,
        /// The upload.
        upload: UploadId,
    },
    /// Free some of the parts that nothing refers to any more: the rest of earlier commands that ended many, a few at a
    /// time. No client sends this.
    ReleaseParts {
        /// The maximum number of parts, and of uploads without parts, to release; at least 1.
        max: u16,
    },
}

impl Command {
    /// Whether the command can only remove data, so that it should be executed even where disk space is short.
    pub fn only_ends(&self) -> bool {
        match self {
            Self::Judged { command, .. } | Self::Leased(Leased { command, .. }) | Self::Sparing(command) => {
                command.only_ends()
            }
            Self::DeleteBucket { .. }
            | Self::DeleteObject(_)
            | Self::Expire(_)
            | Self::AbortExpired(_)
            | Self::AbortUpload { .. }
            | Self::ReclaimContents(_)
            | Self::MoveHorizon(_) => true,
            _ => false,
        }
    }
}

impl Command {
    /// Whether only the process that was asked can decide the command: the keys and the release that it has are part of
    /// it. Every other command may be decided by any process that holds the same state.
    pub fn is_of_this_process(&self) -> bool {
        match self {
            Self::Judged { command, .. } | Self::Leased(Leased { command, .. }) | Self::Sparing(command) => {
                command.is_of_this_process()
            }
            Self::ChangeKey(_) | Self::ChangeMasterKey(_) | Self::UpgradeRegion { .. } => true,
            Self::TakeLease(take) => take.lease == Lease::Committer,
            Self::ReleaseLease(release) => release.lease == Lease::Committer,
            _ => false,
        }
    }
}

/// The bytes that a command stores or refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NewBody {
    /// No bytes.
    Empty,
    /// Bytes whose shards were just written. If the same bytes are stored already, the stored content is used.
    Staged {
        /// The content.
        content: ContentId,
        /// The nodes that hold the shards.
        placement: Placement,
        /// The sequence of the event up to which facts about nodes were known when these nodes were chosen.
        chosen_at: u64,
        /// A content with the same bytes that must not be used, because too few of its nodes confirmed their shards.
        instead_of: Option<ContentId>,
        /// Which contents of the same bytes may be taken at all.
        scope: DedupScope,
    },
    /// A content that was stored when the caller looked.
    Known(ContentId),
    /// The parts of a completed upload.
    Parts(UploadId),
}

/// Among which contents bytes are looked for before they are stored once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DedupScope {
    /// All of the region.
    #[default]
    Region,
    /// Those that were uploaded to the same bucket.
    Bucket,
    /// None.
    Off,
}

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Success.
    Done,
    /// An object or a part is stored.
    Stored {
        /// The version's id; `None` for the null version, whose name S3 does not return.
        version: Option<VersionName>,
        /// The entity tag.
        etag: ETag,
        /// The time at which the version was stored.
        modified: Timestamp,
        /// The staged shards are in use. If not, they may be discarded.
        staged_in_use: bool,
    },
    /// An object or a version was deleted, or nothing was.
    Deleted {
        /// The version that was deleted, or the delete marker that was created.
        version: Option<VersionName>,
        /// Whether the version is a delete marker.
        delete_marker: bool,
    },
    /// The shards were moved.
    Placed {
        /// The generations of the shards that were not moved, because they changed since: nothing names them, and they
        /// may be discarded.
        refused: Vec<Generation>,
    },
    /// These contents ended.
    Reclaimed {
        /// The contents, with all names of their shards.
        contents: Vec<ContentId>,
    },
    /// A spent refresh token was presented. It or its successor was stolen, so the session ended.
    SessionRevoked,
}
