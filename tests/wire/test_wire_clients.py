"""The exact bytes that each client sends: requests captured from current versions, sent again by hand."""

import base64
import hashlib

import pytest
from awscrt import checksums

from harness.content import KIB, MIB, content, crc32, etag, etag_of_parts
from harness.wire import (
    SIGNED_CHUNKS,
    SIGNED_CHUNKS_TRAILER,
    UNSIGNED,
    UNSIGNED_TRAILER,
    Answer,
    Wire,
    aws_chunked,
    chunked,
    encode,
    object_path,
    presigned,
    read_answer,
    split,
)

EXPECTS = {"expect": "100-continue"}


def crc64(data: bytes) -> str:
    return base64.b64encode(checksums.crc64nvme(data).to_bytes(8, "big")).decode()


def send_when_told(wire: Wire, raw: bytes, body: bytes) -> Answer:
    """Sends the head, and the body once the server asks for it, like clients that expect `100 Continue`."""
    with wire.connect() as stream:
        stream.sendall(raw)
        assert stream.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        stream.sendall(body)
        return read_answer(stream)


def trailed(wire: Wire, path: str, query: str, data: bytes, trailer: str, value: str, inner: int,
            **headers: str) -> Answer:
    """An unsigned body with a trailing checksum, without any declared length."""
    head, _ = wire.head("PUT", path, query, payload=UNSIGNED_TRAILER, headers={
        "content-encoding": "aws-chunked", "transfer-encoding": "chunked", "x-amz-trailer": trailer,
        "x-amz-decoded-content-length": str(len(data)), **headers})
    body = aws_chunked(data, inner, trailer=(trailer, value))
    if "expect" in headers:
        return send_when_told(wire, head.to_bytes(), chunked(split(body, 65_536)))
    return wire.exchange([head.to_bytes(), chunked(split(body, 65_536))])


# boto3


def test_boto3_over_http_puts_with_a_signed_body_once_it_is_told_to(wire, bucket):
    data = content("boto3", 70 * KIB)
    head, _ = wire.head("PUT", object_path(bucket, "k"), payload=hashlib.sha256(data).hexdigest(), headers={
        "x-amz-checksum-crc32": crc32(data), "x-amz-sdk-checksum-algorithm": "CRC32",
        "content-length": str(len(data)), **EXPECTS})
    answer = send_when_told(wire, head.to_bytes(), data)
    assert (answer.status, answer.headers["etag"], answer.headers["x-amz-checksum-crc32"]) == (
        200, etag(data), crc32(data))
    got = wire.get(bucket, "k", headers={"x-amz-checksum-mode": "ENABLED"})
    assert (got.body, got.headers["x-amz-checksum-crc32"]) == (data, crc32(data))


def test_boto3_over_https_puts_this_very_body(wire, bucket):
    head, _ = wire.head("PUT", object_path(bucket, "k"), payload=UNSIGNED_TRAILER, headers={
        "content-encoding": "aws-chunked", "transfer-encoding": "chunked", "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-decoded-content-length": "5", "x-amz-sdk-checksum-algorithm": "CRC32", **EXPECTS})
    body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    answer = send_when_told(wire, head.to_bytes(), chunked([body]))
    assert (answer.status, answer.headers["x-amz-checksum-crc32"]) == (200, "NhCmhg=="), answer.body
    got = wire.get(bucket, "k")
    assert (got.body, got.headers["content-length"], got.headers["content-encoding"]) == (b"hello", "5", None)


