"""Every operation's response: its status, headers and elements, compared with the lists here, and with the SDK's model
of the API.
"""

from xml.etree import ElementTree

import pytest

from test_access import CASES, scene

# Headers of every response, or of HTTP itself.
OF_ALL = {"x-amz-request-id", "x-amz-id-2", "date", "server", "content-length"}

# Fields of a response that appear only sometimes, or never here; of every operation whose model has them.
NOT_ALWAYS = {
    "no requester pays": "RequestCharged",
    "where versions are kept": "VersionId CopySourceVersionId DeleteMarker DeleteMarkers NextVersionIdMarker",
    "the one checksum that there is, if any":
        "ChecksumCRC32 ChecksumCRC32C ChecksumCRC64NVME ChecksumSHA1 ChecksumSHA256 ChecksumSHA512 "
        "ChecksumMD5 ChecksumXXHASH64 ChecksumXXHASH3 ChecksumXXHASH128 ChecksumType ChecksumAlgorithm",
    "of what is encrypted":
        "ServerSideEncryption SSECustomerAlgorithm SSECustomerKeyMD5 SSEKMSKeyId SSEKMSEncryptionContext "
        "BucketKeyEnabled",
    "of what a lifecycle rule will end": "Expiration AbortDate AbortRuleId TransitionDefaultMinimumObjectSize",
    "of what is locked":
        "ObjectLockMode ObjectLockRetainUntilDate ObjectLockLegalHoldStatus ObjectLockEventHold "
        "ObjectLockEventHoldDurationDays ObjectLockEventHoldDurationYears",
    "as it was stored": "CacheControl ContentDisposition ContentEncoding ContentLanguage Expires StorageClass TagCount",
    "as it was asked for":
        "ContentRange PartsCount Prefix Delimiter CommonPrefixes EncodingType StartAfter ContinuationToken "
        "Checksum ObjectParts ObjectSize",
    "where more follows": "NextMarker NextContinuationToken NextKeyMarker",
    "what no object or bucket here has":
        "Restore ArchiveStatus MissingMeta WebsiteRedirectLocation ReplicationStatus BucketLocationType "
        "BucketLocationName MFADelete LoggingEnabled TopicConfigurations QueueConfigurations "
        "LambdaFunctionConfigurations EventBridgeConfiguration AnalyticsConfigurationList "
        "IntelligentTieringConfigurationList InventoryConfigurationList MetricsConfigurationList",
    "where it was ever said": "Status",
    "of appends": "Size",
}

