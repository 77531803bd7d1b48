//! Maps internal errors to S3 errors. It is the only place that does so.

use domain::{IdentityRejection, PART_BYTES_MIN, Rejection, TargetRejection};
use events::ids::TargetName;
use events::quota::Resource;
use http::{HeaderName, HeaderValue};
use ledger::{CommitError, StateError};
use s3::notification::TARGET_ARN;
use s3::xml::NotificationConfiguration;
use s3::{Code, Error};
use shards::{ReadError, WriteError};

/// A refused request: the S3 error, and the headers that go with it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Failure {
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, headers: Vec::new() }
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        tracing::error!(%error, "the state cannot be read");
        Error::new(Code::InternalError).into()
    }
}

impl From<ledger::ReadError> for Failure {
    fn from(error: ledger::ReadError) -> Self {
        tracing::warn!(%error, "a read was refused");
        slow_down("The state is not up to date at the moment. Try again.").into()
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        tracing::warn!(%error, "a content was not stored");
        match error {
            WriteError::Full(_) => {
                Error::with_message(Code::ServiceUnavailable, "The storage nodes are full. Nothing was stored.").into()
            }
            WriteError::TooLarge => Error::new(Code::EntityTooLarge).into(),
            WriteError::TooFewNodes(_) | WriteError::NodesFailed { .. } => {
                slow_down("Too few storage nodes respond to store this safely. Nothing was stored; try again.").into()
            }
            WriteError::Busy => slow_down("Too many uploads are in flight. Nothing was stored; try again.").into(),
            WriteError::Empty | WriteError::Internal(_) => Error::new(Code::InternalError).into(),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        tracing::error!(%error, "a content cannot be read");
        match error {
            ReadError::Lost { .. } | ReadError::Altered => {
                slow_down("Too few storage nodes have this object's shards at the moment. Try again.").into()
            }
            ReadError::Busy => slow_down("Too many downloads are in flight. Try again.").into(),
            ReadError::OutOfRange { .. } | ReadError::TooLarge | ReadError::NoSecret(_) | ReadError::Internal => {
                Error::new(Code::InternalError).into()
            }
        }
    }
}

fn slow_down(message: &'static str) -> Error {
    Error::with_message(Code::SlowDown, message)
}

/// The bucket, key or other thing that a rejected command was about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a [u8],
    pub(crate) upload: &'a str,
    pub(crate) version: &'a str,
    /// The header with the condition of the request, if it has one.
    pub(crate) condition: Option<&'static str>,
}

/// The S3 error for a command that was not committed.
pub(crate) fn commit_failure(error: &CommitError, about: About<'_>) -> Error {
    match error {
        CommitError::Rejected(rejection) => rejected(rejection, about),
        CommitError::Unavailable(_) | CommitError::Busy => {
            tracing::warn!(%error, "a command was refused");
            slow_down("The event log accepts no writes at the moment. Nothing was changed; try again.")
        }
        CommitError::Unknown => {
            tracing::warn!(%error, "a command's outcome is unknown");
            let message = "The outcome was not known in time; the write may still happen. Read before you try again.";
            Error::with_message(Code::ServiceUnavailable, message)
        }
        CommitError::Stopped(_) => {
            tracing::error!(%error, "a command met a stopped ledger");
            Error::with_message(Code::ServiceUnavailable, "This gateway accepts no writes until it is restarted.")
        }
    }
}

fn invalid_state(about: About<'_>, message: &'static str) -> Error {
    Error::with_message(Code::InvalidBucketState, message).detail("BucketName", about.bucket)
}

