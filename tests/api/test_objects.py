"""Objects with boto3: put, get, head, delete, copy, ranges, conditions, metadata, presigned URLs."""

import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

import pytest

from harness.content import KIB, MIB, content, etag
from harness.wire import object_path

SIZES = [0, 1, 4095, 4096, 32 * KIB, 32 * KIB + 1, 256 * KIB - 1, 256 * KIB + 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 3]


@pytest.mark.parametrize("size", SIZES)
def test_bytes_come_back_as_they_were_sent(s3, bucket, size):
    data = content(size, size)
    put = s3.put_object(Bucket=bucket, Key="k", Body=data)
    assert put["ETag"] == etag(data)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == data
    assert (got["ContentLength"], got["ETag"]) == (size, etag(data))
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentLength"], head["ETag"], head["LastModified"]) == (size, etag(data), got["LastModified"])


def test_an_overwrite_replaces_everything(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"old", ContentType="text/plain", Metadata={"a": "1"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"newer")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["Metadata"], got["ContentType"]) == (b"newer", {}, "binary/octet-stream")
    assert [entry["Size"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [5]


def test_what_is_not_there_is_said_to_be_missing(s3, bucket, refused):
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="k")
    refused("404", 404, s3.head_object, Bucket=bucket, Key="k")
    refused("NoSuchBucket", 404, s3.get_object, Bucket="bucket-nowhere", Key="k")
    refused("NoSuchBucket", 404, s3.put_object, Bucket="bucket-nowhere", Key="k", Body=b"")
    assert s3.delete_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_a_deleted_object_is_gone_everywhere(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="k")
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="k")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_the_same_bytes_under_two_keys_outlive_each_other(s3, bucket):
    for size in (100, 300 * KIB, 3 * MIB):
        data = content("twins", size)
        for key in ("a", "b", "c"):
            s3.put_object(Bucket=bucket, Key=key, Body=data)
        s3.delete_object(Bucket=bucket, Key="a")
        s3.put_object(Bucket=bucket, Key="b", Body=b"other")
        assert s3.get_object(Bucket=bucket, Key="c")["Body"].read() == data


def test_system_metadata_comes_back(s3, bucket):
    expires = datetime(2031, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    sent = {
        "ContentType": "text/plain; charset=utf-8", "CacheControl": "max-age=60", "ContentLanguage": "de",
        "ContentDisposition": 'attachment; filename="a b.txt"', "ContentEncoding": "gzip", "Expires": expires,
        "StorageClass": "STANDARD", "Metadata": {"plain": "value", "empty": "", "spaced": "two  words"},
    }
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **sent)
    for answer in (s3.head_object(Bucket=bucket, Key="k"), s3.get_object(Bucket=bucket, Key="k")):
        for name in ("ContentType", "CacheControl", "ContentLanguage", "ContentDisposition", "ContentEncoding"):
            assert answer[name] == sent[name]
        assert answer["ExpiresString"] == "Thu, 02 Jan 2031 03:04:05 GMT"
        assert answer["Metadata"]["plain"] == "value" and answer["Metadata"]["empty"] == ""


@pytest.mark.parametrize("value", ["Grüße", "日本", "=?UTF-8?B?R3LDvMOfZQ==?="])
def test_metadata_beyond_ascii_comes_back_as_it_was_sent(wire, bucket, value):
    sent = value.encode()
    assert wire.put(bucket, "k", b"x", headers={"x-amz-meta-word": sent}).status == 200
    for method in ("GET", "HEAD"):
        answer = wire.request(method, object_path(bucket, "k"))
        assert answer.headers["x-amz-meta-word"].encode("latin-1") == sent


def test_the_aws_chunked_token_is_not_stored(wire, bucket):
    for sent, stored in (("gzip,aws-chunked", "gzip"), ("aws-chunked, gzip", "gzip"), ("aws-chunked", None)):
        assert wire.put(bucket, "k", b"x", headers={"content-encoding": sent}).status == 200
        assert wire.get(bucket, "k").headers["content-encoding"] == stored


