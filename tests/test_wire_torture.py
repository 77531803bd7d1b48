"""The protocol's sore points, numbered as servers got them wrong: framing, paths, hosts, quotes, dates, ranges, parts,
documents, sub-resources, clocks, copies and headers. Each is tried on the wire, without a client's help."""

import base64
import re
import threading
import urllib.parse
import zlib
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from harness.content import KIB, MIB, content, etag, etag_of_parts
from harness.wire import (
    SIGNED_CHUNKS,
    SIGNED_CHUNKS_TRAILER,
    UNSIGNED_TRAILER,
    Wire,
    aws_chunked,
    chunked,
    encode,
    object_path,
    presigned,
    read_answer,
    split,
)


def crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def framed(wire: Wire, bucket: str, payload: str, data: bytes, *, inner: int, length: bool, decoded: int | None = None,
           trailer: tuple[str, str] | None = None, announced: str | None = None, encoding: str = "aws-chunked"):
    """PUTs `data` in aws-chunked frames, with what is said about them changed at will."""
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
    # Some clients send it raw; what they sign is the escaped form, as the protocol wants it.
    head, _ = wire.head("GET", f"/{bucket}", "list-type=2&prefix=a%3Bb")
    head.query = "list-type=2&prefix=a;b"
    answer = wire.exchange(head.to_bytes())
    assert (answer.status, answer.texts("Contents/Key")) == (200, ["a;b=c"]), answer.body


# 4. Behind a proxy the name that was signed must arrive; no other header stands in for it.


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
    # The way a proxy has to do it.
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


# 7. HEAD says what GET says, and no more.


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


def test_07_a_refused_head_ends_with_its_headers(wire, bucket):
    """A body after it would be taken for the next answer."""
    with wire.connect() as stream:
        for number in range(3):
            head, _ = wire.head("HEAD", object_path(bucket, f"absent-{number}"))
            stream.sendall(head.to_bytes())
            assert read_answer(stream, "HEAD").status == 404
        stream.settimeout(0.2)
        with pytest.raises(TimeoutError):
            stream.recv(1)


# 8. Dates and what is not modified.


def spellings(moment: datetime) -> list[str]:
    """The three forms of RFC 9110, section 5.6.7."""
    moment = moment.astimezone(timezone.utc)
    return [format_datetime(moment, usegmt=True), moment.strftime("%A, %d-%b-%y %H:%M:%S GMT"),
            f"{moment:%a %b} {moment.day:2} {moment:%H:%M:%S %Y}"]


def test_08_not_modified_has_no_body(wire, bucket):
    made = wire.put(bucket, "k", b"body", headers={"cache-control": "max-age=5"})
    head, _ = wire.head("GET", object_path(bucket, "k"), headers={"if-none-match": made.headers["etag"]})
    again, _ = wire.head("GET", object_path(bucket, "k"))
    with wire.connect() as stream:
        stream.sendall(head.to_bytes())
        answer = read_answer(stream)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", made.headers["etag"])
        assert answer.headers["last-modified"] and answer.headers["cache-control"] == "max-age=5"
        stream.sendall(again.to_bytes())
        assert read_answer(stream).body == b"body", "the connection is where it should be"


def test_08_precedence(wire, bucket):
    made = wire.put(bucket, "k", b"body")
    changed = parsedate_to_datetime(wire.request("HEAD", object_path(bucket, "k")).headers["last-modified"])
    past, future = (format_datetime(changed + step, usegmt=True) for step in (timedelta(days=-1), timedelta(seconds=1)))
    tag, status = made.headers["etag"], lambda **asked: wire.get(  # noqa: E731
        bucket, "k", headers={name.replace("_", "-"): value for name, value in asked.items()}).status
    # The tag decides where there is one; the date is then not looked at.
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
    # What is no date is no condition.
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
    if expected == "whole":
        assert (answer.status, answer.body, answer.headers["content-range"]) == (200, data, None)
    elif expected is None or not data:
        assert (answer.status, answer.code) == (416, "InvalidRange"), answer.body
        assert (answer.text("ActualObjectSize"), answer.text("RangeRequested")) == (str(size), asked)
    else:
        assert (answer.status, answer.body) == (206, data[expected])
        first, last = expected.indices(size)[0], expected.indices(size)[1] - 1
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"


