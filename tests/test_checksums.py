"""Checksums of every algorithm: verified, stored, returned."""

import base64
import hashlib
import zlib

import pytest
from awscrt import checksums

from harness.clients import boto_client
from harness.content import MIB, content, etag_of_parts

PART = 5 * MIB


def big_endian(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


COMPUTE = {
    "CRC32": lambda data: big_endian(zlib.crc32(data), 4),
    "CRC32C": lambda data: big_endian(checksums.crc32c(data), 4),
    "CRC64NVME": lambda data: big_endian(checksums.crc64nvme(data), 8),
    "SHA1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}
ALGORITHMS = sorted(COMPUTE)


def checksum(algorithm: str, data: bytes) -> str:
    return base64.b64encode(COMPUTE[algorithm](data)).decode()


@pytest.mark.parametrize("size", [0, 11, 70_000, 2 * MIB + 1])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_is_stored_and_returned(s3, bucket, algorithm, size):
    data = content(algorithm, size)
    name, expected = f"Checksum{algorithm}", checksum(algorithm, data)
    assert s3.put_object(Bucket=bucket, Key="k", Body=data, ChecksumAlgorithm=algorithm)[name] == expected
    for answer in (s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED"),
                   s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")):
        assert (answer[name], answer["ChecksumType"]) == (expected, "FULL_OBJECT")
    assert algorithm in s3.list_objects_v2(Bucket=bucket)["Contents"][0]["ChecksumAlgorithm"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_given_checksum_is_compared(s3, bucket, refused, algorithm):
    name = f"Checksum{algorithm}"
    s3.put_object(Bucket=bucket, Key="k", Body=b"right", **{name: checksum(algorithm, b"right")})
    refused("BadDigest", 400, s3.put_object, Bucket=bucket, Key="k", Body=b"wrong",
            **{name: checksum(algorithm, b"right")})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"right"


def upload(s3, bucket: str, pieces: list[bytes], algorithm: str, kind: str) -> dict:
    place = {"Bucket": bucket, "Key": "k"}
    made = s3.create_multipart_upload(**place, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    assert (made["ChecksumAlgorithm"], made["ChecksumType"]) == (algorithm, kind)
    place["UploadId"] = made["UploadId"]
    name, parts = f"Checksum{algorithm}", []
    for number, data in enumerate(pieces, 1):
        put = s3.upload_part(**place, PartNumber=number, Body=data, ChecksumAlgorithm=algorithm)
        assert put[name] == checksum(algorithm, data)
        parts.append({"PartNumber": number, "ETag": put["ETag"], name: put[name]})
    return s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, ChecksumType=kind)


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256"])
def test_composite_checksums_of_parts(s3, bucket, algorithm):
    pieces = [content(number, size) for number, size in enumerate((PART, PART + 7, 3))]
    done = upload(s3, bucket, pieces, algorithm, "COMPOSITE")
    digests = b"".join(COMPUTE[algorithm](piece) for piece in pieces)
    expected = f"{checksum(algorithm, digests)}-3"
    assert (done["ETag"], done[f"Checksum{algorithm}"]) == (etag_of_parts(pieces), expected)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head[f"Checksum{algorithm}"], head["ChecksumType"]) == (expected, "COMPOSITE")


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
def test_checksums_of_the_whole_object(s3, bucket, algorithm):
    pieces = [content(number, size) for number, size in enumerate((PART, PART + 7, 3))]
    done = upload(s3, bucket, pieces, algorithm, "FULL_OBJECT")
    assert done[f"Checksum{algorithm}"] == checksum(algorithm, b"".join(pieces))
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"".join(pieces)
    assert got["ChecksumType"] == "FULL_OBJECT"


@pytest.mark.parametrize("algorithm,kind", [("SHA1", "FULL_OBJECT"), ("SHA256", "FULL_OBJECT"),
                                            ("CRC64NVME", "COMPOSITE")])
def test_checksums_that_do_not_exist_are_refused(s3, bucket, refused, algorithm, kind):
    refused("InvalidRequest", 400, s3.create_multipart_upload, Bucket=bucket, Key="k",
            ChecksumAlgorithm=algorithm, ChecksumType=kind)


def test_a_completion_with_a_wrong_checksum_makes_nothing(s3, bucket, refused):
    place = {"Bucket": bucket, "Key": "k"}
    place["UploadId"] = s3.create_multipart_upload(**place, ChecksumAlgorithm="CRC32")["UploadId"]
    put = s3.upload_part(**place, PartNumber=1, Body=b"x", ChecksumAlgorithm="CRC32")
    part = {"PartNumber": 1, "ETag": put["ETag"], "ChecksumCRC32": checksum("CRC32", b"y")}
    refused("InvalidPart", 400, s3.complete_multipart_upload, **place, MultipartUpload={"Parts": [part]})
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_checksum_is_not_shown_unasked_or_for_a_range(s3, server, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789", ChecksumAlgorithm="SHA256")
    wire = server.wire()
    assert "x-amz-checksum-sha256" not in wire.get(bucket, "k").headers
    ranged = wire.get(bucket, "k", headers={"range": "bytes=0-3", "x-amz-checksum-mode": "ENABLED"})
    assert ranged.status == 206 and "x-amz-checksum-sha256" not in ranged.headers
    whole = wire.get(bucket, "k", headers={"x-amz-checksum-mode": "enabled"})
    assert whole.headers["x-amz-checksum-sha256"] == checksum("SHA256", b"0123456789")
    wire.close()


def test_a_copy_keeps_its_checksum_or_gets_the_one_asked_for(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ChecksumAlgorithm="SHA1")
    source = {"Bucket": bucket, "Key": "k"}
    s3.copy_object(Bucket=bucket, Key="same", CopySource=source)
    s3.copy_object(Bucket=bucket, Key="other", CopySource=source, ChecksumAlgorithm="SHA256")
    for key, algorithm in (("same", "SHA1"), ("other", "SHA256")):
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        assert head[f"Checksum{algorithm}"] == checksum(algorithm, b"x")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_no_checksum_matches_nothing(s3, bucket, refused, algorithm):
    name = f"Checksum{algorithm}"
    for bad in ("bad", "AAAA", checksum(algorithm, b"x") + "="):
        said = refused("BadDigest", 400, s3.put_object, Bucket=bucket, Key="k", Body=b"x", **{name: bad})
        assert f"{len(COMPUTE[algorithm](b''))} bytes" in said["Error"]["Message"]
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="k")


def test_a_completion_asked_for_again_has_the_same_answer(s3, bucket, refused):
    """A client that lost the answer sends its checksum again, of the algorithm that the upload was begun with."""
    place = {"Bucket": bucket, "Key": "k"}
    place["UploadId"] = s3.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"]
    part = s3.upload_part(**place, PartNumber=1, Body=b"part", ChecksumAlgorithm="SHA256")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}]}
    first = s3.complete_multipart_upload(**place, MultipartUpload=parts)
    sent = {"ChecksumSHA256": first["ChecksumSHA256"], "ChecksumType": "COMPOSITE"}
    again = s3.complete_multipart_upload(**place, MultipartUpload=parts, **sent)
    for name in ("ETag", "ChecksumSHA256", "ChecksumType"):
        assert again[name] == first[name]
    sent["ChecksumSHA256"] = checksum("SHA256", b"another") + "-1"
    refused("BadDigest", 400, s3.complete_multipart_upload, **place, MultipartUpload=parts, **sent)


