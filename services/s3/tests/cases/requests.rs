//! The values that each operation takes from headers and query.

use proptest::prelude::*;
use s3::Code;
use s3::checksum::{Algorithm, ChecksumType};
use s3::range::Range;
use s3::request::{
    CompleteMultipartUpload, CopyObject, CopySource, CreateMultipartUpload, DeleteObject, Directive, DocumentBody,
    GetObject, ListBuckets, ListParts, METADATA_BYTES_MAX, PutObject, RenameObject, StorageClass, UploadPart,
    UploadPartCopy,
};

use s3::sigv4::PayloadHash;

use crate::support::{Sent, at as moment, sent};

fn put(pairs: &[(&str, &str)]) -> Result<PutObject, Code> {
    let mut all = vec![("content-length", "5")];
    all.extend_from_slice(pairs);
    parsed(&sent("PUT", "/abc/k", &all), PutObject::parse)
}

fn parsed<T>(request: &Sent, parse: impl FnOnce(&s3::Head<'_>) -> Result<T, s3::Error>) -> Result<T, Code> {
    request.parse(parse).map_err(|error| error.code())
}

/// The message of a refused PUT.
fn said(pairs: &[(&str, &str)]) -> String {
    let mut all = vec![("content-length", "5")];
    all.extend_from_slice(pairs);
    let refused = sent("PUT", "/abc/k", &all).parse(PutObject::parse).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidRequest);
    refused.message().to_owned()
}

