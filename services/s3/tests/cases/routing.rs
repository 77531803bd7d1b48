//! From request to operation, and what must be refused.

use s3::{Address, Code, Operation};

use crate::support::{Sent, sent};

fn route(request: &Sent) -> Result<Operation, Code> {
    let address = Address::of(&request.uri, &request.headers, &["localhost".to_owned()]).map_err(|e| e.code())?;
    request.parse(|head| s3::route(&request.method, &address, head)).map_err(|error| error.code())
}

fn plain(method: &str, uri: &str) -> Result<Operation, Code> {
    route(&sent(method, uri, &[("host", "localhost")]))
}

fn with(method: &str, uri: &str, name: &str, value: &str) -> Result<Operation, Code> {
    route(&sent(method, uri, &[("host", "localhost"), (name, value)]))
}

/// A request for each operation, and for each spelling of one.
const ROUTES: &[(&str, &str, Operation)] = &[
    ("GET", "/", Operation::ListBuckets),
    ("GET", "/?x-id=ListBuckets&max-buckets=5&prefix=a", Operation::ListBuckets),
    ("PUT", "/abc", Operation::CreateBucket),
    ("PUT", "/abc/", Operation::CreateBucket),
    ("HEAD", "/abc", Operation::HeadBucket),
    ("DELETE", "/abc", Operation::DeleteBucket),
    ("GET", "/abc/?location", Operation::GetBucketLocation),
    ("GET", "/abc/?location=", Operation::GetBucketLocation),
    ("GET", "/abc?versioning", Operation::GetBucketVersioning),
    ("PUT", "/abc?versioning", Operation::PutBucketVersioning),
    ("GET", "/abc?requestPayment", Operation::GetBucketRequestPayment),
    ("PUT", "/abc?requestPayment", Operation::PutBucketRequestPayment),
    ("GET", "/abc?website", Operation::GetBucketWebsite),
    ("DELETE", "/abc?website", Operation::DeleteBucketWebsite),
    ("GET", "/abc?replication", Operation::GetBucketReplication),
    ("DELETE", "/abc?replication", Operation::DeleteBucketReplication),
    ("GET", "/abc?logging", Operation::GetBucketLogging),
    ("PUT", "/abc?logging", Operation::PutBucketLogging),
    ("GET", "/abc?notification", Operation::GetBucketNotificationConfiguration),
    ("PUT", "/abc?notification", Operation::PutBucketNotificationConfiguration),
    ("GET", "/abc?accelerate", Operation::GetBucketAccelerateConfiguration),
    ("PUT", "/abc?accelerate", Operation::PutBucketAccelerateConfiguration),
    ("GET", "/abc/k?torrent", Operation::GetObjectTorrent),
    ("GET", "/abc?analytics&x-id=ListBucketAnalyticsConfigurations", Operation::ListBucketAnalyticsConfigurations),
    ("GET", "/abc?analytics&id=1", Operation::GetBucketAnalyticsConfiguration),
    ("DELETE", "/abc?id=1&analytics", Operation::DeleteBucketAnalyticsConfiguration),
    ("GET", "/abc?inventory&x-id=ListBucketInventoryConfigurations", Operation::ListBucketInventoryConfigurations),
    ("GET", "/abc?inventory&id=1", Operation::GetBucketInventoryConfiguration),
    ("DELETE", "/abc?id=1&inventory", Operation::DeleteBucketInventoryConfiguration),
    ("GET", "/abc?metrics&x-id=ListBucketMetricsConfigurations", Operation::ListBucketMetricsConfigurations),
    ("GET", "/abc?metrics&id=1", Operation::GetBucketMetricsConfiguration),
    ("DELETE", "/abc?id=1&metrics", Operation::DeleteBucketMetricsConfiguration),
    (
        "GET",
        "/abc?intelligent-tiering&x-id=ListBucketIntelligentTieringConfigurations",
        Operation::ListBucketIntelligentTieringConfigurations,
    ),
    ("GET", "/abc?intelligent-tiering&id=1", Operation::GetBucketIntelligentTieringConfiguration),
    ("DELETE", "/abc?id=1&intelligent-tiering", Operation::DeleteBucketIntelligentTieringConfiguration),
    ("GET", "/abc?object-lock", Operation::GetObjectLockConfiguration),
    ("PUT", "/abc?object-lock=", Operation::PutObjectLockConfiguration),
    ("GET", "/abc/k?retention&versionId=v", Operation::GetObjectRetention),
    ("PUT", "/abc/k?retention", Operation::PutObjectRetention),
    ("GET", "/abc/k?legal-hold", Operation::GetObjectLegalHold),
    ("PUT", "/abc/k?legal-hold&versionId=v", Operation::PutObjectLegalHold),
    ("GET", "/abc?policy", Operation::GetBucketPolicy),
    ("PUT", "/abc?policy=", Operation::PutBucketPolicy),
    ("DELETE", "/abc?policy", Operation::DeleteBucketPolicy),
    ("GET", "/abc?policyStatus", Operation::GetBucketPolicyStatus),
    ("GET", "/abc?publicAccessBlock", Operation::GetPublicAccessBlock),
    ("PUT", "/abc?publicAccessBlock", Operation::PutPublicAccessBlock),
    ("DELETE", "/abc?publicAccessBlock", Operation::DeletePublicAccessBlock),
    ("GET", "/abc?ownershipControls", Operation::GetBucketOwnershipControls),
    ("PUT", "/abc?ownershipControls", Operation::PutBucketOwnershipControls),
    ("DELETE", "/abc?ownershipControls", Operation::DeleteBucketOwnershipControls),
    ("GET", "/abc?acl", Operation::GetBucketAcl),
    ("PUT", "/abc/?acl&x-id=PutBucketAcl", Operation::PutBucketAcl),
    ("GET", "/abc/k?acl&versionId=v", Operation::GetObjectAcl),
    ("PUT", "/abc/k?versionId=v&acl", Operation::PutObjectAcl),
    ("GET", "/abc/k?attributes&versionId=v", Operation::GetObjectAttributes),
    ("PUT", "/abc/k?x-id=PutObject", Operation::PutObject),
    ("GET", "/abc/k?versionId=null&partNumber=1&response-content-type=a", Operation::GetObject),
    ("HEAD", "/abc/k", Operation::HeadObject),
    ("DELETE", "/abc/k?versionId=v", Operation::DeleteObject),
    ("POST", "/abc?delete", Operation::DeleteObjects),
    ("POST", "/abc/?delete=", Operation::DeleteObjects),
    ("GET", "/abc", Operation::ListObjects),
    ("GET", "/abc?prefix=&delimiter=%2F&encoding-type=url&marker=m&max-keys=1", Operation::ListObjects),
    ("GET", "/abc?list-type=2&fetch-owner=true&metadata=true&start-after=a", Operation::ListObjectsV2),
    ("GET", "/abc?versions&key-marker=k&version-id-marker=v", Operation::ListObjectVersions),
    ("POST", "/abc/k?uploads", Operation::CreateMultipartUpload),
    ("PUT", "/abc/k?partNumber=1&uploadId=u", Operation::UploadPart),
    ("POST", "/abc/k?uploadId=u", Operation::CompleteMultipartUpload),
    ("DELETE", "/abc/k?uploadId=u", Operation::AbortMultipartUpload),
    ("GET", "/abc/k?uploadId=u&max-parts=2&part-number-marker=1", Operation::ListParts),
    ("GET", "/abc?uploads&prefix=a&upload-id-marker=u&key-marker=k", Operation::ListMultipartUploads),
    ("GET", "/abc?cors", Operation::GetBucketCors),
    ("PUT", "/abc?cors", Operation::PutBucketCors),
    ("DELETE", "/abc?cors", Operation::DeleteBucketCors),
    ("GET", "/abc?encryption", Operation::GetBucketEncryption),
    ("PUT", "/abc?encryption", Operation::PutBucketEncryption),
    ("DELETE", "/abc?encryption", Operation::DeleteBucketEncryption),
    ("GET", "/abc?lifecycle", Operation::GetBucketLifecycleConfiguration),
    ("PUT", "/abc?lifecycle", Operation::PutBucketLifecycleConfiguration),
    ("DELETE", "/abc?lifecycle", Operation::DeleteBucketLifecycle),
    ("PUT", "/abc/k?renameObject", Operation::RenameObject),
    ("GET", "/abc?tagging", Operation::GetBucketTagging),
    ("PUT", "/abc?tagging", Operation::PutBucketTagging),
    ("DELETE", "/abc?tagging", Operation::DeleteBucketTagging),
    ("GET", "/abc/k?tagging&versionId=v", Operation::GetObjectTagging),
    ("POST", "/abc", Operation::PostObject),
    ("PUT", "/abc/k?tagging", Operation::PutObjectTagging),
    ("DELETE", "/abc/k?tagging", Operation::DeleteObjectTagging),
];

