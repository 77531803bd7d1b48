//! From method, address and query to the operation.

use http::Method;

use crate::address::Address;
use crate::control;
use crate::error::Error;
use crate::operation::Operation;
use crate::query::Query;
use crate::request::Head;
use crate::sub_resource::{self, Level, SubResource};

/// Parameters of presigned URLs that only `sigv4` reads.
const PARAMETERS_SIGNING: [&str; 10] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "x-amz-user-agent",
    "x-id",
];

/// The operation a request asks for.
///
/// A query parameter that S3 does not know is ignored. One that names a sub-resource is not: answering
/// `GET /bucket?policy` with a listing would be a wrong answer, not a partial one. Nor is one that says which version or
/// which part is meant, to an operation that would take no notice of it. The same holds for headers that would weaken
/// what the client asked for if they were ignored (encryption, locks, tags).
///
/// # Errors
/// `NotImplemented` for what S3 has and this server has not, `MethodNotAllowed` for a method the resource does not have,
/// `InvalidArgument` for two sub-resources, a version of what has none, and for a parameter that is repeated: two
/// readers might choose differently.
pub fn route(method: &Method, address: &Address, head: &Head<'_>) -> Result<Operation, Error> {
    if address.is_control {
        let operation = control::operation(method)?;
        head.refuse_unbuilt(operation)?;
        return Ok(operation);
    }
    let selected = sub_resource::selected(head.query())?;
    let (level, routed) = match (&address.bucket, &address.key) {
        (Some(_), Some(_)) => (Level::Object, object(method, head)),
        (Some(_), None) => (Level::Bucket, bucket(method, head)),
        (None, _) => (Level::Service, service(method, head)),
    };
    let operation = match (selected, routed) {
        (None, routed) => routed?,
        (Some(selected), Ok(operation)) if operation.parameters().contains(&selected.name) => operation,
        (Some(selected), _) => return Err(misplaced(selected, level, method)),
    };
    check_selectors(level, operation, head.query())?;
    check_repeated(operation, head.query())?;
    head.refuse_unbuilt(operation)?;
    Ok(operation)
}

/// The refusal of a sub-resource that the operation of this method and address does not have.
fn misplaced(selected: &SubResource, level: Level, method: &Method) -> Error {
    if level == Level::Bucket && selected.name == "uploadId" {
        return Error::invalid_request("A key must be specified");
    }
    selected.refuse(level, method)
}

/// Refuses parameters that narrow down what is meant, where the operation would take no notice of them.
fn check_selectors(level: Level, operation: Operation, query: &Query<'_>) -> Result<(), Error> {
    let is_ignored = |name| query.has(name) && !operation.parameters().contains(&name);
    if level == Level::Service || operation == Operation::PostObject {
        return Ok(());
    }
    if is_ignored("partNumber") {
        return Err(match level {
            Level::Bucket => Error::invalid_request("Object must have a valid key name."),
            _ => Error::invalid_argument("This operation does not accept a part number.", "partNumber", ""),
        });
    }
    if is_ignored("versionId") {
        let value = String::from_utf8_lossy(query.bytes("versionId")?.unwrap_or_default()).into_owned();
        return Err(Error::invalid_argument("This operation does not accept a version-id.", "versionId", value));
    }
    if is_ignored("annotationName") {
        return Err(Error::invalid_argument("Unexpected query string parameter", "ResourceType", "annotationName"));
    }
    Ok(())
}

fn service(method: &Method, head: &Head<'_>) -> Result<Operation, Error> {
    match *method {
        Method::GET if head.query().has("max-directory-buckets") => Err(Error::not_implemented("directory buckets")),
        Method::GET => Ok(Operation::ListBuckets),
        _ => Err(Error::method_not_allowed(method.as_str(), "SERVICE")),
    }
}