# The responses of a bucket's owner in the scenes of test_access.py: status, headers, elements.
ANSWERS = {
    "ListBuckets": (
        200, "content-type",
        "ListAllMyBucketsResult(Owner(ID DisplayName) Buckets(Bucket(Name CreationDate)))"),
    "CreateBucket": (200, "location x-amz-bucket-arn", ""),
    "HeadBucket": (200, "content-type x-amz-access-point-alias x-amz-bucket-arn x-amz-bucket-region", ""),
    "DeleteBucket": (204, "", ""),
    "GetBucketLocation": (200, "content-type", "LocationConstraint"),
    "GetBucketVersioning": (200, "content-type", "VersioningConfiguration"),
    "PutBucketVersioning": (200, "", ""),
    "GetBucketRequestPayment": (200, "content-type", "RequestPaymentConfiguration(Payer)"),
    "PutBucketRequestPayment": (200, "", ""),
    "GetBucketWebsite": (404, "content-type", "Error(Code Message BucketName Resource RequestId HostId)"),
    "DeleteBucketWebsite": (204, "", ""),
    "GetBucketReplication": (404, "content-type", "Error(Code Message BucketName Resource RequestId HostId)"),
    "PutBucketReplication": (400, "content-type", "Error(Code Message Resource RequestId HostId)"),
    "DeleteBucketReplication": (204, "", ""),
    "GetBucketLogging": (200, "content-type", "BucketLoggingStatus"),
    "PutBucketLogging": (200, "", ""),
    "GetBucketNotificationConfiguration": (200, "content-type", "NotificationConfiguration"),
    "PutBucketNotificationConfiguration": (200, "", ""),
    "GetBucketAccelerateConfiguration": (200, "content-type", "AccelerateConfiguration"),
    "PutBucketAccelerateConfiguration": (200, "", ""),
    "ListBucketAnalyticsConfigurations": (200, "content-type", "ListBucketAnalyticsConfigurationResult(IsTruncated)"),
    "GetBucketAnalyticsConfiguration": (
        404, "content-type",
        "Error(Code Message BucketName Resource RequestId HostId)"),
    "DeleteBucketAnalyticsConfiguration": (204, "", ""),
    "ListBucketInventoryConfigurations": (200, "content-type", "ListInventoryConfigurationsResult(IsTruncated)"),
    "GetBucketInventoryConfiguration": (
        404, "content-type",
        "Error(Code Message BucketName Resource RequestId HostId)"),
    "DeleteBucketInventoryConfiguration": (204, "", ""),
    "ListBucketMetricsConfigurations": (200, "content-type", "ListMetricsConfigurationsResult(IsTruncated)"),
    "GetBucketMetricsConfiguration": (404, "content-type", "Error(Code Message BucketName Resource RequestId HostId)"),
    "DeleteBucketMetricsConfiguration": (204, "", ""),
    "ListBucketIntelligentTieringConfigurations": (
        200, "content-type",
        "ListBucketIntelligentTieringConfigurationsOutput(IsTruncated)"),
    "GetBucketIntelligentTieringConfiguration": (
        404, "content-type",
        "Error(Code Message BucketName Resource RequestId HostId)"),
    "DeleteBucketIntelligentTieringConfiguration": (204, "", ""),
    "GetBucketPolicy": (200, "content-type", ""),
    "PutBucketPolicy": (204, "", ""),
    "DeleteBucketPolicy": (204, "", ""),
    "GetBucketPolicyStatus": (200, "content-type", "PolicyStatus(IsPublic)"),
    "GetPublicAccessBlock": (
        200, "content-type",
        "PublicAccessBlockConfiguration(BlockPublicAcls IgnorePublicAcls BlockPublicPolicy RestrictPublicBuckets)"),
    "PutPublicAccessBlock": (200, "", ""),
    "DeletePublicAccessBlock": (204, "", ""),
    "GetBucketOwnershipControls": (200, "content-type", "OwnershipControls(Rule(ObjectOwnership))"),
    "PutBucketOwnershipControls": (200, "", ""),
    "DeleteBucketOwnershipControls": (204, "", ""),
    "GetBucketCors": (200, "content-type", "CORSConfiguration(CORSRule(AllowedMethod AllowedOrigin))"),
    "PutBucketCors": (200, "", ""),
    "DeleteBucketCors": (204, "", ""),
    "GetBucketEncryption": (
        200, "content-type",
        "ServerSideEncryptionConfiguration(Rule(ApplyServerSideEncryptionByDefault(SSEAlgorithm) "
        "BucketKeyEnabled))"),
    "PutBucketEncryption": (200, "", ""),
    "DeleteBucketEncryption": (204, "", ""),
    "GetBucketLifecycleConfiguration": (
        200, "content-type x-amz-transition-default-minimum-object-size",
        "LifecycleConfiguration(Rule(ID Filter Status Expiration(Days)))"),
    "PutBucketLifecycleConfiguration": (200, "x-amz-transition-default-minimum-object-size", ""),
    "DeleteBucketLifecycle": (204, "", ""),
    "GetBucketTagging": (200, "content-type", "Tagging(TagSet(Tag(Key Value)))"),
    "PutBucketTagging": (204, "", ""),
    "DeleteBucketTagging": (204, "", ""),
    "GetBucketAcl": (
        200, "content-type",
        "AccessControlPolicy(Owner(ID DisplayName) AccessControlList(Grant(Grantee(ID DisplayName) Permission)))"),
    "PutBucketAcl": (200, "", ""),
    "GetObjectLockConfiguration": (200, "content-type", "ObjectLockConfiguration(ObjectLockEnabled)"),
    "PutObjectLockConfiguration": (200, "", ""),
    "GetObjectRetention": (200, "content-type x-amz-version-id", "Retention(Mode RetainUntilDate)"),
    "PutObjectRetention": (200, "x-amz-version-id", ""),
    "GetObjectLegalHold": (200, "content-type x-amz-version-id", "LegalHold(Status)"),
    "PutObjectLegalHold": (200, "x-amz-version-id", ""),
    "PutObject": (200, "etag x-amz-checksum-crc32 x-amz-checksum-type", ""),
    "GetObject": (200, "accept-ranges content-type etag last-modified x-amz-checksum-crc32 x-amz-checksum-type", ""),
    "HeadObject": (200, "accept-ranges content-type etag last-modified", ""),
    "DeleteObject": (204, "", ""),
    "DeleteObjects": (200, "content-type", "DeleteResult(Deleted(Key))"),
    "CopyObject": (200, "content-type", "CopyObjectResult(LastModified ETag ChecksumType ChecksumCRC32)"),
    "RenameObject": (200, "", ""),
    "append to PutObject": (200, "etag x-amz-checksum-crc32 x-amz-checksum-type x-amz-object-size", ""),
    "GetObjectAttributes": (200, "content-type last-modified", "GetObjectAttributesResponse(ETag)"),
    "GetObjectTorrent": (404, "content-type", "Error(Code Message Key Resource RequestId HostId)"),
    "GetObjectAcl": (
        200, "content-type",
        "AccessControlPolicy(Owner(ID DisplayName) AccessControlList(Grant(Grantee(ID DisplayName) Permission)))"),
    "PutObjectAcl": (200, "", ""),
    "GetObjectTagging": (200, "content-type", "Tagging(TagSet)"),
    "PutObjectTagging": (200, "", ""),
    "DeleteObjectTagging": (204, "", ""),
    "PutObject with tags": (200, "etag x-amz-checksum-crc32 x-amz-checksum-type", ""),
    "ListObjects": (
        200, "content-type",
        "ListBucketResult(Name Prefix Marker MaxKeys EncodingType IsTruncated Contents(Key LastModified ETag "
        "ChecksumAlgorithm ChecksumType Size Owner(ID DisplayName) StorageClass))"),
    "ListObjectsV2": (
        200, "content-type",
        "ListBucketResult(Name Prefix KeyCount MaxKeys EncodingType IsTruncated Contents(Key LastModified ETag "
        "ChecksumAlgorithm ChecksumType Size StorageClass))"),
    "ListObjectVersions": (
        200, "content-type",
        "ListVersionsResult(Name Prefix KeyMarker VersionIdMarker MaxKeys EncodingType IsTruncated Version(Key "
        "VersionId IsLatest LastModified ETag ChecksumAlgorithm ChecksumType Size StorageClass Owner(ID "
        "DisplayName)))"),
    "CreateMultipartUpload": (200, "content-type", "InitiateMultipartUploadResult(Bucket Key UploadId)"),
    "UploadPart": (200, "etag x-amz-checksum-crc32 x-amz-checksum-type", ""),
    "UploadPartCopy": (200, "content-type", "CopyPartResult(LastModified ETag ChecksumCRC32)"),
    "CompleteMultipartUpload": (
        200, "content-type",
        "CompleteMultipartUploadResult(Location Bucket Key ETag ChecksumCRC32 ChecksumType)"),
    "AbortMultipartUpload": (204, "", ""),
    "ListParts": (
        200, "content-type",
        "ListPartsResult(Bucket Key UploadId Initiator(ID DisplayName) Owner(ID DisplayName) StorageClass "
        "PartNumberMarker NextPartNumberMarker MaxParts IsTruncated Part(PartNumber LastModified ETag Size "
        "ChecksumCRC32))"),
    "ListMultipartUploads": (
        200, "content-type",
        "ListMultipartUploadsResult(Bucket KeyMarker UploadIdMarker NextKeyMarker NextUploadIdMarker Prefix "
        "MaxUploads IsTruncated Upload(Key UploadId Initiator(ID DisplayName) Owner(ID DisplayName) StorageClass "
        "Initiated))"),
}


