//! The right that each operation needs.

use events::ids::UserId;
use policy::Action;
use s3::condition::DeleteConditions;
use s3::request::Head;
use s3::{Error, Operation};

use crate::convert;

/// The resource that a right is needed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The store.
    Service,
    /// A bucket that is about to be created.
    NewBucket,
    /// The addressed bucket.
    Bucket,
    /// The key of the addressed object; its owner and ACL do not count.
    Key,
    /// The addressed object, or the named version of it, with its owner and ACL.
    Object,
    /// The key that a form names, judged once its fields are read.
    Form,
    /// Keys that the body names.
    NamedKeys,
    /// The region and all that is administered in it.
    Region,
    /// The addressed upload in progress.
    Upload,
}

/// A right that a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Needed {
    pub(crate) action: Action,
    pub(crate) target: Target,
}

/// The main right that an operation needs. `DeleteObjects` needs one for each key in its body; copies also need one for
/// their source.
#[expect(clippy::too_many_lines, reason = "a row for each operation")]
pub(crate) fn needed(operation: Operation, head: &Head<'_>) -> Result<Needed, Error> {
    use Operation as O;
    let versioned = head.version_id()?.is_some();
    let either = |plain, of_version| if versioned { of_version } else { plain };
    let (action, target) = match operation {
        O::ListBuckets => (Action::ListAllMyBuckets, Target::Service),
        O::CreateBucket => (Action::CreateBucket, Target::NewBucket),
        O::DeleteBucket => (Action::DeleteBucket, Target::Bucket),
        O::HeadBucket | O::ListObjects | O::ListObjectsV2 => (Action::ListBucket, Target::Bucket),
        O::ListObjectVersions => (Action::ListBucketVersions, Target::Bucket),
        O::ListMultipartUploads => (Action::ListBucketMultipartUploads, Target::Bucket),
        O::GetBucketLocation => (Action::GetBucketLocation, Target::Bucket),
        O::GetBucketVersioning => (Action::GetBucketVersioning, Target::Bucket),
        O::PutBucketVersioning => (Action::PutBucketVersioning, Target::Bucket),
        O::GetBucketRequestPayment => (Action::GetBucketRequestPayment, Target::Bucket),
        O::PutBucketRequestPayment => (Action::PutBucketRequestPayment, Target::Bucket),
        O::GetBucketWebsite => (Action::GetBucketWebsite, Target::Bucket),
        O::DeleteBucketWebsite => (Action::DeleteBucketWebsite, Target::Bucket),
        O::GetBucketReplication => (Action::GetReplicationConfiguration, Target::Bucket),
        O::PutBucketReplication | O::DeleteBucketReplication => (Action::PutReplicationConfiguration, Target::Bucket),
        O::GetBucketLogging => (Action::GetBucketLogging, Target::Bucket),
        O::PutBucketLogging => (Action::PutBucketLogging, Target::Bucket),
        O::GetBucketNotificationConfiguration => (Action::GetBucketNotification, Target::Bucket),
        O::PutBucketNotificationConfiguration => (Action::PutBucketNotification, Target::Bucket),
        O::GetBucketAccelerateConfiguration => (Action::GetAccelerateConfiguration, Target::Bucket),
        O::PutBucketAccelerateConfiguration => (Action::PutAccelerateConfiguration, Target::Bucket),
        O::ListBucketAnalyticsConfigurations | O::GetBucketAnalyticsConfiguration => {
            (Action::GetAnalyticsConfiguration, Target::Bucket)
        }
        O::DeleteBucketAnalyticsConfiguration => (Action::PutAnalyticsConfiguration, Target::Bucket),
        O::ListBucketInventoryConfigurations | O::GetBucketInventoryConfiguration => {
            (Action::GetInventoryConfiguration, Target::Bucket)
        }
        O::DeleteBucketInventoryConfiguration => (Action::PutInventoryConfiguration, Target::Bucket),
        O::ListBucketMetricsConfigurations | O::GetBucketMetricsConfiguration => {
            (Action::GetMetricsConfiguration, Target::Bucket)
        }
        O::DeleteBucketMetricsConfiguration => (Action::PutMetricsConfiguration, Target::Bucket),
        O::ListBucketIntelligentTieringConfigurations | O::GetBucketIntelligentTieringConfiguration => {
            (Action::GetIntelligentTieringConfiguration, Target::Bucket)
        }
        O::DeleteBucketIntelligentTieringConfiguration => (Action::PutIntelligentTieringConfiguration, Target::Bucket),
        O::GetBucketPolicy => (Action::GetBucketPolicy, Target::Bucket),
        O::PutBucketPolicy => (Action::PutBucketPolicy, Target::Bucket),
        O::DeleteBucketPolicy => (Action::DeleteBucketPolicy, Target::Bucket),
        O::GetBucketPolicyStatus => (Action::GetBucketPolicyStatus, Target::Bucket),
        O::GetPublicAccessBlock => (Action::GetBucketPublicAccessBlock, Target::Bucket),
        O::PutPublicAccessBlock | O::DeletePublicAccessBlock => (Action::PutBucketPublicAccessBlock, Target::Bucket),
        O::GetBucketOwnershipControls => (Action::GetBucketOwnershipControls, Target::Bucket),
        O::PutBucketOwnershipControls | O::DeleteBucketOwnershipControls => {
            (Action::PutBucketOwnershipControls, Target::Bucket)
        }
        O::GetBucketCors => (Action::GetBucketCors, Target::Bucket),
        O::PutBucketCors | O::DeleteBucketCors => (Action::PutBucketCors, Target::Bucket),
        O::GetBucketEncryption => (Action::GetEncryptionConfiguration, Target::Bucket),
        O::PutBucketEncryption | O::DeleteBucketEncryption => (Action::PutEncryptionConfiguration, Target::Bucket),
        O::GetBucketLifecycleConfiguration => (Action::GetLifecycleConfiguration, Target::Bucket),
        O::PutBucketLifecycleConfiguration | O::DeleteBucketLifecycle => {
            (Action::PutLifecycleConfiguration, Target::Bucket)
        }
        O::ListTagsForResource => (Action::ListTagsForResource, Target::Bucket),
        O::TagResource => (Action::TagResource, Target::Bucket),
        O::UntagResource => (Action::UntagResource, Target::Bucket),
        O::GetBucketTagging => (Action::GetBucketTagging, Target::Bucket),
        O::PutBucketTagging | O::DeleteBucketTagging => (Action::PutBucketTagging, Target::Bucket),
        O::GetBucketAcl => (Action::GetBucketAcl, Target::Bucket),
        O::PutBucketAcl => (Action::PutBucketAcl, Target::Bucket),
        O::GetObject | O::HeadObject => (either(Action::GetObject, Action::GetObjectVersion), Target::Object),
        O::GetObjectAttributes => {
            (either(Action::GetObjectAttributes, Action::GetObjectVersionAttributes), Target::Object)
        }
        O::GetObjectTorrent => (Action::GetObjectTorrent, Target::Object),
        O::GetObjectLockConfiguration => (Action::GetBucketObjectLockConfiguration, Target::Bucket),
        O::PutObjectLockConfiguration => (Action::PutBucketObjectLockConfiguration, Target::Bucket),
        O::GetObjectRetention => (Action::GetObjectRetention, Target::Object),
        O::PutObjectRetention => (Action::PutObjectRetention, Target::Object),
        O::GetObjectLegalHold => (Action::GetObjectLegalHold, Target::Object),
        O::PutObjectLegalHold => (Action::PutObjectLegalHold, Target::Object),
        O::GetObjectAcl => (either(Action::GetObjectAcl, Action::GetObjectVersionAcl), Target::Object),
        O::PutObjectAcl => (either(Action::PutObjectAcl, Action::PutObjectVersionAcl), Target::Object),
        O::GetObjectTagging => (either(Action::GetObjectTagging, Action::GetObjectVersionTagging), Target::Object),
        O::PutObjectTagging => (either(Action::PutObjectTagging, Action::PutObjectVersionTagging), Target::Object),
        O::DeleteObjectTagging => {
            (either(Action::DeleteObjectTagging, Action::DeleteObjectVersionTagging), Target::Object)
        }
        O::DeleteObject => (either(Action::DeleteObject, Action::DeleteObjectVersion), Target::Object),
        O::DeleteObjects => (Action::DeleteObject, Target::NamedKeys),
        O::PutObject
        | O::CopyObject
        | O::RenameObject
        | O::CreateMultipartUpload
        | O::UploadPart
        | O::UploadPartCopy
        | O::CompleteMultipartUpload => (Action::PutObject, Target::Key),
        O::PostObject => (Action::PutObject, Target::Form),
        O::PutIdentityReplicas => (Action::ReplicateIdentities, Target::Region),
        O::CompareReplicas => (Action::ReplicateObject, Target::NamedKeys),
        O::PutReplica => (convert::right_to_replicate(&convert::replica(head)?), Target::Key),
        O::AbortMultipartUpload => (Action::AbortMultipartUpload, Target::Upload),
        O::ListParts => (Action::ListMultipartUploadParts, Target::Upload),
    };
    Ok(Needed { action, target })
}

