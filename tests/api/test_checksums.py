"""Checksums of every algorithm: verified, stored, returned."""

import pytest

from harness.checksums import ALGORITHMS, COMPOSITE, COMPUTE, FULL_OBJECT, checksum, header, sent
from harness.clients import boto_client
from harness.content import MIB, content, etag_of_parts
from harness.wire import UNSIGNED_TRAILER, aws_chunked, object_path

PART = 5 * MIB

SEVERAL = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."


@pytest.mark.parametrize("size", [0, 11, 70_000, 2 * MIB + 1])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_is_stored_and_returned(s3, bucket, algorithm, size):
    data = content(algorithm, size)
    name, expected = f"Checksum{algorithm}", checksum(algorithm, data)
    assert s3.put_object(Bucket=bucket, Key="k", Body=data, **sent(algorithm, data))[name] == expected
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
        put = s3.upload_part(**place, PartNumber=number, Body=data, **sent(algorithm, data))
        assert put[name] == checksum(algorithm, data)
        parts.append({"PartNumber": number, "ETag": put["ETag"], name: put[name]})
    return s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, ChecksumType=kind)


@pytest.mark.parametrize("algorithm", COMPOSITE)
def test_composite_checksums_of_parts(s3, bucket, algorithm):
    pieces = [content(number, size) for number, size in enumerate((PART, PART + 7, 3))]
    done = upload(s3, bucket, pieces, algorithm, "COMPOSITE")
    digests = b"".join(COMPUTE[algorithm](piece) for piece in pieces)
    expected = f"{checksum(algorithm, digests)}-3"
    assert (done["ETag"], done[f"Checksum{algorithm}"]) == (etag_of_parts(pieces), expected)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head[f"Checksum{algorithm}"], head["ChecksumType"]) == (expected, "COMPOSITE")


@pytest.mark.parametrize("algorithm", FULL_OBJECT)
def test_checksums_of_the_whole_object(s3, bucket, algorithm):
    pieces = [content(number, size) for number, size in enumerate((PART, PART + 7, 3))]
    done = upload(s3, bucket, pieces, algorithm, "FULL_OBJECT")
    assert done[f"Checksum{algorithm}"] == checksum(algorithm, b"".join(pieces))
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"".join(pieces)
    assert got["ChecksumType"] == "FULL_OBJECT"


@pytest.mark.parametrize("algorithm,kind", [(name, "FULL_OBJECT") for name in ALGORITHMS if name not in FULL_OBJECT]
                         + [("CRC64NVME", "COMPOSITE")])
def test_checksums_that_do_not_exist_are_refused(s3, bucket, refused, algorithm, kind):
    said = refused("InvalidRequest", 400, s3.create_multipart_upload, Bucket=bucket, Key="k",
                   ChecksumAlgorithm=algorithm, ChecksumType=kind)
    assert said["Error"]["Message"] == (
        f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm.")


def test_an_algorithm_that_s3_does_not_have_is_refused(s3, wire, bucket, refused):
    names = f"[{', '.join(ALGORITHMS)}]"
    unsupported = f"Checksum algorithm provided is unsupported. Please try again with any of the valid types: {names}"
    s3.put_object(Bucket=bucket, Key="source", Body=b"x")
    for call, more in ((s3.create_multipart_upload, {}),
                       (s3.copy_object, {"CopySource": {"Bucket": bucket, "Key": "source"}})):
        said = refused("InvalidRequest", 400, call, Bucket=bucket, Key="k", ChecksumAlgorithm="SHA3", **more)
        assert said["Error"]["Message"] == unsupported
    for headers, message in (
            ({"x-amz-sdk-checksum-algorithm": "SHA3"}, unsupported),
            ({"x-amz-checksum-sha3": "AAAA"}, "The algorithm type you specified in x-amz-checksum- header is invalid."),
            ({"x-amz-sdk-checksum-algorithm": "SHA256"},
             "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers "
             "were found."),
            ({"x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-md5": checksum("MD5", b"x")},
             "Value for x-amz-sdk-checksum-algorithm header is invalid."),
            ({"x-amz-checksum-crc32": checksum("CRC32", b"x"), "x-amz-checksum-md5": checksum("MD5", b"x")}, SEVERAL)):
        answer = wire.put(bucket, "k", b"x", headers=headers)
        assert (answer.status, answer.code, answer.text("Message")) == (400, "InvalidRequest", message)
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="k")


