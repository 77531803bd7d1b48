//! What may be asked, and what is answered.

mod append;
mod delete;
mod health;
pub(crate) mod identity;
mod judged;
pub(crate) mod lifecycle;
mod lock;
mod node;
mod object;
mod precondition;
mod region;
mod rejection;
mod rename;
pub(crate) mod setting;
mod upload;

use events::access::{Acl, ObjectOwnership, PublicAccessBlock};
use events::bucket::Versioning;
use events::ids::{BucketName, ContentId, ETag, ObjectKey, Placement, RegionName, UploadId, UserId, VersionId};
use events::quota::Quota;
use events::tags::Tags;
use jiff::Timestamp;
use uuid::Uuid;

pub use append::{AppendObject, OBJECT_BYTES_MAX, PART_BYTES_MIN, PARTS_MAX};
pub use delete::{DeleteObject, DeletePrecondition};
pub use health::{Finding, NoteHealth};
pub use judged::{Judged, JudgedBucket, JudgedCaller};
pub use lock::{SetLegalHold, SetRetention};
pub use node::JoinNode;
pub use object::PutObject;
pub use precondition::{ETags, Precondition};
pub use region::{ChangeKey, ChangeMasterKey};
pub use rejection::Rejection;
pub use rename::{CLIENT_TOKEN_BYTES_MAX, RenameObject};
pub use upload::{CompleteUpload, CreateUpload, StorePart};

use crate::view::VersionName;
use identity::IdentityCommand;
use lifecycle::{AbortExpired, Expire};
use setting::Setting;

/// The inputs of `decide` from outside of the state: time and fresh ids.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The time.
    pub now: Timestamp,
    /// A fresh UUIDv7.
    pub fresh: Uuid,
}

/// A wish for a change.
#[derive(Debug, Clone)]
pub enum Command {
    /// Make a bucket.
    CreateBucket {
        /// The name of the bucket.
        bucket: BucketName,
        /// The caller, who becomes the owner.
        owner: UserId,
        /// The ACL, unless it is private.
        acl: Option<Acl>,
        /// The object ownership, if the request specified it.
        ownership: Option<ObjectOwnership>,
        /// Whether versions in it may be locked.
        object_lock: bool,
        /// The region, if it is named.
        location: Option<RegionName>,
        /// The tags it is to carry.
        tags: Tags,
    },
    /// Do something for somebody, if nothing changed of what their right to it was judged by.
    Judged {
        /// The state on which the right was judged.
        by: Box<Judged>,
        /// The command.
        command: Box<Command>,
    },
    /// Remove an empty bucket.
    DeleteBucket {
        /// The name of the bucket.
        bucket: BucketName,
    },
    /// Switch versioning on or off.
    SetVersioning {
        /// The bucket.
        bucket: BucketName,
        /// The new setting.
        versioning: Versioning,
    },
    /// Set a bucket's policy, which is well-formed, or take it away.
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
    /// Set what keeps a bucket from becoming public, or take it away.
    SetPublicAccess {
        /// The bucket.
        bucket: BucketName,
        /// The new setting.
        block: Option<PublicAccessBlock>,
    },
    /// Set who owns what others store in a bucket, or leave it to the default.
    SetOwnership {
        /// The bucket.
        bucket: BucketName,
        /// The new setting.
        ownership: Option<ObjectOwnership>,
    },
    /// Set the ACL of an object's version.
    SetObjectAcl {
        /// Where.
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
        /// Where.
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
    /// Hold a version of an object, or no longer.
    SetLegalHold(Box<SetLegalHold>),
    /// Set how much a bucket may hold.
    SetQuota {
        /// The bucket.
        bucket: BucketName,
        /// The new quota.
        quota: Quota,
    },
    /// Have an author prove its facts with the next key.
    ChangeKey(ChangeKey),
    /// Have secrets sealed, and facts proven, with the next master key.
    ChangeMasterKey(ChangeMasterKey),
    /// Let facts up to a level be written. Once this is done, programs that do not know the level cannot take part.
    UpgradeRegion {
        /// The region.
        region: RegionName,
        /// The level.
        level: u32,
        /// The release that asks.
        release: String,
    },
    /// Change who may do what.
    Identity(Box<IdentityCommand>),
    /// Let a node join with its data folder.
    JoinNode(Box<JoinNode>),
    /// Store a version of an object.
    PutObject(Box<PutObject>),
    /// Add bytes at the end of an object.
    AppendObject(Box<AppendObject>),
    /// Delete an object, or one version of it.
    DeleteObject(Box<DeleteObject>),
    /// End a version if a rule of its bucket does.
    Expire(Box<Expire>),
    /// Give an upload up if a rule of its bucket does.
    AbortExpired(Box<AbortExpired>),
    /// Give an object another key.
    RenameObject(Box<RenameObject>),
    /// Note what shards of a content were found to be.
    NoteHealth(Box<NoteHealth>),
    /// Begin a multipart upload.
    CreateUpload(Box<CreateUpload>),
    /// Store a part.
    StorePart(Box<StorePart>),
    /// Make the object of the parts.
    CompleteUpload(Box<CompleteUpload>),
    /// Give an upload up.
    AbortUpload {
        /// Where.
        bucket: BucketName,
        /// The key the object would have had.
        key: ObjectKey,
        /// The upload.
        upload: UploadId,
    },
    /// Free some of the parts that nothing refers to any more: what follows, a little at a time, from commands that
    /// ended many. Nobody asks for this from outside.
    ReleaseParts {
        /// The maximum number of parts, and of uploads without parts, to release; at least 1.
        max: u16,
    },
}

impl Command {
    /// Whether it can only end what is stored, so that it should be done also where there is little room.
    pub fn only_ends(&self) -> bool {
        match self {
            Self::Judged { command, .. } => command.only_ends(),
            Self::DeleteBucket { .. }
            | Self::DeleteObject(_)
            | Self::Expire(_)
            | Self::AbortExpired(_)
            | Self::AbortUpload { .. } => true,
            _ => false,
        }
    }
}

/// Bytes that a command brings or points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewBody {
    /// No bytes.
    Empty,
    /// Bytes whose shards were just written. If their content is stored already, that one is taken.
    Staged {
        /// The content.
        content: ContentId,
        /// The nodes that hold the shards.
        placement: Placement,
        /// A content of the same bytes that is not to be taken, because too few of its nodes showed their shards.
        instead_of: Option<ContentId>,
    },
    /// A content that was stored when the asker looked.
    Known(ContentId),
    /// The parts of a completed upload.
    Parts(UploadId),
}

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Success.
    Done,
    /// An object or a part is stored.
    Stored {
        /// The version's name, where it has an id of its own: nobody is told that what they stored is the null version.
        version: Option<VersionName>,
        /// The entity tag.
        etag: ETag,
        /// The time at which the version was stored.
        modified: Timestamp,
        /// The staged shards are in use. If not, they may be discarded.
        staged_in_use: bool,
    },
    /// An object, a version or nothing was deleted.
    Deleted {
        /// The version that went, or the delete marker that came.
        version: Option<VersionName>,
        /// Whether the version is a delete marker.
        delete_marker: bool,
    },
    /// A spent refresh token was shown: whoever has it or its successor stole it, so the session ended.
    SessionRevoked,
}
