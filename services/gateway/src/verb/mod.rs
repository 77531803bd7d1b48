//! The operations, one per file.

mod abort_upload;
mod acl;
mod append_object;
mod bucket_acl;
mod bucket_cors;
mod bucket_encryption;
mod bucket_lifecycle;
mod bucket_lock;
mod bucket_logging;
mod bucket_notification;
mod bucket_ownership;
mod bucket_policy;
mod bucket_public_access;
mod bucket_replication;
mod bucket_tagging;
mod bucket_versioning;
mod complete_upload;
mod copy_object;
mod create_bucket;
mod create_upload;
mod delete_bucket;
mod delete_object;
mod delete_objects;
mod get_bucket;
mod get_object;
mod list_buckets;
mod list_objects;
mod list_parts;
mod list_uploads;
mod list_versions;
mod object_acl;
mod object_attributes;
mod object_lock;
mod object_tagging;
mod owner;
mod post_object;
mod put_object;
mod rename_object;
mod replica;
mod source;
mod unconfigured;
mod upload_part;
mod upload_part_copy;
mod version;

use axum::body::Body;
use s3::Operation;

use crate::authorization::Authorized;
use crate::reply::Answer;

/// Executes an operation. A verb that has to read a document first gets the request without the state in which it was
/// judged.
#[expect(clippy::too_many_lines, reason = "a row for each operation")]
pub(crate) async fn dispatch(call: Authorized<'_>, body: Body) -> Answer {
    let known = call.caller.account.is_some();
    let result = match call.operation {
        Operation::ListBuckets => list_buckets::list_buckets(call),
        Operation::CreateBucket => create_bucket::create_bucket(call.without_state(), body).await,
        Operation::HeadBucket => get_bucket::head(call),
        Operation::DeleteBucket => delete_bucket::delete_bucket(call).await,
        Operation::GetBucketLocation => get_bucket::location(call),
        Operation::GetBucketRequestPayment => get_bucket::request_payment(call),
        Operation::PutBucketRequestPayment
        | Operation::GetBucketWebsite
        | Operation::DeleteBucketWebsite
        | Operation::GetBucketAccelerateConfiguration
        | Operation::PutBucketAccelerateConfiguration
        | Operation::GetBucketAnalyticsConfiguration
        | Operation::ListBucketAnalyticsConfigurations
        | Operation::DeleteBucketAnalyticsConfiguration
        | Operation::GetBucketInventoryConfiguration
        | Operation::ListBucketInventoryConfigurations
        | Operation::DeleteBucketInventoryConfiguration
        | Operation::GetBucketMetricsConfiguration
        | Operation::ListBucketMetricsConfigurations
        | Operation::DeleteBucketMetricsConfiguration
        | Operation::GetBucketIntelligentTieringConfiguration
        | Operation::ListBucketIntelligentTieringConfigurations
        | Operation::DeleteBucketIntelligentTieringConfiguration => unconfigured::answer(call, body).await,
        Operation::GetObjectTorrent => unconfigured::torrent(call),
        Operation::GetBucketVersioning => bucket_versioning::get(call),
        Operation::PutBucketVersioning => bucket_versioning::put(call, body).await,
        Operation::PutObject => Box::pin(put_object::put_object(call, body)).await,
        Operation::PostObject => return Box::pin(post_object::post_object(call.without_state(), body)).await,
        Operation::GetObject => get_object::get(call).await,
        Operation::HeadObject => get_object::head(call).await,
        Operation::GetObjectAttributes => object_attributes::get(call).await,
        Operation::DeleteObject => delete_object::delete_object(call).await,
        Operation::DeleteObjects => delete_objects::delete_objects(call.without_state(), body).await,
        Operation::CopyObject => Box::pin(copy_object::copy_object(call)).await,
        Operation::RenameObject => rename_object::rename_object(call).await,
        Operation::PutReplica => Box::pin(replica::put_replica(call, body)).await,
        Operation::PutIdentityReplicas => replica::put_identities(call.without_state(), body).await,
        Operation::CompareReplicas => replica::compare(call.without_state(), body).await,
        Operation::ListObjects => list_objects::v1(call),
        Operation::ListObjectsV2 => list_objects::v2(call),
        Operation::ListObjectVersions => list_versions::list_versions(call),
        Operation::CreateMultipartUpload => create_upload::create_upload(call).await,
        Operation::UploadPart => Box::pin(upload_part::upload_part(call, body)).await,
        Operation::UploadPartCopy => Box::pin(upload_part_copy::upload_part_copy(call)).await,
        Operation::CompleteMultipartUpload => complete_upload::complete_upload(call, body).await,
        Operation::AbortMultipartUpload => abort_upload::abort_upload(call).await,
        Operation::ListParts => list_parts::list_parts(call),
        Operation::ListMultipartUploads => list_uploads::list_uploads(call),
        Operation::GetBucketPolicy => bucket_policy::get(call),
        Operation::PutBucketPolicy => bucket_policy::put(call.without_state(), body).await,
        Operation::DeleteBucketPolicy => bucket_policy::delete(call).await,
        Operation::GetBucketPolicyStatus => bucket_policy::status(call),
        Operation::GetPublicAccessBlock => bucket_public_access::get(call),
        Operation::PutPublicAccessBlock => bucket_public_access::put(call.without_state(), body).await,
        Operation::DeletePublicAccessBlock => bucket_public_access::delete(call).await,
        Operation::GetBucketOwnershipControls => bucket_ownership::get(call),
        Operation::PutBucketOwnershipControls => bucket_ownership::put(call.without_state(), body).await,
        Operation::DeleteBucketOwnershipControls => bucket_ownership::delete(call).await,
        Operation::GetBucketCors => bucket_cors::get(call),
        Operation::PutBucketCors => bucket_cors::put(call.without_state(), body).await,
        Operation::DeleteBucketCors => bucket_cors::delete(call).await,
        Operation::GetBucketEncryption => bucket_encryption::get(call),
        Operation::PutBucketEncryption => bucket_encryption::put(call.without_state(), body).await,
        Operation::DeleteBucketEncryption => bucket_encryption::delete(call).await,
        Operation::GetBucketLifecycleConfiguration => bucket_lifecycle::get(call),
        Operation::PutBucketLifecycleConfiguration => bucket_lifecycle::put(call.without_state(), body).await,
        Operation::DeleteBucketLifecycle => bucket_lifecycle::delete(call).await,
        Operation::GetBucketLogging => bucket_logging::get(call),
        Operation::PutBucketLogging => bucket_logging::put(call.without_state(), body).await,
        Operation::GetBucketNotificationConfiguration => bucket_notification::get(call),
        Operation::PutBucketNotificationConfiguration => bucket_notification::put(call.without_state(), body).await,
        Operation::GetBucketReplication => bucket_replication::get(call),
        Operation::PutBucketReplication => bucket_replication::put(call.without_state(), body).await,
        Operation::DeleteBucketReplication => bucket_replication::delete(call).await,
        Operation::ListTagsForResource => bucket_tagging::list(call),
        Operation::TagResource => bucket_tagging::add(call.without_state(), body).await,
        Operation::UntagResource => bucket_tagging::remove(call).await,
        Operation::GetBucketTagging => bucket_tagging::get(call),
        Operation::PutBucketTagging => bucket_tagging::put(call.without_state(), body).await,
        Operation::DeleteBucketTagging => bucket_tagging::delete(call).await,
        Operation::GetObjectTagging => object_tagging::get(call),
        Operation::PutObjectTagging => object_tagging::put(call.without_state(), body).await,
        Operation::DeleteObjectTagging => object_tagging::delete(call).await,
        Operation::GetBucketAcl => bucket_acl::get(call),
        Operation::PutBucketAcl => bucket_acl::put(call.without_state(), body).await,
        Operation::GetObjectLockConfiguration => bucket_lock::get(call),
        Operation::PutObjectLockConfiguration => bucket_lock::put(call.without_state(), body).await,
        Operation::GetObjectRetention => object_lock::get_retention(call),
        Operation::PutObjectRetention => object_lock::put_retention(call.without_state(), body).await,
        Operation::GetObjectLegalHold => object_lock::get_legal_hold(call),
        Operation::PutObjectLegalHold => object_lock::put_legal_hold(call.without_state(), body).await,
        Operation::GetObjectAcl => object_acl::get(call),
        Operation::PutObjectAcl => object_acl::put(call.without_state(), body).await,
    };
    Answer { known, result }
}