def trailing(wire, bucket: str, announced: str, last: tuple[str, str] | None, **headers: str):
    """Sends PUTs with a trailer."""
    head, _ = wire.head("PUT", object_path(bucket, "k"), payload=UNSIGNED_TRAILER, headers={
        "content-encoding": "aws-chunked", "x-amz-decoded-content-length": "5", "x-amz-trailer": announced, **headers})
    body = aws_chunked(b"hello", 5, trailer=last)
    head.headers["content-length"] = str(len(body))
    return wire.exchange([head.to_bytes(), body])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_trailer_is_verified_and_stored(s3, wire, bucket, algorithm):
    name, value = header(algorithm), checksum(algorithm, b"hello")
    asked = {"x-amz-sdk-checksum-algorithm": algorithm}
    answer = trailing(wire, bucket, name, (name, value), **asked)
    assert (answer.status, answer.headers[name]) == (200, value), answer.body
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[f"Checksum{algorithm}"] == value
    for last, code in (((name, checksum(algorithm, b"other")), "BadDigest"), (None, "MalformedTrailerError"),
                       ((name, "AAAA"), "InvalidRequest"), ((name, value + "-1"), "InvalidRequest")):
        answer = trailing(wire, bucket, name, last, **asked)
        assert (answer.status, answer.code) == (400, code), answer.body
        if code == "InvalidRequest":
            assert answer.text("Message") == f"Value for {name} trailing header is invalid."


def test_trailers_that_contradict_what_else_is_said_are_refused(wire, bucket):
    name, value = header("XXHASH3"), checksum("XXHASH3", b"hello")
    for announced, headers, message in (
            (name, {"x-amz-sdk-checksum-algorithm": "SHA1"}, "Value for x-amz-sdk-checksum-algorithm header is invalid."),
            (name, {header("CRC32"): checksum("CRC32", b"hello")}, SEVERAL),
            (f"{name},{header('CRC32')}", {}, SEVERAL),
            ("x-amz-meta-a", {}, "The value specified in the x-amz-trailer header is not supported")):
        answer = trailing(wire, bucket, announced, (name, value), **headers)
        assert (answer.status, answer.code, answer.text("Message")) == (400, "InvalidRequest", message)
    assert wire.get(bucket, "k").status == 404


@pytest.mark.parametrize("algorithm", COMPOSITE)
def test_a_composite_upload_wants_a_checksum_with_every_part(server, bucket, refused, algorithm):
    """AWS's answers, as recorded by the snapshots of LocalStack's tests."""
    s3 = boto_client(server, request_checksum_calculation="when_required")
    place = {"Bucket": bucket, "Key": "k"}
    place["UploadId"] = s3.create_multipart_upload(**place, ChecksumAlgorithm=algorithm)["UploadId"]
    other = "CRC32" if algorithm != "CRC32" else "XXHASH64"
    for more, actual in (({}, "null"), ({f"Checksum{other}": checksum(other, b"x")}, other.lower())):
        said = refused("InvalidRequest", 400, s3.upload_part, **place, PartNumber=1, Body=b"x", **more)
        assert said["Error"]["Message"] == (
            f"Checksum Type mismatch occurred, expected checksum Type: {algorithm.lower()}, "
            f"actual checksum Type: {actual}")
    assert "Parts" not in s3.list_parts(**place)
    name, value = f"Checksum{algorithm}", checksum(algorithm, b"x")
    part = {"PartNumber": 1, "ETag": s3.upload_part(**place, PartNumber=1, Body=b"x", **{name: value})["ETag"]}

    def complete(code: str, message: str | None, sums: dict[str, str], **more: str):
        said = refused(code, 400, s3.complete_multipart_upload, **place, **more,
                       MultipartUpload={"Parts": [part | sums]})
        assert message is None or said["Error"]["Message"] == message

    complete("InvalidRequest", f"The upload was created using a {algorithm.lower()} checksum. The complete request must "
             "include the checksum for each part. It was missing for part 1 in the request.", {})
    complete("BadDigest", f"The {other.lower()} you specified for part 1 did not match what we received.",
             {f"Checksum{other}": checksum(other, b"x")})
    complete("InvalidPart", None, {name: checksum(algorithm, b"y")})
    complete("InvalidArgument", None, {name: "AAAA"})
    complete("InvalidArgument", None, {name: value, f"Checksum{other}": checksum(other, b"x")})
    complete("InvalidRequest", "The upload was created using the COMPOSITE checksum mode. The complete request must use "
             "the same checksum mode.", {name: value}, ChecksumType="FULL_OBJECT")
    complete("InvalidRequest", f"Value for {header(algorithm)} header is invalid.", {name: value}, **{name: "bad"})
    whole = checksum(algorithm, COMPUTE[algorithm](b"x"))
    complete("BadDigest", None, {name: value}, **{name: f"{whole}-2"})
    complete("BadDigest", None, {name: value}, **{name: f"{value}-1"})
    complete("BadDigest", None, {name: value}, **{f"Checksum{other}": checksum(other, b"x")})
    done = s3.complete_multipart_upload(**place, MultipartUpload={"Parts": [part | {name: value}]}, **{name: whole})
    assert (done[name], done["ChecksumType"]) == (f"{whole}-1", "COMPOSITE")


