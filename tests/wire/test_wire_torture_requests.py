"""Parts of the protocol that servers often get wrong, from the tenth on: uploads, documents, sub-resources, regions,
clocks, copies, and the headers of every response. `test_wire_torture.py` has the first nine.
"""

import re
import threading
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest

from harness.content import KIB, MIB, content, crc32, etag_of_parts
from harness.wire import Wire, encode, object_path, presigned


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


# 12. Unsupported operations are not mistaken for a listing.


@pytest.mark.parametrize("query", ["abac", "metadataTable", "session"])
def test_12_subresources_that_are_not_built_are_no_listings(wire, bucket, query):
    answer = wire.request("GET", f"/{bucket}", query)
    assert (answer.status, answer.code) == (501, "NotImplemented"), answer.body
    for method in ("PATCH", "HEAD"):
        assert wire.request(method, f"/{bucket}", query).status == 405, method
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
    # An older version of the object may become its newest, without any other change.
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


# 16. The headers of every response.


def test_16_headers_of_every_answer(wire, bucket):
    wire.put(bucket, "k", b"x")
    seen = set()
    for method, path, query, body, status in [
        ("GET", "/", "", b"", 200), ("GET", f"/{bucket}", "list-type=2", b"", 200),
        ("HEAD", f"/{bucket}", "", b"", 200),
        ("GET", object_path(bucket, "k"), "", b"", 200), ("HEAD", object_path(bucket, "k"), "", b"", 200),
        ("PUT", object_path(bucket, "l"), "", b"y", 200), ("DELETE", object_path(bucket, "l"), "", b"", 204),
        ("GET", object_path(bucket, "absent"), "", b"", 404), ("GET", f"/{bucket}", "abac", b"", 501),
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
