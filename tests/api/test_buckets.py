"""Buckets with boto3: creation, deletion, names and settings."""

import pytest
from botocore.exceptions import ClientError

from harness.wire import REGION


def test_a_bucket_lives_and_ends(s3, refused):
    name = "bucket-life"
    assert s3.create_bucket(Bucket=name)["Location"] == f"/{name}"
    head = s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPHeaders"]
    assert head["x-amz-bucket-region"] == REGION
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=name)
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)
    refused("404", 404, s3.head_bucket, Bucket=name)
    refused("NoSuchBucket", 404, s3.delete_bucket, Bucket=name)
    refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket=name)
    s3.create_bucket(Bucket=name)
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 0


def test_a_bucket_that_is_there_stays_as_it_is(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    try:
        s3.create_bucket(Bucket=bucket)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "BucketAlreadyOwnedByYou"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_buckets_are_listed_by_prefix_and_page(s3):
    names = [f"listed-{number}" for number in range(5)]
    for name in names:
        s3.create_bucket(Bucket=name)
    every = [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    assert every == sorted(every) and set(names) <= set(every)
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix="listed-", PaginationConfig={"PageSize": 2}))
    assert [len(page["Buckets"]) for page in pages] == [2, 2, 1]
    assert [entry["Name"] for page in pages for entry in page["Buckets"]] == names


@pytest.mark.parametrize("name", ["ab", "Upper-Case", "under_score", "-begin", "end-", "two..dots", "192.168.5.4",
                                  "a" * 64, "xn--bucket"])
def test_bad_names_are_refused(wire, name):
    answer = wire.request("PUT", f"/{name}")
    assert (answer.status, answer.code) == (400, "InvalidBucketName")


def test_location_constraints(s3, refused):
    create = s3.create_bucket
    create(Bucket="bucket-here", CreateBucketConfiguration={"LocationConstraint": REGION})
    answer = pytest.raises(ClientError, create, Bucket="bucket-there",
                           CreateBucketConfiguration={"LocationConstraint": "eu-central-7"})
    assert answer.value.response["Error"]["Code"] in ("IllegalLocationConstraintException", "InvalidLocationConstraint")
    refused("404", 404, s3.head_bucket, Bucket="bucket-there")
    # AWS accepts that name from no client and returns it to none; a client that sent it here reads it again.
    assert s3.get_bucket_location(Bucket="bucket-here")["LocationConstraint"] == REGION


def test_versioning_is_told_as_it_was_set(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    for status in ("Enabled", "Suspended", "Enabled"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == status


def test_somebody_elses_bucket_is_not_served(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    refused("AccessDenied", 403, s3.get_object, Bucket=bucket, Key="k", ExpectedBucketOwner="999999999999")
    refused("AccessDenied", 403, s3.delete_object, Bucket=bucket, Key="k", ExpectedBucketOwner="999999999999")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