@pytest.mark.parametrize("size", [10, 40 * KIB, 2 * MIB + 7])
def test_ranges(s3, bucket, refused, size):
    data = content("range", size)
    s3.put_object(Bucket=bucket, Key="k", Body=data)
    middle = size // 2
    for asked, expected in [
        ("bytes=0-0", data[:1]), ("bytes=0-", data), (f"bytes={middle}-{middle + 2}", data[middle:middle + 3]),
        (f"bytes={size - 1}-", data[-1:]), (f"bytes=1-{size + 100}", data[1:]), ("bytes=-3", data[-3:]),
        (f"bytes=-{size + 100}", data),
    ]:
        got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
        assert got["Body"].read() == expected, asked
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        first = data.index(expected) if len(expected) > 8 else None
        assert got["ContentRange"].endswith(f"/{size}")
        assert first is None or got["ContentRange"] == f"bytes {first}-{first + len(expected) - 1}/{size}"
    for ignored in ("bytes=5-3", "bytes=0-1,3-4", "lines=0-1", "bytes=x"):
        got = s3.get_object(Bucket=bucket, Key="k", Range=ignored)
        assert (got["ResponseMetadata"]["HTTPStatusCode"], got["ContentLength"]) == (200, size), ignored
    for beyond in (f"bytes={size}-", f"bytes={size + 5}-{size + 9}", "bytes=-0"):
        answer = refused("InvalidRange", 416, s3.get_object, Bucket=bucket, Key="k", Range=beyond)
        assert answer["Error"]["ActualObjectSize"] == str(size)


