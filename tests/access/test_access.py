"""Rights: every operation for every kind of caller."""

import datetime
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.world import OWNS, PUBLIC_ACCESS, READS, WRITES, World, document, statement


# Every operation


@dataclass
class Scene:
    """A bucket with an object and an upload with a part, and a caller."""

    bucket: str
    upload: str
    tag: str
    fresh: str


@dataclass(frozen=True)
class Case:
    """An operation: how it is called, and all the rights that it needs."""

    call: Callable[[object, Scene], object]
    needs: tuple[str, ...]


def absent(code: str, call: Callable[..., object], **arguments: object) -> None:
    """Asks for something absent. The error that it is absent shows that the caller may ask."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
    else:
        raise AssertionError(f"no {code}")


def control(client):
    """S3 Control for the same caller."""
    by_nobody = client.meta.config.signature_version == UNSIGNED
    keys = None if by_nobody else client._request_signer._credentials.get_frozen_credentials()
    made = boto3.client(
        "s3control", endpoint_url=client.meta.endpoint_url, region_name=client.meta.region_name,
        aws_access_key_id=keys and keys.access_key, aws_secret_access_key=keys and keys.secret_key,
        config=Config(retries={"total_max_attempts": 1}, **({"signature_version": UNSIGNED} if by_nobody else {})))
    # The SDK puts the account before the host, which an IP address cannot have.
    made.meta.events.register("before-sign", lambda request, **_: setattr(
        request, "url", request.url.replace("//000000000000.", "//", 1)))
    return made


def resource(bucket: str) -> dict[str, str]:
    """The name of a bucket in S3 Control."""
    return {"AccountId": "000000000000", "ResourceArn": f"arn:aws:s3:::{bucket}"}


ACL_HARMLESS = "bucket-owner-full-control"
SOURCE_KEY = "k"
PAGES = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
TAGS = {"TagSet": [{"Key": "team", "Value": "art"}]}
SSE_S3 = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
LIFECYCLE = {"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 900}}]}
RETAINED = datetime.datetime(2140, 1, 1, tzinfo=datetime.UTC)
RETAINED_LONGER = datetime.timedelta(days=1)
# These are about a locked version, in a bucket with object lock.
OF_LOCKS = {"GetObjectLockConfiguration", "PutObjectLockConfiguration", "GetObjectRetention", "PutObjectRetention",
            "GetObjectLegalHold", "PutObjectLegalHold"}

CASES = {
    "ListBuckets": Case(lambda c, s: c.list_buckets(), ("s3:ListAllMyBuckets",)),
    "CreateBucket": Case(lambda c, s: c.create_bucket(Bucket=s.fresh), ("s3:CreateBucket",)),
    "HeadBucket": Case(lambda c, s: c.head_bucket(Bucket=s.bucket), ("s3:ListBucket",)),
    "DeleteBucket": Case(lambda c, s: c.delete_bucket(Bucket=s.bucket), ("s3:DeleteBucket",)),
    "GetBucketLocation": Case(lambda c, s: c.get_bucket_location(Bucket=s.bucket), ("s3:GetBucketLocation",)),
    "GetBucketVersioning": Case(lambda c, s: c.get_bucket_versioning(Bucket=s.bucket), ("s3:GetBucketVersioning",)),
    "PutBucketVersioning": Case(
        lambda c, s: c.put_bucket_versioning(Bucket=s.bucket, VersioningConfiguration={"Status": "Enabled"}),
        ("s3:PutBucketVersioning",)),
    "GetBucketRequestPayment": Case(
        lambda c, s: c.get_bucket_request_payment(Bucket=s.bucket), ("s3:GetBucketRequestPayment",)),
    "PutBucketRequestPayment": Case(
        lambda c, s: c.put_bucket_request_payment(
            Bucket=s.bucket, RequestPaymentConfiguration={"Payer": "BucketOwner"}), ("s3:PutBucketRequestPayment",)),
    "GetBucketWebsite": Case(
        lambda c, s: absent("NoSuchWebsiteConfiguration", c.get_bucket_website, Bucket=s.bucket),
        ("s3:GetBucketWebsite",)),
    "DeleteBucketWebsite": Case(lambda c, s: c.delete_bucket_website(Bucket=s.bucket), ("s3:DeleteBucketWebsite",)),
    "GetBucketReplication": Case(
        lambda c, s: absent("ReplicationConfigurationNotFoundError", c.get_bucket_replication, Bucket=s.bucket),
        ("s3:GetReplicationConfiguration",)),
    "PutBucketReplication": Case(
        lambda c, s: absent("InvalidRequest", c.put_bucket_replication, Bucket=s.bucket, ReplicationConfiguration={
            "Role": "", "Rules": [{"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::there"}}]}),
        ("s3:PutReplicationConfiguration",)),
    "DeleteBucketReplication": Case(
        lambda c, s: c.delete_bucket_replication(Bucket=s.bucket), ("s3:PutReplicationConfiguration",)),
    "GetBucketLogging": Case(lambda c, s: c.get_bucket_logging(Bucket=s.bucket), ("s3:GetBucketLogging",)),
    "PutBucketLogging": Case(
        lambda c, s: c.put_bucket_logging(Bucket=s.bucket, BucketLoggingStatus={}), ("s3:PutBucketLogging",)),
    "GetBucketNotificationConfiguration": Case(
        lambda c, s: c.get_bucket_notification_configuration(Bucket=s.bucket), ("s3:GetBucketNotification",)),
    "PutBucketNotificationConfiguration": Case(
        lambda c, s: c.put_bucket_notification_configuration(Bucket=s.bucket, NotificationConfiguration={}),
        ("s3:PutBucketNotification",)),
    "GetBucketAccelerateConfiguration": Case(
        lambda c, s: c.get_bucket_accelerate_configuration(Bucket=s.bucket), ("s3:GetAccelerateConfiguration",)),
    "PutBucketAccelerateConfiguration": Case(
        lambda c, s: c.put_bucket_accelerate_configuration(
            Bucket=s.bucket, AccelerateConfiguration={"Status": "Suspended"}), ("s3:PutAccelerateConfiguration",)),
    "ListBucketAnalyticsConfigurations": Case(
        lambda c, s: c.list_bucket_analytics_configurations(Bucket=s.bucket), ("s3:GetAnalyticsConfiguration",)),
    "GetBucketAnalyticsConfiguration": Case(
        lambda c, s: absent("NoSuchConfiguration", c.get_bucket_analytics_configuration, Bucket=s.bucket, Id="1"),
        ("s3:GetAnalyticsConfiguration",)),
    "DeleteBucketAnalyticsConfiguration": Case(
        lambda c, s: c.delete_bucket_analytics_configuration(Bucket=s.bucket, Id="1"),
        ("s3:PutAnalyticsConfiguration",)),
    "ListBucketInventoryConfigurations": Case(
        lambda c, s: c.list_bucket_inventory_configurations(Bucket=s.bucket), ("s3:GetInventoryConfiguration",)),
    "GetBucketInventoryConfiguration": Case(
        lambda c, s: absent("NoSuchConfiguration", c.get_bucket_inventory_configuration, Bucket=s.bucket, Id="1"),
        ("s3:GetInventoryConfiguration",)),
    "DeleteBucketInventoryConfiguration": Case(
        lambda c, s: c.delete_bucket_inventory_configuration(Bucket=s.bucket, Id="1"),
        ("s3:PutInventoryConfiguration",)),
    "ListBucketMetricsConfigurations": Case(
        lambda c, s: c.list_bucket_metrics_configurations(Bucket=s.bucket), ("s3:GetMetricsConfiguration",)),
    "GetBucketMetricsConfiguration": Case(
        lambda c, s: absent("NoSuchConfiguration", c.get_bucket_metrics_configuration, Bucket=s.bucket, Id="1"),
        ("s3:GetMetricsConfiguration",)),
    "DeleteBucketMetricsConfiguration": Case(
        lambda c, s: c.delete_bucket_metrics_configuration(Bucket=s.bucket, Id="1"),
        ("s3:PutMetricsConfiguration",)),
    "ListBucketIntelligentTieringConfigurations": Case(
        lambda c, s: c.list_bucket_intelligent_tiering_configurations(Bucket=s.bucket), ("s3:GetIntelligentTieringConfiguration",)),
    "GetBucketIntelligentTieringConfiguration": Case(
        lambda c, s: absent("NoSuchConfiguration", c.get_bucket_intelligent_tiering_configuration, Bucket=s.bucket, Id="1"),
        ("s3:GetIntelligentTieringConfiguration",)),
    "DeleteBucketIntelligentTieringConfiguration": Case(
        lambda c, s: c.delete_bucket_intelligent_tiering_configuration(Bucket=s.bucket, Id="1"),
        ("s3:PutIntelligentTieringConfiguration",)),
    "GetBucketPolicy": Case(lambda c, s: c.get_bucket_policy(Bucket=s.bucket), ("s3:GetBucketPolicy",)),
    "PutBucketPolicy": Case(
        lambda c, s: c.put_bucket_policy(Bucket=s.bucket, Policy=document(
            statement("Deny", "s3:GetObjectTagging", s.bucket, Principal="*"))),
        ("s3:PutBucketPolicy",)),
    "DeleteBucketPolicy": Case(lambda c, s: c.delete_bucket_policy(Bucket=s.bucket), ("s3:DeleteBucketPolicy",)),
    "GetBucketPolicyStatus": Case(
        lambda c, s: c.get_bucket_policy_status(Bucket=s.bucket), ("s3:GetBucketPolicyStatus",)),
    "GetPublicAccessBlock": Case(
        lambda c, s: c.get_public_access_block(Bucket=s.bucket), ("s3:GetBucketPublicAccessBlock",)),
    "PutPublicAccessBlock": Case(
        lambda c, s: c.put_public_access_block(Bucket=s.bucket, PublicAccessBlockConfiguration=PUBLIC_ACCESS),
        ("s3:PutBucketPublicAccessBlock",)),
    "DeletePublicAccessBlock": Case(
        lambda c, s: c.delete_public_access_block(Bucket=s.bucket), ("s3:PutBucketPublicAccessBlock",)),
    "GetBucketOwnershipControls": Case(
        lambda c, s: c.get_bucket_ownership_controls(Bucket=s.bucket), ("s3:GetBucketOwnershipControls",)),
    "PutBucketOwnershipControls": Case(
        lambda c, s: c.put_bucket_ownership_controls(
            Bucket=s.bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
        ("s3:PutBucketOwnershipControls",)),
    "DeleteBucketOwnershipControls": Case(
        lambda c, s: c.delete_bucket_ownership_controls(Bucket=s.bucket), ("s3:PutBucketOwnershipControls",)),
    "GetBucketCors": Case(lambda c, s: c.get_bucket_cors(Bucket=s.bucket), ("s3:GetBucketCORS",)),
    "PutBucketCors": Case(
        lambda c, s: c.put_bucket_cors(Bucket=s.bucket, CORSConfiguration=PAGES), ("s3:PutBucketCORS",)),
    "DeleteBucketCors": Case(lambda c, s: c.delete_bucket_cors(Bucket=s.bucket), ("s3:PutBucketCORS",)),
    "GetBucketEncryption": Case(
        lambda c, s: c.get_bucket_encryption(Bucket=s.bucket), ("s3:GetEncryptionConfiguration",)),
    "PutBucketEncryption": Case(
        lambda c, s: c.put_bucket_encryption(Bucket=s.bucket, ServerSideEncryptionConfiguration=SSE_S3),
        ("s3:PutEncryptionConfiguration",)),
    "DeleteBucketEncryption": Case(
        lambda c, s: c.delete_bucket_encryption(Bucket=s.bucket), ("s3:PutEncryptionConfiguration",)),
    "GetBucketLifecycleConfiguration": Case(
        lambda c, s: c.get_bucket_lifecycle_configuration(Bucket=s.bucket), ("s3:GetLifecycleConfiguration",)),
    "PutBucketLifecycleConfiguration": Case(
        lambda c, s: c.put_bucket_lifecycle_configuration(Bucket=s.bucket, LifecycleConfiguration=LIFECYCLE),
        ("s3:PutLifecycleConfiguration",)),
    "DeleteBucketLifecycle": Case(
        lambda c, s: c.delete_bucket_lifecycle(Bucket=s.bucket), ("s3:PutLifecycleConfiguration",)),
    "ListTagsForResource": Case(
        lambda c, s: control(c).list_tags_for_resource(**resource(s.bucket)), ("s3:ListTagsForResource",)),
    "TagResource": Case(
        lambda c, s: control(c).tag_resource(**resource(s.bucket), Tags=TAGS["TagSet"]), ("s3:TagResource",)),
    "UntagResource": Case(
        lambda c, s: control(c).untag_resource(**resource(s.bucket), TagKeys=["team"]), ("s3:UntagResource",)),
    "GetBucketTagging": Case(lambda c, s: c.get_bucket_tagging(Bucket=s.bucket), ("s3:GetBucketTagging",)),
    "PutBucketTagging": Case(lambda c, s: c.put_bucket_tagging(Bucket=s.bucket, Tagging=TAGS), ("s3:PutBucketTagging",)),
    "DeleteBucketTagging": Case(lambda c, s: c.delete_bucket_tagging(Bucket=s.bucket), ("s3:PutBucketTagging",)),
    "GetBucketAcl": Case(lambda c, s: c.get_bucket_acl(Bucket=s.bucket), ("s3:GetBucketAcl",)),
    "PutBucketAcl": Case(lambda c, s: c.put_bucket_acl(Bucket=s.bucket, ACL=ACL_HARMLESS), ("s3:PutBucketAcl",)),
    "GetObjectLockConfiguration": Case(
        lambda c, s: c.get_object_lock_configuration(Bucket=s.bucket), ("s3:GetBucketObjectLockConfiguration",)),
    "PutObjectLockConfiguration": Case(
        lambda c, s: c.put_object_lock_configuration(
            Bucket=s.bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {
                "DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}),
        ("s3:PutBucketObjectLockConfiguration",)),
    "GetObjectRetention": Case(
        lambda c, s: c.get_object_retention(Bucket=s.bucket, Key=SOURCE_KEY), ("s3:GetObjectRetention",)),
    "PutObjectRetention": Case(
        lambda c, s: c.put_object_retention(
            Bucket=s.bucket, Key=SOURCE_KEY, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": RETAINED + RETAINED_LONGER}),
        ("s3:PutObjectRetention",)),
    "GetObjectLegalHold": Case(
        lambda c, s: c.get_object_legal_hold(Bucket=s.bucket, Key=SOURCE_KEY), ("s3:GetObjectLegalHold",)),
    "PutObjectLegalHold": Case(
        lambda c, s: c.put_object_legal_hold(Bucket=s.bucket, Key=SOURCE_KEY, LegalHold={"Status": "OFF"}),
        ("s3:PutObjectLegalHold",)),
    "PutObject": Case(lambda c, s: c.put_object(Bucket=s.bucket, Key="new", Body=b"new"), ("s3:PutObject",)),
    "GetObject": Case(lambda c, s: c.get_object(Bucket=s.bucket, Key=SOURCE_KEY), ("s3:GetObject",)),
    "HeadObject": Case(lambda c, s: c.head_object(Bucket=s.bucket, Key=SOURCE_KEY), ("s3:GetObject",)),
    "DeleteObject": Case(lambda c, s: c.delete_object(Bucket=s.bucket, Key=SOURCE_KEY), ("s3:DeleteObject",)),
    "DeleteObjects": Case(
        lambda c, s: each_deleted(c.delete_objects(Bucket=s.bucket, Delete={"Objects": [{"Key": SOURCE_KEY}]})),
        ("s3:DeleteObject",)),
    "CopyObject": Case(
        lambda c, s: c.copy_object(Bucket=s.bucket, Key="copy", CopySource={"Bucket": s.bucket, "Key": SOURCE_KEY}),
        ("s3:GetObject", "s3:PutObject")),
    "RenameObject": Case(
        lambda c, s: c.rename_object(Bucket=s.bucket, Key="renamed", RenameSource=SOURCE_KEY),
        ("s3:GetObject", "s3:DeleteObject", "s3:PutObject")),
    "append to PutObject": Case(
        lambda c, s: c.put_object(Bucket=s.bucket, Key=SOURCE_KEY, Body=b"more", WriteOffsetBytes=len(b"kept")),
        ("s3:PutObject",)),
    "GetObjectAttributes": Case(
        lambda c, s: c.get_object_attributes(Bucket=s.bucket, Key=SOURCE_KEY, ObjectAttributes=["ETag"]),
        ("s3:GetObjectAttributes", "s3:GetObject")),
    "GetObjectTorrent": Case(
        lambda c, s: absent("NoSuchKey", c.get_object_torrent, Bucket=s.bucket, Key=SOURCE_KEY),
        ("s3:GetObjectTorrent",)),
    "GetObjectAcl": Case(lambda c, s: c.get_object_acl(Bucket=s.bucket, Key=SOURCE_KEY), ("s3:GetObjectAcl",)),
    "PutObjectAcl": Case(
        lambda c, s: c.put_object_acl(Bucket=s.bucket, Key=SOURCE_KEY, ACL="bucket-owner-full-control"),
        ("s3:PutObjectAcl",)),
    "GetObjectTagging": Case(
        lambda c, s: c.get_object_tagging(Bucket=s.bucket, Key=SOURCE_KEY), ("s3:GetObjectTagging",)),
    "PutObjectTagging": Case(
        lambda c, s: c.put_object_tagging(Bucket=s.bucket, Key=SOURCE_KEY, Tagging=TAGS), ("s3:PutObjectTagging",)),
    "DeleteObjectTagging": Case(
        lambda c, s: c.delete_object_tagging(Bucket=s.bucket, Key=SOURCE_KEY), ("s3:DeleteObjectTagging",)),
    "PutObject with tags": Case(
        lambda c, s: c.put_object(Bucket=s.bucket, Key="new", Body=b"new", Tagging="a=b"),
        ("s3:PutObject", "s3:PutObjectTagging")),
    "PostObject": Case(lambda c, s: posted(c, s.bucket), ("s3:PutObject",)),
    "ListObjects": Case(lambda c, s: c.list_objects(Bucket=s.bucket), ("s3:ListBucket",)),
    "ListObjectsV2": Case(lambda c, s: c.list_objects_v2(Bucket=s.bucket), ("s3:ListBucket",)),
    "ListObjectVersions": Case(lambda c, s: c.list_object_versions(Bucket=s.bucket), ("s3:ListBucketVersions",)),
    "CreateMultipartUpload": Case(
        lambda c, s: c.create_multipart_upload(Bucket=s.bucket, Key="begun"), ("s3:PutObject",)),
    "UploadPart": Case(
        lambda c, s: c.upload_part(Bucket=s.bucket, Key="upload", UploadId=s.upload, PartNumber=2, Body=b"part"),
        ("s3:PutObject",)),
    "UploadPartCopy": Case(
        lambda c, s: c.upload_part_copy(Bucket=s.bucket, Key="upload", UploadId=s.upload, PartNumber=2,
                                        CopySource={"Bucket": s.bucket, "Key": SOURCE_KEY}),
        ("s3:GetObject", "s3:PutObject")),
    "CompleteMultipartUpload": Case(
        lambda c, s: c.complete_multipart_upload(
            Bucket=s.bucket, Key="upload", UploadId=s.upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": s.tag}]}),
        ("s3:PutObject",)),
    "AbortMultipartUpload": Case(
        lambda c, s: c.abort_multipart_upload(Bucket=s.bucket, Key="upload", UploadId=s.upload),
        ("s3:AbortMultipartUpload",)),
    "ListParts": Case(
        lambda c, s: c.list_parts(Bucket=s.bucket, Key="upload", UploadId=s.upload), ("s3:ListMultipartUploadParts",)),
    "ListMultipartUploads": Case(
        lambda c, s: c.list_multipart_uploads(Bucket=s.bucket), ("s3:ListBucketMultipartUploads",)),
}

# These operations concern no existing bucket, so a bucket's owner has the rights to them by other means.
OF_NO_BUCKET = {"ListBuckets", "CreateBucket"}


def posted(client, bucket: str) -> None:
    """Sends a form like its web page, signed if the client signs."""
    fields = {"key": "form"}
    if client.meta.config.signature_version != UNSIGNED:
        fields = client.generate_presigned_post(bucket, "form")["fields"]
    parts = [(f'name="{name}"', value) for name, value in fields.items()] + [('name="file"; filename="f"', "x")]
    body = "".join(f"--b\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}\r\n" for name, value in parts)
    request = urllib.request.Request(f"{client.meta.endpoint_url}/{bucket}", f"{body}--b--\r\n".encode(), {
        "content-type": "multipart/form-data; boundary=b"})
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        code = re.search(r"<Code>(.*)</Code>", error.read().decode())
        raise ClientError({"Error": {"Code": code and code[1]}, "ResponseMetadata": {"HTTPStatusCode": error.code}},
                          "PostObject") from error


def each_deleted(answer: dict) -> None:
    """Several deletes are refused one by one, in a response with status 200."""
    for failed in answer.get("Errors", []):
        raise ClientError({"Error": failed, "ResponseMetadata": {"HTTPStatusCode": 403}}, "DeleteObjects")


def held(role: str) -> set[str]:
    """The rights that a role has by its policies."""
    return set({"reader": READS, "writer": WRITES, "owner": OWNS, "other account": OWNS}.get(role, []))


def may(role: str, name: str, case: Case) -> bool:
    if role == "admin" or (role == "owner" and name not in OF_NO_BUCKET):
        return True
    return set(case.needs) <= held(role)


def scene(world: World, name: str) -> Scene:
    owner = world["owner"]
    bucket = world.bucket(ObjectLockEnabledForBucket=name in OF_LOCKS)
    upload = tag = ""
    if name != "DeleteBucket":
        lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": RETAINED, "ObjectLockLegalHoldStatus": "ON"}
        owner.put_object(Bucket=bucket, Key=SOURCE_KEY, Body=b"kept", **(lock if name in OF_LOCKS else {}))
        upload = owner.create_multipart_upload(Bucket=bucket, Key="upload")["UploadId"]
        tag = owner.upload_part(Bucket=bucket, Key="upload", UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
    if name in ("GetBucketPolicy", "DeleteBucketPolicy"):
        owner.put_bucket_policy(Bucket=bucket, Policy=document(
            statement("Deny", "s3:GetObjectTagging", bucket, Principal="*")))
    if name in ("GetBucketCors", "DeleteBucketCors"):
        owner.put_bucket_cors(Bucket=bucket, CORSConfiguration=PAGES)
    if name in ("GetBucketTagging", "DeleteBucketTagging", "UntagResource"):
        owner.put_bucket_tagging(Bucket=bucket, Tagging=TAGS)
    if name in ("GetBucketEncryption", "DeleteBucketEncryption"):
        owner.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=SSE_S3)
    if name in ("GetBucketLifecycleConfiguration", "DeleteBucketLifecycle"):
        owner.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=LIFECYCLE)
    if name == "DeleteObjectTagging":
        owner.put_object_tagging(Bucket=bucket, Key=SOURCE_KEY, Tagging=TAGS)
    if name in ("GetPublicAccessBlock", "DeletePublicAccessBlock"):
        owner.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=PUBLIC_ACCESS)
    if name in ("GetBucketOwnershipControls", "DeleteBucketOwnershipControls"):
        owner.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    return Scene(bucket, upload, tag, world.fresh())


def asked(call: Callable[..., object], **arguments: object) -> object:
    """The response, or the error code if it failed."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def state(root, scene: Scene) -> list[object]:
    """Everything that a call could have changed."""
    bucket = {"Bucket": scene.bucket}
    return [
        asked(root.list_object_versions, **bucket), asked(root.list_multipart_uploads, **bucket),
        asked(root.list_parts, Key="upload", UploadId=scene.upload or "none", **bucket),
        asked(root.get_bucket_versioning, **bucket), asked(root.get_bucket_policy, **bucket),
        asked(root.get_public_access_block, **bucket), asked(root.get_bucket_ownership_controls, **bucket),
        asked(root.get_bucket_cors, **bucket), asked(root.get_bucket_encryption, **bucket),
        asked(root.get_bucket_lifecycle_configuration, **bucket),
        asked(root.get_bucket_tagging, **bucket), asked(root.get_object_tagging, Key=SOURCE_KEY, **bucket),
        asked(root.get_bucket_acl, **bucket), asked(root.get_object_acl, Key=SOURCE_KEY, **bucket),
        asked(root.head_bucket, Bucket=scene.fresh), asked(root.get_object_lock_configuration, **bucket),
        asked(root.get_object_retention, Key=SOURCE_KEY, **bucket),
        asked(root.get_object_legal_hold, Key=SOURCE_KEY, **bucket),
    ]


