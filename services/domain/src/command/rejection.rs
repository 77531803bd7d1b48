use events::checkpoint::NOTARY_KEYS_MAX;
use events::ids::{FolderId, ObjectKey};
use events::lease::Lease;
use events::quota::Resource;
use serde::{Deserialize, Serialize};

use super::identity::IdentityRejection;
use super::link::LinkRejection;
use super::setting::BUCKET_TAGS_MAX;
use super::target::TargetRejection;
use super::{OBJECT_BYTES_MAX, PART_BYTES_MIN, PARTS_MAX};
use crate::proof::{KEY_NUMBER_MAX, MASTER_KEY_NUMBER_MAX};

/// The reason for which a command was refused. Nothing was changed or written to the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Rejection {
    /// Create the bucket first.
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
    /// Remove some first.
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
    /// The part was never stored, or has been replaced since.
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
    /// The bucket's quota does not allow it. Delete something, or have the quota raised.
    #[error("the bucket's quota of {limit} {} would be exceeded", resource.unit())]
    QuotaExceeded {
        /// The resource that would exceed its quota.
        resource: Resource,
        /// The quota.
        limit: u64,
    },
    /// Nothing was done: judge the right again.
    #[error("the rights of the caller have changed")]
    JudgedByOther,
    /// Remove the public grant or policy, or the public access block.
    #[error("the bucket's public access block refuses public access")]
    PublicAccessBlocked,
    /// The ACL grants something to others, which is not possible when ACLs are disabled. Make it private first.
    #[error("the bucket's ACL grants access to others")]
    AclGrantsOthers,
    /// The key has no such version.
    #[error("the version does not exist")]
    NoSuchVersion,
    /// There is nothing to do: the version was deleted or changed, or the rule was.
    #[error("no lifecycle rule applies to it now")]
    NotDue,
    /// Enable the bucket's object lock first.
    #[error("versions in the bucket cannot be locked")]
    NoObjectLock,
    /// Enable versioning first. With object lock it cannot be suspended.
    #[error("object lock needs versioning, and keeps it enabled")]
    LockNeedsVersioning,
    /// Wait until the retention ends, have the legal hold lifted, or bypass governance.
    #[error("the version is locked")]
    Locked,
    /// A retention must end in the future.
    #[error("the retention time is in the past")]
    RetainUntilPast,
    /// There is no object under the key to rename.
    #[error("there is no object to rename under {0}")]
    NoSuchSource(ObjectKey),
    /// Read the source again.
    #[error("the object has changed")]
    SourceChanged,
    /// Name a bucket of this region for the records of reads.
    #[error("the bucket for the records of reads does not exist")]
    NoSuchLogTarget,
    /// Enable the bucket's versioning first.
    #[error("replication needs versioning")]
    ReplicationNeedsVersioning,
    /// Remove the bucket's replication configuration first.
    #[error("versioning cannot be suspended while the bucket is replicated")]
    ReplicationKeepsVersioning,
    /// Enable the versioning of the bucket that receives replicas.
    #[error("a bucket without versioning receives no replicas")]
    ReplicaNeedsVersioning,
    /// Set the clock of the region that it comes from.
    #[error("the replica comes from the future")]
    ReplicaAhead,
    /// One of the two regions is damaged: versions never change.
    #[error("a different version with this id exists here, or parts of the replica are missing")]
    ReplicaDiffers,
    /// Wait until the version's retention is over, or let the user who replicates bypass governance.
    #[error("a version is locked in this region, and the replica would end it or shorten its retention")]
    ReplicaWeakens,
    /// Delete the version in this region, too.
    #[error("a bucket with object lock takes no deletions of versions from other regions")]
    ReplicaRemovesLocked,
    /// Name a destination of the bucket's rules.
    #[error("no rule of the bucket replicates to that destination")]
    NoSuchDestination,
    /// Note fewer versions, or a shorter reason.
    #[error("too many versions at once, or too long a reason")]
    TooMuchNoted,
    /// The bucket keeps no versions by now. Enable versioning first.
    #[error("a version would be destroyed")]
    WouldEndAVersion,
    /// Ask for the object's size, and append there.
    #[error("the object does not end at that offset")]
    WrongOffset,
    /// Append at least one byte.
    #[error("the appended body is empty")]
    NothingToAppend,
    /// Store the object again, in fewer parts.
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
    /// Use a fresh token for another request.
    #[error("the client token was used for the rename of another key")]
    TokenOfAnother,
    /// Bring that folder back, or declare it lost.
    #[error("the node is known with the data folder {}", known.map_or_else(|| "none".into(), |known| known.to_string()))]
    OtherFolder {
        /// The folder under the node's name, if there is one.
        known: Option<FolderId>,
    },
    /// Let it join first.
    #[error("no such storage node has joined")]
    NoSuchNode,
    /// Let it resume first.
    #[error("the storage node was removed")]
    NodeRemoved,
    /// Drain it first, or say that they are given up.
    #[error("{shards} shards are placed on the storage node")]
    NodeInUse {
        /// How many.
        shards: u64,
    },
    /// A node took a part of it that has been given up, or is being emptied, since its nodes were chosen: store it again.
    #[error("the nodes that it was stored on have changed")]
    PlacementStale,
    /// Its upload took longer than any may, or its shards were given up: store it again.
    #[error("it was stored too long ago")]
    StagedTooOld,
    /// Name a moment that has come.
    #[error("the horizon cannot lie in the future")]
    HorizonAhead,
    /// Sign what follows.
    #[error("the next checkpoint begins behind entry {last} and names the one before it")]
    CheckpointNotNext {
        /// The last entry that is covered.
        last: u64,
    },
    /// Sign with the key in use, or have that sign the next one.
    #[error("the notary uses another key")]
    OtherNotaryKey,
    /// Keep the key in use.
    #[error("the notary has had {NOTARY_KEYS_MAX} keys, and there are no more")]
    TooManyNotaryKeys,
    /// A rule about users, keys, groups, policies or sessions.
    #[error(transparent)]
    Identity(#[from] IdentityRejection),
    /// A rule about targets.
    #[error(transparent)]
    Target(#[from] TargetRejection),
    /// About links to other regions.
    #[error(transparent)]
    Link(#[from] LinkRejection),
    /// Other programs may not know such a fact. Upgrade the region once all its programs are new enough.
    #[error(
        "this needs level {needed}, and the region is at {level}: once every process runs this release or a newer one, run `planetstore admin region upgrade`"
    )]
    LevelTooLow {
        /// The level of the fact that would be written.
        needed: u32,
        /// The region's level.
        level: u32,
    },
    /// Use the number that follows this one.
    #[error("the number of the key in use is {0}; the next one follows it, up to {KEY_NUMBER_MAX}")]
    KeyNotNext(u32),
    /// Use the number that follows this one, and the key that all processes hold under it.
    #[error("the number of the master key in use is {0}; the next one follows it, up to {MASTER_KEY_NUMBER_MAX}")]
    MasterKeyNotNext(u32),
    /// This process may never write such a fact.
    #[error("this process may not write this fact")]
    NotAuthor,
    /// Stop this work: another process does it, or will.
    #[error("this process does not own the lease {0} any more")]
    LeaseLost(Lease),
    /// The bytes were reclaimed meanwhile: upload them, or look again.
    #[error("the content is gone")]
    ContentGone,
    /// Too many of its shards are known to be missing or damaged: upload the bytes, or read and copy them.
    #[error("the content would not survive the loss of a node")]
    ContentUnsafe,
}