@pytest.mark.parametrize("algorithm", FULL_OBJECT)
def test_a_full_object_upload_wants_none(server, bucket, refused, algorithm):
    s3 = boto_client(server, request_checksum_calculation="when_required")
    place = {"Bucket": bucket, "Key": "k"}
    place["UploadId"] = s3.create_multipart_upload(
        **place, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")["UploadId"]
    part = s3.upload_part(**place, PartNumber=1, Body=b"x")
    assert part[f"Checksum{algorithm}"] == checksum(algorithm, b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    other = "SHA1"
    refused("BadDigest", 400, s3.complete_multipart_upload, **place, MultipartUpload=parts,
            **{f"Checksum{other}": checksum(other, b"x")})
    done = s3.complete_multipart_upload(**place, MultipartUpload=parts)
    assert (done[f"Checksum{algorithm}"], done["ChecksumType"]) == (checksum(algorithm, b"x"), "FULL_OBJECT")


def test_an_upload_without_a_plan_has_no_type_to_agree_on(s3, bucket, refused):
    place = {"Bucket": bucket, "Key": "k"}
    refused("InvalidRequest", 400, s3.create_multipart_upload, **place, ChecksumType="COMPOSITE")
    place["UploadId"] = s3.create_multipart_upload(**place)["UploadId"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": s3.upload_part(**place, PartNumber=1, Body=b"x")["ETag"]}]}
    for kind in ("COMPOSITE", "FULL_OBJECT"):
        said = refused("InvalidRequest", 400, s3.complete_multipart_upload, **place, MultipartUpload=parts,
                       ChecksumType=kind)
        assert "using the null checksum mode" in said["Error"]["Message"]
    s3.complete_multipart_upload(**place, MultipartUpload=parts)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_listings_and_attributes_name_the_algorithm(s3, bucket, algorithm):
    kind = "COMPOSITE" if algorithm in COMPOSITE else "FULL_OBJECT"
    pieces, name = [content("first", PART), content("last", 3)], f"Checksum{algorithm}"
    place = {"Bucket": bucket, "Key": "k"}
    place["UploadId"] = s3.create_multipart_upload(**place, ChecksumAlgorithm=algorithm)["UploadId"]
    parts = []
    for number, data in enumerate(pieces, 1):
        put = s3.upload_part(**place, PartNumber=number, Body=data, **sent(algorithm, data))
        parts.append({"PartNumber": number, "ETag": put["ETag"], name: put[name]})
    for shown in (s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0], s3.list_parts(**place)):
        assert (shown["ChecksumAlgorithm"], shown["ChecksumType"]) == (algorithm, kind)
    sums = [checksum(algorithm, data) for data in pieces]
    assert [part[name] for part in s3.list_parts(**place)["Parts"]] == sums
    done = s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
    for listed in (s3.list_objects_v2(Bucket=bucket)["Contents"][0],
                   s3.list_object_versions(Bucket=bucket)["Versions"][0]):
        assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ([algorithm], kind)
    found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectParts"])
    assert found["Checksum"] == {name: done[name], "ChecksumType": kind}
    assert [part[name] for part in found["ObjectParts"]["Parts"]] == sums


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


@pytest.mark.parametrize(("first", "second"), [*zip(ALGORITHMS, ALGORITHMS[1:] + ALGORITHMS[:1])])
def test_a_copy_keeps_its_checksum_or_gets_the_one_asked_for(s3, bucket, first, second):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **sent(first, b"x"))
    source = {"Bucket": bucket, "Key": "k"}
    same = s3.copy_object(Bucket=bucket, Key="same", CopySource=source)["CopyObjectResult"]
    other = s3.copy_object(Bucket=bucket, Key="other", CopySource=source, ChecksumAlgorithm=second)["CopyObjectResult"]
    assert (same[f"Checksum{first}"], other[f"Checksum{second}"]) == (checksum(first, b"x"), checksum(second, b"x"))
    place = {"Bucket": bucket, "Key": "parts"}
    place["UploadId"] = s3.create_multipart_upload(**place, ChecksumAlgorithm=second)["UploadId"]
    part = s3.upload_part_copy(**place, PartNumber=1, CopySource=source)["CopyPartResult"]
    assert part[f"Checksum{second}"] == checksum(second, b"x")
    for key, algorithm in (("same", first), ("other", second)):
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        assert head[f"Checksum{algorithm}"] == checksum(algorithm, b"x")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_no_checksum_matches_nothing(s3, bucket, refused, algorithm):
    name = f"Checksum{algorithm}"
    for bad in ("", "bad", "AAAA", checksum(algorithm, b"x") + "=", checksum(algorithm, b"x") + "-1"):
        said = refused("InvalidRequest", 400, s3.put_object, Bucket=bucket, Key="k", Body=b"x", **{name: bad})
        assert said["Error"]["Message"] == f"Value for {header(algorithm)} header is invalid."
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="k")


def test_a_completion_asked_for_again_has_the_same_answer(s3, bucket, refused):
    """A client that lost the answer sends its checksum again, with the algorithm of the upload."""
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
    """An upload without a checksum setting gets the checksum of all bytes, if those of its parts can be combined."""
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