def test_who_sends_no_checksum_gets_one(server, bucket):
    s3 = boto_client(server, request_checksum_calculation="when_required")
    for size in (0, 11, 2 * MIB + 1):
        data = content("silent", size)
        made = s3.put_object(Bucket=bucket, Key="k", Body=data)
        found = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        for answer in (made, found):
            assert (answer["ChecksumCRC64NVME"], answer["ChecksumType"]) == (checksum("CRC64NVME", data), "FULL_OBJECT")


@pytest.mark.parametrize(("sends", "expected"), [([None, None], "CRC64NVME"), (["CRC32C"] * 2, "CRC32C"),
                                                 (["CRC32", None], None), (["SHA256"] * 2, None)])
def test_parts_of_one_kind_combine(server, bucket, sends, expected):
    """An upload begun without a word about checksums ends with that of all bytes, if its parts' can be combined."""
    s3 = boto_client(server, request_checksum_calculation="when_required")
    pieces = [content("first", PART), content("last", 3)]
    place = {"Bucket": bucket, "Key": "k"}
    place["UploadId"] = s3.create_multipart_upload(**place)["UploadId"]
    parts = []
    for number, (data, algorithm) in enumerate(zip(pieces, sends), 1):
        sent = {"ChecksumAlgorithm": algorithm} if algorithm else {}
        parts.append({"PartNumber": number, "ETag": s3.upload_part(**place, PartNumber=number, Body=data, **sent)["ETag"]})
    made = s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
    found = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    for answer in (made, found):
        sums = {name.removeprefix("Checksum"): value for name, value in answer.items()
                if name.startswith("Checksum") and name != "ChecksumType"}
        assert sums == ({expected: checksum(expected, b"".join(pieces))} if expected else {})
        assert answer.get("ChecksumType") == ("FULL_OBJECT" if expected else None)


@pytest.mark.parametrize("kind", ["COMPOSITE", "FULL_OBJECT"])
def test_a_part_is_shown_with_its_own_checksum(s3, bucket, kind):
    pieces = [content("first", PART), content("last", 3)]
    upload(s3, bucket, pieces, "CRC32", kind)
    for number, data in enumerate(pieces, 1):
        found = s3.get_object(Bucket=bucket, Key="k", PartNumber=number, ChecksumMode="ENABLED")
        assert (found["ChecksumCRC32"], found["ChecksumType"]) == (checksum("CRC32", data), kind)
        assert found["Body"].read() == data
