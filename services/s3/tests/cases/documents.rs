//! The XML documents of responses, byte by byte.

use jiff::Timestamp;
use s3::checksum::{Algorithm, Checksum, ChecksumType};
use s3::request::Encoding;
use s3::xml::{
    CompleteMultipartUploadResult, CopyObjectResult, CopyPartResult, DeleteResult, DeletedObject, FailedDelete,
    InitiateMultipartUploadResult, ListBucketResult, ListBucketResultV2, ListBucketsResult, ListMultipartUploadsResult,
    ListPartsResult, ListVersionsResult, ListedBucket, ListedObject, ListedPart, ListedUpload, ListedVersion,
    LocationConstraint, Owner, RequestPaymentConfiguration, VersionedObject, VersioningConfiguration, VersioningStatus,
};
use s3::{Code, Error};

use crate::support::{at, lines};

const OWNER: Owner<'static> = Owner { id: "id", display_name: "name" };

fn time() -> Timestamp {
    at("2026-11-22T19:01:02.345Z")
}

fn object(key: &'static [u8], owner: Option<Owner<'static>>) -> ListedObject<'static> {
    ListedObject {
        key,
        last_modified: time(),
        etag: "5d41402abc4b2a76b9719d911017c592",
        size: 5,
        storage_class: "STANDARD",
        owner,
        checksum: Some((Algorithm::Crc32, ChecksumType::FullObject)),
    }
}