/// Sub-resources of buckets that are there and never configured, with what can be asked of them.
const NEVER_CONFIGURED: [(&str, &str, Operation); 15] = [
    ("requestPayment", "PUT", Operation::PutBucketRequestPayment),
    ("website", "GET", Operation::GetBucketWebsite),
    ("website", "DELETE", Operation::DeleteBucketWebsite),
    ("replication", "GET", Operation::GetBucketReplication),
    ("replication", "DELETE", Operation::DeleteBucketReplication),
    ("logging", "GET", Operation::GetBucketLogging),
    ("logging", "PUT", Operation::PutBucketLogging),
    ("notification", "GET", Operation::GetBucketNotificationConfiguration),
    ("notification", "PUT", Operation::PutBucketNotificationConfiguration),
    ("accelerate", "GET", Operation::GetBucketAccelerateConfiguration),
    ("accelerate", "PUT", Operation::PutBucketAccelerateConfiguration),
    ("analytics", "GET", Operation::ListBucketAnalyticsConfigurations),
    ("inventory", "GET", Operation::ListBucketInventoryConfigurations),
    ("metrics", "GET", Operation::ListBucketMetricsConfigurations),
    ("intelligent-tiering", "GET", Operation::ListBucketIntelligentTieringConfigurations),
];

/// The same of those that a bucket may have several of, each with an id.
const NEVER_CONFIGURED_BY_ID: [(&str, &str, Operation); 8] = [
    ("analytics", "GET", Operation::GetBucketAnalyticsConfiguration),
    ("analytics", "DELETE", Operation::DeleteBucketAnalyticsConfiguration),
    ("inventory", "GET", Operation::GetBucketInventoryConfiguration),
    ("inventory", "DELETE", Operation::DeleteBucketInventoryConfiguration),
    ("metrics", "GET", Operation::GetBucketMetricsConfiguration),
    ("metrics", "DELETE", Operation::DeleteBucketMetricsConfiguration),
    ("intelligent-tiering", "GET", Operation::GetBucketIntelligentTieringConfiguration),
    ("intelligent-tiering", "DELETE", Operation::DeleteBucketIntelligentTieringConfiguration),
];

fn never_configured(method: &Method, query: &Query<'_>) -> Option<Operation> {
    let by_id = NEVER_CONFIGURED_BY_ID.iter().filter(|_| query.has("id"));
    let found = by_id.chain(&NEVER_CONFIGURED).find(|(name, of, _)| *of == method.as_str() && query.has(name));
    found.map(|(_, _, operation)| *operation)
}

fn bucket(method: &Method, head: &Head<'_>) -> Result<Operation, Error> {
    let query = head.query();
    if let Some(operation) = never_configured(method, query) {
        return Ok(operation);
    }
    Ok(match *method {
        Method::GET if query.has("location") => Operation::GetBucketLocation,
        Method::GET if query.has("versioning") => Operation::GetBucketVersioning,
        Method::GET if query.has("requestPayment") => Operation::GetBucketRequestPayment,
        Method::GET if query.has("policy") => Operation::GetBucketPolicy,
        Method::GET if query.has("policyStatus") => Operation::GetBucketPolicyStatus,
        Method::GET if query.has("publicAccessBlock") => Operation::GetPublicAccessBlock,
        Method::GET if query.has("ownershipControls") => Operation::GetBucketOwnershipControls,
        Method::GET if query.has("cors") => Operation::GetBucketCors,
        Method::GET if query.has("tagging") => Operation::GetBucketTagging,
        Method::GET if query.has("encryption") => Operation::GetBucketEncryption,
        Method::GET if query.has("lifecycle") => Operation::GetBucketLifecycleConfiguration,
        Method::GET if query.has("acl") => Operation::GetBucketAcl,
        Method::GET if query.has("object-lock") => Operation::GetObjectLockConfiguration,
        Method::GET if query.has("versions") => Operation::ListObjectVersions,
        Method::GET if query.has("uploads") => Operation::ListMultipartUploads,
        // S3 answers every other value as it answers none.
        Method::GET if query.bytes("list-type")? == Some(b"2") => Operation::ListObjectsV2,
        Method::GET => Operation::ListObjects,
        Method::HEAD => Operation::HeadBucket,
        Method::PUT if query.has("versioning") => Operation::PutBucketVersioning,
        Method::PUT if query.has("policy") => Operation::PutBucketPolicy,
        Method::PUT if query.has("publicAccessBlock") => Operation::PutPublicAccessBlock,
        Method::PUT if query.has("ownershipControls") => Operation::PutBucketOwnershipControls,
        Method::PUT if query.has("cors") => Operation::PutBucketCors,
        Method::PUT if query.has("tagging") => Operation::PutBucketTagging,
        Method::PUT if query.has("encryption") => Operation::PutBucketEncryption,
        Method::PUT if query.has("lifecycle") => Operation::PutBucketLifecycleConfiguration,
        Method::PUT if query.has("acl") => Operation::PutBucketAcl,
        Method::PUT if query.has("object-lock") => Operation::PutObjectLockConfiguration,
        Method::PUT => Operation::CreateBucket,
        Method::DELETE if query.has("cors") => Operation::DeleteBucketCors,
        Method::DELETE if query.has("lifecycle") => Operation::DeleteBucketLifecycle,
        Method::DELETE if query.has("tagging") => Operation::DeleteBucketTagging,
        Method::DELETE if query.has("encryption") => Operation::DeleteBucketEncryption,
        Method::DELETE if query.has("policy") => Operation::DeleteBucketPolicy,
        Method::DELETE if query.has("publicAccessBlock") => Operation::DeletePublicAccessBlock,
        Method::DELETE if query.has("ownershipControls") => Operation::DeleteBucketOwnershipControls,
        Method::DELETE => Operation::DeleteBucket,
        Method::POST if query.has("delete") => Operation::DeleteObjects,
        Method::POST => Operation::PostObject,
        _ => return Err(Error::method_not_allowed(method.as_str(), "BUCKET")),
    })
}