#[expect(clippy::too_many_lines, reason = "an arm for each rejection")]
pub(crate) fn rejected(rejection: &Rejection, about: About<'_>) -> Error {
    match rejection {
        Rejection::NoSuchBucket => Error::no_such_bucket(about.bucket),
        Rejection::BucketExists { yours } => Error::bucket_exists(about.bucket, *yours),
        Rejection::BucketNotEmpty => Error::new(Code::BucketNotEmpty).detail("BucketName", about.bucket),
        Rejection::TooManyTags => Error::with_message(Code::InvalidTag, "Bucket tags cannot be more than 50"),
        Rejection::VersioningCannotBeUndone => Error::malformed_xml(),
        Rejection::NoSuchKey => Error::no_such_key(about.key),
        Rejection::PreconditionFailed => {
            about.condition.map_or_else(|| Error::new(Code::PreconditionFailed), Error::precondition_failed)
        }
        Rejection::NoSuchUpload => Error::no_such_upload(about.upload),
        Rejection::InvalidPart(number) => Error::invalid_part(about.upload, *number, ""),
        Rejection::InvalidPartOrder => Error::new(Code::InvalidPartOrder).detail("UploadId", about.upload),
        Rejection::PartTooSmall { number, size } => Error::entity_too_small(*size, PART_BYTES_MIN, *number, ""),
        Rejection::ObjectTooLarge { size } => Error::entity_too_large(*size, domain::OBJECT_BYTES_MAX),
        Rejection::QuotaExceeded { resource, limit } => quota_exceeded(about, *resource, *limit),
        Rejection::JudgedByOther => {
            slow_down("Permissions keep changing during this request. Nothing was done; try again.")
        }
        Rejection::PublicAccessBlocked => {
            Error::access_denied("Access Denied: the bucket's public access block refuses public access.")
        }
        Rejection::AclGrantsOthers => Error::new(Code::InvalidBucketAclWithObjectOwnership),
        Rejection::NoSuchVersion => Error::no_such_version(about.key, about.version),
        Rejection::NoObjectLock => missing_object_lock(),
        Rejection::LockNeedsVersioning => invalid_state(about, "Object Lock needs versioning, and keeps it enabled."),
        Rejection::ReplicationNeedsVersioning => {
            Error::invalid_request("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
        }
        Rejection::ReplicationKeepsVersioning => invalid_state(
            about,
            "A replication configuration is present on this bucket, so the versioning state cannot be changed.",
        ),
        Rejection::ReplicaNeedsVersioning
        | Rejection::ReplicaDiffers
        | Rejection::ReplicaRemovesLocked
        | Rejection::ReplicaWeakens => {
            Error::with_message(Code::InvalidBucketState, rejection.to_string()).detail("BucketName", about.bucket)
        }
        Rejection::ReplicaAhead => Error::invalid_request(rejection.to_string()),
        Rejection::Locked => locked(),
        Rejection::RetainUntilPast => {
            Error::with_message(Code::InvalidArgument, "The retain until date must be in the future!")
        }
        Rejection::Identity(IdentityRejection::OtherMasterKey) => master_key_changed(),
        Rejection::Target(TargetRejection::NoSuch(name)) => no_such_target(name),
        Rejection::NotDue
        | Rejection::Target(_)
        | Rejection::Link(_)
        | Rejection::Identity(_)
        | Rejection::OtherFolder { .. }
        | Rejection::KeyNotNext(_)
        | Rejection::MasterKeyNotNext(_)
        | Rejection::LeaseLost(_)
        | Rejection::NoSuchNode
        | Rejection::NodeRemoved
        | Rejection::NodeInUse { .. }
        | Rejection::HorizonAhead
        | Rejection::CheckpointNotNext { .. }
        | Rejection::OtherNotaryKey
        | Rejection::TooManyNotaryKeys
        | Rejection::WouldEndAVersion
        | Rejection::NoSuchDestination
        | Rejection::TooMuchNoted
        | Rejection::NotAuthor => not_of_s3(rejection),
        Rejection::NoSuchLogTarget => Error::new(Code::InvalidTargetBucketForLogging),
        Rejection::NoSuchSource(source) => Error::no_such_key(source.as_bytes()),
        Rejection::SourceChanged => {
            slow_down("The object was created or changed meanwhile. Nothing was done; try again.")
        }
        Rejection::WrongOffset => Error::new(Code::InvalidWriteOffset),
        Rejection::NothingToAppend => nothing_to_append(),
        Rejection::TooManyParts => too_many_parts(),
        Rejection::AppendAmongVersions => invalid_state(
            about,
            "Bytes are appended only in buckets that never had versioning. Store a new version instead.",
        ),
        Rejection::RenamedOntoItself => {
            Error::invalid_request("The object has that key already. Name another one as the target of the request.")
        }
        Rejection::RenameAmongVersions => invalid_state(
            about,
            "Objects are renamed only in buckets that never had versioning. Copy and delete instead.",
        ),
        Rejection::TokenOfAnother => Error::new(Code::IdempotencyParameterMismatch),
        Rejection::LevelTooLow { .. } => Error::with_message(Code::NotImplemented, rejection.to_string()),
        Rejection::PlacementStale => {
            slow_down("The storage nodes have changed while the bytes were stored. Nothing was stored; try again.")
        }
        Rejection::StagedTooOld => slow_down("The upload took longer than one may. Nothing was stored; try again."),
        Rejection::ContentGone | Rejection::ContentUnsafe => {
            slow_down("The stored bytes can no longer be used. Nothing was stored; try again.")
        }
    }
}

fn no_such_target(name: &TargetName) -> Error {
    NotificationConfiguration::no_such_target(&format!("{TARGET_ARN}{name}"))
}

fn locked() -> Error {
    Error::access_denied(
        "Access Denied because object protected by object lock. Wait until its retention is over, have its legal \
         hold lifted, or bypass governance with x-amz-bypass-governance-retention.",
    )
}

fn quota_exceeded(about: About<'_>, resource: Resource, limit: u64) -> Error {
    let message =
        format!("The bucket may hold {limit} {}, and this would be more. Nothing was stored.", resource.unit());
    Error::with_message(Code::QuotaExceeded, message).detail("BucketName", about.bucket)
}

fn too_many_parts() -> Error {
    let message =
        format!("The object has {} parts, and no more are allowed. Store it again in fewer parts.", domain::PARTS_MAX);
    Error::with_message(Code::TooManyParts, message)
}

fn not_of_s3(rejection: &Rejection) -> Error {
    tracing::error!(%rejection, "the gateway committed an unexpected command");
    Error::new(Code::InternalError)
}

/// The bucket's versions cannot be locked.
pub(crate) fn missing_object_lock() -> Error {
    Error::invalid_request("Bucket is missing Object Lock Configuration")
}

fn master_key_changed() -> Error {
    slow_down("The region's master key was changed meanwhile. Nothing was done; try again.")
}

/// An append without bytes, which S3 refuses.
pub(crate) fn nothing_to_append() -> Error {
    Error::invalid_request("Request body cannot be empty when 'write offset' is specified.")
}
