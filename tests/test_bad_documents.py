"""Bad XML documents: refused whole, nothing changed."""

import base64
import hashlib

import pytest

from harness.content import MIB, content, etag
from harness.wire import Wire, object_path

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
    """A bucket with one object that must be there after the test, and nothing else."""
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
    """An upload whose completion goes wrong."""

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
