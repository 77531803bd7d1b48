"""Malformed input gets a clear error, stores nothing, and leaves the server working."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from harness.content import MIB, content, etag
from harness.wire import (
    SIGNED_CHUNKS,
    SIGNED_CHUNKS_TRAILER,
    UNSIGNED_TRAILER,
    Answer,
    Credentials,
    Wire,
    aws_chunked,
    encode,
    object_path,
    presigned,
    status_of,
)

LARGE = 3 * MIB
WRONG_CRC32 = ("x-amz-checksum-crc32", "AAAAAA==")


@pytest.fixture
def target(wire: Wire, bucket: str) -> Iterator[str]:
    """A bucket that must be as empty after the test as before, on a server that still works."""
    yield bucket
    assert wire.listing(bucket) == {}
    assert wire.request("GET", f"/{bucket}", "uploads").texts("Upload/Key") == []
    data = content("after", 70_000)
    assert wire.put(bucket, "after", data).status == 200
    assert wire.get(bucket, "after").body == data


def check(answer: Answer, status: int, *codes: str) -> Answer:
    assert (answer.status, answer.code) in [(status, code) for code in codes], answer.body
    return answer


# Callers


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_nobody(wire, target, method):
    raw = f"{method} {object_path(target, 'k')} HTTP/1.1\r\nhost: {wire.address}\r\ncontent-length: 0\r\n\r\n"
    check(wire.exchange(raw.encode()), 403, "AccessDenied")


def test_an_unknown_access_key(server, wire, target):
    stranger = Wire(server.address, Credentials("NOBODY", "x" * 40))
    check(stranger.put(target, "k", b"x"), 403, "InvalidAccessKeyId")
    stranger.close()


def test_a_wrong_secret(server, wire, target):
    stranger = Wire(server.address, Credentials(server.credentials.access, "x" * 40))
    answer = check(stranger.put(target, "k", b"x"), 403, "SignatureDoesNotMatch")
    assert server.credentials.secret.encode() not in answer.body
    stranger.close()


@pytest.mark.parametrize("change", [
    lambda head: head.headers.update({"x-amz-meta-added": "1"}),
    lambda head: head.headers.update({"x-amz-copy-source": "/other/key"}),
    lambda head: head.headers.update({"x-amz-date": "20200101T000000Z"}),
    lambda head: head.headers.update({"host": "elsewhere"}),
    lambda head: setattr(head, "path", head.path + "2"),
    lambda head: setattr(head, "query", "uploads="),
    lambda head: setattr(head, "method", "DELETE"),
    lambda head: head.headers.update(authorization=head.headers["authorization"].replace("us-east-1", "us-east-2")),
])
def test_a_changed_request(wire, target, change):
    head, _ = wire.head("PUT", object_path(target, "k"), headers={"content-length": "1"})
    change(head)
    assert wire.exchange([head.to_bytes(), b"x"]).status in (400, 403)


@pytest.mark.parametrize("authorization", [
    "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a", "Bearer abc", "AWS AKIA:c2ln",
    "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=, Signature=", "AWS4-HMAC-SHA256 " + "A" * 5000,
    "AWS4-ECDSA-P256-SHA256 Credential=a/20200101/s3/aws4_request, SignedHeaders=host, Signature=00",
])
def test_authorizations_that_are_none(wire, target, authorization):
    head, _ = wire.head("PUT", object_path(target, "k"), headers={"content-length": "1"})
    head.headers["authorization"] = authorization
    answer = wire.exchange([head.to_bytes(), b"x"])
    assert answer.status in (400, 403, 501) and answer.code, answer.body


@pytest.mark.parametrize("minutes", [-16, 16, -60 * 24 * 400])
def test_clock_skew(wire, target, minutes):
    moment = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    answer = check(wire.put(target, "k", b"x", moment=moment), 403, "RequestTimeTooSkewed")
    document = answer.xml()
    assert document.findtext("ServerTime") and document.findtext("RequestTime")
    assert document.findtext("MaxAllowedSkewMilliseconds") == "900000"


@pytest.mark.parametrize("age,expires,status", [
    (0, 60, 200), (61, 60, 403), (-1000, 60, 403), (0, 604_801, 403), (0, 0, 403), (0, -5, 403), (0, "x", 403),
])
def test_presigned_urls_end(wire, bucket, age, expires, status):
    target = presigned(wire, "PUT", object_path(bucket, "k"), age=age, expires=expires)
    answer = wire.exchange(f"PUT {target} HTTP/1.1\r\nhost: {wire.address}\r\ncontent-length: 1\r\n\r\nx".encode())
    assert answer.status == status or (status == 403 and answer.status == 400), answer.body
    assert len(wire.listing(bucket)) == (1 if status == 200 else 0)


def test_credentials_in_two_places(wire, target):
    head, _ = wire.head("PUT", object_path(target, "k"), headers={"content-length": "1"})
    url = presigned(wire, "PUT", object_path(target, "k"))
    head.path, head.query = url.split("?", 1)
    assert wire.exchange([head.to_bytes(), b"x"]).status in (400, 403)


def test_the_old_signature_is_answered_with_what_to_do(wire, target):
    query = f"AWSAccessKeyId={wire.credentials.access}&Signature=c2ln&Expires=9999999999"
    answer = wire.exchange(f"GET {object_path(target, 'k')}?{query} HTTP/1.1\r\nhost: {wire.address}\r\n\r\n".encode())
    assert answer.status in (400, 403) and b"s3v4" in answer.body, answer.body


# Bodies


@pytest.mark.parametrize("declared,sent", [(10, 5), (LARGE, LARGE - 1), (LARGE, 0)])
def test_a_body_that_ends_too_soon(wire, target, declared, sent):
    head, _ = wire.head("PUT", object_path(target, "k"), headers={"content-length": str(declared)})
    raw = wire.exchange_cut(head.to_bytes() + b"x" * sent)
    assert status_of(raw) in (0, 400), raw


def test_bytes_after_the_body_are_no_part_of_it(wire, bucket):
    head, _ = wire.head("PUT", object_path(bucket, "k"), headers={"content-length": "5"})
    wire.exchange_cut(head.to_bytes() + b"helloGARBAGE")
    assert wire.get(bucket, "k").body == b"hello"


@pytest.mark.parametrize("size", [5, LARGE])
def test_a_wrong_content_md5(wire, target, size):
    data = content("md5", size)
    other = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    check(wire.put(target, "k", data, headers={"content-md5": other}), 400, "BadDigest")
    for broken in ("not base64!", "c2hvcnQ=", ""):
        check(wire.put(target, "k", data, headers={"content-md5": broken}), 400, "InvalidDigest")


@pytest.mark.parametrize("size", [5, LARGE])
def test_a_wrong_payload_hash(wire, target, size):
    data = content("hash", size)
    check(wire.put(target, "k", data, payload=hashlib.sha256(b"other").hexdigest()), 400, "XAmzContentSHA256Mismatch")
    check(wire.put(target, "k", data, payload="nonsense"), 400, "InvalidArgument")


@pytest.mark.parametrize("size", [5, LARGE])
@pytest.mark.parametrize("name,value", [
    WRONG_CRC32, ("x-amz-checksum-crc32c", "AAAAAA=="), ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="),
    ("x-amz-checksum-sha1", base64.b64encode(bytes(20)).decode()),
    ("x-amz-checksum-sha256", base64.b64encode(bytes(32)).decode()),
])
def test_a_wrong_checksum(wire, target, name, value, size):
    check(wire.put(target, "k", content(name, size), headers={name: value}), 400, "BadDigest")


@pytest.mark.parametrize("name,value", [
    ("x-amz-checksum-crc32", "not base64"), ("x-amz-checksum-crc32", "AAAA"), ("x-amz-checksum-sha256", "AAAAAA=="),
])
def test_a_checksum_that_is_none(wire, target, name, value):
    check(wire.put(target, "k", b"x", headers={name: value}), 400, "InvalidRequest")


def framed(wire: Wire, bucket: str, payload: str, body: bytes, *, decoded: int | None, trailer: str | None = None,
           length: int | None = None) -> Answer:
    headers = {"content-encoding": "aws-chunked"}
    if decoded is not None:
        headers["x-amz-decoded-content-length"] = str(decoded)
    if trailer:
        headers["x-amz-trailer"] = trailer
    head, _ = wire.head("PUT", object_path(bucket, "k"), headers=headers, payload=payload)
    head.headers["content-length"] = str(len(body) if length is None else length)
    return wire.exchange([head.to_bytes(), body])


@pytest.mark.parametrize("size", [5, LARGE])
def test_a_wrong_trailer(wire, target, size):
    data = content("trailer", size)
    body = aws_chunked(data, 100_000, trailer=WRONG_CRC32)
    check(framed(wire, target, UNSIGNED_TRAILER, body, decoded=size, trailer=WRONG_CRC32[0]), 400, "BadDigest")


@pytest.mark.parametrize("announced,sent", [
    ("x-amz-checksum-crc32", None), ("x-amz-checksum-crc32", ("x-amz-checksum-sha1", "AAAA")),
    (None, WRONG_CRC32), ("x-amz-checksum-crc32", ("x-amz-checksum-crc32", "nonsense")),
])
def test_trailers_other_than_announced(wire, target, announced, sent):
    answer = framed(wire, target, UNSIGNED_TRAILER, aws_chunked(b"hello", 5, trailer=sent), decoded=5,
                    trailer=announced)
    assert answer.status == 400 and answer.code, answer.body


@pytest.mark.parametrize("decoded", [4, 6, 0, LARGE])
def test_a_decoded_length_that_is_not_kept(wire, target, decoded):
    check(framed(wire, target, UNSIGNED_TRAILER, aws_chunked(b"hello", 5), decoded=decoded), 400, "IncompleteBody")


def test_a_framed_body_needs_its_decoded_length(wire, target):
    check(framed(wire, target, UNSIGNED_TRAILER, aws_chunked(b"hello", 5), decoded=None), 411, "MissingContentLength")


@pytest.mark.parametrize("body", [
    b"hello", b"zz\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloX\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\nhello\r\n0\r\n\r\n", b"5" + b"0" * 5000, b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n\r\nmore",
])
def test_framing_that_is_broken(wire, target, body):
    answer = framed(wire, target, UNSIGNED_TRAILER, body, decoded=5)
    assert answer.status == 400 and answer.code, answer.body


@pytest.mark.parametrize("payload", [SIGNED_CHUNKS, SIGNED_CHUNKS_TRAILER])
@pytest.mark.parametrize("size,inner", [(50, 20), (LARGE, MIB)])
def test_a_chunk_with_a_wrong_signature(wire, target, payload, size, inner):
    data = content("chunk", size)
    trailer = "x-amz-checksum-crc32" if payload == SIGNED_CHUNKS_TRAILER else None
    headers = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(size)}
    if trailer:
        headers["x-amz-trailer"] = trailer
    for wrong in ("chunk", "seed", "final"):
        head, signature = wire.head("PUT", object_path(target, "k"), headers=headers, payload=payload)
        if wrong == "seed":
            signature.value = "0" * 64
        body = aws_chunked(data, inner, signature=signature, trailer=WRONG_CRC32 if trailer else None)
        if wrong == "chunk":
            at = body.index(b"\r\n") + 10
            body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]
        elif wrong == "final":
            at = body.rindex(b"signature") + 20
            body = body[:at] + (b"0" if body[at:at + 1] != b"0" else b"1") + body[at + 1:]
        head.headers["content-length"] = str(len(body))
        check(wire.exchange([head.to_bytes(), body]), 403, "SignatureDoesNotMatch")


def test_no_length(wire, target):
    head, _ = wire.head("PUT", object_path(target, "k"))
    answer = wire.exchange(head.to_bytes())
    assert answer.status in (400, 411), answer.body


def test_a_length_beyond_all_limits(wire, target):
    head, _ = wire.head("PUT", object_path(target, "k"), headers={"content-length": str(6 * 1024 * MIB)})
    check(wire.exchange(head.to_bytes()), 400, "EntityTooLarge")


# Keys, parameters and headers


def test_a_key_that_is_too_long(wire, target):
    for method in ("PUT", "GET", "DELETE"):
        check(wire.request(method, object_path(target, "k" * 1025)), 400, "KeyTooLongError")


@pytest.mark.parametrize("raw", ["%", "%zz", "a%2"])
def test_escapes_that_are_broken(wire, target, raw):
    answer = wire.request("PUT", f"/{target}/{raw}", body=b"x")
    assert answer.status in (400, 403), answer.body


@pytest.mark.parametrize("query", [
    "max-keys=-1", "max-keys=x", "max-keys=99999999999999999999", "list-type=2&marker=a", "encoding-type=base64",
    "list-type=2&continuation-token=nonsense", "versions&version-id-marker=x", "uploads&max-uploads=x",
    "prefix=%ff%", "max-keys=1&max-keys=2",
])
def test_parameters_that_mean_nothing(wire, target, query):
    answer = wire.request("GET", f"/{target}", query)
    assert answer.status in (400, 403) and answer.code, answer.body


def test_a_page_is_never_longer_than_allowed(wire, bucket):
    for number in range(3):
        wire.put(bucket, f"k{number}", b"")
    answer = wire.request("GET", f"/{bucket}", "list-type=2&max-keys=2147483647")
    assert (answer.status, answer.text("MaxKeys"), answer.text("KeyCount")) == (200, "1000", "3")


@pytest.mark.parametrize("version", ["x", "0" * 32, "null%00", "a" * 5000])
def test_versions_that_never_were(wire, target, version):
    for method in ("GET", "HEAD"):
        answer = wire.request(method, object_path(target, "k"), f"versionId={version}")
        assert answer.status in (400, 404)
    assert wire.delete(target, "k", f"versionId={version}").status in (204, 400, 404)
    assert wire.get(target, "k", "versionId=").status == 400


def test_metadata_beyond_its_limit(wire, target):
    headers = {f"x-amz-meta-{number}": "v" * 1000 for number in range(3)}
    check(wire.put(target, "k", b"x", headers=headers), 400, "MetadataTooLarge")


@pytest.mark.parametrize("headers", [1_000, 100_000])
def test_heads_beyond_their_limit(wire, target, headers):
    lines = "".join(f"x-{number}: v\r\n" for number in range(headers))
    raw = wire.exchange_cut(f"GET /{target} HTTP/1.1\r\nhost: {wire.address}\r\n{lines}\r\n".encode())
    assert status_of(raw) in (0, 400, 431), raw[:200]


@pytest.mark.parametrize("raw", [
    b"\x00\x01\x02", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n", b"\r\n" * 500,
    b"GET /a b HTTP/1.1\r\nhost: x\r\n\r\n", b"GET " + b"/a" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
])
def test_what_is_no_http(wire, target, raw):
    assert status_of(wire.exchange_cut(raw)) in (0, 400, 403, 414, 431, 505)


@pytest.mark.parametrize("source", [
    "", "/", "nobucket", "/bucket-only/", "/UPPER/k", "/%ff/k", "/bucket-nowhere/" + "k" * 1025, "/b%zz/k",
    "/bucket-nowhere/k?versionId=",
])
def test_copy_sources_that_are_none(wire, target, source):
    answer = wire.request("PUT", object_path(target, "k"), headers={"x-amz-copy-source": source})
    assert answer.status in (400, 404) and answer.code, answer.body


@pytest.mark.parametrize("number", ["0", "10001", "-1", "x", ""])
def test_part_numbers_that_are_none(wire, bucket, number):
    upload = wire.request("POST", object_path(bucket, "k"), "uploads").text("UploadId")
    answer = wire.request("PUT", object_path(bucket, "k"), f"partNumber={number}&uploadId={upload}", body=b"x")
    check(answer, 400, "InvalidArgument")
    assert wire.request("GET", object_path(bucket, "k"), f"uploadId={upload}").texts("Part/PartNumber") == []


@pytest.mark.parametrize("upload", ["x", "0" * 32, encode("../../etc"), "a" * 3000])
def test_uploads_that_never_were(wire, target, upload):
    for method, query, body in (("PUT", f"partNumber=1&uploadId={upload}", b"x"), ("GET", f"uploadId={upload}", b""),
                                ("DELETE", f"uploadId={upload}", b"")):
        check(wire.request(method, object_path(target, "k"), query, body=body), 404, "NoSuchUpload")


# Documents

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>'
)
FETCH = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
DEEP = b"<Delete>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</Delete>"
DOCUMENTS = {
    "empty": b"", "no xml": b"hello", "cut": b"<Delete><Object><Key>k</Key>", "crossed": b"<Delete><a></Delete></a>",
    "wrong root": b"<Other/>", "nothing in it": b"<Delete></Delete>", "not utf-8": b"<Delete>\xff</Delete>",
    "two roots": b"<Delete><Object><Key>k</Key></Object></Delete><Delete/>",
    "bomb": BOMB + b"<Delete><Object><Key>&d;</Key></Object></Delete>",
    "fetch": FETCH + b"<Delete><Object><Key>&f;</Key></Object></Delete>",
    "unknown entity": b"<Delete><Object><Key>&nbsp;</Key></Object></Delete>", "deep": DEEP,
    "no key": b"<Delete><Object></Object></Delete>",
}


@pytest.fixture
def kept(wire: Wire, bucket: str):
    """A bucket with exactly one object, which must still be there after the test."""
    assert wire.put(bucket, "k", b"kept").status == 200
    yield bucket
    assert wire.listing(bucket) == {"k": (etag(b"kept"), 4)}


def delete(wire: Wire, bucket: str, document: bytes, **headers: str):
    md5 = base64.b64encode(hashlib.md5(document).digest()).decode()
    return wire.request("POST", f"/{bucket}", "delete", {"content-md5": md5, **headers}, document)


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_deletions_that_are_no_documents(wire, kept, document):
    answer = delete(wire, kept, document)
    assert answer.status == 400 and answer.code in ("MalformedXML", "MissingRequestBodyError"), answer.body
    assert b"root:" not in answer.body


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_settings_that_are_no_documents(wire, kept, document):
    answer = wire.request("PUT", f"/{kept}", "versioning", body=document)
    assert answer.status == 400 and answer.code, answer.body
    assert wire.request("GET", f"/{kept}", "versioning").text("Status") == ""


def test_a_status_that_does_not_exist(wire, kept):
    for status in ("On", "", "enabled"):
        document = f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>".encode()
        answer = wire.request("PUT", f"/{kept}", "versioning", body=document)
        assert answer.status == 400 and answer.code, answer.body


def test_too_many_keys_at_once(wire, kept):
    keys = b"".join(b"<Object><Key>k%d</Key></Object>" % number for number in range(1000))
    answer = delete(wire, kept, b"<Delete>" + keys + b"<Object><Key>k</Key></Object></Delete>")
    assert (answer.status, answer.code) == (400, "MalformedXML")


def test_a_document_that_is_too_large(wire, kept):
    answer = delete(wire, kept, b"<Delete>" + b" " * (9 * MIB) + b"<Object><Key>k</Key></Object></Delete>")
    assert answer.status == 400 and answer.code in ("MaxMessageLengthExceeded", "EntityTooLarge", "MalformedXML")


def test_a_document_other_than_its_checksum(wire, kept):
    document = b"<Delete><Object><Key>k</Key></Object></Delete>"
    answer = wire.request("POST", f"/{kept}", "delete", {"x-amz-checksum-crc32": "AAAAAA=="}, document)
    assert (answer.status, answer.code) == (400, "BadDigest")
    other = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    answer = wire.request("POST", f"/{kept}", "delete", {"content-md5": other}, document)
    assert (answer.status, answer.code) == (400, "BadDigest")


def test_a_deletion_cannot_reach_another_bucket(wire, kept):
    other = f"{kept}-other"
    wire.make_bucket(other)
    for key in (f"../{kept}/k", f"/{kept}/k", f"%2e%2e/{kept}/k"):
        answer = delete(wire, other, f"<Delete><Object><Key>{key}</Key></Object></Delete>".encode())
        assert answer.status == 200, answer.body


class Upload:
    """An upload whose completion fails."""

    def __init__(self, wire: Wire, bucket: str, parts: dict[int, bytes]) -> None:
        self.wire = wire
        self.path = object_path(bucket, "upload")
        self.id = wire.request("POST", self.path, "uploads").text("UploadId")
        for number, data in parts.items():
            answer = wire.request("PUT", self.path, f"partNumber={number}&uploadId={self.id}", body=data)
            assert answer.status == 200, answer.body

    def complete(self, parts: list[tuple[object, str]], **headers: str):
        named = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in parts)
        document = f"<CompleteMultipartUpload>{named}</CompleteMultipartUpload>".encode()
        return self.wire.request("POST", self.path, f"uploadId={self.id}", headers, document)


def test_completions_that_do_not_hold(wire, kept):
    large, small = content("large", 5 * MIB), b"small"
    upload = Upload(wire, kept, {1: large, 2: small, 3: small})
    one, two, three = (1, etag(large)), (2, etag(small)), (3, etag(small))
    for parts, code in [
        ([two, one], "InvalidPartOrder"), ([one, one], "InvalidPartOrder"), ([one, (4, etag(small))], "InvalidPart"),
        ([(1, etag(small))], "InvalidPart"), ([one, two, three], "EntityTooSmall"), ([], "MalformedXML"),
        ([(0, etag(small))], "InvalidArgument"), ([("x", etag(small))], "MalformedXML"),
        ([one, (2, "")], "InvalidPart"), ([one, (2, "nonsense")], "InvalidPart"),
    ]:
        answer = upload.complete(parts)
        assert (answer.status, answer.code) == (400, code), (parts, answer.body)
    answer = upload.complete([one, two], **{"x-amz-mp-object-size": "5"})
    assert (answer.status, answer.code) == (400, "InvalidRequest")
    assert wire.request("DELETE", upload.path, f"uploadId={upload.id}").status == 204


def test_more_parts_than_there_can_be(wire, kept):
    upload = Upload(wire, kept, {1: b"x"})
    answer = upload.complete([(number, etag(b"x")) for number in range(1, 10_002)])
    assert answer.status == 400 and answer.code in ("InvalidArgument", "MalformedXML", "TooManyParts"), answer.body
    assert wire.request("DELETE", upload.path, f"uploadId={upload.id}").status == 204


def test_an_upload_of_another_key_is_not_there(wire, kept):
    upload = Upload(wire, kept, {1: b"x"})
    upload.path = object_path(kept, "another")
    answer = upload.complete([(1, etag(b"x"))])
    assert (answer.status, answer.code) == (404, "NoSuchUpload")