/// Whether the response may reveal that the addressed key is absent, which not every caller may know. A delete answers
/// the same for an absent key, and no object has a torrent.
pub(crate) fn tells_absence(needed: Needed) -> bool {
    needed.target == Target::Object
        && !matches!(needed.action, Action::DeleteObject | Action::DeleteObjectVersion | Action::GetObjectTorrent)
}

/// Whether the request brings tags for the object it makes, which needs a right of its own. The tags of a copy's source
/// are known only once the source is found.
pub(crate) fn brings_object_tags(operation: Operation, head: &Head<'_>) -> Result<bool, Error> {
    Ok(takes_tags_of_headers(operation, head)? && !head.tags()?.is_empty())
}

/// Whether tags in the headers are for the new object: those of a copy count only if its tagging directive says so.
pub(crate) fn takes_tags_of_headers(operation: Operation, head: &Head<'_>) -> Result<bool, Error> {
    let is_copy = operation == Operation::CopyObject;
    Ok(operation.takes_tags() && (!is_copy || head.text("x-amz-tagging-directive")? == Some("REPLACE")))
}

/// Whether the request brings an ACL that opens the new object to anyone but its writer and the bucket's owner, which
/// needs a right of its own.
pub(crate) fn brings_object_acl(operation: Operation, head: &Head<'_>, bucket_owner: &UserId) -> Result<bool, Error> {
    let makes_object =
        matches!(operation, Operation::PutObject | Operation::CopyObject | Operation::CreateMultipartUpload);
    Ok(makes_object && head.acl()?.is_some_and(|acl| acl.opens_to_others(bucket_owner.as_str())))
}

/// A second right on the addressed object, to read it. Its attributes reveal its contents, and so does the response to
/// a conditional delete.
pub(crate) fn needed_too(operation: Operation, is_versioned: bool, head: &Head<'_>) -> Result<Option<Action>, Error> {
    let tells = match operation {
        Operation::GetObjectAttributes => true,
        Operation::DeleteObject => !DeleteConditions::parse(head)?.is_empty(),
        _ => false,
    };
    Ok(tells.then_some(if is_versioned { Action::GetObjectVersion } else { Action::GetObject }))
}
