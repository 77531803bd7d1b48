"""Edges of the protocol, as described in docs/s3-compatibility.md: dates, parts, markers, payload hashes, bodies, tags.
"""

import hashlib
import re
import zlib
from base64 import b64encode
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest

from harness.wire import EMPTY_SHA256, encode, object_path

KEYS_MAX, KEY_BYTES_MAX = 1000, 1024


def test_every_edge_of_the_document_has_its_test():
    root = Path(__file__).parents[2]
    section = (root / "docs/s3-compatibility.md").read_text().partition("## Edges")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+\.(?:py|rs)::\w+)`", section))
    assert len(named) > 15
    sources = {path.name: path.read_text() for place in ("tests", "services/s3") for path in
               (root / place).rglob("*.[pr][ys]")}
    for name in named:
        file, _, function = name.partition("::")
        assert re.search(rf"(def|fn) {function}\b", sources[file]), name


# Conditions


def test_a_date_that_lies_ahead_is_no_condition(wire, bucket):
    wire.put(bucket, "k", b"body")
    changed = parsedate_to_datetime(wire.request("HEAD", object_path(bucket, "k")).headers["last-modified"])
    ahead = format_datetime(changed + timedelta(days=1), usegmt=True)
    for method in ("GET", "HEAD"):
        ask = lambda **asked: wire.request(method, object_path(bucket, "k"), headers={  # noqa: E731
            name.replace("_", "-"): value for name, value in asked.items()}).status
        assert ask(if_modified_since=ahead) == 200
        assert ask(if_unmodified_since=ahead) == 200
        assert ask(if_modified_since=format_datetime(changed, usegmt=True)) == 304
    copy = lambda name: wire.request("PUT", object_path(bucket, "copy"), headers={  # noqa: E731
        "x-amz-copy-source": f"{bucket}/k", name: ahead}).status
    assert copy("x-amz-copy-source-if-modified-since") == 200
    assert copy("x-amz-copy-source-if-unmodified-since") == 200


# Parts


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_part_of_an_object_without_parts(wire, bucket, method):
    wire.put(bucket, "k", b"whole", headers={"x-amz-checksum-crc32": crc32(b"whole")})
    wire.put(bucket, "empty", b"")
    ask = lambda query, key="k", **headers: wire.request(  # noqa: E731
        method, object_path(bucket, key), query, headers={"x-amz-checksum-mode": "ENABLED", **headers})
    for number in ("1", "01"):
        part = ask(f"partNumber={number}")
        assert (part.status, part.headers["content-range"], part.headers["content-length"]) == (206, "bytes 0-4/5", "5")
        assert (part.headers["x-amz-mp-parts-count"], part.headers["x-amz-checksum-crc32"]) == (None, crc32(b"whole"))
    assert (ask("partNumber=1", "empty").status, ask("partNumber=1", "empty").headers["content-range"]) == (200, None)
    for number, status, code in (("2", 416, "InvalidPartNumber"), ("10000", 416, "InvalidPartNumber"),
                                 ("0", 400, "InvalidArgument"), ("10001", 400, "InvalidArgument"),
                                 ("-1", 400, "InvalidArgument"), ("", 400, "InvalidArgument"),
                                 ("1.0", 400, "InvalidArgument")):
        answer = ask(f"partNumber={number}")
        assert (answer.status, answer.code) == (status, code if method == "GET" else ""), number
    if method == "GET":
        refused = ask("partNumber=2")
        assert (refused.text("PartNumberRequested"), refused.text("ActualPartCount")) == ("2", "1")
    assert ask("partNumber=1", range="bytes=0-1").status == 400
    assert ask("partNumber=1", range="nonsense").status == 400


def test_a_range_that_is_all_of_an_object_has_its_checksum(wire, bucket):
    wire.put(bucket, "k", b"whole", headers={"x-amz-checksum-crc32": crc32(b"whole")})
    ask = lambda asked: wire.get(  # noqa: E731
        bucket, "k", headers={"x-amz-checksum-mode": "ENABLED", "range": asked}).headers["x-amz-checksum-crc32"]
    assert [ask("bytes=0-"), ask("bytes=-5"), ask("bytes=0-4")] == [crc32(b"whole")] * 3
    assert [ask("bytes=1-"), ask("bytes=0-3")] == [None, None]


# Markers and sizes of pages


@pytest.mark.parametrize("query,status,keys", [
    ("list-type=2&continuation-token=", 200, "abc"), ("list-type=2&start-after=", 200, "abc"),
    ("list-type=2&continuation-token=garbage", 400, ""), ("list-type=2&marker=a", 400, ""),
    ("continuation-token=a", 400, ""), ("start-after=a", 400, ""), ("marker=", 200, "abc"), ("marker=a", 200, "bc"),
    ("list-type=1", 200, "abc"), ("list-type=", 200, "abc"), ("list-type=3&marker=a", 200, "bc"),
    ("versions&key-marker=", 200, "abc"), ("versions&key-marker=a", 200, "bc"),
    ("versions&version-id-marker=null", 400, ""), ("versions&version-id-marker=", 400, ""),
    ("versions&key-marker=a&version-id-marker=", 400, ""), ("versions&key-marker=a&version-id-marker=null", 200, "bc"),
    ("versions&key-marker=&version-id-marker=null", 200, ""),
    ("max-keys=0", 200, ""), ("max-keys=", 200, "abc"), ("max-keys=-0", 200, ""), ("max-keys=002", 200, "ab"),
    ("max-keys=2147483647", 200, "abc"), ("max-keys=2147483648", 400, ""), ("max-keys=-1", 400, ""),
    ("max-keys=a", 400, ""), ("max-keys=%2B1", 400, ""), ("versions&max-keys=0", 200, ""), ("versions&max-keys=-1", 400, ""),
    ("list-type=2&max-keys=0", 200, ""), ("list-type=2&max-keys=-1", 400, ""),
])
def test_markers_and_sizes_of_pages(wire, bucket, query, status, keys):
    for key in "abc":
        wire.put(bucket, key, b"x")
    answer = wire.request("GET", f"/{bucket}", query)
    assert (answer.status, answer.code) == (status, "" if status == 200 else "InvalidArgument"), answer.body
    if status == 200:
        kind = "Version" if "versions" in query else "Contents"
        assert "".join(answer.texts(f"{kind}/Key")) == keys
        assert answer.text("IsTruncated") == ("true" if keys == "ab" else "false")


@pytest.mark.parametrize("query,status", [
    ("uploads&key-marker=&upload-id-marker=", 200), ("uploads&max-uploads=0", 200), ("uploads&max-uploads=-1", 400),
    ("uploads&max-uploads=2147483648", 400),
])
def test_markers_of_uploads(wire, bucket, query, status):
    assert wire.request("GET", f"/{bucket}", query).status == status


def test_markers_of_parts(wire, bucket):
    upload = wire.request("POST", object_path(bucket, "k"), "uploads").text("UploadId")
    wire.request("PUT", object_path(bucket, "k"), f"partNumber=1&uploadId={upload}", body=b"x")
    for marker, status, numbers in (("", 200, ["1"]), ("0", 200, ["1"]), ("1", 200, []), ("10001", 200, []),
                                    ("2147483647", 200, []), ("2147483648", 400, []), ("-1", 400, []), ("a", 400, [])):
        answer = wire.request("GET", object_path(bucket, "k"), f"uploadId={upload}&part-number-marker={marker}")
        assert answer.status == status, marker
        assert status != 200 or answer.texts("Part/PartNumber") == numbers, marker


# Payload hashes and bodies


def test_a_payload_hash_need_not_be_among_the_signed_headers(wire, bucket):
    for method, body, status in (("PUT", b"x", 200), ("GET", b"", 200), ("DELETE", b"", 204)):
        answer = wire.request(method, object_path(bucket, "k"), body=body, unsigned=["x-amz-content-sha256"])
        assert answer.status == status, answer.body
    # It still counts.
    head, _ = wire.head("PUT", object_path(bucket, "k"), payload=hashlib.sha256(b"x").hexdigest(),
                        headers={"content-length": "1"}, unsigned=["x-amz-content-sha256"])
    assert wire.exchange(head.to_bytes() + b"y").code == "XAmzContentSHA256Mismatch"
    head.headers["x-amz-content-sha256"] = hashlib.sha256(b"y").hexdigest()
    assert wire.exchange(head.to_bytes() + b"y").code == "SignatureDoesNotMatch"
    other = wire.request("PUT", object_path(bucket, "k"), headers={"x-amz-meta-a": "1"}, body=b"x",
                         unsigned=["x-amz-meta-a"])
    assert (other.code, other.text("HeadersNotSigned")) == ("AccessDenied", "x-amz-meta-a")
    assert wire.get(bucket, "k").status == 404


@pytest.mark.parametrize("payload", [hashlib.sha256(b"stray").hexdigest(), EMPTY_SHA256, "UNSIGNED-PAYLOAD"])
def test_a_body_where_none_belongs_is_read_and_dropped(wire, bucket, payload):
    wire.put(bucket, "k", b"kept")
    for method, status in (("HEAD", 200), ("GET", 200), ("DELETE", 204)):
        answer = wire.request(method, object_path(bucket, "k"), body=b"stray", payload=payload)
        assert answer.status == status, answer.body
        # The next request of the connection is read from its first byte.
        assert wire.request("GET", f"/{bucket}").status == 200


def crc32(data: bytes) -> str:
    return b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def test_a_thousand_keys_that_all_need_escaping_are_deleted_at_once(wire, bucket):
    """Each byte takes six, the longest way to write one."""
    first = "<" * KEY_BYTES_MAX
    assert wire.put(bucket, first, b"x").status == 200
    keys = [first, *(f"{number:04}".ljust(KEY_BYTES_MAX, "\"") for number in range(1, KEYS_MAX))]
    escaped = [key.replace("<", "&#x3C;").replace('"', "&quot;") for key in keys]
    document = "<Delete>" + "".join(f"<Object>\n  <Key>{key}</Key>\n</Object>\n" for key in escaped) + "</Delete>"
    body = document.encode()
    assert len(body) > 6_000_000
    answer = wire.request("POST", f"/{bucket}", "delete", {"x-amz-checksum-crc32": crc32(body)}, body)
    assert answer.status == 200, answer.body[:500]
    assert answer.texts("Deleted/Key") == keys
    assert wire.get(bucket, first).status == 404
    # Beyond that, the body is not read to its end.
    body = b"<Delete>" + b" " * 9_000_000 + b"</Delete>"
    answer = wire.request("POST", f"/{bucket}", "delete", {"x-amz-checksum-crc32": crc32(body)}, body)
    assert (answer.status, answer.code) == (400, "MaxMessageLengthExceeded")


# Tags


@pytest.mark.parametrize("header,code", [
    ("a=1&a=2", "InvalidArgument"), ("a=%", "InvalidArgument"), ("a=%FF", "InvalidArgument"), ("=1", "InvalidTag"),
    ("a=%3C", "InvalidTag"), ("aws:a=1", "InvalidTag"), (f"{'k' * 129}=1", "InvalidTag"),
    (f"k={'v' * 257}", "InvalidTag"), ("&".join(f"k{number}=v" for number in range(11)), "InvalidTag"),
])
def test_tags_that_cannot_be_read_and_tags_that_may_not_be(wire, bucket, header, code):
    answer = wire.put(bucket, "k", b"x", headers={"x-amz-tagging": header})
    assert (answer.status, answer.code) == (400, code)
    assert wire.get(bucket, "k").status == 404


def test_tags_twice_in_a_document_are_no_tags(wire, bucket):
    wire.put(bucket, "k", b"x")
    tag = "<Tag><Key>a</Key><Value>1</Value></Tag>"
    body = f"<Tagging><TagSet>{tag}{tag}</TagSet></Tagging>".encode()
    for path in (object_path(bucket, "k"), f"/{bucket}"):
        answer = wire.request("PUT", path, "tagging", {"x-amz-checksum-crc32": crc32(body)}, body)
        assert (answer.status, answer.code) == (400, "InvalidTag")


def test_keys_are_encoded_in_queries_once(wire, bucket):
    """The prefix of a listing is decoded once, as part of the query string."""
    wire.put(bucket, "a+b", b"x")
    for prefix, keys in (("a%2B", ["a+b"]), ("a+", []), (encode("a+b"), ["a+b"])):
        listing = wire.request("GET", f"/{bucket}", f"list-type=2&prefix={prefix.replace('+', '%20')}")
        assert listing.texts("Contents/Key") == keys, prefix
