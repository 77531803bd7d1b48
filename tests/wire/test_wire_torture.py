"""Parts of the protocol that servers often get wrong, numbered: framing, paths, hosts, quotes, dates and ranges. Each
is tested on the wire, without a client library. The list continues in `test_wire_torture_requests.py`.
"""

import urllib.parse
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from harness.content import KIB, MIB, content, crc32, etag
from harness.wire import (
    SIGNED_CHUNKS,
    SIGNED_CHUNKS_TRAILER,
    UNSIGNED_TRAILER,
    Head,
    Wire,
    aws_chunked,
    chunked,
    object_path,
    read_answer,
    split,
)


def framed(wire: Wire, bucket: str, payload: str, data: bytes, *, inner: int, length: bool, decoded: int | None = None,
           trailer: tuple[str, str] | None = None, announced: str | None = None, encoding: str = "aws-chunked"):
    """Sends `data` in aws-chunked frames, with any of the declarations about them changed."""
    decoded = len(data) if decoded is None else decoded
    headers = {"content-encoding": encoding, "x-amz-decoded-content-length": str(decoded)}
    if announced or trailer:
        headers["x-amz-trailer"] = announced or trailer[0]
    head, signature = wire.head("PUT", object_path(bucket, "k"), headers=headers, payload=payload)
    signed = payload in (SIGNED_CHUNKS, SIGNED_CHUNKS_TRAILER)
    body = aws_chunked(data, inner, signature=signature if signed else None, trailer=trailer)
    if length:
        head.headers["content-length"] = str(len(body))
        return wire.exchange([head.to_bytes(), body])
    head.headers["transfer-encoding"] = "chunked"
    return wire.exchange([head.to_bytes(), chunked(split(body, 30_000))])


# 1. Every framing, with every length.


@pytest.mark.parametrize("length", [True, False], ids=["content-length", "no length"])
@pytest.mark.parametrize("size,inner", [(0, KIB), (70_000, 8 * KIB), (5 * MIB + 1, 3 * MIB)])
@pytest.mark.parametrize("payload,with_trailer", [
    (SIGNED_CHUNKS, False), (SIGNED_CHUNKS_TRAILER, True), (UNSIGNED_TRAILER, False), (UNSIGNED_TRAILER, True)])
def test_01_framings(wire, bucket, payload, with_trailer, size, inner, length):
    data = content((payload, size), size)
    trailer = ("x-amz-checksum-crc32", crc32(data)) if with_trailer else None
    answer = framed(wire, bucket, payload, data, inner=inner, length=length, trailer=trailer)
    assert (answer.status, answer.headers["etag"]) == (200, etag(data)), answer.body
    assert wire.get(bucket, "k").body == data


@pytest.mark.parametrize("length", [True, False], ids=["content-length", "no length"])
@pytest.mark.parametrize("how,codes", [
    ({"trailer": ("x-amz-checksum-crc32", crc32(b"other"))}, ["BadDigest"]),
    ({"announced": "x-amz-checksum-crc32"}, ["MalformedTrailerError"]),
    ({"decoded": 4}, ["IncompleteBody"]), ({"decoded": 600}, ["IncompleteBody"]),
])
def test_01_framings_that_do_not_keep_their_word(wire, bucket, how, codes, length):
    answer = framed(wire, bucket, UNSIGNED_TRAILER, content("word", 500), inner=100, length=length, **how)
    assert answer.status == 400 and answer.code in codes, answer.body
    assert wire.get(bucket, "k").status == 404


def test_01_only_the_word_aws_chunked_is_taken_off(wire, bucket):
    for sent, stored in (("aws-chunked,gzip", "gzip"), ("br,aws-chunked", "br"), ("aws-chunked", None)):
        assert framed(wire, bucket, UNSIGNED_TRAILER, b"x", inner=1, length=True, encoding=sent).status == 200
        assert wire.get(bucket, "k").headers["content-encoding"] == stored


# 2. Nothing is stored before the trailer is verified.


@pytest.mark.parametrize("size", [5, 3 * MIB])
@pytest.mark.parametrize("right", [True, False])
def test_02_nothing_is_stored_before_the_trailer(wire, bucket, size, right):
    data = content("trailer", size)
    value = crc32(data if right else b"other")
    head, _ = wire.head("PUT", object_path(bucket, "k"), payload=UNSIGNED_TRAILER, headers={
        "content-encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-decoded-content-length": str(size)})
    body = aws_chunked(data, MIB, trailer=("x-amz-checksum-crc32", value))
    held = len(body) - body.index(b"x-amz-checksum-crc32:")
    head.headers["content-length"] = str(len(body))
    with wire.connect() as stream:
        stream.sendall(head.to_bytes() + body[:-held])
        assert wire.get(bucket, "k").status == 404
        stream.sendall(body[-held:])
        answer = read_answer(stream)
    assert (answer.status, answer.code) == ((200, "") if right else (400, "BadDigest"))
    assert wire.get(bucket, "k").status == (200 if right else 404)