ROLES = ["anonymous", "no rights", "wrong action", "reader", "writer", "owner", "other account", "admin"]


@pytest.mark.parametrize("name", CASES)
def test_every_operation_for_every_caller(world, name):
    case = CASES[name]
    # The caller with the wrong action may do everything except the needed rights, which are left out one after another.
    for missing in case.needs:
        world.users.store_policy("access-all-but", document(
            {"Effect": "Allow", "NotAction": [missing], "Resource": "*"}))
        world.users.attach("access-all-but", world.people["wrong action"])
        for role in ROLES if missing == case.needs[0] else ["wrong action"]:
            check(world, name, case, role)


def check(world: World, name: str, case: Case, role: str) -> None:
    place = scene(world, name)
    before = state(world["root"], place)
    if may(role, name, case):
        case.call(world[role], place)
        return
    with pytest.raises(ClientError) as caught:
        case.call(world[role], place)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403, (role, response)
    assert response["Error"]["Code"] in ("AccessDenied", "403"), (role, response)
    assert state(world["root"], place) == before, (role, name)


def test_the_matrix_has_every_operation(server):
    """A later operation that is missing here shows up in the metrics of the others."""
    metrics = server.get_console("/metrics")[1].decode()
    counted = {line.split('operation="')[1].split('"')[0] for line in metrics.splitlines()
               if line.startswith("planetstore_s3_requests_total")}
    assert counted - {"unrouted", "Preflight"} <= set(CASES)
