"""The wire: framing of bodies, the form of responses, and unsupported operations."""

import base64
import hashlib
import re

import pytest
from awscrt import checksums

from harness.content import KIB, MIB, content, crc32, etag
from harness.wire import (
    SIGNED_CHUNKS,
    SIGNED_CHUNKS_TRAILER,
    UNSIGNED,
    UNSIGNED_TRAILER,
    Wire,
    aws_chunked,
    chunked,
    object_path,
    read_answer,
    split,
)


TRAILERS = {
    "x-amz-checksum-crc32": crc32,
    "x-amz-checksum-crc64nvme": lambda data: base64.b64encode(checksums.crc64nvme(data).to_bytes(8, "big")).decode(),
    "x-amz-checksum-sha256": lambda data: base64.b64encode(hashlib.sha256(data).digest()).decode(),
}


def put_framed(wire: Wire, bucket: str, data: bytes, payload: str, *, inner: int, length: bool,
               trailer: str | None = None, outer: int = 8_000):
    """Sends PUTs with an aws-chunked body, with a Content-Length or in HTTP's own chunks."""
    headers = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(data))}
    if trailer:
        headers["x-amz-trailer"] = trailer
    head, signature = wire.head("PUT", object_path(bucket, "k"), headers=headers, payload=payload)
    signed = payload in (SIGNED_CHUNKS, SIGNED_CHUNKS_TRAILER)
    last = (trailer, TRAILERS[trailer](data)) if trailer else None
    body = aws_chunked(data, inner, signature=signature if signed else None, trailer=last)
    if length:
        head.headers["content-length"] = str(len(body))
    else:
        head.headers["transfer-encoding"] = "chunked"
        body = chunked(split(body, outer))
    return wire.exchange([head.to_bytes(), body])


@pytest.mark.parametrize("length", [True, False], ids=["content-length", "no length"])
@pytest.mark.parametrize("size,inner", [(0, KIB), (5, KIB), (70_000, 8 * KIB), (3 * MIB + 5, 1 * MIB)])
@pytest.mark.parametrize("payload,trailer", [
    (UNSIGNED_TRAILER, "x-amz-checksum-crc32"), (UNSIGNED_TRAILER, "x-amz-checksum-crc64nvme"), (SIGNED_CHUNKS, None),
    (SIGNED_CHUNKS_TRAILER, "x-amz-checksum-sha256"),
])
def test_aws_chunked_bodies(wire, bucket, payload, trailer, size, inner, length):
    data = content((payload, size), size)
    answer = put_framed(wire, bucket, data, payload, inner=inner, length=length, trailer=trailer)
    assert answer.status == 200, answer.body
    assert answer.headers["etag"] == etag(data)
    if trailer:
        assert answer.headers[trailer] == TRAILERS[trailer](data)
    got = wire.get(bucket, "k")
    assert got.body == data and got.headers["content-encoding"] is None


def test_frames_that_fall_on_every_byte(wire, bucket):
    data = content("frames", 40)
    for outer in range(1, 12):
        answer = put_framed(wire, bucket, data, UNSIGNED_TRAILER, inner=7, length=False, outer=outer,
                            trailer="x-amz-checksum-crc32")
        assert (answer.status, wire.get(bucket, "k").body) == (200, data)


@pytest.mark.parametrize("size", [0, 5, 2 * MIB])
def test_plain_chunks_without_any_length(wire, bucket, size):
    data = content("plain", size)
    head, _ = wire.head("PUT", object_path(bucket, "k"), headers={"transfer-encoding": "chunked"}, payload=UNSIGNED)
    answer = wire.exchange([head.to_bytes(), chunked(split(data, 10_000))])
    assert (answer.status, wire.get(bucket, "k").body) == (200, data), answer.body


def test_of_two_lengths_the_chunks_count_and_the_connection_ends(wire, bucket):
    """RFC 9112, section 6.3: no later request on the connection may be affected by the other length."""
    head, _ = wire.head("PUT", object_path(bucket, "two-lengths"))
    head.headers.update({"content-length": "3", "transfer-encoding": "chunked"})
    answer = wire.exchange([head.to_bytes(), chunked([b"hello"])])
    assert answer.status in (200, 400), answer.body
    assert answer.headers["connection"] == "close"
    if answer.status == 200:
        assert wire.request("GET", object_path(bucket, "two-lengths")).body == b"hello"


def test_parts_may_be_framed_as_well(wire, bucket):
    upload = wire.request("POST", object_path(bucket, "k"), "uploads").text("UploadId")
    data = content("framed part", 90_000)
    headers = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(data)),
               "x-amz-trailer": "x-amz-checksum-crc32", "transfer-encoding": "chunked"}
    head, _ = wire.head("PUT", object_path(bucket, "k"), f"partNumber=1&uploadId={upload}", headers, UNSIGNED_TRAILER)
    body = aws_chunked(data, 10_000, trailer=("x-amz-checksum-crc32", crc32(data)))
    answer = wire.exchange([head.to_bytes(), chunked([body])])
    assert (answer.status, answer.headers["etag"]) == (200, etag(data)), answer.body