#[test]
fn every_operation_has_a_route() {
    for &(method, uri, operation) in ROUTES {
        assert_eq!(plain(method, uri), Ok(operation), "{method} {uri}");
    }
    assert_eq!(with("PUT", "/abc/k", "x-amz-copy-source", "/abc/l"), Ok(Operation::CopyObject));
    assert_eq!(plain("PUT", "/abc/k?x-amz-copy-source=%2Fabc%2Fl"), Ok(Operation::CopyObject));
    let part = with("PUT", "/abc/k?partNumber=1&uploadId=u", "x-amz-copy-source", "/abc/l");
    assert_eq!(part, Ok(Operation::UploadPartCopy));
    let reached: Vec<_> = ROUTES.iter().map(|(_, _, operation)| *operation).collect();
    for &operation in Operation::ALL {
        let copies = matches!(operation, Operation::CopyObject | Operation::UploadPartCopy);
        assert!(copies || reached.contains(&operation), "{}", operation.name());
    }
}

#[test]
fn a_sub_resource_that_is_not_built_is_never_something_else() {
    let sub_resources = [
        "select&select-type=2",
        "restore",
        "session",
        "metadataTable",
        "metadataConfiguration",
        "append&position=0",
        "unknownSubresource",
        "unknown=1",
        "website&id=1",
        "Acl",
        "LOCATION",
        "annotations",
        "abac",
        "%61nnotations",
        "acl&policy",
        "policy&location",
        "publicAccessBlock&ownershipControls",
        "policyStatus&versions",
        "=",
        "%ff",
    ];
    for sub_resource in sub_resources {
        for method in ["GET", "PUT", "DELETE", "POST", "HEAD"] {
            for path in ["/abc", "/abc/k"] {
                let uri = format!("{path}?{sub_resource}");
                assert_eq!(plain(method, &uri), Err(Code::NotImplemented), "{method} {uri}");
            }
        }
        assert_eq!(plain("GET", &format!("/?{sub_resource}")), Err(Code::NotImplemented), "{sub_resource}");
    }
}