def outline(element: ElementTree.Element) -> str:
    """An element as its name and, in brackets, its children; a repeated child is listed once."""
    inner = list(dict.fromkeys(outline(child) for child in element))
    return element.tag.rsplit("}", 1)[-1] + (f"({' '.join(inner)})" if inner else "")


def answered(client, call) -> tuple[object, tuple[int, str, str]]:
    """The result of a call, and status, headers and elements of the last response."""
    seen = []

    def look(response_dict, **_):
        seen.append(response_dict)

    client.meta.events.register("before-parse.s3", look)
    try:
        returned = call()
    finally:
        client.meta.events.unregister("before-parse.s3", look)
    last = seen[-1]
    headers = sorted({name.lower() for name in last["headers"]} - OF_ALL)
    body = last["body"] if isinstance(last["body"], bytes) else b""
    elements = outline(ElementTree.fromstring(body)) if body.startswith(b"<?xml") else ""
    return returned, (last["status_code"], " ".join(headers), elements)


def test_every_operation_is_here():
    """No SDK sends forms; test_forms.py checks their responses. Those of S3 Control are in test_terraform.py."""
    assert set(CASES) - set(ANSWERS) == {"PostObject", "ListTagsForResource", "TagResource", "UntagResource"}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_has_its_fields(world, name):
    place, owner = scene(world, name), world["owner"]
    returned, row = answered(owner, lambda: CASES[name].call(owner, place))
    assert row == ANSWERS[name]
    model = owner.meta.service_model
    shape = model.operation_model(name).output_shape if name in model.operation_names else None
    if shape is not None and isinstance(returned, dict):
        missing = {member for member in shape.members if member not in returned}
        assert missing <= {member for members in NOT_ALWAYS.values() for member in members.split()}, missing