fn at<T>(uri: &str, parse: impl FnOnce(&s3::Head<'_>) -> Result<T, s3::Error>) -> Result<T, Code> {
    parsed(&sent("GET", uri, &[]), parse)
}

#[test]
fn what_is_stored_with_an_object() {
    let put = put(&[
        ("content-type", "text/plain"),
        ("cache-control", "no-cache"),
        ("content-disposition", "attachment"),
        ("content-language", "de"),
        ("expires", "Thu, 01 Dec 1994 16:00:00 GMT"),
        ("x-amz-meta-Second", "2"),
        ("x-amz-meta-first", "1"),
        ("x-amz-meta-first", "one"),
        ("x-amz-storage-class", "STANDARD_IA"),
    ])
    .unwrap();
    assert_eq!(put.metadata.content_type.as_deref(), Some("text/plain"));
    assert_eq!(put.metadata.expires.as_deref(), Some("Thu, 01 Dec 1994 16:00:00 GMT"));
    let user: Vec<_> = put.metadata.user.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(user, [("first", "1,one"), ("second", "2")]);
    assert_eq!(put.storage_class, StorageClass::StandardIa);
    assert_eq!(put.payload.object_length(), Some(5));
}

#[test]
fn the_framing_of_the_upload_is_no_content_coding() {
    for (sent, stored) in [
        ("aws-chunked", None),
        ("gzip, aws-chunked", Some("gzip")),
        ("aws-chunked,gzip", Some("gzip")),
        ("AWS-Chunked, gzip, br", Some("gzip, br")),
        ("gzip", Some("gzip")),
        ("", None),
    ] {
        let put = put(&[("content-encoding", sent)]).unwrap();
        assert_eq!(put.metadata.content_encoding.as_deref(), stored, "{sent}");
    }
}

#[test]
fn user_metadata_is_bounded_in_bytes() {
    let most = "v".repeat(METADATA_BYTES_MAX - 1);
    assert!(put(&[("x-amz-meta-a", &most)]).is_ok());
    assert_eq!(put(&[("x-amz-meta-ab", &most)]), Err(Code::MetadataTooLarge));
    assert_eq!(put(&[("x-amz-storage-class", "FAST")]), Err(Code::InvalidStorageClass));
}

#[test]
fn metadata_may_be_hoisted_into_a_presigned_url() {
    let request =
        sent("PUT", "/abc/k?x-amz-meta-a=1%202&X-Amz-Meta-B=3", &[("content-length", "0"), ("x-amz-meta-b", "4")]);
    let put = parsed(&request, PutObject::parse).unwrap();
    assert_eq!(put.metadata.user, [("a".to_owned(), "1 2".to_owned()), ("b".to_owned(), "4".to_owned())]);
    let request = sent("PUT", "/abc/k?x-amz-meta-a=1%0d%0aEvil:%20x", &[("content-length", "0")]);
    assert_eq!(parsed(&request, PutObject::parse), Err(Code::InvalidArgument));
}

#[test]
fn other_headers_in_a_presigned_url_are_ignored_but_for_the_digest() {
    let query = "Content-Type=text%2Fplain&Cache-Control=no-store&Content-MD5=CY9rzUYh03PK3k6DJie09g%3D%3D";
    let put =
        |query: &str| parsed(&sent("PUT", &format!("/abc/k?{query}"), &[("content-length", "5")]), PutObject::parse);
    let unsigned = put(query).unwrap();
    assert_eq!((unsigned.metadata.content_type, unsigned.metadata.cache_control), (None, None));
    assert_eq!(unsigned.payload.content_md5, None);
    let signed = put(&format!("{query}&X-Amz-Signature=s")).unwrap();
    assert_eq!((signed.metadata.content_type, signed.metadata.cache_control), (None, None));
    assert!(signed.payload.content_md5.is_some());
    assert_eq!(put("Content-MD5=none&X-Amz-Signature=s"), Err(Code::InvalidDigest));
}

#[test]
fn a_body_needs_an_end() {
    assert_eq!(parsed(&sent("PUT", "/abc/k", &[]), PutObject::parse), Err(Code::MissingContentLength));
    let chunked = parsed(&sent("PUT", "/abc/k", &[("transfer-encoding", "chunked")]), PutObject::parse).unwrap();
    assert_eq!(chunked.payload.object_length(), None);
    assert_eq!(put(&[("x-amz-decoded-content-length", "3")]).unwrap().payload.object_length(), Some(3));
    assert_eq!(put(&[("x-amz-decoded-content-length", "-3")]), Err(Code::InvalidArgument));
}

#[test]
fn declarations_must_fit_the_framing() {
    let check = |pairs: &[(&str, &str)], hash| put(pairs).unwrap().payload.check_framing(&hash).map_err(|e| e.code());
    let framed = [("x-amz-decoded-content-length", "3"), ("x-amz-trailer", "x-amz-checksum-crc32")];
    assert_eq!(check(&framed, PayloadHash::StreamingUnsignedTrailer), Ok(()));
    assert_eq!(check(&framed, PayloadHash::StreamingSigned), Err(Code::InvalidRequest));
    assert_eq!(check(&framed[1..], PayloadHash::Signed([0; 32])), Err(Code::InvalidRequest));
    assert_eq!(check(&framed[..1], PayloadHash::StreamingSigned), Ok(()));
    assert_eq!(check(&framed[..1], PayloadHash::Unsigned), Err(Code::InvalidRequest));
    assert_eq!(check(&[], PayloadHash::StreamingSigned), Err(Code::MissingContentLength));
    assert_eq!(check(&[], PayloadHash::Unsigned), Ok(()));
}

#[test]
fn declared_digests_are_checked_for_form() {
    assert!(put(&[("content-md5", "CY9rzUYh03PK3k6DJie09g==")]).unwrap().payload.content_md5.is_some());
    for bad in ["", "YWJyYWNhZGFicmE=", "CY9rzUYh03PK3k6DJie09g", "rL0Y20xC+Fzt72VPzMSk2A==x"] {
        assert_eq!(put(&[("content-md5", bad)]), Err(Code::InvalidDigest), "{bad}");
    }
    let payload =
        put(&[("x-amz-checksum-crc32c", "AAAAAA=="), ("x-amz-sdk-checksum-algorithm", "CRC32C")]).unwrap().payload;
    assert_eq!(payload.checksum.unwrap().algorithm(), Algorithm::Crc32c);
    assert_eq!(payload.algorithm, Some(Algorithm::Crc32c));
    // A wrong length, text that is not base64, an empty value, and a checksum of checksums, which no body has.
    for bad in ["AAAA", "!!!!!!==", "", "AAAAAA==-2"] {
        assert_eq!(put(&[("x-amz-checksum-crc32c", bad)]), Err(Code::InvalidRequest), "{bad}");
    }
    assert_eq!(said(&[("x-amz-checksum-sha512", "AAAA")]), "Value for x-amz-checksum-sha512 header is invalid.");
    let several = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
    assert_eq!(said(&[("x-amz-checksum-md5", ""), ("x-amz-checksum-crc32", "")]), several);
    assert_eq!(said(&[("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-trailer", "x-amz-checksum-crc32c")]), several);
    assert_eq!(
        put(&[("x-amz-checksum-crc32c", "AAAAAA=="), ("x-amz-checksum-crc32", "AAAAAA==")]),
        Err(Code::InvalidRequest)
    );
    assert_eq!(
        put(&[("x-amz-checksum-crc32c", "AAAAAA=="), ("x-amz-trailer", "x-amz-checksum-crc32")]),
        Err(Code::InvalidRequest)
    );
    assert_eq!(
        put(&[("x-amz-checksum-crc32c", "AAAAAA=="), ("x-amz-sdk-checksum-algorithm", "SHA1")]),
        Err(Code::InvalidRequest)
    );
    assert_eq!(
        said(&[("x-amz-sdk-checksum-algorithm", "SHA3")]),
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
         [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]"
    );
    // An SDK sends the checksum that it names.
    assert_eq!(put(&[("x-amz-sdk-checksum-algorithm", "SHA256")]), Err(Code::InvalidRequest));
    let hoisted = sent("PUT", "/abc/k?x-amz-sdk-checksum-algorithm=SHA256", &[("content-length", "5")]);
    assert_eq!(parsed(&hoisted, PutObject::parse).unwrap().payload.algorithm, Some(Algorithm::Sha256));
    // This header is for uploads and copies.
    for ignored in ["SHA3", "SHA1"] {
        let with = [("x-amz-checksum-algorithm", ignored), ("x-amz-checksum-crc32", "AAAAAA==")];
        assert_eq!(put(&with).unwrap().payload.algorithm, Some(Algorithm::Crc32));
        assert_eq!(put(&with[..1]).unwrap().payload.algorithm, None);
    }
    let trailer = put(&[("x-amz-trailer", "X-Amz-Checksum-CRC64NVME")]).unwrap().payload;
    assert_eq!(trailer.trailer, Some(Algorithm::Crc64Nvme));
    assert_eq!(
        said(&[("x-amz-trailer", "x-amz-meta-a")]),
        "The value specified in the x-amz-trailer header is not supported"
    );
}

#[test]
fn the_crc_of_nothing_in_a_presigned_url_is_ignored() {
    let with =
        |uri: &str| parsed(&sent("PUT", uri, &[("content-length", "5")]), PutObject::parse).unwrap().payload.checksum;
    assert_eq!(with("/abc/k?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32"), None);
    assert!(with("/abc/k?x-amz-checksum-crc32=NhCmhg%3D%3D").is_some());
    assert!(put(&[("x-amz-checksum-crc32", "AAAAAA==")]).unwrap().payload.checksum.is_some());
}

#[test]
fn documents_are_held_to_any_declared_digest() {
    let verify = |name, value| {
        let body = parsed(&sent("POST", "/abc?delete", &[(name, value)]), DocumentBody::parse)?;
        body.verify(b"hello").map_err(|error| error.code())
    };
    assert_eq!(verify("content-md5", "XUFAKrxLKna5cZ2REBfFkg=="), Ok(()));
    assert_eq!(verify("content-md5", "CY9rzUYh03PK3k6DJie09g=="), Err(Code::BadDigest));
    assert_eq!(verify("x-amz-checksum-crc32", "NhCmhg=="), Ok(()));
    assert_eq!(verify("x-amz-checksum-crc32", "NhCmhw=="), Err(Code::BadDigest));
    assert_eq!(verify("accept", "*/*"), Ok(()));
}

#[test]
fn reads() {
    let request = sent(
        "GET",
        "/abc/k?versionId=null&response-content-type=a%2Fb&response-expires=x",
        &[("range", "bytes=0-4"), ("x-amz-checksum-mode", "enabled"), ("if-none-match", "\"x\"")],
    );
    let get = parsed(&request, GetObject::parse).unwrap();
    assert_eq!(
        (get.range, get.version_id.as_deref(), get.checksum_mode),
        (Some(Range::FromTo(0, 4)), Some("null"), true)
    );
    let overrides: Vec<_> =
        get.overrides.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(overrides, [("content-type", "a/b"), ("expires", "x")]);
    assert!(!get.conditions.is_empty());
    let both = sent("GET", "/abc/k?partNumber=1", &[("range", "bytes=0-4")]);
    assert_eq!(parsed(&both, GetObject::parse), Err(Code::InvalidRequest));
    // S3 refuses a range together with a part even where it would ignore the range.
    let both = sent("GET", "/abc/k?partNumber=1", &[("range", "lines=1")]);
    assert_eq!(parsed(&both, GetObject::parse), Err(Code::InvalidRequest));
    assert_eq!(at("/abc/k?versionId=", GetObject::parse), Err(Code::InvalidArgument));
    assert_eq!(at("/abc/k?response-content-type=a%0d%0ab", GetObject::parse), Err(Code::InvalidArgument));
    for bad in ["0", "10001", "-1", "a", "", "65537"] {
        assert_eq!(at(&format!("/abc/k?partNumber={bad}"), GetObject::parse), Err(Code::InvalidArgument), "{bad}");
    }
    assert_eq!(at("/abc/k?partNumber=10000", GetObject::parse).unwrap().part_number, Some(10_000));
}

#[test]
fn a_range_may_depend_on_the_object() {
    let modified = moment("2026-11-22T19:01:02.9Z");
    let range = |if_range: &str| {
        let request = sent("GET", "/abc/k", &[("range", "bytes=0-4"), ("if-range", if_range)]);
        parsed(&request, GetObject::parse).unwrap().range_if(&"a".repeat(32), modified)
    };
    assert_eq!(range(&format!("\"{}\"", "a".repeat(32))), Some(Range::FromTo(0, 4)));
    assert_eq!(range("Sun, 22 Nov 2026 19:01:02 GMT"), Some(Range::FromTo(0, 4)));
    for other in ["\"bb\"", &format!("W/\"{}\"", "a".repeat(32)), "Sun, 22 Nov 2026 19:01:03 GMT", "", "*"] {
        assert_eq!(range(other), None, "{other}");
    }
    let plain = parsed(&sent("GET", "/abc/k", &[("range", "bytes=0-4")]), GetObject::parse).unwrap();
    assert_eq!(plain.range_if("a", modified), Some(Range::FromTo(0, 4)));
}

#[test]
fn copy_sources() {
    let source = |text: &str| CopySource::parse(text).map(|s| (s.bucket, s.key, s.version_id)).map_err(|e| e.code());
    let is = |key: &[u8], version: Option<&str>| Ok(("abc".to_owned(), key.to_vec(), version.map(str::to_owned)));
    assert_eq!(source("/abc/k"), is(b"k", None));
    assert_eq!(source("abc/k/l"), is(b"k/l", None));
    assert_eq!(source("abc%2Fk%2Fl"), is(b"k/l", None));
    assert_eq!(source("abc//k"), is(b"/k", None));
    assert_eq!(source("abc/a%2525%2Bb"), is(b"a%25+b", None));
    assert_eq!(source("abc/a+b%20c"), is(b"a b c", None));
    assert_eq!(source("abc/k?versionId=v%2F1"), is(b"k", Some("v/1")));
    assert_eq!(source("abc/k%3FversionId=v"), is(b"k?versionId=v", None));
    assert_eq!(source("abc/k?a=b"), is(b"k?a=b", None));
    assert_eq!(source("abc/../def"), is(b"../def", None));
    assert_eq!(source("abc/k?versionId="), Err(Code::InvalidArgument));
    let refusal = |text: &str| CopySource::parse(text).map_err(|error| (error.code(), error.message().to_owned()));
    for (what, bad) in [
        ("object key", &["", "/", "abc", "/abc/"][..]),
        ("encoding", &["abc/%zz", "%", "100%/k", "abc/%1", "abc/k?versionId=%", "abc/k?versionId=%FF"]),
        ("bucket name", &["ABC/k", "192.168.1.1/k", "%FFbc/k"]),
    ] {
        let expected = format!("Invalid copy source {what}");
        for text in bad {
            assert_eq!(refusal(text), Err((Code::InvalidArgument, expected.clone())), "{text}");
        }
    }
    assert_eq!(source(&format!("abc/{}", "k".repeat(1025))), Err(Code::KeyTooLongError));
}

#[test]
fn copies() {
    let copy = |pairs: &[(&str, &str)]| {
        let mut all = vec![("x-amz-copy-source", "/abc/k")];
        all.extend_from_slice(pairs);
        parsed(&sent("PUT", "/abc/k", &all), CopyObject::parse)
    };
    assert!(copy(&[]).unwrap().changes_nothing_in_place());
    let replace = copy(&[("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-a", "1")]).unwrap();
    assert_eq!(replace.metadata_directive, Directive::Replace);
    assert!(!replace.changes_nothing_in_place());
    assert!(!copy(&[("x-amz-storage-class", "GLACIER")]).unwrap().changes_nothing_in_place());
    assert_eq!(copy(&[("x-amz-metadata-directive", "replace")]), Err(Code::InvalidArgument));
    assert!(!copy(&[("x-amz-copy-source-if-match", "a")]).unwrap().source_conditions.is_empty());
}

#[test]
fn renames() {
    let rename = |pairs: &[(&str, &str)]| parsed(&sent("PUT", "/abc/k?renameObject", pairs), RenameObject::parse);
    let source = |text: &str| rename(&[("x-amz-rename-source", text)]).map(|rename| rename.source);
    assert_eq!(source("a%20b%2B/c+d"), Ok(b"a b+/c d".to_vec()));
    assert_eq!(source("/k"), Ok(b"k".to_vec()));
    assert_eq!(source("//k"), Ok(b"/k".to_vec()));
    for bad in ["", "/", "%zz"] {
        assert_eq!(source(bad), Err(Code::InvalidArgument), "{bad}");
    }
    assert_eq!(source(&"k".repeat(1025)), Err(Code::KeyTooLongError));
    assert_eq!(rename(&[]), Err(Code::InvalidArgument));
    let more = |name: &str, value: &str| rename(&[("x-amz-rename-source", "k"), (name, value)]);
    assert!(!more("x-amz-rename-source-if-match", "a").unwrap().source_conditions.is_empty());
    assert!(!more("if-none-match", "*").unwrap().conditions.is_empty());
    assert_eq!(more("x-amz-client-token", "t").unwrap().client_token.as_deref(), Some("t"));
    for (name, value) in [("x-amz-copy-source", "/abc/k"), ("if-modified-since", "Thu, 01 Dec 1994 16:00:00 GMT")] {
        assert_eq!(more(name, value), Err(Code::NotImplemented), "{name}");
    }
}

#[test]
fn multipart_uploads() {
    let create = |pairs: &[(&str, &str)]| {
        parsed(&sent("POST", "/abc/k?uploads", pairs), CreateMultipartUpload::parse)
            .map(|create| (create.checksum_algorithm, create.checksum_type))
    };
    assert_eq!(create(&[]), Ok((None, None)));
    assert_eq!(
        create(&[("x-amz-checksum-algorithm", "SHA256")]),
        Ok((Some(Algorithm::Sha256), Some(ChecksumType::Composite)))
    );
    assert_eq!(
        create(&[("x-amz-checksum-algorithm", "crc32"), ("x-amz-checksum-type", "FULL_OBJECT")]),
        Ok((Some(Algorithm::Crc32), Some(ChecksumType::FullObject)))
    );
    for algorithm in ["SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"] {
        let with = [("x-amz-checksum-algorithm", algorithm), ("x-amz-checksum-type", "FULL_OBJECT")];
        assert_eq!(create(&with), Err(Code::InvalidRequest), "{algorithm}");
        assert_eq!(create(&with[..1]).unwrap().1, Some(ChecksumType::Composite), "{algorithm}");
    }
    for unknown in ["SHA3", "XXHASH32", "TEST"] {
        assert_eq!(create(&[("x-amz-checksum-algorithm", unknown)]), Err(Code::InvalidRequest), "{unknown}");
    }
    assert_eq!(
        create(&[("x-amz-checksum-algorithm", "CRC64NVME"), ("x-amz-checksum-type", "COMPOSITE")]),
        Err(Code::InvalidRequest)
    );
    assert_eq!(create(&[("x-amz-checksum-type", "COMPOSITE")]), Err(Code::InvalidRequest));

    let part = sent("PUT", "/abc/k?partNumber=7&uploadId=u", &[("content-length", "1")]);
    let part = parsed(&part, UploadPart::parse).unwrap();
    assert_eq!((part.part_number, part.upload_id.as_str()), (7, "u"));
    for missing in ["/abc/k?partNumber=7", "/abc/k?uploadId=u"] {
        assert_eq!(
            parsed(&sent("PUT", missing, &[("content-length", "1")]), UploadPart::parse),
            Err(Code::InvalidArgument)
        );
    }
    let copy = |range| {
        let pairs = [("x-amz-copy-source", "abc/l"), ("x-amz-copy-source-range", range)];
        parsed(&sent("PUT", "/abc/k?partNumber=7&uploadId=u", &pairs), UploadPartCopy::parse)
    };
    assert_eq!(copy("bytes=0-9").unwrap().range, Some(Range::FromTo(0, 9)));
    assert_eq!(copy("bytes=0-"), Err(Code::InvalidArgument));
    assert_eq!(at("/abc/k?uploadId=u&part-number-marker=3&max-parts=5000", ListParts::parse).unwrap().max_parts, 1000);
    for (marker, taken) in [
        ("", Ok(0)),
        ("00", Ok(0)),
        ("10000", Ok(10_000)),
        ("2147483647", Ok(2_147_483_647)),
        ("-0", Ok(0)),
        ("x", Err(Code::InvalidArgument)),
        ("-1", Err(Code::InvalidArgument)),
        ("2147483648", Err(Code::InvalidArgument)),
    ] {
        let list = at(&format!("/abc/k?uploadId=u&part-number-marker={marker}"), ListParts::parse);
        assert_eq!(list.map(|list| list.part_number_marker), taken, "{marker}");
    }
    let complete = sent("POST", "/abc/k?uploadId=u", &[("x-amz-mp-object-size", "9"), ("if-none-match", "*")]);
    let complete = parsed(&complete, CompleteMultipartUpload::parse).unwrap();
    assert_eq!(complete.object_size, Some(9));
    assert!(complete.conditions.if_none_match.is_some());
}

#[test]
fn pages_of_buckets() {
    let list = at("/?max-buckets=2&prefix=a&continuation-token=t", ListBuckets::parse).unwrap();
    assert_eq!((list.max_buckets, list.has_parameters, list.prefix.as_deref()), (2, true, Some("a")));
    for query in ["max-buckets=10000", "prefix=a", "continuation-token=t", "bucket-region=r"] {
        assert!(at(&format!("/?{query}"), ListBuckets::parse).unwrap().has_parameters, "{query}");
    }
    for query in ["", "prefix=", "max-buckets="] {
        assert!(!at(&format!("/?{query}"), ListBuckets::parse).unwrap().has_parameters, "{query}");
    }
    for max in ["0", "10001", "-1", "x", "4294967297", "99999999999999999999"] {
        assert_eq!(at(&format!("/?max-buckets={max}"), ListBuckets::parse), Err(Code::InvalidArgument), "{max}");
    }
}

proptest! {
    #[test]
    fn no_header_panics(name in "(range|if-match|content-md5|expires|x-amz-copy-source|x-amz-meta-a|x-amz-checksum-sha1|x-amz-trailer|x-amz-storage-class|content-length)", value in "[\\t -~\u{80}-\u{ff}]{0,30}", query in "[a-zA-Z0-9=&%-]{0,30}") {
        if let Ok(uri) = format!("/abc/k?{query}").parse() {
            let request = Sent { uri, ..sent("PUT", "/", &[(&name, &value)]) };
            let _ = parsed(&request, PutObject::parse);
            let _ = parsed(&request, GetObject::parse);
            let _ = parsed(&request, CopyObject::parse);
            let _ = parsed(&request, DeleteObject::parse);
            let _ = parsed(&request, UploadPartCopy::parse);
            let _ = parsed(&request, CompleteMultipartUpload::parse);
        }
        let _ = CopySource::parse(&value);
    }
}
