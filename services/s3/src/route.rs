//! From method, address and query to the operation.

use http::Method;

use crate::address::Address;
use crate::error::{Code, Error};
use crate::operation::Operation;
use crate::query::Query;
use crate::request::Head;

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
/// A request is answered only if every query parameter is understood: one that is neither a parameter
/// of the operation nor of all operations names a sub-resource that is not built, and answering
/// `GET /bucket?policy` with a listing would be a wrong answer, not a partial one. The same holds for
/// headers that would weaken what the client asked for if they were ignored (encryption, locks, tags).
///
/// # Errors
/// `NotImplemented` for what is not built, `MethodNotAllowed` for a method the resource does not have,
/// `InvalidArgument` for a parameter that is repeated: two readers might choose differently.
pub fn route(method: &Method, address: &Address, head: &Head<'_>) -> Result<Operation, Error> {
    let operation = match (&address.bucket, &address.key) {
        (Some(_), Some(_)) => object(method, head)?,
        (Some(_), None) => bucket(method, head)?,
        (None, _) => service(method)?,
    };
    check_parameters(method, operation, head)?;
    head.refuse_unbuilt(operation)?;
    Ok(operation)
}

fn service(method: &Method) -> Result<Operation, Error> {
    match *method {
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
    let table: &[_] = if query.has("id") { &NEVER_CONFIGURED_BY_ID } else { &NEVER_CONFIGURED };
    let found = table.iter().find(|(name, of, _)| *of == method.as_str() && query.has(name));
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
        Method::GET if query.has("list-type") => match query.bytes("list-type")? {
            Some(b"2") => Operation::ListObjectsV2,
            Some(b"1") => return Err(Error::not_implemented("list-type=1 (leave it out for version 1)")),
            other => {
                let value = String::from_utf8_lossy(other.unwrap_or_default()).into_owned();
                return Err(Error::invalid_argument("Invalid List Type specified in Query", "list-type", value));
            }
        },
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
        Method::POST => match unknown_parameter(head) {
            Some(parameter) => return Err(unbuilt(&Method::POST, parameter)),
            None => Operation::PostObject,
        },
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
        Method::POST => return Err(unbuilt_post(head, Error::method_not_allowed("POST", "OBJECT"))),
        _ => return Err(Error::method_not_allowed(method.as_str(), "OBJECT")),
    })
}

/// The error for a POST without a known sub-resource: names the unknown one, if there is any.
fn unbuilt_post(head: &Head<'_>, otherwise: Error) -> Error {
    unknown_parameter(head).map_or(otherwise, |parameter| unbuilt(&Method::POST, parameter))
}

/// A parameter that not every operation has.
fn unknown_parameter<'a>(head: &Head<'a>) -> Option<&'a [u8]> {
    head.query().iter().find(|parameter| !is_common(&parameter.name)).map(|parameter| &*parameter.name)
}

fn unbuilt(method: &Method, parameter: &[u8]) -> Error {
    let parameter = String::from_utf8_lossy(parameter).into_owned();
    let what = format!("{method} with the query parameter '{parameter}'");
    let error = match instead(&parameter) {
        Some(advice) => Error::with_message(Code::NotImplemented, format!("{what} is not implemented: {advice}.")),
        None => Error::not_implemented(what),
    };
    error.detail("Header", parameter)
}

/// What to do without a sub-resource.
fn instead(parameter: &str) -> Option<&'static str> {
    Some(match parameter {
        "website" => "no static websites are served; let a web server read the bucket",
        "replication" => "buckets are not replicated by rules; let a program follow the event stream, or sync",
        "analytics" | "inventory" | "metrics" => "there are no reports; usage stands in the console's /metrics",
        "intelligent-tiering" => "nothing moves between storage classes by itself",
        "select" => "fetch the object, or ranges of it, and query it at the client",
        "restore" => "no object is archived; read it as it is",
        "session" => "there are no directory buckets; sign requests with an access key",
        _ => return None,
    })
}

/// Whether a parameter may stand beside every operation.
fn is_common(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    PARAMETERS_SIGNING.iter().any(|known| name.eq_ignore_ascii_case(known))
        || name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"))
        || matches!(name, "AWSAccessKeyId" | "Signature" | "Expires")
}

fn check_parameters(method: &Method, operation: Operation, head: &Head<'_>) -> Result<(), Error> {
    let known = operation.parameters();
    let overrides = matches!(operation, Operation::GetObject | Operation::HeadObject);
    for (index, parameter) in head.query().iter().enumerate() {
        let name = &*parameter.name;
        let is_known = known.iter().any(|known| known.as_bytes() == name);
        if !(is_known || is_common(name) || (overrides && is_response_override(name))) {
            return Err(unbuilt(method, name));
        }
        if head.query().iter().take(index).any(|before| before.name.eq_ignore_ascii_case(name)) {
            let name = String::from_utf8_lossy(name);
            return Err(Error::invalid_argument("The query parameter must not be repeated", name, ""));
        }
    }
    Ok(())
}

fn is_response_override(name: &[u8]) -> bool {
    crate::request::RESPONSE_OVERRIDES.iter().any(|(parameter, _)| parameter.as_bytes() == name)
}