#[test]
fn a_sub_resource_has_its_own_methods_and_no_others() {
    for (path, sub_resource, methods) in [
        ("/abc", "policy", &["GET", "PUT", "DELETE"][..]),
        ("/abc", "policyStatus", &["GET"]),
        ("/abc", "publicAccessBlock", &["GET", "PUT", "DELETE"]),
        ("/abc", "ownershipControls", &["GET", "PUT", "DELETE"]),
        ("/abc", "acl", &["GET", "PUT"]),
        ("/abc", "website", &["GET", "DELETE"]),
        ("/abc", "replication", &["GET", "DELETE"]),
        ("/abc", "notification", &["GET", "PUT"]),
        ("/abc", "accelerate", &["GET", "PUT"]),
        ("/abc", "requestPayment", &["GET", "PUT"]),
        ("/abc", "analytics", &["GET"]),
        ("/abc", "analytics&id=1", &["GET", "DELETE"]),
        ("/abc", "inventory&id=1", &["GET", "DELETE"]),
        ("/abc", "id=1", &[]),
        ("/abc/k", "website", &[]),
        ("/abc/k", "torrent", &["GET"]),
        ("/abc/k", "policy", &[]),
        ("/abc/k", "policyStatus", &[]),
        ("/abc/k", "publicAccessBlock", &[]),
        ("/abc/k", "ownershipControls", &[]),
        ("/abc/k", "acl", &["GET", "PUT"]),
        ("/abc/k", "attributes", &["GET"]),
        ("/abc", "attributes", &[]),
        ("/", "acl", &[]),
        ("/", "policy", &[]),
    ] {
        for method in ["GET", "PUT", "DELETE", "POST", "HEAD"] {
            let routed = plain(method, &format!("{path}?{sub_resource}"));
            assert_eq!(routed.is_ok(), methods.contains(&method), "{method} {path}?{sub_resource}: {routed:?}");
        }
    }
    assert_eq!(plain("PUT", "/abc/k?acl&partNumber=1&uploadId=u"), Err(Code::NotImplemented));
    // A copy into a list is neither.
    assert_eq!(with("PUT", "/abc/k?acl", "x-amz-copy-source", "/abc/l"), Ok(Operation::PutObjectAcl));
}

