"""Appends: PutObject with an offset, each as one event that moves no existing bytes."""

import base64
import hashlib
import threading
import zlib
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from harness.clients import boto_client
from harness.cluster import Cluster
from harness.content import KIB, MIB, content, etag, sha256
from harness.history import in_parallel
from harness.users import Users

APPENDS = 200


def append(s3, bucket: str, key: str, offset: int, data: bytes, **more) -> dict:
    return s3.put_object(Bucket=bucket, Key=key, Body=data, WriteOffsetBytes=offset, **more)


def read(s3, bucket: str, key: str, **more) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4)).decode()


def customer(number: int) -> dict[str, str]:
    key = hashlib.sha256(f"appender {number}".encode()).digest()
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}


def assert_rebuild_is_equal(server) -> None:
    rebuilt = server.run("rebuild")
    assert rebuilt.returncode == 0 and "equal" in rebuilt.stdout, rebuilt.stdout + rebuilt.stderr


def test_an_object_grows(s3, bucket):
    pieces = [content(("piece", number), size) for number, size in enumerate([10, 3 * MIB, 1, 40 * KIB])]
    whole, tags = b"", []
    for piece in pieces:
        answer = append(s3, bucket, "log", len(whole), piece)
        whole += piece
        assert answer["Size"] == len(whole)
        tags.append(answer["ETag"])
        head = s3.head_object(Bucket=bucket, Key="log")
        assert (head["ContentLength"], head["ETag"]) == (len(whole), answer["ETag"])
        assert read(s3, bucket, "log") == whole
    assert len(set(tags)) == len(tags) and tags[0] == etag(pieces[0])
    assert tags[-1].endswith('-4"')
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [(found["Size"], found["ETag"]) for found in listed] == [(len(whole), tags[-1])]
    borders = [0, 10, 10 + 3 * MIB, 11 + 3 * MIB, len(whole)]
    for border in borders[1:-1]:
        for begin, end in ((border - 5, border + 5), (border, border), (border - 1, border - 1), (0, border)):
            assert read(s3, bucket, "log", Range=f"bytes={begin}-{end}") == whole[begin:end + 1]
    for number, (begin, end) in enumerate(zip(borders, borders[1:]), start=1):
        part = s3.get_object(Bucket=bucket, Key="log", PartNumber=number)
        assert part["Body"].read() == whole[begin:end] and part["PartsCount"] == 4
    parts = s3.get_object_attributes(Bucket=bucket, Key="log", ObjectAttributes=["ObjectParts", "ObjectSize"])
    assert parts["ObjectParts"]["TotalPartsCount"] == 4
    assert [part["Size"] for part in parts["ObjectParts"]["Parts"]] == [len(piece) for piece in pieces]
    assert parts["ObjectSize"] == len(whole)


def test_what_was_said_of_an_object_stays(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"one", ContentType="text/x", Metadata={"a": "b"}, Tagging="t=1",
                  CacheControl="no-store")
    before = s3.head_object(Bucket=bucket, Key="k")
    append(s3, bucket, "k", 3, b"two")
    after = s3.head_object(Bucket=bucket, Key="k")
    for name in ("ContentType", "Metadata", "TagCount", "CacheControl"):
        assert after[name] == before[name], name
    assert after["LastModified"] >= before["LastModified"]
    assert read(s3, bucket, "k") == b"onetwo"


@pytest.mark.parametrize("more", [{"Metadata": {"c": "d"}}, {"Tagging": "t=2"}, {"ACL": "private"}])
def test_what_would_be_said_anew_is_refused(s3, bucket, refused, more):
    # With the first bytes it is allowed.
    append(s3, bucket, "k", 0, b"one", **more)
    refused("InvalidRequest", 400, append, s3=s3, bucket=bucket, key="k", offset=3, data=b"two", **more)
    assert read(s3, bucket, "k") == b"one"