# 3. Paths and queries are signed as they were sent, and mean what they say.


@pytest.mark.parametrize("raw,key", [
    ("a%2Fb", "a/b"), ("a+b", "a+b"), ("a%20b", "a b"), ("a//b", "a//b"), ("./a", "./a"), ("a/../b", "a/../b"),
    ("/a", "/a"), ("%C3%A9", "é"), ("e%CC%81", "e\u0301"), ("a=", "a="), ("a%3D", "a="), ("~-_.", "~-_."),
    ("%7Ea", "~a"), ("a%25", "a%"), ("a!*'()", "a!*'()"),
])
def test_03_paths(wire, bucket, raw, key):
    assert wire.request("PUT", f"/{bucket}/{raw}", body=raw.encode()).status == 200
    listed = wire.request("GET", f"/{bucket}", "encoding-type=url&list-type=2").text("Contents/Key")
    assert urllib.parse.unquote(listed) == key
    assert wire.request("GET", f"/{bucket}/{raw}").body == raw.encode()


@pytest.mark.parametrize("query", [
    "prefix=b&list-type=2&delimiter=", "list-type=2&prefix=&max-keys=5", "list-type=2&prefix=a%3Db%26c",
    "list-type=2&start-after=a%2Bb",
])
def test_03_queries_are_sorted_by_the_signer(wire, bucket, query):
    assert wire.request("GET", f"/{bucket}", query).status == 200


def test_03_a_parameter_twice_is_sorted_by_its_value_and_refused_for_what_it_is(wire, bucket):
    answer = wire.request("GET", f"/{bucket}", "max-keys=2&list-type=2&max-keys=1")
    assert (answer.status, answer.code) == (400, "InvalidArgument"), "not a wrong signature"


def test_03_a_semicolon_in_a_query_stays_what_it_is(wire, bucket):
    for key in ("a;b=c", "a"):
        wire.put(bucket, key, b"x")
    listed = wire.request("GET", f"/{bucket}", "list-type=2&prefix=a%3Bb%3Dc")
    assert listed.texts("Contents/Key") == ["a;b=c"]
    # Some clients send it unescaped; they sign the escaped form, as the protocol requires.
    head, _ = wire.head("GET", f"/{bucket}", "list-type=2&prefix=a%3Bb")
    head.query = "list-type=2&prefix=a;b"
    answer = wire.exchange(head.to_bytes())
    assert (answer.status, answer.texts("Contents/Key")) == (200, ["a;b=c"]), answer.body


# 4. Behind a proxy the signed host name must arrive; no other header replaces it.


@pytest.mark.parametrize("name", ["x-forwarded-host", "forwarded", "x-host", "x-original-host"])
def test_04_the_host_is_the_one_that_was_signed(wire, bucket, name):
    other = f"{bucket}-other"
    wire.make_bucket(other)
    head, _ = wire.head("PUT", "/k", headers={"host": f"{bucket}.localhost", "content-length": "1"})
    shown = head.headers["host"]
    head.headers["host"] = f"{other}.localhost"
    head.headers[name] = f"host={shown}" if name == "forwarded" else shown
    answer = wire.exchange([head.to_bytes(), b"x"])
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    # This is what a proxy has to do.
    head.headers["host"] = shown
    head.headers["x-forwarded-host"] = "proxied.example.com"
    assert wire.exchange([head.to_bytes(), b"x"]).status == 200
    assert (list(wire.listing(bucket)), wire.listing(other)) == (["k"], {})


def test_04_the_port_is_part_of_the_name(wire, bucket):
    host = wire.address.rpartition(":")[0]
    assert wire.put(bucket, "k", b"x", headers={"host": host}).status == 200
    head, _ = wire.head("GET", object_path(bucket, "k"), headers={"host": host})
    head.headers["host"] = wire.address
    assert wire.exchange(head.to_bytes()).code == "SignatureDoesNotMatch"


# 5. Buckets as hosts.


def test_05_hosts_with_dots_and_capitals(wire):
    wire.make_bucket("dotted.name.1")
    for host in ("dotted.name.1.localhost", "Dotted.Name.1.LOCALHOST"):
        assert wire.request("PUT", "/k", headers={"host": host}, body=host.encode()).status == 200
        assert wire.get("dotted.name.1", "k").body == host.encode()