#[test]
fn lists_that_cannot_be_read_are_refused_where_they_mean_something() {
    for (name, value, code) in [
        ("x-amz-acl", "public-ready", Code::InvalidArgument),
        ("x-amz-acl", "aws-exec-read", Code::NotImplemented),
        ("x-amz-grant-read", "id", Code::InvalidArgument),
    ] {
        for uri in ["/abc", "/abc?acl", "/abc/k", "/abc/k?acl"] {
            assert_eq!(with("PUT", uri, name, value), Err(code), "{uri} {name}: {value}");
        }
        assert_eq!(with("POST", "/abc/k?uploads", name, value), Err(code));
        assert_eq!(with("GET", "/abc/k", name, value), Ok(Operation::GetObject));
    }
    assert_eq!(with("PUT", "/abc", "x-amz-object-ownership", "Nobody"), Err(Code::InvalidArgument));
}

#[test]
fn what_changes_something_says_so() {
    for &operation in Operation::ALL {
        let reads = ["Get", "List", "Head"].iter().any(|start| operation.name().starts_with(start));
        assert_eq!(operation.is_write(), !reads, "{}", operation.name());
        assert!(!(operation.takes_document() && operation.takes_payload()), "{}", operation.name());
        assert!(operation.is_write() || !operation.takes_document(), "{}", operation.name());
        assert!(operation.is_write() || !operation.takes_acl(), "{}", operation.name());
    }
}

#[test]
fn a_parameter_of_another_operation_is_refused() {
    assert_eq!(plain("GET", "/abc?location&acl"), Err(Code::NotImplemented));
    assert_eq!(plain("PUT", "/abc?location"), Err(Code::NotImplemented));
    assert_eq!(plain("PUT", "/abc/k?versionId=v"), Err(Code::NotImplemented));
    assert_eq!(plain("GET", "/abc?response-content-type=a"), Err(Code::NotImplemented));
    assert_eq!(plain("GET", "/abc?list-type=2&marker=m"), Err(Code::NotImplemented));
    assert_eq!(plain("GET", "/abc?list-type=3"), Err(Code::InvalidArgument));
}

#[test]
fn methods_without_a_meaning_are_refused() {
    assert_eq!(plain("POST", "/"), Err(Code::MethodNotAllowed));
    assert_eq!(plain("PATCH", "/abc"), Err(Code::MethodNotAllowed));
    assert_eq!(plain("PATCH", "/abc/k"), Err(Code::MethodNotAllowed));
    assert_eq!(plain("POST", "/abc/k"), Err(Code::MethodNotAllowed));
    assert_eq!(plain("POST", "/abc?unknown"), Err(Code::NotImplemented));
}