# 10. Parts.


class Upload:
    """A multipart upload, part by part."""

    def __init__(self, wire: Wire, bucket: str) -> None:
        self.wire, self.path = wire, object_path(bucket, "parts")
        self.id = wire.request("POST", self.path, "uploads").text("UploadId")
        self.tags: dict[int, str] = {}

    def put(self, number: int, data: bytes) -> None:
        answer = self.wire.request("PUT", self.path, f"partNumber={number}&uploadId={self.id}", body=data)
        assert answer.status == 200, answer.body
        self.tags[number] = answer.headers["etag"]

    def complete(self, numbers: list[int] | None = None, wire: Wire | None = None, **headers: str):
        named = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{self.tags[number]}</ETag></Part>"
                        for number in numbers or sorted(self.tags))
        document = f"<CompleteMultipartUpload>{named}</CompleteMultipartUpload>".encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return (wire or self.wire).request("POST", self.path, f"uploadId={self.id}", sent, document)

    def abort(self, wire: Wire):
        return wire.request("DELETE", self.path, f"uploadId={self.id}")


def test_10_parts_backwards_again_and_ten_thousand_apart(wire, bucket):
    upload, large = Upload(wire, bucket), content("large", 5 * MIB)
    upload.put(10_000, b"end")
    upload.put(7, b"too small, and replaced")
    upload.put(7, large)
    assert upload.complete([10_000, 7]).code == "InvalidPartOrder"
    assert upload.complete([7, 7, 10_000]).code == "InvalidPartOrder"
    wrong = upload.complete(x_amz_mp_object_size=str(5 * MIB))
    assert (wrong.status, wrong.code) == (400, "InvalidRequest")
    done = upload.complete(x_amz_mp_object_size=str(5 * MIB + 3))
    assert (done.status, done.text("ETag")) == (200, etag_of_parts([large, b"end"])), done.body
    again = upload.complete()
    assert (again.status, again.text("ETag")) == (200, done.text("ETag"))
    assert wire.request("GET", upload.path).body == large + b"end"


@pytest.mark.parametrize("turn", range(5))
def test_10_completed_or_aborted_but_never_both(server, wire, bucket, turn):
    upload, others = Upload(wire, bucket), [server.wire(), server.wire()]
    upload.put(1, content(turn, 100 * KIB))
    outcome = {}
    race = [
        threading.Thread(target=lambda: outcome.update(complete=upload.complete(wire=others[0]))),
        threading.Thread(target=lambda: outcome.update(abort=upload.abort(others[1]))),
    ]
    for thread in race if turn % 2 else reversed(race):
        thread.start()
    for thread in race:
        thread.join()
    for other in others:
        other.close()
    there = wire.request("GET", upload.path).status
    if outcome["complete"].status == 200:
        assert there == 200 and outcome["abort"].status in (204, 404)
    else:
        assert (outcome["complete"].code, outcome["abort"].status, there) == ("NoSuchUpload", 204, 404)


# 11. Documents.


NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@pytest.mark.parametrize("document", [
    "<Delete><Object><Key>k</Key></Object></Delete>",
    f'<Delete xmlns="{NAMESPACE}"><Object><Key>k</Key></Object></Delete>',
    f"<Delete xmlns='{NAMESPACE}'><Object><Key>k</Key></Object></Delete>",
    f'<s3:Delete xmlns:s3="{NAMESPACE}"><s3:Object><s3:Key>k</s3:Key></s3:Object></s3:Delete>',
    '<?xml version="1.0" encoding="UTF-8"?>\n<Delete>\n  <Object>\n    <Key>k</Key>\n  </Object>\n</Delete>\n',
    "<Delete><!-- a comment --><Object><Key>k</Key><Unknown>x</Unknown></Object><More><Deep/></More></Delete>",
    "<Delete><Object><Key>&#107;</Key></Object></Delete>", "<Delete><Object><Key><![CDATA[k]]></Key></Object></Delete>",
    "\ufeff<Delete><Object><Key>k</Key></Object></Delete>",
], ids=["no namespace", "namespace", "single quotes", "prefix", "indented", "unknown", "reference", "cdata", "mark"])
def test_11_documents_as_people_write_them(wire, bucket, document):
    wire.put(bucket, "k", b"x")
    body = document.encode()
    answer = wire.request("POST", f"/{bucket}", "delete", {"x-amz-checksum-crc32": crc32(body)}, body)
    assert (answer.status, answer.texts("Deleted/Key")) == (200, ["k"]), answer.body
    assert wire.get(bucket, "k").status == 404