def test_continue_is_said_once_the_checks_are_passed(wire, bucket):
    data = content("continue", 100_000)
    head, _ = wire.head("PUT", object_path(bucket, "k"), payload=UNSIGNED,
                        headers={"content-length": str(len(data)), "expect": "100-continue"})
    with wire.connect() as stream:
        stream.sendall(head.to_bytes())
        interim = stream.recv(1024)
        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        stream.sendall(data)
        assert read_answer(stream).status == 200
    assert wire.get(bucket, "k").body == data


def test_the_connection_goes_on_after_a_continue(wire, bucket):
    """In either case: the body was stored, or was found wrong once it had arrived."""
    data = content("continue", 100_000)
    wrong = {"content-md5": "CY9rzUYh03PK3k6DJie09g=="}
    with wire.connect() as stream:
        for more, status, code in (({}, 200, ""), (wrong, 400, "BadDigest"), ({}, 200, "")):
            head, _ = wire.head("PUT", object_path(bucket, "k"), payload=UNSIGNED,
                                headers={"content-length": str(len(data)), "expect": "100-continue", **more})
            stream.sendall(head.to_bytes())
            assert stream.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
            stream.sendall(data)
            answer = read_answer(stream)
            assert (answer.status, answer.code) == (status, code)
            assert answer.headers["connection"] != "close"


@pytest.mark.parametrize("break_it,status,code", [
    (lambda head, bucket: head.headers.update(authorization=head.headers["authorization"][:-4] + "0000"), 403,
     "SignatureDoesNotMatch"),
    (None, 404, "NoSuchBucket"),
])
def test_continue_is_not_said_to_what_is_refused(wire, bucket, break_it, status, code):
    target = object_path(bucket if break_it else "bucket-nowhere", "k")
    head, _ = wire.head("PUT", target, payload=UNSIGNED,
                        headers={"content-length": "100000", "expect": "100-continue"})
    if break_it:
        break_it(head, bucket)
    with wire.connect() as stream:
        stream.sendall(head.to_bytes())
        raw = stream.recv(65_536)
        assert raw.startswith(b"HTTP/1.1 %d " % status) and code.encode() in raw
    assert wire.get(bucket, "k").status == 404


@pytest.mark.parametrize("target", ["there", "nowhere"])
def test_either_100_continue_or_close(wire, bucket, target):
    """The botocore in awscli 1 misreads the next response on a connection that did neither: here for an empty body."""
    path = object_path(bucket if target == "there" else "bucket-nowhere", "k")
    length = "0" if target == "there" else "10"
    head, _ = wire.head("PUT", path, headers={"content-length": length, "expect": "100-continue"})
    with wire.connect() as stream:
        stream.sendall(head.to_bytes())
        raw = stream.recv(65_536).lower()
    assert raw.startswith(b"http/1.1 100 ") or b"\r\nconnection: close\r\n" in raw


@pytest.mark.parametrize("size", [5, 300 * KIB])
def test_a_connection_goes_on_after_a_refusal(wire, bucket, size):
    """Either the connection stays usable, or the response says that it is closed."""
    data = content("refused", size)
    head, _ = wire.head("PUT", object_path("bucket-nowhere", "k"), headers={"content-length": str(size)})
    after, _ = wire.head("GET", object_path(bucket, "k"))
    with wire.connect() as stream:
        stream.sendall(head.to_bytes() + data)
        refused = read_answer(stream)
        assert (refused.status, refused.code) == (404, "NoSuchBucket")
        if refused.headers["connection"] != "close":
            stream.sendall(after.to_bytes())
            assert read_answer(stream).code == "NoSuchKey"


def test_a_refusal_reaches_a_client_that_sends_on(wire, bucket):
    """A client that sends a large body, and only then reads the response, can send all of it and finds the response."""
    data = content("large", 30 * MIB)
    wrong, _ = wire.head("PUT", object_path(bucket, "k"), headers={"content-length": str(len(data))})
    wrong.headers["authorization"] = wrong.headers["authorization"][:-4] + "0000"
    nowhere, _ = wire.head("PUT", object_path("bucket-nowhere", "k"), headers={"content-length": str(len(data))})
    for head, status, code in ((nowhere, 404, "NoSuchBucket"), (wrong, 403, "SignatureDoesNotMatch")):
        with wire.connect() as stream:
            stream.sendall(head.to_bytes() + data)
            answer = read_answer(stream)
            assert (answer.status, answer.code, answer.headers["connection"]) == (status, code, "close")
            assert stream.recv(1) == b"", "the connection ends"