#[test]
fn repeated_parameters_are_refused() {
    for uri in [
        "/abc?prefix=a&prefix=b",
        "/abc?list-type=2&list-type=2",
        "/abc/k?versionId=a&versionId=b",
        "/abc/k?x-id=GetObject&x-id=GetObject",
        "/abc/k?X-Amz-Date=a&x-amz-date=b",
        "/abc/k?response-expires=a&response-expires=b",
        "/abc?acl&acl",
    ] {
        assert_eq!(plain("GET", uri), Err(Code::InvalidArgument), "{uri}");
    }
    assert_eq!(plain("PUT", "/abc/k?partNumber=1&partNumber=2&uploadId=u"), Err(Code::InvalidArgument));
}

#[test]
fn headers_that_ask_for_protection_are_not_ignored() {
    let refused = [
        ("x-amz-object-lock-level", "COMPLIANCE"),
        ("x-amz-bucket-object-lock-enabled", "true"),
        ("x-amz-website-redirect-location", "/x"),
        ("x-amz-checksum-sha512", "AAAA"),
        ("x-amz-checksum-xxhash64", "AAAA"),
    ];
    for (name, value) in refused {
        assert_eq!(with("PUT", "/abc/k", name, value), Err(Code::NotImplemented), "{name}");
        let hoisted = format!("/abc/k?{}={value}", name.replace("x-amz", "X-Amz"));
        assert_eq!(plain("PUT", &hoisted), Err(Code::NotImplemented), "{hoisted}");
    }
    // Bytes are appended with what puts them, and with nothing else.
    assert_eq!(with("PUT", "/abc/k", "x-amz-write-offset-bytes", "0"), Ok(Operation::PutObject));
    for (method, uri) in [
        ("PUT", "/abc/k?partNumber=1&uploadId=u"),
        ("POST", "/abc/k?uploads"),
        ("GET", "/abc/k"),
        ("PUT", "/abc/k?acl"),
    ] {
        assert_eq!(with(method, uri, "x-amz-write-offset-bytes", "0"), Err(Code::NotImplemented), "{method} {uri}");
    }
    // A lock comes with what makes an object, and with nothing else.
    for (method, uri) in
        [("PUT", "/abc/k?partNumber=1&uploadId=u"), ("POST", "/abc/k?uploadId=u"), ("DELETE", "/abc/k")]
    {
        assert_eq!(
            with(method, uri, "x-amz-object-lock-legal-hold", "ON"),
            Err(Code::NotImplemented),
            "{method} {uri}"
        );
    }
    for name in [
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-copy-source-server-side-encryption-customer-key",
    ] {
        assert_eq!(with("GET", "/abc/k", name, "k"), Ok(Operation::GetObject), "{name}");
        for (method, uri) in [("GET", "/abc"), ("DELETE", "/abc/k"), ("PUT", "/abc/k?acl"), ("PUT", "/abc")] {
            assert_eq!(with(method, uri, name, "k"), Err(Code::NotImplemented), "{method} {uri} {name}");
        }
    }
}

#[test]
fn harmless_headers_pass() {
    for (name, value) in [
        ("x-amz-acl", "private"),
        ("x-amz-acl", "bucket-owner-full-control"),
        ("x-amz-acl", "public-read"),
        ("x-amz-grant-read", "id=1"),
        ("x-amz-tagging", "a=b"),
        ("x-amz-bucket-object-lock-enabled", "false"),
        ("x-amz-object-ownership", "BucketOwnerEnforced"),
        ("x-amz-request-payer", "requester"),
        ("x-amz-storage-class", "STANDARD"),
        ("x-amz-bypass-governance-retention", "true"),
        ("x-amz-object-lock-legal-hold", "ON"),
        ("x-amz-checksum-crc32", "AAAAAA=="),
        ("x-amz-checksum-algorithm", "CRC32"),
        ("x-amz-meta-server-side-encryption", "no"),
    ] {
        assert_eq!(with("PUT", "/abc/k", name, value), Ok(Operation::PutObject), "{name}: {value}");
    }
}

#[test]
fn a_host_is_named_once() {
    let mut request = sent("GET", "/abc", &[("host", "localhost")]);
    request.headers.append("host", "abc.localhost".parse().unwrap());
    assert_eq!(route(&request), Err(Code::InvalidArgument));
}