fn object(method: &Method, head: &Head<'_>) -> Result<Operation, Error> {
    let query = head.query();
    let is_part = query.has("uploadId") || query.has("partNumber");
    let copies = head.text("x-amz-copy-source")?.is_some();
    Ok(match *method {
        Method::GET if query.has("uploadId") => Operation::ListParts,
        Method::GET if query.has("attributes") => Operation::GetObjectAttributes,
        Method::GET if query.has("torrent") => Operation::GetObjectTorrent,
        Method::GET if query.has("acl") => Operation::GetObjectAcl,
        Method::GET if query.has("tagging") => Operation::GetObjectTagging,
        Method::GET if query.has("retention") => Operation::GetObjectRetention,
        Method::GET if query.has("legal-hold") => Operation::GetObjectLegalHold,
        Method::GET => Operation::GetObject,
        Method::HEAD => Operation::HeadObject,
        Method::PUT if is_part && copies => Operation::UploadPartCopy,
        Method::PUT if is_part => Operation::UploadPart,
        Method::PUT if query.has("acl") => Operation::PutObjectAcl,
        Method::PUT if query.has("tagging") => Operation::PutObjectTagging,
        Method::PUT if query.has("retention") => Operation::PutObjectRetention,
        Method::PUT if query.has("legal-hold") => Operation::PutObjectLegalHold,
        Method::PUT if query.has("renameObject") => Operation::RenameObject,
        Method::PUT if copies => Operation::CopyObject,
        Method::PUT => Operation::PutObject,
        Method::DELETE if query.has("tagging") => Operation::DeleteObjectTagging,
        Method::DELETE if query.has("uploadId") => Operation::AbortMultipartUpload,
        Method::DELETE => Operation::DeleteObject,
        Method::POST if query.has("uploads") => Operation::CreateMultipartUpload,
        Method::POST if query.has("uploadId") => Operation::CompleteMultipartUpload,
        _ => return Err(Error::method_not_allowed(method.as_str(), "OBJECT")),
    })
}

/// Whether a parameter may stand beside every operation.
fn is_common(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    PARAMETERS_SIGNING.iter().any(|known| name.eq_ignore_ascii_case(known))
        || name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"))
        || matches!(name, "AWSAccessKeyId" | "Signature" | "Expires")
}

/// Refuses a repeated parameter that means something. S3 takes the first of them; here nobody is to take another than
/// the one that was judged.
fn check_repeated(operation: Operation, query: &Query<'_>) -> Result<(), Error> {
    let known = operation.parameters();
    let overrides = matches!(operation, Operation::GetObject | Operation::HeadObject);
    for (index, parameter) in query.iter().enumerate() {
        let name = &*parameter.name;
        let is_known = known.iter().any(|known| known.as_bytes() == name);
        let means_something = is_known || is_common(name) || (overrides && is_response_override(name));
        if means_something && query.iter().take(index).any(|before| before.name.eq_ignore_ascii_case(name)) {
            let name = String::from_utf8_lossy(name);
            return Err(Error::invalid_argument("The query parameter must not be repeated", name, ""));
        }
    }
    Ok(())
}

fn is_response_override(name: &[u8]) -> bool {
    crate::request::RESPONSE_OVERRIDES.iter().any(|(parameter, _)| parameter.as_bytes() == name)
}