def test_head_says_what_get_says(wire, bucket):
    headers = {"content-type": "text/plain", "x-amz-meta-a": "1", "cache-control": "no-cache"}
    wire.put(bucket, "k", content("head", 50_000), headers=headers)
    for more in ({}, {"range": "bytes=10-19"}, {"x-amz-checksum-mode": "ENABLED"}):
        get = wire.request("GET", object_path(bucket, "k"), headers=more)
        head = wire.request("HEAD", object_path(bucket, "k"), headers=more)
        changing = ("x-amz-request-id", "date")
        assert head.body == b"" and head.status == get.status
        assert [pair for pair in head.headers.items() if pair[0].lower() not in changing] == [
            pair for pair in get.headers.items() if pair[0].lower() not in changing]
        for name in ("content-length", "etag", "last-modified", "accept-ranges", "date", "server", "x-amz-request-id",
                     "x-amz-id-2"):
            assert head.headers[name], name


def test_errors_are_documents_that_name_the_request(wire, bucket):
    answer = wire.get(bucket, "not there")
    document = answer.xml()
    assert (answer.status, document.tag, document.findtext("Code")) == (404, "Error", "NoSuchKey")
    assert document.findtext("RequestId") == answer.headers["x-amz-request-id"] != ""
    assert document.findtext("Resource") == f"/{bucket}/not%20there"
    assert document.findtext("Key") == "not there" and document.findtext("Message")
    assert answer.headers["content-type"] == "application/xml"
    missing = wire.request("HEAD", object_path(bucket, "not there"))
    assert (missing.status, missing.body) == (404, b"") and missing.headers["x-amz-request-id"]
    assert missing.headers["x-amz-request-id"] != answer.headers["x-amz-request-id"]


@pytest.mark.parametrize("method,level,query,status,code", [
    ("GET", "bucket", "metadataTable", 501, "NotImplemented"), ("PUT", "bucket", "website", 501, "NotImplemented"),
    ("GET", "object", "annotation", 501, "NotImplemented"), ("PUT", "object", "encryption", 501, "NotImplemented"),
    ("POST", "object", "select&select-type=2", 501, "NotImplemented"),
    ("PUT", "object", "append&position=4", 501, "NotImplemented"),
    ("DELETE", "bucket", "acl", 405, "MethodNotAllowed"), ("POST", "bucket", "tagging", 405, "MethodNotAllowed"),
    ("PUT", "object", "policy", 405, "MethodNotAllowed"), ("HEAD", "object", "acl", 405, ""),
    ("PUT", "object", "versionId=null", 400, "InvalidArgument"),
    ("DELETE", "object", "partNumber=1", 400, "InvalidArgument"),
    ("DELETE", "object", "tagging&acl", 400, "InvalidArgument"),
])
def test_what_is_not_built_is_said_to_be_so(wire, bucket, method, level, query, status, code):
    wire.put(bucket, "k", b"kept")
    path = f"/{bucket}" if level == "bucket" else object_path(bucket, "k")
    answer = wire.request(method, path, query)
    assert (answer.status, answer.code) == (status, code), answer.body
    assert wire.get(bucket, "k").body == b"kept"


@pytest.mark.parametrize("name,value", [
    ("x-amz-acl", "aws-exec-read"),
    ("x-amz-website-redirect-location", "/x"),
])
def test_what_would_be_unsafe_to_ignore_is_refused(wire, bucket, name, value):
    answer = wire.put(bucket, "k", b"x", headers={name: value})
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert wire.get(bucket, "k").status == 404


def test_buckets_as_hosts(wire, bucket):
    port = wire.address.rpartition(":")[2]
    for host in (f"{bucket}.localhost:{port}", f"{bucket}.localhost", f"{bucket.upper()}.LocalHost"):
        put = wire.request("PUT", "/in/host", headers={"host": host}, body=host.encode())
        assert put.status == 200, put.body
        assert wire.get(bucket, "in/host").body == host.encode()
        assert wire.request("GET", "/in/host", headers={"host": host}).body == host.encode()
        listed = wire.request("GET", "/", "list-type=2", headers={"host": host})
        assert listed.texts("Contents/Key") == ["in/host"]
    assert wire.request("PUT", "/", headers={"host": "hosted.localhost"}).status == 200
    assert wire.request("HEAD", "/hosted").status == 200


def test_any_region_but_a_wrong_one_helps(wire):
    answer = wire.request("GET", "/", region="US")
    assert answer.status == 200 or (answer.code == "AuthorizationHeaderMalformed"
                                    and answer.text("Region") == "us-east-1"), answer.body


def test_a_connection_serves_many_requests(wire, bucket):
    with wire.connect() as stream:
        for number in range(20):
            key = object_path(bucket, f"k{number}")
            head, _ = wire.head("PUT", key, headers={"content-length": "1"})
            stream.sendall(head.to_bytes() + b"x")
            assert read_answer(stream).status == 200
            head, _ = wire.head("GET", object_path(bucket, "missing"))
            stream.sendall(head.to_bytes())
            assert read_answer(stream).status == 404
    assert len(wire.listing(bucket)) == 20


def test_request_ids_differ_and_times_have_second_precision(wire, bucket):
    wire.put(bucket, "k", b"x")
    answers = [wire.get(bucket, "k") for _ in range(5)]
    assert len({answer.headers["x-amz-request-id"] for answer in answers}) == 5
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answers[0].headers["last-modified"])
