//! Parses request heads: addresses, routes and every typed request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use planetstore_fuzz::{head, now};
use s3::condition::{Conditions, DeleteConditions, WriteConditions};
use s3::request::{
    AbortMultipartUpload, CompleteMultipartUpload, CopyObject, CreateMultipartUpload, DeleteObject, DocumentBody,
    GetObject, GetObjectAttributes, Head, ListBuckets, ListMultipartUploads, ListObjectVersions, ListObjects,
    ListObjectsV2, ListParts, Metadata, Payload, PutObject, StorageClass, UploadPart, UploadPartCopy,
};
use s3::sigv4::PayloadHash;
use s3::{Address, Query, route};

const ETAG: &str = "\"d41d8cd98f00b204e9800998ecf8427e\"";

fuzz_target!(|data: &[u8]| {
    let Some((method, uri, headers)) = head(data) else { return };
    let Ok(query) = Query::parse(uri.query()) else { return };
    let head = Head::new(&headers, &query);
    if let Ok(address) = Address::of(&uri, &headers, &["s3.example.com".to_owned()]) {
        assert!(address.key.is_none() || address.bucket.is_some());
        assert!(address.key.as_ref().is_none_or(|key| (1..=1024).contains(&key.len())));
        let _ = route(&method, &address, &head);
    }
    if let Ok(get) = GetObject::parse(&head) {
        let _ = get.range_if(ETAG, now());
    }
    if let Ok(copy) = CopyObject::parse(&head) {
        let _ = copy.changes_nothing_in_place();
    }
    if let Ok(payload) = Payload::parse(&head) {
        let _ = (payload.object_length(), payload.check_framing(&PayloadHash::StreamingUnsignedTrailer));
    }
    if let Ok(body) = DocumentBody::parse(&head) {
        let _ = body.verify(b"<a/>");
    }
    if let Ok(conditions) = Conditions::parse(&head) {
        let _ = conditions.evaluate(ETAG, now(), now());
    }
    if let Ok(conditions) = Conditions::parse_copy_source(&head) {
        let _ = conditions.evaluate_copy_source(ETAG, now(), now());
    }
    if let Ok(conditions) = WriteConditions::parse(&head) {
        let _ = (conditions.evaluate(b"key", Some(ETAG)), conditions.evaluate(b"key", None));
    }
    let _ = DeleteConditions::parse(&head);
    let _ = (ListBuckets::parse(&head), ListObjects::parse(&head), ListObjectsV2::parse(&head));
    let _ = (ListObjectVersions::parse(&head), ListMultipartUploads::parse(&head), ListParts::parse(&head));
    let _ = (PutObject::parse(&head), DeleteObject::parse(&head), CreateMultipartUpload::parse(&head));
    let _ = (UploadPart::parse(&head), UploadPartCopy::parse(&head), CompleteMultipartUpload::parse(&head));
    let _ = (AbortMultipartUpload::parse(&head), Metadata::parse(&head), StorageClass::parse(&head));
    let _ = (GetObjectAttributes::parse(&head), PayloadHash::of_anonymous(&head));
});