def test_a_range_of_nothing_is_refused(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    refused("InvalidRange", 416, s3.get_object, Bucket=bucket, Key="k", Range="bytes=0-")


def test_response_overrides(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/plain")
    got = s3.get_object(
        Bucket=bucket, Key="k", ResponseContentType="application/json", ResponseCacheControl="no-store",
        ResponseContentDisposition="attachment", ResponseContentLanguage="fr", ResponseContentEncoding="identity",
        ResponseExpires=datetime(2030, 1, 1, tzinfo=timezone.utc))
    headers = got["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-type"] == "application/json" and headers["cache-control"] == "no-store"
    assert headers["content-disposition"] == "attachment" and headers["content-language"] == "fr"
    assert headers["content-encoding"] == "identity" and headers["expires"].startswith("Tue, 01 Jan 2030")


def test_reads_on_conditions(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    tag, other = etag(b"x"), etag(b"y")
    changed = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    before, after = changed - timedelta(hours=1), changed + timedelta(seconds=1)
    for good in (
        {"IfMatch": tag}, {"IfMatch": tag.strip('"')}, {"IfMatch": "*"}, {"IfNoneMatch": other},
        {"IfModifiedSince": before}, {"IfUnmodifiedSince": after},
        {"IfMatch": tag, "IfUnmodifiedSince": before}, {"IfNoneMatch": other, "IfModifiedSince": changed},
    ):
        assert s3.get_object(Bucket=bucket, Key="k", **good)["Body"].read() == b"x", good
    for failing in ({"IfMatch": other}, {"IfUnmodifiedSince": before}):
        refused("PreconditionFailed", 412, s3.get_object, Bucket=bucket, Key="k", **failing)
        refused("412", 412, s3.head_object, Bucket=bucket, Key="k", **failing)
    for unchanged in ({"IfNoneMatch": tag}, {"IfModifiedSince": changed},
                      {"IfNoneMatch": tag, "IfModifiedSince": before}):
        answer = refused("304", 304, s3.get_object, Bucket=bucket, Key="k", **unchanged)
        assert answer["ResponseMetadata"]["HTTPHeaders"]["etag"] == tag
        refused("304", 304, s3.head_object, Bucket=bucket, Key="k", **unchanged)


def test_writes_on_conditions(s3, bucket, refused):
    put = s3.put_object
    refused("NoSuchKey", 404, put, Bucket=bucket, Key="k", Body=b"1", IfMatch=etag(b"0"))
    assert put(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"] == etag(b"1")
    refused("PreconditionFailed", 412, put, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    refused("PreconditionFailed", 412, put, Bucket=bucket, Key="k", Body=b"2", IfMatch=etag(b"0"))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    assert put(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag(b"1"))["ETag"] == etag(b"2")
    s3.delete_object(Bucket=bucket, Key="k")
    put(Bucket=bucket, Key="k", Body=b"3", IfNoneMatch="*")


@pytest.mark.parametrize("size", [0, 10, 3 * MIB])
def test_copies(s3, bucket, refused, size):
    data = content("copy", size)
    s3.put_object(Bucket=bucket, Key="from", Body=data, ContentType="text/plain", Metadata={"a": "1"})
    source = {"Bucket": bucket, "Key": "from"}
    copied = s3.copy_object(Bucket=bucket, Key="to", CopySource=source)
    assert copied["CopyObjectResult"]["ETag"] == etag(data)
    replaced = {"MetadataDirective": "REPLACE", "ContentType": "text/html", "Metadata": {"b": "2"}}
    s3.copy_object(Bucket=bucket, Key="other", CopySource=source, **replaced)
    for key, kind, metadata in (("to", "text/plain", {"a": "1"}), ("other", "text/html", {"b": "2"})):
        got = s3.get_object(Bucket=bucket, Key=key)
        assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (data, kind, metadata)
    s3.delete_object(Bucket=bucket, Key="from")
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == data
    refused("NoSuchKey", 404, s3.copy_object, Bucket=bucket, Key="to", CopySource=source)


def test_a_copy_onto_itself_must_change_something(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Metadata={"a": "1"})
    source = {"Bucket": bucket, "Key": "k"}
    refused("InvalidRequest", 400, s3.copy_object, Bucket=bucket, Key="k", CopySource=source)
    s3.copy_object(Bucket=bucket, Key="k", CopySource=source, MetadataDirective="REPLACE", Metadata={"a": "2"})
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["Metadata"]) == (b"x", {"a": "2"})


def test_copies_between_buckets_and_on_conditions(s3, bucket, refused):
    other = f"{bucket}-other"
    s3.create_bucket(Bucket=other)
    s3.put_object(Bucket=bucket, Key="a+b c/ü", Body=b"x")
    source = {"Bucket": bucket, "Key": "a+b c/ü"}
    s3.copy_object(Bucket=other, Key="k", CopySource=source, CopySourceIfMatch=etag(b"x"))
    assert s3.get_object(Bucket=other, Key="k")["Body"].read() == b"x"
    for failing in ({"CopySourceIfMatch": etag(b"y")}, {"CopySourceIfNoneMatch": etag(b"x")}):
        refused("PreconditionFailed", 412, s3.copy_object, Bucket=other, Key="l", CopySource=source, **failing)
    refused("NoSuchBucket", 404, s3.copy_object, Bucket=other, Key="l", CopySource="bucket-nowhere/k")


def test_deleting_many(s3, bucket):
    keys = [f"k{number:04}" for number in range(20)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    wanted = [{"Key": key} for key in [*keys[:15], "never-there"]]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert sorted(entry["Key"] for entry in answer["Deleted"]) == sorted(entry["Key"] for entry in wanted)
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": keys[15]}], "Quiet": True})
    assert "Deleted" not in quiet and "Errors" not in quiet
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == keys[16:]


def test_presigned_urls(s3, bucket):
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b+c"}, ExpiresIn=60)
    with urllib.request.urlopen(urllib.request.Request(url, data=b"presigned", method="PUT")) as answer:
        assert (answer.status, answer.headers["ETag"]) == (200, etag(b"presigned"))
    parameters = {"Bucket": bucket, "Key": "a b+c", "ResponseContentType": "text/csv", "Range": "bytes=0-2"}
    url = s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=60)
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Range": "bytes=0-2"})) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"pre", "text/csv")


def test_a_presigned_url_serves_what_it_was_made_for_and_nothing_else(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    for forged, method in ((url, "DELETE"), (url.replace("/k?", "/other?"), "GET"), (f"{url}&versionId=null", "GET"),
                           (url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"), "GET")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(forged, method=method))
        assert caught.value.code == 403
        caught.value.close()
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_waiters(s3, bucket):
    quick = {"Delay": 1, "MaxAttempts": 2}
    s3.get_waiter("bucket_exists").wait(Bucket=bucket, WaiterConfig=quick)
    s3.get_waiter("bucket_not_exists").wait(Bucket="bucket-nowhere", WaiterConfig=quick)
    s3.get_waiter("object_not_exists").wait(Bucket=bucket, Key="k", WaiterConfig=quick)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.get_waiter("object_exists").wait(Bucket=bucket, Key="k", WaiterConfig=quick)
