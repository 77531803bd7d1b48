"""Conditions on writes, deletes and copies: the responses, the rights they need, and that exactly one of many writers
wins.
"""

import datetime
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from harness.clients import boto_client
from harness.cluster import Cluster
from harness.content import etag

WRITERS = 64
OTHER = etag(b"other")


def copy(s3, bucket: str, **conditions: str) -> dict:
    return s3.copy_object(Bucket=bucket, Key="k", CopySource={"Bucket": bucket, "Key": "source"}, **conditions)


def complete(s3, bucket: str, **conditions: str) -> dict:
    upload = {"Bucket": bucket, "Key": "k",
              "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
    part = s3.upload_part(PartNumber=1, Body=b"part", **upload)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    try:
        return s3.complete_multipart_upload(MultipartUpload=parts, **upload, **conditions)
    except ClientError:
        # A refused upload can still be completed without the condition.
        assert s3.list_parts(**upload)["Parts"]
        raise


WRITES: dict[str, Callable[..., dict]] = {
    "put": lambda s3, bucket, **conditions: s3.put_object(Bucket=bucket, Key="k", Body=b"new", **conditions),
    "copy": copy,
    "complete": complete,
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("versioning", [None, "Enabled", "Suspended"])
def test_writes(s3, bucket, refused, write, versioning):
    if versioning:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": versioning})
    s3.put_object(Bucket=bucket, Key="source", Body=b"source")
    write = WRITES[write]

    def absent() -> None:
        for tag in ("*", OTHER):
            refused("NoSuchKey", 404, write, s3=s3, bucket=bucket, IfMatch=tag)

    absent()
    write(s3, bucket, IfNoneMatch=OTHER)
    s3.delete_object(Bucket=bucket, Key="k")
    absent()
    write(s3, bucket, IfNoneMatch="*")
    tag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    for failing in ({"IfNoneMatch": "*"}, {"IfNoneMatch": tag}, {"IfMatch": OTHER}):
        refused("PreconditionFailed", 412, write, s3=s3, bucket=bucket, **failing)
    for holding in ({"IfNoneMatch": OTHER}, {"IfMatch": "*"}):
        write(s3, bucket, **holding)
    tag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    write(s3, bucket, IfMatch=tag)


def delete(s3, bucket: str, *, tag=None, modified=None, size=None, version=None) -> str | None:
    named = {"IfMatch": tag, "IfMatchLastModifiedTime": modified, "IfMatchSize": size, "VersionId": version}
    given = {name: value for name, value in named.items() if value is not None}
    return s3.delete_object(Bucket=bucket, Key="k", **given).get("VersionId")


def delete_in_list(s3, bucket: str, *, tag=None, modified=None, size=None, version=None) -> None:
    named = {"ETag": tag, "LastModifiedTime": modified, "Size": size, "VersionId": version}
    entry = {"Key": "k", **{name: value for name, value in named.items() if value is not None}}
    for failed in s3.delete_objects(Bucket=bucket, Delete={"Objects": [entry]}).get("Errors", []):
        status = {"PreconditionFailed": 412}[failed["Code"]]
        raise ClientError({"Error": failed, "ResponseMetadata": {"HTTPStatusCode": status}}, "DeleteObjects")


@pytest.mark.parametrize("delete", [delete, delete_in_list])
def test_deletes(s3, bucket, refused, delete):
    assert not delete(s3, bucket, tag=OTHER)  # Nothing exists to refuse.
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    tag = s3.put_object(**put)["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    for failing in ({"tag": OTHER}, {"size": 2}, {"modified": modified + datetime.timedelta(seconds=1)},
                    {"tag": tag, "size": 2}):
        refused("PreconditionFailed", 412, delete, s3=s3, bucket=bucket, **failing)
    for holding in ({"tag": tag}, {"tag": "*"}, {"size": 1}, {"tag": tag, "size": 1}):
        s3.put_object(**put)
        delete(s3, bucket, **holding)
        refused("404", 404, s3.head_object, Bucket=bucket, Key="k")
    s3.put_object(**put)
    delete(s3, bucket, modified=s3.head_object(Bucket=bucket, Key="k")["LastModified"])
    refused("404", 404, s3.head_object, Bucket=bucket, Key="k")


@pytest.mark.parametrize("delete", [delete, delete_in_list])
def test_deletes_where_versions_are_kept(s3, versioned, refused, delete):
    delete(s3, versioned, tag=OTHER)
    assert "DeleteMarkers" not in s3.list_object_versions(Bucket=versioned)
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"1")
    second = s3.put_object(Bucket=versioned, Key="k", Body=b"2")
    refused("PreconditionFailed", 412, delete, s3=s3, bucket=versioned, tag=first["ETag"])
    refused("PreconditionFailed", 412, delete, s3=s3, bucket=versioned, tag=second["ETag"], version=first["VersionId"])
    delete(s3, versioned, tag=second["ETag"])
    # The newest version is now a delete marker, which has no entity tag and no size.
    refused("PreconditionFailed", 412, delete, s3=s3, bucket=versioned, tag=second["ETag"])
    refused("PreconditionFailed", 412, delete, s3=s3, bucket=versioned, size=0)
    delete(s3, versioned, tag=first["ETag"], version=first["VersionId"])
    delete(s3, versioned, tag=OTHER, version=first["VersionId"])  # It is deleted already.
    left = s3.list_object_versions(Bucket=versioned)
    assert [entry["VersionId"] for entry in left["Versions"]] == [second["VersionId"]]
    assert len(left["DeleteMarkers"]) == 1


@pytest.mark.parametrize("delete", [delete, delete_in_list])
def test_who_may_not_read_may_not_ask(world, delete):
    bucket = world.bucket()
    tag = world["owner"].put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    world.grant(bucket, ["s3:DeleteObject"])
    for asked in ({"tag": tag}, {"tag": "*"}, {"size": 1}):
        with pytest.raises((ClientError, KeyError)) as caught:
            delete(world["other account"], bucket, **asked)
        assert "AccessDenied" in str(caught.value)
    world.grant(bucket, ["s3:DeleteObject", "s3:GetObject"])
    delete(world["other account"], bucket, tag=tag)


# Exactly one of many


def race(clients: list, call: Callable[[object, int], object]) -> list[str]:
    """Runs all at once; returns the result of each."""

    def one(number: int) -> str:
        try:
            call(clients[number % len(clients)], number)
        except ClientError as error:
            return f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"
        return "done"

    with ThreadPoolExecutor(WRITERS) as writers:
        return list(writers.map(one, range(WRITERS)))


def assert_one_wins(clients: list, bucket: str) -> None:
    s3 = clients[0]
    created = race(clients, lambda client, number: client.put_object(
        Bucket=bucket, Key="k", Body=b"%d" % number, IfNoneMatch="*"))
    assert sorted(created) == sorted(["done"] + ["412 PreconditionFailed"] * (WRITERS - 1))
    winner = b"%d" % created.index("done")
    for client in clients:
        assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == winner
    swapped = race(clients, lambda client, number: client.put_object(
        Bucket=bucket, Key="k", Body=b"swapped %d" % number, IfMatch=etag(winner)))
    assert sorted(swapped) == sorted(["done"] + ["412 PreconditionFailed"] * (WRITERS - 1))
    winner = b"swapped %d" % swapped.index("done")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == winner
    s3.put_object(Bucket=bucket, Key="source", Body=b"source")
    copied = race(clients, lambda client, _: copy(client, bucket, IfMatch=etag(winner)))
    assert sorted(copied) == sorted(["done"] + ["412 PreconditionFailed"] * (WRITERS - 1))
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    marked = race(clients, lambda client, _: delete(client, bucket, tag=etag(b"source")))
    assert sorted(marked) == sorted(["done"] + ["412 PreconditionFailed"] * (WRITERS - 1))
    assert len(s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]) == 1


def test_of_many_writers_one_wins(s3, bucket):
    assert_one_wins([s3], bucket)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_of_many_writers_at_two_gateways_one_wins(tmp_path: Path):
    cluster = Cluster(tmp_path)
    try:
        clients = [boto_client(gateway) for gateway in cluster.start(gateways=2).gateways]
        clients[0].create_bucket(Bucket="bucket")
        assert_one_wins(clients, "bucket")
    finally:
        cluster.close()
