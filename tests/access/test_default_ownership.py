"""The ownership setting of a bucket that is created without one, which the bucket keeps."""

import pytest

from harness.clients import boto_client
from harness.server import NotStarted

VARIABLE = "PLANETSTORE_DEFAULT_OBJECT_OWNERSHIP"


def ownership(s3, bucket: str) -> str:
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return rules[0]["ObjectOwnership"]


def test_a_bucket_keeps_the_default_under_which_it_was_made(make_server, refused):
    server = make_server(environment={VARIABLE: "object-writer"}).start()
    s3 = boto_client(server)
    s3.create_bucket(Bucket="listed", ACL="public-read")
    s3.create_bucket(Bucket="said", ObjectOwnership="BucketOwnerEnforced")
    assert ownership(s3, "listed") == "ObjectWriter"
    assert ownership(s3, "said") == "BucketOwnerEnforced"

    server.environment = {}
    s3 = boto_client(server.restart())
    assert ownership(s3, "listed") == "ObjectWriter"
    s3.put_bucket_acl(Bucket="listed", ACL="private")
    refused("InvalidBucketAclWithObjectOwnership", 400, s3.create_bucket, Bucket="later", ACL="public-read")
    s3.create_bucket(Bucket="later")

    server.environment = {VARIABLE: "bucket-owner-preferred"}
    s3 = boto_client(server.restart())
    refused("AccessControlListNotSupported", 400, s3.put_bucket_acl, Bucket="later", ACL="public-read")
    s3.create_bucket(Bucket="preferred")
    assert ownership(s3, "preferred") == "BucketOwnerPreferred"


def test_a_default_that_does_not_exist_is_refused(make_server):
    with pytest.raises(NotStarted, match="bucket-owner-enforced") as refusal:
        make_server(environment={VARIABLE: "nobody"}).start()
    assert refusal.value.code == 2
