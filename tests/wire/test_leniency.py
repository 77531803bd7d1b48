"""Requests that S3 accepts or ignores and real tools send: unknown parameters, headers in presigned URLs, a plus for a
space.
"""

import base64
import hashlib
import http.client
import json

import pytest

from harness.clients import boto_client
from harness.wire import encode, object_path, presigned

UNKNOWN = ["v=2", "utm_source=x&utm_source=y", "x-user=a", "Version=2006-03-01", "withUpdatedAt=true", "Acl", "id=1"]


def publish(s3, bucket: str) -> None:
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
         "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}]}))


@pytest.mark.parametrize("query", UNKNOWN)
def test_strangers_read_public_objects_whatever_they_add(server, s3, bucket, query):
    publish(s3, bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"public")
    connection = http.client.HTTPConnection(server.address, timeout=60)
    for path, body in ((object_path(bucket, "k"), b"public"), (f"/{bucket}", b"<Key>k</Key>")):
        connection.request("GET", f"{path}?{query}")
        answer = connection.getresponse()
        assert (answer.status, body in answer.read()) == (200, True), path
    # A parameter that names a sub-resource does not read the object, whether or not the sub-resource is supported.
    for sub_resource in ("acl", "annotation"):
        connection.request("GET", f"{object_path(bucket, 'k')}?{sub_resource}&{query}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 403, sub_resource
    connection.close()


@pytest.mark.parametrize("query", UNKNOWN)
def test_signed_requests_may_hold_what_nobody_knows(wire, bucket, query):
    assert wire.request("PUT", object_path(bucket, "k"), query, body=b"x").status == 200
    assert wire.get(bucket, "k", query).body == b"x"
    assert wire.request("HEAD", object_path(bucket, "k"), query).status == 200
    listing = wire.request("GET", f"/{bucket}", f"list-type=2&{query}")
    assert (listing.status, listing.texts("Contents/Key")) == (200, ["k"])
    assert wire.request("GET", f"/{bucket}", f"versioning&{query}").xml().tag == "VersioningConfiguration"
    assert wire.request("GET", "/", query).status == 200
    assert wire.delete(bucket, "k", query).status == 204
    # They are signed like all others.
    head, _ = wire.head("GET", f"/{bucket}", f"list-type=2&{query}")
    head.query += "&more=1"
    answer = wire.exchange(head.to_bytes())
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")


def test_lifecycle_rules_as_minio_reads_them(wire, s3, bucket):
    rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    answer = wire.request("GET", f"/{bucket}", "lifecycle&withUpdatedAt=true")
    assert (answer.status, answer.texts("Rule/ID")) == (200, ["a"])


def test_sub_resources_conflict(wire, bucket):
    answer = wire.request("GET", f"/{bucket}", "versioning&acl")
    assert (answer.status, answer.code, answer.text("Message")) == (
        400, "InvalidArgument", "Conflicting query string parameters: acl, versioning")


# Headers that the JavaScript SDK 2 moves into the URL that it presigns.


def moved(data: bytes) -> str:
    digest = base64.b64encode(hashlib.md5(data).digest()).decode()
    return f"Cache-Control=no-store&Content-MD5={encode(digest)}&Content-Type={encode('image/png')}"


def put_presigned(wire, bucket: str, query: str, data: bytes, *headers: str):
    target = presigned(wire, "PUT", object_path(bucket, "k"), query)
    head = "".join(f"{line}\r\n" for line in (f"host: {wire.address}", f"content-length: {len(data)}", *headers))
    return wire.exchange(f"PUT {target} HTTP/1.1\r\n{head}\r\n".encode() + data)


def test_a_presigned_url_with_headers_of_the_javascript_sdk_2(wire, bucket):
    assert put_presigned(wire, bucket, moved(b"picture"), b"picture", "content-type: image/gif").status == 200
    stored = wire.get(bucket, "k")
    assert (stored.body, stored.headers["content-type"], stored.headers["cache-control"]) == (b"picture", "image/gif", None)
    assert put_presigned(wire, bucket, moved(b"picture"), b"picture").status == 200
    assert wire.get(bucket, "k").headers["content-type"] == "binary/octet-stream"
    # The signer of a digest meant exactly these bytes.
    other = put_presigned(wire, bucket, moved(b"picture"), b"another")
    assert (other.status, other.code) == (400, "BadDigest")
    assert wire.get(bucket, "k").body == b"picture"


def test_headers_of_amazon_count_in_a_presigned_url(wire, s3, bucket):
    digest = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    query = "&".join([
        "x-amz-acl=private", f"x-amz-checksum-sha256={encode(digest)}", "x-amz-meta-a=1",
        "x-amz-server-side-encryption=AES256", "x-amz-storage-class=STANDARD_IA", f"x-amz-tagging={encode('t=1&u=2')}"])
    assert put_presigned(wire, bucket, query, b"x").status == 200
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head["Metadata"], head["ServerSideEncryption"], head["StorageClass"], head["ChecksumSHA256"]) == (
        {"a": "1"}, "AES256", "STANDARD_IA", digest)
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [
        {"Key": "t", "Value": "1"}, {"Key": "u", "Value": "2"}]
    assert put_presigned(wire, bucket, query, b"y").code == "BadDigest"
    assert put_presigned(wire, bucket, "x-amz-acl=public-ready", b"y").code == "InvalidArgument"
    assert wire.get(bucket, "k").body == b"x"