def test_11_no_entities_and_no_more_than_is_allowed(wire, bucket):
    wire.put(bucket, "k", b"x")
    document = b'<!DOCTYPE d [<!ENTITY e "k">]><Delete><Object><Key>&e;</Key></Object></Delete>'
    answer = wire.request("POST", f"/{bucket}", "delete", {"x-amz-checksum-crc32": crc32(document)}, document)
    assert answer.status == 400 and answer.code, answer.body
    assert wire.get(bucket, "k").status == 200
    document = b"<VersioningConfiguration>" + b" " * 5 * MIB + b"<Status>Enabled</Status></VersioningConfiguration>"
    answer = wire.request("PUT", f"/{bucket}", "versioning", body=document)
    assert answer.status == 400 and answer.code, answer.body
    assert wire.request("GET", f"/{bucket}", "versioning").text("Status") == ""


# 12. What is not known is not taken for a listing.


@pytest.mark.parametrize("query", ["unknownSubresource", "unknown=", "session", "x-unknown=1&list-type=2"])
def test_12_unknown_subresources_are_no_listings(wire, bucket, query):
    for method in ("GET", "PUT", "POST", "DELETE"):
        answer = wire.request(method, f"/{bucket}", query)
        assert (answer.status, answer.code) == (501, "NotImplemented"), (method, answer.body)
    assert wire.request("HEAD", f"/{bucket}").status == 200


# 13. The region of a bucket.


def test_13_heads_of_buckets_name_the_region(server, world, wire, bucket):
    assert wire.request("HEAD", f"/{bucket}").headers["x-amz-bucket-region"] == "us-east-1"
    stranger = Wire(server.address, world.people["no rights"].credentials)
    answer = stranger.request("HEAD", f"/{bucket}")
    stranger.close()
    assert (answer.status, answer.body, answer.headers["x-amz-bucket-region"]) == (403, b"", "us-east-1")
    absent = wire.request("HEAD", "/bucket-nowhere")
    assert (absent.status, absent.body) == (404, b"")


# 14. Clocks.


@pytest.mark.parametrize("minutes,status", [(-14, 200), (14, 200), (-16, 403), (16, 403)])
def test_14_a_quarter_of_an_hour_of_skew(wire, bucket, minutes, status):
    answer = wire.put(bucket, "k", b"x", moment=datetime.now(timezone.utc) + timedelta(minutes=minutes))
    assert answer.status == status
    if status == 403:
        assert answer.code == "RequestTimeTooSkewed"
        for name in ("RequestTime", "ServerTime", "MaxAllowedSkewMilliseconds"):
            assert answer.text(name), name


@pytest.mark.parametrize("expires,status", [(604_800, 200), (604_801, 403)])
def test_14_a_presigned_url_lasts_a_week_at_most(wire, bucket, expires, status):
    target = presigned(wire, "PUT", object_path(bucket, "k"), expires=expires)
    answer = wire.exchange(f"PUT {target} HTTP/1.1\r\nhost: {wire.address}\r\ncontent-length: 1\r\n\r\nx".encode())
    assert (answer.status, answer.code) == (status, "" if status == 200 else "AccessDenied")


# 15. Sources of copies.


@pytest.mark.parametrize("key", ["plain", "a b", "a+b", "100%", "a%2Fb", "ü", "a?versionId=x", "dir/a", "a#b", "="])
def test_15_sources_in_every_encoding(wire, bucket, key):
    wire.put(bucket, key, key.encode())
    fully, lightly = encode(f"{bucket}/{key}"), encode(f"{bucket}/{key}", "/")
    for source in (fully, lightly, f"/{lightly}"):
        answer = wire.request("PUT", object_path(bucket, "copy"), headers={"x-amz-copy-source": source})
        assert answer.status == 200, (source, answer.body)
        assert wire.get(bucket, "copy").body == key.encode(), source