#[test]
fn a_listing_of_version_1() {
    let objects = [object(b"a&b\r", Some(OWNER))];
    let result = ListBucketResult {
        bucket: "abc",
        prefix: b"a",
        delimiter: Some(b"/"),
        marker: b"",
        max_keys: 1,
        encoding: Encoding::Plain,
        is_truncated: true,
        next_marker: Some(b"a&b\r"),
        objects: &objects,
        common_prefixes: &[b"p/"],
    };
    insta::assert_snapshot!(lines(&result.to_xml()), @"
    <ListBucketResult>
    <Name>abc</Name>
    <Prefix>a</Prefix>
    <Marker>
    </Marker>
    <NextMarker>a&amp;b&#x0D;</NextMarker>
    <MaxKeys>1</MaxKeys>
    <Delimiter>/</Delimiter>
    <IsTruncated>true</IsTruncated>
    <Contents>
    <Key>a&amp;b&#x0D;</Key>
    <LastModified>2026-11-22T19:01:02.345Z</LastModified>
    <ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag>
    <ChecksumAlgorithm>CRC32</ChecksumAlgorithm>
    <ChecksumType>FULL_OBJECT</ChecksumType>
    <Size>5</Size>
    <Owner>
    <ID>id</ID>
    <DisplayName>name</DisplayName>
    </Owner>
    <StorageClass>STANDARD</StorageClass>
    </Contents>
    <CommonPrefixes>
    <Prefix>p/</Prefix>
    </CommonPrefixes>
    </ListBucketResult>
    ");
}

#[test]
fn a_listing_of_version_2_in_url_encoding() {
    let objects = [object(b"foo+1/bar", None), object(b"asdf+b\xff\x01", None)];
    let result = ListBucketResultV2 {
        bucket: "abc",
        prefix: b"\xc3\xa9",
        delimiter: Some(b"/"),
        max_keys: 1000,
        encoding: Encoding::Url,
        start_after: Some(b"a b"),
        continuation_token: Some("1abc"),
        next_continuation_token: None,
        objects: &objects,
        common_prefixes: &[b"quux ab/", b"foo/"],
    };
    insta::assert_snapshot!(lines(&result.to_xml()), @"
    <ListBucketResult>
    <Name>abc</Name>
    <Prefix>%C3%A9</Prefix>
    <StartAfter>a%20b</StartAfter>
    <ContinuationToken>1abc</ContinuationToken>
    <KeyCount>4</KeyCount>
    <MaxKeys>1000</MaxKeys>
    <Delimiter>/</Delimiter>
    <EncodingType>url</EncodingType>
    <IsTruncated>false</IsTruncated>
    <Contents>
    <Key>foo%2B1/bar</Key>
    <LastModified>2026-11-22T19:01:02.345Z</LastModified>
    <ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag>
    <ChecksumAlgorithm>CRC32</ChecksumAlgorithm>
    <ChecksumType>FULL_OBJECT</ChecksumType>
    <Size>5</Size>
    <StorageClass>STANDARD</StorageClass>
    </Contents>
    <Contents>
    <Key>asdf%2Bb%FF%01</Key>
    <LastModified>2026-11-22T19:01:02.345Z</LastModified>
    <ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag>
    <ChecksumAlgorithm>CRC32</ChecksumAlgorithm>
    <ChecksumType>FULL_OBJECT</ChecksumType>
    <Size>5</Size>
    <StorageClass>STANDARD</StorageClass>
    </Contents>
    <CommonPrefixes>
    <Prefix>quux%20ab/</Prefix>
    </CommonPrefixes>
    <CommonPrefixes>
    <Prefix>foo/</Prefix>
    </CommonPrefixes>
    </ListBucketResult>
    ");
}

#[test]
fn a_listing_of_versions() {
    let object = VersionedObject { etag: "aa-2", size: 5, storage_class: "GLACIER", checksum: None };
    let entry = ListedVersion {
        key: b"k",
        version_id: "null",
        is_latest: false,
        last_modified: time(),
        owner: Some(OWNER),
        object: Some(object),
    };
    let marker = ListedVersion { version_id: "v2", is_latest: true, object: None, ..entry };
    let result = ListVersionsResult {
        bucket: "abc",
        prefix: b"",
        delimiter: None,
        key_marker: b"",
        version_id_marker: "",
        max_keys: 2,
        encoding: Encoding::Plain,
        is_truncated: true,
        next_key_marker: Some(b"k"),
        next_version_id_marker: Some("null"),
        versions: &[marker, entry],
        common_prefixes: &[],
    };
    insta::assert_snapshot!(lines(&result.to_xml()), @"
    <ListVersionsResult>
    <Name>abc</Name>
    <Prefix>
    </Prefix>
    <KeyMarker>
    </KeyMarker>
    <VersionIdMarker>
    </VersionIdMarker>
    <NextKeyMarker>k</NextKeyMarker>
    <NextVersionIdMarker>null</NextVersionIdMarker>
    <MaxKeys>2</MaxKeys>
    <IsTruncated>true</IsTruncated>
    <DeleteMarker>
    <Key>k</Key>
    <VersionId>v2</VersionId>
    <IsLatest>true</IsLatest>
    <LastModified>2026-11-22T19:01:02.345Z</LastModified>
    <Owner>
    <ID>id</ID>
    <DisplayName>name</DisplayName>
    </Owner>
    </DeleteMarker>
    <Version>
    <Key>k</Key>
    <VersionId>null</VersionId>
    <IsLatest>false</IsLatest>
    <LastModified>2026-11-22T19:01:02.345Z</LastModified>
    <ETag>&quot;aa-2&quot;</ETag>
    <Size>5</Size>
    <StorageClass>GLACIER</StorageClass>
    <Owner>
    <ID>id</ID>
    <DisplayName>name</DisplayName>
    </Owner>
    </Version>
    </ListVersionsResult>
    ");
}

#[test]
fn answers_about_buckets() {
    let buckets = [ListedBucket { name: "abc", created: time(), region: Some("eu") }];
    let result = ListBucketsResult { owner: OWNER, buckets: &buckets, prefix: None, continuation_token: Some("t") };
    insta::assert_snapshot!(lines(&result.to_xml()), @"
    <ListAllMyBucketsResult>
    <Owner>
    <ID>id</ID>
    <DisplayName>name</DisplayName>
    </Owner>
    <Buckets>
    <Bucket>
    <Name>abc</Name>
    <CreationDate>2026-11-22T19:01:02.345Z</CreationDate>
    <BucketRegion>eu</BucketRegion>
    <BucketArn>arn:aws:s3:::abc</BucketArn>
    </Bucket>
    </Buckets>
    <ContinuationToken>t</ContinuationToken>
    </ListAllMyBucketsResult>
    ");
    insta::assert_snapshot!(lines(&LocationConstraint { region: "eu", named: false }.to_xml()), @"<LocationConstraint>eu</LocationConstraint>");
    insta::assert_snapshot!(lines(&LocationConstraint { region: "us-east-1", named: false }.to_xml()), @"
    <LocationConstraint>
    </LocationConstraint>
    ");
    insta::assert_snapshot!(lines(&RequestPaymentConfiguration.to_xml()), @"
    <RequestPaymentConfiguration>
    <Payer>BucketOwner</Payer>
    </RequestPaymentConfiguration>
    ");
    insta::assert_snapshot!(lines(&VersioningConfiguration { status: None }.to_xml()), @"
    <VersioningConfiguration>
    </VersioningConfiguration>
    ");
    insta::assert_snapshot!(lines(&VersioningConfiguration { status: Some(VersioningStatus::Suspended) }.to_xml()), @"
    <VersioningConfiguration>
    <Status>Suspended</Status>
    </VersioningConfiguration>
    ");
}

#[test]
fn answers_about_copies_and_deletes() {
    let checksum = Checksum::parse(Algorithm::Crc32, "NhCmhg==").unwrap();
    let copy = CopyObjectResult {
        etag: "aa",
        last_modified: time(),
        checksum: Some(&checksum),
        checksum_type: Some(ChecksumType::FullObject),
    };
    insta::assert_snapshot!(lines(&copy.to_xml()), @"
    <CopyObjectResult>
    <LastModified>2026-11-22T19:01:02.345Z</LastModified>
    <ETag>&quot;aa&quot;</ETag>
    <ChecksumType>FULL_OBJECT</ChecksumType>
    <ChecksumCRC32>NhCmhg==</ChecksumCRC32>
    </CopyObjectResult>
    ");
    let part = CopyPartResult { etag: "aa", last_modified: time(), checksum: None };
    insta::assert_snapshot!(lines(&part.to_xml()), @"
    <CopyPartResult>
    <LastModified>2026-11-22T19:01:02.345Z</LastModified>
    <ETag>&quot;aa&quot;</ETag>
    </CopyPartResult>
    ");
    let deleted = [
        DeletedObject { key: b"a", version_id: None, delete_marker: true, delete_marker_version_id: Some("v") },
        DeletedObject { key: b"b", version_id: Some("null"), delete_marker: false, delete_marker_version_id: None },
    ];
    let failed = [FailedDelete { key: b"c", version_id: None, error: Error::new(Code::AccessDenied) }];
    insta::assert_snapshot!(lines(&DeleteResult { deleted: &deleted, failed: &failed }.to_xml()), @"
    <DeleteResult>
    <Deleted>
    <Key>a</Key>
    <DeleteMarker>true</DeleteMarker>
    <DeleteMarkerVersionId>v</DeleteMarkerVersionId>
    </Deleted>
    <Deleted>
    <Key>b</Key>
    <VersionId>null</VersionId>
    </Deleted>
    <Error>
    <Key>c</Key>
    <Code>AccessDenied</Code>
    <Message>Access Denied</Message>
    </Error>
    </DeleteResult>
    ");
}

#[test]
fn answers_about_uploads() {
    let start = InitiateMultipartUploadResult { bucket: "abc", key: b"k", upload_id: "u" };
    insta::assert_snapshot!(lines(&start.to_xml()), @"
    <InitiateMultipartUploadResult>
    <Bucket>abc</Bucket>
    <Key>k</Key>
    <UploadId>u</UploadId>
    </InitiateMultipartUploadResult>
    ");
    let checksum = Checksum::parse(Algorithm::Crc32, "NhCmhg==-2").unwrap();
    let complete = CompleteMultipartUploadResult {
        location: "http://localhost/abc/k",
        bucket: "abc",
        key: b"k",
        etag: "aa-2",
        checksum: Some(&checksum),
        checksum_type: Some(ChecksumType::Composite),
    };
    insta::assert_snapshot!(lines(&complete.to_xml()), @"
    <CompleteMultipartUploadResult>
    <Location>http://localhost/abc/k</Location>
    <Bucket>abc</Bucket>
    <Key>k</Key>
    <ETag>&quot;aa-2&quot;</ETag>
    <ChecksumCRC32>NhCmhg==-2</ChecksumCRC32>
    <ChecksumType>COMPOSITE</ChecksumType>
    </CompleteMultipartUploadResult>
    ");
}

#[test]
fn a_listing_of_parts() {
    let checksum = Checksum::parse(Algorithm::Crc32, "NhCmhg==").unwrap();
    let parts = [ListedPart { number: 7, last_modified: time(), etag: "aa", size: 5, checksum: Some(checksum) }];
    let result = ListPartsResult {
        bucket: "abc",
        key: b"k",
        upload_id: "u",
        encoding: Encoding::Plain,
        part_number_marker: 0,
        max_parts: 1,
        next_part_number_marker: 7,
        is_truncated: false,
        owner: OWNER,
        initiator: OWNER,
        storage_class: "STANDARD",
        checksum: Some((Algorithm::Crc32, ChecksumType::Composite)),
        parts: &parts,
    };
    insta::assert_snapshot!(lines(&result.to_xml()), @"
    <ListPartsResult>
    <Bucket>abc</Bucket>
    <Key>k</Key>
    <UploadId>u</UploadId>
    <Initiator>
    <ID>id</ID>
    <DisplayName>name</DisplayName>
    </Initiator>
    <Owner>
    <ID>id</ID>
    <DisplayName>name</DisplayName>
    </Owner>
    <StorageClass>STANDARD</StorageClass>
    <PartNumberMarker>0</PartNumberMarker>
    <NextPartNumberMarker>7</NextPartNumberMarker>
    <MaxParts>1</MaxParts>
    <IsTruncated>false</IsTruncated>
    <ChecksumAlgorithm>CRC32</ChecksumAlgorithm>
    <ChecksumType>COMPOSITE</ChecksumType>
    <Part>
    <PartNumber>7</PartNumber>
    <LastModified>2026-11-22T19:01:02.345Z</LastModified>
    <ETag>&quot;aa&quot;</ETag>
    <Size>5</Size>
    <ChecksumCRC32>NhCmhg==</ChecksumCRC32>
    </Part>
    </ListPartsResult>
    ");
}

#[test]
fn a_listing_of_uploads() {
    let uploads = [ListedUpload {
        key: b"k",
        upload_id: "u",
        initiated: time(),
        owner: OWNER,
        initiator: OWNER,
        storage_class: "STANDARD",
        checksum: None,
    }];
    let result = ListMultipartUploadsResult {
        bucket: "abc",
        prefix: b"",
        delimiter: Some(b"/"),
        key_marker: b"",
        upload_id_marker: "",
        max_uploads: 1,
        encoding: Encoding::Plain,
        is_truncated: false,
        next_key_marker: b"k",
        next_upload_id_marker: "u",
        uploads: &uploads,
        common_prefixes: &[b"p/"],
    };
    insta::assert_snapshot!(lines(&result.to_xml()), @"
    <ListMultipartUploadsResult>
    <Bucket>abc</Bucket>
    <KeyMarker>
    </KeyMarker>
    <UploadIdMarker>
    </UploadIdMarker>
    <NextKeyMarker>k</NextKeyMarker>
    <NextUploadIdMarker>u</NextUploadIdMarker>
    <Delimiter>/</Delimiter>
    <Prefix>
    </Prefix>
    <MaxUploads>1</MaxUploads>
    <IsTruncated>false</IsTruncated>
    <Upload>
    <Key>k</Key>
    <UploadId>u</UploadId>
    <Initiator>
    <ID>id</ID>
    <DisplayName>name</DisplayName>
    </Initiator>
    <Owner>
    <ID>id</ID>
    <DisplayName>name</DisplayName>
    </Owner>
    <StorageClass>STANDARD</StorageClass>
    <Initiated>2026-11-22T19:01:02.345Z</Initiated>
    </Upload>
    <CommonPrefixes>
    <Prefix>p/</Prefix>
    </CommonPrefixes>
    </ListMultipartUploadsResult>
    ");
}
