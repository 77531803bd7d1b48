//! What may be asked, and what is answered.

mod append;
mod delete;
mod health;
pub(crate) mod identity;
mod judged;
pub(crate) mod lifecycle;
mod lock;
mod node;
mod precondition;
mod region;
mod rename;
pub(crate) mod setting;

use events::access::{Acl, ObjectOwnership, PublicAccessBlock};
use events::bucket::Versioning;
use events::encryption::Encryption;
use events::ids::{
    BucketName, ContentId, ETag, FolderId, Md5Digest, ObjectKey, PartNumber, Placement, RegionName, Salt, UploadId,
    UserId, VersionId,
};
use events::lock::Lock;
use events::object::{Attributes, Checksum, Operation};
use events::quota::{Quota, Resource};
use events::tags::Tags;
use events::upload::ChecksumPlan;
use jiff::Timestamp;
use uuid::Uuid;

pub use append::{AppendObject, OBJECT_BYTES_MAX, PART_BYTES_MIN, PARTS_MAX};
pub use delete::{DeleteObject, DeletePrecondition};
pub use health::{Finding, NoteHealth};
pub use judged::{Judged, JudgedBucket, JudgedCaller};
pub use lock::{SetLegalHold, SetRetention};
pub use node::JoinNode;
pub use precondition::{ETags, Precondition};
pub use region::{ChangeKey, ChangeMasterKey};
pub use rename::{CLIENT_TOKEN_BYTES_MAX, RenameObject};

use crate::proof::{KEY_NUMBER_MAX, MASTER_KEY_NUMBER_MAX};
use crate::view::VersionName;
use identity::{IdentityCommand, IdentityRejection};
use lifecycle::{AbortExpired, Expire};
use setting::{BUCKET_TAGS_MAX, Setting};

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

/// Store a version of an object.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of `object.created`")]
pub struct PutObject {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub size: u64,
    pub etag: ETag,
    pub body: NewBody,
    pub checksum: Option<Checksum>,
    pub encryption: Option<Encryption>,
    pub attributes: Attributes,
    pub owner: Option<UserId>,
    pub acl: Option<Acl>,
    pub lock: Lock,
    pub operation: Operation,
    pub precondition: Precondition,
}

/// Begin a multipart upload.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of `upload.created`")]
pub struct CreateUpload {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub upload: UploadId,
    pub attributes: Attributes,
    pub checksum: Option<ChecksumPlan>,
    pub encryption: Option<Encryption>,
    pub initiator: Option<UserId>,
    pub owner: Option<UserId>,
    pub acl: Option<Acl>,
    pub lock: Lock,
}

/// Store a part.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of `upload.part_stored`")]
pub struct StorePart {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub upload: UploadId,
    pub number: PartNumber,
    pub size: u64,
    pub md5: Md5Digest,
    pub body: NewBody,
    pub checksum: Option<Checksum>,
    pub salt: Option<Salt>,
}