def test_15_sources_with_versions(wire, versioned):
    bucket = versioned
    versions = [wire.put(bucket, "a b", text).headers["x-amz-version-id"] for text in (b"one", b"two")]
    source = {"x-amz-copy-source": f"/{bucket}/a%20b?versionId={versions[0]}"}
    answer = wire.request("PUT", object_path(bucket, "copy"), headers=source)
    assert (answer.status, answer.headers["x-amz-copy-source-version-id"]) == (200, versions[0])
    assert wire.get(bucket, "copy").body == b"one"
    # Its own older version may become its newest, without anything else that changes.
    assert wire.request("PUT", object_path(bucket, "a b"), headers=source).status == 200
    assert wire.get(bucket, "a b").body == b"one"


def test_15_directives(wire, bucket):
    wire.put(bucket, "k", b"x", headers={"content-type": "text/plain", "x-amz-meta-a": "1"})
    source = {"x-amz-copy-source": f"/{bucket}/k", "x-amz-meta-b": "2", "content-type": "text/html"}
    copy = lambda key, **more: wire.request("PUT", object_path(bucket, key), headers={**source, **more})  # noqa: E731
    assert copy("copied", **{"x-amz-metadata-directive": "COPY"}).status == 200
    assert copy("replaced", **{"x-amz-metadata-directive": "REPLACE"}).status == 200
    kept, changed = (wire.request("HEAD", object_path(bucket, key)).headers for key in ("copied", "replaced"))
    assert (kept["content-type"], kept["x-amz-meta-a"], kept["x-amz-meta-b"]) == ("text/plain", "1", None)
    assert (changed["content-type"], changed["x-amz-meta-a"], changed["x-amz-meta-b"]) == ("text/html", None, "2")
    assert copy("k", **{"x-amz-metadata-directive": "COPY"}).code == "InvalidRequest", "nothing would change"
    odd = copy("k", **{"x-amz-metadata-directive": "MERGE"})
    assert (odd.status, odd.code) == (400, "InvalidArgument")


# 16. What stands in every answer.


def test_16_headers_of_every_answer(wire, bucket):
    wire.put(bucket, "k", b"x")
    seen = set()
    for method, path, query, body, status in [
        ("GET", "/", "", b"", 200), ("GET", f"/{bucket}", "list-type=2", b"", 200),
        ("HEAD", f"/{bucket}", "", b"", 200),
        ("GET", object_path(bucket, "k"), "", b"", 200), ("HEAD", object_path(bucket, "k"), "", b"", 200),
        ("PUT", object_path(bucket, "l"), "", b"y", 200), ("DELETE", object_path(bucket, "l"), "", b"", 204),
        ("GET", object_path(bucket, "absent"), "", b"", 404), ("GET", f"/{bucket}", "unknown", b"", 501),
        ("PUT", "/Not-A-Bucket", "", b"", 400), ("GET", "/bucket-nowhere", "", b"", 404),
    ]:
        answer = wire.request(method, path, query, body=body)
        assert answer.status == status, (method, path, answer.body)
        assert answer.headers["x-amz-id-2"] and answer.headers["server"]
        assert abs(parsedate_to_datetime(answer.headers["date"]) - datetime.now(timezone.utc)) < timedelta(minutes=1)
        seen.add(answer.headers["x-amz-request-id"])
    assert len(seen) == 11 and all(seen)


def test_16_times_agree_to_the_second(wire, bucket):
    wire.put(bucket, "k", b"x")
    copied = wire.request("PUT", object_path(bucket, "copy"), headers={"x-amz-copy-source": f"/{bucket}/k"})
    for key in ("k", "copy"):
        shown = [wire.request(method, object_path(bucket, key)).headers["last-modified"] for method in ("GET", "HEAD")]
        assert shown[0] == shown[1] and re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", shown[0])
        listed = wire.request("GET", f"/{bucket}", f"list-type=2&prefix={key}").text("Contents/LastModified")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", listed)
        whole = parsedate_to_datetime(shown[0])
        assert datetime.fromisoformat(listed.replace("Z", "+00:00")).replace(microsecond=0) == whole
    assert copied.text("LastModified") == listed
    assert wire.request("HEAD", object_path(bucket, "k")).headers["accept-ranges"] == "bytes"