def test_05_a_host_without_a_bucket_is_told_so(wire):
    answer = wire.request("GET", "/k", headers={"host": "no-such-bucket.localhost"})
    assert (answer.status, answer.code, answer.text("BucketName")) == (404, "NoSuchBucket", "no-such-bucket")


def test_05_a_host_that_is_not_ours_is_taken_for_path_style(wire, bucket):
    wire.put(bucket, "k", b"x")
    answer = wire.get(bucket, "k", headers={"host": "store.example.com"})
    assert (answer.status, answer.body) == (200, b"x")


# 6. Entity tags and their quotes.


def test_06_quotes_of_entity_tags(wire, bucket):
    made = wire.put(bucket, "k", b"x")
    plain = etag(b"x").strip('"')
    assert made.headers["etag"] == f'"{plain}"' == wire.request("HEAD", object_path(bucket, "k")).headers["etag"]
    listed = wire.request("GET", f"/{bucket}", "list-type=2")
    assert listed.text("Contents/ETag") == f'"{plain}"'
    copied = wire.request("PUT", object_path(bucket, "copy"), headers={"x-amz-copy-source": f"/{bucket}/k"})
    assert copied.text("ETag") == f'"{plain}"'
    told = wire.request("GET", object_path(bucket, "k"), "attributes", {"x-amz-object-attributes": "ETag"})
    assert told.text("ETag") == plain
    for tag in (plain, f'"{plain}"', f'"other", "{plain}"', "*"):
        assert wire.get(bucket, "k", headers={"if-match": tag}).status == 200, tag
        assert wire.get(bucket, "k", headers={"if-none-match": tag}).status == 304, tag
        assert wire.put(bucket, "k", b"x", headers={"if-match": tag}).status == 200, tag
    for tag in ('"other"', "other", f'"{plain[:-1]}"'):
        assert wire.get(bucket, "k", headers={"if-match": tag}).status == 412, tag
        assert wire.put(bucket, "k", b"y", headers={"if-match": tag}).status == 412, tag


# 7. HEAD returns the headers of GET, and no body.


def test_07_head_is_get_without_a_body(wire, bucket):
    path = object_path(bucket, "k")
    upload = wire.request("POST", path, "uploads", {"x-amz-meta-colour": "blue"}).text("UploadId")
    pieces = [content("part", 5 * MIB), b"end"]
    tags = [wire.request("PUT", path, f"partNumber={n}&uploadId={upload}", body=data).headers["etag"]
            for n, data in enumerate(pieces, 1)]
    named = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{tag}</ETag></Part>" for n, tag in enumerate(tags, 1))
    document = f"<CompleteMultipartUpload>{named}</CompleteMultipartUpload>".encode()
    assert wire.request("POST", path, f"uploadId={upload}", body=document).status == 200
    changing = ("x-amz-request-id", "date", "x-amz-id-2")
    for query, asked in (("", {}), ("partNumber=2", {}), ("", {"range": "bytes=3-5"}),
                         ("response-content-type=a%2Fb", {}), ("", {"x-amz-checksum-mode": "ENABLED"}),
                         ("partNumber=3", {}), ("", {"if-match": '"x"'}), ("", {"range": "bytes=99999999-"})):
        get, head = (wire.request(method, path, query, asked) for method in ("GET", "HEAD"))
        assert (head.status, head.body) == (get.status, b""), (query, asked)
        if get.status < 300:
            shown = [[pair for pair in answer.headers.items() if pair[0].lower() not in changing]
                     for answer in (get, head)]
            assert shown[0] == shown[1]
            assert int(head.headers["content-length"]) == len(get.body)
            assert head.headers["x-amz-mp-parts-count"] == ("2" if "partNumber" in query else None)
        else:
            assert head.headers["x-amz-request-id"] and head.headers["etag"] in (None, get.headers["etag"])


def raw_answers(wire: Wire, *heads: Head) -> bytes:
    """All bytes that come back on one connection: a parser of responses would skip surplus bytes."""
    heads[-1].headers["connection"] = "close"
    with wire.connect() as stream:
        stream.sendall(b"".join(head.to_bytes() for head in heads))
        return b"".join(iter(lambda: stream.recv(65_536), b""))


def test_07_a_refused_head_ends_with_its_headers(wire, bucket):
    """A body after it would be taken for the next response."""
    heads = [wire.head("HEAD", object_path(bucket, f"absent-{number}"))[0] for number in range(3)]
    answers = raw_answers(wire, *heads).split(b"\r\n\r\n")
    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 404"] * 3 + [b""]


