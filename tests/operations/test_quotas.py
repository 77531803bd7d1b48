"""Quotas: exact with any number of writers, in one gateway and in two; a refused write leaves nothing behind."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from harness import wait
from harness.clients import boto_client
from harness.cluster import Cluster
from harness.server import Server
from harness.users import Users
from harness.wire import UNSIGNED

WRITERS = 64
OBJECT_BYTES = 1_000
FITS = 20
MIB = 1 << 20


@pytest.fixture
def users(server: Server) -> Iterator[Users]:
    users = Users(server)
    yield users
    users.close()


def set_quota(users: Users, bucket: str, **quota: int | None) -> None:
    users.ask("PUT", f"/buckets/{bucket}/quota", quota)


def usage(users: Users, bucket: str) -> dict:
    return users.ask("GET", f"/buckets/{bucket}")["usage"]


def race(clients: list, bucket: str) -> list[str]:
    """All writers at once, each with its own object; returns the result of each."""

    def write(number: int) -> str:
        try:
            clients[number % len(clients)].put_object(
                Bucket=bucket, Key=f"k{number}", Body=number.to_bytes(2) * (OBJECT_BYTES // 2))
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return f"{status} {error.response['Error']['Code']}"
        return "stored"

    with ThreadPoolExecutor(WRITERS) as writers:
        return list(writers.map(write, range(WRITERS)))


def assert_exact(told: list[str], client, users: Users, bucket: str) -> None:
    assert set(told) == {"stored", "403 QuotaExceeded"}
    assert told.count("stored") == FITS
    listed = client.list_objects_v2(Bucket=bucket)["Contents"]
    assert len(listed) == FITS
    assert usage(users, bucket) == {"bytes": FITS * OBJECT_BYTES, "objects": FITS}


@pytest.mark.parametrize("quota", [{"bytes": FITS * OBJECT_BYTES}, {"objects": FITS},
                                   {"bytes": FITS * OBJECT_BYTES + 999, "objects": FITS + 1}])
def test_many_writers_never_exceed_it(server, s3, bucket, users, quota):
    set_quota(users, bucket, **quota)
    told = race([s3], bucket)
    if quota.get("objects") == FITS + 1:
        quota = {"bytes": FITS * OBJECT_BYTES}
    assert_exact(told, s3, users, bucket)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_two_gateways_never_exceed_it(tmp_path: Path):
    cluster = Cluster(tmp_path)
    try:
        first, second = cluster.start(gateways=2).gateways
        clients = [boto_client(first), boto_client(second)]
        clients[0].create_bucket(Bucket="bucket")
        users = Users(second)
        set_quota(users, "bucket", bytes=FITS * OBJECT_BYTES)
        told = race(clients, "bucket")
        assert_exact(told, clients[0], users, "bucket")
        assert_exact(told, clients[1], users, "bucket")
    finally:
        cluster.close()


def test_what_cannot_fit_is_refused_before_its_body_is_read(server, s3, bucket, users, wire):
    set_quota(users, bucket, bytes=MIB)
    headers = {"content-length": str(2 * MIB), "expect": "100-continue"}
    head, _ = wire.head("PUT", f"/{bucket}/k", headers=headers, payload=UNSIGNED)
    answer = wire.exchange(head.to_bytes())
    assert (answer.status, answer.code) == (403, "QuotaExceeded"), answer.body
    assert str(MIB) in answer.text("Message")


def test_what_is_refused_leaves_no_shards(server, s3, bucket, users, refused):
    def shards() -> set[str]:
        """The files of the bucket's large shards, on all nodes."""
        return {str(file) for file in server.data.glob(f"nodes/*/buckets/{bucket}/*") if file.suffix == ""}

    s3.put_object(Bucket=bucket, Key="there", Body=os.urandom(8 * MIB))  # These bytes are stored in no other files.
    set_quota(users, bucket, objects=1)
    # A write is acked before its last shard.
    before = wait.until(lambda: len(shards()) == 6 and shards(), "the shards of the object that is there")
    body = os.urandom(8 * MIB)
    refused("QuotaExceeded", 403, s3.put_object, Bucket=bucket, Key="more", Body=body + b"1")
    wait.until(lambda: shards() == before, "the end of what was refused")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=body)
    with_part = wait.until(lambda: len(shards()) == 12 and shards(), "the shards of a part")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    complete = {"Bucket": bucket, "Key": "parts", "UploadId": upload, "MultipartUpload": parts}
    refused("QuotaExceeded", 403, s3.complete_multipart_upload, **complete)
    refused("QuotaExceeded", 403, s3.copy_object, Bucket=bucket, Key="copy", CopySource=f"{bucket}/there")
    assert s3.list_parts(Bucket=bucket, Key="parts", UploadId=upload)["Parts"], "the upload is still there"
    # With room for one more object it succeeds unchanged, without another byte.
    set_quota(users, bucket, objects=2)
    s3.complete_multipart_upload(**complete)
    assert shards() >= with_part
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["parts", "there"]


def test_every_version_counts_and_deleting_makes_room(server, s3, versioned, users, refused):
    set_quota(users, versioned, objects=2)
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket=versioned, Key="k", Body=b"2")
    refused("QuotaExceeded", 403, s3.put_object, Bucket=versioned, Key="k", Body=b"3")
    s3.delete_object(Bucket=versioned, Key="k")  # A delete marker does not count.
    refused("QuotaExceeded", 403, s3.put_object, Bucket=versioned, Key="k", Body=b"3")
    s3.delete_object(Bucket=versioned, Key="k", VersionId=first)
    s3.put_object(Bucket=versioned, Key="k", Body=b"3")


def test_a_quota_is_shown_changed_and_cleared(server, s3, bucket, users, refused):
    assert users.ask("GET", f"/buckets/{bucket}/quota") == {}
    shown = server.run("admin", "bucket", "quota", bucket, "--bytes", "1KiB", "--objects", "5", "-o", "json")
    assert json.loads(shown.stdout) == {"bytes": 1024, "objects": 5}, shown.stderr
    refused("QuotaExceeded", 403, s3.put_object, Bucket=bucket, Key="k", Body=b"x" * 1025)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 1024)
    # A quota below the present usage refuses only writes that add to it.
    set_quota(users, bucket, bytes=10)
    s3.put_object(Bucket=bucket, Key="k", Body=b"smaller")
    assert server.run("admin", "bucket", "quota", bucket, "--clear").returncode == 0
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 5000)
