//! Finding the operation of a request, and requests that must be refused.

use s3::xml::Unconfigured;
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

/// A request for each operation, and for each of its forms.
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
    ("PUT", "/abc?replication", Operation::PutBucketReplication),
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
    ("PUT", "/abc/k?replicate", Operation::PutReplica),
    ("POST", "/abc?replicate", Operation::CompareReplicas),
    ("POST", "/?replicate", Operation::PutIdentityReplicas),
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
    let mut reached: Vec<_> = ROUTES.iter().map(|(_, _, operation)| *operation).collect();
    // A request to S3 Control is recognised by its account, and its host has no meaning.
    for (method, operation) in [
        ("GET", Operation::ListTagsForResource),
        ("POST", Operation::TagResource),
        ("DELETE", Operation::UntagResource),
    ] {
        let uri = "/v20180820/tags/arn:aws:s3:::abc?tagKeys=a&tagKeys=b&acl";
        let account = ("x-amz-account-id", "000000000000");
        for host in ["localhost", "000000000000.localhost:9000"] {
            assert_eq!(route(&sent(method, uri, &[("host", host), account])), Ok(operation), "{method} {host}");
        }
        assert_ne!(plain(method, uri), Ok(operation));
        reached.push(operation);
    }
    for &operation in Operation::ALL {
        let copies = matches!(operation, Operation::CopyObject | Operation::UploadPartCopy);
        assert!(copies || reached.contains(&operation), "{}", operation.name());
    }
}

/// Sub-resources that S3 has and this server does not: the method, the rest of the path, and the query.
const UNBUILT: &[(&str, &str, &str)] = &[
    ("GET", "", "abac"),
    ("PUT", "", "abac"),
    ("PUT", "", "analytics&id=1"),
    ("PUT", "", "inventory&id=1"),
    ("PUT", "", "metrics&id=1"),
    ("PUT", "", "intelligent-tiering&id=1"),
    ("GET", "", "metadataConfiguration"),
    ("POST", "", "metadataConfiguration"),
    ("DELETE", "", "metadataConfiguration"),
    ("GET", "", "metadataTable"),
    ("POST", "", "metadataTable"),
    ("DELETE", "", "metadataTable"),
    ("PUT", "", "metadataAnnotationTable"),
    ("PUT", "", "metadataInventoryTable"),
    ("PUT", "", "metadataJournalTable"),
    ("PUT", "", "website"),
    ("GET", "", "session"),
    ("GET", "/k", "annotation"),
    ("GET", "/k", "annotation&annotationName=a"),
    ("PUT", "/k", "annotation&annotationName=a"),
    ("DELETE", "/k", "annotation&annotationName=a&versionId=v"),
    ("GET", "/k", "%61nnotation"),
    ("PUT", "/k", "encryption"),
    ("POST", "/k", "select&select-type=2"),
    ("POST", "/k", "restore&versionId=v"),
    ("PUT", "/k", "append&position=0"),
    ("POST", "/k", "append&position=0"),
];

#[test]
fn a_sub_resource_that_is_not_built_is_never_something_else() {
    for (method, key, query) in UNBUILT {
        let uri = format!("/abc{key}?{query}");
        assert_eq!(plain(method, &uri), Err(Code::NotImplemented), "{method} {uri}");
        let uri = format!("{uri}&utm_source=x");
        assert_eq!(plain(method, &uri), Err(Code::NotImplemented), "{method} {uri}");
    }
    assert_eq!(plain("GET", "/?max-directory-buckets=1"), Err(Code::NotImplemented));
}

#[test]
fn two_sub_resources_are_a_conflict() {
    for uri in [
        "/abc?acl&policy",
        "/abc?policy&location",
        "/abc?versions&policyStatus",
        "/abc/k?uploads&uploadId=u",
        "/abc/k?acl&partNumber=1&uploadId=u",
        "/abc/k?tagging&partNumber=1",
    ] {
        for method in ["GET", "PUT", "DELETE", "POST", "HEAD", "PATCH"] {
            assert_eq!(plain(method, uri), Err(Code::InvalidArgument), "{method} {uri}");
        }
    }
    let request = sent("GET", "/abc?versioning&acl&acl", &[("host", "localhost")]);
    let address = Address::of(&request.uri, &request.headers, &[]).unwrap();
    let error = request.parse(|head| s3::route(&request.method, &address, head)).unwrap_err();
    assert_eq!(error.message(), "Conflicting query string parameters: acl, versioning");
    let details: Vec<_> = error.details().collect();
    assert_eq!(details, [("ArgumentName", "ResourceType"), ("ArgumentValue", "acl")]);
}

#[test]
fn unknown_parameters_are_ignored() {
    let unknown = [
        "v=2",
        "utm_source=x&utm_source=y",
        "x-user=a",
        "Version=2006-03-01",
        "withUpdatedAt=true",
        "unknownSubresource",
        "Acl",
        "LOCATION",
        "=",
        "%ff",
        "id=1",
        "select-type=2",
        "position=0",
        "response-content-type=a",
        "metadata=true",
        "Content-Type=a&Content-MD5=b&Cache-Control=c",
    ];
    for unknown in unknown {
        for &(method, uri, operation) in ROUTES {
            let joint = if uri.contains('?') { '&' } else { '?' };
            // With an id, a list of configurations is one of them; and an override occurs once.
            let matters =
                (unknown == "id=1" && operation.name().starts_with("ListBucket") && uri.contains("Configurations"))
                    || uri.contains("response-content-type")
                    || uri.contains(unknown);
            if !matters {
                let uri = format!("{uri}{joint}{unknown}");
                assert_eq!(plain(method, &uri), Ok(operation), "{method} {uri}");
            }
        }
    }
}