# 8. Dates and unmodified objects.


def spellings(moment: datetime) -> list[str]:
    """The three forms of RFC 9110, section 5.6.7."""
    moment = moment.astimezone(timezone.utc)
    return [format_datetime(moment, usegmt=True), moment.strftime("%A, %d-%b-%y %H:%M:%S GMT"),
            f"{moment:%a %b} {moment.day:2} {moment:%H:%M:%S %Y}"]


def test_08_not_modified_has_no_body(wire, bucket):
    made = wire.put(bucket, "k", b"body", headers={"cache-control": "max-age=5"})
    head, _ = wire.head("GET", object_path(bucket, "k"), headers={"if-none-match": made.headers["etag"]})
    again, _ = wire.head("GET", object_path(bucket, "k"))
    answer = wire.exchange(head.to_bytes())
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", made.headers["etag"])
    assert answer.headers["last-modified"] and answer.headers["cache-control"] == "max-age=5"
    _, _, rest = raw_answers(wire, head, again).partition(b"\r\n\r\n")
    assert rest.startswith(b"HTTP/1.1 200 ") and rest.endswith(b"\r\n\r\nbody"), rest


def test_08_precedence(wire, bucket):
    made = wire.put(bucket, "k", b"body")
    changed = parsedate_to_datetime(wire.request("HEAD", object_path(bucket, "k")).headers["last-modified"])
    past, future = (format_datetime(changed + step, usegmt=True) for step in (timedelta(days=-1), timedelta(seconds=1)))
    tag, status = made.headers["etag"], lambda **asked: wire.get(  # noqa: E731
        bucket, "k", headers={name.replace("_", "-"): value for name, value in asked.items()}).status
    # A tag condition decides; the date is then ignored.
    assert status(if_none_match=tag, if_modified_since=past) == 304
    assert status(if_none_match='"other"', if_modified_since=future) == 200
    assert status(if_match=tag, if_unmodified_since=past) == 200
    assert status(if_match='"other"', if_unmodified_since=future) == 412
    assert status(if_match=tag, if_none_match=tag) == 304


def test_08_every_spelling_of_a_date(wire, bucket):
    wire.put(bucket, "k", b"body")
    changed = parsedate_to_datetime(wire.request("HEAD", object_path(bucket, "k")).headers["last-modified"])
    for same in spellings(changed):
        assert wire.get(bucket, "k", headers={"if-modified-since": same}).status == 304, same
        assert wire.get(bucket, "k", headers={"if-unmodified-since": same}).status == 200, same
    for before in spellings(changed - timedelta(hours=1)):
        assert wire.get(bucket, "k", headers={"if-modified-since": before}).status == 200, before
        assert wire.get(bucket, "k", headers={"if-unmodified-since": before}).status == 412, before
    # A malformed date is no condition.
    assert wire.get(bucket, "k", headers={"if-modified-since": "yesterday"}).status == 200


# 9. Ranges.


@pytest.mark.parametrize("size", [0, 10, 70_000])
@pytest.mark.parametrize("asked,expected", [
    ("bytes=0-0", slice(0, 1)), ("bytes=-3", slice(-3, None)), ("bytes=-999999", slice(0, None)),
    ("bytes=4-", slice(4, None)), ("bytes=4-999999", slice(4, None)), ("bytes=999999-", None), ("bytes=-0", None),
    ("bytes=0-1,4-5", "whole"), ("bytes=5-2", "whole"), ("bytes=", "whole"), ("bits=0-1", "whole"),
    ("bytes=a-b", "whole"), ("bytes=--1", "whole"), ("0-5", "whole"),
])
def test_09_ranges(wire, bucket, size, asked, expected):
    data = content("ranges", size)
    wire.put(bucket, "k", data)
    answer = wire.get(bucket, "k", headers={"range": asked})
    # The last bytes of an empty object are all of it, which no Content-Range can express (RFC 9110, section 14.1.2).
    if expected == "whole" or (not data and asked in ("bytes=-3", "bytes=-999999")):
        assert (answer.status, answer.body, answer.headers["content-range"]) == (200, data, None)
    elif expected is None or not data:
        assert (answer.status, answer.code) == (416, "InvalidRange"), answer.body
        assert (answer.text("ActualObjectSize"), answer.text("RangeRequested")) == (str(size), asked)
    else:
        assert (answer.status, answer.body) == (206, data[expected])
        first, last = expected.indices(size)[0], expected.indices(size)[1] - 1
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
