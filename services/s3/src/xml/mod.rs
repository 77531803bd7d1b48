//! The XML documents of S3: request bodies in, response bodies out.
//!
//! Every request document is a type with `parse(&[u8])`, every response a type with `to_xml()`. Our own clients read
//! responses with `ReadAnswer`.

mod access;
mod acl;
mod answer;
mod attributes;
mod bucket;
mod complete;
mod copy;
mod cors;
mod delete;
mod encryption;
mod lifecycle;
mod list;
mod lock;
mod logging;
mod multipart;
mod notification;
mod post;
mod reader;
mod replication;
mod tagging;
mod token;
mod unconfigured;
mod versions;
mod writer;

pub use access::{OwnershipControls, PolicyStatus, PublicAccessBlockConfiguration};
pub use acl::{AccessControlList, AccessControlPolicy, ListedGrantee};
pub use answer::{Fields, ReadAnswer};
pub use attributes::{GetObjectAttributesOutput, ObjectPart, ObjectParts};
pub use bucket::{
    CreateBucketConfiguration, ListBucketsResult, ListedBucket, LocationConstraint, RequestPaymentConfiguration,
    VersioningConfiguration, VersioningStatus, bucket_arn,
};
pub use complete::{CompleteMultipartUpload, CompleteMultipartUploadResult, CompletedPart};
pub use copy::{CopyObjectResult, CopyPartResult};
pub use cors::CorsConfiguration;
pub use delete::{DELETE_OBJECTS_MAX, DeleteEntry, DeleteObjects, DeleteResult, DeletedObject, FailedDelete};
pub use encryption::EncryptionConfiguration;
pub use lifecycle::LifecycleConfiguration;
pub use list::{ListBucketResult, ListBucketResultV2, ListedObject};
pub use lock::{
    DefaultRetention, ObjectLegalHold, ObjectLockConfiguration, ObjectRetention, RETENTION_DAYS_MAX,
    RETENTION_YEARS_MAX, RetentionPeriod,
};
pub use logging::{BucketLoggingStatus, LogKeyFormat, LoggingEnabled};
pub use multipart::{
    InitiateMultipartUploadResult, ListMultipartUploadsResult, ListPartsResult, ListedPart, ListedUpload,
};
pub use notification::NotificationConfiguration;
pub use post::PostResponse;
pub use reader::{ATTRIBUTES_MAX, BODY_BYTES_MAX, DELETE_BYTES_MAX, DEPTH_MAX, ELEMENTS_MAX};
pub use replication::ReplicationConfiguration;
pub use tagging::{ListTagsForResourceResult, TagResourceRequest, Tagging};
pub use token::ContinuationToken;
pub use unconfigured::{Unchanging, Unconfigured};
pub use versions::{ListVersionsResult, ListedVersion, VersionedObject};
pub(crate) use writer::Writer;

/// The owner of a bucket or object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The canonical user id.
    pub id: &'a str,
    /// A name for people.
    pub display_name: &'a str,
}
