"""RenameObject: renames an object in one fact and without moving a byte."""

import threading
import uuid
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from harness.content import MIB, content, etag


def rename(s3, bucket: str, source: str, key: str, **more) -> dict:
    return s3.rename_object(Bucket=bucket, Key=key, RenameSource=quote(source), **more)


def refused(code: str, call, *args, **more) -> dict:
    with pytest.raises(ClientError) as error:
        call(*args, **more)
    assert error.value.response["Error"]["Code"] == code
    return error.value.response


def keys(s3, bucket: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_an_object_moves_with_all_that_is_said_of_it(s3, bucket):
    data = content("moved", 3 * MIB)
    s3.put_object(Bucket=bucket, Key="old key/ä", Body=data, ContentType="text/x", Metadata={"a": "b"}, Tagging="t=1")
    before = s3.head_object(Bucket=bucket, Key="old key/ä")
    rename(s3, bucket, "old key/ä", "new")
    after = s3.get_object(Bucket=bucket, Key="new")
    assert after["Body"].read() == data
    for name in ("ETag", "LastModified", "ContentType", "Metadata", "TagCount"):
        assert after.get(name) == before.get(name), name
    assert keys(s3, bucket) == ["new"]
    refused("404", s3.head_object, Bucket=bucket, Key="old key/ä")


def test_what_was_under_the_key_is_replaced_unless_forbidden(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    s3.put_object(Bucket=bucket, Key="b", Body=b"b")
    refused("PreconditionFailed", rename, s3, bucket, "a", "b", DestinationIfNoneMatch="*")
    refused("PreconditionFailed", rename, s3, bucket, "a", "b", DestinationIfMatch=etag(b"a"))
    refused("PreconditionFailed", rename, s3, bucket, "a", "b", SourceIfMatch=etag(b"b"))
    refused("PreconditionFailed", rename, s3, bucket, "a", "b", SourceIfNoneMatch=etag(b"a"))
    assert keys(s3, bucket) == ["a", "b"]
    rename(s3, bucket, "a", "b", DestinationIfMatch=etag(b"b"), SourceIfMatch=etag(b"a"))
    assert keys(s3, bucket) == ["b"]
    assert s3.get_object(Bucket=bucket, Key="b")["Body"].read() == b"a"


def test_asked_again_it_is_done_already(s3, bucket):
    token = str(uuid.uuid4())
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    for _ in range(2):
        rename(s3, bucket, "a", "b", ClientToken=token)
    assert keys(s3, bucket) == ["b"]
    refused("IdempotencyParameterMismatch", rename, s3, bucket, "c", "b", ClientToken=token)
    assert "a" in refused("NoSuchKey", rename, s3, bucket, "a", "b")["Error"].get("Key", "a")


def test_what_cannot_be_renamed_is_said(s3, bucket):
    refused("NoSuchKey", rename, s3, bucket, "absent", "b")
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    refused("InvalidRequest", rename, s3, bucket, "a", "a")
    refused("InvalidArgument", rename, s3, bucket, "", "b")
    refused("InvalidArgument", rename, s3, bucket, "a", "b", ClientToken="t" * 129)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    refused("InvalidBucketState", rename, s3, bucket, "a", "b")
    assert keys(s3, bucket) == ["a"]


def test_of_many_renames_one_wins_and_a_listing_shows_one_key(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k/start", Body=b"one")
    won: list[int] = []
    seen: list[int] = []
    over = threading.Event()

    def move(number: int) -> None:
        try:
            rename(s3, bucket, "k/start", f"k/{number:02}")
            won.append(number)
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("NoSuchKey", "SlowDown"), error.response

    def watch() -> None:
        while not over.is_set():
            seen.append(len(keys(s3, bucket)))

    watcher = threading.Thread(target=watch)
    movers = [threading.Thread(target=move, args=(number,)) for number in range(16)]
    watcher.start()
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join()
    over.set()
    watcher.join()
    assert keys(s3, bucket) == [f"k/{won[0]:02}"] and len(won) == 1
    assert set(seen) == {1}, "never both, never neither"