def test_an_offset_that_is_not_the_end_is_refused(s3, bucket, refused, wire):
    for offset in (1, 2**40):
        refused("InvalidWriteOffset", 400, append, s3=s3, bucket=bucket, key="absent", offset=offset, data=b"x")
    s3.put_object(Bucket=bucket, Key="k", Body=b"four")
    for offset in (0, 3, 5):
        refused("InvalidWriteOffset", 400, append, s3=s3, bucket=bucket, key="k", offset=offset, data=b"x")
    for offset in ("-1", "x", "1.5", "", str(2**64)):
        answer = wire.put(bucket, "k", b"x", headers={"x-amz-write-offset-bytes": offset})
        assert (answer.status, answer.code) == (400, "InvalidArgument"), offset
    for offset, key in ((4, "k"), (0, "absent")):
        refused("InvalidRequest", 400, append, s3=s3, bucket=bucket, key=key, offset=offset, data=b"")
    answer = wire.request("POST", f"/{bucket}/k", "uploads", headers={"x-amz-write-offset-bytes": "0"})
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]
    assert read(s3, bucket, "k") == b"four"


def test_conditions_are_about_the_object(s3, bucket, refused):
    first = append(s3, bucket, "k", 0, b"one", IfNoneMatch="*")["ETag"]
    refused("PreconditionFailed", 412, append, s3=s3, bucket=bucket, key="k", offset=3, data=b"x", IfNoneMatch="*")
    second = append(s3, bucket, "k", 3, b"two", IfMatch=first)["ETag"]
    refused("PreconditionFailed", 412, append, s3=s3, bucket=bucket, key="k", offset=6, data=b"x", IfMatch=first)
    append(s3, bucket, "k", 6, b"three", IfMatch=second)
    assert read(s3, bucket, "k") == b"onetwothree"


def test_sums_of_the_request_are_about_its_bytes(s3, bucket, wire):
    whole = b"first, "
    put = {"x-amz-checksum-crc32": crc32(whole)}
    assert wire.put(bucket, "k", whole, headers=put).status == 200
    for piece in (b"second, ", b"third"):
        place = {"x-amz-write-offset-bytes": str(len(whole))}
        wrong = wire.put(bucket, "k", piece, headers={**place, "x-amz-checksum-crc32": crc32(whole + piece)})
        assert (wrong.status, wrong.code) == (400, "BadDigest")
        md5 = base64.b64encode(hashlib.md5(piece).digest()).decode()
        sums = {"x-amz-checksum-crc32": crc32(piece), "content-md5": md5}
        answer = wire.put(bucket, "k", piece, headers={**place, **sums})
        whole += piece
        assert (answer.status, answer.headers["x-amz-object-size"]) == (200, str(len(whole))), answer.body
        assert answer.headers["x-amz-checksum-crc32"] == crc32(whole)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head["ChecksumCRC32"], head["ChecksumType"]) == (crc32(whole), "FULL_OBJECT")
    # The server computes the checksum with the object's algorithm.
    place = {"x-amz-write-offset-bytes": str(len(whole))}
    assert wire.put(bucket, "k", b"!", headers=place).headers["x-amz-checksum-crc32"] == crc32(whole + b"!")
    # A hash of all bytes cannot be combined from two.
    digest = base64.b64encode(hashlib.sha256(b"?").digest()).decode()
    place = {"x-amz-write-offset-bytes": str(len(whole) + 1), "x-amz-checksum-sha256": digest}
    assert wire.put(bucket, "k", b"?", headers=place).status == 200
    assert "ChecksumType" not in s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")


@pytest.mark.parametrize("offset", [0, 7])
def test_one_of_many_appends(server, s3, bucket, wire, offset):
    if offset:
        wire.put(bucket, "k", b"x" * offset)

    def race(number: int) -> tuple[int, bytes]:
        own, data = server.wire(), b"%02d" % number * 3
        answer = own.put(bucket, "k", data, headers={"x-amz-write-offset-bytes": str(offset)})
        own.close()
        assert answer.status == 200 or answer.code == "InvalidWriteOffset", answer.body
        return answer.status, data

    won = [data for status, data in in_parallel(32, race) if status == 200]
    assert len(won) == 1
    assert read(s3, bucket, "k") == b"x" * offset + won[0]