/// Make the object of the parts.
#[derive(Debug, Clone)]
pub struct CompleteUpload {
    /// Where.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub upload: UploadId,
    /// The parts to take, each with the MD5 by which the asker knows it.
    pub parts: Vec<(PartNumber, Md5Digest)>,
    /// The object's entity tag, made of those MD5s.
    pub etag: ETag,
    /// The object's checksum, made of the parts'.
    pub checksum: Option<Checksum>,
    /// The precondition on the key's current object.
    pub precondition: Precondition,
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

/// The reason for which a command was refused. Nothing was changed or written to the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Make the bucket first.
    #[error("the bucket does not exist")]
    NoSuchBucket,
    /// The name is taken.
    #[error("the bucket exists already")]
    BucketExists {
        /// Whether the caller owns the existing bucket.
        yours: bool,
    },
    /// Delete its versions and delete markers first.
    #[error("the bucket holds objects, versions or delete markers")]
    BucketNotEmpty,
    /// Take some away first.
    #[error("a bucket carries at most {BUCKET_TAGS_MAX} tags")]
    TooManyTags,
    /// Versioning can be suspended but not undone.
    #[error("versioning cannot return to never having been enabled")]
    VersioningCannotBeUndone,
    /// `If-Match` on a key without an object.
    #[error("the key holds no object")]
    NoSuchKey,
    /// Read the object again.
    #[error("a precondition does not hold")]
    PreconditionFailed,
    /// The upload was completed, aborted or never created.
    #[error("the upload does not exist")]
    NoSuchUpload,
    /// The part was never stored, or replaced since.
    #[error("part {0} is not there with that entity tag")]
    InvalidPart(u16),
    /// Parts must be named in ascending order, each once, at least one.
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    /// Only the last part may be small.
    #[error("part {number} has {size} bytes; all but the last need {PART_BYTES_MIN}")]
    PartTooSmall {
        /// The number of the part.
        number: u16,
        /// The size in bytes.
        size: u64,
    },
    /// The object would be too large.
    #[error("the object would have {size} bytes; at most {OBJECT_BYTES_MAX} are allowed")]
    ObjectTooLarge {
        /// The size in bytes.
        size: u64,
    },
    /// The bucket may not hold so much. Delete something, or have the quota raised.
    #[error("the bucket's quota of {limit} {} would be exceeded", resource.unit())]
    QuotaExceeded {
        /// The resource that would exceed its quota.
        resource: Resource,
        /// The quota.
        limit: u64,
    },
    /// Judge anew: nothing was done.
    #[error("the rights of the caller have changed")]
    JudgedByOther,
    /// Take away what would be open to everybody, or the block.
    #[error("the bucket's public access block refuses public access")]
    PublicAccessBlocked,
    /// The ACL grants something to others, which it cannot once ACLs are off. Make it private first.
    #[error("the bucket's ACL grants access to others")]
    AclGrantsOthers,
    /// There is no such version of the key.
    #[error("the version does not exist")]
    NoSuchVersion,
    /// The version is gone or was changed, or the rule was: there is nothing to do.
    #[error("no lifecycle rule applies to it now")]
    NotDue,
    /// Enable the bucket's object lock first.
    #[error("versions in the bucket cannot be locked")]
    NoObjectLock,
    /// Enable versioning first. Where versions may be locked it stays enabled.
    #[error("object lock needs versioning, and keeps it enabled")]
    LockNeedsVersioning,
    /// Wait until its time is over, have its legal hold taken off, or bypass governance.
    #[error("the version is locked")]
    Locked,
    /// A version cannot be retained until a moment that is over.
    #[error("the retention time is in the past")]
    RetainUntilPast,
    /// There is no object under the key that it shall no longer have.
    #[error("there is no object to rename under {0}")]
    NoSuchSource(ObjectKey),
    /// Look at it again.
    #[error("the object has changed")]
    SourceChanged,
    /// Ask for its size, and append there.
    #[error("the object does not end at that offset")]
    WrongOffset,
    /// Bring at least one byte.
    #[error("the appended body is empty")]
    NothingToAppend,
    /// Store it anew, in fewer parts.
    #[error("the object has {PARTS_MAX} parts already")]
    TooManyParts,
    /// Store a new version instead.
    #[error("appends need a bucket that never had versioning")]
    AppendAmongVersions,
    /// Name another key.
    #[error("the object has that key already")]
    RenamedOntoItself,
    /// Copy and delete instead.
    #[error("renames need a bucket that never had versioning")]
    RenameAmongVersions,
    /// Take a fresh token for another request.
    #[error("the client token was used for the rename of another key")]
    TokenOfAnother,
    /// Bring that folder back, or say that it is given up.
    #[error("the node is known with the data folder {}", known.map_or_else(|| "none".into(), |known| known.to_string()))]
    OtherFolder {
        /// The folder under the node's name, if there is one.
        known: Option<FolderId>,
    },
    /// A rule about users, keys, groups, policies or sessions.
    #[error(transparent)]
    Identity(#[from] IdentityRejection),
    /// Other programs may not know such a fact. Upgrade the region once all its programs are new enough.
    #[error(
        "this needs level {needed}, and the region is at {level}: once every process runs this release or a newer one, run `planetstore admin region upgrade`"
    )]
    LevelTooLow {
        /// The level of the fact that would be written.
        needed: u32,
        /// The region's.
        level: u32,
    },
    /// Ask for the number that follows this one.
    #[error("the number of the key in use is {0}; the next one follows it, up to {KEY_NUMBER_MAX}")]
    KeyNotNext(u32),
    /// Ask for the number that follows this one, with the key that all processes hold under it.
    #[error("the number of the master key in use is {0}; the next one follows it, up to {MASTER_KEY_NUMBER_MAX}")]
    MasterKeyNotNext(u32),
    /// This process may not write such a fact, now or ever.
    #[error("this process may not write this fact")]
    NotAuthor,
    /// The bytes were reclaimed between looking and asking: upload them, or look again.
    #[error("the content is gone")]
    ContentGone,
    /// Too many of its shards are known to be missing or damaged: upload the bytes, or read and copy them.
    #[error("the content would not survive the loss of a node")]
    ContentUnsafe,
}