def test_urls_that_boto3_presigns_with_all_it_knows(server, wire, bucket):
    """Headers that it leaves to the sender of the request are signed, and have the same effect as any others."""
    s3 = boto_client(server)
    url = s3.generate_presigned_url("put_object", Params={
        "Bucket": bucket, "Key": "k", "ContentType": "text/css", "CacheControl": "no-cache", "Metadata": {"a": "1"},
        "Tagging": "t=1", "ServerSideEncryption": "AES256", "ACL": "private"})
    target = url.removeprefix(server.endpoint)
    sent = {"content-type": "text/css", "cache-control": "no-cache", "x-amz-meta-a": "1", "x-amz-tagging": "t=1",
            "x-amz-server-side-encryption": "AES256", "x-amz-acl": "private"}
    connection = http.client.HTTPConnection(server.address, timeout=60)
    connection.request("PUT", target, b"x", {name: value for name, value in sent.items() if encode(name) in target})
    assert connection.getresponse().status == 200
    connection.close()
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["Metadata"], head["CacheControl"]) == ({"a": "1"}, "no-cache")


# A plus in the source of a copy.


def test_a_plus_in_a_source_is_a_space(wire, bucket):
    for key in ("a b", "a+b"):
        wire.put(bucket, key, key.encode())
    upload = wire.request("POST", object_path(bucket, "parts"), "uploads").text("UploadId")
    for source, key in ((f"{bucket}/a+b", "a b"), (f"{bucket}/a%20b", "a b"), (f"{bucket}/a%2Bb", "a+b")):
        headers = {"x-amz-copy-source": source}
        copied = wire.request("PUT", object_path(bucket, "copy"), headers=headers)
        assert (copied.status, wire.get(bucket, "copy").body) == (200, key.encode()), source
        part = wire.request("PUT", object_path(bucket, "parts"), f"partNumber=1&uploadId={upload}", headers)
        digest = hashlib.md5(key.encode()).hexdigest()
        assert (part.status, part.text("ETag").strip('"')) == (200, digest), source
    renamed = wire.request("PUT", object_path(bucket, "renamed"), "renameObject", {"x-amz-rename-source": "a+b"})
    assert (renamed.status, wire.get(bucket, "renamed").body) == (200, b"a b")
    assert wire.get(bucket, "a+b").status == 200