def test_a_reader_sees_whole_appends(server, s3, bucket):
    pieces = [content(("seen", number), 2 * MIB if number % 4 == 0 else 1_000) for number in range(24)]
    prefixes = [b"".join(pieces[:count]) for count in range(1, len(pieces) + 1)]
    known = {sha256(prefix) for prefix in prefixes}
    append(s3, bucket, "k", 0, pieces[0])
    stop, failures, lengths = threading.Event(), [], set()

    def look() -> None:
        own = server.wire()
        while not stop.is_set():
            answer = own.get(bucket, "k")
            lengths.add(len(answer.body))
            if sha256(answer.body) not in known:
                failures.append(f"{len(answer.body)} bytes that nobody wrote")
        own.close()

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for before, piece in zip(prefixes, pieces[1:]):
            append(s3, bucket, "k", len(before), piece)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert not failures and len(lengths) > 1
    assert read(s3, bucket, "k") == prefixes[-1]


def test_parts_of_an_upload_get_more(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", Metadata={"a": "b"})["UploadId"]
    pieces = [content("large", 5 * MIB), b"the last"]
    parts = []
    for number, piece in zip((2, 10_000), pieces):
        tag = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=piece)["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    whole = b"".join(pieces)
    # The last number is taken, so they are numbered again.
    for piece in (b"and more", b", and more"):
        append(s3, bucket, "k", len(whole), piece)
        whole += piece
    assert read(s3, bucket, "k") == whole
    last = s3.get_object(Bucket=bucket, Key="k", PartNumber=4)
    assert last["Body"].read() == b", and more" and last["Metadata"] == {"a": "b"}


def test_copies_and_renames_keep_what_they_had(s3, bucket):
    append(s3, bucket, "k", 0, b"one")
    append(s3, bucket, "k", 3, b"two")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
    append(s3, bucket, "k", 6, b"three")
    append(s3, bucket, "copy", 6, b"four")
    assert (read(s3, bucket, "k"), read(s3, bucket, "copy")) == (b"onetwothree", b"onetwofour")
    s3.rename_object(Bucket=bucket, Key="renamed", RenameSource="k")
    append(s3, bucket, "renamed", 11, b"!")
    s3.delete_object(Bucket=bucket, Key="copy")
    assert read(s3, bucket, "renamed") == b"onetwothree!"
    assert append(s3, bucket, "copy", 0, b"anew")["Size"] == 4
    s3.put_object(Bucket=bucket, Key="renamed", Body=b"over")
    assert read(s3, bucket, "renamed") == b"over"


def test_a_quota_counts_what_is_added(server, s3, bucket, refused):
    users = Users(server)
    append(s3, bucket, "k", 0, b"x" * 600)
    users.ask("PUT", f"/buckets/{bucket}/quota", {"bytes": 1_000})
    refused("QuotaExceeded", 403, append, s3=s3, bucket=bucket, key="k", offset=600, data=b"y" * 401)
    append(s3, bucket, "k", 600, b"y" * 400)
    usage = users.ask("GET", f"/buckets/{bucket}")["usage"]
    assert usage == {"bytes": 1_000, "objects": 1}
    refused("QuotaExceeded", 403, append, s3=s3, bucket=bucket, key="k", offset=1_000, data=b"z")
    s3.delete_object(Bucket=bucket, Key="k")
    assert users.ask("GET", f"/buckets/{bucket}")["usage"] == {"bytes": 0, "objects": 0}
    users.close()


def test_nothing_is_appended_where_versions_are_kept(s3, versioned, refused):
    s3.put_object(Bucket=versioned, Key="k", Body=b"kept")
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": status})
        for key, offset in (("k", 4), ("absent", 0)):
            refused("InvalidBucketState", 409, append, s3=s3, bucket=versioned, key=key, offset=offset, data=b"x")
    assert read(s3, versioned, "k") == b"kept"


ENCRYPTED = {"SSE-S3": ({"ServerSideEncryption": "AES256"}, {}), "SSE-KMS": ({"ServerSideEncryption": "aws:kms"}, {}),
             "SSE-C": (customer(1), customer(1))}


@pytest.mark.parametrize("kind", ENCRYPTED)
def test_what_is_encrypted_stays_so(s3, bucket, refused, kind):
    asked, key = ENCRYPTED[kind]
    pieces = [content((kind, number), size) for number, size in enumerate([100 * KIB, 3 * MIB, 17])]
    s3.put_object(Bucket=bucket, Key="k", Body=pieces[0], **asked)
    whole = pieces[0]
    # Without a key in the request, the bytes are encrypted like the object. A customer's key is not stored.
    for piece, said in zip(pieces[1:], (asked, key)):
        answer = append(s3, bucket, "k", len(whole), piece, **said)
        assert answer.get("ServerSideEncryption") == asked.get("ServerSideEncryption")
        whole += piece
    assert read(s3, bucket, "k", **key) == whole
    border = len(pieces[0])
    assert read(s3, bucket, "k", Range=f"bytes={border - 9}-{border + 70_000}", **key) == whole[border - 9:border + 70_001]
    others = [more for other, (more, _) in ENCRYPTED.items() if other != kind]
    for more in others:
        refused("EncryptionTypeMismatch", 400, append, s3=s3, bucket=bucket, key="k", offset=len(whole), data=b"x", **more)
    if key:
        for more in ({}, customer(2)):
            refused("InvalidRequest", 400, append, s3=s3, bucket=bucket, key="k", offset=len(whole), data=b"x", **more)
    of_source = {f"CopySource{name}": value for name, value in key.items()}
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", **asked, **of_source)
    append(s3, bucket, "copy", len(whole), b"more", **key)
    assert read(s3, bucket, "copy", **key) == whole + b"more"
    s3.rename_object(Bucket=bucket, Key="renamed", RenameSource="k")
    assert read(s3, bucket, "renamed", **key) == whole
    s3.put_object(Bucket=bucket, Key="plain", Body=b"plain")
    refused("EncryptionTypeMismatch", 400, append, s3=s3, bucket=bucket, key="plain", offset=5, data=b"x", **asked)


@pytest.mark.timeout(180)
def test_a_crash_loses_no_append(make_server):
    server = make_server().start()
    s3 = boto_client(server)
    s3.create_bucket(Bucket="logs")
    whole = b""
    for number in range(APPENDS):
        line = b"line %d\n" % number
        assert append(s3, "logs", "log", len(whole), line)["Size"] == len(whole) + len(line)
        whole += line
        if number == APPENDS // 2:
            server.kill()
            server.start()
            s3 = boto_client(server)
    listed = s3.list_objects_v2(Bucket="logs")["Contents"]
    assert [found["Size"] for found in listed] == [len(whole)]
    assert read(s3, "logs", "log") == whole
    users = Users(server)
    assert users.ask("GET", "/buckets/logs")["usage"] == {"bytes": len(whole), "objects": 1}
    users.close()
    server.stop()
    assert_rebuild_is_equal(server)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_two_gateways_append_to_one_object(tmp_path: Path):
    cluster = Cluster(tmp_path)
    try:
        clients = [boto_client(gateway) for gateway in cluster.start(gateways=2).gateways]
        clients[0].create_bucket(Bucket="bucket")

        def work(number: int) -> list[bytes]:
            """Appends until ten of its lines are stored."""
            s3, lines = clients[number % 2], []
            while len(lines) < 10:
                line = b"%d:%d\n" % (number, len(lines))
                try:
                    found = s3.head_object(Bucket="bucket", Key="log")["ContentLength"]
                except ClientError:
                    found = 0
                try:
                    append(s3, "bucket", "log", found, line)
                    lines.append(line)
                except ClientError as error:
                    assert error.response["Error"]["Code"] == "InvalidWriteOffset", error
            return lines

        told = in_parallel(4, work)
        for s3 in clients:
            lines = read(s3, "bucket", "log").splitlines(keepends=True)
            assert sorted(lines) == sorted(line for own in told for line in own)
            for own in told:
                assert [line for line in lines if line in own] == own
    finally:
        cluster.close()
