"""boto3 as programs use it: its defaults, its transfer manager, its resources, presigned URLs, and TLS."""

import io
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from harness.content import KIB, MIB, content, etag
from harness.secure import Secure
from harness.wire import REGION


def session(server) -> boto3.Session:
    return boto3.Session(server.credentials.access, server.credentials.secret, region_name=REGION)


def send(url: str, method: str, data: bytes | None = None) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.fixture
def resource(server):
    """boto3 with only an address: its own addressing, signatures and retries."""
    return session(server).resource("s3", endpoint_url=server.endpoint)


def test_boto3_with_nothing_but_defaults(resource, tmp_path):
    bucket = resource.create_bucket(Bucket="boto3-defaults")
    bucket.wait_until_exists()
    data = content("defaults", 20 * MIB + 1)
    (tmp_path / "up").write_bytes(data)
    bucket.upload_file(str(tmp_path / "up"), "dir/large", ExtraArgs={"Metadata": {"colour": "blue"}})
    stored = bucket.Object("dir/large")
    assert (stored.content_length, stored.metadata, stored.e_tag[-3:]) == (len(data), {"colour": "blue"}, '-3"')
    bucket.download_file("dir/large", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == data
    bucket.copy({"Bucket": "boto3-defaults", "Key": "dir/large"}, "copied")
    for number in range(5):
        bucket.put_object(Key=f"many/{number}", Body=b"x")
    assert [entry.key for entry in bucket.objects.filter(Prefix="many/").page_size(2)] == [
        f"many/{number}" for number in range(5)]
    bucket.Versioning().enable()
    bucket.Object("many/0").put(Body=b"newer")
    bucket.objects.filter(Prefix="many/").delete()
    assert {entry.key for entry in bucket.objects.all()} == {"copied", "dir/large"}
    bucket.object_versions.delete()
    bucket.delete()
    bucket.wait_until_not_exists()


def test_boto3_sends_what_cannot_be_rewound(resource, bucket):
    data = content("pipe", 12 * MIB + 7)
    source, sink = os.pipe()

    def fill() -> None:
        with os.fdopen(sink, "wb") as pipe:
            pipe.write(data)

    filler = threading.Thread(target=fill)
    filler.start()
    with os.fdopen(source, "rb") as pipe:
        resource.Object(bucket, "k").upload_fileobj(pipe, Config=TransferConfig(multipart_chunksize=5 * MIB))
    filler.join()
    taken = io.BytesIO()
    resource.Object(bucket, "k").download_fileobj(taken)
    assert taken.getvalue() == data


def test_boto3_reads_by_line_and_by_range(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"".join(b"line %d\n" % number for number in range(30_000)))
    lines = s3.get_object(Bucket=bucket, Key="k")["Body"].iter_lines()
    assert sum(1 for _ in lines) == 30_000
    some = s3.get_object(Bucket=bucket, Key="k", Range="bytes=0-20")["Body"]
    assert list(some.iter_chunks(8)) == [b"line 0\nl", b"ine 1\nli", b"ne 2\n"]


def test_boto3_gives_urls_to_others(s3, bucket):
    place = {"Bucket": bucket, "Key": "a b+c/ü"}
    url = lambda operation, **more: s3.generate_presigned_url(operation, {**place, **more}, ExpiresIn=60)  # noqa: E731
    upload = s3.create_multipart_upload(**place)["UploadId"]
    data = content("presigned", 300 * KIB)
    assert send(url("upload_part", UploadId=upload, PartNumber=1), "PUT", data) == (200, b"")
    parts = [{"PartNumber": 1, "ETag": etag(data)}]
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
    assert send(url("get_object"), "GET") == (200, data)
    assert send(url("head_object"), "HEAD") == (200, b"")
    listing = s3.generate_presigned_url("list_objects_v2", {"Bucket": bucket, "Prefix": "a b+c/"}, ExpiresIn=60)
    assert b"<KeyCount>1</KeyCount>" in send(listing, "GET")[1]
    assert send(url("get_object"), "PUT", b"other")[0] == 403
    assert send(url("delete_object"), "DELETE") == (204, b"")


def test_boto3_gives_forms_to_others(command, s3, bucket, tmp_path):
    """A form that it signs for a web page, sent with curl like a page's form."""
    (tmp_path / "picture").write_bytes(content("picture", 100 * KIB))
    limits = [["content-length-range", 1, MIB], ["starts-with", "$Content-Type", "image/"]]
    form = s3.generate_presigned_post(bucket, "up/${filename}", Conditions=limits, ExpiresIn=60)

    def post(kind: str) -> str:
        fields = [word for pair in {**form["fields"], "Content-Type": kind}.items() for word in ("-F", "=".join(pair))]
        return command.run("curl", "-sS", "-o", "said", "-w", "%{http_code}", *fields, "-F", "file=@picture", form["url"])

    assert post("text/html") == "403"
    assert post("image/png") == "204", (tmp_path / "said").read_text()
    got = s3.get_object(Bucket=bucket, Key="up/picture")
    assert (got["Body"].read(), got["ContentType"]) == (content("picture", 100 * KIB), "image/png")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_boto3_is_told_why_the_urls_of_its_defaults_do_not_work(server, bucket):
    client = session(server).client("s3", endpoint_url=server.endpoint)
    status, said = send(client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}), "GET")
    assert status in (400, 403) and b"signature_version" in said and b"s3v4" in said, said


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    """A store with a self-signed certificate."""
    server = Secure(tmp_path / "secure", environment={"PLANETSTORE_TLS_SELF_SIGNED": "true"})
    server.trusted = server.data / "tls" / "certificate.pem"
    yield server.start()
    server.close()


def test_boto3_over_tls_frames_what_it_sends(secure, tmp_path):
    """Over TLS it sends no payload hash and no length, but aws-chunked framing with the checksum in the trailer."""
    s3 = session(secure).client("s3", endpoint_url=secure.endpoint, verify=str(secure.trusted))
    s3.create_bucket(Bucket="framed")
    for size in (0, 5, 70 * KIB, 21 * MIB + 5):
        data = content("framed", size)
        (tmp_path / "up").write_bytes(data)
        s3.upload_file(str(tmp_path / "up"), "framed", "k", ExtraArgs={"ChecksumAlgorithm": "CRC64NVME"})
        s3.download_file("framed", "k", str(tmp_path / "down"))
        assert (tmp_path / "down").read_bytes() == data
        head = s3.head_object(Bucket="framed", Key="k", ChecksumMode="ENABLED")
        assert (head["ChecksumType"], "ContentEncoding" in head) == ("FULL_OBJECT", False)
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket="framed", Key="k", Body=b"x", ChecksumCRC32="AAAAAA==")
    assert caught.value.response["Error"]["Code"] == "BadDigest"
    s3.delete_objects(Bucket="framed", Delete={"Objects": [{"Key": "k"}]})
    s3.delete_bucket(Bucket="framed")
    secure.stop()