def test_boto3_over_https_puts_parts_in_inner_chunks_of_a_mebibyte(wire, bucket):
    path = object_path(bucket, "k")
    made = wire.request("POST", path, "uploads", {"x-amz-checksum-algorithm": "CRC32"})
    assert made.headers["x-amz-checksum-algorithm"] == "CRC32"
    upload, pieces, named = made.text("UploadId"), [content("one", 5 * MIB), content("two", 2 * MIB + 3)], ""
    for number, data in enumerate(pieces, 1):
        answer = trailed(wire, path, f"partNumber={number}&uploadId={upload}", data, "x-amz-checksum-crc32",
                         crc32(data), MIB, **{"x-amz-sdk-checksum-algorithm": "CRC32"}, **EXPECTS)
        assert answer.status == 200, answer.body
        named += (f"<Part><ETag>{answer.headers['etag']}</ETag><ChecksumCRC32>{crc32(data)}</ChecksumCRC32>"
                  f"<PartNumber>{number}</PartNumber></Part>")
    document = ('<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"{named}</CompleteMultipartUpload>")
    done = wire.request("POST", path, f"uploadId={upload}", body=document.encode())
    assert (done.status, done.text("ETag")) == (200, etag_of_parts(pieces)), done.body
    assert done.text("ChecksumCRC32").endswith("-2") and done.text("ChecksumType") == "COMPOSITE"
    assert wire.get(bucket, "k").body == b"".join(pieces)


def test_boto3_deletes_and_configures_with_a_crc32_and_no_md5(wire, bucket):
    for key in ("a", "b"):
        wire.put(bucket, key, b"x")
    document = (b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object>'
                b"<Object><Key>b</Key></Object><Object><Key>absent</Key></Object></Delete>")
    summed = lambda body: {"x-amz-checksum-crc32": crc32(body), "x-amz-sdk-checksum-algorithm": "CRC32"}  # noqa: E731
    answer = wire.request("POST", f"/{bucket}", "delete", summed(document), document)
    assert (answer.status, answer.texts("Deleted/Key")) == (200, ["a", "b", "absent"]), answer.body
    document = (b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status>'
                b"</VersioningConfiguration>")
    assert wire.request("PUT", f"/{bucket}", "versioning", summed(document), document).status == 200
    assert wire.request("GET", f"/{bucket}", "versioning").text("Status") == "Enabled"


def test_boto3_lists_with_keys_encoded(wire, bucket):
    wire.put(bucket, "a b+c/ü", b"x")
    listed = wire.request("GET", f"/{bucket}", "list-type=2&prefix=a%20b&delimiter=%2F&encoding-type=url")
    assert (listed.text("Prefix"), listed.text("Delimiter")) == ("a%20b", "/")
    assert listed.texts("CommonPrefixes/Prefix") == ["a%20b%2Bc/"]


# aws, version 1


def test_aws_lists_with_empty_parameters_and_sends_the_second_part_first(wire, bucket):
    wire.put(bucket, "dir/k", b"x")
    listed = wire.request("GET", f"/{bucket}", "list-type=2&prefix=&delimiter=%2F&encoding-type=url")
    assert listed.texts("CommonPrefixes/Prefix") == ["dir/"]
    path, pieces = object_path(bucket, "large"), [content("first", 8 * MIB), b"second"]
    upload = wire.request("POST", path, "uploads").text("UploadId")
    tags = {number: wire.request("PUT", path, f"uploadId={upload}&partNumber={number}", body=data).headers["etag"]
            for number, data in ((2, pieces[1]), (1, pieces[0]))}
    named = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{tags[n]}</ETag></Part>" for n in (1, 2))
    document = f"<CompleteMultipartUpload>{named}</CompleteMultipartUpload>".encode()
    done = wire.request("POST", path, f"uploadId={upload}", body=document)
    assert (done.status, done.text("ETag")) == (200, etag_of_parts(pieces)), done.body


# The SDK for JavaScript


def test_javascript_names_its_call_in_the_query_and_ends_paths_of_buckets_with_a_slash(wire, bucket):
    data = content("stream", 300_000)
    answer = trailed(wire, object_path(bucket, "k"), "x-id=PutObject", data, "x-amz-checksum-crc32", crc32(data),
                     64 * KIB)
    assert answer.status == 200, answer.body
    assert wire.get(bucket, "k", "x-id=GetObject").body == data
    assert wire.request("GET", f"/{bucket}/", "list-type=2").texts("Contents/Key") == ["k"]
    upload = wire.request("POST", object_path(bucket, "m"), "uploads=").text("UploadId")
    part = wire.request("PUT", object_path(bucket, "m"), f"partNumber=1&uploadId={upload}&x-id=UploadPart", body=b"x")
    assert part.status == 200
    aborted = wire.request("DELETE", object_path(bucket, "m"), f"uploadId={upload}&x-id=AbortMultipartUpload")
    assert aborted.status == 204
    document = b"<Delete><Object><Key>k</Key></Object></Delete>"
    answer = wire.request("POST", f"/{bucket}/", "delete=", {"x-amz-checksum-crc32": crc32(document)}, document)
    assert answer.texts("Deleted/Key") == ["k"]
    assert wire.request("DELETE", object_path(bucket, "k"), "x-id=DeleteObject").status == 204


@pytest.mark.parametrize("sum_of,status,code", [
    # Every presigner puts this there, because it does not know the body. Without a body, the object is empty.
    (b"", 200, ""),
    (b"presigned", 200, ""), (b"another", 400, "BadDigest"),
])
@pytest.mark.parametrize("body", [b"presigned", b""], ids=["a body", "no body"])
def test_javascript_presigns_with_a_checksum_in_the_query(wire, bucket, sum_of, status, code, body):
    query = f"x-amz-checksum-crc32={encode(crc32(sum_of))}&x-amz-sdk-checksum-algorithm=CRC32&x-id=PutObject"
    target = presigned(wire, "PUT", object_path(bucket, "k"), query)
    raw = f"PUT {target} HTTP/1.1\r\nhost: {wire.address}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    answer = wire.exchange(raw)
    if not body and sum_of:
        status, code = 400, "BadDigest"
    assert (answer.status, answer.code) == (status, code), answer.body
    assert wire.get(bucket, "k").status == (200 if status == 200 else 404)


# PyArrow (the SDK for C++) and Polars (object_store)


def test_arrow_sends_even_little_in_a_part_with_a_crc64_behind_it(wire, bucket):
    data, path = content("arrow", 5_700), object_path(bucket, "t.parquet")
    upload = wire.request("POST", path, "uploads").text("UploadId")
    part = trailed(wire, path, f"partNumber=1&uploadId={upload}", data, "x-amz-checksum-crc64nvme", crc64(data),
                   64 * KIB)
    assert part.status == 200, part.body
    named = f"<Part><ETag>{part.headers['etag']}</ETag><PartNumber>1</PartNumber></Part>"
    done = wire.request("POST", path, f"uploadId={upload}", {"content-type": "application/xml"},
                        f"<CompleteMultipartUpload>{named}</CompleteMultipartUpload>".encode())
    assert done.status == 200, done.body
    asks = {"content-type": "application/xml", "x-amz-checksum-mode": "enabled", "range": "bytes=5692-5699"}
    tail = wire.request("GET", path, headers=asks)
    assert (tail.status, tail.body, tail.headers["content-range"]) == (206, data[-8:], "bytes 5692-5699/5700")
    assert wire.request("HEAD", path, headers={"content-type": "application/xml"}).headers["content-length"] == "5700"


def test_polars_asks_for_a_suffix_longer_than_the_object(wire, bucket):
    data = content("polars", 9_000)
    answer = wire.put(bucket, "t.parquet", data, payload=UNSIGNED, headers={"x-amz-checksum-crc64nvme": crc64(data)})
    assert (answer.status, answer.headers["x-amz-checksum-crc64nvme"]) == (200, crc64(data))
    got = wire.get(bucket, "t.parquet", headers={"range": "bytes=-262144"})
    assert (got.status, got.body, got.headers["content-range"]) == (206, data, "bytes 0-8999/9000")
    same = wire.get(bucket, "t.parquet", headers={"range": "bytes=0-3", "if-match": answer.headers["etag"]})
    assert (same.status, same.body) == (206, data[:4])


# s3cmd, minio-go (restic, mc), s3fs, DuckDB


def test_s3cmd_signs_for_a_region_of_its_own_and_asks_where_the_bucket_is(wire, bucket):
    assert wire.request("GET", f"/{bucket}/", "location").xml().tag == "LocationConstraint"
    data = b"s3cmd"
    stored = wire.put(bucket, "k", data, headers={"x-amz-storage-class": "STANDARD", "x-amz-meta-s3cmd-attrs": "uid:0"})
    assert stored.status == 200
    listed = wire.request("GET", f"/{bucket}/", "delimiter=%2F")
    assert listed.texts("Contents/Key") == ["k"] and listed.xml().find("KeyCount") is None
    assert wire.request("GET", f"/{bucket}/", "versioning").status == 200
    assert wire.request("GET", f"/{bucket}/", "requestPayment").text("Payer") == "BucketOwner"
    for region in ("US", "auto", "garage", "eu-central-1"):
        assert wire.request("GET", "/", region=region).status == 200, region


@pytest.mark.parametrize("trailer", [None, "x-amz-checksum-crc32c"])
def test_minio_go_signs_every_chunk_and_ends_with_an_empty_one(wire, bucket, trailer):
    data = content("minio", 150_000)
    headers = {"x-amz-decoded-content-length": str(len(data))}
    value = base64.b64encode(checksums.crc32c(data).to_bytes(4, "big")).decode()
    if trailer:
        headers["x-amz-trailer"] = trailer
    # Without `Content-Encoding: aws-chunked`: only the payload hash says how the body is framed.
    head, signature = wire.head("PUT", object_path(bucket, "k"), headers=headers,
                                payload=SIGNED_CHUNKS_TRAILER if trailer else SIGNED_CHUNKS)
    body = aws_chunked(data, 64 * KIB, signature=signature, trailer=(trailer, value) if trailer else None)
    head.headers["content-length"] = str(len(body))
    assert wire.exchange([head.to_bytes(), body]).status == 200
    assert wire.get(bucket, "k").body == data


def test_minio_go_lists_with_an_extension_that_others_ignore(wire, bucket):
    wire.put(bucket, "k", b"x")
    assert wire.request("GET", f"/{bucket}/", "location=").status == 200
    listed = wire.request("GET", f"/{bucket}/",
                          "delimiter=%2F&encoding-type=url&fetch-owner=true&list-type=2&metadata=true&prefix=")
    assert (listed.status, listed.texts("Contents/Key")) == (200, ["k"]), listed.body
    versions = wire.request("GET", f"/{bucket}/", "encoding-type=url&metadata=true&prefix=&versions=")
    assert (versions.status, versions.texts("Version/Key")) == (200, ["k"]), versions.body


def test_s3fs_looks_for_folders_under_three_names_and_renames_by_copying(wire, bucket):
    for name in ("dir", "dir/", "dir_$folder$"):
        assert wire.request("HEAD", object_path(bucket, name)).status == 404
    folder = {"content-type": "application/x-directory", "x-amz-meta-mode": "16877"}
    assert wire.put(bucket, "dir/", b"", headers=folder).status == 200
    head = wire.request("HEAD", object_path(bucket, "dir/"))
    assert (head.status, head.headers["content-length"], head.headers["content-type"]) == (
        200, "0", "application/x-directory")
    assert wire.request("HEAD", object_path(bucket, "dir")).status == 404
    changed = {"x-amz-copy-source": f"/{bucket}/dir/", "x-amz-metadata-directive": "REPLACE",
               "content-type": "application/x-directory", "x-amz-meta-mode": "16832"}
    assert wire.request("PUT", object_path(bucket, "dir/"), headers=changed).status == 200
    head = wire.request("HEAD", object_path(bucket, "dir/"))
    assert (head.headers["x-amz-meta-mode"], head.headers["content-type"]) == ("16832", "application/x-directory")


def test_duckdb_signs_for_no_region_when_it_was_told_none(wire, bucket):
    wire.put(bucket, "k", b"0123456789")
    answer = wire.get(bucket, "k", headers={"range": "bytes=2-4"}, region="")
    assert (answer.status, answer.body) == (206, b"234")