#[test]
fn what_narrows_a_request_down_is_never_ignored() {
    for (method, uri, code) in [
        ("PUT", "/abc/k?versionId=v", Code::InvalidArgument),
        ("GET", "/abc/k?torrent&versionId=v", Code::InvalidArgument),
        ("POST", "/abc/k?uploads&versionId=v", Code::InvalidArgument),
        ("GET", "/abc?versionId=v", Code::InvalidArgument),
        ("DELETE", "/abc?tagging&versionId=v", Code::InvalidArgument),
        ("DELETE", "/abc/k?partNumber=1", Code::InvalidArgument),
        ("DELETE", "/abc/k?partNumber=1&uploadId=u", Code::InvalidArgument),
        ("GET", "/abc/k?annotationName=a", Code::InvalidArgument),
        ("PUT", "/abc?partNumber=1", Code::InvalidRequest),
        ("PUT", "/abc?uploadId=u", Code::InvalidRequest),
        ("PUT", "/abc?partNumber=1&uploadId=u", Code::InvalidRequest),
        ("DELETE", "/abc?uploadId=u", Code::InvalidRequest),
    ] {
        assert_eq!(plain(method, uri), Err(code), "{method} {uri}");
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
        ("/abc", "replication", &["GET", "PUT", "DELETE"]),
        ("/abc", "notification", &["GET", "PUT"]),
        ("/abc", "accelerate", &["GET", "PUT"]),
        ("/abc", "requestPayment", &["GET", "PUT"]),
        ("/abc", "analytics", &["GET"]),
        ("/abc", "analytics&id=1", &["GET", "DELETE"]),
        ("/abc", "inventory&id=1", &["GET", "DELETE"]),
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
            let is_unbuilt = UNBUILT.iter().any(|(of, key, query)| {
                *of == method
                    && path.strip_prefix("/abc") == Some(key)
                    && query.split('&').next() == sub_resource.split('&').next()
            });
            let refusal = if is_unbuilt { Code::NotImplemented } else { Code::MethodNotAllowed };
            assert!(routed.is_ok() || routed == Err(refusal), "{method} {path}?{sub_resource}: {routed:?}");
        }
    }
    // A copy with an ACL is neither operation.
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
fn what_no_bucket_has_is_shown_to_readers_and_refused_to_writers() {
    let mut known = 0;
    for &operation in Operation::ALL {
        let Some(answer) = operation.unconfigured() else { continue };
        known += 1;
        let is_of_write = matches!(answer, Unconfigured::Deleted | Unconfigured::Unchanging(_));
        assert_eq!(operation.is_write(), is_of_write, "{}", operation.name());
        let takes_document = matches!(answer, Unconfigured::Unchanging(_));
        assert_eq!(operation.takes_document(), takes_document, "{}", operation.name());
    }
    assert_eq!(known, 17);
}

#[test]
fn only_one_type_of_list_has_a_name() {
    assert_eq!(plain("GET", "/abc?list-type=2"), Ok(Operation::ListObjectsV2));
    for other in ["", "1", "3", "two"] {
        assert_eq!(plain("GET", &format!("/abc?list-type={other}")), Ok(Operation::ListObjects), "{other}");
    }
    assert_eq!(plain("PUT", "/abc?location"), Err(Code::MethodNotAllowed));
}

#[test]
fn methods_without_a_meaning_are_refused() {
    assert_eq!(plain("POST", "/"), Err(Code::MethodNotAllowed));
    assert_eq!(plain("PATCH", "/abc"), Err(Code::MethodNotAllowed));
    assert_eq!(plain("PATCH", "/abc/k"), Err(Code::MethodNotAllowed));
    assert_eq!(plain("POST", "/abc/k"), Err(Code::MethodNotAllowed));
    assert_eq!(plain("POST", "/abc/k?unknown"), Err(Code::MethodNotAllowed));
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
    ];
    for (name, value) in refused {
        assert_eq!(with("PUT", "/abc/k", name, value), Err(Code::NotImplemented), "{name}");
        let hoisted = format!("/abc/k?{}={value}", name.replace("x-amz", "X-Amz"));
        assert_eq!(plain("PUT", &hoisted), Err(Code::NotImplemented), "{hoisted}");
    }
    // Only the request that puts bytes can append them.
    assert_eq!(with("PUT", "/abc/k", "x-amz-write-offset-bytes", "0"), Ok(Operation::PutObject));
    for (method, uri) in [
        ("PUT", "/abc/k?partNumber=1&uploadId=u"),
        ("POST", "/abc/k?uploads"),
        ("GET", "/abc/k"),
        ("PUT", "/abc/k?acl"),
    ] {
        assert_eq!(with(method, uri, "x-amz-write-offset-bytes", "0"), Err(Code::NotImplemented), "{method} {uri}");
    }
    // Only a request that makes an object can have a lock.
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
fn a_checksum_of_no_algorithm_is_refused() {
    for name in ["x-amz-checksum-sha3", "x-amz-checksum-", "x-amz-checksum-xxhash32"] {
        assert_eq!(with("PUT", "/abc/k", name, "AAAA"), Err(Code::InvalidRequest), "{name}");
        assert_eq!(plain("PUT", &format!("/abc/k?{name}=AAAA")), Err(Code::InvalidRequest), "{name}");
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
        ("x-amz-checksum-sha512", "AAAA"),
        ("x-amz-checksum-xxhash64", "AAAA"),
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
